//! What is common to the files that families make for their clients, and what may stand in them.
//!
//! Package managers read these files as root and say little of what is wrong with one: whatever comes from a configuration or an
//! archive is checked before it stands there.

use pinfold_store::path::escape;

use crate::{Error, Result};

/// How an armored key begins.
const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// A file on a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFile {
    /// Where it goes, absolute.
    pub path: String,
    /// What it holds.
    pub content: String,
}

/// Refuses what is no http or https URL, holds a login, or a byte that would end it or mean something else in the file.
pub(crate) fn check_url(url: &str, is_clean: fn(u8) -> bool, why: &'static str) -> Result<()> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest.and_then(|rest| rest.split('/').next()) {
        Some(host) if host.contains('@') => {
            Err(bad("URL", b"with a password", "what clients are given holds no credentials"))
        }
        Some(host)
            if !host.is_empty() && url.bytes().all(|b| b.is_ascii_graphic() && is_clean(b)) =>
        {
            Ok(())
        }
        _ => Err(bad("URL", url.as_bytes(), why)),
    }
}

/// Refuses what clients would not take as a key file: they read one armored block, and no second one.
pub(crate) fn check_armor(key: &str) -> Result<()> {
    let is_text = |b: u8| b == b'\n' || b == b' ' || b.is_ascii_graphic();
    if key.starts_with(&format!("{BEGIN}\n"))
        && key.matches(BEGIN).count() == 1
        && key.bytes().all(is_text)
    {
        return Ok(());
    }
    Err(bad("public key", b"", "it is not one armored block of public keys"))
}

/// Makes the error for a text that cannot stand in a client's file.
pub(crate) fn bad(what: &'static str, value: &[u8], why: &'static str) -> Error {
    Error::BadText { what, value: escape(value), why }
}
