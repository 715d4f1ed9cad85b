//! The package lists of an archive, `Packages` and `Sources`: what they name, as input from strangers.
//!
//! Views of the list are handed out one after the other. What costs something, a path and its checksums, is parsed and
//! checked when it is asked for. Nothing is fetched or compared here.

use std::collections::BTreeMap;
use std::io::Read;

use pinfold_store::path::escape;
use pinfold_store::{Algorithm, Checksum, RelPath};

use crate::deb822::{Stanza, Stanzas, lines};
use crate::{Error, Result};

/// A file that a list names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedFile {
    /// Where it is, below the archive's root.
    pub path: RelPath,
    /// Its size.
    pub size_bytes: u64,
    /// Its SHA-256, where the list has it.
    pub sha256: Option<[u8; 32]>,
    /// Its SHA-512, where the list has it.
    pub sha512: Option<[u8; 64]>,
}

impl IndexedFile {
    /// Says whether no checksum vouches for it that a client believes: clients do not take it, and neither do we.
    #[must_use]
    pub const fn is_weak(&self) -> bool {
        self.sha256.is_none() && self.sha512.is_none()
    }
}

/// A package in a list `Packages`. A field that is missing is empty.
#[derive(Debug, Clone, Copy)]
pub struct Binary<'a> {
    /// Its name; never empty.
    pub name: &'a [u8],
    /// Its version.
    pub version: &'a [u8],
    /// Its architecture, `all` for what runs on each.
    pub architecture: &'a [u8],
    /// Its section.
    pub section: &'a [u8],
    /// Its priority.
    pub priority: &'a [u8],
    source: Option<&'a [u8]>,
    filename: Option<&'a [u8]>,
    size: Option<&'a [u8]>,
    sha256: Option<&'a [u8]>,
    sha512: Option<&'a [u8]>,
    stanza: Stanza<'a>,
}

/// A source package in a list `Sources`. A field that is missing is empty.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its name; never empty.
    pub name: &'a [u8],
    /// Its version.
    pub version: &'a [u8],
    /// Its section.
    pub section: &'a [u8],
    /// Its priority.
    pub priority: &'a [u8],
    directory: &'a [u8],
    /// The lists `Files`, `Checksums-Sha1`, `Checksums-Sha256` and `Checksums-Sha512`.
    lists: [Option<&'a [u8]>; 4],
    stanza: Stanza<'a>,
}

/// What a whole list turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// How many packages it has.
    pub packages: u64,
    /// The first line at which apt gives up though we went on: a comment, or an empty line at the beginning.
    pub odd_line: Option<u64>,
}

/// Reads a list `Packages`, which is unpacked already, and hands out its packages in order. `shown` names it in errors.
///
/// Cost: constant memory; a second for half a gigabyte.
///
/// # Errors
/// [`Error::BadMetadata`] where the list cannot be followed; whatever reading it or `each` fails with.
pub fn packages(
    from: impl Read,
    shown: &str,
    each: &mut dyn FnMut(Binary<'_>) -> Result<()>,
) -> Result<Seen> {
    const FIELDS: [&str; 10] = [
        "Package",
        "Version",
        "Architecture",
        "Section",
        "Priority",
        "Source",
        "Filename",
        "Size",
        "SHA256",
        "SHA512",
    ];
    walk(from, shown, &mut |stanza| {
        let [
            name,
            version,
            architecture,
            section,
            priority,
            source,
            filename,
            size,
            sha256,
            sha512,
        ] = stanza.pick(&FIELDS);
        each(Binary {
            name: named(name, &stanza)?,
            version: version.unwrap_or_default(),
            architecture: architecture.unwrap_or_default(),
            section: section.unwrap_or_default(),
            priority: priority.unwrap_or_default(),
            source,
            filename,
            size,
            sha256,
            sha512,
            stanza,
        })
    })
}

/// Reads a list `Sources`, as [`packages`] reads the other kind.
///
/// # Errors
/// As [`packages`].
pub fn sources(
    from: impl Read,
    shown: &str,
    each: &mut dyn FnMut(Source<'_>) -> Result<()>,
) -> Result<Seen> {
    const FIELDS: [&str; 9] = [
        "Package",
        "Version",
        "Section",
        "Priority",
        "Directory",
        "Files",
        "Checksums-Sha1",
        "Checksums-Sha256",
        "Checksums-Sha512",
    ];
    walk(from, shown, &mut |stanza| {
        let [name, version, section, priority, directory, lists @ ..] = stanza.pick(&FIELDS);
        each(Source {
            name: named(name, &stanza)?,
            version: version.unwrap_or_default(),
            section: section.unwrap_or_default(),
            priority: priority.unwrap_or_default(),
            directory: directory.unwrap_or_default(),
            lists,
            stanza,
        })
    })
}

fn walk(
    from: impl Read,
    shown: &str,
    each: &mut dyn FnMut(Stanza<'_>) -> Result<()>,
) -> Result<Seen> {
    let mut stanzas = Stanzas::new(from, shown);
    while let Some(stanza) = stanzas.next()? {
        each(stanza)?;
    }
    Ok(Seen { packages: stanzas.stanzas(), odd_line: stanzas.odd_line() })
}

fn named<'a>(name: Option<&'a [u8]>, stanza: &Stanza<'_>) -> Result<&'a [u8]> {
    name.filter(|name| !name.is_empty()).ok_or_else(|| stanza.bad("it has no field Package"))
}

impl<'a> Binary<'a> {
    /// Gives the name and the version of the source package that it was built from.
    #[must_use]
    pub fn source(&self) -> (&'a [u8], &'a [u8]) {
        let Some(source) = self.source else { return (self.name, self.version) };
        match source.iter().position(|b| *b == b'(') {
            None => (source, self.version),
            Some(at) => {
                let version = &source[at + 1..];
                let version = version.strip_suffix(b")").unwrap_or(version);
                (source[..at].trim_ascii(), version.trim_ascii())
            }
        }
    }

    /// Gives the file that it is.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] names package and field where path, size or checksum are none.
    pub fn file(&self) -> Result<IndexedFile> {
        let filename = self.filename.ok_or_else(|| self.bad("Filename", "it is missing"))?;
        let path = file_path(b"", filename).map_err(|why| self.bad("Filename", &why))?;
        let (sha256, sha512) = (self.sha256()?, self.sha512()?);
        Ok(IndexedFile { path, size_bytes: self.size_bytes()?, sha256, sha512 })
    }

    /// Gives the file's SHA-256, where the list has it.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub fn sha256(&self) -> Result<Option<[u8; 32]>> {
        self.sum("SHA256", self.sha256, sha256)
    }

    /// Gives the file's SHA-512, where the list has it.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub fn sha512(&self) -> Result<Option<[u8; 64]>> {
        self.sum("SHA512", self.sha512, sha512)
    }

    /// Gives the file's size.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub fn size_bytes(&self) -> Result<u64> {
        let size = self.size.ok_or_else(|| self.bad("Size", "it is missing"))?;
        number(size).ok_or_else(|| self.bad("Size", &format!("it is no size: {}", excerpt(size))))
    }

    fn sum<T>(
        &self,
        field: &str,
        text: Option<&[u8]>,
        parse: fn(&[u8]) -> Option<T>,
    ) -> Result<Option<T>> {
        let sum = text.map(|text| parse(text).ok_or(text)).transpose();
        sum.map_err(|text| self.bad(field, &format!("it is no checksum: {}", excerpt(text))))
    }

    fn bad(&self, field: &str, why: &str) -> Error {
        bad(&self.stanza, self.name, field, why)
    }
}

/// A file of a source while its lists are read.
struct Part<'a> {
    field: &'static str,
    size: &'a [u8],
    sha256: Option<[u8; 32]>,
    sha512: Option<[u8; 64]>,
}

impl Source<'_> {
    /// Gives its files, sorted by name; empty where it lists none.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] names package and field where path, size or checksum are none, or two lists disagree.
    pub fn files(&self) -> Result<Vec<IndexedFile>> {
        const NAMES: [&str; 4] =
            ["Files", "Checksums-Sha1", "Checksums-Sha256", "Checksums-Sha512"];
        let mut parts: BTreeMap<&[u8], Part<'_>> = BTreeMap::new();
        for (field, list) in NAMES.into_iter().zip(self.lists) {
            for line in lines(list.unwrap_or_default()) {
                let bad = |why: &str| self.bad(field, &format!("{why}: {}", excerpt(line)));
                let mut words =
                    line.split(|b| matches!(b, b' ' | b'\t')).filter(|word| !word.is_empty());
                let (Some(sum), Some(size), Some(name), None) =
                    (words.next(), words.next(), words.next(), words.next())
                else {
                    return Err(bad("a line has not three words"));
                };
                let part =
                    parts.entry(name).or_insert(Part { field, size, sha256: None, sha512: None });
                if part.size != size {
                    let why = format!("a line has another size than in {}", part.field);
                    return Err(bad(&why));
                }
                // Of a file that a list names twice the first line counts, as for apt.
                if field == "Checksums-Sha256" && part.sha256.is_none() {
                    part.sha256 = Some(sha256(sum).ok_or_else(|| bad("a line holds no checksum"))?);
                }
                if field == "Checksums-Sha512" && part.sha512.is_none() {
                    part.sha512 = Some(sha512(sum).ok_or_else(|| bad("a line holds no checksum"))?);
                }
            }
        }
        parts.into_iter().map(|(name, part)| self.part(name, &part)).collect()
    }

    fn part(&self, name: &[u8], part: &Part<'_>) -> Result<IndexedFile> {
        let path = file_path(self.directory, name).map_err(|why| self.bad(part.field, &why))?;
        let bad_size = || self.bad(part.field, &format!("no size: {}", excerpt(part.size)));
        Ok(IndexedFile {
            path,
            size_bytes: number(part.size).ok_or_else(bad_size)?,
            sha256: part.sha256,
            sha512: part.sha512,
        })
    }

    fn bad(&self, field: &str, why: &str) -> Error {
        bad(&self.stanza, self.name, field, why)
    }
}

fn bad(stanza: &Stanza<'_>, name: &[u8], field: &str, why: &str) -> Error {
    stanza.bad(&format!("package {}, field {field}: {why}", excerpt(name)))
}

/// Makes a checked path of a folder, which may be empty or `.`, and the name of a file below it.
fn file_path(folder: &[u8], name: &[u8]) -> Result<RelPath, String> {
    for path in [folder, name] {
        if let Some(why) = path_flaw(path) {
            return Err(format!("{why}: {}", excerpt(path)));
        }
    }
    if folder.is_empty()
        && let Ok(path) = RelPath::parse(name)
    {
        return Ok(path);
    }
    // Clients send `./x` and `a//b` as they stand, and web servers make one path of all spellings.
    let parts: Vec<&[u8]> = [folder, name]
        .into_iter()
        .flat_map(|path| path.split(|b| *b == b'/'))
        .filter(|part| !matches!(*part, b"" | b"."))
        .collect();
    if name.is_empty() || name.ends_with(b"/") {
        return Err(format!("it names no file: {}", excerpt(name)));
    }
    RelPath::parse(&parts.join(b"/".as_slice())).map_err(|error| error.to_string())
}

/// Says what keeps bytes of a list from being part of a path.
fn path_flaw(path: &[u8]) -> Option<&'static str> {
    if path.iter().any(|b| b.is_ascii_control() || matches!(b, b'?' | b'#')) {
        return Some("it holds a byte that no client can ask for");
    }
    if path.starts_with(b"/") {
        return Some("it is absolute");
    }
    if path.windows(3).any(|three| three == b"://") {
        return Some("it is a URL");
    }
    if path.windows(2).any(|two| two == b"..")
        && path.split(|b| *b == b'/').any(|part| part == b"..")
    {
        return Some("it leaves its folder");
    }
    None
}

fn number(text: &[u8]) -> Option<u64> {
    // `parse` would take a sign.
    let text =
        std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    text?.parse().ok()
}

/// Reads a SHA-256, in upper-case digits too.
fn sha256(text: &[u8]) -> Option<[u8; 32]> {
    Checksum::of_hex(Algorithm::Sha256, text)?.as_bytes().try_into().ok()
}

/// Reads a SHA-512.
fn sha512(text: &[u8]) -> Option<[u8; 64]> {
    Checksum::of_hex(Algorithm::Sha512, text)?.as_bytes().try_into().ok()
}

fn excerpt(bytes: &[u8]) -> String {
    escape(&bytes[..bytes.len().min(200)])
}

#[cfg(test)]
pub(crate) mod tests;
