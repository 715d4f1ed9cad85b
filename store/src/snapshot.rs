//! Snapshots: a manifest, a date and the evidence.
use crate::{Digest, Name, RelPath, Stamp};
use serde::{Deserialize, Serialize};

/// Who vouches for a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /** Nobody: its signatures were not checked. */
    None,
}

/// A snapshot's record, `ROOT/snapshots/MIRROR/DATE`, as TOML. The truth about the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}
