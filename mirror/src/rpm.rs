//! Repositories of rpm: what `repomd.xml` names, and what the list of packages does.
//!
//! All of it is input from strangers: sizes are bounded, names are parsed into checked paths, and what clients would read in
//! two ways is refused.

mod changes;
mod href;
mod modules;
mod nevra;
mod newest;
mod primary;
mod repomd;
mod sum;
mod updateinfo;
mod version;
mod xml;

pub use changes::{AdvisoryChange, NewAdvisories, PackageList, changes};
pub use href::Place;
pub use modules::{Module, ModulesSeen, modules};
pub use nevra::{ListedName, NEVRA_BYTES_MAX, Nevra};
pub use newest::Newest;
pub use primary::{Package, Seen, packages};
pub use repomd::{Data, Repomd};
pub use updateinfo::{Advisory, advisories};
pub use version::{Evr, compare, compare_versions};
