//! The root metadata that a channel shows of a repository: upstream's bytes, and the list that names the dated tree.

use std::path::Path;

use pinfold_store::RelPath;

use super::client::dated_list;
use super::names::REPOMD;
use crate::Result;
use crate::tree::read_file;

/// The largest file of metadata that may change in place: one is read at a time, and held until the generation is written.
const BYTES_MAX: u64 = 1 << 30;

/// Makes the root metadata of a published tree, whose URL is `dated_url`. Sorted by path.
///
/// # Errors
/// A root file that cannot be read; a URL that cannot stand in a list.
pub fn heads(tree: &Path, roots: &[RelPath], dated_url: &str) -> Result<Vec<(RelPath, Vec<u8>)>> {
    let mut heads = Vec::new();
    for path in roots {
        heads.push((path.clone(), read_file(&tree.join(path.as_path()), BYTES_MAX)?));
        let Some(folder) = path.as_bytes().strip_suffix(REPOMD) else { continue };
        // The path is text where a client can name it at all.
        let folder = String::from_utf8_lossy(folder);
        let folder = folder.trim_end_matches('/');
        let (url, below) = if folder.is_empty() {
            (dated_url.to_owned(), None)
        } else {
            (format!("{}/{folder}", dated_url.trim_end_matches('/')), Some(folder))
        };
        let (name, bytes) = dated_list(&url)?;
        let path = match below {
            None => name,
            Some(folder) => RelPath::parse(folder.as_bytes())?.join(name.as_bytes())?,
        };
        heads.push((path, bytes));
    }
    heads.sort_unstable();
    heads.dedup_by(|later, first| later.0 == first.0);
    Ok(heads)
}
