//! What the page shows beyond what is the case: read from records, without any lock.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Name, Stamp};

use super::{MoveStatus, Moved, Point, Timeline};
use crate::generation::{self, Generation};
use crate::publish;
use crate::status::{Look, Status};

/// How many moves are shown, of all channels together.
const MOVES_MAX: usize = 50;
/// How far back it is looked since when a channel shows something.
const LOOKS_BACK: usize = 400;
/// How many of a mirror's newest snapshots are shown.
const POINTS_MAX: usize = 60;

/// What a channel's history says.
#[derive(Debug, Default)]
pub struct Past {
    /// Its latest moves, newest first.
    pub moves: Vec<MoveStatus>,
    /// Since when it shows what it shows.
    pub since: BTreeMap<Name, Stamp>,
}

impl Look<'_> {
    /// Looks at what a channel did. Cost: one small file a move that is shown, and those back to the last move of each mirror.
    pub fn past(&mut self, channel: &Name) -> Past {
        let mut past = Past::default();
        let mut later: Option<Generation> = None;
        let mut open: Option<BTreeMap<Name, Stamp>> = None;
        for generation in generation::walk(self.store, channel).take(LOOKS_BACK) {
            let generation = match generation {
                Ok(generation) => generation,
                // Of a channel that is not there, or whose newest record is damaged, the status says so.
                Err(_) if later.is_none() => return past,
                Err(error) => {
                    self.read::<(), _>(Err(error));
                    break;
                }
            };
            let open = open.get_or_insert_with(|| {
                generation
                    .mirrors
                    .iter()
                    .map(|(name, shown)| (name.clone(), shown.snapshot))
                    .collect()
            });
            open.retain(|mirror, shown| {
                let is_shown =
                    generation.mirrors.get(mirror).is_some_and(|one| one.snapshot == *shown);
                if is_shown {
                    past.since.insert(mirror.clone(), generation.at);
                }
                is_shown
            });
            if let Some(later) = later.filter(|_| past.moves.len() < MOVES_MAX) {
                past.moves.push(moved(&later, &generation));
            }
            if open.is_empty() && past.moves.len() >= MOVES_MAX {
                break;
            }
            later = Some(generation);
        }
        past
    }

    /// Looks at a mirror's snapshots. Cost: their names.
    pub fn timeline(&mut self, mirror: &Name, status: &Status) -> Timeline {
        let dates = self.store.dates(mirror);
        let dates = self.read(dates);
        let published = publish::published_dates(self.store, mirror);
        let published: BTreeSet<Stamp> = self.read(published).into_iter().collect();
        let mut channels: BTreeMap<Stamp, Vec<Name>> = BTreeMap::new();
        for (name, channel) in &status.channels {
            if let Some(shown) = channel.mirrors.get(mirror) {
                channels.entry(shown.snapshot).or_default().push(name.clone());
            }
        }
        let mut pins: BTreeMap<Stamp, Vec<Name>> = BTreeMap::new();
        for pin in status.mirrors.get(mirror).iter().flat_map(|one| &one.pins) {
            if let (Some(taken), Some(name), false) = (pin.snapshot, &pin.name, pin.expired) {
                pins.entry(taken).or_default().push(name.clone());
            }
        }
        let newest = dates.len().saturating_sub(POINTS_MAX);
        let points: Vec<Point> = dates
            .iter()
            .enumerate()
            .filter(|(at, date)| {
                *at >= newest || channels.contains_key(date) || pins.contains_key(date)
            })
            .map(|(_, date)| Point {
                snapshot: *date,
                published: published.contains(date),
                channels: channels.get(date).cloned().unwrap_or_default(),
                pins: pins.get(date).cloned().unwrap_or_default(),
            })
            .collect();
        Timeline { more: dates.len() - points.len(), points }
    }
}

/// Puts the moves of all channels together, newest first.
#[must_use]
pub fn latest(mut moves: Vec<MoveStatus>) -> Vec<MoveStatus> {
    moves.sort_by(|one, other| {
        (other.at, other.generation, &one.channel).cmp(&(one.at, one.generation, &other.channel))
    });
    moves.truncate(MOVES_MAX);
    moves
}

/// What a generation changed of the one before it.
fn moved(now: &Generation, before: &Generation) -> MoveStatus {
    let shown = |of: &Generation, mirror: &Name| of.mirrors.get(mirror).map(|one| one.snapshot);
    let mirrors: BTreeSet<&Name> = now.mirrors.keys().chain(before.mirrors.keys()).collect();
    let moved = mirrors.into_iter().filter_map(|mirror| {
        let moved = Moved { from: shown(before, mirror), to: shown(now, mirror) };
        (moved.from != moved.to).then(|| (mirror.clone(), moved))
    });
    MoveStatus {
        channel: now.channel.clone(),
        generation: now.number,
        at: now.at,
        verb: now.verb.clone(),
        who: now.who.clone(),
        reason: now.reason.clone(),
        moved: moved.collect(),
    }
}
