//! Who moves where: decisions over records, without clock, disk or configuration (I12).

mod decide;
mod freeze;
mod hold;
mod soak;

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::Name;

use crate::generation::{Generation, Target};

pub use decide::{By, Decision, Group, Patience, Rules, Setting, Verdict, Wish, decide, moves_at};
pub use freeze::{Freeze, Frozen, frozen};
pub use hold::Hold;
pub use soak::{Candidate, Seek, Wanted, candidates};

/// What a move would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The mirrors that move, with where they go.
    pub moves: BTreeMap<Name, Target>,
    /// The mirrors that were asked for and stay, with the reason.
    pub stays: BTreeMap<Name, String>,
}

impl Plan {
    /// Everything that the new generation shows: what moves, and the rest as it is.
    #[must_use]
    pub fn shown(&self, current: &Generation) -> BTreeMap<Name, Target> {
        let mut shown: BTreeMap<Name, Target> = current
            .mirrors
            .iter()
            .map(|(name, shown)| {
                (name.clone(), Target { snapshot: shown.snapshot, state: Some(shown.state) })
            })
            .collect();
        shown.extend(self.moves.clone());
        shown
    }
}

/// The state that a rollback goes back behind: the newest among the mirrors that are asked for (all where none is named).
#[must_use]
pub fn newest_state(current: &Generation, named: &BTreeSet<Name>) -> Option<u64> {
    asked(current, named).map(|(_, shown)| shown.state).max()
}

fn asked<'a>(
    current: &'a Generation,
    named: &'a BTreeSet<Name>,
) -> impl Iterator<Item = (&'a Name, &'a crate::generation::Shown)> {
    current.mirrors.iter().filter(move |(name, _)| named.is_empty() || named.contains(*name))
}

/// Plans a rollback to what `target` shows. By default (`state` given) only the mirrors that show that state go back; with a
/// generation named by the operator every mirror that is asked for does.
#[must_use]
pub fn rollback(
    current: &Generation,
    target: &Generation,
    named: &BTreeSet<Name>,
    state: Option<u64>,
) -> Plan {
    let mut plan = Plan::default();
    for (mirror, shown) in asked(current, named) {
        if state.is_some_and(|state| shown.state != state) {
            if !named.is_empty() {
                plan.stays.insert(
                    mirror.clone(),
                    format!("was moved by generation {}, before the others", shown.state),
                );
            }
            continue;
        }
        match target.mirrors.get(mirror) {
            None => {
                plan.stays.insert(
                    mirror.clone(),
                    format!("is not known to generation {}", target.number),
                );
            }
            Some(before) if before.snapshot == shown.snapshot => {
                plan.stays.insert(mirror.clone(), format!("shows {} there too", shown.snapshot));
            }
            Some(before) => {
                plan.moves.insert(
                    mirror.clone(),
                    Target { snapshot: before.snapshot, state: Some(before.state) },
                );
            }
        }
    }
    for mirror in named.iter().filter(|mirror| !current.mirrors.contains_key(*mirror)) {
        plan.stays.insert(mirror.clone(), "is not in the channel".to_owned());
    }
    plan
}

#[cfg(test)]
mod tests;
