use sequoia_openpgp::packet::UserID;
use sequoia_openpgp::packet::key::{Key4, PrimaryRole, SecretParts};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::types::KeyFlags;

use super::*;
use crate::Key;
use crate::sign::tests::NOW;

/// An RSA key of 768 bits, which gpg does not make: the private exponent and two primes.
const TINY: [&str; 3] = [
    "f79a8789bbdfe1410434202919afadda0144cb84062ba93bb63f35deb807b5947608630318982a77\
     af14f38645e4cbd795c655822c8445f43e8a0c4394cc8847fcfe3f30210eb24f28d6de97e28d598c\
     d9d723c66d3a057e5f1b8e71d1ef3c1",
    "eeba35e07432f79d1fcc9634a43be3682e771bd6adfa09b03a85eed0da39c4ea9571623cb33858a1a445f305c628087d",
    "f7bd891ff7b103df23231e1ee201552240cbacd0249a45845dbe3023a906922fa4b9a9c4b753a1eef08360852789d059",
];

fn number(digits: &str) -> Vec<u8> {
    let even = format!("{}{digits}", "0".repeat(digits.len() % 2));
    (0..even.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&even[at..at + 2], 16).unwrap())
        .collect()
}

fn at(seconds: i64) -> SystemTime {
    SystemTime::from(timestamp(seconds))
}

fn keyring(cert: &Cert) -> Keyring {
    Keyring::parse(&cert.to_vec().unwrap(), "ring").unwrap()
}

/// Judges a signature; gives why it does not count.
fn ignored(signature: &Signature, cert: &Cert, weak_keys: bool) -> String {
    let rules = Rules { now: NOW, weak_keys, ..Rules::default() };
    let measure = Measure { keyring: &keyring(cert), rules: &rules, custom: Custom::Apt };
    match judge(signature, &Document::new(b"text"), measure) {
        Verdict::Ignored(why) | Verdict::Bad(why) | Verdict::Unknown(why) => why,
        Verdict::Good(..) => "good".to_owned(),
    }
}

#[test]
fn rsa_below_1024_bits_counts_for_nobody() {
    let [d, p, q] = TINY.map(number);
    let key =
        Key4::<SecretParts, PrimaryRole>::import_secret_rsa(&d, &p, &q, at(NOW - 999)).unwrap();
    let key = packet::Key::from(key);
    let mut pair = key.clone().into_keypair().unwrap();
    let cert = Cert::try_from(vec![Packet::from(key)]).unwrap();
    let name = UserID::from("tiny");
    let binding = SignatureBuilder::new(SignatureType::PositiveCertification)
        .set_key_flags(KeyFlags::empty().set_signing().set_certification())
        .and_then(|builder| builder.set_signature_creation_time(at(NOW - 999)))
        .unwrap();
    let bound = name.bind(&mut pair, &cert, binding).unwrap();
    let (cert, _) = cert.insert_packets([Packet::from(name), Packet::from(bound)]).unwrap();
    let signature = SignatureBuilder::new(SignatureType::Binary)
        .set_signature_creation_time(at(NOW - 99))
        .and_then(|builder| builder.sign_message(&mut pair, b"text"))
        .unwrap();
    assert!(ignored(&signature, &cert, true).contains("RSA of less than 1024 bits"));
    assert!(ignored(&signature, &cert, false).contains("its key is not valid"));
}

#[test]
fn rsa_that_cannot_be_checked_is_not_bad() {
    let signer = Cert::from_bytes(
        &Key::generate("x", NOW - 999).unwrap().certificate().secret_armor().unwrap(),
    );
    let mut pair = signer
        .unwrap()
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let large = Key4::<PublicParts, PrimaryRole>::import_public_rsa(
        &[1, 0, 1],
        &[0xff; 513],
        at(NOW - 999),
    )
    .unwrap();
    let large = packet::Key::from(large);
    let signature = SignatureBuilder::new(SignatureType::Binary)
        .set_signature_creation_time(at(NOW - 99))
        .and_then(|builder| builder.set_issuer_fingerprint(large.fingerprint()))
        .and_then(|builder| builder.set_issuer(large.keyid()))
        .and_then(|builder| builder.sign_message(&mut pair, b"text"))
        .unwrap();
    let cert = Cert::try_from(vec![Packet::from(large)]).unwrap();
    assert!(ignored(&signature, &cert, true).contains("RSA of more than 4096 bits"));
}

#[test]
fn a_signature_of_another_kind_or_time_counts_for_nothing() {
    let key = Key::generate("x", NOW - 999).unwrap();
    let cert = Cert::from_bytes(&key.certificate().secret_armor().unwrap()).unwrap();
    let mut pair =
        cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let mut sign = |kind, made| {
        let builder = SignatureBuilder::new(kind).set_signature_creation_time(at(made)).unwrap();
        builder.sign_standalone(&mut pair)
    };
    let standalone = sign(SignatureType::Standalone, NOW - 99).unwrap();
    assert!(ignored(&standalone, &cert, false).contains("of another kind: Standalone"));
    // The key is dated a day before it was made.
    let early = NOW - 999 - 24 * 60 * 60 - 1;
    let early = SignatureBuilder::new(SignatureType::Binary)
        .set_signature_creation_time(at(early))
        .and_then(|builder| builder.sign_message(&mut pair, b"text"))
        .unwrap();
    assert!(ignored(&early, &cert, false).contains("older than its key"));
}

#[test]
fn line_ends_are_brought_to_crlf() {
    for (bytes, text) in [
        (&b""[..], &b""[..]),
        (b"a", b"a"),
        (b"a\n", b"a\r\n"),
        (b"a\r\nb\n\nc\r", b"a\r\nb\r\n\r\nc\r"),
        (b"a\rb\r\r\n", b"a\rb\r\r\n"),
    ] {
        assert_eq!(escape(Bytes::new(bytes).text()), escape(text));
    }
}
