//! `.treeinfo`: the files of an installer beside a repository, which no `repomd.xml` names.
//!
//! Nobody signs it. Its checksums of repository metadata are left out: they go stale when only the repository is made anew.

use std::collections::BTreeMap;

use pinfold_store::path::escape;
use pinfold_store::{Algorithm, Checksum, RelPath};

use crate::{Error, Result};

/// The largest one that is read; those of distributions have a few kilobytes.
pub const TREEINFO_BYTES_MAX: u64 = 1 << 20;
/// The most files that one may name.
const FILES_MAX: usize = 10_000;

/// A file that a `.treeinfo` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Where it is, below the folder of the `.treeinfo`.
    pub path: RelPath,
    /// Its checksum, where one is stated.
    pub checksum: Option<Checksum>,
}

/// Which sections name files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// `[checksums]`: the keys are paths.
    Checksums,
    /// `[images-ARCH]` and `[stage2]`: the values are paths.
    Files,
    /// Any other.
    Other,
}

/// Reads a `.treeinfo` of productmd or of the older form, and gives the files that it names, sorted by path. `shown` names it in
/// errors.
///
/// # Errors
/// [`Error::BadMetadata`] with the line where it is no such file, or names a path or checksum that is none.
//
// By hand: the crates for INI (rust-ini, configparser) split a key at its first colon, read backslashes, `;` and `#` in names as
// something else, and forget the line of what they accepted, which an error has to name.
pub fn treeinfo(bytes: &[u8], shown: &str) -> Result<Vec<TreeFile>> {
    let bad = |why: String| Error::BadMetadata { path: shown.to_owned(), why };
    if u64::try_from(bytes.len()).is_ok_and(|len| len > TREEINFO_BYTES_MAX) {
        return Err(bad(format!("it is larger than {TREEINFO_BYTES_MAX} bytes")));
    }
    let mut files = BTreeMap::new();
    let mut section = None;
    for (at, line) in bytes.split(|b| *b == b'\n').enumerate() {
        let bad = |why: String| bad(format!("line {}: {why}", at + 1));
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") || line.starts_with(b";") {
            continue;
        }
        if line.starts_with(b"[") {
            section = Some(heading(line).map_err(bad)?);
            continue;
        }
        let section = section.ok_or_else(|| {
            bad(format!("expected a section in brackets, found {}", excerpt(line)))
        })?;
        if section == Section::Other {
            continue;
        }
        let (key, value) = pair(line).map_err(bad)?;
        if let Some((path, checksum)) = named(section, key, value).map_err(bad)? {
            add(&mut files, &path, checksum).map_err(bad)?;
        }
        if files.len() > FILES_MAX {
            return Err(bad(format!("it names more than {FILES_MAX} files")));
        }
    }
    if section.is_none() {
        return Err(bad("it has no section".to_owned()));
    }
    Ok(files.into_iter().map(|(path, checksum)| TreeFile { path, checksum }).collect())
}

/// Reads a section's heading.
fn heading(line: &[u8]) -> Result<Section, String> {
    let name = line.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    let name = name.ok_or_else(|| format!("a heading without its end: {}", excerpt(line)))?;
    Ok(match name {
        b"checksums" => Section::Checksums,
        b"stage2" => Section::Files,
        images if images.starts_with(b"images-") => Section::Files,
        _ => Section::Other,
    })
}

/// Splits a line at its `=`, or where there is none at its colon: the older form writes either.
fn pair(line: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let find = |wanted: u8| line.iter().position(|b| *b == wanted);
    let at = find(b'=').or_else(|| find(b':'));
    let at = at.ok_or_else(|| format!("expected KEY = VALUE, found {}", excerpt(line)))?;
    Ok((line[..at].trim_ascii(), line[at + 1..].trim_ascii()))
}

/// Gives the file that a line names; `None` where it names none that counts.
fn named(
    section: Section,
    key: &[u8],
    value: &[u8],
) -> Result<Option<(RelPath, Option<Checksum>)>, String> {
    let (path, checksum) = match section {
        Section::Checksums => (key, Some(value)),
        // An image that the architecture does not have stands there without a value.
        Section::Files if value.is_empty() => return Ok(None),
        Section::Files => (value, None),
        Section::Other => return Ok(None),
    };
    if path == b"repodata/repomd.xml" || path.ends_with(b"/repodata/repomd.xml") {
        return Ok(None);
    }
    if path.iter().any(u8::is_ascii_control) {
        return Err(format!("a control byte in the path {}", excerpt(path)));
    }
    let path = RelPath::parse(path).map_err(|error| error.to_string())?;
    Ok(Some((path, checksum.map(sum).transpose()?)))
}

/// Reads a checksum, `sha256:` and its digits.
fn sum(text: &[u8]) -> Result<Checksum, String> {
    let wrong = || format!("expected a checksum like sha256:HEX, found {}", excerpt(text));
    let at = text.iter().position(|b| *b == b':').ok_or_else(wrong)?;
    let algorithm = match &text[..at] {
        // The old name of SHA-1.
        b"sha" => Some(Algorithm::Sha1),
        name => Algorithm::ALL
            .into_iter()
            .find(|known| name.eq_ignore_ascii_case(known.name().as_bytes())),
    };
    Checksum::of_hex(algorithm.ok_or_else(wrong)?, &text[at + 1..]).ok_or_else(wrong)
}

/// Adds a file: a checksum counts wherever it stands, and two of them must be one.
fn add(
    files: &mut BTreeMap<RelPath, Option<Checksum>>,
    path: &RelPath,
    checksum: Option<Checksum>,
) -> Result<(), String> {
    let known = files.entry(path.clone()).or_default();
    match (*known, checksum) {
        (Some(one), Some(other)) if one != other => {
            Err(format!("{path} has the checksum {one} before, and here {other}"))
        }
        (None, checksum) => {
            *known = checksum;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn excerpt(bytes: &[u8]) -> String {
    format!("'{}'", escape(&bytes[..bytes.len().min(200)]))
}

#[cfg(test)]
mod tests;
