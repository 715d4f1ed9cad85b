//! Logins for upstreams: from a file in apt's format (`apt_auth.conf(5)`) that only its owner can read, or from a base URL.
//!
//! A login is sent to the host that it is for, and to no other; without a protocol in its line only over TLS. No message
//! and no `Debug` output holds a name or a password.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use pinfold_store::path::escape;

use super::Url;
use super::url::Scheme;
use crate::{Error, Result};

/// A name and a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    name: String,
    password: String,
}

/// Hides what it is.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(hidden)")
    }
}

impl Login {
    /// Reads the login of a URL: `NAME:PASSWORD`, encoded.
    pub(super) fn from_url(text: &str) -> Result<Self, &'static str> {
        let (name, password) = text.split_once(':').unwrap_or((text, ""));
        let plain = |part| {
            let bytes = percent_encoding::percent_decode_str(part);
            bytes.decode_utf8().map(String::from).ok().ok_or("its login is no text")
        };
        Ok(Self { name: plain(name)?, password: plain(password)? })
    }

    /// Gives the value of an `Authorization` header.
    pub(super) fn basic(&self) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", self.name, self.password)))
    }
}

/// A line of the file: for which URLs a login is.
#[derive(Debug, Clone)]
struct Machine {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
    path: String,
    login: Login,
}

impl Machine {
    /// Says whether the login is for a URL. A path is a prefix, as in apt.
    fn is_for(&self, url: &Url) -> bool {
        let origin = url.origin();
        self.scheme == origin.scheme
            && self.host == origin.host
            && self.port.is_none_or(|port| port == origin.port)
            && url.path().starts_with(&self.path)
    }
}

/// The logins that a mirror may use.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    machines: Vec<Machine>,
}

/// How large the file may be.
const BYTES_MAX: u64 = 1024 * 1024;

impl Credentials {
    /// Reads a file in the format of `apt_auth.conf(5)` that only its owner can read.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read; [`Error::BadText`] with the line where it is not in the format, or where
    /// others can read it.
    pub fn load(path: &Path) -> Result<Self> {
        let failed = |source| Error::Io { action: "read", path: path.to_owned(), source };
        let (file, mode) = crate::tree::open_file(path)?;
        if mode & 0o077 != 0 {
            return Err(bad(path, None, "others than its owner can read it; set its mode to 0600"));
        }
        let bytes = crate::tree::read_bounded(file, BYTES_MAX).map_err(failed)?;
        Self::parse(&bytes, path)
    }

    /// Reads the text of such a file; `path` is for messages.
    ///
    /// # Errors
    /// [`Error::BadText`] with the line.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let text = std::str::from_utf8(bytes).ok();
        let text = text.ok_or_else(|| bad(path, None, "it is no UTF-8 text"))?;
        let mut words = text.lines().zip(1..).flat_map(|(line, number)| {
            let line = if line.trim_start().starts_with('#') { "" } else { line };
            line.split_ascii_whitespace().map(move |word| (number, word))
        });
        let mut machines = Vec::new();
        let mut open: Option<Draft> = None;
        while let Some((number, word)) = words.next() {
            let at = |why| bad(path, Some(number), why);
            let mut value = || words.next().map(|(_, value)| value.to_owned());
            match (word, &mut open) {
                ("machine", _) => {
                    let place = value().ok_or_else(|| at("nothing follows 'machine'"))?;
                    let next = Draft::parse(number, &place).map_err(at)?;
                    if let Some(draft) = open.replace(next) {
                        machines.push(draft.finish(path)?);
                    }
                }
                ("login" | "password", None) => return Err(at("it stands before any 'machine'")),
                ("login", Some(draft)) => {
                    draft.name = Some(value().ok_or_else(|| at("nothing follows 'login'"))?);
                }
                ("password", Some(draft)) => {
                    draft.password = Some(value().ok_or_else(|| at("nothing follows 'password'"))?);
                }
                _ => return Err(at("a word in it is none of machine, login, password")),
            }
        }
        if let Some(draft) = open {
            machines.push(draft.finish(path)?);
        }
        Ok(Self { machines })
    }

    /// Gives the login for a URL: the first that fits.
    pub(super) fn login<'a>(&'a self, url: &'a Url) -> Option<&'a Login> {
        let own = url.origin().login.as_ref();
        own.or_else(|| self.machines.iter().find(|one| one.is_for(url)).map(|one| &one.login))
    }
}

/// An error that names file and line, and nothing of what the line holds.
fn bad(path: &Path, line: Option<usize>, why: &'static str) -> Error {
    let path = escape(path.as_os_str().as_encoded_bytes());
    let value = line.map_or_else(|| path.clone(), |line| format!("{path} line {line}"));
    Error::BadText { what: "credentials file", value, why }
}

/// A machine whose login is not known yet.
struct Draft {
    line: usize,
    scheme: Scheme,
    host: String,
    port: Option<u16>,
    path: String,
    name: Option<String>,
    password: Option<String>,
}

impl Draft {
    /// Reads `[PROTOCOL://]HOST[:PORT][/PATH]`.
    fn parse(line: usize, place: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = match place.split_once("://") {
            Some((name, rest)) => {
                (Scheme::parse(name).ok_or("its protocol is neither http nor https")?, rest)
            }
            None => (Scheme::Https, place),
        };
        let (place, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                let port = port.parse().ok().ok_or("its port is none")?;
                (host, Some(port))
            }
            _ => (place, None),
        };
        if host.is_empty() {
            return Err("it names no host");
        }
        let host = host.to_ascii_lowercase();
        Ok(Self { line, scheme, host, port, path: path.to_owned(), name: None, password: None })
    }

    /// Ends the machine: both parts of the login must be there.
    fn finish(self, path: &Path) -> Result<Machine> {
        let (Some(name), Some(password)) = (self.name, self.password) else {
            return Err(bad(path, Some(self.line), "its 'machine' lacks a login or a password"));
        };
        let login = Login { name, password };
        Ok(Machine {
            scheme: self.scheme,
            host: self.host,
            port: self.port,
            path: self.path,
            login,
        })
    }
}

#[cfg(test)]
mod tests;
