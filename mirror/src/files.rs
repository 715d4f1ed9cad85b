//! A tree of files that nobody parses: every name may change its bytes, and none is root metadata.
//!
//! What there is says the listing of each folder. What it must be say the lists of checksums that many trees have, and who
//! vouches for it their signatures; about the rest nobody says anything, and it is taken for unchanged while its listing is.

mod archive;
mod lists;
mod names;
mod select;
mod sums;
mod walk;

use pinfold_store::{Class, Evidence, RelPath, scan};

pub use archive::Archive;
pub use select::{DEPTH_MAX, Selection};

use crate::SiteWords;

/// What a web server needs to know: nothing.
pub const SITE: SiteWords = SiteWords::NONE;

/// The reading of any tree at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading;

impl scan::Reading for Reading {
    fn class(&self, _: &RelPath, _: Class) -> Class {
        Class::Other
    }

    fn added(&self) -> Vec<(RelPath, RelPath)> {
        Vec::new()
    }

    fn roots(&self) -> Vec<RelPath> {
        Vec::new()
    }
    fn evidence(&self) -> Evidence {
        Evidence::none()
    }
}
