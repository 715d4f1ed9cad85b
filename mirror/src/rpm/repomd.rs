//! `repomd.xml`: what metadata a repository has, with checksums.

use std::collections::BTreeMap;

use pinfold_store::{Checksum, RelPath};

use super::href::{Place, refused_base};
use super::sum::checksum;
use super::xml::{Xml, excerpt, number};
use crate::{Error, Result};

/// The most entries that a repository's `repomd.xml` may have.
const DATA_MAX: usize = 1_000;
/// The longest word that is kept: the revision, the kind of an entry.
const WORD_BYTES_MAX: usize = 1_000;

/// A parsed `repomd.xml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repomd {
    /// What the repository calls its state: any text, and no number that only grows. Empty where it says none.
    pub revision: String,
    /// Its entries, in order; exactly one is of the kind `primary`.
    pub data: Vec<Data>,
}

/// A file of metadata that `repomd.xml` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// What it is: `primary`, `filelists`, `updateinfo` and so on; never empty.
    pub kind: String,
    /// Where it is, below the root of the tree.
    pub path: RelPath,
    /// The file's checksum.
    pub checksum: Checksum,
    /// The checksum of what it unpacks to, where that is stated.
    pub open_checksum: Option<Checksum>,
    /// The file's size, where that is stated and not 0.
    pub size_bytes: Option<u64>,
    /// The size of what it unpacks to, where that is stated and not 0.
    pub open_size_bytes: Option<u64>,
    /// It is in the repository's folder `repodata`.
    is_in_repodata: bool,
}

impl Data {
    /// Says whether its name begins with its own checksum: such a file never changes. Another changes in place.
    #[must_use]
    pub fn is_hash_named(&self) -> bool {
        let (_, name) = self.path.split();
        name.strip_prefix(self.checksum.hex().as_bytes()).is_some_and(|rest| rest.starts_with(b"-"))
    }

    /// Says whether it is elsewhere than in `repodata/`, where no client follows: dnf aborts, zypper refuses it.
    #[must_use]
    pub const fn is_outside_repodata(&self) -> bool {
        !self.is_in_repodata
    }
}

impl Repomd {
    /// Parses a `repomd.xml` of a repository at a place. `shown` names the file in errors.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] says what cannot be followed, or what clients would refuse or follow elsewhere.
    pub fn parse(bytes: &[u8], place: &Place, shown: &str) -> Result<Self> {
        let mut xml = Xml::new(bytes, shown);
        xml.root("repomd").map_err(|error| match error {
            // An error page, which came with the status of a success, is known by its first words.
            Error::BadMetadata { path, why } => {
                let begin = excerpt(&bytes[..bytes.len().min(100)]);
                Error::BadMetadata { path, why: format!("{why}; the file begins with: {begin}") }
            }
            other => other,
        })?;
        let mut revision = None;
        let mut data: Vec<Data> = Vec::new();
        while xml.child(1)? {
            match xml.name() {
                "revision" => {
                    let word = word(&mut xml)?;
                    xml.once(&mut revision, word, "repomd")?;
                }
                "data" if data.len() == DATA_MAX => {
                    return Err(xml.bad(&format!("more than {DATA_MAX} entries <data>")));
                }
                "data" => data.push(Draft::read(&mut xml, place)?),
                _ => {}
            }
        }
        if xml.child(0)? {
            return Err(xml.bad("a second root element"));
        }
        let read = Self { revision: revision.unwrap_or_default(), data };
        match read.flaw() {
            None => Ok(read),
            Some(why) => Err(Error::BadMetadata { path: shown.to_owned(), why }),
        }
    }

    /// Gives the first entry of a kind.
    #[must_use]
    pub fn of_kind(&self, kind: &str) -> Option<&Data> {
        self.data.iter().find(|data| data.kind == kind)
    }

    /// Gives the entries that are elsewhere than in `repodata/`: with them no client takes the repository.
    pub fn outside_repodata(&self) -> impl Iterator<Item = &Data> {
        self.data.iter().filter(|data| data.is_outside_repodata())
    }

    /// Says what the entries together have wrong.
    fn flaw(&self) -> Option<String> {
        match self.data.iter().filter(|data| data.kind == "primary").count() {
            0 => return Some("no <data> of type primary: it names no list of packages".to_owned()),
            1 => {}
            more => return Some(format!("{more} <data> of type primary, where one is expected")),
        }
        let mut known: BTreeMap<&RelPath, &Data> = BTreeMap::new();
        self.data.iter().find_map(|data| {
            let first =
                known.insert(&data.path, data).filter(|first| first.checksum != data.checksum)?;
            Some(format!(
                "{} has two checksums, {} as {} and {} as {}",
                data.path,
                first.checksum,
                excerpt(first.kind.as_bytes()),
                data.checksum,
                excerpt(data.kind.as_bytes()),
            ))
        })
    }
}

/// What was read of an entry.
#[derive(Default)]
struct Draft {
    path: Option<RelPath>,
    checksum: Option<Checksum>,
    open_checksum: Option<Checksum>,
    size_bytes: Option<u64>,
    open_size_bytes: Option<u64>,
}

impl Draft {
    /// Reads the entry whose tag was gone to.
    fn read(xml: &mut Xml<'_>, place: &Place) -> Result<Data> {
        let kind = xml.pick(["type"])?[0].unwrap_or_default().to_vec();
        let is_word =
            (1..=WORD_BYTES_MAX).contains(&kind.len()) && !kind.iter().any(u8::is_ascii_control);
        let kind = String::from_utf8(kind).ok().filter(|_| is_word);
        let kind = kind.ok_or_else(|| xml.bad_field("has no type, or none that is a word"))?;
        let mut draft = Self::default();
        while xml.child(2)? {
            draft.take(xml, place)?;
        }
        let missing = |xml: &mut Xml<'_>, field: &str| {
            let kind = excerpt(kind.as_bytes());
            xml.bad(&format!("the <data> of type {kind} has no <{field}>"))
        };
        let path = draft.path.ok_or_else(|| missing(xml, "location"))?;
        let checksum = draft.checksum.ok_or_else(|| missing(xml, "checksum"))?;
        let is_in_repodata = place.inside(&path).is_some_and(|path| path.starts_with(b"repodata/"));
        Ok(Data {
            kind,
            path,
            checksum,
            open_checksum: draft.open_checksum,
            size_bytes: draft.size_bytes.filter(|size| *size > 0),
            open_size_bytes: draft.open_size_bytes.filter(|size| *size > 0),
            is_in_repodata,
        })
    }

    /// Takes the field whose tag was gone to.
    fn take(&mut self, xml: &mut Xml<'_>, place: &Place) -> Result<()> {
        match xml.name() {
            "location" => {
                let path = location(xml, place)?;
                xml.once(&mut self.path, path, "data")
            }
            "checksum" => sum(xml, &mut self.checksum),
            "open-checksum" => sum(xml, &mut self.open_checksum),
            "size" => size(xml, &mut self.size_bytes),
            "open-size" => size(xml, &mut self.open_size_bytes),
            _ => Ok(()),
        }
    }
}

fn location(xml: &mut Xml<'_>, place: &Place) -> Result<RelPath> {
    let path = match xml.pick(["href", "xml:base"])? {
        [_, Some(base)] => Err(refused_base(base)),
        [None, None] => Err("has no href".to_owned()),
        [Some(href), None] => {
            place.at(href).map_err(|why| format!("has an href that cannot be followed: {why}"))
        }
    };
    path.map_err(|why| xml.bad_field(&why))
}

fn sum(xml: &mut Xml<'_>, slot: &mut Option<Checksum>) -> Result<()> {
    let kind = xml.pick(["type"])?[0].unwrap_or_default().to_vec();
    let mut digits = Vec::new();
    xml.text(&mut digits)?;
    let sum = checksum(&kind, &digits).map_err(|why| xml.bad_field(&why))?;
    xml.once(slot, sum, "data")
}

fn size(xml: &mut Xml<'_>, slot: &mut Option<u64>) -> Result<()> {
    let mut text = Vec::new();
    xml.text(&mut text)?;
    let size = number(text.trim_ascii()).ok_or_else(|| {
        xml.bad_field(&format!("is '{}', where a number of bytes is expected", excerpt(&text)))
    })?;
    xml.once(slot, size, "data")
}

fn word(xml: &mut Xml<'_>) -> Result<String> {
    let mut text = Vec::new();
    xml.text(&mut text)?;
    let word = text.trim_ascii();
    if word.len() > WORD_BYTES_MAX {
        return Err(xml.bad_field(&format!("has more than {WORD_BYTES_MAX} bytes")));
    }
    Ok(String::from_utf8_lossy(word).into_owned())
}

#[cfg(test)]
mod tests;
