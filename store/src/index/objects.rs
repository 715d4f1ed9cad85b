//! The table of objects: their sizes and the times that nobody else has.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{Index, ObjectRow, int, sql, uint};
use crate::error::Result;
use crate::sums::{Algorithm, Checksum};
use crate::{Digest, RelPath, Stamp};

/// Modification times are kept between 1970 and 2100: what every file system can hold.
pub(super) const MTIME_MAX: i64 = 4_102_444_800;

impl Index {
    /// Says whether any object has this size.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn has_size(&self, size_bytes: u64) -> Result<bool> {
        let mut statement = self
            .sql(self.connection.prepare_cached("SELECT 1 FROM objects WHERE size = ?1 LIMIT 1"))?;
        self.sql(statement.exists([int(size_bytes)]))
    }

    /// Looks an object up.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn object(&self, digest: Digest) -> Result<Option<ObjectRow>> {
        self.sql(find(&self.connection, digest))
    }

    /// Finds an object by a checksum that an archive's metadata state.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn by_checksum(&self, checksum: &Checksum) -> Result<Option<ObjectRow>> {
        // The tables are indexed by the first bytes: half the size, and as good as unique.
        let bytes = checksum.as_bytes();
        let first = &bytes[..8];
        let row = match number(checksum.algorithm()) {
            None => {
                let text = "SELECT digest, size, mtime, sha256 FROM objects WHERE substr(sha256, 1, 8) = ?1 AND sha256 = ?2";
                let mut statement = self.sql(self.connection.prepare_cached(text))?;
                statement.query_row(params![first, bytes], read)
            }
            Some(number) => {
                let text = "SELECT digest, size, mtime, sha256 FROM checksums JOIN objects ON objects.id = object
                    WHERE algorithm = ?3 AND substr(sum, 1, 8) = ?1 AND sum = ?2 LIMIT 1";
                let mut statement = self.sql(self.connection.prepare_cached(text))?;
                statement.query_row(params![first, bytes, number], read)
            }
        };
        self.sql(row.optional())
    }

    /// Gives an object's checksum of a kind; `None` where it is not known.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn checksum_of(&self, digest: Digest, algorithm: Algorithm) -> Result<Option<Checksum>> {
        let Some(number) = number(algorithm) else {
            let row = self.object(digest)?;
            return Ok(row.and_then(|row| row.sha256).map(|sum| Checksum::sha256(&sum)));
        };
        let text = "SELECT sum FROM checksums JOIN objects ON objects.id = object WHERE digest = ?1 AND algorithm = ?2";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let sum = statement
            .query_row(params![digest.as_bytes(), number], |row| row.get::<_, Vec<u8>>(0))
            .optional();
        Ok(self.sql(sum)?.and_then(|sum| Checksum::new(algorithm, &sum)))
    }

    /// Remembers checksums of objects that are not SHA-256, which stands in [`ObjectRow`].
    ///
    /// # Errors
    /// [`crate::Error::Index`] where they cannot be written.
    pub fn add_checksums(
        &mut self,
        sums: &mut dyn Iterator<Item = (Digest, Checksum)>,
    ) -> Result<()> {
        let path = self.path.clone();
        let transaction =
            sql(&path, self.connection.transaction_with_behavior(TransactionBehavior::Immediate))?;
        let text = "INSERT OR REPLACE INTO checksums (object, algorithm, sum) SELECT id, ?2, ?3 FROM objects WHERE digest = ?1";
        for (digest, sum) in sums {
            let Some(number) = number(sum.algorithm()) else { continue };
            let done = transaction
                .prepare_cached(text)
                .and_then(|mut s| s.execute(params![digest.as_bytes(), number, sum.as_bytes()]));
            sql(&path, done)?;
        }
        sql(&path, transaction.commit())
    }

    /// Lists up to `limit` objects whose SHA-256 is not known, after a digest, in the order of digests.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn unsummed_after(&self, after: Option<Digest>, limit: usize) -> Result<Vec<ObjectRow>> {
        let text = "SELECT digest, size, mtime, sha256 FROM objects WHERE digest > ?1 AND sha256 IS NULL ORDER BY digest LIMIT ?2";
        self.page(text, after, limit)
    }

    /// In one immediate transaction: gives every new object a modification time such that no two objects share size and time (I13),
    /// calls `settle` with the rows, in the order of `wanted` (it sets the times and renames the files), then commits. Rows that exist
    /// are handed on as they are.
    ///
    /// # Errors
    /// Whatever `settle` says; nothing is kept then.
    pub fn add_objects(
        &mut self,
        wanted: &[ObjectRow],
        settle: &mut dyn FnMut(&[ObjectRow]) -> Result<()>,
    ) -> Result<()> {
        let path = self.path.clone();
        let transaction =
            sql(&path, self.connection.transaction_with_behavior(TransactionBehavior::Immediate))?;
        let mut rows = Vec::with_capacity(wanted.len());
        for row in wanted {
            rows.push(sql(&path, add(&transaction, *row))?);
        }
        settle(&rows)?;
        sql(&path, transaction.commit())
    }

    /// Forgets objects that were removed.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where a span still names one: nothing is forgotten then.
    pub fn forget_objects(&mut self, digests: &[Digest]) -> Result<()> {
        let path = self.path.clone();
        let transaction =
            sql(&path, self.connection.transaction_with_behavior(TransactionBehavior::Immediate))?;
        for digest in digests {
            sql(
                &path,
                transaction
                    .prepare_cached("DELETE FROM objects WHERE digest = ?1")
                    .and_then(|mut s| s.execute([digest.as_bytes()])),
            )?;
        }
        sql(&path, transaction.commit())
    }

    /// Lists up to `limit` objects that no span names, after a digest, in the order of digests.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn unheld_after(&self, after: Option<Digest>, limit: usize) -> Result<Vec<ObjectRow>> {
        let text = "SELECT digest, size, mtime, sha256 FROM objects WHERE digest > ?1 AND NOT EXISTS (SELECT 1 FROM spans WHERE object = objects.id)
            ORDER BY digest LIMIT ?2";
        self.page(text, after, limit)
    }

    /// Reads a page of rows after a digest.
    fn page(&self, text: &str, after: Option<Digest>, limit: usize) -> Result<Vec<ObjectRow>> {
        let after: Vec<u8> = after.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default();
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let rows = statement
            .query_map(params![after, int(u64::try_from(limit).unwrap_or(u64::MAX))], read);
        self.sql(rows.and_then(Iterator::collect))
    }

    /// Lists up to `limit` objects whose digests lie between two, which are among them, in order.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn between(&self, low: Digest, high: Digest, limit: usize) -> Result<Vec<Digest>> {
        let text =
            "SELECT digest FROM objects WHERE digest BETWEEN ?1 AND ?2 ORDER BY digest LIMIT ?3";
        let limit = int(u64::try_from(limit).unwrap_or(u64::MAX));
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let rows = statement.query_map(params![low.as_bytes(), high.as_bytes(), limit], |row| {
            row.get(0).map(Digest::from_bytes)
        });
        self.sql(rows.and_then(Iterator::collect))
    }

    /// Lists the objects whose digests begin with a byte, in order.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn shard(&self, first: u8) -> Result<Vec<ObjectRow>> {
        let (mut low, mut high) = (vec![first], vec![first]);
        low.extend([0; 31]);
        high.extend([0xff; 31]);
        let text = "SELECT digest, size, mtime, sha256 FROM objects WHERE digest BETWEEN ?1 AND ?2 ORDER BY digest";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let rows = statement.query_map(params![low, high], read);
        self.sql(rows.and_then(Iterator::collect))
    }

    /// Says whether a span names the object.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn is_held(&self, digest: Digest) -> Result<bool> {
        let text =
            "SELECT 1 FROM spans JOIN objects ON objects.id = object WHERE digest = ?1 LIMIT 1";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        self.sql(statement.exists([digest.as_bytes()]))
    }

    /// Says whether a snapshot has this manifest.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn has_manifest(&self, digest: Digest) -> Result<bool> {
        let mut statement = self.sql(
            self.connection.prepare_cached("SELECT 1 FROM snapshots WHERE manifest = ?1 LIMIT 1"),
        )?;
        self.sql(statement.exists([digest.as_bytes()]))
    }

    /// The snapshots of all mirrors that hold an object.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn holders(&self, digest: Digest) -> Result<Vec<super::Holder>> {
        let text = "SELECT mirrors.name, paths.path, max(first, (SELECT ifnull(min(taken), first) FROM snapshots WHERE snapshots.mirror = spans.mirror)), last FROM spans
            JOIN objects ON objects.id = object JOIN paths ON paths.id = spans.path JOIN mirrors ON mirrors.id = mirror
            WHERE digest = ?1 ORDER BY mirrors.name, paths.path, first";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let rows = statement.query_map([digest.as_bytes()], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Vec<u8>>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, Option<i64>>(3)?,
            ))
        });
        let rows: Vec<_> = self.sql(rows.and_then(Iterator::collect))?;
        rows.into_iter()
            .map(|(name, path, first, last)| {
                Ok(super::Holder {
                    mirror: name.parse()?,
                    path: RelPath::parse(&path)?,
                    first: Stamp::from_seconds(first),
                    last: last.map(Stamp::from_seconds),
                })
            })
            .collect()
    }
}

/// The number of an algorithm in the table of checksums; `None` for the one that every object has, in its own column.
const fn number(algorithm: Algorithm) -> Option<i64> {
    match algorithm {
        Algorithm::Sha256 => None,
        Algorithm::Md5 => Some(1),
        Algorithm::Sha1 => Some(2),
        Algorithm::Sha224 => Some(3),
        Algorithm::Sha384 => Some(4),
        Algorithm::Sha512 => Some(5),
    }
}

/// Finds an object's row.
pub(super) fn find(connection: &Connection, digest: Digest) -> rusqlite::Result<Option<ObjectRow>> {
    let mut statement = connection
        .prepare_cached("SELECT digest, size, mtime, sha256 FROM objects WHERE digest = ?1")?;
    statement.query_row([digest.as_bytes()], read).optional()
}

/// Reads a row's digest, size, time and checksums.
pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<ObjectRow> {
    Ok(ObjectRow {
        digest: Digest::from_bytes(row.get(0)?),
        size_bytes: uint(row.get(1)?),
        mtime: row.get(2)?,
        sha256: row.get(3)?,
    })
}

/// Adds a row unless it is there, with the first of [`times`] that no object of its size has.
pub(super) fn add(connection: &Connection, wanted: ObjectRow) -> rusqlite::Result<ObjectRow> {
    if let Some(row) = find(connection, wanted.digest)? {
        return learn(connection, row, wanted);
    }
    let mut taken =
        connection.prepare_cached("SELECT 1 FROM objects WHERE size = ?1 AND mtime = ?2")?;
    let mut row = wanted;
    for mtime in times(wanted) {
        row.mtime = mtime;
        if !taken.exists(params![int(wanted.size_bytes), mtime])? {
            break;
        }
    }
    connection
        .prepare_cached(
            "INSERT INTO objects (digest, size, mtime, sha256) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![row.digest.as_bytes(), int(row.size_bytes), row.mtime, row.sha256])?;
    Ok(row)
}

/// Adds the checksum that a row lacks.
fn learn(
    connection: &Connection,
    row: ObjectRow,
    wanted: ObjectRow,
) -> rusqlite::Result<ObjectRow> {
    let known = ObjectRow { sha256: row.sha256.or(wanted.sha256), ..row };
    if known != row {
        connection
            .prepare_cached("UPDATE objects SET sha256 = ?2 WHERE digest = ?1")?
            .execute(params![known.digest.as_bytes(), known.sha256])?;
    }
    Ok(known)
}

/// The times that an object may have, the wished one first, then earlier ones at distances that the digest says: near at first, each
/// reach twice the last. Were they next to each other, a million files of one size and day would each walk past all before them.
pub(super) fn times(wanted: ObjectRow) -> impl Iterator<Item = i64> {
    let wished = wanted.mtime.clamp(1, MTIME_MAX);
    let bytes = *wanted.digest.as_bytes();
    let further = (0_u32..).map(move |turn| {
        let at = usize::try_from(turn).unwrap_or(0);
        let part = [0, 5, 10, 15].map(|step| bytes[(at + step) % bytes.len()]);
        // Past the bytes of the digest the turn itself makes new distances.
        let distance = i64::from(u32::from_le_bytes(part) ^ turn.wrapping_mul(0x9e37_79b9));
        let reach = 1_i64 << (8 + turn).min(31);
        (wished - 1 - distance % reach).rem_euclid(MTIME_MAX) + 1
    });
    std::iter::once(wished).chain(further)
}
