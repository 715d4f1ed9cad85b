//! The root metadata that a channel shows: a suite's `Release` with a date that only moves forward, signed by us.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pinfold_store::RelPath;
use pinfold_store::path::escape;

use super::read::below;
use super::release::{Release, Remake};
use super::{RELEASE_BYTES_MAX, ROOT_NAMES};
use crate::tree::read_file;
use crate::{Error, Key, Result};

/// Whose signature a channel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signed {
    /// Ours: clients obey a rollback.
    #[default]
    Local,
    /// Upstream's: the bytes as they are.
    Upstream,
}

/// What is needed to make the root metadata of one mirror in one generation.
#[derive(Debug, Clone)]
pub struct HeadsInput<'a> {
    /// The published dated tree.
    pub tree: &'a Path,
    /// The paths of class root, those through symlinked folders included.
    pub roots: &'a [RelPath],
    /// The `Date` to give out, in seconds since 1970.
    pub date: i64,
    /// The signing key.
    pub key: &'a Key,
    /// Whose signature to show.
    pub signed: Signed,
    /// What stands in the field `Snapshots`: a URL with `@SNAPSHOTID@` and a slash at its end.
    pub snapshots_url: Option<String>,
}

/// Makes the root metadata of every suite among the roots: `InRelease`, `Release` and `Release.gpg`, all three whichever
/// upstream has; with upstream's signature only those that it has, as they are. Sorted by path.
///
/// Index files that the tree does not have are not listed: a client that asks for them in vain drops the whole suite.
///
/// # Errors
/// A root file that cannot be read or followed; a URL that cannot stand in a field; a key that cannot sign.
pub fn heads(input: &HeadsInput<'_>) -> Result<Vec<(RelPath, Vec<u8>)>> {
    if let Some(url) = &input.snapshots_url {
        check_snapshots_url(url)?;
    }
    match input.signed {
        Signed::Upstream => upstream(input),
        Signed::Local => local(input),
    }
}

fn upstream(input: &HeadsInput<'_>) -> Result<Vec<(RelPath, Vec<u8>)>> {
    let sorted: BTreeSet<&RelPath> = input.roots.iter().collect();
    let whole = |path: &RelPath| {
        Ok((path.clone(), read_file(&input.tree.join(path.as_path()), RELEASE_BYTES_MAX)?))
    };
    sorted.into_iter().map(whole).collect()
}

fn local(input: &HeadsInput<'_>) -> Result<Vec<(RelPath, Vec<u8>)>> {
    // One folder may be reached under several names: it is signed once, so that all show the same bytes.
    let mut made: BTreeMap<PathBuf, [Vec<u8>; 3]> = BTreeMap::new();
    let mut heads = BTreeMap::new();
    let folders: BTreeSet<&[u8]> = input.roots.iter().map(|path| path.split().0).collect();
    for folder in folders {
        let at = input
            .tree
            .join(below(folder, b"x").as_ref().map_or(Path::new("x"), |path| path.as_path()));
        let at = at.parent().unwrap_or(input.tree);
        let real = at.canonicalize().map_err(|source| Error::Io {
            action: "find",
            path: at.to_owned(),
            source,
        })?;
        if !made.contains_key(&real) {
            let texts = remake(input, &real, folder)?;
            made.insert(real.clone(), texts);
        }
        let texts = made.get(&real).into_iter().flatten();
        heads.extend(
            ROOT_NAMES
                .iter()
                .zip(texts)
                .filter_map(|(name, text)| Some((below(folder, name.as_bytes())?, text.clone()))),
        );
    }
    Ok(heads.into_iter().collect())
}

/// Makes the three root files of a suite's folder, in the order of [`ROOT_NAMES`].
fn remake(input: &HeadsInput<'_>, at: &Path, folder: &[u8]) -> Result<[Vec<u8>; 3]> {
    let release = load(at, folder)?;
    let absent = absent(&release, at);
    let text = release.remade(&Remake {
        date: input.date,
        snapshots_url: input.snapshots_url.as_deref(),
        absent: &absent,
    });
    let signature = input.key.sign_detached(&text, input.date)?;
    Ok([input.key.clearsign(&text, input.date)?, text, signature])
}

/// Reads the root metadata of a suite's folder on disk.
pub(super) fn load(at: &Path, folder: &[u8]) -> Result<Release> {
    let signed = at.join("InRelease");
    let shown = |name: &str| {
        below(folder, name.as_bytes()).map_or_else(|| escape(folder), |path| path.to_string())
    };
    if signed.exists() {
        Release::parse_signed(&read_file(&signed, RELEASE_BYTES_MAX)?, &shown("InRelease"))
    } else {
        Release::parse(&read_file(&at.join("Release"), RELEASE_BYTES_MAX)?, &shown("Release"))
    }
}

/// Finds the listed files that a client must not be sent to.
///
/// An index stands in several forms; of one that is there in any form the plain name stays (apt decides by it), and so
/// does an empty index. Where nothing at all is there, everything stays as it is.
fn absent(release: &Release, at: &Path) -> BTreeSet<RelPath> {
    let mut stems: BTreeMap<&[u8], bool> = BTreeMap::new();
    let mut missing = BTreeSet::new();
    for file in &release.listed {
        let folder = file.path.as_path().parent().unwrap_or(Path::new(""));
        let by_hash = folder.join("by-hash").join(file.algorithm.name()).join(&file.hash);
        let is_here = at.join(file.path.as_path()).is_file() || at.join(by_hash).is_file();
        let is_empty = file.is_plain() && file.size_bytes == 0;
        *stems.entry(file.stem()).or_default() |= is_here || is_empty;
        if !is_here {
            missing.insert(file.path.clone());
        }
    }
    for file in &release.listed {
        let folder = file.path.as_path().parent().unwrap_or(Path::new(""));
        let by_hash = folder.join("by-hash").join(file.algorithm.name()).join(&file.hash);
        let is_empty = file.is_plain() && file.size_bytes == 0;
        let is_known = stems.get(file.stem()).copied().unwrap_or(false);
        if (file.is_plain() && is_known) || is_empty || at.join(by_hash).is_file() {
            missing.remove(&file.path);
        }
    }
    let all: BTreeSet<&RelPath> = release.listed.iter().map(|file| &file.path).collect();
    if missing.len() == all.len() { BTreeSet::new() } else { missing }
}

/// Refuses what cannot stand in a field or is not what apt makes a URL of.
pub(super) fn check_snapshots_url(url: &str) -> Result<()> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_clean = url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b';'));
    if is_web && is_clean && url.ends_with('/') && url.contains("@SNAPSHOTID@") {
        return Ok(());
    }
    let why = "it is an http or https URL with @SNAPSHOTID@ and a slash at its end";
    Err(Error::BadText { what: "URL of snapshots", value: escape(url.as_bytes()), why })
}

#[cfg(test)]
mod tests;
