//! The files that make a client follow a channel or a date.
//!
//! Whatever comes from the archive's own metadata is checked before it stands in a file that apt reads as root.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use pinfold_store::path::escape;
use pinfold_store::{Name, RelPath};

use super::heads::{check_snapshots_url, load};
use super::read::below;
use super::release::Release;
use crate::{Error, Result};

/// Where our public key goes on a client.
const KEY_PATH: &str = "/etc/apt/keyrings/pinfold.asc";

/// What is needed to write a client's files.
#[derive(Debug, Clone)]
pub struct ClientInput<'a> {
    /// The mirror's name: the files are named after it.
    pub mirror: &'a Name,
    /// The URL of the mirror's top folder in a channel or at a date.
    pub url: &'a str,
    /// The published tree, whose `Release` files say which components there are.
    pub tree: &'a Path,
    /// The paths of class root.
    pub roots: &'a [RelPath],
    /// The suites that are wanted; all where empty.
    pub suites: &'a [String],
    /// Our public key, armored, or `None` where upstream's signature is shown: at a date, or by a channel that is set so.
    pub public_key: Option<&'a str>,
    /// The keyring of upstream on the client, for upstream's signature.
    pub upstream_keyring: Option<&'a str>,
    /// What the field `Snapshots` of the channel says.
    pub snapshots_url: Option<&'a str>,
}

/// A file on a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFile {
    /// Where it goes, absolute.
    pub path: String,
    /// What it holds.
    pub content: String,
}

/// Writes the files that a client needs: the sources, our public key, and what only apt's own configuration can say.
///
/// # Errors
/// [`Error::BadText`] where a URL, keyring, key or suite cannot stand in a configuration file, or a wanted suite is not
/// there; a `Release` that cannot be read.
pub fn client(input: &ClientInput<'_>) -> Result<Vec<ClientFile>> {
    check_url(input.url)?;
    let signed_by = signed_by(input)?;
    let suites = wanted(input)?;
    let mut content = String::from("# Written by pinfold.\n");
    let mut labels = BTreeSet::new();
    for suite in &suites {
        content.push_str(&stanza(input, suite, &signed_by)?);
        labels.extend(suite.release.field("Label").map(<[u8]>::to_vec));
    }
    let name = input.mirror;
    let mut files = vec![ClientFile {
        path: format!("/etc/apt/sources.list.d/pinfold-{name}.sources"),
        content,
    }];
    if let Some(key) = input.public_key {
        files.push(ClientFile { path: KEY_PATH.to_owned(), content: key.to_owned() });
    }
    if let Some(url) = input.snapshots_url {
        check_snapshots_url(url)?;
        // apt has an address of its own built in for this label, which would win over the field in the Release.
        if labels.contains(b"Debian-Security".as_slice()) {
            let content = format!(
                "// Written by pinfold.\nAcquire::Snapshots::URI::Override::Label::Debian-Security \"{url}\";\n"
            );
            // The ending matters: a dot in the mirror's name would make apt ignore the file.
            files.push(ClientFile {
                path: format!("/etc/apt/apt.conf.d/90pinfold-{name}.conf"),
                content,
            });
        }
    }
    Ok(files)
}

/// A suite as a client names it.
struct Suite {
    /// The archive's root below the mirror's top folder.
    base: Vec<u8>,
    /// What follows `Suites:`; of a flat archive a path with a slash at its end.
    name: String,
    release: Release,
}

/// Lists the suites that are wanted, each under its own name and not under those of links to it, unless asked for.
fn wanted(input: &ClientInput<'_>) -> Result<Vec<Suite>> {
    let mut real: BTreeMap<PathBuf, (bool, Suite)> = BTreeMap::new();
    let mut asked: BTreeMap<&str, Suite> = BTreeMap::new();
    let folders: BTreeSet<&[u8]> = input.roots.iter().map(|path| path.split().0).collect();
    for folder in folders {
        let at = below(folder, b"x")
            .map_or_else(|| input.tree.to_owned(), |path| input.tree.join(path.as_path()));
        let at = at.parent().unwrap_or(input.tree).to_owned();
        let (base, name) = split_suite(folder)?;
        let suite = Suite { base, name, release: load(&at, folder)? };
        if let Some(wanted) = input
            .suites
            .iter()
            .find(|wanted| **wanted == suite.name || format!("{wanted}/") == suite.name)
        {
            asked.entry(wanted).or_insert(suite);
        } else if input.suites.is_empty() {
            let place = at.canonicalize().map_err(|source| Error::Io {
                action: "find",
                path: at.clone(),
                source,
            })?;
            let is_own = place.ends_with(Path::new(&escape(folder)));
            let known = real.get(&place).is_some_and(|(own, _)| *own || !is_own);
            if !known {
                real.insert(place, (is_own, suite));
            }
        }
    }
    if let Some(lost) = input.suites.iter().find(|wanted| !asked.contains_key(wanted.as_str())) {
        return Err(bad("suite", lost.as_bytes(), "the mirror has no such suite"));
    }
    Ok(if input.suites.is_empty() {
        real.into_values().map(|(_, suite)| suite).collect()
    } else {
        asked.into_values().collect()
    })
}

/// Splits a suite's folder at `dists` into the archive's root and the suite's name.
fn split_suite(folder: &[u8]) -> Result<(Vec<u8>, String)> {
    let parts: Vec<&[u8]> = folder.split(|b| *b == b'/').filter(|part| !part.is_empty()).collect();
    match parts.iter().position(|part| *part == b"dists") {
        Some(at) if at + 1 < parts.len() => Ok((
            parts[..at].join(b"/".as_slice()),
            word("suite", &parts[at + 1..].join(b"/".as_slice()))?,
        )),
        _ if parts.is_empty() => Ok((Vec::new(), "./".to_owned())),
        _ => Ok((Vec::new(), format!("{}/", word("suite", folder)?))),
    }
}

fn stanza(input: &ClientInput<'_>, suite: &Suite, signed_by: &str) -> Result<String> {
    let mut url = input.url.trim_end_matches('/').to_owned();
    for part in suite.base.split(|b| *b == b'/').filter(|part| !part.is_empty()) {
        url.push('/');
        url.push_str(&word("folder", part)?);
    }
    let mut text = format!("\nTypes: deb\nURIs: {url}/\nSuites: {}\n", suite.name);
    if !suite.name.ends_with('/') {
        let listed = suite.release.field("Components").unwrap_or(b"main");
        let words = listed.split(u8::is_ascii_whitespace).filter(|one| !one.is_empty());
        // A component may be written with a path before it; clients compare the last part.
        let last = |one: &[u8]| word("component", one.rsplit(|b| *b == b'/').next().unwrap_or(one));
        let components: Vec<String> = words.map(last).collect::<Result<_>>()?;
        writeln!(text, "Components: {}", components.join(" "))
            .map_err(|_| bad("component", listed, "it cannot be written"))?;
    }
    text.push_str(signed_by);
    if input.public_key.is_none() {
        // Upstream's own dates expire; a state that is meant to stand outlives them.
        text.push_str("Check-Valid-Until: no\n");
    }
    Ok(text)
}

/// Writes the line that names the keys. A snapshot that apt finds by itself (`Snapshots`) inherits it, so that ours and
/// upstream's stand together.
fn signed_by(input: &ClientInput<'_>) -> Result<String> {
    let mut paths = Vec::new();
    if let Some(key) = input.public_key {
        let is_armor = key.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
            && key.bytes().all(|b| b == b'\n' || b.is_ascii_graphic() || b == b' ');
        if !is_armor {
            return Err(bad("public key", b"", "it is not an armored public key"));
        }
        paths.push(KEY_PATH.to_owned());
    }
    if let Some(path) = input.upstream_keyring {
        let is_clean = path
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-' | b'+'));
        if !path.starts_with('/') || !is_clean {
            return Err(bad(
                "keyring",
                path.as_bytes(),
                "it is an absolute path of letters, digits and /._+-",
            ));
        }
        paths.push(path.to_owned());
    }
    Ok(if paths.is_empty() { String::new() } else { format!("Signed-By: {}\n", paths.join(" ")) })
}

fn check_url(url: &str) -> Result<()> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if is_web
        && url.bytes().all(|b| {
            b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'\\' | b'#' | b'[' | b']' | b'|')
        })
    {
        return Ok(());
    }
    Err(bad("URL", url.as_bytes(), "it is an http or https URL without blanks and quotes"))
}

/// Checks a word that comes from the archive.
fn word(what: &'static str, bytes: &[u8]) -> Result<String> {
    let is_plain = |b: &u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'~' | b'/' | b':')
    };
    let starts_well = bytes.first().is_some_and(u8::is_ascii_alphanumeric);
    if starts_well && bytes.iter().all(is_plain) {
        return Ok(String::from_utf8_lossy(bytes).into_owned());
    }
    Err(bad(
        what,
        bytes,
        "it is made of letters, digits and ._-+~:/ and starts with a letter or digit",
    ))
}

fn bad(what: &'static str, value: &[u8], why: &'static str) -> Error {
    Error::BadText { what, value: escape(value), why }
}

#[cfg(test)]
mod tests;
