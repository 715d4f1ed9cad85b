//! A file that takes room while there is some, and gives it to the verbs that must work on a full disk: going back, and making room
//!

use rustix::fs::FallocateFlags;

use crate::error::{IoContext, Result};
use crate::{Store, disk};

/// What the index needs to let go of a large snapshot.
const BYTES_MAX: u64 = 32 << 20;
/// The share of a small file system, in percent.
const PERCENT: u64 = 1;

impl Store {
    fn reserve(&self) -> std::path::PathBuf {
        self.root().join("incoming/reserve")
    }

    fn free_bytes(&self) -> Result<(u64, u64)> {
        let space = rustix::fs::statvfs(self.root()).at("ask the file system of", self.root())?;
        let bytes = |blocks: u64| blocks.saturating_mul(space.f_frsize);
        let reserve = (bytes(space.f_blocks) / 100 * PERCENT).min(BYTES_MAX);
        Ok((bytes(space.f_bavail), reserve))
    }

    /// Takes the room where it is not taken yet and the disk is far from full.
    ///
    /// # Errors
    /// The file cannot be made, though there is room.
    pub fn keep_reserve(&self) -> Result<()> {
        let (free, reserve) = self.free_bytes()?;
        let path = self.reserve();
        if free < 10 * reserve || disk::stands(&path)? {
            return Ok(());
        }
        let (file, aside) = disk::content::create_aside(self)?;
        match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, reserve) {
            Ok(()) => disk::rename_new(&aside, &path),
            // A file system that cannot set room aside has none to give.
            Err(_unsupported) => disk::remove_file(&aside).map(drop),
        }
    }

    /// Gives the room back where the disk is full; true where it did.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn give_reserve(&self) -> Result<bool> {
        let (free, reserve) = self.free_bytes()?;
        if free >= reserve {
            return Ok(false);
        }
        disk::remove_file(&self.reserve())
    }
}
