//! A key as its file holds it. Whether it can still sign is asked when it must: a key that has expired is one to rotate away
//! from, and must be readable for that.

use std::path::Path;

use pinfold_store::Stamp;
use pinfold_store::path::escape;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::cert::amalgamation::key::PrimaryKey;
use sequoia_openpgp::crypto::mpi::PublicKey;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::{Serialize, SerializeInto};
use sequoia_openpgp::types::Curve;
use sequoia_openpgp::{Cert, Packet, PacketPile, armor};

use super::{KEY_BYTES_MAX, Key, failed};
use crate::tree::{open_file, read_bounded};
use crate::{Error, Result};

/// How every armored block begins.
const BEGIN: &[u8] = b"-----BEGIN PGP ";
/// How an armored signature begins.
const BEGIN_SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
/// RSA keys from this size are taken without a word, as `gpg` makes them.
const RSA_BITS_GOOD: usize = 3072;
/// The smallest RSA key that every client takes today.
const RSA_BITS_MIN: usize = 2048;

/// A key with its secret half.
#[derive(Clone)]
pub struct Certificate {
    cert: Cert,
}

/// Never shows the secret half.
impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({})", self.fingerprint())
    }
}

impl Certificate {
    pub(super) const fn of(cert: Cert) -> Self {
        Self { cert }
    }

    /// Reads a key from a file, armored or not.
    ///
    /// # Errors
    /// [`Error::KeyRefused`] where others can read the file; [`Error::Io`] where it cannot be read; see
    /// [`Certificate::parse`].
    pub fn load(path: &Path) -> Result<Self> {
        let failed = |source| Error::Io { action: "read", path: path.to_owned(), source };
        let (file, mode) = open_file(path)?;
        if mode & 0o077 != 0 {
            let key = escape(path.as_os_str().as_encoded_bytes());
            let why = format!("others can use it (mode {mode:o}): chmod 600 {key}");
            return Err(Error::KeyRefused { action: "take", key, why });
        }
        Self::parse(&read_bounded(file, KEY_BYTES_MAX).map_err(failed)?)
    }

    /// Reads a key, armored or not.
    ///
    /// # Errors
    /// [`Error::Key`] where there is no key, or more than one.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let one = |why: &str| Error::Key { action: "read", why: why.to_owned() };
        if bytes.windows(BEGIN.len()).filter(|window| *window == BEGIN).count() > 1 {
            return Err(one("there is more than one armored block: export the one key"));
        }
        let mut certs = CertParser::from_bytes(bytes).map_err(failed("read"))?;
        let cert = certs.next().ok_or_else(|| one("there is none"))?.map_err(failed("read"))?;
        if certs.next().is_some() {
            return Err(one("there is more than one: export the one key"));
        }
        Ok(Self { cert })
    }

    /// Gives the part that signs.
    ///
    /// # Errors
    /// [`Error::Key`] where none can sign now and without a passphrase, or clients cannot read what it signs.
    pub fn signer(&self) -> Result<Key> {
        Key::from_cert(self.cert.clone())
    }

    /// Checks that clients of every age take the key, and gives what its owner should know about it.
    ///
    /// # Errors
    /// See [`Certificate::signer`]; [`Error::KeyRefused`] where the algorithm is another than Ed25519 and RSA, or RSA too
    /// small.
    pub fn accept(&self) -> Result<Vec<String>> {
        let signer = self.signer()?;
        let mut warnings = Vec::new();
        for public in [self.cert.primary_key().key().mpis(), signer.pair.public().mpis()] {
            let refuse =
                |why: String| Error::KeyRefused { action: "take", key: self.fingerprint(), why };
            match (public, public.bits().unwrap_or(0)) {
                (PublicKey::EdDSA { curve: Curve::Ed25519, .. }, _) => {}
                (PublicKey::RSA { .. }, RSA_BITS_GOOD..) => {}
                (PublicKey::RSA { .. }, bits @ RSA_BITS_MIN..) => {
                    let text = format!("RSA of {bits} bits: clients stop taking it in a few years");
                    if !warnings.contains(&text) {
                        warnings.push(text);
                    }
                }
                (PublicKey::RSA { .. }, bits) => {
                    return Err(refuse(format!(
                        "it is RSA of {bits} bits: {RSA_BITS_GOOD} are needed"
                    )));
                }
                (other, _) => {
                    let name = algorithm(other);
                    return Err(refuse(format!(
                        "it is {name}: not every apt takes another than Ed25519 and RSA"
                    )));
                }
            }
        }
        if let Some(end) = self.expires() {
            warnings.push(format!("it expires at {}: rotate it before", end.human()));
        }
        Ok(warnings)
    }

    /// Gives the fingerprint, 40 upper-case hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.cert.fingerprint().to_hex()
    }

    /// Names the algorithm of the part that signs, of the whole where none can.
    #[must_use]
    pub fn algorithm(&self) -> String {
        self.signer().map_or_else(
            |_expired| algorithm(self.cert.primary_key().key().mpis()),
            |signer| algorithm(signer.pair.public().mpis()),
        )
    }

    /// Says when the key was made.
    #[must_use]
    pub fn created(&self) -> Stamp {
        stamp(self.cert.primary_key().key().creation_time())
    }

    /// Says when it ends, or the first of its parts that sign; never, where that is absent.
    #[must_use]
    pub fn expires(&self) -> Option<Stamp> {
        let policy = &StandardPolicy::new();
        let parts = self.cert.keys().with_policy(policy, None);
        let ends = parts.filter(|part| part.primary() || part.for_signing());
        ends.filter_map(|part| part.key_expiration_time()).min().map(stamp)
    }

    /// Says whether a signature in a file, detached or below a clear-signed text, names this key. Nothing is verified.
    #[must_use]
    pub fn is_named_by(&self, bytes: &[u8]) -> bool {
        let starts = bytes
            .windows(BEGIN_SIGNATURE.len())
            .enumerate()
            .filter(|(_, window)| *window == BEGIN_SIGNATURE);
        let piles = starts.filter_map(|(at, _)| PacketPile::from_bytes(&bytes[at..]).ok());
        piles.into_iter().any(|pile| {
            pile.descendants().any(|packet| match packet {
                Packet::Signature(signature) => signature.get_issuers().iter().any(|issuer| {
                    self.cert.keys().any(|part| part.key().key_handle().aliases(issuer))
                }),
                _ => false,
            })
        })
    }

    /// Writes the key with its secret half, armored. The caller keeps it from others' eyes (mode 0600 below 0700).
    ///
    /// # Errors
    /// [`Error::Key`] where it cannot be written.
    pub fn secret_armor(&self) -> Result<Vec<u8>> {
        self.cert.as_tsk().armored().to_vec().map_err(failed("write"))
    }
}

/// Writes the public halves of keys as clients take them: all in one armored block, because apt reads no second one.
///
/// # Errors
/// [`Error::Key`] where they cannot be written.
pub fn public_armor<'a>(keys: impl IntoIterator<Item = &'a Certificate>) -> Result<Vec<u8>> {
    armor_of(keys.into_iter().map(|key| &key.cert))
}

/// Writes the public halves of certificates in one armored block.
pub(crate) fn armor_of<'a>(certs: impl Iterator<Item = &'a Cert>) -> Result<Vec<u8>> {
    let failed = failed("write");
    let mut writer =
        armor::Writer::new(Vec::new(), armor::Kind::PublicKey).map_err(|e| failed(e.into()))?;
    for cert in certs {
        cert.export(&mut writer).map_err(&failed)?;
    }
    writer.finalize().map_err(|e| failed(e.into()))
}

/// Names an algorithm as people do.
fn algorithm(public: &PublicKey) -> String {
    match public {
        PublicKey::EdDSA { curve: Curve::Ed25519, .. } => "Ed25519".to_owned(),
        PublicKey::RSA { n, .. } => format!("RSA {}", n.bits()),
        other => {
            other.algo().map_or_else(|| "unknown".to_owned(), |algorithm| algorithm.to_string())
        }
    }
}

fn stamp(time: std::time::SystemTime) -> Stamp {
    let seconds = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    Stamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

#[cfg(test)]
pub(super) mod tests;
