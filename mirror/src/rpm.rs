//! Repositories of rpm: what `repomd.xml` names, and what the list of packages does.
//!
//! All of it is input from strangers: sizes are bounded, names are parsed into checked paths, and what clients would read in
//! two ways is refused.

mod href;
mod nevra;
mod primary;
mod repomd;
mod sum;
mod version;
mod xml;

pub use href::Place;
pub use nevra::{NEVRA_BYTES_MAX, Nevra};
pub use primary::{Package, Seen, packages};
pub use repomd::{Data, Repomd};
pub use version::{Evr, compare, compare_versions};
