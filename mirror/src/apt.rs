//! Archives of apt: suites with a `Release`, flat ones too.
//!
//! Whom to believe is the business of a sync with a keyring: [`Trust`] says it of root metadata, and reading a tree that
//! was scanned checks no signature. What comes from an archive is input from strangers all the same: sizes are bounded,
//! names are parsed into checked paths, and nothing is believed that the tree does not confirm.

mod asked;
mod changes;
mod client;
mod compare;
pub mod fresh;
mod heads;
mod listing;
mod packages;
mod read;
mod release;
mod select;
mod stems;
mod suite;
mod survey;
mod trust;
mod version;

pub use changes::changes;
pub use client::{ClientInput, Downgrade, Fallback, Follows, Form, client};
pub use heads::{HeadsInput, Signed, heads};
pub use packages::{Binary, IndexedFile, Seen, Source, packages, sources};
pub use read::{Reading, read};
pub use release::{Algorithm, Listed, Release, Remake};
pub use select::{Filter, Selection, SuiteName, Take};
pub use suite::Archive;
pub use trust::{Accepted, Trust, is_same_text};
pub use version::compare_versions;

use crate::SiteWords;

/// The names of a suite's root metadata.
pub const ROOT_NAMES: [&str; 3] = ["InRelease", "Release", "Release.gpg"];
/// The largest root metadata that is read; apt refuses more too.
pub const RELEASE_BYTES_MAX: u64 = 10_000_000;

/// What a web server needs to know of an apt archive's names.
pub const SITE: SiteWords = SiteWords {
    root_names: r"InRelease|Release|Release\.gpg",
    hash_names: r"/by-hash/(?:MD5Sum|SHA1|SHA256|SHA512)/[0-9a-f]+$|\.diff/T-",
    package_names: r"[ud]?deb|dsc|diff\.gz|(?:orig|debian)(?:-[^/]*)?\.tar\.(?:gz|bz2|xz|lzma|zst)(?:\.asc)?",
    types: &[
        ("deb", "application/vnd.debian.binary-package"),
        ("udeb", "application/vnd.debian.binary-package"),
        ("ddeb", "application/vnd.debian.binary-package"),
        ("dsc", "text/plain"),
        ("asc", "text/plain"),
        ("gz", "application/gzip"),
        ("bz2", "application/x-bzip2"),
        ("xz", "application/x-xz"),
        ("lzma", "application/x-lzma"),
        ("zst", "application/zstd"),
    ],
    ..SiteWords::NONE
};
