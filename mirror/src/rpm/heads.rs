//! What a channel shows of a repository besides upstream's own root metadata: the list that names the dated tree.

use pinfold_store::RelPath;

use super::client::{LIST_NAME, dated_list};
use super::reading::folder_of;
use super::root::at;
use crate::Result;

/// Makes the lists that name the dated tree whose URL is `dated_url`: one beside each repository of its root metadata.
///
/// # Errors
/// [`crate::Error::BadText`] where the URL cannot stand in a list.
pub fn dated_lists(roots: &[RelPath], dated_url: &str) -> Result<Vec<(RelPath, Vec<u8>)>> {
    let folders = roots.iter().filter_map(folder_of);
    let list = |folder: super::Folder| {
        let path = at(&folder.place(), LIST_NAME.as_bytes())?;
        Ok((path, dated_list(&folder.url(dated_url))?))
    };
    folders.map(list).collect()
}

#[cfg(test)]
mod tests;
