//! Comparing: packages by their family, files by the manifests. An old side that is absent is an empty one.

use std::collections::BTreeMap;
use std::io::Read;

use pinfold_mirror::family::Family;
use pinfold_mirror::tree::{Entries, SnapshotTree, TreeReader};
use pinfold_mirror::{Change, Lists, PackageChange, PackageKind, apk, apt, brew, pacman, rpm};
use pinfold_store::manifest::{self, Change as FileChange};
use pinfold_store::path::escape;
use pinfold_store::{Class, Digest, Entry, Monitor, Node, Record, Store};
use serde_json::{Value, json};

use super::{Found, is_same, name};
use crate::failure::Failure;
use crate::ui;

/// What happens to packages, in the order of the summary.
const PACKAGE_WORDS: &[&str] = &["added", "removed", "upgraded", "downgraded", "rebuilt"];
/// What happens to files. One that never should change its bytes is replaced.
const FILE_WORDS: &[&str] = &["added", "removed", "changed", "replaced"];

/// The tree of a snapshot, or an empty one.
pub(in crate::cmd) struct Side<'a>(pub(in crate::cmd) Option<SnapshotTree<'a>>);

impl<'a> Side<'a> {
    pub(in crate::cmd) fn of(store: &'a Store, record: Option<&Record>) -> Self {
        Self(record.map(|record| SnapshotTree { store, manifest: record.manifest }))
    }
}

impl TreeReader for Side<'_> {
    fn entries(&self) -> pinfold_mirror::Result<Entries<'_>> {
        self.0
            .as_ref()
            .map_or_else(|| Ok(Box::new(std::iter::empty()) as Entries<'_>), SnapshotTree::entries)
    }

    fn open(&self, digest: Digest, size_bytes: u64) -> pinfold_mirror::Result<Box<dyn Read>> {
        match &self.0 {
            Some(tree) => tree.open(digest, size_bytes),
            None => Ok(Box::new(std::io::empty())),
        }
    }
}

/// Compares packages.
pub(super) fn packages(
    store: &Store,
    family: Family,
    (old, new): (Option<&Record>, &Record),
    is_json: bool,
    progress: &dyn Monitor,
) -> Result<Found, Failure> {
    let mut found = Found {
        what: "packages",
        words: PACKAGE_WORDS,
        counts: BTreeMap::new(),
        head: &["CHANGE", "WHERE", "PACKAGE", "OLD", "NEW"],
        rows: Vec::new(),
        values: Vec::new(),
        advisories: (family == Family::Rpm).then(Vec::new),
    };
    if is_same(old, new) {
        return Ok(found);
    }
    let mut each = |change: &PackageChange<'_>| {
        let (word, was, is) = words_of(change.change);
        *found.counts.entry(word).or_default() += 1;
        if is_json {
            found.values.push(package_value(change, word, (was, is)));
        } else {
            found.rows.push(package_row(change, word, (was, is)));
        }
        Ok(())
    };
    let sides = (&Side::of(store, old), &Side::of(store, Some(new)));
    let (lists, came) = changes(family, sides, &mut each, progress)?;
    found.advisories = came;
    if lists.old == 0 && lists.new == 0 {
        let root = match family {
            Family::Rpm => "repomd.xml",
            Family::Brew => "packages.TAG.jws.json",
            Family::Apk => "APKINDEX.tar.gz",
            Family::Pacman => "database",
            Family::Apt | Family::Files => "Release",
        };
        let message = format!(
            "cannot compare {} and {}: no {root} in them lists packages",
            old.map_or_else(|| "nothing".to_owned(), name),
            name(new)
        );
        return Err(Failure::usage(message).hint("--files compares any two snapshots"));
    }
    Ok(found)
}

/// Takes a change of a package.
pub(in crate::cmd) type Each<'a> = dyn FnMut(&PackageChange<'_>) -> pinfold_mirror::Result<()> + 'a;

/// Names what happened to packages, as the family does, and the advisories that came where it has such.
pub(in crate::cmd) fn changes(
    family: Family,
    (old, new): (&Side<'_>, &Side<'_>),
    mut each: &mut Each<'_>,
    progress: &dyn Monitor,
) -> Result<(Lists, Option<Vec<rpm::Advisory>>), Failure> {
    let lists = match family {
        Family::Rpm => {
            let (lists, came) = rpm::compare_trees(old, new, &mut each, progress)?;
            return Ok((lists, Some(came)));
        }
        Family::Apk => apk::compare_trees(old, new, &mut each)?,
        Family::Pacman => pacman::compare_trees(old, new, &mut each)?,
        Family::Brew => brew::compare_trees(old, new, &mut each)?,
        Family::Apt | Family::Files => apt::changes(old, new, &mut each)?,
    };
    Ok((lists, None))
}

/// The word for a change, and the versions before and after it.
pub(super) fn words_of(change: Change<'_>) -> (&'static str, Option<&[u8]>, Option<&[u8]>) {
    match change {
        Change::Added(new) => ("added", None, Some(new)),
        Change::Removed(old) => ("removed", Some(old), None),
        Change::Upgraded(old, new) => ("upgraded", Some(old), Some(new)),
        Change::Downgraded(old, new) => ("downgraded", Some(old), Some(new)),
        Change::Rebuilt(version) => ("rebuilt", Some(version), Some(version)),
    }
}

/// The versions before and after a change.
type Versions<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// Where a package is, in words.
pub(super) fn place(change: &PackageChange<'_>) -> String {
    let last = match change.kind {
        PackageKind::Binary => change.architecture,
        PackageKind::Source => b"source",
    };
    let place: Vec<&[u8]> = [change.suite, change.component, last]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    escape(&place.join(&b' '))
}

fn package_row(change: &PackageChange<'_>, word: &str, (was, is): Versions<'_>) -> Vec<String> {
    let place = place(change);
    let package = if change.source == change.name {
        escape(change.name)
    } else {
        format!("{} ({})", escape(change.name), escape(change.source))
    };
    let version = |version: Option<&[u8]>| version.map_or_else(|| "-".to_owned(), escape);
    vec![word.to_owned(), place, package, version(was), version(is)]
}

fn package_value(change: &PackageChange<'_>, word: &str, (was, is): Versions<'_>) -> Value {
    let kind = match change.kind {
        PackageKind::Binary => "binary",
        PackageKind::Source => "source",
    };
    json!({
        "change": word, "kind": kind, "suite": escape(change.suite), "component": escape(change.component),
        "architecture": escape(change.architecture), "name": escape(change.name), "source": escape(change.source),
        "old": was.map(escape), "new": is.map(escape),
    })
}

/// Compares files.
pub(super) fn files(
    store: &Store,
    (old, new): (Option<&Record>, &Record),
    is_json: bool,
) -> Result<Found, Failure> {
    let mut found = Found {
        what: "files",
        words: FILE_WORDS,
        counts: BTreeMap::new(),
        head: &["CHANGE", "FILE", "OLD", "NEW"],
        rows: Vec::new(),
        values: Vec::new(),
        advisories: None,
    };
    if is_same(old, new) {
        return Ok(found);
    }
    let before = old.map(|old| store.manifest(old.manifest)).transpose()?;
    for change in manifest::diff(before.into_iter().flatten(), store.manifest(new.manifest)?) {
        let change = change?;
        let Some(entry) = change.new_entry().or(change.old_entry()) else { continue };
        let word = file_word(&change);
        *found.counts.entry(word).or_default() += 1;
        let path = entry.path.to_string();
        if is_json {
            let node = |entry: Option<&Entry>| entry.map(node_value);
            found.values.push(json!({
                "change": word, "path": path, "old": node(change.old_entry()), "new": node(change.new_entry()),
            }));
        } else {
            let node = |entry: Option<&Entry>| {
                entry.map_or_else(|| "-".to_owned(), |one| shown(&one.node))
            };
            found.rows.push(vec![
                word.to_owned(),
                path,
                node(change.old_entry()),
                node(change.new_entry()),
            ]);
        }
    }
    Ok(found)
}

/// The word for a change of a file.
pub(super) fn file_word(change: &FileChange) -> &'static str {
    match change {
        FileChange::Added(_) => "added",
        FileChange::Removed(_) => "removed",
        FileChange::Changed { old, new } if is_fixed(old) && is_fixed(new) => "replaced",
        FileChange::Changed { .. } => "changed",
    }
}

pub(in crate::cmd) fn is_fixed(entry: &Entry) -> bool {
    matches!(entry.node, Node::File { class: Class::Fixed, .. })
}

fn shown(node: &Node) -> String {
    match node {
        Node::File { digest, size_bytes, .. } => {
            format!("{} {}", &digest.to_string()[..12], ui::bytes(*size_bytes))
        }
        Node::Link { target } => format!("-> {}", escape(target)),
    }
}

fn node_value(entry: &Entry) -> Value {
    match &entry.node {
        Node::File { digest, size_bytes, .. } => json!({ "object": digest, "bytes": size_bytes }),
        Node::Link { target } => json!({ "target": escape(target) }),
    }
}
