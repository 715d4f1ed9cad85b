//! What of the bottles is mirrored. The lists always come whole: they are signed.

use serde::{Deserialize, Serialize};

use super::names::{is_formula, is_tag};
use crate::pattern::Pattern;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it by reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What of the bottles is mirrored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Selection {
    /// The formulae, by name or pattern; what they need to run comes with them.
    pub formulae: Vec<Pattern>,
    /// The tags of the bottles, such as `arm64_sequoia`.
    pub tags: Vec<String>,
    /// Only the formulae themselves, and indices where there are such: a tree that another tool made, by its own account.
    #[serde(skip_serializing_if = "is_false")]
    pub as_found: bool,
}

impl Selection {
    /// Says what is no formula, pattern or tag in it, where anything is.
    #[must_use]
    pub fn flaw(&self) -> Option<String> {
        let patterns = self.formulae.iter().map(|one| String::from(one.clone()));
        let is_pattern = |text: &str| is_formula(&text.replace(['*', '?', '[', ']', '!'], "x"));
        let bad = patterns.filter(|text| !is_pattern(text)).map(|text| {
            format!("formulae: '{text}' is no name of a formula of homebrew/core, and no pattern of such")
        });
        let tags = self.tags.iter().filter(|tag| !is_tag(tag));
        bad.chain(
            tags.map(|tag| {
                format!("tags: '{tag}' is no tag such as arm64_sequoia or x86_64_linux")
            }),
        )
        .next()
    }

    /// Says whether bottles are left out that the lists name.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        !self.formulae.iter().any(|one| String::from(one.clone()) == "*")
    }
}
