//! What a run does beside syncs: it lets other parts promote and keep, and remembers how that ended.

use std::collections::BTreeMap;

use pinfold_publisher::generation;
use pinfold_publisher::schedule::{self, Due, Schedule, Tried, What};
use pinfold_store::{Kind, Name, Silent, Stamp, Store};
use serde_json::Value;

use super::Told;
use crate::cmd::prune::{self, Tidied};
use crate::cmd::{page, promotion, tried};
use crate::context::Context;

/// When retention is due where nothing else was done.
const RETENTION: &str = "@daily";

/// The exit code where the answer is no.
const NO: u8 = 1;

/// Says which channels are to move, those that others take from first.
pub(super) fn promotions(context: &Context, store: &Store) -> Vec<(Name, Due)> {
    let channels = &context.config.channels;
    let mut due = Vec::new();
    for name in promotion::in_order(channels) {
        let schedule = &channels[name].schedule;
        if schedule.is_never() {
            continue;
        }
        let last = tried::last(store, What::Channel(name)).or_else(|| moved(store, name));
        if let Some(why) = schedule::due(schedule, &context.config.zone, last.as_ref(), context.now)
        {
            due.push((name.clone(), why));
        }
    }
    due
}

/// A channel that no run has moved yet waits for its next time after people moved it; one that shows nothing is due at once.
fn moved(store: &Store, channel: &Name) -> Option<Tried> {
    let current = generation::current(store, channel).ok()?;
    let at = current.at;
    let tried =
        Tried { at, code: 0, said: String::new(), good: None, failures: 0, not_before: None };
    (!current.mirrors.is_empty()).then_some(tried)
}

/// Moves the channels that are due. `done` are those that this run has tried, and when.
pub(super) fn promote(
    context: &Context,
    store: &Store,
    done: &mut BTreeMap<Name, Stamp>,
    told: &mut Told<'_>,
) {
    for (channel, why) in promotions(context, store) {
        let is_new = match (done.get(&channel), why) {
            (None, _) => true,
            (Some(tried), Due::Time(time)) => time > *tried,
            (Some(_), _) => false,
        };
        if !is_new {
            continue;
        }
        done.insert(channel.clone(), context.now);
        move_channel(context, store, &channel, told);
    }
}

/// Moves one channel as its policy says. What soaks, is frozen or pinned is not worth a word: `promote --plan` has it.
fn move_channel(context: &Context, store: &Store, channel: &Name, told: &mut Told<'_>) {
    let (what, name) = (What::Channel(channel), channel.as_str());
    match promotion::promote_due(context, store, channel) {
        Ok(promoted) => {
            for note in &promoted.notes {
                told.done("note", name, note, &Value::Null);
            }
            if let Some(summary) = promoted.summary() {
                told.done("promotion", name, &summary, &Value::Null);
            }
            let refusals = promoted.refusals();
            for refusal in &refusals {
                told.not_done("promotion", name, (NO, refusal));
            }
            let code = if refusals.is_empty() { 0 } else { NO };
            remember(context, store, what, (code, &refusals.join("; ")), told);
        }
        // Somebody promotes there at this moment: the next run looks again.
        Err(failure) if failure.is_of(Kind::Busy) => {}
        Err(failure) => {
            told.failed("promotion", name, &failure);
            remember(context, store, what, (failure.code(), &failure.message), told);
        }
    }
}

/// Completes the checks of promotions that died before they were done.
pub(super) fn complete(context: &Context, store: &Store, told: &mut Told<'_>) {
    for channel in context.config.channels.keys() {
        match promotion::complete_check(context, store, channel) {
            Ok(None) => {}
            Ok(Some((notes, outcome))) => {
                for note in &notes {
                    told.not_done("check", channel.as_str(), (outcome.code(), note));
                }
            }
            Err(failure) if failure.is_of(Kind::Busy) => {}
            Err(failure) => told.failed("check", channel.as_str(), &failure),
        }
    }
}

/// Says whether retention is due.
pub(super) fn retention(context: &Context, store: &Store) -> Option<Due> {
    let schedule = Schedule::parse(RETENTION).ok()?;
    let last = tried::last(store, What::Retention);
    schedule::due(&schedule, &context.config.zone, last.as_ref(), context.now)
}

/// Lets go of what is kept no longer, once a day and whenever something was done.
pub(super) fn keep(context: &Context, store: &Store, told: &mut Told<'_>) {
    if told.is_empty() && retention(context, store).is_none() {
        return;
    }
    let context = &match context.later() {
        Ok(context) => context,
        Err(failure) => return told.failed("retention", "pinfold", &failure),
    };
    match prune::retention(context, store) {
        Ok(tidied) => {
            tell_tidied(&tidied, told);
            remember(context, store, What::Retention, (0, ""), told);
        }
        Err(failure) if failure.is_of(Kind::Busy) => {}
        Err(failure) => {
            told.failed("retention", "pinfold", &failure);
            remember(context, store, What::Retention, (failure.code(), &failure.message), told);
        }
    }
}

/// A line for each mirror of which anything went.
fn tell_tidied(tidied: &Tidied, told: &mut Told<'_>) {
    for (mirror, taken) in &tidied.completed {
        let said = format!("completed the drop of {mirror}@{taken}, which was interrupted");
        told.done("retention", mirror.as_str(), &said, &Value::Null);
    }
    for line in tidied.lines(false) {
        let (name, said) = line.split_once(": ").unwrap_or(("pinfold", &line));
        told.done("retention", name, said, &Value::Null);
    }
    // Whoever works on one at this moment is no failure: it is its turn the next time.
    for (mirror, failure) in tidied.failed.iter().filter(|(_, one)| !one.is_of(Kind::Busy)) {
        told.failed("retention", mirror.as_str(), failure);
    }
}

/// Writes the status page.
pub(super) fn show(context: &Context, store: &Store, told: &mut Told<'_>) {
    let left = context.later().and_then(|context| page::write(&context, store, &Silent));
    if let Err(failure) = left {
        told.failed("status", "pinfold", &failure);
    }
}

fn remember(
    context: &Context,
    store: &Store,
    what: What<'_>,
    how: (u8, &str),
    told: &mut Told<'_>,
) {
    if let Err(failure) = tried::keep(context, store, what, how) {
        told.failed("run", "pinfold", &failure);
    }
}
