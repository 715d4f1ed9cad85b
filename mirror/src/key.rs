//! The key that signs what a channel shows: an Ed25519 key of ours in the RFC 4880 profile (version 4), which every gpgv
//! since 2.1 and sqv take, or one that the operator brings. `key/ring.rs` keeps the keys of a root through a rotation.
//!
//! Texts are signed as they will be read: a clear-signed text is brought to the form that the reader computes (no blanks at
//! line ends, no last line end) before it is signed, so that no reader can disagree about what was signed.

mod certificate;
mod ring;

use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pinfold_store::path::escape;
use sequoia_openpgp::cert::{CertBuilder, CipherSuite};
use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::serialize::Serialize;
use sequoia_openpgp::types::{HashAlgorithm, KeyFlags, SignatureType};
use sequoia_openpgp::{Cert, Packet, Profile, armor};

use crate::{Error, Result};

pub(crate) use certificate::armor_of;
pub use certificate::{Certificate, public_armor};
pub use ring::Ring;

/// How much earlier than the clock a key is dated: a client whose clock is slow would refuse a key from its future.
const BACKDATED: Duration = Duration::from_secs(24 * 60 * 60);
/// The largest key file that is read.
const KEY_BYTES_MAX: u64 = 1 << 20;

/// A signing key with its secret half.
#[derive(Clone)]
pub struct Key {
    cert: Cert,
    pair: KeyPair,
}

/// Never shows the secret half.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.fingerprint())
    }
}

impl Key {
    /// Makes a new key that does not expire and is not protected by a passphrase: timers use it.
    ///
    /// `now` is in seconds since 1970; the key is dated a day earlier.
    ///
    /// # Errors
    /// [`Error::BadText`] where the user id has control characters; [`Error::Key`] where the system has no randomness.
    pub fn generate(userid: &str, now: i64) -> Result<Self> {
        if userid.is_empty() || userid.len() > 256 || userid.chars().any(char::is_control) {
            let why = "a user id has 1 to 256 bytes and no control characters";
            return Err(Error::BadText { what: "user id", value: escape(userid.as_bytes()), why });
        }
        let failed = failed("make");
        let (cert, _revocation) = CertBuilder::new()
            .set_profile(Profile::RFC4880)
            .map_err(&failed)?
            .set_cipher_suite(CipherSuite::Cv25519)
            .set_creation_time(time(now) - BACKDATED)
            .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing())
            .add_userid(userid)
            .generate()
            .map_err(&failed)?;
        Self::from_cert(cert)
    }

    /// Reads a key from a file, armored or not.
    ///
    /// # Errors
    /// See [`Certificate::load`]; [`Error::Key`] where it cannot sign without a passphrase.
    pub fn load(path: &Path) -> Result<Self> {
        Certificate::load(path)?.signer()
    }

    /// Reads a key, armored or not.
    ///
    /// # Errors
    /// [`Error::Key`] where there is no secret key that can sign without a passphrase.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        Certificate::parse(bytes)?.signer()
    }

    /// Gives the key as its file holds it.
    #[must_use]
    pub fn certificate(&self) -> Certificate {
        Certificate::of(self.cert.clone())
    }

    fn from_cert(cert: Cert) -> Result<Self> {
        let policy = &sequoia_openpgp::policy::StandardPolicy::new();
        let refuse = |why: &str| Error::Key { action: "use", why: why.to_owned() };
        let pair = cert
            .keys()
            .with_policy(policy, None)
            .alive()
            .revoked(false)
            .for_signing()
            .unencrypted_secret()
            .next()
            .ok_or_else(|| refuse("it has no valid part that can sign without a passphrase"))?
            .key()
            .clone()
            .into_keypair()
            .map_err(failed("use"))?;
        if pair.public().version() != 4 {
            return Err(refuse("it is not of version 4, which is what apt's clients take"));
        }
        Ok(Self { cert, pair })
    }

    /// Gives the fingerprint, 40 upper-case hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.cert.fingerprint().to_hex()
    }

    /// Signs bytes and gives the armored signature to be put beside them. `at` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Key`] where signing fails.
    pub fn sign_detached(&self, bytes: &[u8], at: i64) -> Result<Vec<u8>> {
        self.armored_signature(SignatureType::Binary, bytes, at)
    }

    /// Signs a text and gives it with its signature in one file, as `InRelease` is. `at` is in seconds since 1970.
    ///
    /// Blanks at line ends are cut and lines end in LF: that is what readers verify.
    ///
    /// # Errors
    /// [`Error::Key`] where signing fails.
    pub fn clearsign(&self, text: &[u8], at: i64) -> Result<Vec<u8>> {
        let lines = signed_lines(text);
        let signature =
            self.armored_signature(SignatureType::Text, &lines.join(b"\r\n".as_slice()), at)?;
        let mut whole = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n".to_vec();
        for line in lines {
            if line.starts_with(b"-") || line.starts_with(b"From ") {
                whole.extend_from_slice(b"- ");
            }
            whole.extend_from_slice(line);
            whole.push(b'\n');
        }
        whole.extend_from_slice(&signature);
        Ok(whole)
    }

    fn armored_signature(&self, kind: SignatureType, bytes: &[u8], at: i64) -> Result<Vec<u8>> {
        let failed = failed("sign with");
        let made: SystemTime = self.pair.public().creation_time().max(time(at));
        let signature = SignatureBuilder::new(kind)
            .set_hash_algo(HashAlgorithm::SHA512)
            .set_signature_creation_time(made)
            .and_then(|builder| builder.sign_message(&mut self.pair.clone(), bytes))
            .map_err(&failed)?;
        let mut armored =
            armor::Writer::new(Vec::new(), armor::Kind::Signature).map_err(|e| failed(e.into()))?;
        Packet::from(signature).serialize(&mut armored).map_err(&failed)?;
        let mut bytes = armored.finalize().map_err(|e| failed(e.into()))?;
        if !bytes.ends_with(b"\n") {
            bytes.write_all(b"\n").map_err(|e| failed(e.into()))?;
        }
        Ok(bytes)
    }
}

/// Splits a text into the lines that a clear signature covers: blanks and CR at their ends cut, no last line end.
fn signed_lines(text: &[u8]) -> Vec<&[u8]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.split(|b| *b == b'\n').map(cut_blanks).collect()
}

/// Cuts what a clear signature does not cover from a line's end.
pub(crate) fn cut_blanks(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|b| !matches!(b, b' ' | b'\t' | b'\r')).map_or(0, |at| at + 1);
    &line[..end]
}

/// Converts seconds since 1970 to what OpenPGP's 32 bits can hold.
fn time(seconds: i64) -> SystemTime {
    let within = seconds.clamp(BACKDATED.as_secs().cast_signed(), u32::MAX.into());
    UNIX_EPOCH + Duration::from_secs(within.unsigned_abs())
}

/// Names what was attempted; the cryptographic library's own chain becomes one line.
fn failed(action: &'static str) -> impl Fn(sequoia_openpgp::anyhow::Error) -> Error {
    move |e| Error::Key { action, why: escape(format!("{e:#}").as_bytes()) }
}

#[cfg(test)]
mod tests;
