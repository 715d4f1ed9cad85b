//! What was asked of an archive, as a record keeps it, and what was accepted of it.

use std::collections::BTreeMap;

use pinfold_store::{Name, Record, RelPath, Store};

use super::suite::Archive;
use crate::Result;
use crate::archive::recorded;
use crate::sign::Keyring;

impl Archive {
    /// Makes the archive again that a snapshot was taken of.
    ///
    /// # Errors
    /// [`crate::Error::BadMetadata`] where the record's words are not understood.
    pub fn of(record: &Record, keyring: Option<Keyring>) -> Result<Self> {
        let (selection, belief) = recorded(record, keyring)?;
        let now = record.taken.seconds();
        Ok(Self { selection, belief, now, accepted: BTreeMap::new() })
    }
}

/// Gives the dates of root metadata that were accepted last: those of the newest snapshot, in seconds since 1970.
///
/// # Errors
/// The newest snapshot's record cannot be read.
pub fn accepted(store: &Store, mirror: &Name) -> Result<BTreeMap<RelPath, i64>> {
    let Some(newest) = store.dates(mirror)?.pop() else { return Ok(BTreeMap::new()) };
    let proofs = store.record(mirror, newest)?.proofs.into_iter();
    Ok(proofs.filter_map(|proof| Some((proof.root, proof.date?.seconds()))).collect())
}
