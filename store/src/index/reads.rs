//! When each object's bytes were last read and found to be right, and the pass over all of them that is under way.
//!
//! Times are the clock's seconds, or one more than the latest that was noted where the clock does not move: what was read in this
//! pass is told from what was read before it. A cache: a rebuild leaves it cold.

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use super::{Index, ObjectRow, int, sql, uint};
use crate::error::{IoContext, Result};
use crate::{Digest, Stamp, Store};

/// An interrupted pass is gone on with for this long after its last step, in seconds: what it read is too old after that.
const PASS_KEPT: i64 = 7 * 86_400;

/// A pass over all objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// When it began: objects that were read since then need not be read again.
    pub began: Stamp,
    /// Whether an earlier run began it.
    pub is_resumed: bool,
}

/// Where a listing of objects by the age of their reading stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// Objects that were read at or after this are left out.
    pub before: Stamp,
    /// The first and the last digest that are listed.
    pub digests: (Digest, Digest),
    /// The last that was listed: when it was read, and its number.
    after: (i64, i64),
}

impl Unread {
    /// Begins a listing, the longest unread first.
    #[must_use]
    pub const fn new(before: Stamp, digests: (Digest, Digest)) -> Self {
        Self { before, digests, after: (-1, -1) }
    }
}

/// How far the reading of a store's objects has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Objects that the index knows.
    pub objects: u64,
    /// Those that were never read since they came.
    pub never: u64,
    /// When the object that was read the longest ago of all others was read; `None` where none was.
    pub oldest: Option<Stamp>,
    /// When the whole store was last read to its end in one pass.
    pub whole: Option<Stamp>,
    /// When the pass that is under way, or was interrupted, began.
    pub pass: Option<Stamp>,
}

impl Store {
    /// Says when the last reading of all objects began: in one pass, or by parts of which the oldest is meant. `None` where there
    /// was none, or no index. The index is neither made nor written; the answer costs the same for every size.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it is there and cannot be read: by another user, or one of another version.
    pub fn whole_read(&self) -> Result<Option<Stamp>> {
        let path = self.root().join("index.sqlite");
        if !path.try_exists().at("look for", &path)? {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = sql(&path, Connection::open_with_flags(&path, flags))?;
        let ask = |text: &str| {
            sql(&path, connection.query_row(text, [], |row| row.get::<_, Option<i64>>(0)))
        };
        let pass = ask("SELECT max(began) FROM passes WHERE at = 0")?;
        let parts = ask("SELECT min(read) FROM objects")?.filter(|read| *read > 0);
        Ok(pass.max(parts).map(Stamp::from_seconds))
    }
}

impl Index {
    /// Gives a time for what is read from now on: later than all that was noted.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn reading_time(&self, now: Stamp) -> Result<Stamp> {
        let latest =
            self.sql(self.connection.query_row("SELECT max(read) FROM objects", [], |row| {
                row.get::<_, Option<i64>>(0)
            }))?;
        Ok(Stamp::from_seconds(now.seconds().max(latest.unwrap_or(0) + 1)))
    }

    /// Goes on with the pass that was interrupted, or begins one.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be written.
    pub fn begin_pass(&mut self, now: Stamp) -> Result<Pass> {
        let resumed = self.pass()?;
        if let Some((began, at)) = resumed
            && (0..=PASS_KEPT).contains(&(now.seconds() - at))
        {
            return Ok(Pass { began, is_resumed: true });
        }
        let began = self.reading_time(now)?;
        let path = self.path.clone();
        let transaction =
            sql(&path, self.connection.transaction_with_behavior(TransactionBehavior::Immediate))?;
        let begun = transaction.execute("DELETE FROM passes WHERE at > 0", []).and_then(|_| {
            let row = params![began.seconds(), now.seconds()];
            transaction.execute("INSERT INTO passes (began, at) VALUES (?1, ?2)", row)
        });
        sql(&path, begun)?;
        sql(&path, transaction.commit())?;
        Ok(Pass { began, is_resumed: false })
    }

    /// The pass that is under way: when it began, and when it last came further.
    fn pass(&self) -> Result<Option<(Stamp, i64)>> {
        let row = self.connection.query_row(
            "SELECT began, at FROM passes WHERE at > 0 ORDER BY began DESC LIMIT 1",
            [],
            |row| Ok((Stamp::from_seconds(row.get(0)?), row.get(1)?)),
        );
        self.sql(row.optional())
    }

    /// Notes that a pass came to its end.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be written.
    pub fn end_pass(&mut self, pass: Pass) -> Result<()> {
        // Of passes that ended the last one stays, as one that nobody goes on with.
        let text = "DELETE FROM passes WHERE began <> ?1";
        let path = self.path.clone();
        let transaction =
            sql(&path, self.connection.transaction_with_behavior(TransactionBehavior::Immediate))?;
        let ended = transaction.execute(text, [pass.began.seconds()]).and_then(|_| {
            transaction.execute("UPDATE passes SET at = 0 WHERE began = ?1", [pass.began.seconds()])
        });
        sql(&path, ended)?;
        sql(&path, transaction.commit())
    }

    /// Lists up to `limit` objects that were not read for the longest time, in the order in which they came.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn unread(&self, from: &mut Unread, limit: usize) -> Result<Vec<(i64, ObjectRow)>> {
        let text = "SELECT digest, size, mtime, sha256, id, read FROM objects INDEXED BY objects_read
            WHERE (read, id) > (?1, ?2) AND read < ?3 AND digest BETWEEN ?4 AND ?5 ORDER BY read, id LIMIT ?6";
        let (low, high) = (from.digests.0.as_bytes(), from.digests.1.as_bytes());
        let limit = int(u64::try_from(limit).unwrap_or(u64::MAX));
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let row = params![from.after.0, from.after.1, from.before.seconds(), low, high, limit];
        let rows = statement.query_map(row, |row| {
            Ok((row.get::<_, i64>(4)?, row.get::<_, i64>(5)?, super::objects::read(row)?))
        });
        let rows: Vec<_> = self.sql(rows.and_then(Iterator::collect))?;
        if let Some((id, read, _)) = rows.last() {
            from.after = (*read, *id);
        }
        Ok(rows.into_iter().map(|(id, _, row)| (id, row)).collect())
    }

    /// Notes that objects were read and are right; and that the pass came further.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be written: a full disk, or somebody else writes for long. Nothing is noted then.
    pub fn remember_read(&mut self, numbers: &[i64], at: Stamp, now: Stamp) -> Result<()> {
        let path = self.path.clone();
        let transaction =
            sql(&path, self.connection.transaction_with_behavior(TransactionBehavior::Immediate))?;
        let done = (|| {
            let mut note =
                transaction.prepare_cached("UPDATE objects SET read = ?2 WHERE id = ?1")?;
            for number in numbers {
                note.execute([*number, at.seconds()])?;
            }
            let text = "UPDATE passes SET at = ?1 WHERE at > 0";
            transaction.prepare_cached(text)?.execute([now.seconds()])
        })();
        sql(&path, done)?;
        sql(&path, transaction.commit())
    }

    /// Says how far the reading of all objects has come.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn last_read(&self) -> Result<Read> {
        let count = |text: &str| {
            self.sql(self.connection.query_row(text, [], |row| row.get::<_, i64>(0))).map(uint)
        };
        let stamp = |text: &str| {
            let found = self.connection.query_row(text, [], |row| row.get::<_, Option<i64>>(0));
            Ok::<_, crate::Error>(self.sql(found)?.map(Stamp::from_seconds))
        };
        Ok(Read {
            objects: count("SELECT count(*) FROM objects")?,
            never: count("SELECT count(*) FROM objects WHERE read = 0")?,
            oldest: stamp("SELECT min(read) FROM objects WHERE read > 0")?,
            whole: stamp("SELECT max(began) FROM passes WHERE at = 0")?,
            pass: self.pass()?.map(|(began, _)| began),
        })
    }

    /// Waits less for whoever writes: what is only noted can be noted later.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where the database refuses.
    pub fn be_brief(&self) -> Result<()> {
        self.sql(self.connection.busy_timeout(std::time::Duration::from_secs(1)))
    }
}
