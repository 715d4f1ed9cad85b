//! The families of archives: what their metadata says about names, and what their root metadata becomes in a channel.
//!
//! Knows no nginx and no channel, writes nothing but the signing keys ([`key::Ring`]): a family reads a tree that the store
//! has scanned, and gives back plain data (classes, names to add, root files, words for the site, files for clients).
//! Whether an upstream vouches for its metadata is judged by [`sign`]; fetching is not here yet: what is read of a scanned
//! tree was proved by nobody, and its record says so.

pub mod apt;
pub mod deb822;
pub mod error;
pub mod family;
pub mod files;
pub mod key;
pub mod sign;
pub mod supply;
pub mod tree;
pub mod unpack;

pub use error::{Error, Result};
pub use family::{Family, SiteWords};
pub use key::Key;
pub use tree::{DraftTree, TreeReader};
