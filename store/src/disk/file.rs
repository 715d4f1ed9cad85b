//! Small files and symlinks: made aside, synced, named by one rename.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, Timespec, Timestamps};
use rustix::io::Errno;

use crate::error::{IoContext, Result};

/// The name beside `path` under which it is made: fixed, so that what a crash leaves is replaced by the next try, and short, so that
/// any name that fits has one.
fn aside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    path.with_file_name(format!(".new-{}", &crate::Digest::of(name).to_string()[..16]))
}

/// Writes a small file durably: aside, synced, renamed over, folder synced.
///
/// # Errors
/// [`crate::Error::Io`] with the path; the old file stays.
pub fn write_durably(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let new = write_aside(path, bytes, mode, None)?;
    rustix::fs::rename(&new, path).at("rename to", path)?;
    super::sync_parent(path)
}

/// Opens a log to add to, and makes it where there is none. Mode 0640.
///
/// # Errors
/// [`crate::Error::Io`] with the path.
pub fn append(path: &Path) -> Result<std::fs::File> {
    let flags =
        OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::from_raw_mode(0o640));
    opened.map(std::fs::File::from).at("open the log", path)
}

/// Gives an open file to a user, where we may.
///
/// # Errors
/// [`crate::Error::Io`] with the path `shown`.
pub fn give(file: &std::fs::File, (user, group): (u32, u32), shown: &Path) -> Result<()> {
    use rustix::fs::{Gid, Uid};
    rustix::fs::fchown(file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))
        .at("give away", shown)
}

/// Writes a small file that may be lost: aside and renamed over, so that a reader never sees half of it; nothing is synced.
///
/// # Errors
/// [`crate::Error::Io`] with the path; the old file stays.
pub fn write_lightly(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let (new, _file) = write_to_aside(path, bytes, mode)?;
    rustix::fs::rename(&new, path).at("rename to", path)
}

/// Like [`write_durably`], with a modification time, for root metadata.
///
/// # Errors
/// [`crate::Error::Io`] with the path; the old file stays.
pub fn write_with_mtime(path: &Path, bytes: &[u8], mode: u32, mtime_seconds: i64) -> Result<()> {
    let new = write_aside(path, bytes, mode, Some(mtime_seconds))?;
    rustix::fs::rename(&new, path).at("rename to", path)?;
    super::sync_parent(path)
}

/// Like [`write_durably`], but the name must be free: `EEXIST` is an error.
///
/// # Errors
/// [`crate::Error::Io`] with the path.
pub fn create_durably(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let new = write_aside(path, bytes, mode, None)?;
    let named =
        rustix::fs::renameat_with(CWD, &new, CWD, path, RenameFlags::NOREPLACE).at("create", path);
    if named.is_err() {
        remove_file(&new)?;
    }
    named?;
    super::sync_parent(path)
}

/// Writes and syncs the new file beside the final name.
fn write_aside(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    mtime_seconds: Option<i64>,
) -> Result<PathBuf> {
    let (new, file) = write_to_aside(path, bytes, mode)?;
    if let Some(seconds) = mtime_seconds {
        set_mtime(&file, seconds).at("set the time of", &new)?;
    }
    file.sync_all().at("sync", &new)?;
    Ok(new)
}

/// Writes the new file beside the final name.
fn write_to_aside(path: &Path, bytes: &[u8], mode: u32) -> Result<(PathBuf, std::fs::File)> {
    let new = aside(path);
    remove_file(&new)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let fd = rustix::fs::open(&new, flags, Mode::from_raw_mode(0o600)).at("create", &new)?;
    let mut file = std::fs::File::from(fd);
    file.write_all(bytes).at("write to", &new)?;
    super::set_mode(&file, mode, &new)?;
    Ok((new, file))
}

/// Sets an open file's access and modification time to whole seconds.
pub(super) fn set_mtime(file: &std::fs::File, seconds: i64) -> Result<(), Errno> {
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    rustix::fs::futimens(file, &Timestamps { last_access: time, last_modification: time })
}

/// Hardlinks a file that is no object (heads carried to the next generation).
///
/// # Errors
/// [`crate::Error::Io`] with the new path.
pub fn link(from: &Path, to: &Path) -> Result<()> {
    rustix::fs::linkat(CWD, from, CWD, to, AtFlags::empty()).at("link", to)
}

/// Links `from` over `to` by a temporary name and a rename, so that `to` is never absent.
///
/// # Errors
/// [`crate::Error::Io`] with the new path.
pub fn link_over(from: &Path, to: &Path) -> Result<()> {
    let new = aside(to);
    remove_file(&new)?;
    link(from, &new)?;
    rustix::fs::rename(&new, to).at("rename to", to)?;
    // Two names of one inode: rename(2) does nothing then and leaves both.
    remove_file(&new).map(drop)
}

/// Makes or moves a symlink by one rename; true where it changed. The folder is synced.
///
/// # Errors
/// [`crate::Error::Io`] with the link.
pub fn point_symlink(link: &Path, target: &Path) -> Result<bool> {
    let changed = place_symlink(link, target)?;
    if changed {
        super::sync_parent(link)?;
    }
    Ok(changed)
}

/// Makes or moves a symlink by one rename; true where it changed. Nothing is synced: for many links of one folder, which is synced then.
///
/// # Errors
/// [`crate::Error::Io`] with the link.
pub fn place_symlink(link: &Path, target: &Path) -> Result<bool> {
    if std::fs::read_link(link).is_ok_and(|now| now == target) {
        return Ok(false);
    }
    let new = aside(link);
    remove_file(&new)?;
    rustix::fs::symlink(target, &new).at("make the link", &new)?;
    rustix::fs::rename(&new, link).at("rename to", link)?;
    Ok(true)
}

/// Writes a new file with its final name in a folder that nobody sees yet; the caller syncs it.
///
/// # Errors
/// [`crate::Error::Io`] with the path, also where `from` cannot be read; one that exists is an error.
pub fn write_new(path: &Path, mut from: impl Read, mode: u32, mtime_seconds: i64) -> Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let fd = rustix::fs::open(path, flags, Mode::from_raw_mode(0o600)).at("create", path)?;
    let mut file = std::fs::File::from(fd);
    std::io::copy(&mut from, &mut file).at("write to", path)?;
    super::set_mode(&file, mode, path)?;
    set_mtime(&file, mtime_seconds).at("set the time of", path)
}

/// Swaps two folders by one rename, so that neither name is ever absent. Both folders above are synced.
///
/// # Errors
/// [`crate::Error::Io`] with the second path.
pub fn exchange(a: &Path, b: &Path) -> Result<()> {
    rustix::fs::renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).at("exchange with", b)?;
    super::sync_parent(b)?;
    super::sync_parent(a)
}

/// Makes a symlink below a descriptor; nothing is synced, the caller does that for the whole tree.
///
/// # Errors
/// [`crate::Error::Io`] with the link.
pub fn symlink_at(dir: &OwnedFd, name: &Path, target: &Path) -> Result<()> {
    rustix::fs::symlinkat(target, dir, name)
        .map_err(std::io::Error::from)
        .at_with("make the link", || super::shown(dir, name))
}

/// Renames within the file system; the target must be free (`RENAME_NOREPLACE`). Both folders are synced.
///
/// # Errors
/// [`crate::Error::Io`] with the new path.
pub fn rename_new(from: &Path, to: &Path) -> Result<()> {
    rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).at("rename to", to)?;
    super::sync_parent(to)?;
    super::sync_parent(from)
}

/// Renames over a name below a descriptor; the caller syncs the folder.
///
/// # Errors
/// [`crate::Error::Io`] with the new path.
pub fn rename_into(from: &Path, dir: &OwnedFd, name: &Path) -> Result<()> {
    rustix::fs::renameat(CWD, from, dir, name)
        .map_err(std::io::Error::from)
        .at_with("rename to", || super::shown(dir, name))
}

/// Removes a file or symlink; one that is gone is fine. True where it was there.
///
/// # Errors
/// [`crate::Error::Io`] with the path.
pub fn remove_file(path: &Path) -> Result<bool> {
    match rustix::fs::unlink(path) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(errno).at("remove", path),
    }
}
