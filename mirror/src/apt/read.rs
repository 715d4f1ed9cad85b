//! Reading a scanned tree: which names are root metadata, which never change, and which by-hash names to add.
//!
//! The tree is listed a few times and never held whole: only links, root metadata and what the `Release` files list are.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::path::escape;
use pinfold_store::{Class, Evidence, Monitor, Node, RelPath, scan};

use super::compare::{Comparing, Content, Want};
use super::release::{Algorithm, Listed, Release};
use super::{RELEASE_BYTES_MAX, ROOT_NAMES};
use crate::gather::problem;
use crate::links::Links;
use crate::{Error, Result, TreeReader};

/// What the metadata of an archive says about its names.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Root files that stand at their path themselves.
    real_roots: BTreeSet<RelPath>,
    roots: Vec<RelPath>,
    added: Vec<(RelPath, RelPath)>,
    /// What a `Release` lists: it changes under its name, whatever the name looks like.
    listed: BTreeSet<RelPath>,
}

impl scan::Reading for Reading {
    fn class(&self, path: &RelPath, _: Class) -> Class {
        if self.real_roots.contains(path) {
            Class::Root
        } else if is_by_hash(path)
            || (!self.listed.contains(path) && is_package(path.split().1))
            || is_patch(path)
        {
            Class::Fixed
        } else {
            Class::Other
        }
    }

    fn added(&self) -> Vec<(RelPath, RelPath)> {
        self.added.clone()
    }

    fn roots(&self) -> Vec<RelPath> {
        self.roots.clone()
    }
    fn evidence(&self) -> Evidence {
        Evidence::none()
    }
}

/// A suite: its folder (empty at the top), its `Release`, and the paths of its root metadata.
pub(super) struct Suite {
    pub(super) folder: Vec<u8>,
    pub(super) release: Release,
    roots: Vec<RelPath>,
}

/// Reads a scanned tree.
///
/// Every index that a `Release` lists and the tree has is read and compared. One that the tree lacks is left out by a
/// filtered mirror and is no problem here.
///
/// # Errors
/// [`Error::BadMetadata`] for a `Release` that cannot be followed; [`Error::Mismatch`] where files are not what it says,
/// after each was reported to the monitor.
pub fn read(tree: &dyn TreeReader, monitor: &dyn Monitor) -> Result<Reading> {
    monitor.step("reading the archive's metadata", None);
    let (links, suites) = suites(tree, monitor)?;
    let mut reading = Reading::default();
    let named: BTreeSet<RelPath> =
        suites.iter().flat_map(|suite| suite.roots.iter().cloned()).collect();
    reading.real_roots.extend(named.iter().filter(|path| !links.contains(path)).cloned());
    reading.roots = links.aliases(&named).into_iter().collect();
    let mut wanted = BTreeSet::new();
    let wants = wants(&suites, &links, &mut wanted);
    reading.listed.extend(wants.iter().map(|want| want.real.clone()));
    let mut taken = BTreeSet::new();
    let found = find(tree, &wanted, &mut taken)?;
    reading.added = Comparing::new(tree, monitor, found, taken).all(&wants, &links)?;
    Ok(reading)
}

/// Finds the suites of a tree, each in the folder where it stands itself, and the tree's links.
pub(super) fn suites(tree: &dyn TreeReader, monitor: &dyn Monitor) -> Result<(Links, Vec<Suite>)> {
    let (links, candidates) = candidates(tree)?;
    let wanted: BTreeSet<RelPath> =
        candidates.iter().filter_map(|path| links.resolve(path)).collect();
    let found = find(tree, &wanted, &mut BTreeSet::new())?;
    let folders: BTreeSet<&[u8]> = candidates.iter().map(|path| path.split().0).collect();
    let mut suites = Vec::new();
    for folder in folders {
        let get = |name: &str| {
            let path = below(folder, name.as_bytes())?;
            let real = candidates.contains(&path).then(|| links.resolve(&path)).flatten()?;
            Some((path, *found.get(&real)?))
        };
        if let Some(release) = suite(tree, &get, monitor)? {
            let roots = ROOT_NAMES.iter().filter_map(|name| Some(get(name)?.0)).collect();
            suites.push(Suite { folder: folder.to_vec(), release, roots });
        }
    }
    Ok((links, suites))
}

/// Lists the tree's links and whatever is named like root metadata.
fn candidates(tree: &dyn TreeReader) -> Result<(Links, BTreeSet<RelPath>)> {
    let mut links = Links::default();
    let mut found = BTreeSet::new();
    for entry in tree.entries()? {
        let entry = entry?;
        links.note(&entry);
        if ROOT_NAMES.iter().any(|name| entry.path.split().1 == name.as_bytes()) {
            found.insert(entry.path);
        }
    }
    Ok((links, found))
}

/// Looks up files; `taken` receives every path with a part named `by-hash`.
pub(super) fn find(
    tree: &dyn TreeReader,
    wanted: &BTreeSet<RelPath>,
    taken: &mut BTreeSet<RelPath>,
) -> Result<BTreeMap<RelPath, Content>> {
    let mut found = BTreeMap::new();
    for entry in tree.entries()? {
        let entry = entry?;
        if entry.path.as_bytes().split(|b| *b == b'/').any(|part| part == b"by-hash") {
            taken.insert(entry.path.clone());
        }
        if let Node::File { digest, size_bytes, .. } = entry.node
            && wanted.contains(&entry.path)
        {
            found.insert(entry.path, (digest, size_bytes));
        }
    }
    Ok(found)
}

/// Parses a folder's root metadata; `None` where it is no suite (every component has a small `Release` of its own).
fn suite(
    tree: &dyn TreeReader,
    get: &dyn Fn(&str) -> Option<(RelPath, Content)>,
    monitor: &dyn Monitor,
) -> Result<Option<Release>> {
    let plain = match get("Release") {
        None => None,
        Some((path, content)) => Some((path.to_string(), small(tree, &path, content)?)),
    };
    if let Some((path, content)) = get("InRelease") {
        let shown = path.to_string();
        let release = Release::parse_signed(&small(tree, &path, content)?, &shown)?;
        if let Some((other, text)) = plain
            && Release::parse(&text, &other).ok().as_ref() != Some(&release)
        {
            monitor.problem(&problem(
                &other,
                "it says something else than InRelease beside it, which is followed",
            ));
        }
        weak(&release, &shown, monitor);
        return Ok(Some(release));
    }
    let Some((shown, text)) = plain else { return Ok(None) };
    match Release::parse(&text, &shown) {
        Ok(release) if release.listed.is_empty() => Ok(None),
        Ok(release) => {
            weak(&release, &shown, monitor);
            Ok(Some(release))
        }
        Err(error) if get("Release.gpg").is_some() => Err(error),
        Err(error) => {
            monitor.problem(&problem(&shown, &format!("{error}; it is taken as any other file")));
            Ok(None)
        }
    }
}

/// Reports what clients will not like, and would not say clearly.
fn weak(release: &Release, shown: &str, monitor: &dyn Monitor) {
    let strong: Vec<&Listed> =
        release.listed.iter().filter(|file| file.algorithm.is_strong()).collect();
    if strong.is_empty() {
        monitor.problem(&problem(
            shown,
            "it has no list of SHA256 or SHA512 checksums: clients refuse it",
        ));
    }
    lonely(&strong, shown, monitor);
}

/// Reports lists of packages that are listed only in packed forms: apt decides by the plain name.
pub(super) fn lonely(listed: &[&Listed], shown: &str, monitor: &dyn Monitor) {
    let plain: BTreeSet<&[u8]> =
        listed.iter().filter(|file| file.is_plain()).map(|file| file.stem()).collect();
    let is_list =
        |stem: &[u8]| matches!(stem.rsplit(|b| *b == b'/').next(), Some(b"Packages" | b"Sources"));
    let lonely = |file: &&&Listed| is_list(file.stem()) && !plain.contains(file.stem());
    if let Some(file) = listed.iter().find(lonely) {
        let name = escape(file.stem());
        monitor.problem(&problem(shown, &format!("it does not list {name} itself, only compressed: clients see no packages, without a word")));
    }
}

/// Reads root metadata, which is small.
fn small(tree: &dyn TreeReader, path: &RelPath, (digest, size_bytes): Content) -> Result<Vec<u8>> {
    if size_bytes > RELEASE_BYTES_MAX {
        let why =
            format!("it has {size_bytes} bytes, and clients refuse more than {RELEASE_BYTES_MAX}");
        return Err(Error::BadMetadata { path: path.to_string(), why });
    }
    let bytes = crate::tree::read_bounded(tree.open(digest, size_bytes)?, RELEASE_BYTES_MAX);
    bytes.map_err(|source| Error::Io { action: "read", path: path.as_path().to_owned(), source })
}

/// Lists what the suites name with a strong checksum, links followed; `wanted` receives the paths to look up.
pub(super) fn wants<'a>(
    suites: &'a [Suite],
    links: &Links,
    wanted: &mut BTreeSet<RelPath>,
) -> Vec<Want<'a>> {
    let mut wants = Vec::new();
    for suite in suites {
        for listed in suite.release.listed.iter().filter(|listed| listed.algorithm.is_strong()) {
            let Some(path) = below(&suite.folder, listed.path.as_bytes()) else { continue };
            let Some(real) = links.resolve(&path) else { continue };
            let folder = path.split().0;
            let name = format!("by-hash/{}", listed.algorithm.name());
            let Some(by_hash) = below(folder, name.as_bytes()).and_then(|at| links.resolve(&at))
            else {
                continue;
            };
            let Ok(by_hash) = by_hash.join(listed.hash.as_bytes()) else { continue };
            wanted.extend([real.clone(), by_hash.clone()]);
            wanted.extend(links.resolve(&by_hash));
            wants.push(Want { listed, real, by_hash });
        }
    }
    wants
}

/// Joins a folder, which is empty at the top, and a path.
pub(super) fn below(folder: &[u8], path: &[u8]) -> Option<RelPath> {
    let whole = if folder.is_empty() { path.to_vec() } else { [folder, b"/", path].concat() };
    RelPath::parse(&whole).ok()
}

/// Says whether a path is `by-hash/ALGORITHM/HEX`: tools keep changing links beside those.
fn is_by_hash(path: &RelPath) -> bool {
    let mut parts = path.as_bytes().rsplit(|b| *b == b'/');
    let (Some(hash), Some(algorithm), Some(b"by-hash")) =
        (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let of = Algorithm::ALL.into_iter().find(|one| one.name().as_bytes() == algorithm);
    of.is_some_and(|one| {
        hash.len() == one.digits() && hash.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Says whether a path is a patch of an index: named by the times and the checksum that it leads from and to.
fn is_patch(path: &RelPath) -> bool {
    let (folder, name) = path.split();
    folder.ends_with(b".diff") && name.starts_with(b"T-")
}

/// Says whether a name is a package's: its version stands in it, behind an underscore.
fn is_package(name: &[u8]) -> bool {
    const BINARY: [&[u8]; 4] = [b".deb", b".udeb", b".ddeb", b".dsc"];
    const SOURCE: [&[u8]; 6] =
        [b".tar.gz", b".tar.xz", b".tar.bz2", b".tar.lzma", b".tar.zst", b".diff.gz"];
    let name = name.strip_suffix(b".asc").unwrap_or(name);
    BINARY.iter().any(|ending| name.ends_with(ending))
        || (name.contains(&b'_') && SOURCE.iter().any(|ending| name.ends_with(ending)))
}

#[cfg(test)]
mod tests;
