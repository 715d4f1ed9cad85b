//! What a promotion asks of a comparison: the document that a gate is given, and the share that went.

use pinfold_mirror::family::Family;
use pinfold_mirror::{Change, PackageChange};
use pinfold_store::manifest::{self, Change as FileChange};
use pinfold_store::{Entry, Monitor, Node, Record, Store};
use serde_json::Value;

use super::compare::{Side, changes, files, is_fixed, packages};
use super::shared_family;
use crate::failure::Failure;

/// How much of a snapshot is not in the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cmd) struct Lost {
    pub(in crate::cmd) count: u64,
    pub(in crate::cmd) of: u64,
    pub(in crate::cmd) what: &'static str,
}

impl Lost {
    /// Says whether it is more than a share, in percent.
    pub(in crate::cmd) fn is_more_than(self, percent: u8) -> bool {
        u128::from(self.count) * 100 > u128::from(self.of) * u128::from(percent)
    }
}

/// What `pinfold diff --json` prints, or would print of a channel that shows nothing yet: everything came.
pub(in crate::cmd) fn document(
    store: &Store,
    (old, new): (Option<&Record>, &Record),
    progress: &dyn Monitor,
) -> Result<Value, Failure> {
    let family = shared_family(old.unwrap_or(new), new);
    let by_package = family.filter(|family| *family != Family::Files);
    let found = by_package.map(|family| packages(store, family, (old, new), true, progress));
    let found = match found {
        Some(Ok(found)) => found,
        // Nothing in it lists packages: its files are what there is.
        Some(Err(_)) | None => files(store, (old, new), true)?,
    };
    Ok(found.into_json(old, new))
}

/// Counts what went from one snapshot to the next: packages, or where the family or these trees have none, files that clients name by
/// a checksum.
pub(in crate::cmd) fn lost(
    store: &Store,
    (old, new): (&Record, &Record),
    progress: &dyn Monitor,
) -> Result<Lost, Failure> {
    if old.manifest == new.manifest {
        return Ok(Lost { count: 0, of: 0, what: "packages" });
    }
    let family = shared_family(old, new).filter(|family| *family != Family::Files);
    if let Some(family) = family {
        let (was, is) = (Side::of(store, Some(old)), Side::of(store, Some(new)));
        let went = |new: &Side<'_>| removed(family, (&was, new), progress);
        match went(&is) {
            Ok(0) => return Ok(Lost { count: 0, of: 0, what: "packages" }),
            // All of it went, compared with nothing.
            Ok(count) => return Ok(Lost { count, of: went(&Side(None))?, what: "packages" }),
            Err(_no_packages) => {}
        }
    }
    lost_files(store, old, new)
}

fn removed(
    family: Family,
    sides: (&Side<'_>, &Side<'_>),
    progress: &dyn Monitor,
) -> Result<u64, Failure> {
    let mut count = 0;
    let mut each = |change: &PackageChange<'_>| {
        count += u64::from(matches!(change.change, Change::Removed(_)));
        Ok(())
    };
    let (lists, _) = changes(family, sides, &mut each, progress)?;
    if lists.old == 0 {
        return Err(Failure::usage("no list of packages"));
    }
    Ok(count)
}

/// Counts files of the class that matters, all of them where there is none of it.
fn lost_files(store: &Store, old: &Record, new: &Record) -> Result<Lost, Failure> {
    let is_file = |entry: &Entry| matches!(entry.node, Node::File { .. });
    let (mut fixed, mut all) = ((0, 0), (0, 0));
    for entry in store.manifest(old.manifest)? {
        let entry = entry?;
        fixed.1 += u64::from(is_fixed(&entry));
        all.1 += u64::from(is_file(&entry));
    }
    for change in manifest::diff(store.manifest(old.manifest)?, store.manifest(new.manifest)?) {
        if let FileChange::Removed(entry) = change? {
            fixed.0 += u64::from(is_fixed(&entry));
            all.0 += u64::from(is_file(&entry));
        }
    }
    let (count, of) = if fixed.1 > 0 { fixed } else { all };
    Ok(Lost { count, of, what: "files" })
}
