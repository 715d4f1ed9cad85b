//! A database: a tar archive, packed in whatever way, with a folder `NAME-VERSION` for each package.
//!
//! Nothing is unpacked to a disk, and no name in it is a path that anything is done with. libarchive, by which pacman reads it,
//! follows extensions of tar that move the end of a file: an archive with such is refused, since it would be read in two ways.

use std::collections::BTreeSet;
use std::io::{Error as IoError, Read};

use pinfold_store::path::escape;
use tar::{Archive, EntryType, PaxExtensions};

use super::desc::Package;
use crate::tree::read_bounded;
use crate::unpack::{Form, MAGIC_BYTES, Unpacked, unpacked};
use crate::{Error, Result};

/// The most bytes that a database or a list of files unpacks to; the largest of Arch has a tenth of it.
const PLAIN_BYTES_MAX: u64 = 8 << 30;
/// The most bytes that are said of one package, but for its files.
const DESC_BYTES_MAX: u64 = 1 << 20;
/// The most bytes of an extension that gives an entry a long name.
const EXTENSION_BYTES_MAX: u64 = 64 << 10;
/// The size of a block of tar, and where its mark is.
const BLOCK_BYTES: usize = 512;
const MARK: (usize, &[u8]) = (257, b"ustar");

/// What was seen of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// How many packages it names.
    pub packages: u64,
}

/// Reads every package that a database, or a list of files, names; `shown` names it in errors.
///
/// Cost: memory for the names, to find what is there twice.
///
/// # Errors
/// [`Error::BadMetadata`] where it does not unpack or cannot be followed; whatever `each` fails with.
pub fn packages(
    from: impl Read,
    shown: &str,
    each: &mut dyn FnMut(&Package<'_>) -> Result<()>,
) -> Result<Seen> {
    let mut names: BTreeSet<Box<[u8]>> = BTreeSet::new();
    descriptions(from, shown, &mut |folder, text| {
        let of = |why: String| bad(shown, &format!("{}: {why}", escape(folder)));
        let package = Package::parse(text).map_err(of)?;
        if [package.name, package.version].join(&b'-') != folder {
            return Err(of("its folder is not called after its name and version".to_owned()));
        }
        if !names.insert(package.name.into()) {
            return Err(of("a package of this name is there twice".to_owned()));
        }
        each(&package)
    })?;
    Ok(Seen { packages: u64::try_from(names.len()).unwrap_or(u64::MAX) })
}

/// Says whether content begins as a database does: other programs, too, end the names of theirs in `.db`.
pub(super) fn is_database(from: impl Read) -> bool {
    let mut begin = Vec::new();
    let Ok(plain) = plain(from) else { return false };
    let limit = u64::try_from(BLOCK_BYTES).unwrap_or(u64::MAX);
    let is_read = plain.take(limit).read_to_end(&mut begin).is_ok();
    let (at, mark) = MARK;
    let is_empty = begin.iter().all(|byte| *byte == 0);
    is_read
        && begin.len() == BLOCK_BYTES
        && (is_empty || begin.get(at..at + mark.len()) == Some(mark))
}

/// Takes the folder of a package and what is said of it.
type Tell<'a> = dyn FnMut(&[u8], &[u8]) -> Result<()> + 'a;

/// Finds the description of each package.
fn descriptions(from: impl Read, shown: &str, each: &mut Tell<'_>) -> Result<()> {
    let failed = |error: IoError| {
        bad(shown, &format!("it does not unpack: {}", escape(error.to_string().as_bytes())))
    };
    let mut archive = Archive::new(plain(from).map_err(failed)?);
    let mut long_name: Option<Vec<u8>> = None;
    for entry in archive.entries().map_err(failed)?.raw(true) {
        let entry = entry.map_err(failed)?;
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let mut name = read_bounded(entry, EXTENSION_BYTES_MAX).map_err(failed)?;
                name.truncate(name.iter().position(|b| *b == 0).unwrap_or(name.len()));
                long_name = Some(name);
            }
            EntryType::XHeader => {
                let extension = read_bounded(entry, EXTENSION_BYTES_MAX).map_err(failed)?;
                long_name = path_of(&extension).map_err(|why| bad(shown, why))?.or(long_name);
            }
            EntryType::XGlobalHeader => {}
            EntryType::Directory => long_name = None,
            EntryType::Regular => {
                let path = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
                if let Some(folder) = folder_of(&path) {
                    let size = entry.size();
                    let text = read_bounded(entry, DESC_BYTES_MAX).map_err(failed)?;
                    if u64::try_from(text.len()).is_ok_and(|read| read < size) {
                        return Err(bad(shown, "it does not unpack: it is cut within a file"));
                    }
                    each(folder, &text)?;
                }
            }
            _ => return Err(bad(shown, "it holds something that is neither file nor folder")),
        }
    }
    Ok(())
}

/// Unpacks it by what its first bytes say, since its name does not.
fn plain<'a>(mut from: impl Read + 'a) -> std::io::Result<Unpacked<'a>> {
    let mut begin = Vec::new();
    let limit = u64::try_from(MAGIC_BYTES).unwrap_or(u64::MAX);
    from.by_ref().take(limit).read_to_end(&mut begin)?;
    let form = Form::of_magic(&begin);
    unpacked(form, std::io::Cursor::new(begin).chain(from), PLAIN_BYTES_MAX)
}

/// Gives the folder in whose file `desc` a package is described; `None` for all other files.
fn folder_of(path: &[u8]) -> Option<&[u8]> {
    let path = path.strip_prefix(b"./").unwrap_or(path);
    let folder = path.strip_suffix(b"/desc")?;
    (!folder.is_empty() && !folder.contains(&b'/')).then_some(folder)
}

/// Gives the path that an extension states.
fn path_of(extension: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    let mut path = None;
    for record in PaxExtensions::new(extension) {
        let record = record.map_err(|_unread| "it has an extension of tar that cannot be read")?;
        match record.key_bytes() {
            b"path" => path = Some(record.value_bytes().to_vec()),
            b"size" => return Err("it has an extension of tar that states a size"),
            key if key.starts_with(b"GNU.sparse.") => return Err("it has a file with holes"),
            _ => {}
        }
    }
    Ok(path)
}

fn bad(shown: &str, why: &str) -> Error {
    Error::BadMetadata { path: shown.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
pub(super) mod tests;
