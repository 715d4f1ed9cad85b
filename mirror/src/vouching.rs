//! Who vouched for root metadata, as a record and the store keep it, whatever a family signs with.

use pinfold_store::{Digest, Record, Signer, Stamp};

use crate::Result;
use crate::archive::Belief;
use crate::prove::Kept;
use crate::sign::{Keyring, NamedKey, NamedKeys, Rules, Verified};
use crate::supply::Voucher;

impl Verified {
    /// Gives who vouches, as a record keeps it.
    pub(crate) fn recorded(&self) -> Vec<Signer> {
        let signer = |one: &crate::sign::Signer| Signer {
            key: one.fingerprint.clone(),
            by: one.subkey.clone(),
            name: one.user_id.clone(),
            made: Stamp::from_seconds(one.made),
            certificate: Digest::of(&one.certificate),
        };
        self.signers.iter().map(signer).collect()
    }

    /// Gives the certificates, for the store.
    pub(crate) fn vouchers(&self) -> Vec<Voucher> {
        let signers = self.signers.iter();
        signers.map(|signer| Voucher { certificate: signer.certificate.clone() }).collect()
    }
}

impl NamedKey {
    /// Gives the key as one who vouches, as a record keeps it; `made` is when what it signed says that it was made.
    pub(crate) fn recorded(&self, made: Stamp) -> Signer {
        Signer {
            key: self.fingerprint.clone(),
            by: self.fingerprint.clone(),
            name: self.name.clone(),
            made,
            certificate: Digest::of(&self.pem),
        }
    }

    /// Gives the key, for the store.
    pub(crate) fn voucher(&self) -> Voucher {
        Voucher { certificate: self.pem.clone() }
    }
}

impl Belief {
    /// Gives what makes a signature count, at a time in seconds since 1970.
    pub(crate) fn rules(&self, now: i64) -> Rules {
        Rules { now, signers: self.signers.clone(), weak_keys: self.weak_keys }
    }
}

/// Makes the keyring of what was kept, for families that sign with OpenPGP.
pub(crate) fn keyring(record: &Record, kept: &[Kept]) -> Result<Keyring> {
    let mut armored = Vec::new();
    for one in kept {
        armored.extend_from_slice(&one.certificate);
        armored.push(b'\n');
    }
    Keyring::parse(&armored, &format!("of {}@{}", record.mirror, record.taken))
}

/// The same for families that sign with bare keys, which signatures call by the names of their files.
pub(crate) fn named_keys(record: &Record, kept: &[Kept]) -> Result<NamedKeys> {
    let shown = format!("the record of {}@{}", record.mirror, record.taken);
    let mut keys = NamedKeys::default();
    for one in kept {
        keys.add(one.name.as_bytes(), &one.certificate, &shown)?;
    }
    Ok(keys)
}
