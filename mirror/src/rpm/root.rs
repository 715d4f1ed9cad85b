//! A repository's root metadata: fetched, verified, parsed; nothing of it is believed before.

use std::ops::Range;

use pinfold_store::path::escape;
use pinfold_store::{Class, Digest, Entry, Monitor, Node, Proof, RelPath, Stamp};

use super::archive::Archive;
use super::names::{REPOMD, REPOMD_KEY, REPOMD_SIGNATURE};
use super::select::Folder;
use super::{Place, Repomd, Verdict};
use crate::gather::oddity;
use crate::sign::{self, Verified};
use crate::supply::{Root, Supply, Voucher};
use crate::{Error, Result};

/// The largest `repomd.xml` that is read.
pub(super) const REPOMD_BYTES_MAX: u64 = 20_000_000;
/// The largest signature and the largest key beside it.
const SIGNATURE_BYTES_MAX: u64 = 1 << 20;

/// A repository whose root metadata can be followed.
pub(super) struct Repository {
    pub(super) place: Place,
    pub(super) repomd: Repomd,
    pub(super) entries: Vec<Entry>,
    pub(super) proof: Proof,
    pub(super) vouchers: Vec<Voucher>,
    /// What the record says of how it was accepted.
    pub(super) note: Option<String>,
    /// Which of the gathered entries are its packages.
    pub(super) packages: Range<usize>,
}

/// Gives the path of a file below a repository.
pub(super) fn at(place: &Place, path: &[u8]) -> Result<RelPath> {
    place.at(path).map_err(|why| Error::BadMetadata { path: escape(path), why })
}

impl Archive {
    /// Asks for `repomd.xml`.
    pub(super) fn repomd(
        &self,
        supply: &mut dyn Supply,
        folder: &Folder,
    ) -> Result<(RelPath, Root)> {
        let path = at(&folder.place(), REPOMD)?;
        if let Some(root) = supply.root(&path, REPOMD_BYTES_MAX)? {
            return Ok((path, root));
        }
        let place = supply.place(&path);
        let why = format!("{place}: it is not there; is the URL that of a repository?");
        Err(Error::Missing { count: 1, first: why })
    }

    /// Asks for a repository's root metadata and judges it.
    pub(super) fn open(
        &self,
        supply: &mut dyn Supply,
        folder: &Folder,
        monitor: &dyn Monitor,
    ) -> Result<Repository> {
        let place = folder.place();
        let (path, root) = self.repomd(supply, folder)?;
        let shown = path.to_string();
        let note = self.must_be_listed(&root.bytes, &supply.place(&path))?;
        if let Some(note) = &note {
            monitor.step(note, None);
        }
        let mut entries = vec![entry(path.clone(), &root)];
        let mut signature = None;
        for name in [REPOMD_SIGNATURE, REPOMD_KEY] {
            let beside = at(&place, name)?;
            if let Some(root) = supply.root(&beside, SIGNATURE_BYTES_MAX)? {
                entries.push(entry(beside, &root));
                if name == REPOMD_SIGNATURE {
                    signature = Some(root.bytes);
                }
            }
        }
        let verified = self.verify(&root.bytes, signature.as_deref(), &shown)?;
        for warning in verified.iter().flat_map(|verified| &verified.warnings) {
            monitor.problem(&oddity(&shown, warning));
        }
        let repomd = Repomd::parse(&root.bytes, &place, &shown)?;
        for data in repomd.outside_repodata() {
            let why = "it lies outside repodata/: dnf aborts at it, and zypper refuses it";
            monitor.problem(&oddity(&data.path.to_string(), why));
        }
        Ok(Repository {
            place,
            repomd,
            entries,
            proof: Proof {
                root: path,
                date: None,
                valid_until: None,
                indices: 0,
                files: 0,
                signers: verified.as_ref().map(signers).unwrap_or_default(),
                others: verified.as_ref().map(|one| one.others.clone()).unwrap_or_default(),
            },
            vouchers: verified.as_ref().map(vouchers).unwrap_or_default(),
            note,
            packages: 0..0,
        })
    }

    /// Refuses a state that the metalink does not know: a mirror that lags behind, or that is somebody else's. Gives what is to be
    /// said of one that it still allows.
    pub(super) fn must_be_listed(&self, bytes: &[u8], url: &str) -> Result<Option<String>> {
        let Some(metalink) = &self.metalink else { return Ok(None) };
        match metalink.accepts(bytes) {
            Verdict::Newest => Ok(None),
            Verdict::Alternate(made) => {
                let made = made.and_then(|made| i64::try_from(made).ok()).map(Stamp::from_seconds);
                let made = made.map_or_else(String::new, |made| format!(" of {}", made.human()));
                Ok(Some(format!(
                    "a state{made} before the newest, which the metalink still allows"
                )))
            }
            Verdict::No { expected, found } => Err(Error::Upstream {
                url: url.to_owned(),
                why: format!(
                    "it is of no state that the metalink allows: expected {expected}, found {found}"
                ),
            }),
        }
    }

    /// Lets the keys of the mirror vouch; `None` where nobody has to.
    fn verify(
        &self,
        text: &[u8],
        signature: Option<&[u8]>,
        shown: &str,
    ) -> Result<Option<Verified>> {
        let Some(keyring) = &self.belief.keyring else { return Ok(None) };
        let signature = signature.ok_or_else(|| Error::NotAuthentic {
            path: shown.to_owned(),
            why: "it has no signature: repomd.xml.asc is not there; unsigned = true takes it, and then only the way to upstream protects the mirror".to_owned(),
        })?;
        sign::verify_repomd(text, signature, keyring, &self.rules(), shown).map(Some)
    }

    /// Gives what makes a signature count.
    pub(super) fn rules(&self) -> sign::Rules {
        sign::Rules {
            now: self.now,
            signers: self.belief.signers.clone(),
            weak_keys: self.belief.weak_keys,
        }
    }
}

fn entry(path: RelPath, root: &Root) -> Entry {
    let content = root.content;
    let node =
        Node::File { digest: content.digest, size_bytes: content.size_bytes, class: Class::Root };
    Entry { path, node, added: false }
}

/// Gives who vouches, as a record keeps it.
fn signers(verified: &Verified) -> Vec<pinfold_store::Signer> {
    verified.signers.iter().map(signer).collect()
}

/// Gives one who vouches, as a record keeps it.
pub(super) fn signer(one: &sign::Signer) -> pinfold_store::Signer {
    pinfold_store::Signer {
        key: one.fingerprint.clone(),
        by: one.subkey.clone(),
        name: one.user_id.clone(),
        made: Stamp::from_seconds(one.made),
        certificate: Digest::of(&one.certificate),
    }
}

fn vouchers(verified: &Verified) -> Vec<Voucher> {
    let signers = verified.signers.iter();
    signers.map(|signer| Voucher { certificate: signer.certificate.clone() }).collect()
}
