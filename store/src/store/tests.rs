#![expect(clippy::disallowed_methods, reason = "tests change what a store holds")]

use super::*;

#[test]
fn a_root_is_made_once_and_taken_again() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("deep/root");
    let store = Store::create(&root).unwrap();
    let format = std::fs::read(root.join("FORMAT")).unwrap();
    Store::create(&root).unwrap();
    assert_eq!(std::fs::read(root.join("FORMAT")).unwrap(), format);
    let abilities = store.abilities().unwrap();
    assert!(abilities.hardlinks && abilities.flock && abilities.free_bytes > 0);
    assert!(disk::names(&root.join("incoming")).unwrap().is_empty(), "trials leave nothing");
}

#[test]
fn a_folder_that_is_not_ours_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("letters.txt"), "x").unwrap();
    let Err(Error::BadName { why, .. }) = Store::create(dir.path()) else { panic!("it was taken") };
    assert!(why.contains("letters.txt"), "{why}");
    assert!(Store::open(dir.path()).is_err());
}

#[test]
fn a_root_of_another_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    Store::create(&root).unwrap();
    let text = std::fs::read_to_string(root.join("FORMAT")).unwrap();
    let cases = [
        text.replace("format = 1", "format = 2"),
        text.replace("format = 1", "format = 2") + "unheard-of = 1\n",
        text.replace("refuse = []", "refuse = [\"chunks\"]"),
        text.replace("read-only = []", "read-only = [\"chunks\"]"),
    ];
    for case in cases {
        std::fs::write(root.join("FORMAT"), &case).unwrap();
        assert!(matches!(Store::open(&root), Err(Error::Newer { .. })), "{case}");
    }
    std::fs::write(root.join("FORMAT"), text.replace("ignore = []", "ignore = [\"hints\"]"))
        .unwrap();
    Store::open(&root).unwrap();
}
