use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pinfold_store::sums::Algorithm;
use proptest::prelude::*;
use sequoia_openpgp::crypto::Signer as _;
use sequoia_openpgp::packet::signature::Signature3;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{HashAlgorithm, SignatureType, Timestamp};
use sequoia_openpgp::{Cert, Packet};

use self::made::{Made, Of, header, hex, text};
use super::*;
use crate::sign::tests::NOW;
use crate::sign::tests::gnupg::Gpg;
use crate::{Error, Key};

mod made;

const MADE: &str = "20260101T000000!";

fn rules() -> Rules {
    Rules { now: NOW, ..Rules::default() }
}

/// Signs as rpmsign does; `by` may be more options.
fn sign(gpg: &Gpg, by: &str, bytes: &[u8]) -> Vec<u8> {
    let call = format!("--faked-system-time 20260601T000000! --detach-sign --no-armor -u {by}");
    gpg.run(&call, bytes)
}

fn verdict(bytes: &[u8], keyring: &Keyring, rules: &Rules) -> Verdict {
    check(bytes, keyring, rules, "Packages/h/hello.rpm").unwrap().verdict
}

fn is_signed(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Signed { .. })
}

/// Gives why a package is none.
fn why(bytes: &[u8]) -> String {
    match check(bytes, &Keyring::default(), &rules(), "hello\\x0a.rpm") {
        Err(Error::BadMetadata { path, why }) if path == "hello\\x0a.rpm" => why,
        other => panic!("{other:?}"),
    }
}

/// Two signers whose keys are known, and one whose key is not.
struct Signers {
    gpg: Gpg,
    good: String,
    rsa: String,
    stranger: String,
    ring: Keyring,
}

impl Signers {
    fn new() -> Self {
        let gpg = Gpg::new();
        let good = gpg.key("good", "ed25519 sign never", MADE);
        let rsa = gpg.key("rsa", "rsa2048 sign never", MADE);
        let stranger = gpg.key("stranger", "ed25519 sign never", MADE);
        let ring = Keyring::parse(&gpg.run("--armor --export good rsa", b""), "x").unwrap();
        Self { gpg, good, rsa, stranger, ring }
    }

    /// Signs the header of a package.
    fn of(&self, made: &Made, by: &str) -> Vec<u8> {
        sign(&self.gpg, by, &made.header())
    }

    /// Adds a signature of the header.
    fn header(&self, made: Made, by: &str) -> Made {
        let packets = self.of(&made, by);
        made.signed(267, &packets)
    }

    /// Adds a signature of all.
    fn whole(&self, made: Made, tag: u32, by: &str) -> Made {
        let packets = sign(&self.gpg, by, &made.whole());
        made.signed(tag, &packets)
    }

    fn verdict(&self, made: &Made) -> Verdict {
        verdict(&made.bytes(), &self.ring, &rules())
    }
}

#[test]
fn a_signature_covers_what_rpm_lets_it_cover() {
    let all = Signers::new();
    let (new, old) = (Made::new(), Made::old());
    let base64 = |by: &str| STANDARD.encode(all.of(&new, by));
    let digest = |algorithm, number| {
        let digest = hex(algorithm, &new.payload);
        old.clone().put(5092, Of::Texts(vec![digest])).put(5093, Of::Numbers(vec![number]))
    };
    let sha512 = text(&hex(Algorithm::Sha512, &new.payload));
    let by = |name: &str| format!("signed by {name}");
    let header_only = format!("signed header by {}, unsigned payload", all.good);
    for (name, made, expected) in [
        ("unsigned", new.clone(), "unsigned".to_owned()),
        ("EdDSA", all.header(new.clone(), "good"), by(&all.good)),
        ("RSA", new.clone().signed(268, &all.of(&new, "rsa")), by(&all.rsa)),
        (
            "rpm 6",
            new.clone().with(278, Of::Texts(vec![base64("stranger"), base64("rsa")])),
            by(&all.rsa),
        ),
        ("SHA-384 of the payload", all.header(digest(Algorithm::Sha384, 9), "good"), by(&all.good)),
        ("SHA-512, too", all.header(old.clone().put(5121, sha512), "good"), by(&all.good)),
        ("SHA-1", all.header(digest(Algorithm::Sha1, 2), "good"), header_only.clone()),
        ("an unknown digest", all.header(digest(Algorithm::Sha1, 12), "good"), header_only.clone()),
        ("EL7", all.whole(all.header(old.clone(), "rsa"), 1002, "rsa"), by(&all.rsa)),
        ("EL7, both only", all.whole(old.clone(), 1005, "good"), by(&all.good)),
        // Trap 29.
        ("no digest of the payload", all.header(old.clone(), "good"), header_only.clone()),
        ("by two", all.whole(all.header(old.clone(), "good"), 1002, "rsa"), by(&all.rsa)),
    ] {
        assert_eq!(all.verdict(&made).to_string(), expected, "{name}");
    }
}

#[test]
fn what_does_not_vouch_says_why() {
    let all = Signers::new();
    let (new, old) = (Made::new(), Made::old());
    let good = all.header(new.clone(), "good");
    let whole = all.whole(old, 1005, "good");
    let base64 = STANDARD.encode(all.of(&new, "rsa"));
    let unreadable = |tag: u32| format!("its signature {tag} cannot be read: ");
    for (name, made, expected) in [
        ("over other bytes", good.clone().put(1000, text("hullo")), "a signature by".to_owned()),
        (
            "good, and one over other bytes",
            good.clone().signed(1002, &all.of(&new, "rsa")),
            "a signature by".to_owned(),
        ),
        (
            "another payload",
            Made { payload: b"x".to_vec(), ..good.clone() },
            "its payload has the SHA256 2d71".to_owned(),
        ),
        (
            "another payload, EL7",
            Made { payload: b"x".to_vec(), ..whole },
            "a signature by".to_owned(),
        ),
        ("garbage", new.clone().signed(267, &[0xff; 99]), unreadable(267)),
        ("a key", new.clone().signed(268, &all.gpg.run("--export rsa", b"")), unreadable(268)),
        ("as a text", new.clone().with(267, text("x")), unreadable(267)),
        ("no base64", new.clone().with(278, text("!")), unreadable(278)),
        ("no text", new.clone().signed(278, b"x"), unreadable(278)),
        ("only a marker", new.clone().signed(267, b"\xca\x03PGP"), "its signature 267".to_owned()),
        (
            "too many",
            new.clone().with(278, Of::Texts(vec![base64; 17])),
            "it carries more than 16".to_owned(),
        ),
    ] {
        let found = all.verdict(&made);
        assert!(
            matches!(&found, Verdict::Bad { why } if why.starts_with(&expected)),
            "{name}: {found:?}"
        );
    }
    for by in ["good --digest-algo SHA1", "good --textmode"] {
        let found = all.verdict(&all.header(new.clone(), by));
        assert!(matches!(&found, Verdict::NotCounted { .. }), "{by}: {found:?}");
    }
    let found = all.verdict(&all.header(new.clone(), "stranger"));
    assert_eq!(found, Verdict::UnknownKey { names: vec![all.stranger.clone()] });
    let both = all.header(new.clone().signed(268, &all.of(&new, "rsa")), "stranger");
    let Verdict::Signed { by, notes } = all.verdict(&both) else { panic!() };
    assert_eq!((by.fingerprint, by.user_id), (all.rsa.clone(), "rsa".to_owned()));
    assert_eq!(notes, [format!("one by {}: its key is not in the keyring", all.stranger)]);
    let only = Rules { signers: vec![all.good.clone()], ..rules() };
    let found = verdict(&both.bytes(), &all.ring, &only);
    assert!(matches!(&found, Verdict::NotCounted { why } if why.contains("not one of the acc")));
}

#[test]
fn keys_are_judged_at_the_time_when_they_signed() {
    let gpg = Gpg::new();
    gpg.key("ends", "ed25519 sign 2026-09-01", MADE);
    gpg.key("revoked", "ed25519 sign never", MADE);
    gpg.key("dsa1024", "dsa1024 sign never", MADE);
    let new = Made::new();
    let signed = |by: &str| new.clone().signed(267, &sign(&gpg, by, &new.header())).bytes();
    let (ends, revoked) = (signed("ends"), signed("revoked"));
    let old = signed("dsa1024 --digest-algo SHA256");
    gpg.revoke("revoked");
    let ring = Keyring::parse(&gpg.run("--export", b""), "x").unwrap();
    let Verdict::Signed { notes, .. } = verdict(&ends, &ring, &rules()) else { panic!() };
    assert!(notes.len() == 1 && notes[0].contains("expired on 2026-09-01"), "{notes:?}");
    let said = verdict(&revoked, &ring, &rules()).to_string();
    assert!(said.starts_with("no signature counts") && said.ends_with("was revoked"), "{said}");
    assert!(matches!(verdict(&old, &ring, &rules()), Verdict::NotCounted { .. }));
    let weak = Rules { weak_keys: true, ..rules() };
    assert!(matches!(verdict(&old, &ring, &weak), Verdict::Signed { .. }));
}

#[test]
fn signatures_of_version_3_count() {
    let secret = Key::generate("Old vendor", NOW - 9_999).unwrap().certificate().secret_armor();
    let cert = Cert::from_bytes(&secret.unwrap()).unwrap();
    let primary = cert.primary_key().key().clone();
    let mut pair = primary.parts_into_secret().unwrap().into_keypair().unwrap();
    let old = Made::old();
    let made = u32::try_from(NOW - 999).unwrap();
    let mut sign = |bytes: &[u8]| {
        let mut hash = HashAlgorithm::SHA256.context().unwrap().for_signature(3);
        hash.update(bytes);
        hash.update(&[0]);
        hash.update(&made.to_be_bytes());
        let digest = hash.into_digest().unwrap();
        let signed = pair.sign(HashAlgorithm::SHA256, &digest).unwrap();
        let key = pair.public();
        let at = Timestamp::from(made);
        let signature = Signature3::new(
            SignatureType::Binary,
            at,
            key.keyid(),
            key.pk_algo(),
            HashAlgorithm::SHA256,
            [digest[0], digest[1]],
            signed,
        );
        Packet::from(signature).to_vec().unwrap()
    };
    let signed = old.clone().signed(268, &sign(&old.header())).signed(1002, &sign(&old.whole()));
    let ring = Keyring::parse(&cert.to_vec().unwrap(), "x").unwrap();
    let Verdict::Signed { by, .. } = verdict(&signed.bytes(), &ring, &rules()) else { panic!() };
    assert_eq!((by.fingerprint, by.made), (cert.fingerprint().to_hex(), NOW - 999));
    let touched = Made { payload: b"x".to_vec(), ..signed };
    let said = verdict(&touched.bytes(), &ring, &rules()).to_string();
    assert!(said.ends_with("its header and payload") && said.contains("is BAD"), "{said}");
}

#[test]
fn what_a_package_states_of_itself_is_compared() {
    let old = Made::old();
    let none = Keyring::default();
    let (header, whole) = (old.header(), old.whole());
    let size = u32::try_from(whole.len()).unwrap();
    let md5 = pinfold_store::sums::Checksum::of_hex(
        Algorithm::Md5,
        hex(Algorithm::Md5, &whole).as_bytes(),
    );
    let md5 = md5.unwrap().as_bytes().to_vec();
    let wrong = |bytes: &[u8]| bytes.iter().map(|byte| byte ^ 1).collect::<Vec<u8>>();
    let sha = |algorithm: Algorithm| text(&hex(algorithm, &header));
    for (name, made, part) in [
        ("SHA-256", old.clone().with(273, sha(Algorithm::Sha256)), None),
        ("SHA-1", old.clone().with(269, sha(Algorithm::Sha1)), None),
        ("MD5", old.clone().with(1004, Of::Bytes(md5.clone())), None),
        ("size", old.clone().with(1000, Of::Numbers(vec![size])), None),
        ("long size", old.clone().with(270, Of::Long(u64::from(size))), None),
        (
            "wrong size, right MD5",
            { old.clone().with(1000, Of::Numbers(vec![9])).with(1004, Of::Bytes(md5.clone())) },
            None,
        ),
        ("wrong SHA-256", old.clone().with(273, text(&"0".repeat(64))), Some("its header has the")),
        ("wrong SHA-1", old.clone().with(269, text(&"0".repeat(40))), Some("its header has the")),
        ("wrong MD5", old.clone().with(1004, Of::Bytes(wrong(&md5))), Some("its header and payl")),
        ("wrong size", old.clone().with(1000, Of::Numbers(vec![9])), Some("have 29")),
        ("wrong long size", old.clone().with(270, Of::Long(1 << 40)), Some("1099511627776")),
        ("short SHA-256", old.clone().with(273, text("00")), Some("is none")),
        ("SHA-256 of bytes", old.clone().signed(273, b"00"), Some("is none")),
        ("short MD5", old.clone().signed(1004, b"00"), Some("is none")),
        ("no hex", old.clone().put(5092, text("x")).put(5093, Of::Numbers(vec![8])), Some("none")),
    ] {
        let found = verdict(&made.bytes(), &none, &rules());
        match part {
            None => assert_eq!(found, Verdict::Unsigned, "{name}"),
            Some(part) => assert!(
                matches!(&found, Verdict::Bad { why } if why.contains(part)),
                "{name}: {found:?}"
            ),
        }
    }
}

#[test]
fn a_package_says_what_it_is() {
    let name = |made: &Made| {
        check(&made.bytes()[..], &Keyring::default(), &rules(), "x").unwrap().name.to_string()
    };
    let new = Made::new();
    assert_eq!(name(&new), "hello-2:1.0-3.el9.x86_64");
    assert_eq!(name(&new.clone().put(1003, Of::Numbers(vec![0]))), "hello-1.0-3.el9.x86_64");
    assert_eq!(name(&new.clone().put(1000, text("a\nb"))), "a\\x0ab-2:1.0-3.el9.x86_64");
    let mut source = new;
    source.main.retain(|(tag, _)| ![1044, 1003].contains(tag));
    assert_eq!(name(&source), "hello-1.0-3.el9.src");
    source.main.truncate(1);
    assert_eq!(name(&source), "hello--.src");
}

#[test]
fn what_is_no_package_is_refused_at_its_byte() {
    let whole = Made::new().bytes();
    let at = |offset: usize, bytes: &[u8]| {
        let mut touched = whole.clone();
        touched[offset..offset + bytes.len()].copy_from_slice(bytes);
        touched
    };
    let main = whole.len() - Made::new().whole().len();
    let (name, store) = (main + 32, Made::new().header().len());
    for (case, bytes, part) in [
        ("empty", Vec::new(), "at byte 0, it ends within its lead"),
        ("HTML", b"<!DOCTYPE html>\n".repeat(9), "begins as no package does: <!DOCTYPE html>"),
        ("magic", at(0, b"x"), "at byte 0, it begins as no package does: x\\xab"),
        ("version 2", at(4, &[2]), "at byte 4, it is of version 2"),
        ("kind of signature", at(79, &[1]), "at byte 78, its signatures"),
        ("signature magic", at(96, &[0]), "at byte 96, its signature header does not begin"),
        ("reserved", at(103, &[1]), "at byte 96, its signature header does not begin"),
        ("no tags", at(104, &[0; 4]), "at byte 96, its signature header claims 0 tags"),
        ("many tags", at(104, &65_536_u32.to_be_bytes()), "claims 65536 tags"),
        ("a large store", at(108, &[0xff; 4]), "claims 2 tags and 4294967295 bytes; 1 to 65535"),
        ("signature region", at(115, &[63]), "a tag of its signature header (63) is its first"),
        ("region, of texts", at(119, &[8]), "a tag of its signature header (62) is its first"),
        ("region within", at(main + 24, &[0; 4]), "a tag of its header (63) is its first"),
        ("region's end", at(main + store - 9, &[0]), "the region of its header does not end"),
        ("header magic", at(main, &[0]), "its header does not begin as one"),
        ("unknown kind", at(name + 4, &[0, 0, 0, 10]), "(1000) is of the unknown kind 10"),
        ("offset", at(name + 8, &[0xff; 4]), "(1000) claims 1 values at 4294967295 of a store"),
        ("count", at(name + 12, &[0xff; 4]), "(1000) claims 4294967295 texts where one is"),
        ("counts", at(name + 4, &[0, 0, 0, 8, 0, 0, 0, 0, 0xff, 0xff]), "claims 4294901761 values"),
        ("no values", at(name + 12, &[0; 4]), "(1000) claims 0 values"),
        (
            "twice",
            at(name + 16, &1000_u32.to_be_bytes()),
            "a tag of its header (1000) is there twice",
        ),
        ("texts", at(name + 4, &[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 99]), "has 99 texts and ends"),
        ("unaligned", at(name + 3 * 16 + 8, &[0, 0, 0, 1]), "(1003) is not aligned"),
    ] {
        let said = why(&bytes);
        assert!(said.starts_with("at byte ") && said.contains(part), "{case}: {said}");
    }
    for length in 0..main + store {
        let said = why(&whole[..length]);
        assert!(said.starts_with(&format!("at byte {length}, it ends within its ")), "{said}");
    }
    let large = Made::new().signed(267, &vec![0; 70_000]).bytes();
    assert!(why(&large).contains("the tag 267 of its signature header is larger than 65536"));
    let large = Made::new().put(1000, text(&"x".repeat(70_000))).bytes();
    assert!(why(&large).contains("the tag 1000 of its header is larger than 65536"));
    let empty = Made::new().signed(267, b"").bytes();
    assert!(why(&empty).contains("(267) claims 0 values"));
    // Of others any size is fine.
    let large = Made::new().put(1005, text(&"x".repeat(70_000))).bytes();
    assert_eq!(verdict(&large, &Keyring::default(), &rules()), Verdict::Unsigned);
}

#[test]
fn a_disk_that_fails_is_no_bad_package() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("EIO"))
        }
    }
    let whole = Made::new().bytes();
    for length in [0, 99, 400, whole.len()] {
        let from = whole[..length].chain(Failing);
        let found = check(from, &Keyring::default(), &rules(), "x");
        assert!(matches!(found, Err(Error::Io { .. })), "{found:?}");
    }
}

#[test]
fn many_verdicts_are_counted_and_kept() {
    let signer = |name: &str| crate::sign::Signer {
        fingerprint: name.to_owned(),
        subkey: name.to_owned(),
        user_id: String::new(),
        made: 0,
        certificate: Vec::new(),
    };
    let signed = |name: &str| Verdict::Signed { by: signer(name), notes: Vec::new() };
    let unknown = |name: String| Verdict::UnknownKey { names: vec![name] };
    let mut counts = Counts::default();
    assert_eq!((counts.to_string().as_str(), counts.is_all_signed()), ("no packages", true));
    (0..600).for_each(|_| counts.add(&signed("KEY")));
    assert_eq!((counts.to_string().as_str(), counts.is_all_signed()), ("600 signed by KEY", true));
    let mut more = Counts::default();
    (0..3).for_each(|_| more.add(&Verdict::Unsigned));
    more.add(&signed("KEY"));
    more.add(&Verdict::HeaderOnly { by: signer("OLD"), notes: Vec::new() });
    more.add(&unknown("STRANGER".to_owned()));
    more.add(&Verdict::NotCounted { why: String::new() });
    more.add(&Verdict::Bad { why: String::new() });
    counts.merge(&more);
    assert_eq!(
        counts.to_string(),
        "601 signed by KEY, 1 with an unsigned payload and a header signed by OLD, 1 signed by STRANGER, \
         not in the keyring, 1 whose signatures do not count, 3 unsigned, 1 not what was signed"
    );
    assert_eq!((counts.total(), counts.is_all_signed()), (608, false));
    let kept = toml::to_string(&counts).unwrap();
    assert_eq!(toml::from_str::<Counts>(&kept).unwrap(), counts, "{kept}");
    // However many keys strangers make up, a record stays small.
    (0..9_999).for_each(|number| counts.add(&unknown(number.to_string())));
    assert_eq!((counts.unknown_key.len(), counts.total()), (17, 10_607));
}

/// A package that is signed twice, and its keyring.
static GENUINE: LazyLock<(Made, Keyring)> = LazyLock::new(|| {
    let gpg = Gpg::new();
    gpg.key("genuine", "ed25519 sign never", MADE);
    let made = Made { payload: b"payload".to_vec(), ..Made::old() };
    let made = made.put(5092, text(&hex(Algorithm::Sha256, b"payload")));
    let made = made.put(5093, Of::Numbers(vec![8]));
    let made = made.clone().signed(267, &sign(&gpg, "genuine", &made.header()));
    let ring = gpg.run("--export", b"");
    (made, Keyring::parse(&ring, "x").unwrap())
});

proptest! {
    #[test]
    fn no_bytes_are_more_than_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let (made, keyring) = &*GENUINE;
        prop_assert!(check(&bytes[..], keyring, &rules(), "x").is_err());
        let lead = &made.bytes()[..96];
        let begun = [lead, &header(62, &[])[..8], &bytes].concat();
        if let Ok(found) = check(&begun[..], keyring, &rules(), "x") {
            prop_assert!(!is_signed(&found.verdict));
        }
        // Whatever stands where a signature should.
        for tag in watch::WANTED {
            let odd = Made { signatures: Vec::new(), ..made.clone() }.signed(tag, &bytes);
            if let Ok(found) = check(&odd.bytes()[..], keyring, &rules(), "x") {
                prop_assert!(!is_signed(&found.verdict));
            }
        }
    }

    #[test]
    fn a_package_that_was_touched_is_not_signed(
        cut in any::<prop::sample::Index>(),
        length in 0_usize..40,
        put in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(0xff)], 0..40),
    ) {
        let (made, keyring) = &*GENUINE;
        let bytes = made.bytes();
        prop_assert!(is_signed(&verdict(&bytes, keyring, &rules())));
        let start = cut.index(bytes.len());
        let end = (start + length).min(bytes.len());
        let touched = [&bytes[..start], &put, &bytes[end..]].concat();
        if check(&touched[..], keyring, &rules(), "x").is_ok_and(|one| is_signed(&one.verdict)) {
            prop_assert!(touched.ends_with(&made.whole()));
        }
    }
}
