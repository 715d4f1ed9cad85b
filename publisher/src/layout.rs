//! Every path under `www/`, and the one way in which a snapshot is named.

use std::path::{Path, PathBuf};

use pinfold_store::{Name, Stamp, Store, path::escape};

use crate::{Error, Result, generation};

/// The public folder of a root.
#[derive(Debug, Clone)]
pub struct Www {
    root: PathBuf,
}

impl Www {
    /// The public folder below `root`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.root.join("www")
    }

    /// A mirror's dated trees.
    #[must_use]
    pub fn snapshots(&self, mirror: &Name) -> PathBuf {
        self.folder().join("snapshots").join(mirror.as_str())
    }

    /// A dated tree.
    #[must_use]
    pub fn snapshot_tree(&self, mirror: &Name, taken: Stamp) -> PathBuf {
        self.snapshots(mirror).join(taken.to_string())
    }

    /// A mirror's fixed files of all published snapshots.
    #[must_use]
    pub fn union(&self, mirror: &Name) -> PathBuf {
        self.folder().join("union").join(mirror.as_str())
    }

    /// A mirror's days and hours.
    #[must_use]
    pub fn at(&self, mirror: &Name) -> PathBuf {
        self.folder().join("at").join(mirror.as_str())
    }

    /// A channel's generations.
    #[must_use]
    pub fn generations(&self, channel: &Name) -> PathBuf {
        self.folder().join("generations").join(channel.as_str())
    }

    /// A generation's folder.
    #[must_use]
    pub fn generation(&self, channel: &Name, number: u64) -> PathBuf {
        self.generations(channel).join(number.to_string())
    }

    /// The channel's symlink, the one thing that a promotion moves.
    #[must_use]
    pub fn channel(&self, channel: &Name) -> PathBuf {
        self.folder().join("channels").join(channel.as_str())
    }

    /// The status page's folder.
    #[must_use]
    pub fn status(&self) -> PathBuf {
        self.folder().join("status")
    }

    /// The signing key's public half.
    #[must_use]
    pub fn public_key(&self) -> PathBuf {
        self.folder().join("pinfold.asc")
    }

    /// A generation's record, outside the public folder.
    #[must_use]
    pub fn record(&self, channel: &Name, number: u64) -> PathBuf {
        self.records(channel).join(number.to_string())
    }

    /// The folder of all channels' records.
    #[must_use]
    pub fn root_of_records(&self) -> PathBuf {
        self.root.join("generations")
    }

    /// A channel's records.
    #[must_use]
    pub fn records(&self, channel: &Name) -> PathBuf {
        self.root_of_records().join(channel.as_str())
    }

    /// A channel's pins.
    #[must_use]
    pub fn pins(&self, channel: &Name) -> PathBuf {
        self.records(channel).join("pins")
    }

    /// The note of a channel's promotion whose check has not said yes yet.
    #[must_use]
    pub fn unchecked(&self, channel: &Name) -> PathBuf {
        self.records(channel).join("unchecked")
    }

    /// Where half-built and half-removed trees are.
    #[must_use]
    pub fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }
}

/// A snapshot as typed: `MIRROR`, `MIRROR@DATE`, `MIRROR@CHANNEL`, `MIRROR@PIN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The mirror.
    pub mirror: Name,
    /// What follows the `@`; `None` means the newest.
    pub wanted: Option<String>,
}

impl std::str::FromStr for Spec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (mirror, wanted) = match text.split_once('@') {
            Some((mirror, wanted)) => (mirror, Some(wanted.to_owned())),
            None => (text, None),
        };
        let bad = |why: String| Error::BadSpec { text: escape(text.as_bytes()), why };
        if wanted.as_ref().is_some_and(String::is_empty) {
            return Err(bad("a date, channel or pin follows the @".to_owned()));
        }
        let mirror =
            mirror.parse().map_err(|error: pinfold_store::Error| bad(error.to_string()))?;
        Ok(Self { mirror, wanted })
    }
}

impl Spec {
    /// Finds the snapshot that is meant. A channel's name comes before a pin's; a date begins with a digit and has four or more.
    ///
    /// # Errors
    /// [`pinfold_store::Error::NoSnapshot`] where there is none.
    pub fn resolve(&self, store: &Store) -> Result<Stamp> {
        let none = |wanted: &str| {
            Error::Store(pinfold_store::Error::NoSnapshot {
                mirror: self.mirror.clone(),
                wanted: escape(wanted.as_bytes()),
            })
        };
        let Some(wanted) = &self.wanted else {
            return store.dates(&self.mirror)?.pop().ok_or_else(|| none("newest"));
        };
        if let Ok(name) = wanted.parse::<Name>() {
            if generation::exists(store, &name)? {
                let shown = generation::current(store, &name)?
                    .mirrors
                    .get(&self.mirror)
                    .map(|shown| shown.snapshot);
                return shown.ok_or_else(|| none(wanted));
            }
            if let Some(taken) = store.pinned(&self.mirror, &name)? {
                return Ok(taken);
            }
        }
        // A snapshot's own name means that snapshot and no other.
        if let Ok(taken) = wanted.parse::<Stamp>() {
            return if store.dates(&self.mirror)?.binary_search(&taken).is_ok() {
                Ok(taken)
            } else {
                Err(none(wanted))
            };
        }
        match Stamp::parse_end(wanted) {
            Ok(end) => store.at_or_before(&self.mirror, end)?.ok_or_else(|| none(wanted)),
            Err(_) => Err(none(wanted)),
        }
    }
}

#[cfg(test)]
mod tests;
