//! Healing as the store does it; what it means for trees is tested with the whole program.
#![expect(clippy::disallowed_methods, reason = "tests damage what a store holds")]

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;
use crate::lock::Asker;
use crate::{Silent, Sums};

fn asker() -> Asker {
    Asker { verb: "test".into(), wait: Duration::from_secs(10) }
}

/// A store with one object that no snapshot names.
fn store(dir: &Path, bytes: &[u8]) -> (Store, ObjectRow) {
    let store = Store::create(&dir.join("root")).unwrap();
    let mut arrival = store.arrival(None).unwrap();
    arrival.write(bytes).unwrap();
    let landed = arrival.finish(1_000).unwrap();
    let writer = store.writer(&asker()).unwrap();
    let mut index = store.index().unwrap();
    store.keep(&mut index, &writer, vec![landed], &Silent).unwrap();
    let row = index.object(Digest::of(bytes)).unwrap().unwrap();
    (store, row)
}

fn rewrite(path: &Path, bytes: &[u8]) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_candidate_is_believed_by_its_bytes_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (store, row) = store(dir.path(), b"content");
    let object = store.object_path(row.digest);
    let names = ["same size", "longer", "right"].map(|name| dir.path().join(name));
    for (name, bytes) in names.iter().zip([&b"CONTENT"[..], b"content!", b"content"]) {
        std::fs::write(name, bytes).unwrap();
    }
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&names[2], &link).unwrap();
    let writer = store.writer(&asker()).unwrap();
    let heal = |candidates: &[PathBuf], run| {
        store.heal(&writer, &row, (candidates, run), &Silent).unwrap()
    };
    assert_eq!(heal(&names, Run::Real), Healed::Sound);
    rewrite(&object, b"CONTENT");
    assert_eq!(heal(&names[..2], Run::Real), Healed::Nothing);
    assert_eq!(heal(&[link, dir.path().to_owned()], Run::Real), Healed::Nothing);
    assert_eq!(heal(&names, Run::Dry), Healed::From(names[2].clone()));
    assert_eq!(std::fs::read(&object).unwrap(), b"CONTENT", "a dry run changes nothing");
    assert_eq!(heal(&names, Run::Real), Healed::From(names[2].clone()));
    assert_eq!(std::fs::read(&object).unwrap(), b"content");
    let meta = object.symlink_metadata().unwrap();
    assert_eq!((meta.mtime(), meta.mode() & 0o7777), (row.mtime, 0o444));
    let candidate = names[2].symlink_metadata().unwrap();
    assert_ne!(meta.ino(), candidate.ino(), "what is not the store's own is copied");
    assert_eq!(heal(&[], Run::Real), Healed::Sound);
}

#[test]
fn whatever_stands_in_an_objects_place_gives_way() {
    let stand: [fn(&Path); 4] = [
        |path| std::os::unix::fs::symlink("/etc/passwd", path).unwrap(),
        |path| std::fs::create_dir(path).unwrap(),
        |path| {
            let mode = rustix::fs::Mode::from_raw_mode(0o644);
            let fifo = rustix::fs::FileType::Fifo;
            rustix::fs::mknodat(rustix::fs::CWD, path, fifo, mode, 0).unwrap();
        },
        |_| {},
    ];
    for put in stand {
        let dir = tempfile::tempdir().unwrap();
        let (store, row) = store(dir.path(), b"content");
        let (object, copy) = (store.object_path(row.digest), dir.path().join("copy"));
        std::fs::rename(&object, &copy).unwrap();
        put(&object);
        let writer = store.writer(&asker()).unwrap();
        let healed = store.heal(&writer, &row, (&[copy], Run::Real), &Silent).unwrap();
        assert!(matches!(healed, Healed::From(_)), "{healed:?}");
        assert_eq!(std::fs::read(&object).unwrap(), b"content");
    }
}

#[test]
fn what_came_from_elsewhere_heals_only_its_own_object() {
    let dir = tempfile::tempdir().unwrap();
    let (store, row) = store(dir.path(), b"content");
    let land = |bytes: &[u8]| {
        let sum = crate::Checksum::sha256(&Sums::of(bytes).sha256);
        let mut arrival = store.arrival(Some(sum)).unwrap();
        arrival.write(bytes).unwrap();
        arrival.finish(77).unwrap()
    };
    rewrite(&store.object_path(row.digest), b"CONTENT");
    let writer = store.writer(&asker()).unwrap();
    assert!(store.heal_with(&writer, &row, &land(b"CONTENT"), &Silent).is_err());
    let healed = store.heal_with(&writer, &row, &land(b"content"), &Silent).unwrap();
    assert!(matches!(healed, Healed::From(_)), "{healed:?}");
    let meta = store.object_path(row.digest).symlink_metadata().unwrap();
    assert_eq!(meta.mtime(), row.mtime, "web servers see the same version");
    assert_eq!(std::fs::read(store.object_path(row.digest)).unwrap(), b"content");
}

#[test]
fn what_is_set_aside_was_read_once_more_under_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let (store, row) = store(dir.path(), b"content");
    let collector = store.collector(&asker()).unwrap();
    assert_eq!(store.set_aside(&collector, &row).unwrap(), Aside::Sound);
    rewrite(&store.object_path(row.digest), b"CONTENT");
    let to = store.quarantine().join(row.digest.to_string());
    assert_eq!(store.set_aside(&collector, &row).unwrap(), Aside::Moved(to));
    assert_eq!(store.set_aside(&collector, &row).unwrap(), Aside::Missing);
    assert_eq!(store.set_aside_objects().unwrap(), [row.digest]);
    store.forget_set_aside(row.digest).unwrap();
    assert_eq!(store.set_aside_objects().unwrap(), []);
}
