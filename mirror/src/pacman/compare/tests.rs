use super::*;
use crate::pacman::database::tests::database;
use crate::tree::tests::MemoryTree;

fn tree(databases: &[(&str, &[(&str, &str)])]) -> MemoryTree {
    let mut tree = MemoryTree::default();
    for (path, list) in databases {
        tree.files.insert((*path).to_owned(), database(list));
    }
    tree
}

fn shown(old: &MemoryTree, new: &MemoryTree) -> Vec<String> {
    let text = String::from_utf8_lossy;
    let mut all = Vec::new();
    compare_trees(old, new, &mut |change| {
        let what = match change.change {
            Change::Added(new) => format!("+ {}", text(new)),
            Change::Removed(old) => format!("- {}", text(old)),
            Change::Upgraded(old, new) => format!("< {} {}", text(old), text(new)),
            Change::Downgraded(old, new) => format!("> {} {}", text(old), text(new)),
            Change::Rebuilt(version) => format!("= {}", text(version)),
        };
        assert_eq!(change.architecture, b"any");
        all.push(format!("{} {} {what}", text(change.suite), text(change.name)));
        Ok(())
    })
    .unwrap();
    all
}

#[test]
fn every_change_is_named_by_repository() {
    let old = tree(&[
        ("core/os/x86_64/core.db", &[("a", "1-1"), ("b", "1-1"), ("c", "2-1"), ("d", "1.0-1")]),
        ("extra/os/x86_64/extra.db", &[("x", "1-1")]),
    ]);
    let new = tree(&[
        ("core/os/x86_64/core.db", &[("a", "1-2"), ("c", "1-1"), ("d", "1.0-1"), ("e", "1:0-1")]),
        ("other/os/x86_64/other.db", &[("x", "1-1")]),
    ]);
    assert_eq!(
        shown(&old, &new),
        [
            "core a < 1-1 1-2",
            "core b - 1-1",
            "core c > 2-1 1-1",
            "core e + 1:0-1",
            "extra x - 1-1",
            "other x + 1-1",
        ]
    );
    assert!(shown(&new, &new).is_empty());
}

#[test]
fn repositories_of_one_name_are_told_apart_and_links_are_followed() {
    let mut old = tree(&[("x/core.db.tar.gz", &[("a", "1-1")]), ("y/core.db", &[("a", "1-1")])]);
    old.links.insert("x/core.db".to_owned(), "core.db.tar.gz".to_owned());
    let new = tree(&[("x/core.db", &[("a", "2-1")]), ("y/core.db", &[("a", "1-1")])]);
    assert_eq!(shown(&old, &new), ["x/core a < 1-1 2-1"]);
}
