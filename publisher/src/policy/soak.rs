//! What a channel may take over from the one before it, and since when that one shows it.

use std::collections::BTreeMap;

use pinfold_store::{Name, Stamp};

use crate::Result;
use crate::generation::Generation;

/// A snapshot that may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Which one.
    pub snapshot: Stamp,
    /// Since when the channel before it showed it, and was not moved below it again; `None` where it did not.
    pub since: Option<Stamp>,
}

/// What is looked for of a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seek {
    /// What is wanted.
    pub wanted: Wanted,
    /// What was shown then or before has soaked.
    pub ripe: Stamp,
}

/// What of a mirror is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// What is newer than this; everything where it is `None`, or where the channel before shows something older.
    Above(Option<Stamp>),
    /// This one.
    Exactly(Stamp),
}

/// What was seen of a mirror on the way back.
struct Trail {
    seek: Seek,
    /// The oldest snapshot that was shown from there on: what is newer was withdrawn since, if it was shown before.
    low: Option<Stamp>,
    since: BTreeMap<Stamp, Stamp>,
    is_done: bool,
}

impl Trail {
    fn new(seek: Seek) -> Self {
        Self { seek, low: None, since: BTreeMap::new(), is_done: false }
    }

    /// Takes what a generation showed, and when it was made. Generations come newest first.
    fn step(&mut self, shown: Option<Stamp>, at: Stamp) {
        let Some(shown) = shown.filter(|_| !self.is_done) else {
            self.is_done = true;
            return;
        };
        if self.low.is_none() && self.seek.wanted.is_above(shown) {
            self.seek.wanted = Wanted::Above(None);
        }
        if self.low.is_none_or(|low| shown <= low) {
            self.low = Some(shown);
            self.since.insert(shown, at);
        }
        let is_ripe = |since: &Stamp| *since <= self.seek.ripe;
        self.is_done = match (self.seek.wanted, self.low) {
            (Wanted::Exactly(wanted), Some(low)) => {
                low < wanted || self.since.get(&wanted).is_some_and(is_ripe)
            }
            (Wanted::Above(floor), Some(low)) => {
                floor.is_some_and(|floor| low <= floor) || self.since.values().any(is_ripe)
            }
            (_, None) => false,
        };
    }

    fn candidates(self) -> Vec<Candidate> {
        let wanted = match self.seek.wanted {
            Wanted::Exactly(snapshot) => {
                let since = self.since.get(&snapshot).copied();
                return vec![Candidate { snapshot, since }];
            }
            Wanted::Above(floor) => floor,
        };
        let newest_first = self.since.into_iter().rev();
        // What is shown is named, too, so that the caller sees that there is nothing newer.
        let found =
            newest_first.filter(|(snapshot, _)| wanted.is_none_or(|floor| *snapshot >= floor));
        found.map(|(snapshot, since)| Candidate { snapshot, since: Some(since) }).collect()
    }
}

impl Wanted {
    /// Says whether something newer is asked for than was shown.
    fn is_above(self, shown: Stamp) -> bool {
        matches!(self, Self::Above(Some(floor)) if shown < floor)
    }
}

/// Finds what may be taken over, newest first, going back in a channel's history (newest first) only as far as needed.
///
/// # Errors
/// A generation that is needed cannot be read.
pub fn candidates(
    history: impl IntoIterator<Item = Result<Generation>>,
    wanted: &BTreeMap<Name, Seek>,
) -> Result<BTreeMap<Name, Vec<Candidate>>> {
    let mut trails: BTreeMap<&Name, Trail> =
        wanted.iter().map(|(mirror, seek)| (mirror, Trail::new(*seek))).collect();
    for generation in history {
        if trails.values().all(|trail| trail.is_done) {
            break;
        }
        let generation = generation?;
        for (mirror, trail) in &mut trails {
            let shown = generation.mirrors.get(*mirror).map(|shown| shown.snapshot);
            trail.step(shown, generation.at);
        }
    }
    Ok(trails.into_iter().map(|(mirror, trail)| (mirror.clone(), trail.candidates())).collect())
}

#[cfg(test)]
mod tests;
