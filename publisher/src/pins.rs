//! Pins on a mirror in a channel: promotion leaves the mirror where it is.

use std::collections::BTreeMap;
use std::fmt;

use pinfold_store::{IoContext, Name, Stamp, Store, disk, refs::Pin};

use crate::layout::Www;
use crate::{Error, Result, generation};

/// Lists a channel's pins by mirror.
///
/// # Errors
/// [`Error::Damaged`] where one does not parse: an unreadable hold still holds.
pub fn list(store: &Store, channel: &Name) -> Result<BTreeMap<Name, Pin>> {
    let folder = Www::new(store.root()).pins(channel);
    let mut pins = BTreeMap::new();
    for name in disk::names(&folder)? {
        let path = folder.join(&name);
        let text = std::fs::read_to_string(&path).at("read", &path)?;
        let damaged = |why: String| Error::Damaged { path: path.clone(), why };
        let pin = toml::from_str(&text).map_err(|error| damaged(error.message().to_owned()))?;
        let mirror = name
            .to_string_lossy()
            .parse()
            .map_err(|error: pinfold_store::Error| damaged(error.to_string()))?;
        pins.insert(mirror, pin);
    }
    Ok(pins)
}

/// Sets a pin on a mirror in a channel.
///
/// Locks: needs the site's. Durable: yes.
///
/// # Errors
/// [`Error::NoChannel`] where there is no such channel.
pub fn set(
    store: &Store,
    _lock: &pinfold_store::lock::SiteLock,
    (channel, mirror): (&Name, &Name),
    pin: &Pin,
) -> Result<()> {
    if !generation::exists(store, channel)? {
        return Err(Error::NoChannel { channel: channel.clone() });
    }
    let folder = Www::new(store.root()).pins(channel);
    let path = folder.join(mirror.as_str());
    let text = toml::to_string(pin)
        .map_err(|error| Error::Damaged { path: path.clone(), why: error.to_string() })?;
    if !disk::stands(&folder)? {
        disk::make_dir(&folder)?;
        disk::sync_parent(&folder)?;
    }
    Ok(disk::write_durably(&path, text.as_bytes(), 0o644)?)
}

/// Takes a pin away; true where there was one.
///
/// Locks: needs the site's. Durable: yes.
///
/// # Errors
/// The file cannot be removed.
pub fn remove(
    store: &Store,
    _lock: &pinfold_store::lock::SiteLock,
    channel: &Name,
    mirror: &Name,
) -> Result<bool> {
    let path = Www::new(store.root()).pins(channel).join(mirror.as_str());
    let was = disk::remove_file(&path)?;
    if was {
        disk::sync_parent(&path)?;
    }
    Ok(was)
}

/// Lists a channel's pins that hold: those that ended are left out.
///
/// # Errors
/// As [`list`].
pub fn holding(store: &Store, channel: &Name, now: Stamp) -> Result<BTreeMap<Name, Pin>> {
    let mut pins = list(store, channel)?;
    pins.retain(|_, pin| !pin.is_over(now));
    Ok(pins)
}

/// Takes a channel's pins away that ended; gives the mirrors.
///
/// Locks: needs the site's. Durable: yes.
///
/// # Errors
/// As [`list`] and [`remove`].
pub fn remove_expired(
    store: &Store,
    lock: &pinfold_store::lock::SiteLock,
    channel: &Name,
    now: Stamp,
) -> Result<Vec<Name>> {
    let mut gone = Vec::new();
    for (mirror, pin) in list(store, channel)? {
        if pin.is_over(now) && remove(store, lock, channel, &mirror)? {
            gone.push(mirror);
        }
    }
    Ok(gone)
}

/// What holds a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A channel shows it now, by a generation of this number.
    Channel(Name, u64),
    /// A pin of this name. One that ended holds until whoever removes something takes it away ([`Store::unpin_expired`]).
    Pin(Name, Pin),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(channel, number) => write!(f, "channel {channel} (generation {number})"),
            Self::Pin(name, pin) => write!(f, "pin {name} of {}", pin.who),
        }
    }
}

/// Says what keeps a snapshot from being taken down or dropped: channels that show it now, and its pins.
///
/// # Errors
/// A record or pin cannot be read: then nothing may be removed.
pub fn holders(store: &Store, mirror: &Name, taken: Stamp) -> Result<Vec<Holder>> {
    let mut holders = Vec::new();
    for channel in generation::channels(store)? {
        let current = generation::current(store, &channel)?;
        if current.mirrors.get(mirror).is_some_and(|shown| shown.snapshot == taken) {
            holders.push(Holder::Channel(channel, current.number));
        }
    }
    let pins = store.pins(mirror, taken)?;
    holders.extend(pins.into_iter().map(|(name, pin)| Holder::Pin(name, pin)));
    Ok(holders)
}

/// The same in words.
///
/// # Errors
/// As [`holders`].
pub fn refs_that_show(store: &Store, mirror: &Name, taken: Stamp) -> Result<Vec<String>> {
    Ok(holders(store, mirror, taken)?.iter().map(ToString::to_string).collect())
}

/// Names the channels that show a snapshot now.
///
/// # Errors
/// A record cannot be read: then nothing may be removed.
pub fn channels_that_show(store: &Store, mirror: &Name, taken: Stamp) -> Result<Vec<String>> {
    let holders = holders(store, mirror, taken)?;
    let channels = holders.iter().filter(|holder| matches!(holder, Holder::Channel(..)));
    Ok(channels.map(ToString::to_string).collect())
}
