//! Snapshots: a manifest, a date and the evidence.

use std::path::PathBuf;

use crate::error::{IoContext, Result};
use crate::lock::MirrorLock;
use crate::{Digest, Name, RelPath, Stamp, Store, disk};
use serde::{Deserialize, Serialize};

/// Who vouches for a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// Nobody: its signatures were not checked, or it has none.
    None,
    /// Upstream: every file is named, by size and checksum, by metadata that a key of the mirror's keyring signed.
    Signed,
}

impl Trust {
    /// Gives the word that records and listings use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Signed => "signed",
        }
    }
}

/// A key that signed root metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// The fingerprint of the primary key.
    pub key: String,
    /// The fingerprint of the key that made the signature.
    pub by: String,
    /// Whose key it is, escaped.
    pub name: String,
    /// When it signed.
    pub made: Stamp,
    /// The certificate as it was then: `ROOT/snapshots/MIRROR/keys/DIGEST.asc`.
    pub certificate: Digest,
}

/// What one file of root metadata proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Which file.
    pub root: RelPath,
    /// The date that it gives itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Stamp>,
    /// Until when it says that it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Stamp>,
    /// Indices that it names and that were compared.
    pub indices: u64,
    /// Files that these name and that were compared.
    pub files: u64,
    /// Who signed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<Signer>,
    /// Signatures that did not count, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

/// What vouches for a snapshot, and what was asked of upstream.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Who vouches for it.
    pub trust: Trust,
    /// The upstream that it was fetched from, without credentials.
    pub upstream: Option<String>,
    /// The operator asked for a part of the archive.
    pub is_filtered: bool,
    /// Rules that the operator relaxed, for people.
    pub relaxed: Vec<String>,
    /// What was asked of upstream, in the family's own words; empty where nothing was. While neither it nor root metadata changes,
    /// nothing does, and a proof is done again by it.
    pub asked: toml::Table,
    /// What the packages' own signatures came to, in the family's own words; empty where nobody asked.
    pub packages: toml::Table,
    /// What each file of root metadata proves.
    pub proofs: Vec<Proof>,
}

impl Evidence {
    /// What there is where nobody vouches.
    #[must_use]
    pub fn none() -> Self {
        Self {
            trust: Trust::None,
            upstream: None,
            is_filtered: false,
            relaxed: Vec::new(),
            asked: toml::Table::new(),
            packages: toml::Table::new(),
            proofs: Vec::new(),
        }
    }
}

/// A snapshot's record, `ROOT/snapshots/MIRROR/DATE`, as TOML. The truth about the snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The mirror.
    pub mirror: Name,
    /// Its date; unique and growing within the mirror.
    pub taken: Stamp,
    /// The state's identity.
    pub manifest: Digest,
    /// The family that read it: `apt`, `files`…
    pub family: String,
    /// Who vouches for it.
    pub trust: Trust,
    /// Where it came from, for people: `ingest /srv/apt-mirror/mirror/…`.
    pub source: String,
    /// The upstream that it was fetched from, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// The operator asked for a part of the archive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub filtered: bool,
    /// Rules that the operator relaxed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relaxed: Vec<String>,
    /// The snapshot that was the newest when this one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Stamp>,
    /// Files, added names included.
    pub files: u64,
    /// Symbolic links.
    pub links: u64,
    /// Bytes of all files, a content under two paths counted twice.
    pub bytes: u64,
    /// The paths of class root, with those that lead there through symlinked folders.
    pub roots: Vec<RelPath>,
    /// What was asked of upstream, in the family's own words.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub asked: toml::Table,
    /// What the packages' own signatures came to, in the family's own words.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub packages: toml::Table,
    /// What each file of root metadata proves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<Proof>,
}

/// The largest certificate that is read back.
const CERTIFICATE_BYTES_MAX: u64 = 4 << 20;

impl Store {
    fn certificate_path(&self, mirror: &Name, digest: Digest) -> PathBuf {
        self.records(mirror).join("keys").join(format!("{digest}.asc"))
    }

    /// Keeps a certificate that vouched for a snapshot, so that its signatures can be checked in later years.
    ///
    /// Durable: yes.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where it cannot be written.
    pub fn keep_certificate(&self, lock: &MirrorLock, armored: &[u8]) -> Result<Digest> {
        let digest = Digest::of(armored);
        let path = self.certificate_path(&lock.mirror, digest);
        if disk::stands(&path)? {
            return Ok(digest);
        }
        let folder = self.records(&lock.mirror);
        disk::make_dir(&folder)?;
        disk::make_dir(&folder.join("keys"))?;
        disk::write_durably(&path, armored, 0o444)?;
        disk::sync_parent(&folder.join("keys"))?;
        disk::sync_parent(&folder)?;
        Ok(digest)
    }

    /// Reads a certificate that vouched for a snapshot.
    ///
    /// # Errors
    /// [`crate::Error::Damaged`] where it is not what it was.
    pub fn certificate(&self, mirror: &Name, digest: Digest) -> Result<Vec<u8>> {
        use std::io::Read;

        let path = self.certificate_path(mirror, digest);
        let mut bytes = Vec::new();
        std::fs::File::open(&path)
            .and_then(|file| file.take(CERTIFICATE_BYTES_MAX).read_to_end(&mut bytes))
            .at("read the certificate", &path)?;
        if Digest::of(&bytes) == digest {
            return Ok(bytes);
        }
        Err(crate::Error::Damaged { path, why: "its bytes do not hash to its name".to_owned() })
    }
}
