//! Repositories of Alpine, for apk: `APKINDEX.tar.gz` and the packages that it names.
//!
//! No index has a checksum of a whole package: it has that of the part which describes the package, and this part has that of
//! the rest. The index is signed as a whole, by bare RSA keys that are known by the names of their files.

mod archive;
mod changes;
mod client;
mod index;
mod names;
mod package;
mod reading;
mod root;
mod select;
mod signature;
mod version;

pub use archive::Archive;
pub use changes::compare_trees;
pub use client::{ClientInput, Follows, client};
pub use index::{Package, packages};
pub use names::SITE;
pub(crate) use package::package_flaw;
pub use reading::{Reading, read};
pub use select::{Place, Selection};
pub use version::compare;
