//! What `promote` and `rollback` have in common: the locks of a move, the flip, and what is said of it.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_publisher::generation::{self, Generation, Move};
use pinfold_publisher::policy::Plan;
use pinfold_publisher::{pins, publish};
use pinfold_store::lock::{Asker, SiteLock, Writer};
use pinfold_store::refs::Pin;
use pinfold_store::{Monitor, Name, Stamp, Store, disk};

use super::Done;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui;

/// How far the clock may be behind the dates that were given out before it is worth a word.
const CLOCK_SECONDS: i64 = 60;

/// The locks of a move, and what it moves from.
pub(super) struct Ready<'a> {
    context: &'a Context,
    store: &'a Store,
    pub(super) site: SiteLock,
    writer: Writer,
    pub(super) current: Generation,
    /// The mirrors whose pins ended, and went.
    pub(super) ended: Vec<Name>,
}

impl<'a> Ready<'a> {
    /// Takes the locks, lets go of pins that ended, and looks at what the channel shows.
    pub(super) fn new(
        (context, asker): (&'a Context, &Asker),
        store: &'a Store,
        channel: &Name,
    ) -> Result<Self, Failure> {
        let site = store.lock_site(asker)?;
        let writer = store.writer(asker)?;
        let current = generation::current(store, channel)?;
        let ended = if context.dry_run {
            Vec::new()
        } else {
            pins::remove_expired(store, &site, channel, context.now)?
        };
        Ok(Self { context, store, site, writer, current, ended })
    }

    /// Publishes what moves where it is not, so that the flip leads to standing trees.
    pub(super) fn publish(&self, plan: &Plan, monitor: &dyn Monitor) -> Result<(), Failure> {
        for (mirror, target) in &plan.moves {
            if !publish::is_published(self.store, mirror, target.snapshot)? {
                let locks = publish::Locks { site: &self.site, writer: &self.writer };
                publish::publish(self.store, mirror, target.snapshot, locks, monitor)?;
            }
        }
        Ok(())
    }

    /// Moves the channel. Where the clock is far behind what root metadata said once, clients are told of no future.
    pub(super) fn flip(
        &self,
        plan: &Plan,
        verb: &str,
        reason: &str,
    ) -> Result<Generation, Failure> {
        let wanted = Move {
            channel: self.current.channel.clone(),
            expect: self.current.number,
            shown: plan.shown(&self.current),
            anew: BTreeSet::new(),
            verb: verb.to_owned(),
            who: self.context.who.clone(),
            reason: reason.to_owned(),
            now: self.context.now,
        };
        let next = generation::point(self.store, &wanted, &self.site, &|heads| {
            self.context.heads(self.store, heads)
        })?;
        if next.date > self.context.now.seconds() + CLOCK_SECONDS {
            ui::tell(&format!(
                "{}: a move once said the date {} UTC, which is to come by this machine's clock: apt takes the channel's metadata only from then on; see that the clock is right",
                next.channel,
                Stamp::from_seconds(next.date).human()
            ));
        }
        Ok(next)
    }

    /// Moves the channel back, and pins what goes: pins first, so that no moment is without them.
    pub(super) fn go_back(
        &self,
        plan: &Plan,
        (reason, why_pinned): (&str, &str),
        monitor: &dyn Monitor,
    ) -> Result<Generation, Failure> {
        self.publish(plan, monitor)?;
        for mirror in plan.moves.keys() {
            let pin = Pin {
                who: self.context.who.clone(),
                reason: why_pinned.to_owned(),
                since: self.context.now,
                until: None,
                by: Some("rollback".to_owned()),
            };
            pins::set(self.store, &self.site, (&self.current.channel, mirror), &pin)?;
        }
        disk::point("pins-written");
        self.flip(plan, "rollback", reason)
    }
}

/// What is told of a move.
pub(super) struct Told<'a> {
    /// What the channel showed before.
    pub(super) current: &'a Generation,
    pub(super) plan: &'a Plan,
    /// The generation that was made; `None` where that would only be done, or nothing moves.
    pub(super) next: Option<&'a Generation>,
    /// Why it was taken back.
    pub(super) taken_back: Option<&'a str>,
}

/// Says what moves and what stays. Without moves the answer is no.
pub(super) fn tell(context: &Context, told: &Told<'_>) -> Done {
    let Told { current, plan, next, taken_back } = *told;
    let channel = &current.channel;
    if context.json {
        let moves: BTreeMap<&Name, serde_json::Value> = plan
            .moves
            .iter()
            .map(|(mirror, target)| {
                let was = current.mirrors.get(mirror).map(|shown| shown.snapshot);
                (mirror, serde_json::json!({ "from": was, "to": target.snapshot }))
            })
            .collect();
        let mut value = serde_json::json!({
            "channel": channel, "generation": next.map(|next| next.number), "moves": moves, "stays": plan.stays,
        });
        if let Some(how) = taken_back {
            value["taken-back"] = how.into();
        }
        ui::print_json(&value)?;
    } else {
        let mut text = String::new();
        for (mirror, target) in &plan.moves {
            let was = current
                .mirrors
                .get(mirror)
                .map_or_else(|| "nothing".to_owned(), |shown| shown.snapshot.to_string());
            let verb = if next.is_some() { "moved" } else { "would move" };
            text.push_str(&format!(
                "{channel}: {mirror} {verb} from {was} to {}\n",
                target.snapshot
            ));
        }
        if let Some(next) = next {
            let text_of = |number| match taken_back {
                Some(_) => format!("{channel} was at generation {number}, and went back\n"),
                None => format!("{channel} is at generation {number}\n"),
            };
            text.push_str(&text_of(next.number));
        }
        ui::print(&text)?;
    }
    for (mirror, why) in &plan.stays {
        ui::tell(&format!("{channel}: {mirror} stays: it {why}"));
    }
    if plan.moves.is_empty() && plan.stays.is_empty() {
        ui::tell(&format!("{channel}: there is nothing to move"));
    }
    Ok(if plan.moves.is_empty() { Outcome::No } else { Outcome::Done })
}
