//! Which files a tree has: its folders looked into level by level, each once.
//!
//! No loop is possible: a path only grows, and how long it may get is bounded. A link that leads back to a folder above it looks
//! like folders without end, and is refused by their number.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Code, Finding, Monitor, RelPath};

use super::select::{DEPTH_MAX, Selection, levels};
use crate::page::{Kind, Page, Words};
use crate::supply::{Lack, Shown, Supplied, Supply};
use crate::{Error, Result};

/// How many folders are asked for before it is looked what came.
const BATCH: usize = 128;

/// How large a tree may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) folders: usize,
    pub(super) files: usize,
}

/// Twice as much as the largest archives have.
pub(super) const BOUNDS: Bounds = Bounds { folders: 200_000, files: 2_000_000 };

/// A tree whose folders are looked into.
pub(super) struct Walk<'a> {
    selection: &'a Selection,
    bounds: Bounds,
    /// Folders that were seen.
    folders: BTreeSet<RelPath>,
    /// Those of them that nobody looked into.
    pending: Vec<Option<RelPath>>,
    /// Files that were seen.
    seen: BTreeSet<RelPath>,
    /// Those of them that nobody took over.
    fresh: BTreeMap<RelPath, Option<Words>>,
}

impl<'a> Walk<'a> {
    /// Begins at the top.
    pub(super) fn new(selection: &'a Selection, bounds: Bounds) -> Self {
        Self {
            selection,
            bounds,
            folders: BTreeSet::new(),
            pending: vec![None],
            seen: BTreeSet::new(),
            fresh: BTreeMap::new(),
        }
    }

    /// Looks into every folder that is known and was not looked into, and into those below; gives the files that are taken.
    pub(super) fn go(
        &mut self,
        supply: &mut dyn Supply,
        lacks: &mut Vec<Lack>,
        monitor: &dyn Monitor,
    ) -> Result<BTreeMap<RelPath, Option<Words>>> {
        while !self.pending.is_empty() {
            let rest = self.pending.len().saturating_sub(BATCH);
            let batch = self.pending.split_off(rest);
            let shown = supply.folders(&batch)?;
            for (folder, shown) in batch.iter().zip(shown) {
                match (shown, folder) {
                    (Shown::Here(page), _) => self.take(folder.as_ref(), page, monitor)?,
                    (what @ Shown::Absent(_), Some(folder)) => {
                        lacks.push(Lack { path: folder.clone(), what: absent(what) });
                    }
                    (Shown::Absent(why), None) => {
                        let first = format!("{why}: no listing; does the server list folders?");
                        return Err(Error::Missing { count: 1, first });
                    }
                }
            }
        }
        let mut files = std::mem::take(&mut self.fresh);
        // Some servers show a link to a folder as both.
        files.retain(|path, _| !self.folders.contains(path));
        Ok(files)
    }

    /// Says whether folders are left to look into.
    pub(super) fn has_more(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Says whether a file was seen.
    pub(super) fn has(&self, path: &RelPath) -> bool {
        self.seen.contains(path)
    }

    /// Notes a file that a list of checksums names and no folder shows; says whether it is new.
    pub(super) fn note(&mut self, path: &RelPath) -> bool {
        self.seen.insert(path.clone())
    }

    /// Takes over what a folder shows.
    fn take(&mut self, folder: Option<&RelPath>, page: Page, monitor: &dyn Monitor) -> Result<()> {
        let shown = folder.map_or_else(|| "the listing".to_owned(), ToString::to_string);
        if page.odd_count > 0 {
            let detail = format!(
                "{} names cannot be kept and are left out: {}",
                page.odd_count,
                page.odd.join(", ")
            );
            monitor.problem(&Finding {
                code: Code::UpstreamMissing,
                subject: shown.clone(),
                detail,
                remedy: "[filter] exclude leaves the folder out; tell upstream".to_owned(),
            });
        }
        if !page.is_listing {
            let title = format!("{shown} is a page of its own: what it has no link to is left out");
            monitor.step(&title, None);
        }
        for item in page.items {
            match item.kind {
                Kind::Folder => self.enter(item.path)?,
                Kind::File if self.selection.takes(&item.path) => {
                    if self.seen.insert(item.path.clone()) {
                        self.fresh.insert(item.path, item.words);
                    }
                }
                Kind::File => {}
            }
        }
        if self.seen.len() > self.bounds.files {
            return Err(self.too_many("files", self.bounds.files, folder));
        }
        Ok(())
    }

    /// Notes a folder to look into.
    pub(super) fn enter(&mut self, folder: RelPath) -> Result<()> {
        if self.folders.contains(&folder) || !self.selection.enters(&folder) {
            return Ok(());
        }
        let level = levels(&folder) + 1;
        if level > usize::from(self.selection.depth) && !self.selection.brought {
            if self.selection.depth < DEPTH_MAX {
                return Ok(());
            }
            let why = format!(
                "it is more than {DEPTH_MAX} folders deep: a link that leads back looks like that; [filter] exclude leaves it out, depth = N follows no more than N levels"
            );
            return Err(Error::BadMetadata { path: folder.to_string(), why });
        }
        if self.folders.len() >= self.bounds.folders {
            return Err(self.too_many("folders", self.bounds.folders, Some(&folder)));
        }
        self.folders.insert(folder.clone());
        self.pending.push(Some(folder));
        Ok(())
    }

    fn too_many(&self, what: &str, most: usize, last: Option<&RelPath>) -> Error {
        let why = format!(
            "the tree has more than {most} {what}: narrow it by [filter] or depth, or follow it by rsync"
        );
        let path = last.map_or_else(|| "the listing".to_owned(), ToString::to_string);
        Error::BadMetadata { path, why }
    }
}

fn absent(shown: Shown) -> Supplied {
    match shown {
        Shown::Absent(why) => Supplied::Absent(why),
        Shown::Here(_) => Supplied::Folder,
    }
}

#[cfg(test)]
mod tests;
