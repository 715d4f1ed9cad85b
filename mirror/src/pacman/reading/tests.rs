use pinfold_store::scan::Reading as _;

use super::*;
use crate::pacman::database::tests::database;
use crate::tree::tests::{MemoryTree, path};

/// A tree as a mirror of the distribution has it: packages in a pool, databases by links.
fn tree() -> MemoryTree {
    let mut tree = MemoryTree::default();
    for (name, bytes) in [
        ("core/os/x86_64/core.db.tar.gz", database(&[("a", "1-1")])),
        ("core/os/x86_64/core.files.tar.gz", database(&[("a", "1-1")])),
        ("core/os/x86_64/core.db.tar.gz.old", database(&[])),
        ("vendor/vendor.db", database(&[])),
        ("vendor/Thumbs.db", b"SQLite format 3\0".to_vec()),
        ("pool/packages/a-1-1-any.pkg.tar.zst", b"a".to_vec()),
        ("lastupdate", b"1\n".to_vec()),
    ] {
        tree.files.insert(name.to_owned(), bytes);
    }
    for (name, target) in [
        ("core/os/x86_64/core.db", "core.db.tar.gz"),
        ("core/os/x86_64/core.files", "core.files.tar.gz"),
        ("core/os/x86_64/a-1-1-any.pkg.tar.zst", "../../../pool/packages/a-1-1-any.pkg.tar.zst"),
        ("core/os/x86_64/gone.db", "nowhere"),
        ("stable", "vendor"),
    ] {
        tree.links.insert(name.to_owned(), target.to_owned());
    }
    tree
}

#[test]
fn databases_are_found_by_links_and_by_what_they_are() {
    let found: Vec<String> =
        databases(&tree()).unwrap().iter().map(|one| one.path().to_string()).collect();
    assert_eq!(found, ["core/os/x86_64/core.db", "vendor/vendor.db"]);
    assert!(databases(&MemoryTree::default()).unwrap().is_empty());
}

#[test]
fn every_name_has_its_class_and_every_root_its_names() {
    let reading = read(&tree()).unwrap();
    let roots: Vec<String> = reading.roots().iter().map(ToString::to_string).collect();
    assert_eq!(
        roots,
        [
            "core/os/x86_64/core.db",
            "core/os/x86_64/core.db.tar.gz",
            "core/os/x86_64/core.files",
            "core/os/x86_64/core.files.tar.gz",
            "stable/Thumbs.db",
            "stable/vendor.db",
            "vendor/Thumbs.db",
            "vendor/vendor.db",
        ]
    );
    for (name, class) in [
        ("core/os/x86_64/core.db.tar.gz", Class::Root),
        ("core/os/x86_64/core.db.tar.gz.old", Class::Other),
        ("pool/packages/a-1-1-any.pkg.tar.zst", Class::Fixed),
        ("pool/packages/a-1-1-any.pkg.tar.zst.sig", Class::Fixed),
        ("lastupdate", Class::Other),
    ] {
        assert_eq!(reading.class(&path(name), Class::Other), class, "{name}");
    }
}
