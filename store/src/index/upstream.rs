//! What was learned of upstreams: validators of root metadata, what packed indices unpack to, and what the signatures that
//! packages carry came to. Caches all: a rebuild leaves them cold.

use rusqlite::{OptionalExtension, params};

use super::Index;
use crate::Digest;
use crate::error::Result;
use crate::sums::Checksum;

/// How an upstream's answer is recognised when it is asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validators {
    /// The header `ETag`.
    pub etag: Option<String>,
    /// The header `Last-Modified`.
    pub modified: Option<String>,
}

impl Index {
    /// Gives the validators of a URL, and the content that came with them.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn validators(&self, url: &str) -> Result<Option<(Validators, Digest)>> {
        let text = "SELECT etag, modified, digest FROM validators WHERE url = ?1";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let row = statement.query_row([url], |row| {
            let validators = Validators { etag: row.get(0)?, modified: row.get(1)? };
            Ok((validators, Digest::from_bytes(row.get(2)?)))
        });
        self.sql(row.optional())
    }

    /// Remembers the validators of URLs and the content that came with them.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be written.
    pub fn remember_validators(&mut self, rows: &[(String, Validators, Digest)]) -> Result<()> {
        let text = "INSERT OR REPLACE INTO validators (url, etag, modified, digest) VALUES (?1, ?2, ?3, ?4)";
        for (url, validators, digest) in rows {
            let mut statement = self.sql(self.connection.prepare_cached(text))?;
            let (etag, modified) = (&validators.etag, &validators.modified);
            self.sql(statement.execute(params![url, etag, modified, digest.as_bytes()]))?;
        }
        Ok(())
    }

    /// Says whether an object was seen to unpack to what has a checksum.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn has_unpacked(&self, packed: Digest, plain: &Checksum) -> Result<bool> {
        let text = "SELECT 1 FROM unpacked JOIN objects ON objects.id = object WHERE objects.digest = ?1 AND plain = ?2";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        self.sql(statement.exists(params![packed.as_bytes(), plain.as_bytes()]))
    }

    /// Remembers what objects unpack to.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be written.
    pub fn remember_unpacked(&mut self, pairs: &[(Digest, Checksum)]) -> Result<()> {
        let text = "INSERT OR REPLACE INTO unpacked (object, plain) SELECT id, ?2 FROM objects WHERE digest = ?1";
        for (packed, plain) in pairs {
            let mut statement = self.sql(self.connection.prepare_cached(text))?;
            self.sql(statement.execute(params![packed.as_bytes(), plain.as_bytes()]))?;
        }
        Ok(())
    }

    /// Gives what was said of an object's own signature, where it was judged by the same keys and rules.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn judged(&self, object: Digest, keys: Digest) -> Result<Option<String>> {
        let text = "SELECT verdict FROM judged JOIN objects ON objects.id = object WHERE objects.digest = ?1 AND keys = ?2";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let found =
            statement.query_row(params![object.as_bytes(), keys.as_bytes()], |row| row.get(0));
        self.sql(found.optional())
    }

    /// Finds an object of which something was said, by some keys and rules: its name and its size.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be read.
    pub fn judged_as(&self, keys: Digest, verdict: &str) -> Result<Option<(Digest, u64)>> {
        let text = "SELECT digest, size FROM judged JOIN objects ON objects.id = object WHERE keys = ?1 AND verdict = ?2 LIMIT 1";
        let mut statement = self.sql(self.connection.prepare_cached(text))?;
        let found = statement.query_row(params![keys.as_bytes(), verdict], |row| {
            Ok((Digest::from_bytes(row.get(0)?), row.get::<_, i64>(1)?))
        });
        let found = self.sql(found.optional())?;
        Ok(found.map(|(digest, size)| (digest, u64::try_from(size).unwrap_or_default())))
    }

    /// Remembers what objects' own signatures came to, by some keys and rules.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where it cannot be written.
    pub fn remember_judged(&mut self, keys: Digest, verdicts: &[(Digest, String)]) -> Result<()> {
        let text = "INSERT OR REPLACE INTO judged (object, keys, verdict) SELECT id, ?2, ?3 FROM objects WHERE digest = ?1";
        let transaction = self.connection.unchecked_transaction();
        let transaction = self.sql(transaction)?;
        for (object, verdict) in verdicts {
            let mut statement = self.sql(transaction.prepare_cached(text))?;
            let row = params![object.as_bytes(), keys.as_bytes(), verdict];
            self.sql(statement.execute(row))?;
        }
        self.sql(transaction.commit())
    }
}
