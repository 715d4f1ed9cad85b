//! Repositories of rpm packages, for dnf and zypper: `repodata/repomd.xml`, what it lists, and the packages.
//!
//! What comes from a repository is input from strangers: sizes are bounded, names are parsed into checked paths, what clients
//! would read in two ways is refused, and nothing is believed that no checksum confirms.

mod archive;
mod changes;
mod client;
mod compare;
mod deltas;
mod heads;
mod href;
mod installer;
mod listing;
mod lists;
#[cfg(test)]
mod made;
mod metadata;
mod modules;
mod names;
mod nevra;
mod newest;
pub mod package;
mod primary;
mod reading;
mod repomd;
mod root;
mod select;
pub(crate) mod signatures;
mod sum;
mod treeinfo;
mod updateinfo;
mod upstreams;
mod version;
mod xml;

pub use archive::Archive;
pub use changes::{NewAdvisories, PackageList, changes};
pub use client::{ClientInput, Follows, Form, MINUTES, Signed, Tool, client};
pub use compare::compare_trees;
pub use heads::dated_lists;
pub use href::Place;
pub use lists::{LIST_BYTES_MAX, Metalink, State, Verdict, metalink, mirrorlist};
pub use modules::{Module, ModulesSeen, modules};
pub use names::SITE;
pub use nevra::{ListedName, NEVRA_BYTES_MAX, Nevra};
pub use newest::Newest;
pub use primary::{Package, Seen, packages};
pub use reading::{Reading, read, repositories};
pub use repomd::{Data, Repomd};
pub use select::{Folder, PackageSignatures, Selection};
pub use signatures::signatures_of;
pub use treeinfo::{TREEINFO_BYTES_MAX, TreeFile, treeinfo};
pub use updateinfo::{Advisory, advisories};
pub use upstreams::{fetch_metalink, fetch_mirrorlist};
pub use version::{Evr, compare, compare_versions};
