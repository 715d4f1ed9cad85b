//! Content on its way into the store: read once, hashed while it is written aside, named after it is durable.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, ResolveFlags, Timespec, Timestamps};
use rustix::io::Errno;

use crate::error::{IoContext, Result};
use crate::index::Seen;
use crate::sums::{Summing, Sums};
use crate::{RelPath, Store};

/// The mode of objects: nobody writes them again.
const OBJECT_MODE: u32 = 0o444;
/// Files up to this size are read whole, so that nothing is written for content that the store has.
pub(crate) const SMALL_BYTES: u64 = 128 * 1024;
const BUFFER_BYTES: usize = 256 * 1024;

/// A file of a source tree, open.
#[derive(Debug)]
pub(crate) struct Source {
    /// The open file.
    pub(crate) file: File,
    /// Its path, for messages.
    pub(crate) shown: PathBuf,
    /// How it looked when it was opened.
    pub(crate) seen: Seen,
    /// Its full mode and owner, for adoption by link.
    pub(crate) mode: u32,
    /// Its owner.
    pub(crate) owner: u32,
}

impl Seen {
    /// Says whether this is the same inode with the same size and modification time. Linking an inode changes its change time.
    pub(crate) fn is_same_but_ctime(&self, other: &Self) -> bool {
        Self { ctime_ns: other.ctime_ns, ..*self } == *other
    }
}

/// Says how an open file looks.
fn look(file: &File, shown: &Path) -> Result<std::fs::Metadata> {
    file.metadata().at("look at", shown)
}

/// Takes what the stat cache compares.
pub(crate) fn seen_of(meta: &std::fs::Metadata) -> Seen {
    let nanos =
        |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    Seen {
        device: meta.dev(),
        inode: meta.ino(),
        size_bytes: meta.size(),
        mtime_ns: nanos(meta.mtime(), meta.mtime_nsec()),
        ctime_ns: nanos(meta.ctime(), meta.ctime_nsec()),
    }
}

/// Takes what the stat cache compares, by path below a folder; `None` where it is no regular file or gone.
pub(crate) fn look_at(root: &OwnedFd, path: &RelPath) -> Option<Seen> {
    let stat = rustix::fs::statat(root, path.as_path(), AtFlags::SYMLINK_NOFOLLOW).ok()?;
    if rustix::fs::FileType::from_raw_mode(stat.st_mode) != rustix::fs::FileType::RegularFile {
        return None;
    }
    let nanos =
        |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    Some(Seen {
        device: stat.st_dev,
        inode: stat.st_ino,
        size_bytes: u64::try_from(stat.st_size).ok()?,
        mtime_ns: nanos(stat.st_mtime, i64::try_from(stat.st_mtime_nsec).ok()?),
        ctime_ns: nanos(stat.st_ctime, i64::try_from(stat.st_ctime_nsec).ok()?),
    })
}

/// Opens a file below a folder's descriptor, through no symlink and without waiting for a FIFO's writer.
pub(crate) fn open_source(root: &OwnedFd, path: &RelPath) -> Result<Source> {
    let shown = super::shown(root, path.as_path());
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let fd = loop {
        match rustix::fs::openat2(root, path.as_path(), flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN) => {}
            done => break done.map_err(std::io::Error::from).at("open", &shown)?,
        }
    };
    let file = File::from(fd);
    let meta = look(&file, &shown)?;
    if !meta.is_file() {
        return Err(std::io::Error::other("it is no regular file any more")).at("read", &shown);
    }
    Ok(Source { seen: seen_of(&meta), mode: meta.mode(), owner: meta.uid(), file, shown })
}

impl Source {
    /// Says whether the file changed since it was opened.
    pub(crate) fn has_changed(&self) -> Result<bool> {
        look(&self.file, &self.shown).map(|meta| seen_of(&meta) != self.seen)
    }

    /// Reads a small file whole.
    pub(crate) fn read_whole(&mut self) -> Result<Vec<u8>> {
        let mut bytes =
            Vec::with_capacity(usize::try_from(self.seen.size_bytes).unwrap_or_default() + 1);
        (&self.file).take(2 * SMALL_BYTES).read_to_end(&mut bytes).at("read", &self.shown)?;
        Ok(bytes)
    }

    /// Reads to the end, hashing and handing every piece to `to`. Gives the digests of what was read.
    fn pour(&mut self, to: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<Sums> {
        self.file.rewind().at("read", &self.shown)?;
        hash(&mut self.file, &self.shown, to)
    }

    /// Hashes the file without keeping it.
    pub(crate) fn hash(&mut self) -> Result<Sums> {
        self.pour(&mut |_| Ok(()))
    }

    /// Copies the file aside, as a clone where the file system can, and hashes what was stored.
    pub(crate) fn copy_aside(&mut self, store: &Store) -> Result<(Sums, PathBuf)> {
        let (mut new, path) = create_aside(store)?;
        let copied = if rustix::fs::ioctl_ficlone(&new, &self.file).is_ok() {
            hash(&mut new, &path, &mut |_| Ok(()))
        } else {
            self.pour(&mut |piece| new.write_all(piece).at("write to", &path))
        };
        match copied.and_then(|copied| dress(&new, &path, self.mtime()).map(|()| copied)) {
            Ok(sums) => Ok((sums, path)),
            Err(error) => {
                super::remove_file(&path)?;
                Err(error)
            }
        }
    }

    /// The modification time in whole seconds.
    pub(crate) fn mtime(&self) -> i64 {
        self.seen.mtime_ns.div_euclid(1_000_000_000)
    }

    /// Links the file aside, so that the object shares its inode; `None` where no link can be made between the two places.
    pub(crate) fn link_aside(
        &self,
        root: &OwnedFd,
        path: &RelPath,
        store: &Store,
    ) -> Result<Option<PathBuf>> {
        let aside = loop {
            let aside = name_aside(store);
            match rustix::fs::linkat(root, path.as_path(), CWD, &aside, AtFlags::empty()) {
                Err(Errno::EXIST) => {}
                Err(Errno::XDEV | Errno::MLINK) => return Ok(None),
                done => break done.map(|()| aside.clone()).at("link", &aside)?,
            }
        };
        let linked = std::fs::symlink_metadata(&aside).at("look at", &aside)?;
        if seen_of(&linked).is_same_but_ctime(&self.seen) {
            return Ok(Some(aside));
        }
        super::remove_file(&aside)?;
        Err(std::io::Error::other(
            "it changed while it was read; run ingest when the mirror tool has finished",
        ))
        .at("link", &self.shown)
    }
}

/// Hashes a file from its start.
pub(crate) fn hash(
    file: &mut File,
    shown: &Path,
    to: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<Sums> {
    file.rewind().at("read", shown)?;
    let mut summing = Summing::default();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).at("read", shown),
        };
        summing.update(&buffer[..read]);
        to(&buffer[..read])?;
    }
    Ok(summing.finish())
}

/// Writes bytes aside as an object to be.
pub(crate) fn write_aside(store: &Store, bytes: &[u8], mtime: i64) -> Result<PathBuf> {
    let (mut new, path) = create_aside(store)?;
    match new.write_all(bytes).at("write to", &path).and_then(|()| dress(&new, &path, mtime)) {
        Ok(()) => Ok(path),
        Err(error) => {
            super::remove_file(&path)?;
            Err(error)
        }
    }
}

/// A fresh name in `incoming/`: no two processes and no two runs share one.
pub(crate) fn name_aside(store: &Store) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    store.root().join("incoming").join(format!(
        "{}.{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    ))
}

/// Creates a file in `incoming/`. A name that a dead process of the same number left is passed over.
pub(crate) fn create_aside(store: &Store) -> Result<(File, PathBuf)> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    loop {
        let path = name_aside(store);
        match rustix::fs::open(&path, flags, Mode::from_raw_mode(0o600)) {
            Err(Errno::EXIST) => {}
            done => return done.map(|fd| (File::from(fd), path.clone())).at("create", &path),
        }
    }
}

/// Gives an object to be its mode and time.
pub(crate) fn dress(file: &File, path: &Path, mtime: i64) -> Result<()> {
    super::set_mode(file, OBJECT_MODE, path)?;
    super::file::set_mtime(file, mtime).at("set the time of", path)
}

/// Sets mode and time of an object to be that was linked, or of an object whose time was taken already.
pub(crate) fn dress_path(path: &Path, mtime: i64) -> Result<()> {
    let time = Timespec { tv_sec: mtime, tv_nsec: 0 };
    rustix::fs::chmod(path, Mode::from_raw_mode(OBJECT_MODE)).at("set the mode of", path)?;
    rustix::fs::utimensat(
        CWD,
        path,
        &Timestamps { last_access: time, last_modification: time },
        AtFlags::SYMLINK_NOFOLLOW,
    )
    .at("set the time of", path)
}

/// Names a durable file as an object. One that stands already wins: it has the same bytes.
pub(crate) fn name_object(aside: &Path, object: &Path) -> Result<()> {
    match rustix::fs::renameat_with(CWD, aside, CWD, object, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => super::remove_file(aside).map(drop),
        Err(errno) => Err(errno).at("rename to", object),
    }
}

/// Replaces what stands under an object's name: its bytes were found to be others than its name says.
pub(crate) fn replace_object(aside: &Path, object: &Path) -> Result<()> {
    rustix::fs::rename(aside, object).at("rename to", object)
}

/// Copies an object to a replica, durable before it is named.
pub(crate) fn copy_object(store: &Store, object: &Path, replica: &Path) -> Result<()> {
    let shown = object.to_owned();
    let (sums, aside) = copy_file(store, object)?;
    if store.object_path(sums.digest) != shown {
        super::remove_file(&aside)?;
        return Err(std::io::Error::other(
            "its bytes do not hash to its name; run pinfold fsck --deep",
        ))
        .at("copy", object);
    }
    super::sync_path(&aside)?;
    name_object(&aside, replica)?;
    super::sync_parent(replica)
}

/// Copies a file of ours aside, with its time; gives the digests of what was stored.
pub(crate) fn copy_file(store: &Store, from: &Path) -> Result<(Sums, PathBuf)> {
    let file = File::open(from).at("open", from)?;
    let meta = look(&file, from)?;
    let mut source = Source {
        seen: seen_of(&meta),
        mode: meta.mode(),
        owner: meta.uid(),
        file,
        shown: from.to_owned(),
    };
    source.copy_aside(store)
}

/// The kernel's clock as the file system of the store sees it, in nanoseconds since 1970.
pub(crate) fn clock_ns(store: &Store) -> Result<i64> {
    let (file, path) = create_aside(store)?;
    let seen = look(&file, &path).map(|meta| seen_of(&meta))?;
    super::remove_file(&path)?;
    Ok(seen.ctime_ns)
}

/// Opens a file in `incoming/` for writing again that was closed for its name.
pub(crate) fn open_writes(path: &Path) -> Result<()> {
    rustix::fs::chmod(path, Mode::from_raw_mode(0o600)).at("set the mode of", path)
}

/// Takes the write bits from a file that was linked; its time stays.
pub(crate) fn close_writes(path: &Path) -> Result<()> {
    rustix::fs::chmod(path, Mode::from_raw_mode(OBJECT_MODE)).at("set the mode of", path)
}
