//! What the signatures of packages come to, of one and of many.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sign::Signer;

/// How many unknown keys are counted each by itself: their names are a stranger's to choose.
const NAMED_MAX: usize = 16;
/// What the rest of them is counted under.
const UNNAMED: &str = "others";

/// Who vouches for a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A key of the keyring vouches for all of it.
    Signed {
        /// Who.
        by: Signer,
        /// What is wrong now with the key, and which signatures do not count.
        notes: Vec<String>,
    },
    /// A key of the keyring vouches for its header, and nothing that is signed says what its payload is.
    HeaderOnly {
        /// Who.
        by: Signer,
        /// What is wrong now with the key, and which signatures do not count.
        notes: Vec<String>,
    },
    /// It carries no signature.
    Unsigned,
    /// It is signed, and by keys alone that are not in the keyring.
    UnknownKey {
        /// Their fingerprints or short names, in upper-case hexadecimal digits.
        names: Vec<String>,
    },
    /// It is signed, and no signature counts: too weak, or by a key that was revoked, or in a form that is not known.
    NotCounted {
        /// By whom, and why not.
        why: String,
    },
    /// It is not what was signed, or not what it says of itself.
    Bad {
        /// What differs.
        why: String,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed { by, .. } => write!(f, "signed by {}", by.fingerprint),
            Self::HeaderOnly { by, .. } => {
                write!(f, "signed header by {}, unsigned payload", by.fingerprint)
            }
            Self::Unsigned => f.write_str("unsigned"),
            Self::UnknownKey { names } => {
                write!(f, "signed by {}, not in the keyring", names.join(", "))
            }
            Self::NotCounted { why } => write!(f, "no signature counts: {why}"),
            Self::Bad { why } => f.write_str(why),
        }
    }
}

/// How many packages have which verdict, as a record keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Counts {
    /// How many carry no signature.
    pub unsigned: u64,
    /// How many carry none that counts, though a key is known.
    pub not_counted: u64,
    /// How many are not what was signed.
    pub bad: u64,
    /// How many are signed, by the fingerprint of the certificate.
    pub signed: BTreeMap<String, u64>,
    /// How many have a signed header and an unsigned payload, by the fingerprint of the certificate.
    pub header_only: BTreeMap<String, u64>,
    /// How many are signed by keys alone that are not in the keyring, by the name of the first.
    pub unknown_key: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts one package.
    pub fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Signed { by, .. } => add_to(&mut self.signed, &by.fingerprint, 1),
            Verdict::HeaderOnly { by, .. } => add_to(&mut self.header_only, &by.fingerprint, 1),
            Verdict::Unsigned => self.unsigned += 1,
            Verdict::UnknownKey { names } => {
                let name = names.first().map_or(UNNAMED, String::as_str);
                add_to(&mut self.unknown_key, name, 1);
            }
            Verdict::NotCounted { .. } => self.not_counted += 1,
            Verdict::Bad { .. } => self.bad += 1,
        }
    }

    /// Adds what another thread counted.
    pub fn merge(&mut self, other: &Self) {
        self.unsigned += other.unsigned;
        self.not_counted += other.not_counted;
        self.bad += other.bad;
        for (to, from) in [
            (&mut self.signed, &other.signed),
            (&mut self.header_only, &other.header_only),
            (&mut self.unknown_key, &other.unknown_key),
        ] {
            from.iter().for_each(|(name, count)| add_to(to, name, *count));
        }
    }

    /// Gives how many were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        let named = [&self.signed, &self.header_only, &self.unknown_key];
        let named: u64 = named.iter().flat_map(|counts| counts.values()).sum();
        self.unsigned + self.not_counted + self.bad + named
    }

    /// Says whether every package is signed, all of it, by a key of the keyring.
    #[must_use]
    pub fn is_all_signed(&self) -> bool {
        self.total() == self.signed.values().sum::<u64>()
    }
}

fn add_to(counts: &mut BTreeMap<String, u64>, name: &str, count: u64) {
    let name = if counts.len() < NAMED_MAX || counts.contains_key(name) { name } else { UNNAMED };
    *counts.entry(name.to_owned()).or_default() += count;
}

/// Shows the counts that are not zero, such as `60000 signed by KEY, 3 unsigned`.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (name, count) in &self.signed {
            parts.push(format!("{count} signed by {name}"));
        }
        for (name, count) in &self.header_only {
            parts.push(format!("{count} with an unsigned payload and a header signed by {name}"));
        }
        for (name, count) in &self.unknown_key {
            parts.push(format!("{count} signed by {name}, not in the keyring"));
        }
        for (count, what) in [
            (self.not_counted, "whose signatures do not count"),
            (self.unsigned, "unsigned"),
            (self.bad, "not what was signed"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        f.write_str(if parts.is_empty() { "no packages" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}
