//! How tries end is kept, for whoever asks what is due.

use pinfold_publisher::schedule::{self, End, Schedule, Tried, What};
use pinfold_store::{Name, Store};

use super::Done;
use crate::args::Sync;
use crate::context::Context;
use crate::failure::{BUSY, Failure};
use crate::ui;

/// Syncs, and keeps how that ended. Whoever found the mirror busy did not try.
pub(super) fn recorded(context: &Context, args: &Sync, sync: &dyn Fn() -> Done) -> Done {
    let done = sync();
    let (code, said) = match &done {
        Ok(outcome) => (outcome.code(), ""),
        Err(failure) => (failure.code(), failure.message.as_str()),
    };
    // One in the background keeps its own end.
    if context.dry_run
        || args.background
        || code == BUSY
        || !context.config.mirrors.contains_key(&args.mirror)
    {
        return done;
    }
    if let Err(failure) = context.store().and_then(|store| {
        // One that began to sync it meanwhile tells more.
        let Ok(_lock) = store.lock_mirror(&args.mirror, &context.asker()) else { return Ok(()) };
        keep(context, &store, What::Mirror(&args.mirror), (code, said))
    }) {
        ui::tell(&format!("{}: how this ended is not kept: {}", args.mirror, failure.message));
    }
    done
}

/// Keeps how a try ended that began at `context.now`.
pub(super) fn keep(
    context: &Context,
    store: &Store,
    what: What<'_>,
    (code, said): (u8, &str),
) -> Result<(), Failure> {
    let config = &context.config;
    let schedule = match what {
        What::Mirror(name) => config.mirrors.get(name).map(|mirror| &mirror.course.schedule),
        What::Channel(name) => config.channels.get(name).map(|channel| &channel.schedule),
        What::Retention => None,
    };
    let never = Schedule::never();
    let before = schedule::read(store, what).unwrap_or(None);
    let end = End { at: context.now, until: context.later()?.now, code, said };
    let tried = Tried::after(before.as_ref(), &end, schedule.unwrap_or(&never), &config.zone);
    Ok(schedule::write(store, what, &tried)?)
}

/// What is known of the last try; what cannot be read is told, and is as if there were none.
pub(super) fn last(store: &Store, what: What<'_>) -> Option<Tried> {
    schedule::read(store, what).unwrap_or_else(|error| {
        let failure = Failure::from(error);
        ui::tell(&format!("{}: it is as if that had never been tried", failure.message));
        None
    })
}

/// What is known of the last sync of a mirror, whatever it is.
pub(super) fn last_sync(store: &Store, mirror: &Name) -> Option<Tried> {
    schedule::read(store, What::Mirror(mirror)).unwrap_or(None)
}
