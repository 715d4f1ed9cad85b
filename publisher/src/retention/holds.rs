//! What holds snapshots: channels now and a short time ago, what soaks, what a rollback goes back to, pins.
//!
//! Generations are read only as far back as grace and soaking reach, pins only where there are some.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pinfold_store::{Name, Stamp, Store};

use super::{Times, Why, shifted};
use crate::generation::{self, Generation};
use crate::policy::{Candidate, Seek, Wanted, candidates};
use crate::{Error, Result};

/// A mirror that a channel takes from another channel after a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soak {
    /// The channel that waits.
    pub channel: Name,
    /// The channel in which snapshots soak.
    pub from: Name,
    /// The mirror.
    pub mirror: Name,
    /// How long they soak.
    pub after: Duration,
}

/// What holds snapshots, by mirror.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds(BTreeMap<Name, Vec<(Stamp, Why)>>);

impl Holds {
    /// Those of a mirror.
    #[must_use]
    pub fn of(&self, mirror: &Name) -> &[(Stamp, Why)] {
        self.0.get(mirror).map(Vec::as_slice).unwrap_or_default()
    }

    fn note(&mut self, mirror: &Name, taken: Stamp, why: Why) {
        self.0.entry(mirror.clone()).or_default().push((taken, why));
    }
}

/// What a channel showed of late.
pub(super) struct Walk {
    channel: Name,
    /// Newest first; the last one stood before the time that was asked for, or is the first of all.
    pub(super) generations: Vec<Generation>,
}

impl Walk {
    /// Reads back to the generation that stood at a time.
    pub(super) fn back_to(store: &Store, channel: &Name, since: Stamp) -> Result<Self> {
        let mut generations = Vec::new();
        for generation in generation::walk(store, channel) {
            let generation = generation?;
            let is_before = generation.at <= since;
            generations.push(generation);
            if is_before {
                break;
            }
        }
        Ok(Self { channel: channel.clone(), generations })
    }

    /// What the channel shows of a mirror.
    fn shows(&self, mirror: &Name) -> Option<Stamp> {
        let current = self.generations.first()?;
        current.mirrors.get(mirror).map(|shown| shown.snapshot)
    }
}

/// Finds what holds snapshots: all mirrors' channels, and the pins of `mirrors`.
///
/// Cost: the generations within `grace` and the soak times, a list of each mirror's records, the pins.
///
/// # Errors
/// A record or pin cannot be read: then nothing may be removed.
pub fn holds(store: &Store, times: &Times, soaks: &[Soak], mirrors: &[Name]) -> Result<Holds> {
    let mut holds = Holds::default();
    let mut walks = BTreeMap::new();
    for channel in generation::channels(store)? {
        let walk = Walk::back_to(store, &channel, times.ago(times.grace))?;
        note_shown(&mut holds, times, &walk);
        note_before(&mut holds, store, &walk)?;
        walks.insert(channel, walk);
    }
    for soak in soaks.iter().filter(|soak| walks.contains_key(&soak.from)) {
        let stands = walks.get(&soak.channel).and_then(|walk| walk.shows(&soak.mirror));
        note_soaking(&mut holds, times, soak, (generation::walk(store, &soak.from), stands))?;
    }
    for mirror in mirrors {
        for (taken, name, pin) in store.all_pins(mirror)? {
            if !pin.is_over(times.now) {
                holds.note(mirror, taken, Why::Pinned { name, until: pin.until });
            }
        }
    }
    Ok(holds)
}

/// What a channel shows, and showed within the grace.
fn note_shown(holds: &mut Holds, times: &Times, walk: &Walk) {
    let since = times.ago(times.grace);
    let mut seen: BTreeSet<(Name, Stamp)> = BTreeSet::new();
    let mut left: Option<Stamp> = None;
    for generation in &walk.generations {
        if left.is_some_and(|left| left <= since) {
            break;
        }
        for (mirror, shown) in &generation.mirrors {
            if seen.insert((mirror.clone(), shown.snapshot)) {
                let channel = walk.channel.clone();
                let why = match left {
                    None => Why::Shown { channel },
                    Some(left) => Why::Grace { channel, until: shifted(left, times.grace, 1) },
                };
                holds.note(mirror, shown.snapshot, why);
            }
        }
        left = Some(generation.at);
    }
}

/// What a rollback of a channel, or of one mirror in it, would go back to.
fn note_before(holds: &mut Holds, store: &Store, walk: &Walk) -> Result<()> {
    let Some(current) = walk.generations.first() else { return Ok(()) };
    let mut known: BTreeMap<u64, Option<Generation>> = BTreeMap::new();
    for (mirror, shown) in &current.mirrors {
        if let Entry::Vacant(unknown) = known.entry(shown.state) {
            unknown.insert(before(store, walk, shown.state)?);
        }
        let before = known.get(&shown.state).and_then(Option::as_ref);
        if let Some(before) = before.and_then(|before| before.mirrors.get(mirror)) {
            let channel = walk.channel.clone();
            holds.note(mirror, before.snapshot, Why::Before { channel });
        }
    }
    Ok(())
}

/// The generation that stood before a state; none where its record is gone.
fn before(store: &Store, walk: &Walk, state: u64) -> Result<Option<Generation>> {
    let find = |number: u64| {
        let near = walk.generations.iter().find(|generation| generation.number == number);
        match near {
            Some(near) => Ok(Some(near.clone())),
            None => match generation::read(store, &walk.channel, number) {
                Err(Error::NoGeneration { .. }) => Ok(None),
                read => read.map(Some),
            },
        }
    };
    let from = find(state)?.and_then(|generation| generation.from);
    from.map_or(Ok(None), find)
}

/// What soaks for a channel that shows `stands`, and the newest that has soaked: by the rule that promotion goes by.
fn note_soaking(
    holds: &mut Holds,
    times: &Times,
    soak: &Soak,
    (history, stands): (impl IntoIterator<Item = Result<Generation>>, Option<Stamp>),
) -> Result<()> {
    let seek = Seek { wanted: Wanted::Above(stands), ripe: times.ago(soak.after) };
    let mut found = candidates(history, &BTreeMap::from([(soak.mirror.clone(), seek)]))?;
    let channel = &soak.channel;
    for Candidate { snapshot, since } in found.remove(&soak.mirror).unwrap_or_default() {
        let Some(since) = since.filter(|_| stands.is_none_or(|stands| snapshot > stands)) else {
            continue;
        };
        if since <= seek.ripe {
            holds.note(&soak.mirror, snapshot, Why::Soaked { channel: channel.clone() });
            break;
        }
        let until = shifted(since, soak.after, 1);
        holds.note(&soak.mirror, snapshot, Why::Soaking { channel: channel.clone(), until });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
