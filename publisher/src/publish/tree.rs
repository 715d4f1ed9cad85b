//! Building a tree: links in path order, relative to open folders, by all cores.

use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use pinfold_store::lock::Writer;
use pinfold_store::object::Linker;
use pinfold_store::store::FOLDER_BYTES;
use pinfold_store::{Counter, Entry, Monitor, Node, Record, Store, disk};
use rayon::prelude::*;

use crate::Result;

/// Entries that are decoded before they are linked.
const CHUNK: usize = 16_384;

/// What was built.
pub(super) struct Built {
    pub(super) links: u64,
    pub(super) folders: u64,
}

/// The entries of one folder, or of a part of it.
struct Group {
    folder: Vec<u8>,
    entries: Vec<Entry>,
}

/// Builds the tree of a snapshot at a free path. What stands there is of a run that crashed, and removed.
pub(super) fn build(
    store: &Store,
    record: &Record,
    aside: &Path,
    writer: &Writer,
    monitor: &dyn Monitor,
) -> Result<Built> {
    disk::remove_tree(aside)?;
    let folders = folders_of(store, record)?;
    let count = u64::try_from(folders.len()).unwrap_or_default() + 1;
    store.check_room(count * FOLDER_BYTES, count)?;
    disk::make_dir(aside)?;
    let builder = Builder {
        top: disk::open_dir(aside)?,
        linker: Linker::new(store, writer)?,
        links: AtomicU64::new(0),
    };
    monitor.step("linking files", Some(record.files + record.links));
    let mut groups: Vec<Group> = Vec::new();
    let mut waiting = 0;
    for entry in store.manifest(record.manifest)? {
        let entry = entry?;
        let folder = entry.path.split().0;
        match groups.last_mut().filter(|group| group.folder == folder) {
            Some(group) => group.entries.push(entry),
            None => groups.push(Group { folder: folder.to_vec(), entries: vec![entry] }),
        }
        waiting += 1;
        if waiting >= CHUNK {
            builder.link(&groups, monitor)?;
            groups.clear();
            waiting = 0;
        }
    }
    builder.link(&groups, monitor)?;
    folders
        .par_iter()
        .try_for_each(|folder| disk::set_mode_at(&builder.top, path(folder), 0o555))?;
    Ok(Built {
        links: builder.links.into_inner(),
        folders: u64::try_from(folders.len()).unwrap_or_default(),
    })
}

/// Lists the folders of a tree: what it costs, its files are there already.
fn folders_of(store: &Store, record: &Record) -> Result<Vec<Vec<u8>>> {
    let mut folders: Vec<Vec<u8>> = Vec::new();
    for entry in store.manifest(record.manifest)? {
        note_folders(&mut folders, entry?.path.split().0);
    }
    Ok(folders)
}

/// Notes a folder and those above it that were not noted: in path order, those of the last one are known.
fn note_folders(folders: &mut Vec<Vec<u8>>, folder: &[u8]) {
    if folder.is_empty() {
        return;
    }
    let known = folders.last().map_or(0, |last| {
        let mut shared = 0;
        for (at, (a, b)) in last.iter().chain(b"/").zip(folder.iter().chain(b"/")).enumerate() {
            if a != b {
                break;
            }
            if *a == b'/' {
                shared = at;
            }
        }
        shared
    });
    for (at, byte) in folder.iter().enumerate() {
        if *byte == b'/' && at > known {
            folders.push(folder[..at].to_vec());
        }
    }
    if folder.len() > known || folders.is_empty() {
        folders.push(folder.to_vec());
    }
}

fn path(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

struct Builder<'a> {
    top: OwnedFd,
    linker: Linker<'a>,
    links: AtomicU64,
}

impl Builder<'_> {
    fn link(&self, groups: &[Group], monitor: &dyn Monitor) -> Result<()> {
        groups.par_iter().with_min_len(16).try_for_each(|group| {
            let below;
            let folder = if group.folder.is_empty() {
                &self.top
            } else {
                below = disk::make_dirs_at(&self.top, path(&group.folder))?;
                &below
            };
            for entry in &group.entries {
                let name = entry.path.split().1;
                match &entry.node {
                    Node::File { digest, size_bytes, .. } => {
                        self.linker.link(*digest, *size_bytes, folder, name)?;
                    }
                    Node::Link { target } => disk::symlink_at(folder, path(name), path(target))?,
                }
            }
            let count = u64::try_from(group.entries.len()).unwrap_or_default();
            self.links.fetch_add(count, Ordering::Relaxed);
            monitor.count(Counter::Links, count);
            monitor.advance(count);
            Ok(())
        })
    }
}
