use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::Key;

pub(crate) mod client;
mod frames;
pub(crate) mod gnupg;
mod repomd;
mod signers;
mod table;

use gnupg::Gpg;

/// 2026-11-24 12:00:00 UTC.
pub(crate) const NOW: i64 = 1_795_521_600;
/// A text that apt follows.
pub(crate) const TEXT: &str = "Origin: x\nSuite: x\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n \
    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 Packages\n";

#[expect(clippy::disallowed_methods, reason = "a test's own scratch files")]
pub(crate) fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn rules() -> Rules {
    Rules { now: NOW, ..Rules::default() }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

const MADE: &str = "20260101T000000!";
const SIGNED: &str = "20260601T000000!";

/// Clear-signs a text by keys that are joined by `+`.
fn sign(gpg: &Gpg, by: &str, signed: &str) -> String {
    sign_at(gpg, by, SIGNED, signed)
}

/// Clear-signs a text at a time, with more options after it.
fn sign_at(gpg: &Gpg, by: &str, at: &str, signed: &str) -> String {
    let by: String = by.split('+').map(|one| format!(" -u {one}")).collect();
    let call = format!("--faked-system-time {at} --clearsign{by}");
    text(gpg.run(&call, signed.as_bytes()))
}

/// Gives the signatures of a clear-signed message.
fn blocks(whole: &str) -> &str {
    &whole[whole.find("-----BEGIN PGP SIGNATURE").unwrap()..]
}

/// Gives the reason of a refusal.
fn why(whole: &str, keyring: &Keyring, rules: &Rules) -> String {
    match verify_inline(whole.as_bytes(), keyring, rules, "dists/x/InRelease") {
        Err(Error::NotAuthentic { path, why }) if path == "dists/x/InRelease" => why,
        other => panic!("{other:?}"),
    }
}

fn is_good(whole: &str, keyring: &Keyring, rules: &Rules) -> bool {
    verify_inline(whole.as_bytes(), keyring, rules, "x").is_ok()
}

#[test]
fn only_the_signers_that_are_asked_for_count() {
    let gpg = Gpg::new();
    let good = gpg.key("good", "ed25519 sign never", MADE);
    gpg.key("split", "ed25519 cert never", MADE);
    gpg.add_subkey("split", "ed25519 sign never", MADE);
    let split = gpg.fingerprints("split");
    let split: Vec<&str> = split.iter().map(String::as_str).collect();
    let whole = sign(&gpg, "split", TEXT);
    let keyring = Keyring::parse(&gpg.run("--export", b""), "ring").unwrap();
    let spaced: String = split[0].to_lowercase().chars().flat_map(|letter| [letter, ' ']).collect();
    let only = |signers: &[&str]| Rules {
        signers: signers.iter().map(|&one| one.to_owned()).collect(),
        ..rules()
    };
    for signers in [&[][..], &[split[0]], &[split[1]], &[&good, split[0]], &[&spaced]] {
        assert!(is_good(&whole, &keyring, &only(signers)), "{signers:?}");
    }
    for signers in [&[good.as_str()][..], &[&split[0][24..]], &[""], &["x\n"]] {
        let said = why(&whole, &keyring, &only(signers));
        let named = escape(signers[0].as_bytes());
        assert!(said.contains(split[0]) && said.contains("not one of the accepted"), "{said}");
        assert!(said.ends_with(&format!("accepted: {named}")), "{said}");
    }
    // A known key that is not asked for can still say that the bytes are not its own.
    let other = sign(&gpg, "good", "other\n");
    let both = format!("{whole}{}", blocks(&other));
    assert!(why(&both, &keyring, &only(&[split[0]])).contains("is BAD"));
}

#[test]
fn weak_keys_count_where_the_operator_says_so() {
    let gpg = Gpg::new();
    let made = "20110101T000000!";
    gpg.key("rsa1024", "rsa1024 sign never", made);
    gpg.key("sha1bound", "rsa2048 sign never", &format!("{made} --cert-digest-algo SHA1"));
    let old = |by: &str| sign_at(&gpg, by, "20110601T000000!", TEXT);
    let keyring = Keyring::parse(&gpg.run("--export", b""), "ring").unwrap();
    let weak = Rules { weak_keys: true, ..rules() };
    for name in ["rsa1024", "sha1bound"] {
        let whole = sign(&gpg, name, TEXT);
        assert!(why(&whole, &keyring, &rules()).contains("its key is not valid"));
        // A clock that went back does not make them good again.
        let back = Rules { now: 1_325_376_000, ..rules() };
        assert!(why(&old(name), &keyring, &back).contains("its key is not valid"), "{name}");
        assert!(is_good(&whole, &keyring, &weak), "{name}");
        let text_by_sha1 = sign_at(&gpg, name, &format!("{SIGNED} --digest-algo SHA1"), TEXT);
        assert!(why(&text_by_sha1, &keyring, &weak).contains("it uses SHA1"), "{name}");
    }
    // A revocation counts for ever, however weak its hash.
    gpg.key("partly", "ed25519 cert never", MADE);
    gpg.add_subkey("partly", "ed25519 sign never", MADE);
    let whole = sign(&gpg, "partly", TEXT);
    let late = Rules { now: 2_000_000_000, ..rules() };
    let keyring = Keyring::parse(&gpg.run("--export", b""), "ring").unwrap();
    assert!(is_good(&whole, &keyring, &late));
    gpg.revoke_subkey("partly", "--cert-digest-algo SHA1");
    let keyring = Keyring::parse(&gpg.run("--export", b""), "ring").unwrap();
    assert!(why(&whole, &keyring, &late).contains("its key was revoked"));
}

#[test]
fn keys_are_judged_now_and_not_when_they_signed() {
    let gpg = Gpg::new();
    gpg.key("ends", "ed25519 sign 2027-01-01", MADE);
    gpg.key("primary", "ed25519 cert 2027-01-01", MADE);
    gpg.add_subkey("primary", "ed25519 sign 2030-01-01", MADE);
    let keyring = Keyring::parse(&gpg.run("--export", b""), "ring").unwrap();
    let at = |now: i64| Rules { now, ..Rules::default() };
    let (day, signed) = (24 * 60 * 60, 1_780_272_000);
    for name in ["ends", "primary"] {
        let whole = sign(&gpg, name, TEXT);
        // Expired since it signed (test 9): the end of 2026 is 37.5 days away.
        assert!(is_good(&whole, &keyring, &at(NOW + 37 * day)), "{name}");
        let said = why(&whole, &keyring, &at(NOW + 38 * day));
        assert!(said.contains("its key expired on 2027-01-01T"), "{said}");
        // A signer's clock may be ahead, but not by much.
        assert!(is_good(&whole, &keyring, &at(signed - 30 * 60)), "{name}");
        let said = why(&whole, &keyring, &at(signed - 30 * 60 - 1));
        assert!(said.contains("2026-06-01T00:00:00Z, now is 2026-05-31T23:29:59Z"), "{said}");
        for odd in [i64::MIN, -1, 0, i64::from(u32::MAX), i64::MAX] {
            assert!(!is_good(&whole, &keyring, &at(odd)), "{odd}");
        }
    }
    // A key as new as its signature, both from a clock that is ahead.
    let new = sign_at(&gpg, "ends", MADE, TEXT);
    assert!(is_good(&new, &keyring, &at(1_767_225_600 - 60)));
}

#[test]
fn what_vouched_can_be_kept_and_proves_it_again() {
    let gpg = Gpg::new();
    gpg.run(
        &format!(
            "--faked-system-time {MADE} --quick-gen-key J\u{f6}rg\u{202e} ed25519 cert 2027-01-01"
        ),
        b"",
    );
    gpg.add_subkey("rg", "ed25519 sign 2027-01-01", MADE);
    gpg.key("second", "ed25519 sign never", MADE);
    gpg.key("third", "ed25519 sign never", MADE);
    gpg.key("stranger", "ed25519 sign never", MADE);
    let (split, second) = (gpg.fingerprints("rg"), gpg.fingerprints("second").remove(0));
    let stranger = gpg.fingerprints("stranger").remove(0);
    let whole = sign(&gpg, &format!("{}+second+stranger", split[0]), TEXT);
    gpg.forget("stranger");
    let keyring = Keyring::parse(&gpg.run("--export", b""), "ring").unwrap();
    let found = verify_inline(whole.as_bytes(), &keyring, &rules(), "x").unwrap();
    assert_eq!(found.text, TEXT.trim_end().as_bytes());
    assert_eq!(found.signers.len(), 2);
    assert_eq!(found.signers[0].fingerprint, split[0]);
    assert_eq!(found.signers[0].subkey, split[1]);
    assert_eq!(found.signers[0].user_id, "J\u{f6}rg\\xe2\\x80\\xae");
    assert_eq!(found.signers[0].made, 1_780_272_000);
    assert_eq!(found.signers[1].fingerprint, second);
    assert_eq!(found.signers[1].subkey, second);
    assert_eq!(found.others, [format!("one by {stranger}: its key is not in the keyring")]);
    // Years later, by the time of the sync, the certificates that vouched are all that is needed.
    let kept = found.signers.iter().map(|one| one.certificate.clone()).collect::<Vec<_>>().concat();
    let kept = Keyring::parse(&kept, "evidence").unwrap();
    assert_eq!(kept.fingerprints().len(), 2);
    assert_eq!(verify_inline(whole.as_bytes(), &kept, &rules(), "x").unwrap(), found);
}

#[test]
fn a_refusal_names_who_signed_and_who_would_be_accepted() {
    let gpg = Gpg::new();
    let names = ["one", "two", "three", "four", "five", "six"];
    let mut all = names.map(|name| gpg.key(name, "ed25519 sign never", MADE));
    let stranger = gpg.key("stranger", "ed25519 sign never", MADE);
    let whole = sign(&gpg, "stranger", TEXT);
    gpg.forget("stranger");
    let ring = gpg.run("--export", b"");
    all.sort();
    let accepted = format!("{}, {}, {}, {} and 2 more", all[0], all[1], all[2], all[3]);
    assert_eq!(
        why(&whole, &Keyring::parse(&ring, "ring").unwrap(), &rules()),
        format!(
            "no signature counts: one by {stranger}: its key is not in the keyring; accepted: {accepted}"
        )
    );
    assert!(why(&whole, &Keyring::default(), &rules()).ends_with("none, the keyring is empty"));
}

#[test]
fn more_than_apt_reads_is_refused() {
    for whole in [
        "x".repeat(MESSAGE_BYTES_MAX + 1),
        "-----BEGIN PGP SIGNED MESSAGE-----\n\n".repeat(300_000),
    ] {
        let said = why(&whole, &Keyring::default(), &rules());
        assert!(said.contains("larger than 10000000 bytes"), "{said}");
        let found = verify_detached(b"x", whole.as_bytes(), &Keyring::default(), &rules(), "x");
        assert!(found.is_err_and(|e| e.to_string().contains("larger than 10000000 bytes")));
    }
    let block = "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n";
    let many = block.repeat(MESSAGE_BYTES_MAX / block.len());
    let found = verify_detached(b"x", many.as_bytes(), &Keyring::default(), &rules(), "x");
    assert!(found.is_err_and(|e| e.to_string().contains("more than 16 signatures")));
}

/// Finds what `apt-get update` left of Debian's archives.
pub(crate) fn debian() -> Vec<std::path::PathBuf> {
    let lists = Path::new("/var/lib/apt/lists");
    let found: Vec<_> = std::fs::read_dir(lists)
        .map(|all| all.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    let is_debian = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.contains("_debian") && name.ends_with("_InRelease")
    };
    let found: Vec<_> = found.into_iter().filter(is_debian).collect();
    assert!(!found.is_empty(), "no InRelease of Debian in {}: run apt-get update", lists.display());
    found
}

#[test]
fn what_debian_signed_today_is_verified_as_gpgv_does() {
    let ring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let keyring = Keyring::load(&[ring.into()]).expect("install debian-archive-keyring");
    for path in debian() {
        let whole = std::fs::read(&path).unwrap();
        let release = crate::apt::Release::parse_signed(&whole, "InRelease").unwrap();
        let any = crate::apt::fresh::Freshness {
            now: i64::MAX,
            allow_expired: true,
            ..Default::default()
        };
        let date = crate::apt::fresh::check(&release, &any, "InRelease").unwrap().date;
        let rules = Rules { now: date + 24 * 60 * 60, ..Rules::default() };
        let found = verify_inline(&whole, &keyring, &rules, "InRelease").unwrap();
        let mut call = Command::new("gpgv");
        call.args(["--status-fd", "2", "--output", "-", "--keyring", ring]);
        let said = call.arg(&path).output().unwrap();
        let text = said.stdout.strip_suffix(b"\n").unwrap_or(&said.stdout);
        assert!(text == found.text, "{}", path.display());
        let status = String::from_utf8(said.stderr).unwrap();
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let valid = status
            .lines()
            .map(words)
            .filter(|line| line.get(1).is_some_and(|one| one == "VALIDSIG"));
        let valid: Vec<_> =
            valid.map(|line| (line[2].clone(), line.last().unwrap().clone())).collect();
        let ours: Vec<_> =
            found.signers.iter().map(|one| (one.subkey.clone(), one.fingerprint.clone())).collect();
        assert_eq!(ours, valid, "{}", path.display());
        let other = String::from_utf8(whole).unwrap().replacen("Suite: ", "Suite: x", 1);
        let said = why(&other, &keyring, &rules);
        assert!(said.contains("is BAD"), "{said}");
    }
}

/// A message, its keyring, and what it says.
static GENUINE: LazyLock<(Vec<u8>, Keyring)> = LazyLock::new(|| {
    let key = Key::generate("Genuine", NOW - 99_999).unwrap();
    let whole = key.clearsign(TEXT.as_bytes(), NOW - 9_999).unwrap();
    (whole, Keyring::parse(&crate::key::public_armor([&key.certificate()]).unwrap(), "x").unwrap())
});

proptest! {
    #[test]
    fn no_bytes_are_more_than_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let (_, keyring) = &*GENUINE;
        prop_assert!(verify_inline(&bytes, keyring, &rules(), "x").is_err());
        prop_assert!(verify_detached(&bytes, &bytes, keyring, &rules(), "x").is_err());
        let framed = [b"-----BEGIN PGP SIGNATURE-----\n\n", &bytes[..], b"\n-----END PGP SIGNATURE-----\n"].concat();
        prop_assert!(verify_detached(TEXT.as_bytes(), &framed, keyring, &rules(), "x").is_err());
        let mut raw = Vec::new();
        let mut writer = armor::Writer::new(&mut raw, armor::Kind::Signature).unwrap();
        std::io::Write::write_all(&mut writer, &bytes).unwrap();
        writer.finalize().unwrap();
        prop_assert!(verify_detached(TEXT.as_bytes(), &raw, keyring, &rules(), "x").is_err());
        let _any = Keyring::parse(&bytes, "x");
        let _any = Keyring::parse(&[&[0x99], &bytes[..]].concat(), "x");
    }

    #[test]
    fn a_message_that_was_touched_says_the_same_or_nothing(
        cut in any::<prop::sample::Index>(),
        length in 0_usize..40,
        put in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'-'), Just(b' ')], 0..40),
    ) {
        let (whole, keyring) = &*GENUINE;
        let start = cut.index(whole.len());
        let end = (start + length).min(whole.len());
        let touched = [&whole[..start], &put, &whole[end..]].concat();
        if let Ok(found) = verify_inline(&touched, keyring, &rules(), "x") {
            prop_assert_eq!(found.text, TEXT.trim_end().as_bytes());
        }
    }
}
