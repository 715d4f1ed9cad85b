//! The root metadata that a channel shows of a tree of repositories: upstream's bytes, with times of the generation.

use std::path::Path;

use pinfold_store::RelPath;

use crate::Result;
use crate::tree::read_file;

/// The largest list of files: one is read at a time, and held until the generation is written.
const BYTES_MAX: u64 = 1 << 30;

/// Reads the root metadata of a published tree. Sorted by path.
///
/// # Errors
/// A root file that cannot be read.
pub fn heads(tree: &Path, roots: &[RelPath]) -> Result<Vec<(RelPath, Vec<u8>)>> {
    let mut heads = Vec::new();
    for path in roots {
        heads.push((path.clone(), read_file(&tree.join(path.as_path()), BYTES_MAX)?));
    }
    heads.sort_unstable();
    heads.dedup_by(|later, first| later.0 == first.0);
    Ok(heads)
}
