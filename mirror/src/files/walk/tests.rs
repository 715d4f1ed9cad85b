use pinfold_store::{Checksum, Silent, Tally};

use super::*;
use crate::page::Item;
use crate::supply::{Content, Root, Stage, Wanted};

/// A tree in which a function says what a folder shows.
struct Made<F>(F, usize);

impl<F: Fn(&str) -> Vec<String> + Sync> Supply for Made<F> {
    fn folders(&mut self, folders: &[Option<RelPath>]) -> Result<Vec<Shown>> {
        self.1 += folders.len();
        let show = |folder: &Option<RelPath>| {
            let at = folder.as_ref().map_or_else(String::new, |path| format!("{path}/"));
            let item = |name: String| {
                let kind = if name.ends_with('/') { Kind::Folder } else { Kind::File };
                let path = format!("{at}{}", name.trim_end_matches('/')).parse().unwrap();
                Item { path, kind, words: None }
            };
            let items = (self.0)(&at).into_iter().map(item).collect();
            Shown::Here(Page { items, is_listing: true, ..Page::default() })
        };
        Ok(folders.iter().map(show).collect())
    }

    fn root(&mut self, _: &RelPath, _: u64) -> Result<Option<Root>> {
        Ok(None)
    }

    fn get(&mut self, _: Stage, _: &[Wanted]) -> Result<Vec<Supplied>> {
        Ok(Vec::new())
    }

    fn open(&self, _: Content) -> Result<Box<dyn std::io::Read + Send>> {
        Ok(Box::new(std::io::empty()))
    }

    fn has_unpacked(&self, _: Content, _: &Checksum) -> Result<bool> {
        Ok(false)
    }

    fn remember_unpacked(&mut self, _: &[(Content, Checksum)]) -> Result<()> {
        Ok(())
    }
}

fn walk(
    selection: &Selection,
    bounds: Bounds,
    shows: impl Fn(&str) -> Vec<String> + Sync,
) -> Result<(Vec<String>, usize)> {
    let mut made = Made(shows, 0);
    let mut walk = Walk::new(selection, bounds);
    let files = walk.go(&mut made, &mut Vec::new(), &Silent)?;
    Ok((files.keys().map(ToString::to_string).collect(), made.1))
}

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn every_folder_is_looked_into_once() {
    let shows = |at: &str| match at {
        "" => list(&["a/", "a/", "b/", "f", "f", "b", "a/b/"]),
        "a/" => list(&["b/", "g"]),
        "a/b/" => list(&["h"]),
        _ => list(&["i"]),
    };
    let (files, asked) = walk(&Selection::default(), BOUNDS, shows).unwrap();
    assert_eq!(files, ["a/b/h", "a/g", "b/i", "f"]);
    assert_eq!(asked, 4);
    let shallow = Selection { depth: 2, ..Selection::default() };
    let (files, asked) = walk(&shallow, BOUNDS, shows).unwrap();
    assert_eq!((files, asked), (list(&["a/g", "b/i", "f"]), 3));
    let top = Selection { depth: 1, ..Selection::default() };
    assert_eq!(walk(&top, BOUNDS, shows).unwrap(), (list(&["b", "f"]), 1));
}

#[test]
fn a_link_that_leads_back_is_refused_unless_it_is_left_out_or_cut() {
    let shows = |_: &str| list(&["self/", "f"]);
    let error = walk(&Selection::default(), BOUNDS, shows).unwrap_err().to_string();
    assert!(error.contains("more than 32 folders deep"), "{error}");
    let cut = Selection { depth: 3, ..Selection::default() };
    assert_eq!(walk(&cut, BOUNDS, shows).unwrap().0, ["f", "self/f", "self/self/f"]);
    let exclude = vec!["self/*".to_owned().try_into().unwrap()];
    let without = Selection { exclude, ..Selection::default() };
    assert_eq!(walk(&without, BOUNDS, shows).unwrap(), (list(&["f"]), 1));
}

#[test]
fn a_tree_without_end_is_refused() {
    let bounds = Bounds { folders: 50, files: 300 };
    let wide = |at: &str| match at {
        "" => (0..51).map(|number| format!("d{number}/")).collect(),
        _ => Vec::new(),
    };
    let error = walk(&Selection::default(), bounds, wide).unwrap_err().to_string();
    assert!(error.contains("more than 50 folders"), "{error}");
    let full = |_: &str| (0..301).map(|number| format!("f{number}")).collect();
    let error = walk(&Selection::default(), bounds, full).unwrap_err().to_string();
    assert!(error.contains("more than 300 files"), "{error}");
    // Two links that lead back make folders faster than any depth bounds them.
    let error = walk(&Selection::default(), bounds, |_| list(&["a/", "b/"])).unwrap_err();
    assert!(error.to_string().contains("folders"), "{error}");
}

#[test]
fn names_that_cannot_be_kept_are_told_once_a_folder() {
    let tally = Tally::default();
    let selection = Selection::default();
    let mut walk = Walk::new(&selection, BOUNDS);
    let page = Page { odd: list(&["'a//b': it is odd"]), odd_count: 7, ..Page::default() };
    walk.take(None, page, &tally).unwrap();
    let problems = tally.problems();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].detail.contains("7 names") && problems[0].detail.contains("a//b"));
}
