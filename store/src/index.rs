//! The SQLite index: derived from the files, may be deleted.
//!
//! It answers "which days had this file" and "what does nobody need any more" without reading manifests: the contents of snapshots are
//! kept as spans (path, content, first and last snapshot), so a day costs what it changed. The stat cache is here too; a rebuild
//! leaves it cold. Holds I6 (never the only record of anything) and I13 (no two objects share size and modification time).

mod cache;
mod drops;
mod objects;
mod reads;
mod rebuild;
mod schema;
mod spans;
mod upstream;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

pub use reads::{Pass, Read, Unread};
pub use upstream::Validators;

use crate::error::{Error, Result};
use crate::{Code, Digest, Entry, Finding, Name, Report, Stamp, Store};

/// An open index.
pub struct Index {
    connection: Connection,
    path: PathBuf,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("path", &self.path).finish_non_exhaustive()
    }
}

/// How a file looked when it was last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Device.
    pub device: u64,
    /// Inode.
    pub inode: u64,
    /// Size.
    pub size_bytes: u64,
    /// Modification time in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Change time in nanoseconds since 1970.
    pub ctime_ns: i64,
}

/// A row of the objects' table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectRow {
    /// Name.
    pub digest: Digest,
    /// Size.
    pub size_bytes: u64,
    /// Modification time of its first inode, in seconds since 1970.
    pub mtime: i64,
    /// Its SHA-256; `None` only until a rebuilt index has read the object.
    pub sha256: Option<[u8; 32]>,
}

/// A span of a path: from which to which snapshot it showed one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Content and kind.
    pub entry: Entry,
    /// First snapshot that has it.
    pub first: Stamp,
    /// Last snapshot that has it; `None` while it is in the newest.
    pub last: Option<Stamp>,
}

impl Span {
    /// Says whether the span covers a snapshot's date.
    #[must_use]
    pub fn covers(&self, taken: Stamp) -> bool {
        covers((self.first, self.last), taken)
    }
}

/// Who holds an object: a mirror's path from one snapshot to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The mirror.
    pub mirror: Name,
    /// The path.
    pub path: crate::RelPath,
    /// First snapshot that has it there.
    pub first: Stamp,
    /// Last snapshot that has it there; `None` while it is in the newest.
    pub last: Option<Stamp>,
}

impl Holder {
    /// Says whether a snapshot of this date has it.
    #[must_use]
    pub fn covers(&self, taken: Stamp) -> bool {
        covers((self.first, self.last), taken)
    }
}

/// Says whether a date lies between two others, the second of which may be open.
fn covers((first, last): (Stamp, Option<Stamp>), taken: Stamp) -> bool {
    first <= taken && last.is_none_or(|last| taken <= last)
}

/// Names a failure of the database.
fn sql<T>(path: &Path, done: rusqlite::Result<T>) -> Result<T> {
    done.map_err(|source| Error::Index { path: path.to_owned(), source })
}

/// SQLite's integers are signed; what does not fit does not exist on any disk.
fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Reads back what [`int`] wrote; device and inode numbers use all 64 bits.
fn uint(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

impl Index {
    /// Opens or makes the database at a path.
    ///
    /// # Errors
    /// [`Error::Index`] where it is damaged; [`Error::Newer`] where a later version made it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let connection = sql(path, Connection::open(path))?;
        let mut index = Self { connection, path: path.to_owned() };
        sql(path, schema::prepare(&index.connection))?;
        schema::migrate(&mut index.connection, path)?;
        Ok(index)
    }

    /// Asks many questions in one transaction: the locks of the database are taken once, and all answers are of one moment.
    /// `ask` must not write.
    ///
    /// # Errors
    /// Whatever `ask` says; [`Error::Index`] where it cannot be read.
    pub fn at_once<T, E: From<Error>>(
        &self,
        ask: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.sql(self.connection.unchecked_transaction())?;
        let answer = ask(self)?;
        self.sql(transaction.commit())?;
        Ok(answer)
    }

    /// Gives back the memory of the pages that were read.
    ///
    /// # Errors
    /// [`Error::Index`] where the database refuses.
    pub fn shrink(&self) -> Result<()> {
        self.sql(self.connection.execute_batch("PRAGMA shrink_memory"))
    }

    fn sql<T>(&self, done: rusqlite::Result<T>) -> Result<T> {
        sql(&self.path, done)
    }

    /// Says how a stored value broke its own rules.
    fn stale(&self, why: impl Into<String>) -> Error {
        Error::Stale { path: self.path.clone(), why: why.into() }
    }

    /// Lists the snapshots that the index knows, oldest first.
    ///
    /// # Errors
    /// [`Error::Index`] where it cannot be read.
    pub fn snapshots(&self, mirror: &Name) -> Result<Vec<(Stamp, Digest)>> {
        let text = "SELECT taken, manifest FROM snapshots JOIN mirrors ON mirrors.id = mirror WHERE name = ?1 ORDER BY taken";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let rows = statement.query_map([mirror.as_str()], |row| {
            Ok((Stamp::from_seconds(row.get(0)?), Digest::from_bytes(row.get(1)?)))
        });
        self.sql(rows.and_then(Iterator::collect))
    }

    /// Lists the mirrors that the index knows.
    fn mirrors(&self) -> Result<Vec<Name>> {
        let mut statement =
            self.sql(self.connection.prepare_cached("SELECT name FROM mirrors ORDER BY name"))?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0));
        let names: Vec<String> = self.sql(rows.and_then(Iterator::collect))?;
        names.iter().map(|name| name.parse()).collect()
    }

    /// Compares with the records on disk; [`Error::Stale`] names the first difference.
    ///
    /// # Errors
    /// [`Error::Stale`] where they differ.
    pub fn must_match(&self, store: &Store) -> Result<()> {
        let mut mirrors = store.mirrors()?;
        mirrors.extend(self.mirrors()?);
        mirrors.sort_unstable();
        mirrors.dedup();
        mirrors.iter().try_for_each(|mirror| self.must_match_mirror(store, mirror))
    }

    /// [`Index::must_match`] for one mirror.
    pub(crate) fn must_match_mirror(&self, store: &Store, mirror: &Name) -> Result<()> {
        let records = store.dates(mirror)?;
        let known: Vec<Stamp> =
            self.snapshots(mirror)?.into_iter().map(|(taken, _)| taken).collect();
        if let Some(taken) = records.iter().find(|taken| known.binary_search(taken).is_err()) {
            return Err(self.stale(format!("it lacks {mirror}@{taken}")));
        }
        if let Some(taken) = known.iter().find(|taken| records.binary_search(taken).is_err()) {
            return Err(self.stale(format!("the record of {mirror}@{taken} is gone")));
        }
        Ok(())
    }

    /// SQLite's own integrity check.
    ///
    /// # Errors
    /// [`Error::Index`] where the check itself cannot run.
    pub fn integrity(&self) -> Result<Report> {
        let mut report = Report::default();
        for check in ["PRAGMA integrity_check(20)", "PRAGMA foreign_key_check"] {
            let mut statement = self.sql(self.connection.prepare(check))?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0));
            let lines: Vec<String> = match rows.and_then(Iterator::collect) {
                Ok(lines) => lines,
                Err(error) => vec![error.to_string()],
            };
            report.findings.extend(lines.into_iter().filter(|line| line != "ok").map(|line| {
                Finding {
                    code: Code::IndexDamaged,
                    subject: self.path.display().to_string(),
                    detail: line,
                    remedy: "pinfold fsck --rebuild".to_owned(),
                }
            }));
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests;
