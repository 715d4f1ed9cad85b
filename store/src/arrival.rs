//! Content that comes piece by piece, from a network: written aside, hashed as it comes, named when a batch of it is durable.
//!
//! What has a known checksum is written under a name that is made of it, so that what a crash or a cut left is found and
//! continued by the next run: `incoming/want-SHA256-HEX`. The file is locked while it is written; a second run that wants the
//! same content at the same time writes a file of its own.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::disk::{self, content};
use crate::error::{IoContext, Result};
use crate::index::Index;
use crate::lock::Writer;
use crate::settle::Fresh;
use crate::sums::{Checksum, Summing, Sums};
use crate::{Monitor, Store};

/// How the names begin under which content with a known checksum arrives.
pub(crate) const WANT: &str = "want-";

/// Content that is arriving.
#[derive(Debug)]
pub struct Arrival {
    file: File,
    path: PathBuf,
    summing: Summing,
    checksum: Option<Checksum>,
    size_bytes: u64,
    modified: Option<i64>,
}

/// Content that has arrived whole and waits for its name. Without one it is let go; what has a known checksum stays for the next
/// run.
#[derive(Debug)]
pub struct Landed {
    fresh: Fresh,
    is_known: bool,
    /// Keeps the lock until the content has its name.
    _file: File,
}

impl Drop for Landed {
    fn drop(&mut self) {
        if let Some(aside) = self.fresh.aside.as_ref().filter(|_| !self.is_known) {
            // Named already, or of no use to anybody: what stays is removed by the next run.
            drop(disk::remove_file(aside));
        }
    }
}

impl Landed {
    /// Gives what it is.
    #[must_use]
    pub const fn sums(&self) -> Sums {
        self.fresh.sums
    }

    /// Gives its modification time in seconds since 1970.
    #[must_use]
    pub const fn modified(&self) -> i64 {
        self.fresh.mtime
    }

    /// Where it waits.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.fresh.aside.as_deref()
    }
}

impl Store {
    /// Begins to take content. With a known checksum it goes on where an earlier run was cut: [`Arrival::size_bytes`] says how
    /// much is there.
    ///
    /// # Errors
    /// [`crate::Error::Io`] with the path.
    pub fn arrival(&self, checksum: Option<Checksum>) -> Result<Arrival> {
        let known = checksum.map(|checksum| self.want_path(&checksum));
        let opened = match known {
            Some(path) => claim(&path)?.map(|(file, modified)| (file, path, modified)),
            None => None,
        };
        let (file, path, modified) = match opened {
            Some(opened) => opened,
            None => content::create_aside(self).map(|(file, path)| (file, path, None))?,
        };
        let summing = Summing::toward(checksum.map(|checksum| checksum.algorithm()));
        let mut arrival = Arrival { file, path, summing, checksum, size_bytes: 0, modified };
        arrival.read_again()?;
        Ok(arrival)
    }

    /// Where content with a known checksum arrives.
    fn want_path(&self, checksum: &Checksum) -> PathBuf {
        // 128 digits and a prefix fit into a name.
        let name = format!("{WANT}{}-{}", checksum.algorithm().name(), checksum.hex());
        self.root().join("incoming").join(name)
    }

    /// Makes what has landed durable and names it, in one transaction of the index. Content that the store has is let go.
    ///
    /// Locks: the store's shared one. Durable: yes.
    /// Cost: two syncs of the file system a batch.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where a file cannot be made durable or named: nothing is believed to be there then.
    pub fn keep(
        &self,
        index: &mut Index,
        _writer: &Writer,
        landed: Vec<Landed>,
        monitor: &dyn Monitor,
    ) -> Result<()> {
        if landed.is_empty() {
            return Ok(());
        }
        disk::point("object-written");
        disk::sync_file_system(self.root())?;
        disk::point("objects-synced");
        let mut once = HashSet::new();
        let mut fresh = Vec::with_capacity(landed.len());
        for one in &landed {
            if once.insert(one.fresh.sums.digest) {
                fresh.push(&one.fresh);
            } else if let Some(aside) = &one.fresh.aside {
                disk::remove_file(aside)?;
            }
        }
        self.settle(index, &fresh, monitor)?;
        // The files' locks go when all have their names.
        drop(landed);
        disk::sync_file_system(self.root())
    }
}

/// Opens a file to write content into, or makes it, and locks it; `None` where another run writes it now. Beside it the
/// modification time that it was given, where an earlier run had finished it.
fn claim(path: &Path) -> Result<Option<(File, Option<i64>)>> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut modified = None;
    loop {
        let file = match rustix::fs::open(path, flags, Mode::from_raw_mode(0o600)) {
            Ok(fd) => File::from(fd),
            // Whole content that a crash kept from its name is closed for writing already.
            Err(Errno::ACCESS) if given_time(path).is_some() => {
                modified = given_time(path);
                content::open_writes(path)?;
                continue;
            }
            Err(errno) => return Err(errno).at("create", path),
        };
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(errno) => return Err(errno).at("lock", path),
        }
        // Between opening and locking another run may have given the file its name: then this is an object's inode.
        let here = rustix::fs::stat(path).ok().map(|stat| (stat.st_dev, stat.st_ino));
        let own = rustix::fs::fstat(&file).at("look at", path)?;
        if here == Some((own.st_dev, own.st_ino)) {
            // Root opens what is closed as well.
            let is_closed = own.st_mode & 0o200 == 0;
            return Ok(Some((file, modified.or(is_closed.then_some(own.st_mtime)))));
        }
    }
}

/// Gives the modification time of a file that was closed for writing, as finished content is.
fn given_time(path: &Path) -> Option<i64> {
    let meta = path.symlink_metadata().ok()?;
    (meta.is_file() && meta.mode() & 0o200 == 0).then(|| meta.mtime())
}

impl Arrival {
    /// Hashes what an earlier run left, and stands at its end.
    fn read_again(&mut self) -> Result<()> {
        let left = self.file.metadata().at("look at", &self.path)?.len();
        if left == 0 {
            return Ok(());
        }
        let mut buffer = vec![0; 64 * 1024];
        self.file.rewind().at("read", &self.path)?;
        loop {
            match self.file.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => self.take(&buffer[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).at("read", &self.path),
            }
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) {
        self.summing.update(bytes);
        self.size_bytes =
            self.size_bytes.saturating_add(bytes.len().try_into().unwrap_or(u64::MAX));
    }

    /// Gives the number of bytes that are there.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Gives the modification time that an earlier run gave to what is there, where that run had finished it.
    #[must_use]
    pub const fn modified(&self) -> Option<i64> {
        self.modified
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where they cannot be written: a full disk.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).at("write to", &self.path)?;
        self.take(bytes);
        Ok(())
    }

    /// Reads what is there from its beginning.
    pub fn read_back(&self) -> impl Read + '_ {
        ReadBack { file: &self.file, offset: 0 }
    }

    /// Throws away what is there and begins again.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where the file cannot be cut.
    pub fn restart(&mut self) -> Result<()> {
        if self.size_bytes > 0 {
            self.file.set_len(0).at("cut", &self.path)?;
            self.file.seek(SeekFrom::Start(0)).at("rewind", &self.path)?;
            self.summing = Summing::toward(self.checksum.map(|checksum| checksum.algorithm()));
            self.size_bytes = 0;
            self.modified = None;
        }
        Ok(())
    }

    /// Gives the digests of what is there by now.
    #[must_use]
    pub fn sums(&self) -> Sums {
        self.summing.clone().finish()
    }

    /// Says whether what is there has the checksum that it should have; true where none is known.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.checksum.is_none_or(|checksum| self.sums().has(&checksum) == Some(true))
    }

    /// Ends: the content is whole and waits for its name. `modified` is the source's time in seconds since 1970.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where mode and time cannot be set.
    pub fn finish(self, modified: i64) -> Result<Landed> {
        let sums = self.sums();
        content::dress(&self.file, &self.path, modified)?;
        let fresh = Fresh { sums, mtime: modified, aside: Some(self.path), is_linked: false };
        Ok(Landed { fresh, is_known: self.checksum.is_some(), _file: self.file })
    }

    /// Throws the content away.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where the file cannot be removed.
    pub fn discard(self) -> Result<()> {
        disk::remove_file(&self.path).map(drop)
    }
}

/// Reads a file from its beginning, wherever it stands.
struct ReadBack<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for ReadBack<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let read = std::os::unix::fs::FileExt::read_at(self.file, to, self.offset)?;
        self.offset = self.offset.saturating_add(read.try_into().unwrap_or(u64::MAX));
        Ok(read)
    }
}

/// How long content that nobody wrote to is kept for a run that goes on with it.
pub(crate) const KEPT_NS: i64 = 7 * 24 * 3600 * 1_000_000_000;

/// How many contents may wait for their names at once: each keeps a file open.
#[must_use]
pub fn batch_max() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(4096, |files| usize::try_from(files / 4).unwrap_or(4096)).clamp(4, 4096)
}

/// Removes content that began to arrive, that nobody writes now, and that nobody wrote to for a week.
pub(crate) fn remove_abandoned(store: &Store) -> Result<()> {
    let now = content::clock_ns(store)?;
    let incoming = store.root().join("incoming");
    for name in disk::names(&incoming)? {
        let path = incoming.join(&name);
        if !name.as_encoded_bytes().starts_with(WANT.as_bytes()) {
            continue;
        }
        let meta = path.symlink_metadata().at("look at", &path)?;
        if content::seen_of(&meta).ctime_ns < now.saturating_sub(KEPT_NS) && claim(&path)?.is_some()
        {
            disk::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
