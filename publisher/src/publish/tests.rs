//! Trees, union, days and hours over a real store.
#![expect(
    clippy::disallowed_methods,
    reason = "tests make the trees that are taken, and damage what is published"
)]

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::time::Duration;

use pinfold_store::lock::{Asker, MirrorLock};
use pinfold_store::scan::{Adopt, Reading, Seal, Sealed};
use pinfold_store::{Class, Counter, RelPath, Silent, Tally};
use proptest::prelude::*;

use super::*;

/// Everything called `*.deb` is fixed.
struct Debs;

impl Reading for Debs {
    fn class(&self, path: &RelPath, _: Class) -> Class {
        if path.as_bytes().ends_with(b".deb") { Class::Fixed } else { Class::Other }
    }
    fn added(&self) -> Vec<(RelPath, RelPath)> {
        Vec::new()
    }
    fn roots(&self) -> Vec<RelPath> {
        Vec::new()
    }
    fn evidence(&self) -> pinfold_store::Evidence {
        pinfold_store::Evidence::none()
    }
}

struct Bench {
    dir: tempfile::TempDir,
    store: Store,
    site: SiteLock,
    writer: Writer,
    mirror: MirrorLock,
}

fn asker() -> Asker {
    Asker { verb: "test".into(), wait: Duration::from_secs(20) }
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("tree")).unwrap();
        let store = Store::create(&dir.path().join("root")).unwrap();
        let asker = asker();
        let (site, writer) = (store.lock_site(&asker).unwrap(), store.writer(&asker).unwrap());
        let mirror = store.lock_mirror(&"m".parse().unwrap(), &asker).unwrap();
        Self { dir, store, site, writer, mirror }
    }

    fn name(&self) -> &Name {
        &self.mirror.mirror
    }

    fn write(&self, path: &str, bytes: &str) {
        let place = self.dir.path().join("tree").join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        drop(std::fs::remove_file(&place));
        std::fs::write(place, bytes).unwrap();
    }

    fn remove(&self, path: &str) {
        std::fs::remove_file(self.dir.path().join("tree").join(path)).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        let place = self.dir.path().join("tree").join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        drop(std::fs::remove_file(&place));
        symlink(target, place).unwrap();
    }

    /// Takes the tree as a snapshot of a second.
    fn take(&self, second: i64) -> Stamp {
        let from = self.dir.path().join("tree");
        let draft = self.store.scan(&self.mirror, &asker(), (&from, Adopt::Copy), &Silent).unwrap();
        let now = Stamp::from_seconds(second);
        let seal = Seal {
            now,
            taken: None,
            family: "files".into(),
            source: String::new(),
            even_if_unchanged: true,
        };
        match self.store.seal(&self.mirror, &self.writer, draft, &Debs, &seal).unwrap() {
            Sealed::New(record) | Sealed::Unchanged(record) => record.taken,
        }
    }

    fn locks(&self) -> Locks<'_> {
        Locks { site: &self.site, writer: &self.writer }
    }

    fn publish(&self, taken: Stamp) -> Published {
        publish(&self.store, self.name(), taken, self.locks(), &Silent).unwrap()
    }

    fn retire(&self, taken: Stamp) {
        assert!(retire(&self.store, self.name(), taken, self.locks(), &Silent).unwrap());
    }

    fn www(&self) -> Www {
        Www::new(self.store.root())
    }

    /// What the union holds: path and text.
    fn union(&self) -> BTreeMap<String, String> {
        let top = self.www().union(self.name());
        let mut found = BTreeMap::new();
        let mut folders = vec![top.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&top).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, std::fs::read_to_string(&path).unwrap());
                }
            }
        }
        found
    }

    fn has(&self, wanted: &[(&str, &str)]) {
        let wanted: BTreeMap<String, String> =
            wanted.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        assert_eq!(self.union(), wanted);
    }

    fn at(&self, name: &str) -> Option<String> {
        let link = self.www().at(self.name()).join(name);
        std::fs::canonicalize(link)
            .ok()
            .map(|tree| tree.file_name().unwrap().to_str().unwrap().to_owned())
    }
}

#[test]
fn a_tree_is_the_objects_themselves_and_read_only() {
    let bench = Bench::new();
    bench.write("pool/a/one.deb", "one");
    bench.write("pool/a/same.deb", "one");
    bench.write("top", "text");
    bench.link("latest", "pool/a");
    let taken = bench.take(1_000_000);
    assert_eq!(bench.publish(taken), Published::Built { links: 4, folders: 2 });
    assert_eq!(bench.publish(taken), Published::Standing);
    let tree = bench.www().snapshot_tree(bench.name(), taken);
    let inode = |path: &str| std::fs::metadata(tree.join(path)).unwrap().ino();
    assert_eq!(inode("pool/a/one.deb"), inode("pool/a/same.deb"), "one content, one inode");
    assert_eq!(std::fs::read_link(tree.join("latest")).unwrap().to_str(), Some("pool/a"));
    for (path, mode) in [("", 0o555), ("pool", 0o555), ("pool/a", 0o555), ("top", 0o444)] {
        assert_eq!(
            std::fs::metadata(tree.join(path)).unwrap().permissions().mode() & 0o7777,
            mode,
            "{path}"
        );
    }
}

#[test]
fn a_damaged_tree_is_replaced_and_union_mended() {
    let bench = Bench::new();
    bench.write("a.deb", "a");
    bench.write("deep/b", "b");
    let taken = bench.take(1_000_000);
    bench.publish(taken);
    let tree = bench.www().snapshot_tree(bench.name(), taken);
    let damages: [&dyn Fn(); 5] = [
        &|| std::fs::remove_file(tree.join("a.deb")).unwrap(),
        &|| std::fs::write(tree.join("deep/intruder"), "x").unwrap(),
        &|| {
            std::fs::remove_file(tree.join("deep/b")).unwrap();
            std::fs::write(tree.join("deep/b"), "b").unwrap();
        },
        &|| {
            std::fs::set_permissions(tree.join("deep"), std::fs::Permissions::from_mode(0o755))
                .unwrap();
        },
        &|| std::fs::remove_file(bench.www().union(bench.name()).join("a.deb")).unwrap(),
    ];
    for damage in damages {
        damage();
        assert!(matches!(bench.publish(taken), Published::Rebuilt { findings: 1.. }));
        assert_eq!(bench.publish(taken), Published::Standing);
        bench.has(&[("a.deb", "a")]);
    }
}

#[test]
fn the_union_keeps_what_any_published_snapshot_has_and_the_newest_wins() {
    let bench = Bench::new();
    bench.write("old.deb", "old");
    bench.write("both.deb", "first");
    bench.write("index", "never in the union");
    let first = bench.take(1_000_000);
    bench.publish(first);
    bench.remove("old.deb");
    bench.write("both.deb", "second");
    bench.write("new/new.deb", "new");
    let second = bench.take(2_000_000);
    bench.publish(second);
    bench.has(&[("old.deb", "old"), ("both.deb", "second"), ("new/new.deb", "new")]);
    bench.retire(first);
    bench.has(&[("both.deb", "second"), ("new/new.deb", "new")]);
    bench.publish(first);
    bench.has(&[("old.deb", "old"), ("both.deb", "second"), ("new/new.deb", "new")]);
    bench.retire(second);
    bench.has(&[("old.deb", "old"), ("both.deb", "first")]);
    assert!(!bench.www().union(bench.name()).join("new").exists(), "empty folders go");
    bench.retire(first);
    bench.has(&[]);
}

#[test]
fn links_enter_the_union_as_what_they_lead_to() {
    let bench = Bench::new();
    bench.write("suites/real/a.deb", "a");
    bench.link("suites/stable", "real");
    bench.link("alias.deb", "suites/stable/a.deb");
    bench.link("suites/real/up", "..");
    bench.link("nowhere", "gone");
    let first = bench.take(1_000_000);
    bench.publish(first);
    bench.has(&[("suites/real/a.deb", "a"), ("suites/stable/a.deb", "a"), ("alias.deb", "a")]);
    bench.write("suites/next/b.deb", "b");
    bench.link("suites/stable", "next");
    let second = bench.take(2_000_000);
    bench.publish(second);
    let both = [
        ("suites/real/a.deb", "a"),
        ("suites/stable/a.deb", "a"),
        ("suites/next/b.deb", "b"),
        ("suites/stable/b.deb", "b"),
        ("alias.deb", "a"),
    ];
    bench.has(&both);
    bench.retire(first);
    bench.has(&[
        ("suites/real/a.deb", "a"),
        ("suites/next/b.deb", "b"),
        ("suites/stable/b.deb", "b"),
    ]);
}

#[test]
fn what_crashed_runs_left_is_cleared() {
    let bench = Bench::new();
    bench.write("a.deb", "a");
    let taken = bench.take(1_000_000);
    let left = bench.www().incoming().join(format!("publish.m.{taken}"));
    std::fs::create_dir_all(left.join("half")).unwrap();
    std::fs::create_dir_all(bench.www().union(bench.name())).unwrap();
    std::fs::hard_link(
        bench.dir.path().join("tree/a.deb"),
        bench.www().union(bench.name()).join("a.deb"),
    )
    .unwrap();
    recover(&bench.store, bench.locks(), &Silent).unwrap();
    assert!(!left.exists());
    bench.has(&[]);
}

#[test]
fn days_and_hours_lead_to_the_newest_before_their_end() {
    let bench = Bench::new();
    let second = |text: &str| Stamp::parse_end(text).unwrap().seconds();
    bench.write("a", "1");
    let first = bench.take(second("2026-03-20T04:00:00"));
    bench.publish(first);
    let first = first.to_string();
    assert_eq!(bench.at("20260320"), Some(first.clone()));
    assert_eq!(
        (bench.at("20260320T03"), bench.at("20260319")),
        (None, None),
        "nothing before the first"
    );
    assert_eq!(bench.at("20260320T04"), Some(first.clone()));
    assert_eq!(bench.at("20270320"), Some(first.clone()), "days to come show the newest");
    bench.write("a", "2");
    let later = bench.take(second("2026-03-23T15:30:00"));
    bench.publish(later);
    let later = later.to_string();
    assert_eq!(bench.at("20260322"), Some(first.clone()), "a day between shows the older");
    assert_eq!(bench.at("20260323T14"), Some(first));
    assert_eq!(bench.at("20260323T15"), Some(later.clone()));
    assert_eq!((bench.at("20260323"), bench.at("20280101")), (Some(later.clone()), Some(later)));
}

/// The snapshot that the site finds at a second: the finest span whose last part is there has the answer.
fn found(bench: &Bench, second: i64) -> Option<String> {
    let folder = bench.www().at(bench.name());
    let text = Stamp::from_seconds(second).to_string();
    let parts = [("T23", 11), ("5", 12), ("9", 13), ("5", 14), ("9", 15)];
    let mut name = &text[..8];
    for (last, length) in parts {
        if std::fs::symlink_metadata(folder.join(format!("{name}{last}"))).is_ok() {
            name = &text[..length];
        }
    }
    let target = std::fs::read_link(folder.join(name)).ok()?;
    let target = if target == Path::new("latest") {
        std::fs::read_link(folder.join("latest")).unwrap()
    } else {
        target
    };
    Some(target.file_name().unwrap().to_str().unwrap().to_owned())
}

#[test]
fn any_second_is_found_while_snapshots_come_and_go() {
    let bench = Bench::new();
    let day = 1_795_392_000;
    // Close together and far apart: in one ten seconds, minute, hour, day, and in others.
    let times = [0, 4, 15, 70, 1_000, 3_599, 3_600, 50_000, 86_399, 200_000].map(|at| day + at);
    for (number, time) in times.into_iter().enumerate() {
        bench.write("a", &format!("{number}"));
        let taken = bench.take(time);
        at::refresh(&bench.store, bench.name(), taken).unwrap();
    }
    let asked: Vec<i64> = times
        .iter()
        .flat_map(|time| [-3_600, -61, -10, -1, 0, 1, 9, 59, 601, 3_599].map(|by| time + by))
        .collect();
    let check = || {
        for second in &asked {
            let wanted = bench.store.at_or_before(bench.name(), Stamp::from_seconds(*second));
            let wanted = wanted.unwrap().map(|taken| taken.to_string());
            assert_eq!(found(&bench, *second), wanted, "{}", Stamp::from_seconds(*second));
        }
    };
    check();
    for gone in [4, 1, 0, 6, 9, 2] {
        let taken = Stamp::from_seconds(times[gone]);
        std::fs::remove_file(
            bench
                .store
                .root()
                .join("snapshots")
                .join(bench.name().as_str())
                .join(taken.to_string()),
        )
        .unwrap();
        at::refresh(&bench.store, bench.name(), taken).unwrap();
        check();
    }
}

#[test]
fn a_second_publish_costs_the_difference() {
    let bench = Bench::new();
    for number in 0..200 {
        bench.write(&format!("pool/{number}.deb"), &format!("content {number}"));
    }
    let first = bench.take(1_000_000);
    bench.publish(first);
    bench.write("pool/7.deb", "another");
    let second = bench.take(2_000_000);
    let tally = Tally::default();
    publish(&bench.store, bench.name(), second, bench.locks(), &tally).unwrap();
    assert_eq!(tally.get(Counter::Links), 201, "the tree, and one name of the union");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    /// Whatever comes and goes in whatever order, the union is what the published snapshots say.
    #[test]
    fn the_union_is_what_is_published(
        states in proptest::collection::vec(proptest::collection::btree_map(0..6_u8, 0..3_u8, 1..6), 2..5),
        turns in proptest::collection::vec(0..4_usize, 1..10),
    ) {
        let bench = Bench::new();
        let mut taken = Vec::new();
        for (day, state) in states.iter().enumerate() {
            std::fs::remove_dir_all(bench.dir.path().join("tree")).unwrap();
            for (path, content) in state {
                bench.write(&format!("{}/{path}.deb", path % 2), &format!("content {content}"));
            }
            taken.push(bench.take(1_000_000 * (1 + i64::try_from(day).unwrap())));
        }
        let mut published = std::collections::BTreeSet::new();
        for turn in turns.into_iter().map(|turn| turn % taken.len()) {
            if published.remove(&turn) {
                bench.retire(taken[turn]);
            } else {
                bench.publish(taken[turn]);
                published.insert(turn);
            }
            let mut wanted = BTreeMap::new();
            for day in &published {
                wanted.extend(states[*day].iter().map(|(path, content)| (format!("{}/{path}.deb", path % 2), format!("content {content}"))));
            }
            prop_assert_eq!(bench.union(), wanted);
        }
    }
}
