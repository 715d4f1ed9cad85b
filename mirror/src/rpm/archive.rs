//! The whole state of a repository by its own metadata: `repomd.xml`, everything that it lists, the packages.
//!
//! The same for a sync, an ingest and a verification: only who supplies the files differs. The order is that of formats/rpm.md,
//! section 5: root metadata first, verified; then metadata; then packages.

use pinfold_store::{Class, Entry, Monitor, Record, RelPath, Stamp, scan};

use super::metadata::{self, Index};
use super::names::{MEDIA, is_root};
use super::root::{Repository, at};
use super::select::{Folder, PackageSignatures, Selection};
use super::{Metalink, installer, reading, signatures};
use crate::archive::{self, Belief};
use crate::family::Family;
use crate::gather::{Gathered, oddity, unique};
use crate::sign::Keyring;
use crate::supply::{State, Supply};
use crate::{Error, Result, TreeReader};

/// The largest of the small files that stand beside the metadata.
const SMALL_BYTES_MAX: u64 = 4 << 20;

/// What is asked of a tree of repositories, and whom to believe.
#[derive(Debug)]
pub struct Archive {
    /// What of it is mirrored.
    pub selection: Selection,
    /// Whom to believe about metadata.
    pub belief: Belief,
    /// Whom to believe about packages, where their own signatures are checked.
    pub vendors: Keyring,
    /// The clock, in seconds since 1970; for a snapshot that is proved again, when it was taken.
    pub now: i64,
    /// The states that upstream's own list of mirrors allows.
    pub metalink: Option<Metalink>,
}

impl archive::Archive for Archive {
    fn family(&self) -> Family {
        Family::Rpm
    }

    fn look(&self, supply: &mut dyn Supply) -> Result<()> {
        // One file a repository. Of a mirror that no longer moves it is what we have: the metalink knows better.
        self.selection.repositories.iter().try_for_each(|folder| {
            let (path, root) = self.repomd(supply, folder)?;
            self.must_be_listed(&root.bytes, &supply.place(&path)).map(drop)
        })
    }

    fn survey(&self, supply: &mut dyn Supply, monitor: &dyn Monitor) -> Result<State> {
        monitor.step("checking root metadata", None);
        let mut state = State::default();
        let mut found = Gathered::default();
        let mut repositories = Vec::new();
        for folder in &self.selection.repositories {
            repositories.push(self.open(supply, folder, monitor)?);
        }
        for (folder, repository) in self.selection.repositories.iter().zip(&mut repositories) {
            self.read(supply, (folder, repository), (&mut found, &mut state), monitor)?;
        }
        let packages: Vec<_> = repositories.iter().map(|one| one.packages.clone()).collect();
        for repository in repositories {
            state.roots.extend(repository.entries.iter().map(|entry| entry.path.clone()));
            found.entries.extend(repository.entries);
            state.proofs.push(repository.proof);
            state.relaxed.extend(repository.note);
            for voucher in repository.vouchers {
                if !state.vouchers.contains(&voucher) {
                    state.vouchers.push(voucher);
                }
            }
        }
        if state.lacks.is_empty()
            && self.selection.package_signatures != PackageSignatures::Unchecked
        {
            let packages: Vec<&Entry> =
                packages.into_iter().flat_map(|range| &found.entries[range]).collect();
            signatures::check(self, supply, (&packages, &mut state), monitor)?;
        }
        state.entries = found.into_entries()?;
        state.roots.sort_unstable();
        state.roots.dedup();
        Ok(state)
    }

    fn reading(&self, tree: &dyn TreeReader, _: &dyn Monitor) -> Result<Box<dyn scan::Reading>> {
        Ok(Box::new(reading::read(tree, &self.selection.repositories)?))
    }

    fn asked(&self) -> Result<toml::Table> {
        archive::asked(&self.selection, &self.belief)
    }

    fn belief(&self) -> &Belief {
        &self.belief
    }

    fn is_filtered(&self) -> bool {
        self.selection.is_filtered()
    }

    fn believes_validators(&self) -> bool {
        // A mirror that says "not modified since" of an older file hides every later state (formats/rpm.md, section 5).
        false
    }
}

impl Archive {
    /// Makes the archive again that a snapshot was taken of; `keyring` holds the certificates that vouched then.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] where the record's words are not understood.
    pub fn of(record: &Record, keyring: Option<Keyring>) -> Result<Self> {
        let (mut selection, belief) = archive::recorded::<Selection>(record, keyring)?;
        // Packages are proved by their checksums; what their own signatures came to is in the record.
        selection.package_signatures = PackageSignatures::Unchecked;
        let (vendors, now) = (Keyring::default(), record.taken.seconds());
        Ok(Self { selection, belief, vendors, now, metalink: None })
    }

    /// Makes the archive that a scanned tree is by its own account: every repository in it, whole.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] where there is none.
    pub fn found_in(tree: &dyn TreeReader, belief: Belief, now: Stamp) -> Result<Self> {
        let repositories = reading::repositories(tree)?;
        if repositories.is_empty() {
            return Err(Error::BadMetadata {
                path: "repodata/repomd.xml".to_owned(),
                why: "the tree has no such file anywhere: createrepo_c makes it, or dnf reposync --download-metadata brings upstream's".to_owned(),
            });
        }
        let selection = Selection { repositories, ..Selection::default() };
        let vendors = Keyring::default();
        Ok(Self { selection, belief, vendors, now: now.seconds(), metalink: None })
    }

    /// Finds everything that one repository names.
    fn read(
        &self,
        supply: &mut dyn Supply,
        (folder, repository): (&Folder, &mut Repository),
        (found, state): (&mut Gathered, &mut State),
        monitor: &dyn Monitor,
    ) -> Result<()> {
        monitor.step("getting metadata", None);
        let indices = metadata::get(supply, repository, state)?;
        if !state.lacks.is_empty() {
            return Ok(());
        }
        monitor.step("reading metadata", None);
        let mut listing =
            metadata::read(&*supply, (repository, &indices), &self.selection, monitor)?;
        supply.remember_unpacked(&listing.unpacked)?;
        state.lacks.append(&mut listing.lacks);
        if !state.lacks.is_empty() {
            return Ok(());
        }
        listing.narrow();
        add_indices(&indices, (found, state));
        let names = indices.len();
        let wanted = unique(listing.wanted)?;
        let packages = wanted.len();
        let from = found.entries.len();
        found.get(supply, &wanted, Class::Fixed, &mut state.lacks)?;
        repository.packages = from..found.entries.len();
        // A delta that is gone is passed over: clients take the whole package then.
        let mut without = Vec::new();
        let deltas = unique(listing.optional).or_else(|error| match error {
            Error::BadMetadata { path, why } => {
                monitor.problem(&oddity(&path, &format!("{why}: no delta is taken")));
                Ok(Vec::new())
            }
            other => Err(other),
        })?;
        found.get(supply, &deltas, Class::Fixed, &mut without)?;
        state.is_doubtful |= !without.is_empty();
        add_media(supply, folder, found)?;
        if self.selection.installer {
            installer::get(supply, folder, (found, state), monitor)?;
        }
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        repository.proof.indices = count(names);
        repository.proof.files = count(packages);
        Ok(())
    }
}

/// Adds metadata under their names; those that change in place are shown beside `repomd.xml`.
fn add_indices(indices: &[Index<'_>], (found, state): (&mut Gathered, &mut State)) {
    for index in indices {
        let path = index.data.path.clone();
        let class = if index.data.is_hash_named() {
            Class::Fixed
        } else if is_root(index.data) {
            state.roots.push(path.clone());
            Class::Root
        } else {
            Class::Other
        };
        found.add(path, index.content, class);
    }
}

/// Adds what SUSE's media have beside the metadata; zypper compares it to see whether it is on the same medium.
fn add_media(supply: &mut dyn Supply, folder: &Folder, found: &mut Gathered) -> Result<()> {
    for name in MEDIA {
        let path: RelPath = at(&folder.place(), name)?;
        match supply.root(&path, SMALL_BYTES_MAX)? {
            Some(root) => found.add(path, root.content, Class::Other),
            None if name == MEDIA[0] => return Ok(()),
            None => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
