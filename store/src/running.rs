//! What whoever brings a mirror in says of its work while it works: `ROOT/running/MIRROR`, for people who ask.
//!
//! It is a courtesy: nothing depends on it, nothing is synced, and one whose writer holds the mirror's lock no more says nothing.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::lock::{MirrorLock, holder_of};
use crate::{Name, Stamp, Store, disk};

/// The folder below the root.
const FOLDER: &str = "running";
/// What is larger was not written by us.
const BYTES_MAX: u64 = 64 * 1024;

/// What a run says of its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The verb.
    pub verb: String,
    /// Its process.
    pub pid: u32,
    /// The process that started it in the background.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starter: Option<u32>,
    /// It is past what could have refused it.
    pub is_begun: bool,
    /// When it began.
    pub since: Stamp,
    /// How long it had worked when this was written, in seconds.
    pub seconds: u64,
    /// Files that came from upstream in this run.
    pub fetched_files: u64,
    /// Bytes that came from upstream in this run, kept or not.
    pub fetched_bytes: u64,
    /// What it is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// What was to be fetched in all, where that was found out before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned: Option<Plan>,
}

/// What is to be done in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Files of the state.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Files that the store lacked.
    pub fetch_files: u64,
    /// Bytes of them.
    pub fetch_bytes: u64,
}

/// A step of the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it is, in the present participle.
    pub title: String,
    /// Its units are bytes, and not things.
    pub is_bytes: bool,
    /// Units that are done.
    pub done: u64,
    /// Units in all, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Files that are done, of a step that counts bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_done: Option<u64>,
    /// Files in all, of a step that counts bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_total: Option<u64>,
    /// Units a second, of late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<u64>,
    /// Seconds that are left at this rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_seconds: Option<u64>,
}

/// Where a run says what it does. It must not outlive the run's lock.
#[derive(Debug, Clone)]
pub struct Notes {
    path: PathBuf,
}

impl Store {
    fn notes_path(&self, mirror: &Name) -> PathBuf {
        self.root().join(FOLDER).join(mirror.as_str())
    }

    /// Gives the place where whoever holds a mirror's lock says what it does.
    #[must_use]
    pub fn notes(&self, lock: &MirrorLock) -> Notes {
        Notes { path: self.notes_path(&lock.mirror) }
    }

    /// Says what a mirror's run does; `None` where none runs, or it says nothing.
    ///
    /// Locks: none.
    #[must_use]
    pub fn running(&self, mirror: &Name) -> Option<Running> {
        let running = read(&self.notes_path(mirror))?;
        // Killed runs leave theirs, and the lock may be another's by now.
        let is_its = self.holder(mirror)?.starts_with(&format!("pid {} ", running.pid));
        is_its.then_some(running)
    }

    /// Says who holds a mirror's lock: `pid 42 (pinfold sync)`; `None` where nobody does.
    ///
    /// Locks: none.
    #[must_use]
    pub fn holder(&self, mirror: &Name) -> Option<String> {
        holder_of(&self.root().join("locks").join(format!("mirror.{mirror}")))
    }
}

fn read(path: &Path) -> Option<Running> {
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(BYTES_MAX).read_to_string(&mut text).ok()?;
    toml::from_str(&text).ok()
}

impl Notes {
    /// Writes what a run does.
    ///
    /// Durable: no. Cost: a small file, one rename, no sync.
    ///
    /// # Errors
    /// [`Error::Io`] with the path: nothing that should stop a run.
    pub fn write(&self, running: &Running) -> Result<()> {
        let text = toml::to_string(running)
            .map_err(|error| Error::Damaged { path: self.path.clone(), why: error.to_string() })?;
        if let Some(folder) = self.path.parent() {
            disk::make_dir(folder)?;
        }
        disk::write_lightly(&self.path, text.as_bytes(), 0o644)
    }

    /// Takes it away.
    ///
    /// # Errors
    /// [`Error::Io`] with the path.
    pub fn remove(&self) -> Result<()> {
        disk::remove_file(&self.path).map(drop)
    }
}

#[cfg(test)]
mod tests;
