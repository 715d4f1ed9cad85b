//! An archive as whoever follows or proves it sees it: what its family knows, behind one trait.

use std::collections::BTreeMap;

use pinfold_store::{Monitor, Name, Record, RelPath, Store, scan};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::family::Family;
use crate::sign::{Keyring, NamedKeys};
use crate::supply::{State, Supply};
use crate::{Error, Result, TreeReader};

/// Whom a mirror believes, and which rules its operator relaxed.
#[derive(Debug, Clone, Default)]
pub struct Belief {
    /// The keys; `None` where the archive has no signature that counts (`unsigned = true`).
    pub keyring: Option<Keyring>,
    /// The same for archives that sign with bare RSA keys, which signatures call by the names of their files.
    pub named_keys: Option<NamedKeys>,
    /// Accepted fingerprints; all of the keyring where empty.
    pub signers: Vec<String>,
    /// Takes keys of old vendors.
    pub weak_keys: bool,
    /// Takes root metadata that say they are older than the last.
    pub allow_older: bool,
    /// Takes root metadata that say they are over.
    pub allow_expired: bool,
}

impl Belief {
    /// Says whether root metadata have to be signed.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.keyring.is_some() || self.named_keys.is_some()
    }

    /// Names the rules that are relaxed, for the record.
    #[must_use]
    pub fn relaxed(&self) -> Vec<String> {
        let rules = [
            (self.weak_keys, "weak keys are accepted"),
            (self.allow_older, "a state older than the last was allowed"),
            (self.allow_expired, "Valid-Until is not checked"),
        ];
        rules.iter().filter(|(is_set, _)| *is_set).map(|(_, rule)| (*rule).to_owned()).collect()
    }
}

/// The word under which a record says that keys of old vendors were taken.
const WEAK_KEYS: &str = "weak-keys";
/// The word under which a record says that nobody had to sign the metadata.
const UNSIGNED: &str = "unsigned";

/// Writes down what is asked for and how it is judged, as a record keeps it.
pub(crate) fn asked(selection: &impl Serialize, belief: &Belief) -> Result<toml::Table> {
    let mut asked = toml::Table::try_from(selection).map_err(|error| Error::BadMetadata {
        path: "the selection".to_owned(),
        why: error.to_string(),
    })?;
    for (key, is_set) in [(WEAK_KEYS, belief.weak_keys), (UNSIGNED, !belief.is_signed())] {
        if is_set {
            asked.insert(key.to_owned(), true.into());
        }
    }
    Ok(asked)
}

/// Reads from a record what was asked for, to be judged again by some keyring: whether it was older or over was judged when it was
/// taken.
pub(crate) fn recorded<Selection: DeserializeOwned>(
    record: &Record,
    keyring: Option<Keyring>,
) -> Result<(Selection, Belief)> {
    let mut asked = record.asked.clone();
    let weak_keys = asked.remove(WEAK_KEYS).is_some();
    asked.remove(UNSIGNED);
    let selection = Selection::deserialize(asked).map_err(|error| Error::BadMetadata {
        path: format!("the record of {}@{}", record.mirror, record.taken),
        why: error.message().to_owned(),
    })?;
    let belief =
        Belief { keyring, weak_keys, allow_older: true, allow_expired: true, ..Belief::default() };
    Ok((selection, belief))
}

/// What is asked of an archive of some family, and whom to believe.
pub trait Archive: Sync {
    /// Gives the family.
    fn family(&self) -> Family;

    /// Asks for the root metadata that decides whether anything changed.
    ///
    /// # Errors
    /// There is none, or it could not be asked for.
    fn look(&self, supply: &mut dyn Supply) -> Result<()>;

    /// Finds the whole state. What is missing or wrong is in [`State::lacks`], as much of it as can be known.
    ///
    /// # Errors
    /// [`crate::Error::NotAuthentic`] where nobody vouches for root metadata, [`crate::Error::BadMetadata`] where metadata
    /// cannot be followed; whatever the supply fails with.
    fn survey(&self, supply: &mut dyn Supply, monitor: &dyn Monitor) -> Result<State>;

    /// Reads which class each name of a scanned tree is of, and which names to add.
    ///
    /// # Errors
    /// Its metadata cannot be followed.
    fn reading(
        &self,
        tree: &dyn TreeReader,
        monitor: &dyn Monitor,
    ) -> Result<Box<dyn scan::Reading>>;

    /// Writes down what is asked for, as a record keeps it: [`Family::archive_of`] reads it back.
    ///
    /// # Errors
    /// [`crate::Error::BadMetadata`] where it cannot be written.
    fn asked(&self) -> Result<toml::Table>;

    /// Says whom it believes.
    fn belief(&self) -> &Belief;

    /// Says whether files are left out that the metadata name.
    fn is_filtered(&self) -> bool;

    /// Says whether upstream's word that root metadata is unchanged is taken for it. Where mirrors of one name differ in age, a
    /// file that is older than what the server said last hides every later state.
    fn believes_validators(&self) -> bool;
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

impl std::fmt::Debug for dyn Archive + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Archive of family {}", self.family().name())
    }
}
