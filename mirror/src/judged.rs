//! What the signatures of packages come to, one by one: what the index remembers, what the record keeps, what is told or refused.
//!
//! The same for every family whose packages are signed by themselves; how a signature is found and judged is the family's.

mod verdict;

use pinfold_store::{Digest, Monitor, Record, RelPath};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use self::verdict::{Counts, Verdict};
use crate::archive::Belief;
use crate::gather::oddity;
use crate::sign::Keyring;
use crate::supply::{State, Supply};
use crate::{Error, Result};

/// What is done about the signatures that packages themselves carry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageSignatures {
    /// Nothing: the metadata's checksums say which bytes are right.
    #[default]
    Unchecked,
    /// They are checked, and what was found is in the snapshot's record.
    Report,
    /// A package that no key of the mirror's keyrings signed refuses the state.
    Require,
}

/// Says what the packages' own signatures came to, as a record keeps it; `None` where nobody looked, or in words of a later version.
#[must_use]
pub fn signatures_of(record: &Record) -> Option<Counts> {
    let packages = Some(&record.packages).filter(|packages| !packages.is_empty())?;
    Counts::deserialize(packages.clone()).ok()
}

/// What one package came to, as the index keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    kind: Kind,
    /// The key's fingerprint, or what is wrong.
    word: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Signed,
    HeaderOnly,
    Unsigned,
    UnknownKey,
    NotCounted,
    Bad,
}

/// The words that the index keeps.
const KINDS: [(&str, Kind); 6] = [
    ("signed", Kind::Signed),
    ("header", Kind::HeaderOnly),
    ("unsigned", Kind::Unsigned),
    ("unknown", Kind::UnknownKey),
    ("uncounted", Kind::NotCounted),
    ("bad", Kind::Bad),
];

impl Judged {
    /// Makes it of a verdict.
    pub(crate) fn of(verdict: &Verdict) -> Self {
        let (kind, word) = match verdict {
            Verdict::Signed { by, .. } => (Kind::Signed, by.fingerprint.clone()),
            Verdict::HeaderOnly { by, .. } => (Kind::HeaderOnly, by.fingerprint.clone()),
            Verdict::Unsigned => (Kind::Unsigned, String::new()),
            Verdict::UnknownKey { names } => {
                (Kind::UnknownKey, names.first().cloned().unwrap_or_default())
            }
            Verdict::NotCounted { why } => (Kind::NotCounted, why.clone()),
            Verdict::Bad { why } => (Kind::Bad, why.clone()),
        };
        Self { kind, word }
    }

    /// Reads what the index keeps; `None` for words of another version.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (said, word) = text.split_once(' ')?;
        let (_, kind) = KINDS.iter().find(|(name, _)| *name == said)?;
        Some(Self { kind: *kind, word: word.to_owned() })
    }

    /// Gives what the index keeps.
    pub(crate) fn written(&self) -> String {
        let name = KINDS.iter().find(|(_, kind)| *kind == self.kind).map_or("", |(name, _)| name);
        format!("{name} {}", self.word)
    }

    /// Says that a package is none at all.
    pub(crate) const fn bad(why: String) -> Self {
        Self { kind: Kind::Bad, word: why }
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        let named = match self.kind {
            Kind::Signed => &mut counts.signed,
            Kind::HeaderOnly => &mut counts.header_only,
            Kind::UnknownKey => &mut counts.unknown_key,
            Kind::Unsigned => {
                counts.unsigned = 1;
                return counts;
            }
            Kind::NotCounted => {
                counts.not_counted = 1;
                return counts;
            }
            Kind::Bad => {
                counts.bad = 1;
                return counts;
            }
        };
        named.insert(self.word.clone(), 1);
        counts
    }

    /// Says what is wrong, for people; `None` where nothing is.
    fn flaw(&self) -> Option<String> {
        Some(match self.kind {
            Kind::Signed => return None,
            Kind::HeaderOnly => {
                format!("its header is signed by {}, and nothing signs its payload", self.word)
            }
            Kind::Unsigned => "it carries no signature".to_owned(),
            Kind::UnknownKey => format!("it is signed by {}, not in the keyrings", self.word),
            Kind::NotCounted => format!("no signature of it counts: {}", self.word),
            Kind::Bad => self.word.clone(),
        })
    }
}

/// A package and what it came to.
pub(crate) struct Found {
    pub(crate) path: RelPath,
    pub(crate) digest: Digest,
    pub(crate) judged: Judged,
    /// What the index does not know yet.
    pub(crate) anew: Option<String>,
}

/// Names keys and rules: what was judged by others is judged anew. `custom` names how a family judges.
pub(crate) fn keys(vendors: &Keyring, belief: &Belief, custom: &[u8]) -> Result<Digest> {
    let mut text = vendors.armor()?;
    text.extend_from_slice(belief.signers.join(" ").as_bytes());
    text.push(u8::from(belief.weak_keys));
    text.extend_from_slice(custom);
    Ok(Digest::of(&text))
}

/// Judges every package of a state, each by `judge`.
pub(crate) fn check<T: Sync>(
    supply: &mut dyn Supply,
    (packages, keys): (&[T], Digest),
    judge: impl Fn(&dyn Supply, &T) -> Result<Found> + Sync,
    (signatures, state): (PackageSignatures, &mut State),
    monitor: &dyn Monitor,
) -> Result<()> {
    monitor.step("checking the packages' signatures", u64::try_from(packages.len()).ok());
    let shared: &dyn Supply = &*supply;
    let one = |package: &T| {
        let found = judge(shared, package)?;
        monitor.advance(1);
        Ok(found)
    };
    let found: Vec<Found> = packages.par_iter().map(one).collect::<Result<_>>()?;
    let anew = found.iter().filter_map(|one| Some((one.digest, one.anew.clone()?)));
    let anew: Vec<(Digest, String)> = anew.collect();
    // Remembered before a flaw refuses the state: the next attempt reads no package again.
    supply.remember_judged(keys, &anew)?;
    tell(signatures, (&found, state), monitor)
}

/// Says what was found: in the record, as problems, or as the reason to refuse the state.
fn tell(
    signatures: PackageSignatures,
    (found, state): (&[Found], &mut State),
    monitor: &dyn Monitor,
) -> Result<()> {
    let mut counts = Counts::default();
    let mut flaws = Vec::new();
    for one in found {
        counts.merge(&one.judged.counts());
        flaws.extend(one.judged.flaw().map(|why| (&one.path, why)));
    }
    state.packages = toml::Table::try_from(&counts).map_err(|error| Error::BadMetadata {
        path: "the packages' signatures".to_owned(),
        why: error.to_string(),
    })?;
    let Some((path, why)) = flaws.first() else { return Ok(()) };
    let why = format!("{why}; of {} packages {counts}", found.len());
    if signatures == PackageSignatures::Require {
        return Err(Error::NotAuthentic { path: path.to_string(), why });
    }
    monitor.problem(&oddity(&path.to_string(), &why));
    Ok(())
}

#[cfg(test)]
mod tests;
