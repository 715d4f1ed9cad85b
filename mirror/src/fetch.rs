//! Wants into objects: a pool of connections that brings files into the store, each judged by its checksum while it streams.
//!
//! A family says what it wants and under which names; nothing here knows what a file is for. One file that fails does not stop
//! the others; what this machine cannot do stops all. Content lands in the store's `incoming/` and gets its name from whoever
//! asked, a batch at a time, so a killed run is continued by the next.

mod one;
mod retry;
mod small;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Mutex, PoisonError};

use pinfold_store::arrival::batch_max;
use pinfold_store::{Landed, Monitor, RelPath, Store};

pub use small::{Ask, Shown, Small, list, page, small};

use crate::http::{Base, Http, PIECE_BYTES, Validators};
use crate::{Error, Expect, Result};

/// The most bytes that are taken of a file whose size nobody states: more than any image of an installer has.
pub const UNSTATED_BYTES_MAX: u64 = 16 << 30;

/// Whom to ask: the connections of a run, and where the archive lies.
#[derive(Debug, Clone, Copy)]
pub struct Upstream<'a> {
    /// The connections.
    pub http: &'a Http,
    /// The archive's URL.
    pub base: &'a Base,
}

/// A file that is wanted.
#[derive(Debug, Clone)]
pub struct Want {
    /// Its names, tried in order: the next where one is absent or wrong.
    pub names: Vec<RelPath>,
    /// Its size; `None` where nobody states it, and then what is expected says how much is taken at most.
    pub size_bytes: Option<u64>,
    /// What content it must have.
    pub expect: Expect,
    /// Its modification time in seconds since 1970, where upstream states none.
    pub modified: i64,
    /// The state that is here already: it comes only where it is in another.
    pub held: Option<Validators>,
    /// Past all caches between.
    pub is_fresh: bool,
}

/// What came of a want.
#[derive(Debug)]
pub enum Outcome {
    /// It is here, whole and right, and waits for [`Store::keep`]; beside it what to show the server the next time.
    Landed(Landed, Validators),
    /// It is in the state that is here already. The server's word for it.
    NotModified {
        /// Its modification time in seconds since 1970, where the server states one.
        modified: Option<i64>,
    },
    /// It is a folder: the server leads from its name to the same with a slash at its end.
    Folder,
    /// Upstream has it under none of its names.
    Absent {
        /// The first of the URLs.
        url: String,
        /// What the server answered there.
        status: u16,
    },
    /// Upstream has something else under its name.
    Wrong {
        /// The URL.
        url: String,
        /// Checksum and size that it should have.
        expected: String,
        /// What came.
        found: String,
    },
    /// Upstream failed.
    Failed {
        /// The URL.
        url: String,
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// Orders the outcomes of several names: what is wrong is told before what failed, and that before what is absent.
    fn gravity(&self) -> u8 {
        match self {
            Self::Landed(..) | Self::NotModified { .. } | Self::Folder | Self::Absent { .. } => 0,
            Self::Failed { .. } => 1,
            Self::Wrong { .. } => 2,
        }
    }
}

/// What the workers share.
struct Pool<'a, 'i> {
    upstream: Upstream<'a>,
    store: &'a Store,
    monitor: &'a dyn Monitor,
    wants: Mutex<&'i mut (dyn Iterator<Item = (usize, Want)> + Send)>,
    /// How many files in a row failed for their server.
    failed: AtomicU32,
}

/// Fetches what is wanted over as many connections as the settings allow. `each` is called on the calling thread with the
/// number of each want and what came of it, in any order; it may take its time, while [`batch_max`] more land.
///
/// Cost: one open file for each content that landed and was not handed on.
///
/// # Errors
/// What `each` fails with; [`Error::Store`] where content cannot be written: a full disk; [`Error::Interrupted`],
/// [`Error::Late`]. What a server does is an [`Outcome`].
pub fn fetch(
    upstream: Upstream<'_>,
    store: &Store,
    wants: &mut (dyn Iterator<Item = (usize, Want)> + Send),
    each: &mut dyn FnMut(usize, Outcome) -> Result<()>,
    monitor: &dyn Monitor,
) -> Result<()> {
    let failed = AtomicU32::new(0);
    let pool = Pool { upstream, store, monitor, wants: Mutex::new(wants), failed };
    let (tell, told) = std::sync::mpsc::sync_channel(batch_max());
    std::thread::scope(|scope| {
        for _ in 0..upstream.http.settings().connections.max(1) {
            let tell = tell.clone();
            let pool = &pool;
            scope.spawn(move || pool.work(&tell));
        }
        drop(tell);
        let result = hear(told, each);
        if result.is_err() {
            upstream.http.stop();
        }
        result
    })
}

/// Hands on what the workers bring, until they are done or one must not go on. Hanging up ends the others.
fn hear(
    told: Receiver<(usize, Result<Outcome>)>,
    each: &mut dyn FnMut(usize, Outcome) -> Result<()>,
) -> Result<()> {
    for (which, outcome) in told {
        each(which, outcome?)?;
    }
    Ok(())
}

impl Pool<'_, '_> {
    /// One worker: brings one want after another.
    fn work(&self, tell: &SyncSender<(usize, Result<Outcome>)>) {
        let mut worker = one::Worker {
            upstream: self.upstream,
            store: self.store,
            monitor: self.monitor,
            piece: vec![0; PIECE_BYTES],
        };
        while let Some((which, want)) = self.next() {
            let outcome = if self.is_down() {
                let url = want.names.first().map(|name| self.upstream.base.join(name).to_string());
                let why = "not asked for: too many files in a row failed".to_owned();
                Ok(Outcome::Failed { url: url.unwrap_or_default(), why })
            } else {
                self.upstream.http.check().and_then(|()| worker.bring(&want))
            };
            self.note(&outcome);
            let is_over = outcome.is_err();
            if tell.send((which, outcome)).is_err() || is_over {
                return;
            }
        }
    }

    /// Takes the next want.
    fn next(&self) -> Option<(usize, Want)> {
        self.wants.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    /// Says whether upstream failed so often that asking it for more is no use.
    fn is_down(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
            >= self.upstream.http.settings().limits.failures_in_a_row
    }

    /// Notes how a file ended.
    fn note(&self, outcome: &Result<Outcome>) {
        match outcome {
            Ok(Outcome::Failed { .. }) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
            // Once down it stays so: what others still bring does not change it.
            Ok(_) if !self.is_down() => self.failed.store(0, Ordering::Relaxed),
            Ok(_) | Err(Error::Interrupted | _) => {}
        }
    }
}

#[cfg(test)]
mod tests;
