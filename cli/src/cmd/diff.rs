//! `diff`: what changed between two snapshots, package by package or file by file.

mod compare;
mod share;
mod summary;

use std::collections::BTreeMap;

use pinfold_mirror::family::{self, Family};
use pinfold_mirror::rpm::Advisory;
use pinfold_publisher::layout::Spec;
use pinfold_store::path::escape;
use pinfold_store::{Record, Store};
use serde_json::{Value, json};

use super::Done;
use crate::args::Diff;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Progress};
pub(super) use compare::is_fixed;
pub(super) use compare::{Side, changes};
use compare::{files, packages};
pub(super) use share::{Lost, document, lost};
pub(super) use summary::summary;

pub(super) fn diff(context: &Context, args: &Diff) -> Done {
    let store = context.store()?;
    let newest = Spec { mirror: args.old.mirror.clone(), wanted: None };
    let old = record(&store, &args.old)?;
    let new = record(&store, args.new.as_ref().unwrap_or(&newest))?;
    let family = shared_family(&old, &new);
    let progress = Progress::new();
    let found = match family {
        Some(family) if family != Family::Files && !args.files => {
            packages(&store, family, (Some(&old), &new), context.json, &progress)?
        }
        Some(_) => files(&store, (Some(&old), &new), context.json)?,
        None if args.files => files(&store, (Some(&old), &new), context.json)?,
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
        ui::print_json(&found.into_json(Some(&old), &new))?;
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

/// Says whether both are one state.
fn is_same(old: Option<&Record>, new: &Record) -> bool {
    old.is_some_and(|old| old.manifest == new.manifest)
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

    fn into_json(self, old: Option<&Record>, new: &Record) -> Value {
        let side =
            |record: &Record| json!({ "snapshot": name(record), "manifest": record.manifest });
        let counts: serde_json::Map<String, Value> = self
            .words
            .iter()
            .map(|word| ((*word).to_owned(), json!(self.counts.get(word).unwrap_or(&0))))
            .collect();
        let mut value = json!({
            "old": old.map(side), "new": side(new), "same": is_same(old, new), "counts": counts, self.what: self.values,
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

fn advisory_row(one: &Advisory) -> Vec<String> {
    let word = |text: &str| if text.is_empty() { "-".to_owned() } else { escape(text.as_bytes()) };
    vec![word(&one.id), word(&one.kind), word(&one.severity), word(&one.cves.join(" "))]
}

fn advisory_value(one: &Advisory) -> Value {
    let Advisory { id, kind, severity, cves } = one;
    json!({ "id": id, "kind": kind, "severity": severity, "cves": cves })
}
