//! Dropping a snapshot: only the spans that begin or end at it are edited.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::spans::mirror_id;
use super::{Index, ObjectRow, objects, sql};
use crate::error::{Error, Result};
use crate::{Digest, Name, Stamp};

impl Index {
    /// Drops a snapshot: edits only the spans that begin or end at it; gives the objects that no span names any more.
    ///
    /// # Errors
    /// [`Error::Index`] where it cannot be written; nothing is kept then.
    pub fn drop_snapshot(&mut self, mirror: &Name, taken: Stamp) -> Result<Vec<ObjectRow>> {
        let path = self.path.clone();
        let transaction =
            sql(&path, self.connection.transaction_with_behavior(TransactionBehavior::Immediate))?;
        let done = mirror_id(&transaction, mirror)
            .and_then(|id| drop_spans(&transaction, id, taken.seconds()));
        let free = sql(&path, done)?;
        sql(&path, transaction.commit())?;
        Ok(free)
    }

    /// Lists what dropping snapshots one after the other would leave without a holder: for each the objects, and its manifest where
    /// no other snapshot has it. The code of [`Index::drop_snapshot`], in a transaction that is rolled back.
    ///
    /// # Errors
    /// [`Error::Stale`] where it does not know a snapshot; [`Error::Index`] where it cannot be read.
    pub(crate) fn would_free(&mut self, dropped: &[(Name, Stamp)]) -> Result<Vec<Freed>> {
        let path = self.path.clone();
        let transaction =
            sql(&path, self.connection.transaction_with_behavior(TransactionBehavior::Immediate))?;
        let mut all = Vec::with_capacity(dropped.len());
        for (mirror, taken) in dropped {
            let id = sql(&path, mirror_id(&transaction, mirror))?;
            let Some(manifest) = sql(&path, manifest_of(&transaction, id, taken.seconds()))? else {
                return Err(Error::Stale { path, why: format!("it lacks {mirror}@{taken}") });
            };
            let free = sql(&path, drop_spans(&transaction, id, taken.seconds()))?;
            let is_held = transaction
                .prepare_cached("SELECT 1 FROM snapshots WHERE manifest = ?1 LIMIT 1")
                .and_then(|mut statement| statement.exists([manifest.as_bytes()]));
            all.push((free, (!sql(&path, is_held)?).then_some(manifest)));
        }
        sql(&path, transaction.rollback())?;
        Ok(all)
    }
}

/// What dropping a snapshot leaves without a holder: objects, and its manifest.
pub(crate) type Freed = (Vec<ObjectRow>, Option<Digest>);

/// The manifest of a snapshot; `None` where it is not known.
fn manifest_of(
    connection: &Connection,
    mirror: i64,
    taken: i64,
) -> rusqlite::Result<Option<Digest>> {
    connection
        .prepare_cached("SELECT manifest FROM snapshots WHERE mirror = ?1 AND taken = ?2")?
        .query_row([mirror, taken], |row| row.get(0).map(Digest::from_bytes))
        .optional()
}

/// Edits the spans that begin or end at a snapshot. Contents that stood on both sides of it become one span again, so that the
/// answers equal those of an index that never knew it.
fn drop_spans(
    connection: &Connection,
    mirror: i64,
    taken: i64,
) -> rusqlite::Result<Vec<ObjectRow>> {
    let neighbour = |text: &str| {
        connection
            .prepare_cached(text)?
            .query_row(params![mirror, taken], |row| row.get::<_, Option<i64>>(0))
    };
    let known = connection
        .prepare_cached("SELECT 1 FROM snapshots WHERE mirror = ?1 AND taken = ?2")?
        .exists(params![mirror, taken])?;
    if !known {
        return Ok(Vec::new());
    }
    let before = neighbour("SELECT max(taken) FROM snapshots WHERE mirror = ?1 AND taken < ?2")?;
    let after = neighbour("SELECT min(taken) FROM snapshots WHERE mirror = ?1 AND taken > ?2")?;
    // In the newest snapshot `last` is empty: rows that begin there and have none are its own. All that begin with the oldest have no
    // other beginning to be told from: a date before the oldest means it, and dropping the oldest leaves those that go on as they are.
    let own = match before {
        Some(_) => "mirror = ?1 AND first = ?2 AND (last = ?2 OR (last IS NULL AND ?3))",
        None if after.is_none() => "mirror = ?1 AND (last = ?2 OR last IS NULL OR ?3)",
        None => "mirror = ?1 AND last = ?2 AND NOT ?3",
    };
    let is_newest = after.is_none();
    let candidates: Vec<i64> = connection
        .prepare_cached(&format!(
            "SELECT DISTINCT object FROM spans WHERE object IS NOT NULL AND {own}"
        ))?
        .query_map(params![mirror, taken, is_newest], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    connection
        .prepare_cached(&format!("DELETE FROM spans WHERE {own}"))?
        .execute(params![mirror, taken, is_newest])?;
    if let (Some(_), Some(after)) = (before, after) {
        connection
            .prepare_cached("UPDATE spans SET first = ?3 WHERE mirror = ?1 AND first = ?2")?
            .execute(params![mirror, taken, after])?;
    }
    connection
        .prepare_cached("UPDATE spans SET last = ?3 WHERE mirror = ?1 AND last = ?2")?
        .execute(params![mirror, taken, before])?;
    match (before, after) {
        (Some(before), None) => {
            connection
                .prepare_cached("UPDATE spans SET last = NULL WHERE mirror = ?1 AND last = ?2")?
                .execute([mirror, before])?;
        }
        (Some(before), Some(after)) => join(connection, mirror, before, after)?,
        (None, _) => {}
    }
    connection
        .prepare_cached("DELETE FROM snapshots WHERE mirror = ?1 AND taken = ?2")?
        .execute(params![mirror, taken])?;
    unheld(connection, &candidates)
}

/// Joins the spans that end at one snapshot with equal ones that begin at the next.
fn join(connection: &Connection, mirror: i64, before: i64, after: i64) -> rusqlite::Result<()> {
    let text = "SELECT a.path, a.first, b.last FROM spans a JOIN spans b ON b.path = a.path AND b.mirror = a.mirror AND b.first = ?3
        WHERE a.mirror = ?1 AND a.last = ?2 AND a.kind = b.kind AND a.object IS b.object AND a.target IS b.target";
    let pairs: Vec<(i64, i64, Option<i64>)> = connection
        .prepare_cached(text)?
        .query_map([mirror, before, after], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (path, first, last) in pairs {
        connection
            .prepare_cached("DELETE FROM spans WHERE path = ?1 AND mirror = ?2 AND first = ?3")?
            .execute([path, mirror, after])?;
        connection
            .prepare_cached(
                "UPDATE spans SET last = ?4 WHERE path = ?1 AND mirror = ?2 AND first = ?3",
            )?
            .execute(params![path, mirror, first, last])?;
    }
    Ok(())
}

/// Those of the objects that no span names.
fn unheld(connection: &Connection, candidates: &[i64]) -> rusqlite::Result<Vec<ObjectRow>> {
    let text = "SELECT digest, size, mtime, sha256 FROM objects WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM spans WHERE object = ?1)";
    let mut statement = connection.prepare_cached(text)?;
    let mut free = Vec::new();
    for id in candidates {
        free.extend(statement.query_row([id], objects::read).optional()?);
    }
    Ok(free)
}
