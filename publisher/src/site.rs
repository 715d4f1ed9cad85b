//! The rules of the site: which file answers which URL, with which headers.
//!
//! One table (`site/table.rs`) says it. [`Rules::nginx`] prints the table as one server block, [`Rules::resolve`] looks a
//! URL up in the same table with the same regular expressions, for `serve`; a test asks both for hundreds of URLs, so
//! that they cannot diverge. Nothing here starts or reloads a web server, and no package format is known: what the
//! names of a family look like comes in as text.
//!
//! Whatever enters the configuration is checked first. nginx has no escape for `$`, and a stray `;` or quote would be
//! a directive of somebody else's choice.

mod answer;
mod cache;
mod check;
mod kinds;
mod render;
mod table;
mod top;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use pinfold_store::{Kind, Name};

pub use answer::{Answer, Candidate, Refusal};
pub use cache::CacheSite;
pub use kinds::Manner;

/// First parts of a URL's path that are ours and no mirror's.
pub const RESERVED: [&str; 5] = ["snapshots", "channels", "status", "at", "pinfold.asc"];

/// Where nginx writes its logs unless told otherwise: `MIRROR.access.log`, and what concerns no mirror in `pinfold.access.log`.
pub const LOGS: &str = "/var/log/nginx";

/// The path at which a site says which configuration answers.
pub const PROBE: &str = "/at/site";
/// What that begins with; a digest of the configuration follows.
const PROBE_SAYS: &str = "pinfold site ";

/// Finds in a printed configuration what the site answers at [`PROBE`] while it is in force; `None` where it is none of ours.
#[must_use]
pub fn probe_answer(configuration: &str) -> Option<&str> {
    let (_, rest) = configuration.rsplit_once(PROBE)?;
    let at = rest.find(PROBE_SAYS)?;
    let end = at + PROBE_SAYS.len() + 32;
    rest.get(at..end)
}

/// What the site cannot be made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// A value may not stand in a web server's configuration.
    #[error("bad {what} '{value}' for the site: {why}")]
    Refused {
        /// Which value.
        what: &'static str,
        /// The value, escaped.
        value: String,
        /// The rule that it breaks.
        why: String,
    },
    /// Two mirrors would answer at one URL.
    #[error("the mounts of {first} and {second} are equal or lie in each other: '{mount}'")]
    Overlap {
        /// The one mirror.
        first: Name,
        /// The other.
        second: Name,
        /// The longer of the two mounts.
        mount: Mount,
    },
}

impl SiteError {
    /// Says what the error asks of whoever started the verb.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        Kind::Usage
    }
}

/// The path below the site's URL at which a mirror answers: `archive.ubuntu.com/ubuntu`, without outer slashes.
///
/// Parts are letters, digits and `. _ ~ + -`, do not begin with a dot, and the first is none of [`RESERVED`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mount(String);

impl Mount {
    /// Views the path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether one of the two equals the other or lies in it.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        within(&self.0, &other.0) || within(&other.0, &self.0)
    }
}

impl FromStr for Mount {
    type Err = SiteError;

    fn from_str(text: &str) -> Result<Self, SiteError> {
        let refused = |why: &str| Err(check::refused("mount", text, why));
        let allowed =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'+' | b'-');
        if text.len() > 512 {
            return refused("it is longer than 512 bytes");
        }
        for part in text.split('/') {
            if part.is_empty() || part.starts_with('.') || !part.bytes().all(allowed) {
                return refused(
                    "it is written like archive.ubuntu.com/ubuntu: parts of letters, digits and . _ ~ + -, none beginning with a dot",
                );
            }
        }
        if RESERVED.iter().any(|own| text.split('/').next() == Some(own)) {
            return refused("its first part is one that the site needs for itself");
        }
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Display for Mount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One mirror as the web server sees it. The regular expressions are the family's: fragments without anchors, in the
/// common subset of PCRE and Rust's `regex`; an empty one matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorSite {
    /// Its name.
    pub name: Name,
    /// Where it answers.
    pub mount: Mount,
    /// Matches the whole last part of root metadata's paths.
    pub root_names: String,
    /// Matches the whole last part, which begins with a dot, of paths that are served although hidden names are not.
    pub dot_names: String,
    /// Matches somewhere in `/` and a path, where the name holds a hash; anchors of its own are allowed.
    pub hash_names: String,
    /// Matches the whole of what follows a dot in a package's file name.
    pub package_names: String,
    /// Extensions and their MIME types, besides the common ones.
    pub types: Vec<(String, String)>,
    /// Match the last parts of paths that have a MIME type of their own.
    pub typed_names: Vec<(String, String)>,
    /// Matches the whole of a name that the first such mirror has at the top of the server too, as it has [`Self::typed_names`].
    pub top_names: String,
    /// Paths of folders that answer with words: the path with its slash, a MIME type, the words.
    pub words: Vec<(String, String, String)>,
    /// It has no snapshots: nginx keeps what a registry answers.
    pub cache: Option<CacheSite>,
    /// Root metadata go out with a time and a tag, by which clients ask whether they changed.
    pub has_validators: bool,
}

/// What the operator says of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteConfig {
    /// How clients reach it: `http://mirror.example.org`, with a port where it is not the usual one.
    pub url: String,
    /// What nginx listens on: `80`, `127.0.0.1:8080`, `[::]:80`; empty means the URL's port, IPv4 and IPv6.
    pub listen: Vec<String>,
    /// The TLS certificate, together with `key`.
    pub certificate: Option<PathBuf>,
    /// The certificate's key.
    pub key: Option<PathBuf>,
    /// The folder of the access logs; none means `/var/log/nginx`.
    pub logs: Option<PathBuf>,
    /// Every channel.
    pub channels: Vec<Name>,
}

impl SiteConfig {
    /// Gives the channel that a mirror's plain URL shows: `production`, or the last one where none is called so.
    #[must_use]
    pub fn default_channel(&self) -> Option<&Name> {
        self.channels.iter().find(|name| name.as_str() == "production").or(self.channels.last())
    }
}

/// The rules of one site, checked and ready to be printed or asked.
#[derive(Debug)]
pub struct Rules {
    config: SiteConfig,
    host: check::Host,
    table: table::Table,
}

impl Rules {
    /// Checks everything that enters the configuration and makes the table.
    ///
    /// # Errors
    /// [`SiteError`] names the first value that may not stand in it.
    pub fn new(
        config: &SiteConfig,
        mirrors: &[MirrorSite],
        root: &Path,
    ) -> Result<Self, SiteError> {
        let host = check::host(&config.url)?;
        check::config(config)?;
        check::mirrors(mirrors)?;
        let root = check::path("root", root)?;
        let table = table::Table::new(config, mirrors, root)?;
        Ok(Self { config: config.clone(), host, table })
    }

    /// The name to which the site answers, as clients send it, and the port of its URL.
    #[must_use]
    pub fn host(&self) -> (&str, u16) {
        (&self.host.name, self.host.port)
    }

    /// Prints the configuration: one file to be included in `http { }`.
    #[must_use]
    pub fn nginx(&self) -> String {
        render::file(&self.config, &self.host, &self.table)
    }

    /// Looks up the path of a request, percent-encoded as it came; a query after `?` is ignored.
    ///
    /// Reads the channel's symlink, once, as nginx does, so that one answer comes from one generation.
    #[must_use]
    pub fn resolve(&self, uri_path: &[u8]) -> Answer {
        answer::resolve(&self.table, uri_path)
    }
}

/// Prints the nginx configuration of a site, see [`Rules::nginx`].
///
/// # Errors
/// See [`Rules::new`].
pub fn nginx(
    config: &SiteConfig,
    mirrors: &[MirrorSite],
    root: &Path,
) -> Result<String, SiteError> {
    Ok(Rules::new(config, mirrors, root)?.nginx())
}

/// Looks up one URL, see [`Rules::resolve`]; whoever has many keeps the [`Rules`].
///
/// # Errors
/// See [`Rules::new`].
pub fn resolve(
    config: &SiteConfig,
    mirrors: &[MirrorSite],
    root: &Path,
    uri_path: &[u8],
) -> Result<Answer, SiteError> {
    Ok(Rules::new(config, mirrors, root)?.resolve(uri_path))
}

#[cfg(test)]
mod tests;
