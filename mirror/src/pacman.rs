//! Repositories of pacman packages: `REPOSITORY.db`, what it lists, and the signatures beside the packages.
//!
//! What comes from a repository is input from strangers: sizes are bounded, names are parsed into checked paths, what clients
//! would read in two ways is refused, and nothing is believed that no checksum confirms. Its findings about the real pacman are
//! those of formats/apk-pacman-brew-and-later.md, sections 1 and 2.

mod archive;
mod asked;
mod client;
mod compare;
mod database;
mod desc;
mod names;
mod package;
mod reading;
mod root;
mod select;
mod signatures;
mod version;

pub use archive::Archive;
pub use asked::accepted;
pub use client::{ClientInput, Follows, Form, client};
pub use compare::compare_trees;
pub use database::{Seen, packages};
pub use desc::Package;
pub use names::SITE;
pub use reading::{Reading, databases, read};
pub use select::{Database, Layout, Selection};
pub use version::compare;
