//! Which of the files that a `Release` lists a mirror takes.
//!
//! What is not known is taken: a listed file that is missing makes apt drop the whole suite. Only what the operator narrowed is
//! left out, and what belongs to other components or architectures.

mod about;

use std::collections::BTreeMap;

use pinfold_store::RelPath;
use pinfold_store::path::escape;
use serde::{Deserialize, Serialize};

use super::release::{Listed, Release};
use crate::pattern::{self, Pattern};
use crate::{Error, Result};
use about::{About, Kind, about};

/// The name of a suite below `dists/`, or of a flat repository: a path with a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SuiteName(String);

impl TryFrom<String> for SuiteName {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<SuiteName> for String {
    fn from(name: SuiteName) -> Self {
        name.0
    }
}

impl SuiteName {
    /// Parses a suite as a `deb` line names it: `noble`, `bookworm/updates`; flat: `./`, `/`, `sub/`.
    ///
    /// # Errors
    /// [`Error::BadText`] where it is neither.
    pub fn parse(text: &str) -> Result<Self> {
        let plain = text.strip_prefix("./").unwrap_or(text);
        let plain = plain.strip_prefix('/').unwrap_or(plain);
        let body = plain.strip_suffix('/').unwrap_or(plain);
        let is_clean = |b: u8| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'~' | b'/' | b':')
        };
        let is_flat = text.ends_with('/');
        let is_good = body.bytes().all(is_clean)
            && (body.is_empty() || RelPath::parse(body.as_bytes()).is_ok());
        if !is_good || text.is_empty() || (body.is_empty() && !is_flat) {
            let why = "a suite is a name below dists/, or a folder with a slash at its end";
            return Err(Error::BadText { what: "suite", value: escape(text.as_bytes()), why });
        }
        Ok(Self(if is_flat { format!("{body}/") } else { body.to_owned() }))
    }

    /// Says whether this is a flat repository: no components, no architectures.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.0.ends_with('/')
    }

    /// Gives the folder of its root metadata below the archive's root; empty at the root itself.
    #[must_use]
    pub fn folder(&self) -> String {
        self.0.strip_suffix('/').map_or_else(|| format!("dists/{}", self.0), str::to_owned)
    }

    /// Views the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A record keeps what was asked for, not what was left as it is.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How much of a kind of index is taken: `true` is all, `false` nothing, a list what it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Take {
    /// All of it, or nothing.
    All(bool),
    /// Only that of these languages or architectures.
    Only(Vec<String>),
}

impl Default for Take {
    fn default() -> Self {
        Self::All(true)
    }
}

impl Take {
    fn has(&self, name: &str) -> bool {
        match self {
            Self::All(all) => *all,
            Self::Only(names) => names.iter().any(|one| one == name),
        }
    }

    /// The same for architectures: clients ask for `all` beside their own.
    fn has_architecture(&self, name: &str) -> bool {
        self.has(name) || (name == "all" && *self != Self::All(false))
    }
}

/// Which packages are fetched; the metadata stay upstream's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// Names that are taken; all where empty.
    #[serde(skip_serializing_if = "is_default")]
    pub include: Vec<Pattern>,
    /// Names that are not.
    #[serde(skip_serializing_if = "is_default")]
    pub exclude: Vec<Pattern>,
    /// Sections that are taken; all where empty. `contrib/net` is the section `net` too.
    #[serde(skip_serializing_if = "is_default")]
    pub sections: Vec<String>,
    /// Priorities that are taken; all where empty.
    #[serde(skip_serializing_if = "is_default")]
    pub priorities: Vec<String>,
}

impl Filter {
    /// Says whether everything passes.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.include.is_empty()
            && self.exclude.is_empty()
            && self.sections.is_empty()
            && self.priorities.is_empty()
    }

    /// Says whether a package passes.
    #[must_use]
    pub fn takes(&self, name: &[u8], section: &[u8], priority: &[u8]) -> bool {
        if self.is_open() {
            return true;
        }
        let is_one = |words: &[String], word: &[u8]| {
            words.is_empty() || words.iter().any(|one| one.as_bytes() == word)
        };
        let last = section.rsplit(|b| *b == b'/').next().unwrap_or(section);
        pattern::takes((&self.include, &self.exclude), name)
            && (is_one(&self.sections, section) || is_one(&self.sections, last))
            && is_one(&self.priorities, priority)
    }
}

/// What of an archive is mirrored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// The suites.
    pub suites: Vec<SuiteName>,
    /// The components; all where empty.
    #[serde(skip_serializing_if = "is_default")]
    pub components: Vec<String>,
    /// The architectures, `source` among them where sources are wanted; all, with sources, where empty.
    #[serde(skip_serializing_if = "is_default")]
    pub architectures: Vec<String>,
    /// Packages of the installer.
    #[serde(skip_serializing_if = "is_default")]
    pub udebs: bool,
    /// Images of the installer.
    #[serde(skip_serializing_if = "is_default")]
    pub installer: bool,
    /// Translated descriptions, by language.
    #[serde(skip_serializing_if = "is_default")]
    pub i18n: Take,
    /// Lists of the files in packages, by architecture.
    #[serde(skip_serializing_if = "is_default")]
    pub contents: Take,
    /// Metadata of applications, by architecture.
    #[serde(skip_serializing_if = "is_default")]
    pub dep11: Take,
    /// Which packages are fetched.
    #[serde(skip_serializing_if = "is_default")]
    pub filter: Filter,
}

impl Selection {
    /// Says whether packages are left out that the metadata name.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        !self.filter.is_open()
    }

    /// Lists the files of a `Release` that are taken, each once, under the strongest checksum that it is listed with.
    #[must_use]
    pub fn of<'a>(&self, release: &'a Release, suite: &SuiteName) -> Vec<&'a Listed> {
        self.strongest(release, suite).filter(|listed| listed.algorithm.is_strong()).collect()
    }

    /// Lists the files that would be taken if a checksum that clients believe vouched for them.
    #[must_use]
    pub fn weak_of<'a>(&self, release: &'a Release, suite: &SuiteName) -> Vec<&'a Listed> {
        self.strongest(release, suite).filter(|listed| !listed.algorithm.is_strong()).collect()
    }

    fn strongest<'a>(
        &self,
        release: &'a Release,
        suite: &SuiteName,
    ) -> impl Iterator<Item = &'a Listed> + use<'a> {
        let components = components(release);
        let mut taken: BTreeMap<&RelPath, &Listed> = BTreeMap::new();
        for listed in &release.listed {
            let path = String::from_utf8_lossy(listed.path.as_bytes());
            if suite.is_flat() || self.takes(&about(&path, &components)) {
                let known = taken.entry(&listed.path).or_insert(listed);
                if known.algorithm < listed.algorithm {
                    *known = listed;
                }
            }
        }
        taken.into_values()
    }

    /// Names what is asked for and no suite has: a component or an architecture, misspelt or gone.
    #[must_use]
    pub fn unknown(&self, releases: &[&Release]) -> Vec<String> {
        let mut unknown = Vec::new();
        let all: Vec<Vec<String>> = releases.iter().map(|release| components(release)).collect();
        for asked in &self.components {
            let has = |known: &Vec<String>| known.iter().any(|one| one == last(asked));
            if all.iter().all(|known| !known.is_empty() && !has(known)) {
                unknown.push(format!("component {asked}"));
            }
        }
        for asked in self.architectures.iter().filter(|one| !matches!(&***one, "source" | "all")) {
            if !releases.iter().any(|release| has_architecture(release, asked)) {
                unknown.push(format!("architecture {asked}"));
            }
        }
        if releases.is_empty() { Vec::new() } else { unknown }
    }

    fn takes(&self, about: &About<'_>) -> bool {
        let component = about.component.is_none_or(|component| {
            self.components.is_empty() || self.components.iter().any(|one| last(one) == component)
        });
        let architecture = about.architecture.is_none_or(|architecture| self.has(architecture));
        component
            && architecture
            && match about.kind {
                Kind::Any => true,
                Kind::Udeb => self.udebs,
                Kind::Installer => self.installer,
                Kind::Language(language) => self.i18n.has(language),
                Kind::Contents(architecture) => self.contents.has_architecture(architecture),
                Kind::Dep11(None) => self.dep11 != Take::All(false),
                Kind::Dep11(Some(architecture)) => self.dep11.has_architecture(architecture),
            }
    }

    /// Says whether an architecture is taken. `all` comes with any other, since apt asks for it beside its own.
    fn has(&self, architecture: &str) -> bool {
        self.architectures.is_empty()
            || self.architectures.iter().any(|one| one == architecture)
            || (architecture == "all" && self.architectures.iter().any(|one| one != "source"))
    }
}

/// The components as their folders are called: of `updates/main` the last part counts, as for apt.
fn components(release: &Release) -> Vec<String> {
    let field = release.field("Components").unwrap_or_default();
    words(field).map(|word| last(&String::from_utf8_lossy(word)).to_owned()).collect()
}

fn words(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    field.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// Says whether a suite has packages for an architecture. One that is new may be listed only by its files; one without any but
/// `all` is for every machine, and so is one that says nothing.
fn has_architecture(release: &Release, asked: &str) -> bool {
    let Some(field) = release.field("Architectures") else { return true };
    let folder = format!("binary-{asked}");
    let in_folder = |path: &RelPath| {
        path.as_bytes().split(|b| *b == b'/').any(|part| part == folder.as_bytes())
    };
    words(field).any(|word| word == asked.as_bytes())
        || words(field).all(|word| matches!(word, b"all" | b"source"))
        || release.listed.iter().any(|listed| in_folder(&listed.path))
}

fn last(component: &str) -> &str {
    component.rsplit('/').next().unwrap_or(component)
}

#[cfg(test)]
mod tests;
