//! The certificates that an operator trusts for one mirror.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_store::Stamp;
use pinfold_store::path::escape;
use sequoia_openpgp::armor;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::cert::amalgamation::key::ErasedKeyAmalgamation;
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::parse::{Dearmor, PacketParserBuilder, Parse};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::{Cert, Fingerprint, KeyHandle};

use super::{armored, chain};
use crate::key::{armor_of, cut_blanks};
use crate::tree::{open_file, read_bounded};
use crate::{Error, Result};

/// The largest keyring file that is read.
const KEYRING_BYTES_MAX: u64 = 10_000_000;
const BEGIN_KEYS: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END_KEYS: &[u8] = b"-----END PGP PUBLIC KEY BLOCK-----";

/// Certificates, each once: what several files say of one is joined, so that a revocation in any of them counts.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    certs: BTreeMap<Fingerprint, Cert>,
}

/// When a certificate ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEnd {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Whose it is, escaped.
    pub name: String,
    /// When nothing that it signs counts any more.
    pub at: Stamp,
}

impl KeyEnd {
    fn of(cert: &Cert) -> Option<Self> {
        let policy = &StandardPolicy::new();
        let valid = cert.with_policy(policy, None).ok()?;
        let own = valid.primary_key().key_expiration_time();
        let mut last = None;
        for part in valid.keys().for_signing() {
            let ends = match (part.key_expiration_time(), own) {
                (Some(part), Some(own)) => part.min(own),
                (Some(one), None) | (None, Some(one)) => one,
                (None, None) => return None,
            };
            last = last.max(Some(ends));
        }
        let since = last.or(own)?.duration_since(std::time::UNIX_EPOCH).ok()?;
        let name = valid.userids().next().map(|id| escape(id.userid().value()));
        Some(Self {
            fingerprint: cert.fingerprint().to_hex(),
            name: name.unwrap_or_default(),
            at: Stamp::from_seconds(i64::try_from(since.as_secs()).ok()?),
        })
    }
}

impl Keyring {
    /// Reads keyring files, armored or not, whatever they are called.
    ///
    /// # Errors
    /// [`Error::Io`] where one cannot be read; [`Error::Keyring`] where others than its owner may write it, or it holds no
    /// certificate that can be read.
    pub fn load(paths: &[PathBuf]) -> Result<Self> {
        let mut all = Self::default();
        for path in paths {
            let bytes = read(path)?;
            all.add(&bytes, &escape(path.as_os_str().as_encoded_bytes()))?;
        }
        Ok(all)
    }

    /// Reads a keyring, armored or not. `shown` names it in errors.
    ///
    /// # Errors
    /// [`Error::Keyring`] where it holds no certificate that can be read.
    pub fn parse(bytes: &[u8], shown: &str) -> Result<Self> {
        let mut all = Self::default();
        all.add(bytes, shown)?;
        Ok(all)
    }

    /// Gives the fingerprints of its certificates, sorted.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<String> {
        self.certs.keys().map(Fingerprint::to_hex).collect()
    }

    /// Says when each of its certificates ends: when none of its parts can sign any more. Those that never end are left out.
    #[must_use]
    pub fn ends(&self) -> Vec<KeyEnd> {
        self.certs.values().filter_map(KeyEnd::of).collect()
    }

    /// Writes the certificates as clients take them: all in one armored block, because apt reads no second one.
    ///
    /// # Errors
    /// [`Error::Key`] where they cannot be written.
    pub fn armor(&self) -> Result<Vec<u8>> {
        armor_of(self.certs.values())
    }

    /// Finds the keys that have one of these names.
    pub(super) fn keys(
        &self,
        names: &[KeyHandle],
    ) -> impl Iterator<Item = ErasedKeyAmalgamation<'_, PublicParts>> {
        self.certs.values().flat_map(|cert| cert.keys().key_handles(names.iter()))
    }

    /// Step 4: armor by content, many certificates, no keybox.
    fn add(&mut self, bytes: &[u8], shown: &str) -> Result<()> {
        let refuse = |why| Error::Keyring { path: shown.to_owned(), why };
        if bytes.get(8..12) == Some(b"KBXf") {
            return Err(refuse(format!(
                "it is a keybox, which only GnuPG reads; export it: gpg --no-default-keyring --keyring {shown} --export >NEW.gpg"
            )));
        }
        let mut count = 0;
        let is_binary = bytes.first().is_some_and(|first| *first >= 0x80);
        let rings =
            if is_binary { vec![bytes.to_vec()] } else { dearmored(bytes).map_err(refuse)? };
        for ring in &rings {
            let parser = PacketParserBuilder::from_bytes(ring)
                .and_then(|builder| builder.dearmor(Dearmor::Disabled).build())
                .map_err(|e| refuse(format!("it does not parse: {}", chain(&e))))?;
            // One that does not parse is no reason to do without the others: it vouches for nothing.
            for cert in CertParser::from(parser).flatten() {
                self.join(cert.strip_secret_key_material()).map_err(refuse)?;
                count += 1;
            }
        }
        if count == 0 {
            return Err(refuse("it holds no certificate that can be read".to_owned()));
        }
        Ok(())
    }

    fn join(&mut self, cert: Cert) -> Result<(), String> {
        let fingerprint = cert.fingerprint();
        let joined = match self.certs.remove(&fingerprint) {
            None => cert,
            Some(known) => known
                .merge_public(cert)
                .map_err(|e| format!("two certificates {fingerprint} do not fit: {}", chain(&e)))?,
        };
        self.certs.insert(fingerprint, joined);
        Ok(())
    }
}

/// Reads a keyring file that nobody but its owner may write.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |source| Error::Io { action: "read", path: path.to_owned(), source };
    let (file, mode) = open_file(path)?;
    if mode & 0o022 != 0 {
        let shown = escape(path.as_os_str().as_encoded_bytes());
        let why =
            format!("others than its owner may write it (mode {mode:04o}): chmod go-w {shown}");
        return Err(Error::Keyring { path: shown, why });
    }
    read_bounded(file, KEYRING_BYTES_MAX).map_err(failed)
}

/// Reads every armored block of certificates in a text; what stands around them is ignored.
fn dearmored(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut rings = Vec::new();
    let mut block: Option<Vec<u8>> = None;
    for line in text.split(|b| *b == b'\n').map(cut_blanks) {
        if line == BEGIN_KEYS {
            block = Some(Vec::new());
        }
        let Some(open) = block.as_mut() else { continue };
        open.extend_from_slice(line);
        open.push(b'\n');
        if line == END_KEYS {
            let ring = armored::decode(open, armor::Kind::PublicKey);
            rings.push(ring.map_err(|why| format!("its armor does not parse: {why}"))?);
            block = None;
        }
    }
    match block {
        Some(_) => Err("it is cut within its armor".to_owned()),
        None => Ok(rings),
    }
}

#[cfg(test)]
mod tests;
