//! A bottle, and all the names that it has.

use pinfold_store::path::escape;
use pinfold_store::{Checksum, RelPath};

use super::names::{is_formula, is_reference, is_tag, registry_folder};
use crate::{Error, Result};

/// A built package, as a list names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bottle {
    name: String,
    /// With the formula's revision: `1.25.0_1`.
    version: String,
    rebuild: u64,
    tag: String,
    sha256: [u8; 32],
}

impl Bottle {
    /// Makes it of what a list says, every part checked: they become paths and URLs.
    ///
    /// # Errors
    /// Names the part that cannot stand in a path.
    pub fn new(
        name: &str,
        (version, revision): (&str, u64),
        rebuild: u64,
        tag: &str,
        sha256: &str,
    ) -> Result<Self, String> {
        let bad = |what: &str, text: &str| {
            let text = escape(&text.as_bytes()[..text.len().min(200)]);
            format!("the {what} of {}, '{text}', is none", escape(name.as_bytes()))
        };
        let version =
            if revision == 0 { version.to_owned() } else { format!("{version}_{revision}") };
        if !is_formula(name) {
            return Err(bad("name", name));
        }
        if !is_tag(tag) {
            return Err(bad("tag", tag));
        }
        let sha256 = hexadecimal(sha256).ok_or_else(|| bad("checksum", sha256))?;
        let bottle = Self { name: name.to_owned(), version, rebuild, tag: tag.to_owned(), sha256 };
        if !is_reference(&bottle.reference()) {
            return Err(bad("version", &bottle.version));
        }
        Ok(bottle)
    }

    /// Gives the formula's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the tag that it was built for.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Gives its checksum.
    #[must_use]
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Gives version, revision and rebuild for people, as `diff` compares them.
    #[must_use]
    pub fn version(&self) -> String {
        match self.rebuild {
            0 => self.version.clone(),
            rebuild => format!("{} rebuild {rebuild}", self.version),
        }
    }

    /// Gives the name of the formula's image.
    fn image(&self) -> String {
        self.name.replace('@', "/").replace('+', "x")
    }

    /// Gives the name by which its image is asked for.
    fn reference(&self) -> String {
        match self.rebuild {
            0 => self.version.clone(),
            rebuild => format!("{}-{rebuild}", self.version),
        }
    }

    /// Gives the name that an index calls it by.
    pub(super) fn title(&self) -> String {
        let (version, tag) = (&self.version, &self.tag);
        match self.rebuild {
            0 => format!("{version}.{tag}"),
            rebuild => format!("{version}.{tag}.{rebuild}"),
        }
    }

    /// Gives the path of its content, as a registry has it.
    ///
    /// # Errors
    /// The path is too long.
    pub fn blob(&self) -> Result<RelPath> {
        let hex = Checksum::sha256(&self.sha256).hex();
        let path = format!("{}/blobs/sha256:{hex}", self.image());
        Ok(registry_folder()?.join(path.as_bytes())?)
    }

    /// Gives the path of the index that names it, as a registry has it.
    ///
    /// # Errors
    /// The path is too long.
    pub fn manifest(&self) -> Result<RelPath> {
        Ok(registry_folder()?.join(self.flat_manifest()?.as_bytes())?)
    }

    /// Gives the path of that index where a client takes the mirror for a folder of bottles.
    ///
    /// # Errors
    /// The path is too long.
    pub fn flat_manifest(&self) -> Result<RelPath> {
        let path = format!("{}/manifests/{}", self.image(), self.reference());
        Ok(RelPath::parse(path.as_bytes())?)
    }

    /// Gives the path of its content where a client takes the mirror for a folder of bottles.
    ///
    /// # Errors
    /// The path is too long.
    pub fn flat(&self) -> Result<RelPath> {
        let Self { name, version, tag, .. } = self;
        let rebuild = if self.rebuild == 0 { String::new() } else { format!(".{}", self.rebuild) };
        let path = format!("{name}-{version}.{tag}.bottle{rebuild}.tar.gz");
        Ok(RelPath::parse(path.as_bytes())?)
    }

    /// Makes an error of what is wrong with it in a list.
    pub(super) fn refuse(list: &str, why: String) -> Error {
        Error::BadMetadata { path: list.to_owned(), why }
    }
}

/// Reads 64 hexadecimal digits.
pub(super) fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit =
            |at: usize| char::from(pair[at]).to_digit(16).and_then(|d| u8::try_from(d).ok());
        *byte = digit(0)? << 4 | digit(1)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
