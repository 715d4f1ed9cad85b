use super::*;

#[test]
fn folders_are_counted_once_with_those_above_them() {
    let mut folders = Folders::default();
    assert_eq!(folders.count(), 1, "the tree itself");
    for (path, count) in [
        ("InRelease", 1),
        ("pool/main/h/hello/hello_1.deb", 5),
        ("pool/main/h/hello/hello_2.deb", 5),
        ("pool/main/h/hello-x/a", 6),
        ("pool/main/a", 6),
        ("poolish/a", 7),
    ] {
        folders.note(&RelPath::parse(path.as_bytes()).unwrap());
        assert_eq!(folders.count(), count, "{path}");
    }
}

#[test]
fn a_plan_takes_what_is_fetched_and_its_folders() {
    let planned = Planned { files: 9, bytes: 900, fetch_files: 2, fetch_bytes: 200, folders: 3 };
    assert_eq!(planned.room(Show::default()), (200, 2));
    assert_eq!(planned.room(Show { trees: 1, links: 0 }), (200 + 3 * 4096, 5));
    let first = Show { trees: 2, links: 100 };
    assert_eq!(planned.room(first), (200 + 6 * 4096, 108));
    let endless = Planned { fetch_bytes: u64::MAX, folders: u64::MAX, ..planned };
    assert_eq!(endless.room(first), (u64::MAX, u64::MAX));
}
