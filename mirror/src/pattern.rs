//! Patterns of package names, as an operator writes them.

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
}

#[cfg(test)]
mod tests;
