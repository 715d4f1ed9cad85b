//! `Release` and `InRelease`, parsed as input from strangers.
//!
//! Fields and list lines keep their bytes and their order, so that what a channel shows differs from upstream's only where
//! it must. Nothing here reads a file or checks a signature.

use std::collections::BTreeSet;

use pinfold_store::RelPath;
use pinfold_store::path::escape;

use crate::key::cut_blanks;
use crate::sign::split;
use crate::unpack::Form;
use crate::{Error, Result};

/// A list of checksums in a `Release`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5: too weak to be believed.
    Md5,
    /// SHA-1: too weak to be believed.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512];

    /// Gives the name of the field, which is the folder's name below `by-hash` too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5Sum",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// Gives the number of hexadecimal digits.
    #[must_use]
    pub const fn digits(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha1 => 40,
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }

    /// Says whether a client believes it.
    #[must_use]
    pub const fn is_strong(self) -> bool {
        matches!(self, Self::Sha256 | Self::Sha512)
    }

    fn of_field(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|one| name.eq_ignore_ascii_case(one.name().as_bytes()))
    }
}

/// A file that a `Release` lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where it is, below the suite's folder.
    pub path: RelPath,
    /// Its size.
    pub size_bytes: u64,
    /// Its checksum, lower-case hexadecimal digits.
    pub hash: String,
    /// Of which kind.
    pub algorithm: Algorithm,
}

impl Listed {
    /// Gives the name without the ending of a compression: all forms of one index share it.
    #[must_use]
    pub fn stem(&self) -> &[u8] {
        Form::split(self.path.as_bytes()).0
    }

    /// Says whether this is the plain form.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        Form::split(self.path.as_bytes()).1 == Form::Plain
    }
}

/// A field: its name, and its value's lines as they stand, the first one without the name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: Box<[u8]>,
    lines: Vec<Box<[u8]>>,
}

/// A parsed `Release`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    fields: Vec<Field>,
    /// The files that it lists, list by list, in order; of a path that a list names twice the first line counts.
    pub listed: Vec<Listed>,
}

/// What is changed for a channel.
#[derive(Debug, Clone, Copy)]
pub struct Remake<'a> {
    /// The `Date`, in seconds since 1970.
    pub date: i64,
    /// The field `Snapshots`.
    pub snapshots_url: Option<&'a str>,
    /// Listed files that the tree does not have: a client would ask for them in vain.
    pub absent: &'a BTreeSet<RelPath>,
}

impl Release {
    /// Parses the text of a `Release`. `shown` names the file in errors.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] says what cannot be followed.
    pub fn parse(text: &[u8], shown: &str) -> Result<Self> {
        parse(text).map_err(|why| Error::BadMetadata { path: shown.to_owned(), why })
    }

    /// Parses an `InRelease`: the signed text is taken out, its signature is not checked.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] where apt would refuse the frame, or the text cannot be followed.
    pub fn parse_signed(bytes: &[u8], shown: &str) -> Result<Self> {
        let parts = split::inline(bytes)
            .map_err(|why| Error::BadMetadata { path: shown.to_owned(), why })?;
        Self::parse(&parts.text, shown)
    }

    /// Gives the first line of a field's value.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        let found =
            self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))?;
        found.lines.first().map(|line| line.trim_ascii())
    }

    /// Writes the text that a channel shows instead.
    #[must_use]
    pub fn remade(&self, change: &Remake<'_>) -> Vec<u8> {
        const OURS: [&str; 5] =
            ["Date", "Valid-Until", "Signed-By", "Acquire-By-Hash", "Snapshots"];
        let (lists, plain): (Vec<&Field>, Vec<&Field>) =
            self.fields.iter().partition(|field| Algorithm::of_field(&field.name).is_some());
        let mut text = Vec::new();
        for field in plain {
            if !OURS.iter().any(|name| field.name.eq_ignore_ascii_case(name.as_bytes())) {
                field.write(&mut text, |_| true);
            }
        }
        text.extend_from_slice(
            format!("Date: {}\nAcquire-By-Hash: yes\n", date(change.date)).as_bytes(),
        );
        if let Some(url) = change.snapshots_url {
            text.extend_from_slice(format!("Snapshots: {url}\n").as_bytes());
        }
        let has_sha256 = self.listed.iter().any(|file| file.algorithm == Algorithm::Sha256);
        for field in lists {
            let Some(algorithm) = Algorithm::of_field(&field.name) else { continue };
            // Only by-hash/SHA256 is promised for every index; clients ask for the strongest digest that is listed.
            if algorithm == Algorithm::Sha512 && has_sha256 {
                continue;
            }
            field.write(&mut text, |line| match list_line(line, algorithm) {
                Ok(file) => !change.absent.contains(&file.path) && !is_patch_index(&file.path),
                Err(_) => line.is_empty(),
            });
        }
        text
    }
}

impl Field {
    fn write(&self, to: &mut Vec<u8>, keep: impl Fn(&[u8]) -> bool) {
        to.extend_from_slice(&self.name);
        to.push(b':');
        for (at, line) in self.lines.iter().enumerate() {
            // The first line is the field's own.
            if at == 0 || keep(line) {
                to.extend_from_slice(line);
                to.push(b'\n');
            }
        }
    }
}

/// Says whether a path is the index of patches to another: patches come and go by name, clients do without them.
fn is_patch_index(path: &RelPath) -> bool {
    path.as_bytes().ends_with(b".diff/Index")
}

/// Writes a time as `Release` has it.
fn date(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(time).strftime("%a, %d %b %Y %H:%M:%S UTC").to_string()
}

/// Parses one stanza: of a field that stands twice the last counts.
fn parse(text: &[u8]) -> Result<Release, String> {
    let mut fields: Vec<Field> = Vec::new();
    let mut is_over = false;
    for line in text.split(|b| *b == b'\n').map(cut_blanks) {
        if line.is_empty() {
            is_over |= !fields.is_empty();
        } else if is_over {
            return Err("something follows an empty line".to_owned());
        } else if line[0] == b'#' {
            // A comment.
        } else if matches!(line[0], b' ' | b'\t') {
            let last =
                fields.last_mut().ok_or_else(|| "its first line continues nothing".to_owned())?;
            last.lines.push(line.into());
        } else {
            fields.push(field(line)?);
        }
    }
    if fields.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut seen = BTreeSet::new();
    let mut kept: Vec<Field> =
        fields.into_iter().rev().filter(|one| seen.insert(one.name.to_ascii_lowercase())).collect();
    kept.reverse();
    let listed = lists(&kept)?;
    Ok(Release { fields: kept, listed })
}

fn field(line: &[u8]) -> Result<Field, String> {
    let bad = || format!("a line is no field: {}", excerpt(line));
    let colon = line.iter().position(|b| *b == b':').ok_or_else(bad)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if name.is_empty() || name[0] == b'-' || !name.iter().all(u8::is_ascii_graphic) {
        return Err(bad());
    }
    Ok(Field { name: name.into(), lines: vec![value.into()] })
}

fn lists(fields: &[Field]) -> Result<Vec<Listed>, String> {
    let mut listed = Vec::new();
    for field in fields {
        let Some(algorithm) = Algorithm::of_field(&field.name) else { continue };
        let mut seen = BTreeSet::new();
        for line in field.lines.iter().filter(|line| !line.is_empty()) {
            let file = list_line(line, algorithm)?;
            if seen.insert(file.path.clone()) {
                listed.push(file);
            }
        }
    }
    Ok(listed)
}

/// Parses a line of a list: a checksum, a size and a path.
fn list_line(line: &[u8], algorithm: Algorithm) -> Result<Listed, String> {
    let bad =
        |why: &str| format!("a line of the list {} {why}: {}", algorithm.name(), excerpt(line));
    let mut words = line.split(|b| matches!(b, b' ' | b'\t')).filter(|word| !word.is_empty());
    let (Some(hash), Some(size), Some(path), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(bad("has not three words"));
    };
    if hash.len() != algorithm.digits() || !hash.iter().all(u8::is_ascii_hexdigit) {
        return Err(bad("holds no checksum"));
    }
    let digits =
        std::str::from_utf8(size).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let size_bytes =
        digits.and_then(|text| text.parse().ok()).ok_or_else(|| bad("holds no size"))?;
    if path.starts_with(b"/") || path.iter().any(u8::is_ascii_control) {
        return Err(bad("names what is not below the suite"));
    }
    let parts: Vec<&[u8]> =
        path.split(|b| *b == b'/').filter(|part| !matches!(*part, b"" | b".")).collect();
    let path = RelPath::parse(&parts.join(b"/".as_slice()))
        .map_err(|_not_below| bad("names what is not below the suite"))?;
    let hash = String::from_utf8_lossy(hash).to_ascii_lowercase();
    Ok(Listed { path, size_bytes, hash, algorithm })
}

fn excerpt(line: &[u8]) -> String {
    escape(&line[..line.len().min(200)])
}

#[cfg(test)]
mod tests;
