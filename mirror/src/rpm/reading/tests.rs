use pinfold_store::scan::Reading as _;

use super::*;
use crate::rpm::made::{Made, add};
use crate::tree::tests::{MemoryTree, path};

/// A repository at the root and one in a folder, each with metadata under all kinds of names.
fn tree() -> MemoryTree {
    let mut tree = MemoryTree::default();
    for folder in ["", "AppStream/"] {
        let more = vec![
            Made::packed("filelists", "filelists.xml.gz", "<filelists/>"),
            Made::packed("other", "some-other.xml.gz", "<otherdata/>"),
            Made::plain("productid", "*productid", b"x"),
        ];
        add(&mut tree, folder, &[("hello", "1-1", "noarch")], more);
        tree.files.insert(format!("{folder}repodata/repomd.xml.asc"), Vec::new());
    }
    for other in ["xrepodata/repomd.xml", "a/repomd.xml", "media.1/media", "images/comps.xml"] {
        tree.files.insert(other.to_owned(), b"<not a repomd".to_vec());
    }
    tree
}

#[test]
fn repositories_are_where_their_list_is() {
    let found: Vec<String> = repositories(&tree()).unwrap().into_iter().map(String::from).collect();
    assert_eq!(found, ["", "AppStream"]);
    assert_eq!(repositories(&MemoryTree::default()).unwrap(), []);
    assert_eq!(repomds(&tree()).unwrap().len(), 2);
}

#[test]
fn every_name_has_its_class() {
    let tree = tree();
    let reading = read(&tree, &repositories(&tree).unwrap()).unwrap();
    let class = |name: &str| reading.class(&path(name), Class::Other);
    for folder in ["", "AppStream/"] {
        let of = |name: &str| class(&format!("{folder}{name}"));
        assert_eq!(of("repodata/repomd.xml"), Class::Root);
        assert_eq!(of("repodata/repomd.xml.asc"), Class::Root);
        assert_eq!(of("repodata/filelists.xml.gz"), Class::Root, "it changes in place");
        assert_eq!(
            of("repodata/some-other.xml.gz"),
            Class::Other,
            "nobody looks for it among roots"
        );
        assert_eq!(of("Packages/hello-1-1.noarch.rpm"), Class::Fixed);
        let hashed = tree.files.keys().find(|name| name.ends_with("-productid")).unwrap();
        assert_eq!(class(hashed), Class::Fixed);
    }
    for other in ["media.1/media", "images/comps.xml", "xrepodata/repomd.xml"] {
        assert_eq!(class(other), Class::Other, "{other}");
    }
    assert_eq!(reading.roots().len(), 6);
    // Of a mirror that is said to have one repository the others are files like any.
    let one = read(&tree, &[Folder::default()]).unwrap();
    assert_eq!(one.class(&path("AppStream/repodata/repomd.xml"), Class::Other), Class::Other);
}

#[test]
fn a_repository_that_cannot_be_followed_is_named() {
    let mut tree = tree();
    tree.files.insert("AppStream/repodata/repomd.xml".to_owned(), b"<html>".to_vec());
    let error = read(&tree, &repositories(&tree).unwrap()).unwrap_err().to_string();
    assert!(error.contains("AppStream/repodata/repomd.xml"), "{error}");
}
