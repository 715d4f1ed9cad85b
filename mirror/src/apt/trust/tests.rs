use super::*;
use crate::apt::fresh::FUTURE_SECONDS_MAX;
use crate::sign::tests::client::{Files, apt_takes};
use crate::sign::tests::gnupg::Gpg;
use crate::sign::tests::{NOW, TEXT};

const EMPTY: &str =
    " e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 Packages\n";

/// What we say: nothing, or a part of the reason; and whether apt takes it.
type Said = (Result<(), &'static str>, bool);

/// Judges texts that a good key signed, and has apt judge them.
fn table(cases: &[(String, Said)]) {
    let gpg = Gpg::new();
    gpg.key("good", "ed25519 sign never", "20260101T000000!");
    let ring = gpg.run("--export", b"");
    let keyring = Keyring::parse(&ring, "ring").unwrap();
    let rules = Rules { now: NOW, ..Rules::default() };
    let dates =
        Freshness { now: NOW, future_seconds_max: FUTURE_SECONDS_MAX, ..Freshness::default() };
    let trust = Trust { keyring: &keyring, rules: &rules, dates: &dates };
    let call = "--faked-system-time 20260601T000000! --clearsign -u good";
    let signed: Vec<Vec<u8>> =
        cases.iter().map(|(text, _)| gpg.run(call, text.as_bytes())).collect();
    let files: Vec<Files> = signed.iter().cloned().map(Files::Inline).collect();
    let (taken, said) = apt_takes(&files.iter().collect::<Vec<_>>(), &ring);
    let mut wrong = String::new();
    for (number, (text, (expected, apt))) in cases.iter().enumerate() {
        let ours = trust.accept_inline(&signed[number], "InRelease");
        let fits = match (&ours, expected) {
            (Ok(_), Ok(())) => *apt,
            (Err(e), Err(part)) => e.to_string().contains(part),
            _ => false,
        };
        if taken.contains(&number) != *apt || !fits {
            let ours = ours.map(|found| found.dates);
            wrong += &format!("suite{number}: {text}apt: {}; ours: {ours:?}\n", !apt);
            let about = said.lines().filter(|line| {
                line.contains(&format!("suite{number} "))
                    || line.contains(&format!("suite{number}/"))
            });
            about.for_each(|line| wrong += &format!("    {line}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn dates_are_judged_as_apt_does_but_for_those_that_it_only_warns_of() {
    let date = |date: &str| format!("Suite: x\nDate: {date}\nSHA256:\n{EMPTY}");
    let until = |until: &str| {
        format!(
            "Suite: x\nDate: Sun, 04 Jan 2026 00:00:00 UTC\nValid-Until: {until}\nSHA256:\n{EMPTY}"
        )
    };
    let good = |text: String| (text, (Ok(()), true));
    let warned = |text: String| (text, (Err("cannot be read"), true));
    let cases = [
        good(date("Sun, 04 Jan 2026 00:19:16 UTC")),
        good(date("Sun, 04 Jan 2026  0:19:16 UTC")),
        good(date("Sun,  4 Jan 2026 00:19:16 GMT")),
        good(date("Sun, 4 Jan 2026 00:19:16 Z")),
        good(date("Sun, 04 Jan 2026 00:19:16 +0000")),
        good(date("Sun, 04 Jan 2026 00:19:16 -0000")),
        good(date("Fri, 04 Jan 2026 00:19:16 UTC")),
        good(date("Sunday, 04-Jan-26 00:19:16 GMT")),
        good(date("Sun Jan  4 00:19:16 2026")),
        // Acquire-By-Hash last (test 26).
        good(format!("{}Acquire-By-Hash: yes\n", date("Sun, 04 Jan 2026  0:19:16 UTC"))),
        (format!("Suite: x\nSHA256:\n{EMPTY}"), (Err("it has no Date"), true)),
        warned(date("2026-01-04T00:19:16Z")),
        warned(date("Sun, 04 Jan 2026 00:19:16 +0100")),
        warned(date("Sun, 04 Jan 2026 00:19:16 EST")),
        warned(date("Sun, 04 Jan 2026 00:19 UTC")),
        warned(date("Sun, 04 Jan 2026 00:19:16")),
        warned(date("So, 04 Jan 2026 00:19:16 UTC")),
        (date("Sat, 04 Jan 2098 00:19:16 UTC"), (Err("ahead of the clock"), false)),
        good(until("Sat, 04 Jan 2098 00:00:00 UTC")),
        good(until("")),
        (until("Sun, 01 Feb 2026 00:00:00 UTC"), (Err("it was valid until 2026-02-01T"), false)),
        (until("Sunday, 01-Feb-98 00:00:00 UTC"), (Err("it was valid until 1998-02-01T"), false)),
        (until("2098-01-04"), (Err("cannot be read"), false)),
        (until("Sat, 04 Jan 2098 00:00:00 +0100"), (Err("cannot be read"), false)),
    ];
    table(&cases);
}

#[test]
fn checksums_that_can_be_forged_prove_nothing() {
    let head = "Suite: x\nDate: Sun, 04 Jan 2026 00:00:00 UTC\n";
    let md5 = "MD5Sum:\n d41d8cd98f00b204e9800998ecf8427e 0 Packages\n";
    let sha1 = "SHA1:\n da39a3ee5e6b4b0d3255bfef95601890afd80709 0 Packages\n";
    let sha512 = "SHA512:\n cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
        47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e 0 Packages\n";
    let weak = "no list of SHA256 or SHA512";
    table(&[
        (TEXT.to_owned(), (Ok(()), true)),
        (format!("{head}{sha512}"), (Ok(()), true)),
        (format!("{head}{md5}{sha1}{sha512}"), (Ok(()), true)),
        (format!("{head}{md5}"), (Err(weak), false)),
        (format!("{head}{md5}{sha1}"), (Err(weak), false)),
        (head.to_owned(), (Err(weak), false)),
        (format!("{head}SHA256:\n"), (Err(weak), false)),
        (format!("{head}\nSHA256:\n{EMPTY}"), (Err("follows an empty line"), false)),
    ]);
}

#[test]
fn a_pair_is_accepted_by_itself_and_compared() {
    let gpg = Gpg::new();
    gpg.key("good", "ed25519 sign never", "20260101T000000!");
    let keyring = Keyring::parse(&gpg.run("--export", b""), "ring").unwrap();
    let rules = Rules { now: NOW, ..Rules::default() };
    let dates = Freshness { now: NOW, ..Freshness::default() };
    let trust = Trust { keyring: &keyring, rules: &rules, dates: &dates };
    let sign = |how: &str, text: &str| {
        gpg.run(&format!("--faked-system-time 20260601T000000! {how} -u good"), text.as_bytes())
    };
    let older = TEXT.replace("01 Jan 2026", "02 Jan 2025");
    let inline = trust.accept_inline(&sign("--clearsign", TEXT), "InRelease").unwrap();
    assert_eq!(inline.release.listed.len(), 1);
    assert_eq!(inline.dates.date, 1_767_225_600);
    // The pair is older than InRelease (test 8): each is good, together they are skewed.
    for (text, is_same) in [(TEXT, true), (older.as_str(), false)] {
        let signature = sign("--armor --detach-sign", text);
        let beside = trust.accept_pair(text.as_bytes(), &signature, "Release").unwrap();
        assert_eq!(beside.verified.text, text.as_bytes());
        assert_eq!(is_same_text(&inline.verified, &beside.verified), is_same);
        let torn = trust.accept_pair(format!("{text}X: y\n").as_bytes(), &signature, "Release");
        assert!(
            torn.is_err_and(|e| e.to_string().contains("Release is not authentic: a signature"))
        );
    }
    let last = Freshness { last_accepted: Some(inline.dates.date), ..dates.clone() };
    let trust = Trust { dates: &last, ..trust };
    assert!(trust.accept_inline(&sign("--clearsign", TEXT), "x").is_ok());
    // Equal Date with other bytes (test 10).
    assert!(trust.accept_inline(&sign("--clearsign", &format!("{TEXT}X: y\n")), "x").is_ok());
    let said = trust.accept_inline(&sign("--clearsign", &older), "x").unwrap_err().to_string();
    assert!(said.contains("--allow-older"), "{said}");
}

fn verified(text: &[u8]) -> Verified {
    let (signers, others, warnings) = (Vec::new(), Vec::new(), Vec::new());
    Verified { text: text.to_owned(), signers, others, warnings }
}

#[test]
fn a_release_beside_an_inrelease_is_of_one_state_or_not() {
    for (inline, beside, is_same) in [
        ("a: b\nc: d", "a: b\nc: d\n", true),
        ("a: b\nc: d", "a: b\nc: d", true),
        ("a:\nc: d", "a: \t\r\nc: d\r\n", true),
        ("a: b\nc: d", "a: b\nc: d\n\n", false),
        ("a: b\nc: d", "a: b\nc: e\n", false),
        ("a: b\nc: d", "a: b\n c: d\n", false),
        ("a: b", "a: b\nc: d\n", false),
        ("", "\n", true),
    ] {
        assert_eq!(
            is_same_text(&verified(inline.as_bytes()), &verified(beside.as_bytes())),
            is_same,
            "{inline:?} {beside:?}"
        );
    }
}
