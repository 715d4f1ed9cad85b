//! Homebrew's bottles: the signed lists of its API, and for chosen formulae the indices and blobs of its registry of containers.
//!
//! A state is pinned by the lists: they name each bottle's version and SHA-256, and brew itself checks who signed them; so do we where the
//! mirror has the key. What comes
//! from API and registry is input from strangers: sizes are bounded, names are parsed into checked paths, and nothing is believed
//! that no checksum confirms. Casks are listed and not mirrored: their files lie with whoever makes them.

mod archive;
mod bottle;
mod choose;
mod client;
mod compare;
mod found;
mod image;
mod images;
mod kept;
mod names;
mod packages;
mod select;
mod signature;
mod version;

pub use archive::Archive;
pub use bottle::Bottle;
pub use client::{ClientInput, Follows, Form, client};
pub use compare::compare_trees;
pub use found::{Reading, read};
pub(crate) use image::naming_flaw;
pub use image::{Image, NAMING_BYTES_MAX};
pub use kept::{Adopted, adopt_cache, is_cache};
pub use names::{
    API, INDEX_TYPE, REGISTRY, REGISTRY_FOLDER, SITE, TOKEN, api_folder, registry_folder,
};
pub use packages::{Formula, PACKAGES_BYTES_MAX, Packages};
pub use select::Selection;
pub use version::compare_versions;
