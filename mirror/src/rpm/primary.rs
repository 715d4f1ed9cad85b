//! The list of packages, `primary.xml`: what it names, as input from strangers.
//!
//! Views of buffers that are used again are handed out one package after the other. Nothing is fetched or compared here;
//! two packages of one name, version and architecture are the list's right.

use std::io::Read;

use pinfold_store::{Checksum, RelPath};

use super::href::{Place, refused_base};
use super::sum::checksum;
use super::xml::{Xml, excerpt, number};
use crate::{Error, Result};

/// A package in the list. A text that is missing is empty.
#[derive(Debug, Clone, Copy)]
pub struct Package<'a> {
    /// Its name; never empty.
    pub name: &'a [u8],
    /// Its epoch, `0` where none is stated.
    pub epoch: &'a [u8],
    /// Its version.
    pub version: &'a [u8],
    /// Its release.
    pub release: &'a [u8],
    /// Its architecture, `noarch` for what runs on each, `src` or `nosrc` for a source; never empty.
    pub architecture: &'a [u8],
    /// The file's checksum.
    pub checksum: Checksum,
    /// The file's size, where that is stated and not 0.
    pub size_bytes: Option<u64>,
    /// Where the file is, as the list has it; [`Self::path`] resolves it.
    pub href: &'a [u8],
    /// The file name of the source package that it was built from; empty for a source.
    pub source_rpm: &'a [u8],
    /// The number of the line where it begins.
    pub line: u64,
    shown: &'a str,
}

/// What a whole list turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// How many packages it has.
    pub packages: u64,
    /// How many it says that it has.
    pub stated: Option<u64>,
}

impl Package<'_> {
    /// Resolves where the file is, for a repository at a place.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] says what keeps it from being the path of a file in the tree.
    pub fn path(&self, place: &Place) -> Result<RelPath> {
        place.at(self.href).map_err(|why| self.bad(&why))
    }

    /// Says whether it is a source package.
    #[must_use]
    pub fn is_source(&self) -> bool {
        matches!(self.architecture, b"src" | b"nosrc")
    }

    /// Makes an error that names the list, the line and the package.
    #[must_use]
    pub fn bad(&self, why: &str) -> Error {
        let why = format!("line {}: package {}: {why}", self.line, excerpt(self.name));
        Error::BadMetadata { path: self.shown.to_owned(), why }
    }
}

/// Reads a list `primary.xml`, which is unpacked already, and hands out its packages in order. `shown` names it in errors.
///
/// Cost: constant memory; less time than gzip takes to unpack the list.
///
/// # Errors
/// [`Error::BadMetadata`] where the list cannot be followed, or clients would refuse it or follow it elsewhere; whatever
/// reading it or `each` fails with.
pub fn packages(
    from: impl Read,
    shown: &str,
    each: &mut dyn FnMut(Package<'_>) -> Result<()>,
) -> Result<Seen> {
    let mut xml = Xml::new(from, shown);
    xml.root("metadata")?;
    let stated = xml.pick(["packages"])?[0].and_then(number);
    let mut packages = 0;
    let mut fields = Fields::default();
    while xml.child(1)? {
        if xml.name() == "package" {
            fields.read(&mut xml)?;
            each(fields.package(shown)?)?;
            packages += 1;
        }
    }
    if xml.child(0)? {
        return Err(xml.bad("a second root element"));
    }
    Ok(Seen { packages, stated })
}

/// What was read of a package, in buffers that are used again.
#[derive(Default)]
struct Fields {
    line: u64,
    name: Field,
    architecture: Field,
    epoch: Field,
    version: Field,
    release: Field,
    href: Field,
    source_rpm: Field,
    checksum: Option<Checksum>,
    size_bytes: Option<u64>,
    kind: Vec<u8>,
    text: Vec<u8>,
}

/// A text that may stand once.
#[derive(Default)]
struct Field {
    text: Vec<u8>,
    stands: Option<()>,
}

impl Field {
    fn clear(&mut self) {
        self.text.clear();
        self.stands = None;
    }

    fn set(&mut self, text: Option<&[u8]>) {
        self.text.clear();
        self.text.extend_from_slice(text.unwrap_or_default());
    }
}

impl Fields {
    /// Reads the package whose tag was gone to.
    fn read(&mut self, xml: &mut Xml<'_>) -> Result<()> {
        self.line = xml.line();
        let texts = [
            &mut self.name,
            &mut self.architecture,
            &mut self.epoch,
            &mut self.version,
            &mut self.release,
            &mut self.href,
            &mut self.source_rpm,
        ];
        texts.into_iter().for_each(Field::clear);
        (self.checksum, self.size_bytes) = (None, None);
        while xml.child(2)? {
            match xml.name() {
                "name" => once(xml, &mut self.name)?,
                "arch" => once(xml, &mut self.architecture)?,
                "version" => self.version(xml)?,
                "checksum" => self.checksum(xml)?,
                "location" => self.location(xml)?,
                "size" => self.size(xml)?,
                "format" => {
                    while xml.child(3)? {
                        if xml.name() == "rpm:sourcerpm" {
                            once(xml, &mut self.source_rpm)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn version(&mut self, xml: &mut Xml<'_>) -> Result<()> {
        let [epoch, version, release] = xml.pick(["epoch", "ver", "rel"])?;
        let is_whole = version.is_some();
        self.epoch.set(epoch.filter(|epoch| !epoch.is_empty()).or(Some(b"0")));
        self.version.set(version);
        self.release.set(release);
        if !is_whole {
            return Err(xml.bad_field("has no ver"));
        }
        xml.once(&mut self.version.stands, (), "package")
    }

    fn checksum(&mut self, xml: &mut Xml<'_>) -> Result<()> {
        self.kind.clear();
        self.kind.extend_from_slice(xml.pick(["type"])?[0].unwrap_or_default());
        xml.text(&mut self.text)?;
        let sum = checksum(&self.kind, &self.text).map_err(|why| xml.bad_field(&why))?;
        xml.once(&mut self.checksum, sum, "package")
    }

    fn location(&mut self, xml: &mut Xml<'_>) -> Result<()> {
        let why = match xml.pick(["href", "xml:base"])? {
            [_, Some(base)] => Some(refused_base(base)),
            [None, None] => Some("has no href".to_owned()),
            [href, None] => {
                self.href.set(href);
                None
            }
        };
        match why {
            Some(why) => Err(xml.bad_field(&why)),
            None => xml.once(&mut self.href.stands, (), "package"),
        }
    }

    fn size(&mut self, xml: &mut Xml<'_>) -> Result<()> {
        let Some(text) = xml.pick(["package"])?[0] else { return Ok(()) };
        let Some(size) = number(text) else {
            let found = excerpt(text);
            return Err(
                xml.bad_field(&format!("is '{found}', where a number of bytes is expected"))
            );
        };
        xml.once(&mut self.size_bytes, size, "package")
    }

    /// Makes the package, of which nothing is missing that clients need.
    fn package<'a>(&'a self, shown: &'a str) -> Result<Package<'a>> {
        let bad = |why: String| {
            let why = format!("line {}: package {}: {why}", self.line, excerpt(&self.name.text));
            Error::BadMetadata { path: shown.to_owned(), why }
        };
        let missing = |field: &str| bad(format!("it has no <{field}>"));
        for (field, name) in [
            (&self.name, "name"),
            (&self.architecture, "arch"),
            (&self.epoch, "version"),
            (&self.version, "version"),
            (&self.release, "version"),
            (&self.source_rpm, "rpm:sourcerpm"),
        ] {
            if field.text.iter().any(u8::is_ascii_control) {
                return Err(bad(format!(
                    "<{name}> holds a control byte: {}",
                    excerpt(&field.text)
                )));
            }
        }
        for (is_there, name) in [
            (!self.name.text.is_empty(), "name"),
            (!self.architecture.text.is_empty(), "arch"),
            (self.version.stands.is_some(), "version"),
            (self.href.stands.is_some(), "location"),
        ] {
            if !is_there {
                return Err(missing(name));
            }
        }
        Ok(Package {
            name: &self.name.text,
            epoch: &self.epoch.text,
            version: &self.version.text,
            release: &self.release.text,
            architecture: &self.architecture.text,
            checksum: self.checksum.ok_or_else(|| missing("checksum"))?,
            size_bytes: self.size_bytes.filter(|size| *size > 0),
            href: &self.href.text,
            source_rpm: &self.source_rpm.text,
            line: self.line,
            shown,
        })
    }
}

/// Reads the text of the element that was gone to, which may stand once.
fn once(xml: &mut Xml<'_>, field: &mut Field) -> Result<()> {
    xml.text(&mut field.text)?;
    xml.once(&mut field.stands, (), "package")
}

#[cfg(test)]
mod tests;
