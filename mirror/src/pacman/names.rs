//! The names of a repository's files, and which class each is of.

use pinfold_store::RelPath;

use crate::SiteWords;

/// How the name of a database ends.
pub(super) const DATABASE: &str = ".db";
/// How that of the list of all packages' files ends.
pub(super) const FILES: &str = ".files";
/// How that of the list of libraries ends, which only Arch's own tools read.
pub(super) const LINKS: &str = ".links.tar.gz";
/// How a signature is named after what it signs.
pub(super) const SIGNATURE: &str = ".sig";
/// What a distribution's mirrors have at their top: when it changed last, and when this mirror looked last.
pub(super) const LAST_UPDATE: &str = "lastupdate";
/// See [`LAST_UPDATE`].
pub(super) const LAST_SYNC: &str = "lastsync";

/// What a web server needs to know of a repository's names.
///
/// Databases go without time and tag: libcurl drops a body whose time is older than the file that pacman has, and a switch to an
/// older state would not be seen.
pub const SITE: SiteWords = SiteWords {
    root_names: r"[^/]+\.(?:db|files)(?:\.tar(?:\.[0-9A-Za-z]+)?)?(?:\.sig)?",
    has_validators: false,
    package_names: r"pkg\.tar(?:\.[0-9A-Za-z]+)?(?:\.sig)?",
    types: &[
        ("db", "application/octet-stream"),
        ("files", "application/octet-stream"),
        ("gz", "application/gzip"),
    ],
    ..SiteWords::NONE
};

/// Says whether a name is that of root metadata, under the name that clients ask for or under that which `repo-add` gives it.
pub(super) fn is_root(path: &RelPath) -> bool {
    let (_, name) = path.split();
    let name = name.strip_suffix(SIGNATURE.as_bytes()).unwrap_or(name);
    let stem = without_tar(name);
    let plain = [DATABASE, FILES].iter().find_map(|end| stem.strip_suffix(end.as_bytes()));
    plain.is_some_and(|plain| !plain.is_empty())
}

/// Says whether a name is that of a package or its signature: the version stands in it.
pub(super) fn is_package(path: &RelPath) -> bool {
    let (_, name) = path.split();
    let name = name.strip_suffix(SIGNATURE.as_bytes()).unwrap_or(name);
    let stem = without_tar(name);
    stem.len() < name.len() && stem.ends_with(b".pkg")
}

/// Cuts `.tar` off, and how it is packed.
fn without_tar(name: &[u8]) -> &[u8] {
    if let Some(stem) = name.strip_suffix(b".tar") {
        return stem;
    }
    let end = name.iter().rposition(|b| !b.is_ascii_alphanumeric()).unwrap_or_default();
    let is_packed = name.get(end) == Some(&b'.') && end + 1 < name.len();
    let stem = name.get(..end).and_then(|before| before.strip_suffix(b".tar"));
    stem.filter(|_| is_packed).unwrap_or(name)
}

#[cfg(test)]
mod tests;
