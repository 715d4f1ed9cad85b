#![expect(clippy::disallowed_methods, reason = "tests look at what is on the disk")]

use std::time::Duration;

use super::*;
use crate::lock::Asker;
use crate::{Counter, Digest, Silent, Tally};

fn store() -> (tempfile::TempDir, Store, Asker) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(dir.path()).unwrap();
    (dir, store, Asker { verb: "test".to_owned(), wait: Duration::ZERO })
}

fn checksum(bytes: &[u8]) -> Checksum {
    Checksum::sha256(&Sums::of(bytes).sha256)
}

fn waiting(store: &Store) -> usize {
    disk::names(&store.root().join("incoming")).unwrap().len()
}

#[test]
fn content_that_was_cut_is_continued_by_the_next_run() {
    let (_dir, store, asker) = store();
    let whole = b"first half, second half";
    let mut cut = store.arrival(Some(checksum(whole))).unwrap();
    cut.write(&whole[..10]).unwrap();
    drop(cut);
    let mut next = store.arrival(Some(checksum(whole))).unwrap();
    assert_eq!(next.size_bytes(), 10, "it is found by its checksum");
    assert_eq!(next.modified(), None, "nobody gave it its time");
    assert!(!next.is_right());
    next.write(&whole[10..]).unwrap();
    assert!(next.is_right());
    // Killed when all was there but for its name: nothing needs to be fetched again.
    drop(next.finish(1_700_000_000).unwrap());
    let again = store.arrival(Some(checksum(whole))).unwrap();
    assert!(again.is_right());
    assert_eq!(again.modified(), Some(1_700_000_000));
    let landed = again.finish(1_700_000_000).unwrap();
    let mut index = store.index().unwrap();
    let tally = Tally::default();
    store.keep(&mut index, &store.writer(&asker).unwrap(), vec![landed], &tally).unwrap();
    assert_eq!(tally.get(Counter::ObjectsWritten), 1);
    let row = index.by_checksum(&checksum(whole)).unwrap().unwrap();
    assert_eq!(row.digest, Digest::of(whole));
    assert_eq!(std::fs::read(store.object_path(row.digest)).unwrap(), whole);
    let mode = store.object_path(row.digest).metadata().unwrap().mode();
    assert_eq!((mode & 0o7777, waiting(&store)), (0o444, 0));
}

#[test]
fn two_runs_that_want_the_same_write_files_of_their_own() {
    let (_dir, store, asker) = store();
    let whole = b"the same";
    let arrive = || {
        let mut arrival = store.arrival(Some(checksum(whole))).unwrap();
        assert_eq!(arrival.size_bytes(), 0, "what another run writes is left alone");
        arrival.write(whole).unwrap();
        arrival
    };
    let (one, two) = (arrive(), arrive());
    let landed = vec![one.finish(5).unwrap(), two.finish(6).unwrap()];
    let mut index = store.index().unwrap();
    store.keep(&mut index, &store.writer(&asker).unwrap(), landed, &Silent).unwrap();
    assert_eq!(
        (index.shard(Digest::of(whole).as_bytes()[0]).unwrap().len(), waiting(&store)),
        (1, 0)
    );
    let mut third = store.arrival(Some(checksum(whole))).unwrap();
    assert_eq!(third.size_bytes(), 0, "its file became the object and is never written again");
    third.write(whole).unwrap();
    let landed = vec![third.finish(7).unwrap()];
    store.keep(&mut index, &store.writer(&asker).unwrap(), landed, &Silent).unwrap();
    assert_eq!(waiting(&store), 0, "what the store has is let go");
}

#[test]
fn wrong_content_is_thrown_away() {
    let (_dir, store, _) = store();
    let mut arrival = store.arrival(Some(checksum(b"right"))).unwrap();
    arrival.write(b"wrong").unwrap();
    assert!(!arrival.is_right());
    arrival.restart().unwrap();
    assert_eq!(arrival.size_bytes(), 0);
    arrival.write(b"right").unwrap();
    assert!(arrival.is_right());
    arrival.discard().unwrap();
    assert_eq!(waiting(&store), 0);
    let mut unknown = store.arrival(None).unwrap();
    unknown.write(b"anything").unwrap();
    assert!(unknown.is_right(), "without a checksum nothing contradicts");
    unknown.discard().unwrap();
}

#[test]
fn sha512_finds_what_arrived_by_it() {
    let (_dir, store, asker) = store();
    let mut summing = Summing::toward(Some(crate::Algorithm::Sha512));
    summing.update(b"content");
    let wanted = summing.finish().other.unwrap();
    let mut arrival = store.arrival(Some(wanted)).unwrap();
    arrival.write(b"content").unwrap();
    assert!(arrival.is_right());
    let mut index = store.index().unwrap();
    let landed = vec![arrival.finish(5).unwrap()];
    store.keep(&mut index, &store.writer(&asker).unwrap(), landed, &Silent).unwrap();
    assert!(index.by_checksum(&wanted).unwrap().is_some());
    assert!(index.by_checksum(&checksum(b"content")).unwrap().is_some());
    assert!(index.by_checksum(&checksum(b"other")).unwrap().is_none());
}

#[test]
fn a_sweep_leaves_what_is_young_or_being_written() {
    let (_dir, store, asker) = store();
    let mut young = store.arrival(Some(checksum(b"young"))).unwrap();
    young.write(b"yo").unwrap();
    store.sweep((crate::gc::Run::Real, &asker), &Silent).unwrap();
    assert_eq!(waiting(&store), 1);
    drop(young);
    store.sweep((crate::gc::Run::Real, &asker), &Silent).unwrap();
    assert_eq!(waiting(&store), 1, "the next sync goes on with it");
}

#[test]
fn a_rebuilt_index_learns_the_checksums_again_and_not_those_of_damaged_objects() {
    let (_dir, store, asker) = store();
    let land = |bytes: &[u8]| {
        let mut arrival = store.arrival(Some(checksum(bytes))).unwrap();
        arrival.write(bytes).unwrap();
        arrival.finish(5).unwrap()
    };
    let landed = vec![land(b"whole"), land(b"to be damaged")];
    store
        .keep(&mut store.index().unwrap(), &store.writer(&asker).unwrap(), landed, &Silent)
        .unwrap();
    let damaged = store.object_path(Digest::of(b"to be damaged"));
    std::fs::remove_file(&damaged).unwrap();
    std::fs::write(&damaged, b"to be Damaged").unwrap();
    store.rebuild_index(&store.collector(&asker).unwrap(), &Silent).unwrap();
    let known = |bytes: &[u8]| {
        store.index().unwrap().by_checksum(&checksum(bytes)).unwrap().map(|row| row.digest)
    };
    assert_eq!(known(b"whole"), None, "nobody has read it yet");
    let tally = Tally::default();
    store.sum_objects(&store.writer(&asker).unwrap(), &tally).unwrap();
    assert_eq!(known(b"whole"), Some(Digest::of(b"whole")));
    assert_eq!((known(b"to be damaged"), known(b"to be Damaged")), (None, None));
    assert_eq!(tally.problems().len(), 1);
}
