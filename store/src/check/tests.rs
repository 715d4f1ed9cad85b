//! Every kind of damage, and the finding that names it.
#![expect(clippy::disallowed_methods, reason = "tests damage what a store holds")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::*;
use crate::lock::Asker;
use crate::scan::{Adopt, Reading, Seal, Sealed};
use crate::{Class, RelPath, Silent};

struct Plain;

impl Reading for Plain {
    fn class(&self, _: &RelPath, _: Class) -> Class {
        Class::Other
    }
    fn added(&self) -> Vec<(RelPath, RelPath)> {
        Vec::new()
    }
    fn roots(&self) -> Vec<RelPath> {
        Vec::new()
    }
    fn evidence(&self) -> crate::Evidence {
        crate::Evidence::none()
    }
}

/// A store with one snapshot of one file.
fn store(dir: &Path) -> (Store, Record, PathBuf) {
    let tree = dir.join("tree");
    std::fs::create_dir(&tree).unwrap();
    std::fs::write(tree.join("file"), "content").unwrap();
    let store = Store::create(&dir.join("root")).unwrap();
    let asker = Asker { verb: "test".into(), wait: Duration::from_secs(10) };
    let lock = store.lock_mirror(&"m".parse().unwrap(), &asker).unwrap();
    let writer = store.writer(&asker).unwrap();
    let draft = store.scan(&lock, &asker, (&tree, Adopt::Copy), &Silent).unwrap();
    let now = Stamp::from_seconds(1000);
    let seal = Seal {
        now,
        taken: None,
        family: "files".into(),
        source: String::new(),
        even_if_unchanged: false,
    };
    let Sealed::New(record) = store.seal(&lock, &writer, draft, &Plain, &seal).unwrap() else {
        panic!("unchanged")
    };
    let object = store.object_path(Digest::of(b"content"));
    (store, record, object)
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

fn rewrite(path: &Path, bytes: &[u8]) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o444)).unwrap();
}

#[test]
fn a_whole_store_has_no_findings() {
    let dir = tempfile::tempdir().unwrap();
    let (store, record, _) = store(dir.path());
    for depth in [Depth::Quick, Depth::Deep] {
        assert_eq!(codes(&store.fsck(depth, &Silent).unwrap()), []);
        assert_eq!(codes(&store.verify(&record.mirror, record.taken, depth, &Silent).unwrap()), []);
    }
    assert_eq!(store.verify(&record.mirror, record.taken, Depth::Deep, &Silent).unwrap().bytes, 7);
}

/// Damages an object's file.
type Damage = fn(&Path);

#[test]
fn damage_to_an_object_is_named() {
    let cases: [(Damage, Depth, Code); 7] = [
        (
            |path| {
                let file = std::fs::File::open(path).unwrap();
                file.set_modified(std::time::UNIX_EPOCH).unwrap();
            },
            Depth::Quick,
            Code::ObjectTime,
        ),
        (|path| std::fs::remove_file(path).unwrap(), Depth::Quick, Code::ObjectMissing),
        (|path| rewrite(path, b"cont"), Depth::Quick, Code::ObjectSize),
        (|path| rewrite(path, b"CONTENT"), Depth::Deep, Code::ObjectContent),
        (
            |path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap(),
            Depth::Quick,
            Code::ObjectMode,
        ),
        (
            |path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o4555)).unwrap(),
            Depth::Quick,
            Code::ObjectMode,
        ),
        (
            |path| {
                std::fs::remove_file(path).unwrap();
                std::fs::create_dir(path).unwrap();
            },
            Depth::Quick,
            Code::ObjectMode,
        ),
    ];
    for (damage, depth, code) in cases {
        let dir = tempfile::tempdir().unwrap();
        let (store, record, object) = store(dir.path());
        damage(&object);
        for report in [
            store.fsck(depth, &Silent).unwrap(),
            store.verify(&record.mirror, record.taken, depth, &Silent).unwrap(),
        ] {
            assert_eq!(codes(&report), [code]);
            assert!(
                report.findings[0].subject.contains("file")
                    && report.findings[0].subject.contains("m@"),
                "{report:?}"
            );
        }
    }
}

#[test]
fn damage_to_manifest_record_and_index_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (store, record, _) = store(dir.path());
    std::fs::write(store.root().join("objects/00/stray"), "x").unwrap();
    assert_eq!(codes(&store.fsck(Depth::Quick, &Silent).unwrap()), [Code::ObjectStray]);
    std::fs::remove_file(store.root().join("objects/00/stray")).unwrap();
    let manifest = store.manifest_path(record.manifest);
    let whole = std::fs::read(&manifest).unwrap();
    for bytes in [&whole[..whole.len() / 2], b"", b"not a manifest"] {
        rewrite(&manifest, bytes);
        assert_eq!(codes(&store.fsck(Depth::Quick, &Silent).unwrap()), [Code::ManifestDamaged]);
        assert_eq!(
            codes(&store.verify(&record.mirror, record.taken, Depth::Quick, &Silent).unwrap()),
            [Code::ManifestDamaged]
        );
    }
    rewrite(&manifest, &whole);
    let path = store.record_path(&record.mirror, record.taken);
    let text = std::fs::read_to_string(&path).unwrap();
    for bad in
        [text.replace("files = 1", "files = 2"), text.replace("taken", "token"), String::new()]
    {
        rewrite(&path, bad.as_bytes());
        assert_eq!(
            codes(&store.verify(&record.mirror, record.taken, Depth::Quick, &Silent).unwrap()),
            [Code::RecordDamaged]
        );
    }
    rewrite(&path, text.as_bytes());
    std::fs::rename(&path, store.record_path(&record.mirror, Stamp::from_seconds(2000))).unwrap();
    assert!(codes(&store.fsck(Depth::Quick, &Silent).unwrap()).contains(&Code::IndexStale));
    std::fs::rename(store.record_path(&record.mirror, Stamp::from_seconds(2000)), &path).unwrap();
    std::fs::write(store.root().join("index.sqlite"), "no database").unwrap();
    for suffix in ["-wal", "-shm"] {
        drop(std::fs::remove_file(store.root().join(format!("index.sqlite{suffix}"))));
    }
    assert_eq!(codes(&store.fsck(Depth::Quick, &Silent).unwrap()), [Code::IndexDamaged]);
    assert_eq!(
        std::fs::read(store.root().join("index.sqlite")).unwrap(),
        b"no database",
        "never silently made anew"
    );
}

#[test]
fn what_cannot_be_read_is_a_finding_and_the_check_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (store, record, _) = store(dir.path());
    let path = store.record_path(&record.mirror, record.taken);
    let pins = path.with_file_name(format!("{}.pins", record.taken));
    std::fs::create_dir(&pins).unwrap();
    std::fs::write(pins.join("hold"), "garbage").unwrap();
    let check = || codes(&store.fsck(Depth::Quick, &Silent).unwrap());
    assert_eq!(check(), [Code::PinDamaged]);
    std::fs::remove_dir_all(&pins).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(check(), [Code::RecordDamaged]);
    let verified = store.verify(&record.mirror, record.taken, Depth::Quick, &Silent).unwrap();
    assert_eq!(codes(&verified), [Code::RecordDamaged]);
}

#[test]
fn what_a_run_is_in_the_middle_of_is_no_finding() {
    let dir = tempfile::tempdir().unwrap();
    let (store, record, object) = store(dir.path());
    // A drop: the index has let go of the object, its file is gone, its row goes with the batch.
    let mut index = store.index().unwrap();
    let aside = dir.path().join("record");
    let path = store.record_path(&record.mirror, record.taken);
    std::fs::rename(&path, &aside).unwrap();
    index.drop_snapshot(&record.mirror, record.taken).unwrap();
    std::fs::remove_file(&object).unwrap();
    assert_eq!(codes(&store.fsck(Depth::Quick, &Silent).unwrap()), []);
    // A seal: the record stands, its rows come while the writer's lock is held.
    let asker = Asker { verb: "test".into(), wait: Duration::ZERO };
    assert!(!store.is_written());
    let writer = store.writer(&asker).unwrap();
    assert!(store.is_written());
    std::fs::rename(&aside, &path).unwrap();
    std::fs::write(&object, "content").unwrap();
    std::fs::set_permissions(&object, std::fs::Permissions::from_mode(0o444)).unwrap();
    let found = std::thread::scope(|scope| {
        let check = scope.spawn(|| codes(&store.fsck(Depth::Quick, &Silent).unwrap()));
        std::thread::sleep(PAUSE);
        let mut entries = store.manifest(record.manifest).unwrap();
        index
            .add_snapshot(&record, &mut crate::manifest::diff(std::iter::empty(), &mut entries))
            .unwrap();
        drop(writer);
        check.join().unwrap()
    });
    assert!(!found.contains(&Code::IndexStale), "{found:?}");
}
