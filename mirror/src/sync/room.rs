//! What a state takes on the disk: said before anything of it is fetched.

use std::collections::BTreeSet;

use pinfold_store::store::FOLDER_BYTES;
use pinfold_store::{Entry, Node, RelPath};

use super::Planned;
use super::following::Following;
use crate::Result;
use crate::supply::{Stage, Wanted};

/// What is made to show a state once it is whole. Its files are there then; folders and symlinks take an inode each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Show {
    /// How often its folders are made: none where it is not shown at once.
    pub trees: u64,
    /// Symlinks.
    pub links: u64,
}

/// The folders of a tree.
#[derive(Debug, Default)]
pub(super) struct Folders(BTreeSet<Vec<u8>>);

impl Folders {
    /// Notes the folder of a path and those above it.
    pub(super) fn note(&mut self, path: &RelPath) {
        let mut folder = path.split().0;
        while !folder.is_empty() && !self.0.contains(folder) {
            self.0.insert(folder.to_vec());
            let end = folder.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
            folder = &folder[..end];
        }
    }

    /// Gives their number, with the tree's own.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

impl Planned {
    /// Gives the bytes and inodes that a run takes: what is fetched, and what is made to show it.
    #[must_use]
    pub const fn room(&self, show: Show) -> (u64, u64) {
        let folders = self.folders.saturating_mul(show.trees);
        (
            self.fetch_bytes.saturating_add(folders.saturating_mul(FOLDER_BYTES)),
            self.fetch_files.saturating_add(folders).saturating_add(show.links),
        )
    }
}

impl Following<'_> {
    /// Says what a state comes to.
    pub(super) fn planned(&self, entries: &[Entry]) -> Planned {
        let mut planned = self.planned;
        let mut folders = Folders::default();
        for entry in entries {
            folders.note(&entry.path);
            if let Node::File { size_bytes, .. } = entry.node {
                planned.files += 1;
                planned.bytes = planned.bytes.saturating_add(size_bytes);
            }
        }
        planned.folders = folders.count();
        planned
    }

    /// Counts what is lacking; for a dry run that is all.
    pub(super) const fn count_lacking(&mut self, (files, bytes): (u64, u64)) {
        self.planned.fetch_files += files;
        self.planned.fetch_bytes = self.planned.fetch_bytes.saturating_add(bytes);
    }

    /// Makes sure that what is fetched next fits above the reserve, and what is made to show it.
    pub(super) fn must_fit(
        &mut self,
        stage: Stage,
        wanted: &[Wanted],
        (files, bytes): (u64, u64),
    ) -> Result<()> {
        let show = if stage == Stage::Files { self.order.show } else { Show::default() };
        if show.trees > 0 {
            wanted.iter().for_each(|one| self.folders.note(&one.path));
        }
        let folders = self.folders.count();
        let all = Planned { fetch_files: files, fetch_bytes: bytes, folders, ..Planned::default() };
        let (bytes, files) = all.room(show);
        Ok(self.order.store.check_room(bytes, files)?)
    }
}

#[cfg(test)]
mod tests;
