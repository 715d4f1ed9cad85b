//! Removing whole trees.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use rayon::prelude::*;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::error::{IoContext, Result};

/// Removes a tree, folders without write permission included, relative to descriptors, in parallel; one that is gone is fine.
///
/// # Errors
/// [`crate::Error::Io`] with the first path that cannot be removed.
pub fn remove_tree(path: &Path) -> Result<()> {
    if !super::stands(path)? {
        return Ok(());
    }
    if std::fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_dir()) {
        return super::remove_file(path).map(drop);
    }
    let folder = super::open_dir(path)?;
    empty(&folder)?;
    drop(folder);
    match rustix::fs::unlinkat(rustix::fs::CWD, path, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno).at("remove", path),
    }
}

/// Removes what a folder holds.
fn empty(folder: &OwnedFd) -> Result<()> {
    super::set_mode(folder, 0o700, Path::new("a folder to be removed"))?;
    let mut below = Vec::new();
    for (name, kind) in list(folder)? {
        let name = Path::new(&name).to_owned();
        let unlinked = if kind == FileType::Directory {
            Err(Errno::ISDIR)
        } else {
            rustix::fs::unlinkat(folder, &name, AtFlags::empty())
        };
        match unlinked {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR) => below.push(name),
            Err(errno) => return Err(errno).at_with("remove", || super::shown(folder, &name)),
        }
    }
    below.par_iter().try_for_each(|name| {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let child = rustix::fs::openat(folder, name, flags, Mode::empty())
            .at_with("open", || super::shown(folder, name))?;
        empty(&child)?;
        drop(child);
        rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)
            .at_with("remove", || super::shown(folder, name))
    })
}

/// What one system call reads of a folder.
const LIST_BYTES: usize = 32 * 1024;

/// Reads a folder whole before anything in it is removed: what is removed while reading may be skipped.
pub(crate) fn list(folder: &OwnedFd) -> Result<Vec<(OsString, FileType)>> {
    let shown = || super::shown(folder, Path::new("."));
    let mut entries = Vec::new();
    let mut buffer = Vec::with_capacity(LIST_BYTES);
    let mut names = rustix::fs::RawDir::new(folder, buffer.spare_capacity_mut());
    while let Some(entry) = names.next() {
        let entry = entry.at_with("list", shown)?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            entries.push((OsString::from_vec(name.to_vec()), entry.file_type()));
        }
    }
    Ok(entries)
}
