use proptest::prelude::*;

use super::*;

#[test]
fn paths_that_are_refused() {
    let long_part = vec![b'a'; 256];
    let long_path = b"ab/".repeat(1400);
    let cases: [&[u8]; 13] = [
        b"", b"/", b"/a", b"a/", b"a//b", b".", b"..", b"a/.", b"a/../b", b"../a", b"a\0b",
        &long_part, &long_path,
    ];
    for bytes in cases {
        assert!(RelPath::parse(bytes).is_err(), "{}", escape(bytes));
    }
}

#[test]
fn paths_that_are_kept_byte_by_byte() {
    for bytes in [
        &b"a"[..],
        b"a/b",
        b"...",
        b".hidden",
        b"a b",
        b"a\nb",
        b"\xff\xfe",
        b"-rf",
        b"a\\b",
        "größe".as_bytes(),
    ] {
        let path = RelPath::parse(bytes).unwrap();
        assert_eq!(path.as_bytes(), bytes);
        assert!(!path.to_string().contains('\n'), "shown on one line");
    }
}

#[test]
fn names_are_what_a_cron_file_and_a_url_take() {
    for good in ["a", "ubuntu", "el9", "a.b-c_d", "0", &"x".repeat(64)] {
        assert_eq!(good.parse::<Name>().unwrap().as_str(), good);
    }
    for bad in ["", "A", "-a", ".a", "_a", "a/b", "a b", "a;b", "a\n", "é", "..", &"x".repeat(65)]
    {
        assert!(bad.parse::<Name>().is_err(), "{bad}");
    }
}

#[test]
fn a_date_means_its_end() {
    let cases = [
        ("2026", "20261231T235959Z"),
        ("2026-02", "20260228T235959Z"),
        ("2024-02", "20240229T235959Z"),
        ("20261123", "20261123T235959Z"),
        ("2026-11-23", "20261123T235959Z"),
        ("2026-11-23T04", "20261123T045959Z"),
        ("2026-11-23 04:15", "20261123T041559Z"),
        ("20261123T040000Z", "20261123T040000Z"),
        ("2026-11-23T04:00:00Z", "20261123T040000Z"),
    ];
    for (text, end) in cases {
        assert_eq!(Stamp::parse_end(text).unwrap().to_string(), end, "{text}");
    }
    for bad in [
        "",
        "26",
        "yesterday",
        "2026-13",
        "2026-02-30",
        "20261123T25",
        "T",
        "-2026",
        "2026-11-23Z04",
        "２０２６",
    ] {
        assert!(Stamp::parse_end(bad).is_err(), "{bad}");
    }
}

#[test]
fn only_the_full_form_is_a_snapshots_name() {
    assert!("20261123T040000Z".parse::<Stamp>().is_ok());
    for other in ["2026-11-23", "20261123T040000", "2026-11-23T04:00:00Z", "20261123"] {
        assert!(other.parse::<Stamp>().is_err(), "{other}");
    }
}

#[test]
fn dates_of_a_mirror_only_grow() {
    let at = Stamp::from_seconds;
    assert_eq!(Stamp::after(at(100), None), at(100));
    assert_eq!(Stamp::after(at(100), Some(at(99))), at(100));
    assert_eq!(Stamp::after(at(100), Some(at(100))), at(101), "two in one second");
    assert_eq!(Stamp::after(at(100), Some(at(5000))), at(5001), "a clock that went backwards");
}

proptest! {
    #[test]
    fn escaping_loses_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let text = escape(&bytes);
        prop_assert!(text.chars().all(|c| !c.is_control()));
        prop_assert_eq!(unescape(&text).unwrap(), bytes);
    }

    #[test]
    fn a_parsed_path_stays_inside(bytes in proptest::collection::vec(prop_oneof![Just(b'.'), Just(b'/'), any::<u8>()], 0..24)) {
        if let Ok(path) = RelPath::parse(&bytes) {
            prop_assert_eq!(path.as_bytes(), &bytes[..]);
            let inside = path.as_path().components().all(|part| matches!(part, std::path::Component::Normal(_)));
            prop_assert!(inside);
            let (folder, name) = path.split();
            let joined = if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() };
            prop_assert_eq!(joined, bytes);
            let text = toml::to_string(&std::collections::BTreeMap::from([("path", &path)])).unwrap();
            let back: std::collections::BTreeMap<String, RelPath> = toml::from_str(&text).unwrap();
            prop_assert_eq!(&back["path"], &path);
        }
    }

    #[test]
    fn text_sorts_as_time_does(a in -62_167_219_200_i64..253_402_207_200, b in -62_167_219_200_i64..253_402_207_200) {
        let (a, b) = (Stamp::from_seconds(a), Stamp::from_seconds(b));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(a.to_string().parse::<Stamp>().unwrap(), a);
    }
}
