//! What the store has of an upstream already: it is not asked for again.

use std::io::Read;

use pinfold_store::index::{Index, ObjectRow};
use pinfold_store::sums::Summing;
use pinfold_store::{Checksum, Digest, Node, RelPath, Sums};

use super::following::Following;
use crate::http::Validators;
use crate::supply::{Content, Stage, Supply, Wanted};
use crate::{Error, Expect, Result};

/// What the index knows of a wanted file.
enum Known {
    /// This is it.
    Content(Content),
    /// The newest snapshot has one of its size whose checksum is not known.
    Unsummed(Box<ObjectRow>),
    /// Nothing.
    Nothing,
}

impl Following<'_> {
    /// Gives what the newest snapshot has at a path.
    pub(super) fn newest(&self, path: &RelPath) -> Result<Option<Content>> {
        self.newest_of(&self.index(), path)
    }

    fn newest_of(&self, index: &Index, path: &RelPath) -> Result<Option<Content>> {
        let spans = index.spans(&self.order.lock.mirror, path)?;
        Ok(spans.iter().find(|span| span.last.is_none()).and_then(|span| match span.entry.node {
            Node::File { digest, size_bytes, .. } => Some(Content { digest, size_bytes }),
            Node::Link { .. } => None,
        }))
    }

    /// Gives the validators of root metadata that the newest snapshot has.
    pub(super) fn held(&self, path: &RelPath) -> Result<Option<(Validators, Content)>> {
        if self.way.is_fresh || !self.order.archive.believes_validators() {
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

    /// Looks for wanted files in the store.
    pub(super) fn find(&self, stage: Stage, wanted: &[Wanted]) -> Result<Vec<Option<Content>>> {
        // A list in an upstream that turned out to contradict itself is not believed to be what it was by its date.
        let is_doubted = stage == Stage::Metadata && self.way.is_fresh;
        let ask = |index: &Index| {
            let known = |one: &Wanted| match one.expect {
                Expect::Listed { .. } if is_doubted => Ok(Known::Nothing),
                _ => self.known(index, one),
            };
            wanted.iter().map(known).collect()
        };
        let known: Vec<Known> = self.index().at_once::<_, Error>(ask)?;
        let find = |(known, wanted): (Known, &Wanted)| {
            let found = match known {
                Known::Content(found) => Some(found),
                Known::Unsummed(row) => self.find_unsummed(&row, wanted)?,
                Known::Nothing => None,
            };
            self.standing(found.filter(|found| is_so_large(*found, wanted)))
        };
        known.into_iter().zip(wanted).map(find).collect()
    }

    /// Asks the index for a wanted file: by its checksum, else where the newest snapshot has one of its size whose checksum of
    /// this kind is not known: SHA-512 after the index was made anew, or of what another tool brought.
    ///
    /// A checksum with which somebody could make a second content speaks only for what this mirror had under this name.
    fn known(&self, index: &Index, wanted: &Wanted) -> Result<Known> {
        let sum = match wanted.expect {
            Expect::Sum(sum) | Expect::SumAbout(sum, _) => sum,
            Expect::Apk(_) | Expect::Names(..) => return self.known_by_word(index, wanted),
            Expect::Beside(other) => return self.known_beside(index, wanted, other),
            Expect::Listed { words, .. } => {
                let found = self.known_by_listing(index, wanted, words)?;
                return Ok(found.map_or(Known::Nothing, Known::Content));
            }
            Expect::Named(_) => return Ok(Known::Nothing),
        };
        let algorithm = sum.algorithm();
        if algorithm.is_strong()
            && let Some(row) = index.by_checksum(&sum)?
        {
            let ObjectRow { digest, size_bytes, .. } = row;
            return Ok(Known::Content(Content { digest, size_bytes }));
        }
        let newest = self.newest_of(index, &wanted.path)?;
        let Some(content) = newest.filter(|newest| is_so_large(*newest, wanted)) else {
            return Ok(Known::Nothing);
        };
        Ok(match index.checksum_of(content.digest, algorithm)? {
            Some(found) if found == sum => Known::Content(content),
            Some(_) => Known::Nothing,
            None => {
                let row = index.object(content.digest)?;
                row.map_or(Known::Nothing, |row| Known::Unsummed(Box::new(row)))
            }
        })
    }

    /// Looks for what a word says what is in it: whatever came for this mirror, then what it had under a name.
    fn known_by_word(&self, index: &Index, wanted: &Wanted) -> Result<Known> {
        let Some((keys, word)) = wanted.expect.word((&self.order.lock.mirror, &wanted.path)) else {
            return Ok(Known::Nothing);
        };
        if let Some((digest, size_bytes)) = index.judged_as(keys, &word)? {
            return Ok(Known::Content(Content { digest, size_bytes }));
        }
        let newest = self.newest_of(index, &wanted.path)?;
        let Some(content) = newest.filter(|newest| is_so_large(*newest, wanted)) else {
            return Ok(Known::Nothing);
        };
        Ok(match index.judged(content.digest, keys)? {
            Some(_) => Known::Nothing,
            None => {
                let row = index.object(content.digest)?;
                row.map_or(Known::Nothing, |row| Known::Unsummed(Box::new(row)))
            }
        })
    }

    /// Takes what this mirror had under a name while the file beside it is the same.
    fn known_beside(&self, index: &Index, wanted: &Wanted, other: Digest) -> Result<Known> {
        let path = wanted.path.as_bytes();
        let end = path.iter().rposition(|byte| *byte == b'.').unwrap_or_default();
        let Ok(beside) = RelPath::parse(&path[..end]) else { return Ok(Known::Nothing) };
        let is_same = self.newest_of(index, &beside)?.is_some_and(|found| found.digest == other);
        let newest = if is_same { self.newest_of(index, &wanted.path)? } else { None };
        Ok(newest.map_or(Known::Nothing, Known::Content))
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

    /// Reads an object whose checksum the index does not know, and tells it.
    fn find_unsummed(&self, row: &ObjectRow, wanted: &Wanted) -> Result<Option<Content>> {
        let content = Content { digest: row.digest, size_bytes: row.size_bytes };
        if !self.order.store.has_object(content.digest, content.size_bytes)? {
            return Ok(None);
        }
        let Some(sum) = wanted.expect.sum() else { return self.find_unread(content, wanted) };
        let sums = self.sums(content, Some(&sum))?;
        let Some(sums) = sums.filter(|sums| sums.digest == content.digest) else {
            return Ok(None);
        };
        let row = ObjectRow { sha256: Some(sums.sha256), ..*row };
        let mut index = self.index();
        index.add_objects(&[row], &mut |_| Ok(()))?;
        index.add_checksums(&mut sums.other.map(|other| (row.digest, other)).into_iter())?;
        Ok((sums.has(&sum) == Some(true)).then_some(content))
    }

    /// Reads an object of which the index does not know what is in it, and tells it.
    fn find_unread(&self, content: Content, wanted: &Wanted) -> Result<Option<Content>> {
        let mut from = self.open(content)?;
        match wanted.expect.flaw(&mut from) {
            Ok(None) => {
                if let Some((keys, word)) =
                    wanted.expect.word((&self.order.lock.mirror, &wanted.path))
                {
                    self.index().remember_judged(keys, &[(content.digest, word)])?;
                }
                Ok(Some(content))
            }
            // What cannot be read is asked for again.
            Ok(Some(_)) | Err(_) => Ok(None),
        }
    }

    /// Reads content for its name, and for a checksum; `None` where it cannot be read.
    pub(super) fn sums(
        &self,
        content: Content,
        checksum: Option<&Checksum>,
    ) -> Result<Option<Sums>> {
        let mut summing = Summing::toward(checksum.map(Checksum::algorithm));
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
