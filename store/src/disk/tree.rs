//! Removing whole trees, and saying beforehand what that gives back.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use rayon::prelude::*;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::Weight;
use crate::error::{IoContext, Result};

/// Whether a tree goes, or is only looked at; the same walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    Remove,
    Weigh,
}

/// Removes a tree, folders without write permission included, relative to descriptors, in parallel; one that is gone is fine. Gives
/// what its folders and symbolic links took; its files are links to what others have.
///
/// # Errors
/// [`crate::Error::Io`] with the first path that cannot be removed.
pub fn remove_tree(path: &Path) -> Result<Weight> {
    walk(path, Walk::Remove)
}

/// Gives what [`remove_tree`] would.
///
/// # Errors
/// [`crate::Error::Io`] with the first path that cannot be read.
pub fn weigh_tree(path: &Path) -> Result<Weight> {
    walk(path, Walk::Weigh)
}

fn walk(path: &Path, how: Walk) -> Result<Weight> {
    if !super::stands(path)? {
        return Ok(Weight::default());
    }
    if std::fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_dir()) {
        let weight = super::weigh(path)?;
        if how == Walk::Remove {
            super::remove_file(path)?;
        }
        return Ok(weight);
    }
    let folder = super::open_dir(path)?;
    let weight = take_apart(&folder, how)?;
    drop(folder);
    if how == Walk::Weigh {
        return Ok(weight);
    }
    match rustix::fs::unlinkat(rustix::fs::CWD, path, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(weight),
        Err(errno) => Err(errno).at("remove", path),
    }
}

/// Removes what a folder holds, and gives what it and the folders and links below it take.
fn take_apart(folder: &OwnedFd, how: Walk) -> Result<Weight> {
    let own = rustix::fs::fstat(folder).at_with("look at", || super::shown(folder, Path::new(".")));
    let mut weight = Weight::of(&own?);
    if how == Walk::Remove {
        super::set_mode(folder, 0o700, Path::new("a folder to be removed"))?;
    }
    let mut below = Vec::new();
    for (name, kind) in list(folder)? {
        let name = Path::new(&name).to_owned();
        if matches!(kind, FileType::Symlink | FileType::Unknown) {
            let stat = rustix::fs::statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW)
                .at_with("look at", || super::shown(folder, &name))?;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => {
                    below.push(name);
                    continue;
                }
                FileType::Symlink => weight.add(Weight::of(&stat)),
                _ => {}
            }
        }
        let unlinked = match (kind, how) {
            (FileType::Directory, _) => Err(Errno::ISDIR),
            (_, Walk::Weigh) => Ok(()),
            (_, Walk::Remove) => rustix::fs::unlinkat(folder, &name, AtFlags::empty()),
        };
        match unlinked {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR) => below.push(name),
            Err(errno) => return Err(errno).at_with("remove", || super::shown(folder, &name)),
        }
    }
    let weights = below.par_iter().map(|name| below_of(folder, name, how));
    weight.add(weights.try_reduce(Weight::default, |one, other| Ok(one.and(other)))?);
    Ok(weight)
}

/// The same for a folder in a folder.
fn below_of(folder: &OwnedFd, name: &Path, how: Walk) -> Result<Weight> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let child = rustix::fs::openat(folder, name, flags, Mode::empty())
        .at_with("open", || super::shown(folder, name))?;
    let weight = take_apart(&child, how)?;
    drop(child);
    if how == Walk::Remove {
        rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)
            .at_with("remove", || super::shown(folder, name))?;
    }
    Ok(weight)
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
