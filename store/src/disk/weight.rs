//! What files and folders take on the disk: what comes back when they go.

use std::path::Path;

use rustix::fs::{AtFlags, Stat};
use rustix::io::Errno;

use crate::error::{IoContext, Result};

/// A file system counts in blocks of this size.
const BLOCK_BYTES: u64 = 512;

/// What files, folders and symbolic links take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weight {
    /// Bytes of the file system, whole blocks.
    pub bytes: u64,
    /// Inodes.
    pub inodes: u64,
}

impl Weight {
    /// Of one inode.
    pub(crate) fn of(stat: &Stat) -> Self {
        let blocks = u64::try_from(stat.st_blocks).unwrap_or_default();
        Self { bytes: blocks.saturating_mul(BLOCK_BYTES), inodes: 1 }
    }

    /// Adds another.
    pub fn add(&mut self, other: Self) {
        *self = self.and(other);
    }

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            inodes: self.inodes.saturating_add(other.inodes),
        }
    }
}

/// Weighs one name, symbolic links as themselves; nothing where it is absent.
///
/// # Errors
/// [`crate::Error::Io`] where that cannot be known.
pub fn weigh(path: &Path) -> Result<Weight> {
    match rustix::fs::statat(rustix::fs::CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Weight::of(&stat)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(Weight::default()),
        Err(errno) => Err(errno).at("look at", path),
    }
}
