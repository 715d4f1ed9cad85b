//! The names of a repository's files, and which class each is of.

use pinfold_store::RelPath;

use super::Data;
use crate::SiteWords;

/// The folder of a repository's metadata, and the file that names them.
pub(super) const REPOMD: &[u8] = b"repodata/repomd.xml";
/// Its signature.
pub(super) const REPOMD_SIGNATURE: &[u8] = b"repodata/repomd.xml.asc";
/// The key that the repository says it is signed with: content, and never trust.
pub(super) const REPOMD_KEY: &[u8] = b"repodata/repomd.xml.key";
/// What SUSE's media have besides, in the order in which they are asked for: none where there is not the first.
pub(super) const MEDIA: [&[u8]; 4] =
    [b"media.1/media", b"media.1/products", b"content", b"directory.yast"];

/// What a web server needs to know of a repository's names.
///
/// Root metadata are the list that names a dated tree, `repomd.xml`, its signature and key, and metadata that change in place: their names have no dash, since
/// what has its checksum in its name has one behind it. Installers ask for the two hidden files of their trees.
pub const SITE: SiteWords = SiteWords {
    root_names: r"mirrorlist|repomd\.xml(?:\.asc|\.key)?|[0-9A-Za-z_]+\.(?:xml|yaml|sqlite|db|txt|gz)(?:\.(?:gz|xz|zst|bz2|zck))?",
    dot_names: r"\.treeinfo|\.discinfo",
    hash_names: r"/repodata/[0-9a-f]+-[^/]+$",
    package_names: r"d?rpm",
    types: &[
        ("rpm", "application/x-rpm"),
        ("drpm", "application/x-rpm"),
        ("xml", "text/xml"),
        ("asc", "text/plain"),
        ("key", "text/plain"),
        ("gz", "application/gzip"),
        ("bz2", "application/x-bzip2"),
        ("xz", "application/x-xz"),
        ("zst", "application/zstd"),
        ("yaml", "text/plain"),
    ],
    ..SiteWords::NONE
};

/// Says whether metadata change in place under a name that a channel shows beside its `repomd.xml`.
pub(super) fn is_root(data: &Data) -> bool {
    if data.is_hash_named() || data.is_outside_repodata() {
        return false;
    }
    let (_, name) = data.path.split();
    let text = String::from_utf8_lossy(name);
    let mut parts = text.split('.');
    let is_word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let (Some(stem), Some(ending), packed) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    is_word(stem)
        && ["xml", "yaml", "sqlite", "db", "txt", "gz"].contains(&ending)
        && packed.is_none_or(|packed| ["gz", "xz", "zst", "bz2", "zck"].contains(&packed))
        && parts.next().is_none()
}

/// Says whether a name is a package's: its version stands in it.
pub(super) fn is_package(path: &RelPath) -> bool {
    let (_, name) = path.split();
    name.ends_with(b".rpm") || name.ends_with(b".drpm")
}

#[cfg(test)]
mod tests;
