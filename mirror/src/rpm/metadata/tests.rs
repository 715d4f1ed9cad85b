use pinfold_store::{Silent, Tally};

use super::*;
use crate::rpm::archive::Archive;
use crate::rpm::made::{Made, Shelf, add, gzip};
use crate::tree::tests::MemoryTree;

/// What reading the metadata of a repository came to.
struct Read {
    shelf: Shelf,
    lacks: Vec<String>,
    problems: Vec<String>,
    listing: Listing,
}

/// Gets and reads the metadata of a repository that has some more than its packages.
fn read_with(more: Vec<Made<'_>>) -> Read {
    let mut tree = MemoryTree::default();
    add(&mut tree, "", &[("hello", "1-1", "noarch")], more);
    read_of(Shelf::of(tree))
}

fn read_of(mut shelf: Shelf) -> Read {
    let archive = Archive::unsigned(Selection::default());
    let tally = Tally::default();
    let repository = archive.open(&mut shelf, &Default::default(), &Silent).unwrap();
    let mut state = State::default();
    let indices = get(&mut shelf, &repository, &mut state).unwrap();
    let mut listing = read(&shelf, (&repository, &indices), &archive.selection, &tally).unwrap();
    shelf.remember_unpacked(&listing.unpacked).unwrap();
    state.lacks.append(&mut listing.lacks);
    let lacks = state.lacks.iter().map(|lack| format!("{}: {}", lack.path, lack.why())).collect();
    let problems = tally.problems().iter().map(|one| one.detail.clone()).collect();
    Read { shelf, lacks, problems, listing }
}

#[test]
fn everything_that_is_listed_is_fetched_known_or_not() {
    let read = read_with(vec![
        Made::packed("filelists", "*filelists.xml.gz", "<filelists/>"),
        Made::plain("a-kind-of-tomorrow", "*tomorrow.bin", b"\xff"),
    ]);
    assert_eq!((read.lacks.len(), read.problems.len()), (0, 0), "{:?}", read.lacks);
    assert_eq!(read.shelf.asked.len(), 3);
    assert_eq!(read.listing.wanted.len(), 1);
}

#[test]
fn what_a_file_unpacks_to_is_compared_once() {
    let list = Made::packed("filelists", "filelists.xml.gz", "<filelists/>");
    let mut read = read_with(vec![list]);
    let times = |shelf: &Shelf| shelf.times_opened("repodata/filelists.xml.gz");
    assert_eq!(
        (times(&read.shelf), read.shelf.unpacked.len()),
        (2, 2),
        "its beginning, and all of it"
    );
    read = read_of(read.shelf);
    assert_eq!(times(&read.shelf), 3, "its beginning");
}

#[test]
fn what_is_not_as_listed_is_named() {
    let wrong = |name, bytes: &[u8], open: &[u8]| Made {
        kind: "filelists",
        name,
        bytes: bytes.to_vec(),
        open: Some(open.to_vec()),
    };
    let (short, long, other) = (b"<a/>", b"<a></a>", b"<b/>");
    for (made, expected) in [
        (wrong("f.xml.xz", &gzip(short), short), "its name says xz, and it is gzip"),
        (wrong("f.xml.gz", short, short), "its name says gzip, and it is not packed"),
        (wrong("f.xml.zck", &gzip(short), short), "its name says zchunk, and it is gzip"),
        (wrong("f.xml.gz", &gzip(long), short), "4"),
        (wrong("f.xml.gz", &gzip(short), long), "it unpacks to 4 bytes, expected 7"),
        (wrong("f.xml.gz", &gzip(short), other), "it unpacks to SHA256"),
        (wrong("f.xml.gz", &gzip(short)[..12], short), "it does not unpack"),
    ] {
        let read = read_with(vec![made]);
        let [lack] = &read.lacks[..] else { panic!("{expected}: {:?}", read.lacks) };
        assert!(lack.contains(expected) && lack.starts_with("repodata/f.xml"), "{lack}");
    }
}

#[test]
fn zchunk_is_taken_by_its_own_checksum_and_not_unpacked() {
    let (packed, plain) = (b"\0ZCK1 pieces".to_vec(), b"<filelists/>".to_vec());
    let kind = "filelists_zck";
    let read = read_with(vec![Made {
        kind,
        name: "*filelists.xml.zck",
        bytes: packed,
        open: Some(plain),
    }]);
    assert_eq!((read.lacks.len(), read.problems.len()), (0, 0), "{:?}", read.lacks);
}

#[test]
fn metadata_that_packages_do_not_depend_on_are_reported_and_kept() {
    for (kind, text, expected) in [
        ("modules", "a: [", "dnf aborts at it"),
        ("updateinfo", "<updates>", "zypper refuses the repository for it"),
        ("prestodelta", "<prestodelta><newpackage>", "no delta of it is taken"),
    ] {
        let read = read_with(vec![Made::packed(kind, "*m.gz", text)]);
        assert_eq!(read.lacks.len(), 0, "{kind}: {:?}", read.lacks);
        let [problem] = &read.problems[..] else { panic!("{kind}: {:?}", read.problems) };
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn a_list_that_counts_its_packages_wrongly_is_reported() {
    let mut tree = MemoryTree::default();
    add(&mut tree, "", &[("hello", "1-1", "noarch")], Vec::new());
    let text = crate::rpm::made::primary(&[("hello", "1-1", "noarch")]);
    let list = Made::packed("primary", "*primary.xml.gz", &text.replace("=\"1\"", "=\"2\""));
    let repomd = crate::rpm::made::repomd(std::slice::from_ref(&list));
    tree.files.insert("repodata/repomd.xml".to_owned(), repomd.into_bytes());
    tree.files.insert(list.path(), list.bytes);
    let read = read_of(Shelf::of(tree));
    let [problem] = &read.problems[..] else { panic!("{:?}", read.problems) };
    assert!(problem.contains("2 packages, and lists 1"), "{problem}");
    assert_eq!(read.listing.wanted.len(), 1);
}
