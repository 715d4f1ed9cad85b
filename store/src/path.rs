//! Names from outside, parsed once into checked types (invariant I7).
//!
//! A [`RelPath`] can be joined below a folder of ours without leaving it; a [`Name`] can stand in a URL, a file name
//! and a line of generated configuration without quoting; a [`Stamp`] sorts as text in the order of time. Nothing
//! else in the workspace checks a path again.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

mod stamp;

pub use stamp::Stamp;

/// The longest path that a manifest takes, in bytes; the kernel's `PATH_MAX`.
pub const PATH_BYTES_MAX: usize = 4096;
/// The longest single name within a path, in bytes; the kernel's `NAME_MAX`.
pub const NAME_BYTES_MAX: usize = 255;

/// A path below a root: relative, without NUL and without empty, `.` or `..` parts. Every other byte is allowed.
///
/// Ordered by its raw bytes, which is the order of a manifest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(Box<[u8]>);

impl RelPath {
    /// Parses a path, refusing whatever could leave the root or has a second spelling.
    ///
    /// # Errors
    /// [`Error::BadName`] names the path, escaped, and the rule that it breaks.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        match flaw(bytes) {
            None => Ok(Self(bytes.into())),
            Some(why) => {
                Err(Error::BadName { what: "path", name: escape(bytes), why: why.to_owned() })
            }
        }
    }

    /// Appends further parts.
    ///
    /// # Errors
    /// [`Error::BadName`] where `more` is not a relative path itself or the whole gets too long.
    pub fn join(&self, more: &[u8]) -> Result<Self, Error> {
        Self::parse(&[&self.0, b"/".as_slice(), more].concat())
    }

    /// Views the raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Views the path as the operating system's type, to be used below a folder's descriptor.
    #[must_use]
    pub fn as_path(&self) -> &std::path::Path {
        use std::os::unix::ffi::OsStrExt;
        std::path::Path::new(std::ffi::OsStr::from_bytes(&self.0))
    }

    /// Views the folder's part and the last name; the folder is empty at the top.
    #[must_use]
    pub fn split(&self) -> (&[u8], &[u8]) {
        match self.0.iter().rposition(|b| *b == b'/') {
            Some(at) => (&self.0[..at], &self.0[at + 1..]),
            None => (&[], &self.0),
        }
    }

    /// Says whether the path is `folder` or lies below it.
    #[must_use]
    pub fn is_below(&self, folder: &[u8]) -> bool {
        self.0
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest[0] == b'/' || folder.is_empty())
    }
}

/// Says what keeps bytes from being a [`RelPath`].
fn flaw(bytes: &[u8]) -> Option<&'static str> {
    if bytes.is_empty() {
        return Some("it is empty");
    }
    if bytes[0] == b'/' {
        return Some("it is absolute");
    }
    if bytes.contains(&0) {
        return Some("it holds a NUL byte");
    }
    if bytes.len() >= PATH_BYTES_MAX {
        return Some("it is longer than 4095 bytes");
    }
    bytes.split(|b| *b == b'/').find_map(|part| match part {
        b"" => Some("a part of it is empty"),
        b"." | b".." => Some("a part of it is . or .."),
        long if long.len() > NAME_BYTES_MAX => Some("a part of it is longer than 255 bytes"),
        _ => None,
    })
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.0))
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelPath({self})")
    }
}

impl FromStr for RelPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text.as_bytes())
    }
}

/// Serialized escaped, as shown: records are TOML, which cannot hold raw bytes.
impl serde::Serialize for RelPath {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for RelPath {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        unescape(&text)
            .ok_or_else(|| Error::BadName {
                what: "path",
                name: escape(text.as_bytes()),
                why: "it has an escape that does not parse".to_owned(),
            })
            .and_then(|bytes| Self::parse(&bytes))
            .map_err(serde::de::Error::custom)
    }
}

/// Shows bytes from outside on one line: printable text as it is, all else as `\xNN`, a backslash doubled.
///
/// Control characters, bidirectional overrides and invalid UTF-8 never reach a terminal, a log or JSON raw.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\\' => shown.push_str("\\\\"),
                hidden if is_hidden(hidden) => {
                    let mut buffer = [0; 4];
                    hidden.encode_utf8(&mut buffer).bytes().for_each(|b| push_hex(&mut shown, b));
                }
                plain => shown.push(plain),
            }
        }
        chunk.invalid().iter().for_each(|b| push_hex(&mut shown, *b));
    }
    shown
}

/// Shows a path on one line, see [`escape`].
#[must_use]
pub fn escape_path(path: &std::path::Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

/// Says whether a character changes how the text around it is shown: controls, line ends, bidi and zero-width marks.
#[must_use]
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn push_hex(to: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    to.push_str("\\x");
    to.push(char::from(DIGITS[usize::from(byte >> 4)]));
    to.push(char::from(DIGITS[usize::from(byte & 15)]));
}

/// Reads back what [`escape`] wrote; `None` where an escape does not parse.
#[must_use]
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let after = &rest[at + 1..];
        if let Some(tail) = after.strip_prefix('\\') {
            bytes.push(b'\\');
            rest = tail;
        } else {
            let digits = after.strip_prefix('x')?.get(..2)?;
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[3..];
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

/// The name of a mirror, channel or pin: `[a-z0-9][a-z0-9._-]{0,63}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(String);

impl Name {
    /// Views the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let inner =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        let first =
            text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if first && text.len() <= 64 && text.bytes().all(inner) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::BadName {
                what: "name",
                name: escape(text.as_bytes()),
                why: "a name has 1 to 64 of a-z, 0-9, '.', '_' and '-', and starts with a letter or digit".to_owned(),
            })
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
