use std::process::Command;

use sequoia_openpgp::serialize::SerializeInto;

use super::*;

const NOW: i64 = 1_795_000_000;

fn key() -> Key {
    Key::generate("Pinfold test <root@localhost>", NOW).unwrap()
}

/// Verifies with the real gpgv; gives what was signed of a clear-signed text.
fn gpgv(key: &Key, files: &[&[u8]]) -> (bool, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        pinfold_store_free_write(&path, bytes);
        path
    };
    let mut ring = Vec::new();
    key.cert.serialize(&mut ring).unwrap();
    let ring = write("ring.gpg", &ring);
    let mut call = Command::new("gpgv");
    call.arg("--keyring").arg(ring).args(["--output", "-"]);
    for (number, bytes) in files.iter().enumerate() {
        call.arg(write(&format!("{number}"), bytes));
    }
    let done = call.output().unwrap();
    (done.status.success(), done.stdout)
}

#[expect(clippy::disallowed_methods, reason = "a test's own scratch file")]
pub(super) fn pinfold_store_free_write(path: &Path, bytes: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn gpgv_verifies_clear_signed_texts_of_every_shape() {
    let key = key();
    for text in [
        &b"Origin: x\nSuite: y\n"[..],
        b"no last line end",
        b"-dash\n- dash blank\n--\n-----BEGIN PGP SIGNATURE-----\n",
        b"From here\nfrom there\n",
        b"blanks  \t\nCRLF\r\n\r\n",
        b"\n\nempty lines\n\n",
        b"",
        "ü \u{1f600}\n".as_bytes(),
        b"\xff\xfe raw\n",
    ] {
        let whole = key.clearsign(text, NOW).unwrap();
        let (good, shown) = gpgv(&key, &[&whole]);
        assert!(good, "{}", escape(text));
        let cut = |text: &[u8]| signed_lines(text).join(b"\n".as_slice());
        assert_eq!(cut(&shown), cut(text), "{}", escape(text));
        // Our own reader sees the same text.
        let mut other = whole.clone();
        let at = other.windows(2).position(|two| two == b"\n\n").unwrap() + 2;
        other.insert(at, b'X');
        assert!(!gpgv(&key, &[&other]).0, "a changed text passes: {}", escape(text));
    }
}

#[test]
fn gpgv_verifies_detached_signatures_of_the_bytes_as_they_are() {
    let key = key();
    for bytes in [&b"a\r\n b \n"[..], b"", b"\x00\xff"] {
        let signature = key.sign_detached(bytes, NOW).unwrap();
        assert!(signature.starts_with(b"-----BEGIN PGP SIGNATURE-----\n"));
        assert!(gpgv(&key, &[&signature, bytes]).0);
        assert!(!gpgv(&key, &[&signature, b"other"]).0);
    }
}

#[test]
fn a_key_comes_back_from_its_armor_and_signs_alike() {
    let key = key();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.asc");
    pinfold_store_free_write(&path, &key.certificate().secret_armor().unwrap());
    let again = Key::load(&path).unwrap();
    assert_eq!(again.fingerprint(), key.fingerprint());
    assert_eq!(key.fingerprint().len(), 40);
    assert!(gpgv(&key, &[&again.clearsign(b"text", NOW).unwrap()]).0);
    let public = public_armor([&key.certificate()]).unwrap();
    assert!(public.starts_with(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"));
    assert!(!String::from_utf8(public.clone()).unwrap().contains("PRIVATE"));
    assert!(matches!(Key::parse(&public), Err(Error::Key { .. })));
    assert!(matches!(Key::parse(b"junk"), Err(Error::Key { .. })));
    assert!(!format!("{key:?}").contains("PRIVATE"));
}

#[test]
fn gpg_imports_the_public_half_as_ed25519_that_does_not_expire() {
    let key = key();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.asc");
    pinfold_store_free_write(&path, &public_armor([&key.certificate()]).unwrap());
    let shown = Command::new("gpg")
        .arg("--homedir")
        .arg(dir.path())
        .args(["--batch", "--with-colons", "--show-keys"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(shown.status.success());
    let text = String::from_utf8(shown.stdout).unwrap();
    let line: Vec<&str> =
        text.lines().find(|line| line.starts_with("pub:")).unwrap().split(':').collect();
    assert_eq!((line[2], line[3], line[6]), ("255", "22", ""), "{text}");
    assert!(text.contains(&key.fingerprint()));
}

#[test]
fn a_key_of_version_6_is_refused() {
    let (cert, _) = CertBuilder::new()
        .set_profile(Profile::RFC9580)
        .unwrap()
        .add_userid("x")
        .add_signing_subkey()
        .generate()
        .unwrap();
    assert!(matches!(Key::parse(&cert.as_tsk().to_vec().unwrap()), Err(Error::Key { .. })));
}

#[test]
fn user_ids_that_could_forge_lines_are_refused() {
    for bad in ["", "a\nb", "a\u{7}", &"x".repeat(257)] {
        assert!(matches!(Key::generate(bad, NOW), Err(Error::BadText { .. })));
    }
}

#[test]
fn a_signature_is_never_older_than_its_key() {
    let key = key();
    assert!(gpgv(&key, &[&key.clearsign(b"text", NOW - 10_000_000).unwrap()]).0);
}
