//! Who holds something: by the index, for one object or one path; nothing is scanned.

use std::os::unix::fs::MetadataExt;

use pinfold_store::disk::{self, Weight};
use pinfold_store::index::Span;
use pinfold_store::{Digest, Name, Node, RelPath, Stamp, Store};

use crate::Result;

/// A path of a mirror that has an object, from one snapshot to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The mirror.
    pub mirror: Name,
    /// The path.
    pub path: RelPath,
    /// The kept snapshots that have it there, oldest first.
    pub snapshots: Vec<Stamp>,
}

/// An object, and all that hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub digest: Digest,
    /// Its size.
    pub size_bytes: u64,
    /// What it and its replicas take.
    pub weight: Weight,
    /// The names that it and its replicas have, those below `objects/` too.
    pub links: u64,
    /// By mirror and path.
    pub holders: Vec<Holder>,
}

/// Finds everything that holds an object; `None` where there is no such object.
///
/// Cost: its spans, and a list of the records of each mirror that has it.
///
/// # Errors
/// The index cannot be read.
pub fn object(store: &Store, digest: Digest) -> Result<Option<Held>> {
    let index = store.index()?;
    let path = store.object_path(digest);
    let row = index.object(digest)?;
    if row.is_none() && !disk::stands(&path)? {
        return Ok(None);
    }
    let (mut weight, mut links, mut size_bytes) = (Weight::default(), 0, 0);
    for path in std::iter::once(path).chain(store.replicas(digest)) {
        weight.add(disk::weigh(&path)?);
        if let Ok(meta) = path.symlink_metadata() {
            links += meta.nlink();
            size_bytes = meta.size();
        }
    }
    let mut holders = Vec::new();
    for holder in index.holders(digest)? {
        let mut snapshots = store.dates(&holder.mirror)?;
        snapshots.retain(|taken| holder.covers(*taken));
        holders.push(Holder { mirror: holder.mirror, path: holder.path, snapshots });
    }
    let size_bytes = row.map_or(size_bytes, |row| row.size_bytes);
    Ok(Some(Held { digest, size_bytes, weight, links, holders }))
}

/// Finds the objects whose digests begin with these hexadecimal digits, up to a number.
///
/// # Errors
/// The index cannot be read.
pub fn beginning(store: &Store, digits: &str, limit: usize) -> Result<Vec<Digest>> {
    let filled = |with: &str| -> Option<Digest> {
        let missing = 64_usize.checked_sub(digits.len())?;
        format!("{}{}", digits.to_ascii_lowercase(), with.repeat(missing)).parse().ok()
    };
    let (Some(low), Some(high)) = (filled("0"), filled("f")) else { return Ok(Vec::new()) };
    Ok(store.index()?.between(low, high, limit)?)
}

/// Finds what a path of a mirror was, span by span, oldest first.
///
/// # Errors
/// The index cannot be read.
pub fn path(store: &Store, mirror: &Name, path: &RelPath) -> Result<Vec<Span>> {
    Ok(store.index()?.spans(mirror, path)?)
}

/// The object of a span; `None` for a symbolic link.
#[must_use]
pub fn object_of(span: &Span) -> Option<Digest> {
    match span.entry.node {
        Node::File { digest, .. } => Some(digest),
        Node::Link { .. } => None,
    }
}

/// Lists the snapshots that have a manifest.
///
/// # Errors
/// The index cannot be read.
pub fn manifest(store: &Store, digest: Digest) -> Result<Vec<(Name, Stamp)>> {
    let index = store.index()?;
    let mut all = Vec::new();
    for mirror in store.mirrors()? {
        let snapshots = index.snapshots(&mirror)?.into_iter();
        all.extend(
            snapshots
                .filter(|(_, manifest)| *manifest == digest)
                .map(|(taken, _)| (mirror.clone(), taken)),
        );
    }
    Ok(all)
}
