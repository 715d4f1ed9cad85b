use pinfold_store::{Node, Silent, Tally};

use super::*;
use crate::Archive as _;
use crate::rpm::made::{Made, Named, Shelf, add, package_path};
use crate::rpm::metalink;
use crate::tree::tests::MemoryTree;

const HELLO: Named<'static> = ("hello", "1-1", "noarch");

impl Archive {
    /// Makes an archive that nobody signs.
    pub(in crate::rpm) fn unsigned(selection: Selection) -> Self {
        let (belief, vendors) = (Belief::default(), Keyring::default());
        Self { selection, belief, vendors, now: 0, metalink: None }
    }
}

fn shelf(folder: &str) -> Shelf {
    let mut tree = MemoryTree::default();
    let more = vec![
        Made::packed("filelists", "filelists.xml.gz", "<filelists/>"),
        Made::packed("other", "some-other.xml.gz", "<otherdata/>"),
        // Two words for one file.
        Made::plain("group", "comps.xml", b"<comps/>"),
        Made::plain("group_gz", "comps.xml", b"<comps/>"),
    ];
    add(&mut tree, folder, &[HELLO], more);
    Shelf::of(tree)
}

fn class(state: &State, path: &str) -> Option<Class> {
    let found = state.entries.iter().find(|entry| entry.path.to_string() == path)?;
    match found.node {
        Node::File { class, .. } => Some(class),
        Node::Link { .. } => None,
    }
}

#[test]
fn a_repository_is_found_whole_with_the_class_of_each_name() {
    let mut shelf = shelf("");
    let archive = Archive::unsigned(Selection::default());
    let state = archive.survey(&mut shelf, &Silent).unwrap();
    assert_eq!(state.lacks, []);
    for (path, expected) in [
        ("repodata/repomd.xml", Class::Root),
        ("repodata/filelists.xml.gz", Class::Root),
        ("repodata/comps.xml", Class::Root),
        ("repodata/some-other.xml.gz", Class::Other),
        (package_path(HELLO).as_str(), Class::Fixed),
    ] {
        assert_eq!(class(&state, path), Some(expected), "{path}");
    }
    let roots: Vec<String> = state.roots.iter().map(ToString::to_string).collect();
    assert_eq!(roots, ["repodata/comps.xml", "repodata/filelists.xml.gz", "repodata/repomd.xml"]);
    let [proof] = &state.proofs[..] else { panic!("{:?}", state.proofs) };
    assert_eq!((proof.indices, proof.files), (5, 1));
    // A channel serves the same names from the same place, whether the tree was synced or ingested.
    let reading =
        archive.reading(&MemoryTree { files: shelf.files, ..MemoryTree::default() }, &Silent);
    assert_eq!(reading.unwrap().roots(), state.roots);
}

#[test]
fn whether_anything_changed_is_asked_by_one_file_a_repository() {
    let mut shelf = shelf("a/");
    add_second(&mut shelf);
    let folders = ["a", "b"].map(|folder| Folder::try_from(folder.to_owned()).unwrap());
    let selection = Selection { repositories: folders.into(), ..Selection::default() };
    Archive::unsigned(selection).look(&mut shelf).unwrap();
    assert_eq!(shelf.roots, ["a/repodata/repomd.xml", "b/repodata/repomd.xml"]);
    assert_eq!(shelf.asked, [] as [&str; 0]);
}

fn add_second(shelf: &mut Shelf) {
    let mut tree = MemoryTree::default();
    add(&mut tree, "b/", &[], Vec::new());
    shelf.files.append(&mut tree.files);
}

#[test]
fn media_of_suse_are_asked_for_as_long_as_there_are_any() {
    let archive = Archive::unsigned(Selection::default());
    let mut without = shelf("");
    archive.survey(&mut without, &Silent).unwrap();
    let asked =
        |shelf: &Shelf| shelf.roots.iter().filter(|path| !path.starts_with("repodata/")).count();
    assert_eq!(asked(&without), 1);
    let mut with = shelf("");
    with.files.insert("media.1/media".to_owned(), b"x".to_vec());
    let state = archive.survey(&mut with, &Silent).unwrap();
    assert_eq!(asked(&with), 4);
    assert_eq!(class(&state, "media.1/media"), Some(Class::Other));
}

#[test]
fn a_missing_package_is_named_and_a_missing_delta_is_passed_over() {
    let archive = Archive::unsigned(Selection::default());
    let mut torn = shelf("");
    torn.files.remove(&package_path(HELLO));
    let state = archive.survey(&mut torn, &Silent).unwrap();
    let [lack] = &state.lacks[..] else { panic!("{:?}", state.lacks) };
    assert_eq!(lack.path.to_string(), package_path(HELLO));
    let mut tree = MemoryTree::default();
    let list = "<prestodelta><newpackage><delta><filename>d.drpm</filename><checksum type=\"md5\">\
                00112233445566778899aabbccddeeff</checksum></delta></newpackage></prestodelta>";
    add(&mut tree, "", &[HELLO], vec![Made::packed("prestodelta", "*p.xml.gz", list)]);
    let state = archive.survey(&mut Shelf::of(tree), &Silent).unwrap();
    assert_eq!((state.lacks.len(), state.is_doubtful), (0, true));
}

#[test]
fn nobody_who_signs_and_nothing_at_all_are_two_errors() {
    let signed = Archive {
        belief: Belief { keyring: Some(Keyring::default()), ..Belief::default() },
        ..Archive::unsigned(Selection::default())
    };
    let error = signed.survey(&mut shelf(""), &Silent).unwrap_err();
    assert!(matches!(error, Error::NotAuthentic { .. }), "{error}");
    let error = signed.survey(&mut Shelf::default(), &Silent).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    assert!(error.to_string().contains("is the URL that of a repository?"), "{error}");
}

#[test]
fn a_state_that_the_metalink_does_not_know_is_of_an_upstream_to_pass_by() {
    let sum = "0".repeat(64);
    let text = format!(
        "<metalink xmlns=\"http://www.metalinker.org/\"><files><file name=\"repomd.xml\"><verification>\
         <hash type=\"sha256\">{sum}</hash></verification><resources>\
         <url protocol=\"http\" type=\"http\" preference=\"100\">http://h/repodata/repomd.xml</url>\
         </resources></file></files></metalink>"
    );
    let metalink = Some(metalink(text.as_bytes(), "metalink").unwrap());
    let archive = Archive { metalink, ..Archive::unsigned(Selection::default()) };
    let error = archive.survey(&mut shelf(""), &Silent).unwrap_err();
    assert_eq!(error.kind(), pinfold_store::Kind::Upstream, "{error}");
    assert!(error.to_string().contains(&sum), "{error}");
}

#[test]
fn metadata_outside_their_folder_are_reported_and_kept() {
    let mut tree = MemoryTree::default();
    add(&mut tree, "", &[HELLO], vec![Made::plain("group", "../comps.xml", b"<comps/>")]);
    let bytes = tree.files.remove("repodata/../comps.xml").unwrap();
    tree.files.insert("comps.xml".to_owned(), bytes);
    let tally = Tally::default();
    let archive = Archive::unsigned(Selection::default());
    let state = archive.survey(&mut Shelf::of(tree), &tally).unwrap();
    assert_eq!(class(&state, "comps.xml"), Some(Class::Other));
    assert!(tally.problems()[0].detail.contains("dnf aborts at it"), "{:?}", tally.problems());
}
