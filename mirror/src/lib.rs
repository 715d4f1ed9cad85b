//! The families of archives: what their metadata says about names, and what their root metadata becomes in a channel.
//!
//! Knows no nginx and no channel: a family reads a tree that the store has scanned, and gives back plain data (classes, names
//! to add, root files, words for the site, files for clients). What it wants from upstream, [`fetch`] brings into the store
//! over [`http`]; these two know no family. Whether an upstream vouches for its metadata is judged by [`sign`]. Writes nothing
//! itself but the signing keys ([`key::Ring`]).

pub mod apk;
pub mod apt;
pub mod archive;
pub mod brew;
pub mod change;
pub mod client;
pub mod client_check;
pub mod deb822;
pub mod error;
pub mod expect;
pub mod family;
pub mod fetch;
pub mod files;
mod gather;
pub mod http;
pub mod judged;
pub mod key;
mod links;
pub mod pacman;
pub mod page;
pub mod part;
mod pattern;
mod plain;
pub mod present;
pub mod prove;
pub mod reading;
pub mod refetch;
pub mod rpm;
pub mod sign;
pub mod site_certificate;
pub mod supply;
pub mod sync;
pub mod tree;
pub mod unpack;
mod vouching;

pub use archive::{Archive, Belief};
pub use change::{Change, Lists, PackageChange, PackageKind};
pub use client::ClientFile;
pub use error::{Error, Result};
pub use expect::Expect;
pub use family::{Family, SiteWords};
pub use fetch::{Outcome, Small, Upstream, Want};
pub use http::{Base, Credentials, Http, HttpSettings, Limits, Proxies, Validators};
pub use key::Key;
pub use pattern::Pattern;
pub use tree::{DraftTree, SnapshotTree, TreeReader};

#[cfg(test)]
#[path = "../../tests/harness/hostile.rs"]
mod hostile;
