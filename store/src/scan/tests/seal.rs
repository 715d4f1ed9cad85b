//! Sealing what was scanned: dates, classes, added names, and what stops it.

use super::*;

#[test]
fn sealing_names_a_state_once() {
    let bench = Bench::new();
    bench.write("a.deb", b"one", 1_000_000);
    let first = new(bench.seal(&Plain::default(), &seal_at(5000)).unwrap());
    assert_eq!((first.taken, first.parent, first.files), (Stamp::from_seconds(5000), None, 1));
    assert_eq!(bench.store.record(&mirror(), first.taken).unwrap(), first);
    let same = bench.seal(&Plain::default(), &seal_at(6000)).unwrap();
    assert!(matches!(same, Sealed::Unchanged(record) if record == first));
    let anyway = Seal { even_if_unchanged: true, ..seal_at(4000) };
    let second = new(bench.seal(&Plain::default(), &anyway).unwrap());
    assert_eq!(
        (second.taken, second.parent),
        (Stamp::from_seconds(5001), Some(first.taken)),
        "a clock gone back"
    );
    assert_eq!(disk::names(&bench.store.root().join("incoming")).unwrap().len(), 0);
}

#[test]
fn a_date_that_was_asked_for_must_be_later() {
    let bench = Bench::new();
    bench.write("a", b"one", 1_000_000);
    new(bench.seal(&Plain::default(), &seal_at(5000)).unwrap());
    bench.write("a", b"two", 1_000_000);
    let at = |seconds| Seal { taken: Some(Stamp::from_seconds(seconds)), ..seal_at(9000) };
    assert!(matches!(bench.seal(&Plain::default(), &at(5000)), Err(Error::BadName { .. })));
    assert_eq!(
        new(bench.seal(&Plain::default(), &at(5001)).unwrap()).taken,
        Stamp::from_seconds(5001)
    );
}

#[test]
fn classes_and_added_names_are_merged_in() {
    let bench = Bench::new();
    bench.write("Packages", b"index", 1_000_000);
    bench.write("by-hash/there", b"other", 1_000_000);
    bench.write("a.deb", b"one", 1_000_000);
    let add = |new: &[u8]| (rel(new), rel(b"Packages"));
    let reading = Plain {
        added: vec![add(b"by-hash/there"), add(b"by-hash/x"), (rel(b"z"), rel(b"absent"))],
    };
    let record = new(bench.seal(&reading, &seal_at(5000)).unwrap());
    let entries: Vec<Entry> =
        bench.store.manifest(record.manifest).unwrap().map(Result::unwrap).collect();
    let shown: Vec<_> = entries
        .iter()
        .map(|e| match &e.node {
            Node::File { digest, class, .. } => (e.path.to_string(), *digest, *class, e.added),
            Node::Link { .. } => panic!("{e:?}"),
        })
        .collect();
    let row =
        |path: &str, bytes: &[u8], class, added| (path.to_owned(), Digest::of(bytes), class, added);
    assert_eq!(
        shown,
        [
            row("Packages", b"index", Class::Other, false),
            row("a.deb", b"one", Class::Fixed, false),
            row("by-hash/there", b"other", Class::Other, false),
            row("by-hash/x", b"index", Class::Fixed, true),
        ]
    );
}

#[test]
fn sealing_refuses_where_an_object_went() {
    let bench = Bench::new();
    bench.write("a", b"one", 1_000_000);
    let (lock, writer) = bench.locks();
    let draft =
        bench.store.scan(&lock, &asker(), (&bench.at(""), Adopt::Copy), &crate::Silent).unwrap();
    std::fs::remove_file(bench.store.object_path(Digest::of(b"one"))).unwrap();
    let sealed = bench.store.seal(&lock, &writer, draft, &Plain::default(), &seal_at(5000));
    assert!(matches!(sealed, Err(Error::MissingObject { .. })), "{sealed:?}");
    assert_eq!(bench.store.dates(&mirror()).unwrap(), []);
}

#[test]
fn a_record_that_the_index_does_not_know_is_caught_up_with() {
    let bench = Bench::new();
    bench.write("a", b"one", 1_000_000);
    let first = new(bench.seal(&Plain::default(), &seal_at(5000)).unwrap());
    // As a crash between the record and the index leaves it.
    bench.store.index().unwrap().drop_snapshot(&mirror(), first.taken).unwrap();
    assert!(bench.store.index().unwrap().must_match(&bench.store).is_err());
    assert!(matches!(bench.seal(&Plain::default(), &seal_at(6000)).unwrap(), Sealed::Unchanged(_)));
    bench.store.index().unwrap().must_match(&bench.store).unwrap();
}
