//! The names of a repository's files.

use pinfold_store::RelPath;

use crate::SiteWords;

/// What names the packages of a folder, signed.
pub(super) const INDEX: &[u8] = b"APKINDEX.tar.gz";
/// The same for apk 3, which signs it in a way of its own.
pub(super) const INDEX_V3: &[u8] = b"Packages.adb";
/// The small files at the top of Alpine's own tree.
pub(super) const SMALL: [&[u8]; 2] = [b"last-updated", b"MIRRORS.txt"];
/// The link to the newest stable version.
pub(super) const LATEST: &[u8] = b"latest-stable";

/// What a web server needs to know of a repository's names.
pub const SITE: SiteWords = SiteWords {
    root_names: r"APKINDEX\.tar\.gz|Packages\.adb",
    package_names: "apk",
    types: &[
        ("apk", "application/octet-stream"),
        ("adb", "application/octet-stream"),
        ("iso", "application/octet-stream"),
        ("yaml", "text/plain"),
        ("sha256", "text/plain"),
        ("sha512", "text/plain"),
    ],
    ..SiteWords::NONE
};

/// Says whether a name is that of root metadata.
pub(super) fn is_root(path: &RelPath) -> bool {
    let (_, name) = path.split();
    name == INDEX || name == INDEX_V3
}

/// Says whether a name is a package's: its version stands in it.
pub(super) fn is_package(path: &RelPath) -> bool {
    path.split().1.ends_with(b".apk")
}
