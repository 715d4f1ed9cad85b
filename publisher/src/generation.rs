//! Generations: numbered, immutable states of a channel, and the one symlink that a promotion or rollback moves.
//!
//! Order: record, heads, folder, flip (I10). A record to which no symlink ever pointed was abandoned; its number is not used again.

mod begin;
mod heads;
mod history;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pinfold_store::lock::SiteLock;
use pinfold_store::{IoContext, Name, Stamp, Store, disk};
use serde::{Deserialize, Serialize};

use crate::layout::Www;
use crate::{Error, Result};

pub(crate) use begin::newest;
pub use begin::{Begun, forget_link, init_channel, is_lost};
pub use heads::{Content, Head, HeadsWanted, head_files};
pub use history::{History, at, history, walk};

/// A generation's record, `ROOT/generations/CHANNEL/N`, as TOML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// The channel.
    pub channel: Name,
    /// Its number; grows by one or more, never used twice.
    pub number: u64,
    /// The generation that stood when this one was made; absent for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// When it was made.
    pub at: Stamp,
    /// Who made it.
    pub who: String,
    /// By which verb: `init`, `promote`, `rollback`, `key`.
    pub verb: String,
    /// Why, in the operator's words; empty where nobody said.
    pub reason: String,
    /// The greatest `Date` that root metadata gave out, in seconds since 1970; never goes back.
    pub date: i64,
    /// The greatest modification time of root metadata, in seconds since 1970; never goes back.
    pub modified: i64,
    /// What each mirror shows.
    #[serde(default)]
    pub mirrors: BTreeMap<Name, Shown>,
}

/// What a generation shows of a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The snapshot.
    pub snapshot: Stamp,
    /// The generation that first brought this state: a rollback reproduces an older one.
    pub state: u64,
}

/// What a new generation is to show of a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The snapshot; must be published.
    pub snapshot: Stamp,
    /// The state that is reproduced; `None` where this is a new one.
    pub state: Option<u64>,
}

/// A move of a channel.
#[derive(Debug, Clone)]
pub struct Move {
    /// The channel.
    pub channel: Name,
    /// The generation that the caller believed current.
    pub expect: u64,
    /// What every mirror is to show.
    pub shown: BTreeMap<Name, Target>,
    /// Mirrors whose root metadata is made anew even where they do not move: the key changed, or clients must see a later date.
    pub anew: BTreeSet<Name>,
    /// The verb.
    pub verb: String,
    /// Who.
    pub who: String,
    /// Why.
    pub reason: String,
    /// The clock.
    pub now: Stamp,
}

/// Lists the channels that were made, sorted.
///
/// # Errors
/// They cannot be listed.
pub fn channels(store: &Store) -> Result<Vec<Name>> {
    let names = disk::names(&Www::new(store.root()).folder().join("channels"))?;
    Ok(names.iter().filter_map(|name| name.to_str().and_then(|name| name.parse().ok())).collect())
}

/// Says whether a channel was made.
///
/// # Errors
/// That cannot be known.
pub fn exists(store: &Store, channel: &Name) -> Result<bool> {
    Ok(disk::stands(&Www::new(store.root()).channel(channel))?)
}

/// The number of the generation that clients see.
fn current_number(store: &Store, channel: &Name) -> Result<u64> {
    let link = Www::new(store.root()).channel(channel);
    let target = match std::fs::read_link(&link) {
        Ok(target) => target,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::NoChannel { channel: channel.clone() });
        }
        Err(error) => {
            return Err(Error::Store(pinfold_store::Error::Io {
                action: "read the link",
                path: link,
                source: error,
            }));
        }
    };
    let number =
        target.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
    number.ok_or_else(|| Error::Damaged {
        path: link,
        why: format!("it points to {}", target.display()),
    })
}

/// Reads the generation that clients see.
///
/// # Errors
/// [`Error::NoChannel`] where there is no such channel; [`Error::Damaged`] where link or record are not ours.
pub fn current(store: &Store, channel: &Name) -> Result<Generation> {
    let number = current_number(store, channel)?;
    read(store, channel, number)
}

/// Reads a generation's record.
///
/// # Errors
/// [`Error::NoGeneration`] where there is none; [`Error::Damaged`] where it does not parse or speaks of another.
pub fn read(store: &Store, channel: &Name, number: u64) -> Result<Generation> {
    let path = Www::new(store.root()).record(channel, number);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::NoGeneration {
                channel: channel.clone(),
                wanted: number.to_string(),
            });
        }
        Err(error) => {
            return Err(Error::Store(pinfold_store::Error::Io {
                action: "read",
                path,
                source: error,
            }));
        }
    };
    let generation: Generation = match toml::from_str(&text) {
        Ok(generation) => generation,
        Err(error) => return Err(Error::Damaged { path, why: error.message().to_owned() }),
    };
    if generation.channel != *channel || generation.number != number {
        let why =
            format!("it speaks of generation {} of {}", generation.number, generation.channel);
        return Err(Error::Damaged { path, why });
    }
    Ok(generation)
}

fn encode(generation: &Generation, www: &Www) -> Result<String> {
    let path = www.record(&generation.channel, generation.number);
    toml::to_string(generation).map_err(|error| Error::Damaged { path, why: error.to_string() })
}

/// Moves the channel's symlink by one rename.
fn flip(www: &Www, channel: &Name, number: u64) -> Result<()> {
    let target = Path::new("../generations").join(channel.as_str()).join(number.to_string());
    disk::point_symlink(&www.channel(channel), &target)?;
    Ok(())
}

/// The next number: above every record and folder, so that an abandoned one is never used again.
fn next_number(www: &Www, channel: &Name) -> Result<u64> {
    let mut highest = 0;
    for folder in [www.records(channel), www.generations(channel)] {
        let names = disk::names(&folder)?;
        highest = names
            .iter()
            .filter_map(|name| name.to_str()?.parse::<u64>().ok())
            .fold(highest, u64::max);
    }
    Ok(highest + 1)
}

/// Makes a new generation and points the channel to it.
///
/// Holds: I10, record first, then one rename; compare-and-swap on what the caller believed; always points at published trees.
/// Locks: needs the site's. Durable: yes. Cost: the root metadata of the mirrors that move.
///
/// # Errors
/// [`Error::Moved`] where another run was faster; [`Error::Held`] where a tree is not published; [`Error::Heads`] from `heads`.
pub fn point(
    store: &Store,
    wanted: &Move,
    _lock: &SiteLock,
    heads: &dyn Fn(&HeadsWanted<'_>) -> Result<Vec<Head>>,
) -> Result<Generation> {
    let www = Www::new(store.root());
    let last = current(store, &wanted.channel)?;
    if last.number != wanted.expect {
        return Err(Error::Moved {
            channel: wanted.channel.clone(),
            expected: wanted.expect,
            found: last.number,
        });
    }
    let number = next_number(&www, &wanted.channel)?;
    let now = wanted.now.seconds();
    let next = Generation {
        channel: wanted.channel.clone(),
        number,
        from: Some(last.number),
        at: wanted.now,
        who: wanted.who.clone(),
        verb: wanted.verb.clone(),
        reason: wanted.reason.clone(),
        // A minute back: apt refuses a Date of the future, and clients' clocks differ.
        date: last.date.max(now - 60),
        modified: (last.modified + 1).max(now),
        mirrors: wanted
            .shown
            .iter()
            .map(|(name, target)| {
                (
                    name.clone(),
                    Shown { snapshot: target.snapshot, state: target.state.unwrap_or(number) },
                )
            })
            .collect(),
    };
    let plan = heads::prepare(store, (&last, &next), &wanted.anew, heads)?;
    disk::create_durably(
        &www.record(&wanted.channel, number),
        encode(&next, &www)?.as_bytes(),
        0o444,
    )?;
    disk::point("generation-recorded");
    heads::write(&www, &next, &plan)?;
    disk::point("generation-placed");
    flip(&www, &wanted.channel, number)?;
    disk::point("flip-made");
    Ok(next)
}

/// Reads a small directory of names; for the modules below.
fn list(folder: &Path) -> Result<Vec<(std::ffi::OsString, bool)>> {
    let mut entries = Vec::new();
    for name in disk::names(folder)? {
        let path = folder.join(&name);
        let is_folder = path.symlink_metadata().at("look at", &path)?.is_dir();
        entries.push((name, is_folder));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests;
