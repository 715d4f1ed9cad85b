use std::os::unix::fs::symlink;

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::sign::tests::client::{Files, apt_takes};
use crate::sign::tests::gnupg::Gpg;
use crate::sign::tests::{NOW, TEXT, write};
use crate::sign::{Rules, verify_inline};

/// Two keys, and what the first of them signed.
struct Signed {
    gpg: Gpg,
    fingerprints: Vec<String>,
    whole: Vec<u8>,
}

fn signed() -> Signed {
    let gpg = Gpg::new();
    let at = "20260101T000000!";
    let mut fingerprints =
        ["one", "two"].map(|name| gpg.key(name, "ed25519 sign never", at)).to_vec();
    fingerprints.sort();
    let call = "--faked-system-time 20260601T000000! --clearsign -u one";
    let whole = gpg.run(call, TEXT.as_bytes());
    Signed { gpg, fingerprints, whole }
}

fn is_good(keyring: &Keyring, whole: &[u8]) -> bool {
    verify_inline(whole, keyring, &Rules { now: NOW, ..Rules::default() }, "x").is_ok()
}

fn why(found: Result<Keyring>) -> String {
    match found {
        Err(error @ Error::Keyring { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn keyrings_are_read_by_their_content() {
    let Signed { gpg, fingerprints, whole } = signed();
    let armored =
        |name: &str| String::from_utf8(gpg.run(&format!("--armor --export {name}"), b"")).unwrap();
    let (one, two, both) = (armored("one"), armored("two"), armored(""));
    let old = gpg.old_keyring();
    let joined = format!("# keys\n{one}between\n{two}after\n");
    for (name, bytes) in [
        ("binary", gpg.run("--export", b"")),
        ("armored", both.clone().into_bytes()),
        ("two blocks", format!("{one}{two}").into_bytes()),
        ("text around", joined.clone().into_bytes()),
        ("CRLF", joined.replace('\n', "\r\n").into_bytes()),
        ("no last line end", both.trim_end().as_bytes().to_vec()),
        ("twice", format!("{both}{two}").into_bytes()),
        ("with secrets", gpg.run("--export-secret-keys", b"")),
        ("of an old GnuPG", old),
    ] {
        let keyring = Keyring::parse(&bytes, name).unwrap();
        assert_eq!(keyring.fingerprints(), fingerprints, "{name}");
        assert!(is_good(&keyring, &whole), "{name}");
        assert!(keyring.certs.values().all(|cert| !cert.is_tsk()), "{name}");
    }
    assert!(!is_good(&Keyring::parse(two.as_bytes(), "x").unwrap(), &whole));
    // What apt says of the same content in a file that is called ring.gpg.
    let takes = |ring: &[u8]| !apt_takes(&[&Files::Inline(whole.clone())], ring).0.is_empty();
    assert!(takes(&gpg.run("--export", b"")));
    assert!(!takes(both.as_bytes()), "apt goes by the name");
}

#[test]
fn what_is_no_keyring_is_refused() {
    let Signed { gpg, whole, .. } = signed();
    let armored = String::from_utf8(gpg.run("--armor --export", b"")).unwrap();
    let crc = armored.lines().find(|line| line.starts_with('=')).unwrap();
    let none = "holds no certificate";
    for (name, bytes, part) in [
        ("empty", Vec::new(), none),
        ("text", b"keys\n".to_vec(), none),
        ("HTML", b"<html>".to_vec(), none),
        ("NUL", vec![0; 99], none),
        ("a message", whole.clone(), none),
        ("bytes", vec![0xff; 99], none),
        ("a cut binary", gpg.run("--export", b"")[..20].to_vec(), none),
        ("secret, armored", gpg.run("--armor --export-secret-keys", b""), none),
        ("cut", armored.as_bytes()[..armored.len() - 9].to_vec(), "cut within its armor"),
        ("checksum", armored.replace(crc, "=AAAA").into_bytes(), "its checksum"),
        ("garbage", armored.replace(crc, "!!!").into_bytes(), "does not parse"),
    ] {
        let said = why(Keyring::parse(&bytes, "/etc/x.gpg"));
        assert!(
            said.starts_with("cannot use the keyring /etc/x.gpg: ") && said.contains(part),
            "{name}: {said}"
        );
    }
}

#[test]
fn a_keybox_is_refused_with_the_command_that_exports_it() {
    let Signed { gpg, fingerprints, .. } = signed();
    let said = why(Keyring::load(&[gpg.keybox()]));
    let command = said.split_once("export it: ").unwrap().1;
    assert!(command.starts_with("gpg --no-default-keyring --keyring /"), "{said}");
    let new = tempfile::tempdir().unwrap();
    let run =
        std::process::Command::new("sh").current_dir(new.path()).arg("-ec").arg(command).status();
    assert!(run.unwrap().success());
    let exported = Keyring::load(&[new.path().join("NEW.gpg")]).unwrap();
    assert_eq!(exported.fingerprints(), fingerprints);
}

#[test]
fn files_are_joined_and_a_revocation_in_any_counts() {
    let Signed { gpg, fingerprints, whole } = signed();
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        write(&dir.path().join(name), bytes);
        dir.path().join(name)
    };
    let one = file("one.gpg", &gpg.run("--export one", b""));
    let two = file("two.gpg", &gpg.run("--armor --export two", b""));
    let both = Keyring::load(&[one.clone(), two.clone()]).unwrap();
    assert_eq!(both.fingerprints(), fingerprints);
    assert!(is_good(&both, &whole));
    gpg.revoke("one");
    let revoked = file("revoked.gpg", &gpg.run("--export one", b""));
    for paths in [[&one, &revoked], [&revoked, &one]] {
        let joined = Keyring::load(&paths.map(Clone::clone)).unwrap();
        assert_eq!(joined.fingerprints().len(), 1);
        assert!(!is_good(&joined, &whole));
    }
    assert!(Keyring::load(&[]).unwrap().fingerprints().is_empty());
    assert!(matches!(Keyring::load(&[one, dir.path().join("none")]), Err(Error::Io { .. })));
    assert!(matches!(Keyring::load(&[dir.path().to_owned()]), Err(Error::Io { .. })));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own scratch files")]
fn a_file_that_others_may_write_is_refused() {
    let Signed { gpg, .. } = signed();
    let dir = tempfile::tempdir().unwrap();
    let (path, link) = (dir.path().join("ring.gpg"), dir.path().join("link.gpg"));
    write(&path, &gpg.run("--export", b""));
    symlink(&path, &link).unwrap();
    for (mode, is_taken) in [
        (0o644, true),
        (0o600, true),
        (0o444, true),
        (0o664, false),
        (0o622, false),
        (0o602, false),
    ] {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        for path in [&path, &link] {
            let found = Keyring::load(std::slice::from_ref(path));
            assert_eq!(found.is_ok(), is_taken, "{mode:o}");
            if !is_taken {
                let said = why(found);
                assert!(
                    said.contains(&format!("mode {mode:04o}")) && said.contains("chmod go-w /"),
                    "{said}"
                );
            }
        }
    }
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(KEYRING_BYTES_MAX + 1)
        .unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(Keyring::load(&[path]).is_err_and(|e| matches!(e, Error::Io { .. })));
}
