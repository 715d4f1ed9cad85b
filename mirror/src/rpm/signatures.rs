//! The signatures that packages themselves carry: each is judged once by the same keys, and what was found is in the record.
//!
//! Checksums of signed metadata say which bytes are right without them. They are the chain where a vendor signs packages only.

use pinfold_store::{Digest, Entry, Monitor, Node, Record, RelPath};
use rayon::prelude::*;
use serde::Deserialize;

use super::archive::Archive;
use super::package::{self, Counts, Verdict};
use super::select::PackageSignatures;
use crate::gather::oddity;
use crate::supply::{Content, State, Supply};
use crate::{Error, Result};

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

    pub(crate) fn read(text: &str) -> Option<Self> {
        let (said, word) = text.split_once(' ')?;
        let (_, kind) = KINDS.iter().find(|(name, _)| *name == said)?;
        Some(Self { kind: *kind, word: word.to_owned() })
    }

    pub(crate) fn written(&self) -> String {
        let name = KINDS.iter().find(|(_, kind)| *kind == self.kind).map_or("", |(name, _)| name);
        format!("{name} {}", self.word)
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

/// A package and what it came to; whether the index knew.
pub(crate) type Found<'a> = (&'a RelPath, Digest, Judged, bool);

/// Judges every package of a state.
pub(super) fn check(
    archive: &Archive,
    supply: &mut dyn Supply,
    (entries, state): (&[&Entry], &mut State),
    monitor: &dyn Monitor,
) -> Result<()> {
    if supply.is_dry() {
        return Ok(());
    }
    let packages: Vec<(&RelPath, Content)> =
        entries.iter().copied().filter_map(package_of).collect();
    let title = "checking the packages' signatures";
    monitor.step(title, u64::try_from(packages.len()).ok());
    let keys = keys(archive)?;
    let shared: &dyn Supply = &*supply;
    let one = |(path, content): &(&'_ RelPath, Content)| {
        let judged = judge(archive, shared, (path, *content, keys))?;
        monitor.advance(1);
        Ok(judged)
    };
    let found: Vec<(Judged, bool)> = packages.par_iter().map(one).collect::<Result<_>>()?;
    let found: Vec<Found<'_>> = packages
        .iter()
        .zip(found)
        .map(|((path, content), (judged, is_known))| (*path, content.digest, judged, is_known))
        .collect();
    let anew: Vec<(Digest, String)> = found
        .iter()
        .filter(|(.., is_known)| !is_known)
        .map(|(_, digest, judged, _)| (*digest, judged.written()))
        .collect();
    // Remembered before a flaw refuses the state: the next attempt reads no package again.
    supply.remember_judged(keys, &anew)?;
    tell(archive.selection.package_signatures, &found, state, monitor)
}

/// Whatever a package is called: clients go by what the list says.
fn package_of(entry: &Entry) -> Option<(&RelPath, Content)> {
    match entry.node {
        Node::File { digest, size_bytes, .. } => {
            Some((&entry.path, Content { digest, size_bytes }))
        }
        Node::Link { .. } => None,
    }
}

/// Names keys and rules: what was judged by others is judged anew.
fn keys(archive: &Archive) -> Result<Digest> {
    let mut text = archive.vendors.armor()?;
    text.extend_from_slice(archive.belief.signers.join(" ").as_bytes());
    text.push(u8::from(archive.belief.weak_keys));
    Ok(Digest::of(&text))
}

fn judge(
    archive: &Archive,
    supply: &dyn Supply,
    (path, content, keys): (&RelPath, Content, Digest),
) -> Result<(Judged, bool)> {
    if let Some(known) = supply.judged(content, keys)?.and_then(|text| Judged::read(&text)) {
        return Ok((known, true));
    }
    let from = supply.open(content)?;
    let checked = package::check(from, &archive.vendors, &archive.rules(), &path.to_string());
    match checked {
        Ok(checked) => Ok((Judged::of(&checked.verdict), false)),
        Err(Error::BadMetadata { why, .. }) => Ok((Judged { kind: Kind::Bad, word: why }, false)),
        Err(error) => Err(error),
    }
}

/// Says what was found: in the record, as problems, or as the reason to refuse the state.
pub(crate) fn tell(
    signatures: PackageSignatures,
    found: &[Found<'_>],
    state: &mut State,
    monitor: &dyn Monitor,
) -> Result<()> {
    let mut counts = Counts::default();
    let mut flaws = Vec::new();
    for (path, _, judged, _) in found {
        counts.merge(&judged.counts());
        flaws.extend(judged.flaw().map(|why| (*path, why)));
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
