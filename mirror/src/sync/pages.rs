//! What an upstream's folders show, and what is remembered of files about whose content nobody says anything.
//!
//! Such a file is known by what its listing says of it, in the words of the listing, or by the validators that came with it.
//! A date in a listing has no seconds as a rule: what was younger than that when it came may have changed since without a sign,
//! so that only its validators are remembered, and upstream is asked about it once more.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pinfold_store::index::{self, Index};
use pinfold_store::{Digest, RelPath};

use super::following::Following;
use crate::fetch::{self, page};
use crate::http::Validators;
use crate::page::{NAMES_MAX, Page};
use crate::supply::{Content, Lack, Shown, Wanted};
use crate::{Error, Expect, Result};

/// The largest page of a folder.
const PAGE_BYTES_MAX: u64 = 32 << 20;
/// How old a file must be for the words of a listing to tell it from a later one: two minutes, of which a listing shows one.
const SETTLED_SECONDS: i64 = 120;

/// What is remembered of a URL: the content that came, and how it is recognised.
pub(super) type Remembered = (String, index::Validators, Digest);

impl Following<'_> {
    /// Asks for the pages of folders, over as many connections as the settings allow.
    pub(super) fn ask_folders(&self, folders: &[Option<RelPath>]) -> Result<Vec<Shown>> {
        let next = AtomicUsize::new(0);
        let shown: Mutex<Vec<(usize, Result<Shown>)>> = Mutex::new(Vec::new());
        let threads = self.upstream.http.settings().connections.clamp(1, folders.len().max(1));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some((at, folder)) = claim(&next, folders) {
                        let one = self.ask_folder(folder.as_ref());
                        let is_over = one.is_err();
                        if let Ok(mut shown) = shown.lock() {
                            shown.push((at, one));
                        }
                        if is_over {
                            // Nobody begins another.
                            next.store(folders.len(), Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let mut shown = shown.into_inner().unwrap_or_default();
        shown.sort_by_key(|(at, _)| *at);
        shown.into_iter().map(|(_, shown)| shown).collect()
    }

    fn ask_folder(&self, folder: Option<&RelPath>) -> Result<Shown> {
        Ok(match page(self.upstream, folder, PAGE_BYTES_MAX, self.monitor)? {
            fetch::Shown::Page { bytes, url } => {
                let page = Page::read(&bytes, folder, &url);
                Shown::Here(page.ok_or_else(|| Error::BadMetadata {
                    path: url.to_string(),
                    why: format!("it has more than {NAMES_MAX} names in one folder"),
                })?)
            }
            fetch::Shown::Absent { status } => {
                let url = self.upstream.base.folder(folder);
                Shown::Absent(format!("{url} answers {status}"))
            }
        })
    }

    /// Asks again for the pages of the folders that the lacking files are in, of all where none is, and says whether one changed.
    pub(super) fn has_a_page_moved(&self, lacks: &[Lack]) -> Result<bool> {
        let is_of = |folder: &Option<RelPath>| {
            let folder = folder.as_ref().map_or(b"".as_slice(), RelPath::as_bytes);
            lacks.is_empty() || lacks.iter().any(|lack| lack.path.split().0 == folder)
        };
        let before: Vec<(&Option<RelPath>, &Digest)> =
            self.pages.iter().filter(|(folder, _)| is_of(folder)).collect();
        let folders: Vec<Option<RelPath>> =
            before.iter().map(|(folder, _)| (*folder).clone()).collect();
        let now = match self.ask_folders(&folders) {
            Ok(now) => now,
            Err(error) if super::is_of_upstream(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        Ok(before.iter().zip(now).any(|((_, before), now)| match now {
            Shown::Here(page) => page.digest() != **before,
            Shown::Absent(_) => true,
        }))
    }

    /// Gives what came the last time that upstream's listing said the same of a file.
    pub(super) fn known_by_listing(
        &self,
        index: &Index,
        wanted: &Wanted,
        words: Digest,
    ) -> Result<Option<Content>> {
        let Some((known, digest)) = index.validators(&self.listed_url(&wanted.path))? else {
            return Ok(None);
        };
        if known.modified != Some(words.to_string()) {
            return Ok(None);
        }
        let row = index.object(digest)?;
        Ok(row.map(|row| Content { digest, size_bytes: row.size_bytes }))
    }

    /// Gives the validators of a file about whose content nobody says anything, and what came with them.
    pub(super) fn held_file(&self, wanted: &Wanted) -> Result<Option<(Validators, Content)>> {
        if !wanted.expect.is_unsaid() || self.way.is_wary {
            return Ok(None);
        }
        let index = self.index();
        let Some((known, digest)) = index.validators(&self.url(&wanted.path))? else {
            return Ok(None);
        };
        let validators = Validators { etag: known.etag, last_modified: known.modified };
        let row = index.object(digest)?;
        Ok(row.map(|row| (validators, Content { digest, size_bytes: row.size_bytes })))
    }

    /// Says what to remember of a file that came, or that did not change.
    pub(super) fn remembered(
        &self,
        wanted: &Wanted,
        (digest, modified): (Digest, Option<i64>),
        validators: Validators,
    ) -> Option<Remembered> {
        let is_settled = modified
            .is_some_and(|time| time < self.order.now.seconds().saturating_sub(SETTLED_SECONDS));
        match wanted.expect {
            Expect::Listed { words, .. } if is_settled => {
                let known = index::Validators { etag: None, modified: Some(words.to_string()) };
                Some((self.listed_url(&wanted.path), known, digest))
            }
            Expect::Listed { .. } | Expect::Named(_) => {
                let Validators { etag, last_modified } = validators;
                let modified = last_modified.filter(|_| is_settled);
                let known = index::Validators { etag, modified };
                let is_useful = known.etag.is_some() || known.modified.is_some();
                is_useful.then(|| (self.url(&wanted.path), known, digest))
            }
            _ => None,
        }
    }

    /// Under which name the words of a listing are remembered: no request has a fragment in its URL.
    fn listed_url(&self, path: &RelPath) -> String {
        format!("{}#listed", self.url(path))
    }
}

/// Takes the next folder.
fn claim<'f>(
    next: &AtomicUsize,
    folders: &'f [Option<RelPath>],
) -> Option<(usize, &'f Option<RelPath>)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, folders.get(at)?))
}
