//! `diff`: what changed between two snapshots, package by package or file by file.

use std::collections::BTreeMap;

use pinfold_mirror::brew;
use pinfold_mirror::family::{self, Family};
use pinfold_mirror::rpm::{self, Advisory};
use pinfold_mirror::tree::SnapshotTree;
use pinfold_mirror::{Change, PackageChange, PackageKind, apk, apt, pacman};
use pinfold_publisher::layout::Spec;
use pinfold_store::manifest::{self, Change as FileChange};
use pinfold_store::path::escape;
use pinfold_store::{Class, Entry, Node, Record, Store};
use serde_json::{Value, json};

use super::Done;
use crate::args::Diff;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Progress};

/// What happens to packages, in the order of the summary.
const PACKAGE_WORDS: &[&str] = &["added", "removed", "upgraded", "downgraded", "rebuilt"];
/// What happens to files. One that never should change its bytes is replaced.
const FILE_WORDS: &[&str] = &["added", "removed", "changed", "replaced"];

pub(super) fn diff(context: &Context, args: &Diff) -> Done {
    let store = context.store()?;
    let newest = Spec { mirror: args.old.mirror.clone(), wanted: None };
    let old = record(&store, &args.old)?;
    let new = record(&store, args.new.as_ref().unwrap_or(&newest))?;
    let family = shared_family(&old, &new);
    let progress = Progress::new();
    let found = match family {
        Some(family) if family != Family::Files && !args.files => {
            packages(&store, family, (&old, &new), context.json, &progress)?
        }
        Some(_) => files(&store, &old, &new, context.json)?,
        None if args.files => files(&store, &old, &new, context.json)?,
        None => {
            let message = format!(
                "cannot compare packages of {} and {}: one family is {}, the other {}",
                name(&old),
                name(&new),
                old.family,
                new.family
            );
            return Err(Failure::usage(message).hint("--files compares any two snapshots"));
        }
    };
    progress.finish();
    let is_same = found.is_empty() && !progress.has_problems();
    let outcome = if is_same { Outcome::Done } else { Outcome::No };
    if context.json {
        ui::print_json(&found.into_json(&old, &new))?;
    } else {
        ui::print(&found.into_text(&old, &new))?;
    }
    Ok(outcome)
}

fn record(store: &Store, spec: &Spec) -> Result<Record, Failure> {
    Ok(store.record(&spec.mirror, spec.resolve(store)?)?)
}

fn name(record: &Record) -> String {
    format!("{}@{}", record.mirror, record.taken)
}

/// The family of both; `None` where they differ. One that this version does not know is a tree of files.
fn shared_family(old: &Record, new: &Record) -> Option<Family> {
    (old.family == new.family).then(|| family::by_name(&old.family).unwrap_or(Family::Files))
}

/// What was found, ready to be shown in one of two ways.
struct Found {
    /// What is compared.
    what: &'static str,
    words: &'static [&'static str],
    /// How many of each word.
    counts: BTreeMap<&'static str, u64>,
    head: &'static [&'static str],
    rows: Vec<Vec<String>>,
    values: Vec<Value>,
    /// Advisories that came; `None` where the family has no such.
    advisories: Option<Vec<Advisory>>,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.advisories.as_ref().is_none_or(Vec::is_empty)
    }

    fn into_json(self, old: &Record, new: &Record) -> Value {
        let side =
            |record: &Record| json!({ "snapshot": name(record), "manifest": record.manifest });
        let counts: serde_json::Map<String, Value> = self
            .words
            .iter()
            .map(|word| ((*word).to_owned(), json!(self.counts.get(word).unwrap_or(&0))))
            .collect();
        let mut value = json!({
            "old": side(old), "new": side(new), "same": old.manifest == new.manifest, "counts": counts, self.what: self.values,
        });
        if let Some(advisories) = &self.advisories {
            value["advisories"] = advisories.iter().map(advisory_value).collect();
        }
        value
    }

    fn into_text(self, old: &Record, new: &Record) -> String {
        let manifest = |record: &Record| record.manifest.to_string()[..12].to_owned();
        let mut text =
            format!("{} ({}) to {} ({})\n", name(old), manifest(old), name(new), manifest(new));
        let counts: Vec<String> = self
            .words
            .iter()
            .filter_map(|word| Some(format!("{} {word}", self.counts.get(word)?)))
            .collect();
        let summary = if !counts.is_empty() {
            format!("{}: {}\n\n", self.what, counts.join(", "))
        } else if old.manifest == new.manifest {
            "the same state\n".to_owned()
        } else {
            "packages: none changed; other files did, --files lists them\n".to_owned()
        };
        text.push_str(&summary);
        if !self.rows.is_empty() {
            text.push_str(&ui::table(self.head, self.rows));
        }
        if let Some(advisories) = self.advisories.filter(|advisories| !advisories.is_empty()) {
            text.push_str(&format!("\nadvisories: {} came\n\n", advisories.len()));
            let rows = advisories.iter().map(advisory_row).collect();
            text.push_str(&ui::table(&["ADVISORY", "KIND", "SEVERITY", "CVES"], rows));
        }
        text
    }
}

/// Compares packages.
fn packages(
    store: &Store,
    family: Family,
    (old, new): (&Record, &Record),
    is_json: bool,
    progress: &Progress,
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
    if old.manifest == new.manifest {
        return Ok(found);
    }
    let tree = |record: &Record| SnapshotTree { store, manifest: record.manifest };
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
    let lists = match family {
        Family::Rpm => {
            let (old, new) = (tree(old), tree(new));
            let (lists, came) = rpm::compare_trees(&old, &new, &mut each, progress)?;
            found.advisories = Some(came);
            lists
        }
        Family::Apk => apk::compare_trees(&tree(old), &tree(new), &mut each)?,
        Family::Pacman => pacman::compare_trees(&tree(old), &tree(new), &mut each)?,
        Family::Brew => brew::compare_trees(&tree(old), &tree(new), &mut each)?,
        Family::Apt | Family::Files => apt::changes(&tree(old), &tree(new), &mut each)?,
    };
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
            name(old),
            name(new)
        );
        return Err(Failure::usage(message).hint("--files compares any two snapshots"));
    }
    Ok(found)
}

/// The word for a change, and the versions before and after it.
fn words_of(change: Change<'_>) -> (&'static str, Option<&[u8]>, Option<&[u8]>) {
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

fn package_row(change: &PackageChange<'_>, word: &str, (was, is): Versions<'_>) -> Vec<String> {
    let last = match change.kind {
        PackageKind::Binary => change.architecture,
        PackageKind::Source => b"source",
    };
    let place: Vec<&[u8]> = [change.suite, change.component, last]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    let place = escape(&place.join(&b' '));
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

fn advisory_row(one: &Advisory) -> Vec<String> {
    let word = |text: &str| if text.is_empty() { "-".to_owned() } else { escape(text.as_bytes()) };
    vec![word(&one.id), word(&one.kind), word(&one.severity), word(&one.cves.join(" "))]
}

fn advisory_value(one: &Advisory) -> Value {
    let Advisory { id, kind, severity, cves } = one;
    json!({ "id": id, "kind": kind, "severity": severity, "cves": cves })
}

/// Compares files.
fn files(store: &Store, old: &Record, new: &Record, is_json: bool) -> Result<Found, Failure> {
    let mut found = Found {
        what: "files",
        words: FILE_WORDS,
        counts: BTreeMap::new(),
        head: &["CHANGE", "FILE", "OLD", "NEW"],
        rows: Vec::new(),
        values: Vec::new(),
        advisories: None,
    };
    if old.manifest == new.manifest {
        return Ok(found);
    }
    for change in manifest::diff(store.manifest(old.manifest)?, store.manifest(new.manifest)?) {
        let change = change?;
        let Some(entry) = change.new_entry().or(change.old_entry()) else { continue };
        let word = match &change {
            FileChange::Added(_) => "added",
            FileChange::Removed(_) => "removed",
            FileChange::Changed { old, new } if is_fixed(old) && is_fixed(new) => "replaced",
            FileChange::Changed { .. } => "changed",
        };
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

pub(super) fn is_fixed(entry: &Entry) -> bool {
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
