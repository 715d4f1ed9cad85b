//! Opening and linking objects.
#![expect(clippy::disallowed_methods, reason = "tests make and damage objects")]

use std::time::Duration;

use super::*;
use crate::lock::{Asker, Writer};

struct Bench {
    dir: tempfile::TempDir,
    store: Store,
    writer: Writer,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(&dir.path().join("root")).unwrap();
        let writer = store.writer(&Asker { verb: "test".into(), wait: Duration::ZERO }).unwrap();
        Self { dir, store, writer }
    }

    fn object(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        std::fs::write(self.store.object_path(digest), bytes).unwrap();
        digest
    }

    fn folder(&self) -> OwnedFd {
        disk::open_dir(self.dir.path()).unwrap()
    }

    fn inode(&self, path: impl AsRef<Path>) -> u64 {
        std::fs::metadata(self.dir.path().join(path)).unwrap().ino()
    }
}

#[test]
fn an_object_opens_by_digest_and_size_only() {
    let bench = Bench::new();
    let digest = bench.object(b"bytes");
    assert!(
        bench.store.open_object(digest, 5).is_ok() && bench.store.has_object(digest, 5).unwrap()
    );
    assert!(matches!(bench.store.open_object(digest, 4), Err(Error::MissingObject { .. })));
    assert!(!bench.store.has_object(digest, 4).unwrap());
    let absent = Digest::of(b"absent");
    assert!(matches!(bench.store.open_object(absent, 6), Err(Error::MissingObject { .. })));
    std::os::unix::fs::symlink(bench.store.object_path(digest), bench.store.object_path(absent))
        .unwrap();
    assert!(
        bench.store.open_object(absent, 5).is_err() && !bench.store.has_object(absent, 5).unwrap()
    );
}

#[test]
fn a_linked_name_is_the_object_itself() {
    let bench = Bench::new();
    let digest = bench.object(b"bytes");
    let linker = Linker::new(&bench.store, &bench.writer).unwrap();
    linker.link(digest, 5, &bench.folder(), b"new\nname").unwrap();
    assert_eq!(bench.inode("new\nname"), bench.inode(bench.store.object_path(digest)));
    assert!(matches!(linker.link(digest, 5, &bench.folder(), b"new\nname"), Err(Error::Io { .. })));
    assert!(matches!(
        linker.link(digest, 6, &bench.folder(), b"b"),
        Err(Error::MissingObject { .. })
    ));
    assert!(matches!(
        linker.link(Digest::of(b""), 0, &bench.folder(), b"b"),
        Err(Error::MissingObject { .. })
    ));
}

#[test]
fn near_the_link_limit_a_replica_takes_over() {
    let bench = Bench::new();
    let digest = bench.object(b"bytes");
    let linker = Linker::new(&bench.store, &bench.writer).unwrap();
    linker.link_replica(digest, &bench.folder(), Path::new("a")).unwrap();
    linker.link_replica(digest, &bench.folder(), Path::new("b")).unwrap();
    let replicas = bench.store.replicas(digest);
    assert_eq!(replicas.len(), 1);
    assert_eq!([bench.inode("a"), bench.inode("b")], [bench.inode(&replicas[0]); 2]);
    let meta =
        |path: &Path| std::fs::metadata(path).map(|meta| (meta.mtime(), meta.size())).unwrap();
    assert_eq!(meta(&replicas[0]), meta(&bench.store.object_path(digest)), "one ETag for both");
}

#[test]
fn a_damaged_object_is_not_copied_to_a_replica() {
    let bench = Bench::new();
    let digest = bench.object(b"bytes");
    std::fs::write(bench.store.object_path(digest), b"BYTES").unwrap();
    let linker = Linker::new(&bench.store, &bench.writer).unwrap();
    assert!(linker.link_replica(digest, &bench.folder(), Path::new("a")).is_err());
    assert!(bench.store.replicas(digest).is_empty());
}
