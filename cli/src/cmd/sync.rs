//! `sync`: an upstream's state becomes a snapshot, and is published.

use std::time::Instant;

use pinfold_mirror::archive::Belief;
use pinfold_mirror::family::Family;
use pinfold_mirror::http::Http;
use pinfold_mirror::sync::{self as following, Order, Planned, Show, Synced};
use pinfold_publisher::publish::at::FIRST_LINKS;
use pinfold_store::gc::Run;
use pinfold_store::lock::MirrorLock;
use pinfold_store::manifest::{self, Change};
use pinfold_store::running::Plan;
use pinfold_store::{Counter, Name, Record, Store};
use serde_json::json;

use super::bring::{publish_new, tell_of_the_clock};
use super::by_tool::ByTool;
use super::diff::is_fixed;
use super::{Done, background};
use crate::args::Sync;
use crate::config::{Mirror, Source, Upstream};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Progress};

pub(super) fn sync(context: &Context, args: &Sync) -> Done {
    let begun = Instant::now();
    let mirror = context.config.mirror(&args.mirror)?;
    let upstream = followed(mirror, &args.mirror)?;
    if args.background && !context.dry_run {
        return background::start(context, args);
    }
    if args.starter.is_some() {
        background::leave_terminal();
    }
    let store = context.store()?;
    let lock = store.lock_mirror(&args.mirror, &context.asker())?;
    let progress = Progress::new();
    if !context.dry_run {
        context.note((&store, &lock), &progress, args.starter);
    }
    drop(store.ready(&lock)?);
    let synced = if matches!(upstream.source, Source::Http) {
        by_http(context, args, (&store, &lock), (mirror, upstream), &progress)?
    } else {
        let (store, lock, progress) = (&store, &lock, &progress);
        // What a program brings is known when it is there.
        progress.is_begun(None);
        let by_tool = ByTool { context, args, store, lock, mirror, upstream, progress };
        let Some(synced) = by_tool.sync()? else { return Ok(Outcome::Done) };
        synced
    };
    if let (Synced::New(record) | Synced::Unchanged(record), false) = (&synced, args.no_publish) {
        publish_new(context, &store, record, &progress)?;
    }
    progress.finish();
    if let Synced::New(record) = &synced {
        tell_of_the_clock(context, record);
    }
    tell(context, &synced, &progress, begun)?;
    Ok(if progress.has_problems() { Outcome::No } else { Outcome::Done })
}

/// What of upstream is followed, where anything is.
pub(super) fn followed<'a>(mirror: &'a Mirror, name: &Name) -> Result<&'a Upstream, Failure> {
    if mirror.cache.is_some() {
        return Err(Failure::usage(format!(
            "mirror '{name}' is a cache: nginx fills it when clients ask, and there is nothing to sync"
        ))
        .hint(
            "formulae and tags in place of mode = \"cache\" make it a mirror of days that are kept",
        ));
    }
    mirror.upstream.as_ref().ok_or_else(|| {
        let lacks = match (mirror.bases.is_empty(), mirror.family) {
            (_, Family::Brew) => "formulae",
            (true, _) => "upstream",
            (false, Family::Pacman) => "repositories",
            (false, _) => "suites",
        };
        Failure::usage(format!("mirror '{name}' has no {lacks}")).hint(format!(
            "add {lacks} to mirrors.d/{name}.toml (docs/upstreams.md has the keys), or feed it with pinfold ingest"
        ))
    })
}

/// Follows an upstream file by file.
pub(super) fn by_http(
    context: &Context,
    args: &Sync,
    (store, lock): (&Store, &MirrorLock),
    (mirror, upstream): (&Mirror, &Upstream),
    progress: &Progress,
) -> Result<Synced, Failure> {
    let keys = mirror.keys()?;
    let belief = mirror.belief(keys.clone(), args.allow_older)?;
    let settings = upstream.transfer.settings()?;
    if upstream.transfer.insecure {
        ui::tell(&format!(
            "{}: insecure = true: whoever answers is believed to be upstream, and only signatures protect this mirror",
            args.mirror
        ));
    }
    let relaxed = relaxed(upstream, &belief);
    let http = Http::new(&settings)?;
    let sources = upstream.sources(&mirror.bases, &http, progress)?;
    let archive = upstream.archive(
        (belief, keys.unwrap_or_default()),
        (store, &args.mirror),
        (context.now, sources.metalink),
    )?;
    let archive =
        archive.ok_or_else(|| Failure::bug("nobody says what of upstream is followed"))?;
    let mut order = Order {
        store,
        lock,
        asker: &context.patient(),
        http: &http,
        bases: &sources.bases,
        archive: archive.as_ref(),
        relaxed,
        now: context.now,
        patience: upstream.patience,
        even_if_unchanged: args.even_if_unchanged,
        allow_empty: args.allow_empty,
        show: show((store, &args.mirror), args)?,
        run: Run::Dry,
    };
    if context.dry_run || args.starter.is_some() {
        let (planned, parts) = match following::sync(&order, progress)? {
            Synced::Dry { planned, parts } => (planned, parts),
            done => return Ok(done),
        };
        if args.background || args.starter.is_some() {
            let (bytes, files) = planned.room(order.show);
            store.check_room(bytes, files)?;
        }
        if context.dry_run {
            return Ok(Synced::Dry { planned, parts });
        }
        progress.is_begun(Some(plan(planned)));
    }
    order.run = Run::Real;
    Ok(following::sync(&order, progress)?)
}

/// What showing the state takes: a first one makes the folders of the union too, and the names of days.
pub(super) fn show((store, mirror): (&Store, &Name), args: &Sync) -> Result<Show, Failure> {
    let is_first = store.dates(mirror)?.is_empty();
    Ok(match (args.no_publish, is_first) {
        (true, _) => Show::default(),
        (false, false) => Show { trees: 1, links: 0 },
        (false, true) => Show { trees: 2, links: FIRST_LINKS },
    })
}

/// What is to be done, as others are told.
const fn plan(planned: Planned) -> Plan {
    let Planned { files, bytes, fetch_files, fetch_bytes, .. } = planned;
    Plan { files, bytes, fetch_files, fetch_bytes }
}

fn relaxed(upstream: &Upstream, belief: &Belief) -> Vec<String> {
    let mut relaxed = belief.relaxed();
    if upstream.transfer.insecure {
        relaxed.push("certificates of the upstream's host are not checked".to_owned());
    }
    if !belief.is_signed() {
        relaxed.push("the archive is not signed".to_owned());
    }
    relaxed
}

fn tell(
    context: &Context,
    synced: &Synced,
    progress: &Progress,
    begun: Instant,
) -> Result<(), Failure> {
    let seconds = begun.elapsed().as_secs_f64();
    match synced {
        Synced::Dry { planned, .. } => tell_planned(context, *planned),
        Synced::New(record) => {
            let replaced = replaced(&context.store()?, record)?;
            if replaced > 0 {
                ui::tell(&format!(
                    "{replaced} files have other bytes under their names than before: pinfold diff --files names them"
                ));
            }
            tell_record(context, record, progress, (Some(replaced), seconds))
        }
        Synced::Unchanged(record) => tell_record(context, record, progress, (None, seconds)),
    }
}

/// How many files changed that never should: some vendors build anew under an old name, and so does who tampers.
fn replaced(store: &Store, record: &Record) -> Result<u64, Failure> {
    let Some(parent) = record.parent else { return Ok(0) };
    let parent = store.record(&record.mirror, parent)?;
    let (old, new) = (store.manifest(parent.manifest)?, store.manifest(record.manifest)?);
    let mut replaced = 0;
    for change in manifest::diff(old, new) {
        if let Change::Changed { old, new } = change?
            && is_fixed(&old)
            && is_fixed(&new)
        {
            replaced += 1;
        }
    }
    Ok(replaced)
}

fn tell_planned(context: &Context, planned: Planned) -> Result<(), Failure> {
    let Planned { files, bytes, fetch_files, fetch_bytes, folders } = planned;
    if context.json {
        return ui::print_json(&json!({
            "files": files, "bytes": bytes, "fetch_files": fetch_files, "fetch_bytes": fetch_bytes,
            "folders": folders,
        }));
    }
    ui::print(&format!(
        "would take {files} files, {}, and fetch {fetch_files} of them, {}; the rest is in the store",
        ui::bytes(bytes),
        ui::bytes(fetch_bytes)
    ))
}

fn tell_record(
    context: &Context,
    record: &Record,
    progress: &Progress,
    (replaced, seconds): (Option<u64>, f64),
) -> Result<(), Failure> {
    let name = format!("{}@{}", record.mirror, record.taken);
    let count = |counter| progress.get(counter);
    let (fetched, requests) = (count(Counter::BytesFetched), count(Counter::Requests));
    if context.json {
        return ui::print_json(&json!({
            "snapshot": name, "new": replaced.is_some(), "replaced": replaced.unwrap_or(0),
            "files": record.files, "bytes": record.bytes,
            "new_bytes": count(Counter::BytesWritten), "new_objects": count(Counter::ObjectsWritten),
            "fetched_files": count(Counter::FilesFetched), "fetched_bytes": fetched, "requests": requests,
            "manifest": record.manifest, "trust": record.trust, "filtered": record.filtered, "seconds": seconds,
        }));
    }
    let verb = if replaced.is_some() { "took" } else { "nothing changed since" };
    let part = if record.filtered { ", filtered" } else { "" };
    ui::print(&format!(
        "{verb} {name}: {} files, {}; fetched {} files, {} in {requests} requests; {seconds:.1} s; trust = \"{}\"{part}",
        record.files,
        ui::bytes(record.bytes),
        count(Counter::FilesFetched),
        ui::bytes(fetched),
        record.trust.as_str(),
    ))
}
