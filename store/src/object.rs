//! Objects: content named by its hash.
//!
//! An object's first inode is `objects/ab/cdef…`; near the file system's link limit a replica `.1`, `.2` … takes over, with the same
//! bytes, mode and modification time, so that a tree entry may be any of them.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::error::{Error, IoContext, Result};
use crate::{Digest, Store, disk};

/// A replica takes over at this number of links: ext4 ends at 65,000, btrfs at 65,535, and some room stays for links made by hand.
pub const LINKS_MAX: u64 = 64_000;

impl Store {
    /// The path of an object's first inode.
    #[must_use]
    pub fn object_path(&self, digest: Digest) -> PathBuf {
        let (shard, rest) = digest.shard();
        self.root().join("objects").join(shard).join(rest)
    }

    /// Opens an object for reading, checking that it is a regular file of this size.
    ///
    /// # Errors
    /// [`Error::MissingObject`] where it is not there or has another size.
    pub fn open_object(&self, digest: Digest, size_bytes: u64) -> Result<File> {
        let path = self.object_path(digest);
        let missing = |why: String| Error::MissingObject { digest, why };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return Err(missing("there is no such file".to_owned())),
            Err(errno) => return Err(errno).at("open", &path),
        };
        let meta = file.metadata().at("look at", &path)?;
        if !meta.is_file() || meta.size() != size_bytes {
            return Err(missing(format!(
                "it has {} bytes and should have {size_bytes}",
                meta.size()
            )));
        }
        Ok(file)
    }

    /// Says whether an object stands with this size.
    ///
    /// # Errors
    /// [`Error::Io`] where that cannot be known.
    pub fn has_object(&self, digest: Digest, size_bytes: u64) -> Result<bool> {
        let path = self.object_path(digest);
        match rustix::fs::lstat(&path) {
            Ok(stat) => Ok(is_file_of(&stat, size_bytes)),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno).at("look at", &path),
        }
    }

    /// Says whether a file that was looked at is the object's first inode itself, adopted by link.
    pub(crate) fn is_inode_of(&self, digest: Digest, seen: &crate::index::Seen) -> bool {
        self.object_path(digest)
            .symlink_metadata()
            .is_ok_and(|meta| meta.dev() == seen.device && meta.ino() == seen.inode)
    }

    /// Lists an object's replicas that stand, the first inode not among them.
    #[must_use]
    pub fn replicas(&self, digest: Digest) -> Vec<PathBuf> {
        (1_u32..)
            .map(|n| replica(&self.object_path(digest), n))
            .take_while(|path| path.symlink_metadata().is_ok())
            .collect()
    }
}

/// The path of a replica.
fn replica(first: &Path, number: u32) -> PathBuf {
    let mut name = first.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// Says whether this is a regular file of this size.
fn is_file_of(stat: &rustix::fs::Stat, size_bytes: u64) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
        && u64::try_from(stat.st_size) == Ok(size_bytes)
}

/// Links objects into folders below one descriptor; keeps the shard folders open and knows which replica takes the next link.
/// Shared by threads.
#[derive(Debug)]
pub struct Linker<'a> {
    store: &'a Store,
    shards: Vec<OnceLock<OwnedFd>>,
    /// Objects near the link limit, with the replica that takes the next link.
    full: Mutex<HashMap<Digest, u32>>,
}

impl<'a> Linker<'a> {
    /// Prepares to link. The writer's lock keeps the objects from being collected.
    ///
    /// # Errors
    /// None yet: folders are opened at the first use.
    pub fn new(store: &'a Store, _writer: &'a crate::lock::Writer) -> Result<Self> {
        Ok(Self {
            store,
            shards: (0..256).map(|_| OnceLock::new()).collect(),
            full: Mutex::default(),
        })
    }

    /// Links an object as `name` in the folder `dir`. Near the link limit a replica takes over.
    ///
    /// # Errors
    /// [`Error::MissingObject`] where the object is not there or has another size; `EEXIST` is an [`Error::Io`].
    pub fn link(&self, digest: Digest, size_bytes: u64, dir: &OwnedFd, name: &[u8]) -> Result<()> {
        let name = Path::new(OsStr::from_bytes(name));
        let shard = self.shard(digest)?;
        let (_, first) = digest.shard();
        let stat = match rustix::fs::statat(shard, &first, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if is_file_of(&stat, size_bytes) => stat,
            Ok(stat) => {
                return Err(Error::MissingObject {
                    digest,
                    why: format!("it has {} bytes and should have {size_bytes}", stat.st_size),
                });
            }
            Err(Errno::NOENT) => {
                return Err(Error::MissingObject {
                    digest,
                    why: "there is no such file".to_owned(),
                });
            }
            Err(errno) => return Err(errno).at("look at", &self.store.object_path(digest)),
        };
        #[expect(clippy::useless_conversion, reason = "nlink_t is 32 bits wide on some machines")]
        if u64::from(stat.st_nlink) < LINKS_MAX {
            match rustix::fs::linkat(shard, &first, dir, name, AtFlags::empty()) {
                Err(Errno::MLINK) => {}
                done => {
                    return done
                        .map_err(std::io::Error::from)
                        .at_with("link", || disk::shown(dir, name));
                }
            }
        }
        self.link_replica(digest, dir, name)
    }

    /// Links an object as `name` over what stands there, so that the name is never absent. False where it stood already.
    ///
    /// # Errors
    /// As [`Linker::link`].
    pub fn link_over(
        &self,
        digest: Digest,
        size_bytes: u64,
        dir: &OwnedFd,
        name: &[u8],
    ) -> Result<bool> {
        let shown = Path::new(OsStr::from_bytes(name));
        let now = match rustix::fs::statat(dir, shown, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(now) => now,
            Err(Errno::NOENT) => return self.link(digest, size_bytes, dir, name).map(|()| true),
            Err(errno) => return Err(errno).at_with("look at", || disk::shown(dir, shown)),
        };
        let is_this = |path: &Path| {
            path.symlink_metadata()
                .is_ok_and(|meta| (meta.dev(), meta.ino()) == (now.st_dev, now.st_ino))
        };
        if is_this(&self.store.object_path(digest))
            || self.replicas_if_full(digest).iter().any(|path| is_this(path))
        {
            return Ok(false);
        }
        let new = format!(".new-{}", &Digest::of(name).to_string()[..16]);
        match rustix::fs::unlinkat(dir, &new, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => {
                return Err(errno).at_with("remove", || disk::shown(dir, Path::new(&new)));
            }
        }
        self.link(digest, size_bytes, dir, new.as_bytes())?;
        rustix::fs::renameat(dir, &new, dir, shown)
            .at_with("rename to", || disk::shown(dir, shown))?;
        Ok(true)
    }

    /// The replicas of an object that has many links; most have none, and need not be looked for.
    fn replicas_if_full(&self, digest: Digest) -> Vec<PathBuf> {
        let first = self.store.object_path(digest);
        let is_full = first.symlink_metadata().is_ok_and(|meta| meta.nlink() + 1_000 >= LINKS_MAX);
        if is_full { self.store.replicas(digest) } else { Vec::new() }
    }

    /// Links the first replica that has room, making one where none has.
    fn link_replica(&self, digest: Digest, dir: &OwnedFd, name: &Path) -> Result<()> {
        let first = self.store.object_path(digest);
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let number = full.entry(digest).or_insert(1);
        loop {
            let path = replica(&first, *number);
            match path.symlink_metadata() {
                Ok(meta) if meta.nlink() < LINKS_MAX => {
                    match rustix::fs::linkat(rustix::fs::CWD, &path, dir, name, AtFlags::empty()) {
                        Err(Errno::MLINK) => *number += 1,
                        done => {
                            return done
                                .map_err(std::io::Error::from)
                                .at_with("link", || disk::shown(dir, name));
                        }
                    }
                }
                Ok(_) => *number += 1,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    disk::content::copy_object(self.store, &first, &path)?;
                }
                Err(error) => return Err(error).at("look at", &path),
            }
        }
    }

    /// The open shard folder of an object.
    fn shard(&self, digest: Digest) -> Result<&OwnedFd> {
        let slot = &self.shards[usize::from(digest.as_bytes()[0])];
        if let Some(fd) = slot.get() {
            return Ok(fd);
        }
        let fd = disk::open_dir(&self.store.root().join("objects").join(digest.shard().0))?;
        Ok(slot.get_or_init(|| fd))
    }
}

#[cfg(test)]
mod tests;
