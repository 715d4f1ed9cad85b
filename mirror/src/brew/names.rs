//! The names of a mirror's files: where they lie upstream, and what they look like to a web server.

use pinfold_store::RelPath;

pub use crate::http::{ANONYMOUS as TOKEN, INDEX_TYPE};
use crate::{Result, SiteWords};

/// Where Homebrew's API is.
pub const API: &str = "https://formulae.brew.sh/api/";
/// Where Homebrew's registry of containers has its bottles.
pub const REGISTRY: &str = "https://ghcr.io/v2/homebrew/core/";

/// The folder of the API's files.
const API_FOLDER: &[u8] = b"api";
/// The folder of the registry's: brew asks for this path whatever stands before it.
pub const REGISTRY_FOLDER: &str = "v2/homebrew/core";
/// Lists that older versions of brew ask for; carried where they are there.
pub(super) const OLDER: [&[u8]; 4] = [
    b"formula.jws.json",
    b"cask.jws.json",
    b"formula_tap_migrations.jws.json",
    b"cask_tap_migrations.jws.json",
];

/// What a web server needs to know of a mirror's names.
///
/// Root metadata are the API's lists, which brew asks for with the time of its own copy: it would take an older state for none.
/// What it asks for with `HOMEBREW_BOTTLE_DOMAIN` stands at the top of the server, whatever mirrors there are.
pub const SITE: SiteWords = SiteWords {
    root_names: r"[^/]*\.json",
    has_validators: false,
    hash_names: r"/blobs/sha256:[0-9a-f]+$",
    package_names: r"bottle(?:\.[0-9]+)?\.tar\.gz",
    types: &[],
    typed_names: &[
        (r"manifests/[^/]+", INDEX_TYPE),
        (r"blobs/sha256:[0-9a-f]+", "application/octet-stream"),
    ],
    top_names: r"[^/]+\.bottle(?:\.[0-9]+)?\.tar\.gz",
    words: &[("v2/", "application/json", "{}")],
    ..SiteWords::NONE
};

/// Gives the folder of the API's files.
///
/// # Errors
/// Never: the path is a good one.
pub fn api_folder() -> Result<RelPath> {
    Ok(RelPath::parse(API_FOLDER)?)
}

/// Gives the folder of the registry's files.
///
/// # Errors
/// Never: the path is a good one.
pub fn registry_folder() -> Result<RelPath> {
    Ok(RelPath::parse(REGISTRY_FOLDER.as_bytes())?)
}

/// Gives the path of a file of the API.
pub(super) fn api(name: &[u8]) -> Result<RelPath> {
    Ok(api_folder()?.join(name)?)
}

/// Gives the path of the list of everything that a tag has.
pub(super) fn packages(tag: &str) -> Result<RelPath> {
    api(format!("internal/packages.{tag}.jws.json").as_bytes())
}

/// Gives the tag whose list a path is.
pub(super) fn tag_of(path: &RelPath) -> Option<&str> {
    let rest = path.as_bytes().strip_prefix(b"api/internal/packages.")?;
    let tag = std::str::from_utf8(rest.strip_suffix(b".jws.json")?).ok()?;
    is_tag(tag).then_some(tag)
}

/// Gives the path of a formula's own page, which older versions of brew ask for.
pub(super) fn page(formula: &str) -> Result<RelPath> {
    api(format!("formula/{formula}.json").as_bytes())
}

/// Says whether a text can be a tag, such as `arm64_sequoia`.
pub(super) fn is_tag(text: &str) -> bool {
    let is_clean = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    !text.is_empty() && text.len() <= 64 && text.bytes().all(is_clean)
}

/// Says whether a text can be a formula's name.
pub(super) fn is_formula(text: &str) -> bool {
    let is_clean = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"@+._-".contains(&b);
    let is_part = |part: &str| part.bytes().next().is_some_and(|b| b != b'.');
    text.len() <= 128 && text.bytes().all(is_clean) && text.split('@').all(is_part)
}

/// Says whether a text can name an image of a registry: what brew requires, and no name that a web server hides.
pub(super) fn is_reference(text: &str) -> bool {
    let is_clean = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let begins = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= 128 && text.bytes().next().is_some_and(begins) && text.bytes().all(is_clean)
}
