//! What of an rpm repository is mirrored. The metadata always come whole: they are signed, and clients refuse a repository
//! that lacks a file which its `repomd.xml` lists.

use std::num::NonZeroUsize;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use pinfold_store::RelPath;
use serde::{Deserialize, Serialize};

use super::Place;
use super::primary::Package;
use crate::pattern::Pattern;

/// A record keeps what was asked for, not what was left as it is.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it by reference")]
const fn is_true(value: &bool) -> bool {
    *value
}

const fn yes() -> bool {
    true
}

/// The folder of a repository below the root of the mirrored tree; empty at the root itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Folder(Option<RelPath>);

impl TryFrom<String> for Folder {
    type Error = pinfold_store::Error;
    fn try_from(text: String) -> pinfold_store::Result<Self> {
        let text = text.strip_suffix('/').unwrap_or(&text);
        Ok(Self(if text.is_empty() { None } else { Some(text.parse()?) }))
    }
}

impl From<Folder> for String {
    fn from(folder: Folder) -> Self {
        folder
            .0
            .map_or_else(Self::new, |path| String::from_utf8_lossy(path.as_bytes()).into_owned())
    }
}

impl Folder {
    /// Makes it of a path; `None` at the root of the tree.
    #[must_use]
    pub const fn new(path: Option<RelPath>) -> Self {
        Self(path)
    }

    /// Views the path; `None` at the root of the tree.
    #[must_use]
    pub const fn path(&self) -> Option<&RelPath> {
        self.0.as_ref()
    }

    /// Gives its URL below that of the tree. What a client would read as something else than a part of a path is escaped.
    #[must_use]
    pub fn url(&self, tree: &str) -> String {
        const ESCAPED: AsciiSet =
            NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
        let tree = tree.trim_end_matches('/');
        match &self.0 {
            None => tree.to_owned(),
            Some(path) => format!("{tree}/{}", percent_encode(path.as_bytes(), &ESCAPED)),
        }
    }

    /// Gives where metadata's paths begin.
    pub(super) fn place(&self) -> Place {
        Place::new(self.0.clone())
    }
}

/// What is done about the signatures that packages themselves carry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageSignatures {
    /// Nothing: the metadata's checksums say which bytes are right.
    #[default]
    Unchecked,
    /// They are checked, and what was found is in the snapshot's record.
    Report,
    /// A package that no key of the mirror's keyrings signed refuses the state.
    Require,
}

/// What of a repository is mirrored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Selection {
    /// The repositories of the tree; one, but for a tree that another tool made of several.
    pub repositories: Vec<Folder>,
    /// The architectures; `noarch` comes with any. All where empty.
    #[serde(skip_serializing_if = "is_default")]
    pub architectures: Vec<String>,
    /// How many versions of each package are taken, the newest; all unless set. Streams of modules are taken whole.
    #[serde(skip_serializing_if = "is_default")]
    pub newest: Option<NonZeroUsize>,
    /// Source packages, where the repository lists such.
    #[serde(skip_serializing_if = "is_true", default = "yes")]
    pub sources: bool,
    /// Packages of debugging symbols and their sources, where the repository lists such.
    #[serde(skip_serializing_if = "is_true", default = "yes")]
    pub debuginfo: bool,
    /// The images of the installer, which `.treeinfo` names.
    #[serde(skip_serializing_if = "is_default")]
    pub installer: bool,
    /// Names that are taken; all where empty.
    #[serde(skip_serializing_if = "is_default")]
    pub include: Vec<Pattern>,
    /// Names that are not.
    #[serde(skip_serializing_if = "is_default")]
    pub exclude: Vec<Pattern>,
    /// What is done about the packages' own signatures.
    #[serde(skip_serializing_if = "is_default")]
    pub package_signatures: PackageSignatures,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            repositories: vec![Folder::default()],
            architectures: Vec::new(),
            newest: None,
            sources: true,
            debuginfo: true,
            installer: false,
            include: Vec::new(),
            exclude: Vec::new(),
            package_signatures: PackageSignatures::Unchecked,
        }
    }
}

impl Selection {
    /// Says whether packages are left out that the metadata name.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        !(self.architectures.is_empty()
            && self.newest.is_none()
            && self.sources
            && self.debuginfo
            && self.include.is_empty()
            && self.exclude.is_empty())
    }

    /// Says whether a package is taken, whatever other versions there are.
    pub(super) fn takes(&self, package: &Package<'_>) -> bool {
        let is_source = package.is_source();
        if is_source && !self.sources || is_debug(package.name) && !self.debuginfo {
            return false;
        }
        let is_one = |asked: &String| asked.as_bytes() == package.architecture;
        if !self.architectures.is_empty()
            && !is_source
            && package.architecture != b"noarch"
            && !self.architectures.iter().any(is_one)
        {
            return false;
        }
        if self.include.is_empty() && self.exclude.is_empty() {
            return true;
        }
        let name = String::from_utf8_lossy(package.name);
        let any = |patterns: &[Pattern]| patterns.iter().any(|one| one.matches(&name));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

/// Says whether a package holds debugging symbols: the tools that split them off name them so.
fn is_debug(name: &[u8]) -> bool {
    let ends = |ending: &[u8]| name.ends_with(ending);
    ends(b"-debuginfo")
        || ends(b"-debugsource")
        || ends(b"-debuginfo-common")
        || name.windows(18).any(|part| part == b"-debuginfo-common-")
}

#[cfg(test)]
mod tests;
