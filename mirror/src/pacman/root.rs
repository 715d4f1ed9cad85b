//! A repository's root metadata: its database, fetched, verified and read, and what stands beside it.

use pinfold_store::{Class, Digest, Entry, Monitor, Node, Proof, RelPath, Stamp};

use super::archive::Archive;
use super::names::{FILES, LINKS, SIGNATURE};
use super::package::Listing;
use super::select::Database;
use crate::gather::{Gathered, problem};
use crate::sign::{self, Verified};
use crate::supply::{Root, Supply, Voucher};
use crate::unpack::Form;
use crate::{Error, Result};

/// The largest database that is read.
const DATABASE_BYTES_MAX: u64 = 256 << 20;
/// The largest list of files.
const FILES_BYTES_MAX: u64 = 1 << 30;
/// The largest signature of either.
const SIGNATURE_BYTES_MAX: u64 = 1 << 20;
/// The largest list of libraries.
const LINKS_BYTES_MAX: u64 = 256 << 20;

/// A repository whose database can be followed.
pub(super) struct Repository {
    pub(super) listing: Listing,
    /// Root metadata.
    pub(super) entries: Vec<Entry>,
    pub(super) proof: Proof,
    pub(super) vouchers: Vec<Voucher>,
    /// Files beside the database may be of another state.
    pub(super) is_doubtful: bool,
}

impl Archive {
    /// Asks for a database.
    pub(super) fn database(&self, supply: &mut dyn Supply, database: &Database) -> Result<Root> {
        if let Some(root) = supply.root(database.path(), DATABASE_BYTES_MAX)? {
            return Ok(root);
        }
        let place = supply.place(database.path());
        let why = format!(
            "{place}: it is not there; is the URL that of the tree's top, and the layout the tree's?"
        );
        Err(Error::Missing { count: 1, first: why })
    }

    /// Asks for a repository's root metadata, and judges and reads it.
    pub(super) fn open(
        &self,
        supply: &mut dyn Supply,
        (database, found): (&Database, &mut Gathered),
        monitor: &dyn Monitor,
    ) -> Result<Repository> {
        let root = self.database(supply, database)?;
        let shown = database.path().to_string();
        let mut entries = vec![entry(database.path().clone(), &root)];
        let signature = beside(supply, (database.path(), &mut entries))?;
        let verified = self.verify(&root.bytes, signature.as_deref(), &shown)?;
        for warning in verified.iter().flat_map(|verified| &verified.warnings) {
            monitor.problem(&problem(&shown, warning));
        }
        let listing = Listing::read(&root.bytes, database, &self.selection)?;
        // A signature that nobody looks at may be that of another state.
        let mut is_doubtful = verified.is_none() && signature.is_some();
        add_long_name(database.path(), &root.bytes, found)?;
        let path = database.with(FILES)?;
        if let Some(root) = supply.root(&path, FILES_BYTES_MAX)? {
            entries.push(entry(path.clone(), &root));
            beside(supply, (&path, &mut entries))?;
            add_long_name(&path, &root.bytes, found)?;
            is_doubtful |= !agrees(&listing, (&path, &root.bytes), monitor)?;
        }
        let path = database.with(LINKS)?;
        if let Some(root) = supply.aside(&path, LINKS_BYTES_MAX)? {
            found.add(path, root.content, Class::Other);
        }
        let proof = Proof {
            root: database.path().clone(),
            date: None,
            valid_until: None,
            indices: 0,
            files: u64::try_from(listing.packages.len()).unwrap_or(u64::MAX),
            signers: verified.as_ref().map(signers).unwrap_or_default(),
            others: verified.as_ref().map(|one| one.others.clone()).unwrap_or_default(),
        };
        let vouchers = verified.as_ref().map(vouchers).unwrap_or_default();
        Ok(Repository { listing, entries, proof, vouchers, is_doubtful })
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
            why: format!(
                "it has no signature: {shown}{SIGNATURE} is not there; unsigned = true takes it, and then only the packages' own signatures and the way to upstream protect the mirror"
            ),
        })?;
        // The custom is the same: a key that expired since vouches for what it signed before.
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

/// Asks for the signature of root metadata, and gives its bytes.
fn beside(
    supply: &mut dyn Supply,
    (path, entries): (&RelPath, &mut Vec<Entry>),
) -> Result<Option<Vec<u8>>> {
    let path = RelPath::parse(&[path.as_bytes(), SIGNATURE.as_bytes()].concat())?;
    let Some(root) = supply.root(&path, SIGNATURE_BYTES_MAX)? else { return Ok(None) };
    entries.push(entry(path, &root));
    Ok(Some(root.bytes))
}

/// Adds the name that `repo-add` gives root metadata, as a link: other tools than pacman ask for it.
fn add_long_name(path: &RelPath, bytes: &[u8], found: &mut Gathered) -> Result<()> {
    let ending = Form::of_magic(bytes).ending();
    let long = RelPath::parse(&[path.as_bytes(), b".tar", ending.as_bytes()].concat())?;
    let (_, name) = path.split();
    found.entries.push(Entry { path: long, node: Node::Link { target: name.into() }, added: true });
    Ok(())
}

/// Says whether a list of files is of the state of its database. One that cannot be read is no reason to do without the packages.
fn agrees(
    listing: &Listing,
    (path, bytes): (&RelPath, &[u8]),
    monitor: &dyn Monitor,
) -> Result<bool> {
    let shown = path.to_string();
    let why = match listing.agrees(bytes, &shown) {
        Ok(true) => return Ok(true),
        Ok(false) => {
            "it is of another state than its database: pacman -F finds other packages".to_owned()
        }
        Err(Error::BadMetadata { why, .. }) => format!("pacman -F cannot read it: {why}"),
        Err(error) => return Err(error),
    };
    monitor.problem(&problem(&shown, &why));
    Ok(false)
}

fn entry(path: RelPath, root: &Root) -> Entry {
    let content = root.content;
    let node =
        Node::File { digest: content.digest, size_bytes: content.size_bytes, class: Class::Root };
    Entry { path, node, added: false }
}

/// Gives who vouches, as a record keeps it.
fn signers(verified: &Verified) -> Vec<pinfold_store::Signer> {
    let signer = |one: &sign::Signer| pinfold_store::Signer {
        key: one.fingerprint.clone(),
        by: one.subkey.clone(),
        name: one.user_id.clone(),
        made: Stamp::from_seconds(one.made),
        certificate: Digest::of(&one.certificate),
    };
    verified.signers.iter().map(signer).collect()
}

fn vouchers(verified: &Verified) -> Vec<Voucher> {
    let signers = verified.signers.iter();
    signers.map(|signer| Voucher { certificate: signer.certificate.clone() }).collect()
}
