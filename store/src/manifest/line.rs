//! One line of a manifest: how it is written, and read back.

use super::{Class, Entry, Node};
use crate::{Digest, RelPath};

/// Says what keeps a node from standing in a manifest.
pub(super) fn flaw(node: &Node) -> Option<&'static str> {
    match node {
        Node::Link { target } => target_flaw(target),
        Node::File { .. } => None,
    }
}

fn target_flaw(target: &[u8]) -> Option<&'static str> {
    let bad = target.is_empty()
        || target[0] == b'/'
        || target.contains(&0)
        || target.len() >= crate::path::PATH_BYTES_MAX;
    bad.then_some("a link's target is empty, absolute, too long or holds a NUL byte")
}

/// Appends an entry's line.
pub(super) fn write(entry: &Entry, to: &mut Vec<u8>) {
    to.push(match &entry.node {
        Node::File { class: Class::Root, .. } => b'r',
        Node::File { class: Class::Fixed, .. } => b'f',
        Node::File { class: Class::Other, .. } => b'o',
        Node::Link { .. } => b'l',
    });
    if entry.added {
        to.push(b'+');
    }
    to.push(b'\t');
    match &entry.node {
        Node::File { digest, size_bytes, .. } => {
            to.extend_from_slice(digest.to_string().as_bytes());
            to.push(b'\t');
            to.extend_from_slice(size_bytes.to_string().as_bytes());
        }
        Node::Link { target } => escape(target, to),
    }
    to.push(b'\t');
    escape(entry.path.as_bytes(), to);
    to.push(b'\n');
}

/// Reads a line with its end; the caller checks that it is the canonical one.
pub(super) fn parse(line: &[u8]) -> Result<Entry, &'static str> {
    let body = line.strip_suffix(b"\n").ok_or("a line has no end")?;
    let fields: Vec<&[u8]> = body.split(|b| *b == b'\t').collect();
    let (marks, middle, path) = match fields[..] {
        [marks, target, path] => (marks, (target, None), path),
        [marks, digest, size, path] => (marks, (digest, Some(size)), path),
        _ => return Err("a line has not three or four fields"),
    };
    let (kind, added) = match marks.strip_suffix(b"+") {
        Some(kind) => (kind, true),
        None => (marks, false),
    };
    let node = match (kind, middle) {
        (b"l", (target, None)) => link(target)?,
        (b"r", (digest, Some(size))) => file(digest, size, Class::Root)?,
        (b"f", (digest, Some(size))) => file(digest, size, Class::Fixed)?,
        (b"o", (digest, Some(size))) => file(digest, size, Class::Other)?,
        _ => return Err("a line begins with no known class"),
    };
    let path = unescape(path).ok_or("a path has an escape that does not parse")?;
    let path = RelPath::parse(&path).map_err(|_bad| "a path is not one that we take")?;
    Ok(Entry { path, node, added })
}

fn link(target: &[u8]) -> Result<Node, &'static str> {
    let target = unescape(target).ok_or("a target has an escape that does not parse")?;
    match target_flaw(&target) {
        Some(why) => Err(why),
        None => Ok(Node::Link { target: target.into() }),
    }
}

fn file(digest: &[u8], size: &[u8], class: Class) -> Result<Node, &'static str> {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let digest =
        text(digest).and_then(|d| d.parse::<Digest>().ok()).ok_or("a digest does not parse")?;
    let size_bytes = text(size).and_then(|s| s.parse().ok()).ok_or("a size does not parse")?;
    Ok(Node::File { digest, size_bytes, class })
}

/// Says whether a byte is written as an escape.
const fn is_escaped(byte: u8) -> bool {
    matches!(byte, 0..0x20 | 0x7f | b'\\')
}

fn escape(bytes: &[u8], to: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| is_escaped(*byte)) {
        to.extend_from_slice(&rest[..at]);
        to.extend_from_slice(format!("\\x{:02x}", rest[at]).as_bytes());
        rest = &rest[at + 1..];
    }
    to.extend_from_slice(rest);
}

fn unescape(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        plain.extend_from_slice(&rest[..at]);
        let after = &rest[at + 1..];
        let digits = std::str::from_utf8(after.strip_prefix(b"x")?.get(..2)?).ok()?;
        plain.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &after[3..];
    }
    plain.extend_from_slice(rest);
    Some(plain)
}
