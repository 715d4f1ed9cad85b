//! Scanning and sealing real folders, counted through a tally.
#![expect(clippy::disallowed_methods, reason = "tests make the trees that are taken")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use super::*;
use crate::lock::{Asker, Writer};
use crate::{Code, Counter, Digest, Entry, Name, Node, Tally};

mod adopt;
mod seal;

struct Bench {
    dir: tempfile::TempDir,
    store: Store,
}

/// A family that calls `*.deb` fixed and adds what it is told to.
#[derive(Default)]
struct Plain {
    added: Vec<(RelPath, RelPath)>,
}

impl Reading for Plain {
    fn class(&self, path: &RelPath, _: Class) -> Class {
        if path.as_bytes().ends_with(b".deb") { Class::Fixed } else { Class::Other }
    }
    fn added(&self) -> Vec<(RelPath, RelPath)> {
        self.added.clone()
    }
    fn roots(&self) -> Vec<RelPath> {
        Vec::new()
    }
    fn evidence(&self) -> Evidence {
        Evidence::none()
    }
}

fn asker() -> Asker {
    Asker { verb: "test".into(), wait: Duration::from_secs(10) }
}

fn mirror() -> Name {
    "m".parse().unwrap()
}

fn rel(path: &[u8]) -> RelPath {
    RelPath::parse(path).unwrap()
}

fn seal_at(seconds: i64) -> Seal {
    let now = Stamp::from_seconds(seconds);
    Seal {
        now,
        taken: None,
        family: "files".into(),
        source: "test".into(),
        even_if_unchanged: false,
    }
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(&dir.path().join("root")).unwrap();
        std::fs::create_dir(dir.path().join("tree")).unwrap();
        Self { dir, store }
    }

    fn at(&self, path: impl AsRef<OsStr>) -> PathBuf {
        self.dir.path().join("tree").join(path.as_ref())
    }

    fn write(&self, path: impl AsRef<OsStr>, bytes: &[u8], mtime: u64) -> PathBuf {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        set_mtime(&path, mtime);
        path
    }

    fn locks(&self) -> (MirrorLock, Writer) {
        let asker = asker();
        (self.store.lock_mirror(&mirror(), &asker).unwrap(), self.store.writer(&asker).unwrap())
    }

    fn scan(&self, adopt: Adopt) -> (Result<Draft>, Tally) {
        let tally = Tally::default();
        let (lock, _writer) = self.locks();
        (self.store.scan(&lock, &asker(), (&self.at(""), adopt), &tally), tally)
    }

    fn entries(&self, adopt: Adopt) -> (Vec<Entry>, Tally) {
        let (draft, tally) = self.scan(adopt);
        (self.store.draft_entries(&draft.unwrap()).unwrap().map(Result::unwrap).collect(), tally)
    }

    fn seal(&self, reading: &Plain, seal: &Seal) -> Result<Sealed> {
        let (lock, writer) = self.locks();
        let draft =
            self.store.scan(&lock, &asker(), (&self.at(""), Adopt::Copy), &crate::Silent)?;
        self.store.seal(&lock, &writer, draft, reading, seal)
    }

    /// Makes the cache vouch for the files as they are now, as if the last scan had been long ago.
    fn age_cache(&self, paths: &[&str]) {
        let root = disk::open_dir(&self.at("")).unwrap();
        let row = |path: &&str| {
            let bytes = std::fs::read(self.at(path)).unwrap();
            let path = rel(path.as_bytes());
            let seen = disk::content::look_at(&root, &path).unwrap();
            (path, seen, Digest::of(&bytes))
        };
        let rows: Vec<_> = paths.iter().map(row).collect();
        self.store.index().unwrap().remember_seen(&mirror(), &rows, &[]).unwrap();
    }

    fn cached(&self) -> Vec<String> {
        let rows = self.store.index().unwrap().seen_after(&mirror(), None, 100).unwrap();
        rows.into_iter().map(|(path, ..)| path.to_string()).collect()
    }
}

fn set_mtime(path: &Path, seconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    std::fs::File::open(path).unwrap().set_modified(time).unwrap();
}

fn new(sealed: Sealed) -> Record {
    match sealed {
        Sealed::New(record) => record,
        Sealed::Unchanged(record) => panic!("unchanged since {}", record.taken),
    }
}

#[test]
fn the_same_bytes_are_stored_once() {
    let bench = Bench::new();
    let large = vec![7; 300_000];
    for (path, bytes) in [
        ("a", &b"x"[..]),
        ("b/c", b"x"),
        ("d", b"y"),
        ("big", &large),
        ("e/big", &large),
        ("empty", b""),
    ] {
        bench.write(path, bytes, 1_000_000);
    }
    let (entries, tally) = bench.entries(Adopt::Copy);
    assert_eq!(
        (
            tally.get(Counter::FilesSeen),
            tally.get(Counter::FilesRead),
            tally.get(Counter::ObjectsWritten)
        ),
        (6, 6, 4)
    );
    assert_eq!(tally.get(Counter::BytesWritten), 300_002);
    let paths: Vec<String> = entries.iter().map(|e| e.path.to_string()).collect();
    assert_eq!(paths, ["a", "b/c", "big", "d", "e/big", "empty"]);
    let (again, tally) = bench.entries(Adopt::Copy);
    assert_eq!((again, tally.get(Counter::ObjectsWritten)), (entries, 0));
    assert_eq!(
        disk::names(&bench.store.root().join("incoming")).unwrap().len(),
        0,
        "nothing stays aside"
    );
}

#[test]
fn objects_are_closed_and_no_two_share_size_and_time() {
    let bench = Bench::new();
    for name in 0..50 {
        bench.write(format!("f{name:02}"), format!("{name:02}").as_bytes(), 1_000_000);
    }
    let (entries, _) = bench.entries(Adopt::Copy);
    let mut times = BTreeMap::new();
    for entry in entries {
        let Node::File { digest, .. } = entry.node else { panic!("{entry:?}") };
        let meta = std::fs::metadata(bench.store.object_path(digest)).unwrap();
        assert_eq!(meta.mode() & 0o7777, 0o444);
        assert_eq!(times.insert(meta.mtime(), digest), None);
    }
    assert!(times.contains_key(&1_000_000), "one of them keeps its time");
}

#[test]
fn a_file_that_the_cache_vouches_for_is_not_read() {
    let bench = Bench::new();
    bench.write("a", b"one", 1_000_000);
    bench.write("b", b"two", 1_000_000);
    let (entries, _) = bench.entries(Adopt::Copy);
    assert_eq!(
        bench.cached(),
        Vec::<String>::new(),
        "files as young as the scan are not vouched for"
    );
    bench.age_cache(&["a", "b"]);
    let (again, tally) = bench.entries(Adopt::Copy);
    assert_eq!(
        (
            tally.get(Counter::FilesSeen),
            tally.get(Counter::FilesRead),
            tally.get(Counter::BytesRead)
        ),
        (2, 0, 0)
    );
    assert_eq!(again, entries);
}

#[test]
fn a_changed_file_is_read_again_though_size_and_time_are_the_same() {
    let bench = Bench::new();
    bench.write("a", b"one", 1_000_000);
    bench.write("b", b"two", 1_000_000);
    bench.entries(Adopt::Copy);
    bench.age_cache(&["a", "b"]);
    std::fs::remove_file(bench.at("b")).unwrap();
    bench.write("b", b"TWO", 1_000_000);
    let (entries, tally) = bench.entries(Adopt::Copy);
    assert_eq!((tally.get(Counter::FilesRead), tally.get(Counter::ObjectsWritten)), (1, 1));
    assert!(matches!(&entries[1].node, Node::File { digest, .. } if *digest == Digest::of(b"TWO")));
}

#[test]
fn rows_of_files_that_went_are_forgotten() {
    let bench = Bench::new();
    for name in ["a", "b", "c", "z"] {
        bench.write(name, name.as_bytes(), 1_000_000);
    }
    bench.entries(Adopt::Copy);
    bench.age_cache(&["a", "b", "c", "z"]);
    std::fs::remove_file(bench.at("b")).unwrap();
    std::fs::remove_file(bench.at("z")).unwrap();
    bench.entries(Adopt::Copy);
    assert_eq!(bench.cached(), ["a", "c"]);
}

#[test]
fn an_object_that_went_or_was_cut_is_healed_from_the_source() {
    let bench = Bench::new();
    bench.write("a", b"one", 1_000_000);
    bench.write("b", b"two", 1_000_000);
    bench.entries(Adopt::Copy);
    bench.age_cache(&["a", "b"]);
    let (a, b) =
        (bench.store.object_path(Digest::of(b"one")), bench.store.object_path(Digest::of(b"two")));
    std::fs::remove_file(&a).unwrap();
    std::fs::set_permissions(&b, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(&b, b"").unwrap();
    let (_, tally) = bench.entries(Adopt::Copy);
    assert_eq!(tally.get(Counter::ObjectsWritten), 2);
    assert_eq!(
        (std::fs::read(a).unwrap(), std::fs::read(b).unwrap()),
        (b"one".to_vec(), b"two".to_vec())
    );
}

#[test]
fn hostile_names_are_kept_byte_for_byte() {
    let bench = Bench::new();
    let names: [&[u8]; 7] =
        [b"new\nline", b"\xff\xfe", b"tab\there", b"back\\slash", b" ", b"-rf", b"caf\xc3\xa9"];
    for name in names {
        bench.write(OsStr::from_bytes(name), name, 1_000_000);
    }
    let (entries, _) = bench.entries(Adopt::Copy);
    let mut want = names.to_vec();
    want.sort_unstable();
    assert_eq!(entries.iter().map(|e| e.path.as_bytes()).collect::<Vec<_>>(), want);
}

#[test]
fn the_walk_has_the_order_of_whole_paths() {
    let bench = Bench::new();
    for path in ["a/x", "a.b", "a-", "a0", "b/c/d", "b/c.d"] {
        bench.write(path, path.as_bytes(), 1_000_000);
    }
    std::fs::create_dir(bench.at("hollow")).unwrap();
    let paths: Vec<String> =
        bench.entries(Adopt::Copy).0.iter().map(|e| e.path.to_string()).collect();
    assert_eq!(paths, ["a-", "a.b", "a/x", "a0", "b/c.d", "b/c/d"]);
}

#[test]
fn links_that_stay_inside_are_kept_as_written() {
    let bench = Bench::new();
    bench.write("pool/a", b"a", 1_000_000);
    for (path, target) in [
        ("l1", "pool/a"),
        ("l2", "./pool//a"),
        ("l3", "gone"),
        ("pool/up", "../l1"),
        ("pool/dot", ".."),
    ] {
        symlink(target, bench.at(path)).unwrap();
    }
    let (entries, _) = bench.entries(Adopt::Copy);
    let target =
        |path: &str| match &entries.iter().find(|e| e.path == rel(path.as_bytes())).unwrap().node {
            Node::Link { target } => String::from_utf8(target.to_vec()).unwrap(),
            Node::File { .. } => panic!("{path}"),
        };
    assert_eq!(
        ["l1", "l2", "l3", "pool/up", "pool/dot"].map(target),
        ["pool/a", "./pool//a", "gone", "../l1", ".."]
    );
}

#[test]
fn special_files_and_links_that_leave_are_refused_all_by_name() {
    let bench = Bench::new();
    bench.write("fine", b"x", 1_000_000);
    bench.write("deep/er/x", b"x", 1_000_000);
    rustix::fs::mkfifoat(rustix::fs::CWD, bench.at("fifo"), rustix::fs::Mode::from_raw_mode(0o644))
        .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(bench.at("socket")).unwrap();
    let links = [
        ("absolute", "/etc/passwd"),
        ("out", "../x"),
        ("deep/out", "../../x"),
        ("deep/er/l", "../.."),
        ("chain", "deep/er/l/../../../etc"),
    ];
    for (path, target) in links {
        symlink(target, bench.at(path)).unwrap();
    }
    let (draft, tally) = bench.scan(Adopt::Copy);
    assert!(matches!(&draft, Err(Error::Refused { count: 6, .. })), "{draft:?}");
    let problems = tally.problems();
    assert!(problems.iter().all(|p| p.code == Code::SourceSkipped));
    let mut named: Vec<&str> = problems.iter().map(|p| p.subject.as_str()).collect();
    named.sort_unstable();
    assert_eq!(named, ["absolute", "chain", "deep/out", "fifo", "out", "socket"]);
}

#[test]
fn more_than_one_batch_keeps_the_order() {
    let bench = Bench::new();
    for n in 0..5000 {
        bench.write(format!("{:02}/{n:04}", n % 7), format!("{}", n % 100).as_bytes(), 1_000_000);
    }
    let (entries, tally) = bench.entries(Adopt::Copy);
    assert_eq!((entries.len(), tally.get(Counter::ObjectsWritten)), (5000, 100));
    assert!(entries.is_sorted_by(|a, b| a.path < b.path));
}

/// Takes the store for itself whenever the scan shows that it goes on.
struct Greedy<'a> {
    store: &'a Store,
    taken: std::sync::atomic::AtomicU32,
}

impl Monitor for Greedy<'_> {
    fn count(&self, _: Counter, _: u64) {}
    fn step(&self, _: &str, _: Option<u64>) {}
    fn transfer(&self, _: &str, _: u64, _: u64) {}
    fn advance(&self, _: u64) {
        drop(self.store.collector(&asker()).unwrap());
        self.taken.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
    fn problem(&self, _: &crate::Finding) {}
}

#[test]
fn a_scan_holds_the_store_for_a_batch_only() {
    let bench = Bench::new();
    for number in 0..2_000 {
        bench.write(format!("{number}"), format!("{number}").as_bytes(), 1_000_000);
    }
    let lock = bench.store.lock_mirror(&mirror(), &asker()).unwrap();
    let greedy = Greedy { store: &bench.store, taken: 0.into() };
    let from = bench.at("");
    let draft = bench.store.scan(&lock, &asker(), (&from, Adopt::Copy), &greedy).unwrap();
    assert_eq!(draft.totals.files, 2_000);
    assert!(greedy.taken.into_inner() >= 2, "collection went on beside it");
}

#[test]
fn a_dead_process_leaves_nothing_in_the_way() {
    let bench = Bench::new();
    let incoming = bench.store.root().join("incoming");
    let own = std::process::id();
    for number in 0..2000 {
        std::fs::write(
            incoming.join(format!("{own}.{number}")),
            b"left by a process with our number",
        )
        .unwrap();
    }
    std::fs::write(incoming.join("4194305.1"), b"no process has this number").unwrap();
    for name in ["a", "b", "c"] {
        bench.write(name, name.as_bytes(), 1_000_000);
    }
    assert_eq!(bench.entries(Adopt::Link).0.len(), 3);
    assert!(!incoming.join("4194305.1").exists());
    assert_eq!(bench.entries(Adopt::Copy).0.len(), 3);
}
