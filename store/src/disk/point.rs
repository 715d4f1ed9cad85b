//! Failure points: named places between two changes of the disk where tests kill the program.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};

/// Names of all failure points in the order in which they come; tests kill the program at each.
pub const POINTS: &[&str] = &[
    "object-written",
    "objects-synced",
    "object-renamed",
    "manifest-written",
    "record-written",
    "index-committed",
    "tree-linked",
    "tree-synced",
    "union-added",
    "tree-renamed",
    "tree-closed",
    "at-linked",
    "pins-written",
    "check-noted",
    "generation-recorded",
    "heads-written",
    "generation-placed",
    "flip-made",
    "retire-renamed",
    "union-reduced",
    "tree-removed",
    "at-forgotten",
    "record-removed",
    "drop-indexed",
    "object-removed",
    "manifest-removed",
    "drop-completed",
    "generation-removed",
    "next-key-written",
    "keys-published",
    "key-retired",
    "key-switched",
    "key-forgotten",
    "heal-written",
    "heal-renamed",
    "tree-relinked",
    "object-set-aside",
    "host-noted",
    "host-written",
];

/// The point that is armed and the passes that are left.
static ARMED: OnceLock<(&'static str, AtomicU64)> = OnceLock::new();

/// Kills the process at the `pass`-th time that the point `name` is reached. Set once by the program from its environment.
///
/// # Errors
/// [`Error::BadName`] where no point has this name or one is armed already.
pub fn arm(name: &str, pass: u64) -> Result<()> {
    let refused = |why: &str| Error::BadName {
        what: "failure point",
        name: crate::path::escape(name.as_bytes()),
        why: why.to_owned(),
    };
    let known =
        POINTS.iter().find(|known| **known == name).ok_or_else(|| refused("no such point"))?;
    if pass == 0 {
        return Err(refused("passes are counted from 1"));
    }
    ARMED.set((known, AtomicU64::new(pass))).map_err(|_armed| refused("another point is armed"))
}

/// A failure point: does nothing unless armed.
pub fn point(name: &'static str) {
    if let Some((armed, left)) = ARMED.get()
        && *armed == name
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        // SIGKILL is what an operator or the kernel sends: nothing runs after it, no buffer is flushed.
        if rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
            .is_err()
        {
            std::process::abort();
        }
    }
}
