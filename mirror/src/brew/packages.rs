//! The list of everything that a tag has: `internal/packages.TAG.jws.json`, as brew reads it.
//!
//! A JWS whose payload stands in it as text (`b64` is false in its header): JSON within a string of JSON. Who signed it is
//! brew's to check; here it is only read.

use std::collections::BTreeMap;

use pinfold_store::path::escape;
use serde::Deserialize;
use serde_json::Value;

use super::bottle::Bottle;
use super::signature::Signature;
use crate::{Error, Result};

/// The largest list that is read; Homebrew's has some 20 MB.
pub const PACKAGES_BYTES_MAX: u64 = 256 << 20;
/// How many names lead to another one at most.
const NAMES_MAX: usize = 8;

/// A list.
#[derive(Debug, Default, Deserialize)]
pub struct Packages {
    #[serde(default)]
    metadata: Metadata,
    /// The formulae by name.
    pub formulae: BTreeMap<String, Formula>,
    #[serde(default)]
    formula_aliases: BTreeMap<String, String>,
    #[serde(default)]
    formula_renames: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    generated_at: Option<i64>,
}

/// What a list says of a formula, as far as bottles need it.
#[derive(Debug, Default, Deserialize)]
pub struct Formula {
    stable_version: Option<String>,
    revision: Option<u64>,
    bottle_rebuild: Option<u64>,
    /// Where the bottle is of another tag than the list: `:all`.
    bottle_tag: Option<String>,
    bottle_checksum: Option<String>,
    stable_dependencies: Option<Vec<Value>>,
    stable_uses_from_macos: Option<Vec<Value>>,
}

/// A list as it is signed.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    pub(super) payload: String,
    #[serde(default)]
    pub(super) signatures: Vec<Signature>,
}

impl Envelope {
    /// Takes a list apart.
    pub(super) fn parse(bytes: &[u8], shown: &str) -> Result<Self> {
        let read = serde_json::from_slice(bytes);
        read.map_err(|error| bad(shown, "it is no JWS with its payload as text", &error))
    }
}

fn bad(shown: &str, what: &str, error: &serde_json::Error) -> Error {
    let why = format!("{what}: {}", escape(error.to_string().as_bytes()));
    Error::BadMetadata { path: shown.to_owned(), why }
}

impl Packages {
    /// Reads a list. `shown` names it in errors.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] where brew could not read it either.
    pub fn parse(bytes: &[u8], shown: &str) -> Result<Self> {
        Self::of(&Envelope::parse(bytes, shown)?, shown)
    }

    /// Reads what is signed.
    pub(super) fn of(envelope: &Envelope, shown: &str) -> Result<Self> {
        let read = serde_json::from_str(&envelope.payload);
        read.map_err(|error| bad(shown, "its payload is no list of formulae", &error))
    }

    /// Says when it was made, in seconds since 1970, where it says so.
    #[must_use]
    pub const fn made(&self) -> Option<i64> {
        self.metadata.generated_at
    }

    /// Finds a formula's own name by that, by an alias or by a name that it had.
    #[must_use]
    pub fn real_name(&self, name: &str) -> Option<&str> {
        let mut name = name;
        for _ in 0..NAMES_MAX {
            if let Some((name, _)) = self.formulae.get_key_value(name) {
                return Some(name);
            }
            name = self.formula_aliases.get(name).or_else(|| self.formula_renames.get(name))?;
        }
        None
    }
}

impl Formula {
    /// Gives its bottle for the tag of the list; `None` where it has none.
    ///
    /// # Errors
    /// Names the part of it that cannot stand in a path.
    pub fn bottle(&self, name: &str, tag: &str) -> Result<Option<Bottle>, String> {
        let (Some(checksum), Some(version)) = (&self.bottle_checksum, &self.stable_version) else {
            return Ok(None);
        };
        let tag =
            self.bottle_tag.as_deref().map_or(tag, |tag| tag.strip_prefix(':').unwrap_or(tag));
        let revision = self.revision.unwrap_or_default();
        let rebuild = self.bottle_rebuild.unwrap_or_default();
        Bottle::new(name, (version, revision), rebuild, tag, checksum).map(Some)
    }

    /// Names what it needs to run where its bottle is of a tag.
    pub fn needs(&self, tag: &str) -> impl Iterator<Item = &str> {
        let plain = self.stable_dependencies.iter().flatten().filter_map(dependency);
        let system = self.stable_uses_from_macos.iter().flatten();
        plain.chain(system.filter_map(move |one| system_dependency(one, tag)))
    }
}

/// Reads a dependency: a name, or a name with what it is for. Words that begin with a colon are no formulae.
fn dependency(value: &Value) -> Option<&str> {
    let name = match value {
        Value::String(name) => name,
        Value::Object(map) => {
            map.iter().find(|(_, kinds)| is_to_run(kinds)).map(|(name, _)| name)?
        }
        _ => return None,
    };
    (!name.starts_with(':')).then_some(name)
}

/// Says whether what a dependency is for includes running.
fn is_to_run(kinds: &Value) -> bool {
    let is_other = |kind: &Value| matches!(kind.as_str(), Some(":build" | ":test" | ":optional"));
    match kinds {
        Value::Array(kinds) => !kinds.iter().all(is_other),
        kind => !is_other(kind),
    }
}

/// The versions of macOS as tags name them, the oldest first.
const MACOS: [&str; 12] = [
    "el_capitan",
    "sierra",
    "high_sierra",
    "mojave",
    "catalina",
    "big_sur",
    "monterey",
    "ventura",
    "sonoma",
    "sequoia",
    "tahoe",
    "golden_gate",
];

/// Reads what macOS brings itself, perhaps from some version on: `["NAME"]`, `["NAME", {":since": ":catalina"}]` or
/// `[{"NAME": ":build", ":since": …}]`. `None` where the system of a tag has it. What is not known is rather taken.
fn system_dependency<'a>(value: &'a Value, tag: &str) -> Option<&'a str> {
    let parts = value.as_array()?;
    let first = parts.first()?;
    let name = match first {
        Value::Object(map) => map
            .iter()
            .find(|(name, kinds)| !name.starts_with(':') && is_to_run(kinds))
            .map(|(name, _)| name.as_str())?,
        other => dependency(other)?,
    };
    let since = parts.iter().find_map(|part| part.get(":since")?.as_str()?.strip_prefix(':'));
    is_needed(tag, since).then_some(name)
}

/// Says whether the system of a tag is none that has what macOS has since some version, or always.
fn is_needed(tag: &str, since: Option<&str>) -> bool {
    if tag.ends_with("linux") {
        return true;
    }
    let Some(since) = since else { return false };
    let rank = |name: &str| MACOS.iter().position(|one| *one == name);
    match (rank(tag.strip_prefix("arm64_").unwrap_or(tag)), rank(since)) {
        (Some(own), Some(since)) => own < since,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
