//! The tables and their history: a list that only grows, its length is `user_version`.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};

use super::sql;
use crate::error::{Error, Result};

/// Every step from an empty database to the newest tables.
const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE mirrors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE objects (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    UNIQUE (size, mtime)
) STRICT;
CREATE TABLE paths (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE snapshots (
    mirror INTEGER NOT NULL REFERENCES mirrors,
    taken INTEGER NOT NULL,
    manifest BLOB NOT NULL,
    PRIMARY KEY (mirror, taken)
) STRICT, WITHOUT ROWID;
CREATE INDEX snapshots_manifest ON snapshots (manifest);
CREATE TABLE spans (
    path INTEGER NOT NULL REFERENCES paths,
    mirror INTEGER NOT NULL REFERENCES mirrors,
    first INTEGER NOT NULL,
    last INTEGER,
    kind INTEGER NOT NULL,
    object INTEGER REFERENCES objects,
    target BLOB,
    PRIMARY KEY (path, mirror, first),
    CHECK ((object IS NULL) <> (target IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX spans_object ON spans (object) WHERE object IS NOT NULL;
CREATE INDEX spans_links ON spans (mirror) WHERE object IS NULL;
CREATE INDEX spans_first ON spans (mirror, first);
CREATE INDEX spans_last ON spans (mirror, last) WHERE last IS NOT NULL;
CREATE TABLE seen (
    mirror INTEGER NOT NULL REFERENCES mirrors,
    path BLOB NOT NULL,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (mirror, path)
) STRICT, WITHOUT ROWID;
",
    "
ALTER TABLE objects ADD COLUMN sha256 BLOB;
ALTER TABLE objects ADD COLUMN sha512 BLOB;
CREATE INDEX objects_sha256 ON objects (substr(sha256, 1, 8)) WHERE sha256 IS NOT NULL;
CREATE INDEX objects_sha512 ON objects (substr(sha512, 1, 8)) WHERE sha512 IS NOT NULL;
CREATE TABLE validators (
    url TEXT PRIMARY KEY,
    etag TEXT,
    modified TEXT,
    digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE unpacked (
    object INTEGER PRIMARY KEY REFERENCES objects ON DELETE CASCADE,
    plain BLOB NOT NULL
) STRICT;
",
    "
CREATE TABLE checksums (
    object INTEGER NOT NULL REFERENCES objects ON DELETE CASCADE,
    algorithm INTEGER NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (object, algorithm)
) STRICT, WITHOUT ROWID;
CREATE INDEX checksums_sum ON checksums (algorithm, substr(sum, 1, 8));
INSERT INTO checksums (object, algorithm, sum) SELECT id, 5, sha512 FROM objects WHERE sha512 IS NOT NULL;
DROP INDEX objects_sha512;
ALTER TABLE objects DROP COLUMN sha512;
",
    "
CREATE TABLE judged (
    object INTEGER NOT NULL REFERENCES objects ON DELETE CASCADE,
    keys BLOB NOT NULL,
    verdict TEXT NOT NULL,
    PRIMARY KEY (object, keys)
) STRICT, WITHOUT ROWID;
CREATE INDEX judged_verdict ON judged (keys, verdict);
",
    "
ALTER TABLE objects ADD COLUMN read INTEGER NOT NULL DEFAULT 0;
CREATE INDEX objects_read ON objects (read);
CREATE TABLE passes (began INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
",
];

/// Sets what every connection needs.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(60))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -32_000)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Brings the tables to the newest form, in one exclusive transaction.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    migrate_to(MIGRATIONS, connection, path)
}

fn migrate_to(steps: &[&str], connection: &mut Connection, path: &Path) -> Result<()> {
    let version = |connection: &Connection| {
        sql(path, connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)))
    };
    let newest = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    let found = version(connection)?;
    if found > newest {
        let why = format!("{} has version {found}, this version knows {newest}", path.display());
        return Err(Error::Newer { root: path.to_owned(), why });
    }
    if found == newest {
        return Ok(());
    }
    let transaction =
        sql(path, connection.transaction_with_behavior(TransactionBehavior::Exclusive))?;
    let done = usize::try_from(version(&transaction)?).unwrap_or_default();
    for step in steps.iter().skip(done) {
        sql(path, transaction.execute_batch(step))?;
    }
    sql(path, transaction.pragma_update(None, "user_version", newest))?;
    sql(path, transaction.commit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_the_version_before_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index.sqlite");
        let sums = crate::Sums::of(b"content");
        let wanted = crate::Checksum::sha512(&[7; 64]);
        {
            let mut old = Connection::open(&path).unwrap();
            prepare(&old).unwrap();
            migrate_to(&MIGRATIONS[..2], &mut old, &path).unwrap();
            let text = "INSERT INTO objects (digest, size, mtime, sha256, sha512) VALUES (?1, 7, 1, ?2, ?3)";
            let row = rusqlite::params![sums.digest.as_bytes(), sums.sha256, wanted.as_bytes()];
            old.execute(text, row).unwrap();
        }
        let index = crate::index::Index::open(&path).unwrap();
        assert_eq!(index.by_checksum(&wanted).unwrap().map(|row| row.digest), Some(sums.digest));
        let sha256 = crate::Checksum::sha256(&sums.sha256);
        assert_eq!(index.by_checksum(&sha256).unwrap().map(|row| row.digest), Some(sums.digest));
    }
}
