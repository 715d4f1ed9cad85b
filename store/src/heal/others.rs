//! Other places that may have an object's bytes: the root of another store, or any folder.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::check::bytes::{Pace, hash};
use crate::error::{IoContext, Result};
use crate::index::ObjectRow;
use crate::{Digest, Store, disk};

/// Places that were looked through for the files that are wanted.
#[derive(Debug, Default)]
pub struct Others {
    stores: Vec<Store>,
    /// Files of other folders that have the size of a wanted object.
    by_size: HashMap<u64, Vec<PathBuf>>,
    /// What those are, once they were read.
    known: HashMap<PathBuf, Option<Digest>>,
}

impl Others {
    /// Looks through places for what may be one of the wanted objects. A folder that is a store's root is asked by names.
    ///
    /// Cost: one look at each file below the folders; files of a wanted size are read when they are asked for.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where a place cannot be listed; [`crate::Error::Newer`] where it is a newer store.
    pub fn open(places: &[PathBuf], wanted: &[ObjectRow]) -> Result<Self> {
        let mut others = Self::default();
        let sizes: HashSet<u64> = wanted.iter().map(|row| row.size_bytes).collect();
        for place in places {
            if disk::stands(&place.join("FORMAT"))? && disk::stands(&place.join("objects"))? {
                others.stores.push(Store::open(place)?);
            } else {
                others.look_through(place, &sizes)?;
            }
        }
        Ok(others)
    }

    /// The stores among the places.
    #[must_use]
    pub fn stores(&self) -> &[Store] {
        &self.stores
    }

    /// Notes the files below a folder that have one of the sizes; links are not followed.
    fn look_through(&mut self, top: &Path, sizes: &HashSet<u64>) -> Result<()> {
        let mut open = vec![top.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).at("list", &folder)? {
                let path = entry.at("list", &folder)?.path();
                // What is gone again, or may not be looked at, heals nothing.
                let Ok(meta) = path.symlink_metadata() else { continue };
                if meta.is_dir() {
                    open.push(path);
                } else if meta.is_file() && sizes.contains(&meta.size()) {
                    self.by_size.entry(meta.size()).or_default().push(path);
                }
            }
        }
        Ok(())
    }

    /// Gives the files that may have an object's bytes, for [`Store::heal`] to read.
    pub fn candidates(&mut self, row: &ObjectRow) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for store in &self.stores {
            found.push(store.object_path(row.digest));
            found.extend(store.replicas(row.digest));
        }
        for path in self.by_size.get(&row.size_bytes).into_iter().flatten() {
            let digest = self
                .known
                .entry(path.clone())
                .or_insert_with(|| hash(path, &Pace::new(None)).ok().map(|(digest, _)| digest));
            if *digest == Some(row.digest) {
                found.push(path.clone());
            }
        }
        found
    }
}
