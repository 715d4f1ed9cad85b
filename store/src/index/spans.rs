//! Snapshots as spans: adding or dropping one edits only the rows that begin or end at it.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{Index, Span, sql, uint};
use crate::error::{Error, Result};
use crate::manifest::Change;
use crate::{Class, Digest, Entry, Name, Node, Record, RelPath, Stamp};

/// What `kind` holds: the class, or 3 for a link, and 4 more where we added the name.
const LINK: i64 = 3;
const ADDED: i64 = 4;

impl Index {
    /// Adds a snapshot: its row and the spans that begin or end with it, from the changes against its predecessor.
    ///
    /// # Errors
    /// [`Error::Stale`] where an object has no row; whatever `changes` gives. Nothing is kept then.
    pub fn add_snapshot(
        &mut self,
        record: &Record,
        changes: &mut dyn Iterator<Item = Result<Change>>,
    ) -> Result<()> {
        let path = self.path.clone();
        let transaction =
            sql(&path, self.connection.transaction_with_behavior(TransactionBehavior::Immediate))?;
        let mirror = sql(&path, mirror_id(&transaction, &record.mirror))?;
        let before = sql(&path, newest(&transaction, mirror))?;
        if before.is_some_and(|before| before >= record.taken.seconds()) {
            let why =
                format!("{}@{} is older than its newest snapshot", record.mirror, record.taken);
            return Err(Error::Stale { path, why });
        }
        let ends = Ends { connection: &transaction, mirror, taken: record.taken.seconds(), before };
        for change in changes {
            let change = change?;
            if let Some(old) = change.old_entry() {
                sql(&path, ends.end(old))?;
            }
            if let Some(new) = change.new_entry()
                && !sql(&path, ends.begin(new))?
            {
                return Err(Error::Stale {
                    path,
                    why: format!("it does not know the object of '{}'", new.path),
                });
            }
        }
        let row = params![mirror, record.taken.seconds(), record.manifest.as_bytes()];
        sql(
            &path,
            transaction.execute(
                "INSERT INTO snapshots (mirror, taken, manifest) VALUES (?1, ?2, ?3)",
                row,
            ),
        )?;
        sql(&path, transaction.commit())
    }

    /// All spans of one path of a mirror, oldest first.
    ///
    /// # Errors
    /// [`Error::Index`] where it cannot be read.
    pub fn spans(&self, mirror: &Name, path: &RelPath) -> Result<Vec<Span>> {
        let text = "SELECT kind, digest, size, target, max(first, (SELECT ifnull(min(taken), first) FROM snapshots WHERE snapshots.mirror = spans.mirror)), last
            FROM spans LEFT JOIN objects ON objects.id = object
            WHERE path = (SELECT id FROM paths WHERE path = ?1) AND mirror = (SELECT id FROM mirrors WHERE name = ?2) ORDER BY first";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let rows = statement.query_map(params![path.as_bytes(), mirror.as_str()], |row| {
            let kind: i64 = row.get(0)?;
            let node = match row.get::<_, Option<Vec<u8>>>(3)? {
                Some(target) => Node::Link { target: target.into_boxed_slice() },
                None => Node::File {
                    digest: Digest::from_bytes(row.get(1)?),
                    size_bytes: uint(row.get(2)?),
                    class: class_of(kind),
                },
            };
            Ok(Span {
                entry: Entry { path: path.clone(), node, added: kind & ADDED != 0 },
                first: Stamp::from_seconds(row.get(4)?),
                last: row.get::<_, Option<i64>>(5)?.map(Stamp::from_seconds),
            })
        });
        self.sql(rows.and_then(Iterator::collect))
    }
}

impl Index {
    /// Hands on every entry of a snapshot in the order of a manifest, which these entries make again.
    ///
    /// # Errors
    /// [`Error::Index`] where it cannot be read; whatever `each` says.
    pub fn entries_at(
        &self,
        mirror: &Name,
        taken: Stamp,
        each: &mut dyn FnMut(Entry) -> Result<()>,
    ) -> Result<()> {
        let text = "SELECT paths.path, kind, digest, size, target FROM spans JOIN paths ON paths.id = spans.path
            LEFT JOIN objects ON objects.id = object WHERE mirror = (SELECT id FROM mirrors WHERE name = ?1)
            AND first <= ?2 AND (last IS NULL OR last >= ?2) ORDER BY paths.path";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let mut rows = self.sql(statement.query(params![mirror.as_str(), taken.seconds()]))?;
        while let Some(row) = self.sql(rows.next())? {
            let path: Vec<u8> = self.sql(row.get(0))?;
            let kind: i64 = self.sql(row.get(1))?;
            let node = match self.sql(row.get::<_, Option<Vec<u8>>>(4))? {
                Some(target) => Node::Link { target: target.into_boxed_slice() },
                None => Node::File {
                    digest: Digest::from_bytes(self.sql(row.get(2))?),
                    size_bytes: uint(self.sql(row.get(3))?),
                    class: class_of(kind),
                },
            };
            each(Entry { path: RelPath::parse(&path)?, node, added: kind & ADDED != 0 })?;
        }
        Ok(())
    }

    /// All spans of a mirror's symbolic links.
    ///
    /// # Errors
    /// [`Error::Index`] where it cannot be read.
    pub fn links(&self, mirror: &Name) -> Result<Vec<Span>> {
        let text = "SELECT paths.path, target, max(first, (SELECT ifnull(min(taken), first) FROM snapshots WHERE snapshots.mirror = spans.mirror)), last, kind
            FROM spans JOIN paths ON paths.id = spans.path
            WHERE object IS NULL AND mirror = (SELECT id FROM mirrors WHERE name = ?1) ORDER BY paths.path, first";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let rows = statement.query_map([mirror.as_str()], |row| {
            let times = (row.get::<_, i64>(2)?, row.get::<_, Option<i64>>(3)?);
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?, times, row.get::<_, i64>(4)?))
        });
        let rows: Vec<_> = self.sql(rows.and_then(Iterator::collect))?;
        rows.into_iter()
            .map(|(path, target, (first, last), kind)| {
                let node = Node::Link { target: target.into_boxed_slice() };
                let entry = Entry { path: RelPath::parse(&path)?, node, added: kind & ADDED != 0 };
                Ok(Span {
                    entry,
                    first: Stamp::from_seconds(first),
                    last: last.map(Stamp::from_seconds),
                })
            })
            .collect()
    }

    /// The paths of fixed files at or below a path that a snapshot holds, sorted.
    ///
    /// # Errors
    /// [`Error::Index`] where it cannot be read.
    pub fn fixed_below(&self, mirror: &Name, folder: &[u8], taken: Stamp) -> Result<Vec<RelPath>> {
        let text = "SELECT DISTINCT paths.path FROM paths JOIN spans ON spans.path = paths.id
            WHERE (paths.path = ?1 OR (paths.path >= ?2 AND paths.path < ?3)) AND mirror = (SELECT id FROM mirrors WHERE name = ?4)
            AND kind & 3 = 1 AND first <= ?5 AND (last IS NULL OR last >= ?5) ORDER BY paths.path";
        let edge =
            |byte: u8| if folder.is_empty() { Vec::new() } else { [folder, &[byte]].concat() };
        let (low, mut high) = (edge(b'/'), edge(b'/' + 1));
        if folder.is_empty() {
            high = vec![0xff; 4096];
        }
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let rows = statement
            .query_map(params![folder, low, high, mirror.as_str(), taken.seconds()], |row| {
                row.get::<_, Vec<u8>>(0)
            });
        let rows: Vec<Vec<u8>> = self.sql(rows.and_then(Iterator::collect))?;
        rows.iter().map(|path| RelPath::parse(path)).collect()
    }
}

/// Finds or makes a mirror's number.
pub(super) fn mirror_id(connection: &Connection, mirror: &Name) -> rusqlite::Result<i64> {
    let found = connection
        .prepare_cached("SELECT id FROM mirrors WHERE name = ?1")?
        .query_row([mirror.as_str()], |row| row.get(0))
        .optional()?;
    match found {
        Some(id) => Ok(id),
        None => {
            connection
                .prepare_cached("INSERT INTO mirrors (name) VALUES (?1)")?
                .execute([mirror.as_str()])?;
            Ok(connection.last_insert_rowid())
        }
    }
}

fn newest(connection: &Connection, mirror: i64) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT max(taken) FROM snapshots WHERE mirror = ?1")?
        .query_row([mirror], |row| row.get(0))
}

fn class_of(kind: i64) -> Class {
    match kind & LINK {
        0 => Class::Root,
        1 => Class::Fixed,
        _ => Class::Other,
    }
}

fn kind_of(entry: &Entry) -> i64 {
    let kind = match entry.node {
        Node::File { class: Class::Root, .. } => 0,
        Node::File { class: Class::Fixed, .. } => 1,
        Node::File { class: Class::Other, .. } => 2,
        Node::Link { .. } => LINK,
    };
    kind + if entry.added { ADDED } else { 0 }
}

/// The snapshot that is being added.
struct Ends<'a> {
    connection: &'a Connection,
    mirror: i64,
    taken: i64,
    before: Option<i64>,
}

impl Ends<'_> {
    /// Ends the span of an entry that the new snapshot has no more.
    fn end(&self, old: &Entry) -> rusqlite::Result<usize> {
        let text = "UPDATE spans SET last = ?1 WHERE path = (SELECT id FROM paths WHERE path = ?2) AND mirror = ?3 AND last IS NULL";
        self.connection.prepare_cached(text)?.execute(params![
            self.before,
            old.path.as_bytes(),
            self.mirror
        ])
    }

    /// Begins a span; false where the object is not known.
    fn begin(&self, new: &Entry) -> rusqlite::Result<bool> {
        let (object, target) = match &new.node {
            Node::File { digest, .. } => {
                let mut find =
                    self.connection.prepare_cached("SELECT id FROM objects WHERE digest = ?1")?;
                let Some(id) =
                    find.query_row([digest.as_bytes()], |row| row.get::<_, i64>(0)).optional()?
                else {
                    return Ok(false);
                };
                (Value::Integer(id), Value::Null)
            }
            Node::Link { target } => (Value::Null, Value::Blob(target.to_vec())),
        };
        let text = "INSERT INTO spans (path, mirror, first, kind, object, target) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let path = self.path_id(&new.path)?;
        self.connection.prepare_cached(text)?.execute(params![
            path,
            self.mirror,
            self.taken,
            kind_of(new),
            object,
            target
        ])?;
        Ok(true)
    }

    fn path_id(&self, path: &RelPath) -> rusqlite::Result<i64> {
        let mut find = self.connection.prepare_cached("SELECT id FROM paths WHERE path = ?1")?;
        if let Some(id) = find.query_row([path.as_bytes()], |row| row.get(0)).optional()? {
            return Ok(id);
        }
        self.connection
            .prepare_cached("INSERT INTO paths (path) VALUES (?1)")?
            .execute([path.as_bytes()])?;
        Ok(self.connection.last_insert_rowid())
    }
}
