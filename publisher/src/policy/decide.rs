//! Which mirrors of a channel move, and why the others do not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZone;
use pinfold_store::{Name, Stamp, refs::Pin};

use super::Plan;
use super::freeze::{Freeze, frozen};
use super::hold::{Hold, soaked_at};
use super::soak::Candidate;
use crate::generation::{Generation, Target};

/// How many times a plan looks ahead: a channel that is asked every minute, and held for years, has no date.
const LOOKS_AHEAD: usize = 2_000;

/// Who asks for a mirror to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The schedule: pins hold, and nothing goes back.
    Schedule,
    /// A person, for all mirrors: pins hold.
    Sweep,
    /// A person, by the mirror's name: its pin does not hold.
    Name,
    /// Nobody: it is looked at because it moves only together with one that was asked for.
    Nobody,
}

/// When a mirror may move.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// How long a snapshot soaks.
    pub after: Duration,
    /// When nothing moves.
    pub freeze: Vec<Freeze>,
}

/// A mirror that may move.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The mirror.
    pub mirror: Name,
    /// Who asks.
    pub by: By,
    /// What may be shown, newest first.
    pub candidates: Vec<Candidate>,
    /// When.
    pub rules: Rules,
}

/// Mirrors that move together or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its mirrors.
    pub mirrors: Vec<Name>,
}

/// Whether soaking and freezes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// They do.
    Kept,
    /// A person said `--now`.
    Waived,
}

/// A channel as it is.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The time for which it is decided.
    pub now: Stamp,
    /// The zone in which days of freezes begin.
    pub zone: &'a TimeZone,
    /// What the channel shows.
    pub current: &'a Generation,
    /// The channel from which snapshots come; `None` where they come from the mirrors.
    pub from: Option<&'a Name>,
    /// Its pins, with those that ended.
    pub pins: &'a BTreeMap<Name, Pin>,
    /// Its groups.
    pub groups: &'a [Group],
    /// Whether it waits.
    pub patience: Patience,
}

/// What becomes of a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It moves.
    Promote {
        /// From what, where it showed anything.
        from: Option<Stamp>,
        /// To what.
        to: Stamp,
    },
    /// It stays.
    Hold(Hold),
}

/// What becomes of a channel's mirrors. However it was made and narrowed, a group is never split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    verdicts: BTreeMap<Name, Verdict>,
    groups: Vec<Group>,
}

/// Decides what moves.
#[must_use]
pub fn decide(setting: &Setting<'_>, wishes: &[Wish]) -> Decision {
    let verdicts = wishes.iter().map(|wish| (wish.mirror.clone(), one(setting, wish))).collect();
    let mut decision = Decision { verdicts, groups: setting.groups.to_vec() };
    let nobody: BTreeSet<&Name> =
        wishes.iter().filter(|wish| wish.by == By::Nobody).map(|wish| &wish.mirror).collect();
    decision.part(&nobody);
    decision.settle();
    decision.verdicts.retain(|mirror, _| !nobody.contains(mirror));
    decision
}

/// Decides for one mirror, as if it were in no group.
fn one(setting: &Setting<'_>, wish: &Wish) -> Verdict {
    let hold = |hold: Hold| Verdict::Hold(hold);
    let shown = setting.current.mirrors.get(&wish.mirror).map(|shown| shown.snapshot);
    let Some(newest) = wish.candidates.first().map(|newest| newest.snapshot) else {
        return hold(Hold::Unknown(setting.from.cloned()));
    };
    if shown == Some(newest) {
        return hold(Hold::Same(newest));
    }
    // Back only where a person asks for what is older as a whole: never because the newer one still soaks.
    let is_back = shown.is_some_and(|shown| newest < shown);
    if let Some(shown) = shown.filter(|_| is_back && !matches!(wish.by, By::Name | By::Sweep)) {
        return hold(Hold::Behind { from: setting.from.cloned(), newest, shown });
    }
    let pin = setting.pins.get(&wish.mirror).filter(|pin| !pin.is_over(setting.now));
    if let Some(pin) = pin.filter(|_| wish.by != By::Name) {
        return hold(Hold::Pinned(pin.clone()));
    }
    let is_eligible = |one: &&Candidate| is_back || shown.is_none_or(|shown| shown < one.snapshot);
    let mut eligible = wish.candidates.iter().filter(is_eligible);
    if setting.patience == Patience::Waived {
        return eligible.next().map_or(hold(Hold::Unknown(setting.from.cloned())), |newest| {
            Verdict::Promote { from: shown, to: newest.snapshot }
        });
    }
    if let Some(frozen) = frozen(&wish.rules.freeze, setting.now, setting.zone) {
        return hold(Hold::Frozen { window: frozen.window, until: frozen.until });
    }
    let mut soaking: Option<(Stamp, Hold)> = None;
    let mut not_shown = None;
    for candidate in eligible {
        let (snapshot, from, after) = (candidate.snapshot, setting.from.cloned(), wish.rules.after);
        let Some(since) = candidate.since else {
            not_shown = Some(Hold::NotShown { snapshot, from });
            continue;
        };
        let end = soaked_at(since, after);
        // Where nothing is to soak, a date of the future is a clock that was wrong, and no reason to wait.
        if end <= setting.now || after.is_zero() {
            return Verdict::Promote { from: shown, to: snapshot };
        }
        // The one that is shown first is said.
        if soaking.as_ref().is_none_or(|(first, _)| end <= *first) {
            soaking = Some((end, Hold::Soaking { snapshot, from, since, after }));
        }
    }
    let soaking = soaking.map(|(_, hold)| hold);
    hold(soaking.or(not_shown).unwrap_or(Hold::Unknown(setting.from.cloned())))
}

impl Decision {
    /// What becomes of each mirror.
    #[must_use]
    pub fn verdicts(&self) -> &BTreeMap<Name, Verdict> {
        &self.verdicts
    }

    /// The mirrors that move: from what, to what.
    pub fn moves(&self) -> impl Iterator<Item = (&Name, Option<Stamp>, Stamp)> {
        self.verdicts.iter().filter_map(|(mirror, verdict)| match verdict {
            Verdict::Promote { from, to } => Some((mirror, *from, *to)),
            Verdict::Hold(_) => None,
        })
    }

    /// The mirrors that stay, and why.
    pub fn holds(&self) -> impl Iterator<Item = (&Name, &Hold)> {
        self.verdicts.iter().filter_map(|(mirror, verdict)| match verdict {
            Verdict::Promote { .. } => None,
            Verdict::Hold(hold) => Some((mirror, hold)),
        })
    }

    /// Holds a mirror that would move, and all that move only together with it.
    pub fn hold(&mut self, mirror: &Name, hold: Hold) {
        self.verdicts.insert(mirror.clone(), Verdict::Hold(hold));
        self.settle();
    }

    /// As a plan of moves.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let target = |to| Target { snapshot: to, state: None };
        Plan {
            moves: self.moves().map(|(mirror, _, to)| (mirror.clone(), target(to))).collect(),
            stays: self.holds().map(|(mirror, why)| (mirror.clone(), why.to_string())).collect(),
        }
    }

    fn promotes(&self, mirror: &Name) -> bool {
        matches!(self.verdicts.get(mirror), Some(Verdict::Promote { .. }))
    }

    /// Holds what moves only together with a mirror for which nobody asked, and which would move.
    fn part(&mut self, nobody: &BTreeSet<&Name>) {
        for group in self.groups.clone() {
            let apart = group
                .mirrors
                .iter()
                .find(|mirror| nobody.contains(mirror) && self.promotes(mirror))
                .cloned();
            let Some(apart) = apart else { continue };
            for mirror in group.mirrors.iter().filter(|mirror| !nobody.contains(mirror)) {
                if self.promotes(mirror) {
                    let hold = Hold::Apart { group: group.name.clone(), mirror: apart.clone() };
                    self.verdicts.insert(mirror.clone(), Verdict::Hold(hold));
                }
            }
        }
    }

    /// Holds what moves only together with something that stays. What is there already stays for no reason of its own, and holds nobody.
    fn settle(&mut self) {
        loop {
            let mut changed = false;
            for group in self.groups.clone() {
                let blocking =
                    group.mirrors.iter().find_map(|mirror| match self.verdicts.get(mirror) {
                        Some(Verdict::Hold(Hold::Same(_)) | Verdict::Promote { .. }) | None => None,
                        Some(Verdict::Hold(why)) => Some((mirror.clone(), why.clone())),
                    });
                let Some((blocking, why)) = blocking else { continue };
                for mirror in &group.mirrors {
                    if self.promotes(mirror) {
                        let (group, mirror_held) = (group.name.clone(), blocking.clone());
                        let hold =
                            Hold::Group { group, mirror: mirror_held, why: Box::new(why.clone()) };
                        self.verdicts.insert(mirror.clone(), Verdict::Hold(hold));
                        changed = true;
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }
}

/// Says when each mirror moves by the schedule if nothing new comes: the first occurrence at which nothing holds it. `next` gives the
/// first occurrence after a time. Mirrors that wait for a person, or for a new snapshot, are not in it.
#[must_use]
pub fn moves_at(
    setting: &Setting<'_>,
    wishes: &[Wish],
    next: &dyn Fn(Stamp) -> Option<Stamp>,
) -> BTreeMap<Name, Stamp> {
    let mut found = BTreeMap::new();
    let mut from = setting.now;
    for _ in 0..LOOKS_AHEAD {
        let Some(now) = next(from) else { break };
        let decision = decide(&Setting { now, ..*setting }, wishes);
        for (mirror, _, _) in decision.moves() {
            found.entry(mirror.clone()).or_insert(now);
        }
        // No sooner than a hold ends that keeps something from moving.
        let ends = decision.holds().filter(|(mirror, _)| !found.contains_key(*mirror));
        let Some(end) = ends.filter_map(|(_, why)| why.until()).min() else { break };
        from = now.max(Stamp::from_seconds(end.seconds().saturating_sub(1)));
    }
    found
}

#[cfg(test)]
mod tests;
