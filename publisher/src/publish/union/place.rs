//! The names of the union on the disk: put right, or only weighed.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use pinfold_store::disk::{self, Weight};
use pinfold_store::object::Linker;
use pinfold_store::{Counter, Digest, IoContext, Monitor, RelPath};

use crate::Result;

/// What stands under a name in a snapshot.
pub(super) type Content = (Digest, u64);

/// Names, sorted, with what is to stand there; nothing where no published snapshot has the name.
pub(super) type Settled<'a> = [(&'a RelPath, Option<Content>)];

/// What is done with names.
pub(super) enum Place<'a> {
    /// They are put right.
    Put(Placing<'a>),
    /// They are only looked at.
    Weigh(Weighing),
}

impl Place<'_> {
    pub(super) fn all(&mut self, names: &Settled<'_>, monitor: &dyn Monitor) -> Result<()> {
        match self {
            Self::Put(placing) => placing.all(names, monitor),
            Self::Weigh(weighing) => weighing.all(names),
        }
    }

    /// The folders that came back, or would.
    pub(super) fn freed(&self) -> Result<Weight> {
        match self {
            Self::Put(placing) => Ok(placing.freed),
            Self::Weigh(weighing) => weighing.folders(),
        }
    }
}

/// Puts names right.
pub(super) struct Placing<'a> {
    linker: Linker<'a>,
    top: PathBuf,
    freed: Weight,
}

impl<'a> Placing<'a> {
    pub(super) const fn new(linker: Linker<'a>, top: PathBuf) -> Self {
        Self { linker, top, freed: Weight { bytes: 0, inodes: 0 } }
    }

    fn all(&mut self, names: &Settled<'_>, monitor: &dyn Monitor) -> Result<()> {
        disk::make_dirs(&self.top)?;
        let top = disk::open_dir(&self.top)?;
        let mut emptied: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut open: Option<(Vec<u8>, OwnedFd)> = None;
        for (name, wanted) in names {
            let (folder, last) = name.split();
            let Some((digest, size_bytes)) = *wanted else {
                if disk::remove_file(&self.top.join(name.as_path()))? {
                    monitor.count(Counter::Unlinks, 1);
                    emptied.insert(folder.to_vec());
                }
                continue;
            };
            if open.as_ref().is_none_or(|(path, _)| path != folder) {
                let below = if folder.is_empty() { b"." } else { folder };
                open = Some((folder.to_vec(), disk::make_dirs_at(&top, path(below))?));
            }
            if let Some((_, fd)) = &open
                && self.linker.link_over(digest, size_bytes, fd, last)?
            {
                monitor.count(Counter::Links, 1);
            }
        }
        for folder in emptied.into_iter().rev() {
            self.freed.add(disk::remove_empty_dirs(&self.top, path(&folder))?);
        }
        Ok(())
    }
}

fn path(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

/// Notes names that would go.
pub(super) struct Weighing {
    top: PathBuf,
    gone: BTreeSet<RelPath>,
}

impl Weighing {
    pub(super) fn new(top: PathBuf) -> Self {
        Self { top, gone: BTreeSet::new() }
    }

    /// What the folders take that would be empty then, from the deepest up.
    fn folders(&self) -> Result<Weight> {
        let mut weight = Weight::default();
        let depth = |folder: &[u8]| folder.iter().filter(|byte| **byte == b'/').count();
        let mut less: BTreeMap<(usize, Vec<u8>), usize> = BTreeMap::new();
        for name in &self.gone {
            let folder = name.split().0;
            *less.entry((depth(folder), folder.to_vec())).or_default() += 1;
        }
        while let Some(((_, folder), gone)) = less.pop_last() {
            if folder.is_empty() {
                continue;
            }
            let place = self.top.join(path(&folder));
            let entries = std::fs::read_dir(&place).at("list", &place)?.count();
            if entries > gone {
                continue;
            }
            weight.add(disk::weigh(&place)?);
            let end = folder.iter().rposition(|byte| *byte == b'/').unwrap_or_default();
            let above = &folder[..end];
            // A folder at the top and one below it have both no slash: the empty name is the top itself.
            *less.entry((depth(above), above.to_vec())).or_default() += 1;
        }
        Ok(weight)
    }

    fn all(&mut self, names: &Settled<'_>) -> Result<()> {
        for (name, _) in names.iter().filter(|(_, wanted)| wanted.is_none()) {
            if disk::stands(&self.top.join(name.as_path()))? {
                self.gone.insert((*name).clone());
            }
        }
        Ok(())
    }
}
