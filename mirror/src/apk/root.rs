//! An index of a repository: fetched, verified, read; nothing of it is believed before.

use pinfold_store::{Class, Digest, Entry, Node, Proof, RelPath, Signer, Stamp};

use super::archive::Archive;
use super::select::Place;
use super::signature::{self, Signed};
use super::{Package, index};
use crate::supply::{Root, Supply, Voucher};
use crate::{Error, Result};

/// The largest index that is read: ten times those of all Alpine in one.
pub(super) const INDEX_BYTES_MAX: u64 = 64 << 20;
/// How far a time may be ahead of the clock.
const FUTURE_SECONDS_MAX: i64 = 86_400;

/// What an index came to.
pub(super) struct Index {
    pub(super) entries: Vec<Entry>,
    pub(super) proof: Proof,
    pub(super) voucher: Option<Voucher>,
}

impl Archive {
    /// Asks for all indices, each of which must be there.
    pub(super) fn ask(&self, supply: &mut dyn Supply) -> Result<Vec<(Place, Root)>> {
        let refuse = |why| Error::BadMetadata { path: "the selection".to_owned(), why };
        let mut found = Vec::new();
        let (mut missing, mut first) = (0, String::new());
        for place in self.selection.places().map_err(refuse)? {
            let path = place.index()?;
            match supply.root(&path, INDEX_BYTES_MAX)? {
                Some(root) => found.push((place, root)),
                None => {
                    missing += 1;
                    if first.is_empty() {
                        first = format!(
                            "{}: it is not there; does upstream have this architecture of that version and repository?",
                            supply.place(&path)
                        );
                    }
                }
            }
        }
        if missing > 0 { Err(Error::Missing { count: missing, first }) } else { Ok(found) }
    }

    /// Verifies and reads an index, and hands on its packages.
    pub(super) fn open(
        &self,
        supply: &mut dyn Supply,
        (place, root): &(Place, Root),
        each: &mut dyn FnMut(&Package<'_>) -> Result<()>,
    ) -> Result<Index> {
        let path = place.index()?;
        let shown = path.to_string();
        let signed = signature::split(&root.bytes, &shown)?;
        let vouches = match &self.belief.named_keys {
            None => None,
            Some(keys) => Some(signature::verify(&signed, keys, self.belief.weak_keys, &shown)?),
        };
        let date = self.list(&signed, &shown, each)?;
        let made = Stamp::from_seconds(date);
        let mut entries = vec![entry(&path, root)];
        // apk 3 takes this one where a client's line says v3; it verifies it itself.
        let other = place.index_v3()?;
        if let Some(root) = supply.root(&other, INDEX_BYTES_MAX)? {
            entries.push(entry(&other, &root));
        }
        self.must_be_newer(&path, date)?;
        let voucher = vouches.as_ref().map(|(key, _)| Voucher { certificate: key.pem.clone() });
        let signers = vouches.iter().map(|(key, _)| Signer {
            key: key.fingerprint.clone(),
            by: key.fingerprint.clone(),
            name: key.name.clone(),
            made,
            certificate: Digest::of(&key.pem),
        });
        let proof = Proof {
            root: path,
            date: (date > 0).then_some(made),
            valid_until: None,
            indices: 1,
            files: 0,
            signers: signers.collect(),
            others: vouches.as_ref().map(|(_, others)| others.clone()).unwrap_or_default(),
        };
        Ok(Index { entries, proof, voucher })
    }

    /// Hands on the packages of an index, and says of when it is, in seconds since 1970; 0 where nothing says so.
    fn list(
        &self,
        signed: &Signed<'_>,
        shown: &str,
        each: &mut dyn FnMut(&Package<'_>) -> Result<()>,
    ) -> Result<i64> {
        let now = self.now.saturating_add(FUTURE_SECONDS_MAX);
        let mut newest = 0;
        let made = index::unpack(signed.text, shown, &mut |package| {
            if package.built <= now {
                newest = newest.max(package.built);
            }
            each(package)
        })?;
        // Older tools give the list no time of its own: then it is as old as the newest package in it.
        Ok(made.filter(|made| *made > 0 && *made <= now).unwrap_or(newest))
    }

    /// Refuses an index that is older than the one that was taken last.
    fn must_be_newer(&self, path: &RelPath, date: i64) -> Result<()> {
        let last = self.accepted.get(path).filter(|_| !self.belief.allow_older);
        match last.filter(|last| date < **last) {
            None => Ok(()),
            Some(last) => Err(Error::NotAuthentic {
                path: path.to_string(),
                why: format!(
                    "it is of {} UTC, and one of {} UTC was taken before: upstream went back, or withdrew its newest package; --allow-older takes it",
                    Stamp::from_seconds(date).human(),
                    Stamp::from_seconds(*last).human()
                ),
            }),
        }
    }
}

fn entry(path: &RelPath, root: &Root) -> Entry {
    let content = root.content;
    let node =
        Node::File { digest: content.digest, size_bytes: content.size_bytes, class: Class::Root };
    Entry { path: path.clone(), node, added: false }
}
