//! MIME types: by extension, or by what a file is.

use std::collections::BTreeMap;

/// For extensions that nobody named.
pub(super) const OCTETS: &str = "application/octet-stream";
/// For root metadata without an extension, and our own words.
pub(super) const TEXT: &str = "text/plain";

/// Types that every mirror has.
const TYPES: [(&str, &str); 18] = [
    ("asc", TEXT),
    ("bz2", "application/x-bzip2"),
    ("css", "text/css"),
    ("gpg", "application/pgp-signature"),
    ("gz", "application/gzip"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("lz4", "application/x-lz4"),
    ("png", "image/png"),
    ("sig", "application/pgp-signature"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("txt", TEXT),
    ("xml", "application/xml"),
    ("xz", "application/x-xz"),
    ("zst", "application/zstd"),
];

/// The MIME type of a step's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// By their extensions, as the route's mirror has them, and this where nobody named one.
    ByName(&'static str),
    /// Always this one.
    Always(String),
}

/// Which headers answers carry beside their type and how long they keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// A time and a tag, by which clients ask whether it changed.
    Tagged,
    /// Neither: a client cannot hold what it has for newer, and takes what is shown.
    Untagged,
    /// The status page: neither, since nginx could not tell two of one second and size apart, and [`crate::page::CONTENT_POLICY`].
    Page,
}

impl Manner {
    /// Says whether answers go out with a time and a tag, and conditions by them count.
    #[must_use]
    pub const fn has_validators(self) -> bool {
        matches!(self, Self::Tagged)
    }

    /// What a browser may do with the answer; nothing is said of what is no page.
    #[must_use]
    pub const fn policy(self) -> Option<&'static str> {
        match self {
            Self::Page => Some(crate::page::CONTENT_POLICY),
            Self::Tagged | Self::Untagged => None,
        }
    }
}

/// Gives the types of a mirror: the common ones and its own.
pub(super) fn types(more: &[(String, String)]) -> BTreeMap<String, String> {
    let own = TYPES.iter().map(|(extension, mime)| ((*extension).to_owned(), (*mime).to_owned()));
    own.chain(more.iter().map(|(extension, mime)| (extension.to_ascii_lowercase(), mime.clone())))
        .collect()
}
