use super::*;

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    (dir, store)
}

fn tried() -> Tried {
    Tried {
        at: Stamp::from_seconds(1_795_752_000),
        code: 3,
        said: "no answer".to_owned(),
        good: None,
        failures: 2,
        not_before: Some(Stamp::from_seconds(1_795_753_800)),
    }
}

#[test]
fn what_is_kept_is_read_again() {
    let (_dir, store) = store();
    let name: Name = "debian".parse().unwrap();
    for what in [What::Mirror(&name), What::Channel(&name), What::Retention] {
        assert_eq!(read(&store, what).unwrap(), None);
        write(&store, what, &tried()).unwrap();
        write(&store, what, &tried()).unwrap();
        assert_eq!(read(&store, what).unwrap(), Some(tried()));
    }
}

#[test]
fn a_file_that_is_none_of_ours_is_told_and_read_to_no_end() {
    let (_dir, store) = store();
    let name: Name = "debian".parse().unwrap();
    let what = What::Mirror(&name);
    let path = what.path(&store);
    disk::make_dirs(path.parent().unwrap()).unwrap();
    let refused = |says: &str| {
        let error = read(&store, what).unwrap_err();
        let mut text = error.to_string();
        if let Some(source) = std::error::Error::source(&error) {
            text = format!("{text}: {source}");
        }
        assert!(text.contains(says) && text.contains("schedule/mirrors/debian"), "{text}");
    };
    for text in [
        "",
        "at = 5",
        "at = \"20261127T040000Z\"\ncode = 700",
        "\u{feff}[",
        "at = \"soon\"\ncode = 0",
    ] {
        disk::write_durably(&path, text.as_bytes(), 0o644).unwrap();
        refused("damaged");
    }
    disk::write_durably(&path, &[0xff, 0xfe], 0o644).unwrap();
    refused("it is no text");
    disk::write_durably(&path, &vec![b'#'; 1 << 20], 0o644).unwrap();
    refused("a large one");
    disk::remove_file(&path).unwrap();
    disk::point_symlink(&path, std::path::Path::new("/dev/zero")).unwrap();
    refused("cannot read");
    disk::remove_file(&path).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    refused("it is no file");
    // The next try replaces it.
    write(&store, what, &tried()).unwrap();
    assert_eq!(read(&store, what).unwrap(), Some(tried()));
}

#[test]
fn what_a_stranger_said_is_one_short_line() {
    let said = format!("a\nb\x1b[2J\u{202e}{}", "x".repeat(10_000));
    let end = End { at: tried().at, until: tried().at, code: 4, said: &said };
    let tried = Tried::after(None, &end, &Schedule::never(), &TimeZone::UTC);
    assert!(tried.said.starts_with("a b [2J x"), "{:?}", tried.said);
    assert_eq!(tried.said.chars().count(), SAID_MAX);
    assert_eq!(tried.not_before, None);
}
