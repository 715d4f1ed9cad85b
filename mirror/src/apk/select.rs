//! What of an archive of Alpine is mirrored: which indices, and which packages of those.

use pinfold_store::RelPath;
use pinfold_store::path::escape;
use serde::{Deserialize, Serialize};

use super::Package;
use super::names::{INDEX, INDEX_V3};
use crate::pattern::Pattern;

/// A record keeps what was asked for, not what was left as it is.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What of an archive is mirrored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Selection {
    /// The versions, such as `v3.20` and `edge`; the folders at the top where there are none.
    #[serde(skip_serializing_if = "is_default")]
    pub versions: Vec<String>,
    /// The repositories of each, such as `main`; `edge/testing` is one of that version only.
    #[serde(skip_serializing_if = "is_default")]
    pub repositories: Vec<String>,
    /// The architectures of each.
    #[serde(skip_serializing_if = "is_default")]
    pub architectures: Vec<String>,
    /// In place of all three: the folders that hold an index, for a tree that another tool brought.
    #[serde(skip_serializing_if = "is_default")]
    pub folders: Vec<RelPath>,
    /// The version that `latest-stable` leads to, where there is such a link.
    #[serde(skip_serializing_if = "is_default")]
    pub latest_stable: Option<String>,
    /// Names of packages that are taken; all where empty.
    #[serde(skip_serializing_if = "is_default")]
    pub include: Vec<Pattern>,
    /// Names that are not.
    #[serde(skip_serializing_if = "is_default")]
    pub exclude: Vec<Pattern>,
}

/// Where an index stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What clients write into their list of repositories, below the mirror; `None` at its top.
    pub repository: Option<RelPath>,
    /// The folder of the architecture.
    pub folder: RelPath,
}

impl Place {
    /// Makes it of the folder that holds an index.
    #[must_use]
    pub fn of_folder(folder: &RelPath) -> Self {
        let repository = RelPath::parse(folder.split().0).ok();
        Self { repository, folder: folder.clone() }
    }

    /// Makes it of the path of an index; `None` where it is none, or stands at the top, where no client looks.
    #[must_use]
    pub fn of_index(path: &RelPath) -> Option<Self> {
        let (folder, name) = path.split();
        let folder = RelPath::parse(folder).ok().filter(|_| name == INDEX)?;
        Some(Self::of_folder(&folder))
    }

    /// Gives the architecture.
    #[must_use]
    pub fn architecture(&self) -> &[u8] {
        self.folder.split().1
    }

    /// Splits the repository into the version, which its first part is, and what follows; that is the repository's name.
    #[must_use]
    pub fn version(&self) -> (&[u8], &[u8]) {
        let path = self.repository.as_ref().map_or(&b""[..], RelPath::as_bytes);
        match path.iter().position(|b| *b == b'/') {
            Some(at) => (&path[..at], &path[at + 1..]),
            None => (&[], path),
        }
    }

    /// Gives the path of the index.
    pub(super) fn index(&self) -> pinfold_store::Result<RelPath> {
        self.folder.join(INDEX)
    }

    /// Gives the path of the index that apk 3 may take.
    pub(super) fn index_v3(&self) -> pinfold_store::Result<RelPath> {
        self.folder.join(INDEX_V3)
    }

    /// Gives the path of a file in the folder of an architecture of the same repository.
    pub(super) fn beside(&self, architecture: &str, file: &str) -> pinfold_store::Result<RelPath> {
        let parts = [architecture, file].join("/");
        match &self.repository {
            None => RelPath::parse(parts.as_bytes()),
            Some(repository) => repository.join(parts.as_bytes()),
        }
    }
}

impl Selection {
    /// Says whether packages are left out that the indices name.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        !(self.include.is_empty() && self.exclude.is_empty())
    }

    /// Gives the places of the indices, sorted.
    ///
    /// # Errors
    /// A word that is no name, and why.
    pub fn places(&self) -> Result<Vec<Place>, String> {
        let mut places: Vec<Place> = self.folders.iter().map(Place::of_folder).collect();
        for repository in self.paths()? {
            for architecture in &self.architectures {
                let folder = match &repository {
                    None => RelPath::parse(architecture.as_bytes()),
                    Some(path) => path.join(architecture.as_bytes()),
                };
                let folder = folder.map_err(|error| format!("architectures: {error}"))?;
                if architecture.contains('/') {
                    return Err(format!(
                        "architectures: '{}' is no name",
                        escape(architecture.as_bytes())
                    ));
                }
                places.push(Place { repository: repository.clone(), folder });
            }
        }
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }

    /// Gives the repositories' paths.
    fn paths(&self) -> Result<Vec<Option<RelPath>>, String> {
        let parse = |key: &str, path: &str| {
            RelPath::parse(path.as_bytes()).map(Some).map_err(|error| format!("{key}: {error}"))
        };
        if self.repositories.is_empty() {
            let versions = self.versions.iter().map(|version| parse("versions", version));
            let versions: Vec<_> = versions.collect::<Result<_, _>>()?;
            return Ok(if versions.is_empty() { vec![None] } else { versions });
        }
        let mut paths = Vec::new();
        for repository in &self.repositories {
            let of_one = |version: &&String| {
                repository.strip_prefix(version.as_str()).is_some_and(|rest| rest.starts_with('/'))
            };
            if self.versions.is_empty() || self.versions.iter().any(|version| of_one(&version)) {
                paths.push(parse("repositories", repository)?);
                continue;
            }
            for version in &self.versions {
                paths.push(parse("repositories", &format!("{version}/{repository}"))?);
            }
        }
        Ok(paths)
    }

    /// Says whether a package is taken.
    pub(super) fn takes(&self, package: &Package<'_>) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|one| one.matches(package.name));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

#[cfg(test)]
mod tests;
