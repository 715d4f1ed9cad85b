//! How a channel begins, and how it is found again when its link is gone but its records are not.

use std::collections::BTreeMap;

use pinfold_store::lock::SiteLock;
use pinfold_store::{Name, Stamp, Store, disk};

use super::{Generation, encode, exists, flip, read};
use crate::Result;
use crate::layout::Www;

/// What was there of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It was made before.
    Stood,
    /// Nothing: it shows generation 0, which is empty.
    New,
    /// Only its records: it shows the newest of them again.
    Found(u64),
}

/// Makes a channel with generation 0, which shows nothing; one that exists is left alone.
///
/// A channel whose link was lost, alone or with the whole site after a restore, shows its newest record again: to begin at 0 would
/// take from clients what they follow, and from operators whom to ask.
///
/// Locks: needs the site's. Durable: yes.
///
/// # Errors
/// [`crate::Error::Damaged`] where the newest record does not parse.
pub fn init_channel(
    store: &Store,
    channel: &Name,
    _lock: &SiteLock,
    (now, who): (Stamp, &str),
) -> Result<Begun> {
    if exists(store, channel)? {
        return Ok(Begun::Stood);
    }
    let www = Www::new(store.root());
    disk::make_dirs(&www.records(channel))?;
    disk::make_dirs(&www.generation(channel, 0))?;
    let newest = newest(&www, channel)?;
    if newest.is_none() {
        let first = first(channel, now, who);
        disk::create_durably(&www.record(channel, 0), encode(&first, &www)?.as_bytes(), 0o444)?;
    }
    let number = newest.unwrap_or(0);
    read(store, channel, number)?;
    disk::sync_path(&www.generations(channel))?;
    disk::sync_path(&www.folder().join("generations"))?;
    flip(&www, channel, number)?;
    Ok(if number == 0 { Begun::New } else { Begun::Found(number) })
}

/// Says whether a channel that has records leads to none of them: its link is gone, or is not one of ours.
///
/// # Errors
/// That cannot be known.
pub fn is_lost(store: &Store, channel: &Name) -> Result<bool> {
    let www = Www::new(store.root());
    let Some(_) = newest(&www, channel)? else { return Ok(false) };
    match super::current_number(store, channel) {
        Ok(number) => Ok(!disk::stands(&www.record(channel, number))?),
        Err(crate::Error::NoChannel { .. } | crate::Error::Damaged { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Removes a channel's link that leads nowhere, so that [`init_channel`] makes it anew.
///
/// Locks: needs the site's.
///
/// # Errors
/// It cannot be removed.
pub fn forget_link(store: &Store, channel: &Name, _lock: &SiteLock) -> Result<()> {
    disk::remove_tree(&Www::new(store.root()).channel(channel))?;
    Ok(())
}

/// The newest generation that has a record.
pub(crate) fn newest(www: &Www, channel: &Name) -> Result<Option<u64>> {
    let names = disk::names(&www.records(channel))?;
    Ok(names.iter().filter_map(|name| name.to_str()?.parse::<u64>().ok()).max())
}

fn first(channel: &Name, now: Stamp, who: &str) -> Generation {
    Generation {
        channel: channel.clone(),
        number: 0,
        from: None,
        at: now,
        who: who.to_owned(),
        verb: "init".to_owned(),
        reason: String::new(),
        date: 0,
        modified: 0,
        mirrors: BTreeMap::new(),
    }
}
