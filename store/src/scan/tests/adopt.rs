//! Adopting files by link, and what is copied or refused instead.
#![expect(clippy::disallowed_methods, reason = "tests make the trees that are taken")]

use super::*;

#[test]
fn adopted_files_become_objects_by_their_own_inode() {
    let bench = Bench::new();
    let (a, b) = (bench.write("a", b"one", 1_000_000), bench.write("b", b"two", 1_000_000));
    let (entries, tally) = bench.entries(Adopt::Link);
    assert_eq!((entries.len(), tally.get(Counter::ObjectsWritten)), (2, 2));
    let inode = |path: &Path| std::fs::metadata(path).unwrap().ino();
    let objects = [&b"one"[..], b"two"].map(|bytes| bench.store.object_path(Digest::of(bytes)));
    assert_eq!(inode(&a), inode(&objects[0]));
    assert_ne!(inode(&b), inode(&objects[1]), "its size and time were taken: a copy");
    assert_eq!(
        [&a, &objects[0], &objects[1]].map(|p| std::fs::metadata(p).unwrap().mode() & 0o777),
        [0o444; 3]
    );
    assert_eq!(std::fs::metadata(&b).unwrap().mtime(), 1_000_000, "the source keeps its time");
}

#[test]
fn adopted_files_are_not_read_again_however_often_they_are_linked() {
    let bench = Bench::new();
    let a = bench.write("a", b"one", 1_000_000);
    bench.entries(Adopt::Link);
    std::fs::hard_link(&a, bench.dir.path().join("published")).unwrap();
    let (_, tally) = bench.entries(Adopt::Link);
    assert_eq!((tally.get(Counter::FilesSeen), tally.get(Counter::FilesRead)), (1, 0));
}

#[test]
fn setuid_files_are_not_adopted() {
    let bench = Bench::new();
    let a = bench.write("a", b"one", 1_000_000);
    std::fs::set_permissions(&a, std::fs::Permissions::from_mode(0o4755)).unwrap();
    assert!(matches!(bench.scan(Adopt::Link).0, Err(Error::Refused { .. })));
    assert_eq!(bench.entries(Adopt::Copy).0.len(), 1);
    let object = std::fs::metadata(bench.store.object_path(Digest::of(b"one"))).unwrap();
    assert_eq!(object.mode() & 0o7777, 0o444);
}

#[test]
fn the_stage_that_failed_says_why() {
    let bench = Bench::new();
    let first = bench.write("0", b"one", 1_000_000);
    std::fs::set_permissions(&first, std::fs::Permissions::from_mode(0o4755)).unwrap();
    // More batches than the channels hold: the walk is still going on when the reading fails.
    for n in 0..30_000 {
        std::fs::hard_link(&first, bench.at(format!("{n:05}"))).unwrap();
    }
    let (draft, _) = bench.scan(Adopt::Link);
    assert!(
        matches!(&draft, Err(Error::Refused { first, .. }) if first.contains("setuid")),
        "{draft:?}"
    );
    assert_eq!(
        disk::names(&bench.store.root().join("incoming")).unwrap().len(),
        0,
        "no draft stays behind"
    );
}

#[test]
fn another_file_system_is_copied_from() {
    let other = tempfile::tempdir_in("/dev/shm").unwrap();
    let bench = Bench::new();
    std::fs::write(other.path().join("a"), b"one").unwrap();
    let (lock, _writer) = bench.locks();
    let draft =
        bench.store.scan(&lock, &asker(), (other.path(), Adopt::Link), &crate::Silent).unwrap();
    assert_eq!(draft.totals.files, 1);
    assert!(bench.store.has_object(Digest::of(b"one"), 3).unwrap());
}
