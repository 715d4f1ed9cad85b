//! What was asked of an archive, as a record keeps it, and the archive made of it again.

use std::collections::BTreeMap;

use pinfold_store::Record;

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
