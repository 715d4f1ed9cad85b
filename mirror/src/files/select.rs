//! What of a tree is mirrored.

use pinfold_store::RelPath;
use serde::{Deserialize, Serialize};

use crate::pattern::{self, Pattern};

/// How many levels of folders are followed unless the operator says how many: more are a link that leads back.
pub const DEPTH_MAX: u16 = 32;

/// A record keeps what was asked for, not what was left as it is.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What of a tree is mirrored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Selection {
    /// How many levels of folders are followed, the top itself counted; [`DEPTH_MAX`] is all, and a tree with more is refused.
    pub depth: u16,
    /// Whole paths that are taken; all where empty.
    #[serde(skip_serializing_if = "is_default")]
    pub include: Vec<Pattern>,
    /// Whole paths that are not, and folders that are not looked into.
    #[serde(skip_serializing_if = "is_default")]
    pub exclude: Vec<Pattern>,
    /// Another tool brought the tree, perhaps without files that its lists of checksums name.
    #[serde(skip_serializing_if = "is_default")]
    pub brought: bool,
}

impl Default for Selection {
    fn default() -> Self {
        Self { depth: DEPTH_MAX, include: Vec::new(), exclude: Vec::new(), brought: false }
    }
}

impl Selection {
    /// Says whether files are left out.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.depth < DEPTH_MAX || !self.include.is_empty() || !self.exclude.is_empty()
    }

    /// Says whether a file is taken.
    pub(super) fn takes(&self, path: &RelPath) -> bool {
        if usize::from(self.depth) < levels(path) && !self.brought {
            return false;
        }
        if self.include.is_empty() && self.exclude.is_empty() {
            return true;
        }
        let text = String::from_utf8_lossy(path.as_bytes());
        let is_within = || {
            let ends = text.match_indices('/').map(|(at, _)| &text[..=at]);
            ends.into_iter().any(|folder| self.exclude.iter().any(|one| one.matches(folder)))
        };
        pattern::takes((&self.include, &self.exclude), path.as_bytes()) && !is_within()
    }

    /// Says whether a folder is looked into: its path with a slash at its end is not excluded, and may begin what is included.
    pub(super) fn enters(&self, folder: &RelPath) -> bool {
        let mut text = String::from_utf8_lossy(folder.as_bytes()).into_owned();
        let is_excluded = self.exclude.iter().any(|one| one.matches(&text));
        text.push('/');
        if is_excluded || self.exclude.iter().any(|one| one.matches(&text)) {
            return false;
        }
        let may_begin = |one: &Pattern| {
            let start = one.start();
            start.starts_with(&text) || text.starts_with(start)
        };
        self.include.is_empty() || self.include.iter().any(may_begin)
    }
}

/// Counts the levels of folders that a file is below, the top itself counted.
pub(super) fn levels(path: &RelPath) -> usize {
    path.as_bytes().split(|byte| *byte == b'/').count()
}

#[cfg(test)]
mod tests;
