//! The reading of a scanned tree whose names say by themselves which class each is of.

use std::collections::BTreeSet;

use pinfold_store::{Class, Evidence, RelPath, scan};

/// What the names of a tree are.
#[derive(Debug, Clone)]
pub struct Reading {
    class: fn(&RelPath) -> Class,
    /// Root metadata, under every name that leads to it.
    roots: BTreeSet<RelPath>,
}

impl Reading {
    /// Makes the reading of a tree with this root metadata.
    pub(crate) const fn by_name(class: fn(&RelPath) -> Class, roots: BTreeSet<RelPath>) -> Self {
        Self { class, roots }
    }
}

impl scan::Reading for Reading {
    fn class(&self, path: &RelPath, _: Class) -> Class {
        (self.class)(path)
    }

    fn added(&self) -> Vec<(RelPath, RelPath)> {
        Vec::new()
    }

    fn roots(&self) -> Vec<RelPath> {
        self.roots.iter().cloned().collect()
    }

    fn evidence(&self) -> Evidence {
        Evidence::none()
    }
}
