//! `promote`, typed or by the schedule: decided by the policy, examined without any lock of the site, moved in one instant, checked.

mod check;
mod examine;
mod look;
mod plan;

use std::collections::BTreeMap;

use pinfold_publisher::generation::Generation;
use pinfold_publisher::policy::{By, Decision, Hold, Patience, Verdict};
use pinfold_publisher::{pins, unchecked};
use pinfold_store::{Name, Stamp, Store};

use super::Done;
use super::moves::{self, Ready};
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
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Promoted {
    /// What the channel showed before.
    before: Generation,
    /// The generation that was made.
    pub(super) next: Option<Generation>,
    decision: Decision,
    /// What the check said where it said no, and the channel went back.
    pub(super) taken_back: Option<String>,
}

impl Promoted {
    /// What moved: the mirror, from what, to what.
    pub(super) fn moved(&self) -> impl Iterator<Item = (&Name, Option<Stamp>, Stamp)> {
        self.decision.moves()
    }

    /// What stays, and why.
    pub(super) fn held(&self) -> impl Iterator<Item = (&Name, &Hold)> {
        self.decision.holds()
    }

    /// What it means for who started it by a schedule: no only where somebody must look.
    pub(super) fn outcome(&self) -> Outcome {
        let is_refused = self.held().any(|(_, hold)| hold.is_refusal());
        if is_refused || self.taken_back.is_some() { Outcome::No } else { Outcome::Done }
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

/// Completes the check of a promotion that died before it was done; gives what it said where it said no, and the channel went back.
/// Cheap where there is none.
pub(super) fn complete_check(
    context: &Context,
    store: &Store,
    channel: &Name,
) -> Result<Option<String>, Failure> {
    if !unchecked::is_noted(store, channel)? {
        return Ok(None);
    }
    let request = Request::new(context, store, (channel, None))?;
    let lock = store.lock_channel(channel, &context.asker())?;
    request.complete(&lock)
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
        return moves::tell(context, &view.current, &decision.plan(), None);
    }
    let promoted = request.carry_out()?;
    let done =
        moves::tell(context, &promoted.before, &promoted.plan(args), promoted.next.as_ref())?;
    Ok(if promoted.outcome() == Outcome::No { Outcome::No } else { done })
}

impl Promoted {
    /// What a person is told: of a sweep nothing of mirrors that have no snapshot.
    fn plan(&self, args: &Promote) -> pinfold_publisher::policy::Plan {
        let mut plan = self.decision.plan();
        for (mirror, hold) in self.held() {
            if args.all && matches!(hold, Hold::Unknown(_)) {
                plan.stays.remove(mirror);
            }
        }
        plan
    }
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
        Ok(Self { context, store, channel, settings, typed })
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
                return Ok(promoted);
            }
            drop(ready);
            let progress = Progress::new();
            for step in open {
                let answer = self.examine(&step, &lock, &progress)?;
                answers.give(step, answer);
            }
            progress.finish();
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
            ready.publish(&plan)?;
            if self.waives(|args| args.skip_check) {
                unchecked::end(self.store, &ready.site, self.channel)?;
            } else if self.settings.check.is_some() {
                unchecked::begin(self.store, &ready.site, self.channel, view.current.number)?;
            }
            next = Some(ready.flip(&plan, "promote", &self.reason())?);
        }
        self.let_go(ready, view, &decision)?;
        Ok(Promoted { before: view.current.clone(), next, decision, taken_back: None })
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
                let channel = self.channel;
                ui::tell(&format!(
                    "{channel}: the pin of {mirror} is gone: it was promoted by name"
                ));
            }
        }
        Ok(())
    }
}

/// The channels, those from which others take before these.
fn in_order(channels: &BTreeMap<Name, Channel>) -> Vec<&Name> {
    let depth = |name: &Name| {
        let next = |channel: &Name| channels.get(channel).and_then(|channel| channel.from.clone());
        std::iter::successors(next(name), next).take(channels.len()).count()
    };
    let mut names: Vec<&Name> = channels.keys().collect();
    names.sort_by_key(|name| depth(name));
    names
}
