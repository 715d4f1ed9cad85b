//! What the store has of an upstream already: it is not asked for again.

use std::io::Read;

use pinfold_store::index::ObjectRow;
use pinfold_store::sums::Summing;
use pinfold_store::{Checksum, Node, RelPath, Sums};

use super::following::Following;
use crate::Result;
use crate::http::Validators;
use crate::supply::{Content, Supply, Wanted};

impl Following<'_> {
    /// Gives what the newest snapshot has at a path.
    pub(super) fn newest(&self, path: &RelPath) -> Result<Option<Content>> {
        let spans = self.index().spans(&self.order.lock.mirror, path)?;
        Ok(spans.iter().find(|span| span.last.is_none()).and_then(|span| match span.entry.node {
            Node::File { digest, size_bytes, .. } => Some(Content { digest, size_bytes }),
            Node::Link { .. } => None,
        }))
    }

    /// Gives the validators of root metadata that the newest snapshot has.
    pub(super) fn held(&self, path: &RelPath) -> Result<Option<(Validators, Content)>> {
        if self.way.is_fresh {
            return Ok(None);
        }
        let Some((validators, digest)) = self.index().validators(&self.url(path))? else {
            return Ok(None);
        };
        let validators = Validators { etag: validators.etag, last_modified: validators.modified };
        let newest = self.newest(path)?.filter(|newest| newest.digest == digest);
        let newest = self.standing(newest)?;
        Ok(newest.map(|content| (validators, content)))
    }

    /// Looks for a wanted file in the store.
    pub(super) fn find(&self, wanted: &Wanted) -> Result<Option<Content>> {
        let row = self.index().by_checksum(&wanted.checksum)?;
        let found = match row {
            Some(row) => Some(Content { digest: row.digest, size_bytes: row.size_bytes }),
            None => self.find_unsummed(wanted)?,
        };
        self.standing(found.filter(|found| is_so_large(*found, wanted)))
    }

    /// Where the index was wrong before, lets only that pass whose object stands.
    fn standing(&self, found: Option<Content>) -> Result<Option<Content>> {
        match found {
            Some(found) if self.way.is_wary => {
                let stands = self.order.store.has_object(found.digest, found.size_bytes)?;
                Ok(stands.then_some(found))
            }
            found => Ok(found),
        }
    }

    /// Looks for a wanted file where the newest snapshot has one of its size whose checksum of this kind the index does not know:
    /// SHA-512 after the index was made anew, or of what another tool brought. It is read, and the index told.
    fn find_unsummed(&self, wanted: &Wanted) -> Result<Option<Content>> {
        let newest = self.newest(&wanted.path)?.filter(|newest| is_so_large(*newest, wanted));
        let Some(content) = newest else { return Ok(None) };
        let Some(row) = self.index().object(content.digest)? else { return Ok(None) };
        let is_known = match wanted.checksum {
            Checksum::Sha256(_) => row.sha256.is_some(),
            Checksum::Sha512(_) => row.sha512.is_some(),
        };
        if is_known || !self.order.store.has_object(content.digest, content.size_bytes)? {
            return Ok(None);
        }
        let sums = self.sums(content, Some(&wanted.checksum))?;
        let Some(sums) = sums.filter(|sums| sums.digest == content.digest) else {
            return Ok(None);
        };
        let row = ObjectRow { sha256: Some(sums.sha256), sha512: sums.sha512, ..row };
        self.index().add_objects(&[row], &mut |_| Ok(()))?;
        Ok((sums.has(&wanted.checksum) == Some(true)).then_some(content))
    }

    /// Reads content for its name, and for a checksum; `None` where it cannot be read.
    pub(super) fn sums(
        &self,
        content: Content,
        checksum: Option<&Checksum>,
    ) -> Result<Option<Sums>> {
        let mut summing = Summing::toward(checksum);
        let mut from = self.open(content)?;
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return Ok(Some(summing.finish())),
                Ok(read) => summing.update(&buffer[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Ok(None),
            }
        }
    }
}

fn is_so_large(found: Content, wanted: &Wanted) -> bool {
    wanted.size_bytes.is_none_or(|size| size == found.size_bytes)
}
