//! Every system call that writes (rustix), and the failure points.
//!
//! The rest of the workspace changes the disk only through here (clippy.toml). Holds I2: nothing with a final name is ever
//! rewritten; I3: bytes are durable before they are named.

pub(crate) mod content;
mod file;
mod point;
mod tree;
mod weight;

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

pub use file::{
    append, create_durably, exchange, give, link, link_over, place_symlink, point_symlink,
    remove_file, rename_into, rename_new, symlink_at, write_durably, write_lightly, write_new,
    write_with_mtime,
};
pub use point::{POINTS, arm, point};
pub(crate) use tree::list;
pub use tree::{remove_tree, weigh_tree};
pub use weight::{Weight, weigh};

use crate::error::{IoContext, Result};

/// How folders are opened.
const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);

/// The mode of folders of ours: the web server's user reads them, whatever the umask.
const FOLDER_MODE: u32 = 0o755;

/// Names an entry below a descriptor for an error message.
pub(crate) fn shown(dir: &impl AsFd, name: &Path) -> PathBuf {
    let link = format!("/proc/self/fd/{}", dir.as_fd().as_raw_fd());
    std::fs::read_link(link).map_or_else(|_| name.to_owned(), |folder| folder.join(name))
}

/// Opens a folder as a descriptor, following no symlink in the last part.
///
/// # Errors
/// [`crate::Error::Io`] with the path.
pub fn open_dir(path: &Path) -> Result<OwnedFd> {
    rustix::fs::open(path, FOLDER, Mode::empty()).at("open", path)
}

/// Opens a folder below a descriptor (`RESOLVE_BENEATH | NO_SYMLINKS`).
///
/// # Errors
/// [`crate::Error::Io`] with the path; `ELOOP` where a part of it is a symlink.
pub fn open_dir_at(dir: &OwnedFd, name: &Path) -> Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    loop {
        // EAGAIN: a rename elsewhere raced the walk (openat2(2)).
        match rustix::fs::openat2(dir, name, FOLDER, Mode::empty(), resolve) {
            Err(Errno::AGAIN) => {}
            done => return done.map_err(std::io::Error::from).at_with("open", || shown(dir, name)),
        }
    }
}

/// Makes a folder; one that exists is fine. Mode 0755 whatever the umask.
///
/// # Errors
/// [`crate::Error::Io`] with the path.
pub fn make_dir(path: &Path) -> Result<()> {
    match rustix::fs::mkdir(path, Mode::from_raw_mode(FOLDER_MODE)) {
        Ok(()) => {
            rustix::fs::chmod(path, Mode::from_raw_mode(FOLDER_MODE)).at("set the mode of", path)
        }
        Err(Errno::EXIST) if path.is_dir() => Ok(()),
        Err(errno) => Err(errno).at("make the folder", path),
    }
}

/// Makes a folder and those above it.
///
/// # Errors
/// [`crate::Error::Io`] with the path.
pub fn make_dirs(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_dirs(parent)?;
    }
    make_dir(path)
}

/// Makes a folder below a descriptor and opens it. Mode 0755 whatever the umask.
///
/// # Errors
/// [`crate::Error::Io`] with the path.
pub fn make_dir_at(dir: &OwnedFd, name: &Path) -> Result<OwnedFd> {
    let mode = Mode::from_raw_mode(FOLDER_MODE);
    match rustix::fs::mkdirat(dir, name, mode) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno).at_with("make the folder", || shown(dir, name)),
    }
    rustix::fs::openat(dir, name, FOLDER, Mode::empty()).at_with("open", || shown(dir, name))
}

/// Makes a folder below a descriptor, and those above it that are missing, and opens it. The path must hold no `..`.
///
/// # Errors
/// [`crate::Error::Io`] with the path.
pub fn make_dirs_at(dir: &OwnedFd, path: &Path) -> Result<OwnedFd> {
    let mode = Mode::from_raw_mode(FOLDER_MODE);
    match rustix::fs::mkdirat(dir, path, mode) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(Errno::NOENT) => {
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                drop(make_dirs_at(dir, parent)?);
            }
            match rustix::fs::mkdirat(dir, path, mode) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno).at_with("make the folder", || shown(dir, path)),
            }
        }
        Err(errno) => return Err(errno).at_with("make the folder", || shown(dir, path)),
    }
    open_dir_at(dir, path)
}

/// Sets the mode of a folder below a descriptor.
///
/// # Errors
/// [`crate::Error::Io`] with the path.
pub fn set_mode_at(dir: &OwnedFd, path: &Path, mode: u32) -> Result<()> {
    rustix::fs::chmodat(dir, path, Mode::from_raw_mode(mode), AtFlags::empty())
        .map_err(std::io::Error::from)
        .at_with("set the mode of", || shown(dir, path))
}

/// Removes a folder below `top` while it is empty, and then those above it; `top` itself stays. Gives what they took.
///
/// # Errors
/// [`crate::Error::Io`] with the folder.
pub fn remove_empty_dirs(top: &Path, below: &Path) -> Result<Weight> {
    let mut freed = Weight::default();
    let mut path = below;
    while !path.as_os_str().is_empty() {
        let weight = weigh(&top.join(path))?;
        match rustix::fs::rmdir(top.join(path)) {
            Ok(()) => freed.add(weight),
            Err(Errno::NOENT) => {}
            Err(Errno::NOTEMPTY | Errno::EXIST) => break,
            Err(errno) => return Err(errno).at("remove", &top.join(path)),
        }
        match path.parent() {
            Some(parent) => path = parent,
            None => break,
        }
    }
    Ok(freed)
}

/// Sets the mode of an open file or folder.
///
/// # Errors
/// [`crate::Error::Io`] with the path `shown`.
pub fn set_mode(fd: &impl AsFd, mode: u32, shown: &Path) -> Result<()> {
    rustix::fs::fchmod(fd, Mode::from_raw_mode(mode)).at("set the mode of", shown)
}

/// Syncs a file or folder.
///
/// # Errors
/// [`crate::Error::Io`] with the path.
pub fn sync_path(path: &Path) -> Result<()> {
    let fd =
        rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).at("open", path)?;
    rustix::fs::fsync(fd).at("sync", path)
}

/// Syncs the folder that holds a path.
///
/// # Errors
/// [`crate::Error::Io`] with the folder.
pub fn sync_parent(path: &Path) -> Result<()> {
    path.parent().map_or(Ok(()), sync_path)
}

/// Syncs the whole file system that holds a path (`syncfs`).
///
/// # Errors
/// [`crate::Error::Io`] with the path.
pub fn sync_file_system(path: &Path) -> Result<()> {
    let fd =
        rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).at("open", path)?;
    rustix::fs::syncfs(fd).at("sync the file system of", path)
}

/// Says whether a name stands, whatever it is; symlinks are not followed.
///
/// # Errors
/// [`crate::Error::Io`] where that cannot be known.
pub fn stands(path: &Path) -> Result<bool> {
    match rustix::fs::statat(rustix::fs::CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
        Err(errno) => Err(errno).at("look at", path),
    }
}

/// Lists the names in a folder, sorted; an absent folder is empty. Names that begin with a dot are ours in the making, and left out.
///
/// # Errors
/// [`crate::Error::Io`] with the folder.
pub fn names(folder: &Path) -> Result<Vec<std::ffi::OsString>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).at("list", folder),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.at("list", folder)?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests;
