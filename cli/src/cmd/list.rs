//! `snapshots`, `show`, `channels`, `log`: what there is.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_mirror::judged;
use pinfold_publisher::generation::{self, Generation};
use pinfold_publisher::layout::Spec;
use pinfold_publisher::pins::{self, Holder};
use pinfold_publisher::publish;
use pinfold_store::path::escape;
use pinfold_store::refs::Pin;
use pinfold_store::{Name, Record, RelPath, Stamp, Store};
use serde_json::{Value, json};

use super::Done;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui;

pub(super) fn snapshots(context: &Context, only: Option<&Name>) -> Done {
    let store = context.store_on_any_disk()?;
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for mirror in
        store.mirrors()?.into_iter().filter(|mirror| only.is_none_or(|only| only == mirror))
    {
        let published = publish::published_dates(&store, &mirror)?;
        for taken in store.dates(&mirror)? {
            let record = store.record(&mirror, taken)?;
            let refs = refs(context, &store, (&mirror, taken))?;
            let is_published = published.binary_search(&taken).is_ok();
            values.push(value(&record, is_published, &refs));
            rows.push(vec![
                format!("{mirror}@{taken}"),
                record.files.to_string(),
                ui::bytes(record.bytes),
                trust(&record),
                if is_published { "published" } else { "kept" }.to_owned(),
                record.manifest.to_string()[..12].to_owned(),
                refs.join(", "),
            ]);
        }
    }
    if let Some(only) =
        only.filter(|only| rows.is_empty() && !context.config.mirrors.contains_key(*only))
    {
        return Err(Failure::usage(format!("no mirror '{only}'")));
    }
    if context.json {
        ui::print_json(&json!(values))?;
    } else if rows.is_empty() {
        ui::print("no snapshots yet: pinfold ingest MIRROR FOLDER takes one")?;
    } else {
        ui::print(&ui::table(
            &["SNAPSHOT", "FILES", "SIZE", "TRUST", "STATE", "MANIFEST", "SHOWN BY"],
            rows,
        ))?;
    }
    Ok(Outcome::Done)
}

/// What shows or holds a snapshot, in words; of a pin, too, until when.
fn refs(
    context: &Context,
    store: &Store,
    (mirror, taken): (&Name, Stamp),
) -> Result<Vec<String>, Failure> {
    let holders = pins::holders(store, mirror, taken)?;
    let shown = |holder: &Holder| match holder {
        Holder::Pin(_, pin) => format!("{holder}{}", pin.term(context.now)),
        Holder::Channel(..) => holder.to_string(),
    };
    Ok(holders.iter().map(shown).collect())
}

/// A channel's pins for programs.
fn pin_values(held: &BTreeMap<Name, Pin>, now: Stamp) -> serde_json::Map<String, Value> {
    let value = |pin: &Pin| {
        let mut value = json!(pin);
        value["expired"] = json!(pin.is_over(now));
        value
    };
    held.iter().map(|(mirror, pin)| (mirror.to_string(), value(pin))).collect()
}

/// A pin for people.
fn pin_words(pin: &Pin, now: Stamp) -> String {
    let why = if pin.reason.is_empty() { String::new() } else { format!(": {}", pin.reason) };
    format!("pinned by {}{}{why}", pin.who, pin.term(now))
}

/// Who vouches for a snapshot, in the record's words, and whether it is a part of its archive.
fn trust(record: &Record) -> String {
    let part = if record.filtered { ", filtered" } else { "" };
    format!("{}{part}", record.trust.as_str())
}

fn value(record: &Record, is_published: bool, refs: &[String]) -> Value {
    json!({
        "mirror": record.mirror, "taken": record.taken, "manifest": record.manifest, "family": record.family, "trust": record.trust,
        "filtered": record.filtered, "source": record.source, "parent": record.parent, "files": record.files, "links": record.links, "bytes": record.bytes,
        "published": is_published, "shown_by": refs,
    })
}

pub(super) fn show(context: &Context, spec: &Spec) -> Done {
    let store = context.store_on_any_disk()?;
    let taken = spec.resolve(&store)?;
    let record = store.record(&spec.mirror, taken)?;
    let is_published = publish::is_published(&store, &spec.mirror, taken)?;
    let refs = refs(context, &store, (&spec.mirror, taken))?;
    if context.json {
        let mut value = value(&record, is_published, &refs);
        value["roots"] = json!(record.roots);
        value["upstream"] = json!(record.upstream);
        value["asked"] = json!(record.asked);
        value["relaxed"] = json!(record.relaxed);
        value["packages"] = json!(record.packages);
        value["proofs"] = json!(record.proofs);
        ui::print_json(&value)?;
        return Ok(Outcome::Done);
    }
    let state =
        if is_published { "published" } else { "kept; pinfold publish brings its tree back" };
    let parent = record.parent.map_or_else(|| "none".to_owned(), |parent| parent.to_string());
    let mut text = format!(
        "{}@{taken}\n  taken     {} UTC\n  family    {}\n  trust     {}\n  source    {}\n  manifest  {}\n  parent    {parent}\n  files     {}\n  links     {}\n  size      {}\n  state     {state}\n",
        record.mirror,
        taken.human(),
        record.family,
        trust(&record),
        record.source,
        record.manifest,
        record.files,
        record.links,
        ui::bytes(record.bytes),
    );
    for shown in refs {
        text.push_str(&format!("  shown by  {shown}\n"));
    }
    text.push_str(&evidence(&record));
    ui::print(&text)?;
    Ok(Outcome::Done)
}

/// What vouches for a snapshot, for people.
fn evidence(record: &Record) -> String {
    let mut text = String::new();
    for rule in &record.relaxed {
        text.push_str(&format!("  relaxed   {rule}\n"));
    }
    if !record.asked.is_empty() {
        let asked = record.asked.to_string();
        for line in asked.lines().filter(|line| !line.is_empty()) {
            text.push_str(&format!("  asked     {line}\n"));
        }
    }
    if let Some(packages) = judged::signatures_of(record) {
        text.push_str(&format!("  packages  {packages}\n"));
    }
    let proved: BTreeSet<&RelPath> = record.proofs.iter().map(|proof| &proof.root).collect();
    for root in record.roots.iter().filter(|root| !proved.contains(root)) {
        text.push_str(&format!("  root      {root}\n"));
    }
    for proof in &record.proofs {
        let until = proof
            .valid_until
            .map_or_else(String::new, |until| format!(", valid until {}", until.human()));
        let date = proof.date.map_or_else(|| "of no date".to_owned(), Stamp::human);
        text.push_str(&format!(
            "  root      {}, {date}{until}: {} indices, {} files\n",
            proof.root, proof.indices, proof.files
        ));
        for signer in &proof.signers {
            let made = signer.made.human();
            text.push_str(&format!("    signed  {made} by {} ({})\n", signer.name, signer.key));
        }
        for other in &proof.others {
            text.push_str(&format!("    other   {}\n", escape(other.as_bytes())));
        }
    }
    text
}

pub(super) fn channels(context: &Context) -> Done {
    let store = context.store_on_any_disk()?;
    let mut rows = Vec::new();
    let mut values = Vec::new();
    let mut outcome = Outcome::Done;
    for channel in generation::channels(&store)? {
        let current = match generation::current(&store, &channel) {
            Ok(current) => current,
            Err(error) => {
                // The other channels are shown all the same.
                outcome = Outcome::Damage;
                ui::tell(&format!("{channel}: {error}; pinfold fsck says more"));
                values.push(json!({ "channel": channel, "broken": error.to_string() }));
                rows.push(
                    [channel.as_str(), "", "", "", "broken", "", "", ""]
                        .map(str::to_owned)
                        .to_vec(),
                );
                continue;
            }
        };
        let held = pins::list(&store, &channel)?;
        let trusts: BTreeMap<&Name, String> = current
            .mirrors
            .iter()
            .map(|(mirror, shown)| (mirror, trust_of(&store, mirror, shown.snapshot)))
            .collect();
        values.push(
            json!({ "channel": channel, "generation": current, "pins": pin_values(&held, context.now), "trust": trusts }),
        );
        let head = vec![
            channel.to_string(),
            current.number.to_string(),
            current.at.human(),
            current.who.clone(),
        ];
        if current.mirrors.is_empty() {
            let nothing = ["nothing yet", "", "", ""].map(str::to_owned).to_vec();
            rows.push([head.clone(), nothing].concat());
        }
        for (at, (mirror, shown)) in current.mirrors.iter().enumerate() {
            let head = if at == 0 { head.clone() } else { vec![String::new(); 4] };
            let behind = behind(&store, mirror, shown.snapshot)?;
            let pin = held.get(mirror).map_or_else(String::new, |pin| pin_words(pin, context.now));
            let shows = format!("{mirror}@{}", shown.snapshot);
            rows.push([head, vec![shows, trusts[mirror].clone(), behind, pin]].concat());
        }
    }
    if context.json {
        ui::print_json(&json!(values))?;
    } else {
        ui::print(&ui::table(
            &["CHANNEL", "GENERATION", "SINCE (UTC)", "BY", "SHOWS", "TRUST", "", "PIN"],
            rows,
        ))?;
    }
    Ok(outcome)
}

/// Who vouches for what a channel shows; nobody can say where the record cannot be read.
fn trust_of(store: &Store, mirror: &Name, taken: Stamp) -> String {
    store
        .record(mirror, taken)
        .map_or_else(|_told_by_fsck| "unknown".to_owned(), |record| trust(&record))
}

/// Says how many newer snapshots there are.
fn behind(store: &Store, mirror: &Name, taken: Stamp) -> Result<String, Failure> {
    Ok(match store.dates(mirror)?.iter().filter(|date| **date > taken).count() {
        0 => "newest".to_owned(),
        count => format!("{count} behind"),
    })
}

pub(super) fn log(context: &Context, channel: &Name) -> Done {
    let store = context.store_on_any_disk()?;
    let history = generation::history(&store, channel)?;
    if context.json {
        ui::print_json(&json!(history))?;
        return Ok(Outcome::Done);
    }
    let rows = history
        .iter()
        .enumerate()
        .map(|(at, generation)| {
            let changes = changes(generation, history.get(at + 1));
            let reason = generation.reason.clone();
            vec![
                generation.number.to_string(),
                generation.at.human(),
                generation.who.clone(),
                generation.verb.clone(),
                changes,
                reason,
            ]
        })
        .collect();
    let head = ["GENERATION", "WHEN (UTC)", "BY", "VERB", "MOVED", "REASON"];
    let mut text = ui::table(&head, rows);
    for (mirror, pin) in pins::list(&store, channel)? {
        text.push_str(&format!("{mirror} is {}\n", pin_words(&pin, context.now)));
    }
    ui::print(&text)?;
    Ok(Outcome::Done)
}

/// What a generation moved against the one before it.
fn changes(generation: &Generation, before: Option<&Generation>) -> String {
    let moved = generation.mirrors.iter().filter_map(|(mirror, shown)| {
        let was = before.and_then(|before| before.mirrors.get(mirror)).map(|was| was.snapshot);
        match was {
            Some(was) if was == shown.snapshot => None,
            Some(was) => Some(format!("{mirror} {was} to {}", shown.snapshot)),
            None => Some(format!("{mirror} to {}", shown.snapshot)),
        }
    });
    moved.collect::<Vec<_>>().join("\n")
}
