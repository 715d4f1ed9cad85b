//! Where metadata of a repository say that files are: paths relative to the repository, as clients resolve them.
//!
//! Such a text is a path and no URL: `%2B`, `?` and `#` in it are bytes of names. It may climb out of the repository, as
//! those of Amazon Linux do, but not out of the tree that the mirror holds.

use pinfold_store::RelPath;

use super::xml::excerpt;

/// The folder of a repository, below the root of the tree that the mirror holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    folder: Option<RelPath>,
}

impl Place {
    /// Makes a place of the repository's folder; `None` where it is the root of the tree itself.
    #[must_use]
    pub const fn new(folder: Option<RelPath>) -> Self {
        Self { folder }
    }

    /// Views the folder's path, which is empty at the root of the tree.
    #[must_use]
    pub fn folder(&self) -> &[u8] {
        self.folder.as_ref().map_or(&[], RelPath::as_bytes)
    }

    /// Resolves a path that the repository's metadata name, and gives it below the root of the tree.
    ///
    /// # Errors
    /// Says what keeps it from being the path of a file in the tree.
    pub fn at(&self, href: &[u8]) -> Result<RelPath, String> {
        if href.is_empty() {
            return Err("the path is empty".to_owned());
        }
        if href.iter().any(u8::is_ascii_control) {
            return Err(format!("the path holds a control byte: {}", excerpt(href)));
        }
        if href.starts_with(b"/") {
            return Err(format!("the path is absolute: {}", excerpt(href)));
        }
        if href.windows(3).any(|three| three == b"://") {
            let host = excerpt(host(href));
            return Err(format!(
                "the path is a URL of the host {host}: clients would pass the mirror by"
            ));
        }
        let mut parts: Vec<&[u8]> =
            self.folder().split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
        let levels = parts.len();
        for part in href.split(|byte| *byte == b'/') {
            match part {
                // Clients cut these out before they ask, or web servers do.
                b"" | b"." => {}
                b".." => {
                    parts.pop().ok_or_else(|| outside(href, levels))?;
                }
                name => parts.push(name),
            }
        }
        if matches!(href.rsplit(|byte| *byte == b'/').next(), Some(b"" | b"." | b"..")) {
            return Err(format!("the path names no file: {}", excerpt(href)));
        }
        RelPath::parse(&parts.join(b"/".as_slice())).map_err(|error| error.to_string())
    }

    /// Gives a path of the tree as it is below the repository; `None` where it is not there.
    #[must_use]
    pub fn inside<'a>(&self, path: &'a RelPath) -> Option<&'a [u8]> {
        let path = path.as_bytes();
        match &self.folder {
            None => Some(path),
            Some(folder) => path.strip_prefix(folder.as_bytes())?.strip_prefix(b"/"),
        }
    }
}

fn outside(href: &[u8], levels: usize) -> String {
    let shown = excerpt(href);
    format!(
        "the path leaves the tree, of whose root the repository is {levels} folder(s) below: {shown}"
    )
}

/// Finds the host in a URL, without name and password; without a scheme, what comes first is taken as one, as dnf does.
pub(super) fn host(url: &[u8]) -> &[u8] {
    let begin = url.windows(3).position(|three| three == b"://").map_or(0, |at| at + 3);
    let place = url[begin..].split(|byte| matches!(byte, b'/' | b'?' | b'#')).next();
    place.and_then(|place| place.rsplit(|byte| *byte == b'@').next()).unwrap_or_default()
}

/// Says why a base address that metadata give for their files is refused.
pub(super) fn refused_base(base: &[u8]) -> String {
    let host = excerpt(host(base));
    format!("has an xml:base to the host '{host}': clients would pass the mirror by")
}

#[cfg(test)]
mod tests;
