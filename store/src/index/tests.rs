use super::objects::{MTIME_MAX, times};
use super::*;
use crate::manifest::Change;
use crate::{Class, Node, Record, RelPath, Trust};

fn index() -> (tempfile::TempDir, Index) {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(&dir.path().join("index.sqlite")).unwrap();
    (dir, index)
}

fn row(text: &str, size_bytes: u64, mtime: i64) -> ObjectRow {
    let sums = crate::Sums::of(text.as_bytes());
    ObjectRow { digest: sums.digest, size_bytes, mtime, sha256: Some(sums.sha256) }
}

fn add(index: &mut Index, wanted: &[ObjectRow]) -> Vec<ObjectRow> {
    let mut given = Vec::new();
    index
        .add_objects(wanted, &mut |rows| {
            given = rows.to_vec();
            Ok(())
        })
        .unwrap();
    given
}

fn entry(path: &str, text: &str) -> Entry {
    let node =
        Node::File { digest: Digest::of(text.as_bytes()), size_bytes: 1, class: Class::Fixed };
    Entry { path: path.parse().unwrap(), node, added: false }
}

fn record(seconds: i64) -> Record {
    Record {
        mirror: "m".parse().unwrap(),
        taken: Stamp::from_seconds(seconds),
        manifest: Digest::of(&seconds.to_be_bytes()),
        family: "files".into(),
        trust: Trust::None,
        source: String::new(),
        parent: None,
        files: 0,
        links: 0,
        bytes: 0,
        roots: Vec::new(),
        upstream: None,
        filtered: false,
        asked: toml::Table::new(),
        packages: toml::Table::new(),
        relaxed: Vec::new(),
        proofs: Vec::new(),
    }
}

#[test]
fn no_two_objects_share_size_and_time() {
    let (_dir, mut index) = index();
    let wanted: Vec<ObjectRow> = (0..500).map(|n| row(&n.to_string(), 7, 1_700_000_000)).collect();
    let given = add(&mut index, &wanted);
    assert_eq!(given[0].mtime, 1_700_000_000, "the first keeps its own");
    let times: std::collections::HashSet<i64> = given.iter().map(|row| row.mtime).collect();
    assert_eq!(times.len(), 500);
    assert!(
        given.iter().all(|row| row.mtime <= 1_700_000_000),
        "probed into the past: no time of the future"
    );
    assert_eq!(add(&mut index, &wanted), given, "what is known is handed on as it is");
    let odd = add(&mut index, &[row("old", 1, -5), row("future", 1, i64::MAX)]);
    assert!(odd.iter().all(|row| (1..=4_102_444_800).contains(&row.mtime)), "{odd:?}");
}

#[test]
fn what_settling_refuses_is_not_kept() {
    let (dir, mut index) = index();
    let wanted = [row("a", 1, 1_700_000_000)];
    let failed = index.add_objects(&wanted, &mut |_| {
        Err(Error::Damaged { path: dir.path().to_owned(), why: "no".into() })
    });
    assert!(failed.is_err());
    assert!(index.object(wanted[0].digest).unwrap().is_none());
}

#[test]
fn a_snapshot_needs_its_objects_and_grows_in_time() {
    let (_dir, mut index) = index();
    let mut added = [Ok(Change::Added(entry("a", "a")))].into_iter();
    assert!(matches!(index.add_snapshot(&record(10), &mut added), Err(Error::Stale { .. })));
    add(&mut index, &[row("a", 1, 1_700_000_000)]);
    index.add_snapshot(&record(10), &mut [Ok(Change::Added(entry("a", "a")))].into_iter()).unwrap();
    assert!(matches!(
        index.add_snapshot(&record(10), &mut std::iter::empty()),
        Err(Error::Stale { .. })
    ));
    let holders = index.holders(Digest::of(b"a")).unwrap();
    let (mirror, path) = ("m".parse().unwrap(), "a".parse().unwrap());
    assert_eq!(holders, [Holder { mirror, path, first: Stamp::from_seconds(10), last: None }]);
}

#[test]
fn dropping_from_the_middle_joins_what_was_the_same_on_both_sides() {
    let (_dir, mut index) = index();
    add(&mut index, &[row("a", 1, 1), row("b", 1, 2)]);
    let path: RelPath = "p".parse().unwrap();
    let changed =
        |old: &str, new: &str| Ok(Change::Changed { old: entry("p", old), new: entry("p", new) });
    index.add_snapshot(&record(10), &mut [Ok(Change::Added(entry("p", "a")))].into_iter()).unwrap();
    index.add_snapshot(&record(20), &mut [changed("a", "b")].into_iter()).unwrap();
    index.add_snapshot(&record(30), &mut [changed("b", "a")].into_iter()).unwrap();
    let mirror: Name = "m".parse().unwrap();
    assert_eq!(index.spans(&mirror, &path).unwrap().len(), 3);
    let would = index.would_free(&[(mirror.clone(), Stamp::from_seconds(20))]).unwrap();
    let free = index.drop_snapshot(&mirror, Stamp::from_seconds(20)).unwrap();
    assert_eq!(would[0].0, free);
    assert_eq!(free.iter().map(|row| row.digest).collect::<Vec<_>>(), [Digest::of(b"b")]);
    let spans = index.spans(&mirror, &path).unwrap();
    assert_eq!(spans.len(), 1);
    assert_eq!((spans[0].first, spans[0].last), (Stamp::from_seconds(10), None));
    assert!(
        index.drop_snapshot(&mirror, Stamp::from_seconds(99)).unwrap().is_empty(),
        "an unknown one changes nothing"
    );
}

#[test]
fn names_that_hold_sql_are_names() {
    let (_dir, mut index) = index();
    add(&mut index, &[row("a", 1, 1)]);
    let path = "x'); DROP TABLE spans; --";
    index
        .add_snapshot(&record(10), &mut [Ok(Change::Added(entry(path, "a")))].into_iter())
        .unwrap();
    assert_eq!(index.spans(&"m".parse().unwrap(), &path.parse().unwrap()).unwrap().len(), 1);
    assert!(index.integrity().unwrap().findings.is_empty());
}

#[test]
fn a_newer_index_is_refused_and_left_alone() {
    let (dir, index) = index();
    index.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(index);
    assert!(matches!(Index::open(&dir.path().join("index.sqlite")), Err(Error::Newer { .. })));
}

#[test]
fn many_objects_of_one_size_and_time_are_told_apart_without_walking_past_each_other() {
    let mut taken = std::collections::HashSet::new();
    let (mut probes, objects) = (0, 200_000);
    for number in 0..objects {
        let wanted = row(&number.to_string(), 6, 1_795_560_000);
        let mut tries = times(wanted);
        probes += 1 + tries.position(|time| taken.insert(time)).unwrap();
    }
    assert_eq!(taken.len(), objects, "each has a time of its own");
    assert!(taken.iter().all(|time| (1..=MTIME_MAX).contains(time)));
    assert!(probes < 12 * objects, "{probes} probes for {objects} objects");
}

#[test]
fn checksums_of_every_kind_find_their_object_until_it_goes() {
    let (_dir, mut index) = index();
    let wanted = row("content", 7, 1_700_000_000);
    add(&mut index, &[wanted]);
    for algorithm in crate::Algorithm::ALL {
        let mut checking = crate::sums::Checking::toward(algorithm);
        checking.update(b"content");
        let sum = checking.finish();
        index.add_checksums(&mut [(wanted.digest, sum)].into_iter()).unwrap();
        assert_eq!(index.by_checksum(&sum).unwrap(), Some(wanted), "{sum}");
        assert_eq!(index.checksum_of(wanted.digest, algorithm).unwrap(), Some(sum));
    }
    index.forget_objects(&[wanted.digest]).unwrap();
    for algorithm in crate::Algorithm::ALL {
        assert_eq!(index.checksum_of(wanted.digest, algorithm).unwrap(), None);
    }
}

#[test]
fn what_was_said_of_an_object_finds_it_by_whose_word_it_was_until_it_goes() {
    let (_dir, mut index) = index();
    let wanted = row("content", 7, 1_700_000_000);
    add(&mut index, &[wanted]);
    let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
    index.remember_judged(one, &[(wanted.digest, "right".to_owned())]).unwrap();
    index.remember_judged(other, &[(wanted.digest, "wrong".to_owned())]).unwrap();
    assert_eq!(index.judged_as(one, "right").unwrap(), Some((wanted.digest, 7)));
    assert_eq!(index.judged_as(other, "right").unwrap(), None);
    assert_eq!(index.judged(wanted.digest, other).unwrap().as_deref(), Some("wrong"));
    index.forget_objects(&[wanted.digest]).unwrap();
    assert_eq!(index.judged_as(one, "right").unwrap(), None);
}
