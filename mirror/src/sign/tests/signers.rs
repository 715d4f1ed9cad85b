//! Whose signatures count.

use std::time::SystemTime;

use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::serialize::{Serialize, SerializeInto};
use sequoia_openpgp::types::{KeyFlags, SignatureType};
use sequoia_openpgp::{Cert, Packet, Profile, armor};

use super::client::{Files, apt_takes};
use super::gnupg::Gpg;
use super::table::{Case, case, pair, table, verify};
use super::{MADE, NOW, SIGNED, TEXT, blocks, rules, sign, sign_at, text};
use crate::sign::{Keyring, timestamp};

/// Puts the packets of several armor blocks into one.
fn one_block(blocks: &[&str]) -> String {
    let mut writer = armor::Writer::new(Vec::new(), armor::Kind::Signature).unwrap();
    for block in blocks {
        let mode = armor::ReaderMode::Tolerant(Some(armor::Kind::Signature));
        let mut reader = armor::Reader::from_bytes(block.as_bytes(), mode);
        std::io::copy(&mut reader, &mut writer).unwrap();
    }
    String::from_utf8(writer.finalize().unwrap()).unwrap()
}

/// Makes a key that signs, `good`, and others.
fn keys(others: &[(&str, &str)]) -> Gpg {
    let gpg = Gpg::new();
    gpg.key("good", "ed25519 sign never", MADE);
    others.iter().for_each(|(name, form)| drop(gpg.key(name, form, MADE)));
    gpg
}

fn join(first: &str, second: &str) -> String {
    format!("{first}{}", blocks(second))
}

#[test]
fn one_good_signature_suffices_and_a_bad_one_spoils_all() {
    let ed25519 = "ed25519 sign never";
    let gpg = keys(&[
        ("second", "nistp256 sign never"),
        ("rsa1024", "rsa1024 sign never"),
        ("rsa2048", "rsa2048 sign never"),
        ("dsa2048", "dsa2048 sign never"),
        ("stranger", ed25519),
    ]);
    gpg.key("sha1bound", ed25519, &format!("{MADE} --cert-digest-algo SHA1"));
    gpg.key("expired", "ed25519 sign 2021-01-01", "20200101T000000!");
    let by = |name: &str| sign(&gpg, name, TEXT);
    let other = |name: &str| sign(&gpg, name, "other\n");
    let good = by("good");
    let bad = good.replace("Origin: x", "Origin: y");
    let expired = sign_at(&gpg, "expired", "20200601T000000!", "other\n");
    let one =
        |second: &str| good.replace(blocks(&good), &one_block(&[blocks(&good), blocks(second)]));
    let cases = [
        case("good", good.clone(), Ok(()), true),
        case("two good", by("good+second"), Ok(()), true),
        case("two good in two blocks", join(&good, &by("second")), Ok(()), true),
        case("two good in one block", one(&by("second")), Ok(()), true),
        case("good, unknown", by("good+stranger"), Ok(()), true),
        case("unknown, good", by("stranger+good"), Ok(()), true),
        case("unknown", by("stranger"), Err("its key is not in the keyring"), false),
        case("BAD", bad.clone(), Err("is BAD"), false),
        case("good, BAD by known", join(&good, &other("second")), Err("is BAD"), false),
        case("the same in one block", one(&other("second")), Err("is BAD"), false),
        case("BAD, good by another", join(&other("second"), &good), Err("is BAD"), false),
        case("good, BAD by RSA", join(&good, &other("rsa2048")), Err("is BAD"), false),
        case("good, BAD by DSA", join(&good, &other("dsa2048")), Err("is BAD"), false),
        case("good, BAD by weak", join(&good, &other("rsa1024")), Err("is BAD"), false),
        case("good, BAD by unbound", join(&good, &other("sha1bound")), Err("is BAD"), false),
        case("good, BAD by expired", join(&good, &expired), Err("is BAD"), false),
        case("BAD, BAD", join(&bad, &other("second")), Err("is BAD"), false),
        case("good, BAD by unknown", join(&good, &other("stranger")), Ok(()), true),
    ];
    gpg.forget("stranger");
    table(&cases, &gpg.run("--export", b""));
}

#[test]
fn keys_and_signatures_count_at_their_time() {
    let gpg = keys(&[("revoked", "ed25519 sign never")]);
    for name in ["split", "wholly", "partly"] {
        gpg.key(name, "ed25519 cert never", MADE);
        gpg.add_subkey(name, "ed25519 sign never", MADE);
    }
    gpg.key("expired", "ed25519 sign 2021-01-01", "20200101T000000!");
    gpg.key("late", "ed25519 cert never", "20200101T000000!");
    gpg.add_subkey("late", "ed25519 sign 2021-01-01", "20200101T000000!");
    gpg.key("future", "ed25519 sign never", "20990101T000000!");
    let good = sign(&gpg, "good", TEXT);
    let at = |by: &str, at: &str| sign_at(&gpg, by, at, TEXT);
    let (expired, late) = (at("expired", "20200601T000000!"), at("late", "20200601T000000!"));
    // Its only binding is younger than what it signed.
    gpg.key("extended", "ed25519 sign 2021-01-01", "20200101T000000!");
    let extended = at("extended", "20200601T000000!");
    gpg.extend("extended", "2030-01-01", "20201201T000000!");
    let over = at("good", &format!("{SIGNED} --default-sig-expire 1d"));
    let revoked = sign(&gpg, "revoked", TEXT);
    let (wholly, partly) = (sign(&gpg, "wholly", TEXT), sign(&gpg, "partly", TEXT));
    gpg.revoke("revoked");
    gpg.revoke("wholly");
    gpg.revoke_subkey("partly", "");
    let why = "its key expired on 2021-01-01T";
    let cases = [
        case("signing subkey", sign(&gpg, "split", TEXT), Ok(()), true),
        case("expired", expired.clone(), Err(why), false),
        case("good, expired", join(&good, &expired), Ok(()), true),
        case("expired subkey", late.clone(), Err(why), false),
        case("good, expired subkey", join(&good, &late), Ok(()), true),
        case("extended since", extended, Ok(()), true),
        case("revoked", revoked.clone(), Err("its key was revoked"), false),
        case("subkey of a revoked key", wholly, Err("its key was revoked"), false),
        case("revoked subkey", partly, Err("its key was revoked"), false),
        case("good, revoked", join(&good, &revoked), Ok(()), true),
        case("expired signature", over.clone(), Err("it expired on 2026-06-02T"), false),
        case("good, expired signature", join(&sign(&gpg, "split", TEXT), &over), Ok(()), true),
        case("signed in 2028", at("good", "20280101T000000!"), Err("in the future"), true),
        case("key of 2099", at("future", "20990201T000000!"), Err("in the future"), true),
    ];
    table(&cases, &gpg.run("--export", b""));
}

#[test]
fn algorithms_count_that_are_strong_and_known() {
    let gpg = keys(&[
        ("rsa1024", "rsa1024 sign never"),
        ("rsa2048", "rsa2048 sign never"),
        ("dsa2048", "dsa2048 sign never"),
        ("p256", "nistp256 sign never"),
        ("p521", "nistp521 sign never"),
        ("brainpool", "brainpoolP256r1 sign never"),
    ]);
    gpg.key("sha1bound", "ed25519 sign never", &format!("{MADE} --cert-digest-algo SHA1"));
    let by = |name: &str| sign(&gpg, name, TEXT);
    let critical = sign_at(&gpg, "good", &format!("{SIGNED} --sig-notation !x@localhost=y"), TEXT);
    let hash = |name: &str| sign_at(&gpg, "good", &format!("{SIGNED} --digest-algo {name}"), TEXT);
    let cases = [
        case("RSA-1024", by("rsa1024"), Err("its key is not valid"), true),
        case("RSA-2048", by("rsa2048"), Ok(()), true),
        case("DSA-2048", by("dsa2048"), Ok(()), true),
        case("P-256", by("p256"), Ok(()), true),
        case("P-521", by("p521"), Ok(()), true),
        case("brainpool", by("brainpool"), Err("it cannot be checked"), true),
        case("good, brainpool", join(&by("good"), &by("brainpool")), Ok(()), true),
        case("bound by SHA-1", by("sha1bound"), Err("its key is not valid"), true),
        case("SHA-1", hash("SHA1"), Err("it uses SHA1"), false),
        case("good, SHA-1", join(&by("p256"), &hash("SHA1")), Ok(()), true),
        case("good, unknown and critical", join(&by("p256"), &critical), Err("BAD: "), false),
        case("unknown and critical", critical, Err("notation"), false),
        case("SHA-224", hash("SHA224"), Err("it uses SHA224"), true),
        case("SHA-256", hash("SHA256"), Ok(()), true),
        case("SHA-384", hash("SHA384"), Ok(()), true),
        case("SHA-512", hash("SHA512"), Ok(()), true),
    ];
    table(&cases, &gpg.run("--export", b""));
}

/// Signs a text beside it.
fn detach(gpg: &Gpg, more: &str, signed: &str) -> String {
    let call = format!("--faked-system-time {SIGNED} --armor --detach-sign {more}");
    text(gpg.run(&call, signed.as_bytes()))
}

#[test]
fn a_signature_beside_a_release_is_taken_or_refused_as_apt_does() {
    let gpg = Gpg::new();
    gpg.key("good", "ed25519 sign never", MADE);
    gpg.key("second", "ed25519 sign never", MADE);
    gpg.key("stranger", "ed25519 sign never", MADE);
    gpg.key("expired", "ed25519 sign 2021-01-01", "20200101T000000!");
    let good = detach(&gpg, "-u good", TEXT);
    let second = detach(&gpg, "-u second", TEXT);
    let stranger = detach(&gpg, "-u stranger", TEXT);
    let expired = detach(&gpg, "--faked-system-time 20200601T000000! -u expired", TEXT);
    let bad = detach(&gpg, "-u second", "other");
    let binary =
        gpg.run(&format!("--faked-system-time {SIGNED} --detach-sign -u good"), TEXT.as_bytes());
    let crc = good.lines().find(|line| line.starts_with('=')).unwrap();
    let blanks = TEXT.replace("SHA256:", "SHA256: \t").replace("Suite: x", "Suite: x\r");
    let of_text = |signed: &str| Case {
        name: "signature of a text",
        files: Files::Pair(signed.into(), detach(&gpg, "--textmode -u good", signed).into()),
        ours: Ok(()),
        apt: true,
    };
    let (before, after) = ("precedes its signature", "follows its signature");
    let cases = [
        pair("good", good.clone(), Ok(()), true),
        pair("two packets in one block", one_block(&[&good, &second]), Ok(()), true),
        pair("two blocks", format!("{good}{second}"), Ok(()), true),
        pair("17 in one block", one_block(&[good.as_str(); 17]), Err("more than 16"), true),
        pair("good, unknown", format!("{good}{stranger}"), Ok(()), true),
        pair("good, expired", format!("{good}{expired}"), Ok(()), true),
        pair("unknown", stranger, Err("not in the keyring"), false),
        pair("expired", expired, Err("its key expired"), false),
        pair("BAD", bad.clone(), Err("is BAD"), false),
        pair("good, BAD", format!("{good}{bad}"), Err("is BAD"), false),
        pair("BAD, good in one block", one_block(&[&bad, &good]), Err("is BAD"), false),
        pair("SHA-1", detach(&gpg, "--digest-algo SHA1", TEXT), Err("it uses SHA1"), false),
        pair("binary", binary, Err("its signature is binary"), false),
        pair("empty", "", Err("is an empty file"), false),
        pair("only a line end", "\n", Err(before), false),
        pair("HTML", "<html>\n", Err(before), false),
        pair("text before", format!("x\n{good}"), Err(before), false),
        pair("empty line before", format!("\n{good}"), Err(before), false),
        pair("text between", format!("{good}x\n{second}"), Err(after), false),
        pair("text after", format!("{good}x\n"), Err(after), false),
        pair("empty line after", format!("{good}\n"), Err(after), false),
        pair("cut", &good[..good.len() - 3], Err("within its signature"), false),
        pair("cut before END", &good[..good.find("-----END").unwrap()], Err("cut"), false),
        pair("dash within", good.replace(crc, "-x"), Err("within its sig"), false),
        pair("clear-signed", sign(&gpg, "good", TEXT), Err(before), false),
        pair("CRLF", good.replace('\n', "\r\n"), Ok(()), true),
        pair("no last line end", good.trim_end(), Ok(()), true),
        pair("checksum", good.replace(crc, "=AAAA"), Err("its checksum"), false),
        of_text(TEXT),
        of_text(TEXT.trim_end()),
        of_text(&TEXT.replace('\n', "\r\n")),
        of_text(&blanks),
    ];
    gpg.forget("stranger");
    table(&cases, &gpg.run("--export", b""));
}

#[test]
fn keys_that_gpg_does_not_make() {
    let key = |profile, flags: KeyFlags| {
        let builder = CertBuilder::new().set_profile(profile).unwrap().add_userid("odd");
        let builder = builder.set_creation_time(SystemTime::from(timestamp(NOW - 9_999_999)));
        builder.set_primary_key_flags(flags).generate().unwrap().0
    };
    let certifies = key(Profile::RFC4880, KeyFlags::empty().set_certification());
    let version6 = key(Profile::RFC9580, KeyFlags::empty().set_certification().set_signing());
    let sign = |cert: &Cert| {
        let key = cert.primary_key().key().clone().parts_into_secret().unwrap();
        let signature = SignatureBuilder::new(SignatureType::Binary)
            .set_signature_creation_time(SystemTime::from(timestamp(NOW - 9_000_000)))
            .unwrap()
            .sign_message(&mut key.into_keypair().unwrap(), TEXT.as_bytes())
            .unwrap();
        let mut writer = armor::Writer::new(Vec::new(), armor::Kind::Signature).unwrap();
        Packet::from(signature).serialize(&mut writer).unwrap();
        writer.finalize().unwrap()
    };
    let ring = [certifies.to_vec().unwrap(), version6.to_vec().unwrap()].concat();
    table(&[pair("only certifies", sign(&certifies), Err("not made for signing"), false)], &ring);
    // gpgv cannot read version 6; that is no matter of trust.
    let files = Files::Pair(TEXT.into(), sign(&version6));
    assert!(verify(&files, &Keyring::parse(&ring, "ring").unwrap(), &rules()).is_ok());
    assert!(apt_takes(&[&files], &ring).1.contains("NODATA"));
}
