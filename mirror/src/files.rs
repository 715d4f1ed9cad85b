//! A tree of files that nobody parses: every name may change its bytes, and none is root metadata.

use pinfold_store::{Class, Evidence, RelPath, scan};

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
