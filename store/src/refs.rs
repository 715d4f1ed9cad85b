//! Pins on snapshots: files beside the records. With the records and channels, the roots of collection.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::disk::Weight;
use crate::error::{Error, IoContext, Result};
use crate::lock::MirrorLock;
use crate::{Name, Stamp, Store, disk};

/// A named hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Who.
    pub who: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Stamp,
    /// Until when, where it ends by itself: it holds at that second for the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Stamp>,
    /// The verb that pinned by itself, `rollback`; absent where a person asked for the pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl Pin {
    /// Says whether it ended: it holds nothing any more, and whoever changes something takes it away.
    #[must_use]
    pub fn is_over(&self, now: Stamp) -> bool {
        self.until.is_some_and(|until| until < now)
    }

    /// Says until when it holds, for people, after who it is of: `, until 2026-12-24 23:59:59 UTC`; nothing where it has no end.
    #[must_use]
    pub fn term(&self, now: Stamp) -> String {
        match self.until {
            None => String::new(),
            Some(until) if self.is_over(now) => format!(", expired {} UTC", until.human()),
            Some(until) => format!(", until {} UTC", until.human()),
        }
    }
}

impl Store {
    fn pins_folder(&self, mirror: &Name, taken: Stamp) -> PathBuf {
        self.root().join("snapshots").join(mirror.as_str()).join(format!("{taken}.pins"))
    }

    /// Lists a snapshot's pins by name.
    ///
    /// # Errors
    /// [`Error::Damaged`] where a pin does not parse: an unreadable hold still holds.
    pub fn pins(&self, mirror: &Name, taken: Stamp) -> Result<Vec<(Name, Pin)>> {
        let folder = self.pins_folder(mirror, taken);
        let mut pins = Vec::new();
        for name in disk::names(&folder)? {
            let path = folder.join(&name);
            let damaged = |why: String| Error::Damaged { path: path.clone(), why };
            let text = std::fs::read_to_string(&path).at("read", &path)?;
            let pin = toml::from_str(&text).map_err(|error| damaged(error.message().to_owned()))?;
            let name = name
                .to_string_lossy()
                .parse()
                .map_err(|error: Error| damaged(error.to_string()))?;
            pins.push((name, pin));
        }
        Ok(pins)
    }

    /// Lists the pins on all snapshots of a mirror, oldest snapshot first.
    ///
    /// Cost: the names of the records, and the pins.
    ///
    /// # Errors
    /// As [`Self::pins`].
    pub fn all_pins(&self, mirror: &Name) -> Result<Vec<(Stamp, Name, Pin)>> {
        let mut all = Vec::new();
        for name in disk::names(&self.records(mirror))? {
            let taken = name.to_str().and_then(|name| name.strip_suffix(".pins")?.parse().ok());
            let Some(taken) = taken else { continue };
            let pins = self.pins(mirror, taken)?;
            all.extend(pins.into_iter().map(|(name, pin)| (taken, name, pin)));
        }
        Ok(all)
    }

    /// Sets a pin on a snapshot. Replaces one of the same name on this mirror.
    ///
    /// # Errors
    /// [`Error::NoSnapshot`] where there is no such snapshot.
    pub fn pin(&self, lock: &MirrorLock, taken: Stamp, name: &Name, pin: &Pin) -> Result<()> {
        self.record(&lock.mirror, taken)?;
        let before = self.pinned(&lock.mirror, name)?;
        let folder = self.pins_folder(&lock.mirror, taken);
        disk::make_dir(&folder)?;
        let path = folder.join(name.as_str());
        let text = toml::to_string(pin)
            .map_err(|error| Error::Damaged { path: path.clone(), why: error.to_string() })?;
        disk::write_durably(&path, text.as_bytes(), 0o644)?;
        disk::sync_parent(&folder)?;
        match before {
            Some(before) if before != taken => self.remove_pin(&lock.mirror, before, name),
            _ => Ok(()),
        }
    }

    /// Takes a pin away; gives the date that it held, `None` where there was none.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be removed.
    pub fn unpin(&self, lock: &MirrorLock, name: &Name) -> Result<Option<Stamp>> {
        let held = self.pinned(&lock.mirror, name)?;
        if let Some(taken) = held {
            self.remove_pin(&lock.mirror, taken, name)?;
        }
        Ok(held)
    }

    /// Takes the pins away that ended; gives their snapshots and names.
    ///
    /// # Errors
    /// [`Error::Io`] where a file cannot be removed; [`Error::Damaged`] where a pin does not parse.
    pub fn unpin_expired(&self, lock: &MirrorLock, now: Stamp) -> Result<Vec<(Stamp, Name)>> {
        let mut gone = Vec::new();
        for (taken, name, pin) in self.all_pins(&lock.mirror)? {
            if pin.is_over(now) {
                self.remove_pin(&lock.mirror, taken, &name)?;
                gone.push((taken, name));
            }
        }
        Ok(gone)
    }

    /// Finds the snapshot that a pin's name holds.
    ///
    /// # Errors
    /// [`Error::Io`] where the records cannot be listed.
    pub fn pinned(&self, mirror: &Name, name: &Name) -> Result<Option<Stamp>> {
        for taken in self.dates(mirror)?.into_iter().rev() {
            if disk::stands(&self.pins_folder(mirror, taken).join(name.as_str()))? {
                return Ok(Some(taken));
            }
        }
        Ok(None)
    }

    fn remove_pin(&self, mirror: &Name, taken: Stamp, name: &Name) -> Result<()> {
        let path = self.pins_folder(mirror, taken).join(name.as_str());
        disk::remove_file(&path)?;
        disk::sync_parent(&path)
    }

    /// Removes the folder of pins of a snapshot that was dropped.
    pub(crate) fn forget_pins(&self, mirror: &Name, taken: Stamp) -> Result<()> {
        disk::remove_tree(&self.pins_folder(mirror, taken)).map(drop)
    }

    /// What the folder of a snapshot's pins takes when they are gone.
    pub(crate) fn weigh_pins(&self, mirror: &Name, taken: Stamp) -> Result<Weight> {
        disk::weigh(&self.pins_folder(mirror, taken))
    }

    /// What a pin takes on the disk.
    ///
    /// # Errors
    /// [`Error::Io`] where that cannot be known.
    pub fn weigh_pin(&self, mirror: &Name, taken: Stamp, name: &Name) -> Result<Weight> {
        disk::weigh(&self.pins_folder(mirror, taken).join(name.as_str()))
    }
}

#[cfg(test)]
mod tests;
