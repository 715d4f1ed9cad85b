//! A promotion whose check has not said yes yet: noted before the channel moves, so that a run that dies between the move and the
//! check, or between its no and the way back, is completed by the next one.

use pinfold_store::lock::SiteLock;
use pinfold_store::{IoContext, Name, Store, disk};
use serde::{Deserialize, Serialize};

use crate::generation::{self, Generation};
use crate::layout::Www;
use crate::{Error, Result};

/// The note, `ROOT/generations/CHANNEL/unchecked`, as TOML.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    /// The generation that stood before the promotion: the number of the next one is not known yet.
    from: u64,
}

/// Notes that what comes after a generation is to be checked.
///
/// Locks: needs the site's. Durable: yes.
///
/// # Errors
/// The note cannot be written.
pub fn begin(store: &Store, _lock: &SiteLock, channel: &Name, from: u64) -> Result<()> {
    let path = Www::new(store.root()).unchecked(channel);
    let text = toml::to_string(&Note { from })
        .map_err(|error| Error::Damaged { path: path.clone(), why: error.to_string() })?;
    disk::write_durably(&path, text.as_bytes(), 0o644)?;
    disk::point("check-noted");
    Ok(())
}

/// Finds the promotion whose check is not done; `None` where there is none. One that did not come to move the channel leaves a note
/// of no generation: it is none.
///
/// # Errors
/// The note, or the channel's history, cannot be read.
pub fn pending(store: &Store, channel: &Name) -> Result<Option<Generation>> {
    let path = Www::new(store.root()).unchecked(channel);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.at("read", &path)?,
    };
    let note: Note = toml::from_str(&text)
        .map_err(|error| Error::Damaged { path, why: error.message().to_owned() })?;
    for generation in generation::walk(store, channel) {
        let generation = generation?;
        if generation.from == Some(note.from) {
            // Another verb was first: the promotion did not come to move the channel.
            return Ok((generation.verb == "promote").then_some(generation));
        }
        if generation.number <= note.from {
            break;
        }
    }
    Ok(None)
}

/// Says whether there is a note, whatever it says. Cheap.
///
/// # Errors
/// That cannot be known.
pub fn is_noted(store: &Store, channel: &Name) -> Result<bool> {
    Ok(disk::stands(&Www::new(store.root()).unchecked(channel))?)
}

/// Takes the note away: the check said yes, the channel went back, or nobody is to be asked.
///
/// Locks: needs the site's. Durable: yes.
///
/// # Errors
/// It cannot be removed.
pub fn end(store: &Store, _lock: &SiteLock, channel: &Name) -> Result<()> {
    let path = Www::new(store.root()).unchecked(channel);
    if disk::remove_file(&path)? {
        disk::sync_parent(&path)?;
    }
    Ok(())
}
