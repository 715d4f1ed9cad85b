//! Where a link of a listing leads.

use percent_encoding::percent_decode;
use pinfold_store::RelPath;
use pinfold_store::path::escape;

use super::Kind;
use crate::http::Url;

/// Where a link leads.
pub(super) enum Link {
    /// To a name below the folder.
    Below(RelPath, Kind),
    /// To the folder above.
    Parent,
    /// Nowhere that is of interest: the same folder in another order, another place, a script.
    Elsewhere,
    /// To what cannot be a name of ours, with the reason.
    Odd(String),
}

/// The folder whose page is read.
pub(super) struct Place<'a> {
    /// Its path in the archive.
    folder: Option<&'a RelPath>,
    /// What a whole URL of the same server begins with.
    server: String,
    /// The parts of its own path there, decoded.
    parts: Vec<Vec<u8>>,
}

impl<'a> Place<'a> {
    pub(super) fn new(folder: Option<&'a RelPath>, url: &Url) -> Self {
        let path = url.plain_path().as_bytes();
        // A page that is no folder's own stands in one.
        let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or_default();
        let parts = path[..end].split(|byte| *byte == b'/').skip(1).map(decode).collect();
        Self { folder, server: url.server(), parts }
    }

    /// Says where a link leads.
    pub(super) fn resolve(&self, href: &[u8]) -> Link {
        let href = href.trim_ascii();
        let href = href.split(|byte| *byte == b'#').next().unwrap_or_default();
        // Nothing, the same page in another order, or a program's answer.
        if href.is_empty() || href.contains(&b'?') {
            return Link::Elsewhere;
        }
        let Some(path) = self.path_of(href) else { return Link::Elsewhere };
        let parts: Vec<Vec<u8>> = path.split(|byte| *byte == b'/').map(decode).collect();
        let below = match path.first() {
            Some(b'/') => {
                let own = &parts[1..];
                match own.strip_prefix(self.parts.as_slice()) {
                    Some(rest) if !rest.is_empty() => rest,
                    _ => return self.above(own),
                }
            }
            _ => {
                let from = parts.iter().take_while(|part| part.as_slice() == b".").count();
                let raw = path.split(|byte| *byte == b'/').nth(from);
                if raw == Some(b"..") {
                    let rest = &parts[from + 1..];
                    let is_parent = rest.len() < 2 && rest.iter().all(Vec::is_empty);
                    return if is_parent { Link::Parent } else { Link::Elsewhere };
                }
                &parts[from..]
            }
        };
        self.below(below, href)
    }

    /// Gives the path of a reference to the same server, relative or from its root; `None` where it is of another.
    fn path_of<'h>(&self, href: &'h [u8]) -> Option<&'h [u8]> {
        let after = |start: &[u8]| {
            let (head, rest) = href.split_at_checked(start.len())?;
            let is_own = head.eq_ignore_ascii_case(start) && rest.first() == Some(&b'/');
            is_own.then_some(rest)
        };
        if href.starts_with(b"//") {
            let server = self.server.split_once(':').map_or("", |(_, server)| server);
            return after(server.as_bytes());
        }
        if has_scheme(href) { after(self.server.as_bytes()) } else { Some(href) }
    }

    /// Says what a path from the server's root is that is not below the folder.
    fn above(&self, parts: &[Vec<u8>]) -> Link {
        let parts = match parts {
            [parts @ .., last] if last.is_empty() => parts,
            parts => parts,
        };
        let parent = self.parts.split_last().map(|(_, parent)| parent);
        if parent == Some(parts) { Link::Parent } else { Link::Elsewhere }
    }

    /// Makes a name of the parts below the folder.
    fn below(&self, parts: &[Vec<u8>], href: &[u8]) -> Link {
        let (names, kind) = match parts {
            [] => return Link::Elsewhere,
            [only] if only.is_empty() => return Link::Elsewhere,
            [names @ .., last] if last.is_empty() => (names, Kind::Folder),
            names => (names, Kind::File),
        };
        let odd = |why: &str| {
            let shown = escape(&href[..href.len().min(100)]);
            Link::Odd(format!("'{shown}': {why}"))
        };
        if names.iter().any(|name| name.contains(&b'/')) {
            return odd("a name holds a slash");
        }
        let below = names.join(&b'/');
        let path = match self.folder {
            Some(folder) => folder.join(&below),
            None => RelPath::parse(&below),
        };
        match path {
            Ok(path) => Link::Below(path, kind),
            Err(pinfold_store::Error::BadName { why, .. }) => odd(&why),
            Err(error) => odd(&error.to_string()),
        }
    }
}

fn decode(part: &[u8]) -> Vec<u8> {
    percent_decode(part).collect()
}

/// Says whether a reference begins with a protocol's name.
fn has_scheme(href: &[u8]) -> bool {
    let Some(end) = href.iter().position(|byte| matches!(byte, b':' | b'/')) else { return false };
    href[end] == b':'
        && href[0].is_ascii_alphabetic()
        && href[..end].iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
}
