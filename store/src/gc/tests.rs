//! Random lives of a store against a plain map.
#![expect(clippy::disallowed_methods, reason = "tests make the trees that are taken")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::check::Effort;
use crate::scan::{Adopt, Reading, Seal, Sealed};
use crate::{Class, Node, RelPath, Silent};

struct Plain;

impl Reading for Plain {
    fn class(&self, _: &RelPath, _: Class) -> Class {
        Class::Fixed
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

/// One step of a life.
#[derive(Debug, Clone)]
enum Step {
    Write(u8, u8),
    Remove(u8),
    Snapshot,
    Drop(usize),
    Sweep,
    Rebuild,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..8_u8, 0..5_u8).prop_map(|(path, content)| Step::Write(path, content)),
        2 => (0..8_u8).prop_map(Step::Remove),
        4 => Just(Step::Snapshot),
        2 => (0..8_usize).prop_map(Step::Drop),
        1 => Just(Step::Sweep),
        1 => Just(Step::Rebuild),
    ]
}

type State = BTreeMap<String, u8>;

struct Life {
    _dir: tempfile::TempDir,
    tree: std::path::PathBuf,
    store: Store,
    now: State,
    kept: BTreeMap<Stamp, State>,
}

fn asker() -> Asker {
    Asker { verb: "test".into(), wait: Duration::from_secs(20) }
}

fn mirror() -> Name {
    "m".parse().unwrap()
}

/// Paths that cross each other's order: folders, and files whose names sort around the slash.
fn path(number: u8) -> String {
    ["a", "b/c", "b/d/e", "b-", "b0", "z/\n", "z/~", "c"][usize::from(number)].to_owned()
}

fn content(number: u8) -> Vec<u8> {
    vec![number; usize::from(number) * 40_000]
}

impl Life {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("tree");
        std::fs::create_dir(&tree).unwrap();
        let store = Store::create(&dir.path().join("root")).unwrap();
        Self { _dir: dir, tree, store, now: State::new(), kept: BTreeMap::new() }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Write(number, bytes) => {
                let place = self.tree.join(path(*number));
                std::fs::create_dir_all(place.parent().unwrap()).unwrap();
                std::fs::write(place, content(*bytes)).unwrap();
                self.now.insert(path(*number), *bytes);
            }
            Step::Remove(number) => {
                if self.now.remove(&path(*number)).is_some() {
                    std::fs::remove_file(self.tree.join(path(*number))).unwrap();
                }
            }
            Step::Snapshot => self.snapshot(),
            Step::Drop(number) => self.drop(*number),
            Step::Sweep => drop(self.store.sweep((Run::Real, &asker()), &Silent).unwrap()),
            Step::Rebuild => {
                let collector = self.store.collector(&asker()).unwrap();
                self.store.rebuild_index(&collector, &Silent).unwrap();
            }
        }
    }

    fn snapshot(&mut self) {
        let lock = self.store.lock_mirror(&mirror(), &asker()).unwrap();
        let writer = self.store.writer(&asker()).unwrap();
        let draft = self.store.scan(&lock, &asker(), (&self.tree, Adopt::Copy), &Silent).unwrap();
        let seal = Seal {
            now: Stamp::from_seconds(1000),
            taken: None,
            family: "files".into(),
            source: String::new(),
            even_if_unchanged: false,
        };
        let same = self.kept.last_key_value().is_some_and(|(_, state)| *state == self.now);
        match self.store.seal(&lock, &writer, draft, &Plain, &seal).unwrap() {
            Sealed::New(record) => {
                assert!(!same, "nothing changed");
                assert!(self.kept.insert(record.taken, self.now.clone()).is_none());
            }
            Sealed::Unchanged(record) => {
                assert!(same);
                assert_eq!(Some(&record.taken), self.kept.last_key_value().map(|(taken, _)| taken));
            }
        }
    }

    fn drop(&mut self, number: usize) {
        let Some(taken) = self.kept.keys().nth(number).copied() else { return };
        let lock = self.store.lock_mirror(&mirror(), &asker()).unwrap();
        let plan = self.store.drop_snapshot(&lock, taken, (Run::Dry, &asker()), &Silent).unwrap();
        let done = self.store.drop_snapshot(&lock, taken, (Run::Real, &asker()), &Silent).unwrap();
        assert_eq!(plan, done, "the dry run says what is done");
        self.kept.remove(&taken);
    }

    /// Compares everything that can be asked with the map.
    fn compare(&self) {
        assert_eq!(
            self.store.dates(&mirror()).unwrap(),
            self.kept.keys().copied().collect::<Vec<_>>()
        );
        for (taken, state) in &self.kept {
            let record = self.store.record(&mirror(), *taken).unwrap();
            let found: State = self
                .store
                .manifest(record.manifest)
                .unwrap()
                .map(|entry| {
                    let entry = entry.unwrap();
                    let Node::File { digest, size_bytes, .. } = entry.node else {
                        panic!("a link")
                    };
                    let number =
                        (0..5).find(|number| Digest::of(&content(*number)) == digest).unwrap();
                    assert_eq!(size_bytes, u64::from(number) * 40_000);
                    (String::from_utf8(entry.path.as_bytes().to_vec()).unwrap(), number)
                })
                .collect();
            assert_eq!(&found, state);
        }
        let index = self.store.index().unwrap();
        for number in 0..8 {
            let path = RelPath::parse(path(number).as_bytes()).unwrap();
            let spans = index.spans(&mirror(), &path).unwrap();
            for (taken, state) in &self.kept {
                let span: Vec<_> = spans.iter().filter(|span| span.covers(*taken)).collect();
                let digest = span.first().map(|span| match span.entry.node {
                    Node::File { digest, .. } => digest,
                    Node::Link { .. } => panic!("a link"),
                });
                let wanted = state
                    .get(&path.to_string().replace("\\x0a", "\n"))
                    .map(|number| Digest::of(&content(*number)));
                assert!(span.len() <= 1);
                assert_eq!(digest, wanted, "{path} in {taken}");
            }
        }
        assert!(
            self.store
                .fsck(&Effort::deep(Stamp::from_seconds(2000)), &Silent)
                .unwrap()
                .findings
                .is_empty()
        );
    }

    /// After a sweep the objects are exactly those that some snapshot needs.
    fn compare_objects(&self) {
        self.store.sweep((Run::Real, &asker()), &Silent).unwrap();
        let wanted: BTreeSet<Digest> = self
            .kept
            .values()
            .flat_map(|state| state.values())
            .map(|number| Digest::of(&content(*number)))
            .collect();
        let mut found = BTreeSet::new();
        for shard in 0..=255_u8 {
            let folder = self.store.root().join(format!("objects/{shard:02x}"));
            found.extend(
                disk::names(&folder).unwrap().iter().map(|name| digest_of(shard, name).unwrap()),
            );
        }
        assert_eq!(found, wanted);
        assert!(disk::names(&self.store.root().join("incoming")).unwrap().is_empty());
    }

    /// The spans of all paths, for comparing an index with one made anew.
    fn spans(&self) -> Vec<crate::index::Span> {
        let index = self.store.index().unwrap();
        (0..8)
            .flat_map(|number| {
                index.spans(&mirror(), &RelPath::parse(path(number).as_bytes()).unwrap()).unwrap()
            })
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn a_store_does_what_a_map_does(steps in proptest::collection::vec(step(), 1..24)) {
        let mut life = Life::new();
        for step in &steps {
            life.take(step);
        }
        life.compare();
        life.compare_objects();
        let spans = life.spans();
        life.take(&Step::Rebuild);
        prop_assert_eq!(life.spans(), spans, "an index made anew gives the same answers");
        life.compare();
    }
}

#[test]
fn a_lost_index_never_reads_as_everything_is_garbage() {
    let mut life = Life::new();
    life.take(&Step::Write(0, 1));
    life.take(&Step::Snapshot);
    for suffix in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(life.store.root().join(format!("index.sqlite{suffix}"))));
    }
    assert!(matches!(life.store.sweep((Run::Real, &asker()), &Silent), Err(Error::Stale { .. })));
    let object = life.store.object_path(Digest::of(&content(1)));
    assert!(object.exists());
    life.take(&Step::Rebuild);
    life.compare();
}

#[test]
fn a_pinned_snapshot_stays() {
    let mut life = Life::new();
    life.take(&Step::Write(0, 1));
    life.take(&Step::Snapshot);
    let taken = *life.kept.keys().next().unwrap();
    let lock = life.store.lock_mirror(&mirror(), &asker()).unwrap();
    let name = "audit".parse().unwrap();
    let pin = crate::refs::Pin {
        who: "me".into(),
        reason: "why".into(),
        since: taken,
        until: None,
        by: None,
    };
    life.store.pin(&lock, taken, &name, &pin).unwrap();
    assert_eq!(life.store.pinned(&mirror(), &name).unwrap(), Some(taken));
    let held = life.store.drop_snapshot(&lock, taken, (Run::Real, &asker()), &Silent);
    assert!(matches!(held, Err(Error::Held { .. })));
    assert_eq!(life.store.unpin(&lock, &name).unwrap(), Some(taken));
    let soon = crate::refs::Pin { until: Some(taken), ..pin };
    life.store.pin(&lock, taken, &name, &soon).unwrap();
    assert_eq!(life.store.unpin_expired(&lock, taken).unwrap(), []);
    let later = Stamp::after(taken, Some(taken));
    assert_eq!(life.store.unpin_expired(&lock, later).unwrap(), [(taken, name)]);
    life.store.drop_snapshot(&lock, taken, (Run::Real, &asker()), &Silent).unwrap();
}

#[test]
fn what_a_running_ingest_brought_is_not_swept_and_a_drop_beside_it_is_not_begun() {
    let mut life = Life::new();
    life.take(&Step::Write(0, 1));
    life.take(&Step::Snapshot);
    let first = *life.kept.keys().next().unwrap();
    life.take(&Step::Write(0, 2));
    life.take(&Step::Snapshot);
    life.take(&Step::Write(1, 3));
    let hasty = Asker { verb: "test".into(), wait: Duration::ZERO };
    let (store, other) = (&life.store, "other".parse().unwrap());
    let lock = store.lock_mirror(&mirror(), &asker()).unwrap();
    let bringing = store.lock_mirror(&other, &asker()).unwrap();
    let writer = store.writer(&asker()).unwrap();
    let draft = store.scan(&bringing, &asker(), (&life.tree, Adopt::Copy), &Silent).unwrap();
    let drop_first = |asker| store.drop_snapshot(&lock, first, (Run::Real, asker), &Silent);
    assert!(matches!(drop_first(&hasty), Err(Error::Busy { .. })));
    assert!(store.record(&mirror(), first).is_ok(), "a drop that cannot go on is not begun");
    // Between two batches: the store is free, the mirror is not.
    drop(writer);
    let fresh = store.object_path(Digest::of(&content(3)));
    assert!(matches!(store.sweep((Run::Real, &hasty), &Silent), Err(Error::Busy { .. })));
    assert!(fresh.exists(), "it has no name yet");
    assert_eq!(drop_first(&hasty).unwrap().objects, 1, "a drop goes on beside it");
    assert!(fresh.exists());
    drop((draft, bringing, lock));
    store.sweep((Run::Real, &hasty), &Silent).unwrap();
    assert!(!fresh.exists(), "nobody brings anything any more");
}
