//! The stat cache: how each file of a source tree looked when it was read.

use rusqlite::{TransactionBehavior, params};

use super::spans::mirror_id;
use super::{Index, Seen, int, sql, uint};
use crate::error::Result;
use crate::{Digest, Name, RelPath};

impl Index {
    /// Reads up to `limit` rows of a mirror's stat cache after a path, in the order of paths.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn seen_after(
        &self,
        mirror: &Name,
        after: Option<&RelPath>,
        limit: usize,
    ) -> Result<Vec<(RelPath, Seen, Digest)>> {
        let text = "SELECT path, device, inode, size, mtime_ns, ctime_ns, digest FROM seen
            WHERE mirror = (SELECT id FROM mirrors WHERE name = ?1) AND path > ?2 ORDER BY path LIMIT ?3";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let after = after.map_or(&[][..], RelPath::as_bytes);
        let rows = statement.query_map(
            params![mirror.as_str(), after, int(u64::try_from(limit).unwrap_or(u64::MAX))],
            |row| {
                let seen = Seen {
                    device: row.get::<_, i64>(1)?.cast_unsigned(),
                    inode: row.get::<_, i64>(2)?.cast_unsigned(),
                    size_bytes: uint(row.get(3)?),
                    mtime_ns: row.get(4)?,
                    ctime_ns: row.get(5)?,
                };
                Ok((row.get::<_, Vec<u8>>(0)?, seen, Digest::from_bytes(row.get(6)?)))
            },
        );
        let rows: Vec<_> = self.sql(rows.and_then(Iterator::collect))?;
        rows.into_iter()
            .map(|(path, seen, digest)| Ok((RelPath::parse(&path)?, seen, digest)))
            .collect()
    }

    /// Writes rows of the stat cache and forgets others.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be written.
    pub fn remember_seen(
        &mut self,
        mirror: &Name,
        rows: &[(RelPath, Seen, Digest)],
        gone: &[RelPath],
    ) -> Result<()> {
        let path = self.path.clone();
        let transaction =
            sql(&path, self.connection.transaction_with_behavior(TransactionBehavior::Immediate))?;
        let done = (|| {
            let mirror = mirror_id(&transaction, mirror)?;
            let mut forget =
                transaction.prepare_cached("DELETE FROM seen WHERE mirror = ?1 AND path = ?2")?;
            for path in gone {
                forget.execute(params![mirror, path.as_bytes()])?;
            }
            let text = "INSERT OR REPLACE INTO seen (mirror, path, device, inode, size, mtime_ns, ctime_ns, digest)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            let mut remember = transaction.prepare_cached(text)?;
            for (path, seen, digest) in rows {
                remember.execute(params![
                    mirror,
                    path.as_bytes(),
                    seen.device.cast_signed(),
                    seen.inode.cast_signed(),
                    int(seen.size_bytes),
                    seen.mtime_ns,
                    seen.ctime_ns,
                    digest.as_bytes()
                ])?;
            }
            Ok(())
        })();
        sql(&path, done)?;
        sql(&path, transaction.commit())
    }
}
