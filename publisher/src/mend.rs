//! Mending names: every tree and union entry that should show an object leads to it, and none to what was found to be damaged.
//!
//! A name is never absent while it is mended: the new link is made in `incoming/`, where nobody sees it, and renamed over. The folder
//! is writable meanwhile; a crash leaves it so, which the next check finds. Names of what nothing heals are removed.

mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use pinfold_store::index::{Index, ObjectRow};
use pinfold_store::object::Linker;
use pinfold_store::{Code, Counter, Digest, Monitor, Name, Node, Record, RelPath, Store, disk};

use crate::check::{self, Fault};
use crate::layout::Www;
use crate::publish::{self, Locks, Lost, Published, published_dates};
use crate::{Error, Result};

pub use names::names_of;

/// From this many faults on a tree is built anew, which is faster and swaps it whole.
const FAULTS_MAX: usize = 2_000;

/// What was done to a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mended {
    /// What was wrong and is right now.
    pub mended: u64,
    /// Names that were removed, since their objects are lost.
    pub lost: u64,
}

/// Makes every name of an object lead to it, in published trees and in the union.
///
/// Durable: yes. Cost: one look at each name that the object has; nothing else of the trees.
///
/// # Errors
/// A name cannot be made.
pub fn relink(
    store: &Store,
    (index, row): (&Index, &ObjectRow),
    locks: Locks<'_>,
    monitor: &dyn Monitor,
) -> Result<u64> {
    let mut count = 0;
    for (tree, path) in names::in_trees(store, index, row.digest)? {
        let mender = Mender::open(store, &tree, locks, monitor)?;
        let now = tree.join(path.as_path()).symlink_metadata();
        if now.is_ok_and(|meta| meta.is_file() && check::is_object(store, row.digest, &meta)) {
            continue;
        }
        mender.link(&path, row.digest, row.size_bytes)?;
        disk::sync_path(&tree.join(parent(&path)))?;
        disk::point("tree-relinked");
        count += 1;
    }
    settle_union(store, (index, row.digest, Lost::Any), locks, monitor)?;
    Ok(count)
}

/// Removes every name of an object that is lost, so that nobody is served what it is not.
///
/// Durable: yes. Cost: as [`relink`].
///
/// # Errors
/// A name cannot be removed.
pub fn unlink(
    store: &Store,
    (index, digest): (&Index, Digest),
    locks: Locks<'_>,
    monitor: &dyn Monitor,
) -> Result<u64> {
    let mut count = 0;
    for (tree, path) in names::in_trees(store, index, digest)? {
        if Mender::open(store, &tree, locks, monitor)?.unlink(&path)? {
            disk::sync_path(&tree.join(parent(&path)))?;
            count += 1;
        }
    }
    settle_union(store, (index, digest, Lost::One(digest)), locks, monitor)?;
    Ok(count)
}

/// Brings the union's names of an object right, in every mirror that has it.
fn settle_union(
    store: &Store,
    (index, digest, lost): (&Index, Digest, Lost),
    locks: Locks<'_>,
    monitor: &dyn Monitor,
) -> Result<()> {
    let mut by_mirror: BTreeMap<Name, BTreeSet<RelPath>> = BTreeMap::new();
    for holder in index.holders(digest)? {
        by_mirror.entry(holder.mirror).or_default().insert(holder.path);
    }
    for (mirror, paths) in by_mirror {
        let Some(newest) = published_dates(store, &mirror)?.pop() else { continue };
        let record = store.record(&mirror, newest)?;
        publish::settle_paths(store, &record, (&paths, lost), (locks.writer, monitor))?;
    }
    Ok(())
}

/// Mends a dated tree by its manifest: names, links, modes; removes what the manifest does not name. A tree with very much wrong
/// is built anew and swapped in.
///
/// Objects that are not there are lost: their names go, and come back with the next publish after they were healed.
///
/// # Errors
/// The manifest cannot be read; a name cannot be made.
pub fn mend_tree(
    store: &Store,
    record: &Record,
    locks: Locks<'_>,
    monitor: &dyn Monitor,
) -> Result<Mended> {
    let tree = Www::new(store.root()).snapshot_tree(&record.mirror, record.taken);
    let (faults, _) = check::faults(store, record, monitor)?;
    if faults.is_empty() {
        return Ok(Mended::default());
    }
    let is_gone = faults.iter().any(|fault| fault.path == b"." && fault.code == Code::TreeDiffers);
    if is_gone || faults.len() > FAULTS_MAX {
        match publish::publish(store, &record.mirror, record.taken, locks, monitor) {
            Ok(Published::Rebuilt { findings }) => {
                return Ok(Mended { mended: u64::try_from(findings).unwrap_or(0), lost: 0 });
            }
            Ok(_) => return Ok(Mended { mended: 1, lost: 0 }),
            // One by one then: what is lost is left out.
            Err(Error::Store(pinfold_store::Error::MissingObject { .. })) if !is_gone => {}
            Err(error) => return Err(error),
        }
    }
    let mender = Mender::open(store, &tree, locks, monitor)?;
    let mut mended = Mended::default();
    // What stands in the way goes first; folders are closed when nothing is put into them any more.
    let rank = |fault: &Fault| match fault.code {
        Code::TreeExtra => 0,
        Code::TreeMode => 2,
        _ => 1,
    };
    for pass in 0..=2 {
        for fault in faults.iter().filter(|fault| rank(fault) == pass) {
            if mender.mend(fault)? { mended.mended += 1 } else { mended.lost += 1 }
        }
    }
    disk::sync_file_system(&tree)?;
    Ok(mended)
}

/// Mends names below one tree.
struct Mender<'a> {
    store: &'a Store,
    tree: &'a Path,
    top: OwnedFd,
    linker: Linker<'a>,
    monitor: &'a dyn Monitor,
}

impl<'a> Mender<'a> {
    fn open(
        store: &'a Store,
        tree: &'a Path,
        locks: Locks<'a>,
        monitor: &'a dyn Monitor,
    ) -> Result<Self> {
        let (top, linker) = (disk::open_dir(tree)?, Linker::new(store, locks.writer)?);
        Ok(Self { store, tree, top, linker, monitor })
    }

    /// Mends one fault. False where the object is lost; its name is gone then.
    fn mend(&self, fault: &Fault) -> Result<bool> {
        if fault.path == b"." {
            disk::set_mode(&self.top, 0o555, self.tree)?;
            return Ok(true);
        }
        let path = RelPath::parse(&fault.path)?;
        match (fault.code, &fault.wanted) {
            (Code::TreeExtra, _) => {
                self.remove(&path)?;
                Ok(true)
            }
            (Code::TreeMode, None) => {
                disk::set_mode_at(&self.top, path.as_path(), 0o555)?;
                Ok(true)
            }
            (Code::TreeMode, Some(_)) => {
                disk::set_mode_at(&self.top, path.as_path(), 0o444)?;
                Ok(true)
            }
            (_, Some(Node::Link { target })) => {
                self.point(&path, target)?;
                Ok(true)
            }
            (_, Some(Node::File { digest, size_bytes, .. })) => {
                if self.store.has_object(*digest, *size_bytes)? {
                    self.link(&path, *digest, *size_bytes)?;
                    return Ok(true);
                }
                self.unlink(&path)?;
                Ok(false)
            }
            // A folder that cannot be listed: its mode is all that we know to mend.
            (_, None) => {
                disk::set_mode_at(&self.top, path.as_path(), 0o555)?;
                Ok(true)
            }
        }
    }

    /// Lets something be done in a folder of the tree, which is made where it is missing, and closed again.
    fn within(&self, path: &RelPath, act: &dyn Fn(&OwnedFd, &Path) -> Result<()>) -> Result<()> {
        let (folder, name) = path.split();
        let folder = Path::new(std::ffi::OsStr::from_bytes(folder));
        let fd = if folder.as_os_str().is_empty() {
            disk::open_dir(self.tree)?
        } else if disk::stands(&self.tree.join(folder))? {
            disk::open_dir_at(&self.top, folder)?
        } else {
            self.make_folders(folder)?
        };
        let shown = self.tree.join(folder);
        disk::set_mode(&fd, 0o755, &shown)?;
        let done = act(&fd, Path::new(std::ffi::OsStr::from_bytes(name)));
        disk::set_mode(&fd, 0o555, &shown)?;
        done
    }

    /// Makes the folders above a name, each in one that is open meanwhile.
    fn make_folders(&self, folder: &Path) -> Result<OwnedFd> {
        let mut fd = disk::open_dir(self.tree)?;
        let mut shown = self.tree.to_owned();
        for part in folder {
            let part = Path::new(part);
            disk::set_mode(&fd, 0o755, &shown)?;
            let below = disk::make_dir_at(&fd, part);
            disk::set_mode(&fd, 0o555, &shown)?;
            fd = below?;
            shown.push(part);
        }
        Ok(fd)
    }

    /// Links an object under a name, over what stands there.
    fn link(&self, path: &RelPath, digest: Digest, size_bytes: u64) -> Result<()> {
        let (folder, aside) = self.aside()?;
        self.linker.link(digest, size_bytes, &folder, aside.as_bytes())?;
        self.put(path, &aside)?;
        self.monitor.count(Counter::Links, 1);
        Ok(())
    }

    /// Makes a symbolic link under a name, over what stands there.
    fn point(&self, path: &RelPath, target: &[u8]) -> Result<()> {
        let (folder, aside) = self.aside()?;
        disk::symlink_at(
            &folder,
            Path::new(&aside),
            Path::new(std::ffi::OsStr::from_bytes(target)),
        )?;
        self.put(path, &aside)
    }

    /// A name in `incoming/` that is free: of a run that died, what stands there is removed.
    fn aside(&self) -> Result<(OwnedFd, String)> {
        let incoming = Www::new(self.store.root()).incoming();
        let aside = format!("{}.0", std::process::id());
        disk::remove_file(&incoming.join(&aside))?;
        Ok((disk::open_dir(&incoming)?, aside))
    }

    /// Renames what was made aside over a name. A folder in its place is removed first.
    fn put(&self, path: &RelPath, aside: &str) -> Result<()> {
        let at = self.tree.join(path.as_path());
        if at.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            self.remove(path)?;
        }
        let from: PathBuf = Www::new(self.store.root()).incoming().join(aside);
        self.within(path, &|folder, name| Ok(disk::rename_into(&from, folder, name)?))?;
        // Two names of one inode: rename(2) does nothing then and leaves both.
        disk::remove_file(&from)?;
        Ok(())
    }

    /// Removes a name, and what is below it.
    fn remove(&self, path: &RelPath) -> Result<()> {
        let at = self.tree.join(path.as_path());
        self.within(path, &|_, _| {
            disk::remove_tree(&at)?;
            Ok(())
        })
    }

    /// Removes the name of a file; false where there is none.
    fn unlink(&self, path: &RelPath) -> Result<bool> {
        if !disk::stands(&self.tree.join(path.as_path()))? {
            return Ok(false);
        }
        self.remove(path)?;
        self.monitor.count(Counter::Unlinks, 1);
        Ok(true)
    }
}

fn parent(path: &RelPath) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(path.split().0))
}

/// Mends the union of a mirror: what it lacks, what is another, and what is no object at all.
///
/// # Errors
/// A name cannot be made or removed.
pub fn mend_union(
    store: &Store,
    mirror: &Name,
    locks: Locks<'_>,
    monitor: &dyn Monitor,
) -> Result<u64> {
    let mut count = 0;
    for path in check::strays_of_union(store, mirror)? {
        disk::remove_tree(&path)?;
        disk::sync_parent(&path)?;
        count += 1;
    }
    for taken in published_dates(store, mirror)? {
        let record = store.record(mirror, taken)?;
        if !store.is_whole_manifest(record.manifest) {
            continue;
        }
        let found = check::union(store, &record)?.findings.len();
        if found > 0 {
            publish::settle_whole(store, &record, locks.writer, monitor)?;
            count += u64::try_from(found).unwrap_or(0);
        }
    }
    Ok(count)
}
