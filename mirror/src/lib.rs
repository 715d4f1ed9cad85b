//! The families of archives: what their metadata says about names, and what their root metadata becomes in a channel.
//!
//! Knows no nginx and no channel: a family reads a tree that the store has scanned, and gives back plain data (classes, names
//! to add, root files, words for the site, files for clients). What it wants from upstream, [`fetch`] brings into the store
//! over [`http`]; these two know no family.

pub mod apt;
pub mod error;
pub mod family;
pub mod fetch;
pub mod files;
pub mod http;
pub mod key;
pub mod tree;

pub use error::{Error, Result};
pub use family::{Family, SiteWords};
pub use fetch::{Outcome, Small, Upstream, Want};
pub use http::{Base, Credentials, Http, HttpSettings, Limits, Proxies, Validators};
pub use key::Key;
pub use tree::{DraftTree, TreeReader};

#[cfg(test)]
#[path = "../../tests/harness/hostile.rs"]
mod hostile;
