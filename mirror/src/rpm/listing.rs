//! What the metadata of a repository name: the packages that are taken, and what clients do without.

use pinfold_store::{Algorithm, Monitor};

use super::metadata::Unpacked;
use super::primary::Package;
use super::select::Selection;
use super::{Module, Newest, Place};
use crate::gather::oddity;
use crate::supply::{Lack, Wanted};
use crate::{Error, Result};

/// The most files that a list may name, ten times as many as the largest has, and the most bytes of what is kept of it: what is
/// packed a thousandfold must not fill this machine's memory.
const FILES_MAX: usize = 1_000_000;
const TEXT_BYTES_MAX: usize = 512 << 20;

/// Counts what is kept of a list.
#[derive(Debug, Default)]
pub(super) struct Bound {
    files: usize,
    text_bytes: usize,
}

impl Bound {
    /// Counts one more; says why there may not be so many.
    pub(super) fn count(&mut self, text_bytes: usize) -> Result<(), String> {
        self.files += 1;
        self.text_bytes += text_bytes;
        if self.files > FILES_MAX {
            return Err(format!("the list has more than {FILES_MAX} entries"));
        }
        if self.text_bytes > TEXT_BYTES_MAX {
            return Err(format!(
                "names and paths in the list have more than {TEXT_BYTES_MAX} bytes"
            ));
        }
        Ok(())
    }
}

/// What was read of a repository's metadata.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The packages.
    pub(super) wanted: Vec<Wanted>,
    /// Which package each is, where versions are chosen among.
    pub(super) newest: Option<Newest>,
    /// Streams of modules, where versions are chosen among.
    pub(super) modules: Vec<Module>,
    /// Deltas between packages, which clients do without.
    pub(super) optional: Vec<Wanted>,
    /// What is not as listed.
    pub(super) lacks: Vec<Lack>,
    /// What packed metadata were seen to unpack to.
    pub(super) unpacked: Vec<Unpacked>,
    /// How many packages are named by a checksum at which dnf aborts, and the first of them.
    pub(super) aborts: Option<(u64, String)>,
    /// How much of them is kept.
    pub(super) bound: Bound,
}

impl Listing {
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.wanted.extend(other.wanted);
        self.newest = self.newest.or(other.newest);
        self.modules.extend(other.modules);
        self.optional.extend(other.optional);
        self.lacks.extend(other.lacks);
        self.unpacked.extend(other.unpacked);
        self.aborts = self.aborts.or(other.aborts);
        self
    }

    /// Adds a package that a list names.
    pub(super) fn add(
        &mut self,
        package: &Package<'_>,
        place: &Place,
        selection: &Selection,
    ) -> Result<()> {
        // A path that cannot be followed refuses the list, whether the package is taken or not.
        let path = package.path(place)?;
        if !selection.takes(package) {
            return Ok(());
        }
        let Package { name, epoch, version, release, architecture, .. } = *package;
        let names = [path.as_bytes(), name, epoch, version, release, architecture];
        let bytes = names.iter().map(|name| name.len()).sum();
        self.bound.count(bytes).map_err(|why| package.bad(&why))?;
        if package.checksum.algorithm() == Algorithm::Sha224 {
            self.aborts.get_or_insert_with(|| (0, path.to_string())).0 += 1;
        }
        if let Some(versions) = selection.newest {
            let newest = self.newest.get_or_insert_with(|| Newest::new(versions));
            newest.push(&package.into());
        }
        self.wanted.push(Wanted {
            path,
            also: Vec::new(),
            size_bytes: package.size_bytes,
            expect: package.checksum.into(),
            origin: 0,
        });
        Ok(())
    }

    /// Adds a stream of a module, where versions are chosen among.
    pub(super) fn add_module(&mut self, module: Module, shown: &str) -> Result<()> {
        for artifact in &module.artifacts {
            let bytes = artifact.name.len() + artifact.version.len() + artifact.release.len();
            let too_many = |why| Error::BadMetadata { path: shown.to_owned(), why };
            self.bound.count(bytes).map_err(too_many)?;
        }
        self.modules.push(module);
        Ok(())
    }

    /// Reports what makes dnf abort.
    pub(super) fn tell_aborts(&self, shown: &str, monitor: &dyn Monitor) {
        if let Some((count, first)) = &self.aborts {
            let why = format!(
                "{count} of its packages are named by a checksum SHA-224, at which dnf aborts, the first: {first}"
            );
            monitor.problem(&oddity(shown, &why));
        }
    }

    /// Leaves only the newest versions, and whole streams of modules.
    pub(super) fn narrow(&mut self) {
        let Some(mut newest) = self.newest.take() else { return };
        for module in std::mem::take(&mut self.modules) {
            newest.keep_module(&module);
        }
        let mut kept = newest.kept().into_iter();
        self.wanted.retain(|_| kept.next().unwrap_or(true));
    }
}

#[cfg(test)]
mod tests;
