//! The files that make a client follow a channel or a date.
//!
//! Whatever comes from the archive's own metadata is checked before it stands in a file that apt reads as root. Every file is
//! valid in the place that it names, and says in comments what its reader must know: apt says none of it.

mod comments;
mod keys;
mod preferences;
mod suites;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use pinfold_store::{Name, RelPath, Stamp};

use self::comments::comments;
use self::keys::Keys;
use self::suites::Suite;
use super::heads::check_snapshots_url;
use crate::client::{self, ClientFile, bad};
use crate::{Error, Result};

/// What is needed to write a client's files.
#[derive(Debug, Clone)]
pub struct ClientInput<'a> {
    /// The mirror's name: the files are named after it.
    pub mirror: &'a Name,
    /// The URL of the mirror's top folder in the channel or at the date.
    pub url: &'a str,
    /// The published tree, whose `Release` files say which components there are.
    pub tree: &'a Path,
    /// The paths of class root.
    pub roots: &'a [RelPath],
    /// The suites that are wanted; all where empty.
    pub suites: &'a [String],
    /// What the client follows.
    pub follows: Follows<'a>,
    /// How its sources are written.
    pub form: Form,
    /// What else it is given.
    pub downgrade: Downgrade,
    /// Upstream's URLs, for the fallback.
    pub upstream: &'a [String],
    /// Upstream's keyrings, as this machine has them.
    pub keyrings: &'a [PathBuf],
}

/// What a client follows.
#[derive(Debug, Clone, Copy)]
pub enum Follows<'a> {
    /// A channel that shows our signature.
    Local {
        /// The channel.
        channel: &'a Name,
        /// Our public keys, armored in one block.
        public_key: &'a str,
        /// What the field `Snapshots` of its `Release` says.
        snapshots_url: &'a str,
    },
    /// A channel that shows upstream's signature.
    Upstream {
        /// The channel.
        channel: &'a Name,
    },
    /// A snapshot: upstream's signature, and never another state.
    Date(Stamp),
}

/// How a client's sources are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A `.sources` file that names its keys.
    Sources,
    /// The same over a list of URLs in order, of which the mirror is the first.
    Fallback(Fallback),
    /// One line a suite, as in `sources.list`; the key is one that the client trusts for everything.
    Plain,
}

/// What a client takes from upstream while the mirror does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Everything: it goes to upstream's state of that moment.
    Upstream,
    /// Packages only: it stays in the state that it knows.
    Packages,
}

/// Whether a client goes back to older versions by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downgrade {
    /// What is installed stays.
    No,
    /// Preferences put what the archive shows before what is installed.
    Yes,
}

/// Writes the files that a client needs: keys, sources, preferences, and what only apt's own configuration can say.
///
/// # Errors
/// [`Error::BadText`] where a URL, keyring, key, suite or name cannot stand in a configuration file, a wanted suite is not
/// there, or what was asked for cannot be had; a `Release` or keyring that cannot be read.
pub fn client(input: &ClientInput<'_>) -> Result<Vec<ClientFile>> {
    check_url(input.url)?;
    input.upstream.iter().try_for_each(|url| check_url(url))?;
    check_fallback(input)?;
    let suites = suites::wanted(input)?;
    let keys = keys::keys(input)?;
    let mut files = keys.files.clone();
    match input.form {
        Form::Sources => {
            files.push(sources(input, &suites, &keys, |base| Ok(join(input.url, base)))?);
        }
        Form::Fallback(fallback) => {
            let lists = mirror_lists(input, &suites, fallback)?;
            let uri = |base: &str| {
                let list = lists
                    .get(base)
                    .ok_or_else(|| bad("folder", base.as_bytes(), "it has no list"))?;
                Ok(format!("mirror+file:{}", list.path))
            };
            let sources = sources(input, &suites, &keys, uri)?;
            files.extend(lists.into_values());
            files.push(sources);
        }
        Form::Plain => files.push(plain(input, &suites)),
    }
    if input.downgrade == Downgrade::Yes {
        files.push(preferences::preferences(input, &suites)?);
    }
    files.extend(snapshots_override(input, &suites)?);
    Ok(files)
}

/// Refuses a fallback that would not work when it is needed.
fn check_fallback(input: &ClientInput<'_>) -> Result<()> {
    let Form::Fallback(fallback) = input.form else { return Ok(()) };
    let refuse = |why| Err(bad("fallback", b"upstream", why));
    match (input.follows, fallback) {
        (Follows::Date(_), _) => refuse("a date has none: upstream shows today"),
        _ if input.upstream.is_empty() => refuse("the mirror's file must name upstream = \"URL\""),
        (Follows::Local { .. }, Fallback::Upstream) if input.keyrings.is_empty() => refuse(
            "upstream's signature needs its key: the mirror's file must name keyrings = [\"FILE\"]",
        ),
        _ => Ok(()),
    }
}

/// Writes the deb822 file.
fn sources(
    input: &ClientInput<'_>,
    suites: &[Suite],
    keys: &Keys,
    uri: impl Fn(&str) -> Result<String>,
) -> Result<ClientFile> {
    let mut content = comments(input, suites);
    for suite in suites {
        write!(content, "\nTypes: deb\nURIs: {}\nSuites: {}\n", uri(&suite.base)?, suite.name)
            .map_err(unwritable)?;
        if !suite.components.is_empty() {
            writeln!(content, "Components: {}", suite.components.join(" ")).map_err(unwritable)?;
        }
        if !keys.signed_by.is_empty() {
            writeln!(content, "Signed-By: {}", keys.signed_by.join(" ")).map_err(unwritable)?;
        }
        if outlives(input) {
            content.push_str("Check-Valid-Until: no\n");
        }
    }
    Ok(ClientFile {
        path: format!("/etc/apt/sources.list.d/pinfold-{}.sources", input.mirror),
        content,
    })
}

/// Writes one line a suite, for `sources.list` or a file beside it.
fn plain(input: &ClientInput<'_>, suites: &[Suite]) -> ClientFile {
    let mut content = comments(input, suites);
    for suite in suites {
        let options = if outlives(input) { "[check-valid-until=no] " } else { "" };
        let mut words = vec![join(input.url, &suite.base), suite.name.clone()];
        words.extend(suite.components.iter().cloned());
        content.push_str(&format!("deb {options}{}\n", words.join(" ")));
    }
    ClientFile { path: format!("/etc/apt/sources.list.d/pinfold-{}.list", input.mirror), content }
}

/// Says whether a state stands that upstream's own dates may not outlast.
const fn outlives(input: &ClientInput<'_>) -> bool {
    !matches!(input.follows, Follows::Local { .. })
}

/// Writes the lists of URLs, one for each root of an archive below the mirror's top folder.
fn mirror_lists(
    input: &ClientInput<'_>,
    suites: &[Suite],
    fallback: Fallback,
) -> Result<BTreeMap<String, ClientFile>> {
    let mut lists = BTreeMap::new();
    for suite in suites {
        let number = if lists.is_empty() { String::new() } else { format!("-{}", lists.len() + 1) };
        let path = format!("/etc/apt/mirrors/pinfold-{}{number}.list", input.mirror);
        let mut content = format!(
            "# Written by pinfold. A URL is tried when those with lower numbers do not answer or lack the file.\n{}\tpriority:1\n",
            join(input.url, &suite.base)
        );
        let kind = match fallback {
            Fallback::Upstream => "",
            Fallback::Packages => " type:deb",
        };
        for (at, url) in input.upstream.iter().enumerate() {
            writeln!(content, "{}\tpriority:{}{kind}", join(url, &suite.base), at + 2)
                .map_err(unwritable)?;
        }
        lists.entry(suite.base.clone()).or_insert(ClientFile { path, content });
    }
    Ok(lists)
}

/// Gives the address that beats the one which apt has built in for this label, and which would win over the field in the
/// `Release`.
fn snapshots_override(input: &ClientInput<'_>, suites: &[Suite]) -> Result<Option<ClientFile>> {
    let Follows::Local { snapshots_url, .. } = input.follows else { return Ok(None) };
    check_snapshots_url(snapshots_url)?;
    if !suites.iter().any(|suite| suite.release.field("Label") == Some(b"Debian-Security")) {
        return Ok(None);
    }
    // The ending matters: a dot in the mirror's name would make apt ignore the file.
    Ok(Some(ClientFile {
        path: format!("/etc/apt/apt.conf.d/90pinfold-{}.conf", input.mirror),
        content: format!(
            "// Written by pinfold.\nAcquire::Snapshots::URI::Override::Label::Debian-Security \"{snapshots_url}\";\n"
        ),
    }))
}

/// Joins a URL and a folder below it; a slash at the end.
fn join(url: &str, base: &str) -> String {
    let url = url.trim_end_matches('/');
    if base.is_empty() { format!("{url}/") } else { format!("{url}/{base}/") }
}

fn check_url(url: &str) -> Result<()> {
    let is_clean = |b: u8| !matches!(b, b'"' | b'\'' | b'\\' | b'#' | b'[' | b']' | b'|');
    let why = "it is an http or https URL without blanks and quotes";
    client::check_url(url, is_clean, why)
}

fn unwritable(_: std::fmt::Error) -> Error {
    bad("text", b"", "it cannot be written")
}

#[cfg(test)]
mod tests;
