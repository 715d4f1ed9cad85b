//! Root metadata that may be followed: signed by whom the mirror trusts, fresh, and with checksums that prove the rest.

use super::Release;
use super::fresh::{self, Dates, Freshness};
use crate::key::cut_blanks;
use crate::sign::{Keyring, Rules, Verified, verify_detached, verify_inline};
use crate::{Error, Result};

/// What a mirror asks of an archive's root metadata.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'a> {
    /// Whom it believes.
    pub keyring: &'a Keyring,
    /// What makes a signature count.
    pub rules: &'a Rules,
    /// What makes a date count.
    pub dates: &'a Freshness,
}

/// A `Release` that may be followed, and why.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// What it says. A file counts by a line of SHA256 or SHA512 only.
    pub release: Release,
    /// Its dates.
    pub dates: Dates,
    /// Who vouches for it.
    pub verified: Verified,
}

impl Trust<'_> {
    /// Accepts an `InRelease`. `shown` names it in errors.
    ///
    /// # Errors
    /// [`Error::NotAuthentic`] or [`Error::BadMetadata`] says what is wrong with it.
    pub fn accept_inline(&self, bytes: &[u8], shown: &str) -> Result<Accepted> {
        self.accept(verify_inline(bytes, self.keyring, self.rules, shown)?, shown)
    }

    /// Accepts a `Release` by its `Release.gpg`. `shown` names the `Release` in errors.
    ///
    /// # Errors
    /// [`Error::NotAuthentic`] or [`Error::BadMetadata`] says what is wrong with it.
    pub fn accept_pair(&self, release: &[u8], signature: &[u8], shown: &str) -> Result<Accepted> {
        self.accept(verify_detached(release, signature, self.keyring, self.rules, shown)?, shown)
    }

    fn accept(&self, verified: Verified, shown: &str) -> Result<Accepted> {
        let release = Release::parse(&verified.text, shown)?;
        // 7. Dates, and checksums that nobody can forge.
        let dates = fresh::check(&release, self.dates, shown)?;
        if !release.listed.iter().any(|file| file.algorithm.is_strong()) {
            let why = "it has no list of SHA256 or SHA512, so its signature proves no other file";
            return Err(Error::NotAuthentic { path: shown.to_owned(), why: why.to_owned() });
        }
        Ok(Accepted { release, dates, verified })
    }
}

/// Says whether an `InRelease` and the `Release` beside it are of one state (step 8): the same text, but for the blanks at
/// line ends and the last line end that a clear signature does not cover. Each has to be accepted by itself.
#[must_use]
pub fn is_same_text(inline: &Verified, detached: &Verified) -> bool {
    let whole = detached.text.strip_suffix(b"\n").unwrap_or(&detached.text);
    lines(&inline.text).eq(lines(whole))
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| *b == b'\n').map(cut_blanks)
}

#[cfg(test)]
mod tests;
