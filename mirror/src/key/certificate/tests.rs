use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use super::super::tests::pinfold_store_free_write as write;
use super::*;

/// `gpg` with a home of its own.
pub(in crate::key) struct Gpg {
    home: tempfile::TempDir,
}

impl Gpg {
    pub(in crate::key) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Command::new("chmod").arg("700").arg(home.path()).status().unwrap();
        Self { home }
    }

    pub(in crate::key) fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new("gpg");
        command.args(["--batch", "--yes", "--quiet", "--pinentry-mode", "loopback"]);
        let done = command.arg("--homedir").arg(self.home.path()).args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        done
    }

    /// Makes a key and gives its file with the secret half.
    pub(in crate::key) fn made(&self, algorithm: &str, passphrase: &str, expire: &str) -> Vec<u8> {
        let name = format!("{algorithm} <{}@example.org>", algorithm.replace('/', "-"));
        self.run(&[
            "--passphrase",
            passphrase,
            "--quick-gen-key",
            &name,
            algorithm,
            "sign",
            expire,
        ]);
        self.run(&["--passphrase", passphrase, "--armor", "--export-secret-keys", &name]).stdout
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        drop(
            Command::new("gpgconf")
                .arg("--homedir")
                .arg(self.home.path())
                .args(["--kill", "all"])
                .output(),
        );
    }
}

#[test]
fn keys_of_gnupg_are_taken_where_every_client_takes_them() {
    let gpg = Gpg::new();
    for (algorithm, shown, verdict) in [
        ("ed25519", "Ed25519", Ok("")),
        ("rsa3072", "RSA 3072", Ok("")),
        ("rsa2048", "RSA 2048", Ok("RSA of 2048 bits")),
        // Sequoia's policy knows no such key any more.
        ("rsa1024", "", Err("no valid part")),
        ("dsa2048", "", Err("not every apt takes")),
        ("nistp256", "", Err("not every apt takes")),
    ] {
        let key = Certificate::parse(&gpg.made(algorithm, "", "never")).unwrap();
        match (key.accept(), verdict) {
            (Ok(warnings), Ok(wanted)) => {
                assert_eq!(key.algorithm(), shown);
                assert!(
                    warnings.join("\n").starts_with(wanted)
                        && wanted.is_empty() == warnings.is_empty()
                );
            }
            (Err(error), Err(wanted)) => {
                assert!(error.to_string().contains(wanted), "{algorithm}: {error}");
            }
            (found, wanted) => panic!("{algorithm}: {found:?}, wanted {wanted:?}"),
        }
    }
}

#[test]
fn what_cannot_sign_for_a_timer_is_refused() {
    let gpg = Gpg::new();
    let locked = gpg.made("ed25519", "secret", "never");
    let public = gpg.run(&["--armor", "--export"]).stdout;
    let other = Gpg::new().made("ed25519", "", "never");
    let (two_blocks, nothing) =
        ([other.clone(), public.clone()].concat(), b"no key at all".to_vec());
    for (bytes, why) in [
        (&locked, "without a passphrase"),
        (&public, "without a passphrase"),
        (&two_blocks, "more than one"),
        (&nothing, "cannot read the signing key"),
        (&Vec::new(), "cannot read the signing key"),
    ] {
        let refused = Certificate::parse(bytes).and_then(|key| key.accept()).unwrap_err();
        assert!(refused.to_string().contains(why), "{refused}");
    }
    // Several keys in one block, as gpg exports them.
    gpg.made("rsa2048", "", "never");
    let all = gpg.run(&["--passphrase", "secret", "--armor", "--export-secret-keys"]).stdout;
    assert!(Certificate::parse(&all).unwrap_err().to_string().contains("more than one"));
}

#[test]
fn a_subkey_signs_where_the_first_key_stays_elsewhere() {
    let gpg = Gpg::new();
    gpg.run(&[
        "--passphrase",
        "",
        "--quick-gen-key",
        "Vault <v@example.org>",
        "ed25519",
        "cert",
        "never",
    ]);
    let listed = String::from_utf8(gpg.run(&["--with-colons", "--list-keys"]).stdout).unwrap();
    let first = listed
        .lines()
        .find_map(|line| line.strip_prefix("fpr:::::::::"))
        .unwrap()
        .trim_end_matches(':')
        .to_owned();
    gpg.run(&["--passphrase", "", "--quick-add-key", &first, "rsa3072", "sign", "2y"]);
    let file = gpg.run(&["--passphrase", "", "--armor", "--export-secret-subkeys"]).stdout;
    let key = Certificate::parse(&file).unwrap();
    assert_eq!((key.fingerprint(), key.algorithm()), (first, "RSA 3072".to_owned()));
    let warnings = key.accept().unwrap();
    assert!(warnings[0].starts_with("it expires at 20") && key.expires().is_some(), "{warnings:?}");
    // It comes back from its own file, still without the first key's secret.
    let again = Certificate::parse(&key.secret_armor().unwrap()).unwrap();
    let signed = again.signer().unwrap().clearsign(b"text", 0).unwrap();
    assert!(again.is_named_by(&signed), "the signature names the subkey");
}

#[test]
fn a_signature_names_its_key_and_no_other() {
    let gpg = Gpg::new();
    let (one, other) = (
        Certificate::parse(&gpg.made("ed25519", "", "never")).unwrap(),
        Certificate::parse(&gpg.made("rsa2048", "", "never")).unwrap(),
    );
    let signed = one.signer().unwrap().clearsign(b"Origin: x\n", 0).unwrap();
    let beside = other.signer().unwrap().sign_detached(b"Origin: x\n", 0).unwrap();
    let both = [signed.clone(), beside.clone()].concat();
    for (bytes, by_one, by_other) in [
        (&signed[..], true, false),
        (&beside, false, true),
        (&both, true, true),
        (b"Origin: x\n", false, false),
        (b"-----BEGIN PGP SIGNATURE-----\n\njunk", false, false),
    ] {
        assert_eq!((one.is_named_by(bytes), other.is_named_by(bytes)), (by_one, by_other));
    }
}

#[test]
fn a_file_that_others_can_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.asc");
    write(&path, &Gpg::new().made("ed25519", "", "never"));
    assert!(Certificate::load(&path).is_ok());
    for mode in [0o640, 0o604, 0o620, 0o666] {
        set_mode(&path, mode);
        let refused = Certificate::load(&path).unwrap_err();
        assert!(matches!(refused, Error::KeyRefused { .. }), "{mode:o}");
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
    assert!(
        Certificate::load(dir.path()).is_err()
            && Certificate::load(&dir.path().join("none")).is_err()
    );
}

#[expect(clippy::disallowed_methods, reason = "a test's own scratch file")]
fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn public_halves_stand_in_one_block_without_secrets() {
    let gpg = Gpg::new();
    let keys = ["ed25519", "rsa2048"]
        .map(|algorithm| Certificate::parse(&gpg.made(algorithm, "", "never")).unwrap());
    let armor = String::from_utf8(public_armor(&keys).unwrap()).unwrap();
    assert_eq!(armor.matches("-----BEGIN").count(), 1, "apt reads no second block");
    assert!(
        armor.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----\n") && armor.ends_with("-----\n")
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("both.asc");
    write(&path, armor.as_bytes());
    let shown = gpg.run(&["--with-colons", "--show-keys", path.to_str().unwrap()]).stdout;
    let shown = String::from_utf8(shown).unwrap();
    assert!(
        keys.iter().all(|key| shown.contains(&key.fingerprint())) && !shown.contains("sec:"),
        "{shown}"
    );
}
