//! `flock` on open files, the holder's pid and verb written inside. Readers take none.
//!
//! Who needs several takes them in this order: a channel's or a mirror's, the site's, the store's. The status page's is taken alone.
//!
//! A lock dies with its process, so none is ever stale. The guards are what changing functions take: holding the lock is a type.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::error::{Error, IoContext, Result};
use crate::{Name, Store};

/// For how long everybody asks again.
const LOOK: Duration = Duration::from_millis(20);

/// Who asks, and how long it waits.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The verb, written into the file.
    pub verb: String,
    /// How long to wait; zero answers at once.
    pub wait: Duration,
}

/// The store's lock, shared: held by everything that writes. Objects cannot be collected while it lives.
#[derive(Debug)]
pub struct Writer {
    _file: File,
}

/// The store's lock, exclusive: held by collection, in short batches.
#[derive(Debug)]
pub struct Collector {
    _file: File,
}

/// A mirror's lock: sync, ingest and dropping its snapshots.
#[derive(Debug)]
pub struct MirrorLock {
    file: File,
    /// Which mirror.
    pub mirror: Name,
}

impl MirrorLock {
    /// Gives a second hold on the lock, for a program that works for this run: whoever comes after a killed run finds the mirror
    /// busy until that program ended too. There is nothing to read in it.
    ///
    /// # Errors
    /// [`Error::Io`] where no more files can be open.
    pub fn second_hold(&self) -> Result<File> {
        self.file.try_clone().at("hold the lock of", Path::new(self.mirror.as_str()))
    }
}

/// The site's lock: publish, retire, channels.
#[derive(Debug)]
pub struct SiteLock {
    _file: File,
}

/// The lock of `run`: one at a time.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

/// The status page's lock: held while it is written.
#[derive(Debug)]
pub struct PageLock {
    _file: File,
}

/// A channel's lock: promotions. Gates and checks take minutes, and leave the site to others; a rollback needs the site's lock alone.
#[derive(Debug)]
pub struct ChannelLock {
    file: File,
    /// Which channel.
    pub channel: Name,
}

impl ChannelLock {
    /// Gives a second hold on the lock, as [`MirrorLock::second_hold`] does.
    ///
    /// # Errors
    /// [`Error::Io`] where no more files can be open.
    pub fn second_hold(&self) -> Result<File> {
        self.file.try_clone().at("hold the lock of", Path::new(self.channel.as_str()))
    }
}

impl Store {
    /// Refuses to write for another user than the root's owner: the kernel lets nobody link files that are another's
    /// (`fs.protected_hardlinks`), so one run as root would stop all later ones of the owner.
    ///
    /// # Errors
    /// [`Error::Io`] naming both users.
    pub(crate) fn must_own(root: &Path) -> Result<()> {
        let owner = rustix::fs::stat(root).at("look at", root)?.st_uid;
        let us = rustix::process::geteuid().as_raw();
        if owner == us {
            return Ok(());
        }
        let why = format!(
            "it belongs to user {owner} and this runs as user {us}: neither can link what the other made (fs.protected_hardlinks)"
        );
        let denied = std::io::Error::new(std::io::ErrorKind::PermissionDenied, why);
        Err(denied).at("write below", root)
    }

    /// Takes the store's lock, shared.
    ///
    /// # Errors
    /// [`Error::Busy`] where collection holds it for longer than the asker waits.
    pub fn writer(&self, asker: &Asker) -> Result<Writer> {
        Self::must_own(self.root())?;
        take(&self.root().join("lock"), FlockOperation::NonBlockingLockShared, asker)
            .map(|file| Writer { _file: file })
    }

    /// Makes sure that no mirror is being brought in. A sync lets go of the store's lock between batches, and its objects have no
    /// name until it is sealed: who collects what nothing names asks this under the exclusive lock.
    ///
    /// # Errors
    /// [`Error::Busy`] naming who brings one.
    pub(crate) fn nobody_brings(&self) -> Result<()> {
        let folder = self.root().join("locks");
        for name in crate::disk::names(&folder)? {
            let path = folder.join(&name);
            if !name.as_encoded_bytes().starts_with(b"mirror.") {
                continue;
            }
            if let Some(holder) = holder_now(&path)? {
                return Err(Error::Busy { path, holder });
            }
        }
        Ok(())
    }

    /// Says whether somebody writes to the store at this moment, without taking its lock.
    pub(crate) fn is_written(&self) -> bool {
        is_locked(&self.root().join("lock"))
    }

    /// Says whether somebody changes the site at this moment, without taking its lock.
    #[must_use]
    pub fn is_site_changed(&self) -> bool {
        is_locked(&self.root().join("locks/site"))
    }

    /// Takes the store's lock, exclusive.
    ///
    /// # Errors
    /// [`Error::Busy`] where a writer holds it for longer than the asker waits.
    pub fn collector(&self, asker: &Asker) -> Result<Collector> {
        Self::must_own(self.root())?;
        take(&self.root().join("lock"), FlockOperation::NonBlockingLockExclusive, asker)
            .map(|file| Collector { _file: file })
    }

    /// Takes a mirror's lock.
    ///
    /// # Errors
    /// [`Error::Busy`] where another run holds it for longer than the asker waits.
    pub fn lock_mirror(&self, mirror: &Name, asker: &Asker) -> Result<MirrorLock> {
        Self::must_own(self.root())?;
        let path = self.root().join("locks").join(format!("mirror.{mirror}"));
        take(&path, FlockOperation::NonBlockingLockExclusive, asker)
            .map(|file| MirrorLock { file, mirror: mirror.clone() })
    }

    /// Takes the lock of `run`.
    ///
    /// # Errors
    /// [`Error::Busy`] where another run holds it for longer than the asker waits.
    pub fn lock_run(&self, asker: &Asker) -> Result<RunLock> {
        Self::must_own(self.root())?;
        let path: PathBuf = self.root().join("locks/run");
        take(&path, FlockOperation::NonBlockingLockExclusive, asker)
            .map(|file| RunLock { _file: file })
    }

    /// Takes the status page's lock. Whoever waits for it wants to tell what it did just now.
    ///
    /// # Errors
    /// [`Error::Busy`] where another run holds it for longer than the asker waits.
    pub fn lock_page(&self, asker: &Asker) -> Result<PageLock> {
        Self::must_own(self.root())?;
        let path: PathBuf = self.root().join("locks/page");
        take(&path, FlockOperation::NonBlockingLockExclusive, asker)
            .map(|file| PageLock { _file: file })
    }

    /// Takes a channel's lock.
    ///
    /// # Errors
    /// [`Error::Busy`] where another promotion holds it for longer than the asker waits.
    pub fn lock_channel(&self, channel: &Name, asker: &Asker) -> Result<ChannelLock> {
        Self::must_own(self.root())?;
        let path = self.root().join("locks").join(format!("channel.{channel}"));
        take(&path, FlockOperation::NonBlockingLockExclusive, asker)
            .map(|file| ChannelLock { file, channel: channel.clone() })
    }

    /// Takes the site's lock.
    ///
    /// # Errors
    /// [`Error::Busy`] where another run holds it for longer than the asker waits.
    pub fn lock_site(&self, asker: &Asker) -> Result<SiteLock> {
        Self::must_own(self.root())?;
        let path: PathBuf = self.root().join("locks/site");
        take(&path, FlockOperation::NonBlockingLockExclusive, asker)
            .map(|file| SiteLock { _file: file })
    }
}

/// Takes the store's lock before there is a store, for whoever makes one.
pub(crate) fn alone(root: &Path) -> Result<Collector> {
    let asker = Asker { verb: "pinfold init".to_owned(), wait: Duration::from_secs(30) };
    take(&root.join("lock"), FlockOperation::NonBlockingLockExclusive, &asker)
        .map(|file| Collector { _file: file })
}

/// Says whether a file is locked: `/proc/locks` names the inodes.
fn is_locked(path: &Path) -> bool {
    let (Ok(meta), Ok(locks)) = (path.symlink_metadata(), std::fs::read_to_string("/proc/locks"))
    else {
        return false;
    };
    let (major, minor) = (rustix::fs::major(meta.dev()), rustix::fs::minor(meta.dev()));
    let whole = format!("{major:02x}:{minor:02x}:{}", meta.ino());
    let inode = format!(":{}", meta.ino());
    let is_odd = has_odd_devices(path);
    let is_it = |line: &str| {
        line.split_whitespace().any(|word| word == whole || (is_odd && word.ends_with(&inode)))
    };
    locks.lines().any(|line| line.contains("FLOCK") && is_it(line))
}

/// Says whether files have other devices than the file system, by which the kernel names their locks: btrfs, overlayfs.
fn has_odd_devices(path: &Path) -> bool {
    let kind = rustix::fs::statfs(path).map(|file_system| file_system.f_type);
    kind.is_ok_and(|kind| [0x9123_683e, 0x794c_7630].contains(&kind))
}

/// Says who holds a lock, without taking it; `None` where nobody does.
pub(crate) fn holder_of(path: &Path) -> Option<String> {
    if !is_locked(path) {
        return None;
    }
    Some(
        File::open(path)
            .map_or_else(|_| "another process".to_owned(), |mut file| holder(&mut file)),
    )
}

/// Opens the lock's file and locks it, trying again until the asker's patience ends.
fn take(path: &Path, how: FlockOperation, asker: &Asker) -> Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut file = File::from(
        rustix::fs::open(path, flags, Mode::from_raw_mode(0o644)).at("open the lock", path)?,
    );
    let begun = Instant::now();
    // A look at a mirror's lock (see `nobody_brings`) holds it for an instant, and is no run.
    let patience = asker.wait.max(LOOK);
    loop {
        match rustix::fs::flock(&file, how) {
            Ok(()) => break,
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) if begun.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(Errno::WOULDBLOCK) => {
                return Err(Error::Busy { path: path.to_owned(), holder: holder(&mut file) });
            }
            Err(errno) => return Err(errno).at("lock", path),
        }
    }
    sign(&mut file, asker).at("write to the lock", path)?;
    Ok(file)
}

/// Writes who holds the lock. Of several shared holders the last one is named.
fn sign(file: &mut File, asker: &Asker) -> std::io::Result<()> {
    let text = format!("pid {} ({})\n", std::process::id(), asker.verb);
    // The name is a courtesy to whoever waits: with a full disk the lock must still work.
    let written =
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Ok(()),
        other => other,
    }
}

/// Looks who holds a lock at this moment: takes it together with others for an instant.
fn holder_now(path: &Path) -> Result<Option<String>> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let open = rustix::fs::open(path, flags, Mode::empty()).at("open the lock", path)?;
    let mut file = File::from(open);
    let is_held =
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK);
    Ok(is_held.then(|| holder(&mut file)))
}

/// Reads who holds the lock.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(200).read_to_string(&mut text));
    let text = text.trim();
    if read.is_ok() && !text.is_empty() {
        crate::path::escape(text.as_bytes())
    } else {
        "another process".to_owned()
    }
}

#[cfg(test)]
mod tests;
