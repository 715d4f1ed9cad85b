//! Round trips, order, strictness and differences.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;

fn file(path: &[u8], content: &[u8], class: Class) -> Entry {
    let node = Node::File { digest: Digest::of(content), size_bytes: content.len() as u64, class };
    Entry { path: RelPath::parse(path).unwrap(), node, added: false }
}

fn link(path: &[u8], target: &[u8]) -> Entry {
    Entry {
        path: RelPath::parse(path).unwrap(),
        node: Node::Link { target: target.into() },
        added: false,
    }
}

fn encode(entries: &[Entry]) -> Result<(Vec<u8>, Totals)> {
    let mut encoder = Encoder::new(Vec::new())?;
    entries.iter().try_for_each(|e| encoder.push(e))?;
    encoder.finish()
}

fn decode(bytes: Vec<u8>, digest: Digest) -> Result<Vec<Entry>> {
    Decoder::new(std::io::Cursor::new(bytes), digest)?.collect()
}

/// Compresses a text as it stands and decodes it under its true digest.
fn decode_text(text: &[u8]) -> Result<Vec<Entry>> {
    let mut to = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    to.write_all(text).unwrap();
    decode(to.finish().unwrap(), Digest::of(text))
}

#[test]
fn the_text_is_as_documented() {
    let mut added = file(b"b\xff\n\\", b"x", Class::Fixed);
    added.added = true;
    let (bytes, totals) =
        encode(&[file(b"a", b"", Class::Root), added, link(b"c", b"a\tb")]).unwrap();
    let text = zstd::stream::decode_all(bytes.as_slice()).unwrap();
    let (empty, x) = (Digest::of(b""), Digest::of(b"x"));
    let mut want = format!("pinfold-manifest 1\nr\t{empty}\t0\ta\nf+\t{x}\t1\tb").into_bytes();
    want.extend_from_slice(b"\xff\\x0a\\x5c\nl\ta\\x09b\tc\n");
    assert_eq!(text, want);
    assert_eq!(totals, Totals { digest: Digest::of(&want), files: 2, links: 1, bytes: 1 });
}

#[test]
fn the_encoder_refuses_disorder_duplicates_and_files_above_files() {
    for (first, second) in
        [(&b"b"[..], &b"a"[..]), (b"a", b"a"), (b"a", b"a/b"), (b"a/b/c", b"a/b")]
    {
        let result = encode(&[file(first, b"", Class::Other), file(second, b"", Class::Other)]);
        assert!(matches!(result, Err(Error::BadName { .. })), "{first:?} {second:?}");
    }
    let between = [
        file(b"a", b"", Class::Other),
        file(b"a.b", b"", Class::Other),
        file(b"a/c", b"", Class::Other),
    ];
    assert!(matches!(encode(&between), Err(Error::BadName { .. })));
    assert!(encode(&between[..2]).is_ok());
    assert!(matches!(encode(&[link(b"a", b"/etc")]), Err(Error::BadName { .. })));
}

#[test]
fn the_decoder_takes_only_what_the_encoder_writes() {
    let d = Digest::of(b"");
    let bad = [
        "pinfold-manifest 2\n".to_owned(),
        String::new(),
        format!("pinfold-manifest 1\no\t{d}\t0\ta"),
        format!("pinfold-manifest 1\no\t{d}\t00\ta\n"),
        format!("pinfold-manifest 1\no\t{d}\t+0\ta\n"),
        format!("pinfold-manifest 1\nx\t{d}\t0\ta\n"),
        format!("pinfold-manifest 1\no++\t{d}\t0\ta\n"),
        format!("pinfold-manifest 1\no\t{d}\t0\t\\x61\n"),
        format!("pinfold-manifest 1\no\t{d}\t0\t\\x0A\n"),
        format!("pinfold-manifest 1\no\t{d}\t0\t../a\n"),
        format!("pinfold-manifest 1\no\t{d}\t0\tb\no\t{d}\t0\ta\n"),
        "pinfold-manifest 1\nl\t\ta\n".to_owned(),
        "pinfold-manifest 1\nl\t/etc\ta\n".to_owned(),
        "pinfold-manifest 1\n\n".to_owned(),
        format!("pinfold-manifest 1\n{}\n", "x".repeat(100_000)),
    ];
    for text in bad {
        assert!(matches!(decode_text(text.as_bytes()), Err(Error::Damaged { .. })), "{text:.80}");
    }
    assert_eq!(decode_text(b"pinfold-manifest 1\n").unwrap(), []);
}

#[test]
fn a_wrong_digest_or_a_cut_is_damage() {
    let (bytes, totals) = encode(&[file(b"a", b"x", Class::Other)]).unwrap();
    assert!(matches!(decode(bytes.clone(), Digest::of(b"other")), Err(Error::Damaged { .. })));
    for cut in 0..bytes.len() {
        assert!(decode(bytes[..cut].to_vec(), totals.digest).is_err(), "cut at {cut}");
    }
}

#[test]
fn an_error_ends_a_difference() {
    let broken = || {
        std::iter::once(Err(Error::BadName { what: "", name: String::new(), why: String::new() }))
    };
    let changes: Vec<_> = diff(broken(), [Ok(file(b"a", b"", Class::Other))].into_iter()).collect();
    assert!(matches!(changes[..], [Err(_)]));
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let name =
        prop::collection::vec(prop_oneof![Just(b'a'), Just(b'.'), Just(b'/'), any::<u8>()], 1..6);
    let class = prop_oneof![Just(Class::Root), Just(Class::Fixed), Just(Class::Other)];
    let target = prop::option::of(prop::collection::vec(1u8.., 1..5));
    let one = (name, class, target, any::<u64>(), any::<bool>());
    prop::collection::vec(one, 0..20).prop_map(|many| {
        let mut tree = std::collections::BTreeMap::new();
        for (name, class, target, size_bytes, added) in many {
            let Ok(path) = RelPath::parse(&name) else { continue };
            let node = match target {
                Some(target) if target[0] != b'/' => Node::Link { target: target.into() },
                _ => Node::File { digest: Digest::of(&name), size_bytes: size_bytes >> 8, class },
            };
            tree.insert(path.clone(), Entry { path, node, added });
        }
        let paths: Vec<RelPath> = tree.keys().cloned().collect();
        let leaf = |p: &RelPath| !paths.iter().any(|q| q != p && p.is_below(q.as_bytes()));
        tree.into_values().filter(|e| leaf(&e.path)).collect()
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(entries in entries()) {
        let (bytes, totals) = encode(&entries).unwrap();
        prop_assert_eq!(decode(bytes, totals.digest).unwrap(), entries);
    }

    #[test]
    fn the_difference_applied_to_the_old_gives_the_new(old in entries(), new in entries()) {
        let mut tree: std::collections::BTreeMap<_, _> = old.iter().map(|e| (e.path.clone(), e.clone())).collect();
        for change in diff(old.into_iter().map(Ok), new.iter().cloned().map(Ok)) {
            match change.unwrap() {
                Change::Added(e) => prop_assert!(tree.insert(e.path.clone(), e).is_none()),
                Change::Removed(e) => prop_assert_eq!(tree.remove(&e.path), Some(e)),
                Change::Changed { old, new } => prop_assert_eq!(tree.insert(new.path.clone(), new), Some(old)),
            }
        }
        prop_assert_eq!(tree.into_values().collect::<Vec<_>>(), new);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let whole = [HEADER, &text].concat();
        if let Ok(entries) = decode_text(&whole) {
            prop_assert_eq!(encode(&entries).unwrap().1.digest, Digest::of(&whole));
        }
    }
}
