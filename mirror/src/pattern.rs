//! Patterns of names and paths, as an operator writes them.

use pinfold_store::path::escape;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A pattern of names, as a shell matches files: `*`, `?`, `[…]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(glob::Pattern);

impl TryFrom<String> for Pattern {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        glob::Pattern::new(&text).map(Self).map_err(|error| Error::BadText {
            what: "pattern of names",
            value: escape(text.as_bytes()),
            why: error.msg,
        })
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0.as_str().to_owned()
    }
}

impl Pattern {
    /// Says whether a name matches.
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.0.matches(name)
    }

    /// Gives what every name that matches begins with.
    pub(crate) fn start(&self) -> &str {
        self.0.as_str().split(['*', '?', '[']).next().unwrap_or_default()
    }
}

/// Says whether a name is taken: by one of `include` where there is any, and by none of `exclude`.
pub(crate) fn takes((include, exclude): (&[Pattern], &[Pattern]), name: &[u8]) -> bool {
    if include.is_empty() && exclude.is_empty() {
        return true;
    }
    let name = String::from_utf8_lossy(name);
    let any = |patterns: &[Pattern]| patterns.iter().any(|one| one.matches(&name));
    (include.is_empty() || any(include)) && !any(exclude)
}

#[cfg(test)]
mod tests;
