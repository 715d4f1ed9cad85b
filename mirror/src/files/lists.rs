//! What lists of checksums say of a tree's files, and which of them somebody vouches for.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Algorithm, Checksum, Proof, RelPath};

use super::names::{Sheet, sheet, signed};
use super::sums::{self, Line};
use crate::archive::Belief;
use crate::sign::{self, Verified};
use crate::supply::{Content, Supply, Voucher};
use crate::tree::read_bounded;
use crate::{Error, Result};

/// What is larger is no list of checksums, whatever its name says.
const LIST_BYTES_MAX: u64 = 64 << 20;
/// The most files that all lists may name.
const NAMES_MAX: usize = 4_000_000;
/// How a clear-signed message begins.
const MESSAGE: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
/// How an armored signature begins.
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
/// The ends of signatures' names.
const ENDS: [&[u8]; 4] = [b".gpg", b".asc", b".sign", b".sig"];

/// What a list says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) sum: Checksum,
    /// Somebody who is believed signed it, and nobody can make a second content for it.
    pub(super) is_proved: bool,
    /// Which list, by its number.
    list: usize,
}

impl Claim {
    /// What counts more: what is proved, then what is hard to forge.
    const fn rank(&self) -> (bool, Algorithm) {
        (self.is_proved, self.sum.algorithm())
    }
}

/// The lists of a tree.
#[derive(Debug, Default)]
pub(super) struct Lists {
    claims: BTreeMap<RelPath, Claim>,
    proofs: Vec<Proof>,
    pub(super) vouchers: Vec<Voucher>,
    /// Signed lists, and their signatures.
    proved: BTreeSet<RelPath>,
    /// Lines that name what cannot be in the tree.
    pub(super) odd: usize,
}

/// A list whose text may be read.
struct List<'a> {
    path: &'a RelPath,
    sheet: Sheet<'a>,
    text: Vec<u8>,
    verified: Vec<Verified>,
    /// The files of the signatures that were verified.
    beside: Vec<RelPath>,
}

/// The lists and signatures that came, whom to believe about them, and at what time.
pub(super) struct Came<'a> {
    pub(super) files: &'a BTreeMap<RelPath, Content>,
    pub(super) supply: &'a dyn Supply,
    pub(super) belief: &'a Belief,
    pub(super) now: i64,
}

impl Lists {
    /// Reads what came. `is_there` says whether the tree has a file.
    pub(super) fn read(
        &mut self,
        came: &Came<'_>,
        is_there: &dyn Fn(&RelPath) -> bool,
    ) -> Result<()> {
        for (path, content) in came.files {
            let Some(bytes) = came.bytes(path, *content)? else { continue };
            let name = path.split().1;
            if let Some(list) = came.list(path, name, &bytes)? {
                self.add(&list, is_there)?;
            }
        }
        Ok(())
    }

    /// Gives what is said of a file.
    pub(super) fn of(&self, path: &RelPath) -> Option<&Claim> {
        self.claims.get(path)
    }

    /// Gives every file that is named.
    pub(super) fn named(&self) -> impl Iterator<Item = &RelPath> {
        self.claims.keys()
    }

    /// Says whether somebody who is believed vouches for a file.
    pub(super) fn proves(&self, path: &RelPath) -> bool {
        self.proved.contains(path) || self.claims.get(path).is_some_and(|claim| claim.is_proved)
    }

    /// Says whether there is a signed list.
    pub(super) fn has_signed(&self) -> bool {
        !self.proved.is_empty()
    }

    /// Counts a file that is what a list says.
    pub(super) fn count(&mut self, path: &RelPath) {
        if let Some(claim) = self.claims.get(path)
            && let Some(proof) = self.proofs.get_mut(claim.list)
        {
            proof.files += 1;
        }
    }

    /// Gives what each list proves; of those by which nothing was compared, nothing.
    pub(super) fn into_proofs(self) -> Vec<Proof> {
        let mut proofs = self.proofs;
        proofs.retain(|proof| proof.files > 0);
        proofs.sort_by(|a, b| a.root.cmp(&b.root));
        proofs
    }

    /// Takes over what a list says.
    fn add(&mut self, list: &List<'_>, is_there: &dyn Fn(&RelPath) -> bool) -> Result<()> {
        let number = self.proofs.len();
        for line in sums::parse(&list.text, list.sheet.algorithm) {
            let is_proved = !list.verified.is_empty() && line.sum.algorithm().is_strong();
            let claim = Claim { sum: line.sum, is_proved, list: number };
            match list.names(&line, is_there) {
                Ok(Some(path)) if path != *list.path => self.claim(path, claim, list.path)?,
                Ok(_) => {}
                Err(()) => self.odd += 1,
            }
        }
        if !list.verified.is_empty() {
            self.proved.insert(list.path.clone());
            self.proved.extend(list.beside.iter().cloned());
        }
        for voucher in list.verified.iter().flat_map(Verified::vouchers) {
            if !self.vouchers.contains(&voucher) {
                self.vouchers.push(voucher);
            }
        }
        self.proofs.push(list.proof());
        Ok(())
    }

    fn claim(&mut self, path: RelPath, claim: Claim, list: &RelPath) -> Result<()> {
        if self.claims.len() >= NAMES_MAX {
            let why = format!("the lists of checksums name more than {NAMES_MAX} files");
            return Err(Error::BadMetadata { path: list.to_string(), why });
        }
        match self.claims.get_mut(&path) {
            None => {
                self.claims.insert(path, claim);
            }
            Some(known) if known.rank() == claim.rank() && known.sum != claim.sum => {
                let other = self.proofs.get(known.list).map_or(list, |proof| &proof.root);
                let why = format!(
                    "{other} and {list} name two contents for it, {} and {}; [filter] exclude leaves a wrong list out",
                    known.sum, claim.sum
                );
                return Err(Error::BadMetadata { path: path.to_string(), why });
            }
            Some(known) if claim.rank() > known.rank() => *known = claim,
            Some(_) => {}
        }
        Ok(())
    }
}

impl List<'_> {
    /// Says which file a line is of; `None` where it is of none that counts, an error where there can be no such file.
    fn names(
        &self,
        line: &Line,
        is_there: &dyn Fn(&RelPath) -> bool,
    ) -> Result<Option<RelPath>, ()> {
        let folder = self.path.split().0;
        let mut name = line.name.as_slice();
        while let Some(rest) = name.strip_prefix(b"./") {
            name = rest;
        }
        let last = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let at = |name: &[u8]| {
            let whole = if folder.is_empty() { name.to_vec() } else { [folder, name].join(&b'/') };
            RelPath::parse(&whole).ok().ok_or(())
        };
        match self.sheet.of {
            // Whoever wrote it may have stood in another folder.
            Some(of) if last.is_empty() || last == of => at(of).map(Some),
            Some(_) => Ok(at(name)?).map(|path| Some(path).filter(is_there)),
            None if name.is_empty() => Ok(None),
            None => at(name).map(Some),
        }
    }

    fn proof(&self) -> Proof {
        let signers = self.verified.iter().flat_map(Verified::recorded).collect();
        let others = self.verified.iter().flat_map(|one| one.others.clone()).collect();
        Proof {
            root: self.path.clone(),
            date: None,
            valid_until: None,
            indices: 0,
            files: 0,
            signers,
            others,
        }
    }
}

impl Came<'_> {
    /// Reads a file; `None` where it is too large for what its name says.
    fn bytes(&self, path: &RelPath, content: Content) -> Result<Option<Vec<u8>>> {
        if content.size_bytes > LIST_BYTES_MAX {
            return Ok(None);
        }
        let from = self.supply.open(content)?;
        let read = read_bounded(from, LIST_BYTES_MAX);
        read.map(Some).map_err(|source| Error::Io {
            action: "read",
            path: path.as_path().to_owned(),
            source,
        })
    }

    /// Makes a list of a file, verified where somebody has to sign; `None` where it is none.
    fn list<'l>(
        &self,
        path: &'l RelPath,
        name: &'l [u8],
        bytes: &[u8],
    ) -> Result<Option<List<'l>>> {
        let is_message = bytes.starts_with(MESSAGE);
        let own = sheet(name);
        let of_signed = || signed(name).and_then(sheet).filter(|_| is_message);
        let Some(sheet) = own.or_else(of_signed) else { return Ok(None) };
        if is_message {
            return self.message(path, sheet, bytes);
        }
        let (mut verified, mut beside) = (Vec::new(), Vec::new());
        if let Some(keyring) = &self.belief.keyring {
            let (rules, shown) = (self.belief.rules(self.now), path.to_string());
            for (file, signature) in self.signatures(path)? {
                verified.push(sign::verify_repomd(bytes, &signature, keyring, &rules, &shown)?);
                beside.push(file);
            }
        }
        Ok(Some(List { path, sheet, text: bytes.to_vec(), verified, beside }))
    }

    /// Makes a list of a clear-signed file.
    fn message<'l>(
        &self,
        path: &'l RelPath,
        sheet: Sheet<'l>,
        bytes: &[u8],
    ) -> Result<Option<List<'l>>> {
        let shown = path.to_string();
        Ok(match &self.belief.keyring {
            Some(keyring) => {
                let verified =
                    sign::verify_message(bytes, keyring, &self.belief.rules(self.now), &shown)?;
                let text = verified.text.clone();
                Some(List { path, sheet, text, verified: vec![verified], beside: Vec::new() })
            }
            None => sign::text_of(bytes).map(|text| {
                let verified = Vec::new();
                List { path, sheet, text, verified, beside: Vec::new() }
            }),
        })
    }

    /// Gives the signatures that stand beside a list.
    fn signatures(&self, list: &RelPath) -> Result<Vec<(RelPath, Vec<u8>)>> {
        let mut found = Vec::new();
        for end in ENDS {
            let Ok(path) = RelPath::parse(&[list.as_bytes(), end].concat()) else { continue };
            let Some(content) = self.files.get(&path) else { continue };
            let Some(bytes) = self.bytes(&path, *content)? else { continue };
            // Others sign in other ways: OpenBSD's signify.
            let is_binary = bytes.first().is_some_and(|first| *first >= 0x80);
            if is_binary || bytes.trim_ascii_start().starts_with(SIGNATURE) {
                found.push((path, bytes));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
