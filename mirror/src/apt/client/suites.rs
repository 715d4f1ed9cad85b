//! The suites of a published tree, as a client names them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pinfold_store::path::escape;

use super::{ClientInput, bad};
use crate::apt::heads::load;
use crate::apt::read::below;
use crate::apt::release::Release;
use crate::{Error, Result};

/// A suite.
pub(super) struct Suite {
    /// The archive's root below the mirror's top folder, without outer slashes.
    pub(super) base: String,
    /// What follows `Suites:`; of a flat archive a path with a slash at its end.
    pub(super) name: String,
    /// Its components; none where it is flat.
    pub(super) components: Vec<String>,
    pub(super) release: Release,
    /// Whether its signature is a file of its own.
    pub(super) is_paired: bool,
}

impl Suite {
    /// Says whether clients ask for indices by their hashes, which a switch does not disturb.
    pub(super) fn has_by_hash(&self) -> bool {
        self.release.field("Acquire-By-Hash").is_some_and(|value| {
            [&b"yes"[..], b"true", b"1"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
        })
    }
}

/// Lists the suites that are wanted, each under its own name and not under those of links to it, unless asked for.
pub(super) fn wanted(input: &ClientInput<'_>) -> Result<Vec<Suite>> {
    let mut real: BTreeMap<PathBuf, (bool, Suite)> = BTreeMap::new();
    let mut asked: BTreeMap<&str, Suite> = BTreeMap::new();
    let folders: BTreeSet<&[u8]> = input.roots.iter().map(|path| path.split().0).collect();
    for folder in folders {
        let at = below(folder, b"x")
            .map_or_else(|| input.tree.to_owned(), |path| input.tree.join(path.as_path()));
        let at = at.parent().unwrap_or(input.tree).to_owned();
        let suite = suite(&at, folder)?;
        if let Some(wanted) = input
            .suites
            .iter()
            .find(|wanted| **wanted == suite.name || format!("{wanted}/") == suite.name)
        {
            asked.entry(wanted).or_insert(suite);
        } else if input.suites.is_empty() {
            let place = at.canonicalize().map_err(|source| Error::Io {
                action: "find",
                path: at.clone(),
                source,
            })?;
            let is_own = place.ends_with(Path::new(&escape(folder)));
            let known = real.get(&place).is_some_and(|(own, _)| *own || !is_own);
            if !known {
                real.insert(place, (is_own, suite));
            }
        }
    }
    if let Some(lost) = input.suites.iter().find(|wanted| !asked.contains_key(wanted.as_str())) {
        return Err(bad("suite", lost.as_bytes(), "the mirror has no such suite"));
    }
    Ok(if input.suites.is_empty() {
        real.into_values().map(|(_, suite)| suite).collect()
    } else {
        asked.into_values().collect()
    })
}

/// Reads the suite in a folder of the tree.
fn suite(at: &Path, folder: &[u8]) -> Result<Suite> {
    let (base, name) = split_suite(folder)?;
    let release = load(at, folder)?;
    let mut components = Vec::new();
    if !name.ends_with('/') {
        let listed = release.field("Components").unwrap_or(b"main");
        for one in listed.split(u8::is_ascii_whitespace).filter(|one| !one.is_empty()) {
            // A component may be written with a path before it; clients compare the last part.
            let last = one.rsplit(|b| *b == b'/').next().unwrap_or(one);
            components.push(word("component", last)?);
        }
    }
    Ok(Suite { base, name, components, release, is_paired: !at.join("InRelease").exists() })
}

/// Splits a suite's folder at `dists` into the archive's root and the suite's name.
fn split_suite(folder: &[u8]) -> Result<(String, String)> {
    let parts: Vec<&[u8]> = folder.split(|b| *b == b'/').filter(|part| !part.is_empty()).collect();
    match parts.iter().position(|part| *part == b"dists") {
        Some(at) if at + 1 < parts.len() => {
            let base: Vec<String> =
                parts[..at].iter().map(|part| word("folder", part)).collect::<Result<_>>()?;
            Ok((base.join("/"), word("suite", &parts[at + 1..].join(b"/".as_slice()))?))
        }
        _ if parts.is_empty() => Ok((String::new(), "./".to_owned())),
        _ => Ok((String::new(), format!("{}/", word("suite", folder)?))),
    }
}

/// Checks a word that comes from the archive.
fn word(what: &'static str, bytes: &[u8]) -> Result<String> {
    let is_plain = |b: &u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'~' | b'/' | b':')
    };
    let starts_well = bytes.first().is_some_and(u8::is_ascii_alphanumeric);
    if starts_well && bytes.iter().all(is_plain) {
        return Ok(String::from_utf8_lossy(bytes).into_owned());
    }
    Err(bad(
        what,
        bytes,
        "it is made of letters, digits and ._-+~:/ and starts with a letter or digit",
    ))
}
