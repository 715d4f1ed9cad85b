//! How a server is asked: for a file, or in the way of a registry of containers, which wants a token and names a type.

use pinfold_store::RelPath;
use ureq::http::header::{self, HeaderName};

use super::{Base, Url};

/// What an index of images is called.
pub const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// The token of whoever has none: a registry refuses public content without any, and Homebrew sends this one.
pub const ANONYMOUS: &str = "Bearer QQ==";

/// How a URL is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As a file.
    Plain,
    /// As a registry's index of images: with the token of whoever has none, and its type.
    Index,
    /// As a registry's content: with that token.
    Blob,
}

impl Manner {
    /// Says how a file of a registry is asked for, by its path.
    fn of(path: &[u8]) -> Self {
        let folder = path.rsplitn(3, |byte| *byte == b'/').nth(1);
        if folder == Some(b"manifests") { Self::Index } else { Self::Blob }
    }

    /// Gives the headers of a request, `Authorization` only where there is no login.
    pub(super) fn headers(self) -> &'static [(HeaderName, &'static str)] {
        const TOKEN: (HeaderName, &str) = (header::AUTHORIZATION, ANONYMOUS);
        const TYPE: (HeaderName, &str) = (header::ACCEPT, INDEX_TYPE);
        match self {
            Self::Plain => &[],
            Self::Index => &[TOKEN, TYPE],
            Self::Blob => &[TOKEN],
        }
    }
}

/// A registry of containers that has a folder of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registry {
    pub(super) base: Base,
    pub(super) folder: RelPath,
}

impl Registry {
    /// Gives the URL of a file, by its path below the folder.
    pub(super) fn url(&self, path: &[u8]) -> Option<Url> {
        let path = RelPath::parse(path).ok()?;
        Some(self.base.join(&path).asked_as(Manner::of(path.as_bytes())))
    }
}
