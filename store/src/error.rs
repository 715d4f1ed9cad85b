//! What can go wrong in the store, named by what happened to which noun.
//!
//! Messages are one line, lower case, without a final stop and never hold their source: the caller joins the chain.
//! [`Error::kind`] answers the one question that a timer job has: try again, mend the configuration, or wake someone.

use std::path::{Path, PathBuf};

use crate::path::{Name, Stamp, escape_path};

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What an error asks of whoever started the verb; exit codes are made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request or the configuration is wrong: mend it.
    Usage,
    /// The answer is no: a difference, a finding, something that holds.
    Held,
    /// Upstream failed: try later.
    Upstream,
    /// Something is not authentic or not intact: stop and look.
    Integrity,
    /// This machine: disk full, permission, another file system.
    Machine,
    /// Another run holds the lock.
    Busy,
    /// A bug of ours.
    Bug,
}

/// An error of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A system call failed.
    #[error("cannot {action} {}", escape_path(path))]
    Io {
        /// What was attempted, as a verb with its preposition: "read", "write to".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A name from outside is not one that we take.
    #[error("bad {what} '{name}': {why}")]
    BadName {
        /// Which kind of name.
        what: &'static str,
        /// The name, escaped.
        name: String,
        /// The rule that it breaks.
        why: String,
    },
    /// A file of ours does not hold what it should.
    #[error("{} is damaged: {why}", escape_path(path))]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The index failed.
    #[error("the index {} failed", escape_path(path))]
    Index {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The index does not name exactly the snapshots whose records are on disk.
    #[error("the index {} does not match the records on disk: {why}", escape_path(path))]
    Stale {
        /// The database.
        path: PathBuf,
        /// The first difference.
        why: String,
    },
    /// No such snapshot.
    #[error("no snapshot {mirror}@{wanted}")]
    NoSnapshot {
        /// The mirror that was asked for.
        mirror: Name,
        /// The date, pin or channel that was asked for.
        wanted: String,
    },
    /// A snapshot cannot be dropped or taken down, or a date cannot be taken.
    #[error("{mirror}@{taken} {why}")]
    Held {
        /// The mirror.
        mirror: Name,
        /// The snapshot's date.
        taken: Stamp,
        /// What holds it.
        why: String,
    },
    /// A tree that was to be taken holds what we refuse.
    #[error("{} cannot be taken: {} problem(s), the first: {first}", escape_path(root), count)]
    Refused {
        /// The folder that was to be taken.
        root: PathBuf,
        /// How many entries are refused.
        count: usize,
        /// The first of them, escaped, with the reason.
        first: String,
    },
    /// An object that is named is not in the store or does not have its size.
    #[error("object {digest} is missing or damaged: {why}")]
    MissingObject {
        /// Its name.
        digest: crate::digest::Digest,
        /// What was found.
        why: String,
    },
    /// Another run holds a lock.
    #[error("{} is held by {holder}", escape_path(path))]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// The holder's pid and verb, as written inside.
        holder: String,
    },
    /// What is to come does not fit.
    #[error(
        "{} has no room for {wanted_bytes} bytes in {wanted_files} files: {free_bytes} bytes and {free_files} files are free above the reserve of {min_free}%",
        root.display()
    )]
    NoRoom {
        /// The store's root.
        root: PathBuf,
        /// The bytes that are to come.
        wanted_bytes: u64,
        /// The files that are to come.
        wanted_files: u64,
        /// The bytes that are free.
        free_bytes: u64,
        /// The inodes that are free.
        free_files: u64,
        /// The reserve, in percent.
        min_free: u8,
    },
    /// The root was made by another version.
    #[error("{} was made by a newer pinfold: {why}", escape_path(root))]
    Newer {
        /// The store's root.
        root: PathBuf,
        /// Which number or feature is not known here.
        why: String,
    },
}

impl Error {
    /// Says what the error asks of whoever started the verb.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Index { source, .. } if is_damage(source) => Kind::Integrity,
            Self::Io { .. } | Self::Index { .. } | Self::NoRoom { .. } => Kind::Machine,
            Self::BadName { .. }
            | Self::NoSnapshot { .. }
            | Self::Newer { .. }
            | Self::Refused { .. } => Kind::Usage,
            Self::Held { .. } => Kind::Held,
            Self::Damaged { .. } | Self::Stale { .. } | Self::MissingObject { .. } => {
                Kind::Integrity
            }
            Self::Busy { .. } => Kind::Busy,
        }
    }
}

/// Says whether the database itself is broken, and not the disk under it or the rights to it.
fn is_damage(source: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(source.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

/// Adds what was attempted, and on what, to a failed system call.
pub trait IoContext<T> {
    /// Turns the error into [`Error::Io`].
    ///
    /// # Errors
    /// The error itself, with its context.
    fn at(self, action: &'static str, path: &Path) -> Result<T>;

    /// The same for a path that costs something to name.
    ///
    /// # Errors
    /// The error itself, with its context.
    fn at_with(self, action: &'static str, path: impl FnOnce() -> PathBuf) -> Result<T>;
}

impl<T, E: Into<std::io::Error>> IoContext<T> for std::result::Result<T, E> {
    fn at(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| Error::Io { action, path: path.to_owned(), source: source.into() })
    }

    fn at_with(self, action: &'static str, path: impl FnOnce() -> PathBuf) -> Result<T> {
        self.map_err(|source| Error::Io { action, path: path(), source: source.into() })
    }
}
