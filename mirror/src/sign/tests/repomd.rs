//! What vouches for `repomd.xml`: formats/rpm.md, section 3, and what the real gpgv says beside us.

use super::gnupg::Gpg;
use super::{MADE, NOW, SIGNED, rules, write};
use crate::sign::{Keyring, Rules, Verified, verify_repomd};
use crate::{Error, Result};

const REPOMD: &[u8] = b"<?xml version=\"1.0\"?>\n<repomd><revision>1</revision></repomd>\n";
const ENDS: &str = "its key expired on 2026-09-01";

/// Signs as createrepo's users do; `more` stands before the file.
fn sign(gpg: &Gpg, more: &str) -> Vec<u8> {
    gpg.run(&format!("--faked-system-time {SIGNED} --detach-sign {more}"), REPOMD)
}

fn verify(signature: &[u8], ring: &[u8], rules: &Rules) -> Result<Verified> {
    let keyring = Keyring::parse(ring, "RPM-GPG-KEY-x").unwrap();
    verify_repomd(REPOMD, signature, &keyring, rules, "repodata/repomd.xml")
}

fn why(signature: &[u8], ring: &[u8], rules: &Rules) -> String {
    match verify(signature, ring, rules) {
        Err(Error::NotAuthentic { path, why }) if path == "repodata/repomd.xml" => why,
        other => panic!("{other:?}"),
    }
}

/// Says whether the real gpgv takes it, too.
fn gpgv_takes(signature: &[u8], ring: &[u8], text: &[u8]) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for (name, bytes) in [("ring.gpg", ring), ("sig", signature), ("text", text)] {
        write(&at(name), bytes);
    }
    let mut call = std::process::Command::new("gpgv");
    call.arg("--keyring").arg(at("ring.gpg")).arg(at("sig")).arg(at("text"));
    call.output().unwrap().status.success()
}

#[test]
fn a_signature_is_taken_armored_or_binary() {
    let gpg = Gpg::new();
    let one = gpg.key("one", "ed25519 sign never", MADE);
    let two = gpg.key("two", "rsa2048 sign never", MADE);
    let stranger = gpg.key("stranger", "ed25519 sign never", MADE);
    let armored = |by: &str| sign(&gpg, &format!("--armor {by}"));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let strangers = armored("-u stranger");
    let by_one = text(armored("-u one"));
    for (name, signature, signers) in [
        ("armored", armored("-u one"), &[&one][..]),
        ("binary", sign(&gpg, "-u two"), &[&two]),
        ("two packets, armored", armored("-u one -u two"), &[&one, &two]),
        ("two packets, binary", sign(&gpg, "-u one -u two"), &[&one, &two]),
        ("two blocks", [armored("-u two"), armored("-u one")].concat(), &[&two, &one]),
        ("a stranger's, too", [strangers.clone(), armored("-u one")].concat(), &[&one]),
        ("CRLF", by_one.replace('\n', "\r\n").into_bytes(), &[&one]),
        ("empty lines", format!("\n{by_one}\n \n").into_bytes(), &[&one]),
        ("a comment", armored("--comment x -u one"), &[&one]),
        ("of a text", armored("--textmode -u one"), &[&one]),
    ] {
        let ring = gpg.run("--export one two", b"");
        let found = verify(&signature, &ring, &rules()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let by: Vec<&String> = found.signers.iter().map(|one| &one.fingerprint).collect();
        assert_eq!(by, signers, "{name}");
        assert_eq!(found.text, REPOMD, "{name}");
        assert!(found.warnings.is_empty(), "{name}");
        let unknown = format!("one by {stranger}: its key is not in the keyring");
        let others = if name.contains("stranger") { vec![unknown] } else { Vec::new() };
        assert_eq!(found.others, others, "{name}");
    }
}

#[test]
fn what_does_not_vouch_is_refused_with_its_reason() {
    let gpg = Gpg::new();
    gpg.key("good", "ed25519 sign never", MADE);
    gpg.key("revoked", "ed25519 sign never", MADE);
    gpg.key("stranger", "ed25519 sign never", MADE);
    gpg.key("early", "ed25519 sign 2026-03-01", MADE);
    let early = gpg.run(
        "--faked-system-time 20260201T000000! --armor --detach-sign -u early",
        b"other bytes\n",
    );
    let other = gpg.run("--armor --detach-sign -u good", b"other bytes\n");
    let signed = |by: &str| sign(&gpg, &format!("--armor -u {by}"));
    let (good, revoked, stranger) = (signed("good"), signed("revoked"), signed("stranger"));
    let by_sha1 = sign(&gpg, "--armor --digest-algo SHA1 -u good");
    let mut touched = sign(&gpg, "-u good");
    *touched.last_mut().unwrap() ^= 1;
    gpg.revoke("revoked");
    let ring = gpg.run("--export good revoked early", b"");
    let unknown = "its key is not in the keyring";
    for (name, signature, part) in [
        ("empty", Vec::new(), "an empty file"),
        ("blank", b" \n".to_vec(), "an empty file"),
        ("HTML", b"<html>404</html>".to_vec(), "something that is no signature"),
        ("the key beside it", gpg.run("--armor --export good", b""), "something that is no sig"),
        ("a key, binary", gpg.run("--export good", b""), "a packet that is no signature"),
        ("garbage", vec![0xff; 99], "cannot be read"),
        ("cut", good[..good.len() / 2].to_vec(), "cut within its signature"),
        ("unknown key", stranger.clone(), unknown),
        ("revoked", revoked.clone(), "its key was revoked"),
        ("SHA-1", by_sha1, "it uses SHA1"),
        ("over other bytes", other.clone(), "is BAD: these are not the signed bytes"),
        ("of an old repomd.xml, by a key that expired", early, "is BAD"),
        ("good, and one over other bytes", [good.clone(), other].concat(), "is BAD"),
        ("touched", touched, "is BAD"),
        ("revoked and unknown", [revoked, stranger].concat(), unknown),
    ] {
        let said = why(&signature, &ring, &rules());
        assert!(said.contains(part), "{name}: {said}");
    }
    // A key that is only served beside repomd.xml is never asked: without a keyring nobody vouches (trap 21).
    let none = verify_repomd(REPOMD, &good, &Keyring::default(), &rules(), "x");
    assert!(none.is_err_and(|e| e.to_string().contains("none, the keyring is empty")));
}

#[test]
fn a_key_that_expired_since_it_signed_is_a_warning() {
    let gpg = Gpg::new();
    gpg.key("ends", "ed25519 sign 2026-09-01", MADE);
    gpg.key("primary", "ed25519 cert 2026-09-01", MADE);
    gpg.add_subkey("primary", "ed25519 sign 2030-01-01", MADE);
    gpg.key("split", "ed25519 cert never", MADE);
    gpg.add_subkey("split", "ed25519 sign 2026-09-01", MADE);
    gpg.key("revoked", "ed25519 sign 2026-09-01", MADE);
    for name in ["ends", "primary", "split"] {
        let ring = gpg.run(&format!("--export {name}"), b"");
        let signature = sign(&gpg, &format!("--armor -u {name}"));
        // Now is after its end: gpgv takes it, too, and says so.
        let found = verify(&signature, &ring, &rules()).unwrap();
        let [warning] = &found.warnings[..] else { panic!("{name}: {:?}", found.warnings) };
        assert!(warning.contains("counts though") && warning.contains(ENDS), "{name}: {warning}");
        assert!(gpgv_takes(&signature, &ring, REPOMD), "{name}");
        // Before its end there is nothing to say.
        let before = Rules { now: NOW - 90 * 24 * 60 * 60, ..rules() };
        assert!(verify(&signature, &ring, &before).unwrap().warnings.is_empty(), "{name}");
    }
    let signature = sign(&gpg, "--armor -u revoked");
    gpg.revoke("revoked");
    let said = why(&signature, &gpg.run("--export revoked", b""), &rules());
    assert!(said.contains("its key was revoked"), "{said}");
    // A key that is extended is as good as one that never ended.
    let signature = sign(&gpg, "--armor -u ends");
    let before = gpg.run("--export ends", b"");
    gpg.extend("ends", "2030-01-01", "20261001T000000!");
    let after = gpg.run("--export ends", b"");
    assert!(verify(&signature, &after, &rules()).unwrap().warnings.is_empty());
    // What it signs after its end counts for nobody who does not know that it was extended.
    let late = "--faked-system-time 20261002T000000! --armor --detach-sign -u ends";
    let late = gpg.run(late, REPOMD);
    assert!(verify(&late, &after, &rules()).unwrap().warnings.is_empty());
    let said = why(&late, &before, &rules());
    assert!(said.contains(ENDS), "{said}");
}

#[test]
fn keys_of_old_vendors_count_where_the_operator_says_so() {
    let gpg = Gpg::new();
    let made = "20110101T000000! --cert-digest-algo SHA1";
    gpg.key("sha1bound", "rsa2048 sign never", made);
    gpg.key("rsa1024", "rsa1024 sign never", made);
    gpg.key("dsa1024", "dsa1024 sign never", made);
    let weak = Rules { weak_keys: true, ..rules() };
    for name in ["sha1bound", "rsa1024", "dsa1024"] {
        let ring = gpg.run(&format!("--armor --export {name}"), b"");
        let signature = sign(&gpg, &format!("--armor --digest-algo SHA256 -u {name}"));
        let said = why(&signature, &ring, &rules());
        assert!(said.contains("its key is not valid"), "{name}: {said}");
        assert!(verify(&signature, &ring, &weak).is_ok(), "{name}");
        let signature = sign(&gpg, &format!("--armor --digest-algo SHA1 -u {name}"));
        assert!(why(&signature, &ring, &weak).contains("it uses SHA1"), "{name}");
    }
    let signature = sign(&gpg, "--armor --digest-algo SHA256 -u dsa1024");
    let ring = Keyring::parse(&gpg.run("--export", b""), "x").unwrap();
    // apt's archives never had such keys with SHA-256, and apt's custom stays what it was.
    let apt = super::verify_detached(REPOMD, &signature, &ring, &weak, "x");
    assert!(apt.is_err_and(|e| e.to_string().contains("its key is not valid")));
}
