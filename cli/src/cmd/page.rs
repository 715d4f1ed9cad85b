//! The status page: gathered, and left in `www/status/`. What nobody could write is told, and fails nothing.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use pinfold_publisher::page::{self, Changes, Page, Pair, Timeline};
use pinfold_publisher::status::Look;
use pinfold_store::lock::{Asker, PageLock};
use pinfold_store::{Monitor, Name, Silent, Store};
use serde_json::json;

use super::{Done, diff, promotion, status};
use crate::context::Context;
use crate::failure::Failure;
use crate::ui::{self, Progress};

/// How long is waited for another run that writes the page: it does so in a moment.
const MOMENT: Duration = Duration::from_secs(20);

/// Writes the page, when a verb is done that people see at once. One that failed says why itself, and most likely for both.
pub(super) fn write_after(context: &Context, done: &Done) {
    // Why there is no store, the verb has said.
    let Ok(store) = Store::open(&context.config.root) else { return };
    let monitor: Box<dyn Monitor> =
        if std::io::stderr().is_terminal() { Box::new(Progress::new()) } else { Box::new(Silent) };
    let written = context.later().and_then(|context| write(&context, &store, &*monitor));
    if let (Err(failure), Ok(_)) = (written, done) {
        ui::tell(&format!(
            "the status page is as it was: {}; pinfold run writes it anew",
            failure.message
        ));
    }
}

/// Writes the page: at once with what is known, and once more where snapshots had to be compared for it, which takes seconds.
pub(super) fn write(
    context: &Context,
    store: &Store,
    monitor: &dyn Monitor,
) -> Result<(), Failure> {
    let open = write_with(context, store, Vec::new())?;
    if open.is_empty() {
        return Ok(());
    }
    let compared = open.iter().map(|pair| compare(store, pair, monitor)).collect();
    write_with(&context.later()?, store, compared).map(drop)
}

/// What differs, or why that cannot be known.
fn compare(store: &Store, pair: &Pair, monitor: &dyn Monitor) -> Result<Changes, String> {
    let Pair { mirror, old, new } = pair;
    monitor.step(&format!("comparing {mirror}@{old} with {new} for the status page"), None);
    let compared = store.record(mirror, *old).map_err(Failure::from).and_then(|old| {
        let new = store.record(mirror, *new)?;
        diff::summary(store, (&old, &new), monitor)
    });
    compared.map_err(|failure| {
        format!("cannot compare {mirror}@{old} with {mirror}@{new}: {}", failure.message)
    })
}

/// Writes the page with what is known and was found just now; gives what is still to be compared.
fn write_with(
    context: &Context,
    store: &Store,
    compared: Vec<Result<Changes, String>>,
) -> Result<Vec<Pair>, Failure> {
    let asker = Asker { wait: MOMENT, ..context.asker() };
    let lock = store.lock_page(&asker)?;
    let mut problems = Vec::new();
    for one in compared {
        match one {
            Ok(changes) => page::keep_changes(store, &changes, &lock)?,
            Err(problem) => problems.push(problem),
        }
    }
    let (mut page, open) = gather(context, store, &lock)?;
    page.status.problems.extend(problems);
    page::leave(store, &page, &(ui::json(&json!(page)) + "\n"), &lock)?;
    Ok(open)
}

/// Gathers all that the page shows.
fn gather(context: &Context, store: &Store, lock: &PageLock) -> Result<(Page, Vec<Pair>), Failure> {
    let config = &context.config;
    let mut status = status::gather_lightly(context, store, None);
    let mut look = Look { store, now: context.now, zone: &config.zone, problems: Vec::new() };
    let (mut moves, mut shown_since) = (Vec::new(), BTreeMap::new());
    let mut upcoming = Vec::new();
    for (name, channel) in &status.channels {
        let past = look.past(name);
        moves.extend(past.moves);
        shown_since.insert(name.clone(), past.since);
        // What is wrong with a channel that cannot be read, the status says.
        if channel.broken.is_none() {
            upcoming.extend(promotion::upcoming(context, store, name).unwrap_or_default());
        }
    }
    let snapshots: BTreeMap<Name, Timeline> = status
        .mirrors
        .keys()
        .map(|mirror| (mirror.clone(), look.timeline(mirror, &status)))
        .collect();
    let (mut open, mut pairs) = (Vec::new(), Vec::new());
    for one in &mut upcoming {
        let Some(pair) = one.pair() else { continue };
        let records = store
            .record(&pair.mirror, pair.old)
            .and_then(|old| Ok((old, store.record(&pair.mirror, pair.new)?)));
        let Ok((old, new)) = records else { continue };
        one.changes = page::known_changes(store, &pair, (&old, &new));
        if one.changes.is_none() && !open.contains(&pair) {
            open.push(pair.clone());
        }
        pairs.push(pair);
    }
    page::forget_changes(store, &pairs, lock)?;
    let disk_days = page::note_disk(store, context.now, status.disk.as_ref(), lock)?;
    status.problems.extend(look.problems);
    let site = config.site.url.clone();
    let moves = page::latest(moves);
    let page = Page { status, site, shown_since, upcoming, moves, snapshots, disk_days };
    Ok((page, open))
}
