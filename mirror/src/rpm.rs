//! Repositories of rpm packages, for dnf and zypper: `repodata/repomd.xml` and what it names.
//!
//! What comes from a repository is input from strangers: sizes are bounded, and nothing is believed that no checksum confirms.

mod nevra;
mod version;

pub use nevra::{NEVRA_BYTES_MAX, Nevra};
pub use version::{Evr, compare, compare_versions};
