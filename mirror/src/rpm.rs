//! Repositories of rpm packages, for dnf and zypper: `repodata/repomd.xml`, what it lists, and the packages.
//!
//! What comes from a repository is input from strangers: sizes are bounded, names are parsed into checked paths, what clients
//! would read in two ways is refused, and nothing is believed that no checksum confirms.

mod changes;
mod client;
mod href;
mod lists;
mod modules;
mod nevra;
mod newest;
pub mod package;
mod primary;
mod repomd;
mod sum;
mod treeinfo;
mod updateinfo;
mod version;
mod xml;

pub use changes::{AdvisoryChange, NewAdvisories, PackageList, changes};
pub use client::{
    ClientInput, Follows, Form, LIST_NAME, MINUTES, Signed, Tool, client, dated_list,
};
pub use href::Place;
pub use lists::{LIST_BYTES_MAX, Metalink, State, Verdict, metalink, mirrorlist};
pub use modules::{Module, modules};
pub use nevra::{ListedName, NEVRA_BYTES_MAX, Nevra};
pub use newest::Newest;
pub use primary::{Package, Seen, packages};
pub use repomd::{Data, Repomd};
pub use treeinfo::{TREEINFO_BYTES_MAX, TreeFile, treeinfo};
pub use updateinfo::{Advisory, advisories};
pub use version::{Evr, compare, compare_versions};
