//! The index of a formula's image: which bottles it names. brew reads a bottle's size and dependencies from it.

use std::io::Read;

use pinfold_store::Checksum;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::bottle::Bottle;
use crate::tree::read_bounded;

/// The largest file that only has to name a checksum: indices have some kilobytes for each bottle.
pub const NAMING_BYTES_MAX: u64 = 8 << 20;

/// An index.
#[derive(Debug, Deserialize)]
pub struct Image {
    manifests: Vec<Manifest>,
}

#[derive(Debug, Deserialize)]
struct Manifest {
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Debug, Default, Deserialize)]
struct Annotations {
    #[serde(rename = "org.opencontainers.image.ref.name")]
    title: Option<String>,
    #[serde(rename = "sh.brew.bottle.digest")]
    digest: Option<String>,
    #[serde(rename = "sh.brew.bottle.size")]
    size: Option<String>,
}

impl Image {
    /// Reads an index.
    ///
    /// # Errors
    /// Says why it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("it is no index of images: {error}"))
    }

    /// Says what it has of a bottle, as brew looks for it; `None` where brew would not find it. Within, the size that it states.
    #[must_use]
    pub fn names(&self, bottle: &Bottle) -> Option<Option<u64>> {
        let (title, digest) = (bottle.title(), Checksum::sha256(bottle.sha256()).hex());
        let annotations = self.manifests.iter().map(|manifest| &manifest.annotations);
        let found = annotations.filter(|one| one.digest.as_ref() == Some(&digest));
        found
            .filter(|one| one.title.as_ref() == Some(&title))
            .map(|one| one.size.as_ref().and_then(|size| size.parse().ok()))
            .next()
    }
}

/// Reads content to its end, and says how it is no JSON that names a checksum; `None` where it is.
///
/// # Errors
/// It cannot be read.
pub(crate) fn naming_flaw(from: &mut dyn Read, sum: &[u8; 32]) -> std::io::Result<Option<String>> {
    let bytes = match read_bounded(from, NAMING_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::Other => {
            return Ok(Some(format!("a file that {error}")));
        }
        Err(error) => return Err(error),
    };
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(&bytes) {
        return Ok(Some(format!("no JSON: {error}")));
    }
    let digits = Checksum::sha256(sum).hex();
    let is_named = bytes.windows(digits.len()).any(|part| part == digits.as_bytes());
    Ok((!is_named).then(|| "JSON that does not".to_owned()))
}

#[cfg(test)]
mod tests;
