//! What the file system below a root can do, found by trying, and whether what is to come fits.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use serde::Serialize;

use crate::error::{Error, IoContext, Result};
use crate::{Store, disk};

/// What a folder takes on the file systems that we know, in bytes.
pub const FOLDER_BYTES: u64 = 4096;

/// What the file system below a root can do, found by trying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Abilities {
    /// Hardlinks work.
    pub hardlinks: bool,
    /// The first folder of the root that no file of the others can be linked into.
    pub unlinked: Option<String>,
    /// The links that one inode takes, where a limit is known.
    pub link_limit: Option<u64>,
    /// `FICLONE` works.
    pub reflinks: bool,
    /// Free inodes, where the file system counts them.
    pub free_inodes: Option<u64>,
    /// Free bytes.
    pub free_bytes: u64,
    /// The file system's type.
    pub kind: String,
    /// `flock` excludes a second opener.
    pub flock: bool,
}

/// The room of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes that are free for us.
    pub free_bytes: u64,
    /// Bytes in all.
    pub bytes: u64,
    /// Bytes that what comes in leaves free.
    pub reserve_bytes: u64,
    /// It has a limit of inodes.
    pub counts_files: bool,
    /// Inodes that are free for us.
    pub free_files: u64,
    /// Inodes in all.
    pub files: u64,
    /// Inodes that what comes in leaves free.
    pub reserve_files: u64,
}

impl Store {
    /// Tries what the file system can do.
    ///
    /// # Errors
    /// [`Error::Io`] where not even a file can be made.
    pub fn abilities(&self) -> Result<Abilities> {
        let (file, path) = disk::content::create_aside(self)?;
        let (clone, clone_path) = disk::content::create_aside(self)?;
        let reflinks = rustix::fs::ioctl_ficlone(&clone, &file).is_ok();
        let hardlinks = is_linkable(&path, &self.root.join("incoming"))?;
        let unlinked = match hardlinks {
            true => self.unlinked(&path)?,
            false => None,
        };
        let second = rustix::fs::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .at("open", &path)?;
        let flock = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
            && rustix::fs::flock(second.as_fd(), FlockOperation::NonBlockingLockExclusive).is_err();
        for made in [&path, &clone_path] {
            disk::remove_file(made)?;
        }
        let space = rustix::fs::statvfs(&self.root).at("ask the file system of", &self.root)?;
        let magic = rustix::fs::statfs(&self.root).at("ask the file system of", &self.root)?.f_type;
        let (kind, link_limit) = file_system(u64::try_from(magic).unwrap_or_default());
        Ok(Abilities {
            hardlinks,
            unlinked,
            link_limit,
            reflinks,
            free_inodes: (space.f_files > 0).then_some(space.f_favail),
            free_bytes: space.f_bavail.saturating_mul(space.f_frsize),
            kind,
            flock,
        })
    }

    /// The first part of the root into which a file of `incoming/` cannot be linked. Equal device numbers say nothing: a bind mount, a
    /// btrfs subvolume or an xfs project inside has the same and refuses all the same.
    fn unlinked(&self, path: &Path) -> Result<Option<String>> {
        let shards = (0..=255_u8)
            .flat_map(|shard| [format!("objects/{shard:02x}"), format!("manifests/{shard:02x}")]);
        let trees = ["www/snapshots", "www/union"].into_iter().flat_map(|part| {
            let below = disk::names(&self.root.join(part)).unwrap_or_default();
            let below = below.into_iter().filter_map(|name| name.into_string().ok());
            let below: Vec<String> = below.map(|name| format!("{part}/{name}")).collect();
            std::iter::once(part.to_owned()).chain(below)
        });
        for part in trees.chain(shards) {
            if !is_linkable(path, &self.root.join(&part))? {
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    /// Says how much room there is.
    ///
    /// # Errors
    /// [`Error::Io`] where the file system does not say.
    pub fn room(&self) -> Result<Room> {
        let space = rustix::fs::statvfs(&self.root).at("ask the file system of", &self.root)?;
        let share = |all: u64| all / 100 * u64::from(self.min_free);
        let bytes = |blocks: u64| blocks.saturating_mul(space.f_frsize);
        Ok(Room {
            free_bytes: bytes(space.f_bavail),
            bytes: bytes(space.f_blocks),
            reserve_bytes: bytes(share(space.f_blocks)),
            counts_files: space.f_files > 0,
            free_files: space.f_favail,
            files: space.f_files,
            reserve_files: share(space.f_files),
        })
    }

    /// Makes sure that what is to come fits above the reserve: a disk that is full stops more than a sync.
    ///
    /// # Errors
    /// [`Error::NoRoom`] where it does not.
    pub fn check_room(&self, wanted_bytes: u64, wanted_files: u64) -> Result<()> {
        let room = self.room()?;
        let free_bytes = room.free_bytes.saturating_sub(room.reserve_bytes);
        let free_files = match room.counts_files {
            true => room.free_files.saturating_sub(room.reserve_files),
            false => u64::MAX,
        };
        if wanted_bytes == 0 || (wanted_bytes <= free_bytes && wanted_files <= free_files) {
            return Ok(());
        }
        let (root, min_free) = (self.root.clone(), self.min_free);
        Err(Error::NoRoom { root, wanted_bytes, wanted_files, free_bytes, free_files, min_free })
    }
}

/// Tries to link a file into a folder.
fn is_linkable(file: &Path, folder: &Path) -> Result<bool> {
    let trial = folder.join(format!(".new-trial.{}", std::process::id()));
    disk::remove_file(&trial)?;
    match disk::link(file, &trial) {
        Ok(()) => disk::remove_file(&trial),
        Err(Error::Io { source, .. })
            if matches!(
                Errno::from_io_error(&source),
                Some(Errno::XDEV | Errno::PERM | Errno::OPNOTSUPP | Errno::MLINK | Errno::NOSYS)
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Names a file system by its magic number (statfs(2)) and gives its limit of links.
fn file_system(magic: u64) -> (String, Option<u64>) {
    let (name, limit) = match magic {
        0xef53 => ("ext4", Some(65_000)),
        0x5846_5342 => ("xfs", Some(2_147_483_647)),
        0x9123_683e => ("btrfs", Some(65_535)),
        0x0102_1994 => ("tmpfs", None),
        0x794c_7630 => ("overlayfs", None),
        0x6969 => ("nfs", None),
        0x2fc1_2fc1 => ("zfs", None),
        other => return (format!("{other:#x}"), None),
    };
    (name.to_owned(), limit)
}
