//! `status`: what is the case. Text and JSON are made of one and the same, and so is the status page.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_publisher::status::{Look, Status};
use pinfold_store::{Name, Store};
use serde_json::json;

use super::{Done, promotion};
use crate::config::Mirror;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui;

pub(in crate::cmd) mod ahead;
mod prometheus;
mod text;

/// How it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In words, or as JSON where that is asked for.
    Told,
    /// As the node exporter of Prometheus reads it.
    Prometheus,
}

pub(super) fn status(context: &Context, only: Option<&Name>, form: Form) -> Done {
    let store = context.store_on_any_disk()?;
    let status = gather(context, &store, only);
    if let Some(only) = only.filter(|only| !is_known(context, &status, only)) {
        return Err(Failure::usage(format!("no mirror '{only}'"))
            .hint("pinfold status lists what there is"));
    }
    for problem in &status.problems {
        ui::tell(&format!("{problem}; pinfold fsck says more"));
    }
    if form == Form::Prometheus {
        ui::print(&prometheus::text(&status))?;
    } else if context.json {
        ui::print_json(&json!(status))?;
    } else {
        let shown = match only.and_then(|only| status.mirrors.get_key_value(only)) {
            Some(one) => text::one(context, &status, one),
            None => text::all(context, &status),
        };
        ui::print(&shown)?;
    }
    let is_broken = status.channels.values().any(|channel| channel.broken.is_some());
    Ok(if is_broken || !status.problems.is_empty() { Outcome::Damage } else { Outcome::Done })
}

/// What must be free for the index to be opened.
const INDEX_BYTES: u64 = 1 << 20;

/// Gathers what is the case, of all mirrors or of one, when the disk is full, and when all was last read.
pub(super) fn gather(context: &Context, store: &Store, only: Option<&Name>) -> Status {
    let mut status = gather_lightly(context, store, only);
    let zone = &context.config.zone;
    let mut look = Look { store, now: context.now, zone, problems: Vec::new() };
    let names: Vec<Name> = status.mirrors.keys().cloned().collect();
    status.forecast = status.disk.as_ref().and_then(|disk| look.forecast(&names, disk));
    // What SQLite maps of its log's index has no room on a full disk, and the kernel ends who touches it.
    let has_room = status.disk.as_ref().is_some_and(|disk| disk.free_bytes > INDEX_BYTES);
    status.deep_read = has_room.then(|| look.deep_read()).flatten();
    status.problems.append(&mut look.problems);
    status
}

/// Gathers what is the case without reading a manifest or the index: for what every run and every move writes.
pub(super) fn gather_lightly(context: &Context, store: &Store, only: Option<&Name>) -> Status {
    let config = &context.config;
    let mut look = Look { store, now: context.now, zone: &config.zone, problems: Vec::new() };
    let kept = store.mirrors();
    let kept = look.read(kept);
    let synced = |mirror: &Mirror| mirror.cache.is_none();
    let configured = config.mirrors.iter().filter(|(_, mirror)| synced(mirror));
    let names: BTreeSet<Name> = configured.map(|(name, _)| name.clone()).chain(kept).collect();
    let mut mirrors = BTreeMap::new();
    for name in names.into_iter().filter(|name| only.is_none_or(|only| only == name)) {
        // What other tools bring has no schedule of ours.
        let own = config.mirrors.get(&name).filter(|mirror| mirror.upstream.is_some());
        let mut status = look.mirror(&name, own.map(|mirror| &mirror.course.schedule));
        let limit = config.mirrors.get(&name).and_then(|mirror| mirror.course.stale_after);
        status.freshness = look.freshness(&status, limit);
        mirrors.insert(name, status);
    }
    let mut channels = BTreeMap::new();
    for (name, channel) in &config.channels {
        let mut status = look.channel(name, Some(&channel.schedule));
        if status.broken.is_none() {
            match promotion::waits(context, store, name) {
                Ok(waits) => status.waits = waits,
                Err(failure) => look.problems.push(failure.message),
            }
        }
        for (mirror, shown) in &mut status.mirrors {
            if ahead::expires(config, mirror) {
                shown.valid_until = look.valid_until(mirror, shown.snapshot);
            }
        }
        if let Some(only) = only {
            status.mirrors.retain(|mirror, _| mirror == only);
            status.pins.retain(|pin| pin.mirror == *only);
            status.waits.retain(|waiting| waiting.mirror == *only);
        }
        channels.insert(name.clone(), status);
    }
    for (name, mirror) in &mut mirrors {
        mirror.freshness.clients_get = ahead::clients_get((name, mirror), &channels);
    }
    let expiries = ahead::expiries(config, &mut look, (&mirrors, &channels));
    Status { expiries, ..look.status(mirrors, channels) }
}

fn is_known(context: &Context, status: &Status, mirror: &Name) -> bool {
    context.config.mirrors.contains_key(mirror)
        || status.mirrors.get(mirror).is_some_and(|status| status.snapshots > 0)
}
