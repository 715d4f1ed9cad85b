//! What of a tree of pacman repositories is mirrored. The databases always come whole: clients check their signatures.

use pinfold_store::RelPath;
use pinfold_store::path::escape;
use serde::{Deserialize, Serialize};

use super::names::DATABASE;
use crate::pattern::Pattern;
use crate::rpm::PackageSignatures;
use crate::{Error, Result};

/// A record keeps what was asked for, not what was left as it is.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Where a repository's database is in the tree: `core/os/x86_64/core.db`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "RelPath", into = "RelPath")]
pub struct Database(RelPath);

impl TryFrom<RelPath> for Database {
    type Error = Error;
    fn try_from(path: RelPath) -> Result<Self> {
        let (_, name) = path.split();
        let is_one = name.len() > DATABASE.len() && name.ends_with(DATABASE.as_bytes());
        if is_one && !name.starts_with(b".") {
            return Ok(Self(path));
        }
        let why = "a database is called after its repository, such as core.db".to_owned();
        Err(Error::BadMetadata { path: path.to_string(), why })
    }
}

impl From<Database> for RelPath {
    fn from(database: Database) -> Self {
        database.0
    }
}

impl Database {
    /// Views the path.
    #[must_use]
    pub const fn path(&self) -> &RelPath {
        &self.0
    }

    /// Gives the repository's name.
    #[must_use]
    pub fn repository(&self) -> &[u8] {
        let (_, name) = self.0.split();
        &name[..name.len() - DATABASE.len()]
    }

    /// Gives the path of the repository's file with another ending than the database.
    pub(super) fn with(&self, ending: &str) -> Result<RelPath> {
        let path = self.0.as_bytes();
        let stem = &path[..path.len() - DATABASE.len()];
        Ok(RelPath::parse(&[stem, ending.as_bytes()].concat())?)
    }

    /// Gives the path of a file beside the database.
    pub(super) fn beside(&self, name: &[u8]) -> Result<RelPath> {
        let (folder, _) = self.0.split();
        let parts = if folder.is_empty() { vec![name] } else { vec![folder, name] };
        Ok(RelPath::parse(&parts.join(&b'/'))?)
    }
}

/// Where a tree has the folders of its repositories: a path with `$repo` and `$arch` in it, as pacman's `Server` lines end; empty
/// for a repository at the tree's top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout(String);

/// That of Arch Linux and its mirrors.
impl Default for Layout {
    fn default() -> Self {
        Self("$repo/os/$arch".to_owned())
    }
}

impl Layout {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::BadText`] where it is no path.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim_matches('/');
        let is_clean = |b: u8| b.is_ascii_alphanumeric() || b"._+-/".contains(&b);
        let sample = text.replace("$repo", "r").replace("$arch", "a");
        if text.is_empty() || (sample.bytes().all(is_clean) && sample.parse::<RelPath>().is_ok()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::BadText {
            what: "layout",
            value: escape(text.as_bytes()),
            why: "it is a path such as $repo/os/$arch, of letters, digits, . _ + - and these two words",
        })
    }

    /// Views it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether every architecture has a folder of its own.
    #[must_use]
    pub fn has_architectures(&self) -> bool {
        self.0.contains("$arch")
    }

    /// Gives where the database of a repository is.
    ///
    /// # Errors
    /// [`Error::BadText`] where the names are none.
    pub fn database(&self, repository: &str, architecture: &str) -> Result<Database> {
        for (what, name) in [("repository", repository), ("architecture", architecture)] {
            let is_clean = |b: u8| b.is_ascii_alphanumeric() || b"._+-@".contains(&b);
            if name.starts_with(['.', '-']) || !name.bytes().all(is_clean) {
                let why =
                    "it is a name of letters, digits and . _ + - @, without . and - before it";
                return Err(Error::BadText { what, value: escape(name.as_bytes()), why });
            }
        }
        let folder = self.0.replace("$repo", repository).replace("$arch", architecture);
        let path = format!("{folder}/{repository}{DATABASE}");
        let path: RelPath = path.trim_start_matches('/').parse()?;
        Database::try_from(path)
    }

    /// Says whether a database is where the layout has it, of whatever architecture.
    #[must_use]
    pub fn leads_to(&self, database: &Database) -> bool {
        let Ok(repository) = std::str::from_utf8(database.repository()) else { return false };
        let (folder, _) = database.path().split();
        let Ok(folder) = std::str::from_utf8(folder) else { return false };
        let wanted = self.0.replace("$repo", repository);
        let Some((before, _)) = wanted.split_once("$arch") else { return wanted == folder };
        // The architecture is what stands where it is named first; all other places must have the same.
        let rest = folder.strip_prefix(before).unwrap_or_default();
        let arch = rest.split('/').next().unwrap_or_default();
        let ends = (0..=arch.len()).filter(|end| arch.is_char_boundary(*end));
        ends.skip(1).any(|end| wanted.replace("$arch", &arch[..end]) == folder)
    }
}

/// What of a tree is mirrored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Selection {
    /// The databases, in the order in which they are asked for.
    pub databases: Vec<Database>,
    /// Names that are taken; all where empty.
    #[serde(skip_serializing_if = "is_default")]
    pub include: Vec<Pattern>,
    /// Names that are not.
    #[serde(skip_serializing_if = "is_default")]
    pub exclude: Vec<Pattern>,
    /// What is done about the packages' signatures.
    #[serde(skip_serializing_if = "is_default")]
    pub package_signatures: PackageSignatures,
}

impl Selection {
    /// Says whether packages are left out that the databases name.
    #[must_use]
    pub const fn is_filtered(&self) -> bool {
        !(self.include.is_empty() && self.exclude.is_empty())
    }

    /// Says whether a package of this name is taken.
    pub(super) fn takes(&self, name: &[u8]) -> bool {
        if !self.is_filtered() {
            return true;
        }
        let name = String::from_utf8_lossy(name);
        let any = |patterns: &[Pattern]| patterns.iter().any(|one| one.matches(&name));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

#[cfg(test)]
mod tests;
