//! The root metadata that a channel shows of an archive of Alpine: upstream's bytes. Only their times are of the channel.

use std::path::Path;

use pinfold_store::RelPath;

use crate::Result;
use crate::tree::read_file;

/// The largest index: one is read at a time, and all are held until the generation is written.
const BYTES_MAX: u64 = 1 << 30;

/// Makes the root metadata of a published tree.
///
/// # Errors
/// A root file that cannot be read.
pub fn heads(tree: &Path, roots: &[RelPath]) -> Result<Vec<(RelPath, Vec<u8>)>> {
    let read =
        |path: &RelPath| Ok((path.clone(), read_file(&tree.join(path.as_path()), BYTES_MAX)?));
    roots.iter().map(read).collect()
}
