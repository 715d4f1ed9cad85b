//! `prune --explain`: who holds an object, a file below the root or a path of an archive, and what must happen for it to go.

mod asked;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use pinfold_publisher::explain::{self, Held, Holder};
use pinfold_publisher::retention::{self as past, Fate, Step};
use pinfold_store::index::Span;
use pinfold_store::{Digest, Name, RelPath, Stamp, Store};
use serde_json::{Value, json};

use super::super::Done;
use super::retention::{planned, want};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui;
use asked::Asked;

/// Snapshots that are named one by one.
const NAMED_MAX: usize = 20;

pub(super) fn explain(context: &Context, what: &OsStr) -> Done {
    let store = context.store_on_any_disk()?;
    let mut answer = Answer { context, store: &store, fates: BTreeMap::new(), text: String::new() };
    let value = match asked::read(&store, what)? {
        Asked::Objects(digests) => answer.objects(&digests)?,
        Asked::Path(spans) => answer.path(&spans)?,
        Asked::Snapshots(what, snapshots) => answer.snapshots(&what, &snapshots)?,
        Asked::Said(words) => {
            answer.text = words.clone() + "\n";
            json!({ "says": words })
        }
    };
    let is_nothing = answer.text.is_empty();
    if context.json {
        ui::print_json(&value)?;
    } else {
        ui::print(&answer.text)?;
    }
    if is_nothing {
        ui::tell("no kept snapshot has it");
        return Ok(Outcome::No);
    }
    Ok(Outcome::Done)
}

struct Answer<'a> {
    context: &'a Context,
    store: &'a Store,
    /// What becomes of every snapshot of a mirror, asked once.
    fates: BTreeMap<Name, Vec<Step>>,
    text: String,
}

impl Answer<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// What a path was, and who else has those objects.
    fn path(&mut self, spans: &[(Name, Span)]) -> Result<Value, Failure> {
        let mut values = Vec::new();
        let mut digests = Vec::new();
        for (mirror, span) in spans {
            let until = span.last.map_or_else(|| "the newest".to_owned(), |last| last.to_string());
            let what = explain::object_of(span)
                .map_or_else(|| "a symbolic link".to_owned(), |digest| format!("object {digest}"));
            self.line(&format!(
                "{mirror} {}: {what} from {} to {until}",
                span.entry.path, span.first
            ));
            values.push(json!({
                "mirror": mirror, "path": span.entry.path.to_string(), "first": span.first, "last": span.last,
                "object": explain::object_of(span),
            }));
            digests.extend(explain::object_of(span));
        }
        digests.sort_unstable();
        digests.dedup();
        Ok(json!({ "spans": values, "objects": self.objects(&digests)?["objects"] }))
    }

    fn objects(&mut self, digests: &[Digest]) -> Result<Value, Failure> {
        let mut values = Vec::new();
        for digest in digests {
            if let Some(held) = explain::object(self.store, *digest)? {
                values.push(self.object(&held)?);
            }
        }
        Ok(json!({ "objects": values }))
    }

    fn object(&mut self, held: &Held) -> Result<Value, Failure> {
        self.line(&format!(
            "object {}: {} bytes; {} on the disk, inodes: {}, links: {}",
            held.digest,
            held.size_bytes,
            ui::bytes(held.weight.bytes),
            held.weight.inodes,
            held.links
        ));
        let mut by_mirror: BTreeMap<Name, BTreeSet<Stamp>> = BTreeMap::new();
        let mut paths = Vec::new();
        for holder in &held.holders {
            paths.push(self.holder(holder)?);
            by_mirror.entry(holder.mirror.clone()).or_default().extend(&holder.snapshots);
        }
        let all: Vec<(Name, Stamp)> = by_mirror
            .into_iter()
            .flat_map(|(mirror, dates)| dates.into_iter().map(move |taken| (mirror.clone(), taken)))
            .collect();
        let snapshots = self.held_by(&all)?;
        Ok(json!({
            "object": held.digest, "size": held.size_bytes, "bytes": held.weight.bytes, "inodes": held.weight.inodes,
            "links": held.links, "paths": paths, "snapshots": snapshots,
        }))
    }

    /// One path that has an object: from when to when, and in how many trees.
    fn holder(&mut self, holder: &Holder) -> Result<Value, Failure> {
        let Holder { mirror, path, snapshots } = holder;
        let (Some(first), Some(last)) = (snapshots.first(), snapshots.last()) else {
            return Ok(Value::Null);
        };
        let steps = self.fates_of(mirror)?;
        let trees = steps
            .iter()
            .filter(|step| step.stands && snapshots.binary_search(&step.taken).is_ok())
            .count();
        let (count, path) = (snapshots.len(), path.to_string());
        self.line(&format!(
            "  {mirror} {path}: {first} to {last}, in {count} snapshots, {trees} trees"
        ));
        Ok(json!({
            "mirror": mirror, "path": path, "first": first, "last": last, "snapshots": count, "trees": trees,
        }))
    }

    fn snapshots(&mut self, what: &str, all: &[(Name, Stamp)]) -> Result<Value, Failure> {
        self.line(what);
        Ok(json!({ "says": what, "snapshots": self.held_by(all)? }))
    }

    /// Why each snapshot stays, and what must happen for all of them to go.
    fn held_by(&mut self, all: &[(Name, Stamp)]) -> Result<Vec<Value>, Failure> {
        let mut values = Vec::new();
        let (mut going, mut staying) = (0, Vec::new());
        for (mirror, taken) in all {
            let steps = self.fates_of(mirror)?;
            let Some(step) = steps.iter().find(|step| step.taken == *taken).cloned() else {
                continue;
            };
            let (state, whys): (&str, Vec<String>) = match &step.fate {
                Fate::Published(whys) => ("published", strings(whys)),
                Fate::Cold(whys) => ("cold", strings(whys)),
                Fate::Dropped(lapse) => ("to be dropped", vec![lapse.to_string()]),
            };
            if values.len() < NAMED_MAX {
                self.line(&format!("  {mirror}@{taken} {state}: {}", whys.join("; ")));
            }
            match step.fate {
                Fate::Dropped(_) => going += 1,
                _ => staying.push(format!("{mirror}@{taken}")),
            }
            values.push(
                json!({ "snapshot": format!("{mirror}@{taken}"), "state": state, "why": whys }),
            );
        }
        if values.len() > NAMED_MAX {
            self.line(&format!("  and {} more", values.len() - NAMED_MAX));
        }
        self.line(&goes_when(going, &staying));
        Ok(values)
    }

    fn fates_of(&mut self, mirror: &Name) -> Result<Vec<Step>, Failure> {
        if let Some(known) = self.fates.get(mirror) {
            return Ok(known.clone());
        }
        let steps = planned(self.store, &want(self.context, mirror))?;
        self.fates.insert(mirror.clone(), steps.clone());
        Ok(steps)
    }
}

fn strings(whys: &[past::Why]) -> Vec<String> {
    whys.iter().map(ToString::to_string).collect()
}

/// What must happen.
fn goes_when(going: usize, staying: &[String]) -> String {
    match (going, staying) {
        (0, []) => {
            "nothing holds it: the next prune collects it, unless a run brings it in right now"
                .to_owned()
        }
        (_, []) => "it goes with the next prune".to_owned(),
        (0, [one]) => format!("it goes when {one} is dropped"),
        (_, [one]) => format!("it goes when {one} is dropped too"),
        (_, [first, .., last]) => {
            format!("it goes when all {} that stay are dropped, {first} to {last}", staying.len())
        }
    }
}

/// The path of an archive in every mirror, or in one.
fn spans_of(
    store: &Store,
    only: Option<&Name>,
    path: &RelPath,
) -> Result<Vec<(Name, Span)>, Failure> {
    let mut all = Vec::new();
    for mirror in store.mirrors()? {
        if only.is_none_or(|only| *only == mirror) {
            let spans = explain::path(store, &mirror, path)?;
            all.extend(spans.into_iter().map(|span| (mirror.clone(), span)));
        }
    }
    Ok(all)
}
