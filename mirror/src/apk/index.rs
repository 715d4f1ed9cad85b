//! `APKINDEX`: an entry a package, a line a field, an empty line behind each.
//!
//! Read as apk reads it: a field is one letter and a colon, the last of a kind counts, and what is not known is passed over.

use std::io::{BufRead, BufReader, ErrorKind, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pinfold_store::path::escape;

use crate::unpack::{Form, unpacked};
use crate::{Error, Result};

/// The most that an index unpacks to: ten times all of Alpine.
const PLAIN_BYTES_MAX: u64 = 1 << 30;
/// The longest line: what a package provides stands in one.
const LINE_BYTES_MAX: usize = 4 << 20;
/// The longest name and the longest version.
const WORD_BYTES_MAX: usize = 128;

/// A package of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Its architecture; empty where that is not said.
    pub architecture: &'a str,
    /// The size of its file.
    pub size_bytes: Option<u64>,
    /// The SHA-1 of the part of its file that describes it.
    pub control: [u8; 20],
    /// The name of what it was built from, with others perhaps; its own where that is not said.
    pub origin: &'a [u8],
    /// When it was built, in seconds since 1970; 0 where that is not said.
    pub built: i64,
}

impl Package<'_> {
    /// Gives the name of its file.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}-{}.apk", self.name, self.version)
    }
}

/// The fields of an entry that are looked at.
#[derive(Default)]
struct Entry {
    name: Vec<u8>,
    version: Vec<u8>,
    architecture: Vec<u8>,
    size: Vec<u8>,
    checksum: Vec<u8>,
    origin: Vec<u8>,
    built: Vec<u8>,
    is_begun: bool,
}

/// Unpacks an index without its signatures, hands on its packages, and says when it was made, where it says so. `shown` names it
/// in errors.
///
/// # Errors
/// [`Error::BadMetadata`] where it does not unpack or parse, or holds not one list; whatever `each` fails with.
pub(super) fn unpack(
    text: &[u8],
    shown: &str,
    each: &mut dyn FnMut(&Package<'_>) -> Result<()>,
) -> Result<Option<i64>> {
    let broken = |error: std::io::Error| {
        bad(shown, &format!("it does not unpack: {}", escape(error.to_string().as_bytes())))
    };
    let plain = unpacked(Form::Gz, text, PLAIN_BYTES_MAX).map_err(broken)?;
    let mut archive = tar::Archive::new(plain);
    // Two archives in a row are one to apk.
    archive.set_ignore_zeros(true);
    let mut made = None;
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        if entry.path_bytes().as_ref() != b"APKINDEX" {
            continue;
        }
        let time = entry.header().mtime().ok().and_then(|time| i64::try_from(time).ok());
        if made.replace(time).is_some() {
            return Err(bad(shown, "it holds two lists of packages"));
        }
        packages(&mut BufReader::new(entry), shown, each)?;
    }
    made.ok_or_else(|| bad(shown, "it holds no list of packages"))
}

/// Reads every package of a list, and gives how many there are. `shown` names it in errors.
///
/// # Errors
/// [`Error::BadMetadata`] where it does not parse, or a package in it cannot be followed; whatever `each` fails with.
pub fn packages(
    from: &mut dyn BufRead,
    shown: &str,
    each: &mut dyn FnMut(&Package<'_>) -> Result<()>,
) -> Result<u64> {
    let mut entry = Entry::default();
    let (mut line, mut number, mut count) = (Vec::new(), 0_u64, 0_u64);
    loop {
        let is_over = !read_line(from, &mut line, shown)?;
        number += 1;
        if is_over || line.is_empty() {
            if entry.is_begun {
                let refuse = |why| bad(shown, &format!("the entry before line {number}: {why}"));
                each(&entry.package().map_err(refuse)?)?;
                count += 1;
                entry.clear();
            }
            if is_over {
                return Ok(count);
            }
            continue;
        }
        let [field, b':', value @ ..] = line.as_slice() else {
            let cut = &line[..line.len().min(60)];
            return Err(bad(shown, &format!("line {number}, '{}', is no field", escape(cut))));
        };
        entry.set(*field, value);
    }
}

impl Entry {
    fn set(&mut self, field: u8, value: &[u8]) {
        self.is_begun = true;
        let to = match field {
            b'P' => &mut self.name,
            b'V' => &mut self.version,
            b'A' => &mut self.architecture,
            b'S' => &mut self.size,
            b'C' => &mut self.checksum,
            b'o' => &mut self.origin,
            b't' => &mut self.built,
            _ => return,
        };
        to.clear();
        to.extend_from_slice(value);
    }

    fn clear(&mut self) {
        let Self { name, version, architecture, size, checksum, origin, built, is_begun } = self;
        [name, version, architecture, size, checksum, origin, built]
            .into_iter()
            .for_each(Vec::clear);
        *is_begun = false;
    }

    fn package(&self) -> Result<Package<'_>, String> {
        let name = word("P", &self.name)?;
        let version = word("V", &self.version)?;
        // A build time that is none orders nothing.
        let built = std::str::from_utf8(&self.built).ok().and_then(|text| text.parse().ok());
        Ok(Package {
            name,
            version,
            architecture: match self.architecture.as_slice() {
                [] => "",
                other => word("A", other)?,
            },
            size_bytes: match self.size.as_slice() {
                [] => None,
                text => Some(number(text).ok_or_else(|| field("S", text, "it is no size"))?),
            },
            control: control(&self.checksum)?,
            origin: if self.origin.is_empty() { &self.name } else { &self.origin },
            built: built.unwrap_or_default(),
        })
    }
}

/// Reads a line without its end; false at the end of all.
fn read_line(from: &mut dyn BufRead, line: &mut Vec<u8>, shown: &str) -> Result<bool> {
    line.clear();
    let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    let read = from.take(limit).read_until(b'\n', line).map_err(|error| {
        let why = escape(error.to_string().as_bytes());
        match error.kind() {
            ErrorKind::FileTooLarge => bad(shown, &why),
            _ => bad(shown, &format!("it does not unpack: {why}")),
        }
    })?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() >= LINE_BYTES_MAX {
        return Err(bad(shown, "a line of it is longer than 4 MiB"));
    }
    Ok(read > 0)
}

fn number(text: &[u8]) -> Option<u64> {
    let is_number = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| is_number)?.parse().ok()
}

/// Reads a word that becomes a part of a path: what apk allows in names and versions, and so no slash.
fn word<'a>(name: &str, value: &'a [u8]) -> Result<&'a str, String> {
    let is_clean = |b: &u8| b.is_ascii_alphanumeric() || b"._+-~:".contains(b);
    let is_word = value.first().is_some_and(u8::is_ascii_alphanumeric)
        && value.len() <= WORD_BYTES_MAX
        && value.iter().all(is_clean);
    std::str::from_utf8(value)
        .ok()
        .filter(|_| is_word)
        .ok_or_else(|| field(name, value, "it cannot be a part of a file's name"))
}

/// Reads the checksum of the control part.
fn control(text: &[u8]) -> Result<[u8; 20], String> {
    let bytes = match text {
        [b'Q', b'1', rest @ ..] => STANDARD.decode(rest).ok(),
        [b'X', b'1', rest @ ..] => {
            let sum = pinfold_store::Checksum::of_hex(pinfold_store::Algorithm::Sha1, rest);
            sum.map(|sum| sum.as_bytes().to_vec())
        }
        [b'Q' | b'X', b'2', ..] => None,
        _ => return Err(field("C", text, "it is no checksum")),
    };
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| {
        field(
            "C",
            text,
            "it is no SHA-1 of a control part; packages of apk 3's own format are not known yet",
        )
    })
}

fn field(name: &str, value: &[u8], why: &str) -> String {
    let cut = &value[..value.len().min(WORD_BYTES_MAX)];
    format!("{name}:{}: {why}", escape(cut))
}

fn bad(shown: &str, why: &str) -> Error {
    Error::BadMetadata { path: shown.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests;
