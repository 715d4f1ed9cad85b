//! Dated trees: built aside, made durable, shown by one rename; and taken down again.
//!
//! Order: tree, sync, union, rename, days and hours (I9). A leftover in `incoming/` says how far a crashed run came: its names leave the
//! union unless another published snapshot holds them, and it is removed.

pub mod at;
mod tree;
mod union;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use pinfold_store::disk::Weight;
use pinfold_store::lock::{SiteLock, Writer};
use pinfold_store::{IoContext, Monitor, Name, Record, Stamp, Store, disk};

use crate::layout::Www;
use crate::{Error, Result, check, pins};

pub(crate) use union::{Lost, settle_paths, settle_whole};

/// What publishing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// The tree stood and is as it should be.
    Standing,
    /// The tree was built.
    Built {
        /// Names that were linked.
        links: u64,
        /// Folders that were made.
        folders: u64,
    },
    /// The tree stood, was damaged, and was replaced without ever being absent.
    Rebuilt {
        /// What was wrong with it.
        findings: usize,
    },
}

/// The locks that publishing needs.
#[derive(Debug, Clone, Copy)]
pub struct Locks<'a> {
    /// The site's.
    pub site: &'a SiteLock,
    /// The store's, shared: no object is collected meanwhile.
    pub writer: &'a Writer,
}

/// Says whether a dated tree stands.
///
/// # Errors
/// That cannot be known.
pub fn is_published(store: &Store, mirror: &Name, taken: Stamp) -> Result<bool> {
    Ok(disk::stands(&Www::new(store.root()).snapshot_tree(mirror, taken))?)
}

/// Says whether all was done that publishing does: a run that died may have left a tree that stands, but not yet closed, or no day that
/// leads there. Cheap; the tree is not compared.
///
/// # Errors
/// That cannot be known.
pub fn is_complete(store: &Store, mirror: &Name, taken: Stamp) -> Result<bool> {
    let place = Www::new(store.root()).snapshot_tree(mirror, taken);
    let is_closed =
        std::fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_dir() && !is_open(&meta));
    Ok(is_closed && at::is_right(store, mirror, taken)?)
}

/// Lists the dates of a mirror whose trees stand, oldest first.
///
/// # Errors
/// They cannot be listed.
pub fn published_dates(store: &Store, mirror: &Name) -> Result<Vec<Stamp>> {
    let names = disk::names(&Www::new(store.root()).snapshots(mirror))?;
    let mut dates: Vec<Stamp> =
        names.iter().filter_map(|name| name.to_str().and_then(|name| name.parse().ok())).collect();
    dates.sort_unstable();
    Ok(dates)
}

/// Shows a snapshot at its dated path by hard links.
///
/// Holds: I9, the tree appears under its final name only when complete; what stands is in the union.
/// Durable: yes, once returned; a crash before leaves only a hidden tree, removed by the next call.
/// Cost: one link a file, one inode a folder; the union by difference. A tree that stands is compared with its manifest.
///
/// # Errors
/// [`pinfold_store::Error::MissingObject`] names the first object that is absent or has another size.
pub fn publish(
    store: &Store,
    mirror: &Name,
    taken: Stamp,
    locks: Locks<'_>,
    monitor: &dyn Monitor,
) -> Result<Published> {
    recover(store, locks, monitor)?;
    let www = Www::new(store.root());
    let record = store.record(mirror, taken)?;
    let place = www.snapshot_tree(mirror, taken);
    let done = if stands_as_folder(&place)? {
        close(&place)?;
        let tree = check::verify_tree(store, &record, monitor)?.findings.len();
        let union = check::union(store, &record)?.findings.len();
        if tree > 0 {
            rebuild(store, &record, &place, locks, monitor)?;
        } else if union > 0 {
            union::add_whole(store, &record, locks.writer, monitor)?;
        }
        match tree + union {
            0 => Published::Standing,
            findings => Published::Rebuilt { findings },
        }
    } else {
        build(store, &record, &place, locks, monitor)?
    };
    close(&place)?;
    close_others(store, mirror)?;
    disk::point("tree-closed");
    at::refresh(store, mirror, taken)?;
    disk::point("at-linked");
    Ok(done)
}

/// Says whether a tree's folder stands; what is there instead of one is nothing of ours, and removed.
fn stands_as_folder(place: &Path) -> Result<bool> {
    match std::fs::symlink_metadata(place) {
        Ok(meta) if meta.is_dir() => Ok(true),
        Ok(_) => {
            disk::remove_file(place)?;
            Ok(false)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).at("look at", place).map_err(Error::Store),
    }
}

/// The top folder becomes read-only after the rename: a folder that its owner may not write cannot be moved.
fn close(place: &Path) -> Result<()> {
    disk::set_mode(&disk::open_dir(place)?, 0o555, place)?;
    Ok(())
}

/// Closes the trees of a mirror that runs left open which died right after the rename.
fn close_others(store: &Store, mirror: &Name) -> Result<()> {
    let www = Www::new(store.root());
    for taken in published_dates(store, mirror)? {
        let place = www.snapshot_tree(mirror, taken);
        if std::fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_dir() && is_open(&meta)) {
            close(&place)?;
        }
    }
    Ok(())
}

fn is_open(meta: &std::fs::Metadata) -> bool {
    meta.permissions().mode() & 0o222 != 0
}

fn open(place: &Path) -> Result<()> {
    disk::set_mode(&disk::open_dir(place)?, 0o755, place)?;
    Ok(())
}

fn build(
    store: &Store,
    record: &Record,
    place: &Path,
    locks: Locks<'_>,
    monitor: &dyn Monitor,
) -> Result<Published> {
    let www = Www::new(store.root());
    let aside = www.incoming().join(format!("publish.{}.{}", record.mirror, record.taken));
    let built = tree::build(store, record, &aside, locks.writer, monitor)?;
    disk::point("tree-linked");
    disk::sync_file_system(&aside)?;
    disk::point("tree-synced");
    union::add(store, record, locks.writer, monitor)?;
    disk::point("union-added");
    let folder = www.snapshots(&record.mirror);
    if !disk::stands(&folder)? {
        disk::make_dir(&folder)?;
        disk::sync_parent(&folder)?;
    }
    disk::rename_new(&aside, place)?;
    disk::point("tree-renamed");
    Ok(Published::Built { links: built.links, folders: built.folders })
}

/// Replaces a damaged tree by a whole one, by one exchange of names.
fn rebuild(
    store: &Store,
    record: &Record,
    place: &Path,
    locks: Locks<'_>,
    monitor: &dyn Monitor,
) -> Result<()> {
    let aside = Www::new(store.root())
        .incoming()
        .join(format!("publish.{}.{}", record.mirror, record.taken));
    tree::build(store, record, &aside, locks.writer, monitor)?;
    disk::sync_file_system(&aside)?;
    union::add_whole(store, record, locks.writer, monitor)?;
    open(place)?;
    disk::exchange(&aside, place)?;
    disk::remove_tree(&aside)?;
    Ok(())
}

/// Takes a tree down; the snapshot stays kept and can be published again.
///
/// Durable: yes. Cost: the tree's names; the union by difference.
///
/// # Errors
/// [`Error::Held`] where a channel or pin shows it.
pub fn retire(
    store: &Store,
    mirror: &Name,
    taken: Stamp,
    locks: Locks<'_>,
    monitor: &dyn Monitor,
) -> Result<bool> {
    must_be_free(store, mirror, taken)?;
    Ok(take_down(store, mirror, taken, locks, monitor)?.is_some())
}

/// Takes a tree down that no pin holds any more, and gives what came back; `None` where it did not stand.
///
/// Durable: yes. Cost: the tree's names; the union by difference.
///
/// # Errors
/// [`Error::Held`] where a channel shows it.
pub fn take_down(
    store: &Store,
    mirror: &Name,
    taken: Stamp,
    locks: Locks<'_>,
    monitor: &dyn Monitor,
) -> Result<Option<Weight>> {
    let record = store.record(mirror, taken)?;
    if let Some(channel) = pins::channels_that_show(store, mirror, taken)?.pop() {
        let what = format!("{mirror}@{taken}");
        return Err(Error::Held { what, why: format!("is shown by {channel}") });
    }
    recover(store, locks, monitor)?;
    let www = Www::new(store.root());
    let place = www.snapshot_tree(mirror, taken);
    if !disk::stands(&place)? {
        return Ok(None);
    }
    union::make_readable(store, &record, locks.writer)?;
    let aside = www.incoming().join(format!("retired.{mirror}.{taken}"));
    open(&place)?;
    disk::rename_new(&place, &aside)?;
    disk::point("retire-renamed");
    clear(store, &aside, (mirror, taken), locks, monitor).map(Some)
}

/// Takes a tree that nothing describes any more out of the site, whole: it moves to [`Store::quarantine`], and no day leads there. Its
/// names stay in the union. Gives where it is, if it stood.
///
/// Durable: yes.
///
/// # Errors
/// It cannot be moved.
pub fn set_tree_aside(
    store: &Store,
    mirror: &Name,
    taken: Stamp,
    _locks: Locks<'_>,
) -> Result<Option<std::path::PathBuf>> {
    let place = Www::new(store.root()).snapshot_tree(mirror, taken);
    let mut aside = None;
    if disk::stands(&place)? {
        open(&place)?;
        aside = Some(store.move_aside(&place, &format!("{mirror}@{taken}.tree"))?);
    }
    at::forget(store, mirror, taken)?;
    Ok(aside)
}

/// Says what taking trees of a mirror down would give back; changes nothing.
///
/// # Errors
/// That cannot be known.
pub fn weigh(store: &Store, mirror: &Name, gone: &[Stamp]) -> Result<Weight> {
    let www = Www::new(store.root());
    let mut weight = union::weigh(store, mirror, gone)?;
    for taken in gone {
        weight.add(disk::weigh_tree(&www.snapshot_tree(mirror, *taken))?);
    }
    Ok(weight)
}

/// Refuses to take down what a channel or pin shows.
///
/// # Errors
/// [`Error::Held`] naming all that hold it.
pub fn must_be_free(store: &Store, mirror: &Name, taken: Stamp) -> Result<()> {
    let refs = pins::refs_that_show(store, mirror, taken)?;
    if refs.is_empty() {
        return Ok(());
    }
    Err(Error::Held {
        what: format!("{mirror}@{taken}"),
        why: format!("is shown by {}", refs.join(", ")),
    })
}

/// Completes what crashed runs left: half-built and half-removed trees.
///
/// # Errors
/// A leftover cannot be removed.
pub fn recover(store: &Store, locks: Locks<'_>, monitor: &dyn Monitor) -> Result<()> {
    let incoming = Www::new(store.root()).incoming();
    for name in disk::names(&incoming)? {
        if let Some((mirror, taken)) = name.to_str().and_then(leftover) {
            clear(store, &incoming.join(&name), (&mirror, taken), locks, monitor)?;
        }
    }
    Ok(())
}

/// Reads `publish.MIRROR.DATE` and `retired.MIRROR.DATE`.
fn leftover(name: &str) -> Option<(Name, Stamp)> {
    let rest = name.strip_prefix("publish.").or_else(|| name.strip_prefix("retired."))?;
    let (mirror, taken) = rest.rsplit_once('.')?;
    Some((mirror.parse().ok()?, taken.parse().ok()?))
}

/// Says whether a crashed run left a half-built or half-removed tree.
///
/// # Errors
/// The folder cannot be listed.
pub fn has_leftovers(store: &Store) -> Result<bool> {
    let names = disk::names(&Www::new(store.root()).incoming())?;
    Ok(names.iter().any(|name| name.to_str().and_then(leftover).is_some()))
}

/// Takes a tree's names out of the union, unless a published snapshot holds them, and removes it.
fn clear(
    store: &Store,
    aside: &Path,
    (mirror, taken): (&Name, Stamp),
    locks: Locks<'_>,
    monitor: &dyn Monitor,
) -> Result<Weight> {
    let mut weight = Weight::default();
    if store.dates(mirror)?.contains(&taken) {
        weight = union::reduce(store, &store.record(mirror, taken)?, locks.writer, monitor)?;
    }
    disk::point("union-reduced");
    weight.add(disk::remove_tree(aside)?);
    disk::point("tree-removed");
    Ok(weight)
}

#[cfg(test)]
mod tests;
