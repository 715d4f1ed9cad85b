#![expect(clippy::disallowed_methods, reason = "tests leave what a crash leaves")]

use crate::Store;

#[test]
fn what_is_removed_is_noted_and_what_is_anothers_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    let incoming = store.root().join("incoming");
    let own = format!("{}.1", std::process::id());
    // No process has so high a number.
    for name in ["4194305.7", "4194305.8", own.as_str(), "want-x", "reserve.x"] {
        std::fs::write(incoming.join(name), "x").unwrap();
    }
    let mut left = store.leftovers().unwrap();
    left.sort();
    assert_eq!(left, ["4194305.7", "4194305.8"]);
    assert_eq!(store.removed_leftovers().unwrap(), None);
    super::remove(&store).unwrap();
    assert!(store.leftovers().unwrap().is_empty());
    let (said, at) = store.removed_leftovers().unwrap().unwrap();
    assert!(said.starts_with("2 temporary file(s): 4194305."), "{said}");
    assert!(at.seconds() > 1_700_000_000);
    assert!(incoming.join(own).exists() && incoming.join("want-x").exists());
}
