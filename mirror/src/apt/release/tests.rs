use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn why(text: &[u8]) -> String {
    match Release::parse(text, "Release") {
        Err(Error::BadMetadata { why, .. }) => why,
        other => panic!("{} gives {other:?}", escape(text)),
    }
}

fn remade(text: &str) -> String {
    let release = Release::parse(text.as_bytes(), "Release").unwrap();
    let change = Remake {
        date: 1_795_521_600,
        snapshots_url: Some("https://m/snapshots/debian/@SNAPSHOTID@/"),
        absent: &BTreeSet::new(),
    };
    String::from_utf8(release.remade(&change)).unwrap()
}

#[test]
fn names_that_leave_the_suite_are_refused() {
    for bad in
        ["../x", "a/../../x", "/etc/passwd", "..", "a/..", ".", "a\u{7}b", "a\u{0}b", "a\u{1b}[2J"]
    {
        for list in ["MD5Sum", "SHA1", "SHA256", "SHA512"] {
            let digits = Algorithm::of_field(list.as_bytes()).unwrap().digits();
            let text = format!("Suite: x\n{list}:\n {} 1 {bad}\n", "a".repeat(digits));
            assert!(Release::parse(text.as_bytes(), "Release").is_err(), "{list} {bad:?}");
        }
    }
}

#[test]
fn lines_that_do_not_parse_are_refused_with_an_excerpt() {
    for bad in [
        format!("SHA256:\n {A} 1\n"),
        format!("SHA256:\n {A} 1 a b\n"),
        format!("SHA256:\n {A} -1 a\n"),
        format!("SHA256:\n {A} +1 a\n"),
        format!("SHA256:\n {A} 99999999999999999999 a\n"),
        format!("SHA256:\n {}g 1 a\n", &A[1..]),
        format!("SHA256:\n {A}a 1 a\n"),
        "no colon\n".to_owned(),
        "-x: y\n".to_owned(),
        "From x: y\n".to_owned(),
        ": y\n".to_owned(),
        " continues: nothing\n".to_owned(),
        format!("Suite: x\n\nSHA256:\n {A} 1 a\n"),
        format!("Suite: x\n \nSHA256:\n {A} 1 a\n"),
        String::new(),
        "\n\n".to_owned(),
        "<html>\n".to_owned(),
    ] {
        assert!(!why(bad.as_bytes()).contains('\n'));
    }
}

#[test]
fn oddities_of_real_archives_are_taken() {
    let text = format!(
        "\n# comment\nsuite: x\r\nSHA256:\r\n\t{}  1   ./a//b\r\n {B} 2 a/b\r\nAcquire-By-Hash: yes",
        A.to_uppercase()
    );
    let release = Release::parse(text.as_bytes(), "Release").unwrap();
    assert_eq!(release.field("Suite"), Some(b"x".as_slice()));
    assert_eq!(release.listed.len(), 1, "of a path that stands twice the first counts");
    assert_eq!(
        (release.listed[0].path.to_string().as_str(), release.listed[0].hash.as_str()),
        ("a/b", A)
    );
    // Of a field that stands twice the last counts, lists too.
    let twice = format!("Suite: x\nSHA256:\n {A} 1 a\nSUITE: y\nsha256:\n {B} 1 b\n");
    let release = Release::parse(twice.as_bytes(), "Release").unwrap();
    assert_eq!(release.field("Suite"), Some(b"y".as_slice()));
    assert_eq!(release.listed.iter().map(|file| file.path.to_string()).collect::<Vec<_>>(), ["b"]);
}

#[test]
fn stems_join_the_forms_of_an_index() {
    let text = format!("SHA256:\n {A} 1 m/Packages\n {A} 1 m/Packages.xz\n {A} 1 m/icons.tar.gz\n");
    let listed = Release::parse(text.as_bytes(), "Release").unwrap().listed;
    let stems: Vec<(String, bool)> =
        listed.iter().map(|file| (escape(file.stem()), file.is_plain())).collect();
    assert_eq!(
        stems,
        [
            ("m/Packages".to_owned(), true),
            ("m/Packages".to_owned(), false),
            ("m/icons.tar".to_owned(), false)
        ]
    );
}

#[test]
fn a_channel_shows_the_same_fields_with_a_new_date() {
    let text = format!(
        "Origin: Debian\nLabel: L\nDescription: one\n  two\n .\nDate: Sun, 22 Nov 2026  0:19:16 UTC\nValid-Until: Sun, 29 Nov 2026 00:00:00 UTC\n\
         Signed-By: ABC\nSnapshots: no\nSHA256:\n {A} 1 m/Packages\n {B} 2 m/Packages.diff/Index\nSHA512:\n {A}{A} 1 m/Packages\nAcquire-By-Hash: no\nX-Odd: kept\n"
    );
    let expected = format!(
        "Origin: Debian\nLabel: L\nDescription: one\n  two\n .\nX-Odd: kept\nDate: Tue, 24 Nov 2026 12:00:00 UTC\nAcquire-By-Hash: yes\n\
         Snapshots: https://m/snapshots/debian/@SNAPSHOTID@/\nSHA256:\n {A} 1 m/Packages\n"
    );
    assert_eq!(remade(&text), expected);
    assert_eq!(Release::parse(expected.as_bytes(), "x").unwrap().listed.len(), 1);
}

#[test]
fn a_list_of_sha512_alone_stays() {
    let text = format!("Suite: x\nSHA512:\n {A}{A} 1 m/Packages\n");
    assert!(remade(&text).contains(&format!("SHA512:\n {A}{A} 1 m/Packages\n")));
}

#[test]
fn frames_that_apt_refuses_are_refused() {
    let good = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nSuite: x\n-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n";
    let second = "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n";
    assert!(Release::parse_signed(good.as_bytes(), "x").is_ok());
    assert!(Release::parse_signed(good.trim_end().as_bytes(), "x").is_ok());
    assert!(Release::parse_signed(good.replace('\n', "\r\n").as_bytes(), "x").is_ok());
    assert!(Release::parse_signed(good.replace("Suite", "- Suite").as_bytes(), "x").is_ok());
    assert!(Release::parse_signed(format!("{good}{second}").as_bytes(), "x").is_ok());
    for bad in [
        String::new(),
        "<html>".to_owned(),
        format!("\n{good}"),
        format!("text\n{good}"),
        format!("{good}\n"),
        format!("{good}text"),
        format!("{good}{good}"),
        good.replace("Suite", "-Suite"),
        good.replace("-----END PGP SIGNATURE-----\n", ""),
        good.replace("-----BEGIN PGP SIGNATURE-----", ""),
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n".to_owned(),
        "Suite: x\n".to_owned(),
    ] {
        assert!(Release::parse_signed(bad.as_bytes(), "x").is_err(), "{bad}");
    }
}

#[test]
fn huge_input_is_read_in_reasonable_time() {
    let mut text = String::from("Suite: x\n");
    for number in 0..100_000 {
        text.push_str(&format!("F{number}: x\n"));
    }
    text.push_str(&format!("Long: {}\nSHA256:\n", "x".repeat(75_649)));
    for number in 0..130_000 {
        text.push_str(&format!(" {A} 1 main/{number}/Packages.xz\n"));
    }
    assert_eq!(Release::parse(text.as_bytes(), "x").unwrap().listed.len(), 130_000);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_parsers_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        drop(Release::parse(&bytes, "x"));
        drop(Release::parse_signed(&bytes, "x"));
    }

    #[test]
    fn what_is_remade_parses_again(value in "[ -~\t\u{e9}]{0,40}", name in "[A-Za-z][!-9;-~]{0,10}") {
        let text = format!("{name}: {value}\nSHA256:\n {A} 1 a\n");
        if let Ok(release) = Release::parse(text.as_bytes(), "x") {
            let change = Remake { date: 0, snapshots_url: None, absent: &BTreeSet::new() };
            let again = Release::parse(&release.remade(&change), "x").unwrap();
            proptest::prop_assert_eq!(again.remade(&change), release.remade(&change));
        }
    }
}
