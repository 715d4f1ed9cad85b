//! Channels over a real store whose one mirror has two published snapshots.
#![expect(
    clippy::disallowed_methods,
    reason = "tests make the trees that are taken, and leave what a crash would"
)]

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use pinfold_store::lock::{Asker, Writer};
use pinfold_store::scan::{Adopt, Reading, Seal, Sealed};
use pinfold_store::{Class, RelPath, Silent};

use super::*;
use crate::publish::{self, Locks};

struct Plain;

impl Reading for Plain {
    fn class(&self, _: &RelPath, _: Class) -> Class {
        Class::Root
    }
    fn added(&self) -> Vec<(RelPath, RelPath)> {
        Vec::new()
    }
    fn roots(&self) -> Vec<RelPath> {
        vec!["deep/root".parse().unwrap()]
    }
    fn evidence(&self) -> pinfold_store::Evidence {
        pinfold_store::Evidence::none()
    }
}

struct Bench {
    _dir: tempfile::TempDir,
    store: Store,
    site: SiteLock,
    channel: Name,
    mirrors: Vec<Name>,
    dates: Vec<Stamp>,
}

fn take(
    store: &Store,
    tree: &Path,
    (mirror, second): (&Name, i64),
    site: &SiteLock,
    writer: &Writer,
) -> Stamp {
    let asker = Asker { verb: "test".into(), wait: Duration::ZERO };
    let lock = store.lock_mirror(mirror, &asker).unwrap();
    let draft = store.scan(&lock, &asker, (tree, Adopt::Copy), &Silent).unwrap();
    let now = Stamp::from_seconds(second);
    let seal = Seal {
        now,
        taken: None,
        family: "files".into(),
        source: String::new(),
        even_if_unchanged: true,
    };
    let (Sealed::New(record) | Sealed::Unchanged(record)) =
        store.seal(&lock, writer, draft, &Plain, &seal).unwrap();
    publish::publish(store, mirror, record.taken, Locks { site, writer }, &Silent).unwrap();
    record.taken
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("tree");
        std::fs::create_dir(&tree).unwrap();
        std::fs::write(tree.join("file"), "content").unwrap();
        let store = Store::create(&dir.path().join("root")).unwrap();
        let asker = Asker { verb: "test".into(), wait: Duration::ZERO };
        let (site, writer) = (store.lock_site(&asker).unwrap(), store.writer(&asker).unwrap());
        let mirrors: Vec<Name> = vec!["one".parse().unwrap(), "two".parse().unwrap()];
        let mut dates = Vec::new();
        for second in [1_000_000, 2_000_000] {
            for mirror in &mirrors {
                dates.push(take(&store, &tree, (mirror, second), &site, &writer));
            }
        }
        dates.dedup();
        let channel: Name = "production".parse().unwrap();
        init_channel(&store, &channel, &site, (Stamp::from_seconds(1), "me")).unwrap();
        Self { _dir: dir, store, site, channel, mirrors, dates }
    }

    fn wanted(&self, expect: u64, shown: &[(usize, usize)], now: i64) -> Move {
        let shown = shown.iter().map(|(mirror, date)| {
            (self.mirrors[*mirror].clone(), Target { snapshot: self.dates[*date], state: None })
        });
        Move {
            channel: self.channel.clone(),
            expect,
            shown: shown.collect(),
            anew: BTreeSet::new(),
            verb: "promote".into(),
            who: "me".into(),
            reason: "why".into(),
            now: Stamp::from_seconds(now),
        }
    }

    fn point(&self, expect: u64, shown: &[(usize, usize)], now: i64) -> Result<Generation> {
        point(&self.store, &self.wanted(expect, shown, now), &self.site, &|heads| {
            assert!(heads.tree.join("file").exists(), "heads are made from a tree that stands");
            let path = heads.roots[0].clone();
            Ok(vec![Head {
                path,
                content: Content::Bytes(format!("{} {}", heads.snapshot, heads.date).into_bytes()),
            }])
        })
    }

    fn head(&self, mirror: usize) -> std::path::PathBuf {
        let www = Www::new(self.store.root());
        www.channel(&self.channel).join(self.mirrors[mirror].as_str()).join("heads/deep/root")
    }
}

#[test]
fn a_channel_begins_with_generation_0_and_init_is_harmless_twice() {
    let bench = Bench::new();
    assert_eq!(current(&bench.store, &bench.channel).unwrap().number, 0);
    bench.point(0, &[(0, 0)], 3_000_000).unwrap();
    init_channel(&bench.store, &bench.channel, &bench.site, (Stamp::from_seconds(9), "me"))
        .unwrap();
    assert_eq!(current(&bench.store, &bench.channel).unwrap().number, 1, "it is not made again");
    assert!(matches!(
        current(&bench.store, &"other".parse().unwrap()),
        Err(Error::NoChannel { .. })
    ));
}

#[test]
fn a_move_that_believed_another_state_is_refused() {
    let bench = Bench::new();
    bench.point(0, &[(0, 0)], 3_000_000).unwrap();
    let late = bench.point(0, &[(0, 1)], 3_000_001);
    assert!(matches!(late, Err(Error::Moved { expected: 0, found: 1, .. })));
    assert_eq!(current(&bench.store, &bench.channel).unwrap().number, 1);
}

#[test]
fn times_only_move_forward_even_when_the_clock_does_not() {
    let bench = Bench::new();
    let mut last = bench.point(0, &[(0, 1)], 3_000_000).unwrap();
    assert_eq!(
        std::fs::read_to_string(bench.head(0)).unwrap(),
        format!("{} {}", bench.dates[1], 3_000_000 - 60)
    );
    for (now, date) in [(3_000_000, 0), (2_000_000, 1), (3_500_000, 0)] {
        let next = bench.point(last.number, &[(0, date)], now).unwrap();
        assert!(next.modified > last.modified && next.date >= last.date, "at {now}");
        assert_eq!(std::fs::metadata(bench.head(0)).unwrap().mtime(), next.modified);
        last = next;
    }
    assert_eq!(history(&bench.store, &bench.channel).unwrap().len(), 5);
}

#[test]
fn a_mirror_that_does_not_move_keeps_its_very_heads() {
    let bench = Bench::new();
    bench.point(0, &[(0, 0), (1, 0)], 3_000_000).unwrap();
    let inode = |mirror| std::fs::metadata(bench.head(mirror)).unwrap().ino();
    let before = (inode(0), inode(1));
    bench.point(1, &[(0, 1), (1, 0)], 3_000_010).unwrap();
    assert_ne!(inode(0), before.0);
    assert_eq!(inode(1), before.1, "same bytes, same times, no new signature");
}

#[test]
fn root_metadata_is_made_anew_where_the_snapshot_stays() {
    let bench = Bench::new();
    let first = bench.point(0, &[(0, 0), (1, 0)], 3_000_000).unwrap();
    let inode = |mirror| std::fs::metadata(bench.head(mirror)).unwrap().ino();
    let before = (inode(0), inode(1));
    let wanted = Move {
        shown: crate::policy::Plan::default().shown(&first),
        anew: BTreeSet::from([bench.mirrors[0].clone()]),
        ..bench.wanted(1, &[], 3_000_100)
    };
    let made = |heads: &HeadsWanted<'_>| {
        let content = Content::Bytes(format!("anew {}", heads.date).into_bytes());
        Ok(vec![Head { path: heads.roots[0].clone(), content }])
    };
    let next = point(&bench.store, &wanted, &bench.site, &made).unwrap();
    assert_eq!(next.mirrors, first.mirrors, "the same snapshots, the same states");
    assert_eq!(std::fs::read_to_string(bench.head(0)).unwrap(), "anew 3000040");
    assert!(inode(0) != before.0 && inode(1) == before.1, "only the one that was asked for");
    let files = head_files(&bench.store, &next, &bench.mirrors[0]).unwrap();
    assert_eq!(files.len(), 1);
    assert!(files[0].ends_with("2/one/heads/deep/root"), "{files:?}");
}

#[test]
fn numbers_of_abandoned_generations_are_not_used_again() {
    let bench = Bench::new();
    let www = Www::new(bench.store.root());
    std::fs::create_dir(www.generation(&bench.channel, 7)).unwrap();
    let next = bench.point(0, &[(0, 0)], 3_000_000).unwrap();
    assert_eq!((next.number, next.from), (8, Some(0)));
    assert_eq!(next.mirrors[&bench.mirrors[0]].state, 8, "a new state is named by its generation");
}

#[test]
fn a_channel_never_shows_what_is_not_published_and_a_failure_leaves_no_trace() {
    let bench = Bench::new();
    let mut wanted = bench.wanted(0, &[(0, 0)], 3_000_000);
    wanted.shown.insert(
        bench.mirrors[1].clone(),
        Target { snapshot: Stamp::from_seconds(77), state: None },
    );
    let refused = point(&bench.store, &wanted, &bench.site, &|_| Ok(Vec::new()));
    assert!(matches!(refused, Err(Error::Held { .. })));
    assert_eq!(
        next_number(&Www::new(bench.store.root()), &bench.channel).unwrap(),
        1,
        "nothing was written"
    );
}
