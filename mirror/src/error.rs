//! What can go wrong in an archive, its metadata, or the signing key.

use std::path::PathBuf;

use pinfold_store::Kind;

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a family.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store could not give what was asked for.
    #[error(transparent)]
    Store(#[from] pinfold_store::Error),
    /// A system call failed.
    #[error("cannot {action} {}", pinfold_store::path::escape(path.as_os_str().as_encoded_bytes()))]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Root metadata does not parse, or names what it must not name.
    #[error("{path} is no metadata that can be followed: {why}")]
    BadMetadata {
        /// Which file of the archive, escaped.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// Files of the archive are not what its own metadata says; each was reported as a problem.
    #[error("{count} file(s) of the archive are not what its metadata says, the first: {first}")]
    Mismatch {
        /// How many.
        count: usize,
        /// The first of them, with what was expected and what is there.
        first: String,
    },
    /// Nobody whom the mirror trusts vouches for a file, or not for this one now.
    #[error("{path} is not authentic: {why}")]
    NotAuthentic {
        /// Which file of the archive, escaped.
        path: String,
        /// Who signed it, and what would be accepted.
        why: String,
    },
    /// A keyring cannot be believed or read.
    #[error("cannot use the keyring {path}: {why}")]
    Keyring {
        /// Which one, escaped.
        path: String,
        /// Why not, and what to do.
        why: String,
    },
    /// A site's certificate cannot be read.
    #[error("cannot use the certificate {path}: {why}", path = path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Upstream could not be asked, or does not answer as it should: try later.
    #[error("cannot fetch {url}: {why}")]
    Upstream {
        /// Which URL, escaped and without credentials.
        url: String,
        /// Why it failed.
        why: String,
    },
    /// The time that a run may take is over: what came is kept for the next.
    #[error("the run was given up after {}", shown_time(*after))]
    Late {
        /// How long it was.
        after: std::time::Duration,
    },
    /// The run was interrupted by whoever started it: what came is kept for the next.
    #[error("the run was interrupted")]
    Interrupted,
    /// Upstream lists files that it does not have; each was reported as a problem.
    #[error("{count} file(s) that upstream lists cannot be had, the first: {first}")]
    Missing {
        /// How many.
        count: usize,
        /// The first of them, with the reason.
        first: String,
    },
    /// The signing key cannot be made, read or used.
    #[error("cannot {action} the signing key: {why}")]
    Key {
        /// What was attempted.
        action: &'static str,
        /// Why it failed.
        why: String,
    },
    /// A key is none that clients would take, or stands in another's way.
    #[error("cannot {action} the key {key}: {why}")]
    KeyRefused {
        /// What was attempted.
        action: &'static str,
        /// Its file or fingerprint, escaped.
        key: String,
        /// Why not.
        why: String,
    },
    /// A text cannot stand in a client's configuration.
    #[error("bad {what} '{value}': {why}")]
    BadText {
        /// What the text is.
        what: &'static str,
        /// The text, escaped.
        value: String,
        /// The rule that it breaks.
        why: &'static str,
    },
}

impl Error {
    /// Says what the error asks of whoever started the verb.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Store(inner) => inner.kind(),
            Self::Io { .. } | Self::Key { .. } | Self::Interrupted => Kind::Machine,
            Self::BadMetadata { .. } | Self::Mismatch { .. } | Self::NotAuthentic { .. } => {
                Kind::Integrity
            }
            Self::Upstream { .. } | Self::Missing { .. } | Self::Late { .. } => Kind::Upstream,
            Self::KeyRefused { .. }
            | Self::BadText { .. }
            | Self::Keyring { .. }
            | Self::Certificate { .. } => Kind::Usage,
        }
    }
}

/// Shows a time in the unit that fits.
fn shown_time(time: std::time::Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 1..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}
