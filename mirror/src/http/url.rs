//! URLs that may be asked for: made of a checked base and a checked path, or of a redirect that follows the rules.
//!
//! Nothing here shows a login: it is taken out of the base when that is read, and travels beside what is shown.

use std::fmt;
use std::sync::Arc;

use pinfold_store::RelPath;
use pinfold_store::path::escape;
use ureq::http::Uri;

use super::Login;
use super::manner::{Manner, Registry};
use super::spelling::{encode, without_secrets};
use crate::{Error, Result};

/// The two protocols that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Plain.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// Reads the protocol's name; `None` where it is none of ours.
    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|one| name.eq_ignore_ascii_case(one.as_str()))
    }

    /// Gives the protocol's name.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// Gives the port that a URL without one means.
    pub(super) const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The server that a URL names, and the login that its base held.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// The protocol.
    pub(super) scheme: Scheme,
    /// The host in lower case; an address of version 6 in brackets.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// The login of the base URL.
    pub(super) login: Option<Login>,
}

impl Origin {
    /// Says whether both are one server, whatever login.
    fn is_same(&self, other: &Self) -> bool {
        (self.scheme, &self.host, self.port) == (other.scheme, &other.host, other.port)
    }
}

/// Shows protocol, host, and a port that is not the usual one.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port == self.scheme.port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// A URL that may be asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    origin: Arc<Origin>,
    /// Path and query, encoded; begins with a slash.
    path: String,
    /// How it is asked for.
    manner: Manner,
    /// The host of the list that named the archive; none where the operator did.
    list_host: Option<Arc<str>>,
}

impl Url {
    /// Says how it is asked for.
    pub(super) const fn manner(&self) -> Manner {
        self.manner
    }

    /// Gives the host of the list that named the archive; `None` where the operator did.
    pub(super) fn list_host(&self) -> Option<&str> {
        self.list_host.as_deref()
    }

    /// Gives the server.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Gives path and query.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Gives the path, encoded, without what stands behind `?`.
    pub(crate) fn plain_path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// Gives what comes before the path of an absolute reference to the same server.
    pub(crate) fn server(&self) -> String {
        self.origin.to_string()
    }

    /// Makes it of its parts: a file that the operator named.
    fn of(origin: Origin, path: String) -> Self {
        Self { origin: Arc::new(origin), path, manner: Manner::Plain, list_host: None }
    }

    /// Reads a whole URL from configuration, query included: where a list of mirrors is.
    ///
    /// # Errors
    /// [`Error::BadText`] with the reason; a login or a query is never shown.
    pub fn parse(text: &str) -> Result<Self> {
        let value = || without_secrets(text);
        if text.contains('#') {
            return Err(Error::BadText { what: "URL", value: value(), why: "it holds a fragment" });
        }
        match split(text) {
            Ok((origin, path)) => Ok(Self::of(origin, path)),
            Err(why) => Err(Error::BadText { what: "URL", value: value(), why }),
        }
    }

    /// Gives the whole URL as it is asked for, secrets of its query included.
    pub(super) fn whole(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// Has it asked for in a manner.
    pub(super) const fn asked_as(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }

    /// Resolves where a redirect leads. Never from https to http, to another protocol, or with a login in it. Another server is
    /// asked for no more than a file.
    pub(super) fn follow(&self, location: &[u8]) -> Result<Self, String> {
        let shown = escape(location.split(|b| *b == b'?').next().unwrap_or_default());
        let text = std::str::from_utf8(location).ok().filter(|text| is_plain(text));
        let text = text.ok_or_else(|| format!("a redirect to '{shown}', which is no URL"))?;
        let text = text.split('#').next().unwrap_or_default();
        let whole = if let Some(rest) = text.strip_prefix("//") {
            format!("{}://{rest}", self.origin.scheme.as_str())
        } else if text.starts_with('/') {
            format!("{}{text}", self.origin)
        } else if has_scheme(text) {
            text.to_owned()
        } else {
            let path = self.path.split('?').next().unwrap_or_default();
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{}{folder}/{text}", self.origin)
        };
        let (origin, path) = split(&whole).map_err(|why| format!("a redirect to a URL: {why}"))?;
        if origin.login.is_some() {
            return Err("a redirect with a login in its URL, which is not followed".to_owned());
        }
        if self.origin.scheme == Scheme::Https && origin.scheme == Scheme::Http {
            return Err(format!("a redirect from https to '{shown}', which is not followed"));
        }
        let list_host = self.list_host.clone();
        Ok(if self.origin.is_same(&origin) {
            Self { origin: self.origin.clone(), path, manner: self.manner, list_host }
        } else {
            Self { origin: Arc::new(origin), path, manner: Manner::Plain, list_host }
        })
    }
}

/// Says whether a text holds visible ASCII only.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Says whether a reference begins with a protocol's name.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}

/// Takes an absolute URL apart.
pub(super) fn split(text: &str) -> Result<(Origin, String), &'static str> {
    if !is_plain(text) {
        return Err("it holds a blank, a control byte, or what is not ASCII");
    }
    let name = text.split_once("://").map_or("", |(name, _)| name);
    let scheme = Scheme::parse(name).ok_or("only http:// and https:// are followed")?;
    let uri: Uri = text.parse().ok().ok_or("it is no URL")?;
    let authority = uri.authority().ok_or("it names no host")?;
    let (login, place) = match authority.as_str().rsplit_once('@') {
        Some((login, place)) => (Some(Login::from_url(login)?), place),
        None => (None, authority.as_str()),
    };
    let host = authority.host().to_ascii_lowercase();
    if host.is_empty() {
        return Err("it names no host");
    }
    let port = match authority.port_u16() {
        Some(0) => return Err("its port is none"),
        Some(port) => port,
        None if place.len() == host.len() => scheme.port(),
        None => return Err("its port is none"),
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Ok((Origin { scheme, host, port, login }, path))
}

/// Shows the URL without login and query: subscriptions and signed redirects carry their secret there.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "{}{path}", self.origin)
    }
}

/// Shows what is shown elsewhere: no login, no query.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

/// The URL under which an archive lies; ends in a slash.
#[derive(Clone, PartialEq, Eq)]
pub struct Base {
    url: Url,
    /// What is asked for with every file behind `?`, never shown: the token of a subscription.
    token: Option<Arc<str>>,
    /// The folder of the tree that the URL is of, where the tree begins above it.
    folder: Option<RelPath>,
    /// A further folder of the tree, which a registry has.
    registry: Option<Arc<Registry>>,
}

impl Base {
    /// Reads a base URL from configuration: http or https. A login or a token behind `?` in it is kept apart.
    ///
    /// # Errors
    /// [`Error::BadText`] with the reason; a login or a token is never shown.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = |why| Error::BadText { what: "upstream URL", value: without_secrets(text), why };
        if text.contains('#') {
            return Err(bad("it holds a fragment"));
        }
        let (origin, whole) = split(text).map_err(bad)?;
        let (path, token) = whole
            .split_once('?')
            .map_or((whole.as_str(), None), |(path, token)| (path, Some(token)));
        if path.split('/').any(|part| part == "." || part == "..") {
            return Err(bad("a part of its path is . or .."));
        }
        let mut path = path.to_owned();
        if !path.ends_with('/') {
            path.push('/');
        }
        let token = token.filter(|token| !token.is_empty()).map(Arc::from);
        let url = Url::of(origin, path);
        Ok(Self { url, token, folder: None, registry: None })
    }

    /// Takes the URL for that of one folder of a tree, of which a registry of containers has another.
    #[must_use]
    pub fn beside_registry(mut self, own: RelPath, registry: Self, folder: RelPath) -> Self {
        self.folder = Some(own);
        self.registry = Some(Arc::new(Registry { base: registry, folder }));
        self
    }

    /// Remembers which list named it: a list from elsewhere does not lead to this machine.
    #[must_use]
    pub(crate) fn named_by(mut self, list: &Url) -> Self {
        self.url.list_host = Some(list.origin.host.as_str().into());
        self
    }

    /// Takes the URL for that of a folder of a larger tree, which begins as many levels above it.
    ///
    /// # Errors
    /// [`Error::BadText`] where the URL has fewer levels.
    pub fn of_folder(mut self, folder: RelPath) -> Result<Self> {
        if self.above(&folder).is_none() {
            let why = "its path has fewer levels than the folder of the tree that it is said to be";
            return Err(Error::BadText { what: "upstream URL", value: self.to_string(), why });
        }
        self.folder = Some(folder);
        Ok(self)
    }

    /// Says whether a token goes with every request.
    #[must_use]
    pub const fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Gives the path of the URL where the tree begins whose folder it is of; ends in a slash.
    fn above(&self, folder: &RelPath) -> Option<&str> {
        let levels = folder.as_bytes().split(|b| *b == b'/').count();
        let mut path = self.url.path.strip_suffix('/')?;
        for _ in 0..levels {
            path = path.rsplit_once('/')?.0;
        }
        Some(&self.url.path[..=path.len()])
    }

    /// Gives the URL of a folder of the archive, with a slash at its end; `None` is the archive itself.
    #[must_use]
    pub fn folder(&self, path: Option<&RelPath>) -> Url {
        match path {
            Some(path) => self.whole(path, "/"),
            None => Url { path: self.with_token(self.url.path.clone()), ..self.url.clone() },
        }
    }

    /// Gives the URL of a file of the archive, encoded as apt does.
    #[must_use]
    pub fn join(&self, path: &RelPath) -> Url {
        self.whole(path, "")
    }

    fn whole(&self, path: &RelPath, end: &str) -> Url {
        let bytes = path.as_bytes();
        let inside = |folder: &RelPath| {
            bytes.strip_prefix(folder.as_bytes()).and_then(|rest| rest.strip_prefix(b"/"))
        };
        if let Some(registry) = &self.registry
            && let Some(url) = inside(&registry.folder).and_then(|rest| registry.url(rest))
        {
            return url;
        }
        let (start, rest) = match &self.folder {
            None => (self.url.path.as_str(), bytes),
            Some(folder) => match inside(folder) {
                Some(rest) => (self.url.path.as_str(), rest),
                None => (self.above(folder).unwrap_or("/"), bytes),
            },
        };
        let mut whole = String::with_capacity(start.len() + rest.len() + 16);
        whole.push_str(start);
        encode(rest, &mut whole);
        whole.push_str(end);
        Url { path: self.with_token(whole), ..self.url.clone() }
    }

    /// Appends what goes with every request.
    fn with_token(&self, mut path: String) -> String {
        if let Some(token) = &self.token {
            path.push('?');
            path.push_str(token);
        }
        path
    }
}

/// Shows the URL without login and token.
impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

/// Shows the URL without login and token.
impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base({self})")
    }
}

#[cfg(test)]
mod tests;
