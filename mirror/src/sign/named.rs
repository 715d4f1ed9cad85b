//! Bare RSA keys, which signatures call by the names of their files: Alpine's.
//!
//! There is no certificate around such a key: no name of its own, no expiry, no revocation. Whoever trusts it puts its file
//! under its name, and a signature that says that name is checked against that file and no other.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pinfold_store::path::escape;
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, Pss, RsaPublicKey};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

use super::keyring::read;
use crate::{Error, Result};

/// The largest key file that is read.
const KEY_BYTES_MAX: usize = 64 << 10;
/// The longest name of a key.
const NAME_BYTES_MAX: usize = 128;
/// The shortest key that counts.
const BITS_MIN: usize = 2048;
/// The shortest that counts where keys of old vendors are taken.
const WEAK_BITS_MIN: usize = 1024;

/// The hash that a signature is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hashing {
    /// SHA-1: what Alpine signs with. A second text for a signature is not within reach, only two texts that one made at once.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// A key under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKey {
    /// The file's name, which signatures say.
    pub name: String,
    /// The SHA-256 of the key in its binary form, in hexadecimal digits.
    pub fingerprint: String,
    /// The file.
    pub pem: Vec<u8>,
    key: RsaPublicKey,
}

/// Keys, each under its name.
#[derive(Debug, Clone, Default)]
pub struct NamedKeys {
    keys: BTreeMap<String, NamedKey>,
}

impl NamedKeys {
    /// Reads key files; their names are those of the keys.
    ///
    /// # Errors
    /// [`Error::Io`] where one cannot be read; [`Error::Keyring`] where others than its owner may write it, it holds no RSA key,
    /// or two have one name.
    pub fn load(paths: &[PathBuf]) -> Result<Self> {
        let mut all = Self::default();
        for path in paths {
            let bytes = read(path)?;
            let shown = escape(path.as_os_str().as_encoded_bytes());
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            all.add(name, &bytes, &shown)?;
        }
        Ok(all)
    }

    /// Adds a key, given as a file in PEM. `shown` names it in errors.
    ///
    /// # Errors
    /// [`Error::Keyring`] where it is no RSA key, its name is none that a signature could say, or another key has it.
    pub fn add(&mut self, name: &[u8], pem: &[u8], shown: &str) -> Result<()> {
        let refuse = |why: String| Error::Keyring { path: shown.to_owned(), why };
        let name = std::str::from_utf8(name).ok().filter(|name| is_name(name)).ok_or_else(|| {
            let why = "a signature calls its key by the file's name, and cannot say this one: letters, digits and . _ @ + - make it";
            refuse(why.to_owned())
        })?;
        let text = std::str::from_utf8(pem).ok().filter(|text| text.len() <= KEY_BYTES_MAX);
        let key = text.and_then(|text| RsaPublicKey::from_public_key_pem(text.trim()).ok());
        let key = key.ok_or_else(|| {
            let why = "it is no RSA key of at most 4096 bits in PEM (-----BEGIN PUBLIC KEY-----), as apk keeps them in /etc/apk/keys";
            refuse(why.to_owned())
        })?;
        let binary = key.to_public_key_der().map_err(|error| refuse(error.to_string()))?;
        let sum = Sha256::digest(binary.as_bytes());
        let fingerprint = sum.iter().map(|byte| format!("{byte:02X}")).collect();
        let one = NamedKey { name: name.to_owned(), fingerprint, pem: pem.to_vec(), key };
        match self.keys.get(name) {
            Some(other) if other.fingerprint != one.fingerprint => Err(refuse(format!(
                "another key is called {name}, too: a signature could not tell them apart"
            ))),
            _ => {
                self.keys.insert(name.to_owned(), one);
                Ok(())
            }
        }
    }

    /// Gives the key of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&NamedKey> {
        self.keys.get(name)
    }

    /// Gives the keys, sorted by their names.
    pub fn iter(&self) -> impl Iterator<Item = &NamedKey> {
        self.keys.values()
    }
}

impl NamedKey {
    /// Says why a signature of a text does not count; `None` where it does.
    #[must_use]
    pub fn flaw(
        &self,
        text: &[u8],
        hashing: Hashing,
        signature: &[u8],
        weak_keys: bool,
    ) -> Option<String> {
        let least = if weak_keys { WEAK_BITS_MIN } else { BITS_MIN };
        if let Some(why) = self.is_short(least) {
            return Some(why);
        }
        let (scheme, hash) = match hashing {
            Hashing::Sha1 => (Pkcs1v15Sign::new::<Sha1>(), Sha1::digest(text).to_vec()),
            Hashing::Sha256 => (Pkcs1v15Sign::new::<Sha256>(), Sha256::digest(text).to_vec()),
            Hashing::Sha512 => (Pkcs1v15Sign::new::<Sha512>(), Sha512::digest(text).to_vec()),
        };
        let is_right = self.key.verify(scheme, &hash, signature).is_ok();
        (!is_right).then(|| OTHER.to_owned())
    }

    /// Says why a signature by RSA-PSS of a text's SHA-512, whose salt is as long as that, does not count; `None` where it does.
    #[must_use]
    pub fn flaw_of_pss(&self, text: &[u8], signature: &[u8]) -> Option<String> {
        if let Some(why) = self.is_short(BITS_MIN) {
            return Some(why);
        }
        let hash = Sha512::digest(text);
        let is_right = self.key.verify(Pss::new::<Sha512>(), &hash, signature).is_ok();
        (!is_right).then(|| OTHER.to_owned())
    }

    fn is_short(&self, least: usize) -> Option<String> {
        let bits = self.key.n().bits();
        (bits < least)
            .then(|| format!("the key has {bits} bits; weak-keys = true takes 1024 and more"))
    }
}

/// What a signature is that does not fit.
const OTHER: &str = "it is of another text, or by another key";

/// Says whether a name can stand in a signature, a record and a client's folder.
fn is_name(name: &str) -> bool {
    let is_clean = |b: u8| b.is_ascii_alphanumeric() || b"._@+-".contains(&b);
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.starts_with('.')
        && name.bytes().all(is_clean)
}

#[cfg(test)]
mod tests;
