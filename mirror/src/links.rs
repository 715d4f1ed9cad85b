//! The symbolic links of a tree, followed by name alone: nothing is read from a disk.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Entry, Node, RelPath};

/// More links in one path are a loop, as for a kernel.
const HOPS_MAX: usize = 40;
/// More names of one root file are a trap.
const ALIASES_MAX: usize = 10_000;

/// Every symbolic link of a tree.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links(BTreeMap<RelPath, Box<[u8]>>);

impl Links {
    /// Takes note of an entry.
    pub(crate) fn note(&mut self, entry: &Entry) {
        if let Node::Link { target } = &entry.node {
            self.0.insert(entry.path.clone(), target.clone());
        }
    }

    /// Says whether a link stands at a path itself.
    pub(crate) fn contains(&self, path: &RelPath) -> bool {
        self.0.contains_key(path)
    }

    /// Follows every link in a path; `None` where it leaves the tree, ends at its top or loops.
    pub(crate) fn resolve(&self, path: &RelPath) -> Option<RelPath> {
        if self.0.is_empty() {
            return Some(path.clone());
        }
        let mut todo: Vec<Box<[u8]>> = parts(path.as_bytes());
        let mut done: Vec<u8> = Vec::new();
        let mut hops = 0;
        while let Some(part) = todo.pop() {
            match &*part {
                b"" | b"." => {}
                b".." => {
                    if done.is_empty() {
                        return None;
                    }
                    done.truncate(done.iter().rposition(|b| *b == b'/').unwrap_or(0));
                }
                name => {
                    let base = done.len();
                    if base > 0 {
                        done.push(b'/');
                    }
                    done.extend_from_slice(name);
                    let here = RelPath::parse(&done).ok()?;
                    if let Some(target) = self.0.get(&here) {
                        hops += 1;
                        if hops > HOPS_MAX || target.starts_with(b"/") {
                            return None;
                        }
                        done.truncate(base);
                        todo.extend(parts(target));
                    }
                }
            }
        }
        RelPath::parse(&done).ok()
    }

    /// Gives every path that leads to one of some files: themselves, and those through linked folders, each link used at
    /// most once in a path. Sorted.
    pub(crate) fn aliases(&self, files: &BTreeSet<RelPath>) -> BTreeSet<RelPath> {
        let folders: Vec<(&RelPath, Vec<u8>)> =
            self.0.keys().filter_map(|link| Some((link, self.folder(link)?))).collect();
        let mut found = files.clone();
        let mut todo: Vec<(RelPath, Vec<usize>)> =
            files.iter().map(|file| (file.clone(), Vec::new())).collect();
        while let Some((path, used)) = todo.pop() {
            for (number, (link, target)) in folders.iter().enumerate() {
                if used.contains(&number) || !path.is_below(target) || found.len() >= ALIASES_MAX {
                    continue;
                }
                let rest = &path.as_bytes()[target.len()..];
                let rest = rest.strip_prefix(b"/").unwrap_or(rest);
                if let Ok(alias) = link.join(rest)
                    && found.insert(alias.clone())
                {
                    todo.push((alias, [used.as_slice(), &[number]].concat()));
                }
            }
        }
        found
    }

    /// Follows a link to where it ends, which may be the tree's top: empty.
    fn folder(&self, link: &RelPath) -> Option<Vec<u8>> {
        match self.resolve(link) {
            Some(target) => Some(target.as_bytes().to_vec()),
            None => {
                // A probe below it tells the top from a link that leads nowhere.
                let probe = self.resolve(&link.join(b"x").ok()?)?;
                (probe.as_bytes() == b"x").then(Vec::new)
            }
        }
    }
}

/// Splits into parts, the last one first.
fn parts(path: &[u8]) -> Vec<Box<[u8]>> {
    path.split(|b| *b == b'/').rev().map(Into::into).collect()
}

#[cfg(test)]
mod tests;
