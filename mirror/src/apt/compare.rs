//! Comparing the indices of a tree with what its `Release` files list, and finding the by-hash names that it lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use pinfold_store::path::escape;
use pinfold_store::{Digest, Monitor, RelPath};
use sha2::{Digest as _, Sha256, Sha512};

use super::release::{Algorithm, Listed};
use crate::gather::problem;
use crate::links::Links;
use crate::unpack::{Form, unpacked};
use crate::{Error, Result, TreeReader};

/// The packed forms, in the order in which clients prefer them.
const PREFERRED: [Form; 6] = [Form::Xz, Form::Bz2, Form::Lzma, Form::Gz, Form::Lz4, Form::Zst];

/// A file of the tree.
pub(super) type Content = (Digest, u64);

/// A listed file, where it would stand, and where its by-hash name would.
pub(super) struct Want<'a> {
    pub(super) listed: &'a Listed,
    pub(super) real: RelPath,
    pub(super) by_hash: RelPath,
}

/// Compares what is listed with what is there; each content is read once.
pub(super) struct Comparing<'a> {
    tree: &'a dyn TreeReader,
    monitor: &'a dyn Monitor,
    found: BTreeMap<RelPath, Content>,
    /// Paths in by-hash folders, which an added name must not disturb.
    taken: BTreeSet<RelPath>,
    sums: BTreeMap<Digest, (String, String)>,
    /// What was reported, by path.
    bad: BTreeMap<RelPath, String>,
}

impl<'a> Comparing<'a> {
    /// Begins with nothing compared.
    pub(super) fn new(
        tree: &'a dyn TreeReader,
        monitor: &'a dyn Monitor,
        found: BTreeMap<RelPath, Content>,
        taken: BTreeSet<RelPath>,
    ) -> Self {
        Self { tree, monitor, found, taken, sums: BTreeMap::new(), bad: BTreeMap::new() }
    }

    /// Compares everything and gives the by-hash names to add, sorted, each with the file that it shows.
    pub(super) fn all(
        mut self,
        wants: &[Want<'_>],
        links: &Links,
    ) -> Result<Vec<(RelPath, RelPath)>> {
        let mut added = BTreeMap::new();
        for want in wants {
            self.compare(want, links, &mut added)?;
        }
        self.unpack_all(wants)?;
        match self.bad.first_key_value() {
            Some((path, flaw)) => {
                Err(Error::Mismatch { count: self.bad.len(), first: format!("{path}: {flaw}") })
            }
            None => Ok(added.into_iter().collect()),
        }
    }

    fn compare(
        &mut self,
        want: &Want<'_>,
        links: &Links,
        added: &mut BTreeMap<RelPath, RelPath>,
    ) -> Result<()> {
        let plain = self.found.get(&want.real).copied();
        let by_hash = links.resolve(&want.by_hash).and_then(|real| self.found.get(&real).copied());
        if let Some(content) = plain {
            self.check(&want.real, content, want.listed)?;
        }
        match (plain, by_hash) {
            (_, Some(content)) if Some(content) != plain => {
                self.check(&want.by_hash, content, want.listed)
            }
            (Some(_), None) if self.is_free(&want.by_hash) => {
                added.insert(want.by_hash.clone(), want.real.clone());
                Ok(())
            }
            (Some(_), None) => {
                let why = "something else stands there or above it, and clients fall back to the plain name";
                self.monitor.problem(&problem(&want.by_hash.to_string(), why));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Says whether a by-hash name can be added: nothing stands there, above it or below it.
    fn is_free(&self, path: &RelPath) -> bool {
        let bytes = path.as_bytes();
        let above = bytes
            .iter()
            .enumerate()
            .filter(|(_, b)| **b == b'/')
            .filter_map(|(at, _)| RelPath::parse(&bytes[..at]).ok());
        let next = self.taken.range(path..).next();
        next.is_none_or(|next| !next.is_below(bytes))
            && !above.into_iter().any(|folder| self.taken.contains(&folder))
    }

    fn check(
        &mut self,
        path: &RelPath,
        (digest, size_bytes): Content,
        listed: &Listed,
    ) -> Result<()> {
        let flaw = if size_bytes != listed.size_bytes {
            Some(format!("expected {} bytes, found {size_bytes}", listed.size_bytes))
        } else {
            let sums = self.sums(path, digest, size_bytes)?;
            let sum = if listed.algorithm == Algorithm::Sha512 { &sums.1 } else { &sums.0 };
            let name = listed.algorithm.name();
            (*sum != listed.hash).then(|| format!("expected {name} {}, found {sum}", listed.hash))
        };
        if let Some(flaw) = flaw {
            self.refuse(path, flaw);
        }
        Ok(())
    }

    fn refuse(&mut self, path: &RelPath, flaw: String) {
        if !self.bad.contains_key(path) {
            self.monitor.problem(&problem(&path.to_string(), &flaw));
            self.bad.insert(path.clone(), flaw);
        }
    }

    /// Unpacks the form of each package list that clients prefer, and compares it with what is listed for the plain form:
    /// clients do so too, and drop the suite.
    fn unpack_all(&mut self, wants: &[Want<'_>]) -> Result<()> {
        let mut seen = BTreeSet::new();
        let by_name: BTreeMap<(&[u8], Algorithm), &Want<'_>> = wants
            .iter()
            .map(|want| ((want.real.as_bytes(), want.listed.algorithm), want))
            .collect();
        for form in PREFERRED {
            for want in wants {
                let (stem, found) = Form::split(want.real.as_bytes());
                if found != form {
                    continue;
                }
                let name = stem.rsplit(|b| *b == b'/').next();
                let Some(content) = self.found.get(&want.real).copied() else { continue };
                let is_list = matches!(name, Some(b"Packages" | b"Sources"));
                if !is_list
                    || self.bad.contains_key(&want.real)
                    || !seen.insert((stem, want.listed.algorithm))
                {
                    continue;
                }
                if let Some(plain) = by_name.get(&(stem, want.listed.algorithm)) {
                    self.unpack(want, plain, (form, content))?;
                }
            }
        }
        Ok(())
    }

    fn unpack(
        &mut self,
        packed: &Want<'_>,
        plain: &Want<'_>,
        (form, (digest, size_bytes)): (Form, Content),
    ) -> Result<()> {
        let limit = plain.listed.size_bytes;
        let from = unpacked(form, self.tree.open(digest, size_bytes)?, limit);
        let sums = from.and_then(hash);
        let name = plain.real.to_string();
        let flaw = match sums {
            Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                Some(format!("it unpacks to more than the {limit} bytes of {name}"))
            }
            Err(error) => {
                Some(format!("it does not unpack: {}", escape(error.to_string().as_bytes())))
            }
            Ok((.., size)) if size < limit => {
                Some(format!("it unpacks to {size} bytes, expected {limit} of {name}"))
            }
            Ok((sha256, sha512, _)) => {
                let sum = if plain.listed.algorithm == Algorithm::Sha512 { sha512 } else { sha256 };
                (sum != plain.listed.hash).then(|| {
                    format!("it unpacks to {sum}, expected {} of {name}", plain.listed.hash)
                })
            }
        };
        if let Some(flaw) = flaw {
            self.refuse(&packed.real, flaw);
        }
        Ok(())
    }

    fn sums(
        &mut self,
        path: &RelPath,
        digest: Digest,
        size_bytes: u64,
    ) -> Result<(String, String)> {
        if let Some(known) = self.sums.get(&digest) {
            return Ok(known.clone());
        }
        let failed = |source| Error::Io { action: "read", path: path.as_path().to_owned(), source };
        let sums = hash(self.tree.open(digest, size_bytes)?).map_err(failed)?;
        let sums = (sums.0, sums.1);
        self.sums.insert(digest, sums.clone());
        Ok(sums)
    }
}

/// Hashes to the end: SHA-256, SHA-512 and the number of bytes.
fn hash(mut from: impl Read) -> std::io::Result<(String, String, u64)> {
    let (mut sha256, mut sha512, mut size) = (Sha256::new(), Sha512::new(), 0);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                sha256.update(&buffer[..read]);
                sha512.update(&buffer[..read]);
                size += u64::try_from(read).unwrap_or(u64::MAX);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((format!("{:x}", sha256.finalize()), format!("{:x}", sha512.finalize()), size))
}

#[cfg(test)]
mod tests;
