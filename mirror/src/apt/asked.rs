//! What was asked of an archive, as a record keeps it, and the archive made of it again.

use std::collections::BTreeMap;

use pinfold_store::Record;
use serde::Deserialize;

use super::Selection;
use super::suite::Archive;
use crate::archive::Belief;
use crate::sign::Keyring;
use crate::{Error, Result};

/// The word under which a record says that keys of old vendors were taken.
const WEAK_KEYS: &str = "weak-keys";
/// The word under which a record says that nobody had to sign.
const UNSIGNED: &str = "unsigned";

/// Writes down what is asked for, as a record keeps it.
pub(super) fn write(selection: &Selection, belief: &Belief) -> Result<toml::Table> {
    let mut asked = toml::Table::try_from(selection).map_err(|error| Error::BadMetadata {
        path: "the selection".to_owned(),
        why: error.to_string(),
    })?;
    for (key, is_set) in [(WEAK_KEYS, belief.weak_keys), (UNSIGNED, belief.keyring.is_none())] {
        if is_set {
            asked.insert(key.to_owned(), true.into());
        }
    }
    Ok(asked)
}

impl Archive {
    /// Makes the archive again that a snapshot was taken of.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] where the record's words are not understood.
    pub fn of(record: &Record, keyring: Option<Keyring>) -> Result<Self> {
        let mut asked = record.asked.clone();
        let weak_keys = asked.remove(WEAK_KEYS).is_some();
        asked.remove(UNSIGNED);
        let selection = Selection::deserialize(asked).map_err(|error| Error::BadMetadata {
            path: format!("the record of {}@{}", record.mirror, record.taken),
            why: error.message().to_owned(),
        })?;
        // Whether it was older or over was judged when it was taken.
        let belief = Belief {
            keyring,
            named_keys: None,
            signers: Vec::new(),
            weak_keys,
            allow_older: true,
            allow_expired: true,
        };
        let now = record.taken.seconds();
        Ok(Self { selection, belief, now, accepted: BTreeMap::new() })
    }
}
