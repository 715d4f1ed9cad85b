//! The lists of mirrors that an upstream gives out: `mirrorlist=`, and `metalink=`, which says also what `repomd.xml` has to be.
//!
//! What is no http or https URL is nobody whom we ask, and a login in a list is none of ours.

mod metalink;

use std::collections::BTreeSet;

use pinfold_store::path::escape;

use crate::{Base, Error, Result};

pub use metalink::{Metalink, State, Verdict, metalink};

/// The largest list that is read; Fedora's metalinks have a hundred kilobytes.
pub const LIST_BYTES_MAX: u64 = 1 << 20;
/// The most mirrors that a list may name.
const MIRRORS_MAX: usize = 1000;

/// Reads a list of mirrors, a URL a line, and gives those of http and https in order, each once. `shown` names it in errors.
///
/// # Errors
/// [`Error::BadMetadata`] says what clients refuse too: that it is empty, HTML or has lines of DOS, and which line is no URL.
pub fn mirrorlist(bytes: &[u8], shown: &str) -> Result<Vec<Base>> {
    let bad = |why: String| Error::BadMetadata { path: shown.to_owned(), why };
    check_size(bytes).map_err(bad)?;
    let (mut bases, mut seen) = (Vec::new(), BTreeSet::new());
    let (mut first, mut skipped) = (None, 0_usize);
    for (at, line) in bytes.split(|b| *b == b'\n').enumerate() {
        let bad = |why: String| bad(format!("line {}: {why}", at + 1));
        if line.ends_with(b"\r") {
            return Err(
                bad("it ends in CR LF, which clients refuse: expected LF alone".to_owned()),
            );
        }
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        first = first.or(Some(line));
        if line.starts_with(b"#") {
            continue;
        }
        if line.starts_with(b"<") {
            return Err(bad(format!("it is HTML or XML, not a list of URLs: {}", excerpt(line))));
        }
        match entry(line).map_err(bad)? {
            None => skipped += 1,
            Some(base) if seen.insert(base.to_string()) => bases.push(base),
            Some(_) => {}
        }
        if bases.len() > MIRRORS_MAX {
            return Err(bad(format!("it names more than {MIRRORS_MAX} mirrors")));
        }
    }
    match (bases.is_empty(), first) {
        (false, _) => Ok(bases),
        (true, None) => Err(bad("it is empty: expected a URL a line".to_owned())),
        (true, Some(first)) => Err(bad(format!(
            "it names no http or https URL ({skipped} of other kinds); it begins with {}",
            excerpt(without_query(first))
        ))),
    }
}

/// Reads a line of a list; `None` where it names a protocol that we do not speak.
fn entry(line: &[u8]) -> Result<Option<Base>, String> {
    let wrong = || format!("expected a URL, found {}", excerpt(without_query(line)));
    let text = std::str::from_utf8(line).ok().ok_or_else(wrong)?;
    let (scheme, _) = text.split_once("://").ok_or_else(wrong)?;
    if !is_web(scheme) {
        // Whatever it is, it has to be the name of a protocol.
        let is_name = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        return if is_name && !scheme.is_empty() { Ok(None) } else { Err(wrong()) };
    }
    base(text).map(Some)
}

/// Takes the query off what may be a URL: it may hold a secret of ours.
fn without_query(line: &[u8]) -> &[u8] {
    line.split(|b| *b == b'?').next().unwrap_or_default()
}

/// Says whether a protocol is one of those that we speak.
fn is_web(scheme: &str) -> bool {
    ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web))
}

/// Reads the URL of a mirror.
fn base(text: &str) -> Result<Base, String> {
    let place = text.split_once("://").map_or("", |(_, rest)| rest);
    if place.split('/').next().is_some_and(|host| host.contains('@')) {
        return Err("a URL with a login, which no list has to give".to_owned());
    }
    Base::parse(text).map_err(|error| error.to_string())
}

fn check_size(bytes: &[u8]) -> Result<(), String> {
    if u64::try_from(bytes.len()).is_ok_and(|len| len <= LIST_BYTES_MAX) {
        return Ok(());
    }
    Err(format!("it is larger than {LIST_BYTES_MAX} bytes"))
}

fn excerpt(bytes: &[u8]) -> String {
    format!("'{}'", escape(&bytes[..bytes.len().min(200)]))
}

#[cfg(test)]
mod tests;
