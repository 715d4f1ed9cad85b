//! Every kind of damage, and the finding that names it.
#![expect(clippy::disallowed_methods, reason = "tests damage what a store holds")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::*;
use crate::lock::Asker;
use crate::scan::{Adopt, Reading, Seal, Sealed};
use crate::{Class, RelPath, Silent};

fn now() -> Stamp {
    Stamp::from_seconds(2_000)
}

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

/// Other bytes under the same time, as a bad disk gives them: a second may pass while the test runs.
fn rewrite(path: &Path, bytes: &[u8]) {
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(path, bytes).unwrap();
    std::fs::File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o444)).unwrap();
}

#[test]
fn a_whole_store_has_no_findings() {
    let dir = tempfile::tempdir().unwrap();
    let (store, record, _) = store(dir.path());
    for depth in [Depth::Quick, Depth::Deep] {
        assert_eq!(
            codes(&store.fsck(&Effort { depth, ..Effort::quick(now()) }, &Silent).unwrap()),
            []
        );
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
            store.fsck(&Effort { depth, ..Effort::quick(now()) }, &Silent).unwrap(),
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
    assert_eq!(codes(&store.fsck(&Effort::quick(now()), &Silent).unwrap()), [Code::ObjectStray]);
    std::fs::remove_file(store.root().join("objects/00/stray")).unwrap();
    let manifest = store.manifest_path(record.manifest);
    let whole = std::fs::read(&manifest).unwrap();
    for bytes in [&whole[..whole.len() / 2], b"", b"not a manifest"] {
        rewrite(&manifest, bytes);
        assert_eq!(
            codes(&store.fsck(&Effort::quick(now()), &Silent).unwrap()),
            [Code::ManifestDamaged]
        );
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
    assert!(
        codes(&store.fsck(&Effort::quick(now()), &Silent).unwrap()).contains(&Code::IndexStale)
    );
    std::fs::rename(store.record_path(&record.mirror, Stamp::from_seconds(2000)), &path).unwrap();
    std::fs::write(store.root().join("index.sqlite"), "no database").unwrap();
    for suffix in ["-wal", "-shm"] {
        drop(std::fs::remove_file(store.root().join(format!("index.sqlite{suffix}"))));
    }
    assert_eq!(codes(&store.fsck(&Effort::quick(now()), &Silent).unwrap()), [Code::IndexDamaged]);
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
    let check = || codes(&store.fsck(&Effort::quick(now()), &Silent).unwrap());
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
    assert_eq!(codes(&store.fsck(&Effort::quick(now()), &Silent).unwrap()), []);
    // A seal: the record stands, its rows come while the writer's lock is held.
    let asker = Asker { verb: "test".into(), wait: Duration::ZERO };
    assert!(!store.is_written());
    let writer = store.writer(&asker).unwrap();
    assert!(store.is_written());
    std::fs::rename(&aside, &path).unwrap();
    std::fs::write(&object, "content").unwrap();
    std::fs::set_permissions(&object, std::fs::Permissions::from_mode(0o444)).unwrap();
    let found = std::thread::scope(|scope| {
        let check = scope.spawn(|| codes(&store.fsck(&Effort::quick(now()), &Silent).unwrap()));
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

/// A store with one snapshot of many files, each of its own number as content.
fn many(dir: &Path, files: u32) -> Store {
    let tree = dir.join("tree");
    std::fs::create_dir(&tree).unwrap();
    for number in 0..files {
        std::fs::write(tree.join(number.to_string()), format!("content {number}")).unwrap();
    }
    let store = Store::create(&dir.join("root")).unwrap();
    let asker = Asker { verb: "test".into(), wait: Duration::from_secs(10) };
    let lock = store.lock_mirror(&"m".parse().unwrap(), &asker).unwrap();
    let writer = store.writer(&asker).unwrap();
    let draft = store.scan(&lock, &asker, (&tree, Adopt::Copy), &Silent).unwrap();
    let seal = Seal {
        now: Stamp::from_seconds(1000),
        taken: None,
        family: "files".into(),
        source: String::new(),
        even_if_unchanged: false,
    };
    store.seal(&lock, &writer, draft, &Plain, &seal).unwrap();
    store
}

fn files_read(report: &Report) -> u64 {
    // Every content has nine or more bytes: enough to tell how many were read.
    report.bytes / "content 0".len() as u64
}

#[test]
fn so_many_subsets_read_everything_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = many(dir.path(), 300);
    let whole = store.fsck(&Effort::deep(now()), &Silent).unwrap().bytes;
    for of in [1_u16, 2, 7, 30] {
        let part = |number: u16| Part::Subset(format!("{number}/{of}").parse().unwrap());
        let read = |number| {
            let effort = Effort { part: part(number), ..Effort::deep(now()) };
            store.fsck(&effort, &Silent).unwrap().bytes
        };
        let parts: Vec<u64> = (1..=of).map(read).collect();
        assert_eq!(parts.iter().sum::<u64>(), whole, "of {of}: {parts:?}");
        assert!(parts.iter().all(|bytes| *bytes > 0), "of {of}: {parts:?}");
    }
    for bad in ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", "1/65536"] {
        assert!(bad.parse::<Subset>().is_err(), "{bad}");
    }
}

#[test]
fn a_budget_begins_with_what_was_not_read_for_the_longest_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = many(dir.path(), 40);
    let budget = |time| Effort { part: Part::Budget(time), ..Effort::deep(now()) };
    let none = store.fsck(&budget(Duration::ZERO), &Silent).unwrap();
    assert_eq!((none.bytes, none.files), (0, 40), "time is up at once, and all was looked at");
    assert_eq!(store.index().unwrap().last_read().unwrap().never, 40);
    let half = Effort { part: Part::Subset("1/2".parse().unwrap()), ..Effort::deep(now()) };
    let first = files_read(&store.fsck(&half, &Silent).unwrap());
    let left = store.index().unwrap().last_read().unwrap().never;
    assert!(first > 0 && left > 0 && left < 40, "{first} {left}");
    let index = store.index().unwrap();
    let all = Part::Whole.digests();
    let mut list = crate::index::Unread::new(Stamp::from_seconds(i64::MAX), all);
    let order = index.unread(&mut list, 100).unwrap();
    let (never, read) = order.split_at(usize::try_from(left).unwrap());
    let in_half = |row: &(i64, crate::index::ObjectRow)| row.1.digest.as_bytes()[0] < 0x80;
    assert!(never.iter().all(|row| !in_half(row)) && read.iter().all(in_half));
    store.fsck(&budget(Duration::from_secs(600)), &Silent).unwrap();
    let read = index.last_read().unwrap();
    assert_eq!((read.never, read.objects, read.whole), (0, 40, None));
}

#[test]
fn an_interrupted_reading_is_gone_on_with_and_a_finished_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = many(dir.path(), 50);
    let mut index = store.index().unwrap();
    let pass = index.begin_pass(now()).unwrap();
    assert!(!pass.is_resumed);
    let rows = index.unread(&mut crate::index::Unread::new(pass.began, Part::Whole.digests()), 30);
    let numbers: Vec<i64> = rows.unwrap().iter().map(|(number, _)| *number).collect();
    index.remember_read(&numbers, pass.began, now()).unwrap();
    let read = index.last_read().unwrap();
    assert_eq!((read.never, read.pass, read.whole), (20, Some(pass.began), None));
    let deep = || store.fsck(&Effort::deep(now()), &Silent).unwrap();
    let rest = files_read(&deep());
    assert!((20..=23).contains(&rest), "the rest was read: {rest}");
    let read = index.last_read().unwrap();
    assert_eq!((read.never, read.pass, read.whole), (0, None, Some(pass.began)));
    assert!(files_read(&deep()) >= 50, "a new pass reads everything, in the same second too");
    // What was begun long ago says little of today.
    index.begin_pass(now()).unwrap();
    let later = Stamp::from_seconds(now().seconds() + 8 * 86_400);
    assert!(!index.begin_pass(later).unwrap().is_resumed);
}

#[test]
fn damage_is_found_by_each_run_until_it_is_healed() {
    let dir = tempfile::tempdir().unwrap();
    let store = many(dir.path(), 20);
    rewrite(&store.object_path(Digest::of(b"content 7")), b"content 8");
    let time = store.index().unwrap().object(Digest::of(b"content 7")).unwrap().unwrap().mtime;
    crate::disk::content::dress_path(&store.object_path(Digest::of(b"content 7")), time).unwrap();
    for _ in 0..2 {
        let report = store.fsck(&Effort::deep(now()), &Silent).unwrap();
        assert_eq!(codes(&report), [Code::ObjectContent]);
        assert_eq!(report.objects.into_iter().collect::<Vec<_>>(), [Digest::of(b"content 7")]);
    }
    assert_eq!(store.index().unwrap().last_read().unwrap().never, 1);
}

#[test]
fn reading_keeps_to_its_pace() {
    let pace = bytes::Pace::new(Some(1_000));
    let begun = std::time::Instant::now();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, [0; 100]).unwrap();
    for _ in 0..4 {
        bytes::hash(&file, &pace).unwrap();
    }
    assert!(begun.elapsed() >= Duration::from_millis(300), "400 bytes at 1,000 a second");
}
