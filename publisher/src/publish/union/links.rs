//! The symbolic links of a snapshot: where a path leads, and by which names it is reached.

use std::collections::HashMap;

use pinfold_store::index::Span;
use pinfold_store::{Node, RelPath, Stamp};

/// Links that lead to links are followed this far.
const HOPS_MAX: usize = 16;

/// The links of one snapshot: by path, and the other way round.
#[derive(Default)]
pub(super) struct Links {
    targets: HashMap<Vec<u8>, Vec<u8>>,
    /// Target → paths of the links that lead there.
    sources: HashMap<Vec<u8>, Vec<Vec<u8>>>,
}

impl Links {
    /// The links of a snapshot, from the mirror's spans of links.
    pub(super) fn at(spans: &[Span], taken: Stamp) -> Self {
        let mut links = Self::default();
        for span in spans.iter().filter(|span| span.covers(taken)) {
            if let Node::Link { target } = &span.entry.node
                && let Some(to) = join(span.entry.path.split().0, target)
            {
                links.targets.insert(span.entry.path.as_bytes().to_vec(), to);
            }
        }
        let sources: Vec<_> = links
            .targets
            .keys()
            .filter_map(|path| links.resolve(path).map(|to| (to, path.clone())))
            .collect();
        for (to, path) in sources {
            // A link to a folder above itself would hold itself without end.
            if !is_below(&path, &to) {
                links.sources.entry(to).or_default().push(path);
            }
        }
        links
    }

    /// Follows the links in a path to the real one; `None` where they lead in a circle.
    pub(super) fn resolve(&self, path: &[u8]) -> Option<Vec<u8>> {
        let mut path = path.to_vec();
        for _ in 0..HOPS_MAX {
            let hop = prefixes(&path)
                .find_map(|prefix| self.targets.get(prefix).map(|to| (prefix.len(), to)));
            let Some((length, to)) = hop else { return Some(path) };
            let rest = &path[length..];
            let rest = if to.is_empty() { rest.strip_prefix(b"/").unwrap_or(rest) } else { rest };
            path = [to.as_slice(), rest].concat();
        }
        None
    }

    /// Every name under which a real path is reached: itself, and through links.
    pub(super) fn names(&self, path: &RelPath) -> Vec<RelPath> {
        let mut names = vec![path.clone()];
        if self.sources.is_empty() {
            return names;
        }
        let mut at = 0;
        while let Some(name) = names.get(at).cloned() {
            at += 1;
            for prefix in prefixes(name.as_bytes()) {
                for source in self.sources.get(prefix).into_iter().flatten() {
                    let alias = [source.as_slice(), &name.as_bytes()[prefix.len()..]].concat();
                    if let Ok(alias) = RelPath::parse(&alias)
                        && names.len() < 256
                        && !names.contains(&alias)
                    {
                        names.push(alias);
                    }
                }
            }
        }
        names
    }
}

/// A path's prefixes by whole parts, the longest (itself) last.
fn prefixes(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = path
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'/')
        .map(|(at, _)| at)
        .chain([path.len()]);
    ends.map(|end| &path[..end])
}

pub(super) fn is_below(path: &[u8], folder: &[u8]) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

/// Joins a link's target to its folder by text; `None` where it leaves the tree.
fn join(folder: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> =
        folder.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join(&b'/'))
}
