//! The root metadata that a channel shows: the lists, upstream's bytes.

use std::path::Path;

use pinfold_store::RelPath;

use super::packages::PACKAGES_BYTES_MAX;
use crate::Result;
use crate::tree::read_file;

/// Makes the root metadata of a published tree. Sorted by path.
///
/// # Errors
/// A list that cannot be read.
pub fn heads(tree: &Path, roots: &[RelPath]) -> Result<Vec<(RelPath, Vec<u8>)>> {
    let read = |path: &RelPath| {
        Ok((path.clone(), read_file(&tree.join(path.as_path()), PACKAGES_BYTES_MAX)?))
    };
    let mut heads: Vec<(RelPath, Vec<u8>)> = roots.iter().map(read).collect::<Result<_>>()?;
    heads.sort_unstable();
    Ok(heads)
}
