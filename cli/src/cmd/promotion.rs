//! `promote`, typed or by the schedule: decided by the policy, examined without any lock of the site, moved in one instant, checked.

mod check;
mod examine;
mod look;
mod plan;

use std::cell::RefCell;
use std::collections::BTreeMap;

use pinfold_publisher::generation::Generation;
use pinfold_publisher::page::Upcoming;
use pinfold_publisher::policy::{By, Decision, Hold, Patience, Plan, Verdict};
use pinfold_publisher::status::Waiting;
use pinfold_publisher::{pins, unchecked};
use pinfold_store::{Monitor, Name, Silent, Store};

use super::Done;
use super::moves::{self, Ready, Told};
use crate::args::Promote;
use crate::config::Channel;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Progress};
use examine::Answers;
use look::View;

/// How often what moves is examined anew because others moved the channel meanwhile.
const ROUNDS: u32 = 5;

/// A promotion that is asked for.
struct Request<'a> {
    context: &'a Context,
    store: &'a Store,
    channel: &'a Name,
    settings: &'a Channel,
    /// What was typed; `None` where the schedule asks.
    typed: Option<&'a Promote>,
    /// What is worth a word; a person hears it at once.
    notes: RefCell<Vec<String>>,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Promoted {
    /// What the channel showed before.
    before: Generation,
    /// The generation that was made.
    next: Option<Generation>,
    decision: Decision,
    /// What the check said where it said no, and the channel went back.
    taken_back: Option<String>,
    /// What is worth a word, of a promotion that nobody typed: what ended, and what programs said.
    pub(super) notes: Vec<String>,
}

impl Promoted {
    /// What stays, and why.
    fn held(&self) -> impl Iterator<Item = (&Name, &Hold)> {
        self.decision.holds()
    }

    /// What it means: no where somebody must look.
    fn outcome(&self) -> Outcome {
        let is_refused = self.held().any(|(_, hold)| hold.is_refusal());
        if is_refused || self.taken_back.is_some() { Outcome::No } else { Outcome::Done }
    }

    /// What moved, in a line; `None` where nothing did.
    pub(super) fn summary(&self) -> Option<String> {
        let next = self.next.as_ref()?;
        let moved = self.decision.moves().map(|(mirror, from, to)| match from {
            Some(from) => format!("{mirror} {from} to {to}"),
            None => format!("{mirror} to {to}"),
        });
        let moved = moved.collect::<Vec<_>>().join(", ");
        let back = if self.taken_back.is_some() { ", and went back" } else { "" };
        Some(format!("generation {}: {moved}{back}", next.number))
    }

    /// What somebody must look at, a line each: exit code 1.
    pub(super) fn refusals(&self) -> Vec<String> {
        let refused = self.held().filter(|(_, hold)| hold.is_refusal());
        let taken_back = self.taken_back.iter().map(|how| format!("the check said no: {how}"));
        refused
            .map(|(mirror, hold)| format!("{mirror} stays: it {hold}"))
            .chain(taken_back)
            .collect()
    }

    /// What a person is told: of a sweep nothing of mirrors that have no snapshot.
    fn plan(&self, args: &Promote) -> Plan {
        let mut plan = self.decision.plan();
        for (mirror, hold) in self.held() {
            if args.all && matches!(hold, Hold::Unknown(_)) {
                plan.stays.remove(mirror);
            }
        }
        plan
    }
}

/// Does what a channel's schedule asks for.
pub(super) fn promote_due(
    context: &Context,
    store: &Store,
    channel: &Name,
) -> Result<Promoted, Failure> {
    Request::new(context, store, (channel, None))?.carry_out()
}

/// What would move by the schedule of a channel and does not.
pub(super) fn waits(
    context: &Context,
    store: &Store,
    channel: &Name,
) -> Result<Vec<Waiting>, Failure> {
    plan::waits(context, store, channel)
}

/// What a channel would show next.
pub(super) fn upcoming(
    context: &Context,
    store: &Store,
    channel: &Name,
) -> Result<Vec<Upcoming>, Failure> {
    plan::upcoming(context, store, channel)
}

/// Completes the check of a promotion that died before it was done; gives what is worth a word, and what it means. `None`, and cheap,
/// where there is none.
pub(super) fn complete_check(
    context: &Context,
    store: &Store,
    channel: &Name,
) -> Result<Option<(Vec<String>, Outcome)>, Failure> {
    if !unchecked::is_noted(store, channel)? {
        return Ok(None);
    }
    let request = Request::new(context, store, (channel, None))?;
    let lock = store.lock_channel(channel, &context.asker())?;
    let said = request.complete(&lock)?;
    let mut notes = request.notes.take();
    notes.extend(said.as_ref().map(|how| format!("the check said no: {how}")));
    let outcome = if said.is_some() { Outcome::No } else { Outcome::Done };
    Ok(Some((notes, outcome)))
}

pub(super) fn promote(context: &Context, args: &Promote) -> Done {
    if args.plan {
        return plan::plan(context, args.to.as_ref());
    }
    let Some(to) = &args.to else { return Err(Failure::usage("name the channel with --to")) };
    context.check_channel(to)?;
    let store = context.store()?;
    let request = Request::new(context, &store, (to, Some(args)))?;
    if context.dry_run {
        let view = request.look()?;
        let decision = request.inspected(&view)?;
        let (current, plan) = (&view.current, &decision.plan());
        return moves::tell(context, &Told { current, plan, next: None, taken_back: None });
    }
    let promoted = request.carry_out()?;
    let told = Told {
        current: &promoted.before,
        plan: &promoted.plan(args),
        next: promoted.next.as_ref(),
        taken_back: promoted.taken_back.as_deref(),
    };
    let done = moves::tell(context, &told)?;
    Ok(if promoted.outcome() == Outcome::No { Outcome::No } else { done })
}

impl<'a> Request<'a> {
    fn new(
        context: &'a Context,
        store: &'a Store,
        (channel, typed): (&'a Name, Option<&'a Promote>),
    ) -> Result<Self, Failure> {
        context.check_channel(channel)?;
        let settings = context
            .config
            .channels
            .get(channel)
            .ok_or_else(|| Failure::bug("a channel that was checked is not there"))?;
        Ok(Self { context, store, channel, settings, typed, notes: RefCell::default() })
    }

    /// The channel from which snapshots come.
    fn from(&self) -> Option<&Name> {
        self.typed.and_then(|args| args.from.as_ref()).or(self.settings.from.as_ref())
    }

    /// Says whether an override was typed.
    fn waives(&self, what: fn(&Promote) -> bool) -> bool {
        self.typed.is_some_and(what)
    }

    fn patience(&self) -> Patience {
        if self.waives(|args| args.now) { Patience::Waived } else { Patience::Kept }
    }

    /// Says something: to a person at once, and with the rest where the schedule asks.
    fn note(&self, text: &str) {
        match self.typed {
            Some(_) => ui::tell(&format!("{}: {text}", self.channel)),
            None => self.notes.borrow_mut().push(text.to_owned()),
        }
    }

    /// Who is shown how the work goes: a person.
    fn monitor(&self) -> Box<dyn Monitor> {
        match self.typed {
            Some(_) => Box::new(Progress::new()),
            None => Box::new(Silent),
        }
    }

    /// Why, for the log: what was said, and the overrides.
    fn reason(&self) -> String {
        let Some(args) = self.typed else { return "schedule".to_owned() };
        let overrides: Vec<&str> = [
            (args.now, "--now"),
            (args.skip_gate, "--skip-gate"),
            (args.skip_check, "--skip-check"),
            (args.allow_shrink, "--allow-shrink"),
            (args.allow_empty, "--allow-empty"),
        ]
        .into_iter()
        .filter_map(|(is_set, flag)| is_set.then_some(flag))
        .collect();
        match (args.reason.is_empty(), overrides.is_empty()) {
            (_, true) => args.reason.clone(),
            (true, false) => format!("({})", overrides.join(" ")),
            (false, false) => format!("{} ({})", args.reason, overrides.join(" ")),
        }
    }

    /// Decides, examines what would move, and moves it if all is still as it was when it was examined.
    fn carry_out(&self) -> Result<Promoted, Failure> {
        let asker = self.context.asker();
        let lock = self.store.lock_channel(self.channel, &asker)?;
        let mut taken_back = None;
        if !self.waives(|args| args.skip_check) {
            taken_back = self.complete(&lock)?;
            self.must_be_checkable()?;
        }
        let mut answers = Answers::default();
        for _ in 0..ROUNDS {
            let ready = Ready::new((self.context, &asker), self.store, self.channel)?;
            for mirror in &ready.ended {
                self.note(&format!("the pin of {mirror} ended, and is gone"));
            }
            let view = self.look()?;
            let decision = answers.apply(self.decide(&view));
            let open = answers.open(&decision);
            if open.is_empty() {
                let mut promoted = self.flip(&ready, &view, decision)?;
                drop(ready);
                if promoted.next.is_some() {
                    promoted.taken_back = self.check(&lock, promoted.next.as_ref())?;
                }
                promoted.taken_back = promoted.taken_back.or(taken_back);
                promoted.notes = self.notes.take();
                return Ok(promoted);
            }
            drop(ready);
            let progress = self.monitor();
            for step in open {
                let answer = self.examine(&step, &lock, &*progress)?;
                answers.give(step, answer);
            }
        }
        Err(Failure::busy(format!(
            "channel {} was moved again and again by others meanwhile: nothing was promoted",
            self.channel
        )))
    }

    /// Moves what moves.
    fn flip(
        &self,
        ready: &Ready<'_>,
        view: &View,
        decision: Decision,
    ) -> Result<Promoted, Failure> {
        let plan = decision.plan();
        let mut next = None;
        if !plan.moves.is_empty() {
            ready.publish(&plan, &*self.monitor())?;
            if self.waives(|args| args.skip_check) {
                unchecked::end(self.store, &ready.site, self.channel)?;
            } else if self.settings.check.is_some() {
                unchecked::begin(self.store, &ready.site, self.channel, view.current.number)?;
            }
            next = Some(ready.flip(&plan, "promote", &self.reason())?);
        }
        self.let_go(ready, view, &decision)?;
        let before = view.current.clone();
        Ok(Promoted { before, next, decision, taken_back: None, notes: Vec::new() })
    }

    /// Takes the pins of mirrors away that were named and show now what was asked for: also what they showed already, for a run that
    /// died between the move and the pin.
    fn let_go(&self, ready: &Ready<'_>, view: &View, decision: &Decision) -> Result<(), Failure> {
        let named = view.wishes.iter().filter(|wish| wish.by == By::Name);
        for mirror in named.map(|wish| &wish.mirror) {
            let is_shown = matches!(
                decision.verdicts().get(mirror),
                Some(Verdict::Promote { .. } | Verdict::Hold(Hold::Same(_)))
            );
            if is_shown && pins::remove(self.store, &ready.site, self.channel, mirror)? {
                self.note(&format!("the pin of {mirror} is gone: it was promoted by name"));
            }
        }
        Ok(())
    }
}

/// The channels, those from which others take before these.
pub(super) fn in_order(channels: &BTreeMap<Name, Channel>) -> Vec<&Name> {
    let depth = |name: &Name| {
        let next = |channel: &Name| channels.get(channel).and_then(|channel| channel.from.clone());
        std::iter::successors(next(name), next).take(channels.len()).count()
    };
    let mut names: Vec<&Name> = channels.keys().collect();
    names.sort_by_key(|name| depth(name));
    names
}
