//! What was asked of a tree, as a record keeps it, and how new the state was that was taken last.

use pinfold_store::{Name, Record, Stamp, Store};

use super::archive::Archive;
use super::reading::databases;
use super::select::Selection;
use crate::archive::{Belief, recorded};
use crate::rpm::PackageSignatures;
use crate::sign::Keyring;
use crate::{Error, Result, TreeReader};

impl Archive {
    /// Makes the archive again that a snapshot was taken of; `keyring` holds the certificates that vouched then.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] where the record's words are not understood.
    pub fn of(record: &Record, keyring: Option<Keyring>) -> Result<Self> {
        let (mut selection, belief) = recorded::<Selection>(record, keyring)?;
        // Packages are proved by their checksums; what their own signatures came to is in the record.
        selection.package_signatures = PackageSignatures::Unchecked;

        let (vendors, now) = (Keyring::default(), record.taken.seconds());
        Ok(Self { selection, belief, vendors, now, accepted: None })
    }

    /// Makes the archive that a scanned tree is by its own account: every repository in it, whole.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] where there is none.
    pub fn found_in(tree: &dyn TreeReader, belief: Belief, now: Stamp) -> Result<Self> {
        let databases = databases(tree)?;
        if databases.is_empty() {
            return Err(Error::BadMetadata {
                path: "REPOSITORY.db".to_owned(),
                why: "the tree has no database anywhere: repo-add makes it".to_owned(),
            });
        }
        let selection = Selection { databases, ..Selection::default() };
        let vendors = Keyring::default();
        Ok(Self { selection, belief, vendors, now: now.seconds(), accepted: None })
    }
}

/// Gives when upstream had changed last at the state that was taken last, in seconds since 1970, where it said so.
///
/// # Errors
/// The newest snapshot's record cannot be read.
pub fn accepted(store: &Store, mirror: &Name) -> Result<Option<i64>> {
    let Some(newest) = store.dates(mirror)?.pop() else { return Ok(None) };
    let proofs = store.record(mirror, newest)?.proofs;
    Ok(proofs.iter().filter_map(|proof| proof.date).max().map(Stamp::seconds))
}
