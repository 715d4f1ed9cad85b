//! What can go wrong in publishing, named by what happened to which noun.

use std::path::PathBuf;

use pinfold_store::path::escape_path;
use pinfold_store::{Kind, Name, Stamp};

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the publisher. Messages are one line, lower case, and never hold their source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store failed or refused.
    #[error(transparent)]
    Store(#[from] pinfold_store::Error),
    /// The rules of the site cannot be made.
    #[error(transparent)]
    Site(#[from] crate::site::SiteError),
    /// The text names no snapshot.
    #[error("'{text}' names no snapshot: {why}")]
    BadSpec {
        /// What was typed, escaped.
        text: String,
        /// The rule that it breaks.
        why: String,
    },
    /// The text is no schedule.
    #[error("'{text}' is no schedule: {why}")]
    BadSchedule {
        /// What was written, escaped.
        text: String,
        /// The rule that it breaks.
        why: String,
    },
    /// There is no such channel.
    #[error("no channel '{channel}' here: pinfold init makes the channels of the configuration")]
    NoChannel {
        /// What was asked for.
        channel: Name,
    },
    /// There is no such generation.
    #[error("channel {channel} has no generation {wanted}")]
    NoGeneration {
        /// The channel.
        channel: Name,
        /// The number or date that was asked for.
        wanted: String,
    },
    /// Another run moved the channel first.
    #[error(
        "channel {channel} moved from generation {expected} to {found} meanwhile: look at it and run the command again"
    )]
    Moved {
        /// The channel.
        channel: Name,
        /// What the caller believed.
        expected: u64,
        /// What is.
        found: u64,
    },
    /// The answer is no, and why.
    #[error("{what} {why}")]
    Held {
        /// The channel or snapshot.
        what: String,
        /// What holds it.
        why: String,
    },
    /// The snapshot that a generation showed was dropped.
    #[error(
        "{mirror}@{taken}, which generation {generation} of {channel} showed, was pruned: name another generation with --to"
    )]
    Gone {
        /// The channel.
        channel: Name,
        /// The generation.
        generation: u64,
        /// The mirror.
        mirror: Name,
        /// Its snapshot.
        taken: Stamp,
    },
    /// A file of ours does not hold what it should.
    #[error("{} is damaged: {why}", escape_path(path))]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The family could not make the root metadata.
    #[error("cannot make the root metadata of {mirror}")]
    Heads {
        /// The mirror.
        mirror: Name,
        /// What it asks of whoever started the verb.
        kind: Kind,
        /// What the family says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Says what the error asks of whoever started the verb.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Store(inner) => inner.kind(),
            Self::Site(inner) => inner.kind(),
            Self::BadSpec { .. }
            | Self::BadSchedule { .. }
            | Self::NoChannel { .. }
            | Self::NoGeneration { .. } => Kind::Usage,
            Self::Moved { .. } => Kind::Busy,
            Self::Held { .. } | Self::Gone { .. } => Kind::Held,
            Self::Damaged { .. } => Kind::Integrity,
            Self::Heads { kind, .. } => *kind,
        }
    }
}
