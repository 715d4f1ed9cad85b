//! What was asked about: digits of an object, a path below the root, a path of an archive, a snapshot.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use pinfold_publisher::explain;
use pinfold_publisher::layout::Spec;
use pinfold_store::index::Span;
use pinfold_store::path::{escape, escape_path};
use pinfold_store::{Digest, Name, RelPath, Stamp, Store};

use super::spans_of;
use crate::failure::Failure;

/// Digits of a digest that are enough to be meant as one.
const DIGITS_MIN: usize = 8;
/// Objects that are explained at once.
const OBJECTS_MAX: usize = 8;

/// What was asked about.
pub(super) enum Asked {
    /// Objects.
    Objects(Vec<Digest>),
    /// A path of mirrors.
    Path(Vec<(Name, Span)>),
    /// Snapshots, and what of theirs it is.
    Snapshots(String, Vec<(Name, Stamp)>),
    /// What no snapshot has: the words say it all.
    Said(String),
}

pub(super) fn read(store: &Store, what: &OsStr) -> Result<Asked, Failure> {
    let bytes = what.as_bytes();
    if let Some(digits) = what.to_str().filter(|text| is_digits(text)) {
        let found = explain::beginning(store, digits, OBJECTS_MAX + 1)?;
        return match found.len() {
            0 => Err(Failure::usage(format!("no object begins with {digits}"))),
            count if count > OBJECTS_MAX => Err(Failure::usage(format!(
                "more than {OBJECTS_MAX} objects begin with {digits}: give more digits"
            ))),
            _ => Ok(Asked::Objects(found)),
        };
    }
    if bytes.starts_with(b"/") {
        return below_root(store, Path::new(what));
    }
    if let Some(spec) = what.to_str().and_then(|text| text.parse::<Spec>().ok())
        && spec.wanted.is_some()
        && store.mirrors()?.contains(&spec.mirror)
    {
        let taken = spec.resolve(store)?;
        let said = format!("snapshot {}@{taken}", spec.mirror);
        return Ok(Asked::Snapshots(said, vec![(spec.mirror, taken)]));
    }
    let (only, path) = mirror_and_path(store, bytes)?;
    let path = RelPath::parse(path).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(Asked::Path(spans_of(store, only.as_ref(), &path)?))
}

fn is_digits(text: &str) -> bool {
    (DIGITS_MIN..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Reads `MIRROR:PATH`, where there is such a mirror; else all of it is a path.
fn mirror_and_path<'a>(
    store: &Store,
    bytes: &'a [u8],
) -> Result<(Option<Name>, &'a [u8]), Failure> {
    if let Some(at) = bytes.iter().position(|byte| *byte == b':')
        && let Ok(name) = String::from_utf8_lossy(&bytes[..at]).parse::<Name>()
        && store.mirrors()?.contains(&name)
    {
        return Ok((Some(name), &bytes[at + 1..]));
    }
    Ok((None, bytes))
}

/// A file or folder below the root; links are followed, so that what a channel shows is a file of a dated tree.
fn below_root(store: &Store, path: &Path) -> Result<Asked, Failure> {
    let shown = escape_path(path);
    let real = std::fs::canonicalize(path)
        .map_err(|error| Failure::usage(format!("cannot find {shown}: {error}")))?;
    let root = std::fs::canonicalize(store.root())
        .map_err(|error| Failure::machine(format!("cannot resolve the root: {error}")))?;
    let Ok(below) = real.strip_prefix(&root) else {
        return Err(Failure::usage(format!("{shown} is not below {}", root.display())));
    };
    let parts: Vec<&[u8]> = below
        .components()
        .filter_map(|part| match part {
            Component::Normal(part) => Some(part.as_bytes()),
            _ => None,
        })
        .collect();
    match parts.as_slice() {
        [b"objects", shard, rest] => object(shard, rest, &shown),
        [b"manifests", shard, rest] => manifest(store, (shard, rest), &shown),
        [b"snapshots", mirror, date] => record(mirror, date, &shown),
        [b"www", b"snapshots", mirror, date] => record(mirror, date, &shown),
        [b"www", b"snapshots", mirror, date, path @ ..] => {
            tree(store, (mirror, Some(date)), &path.join(&b'/'), &shown)
        }
        [b"www", b"union", mirror, path @ ..] if !path.is_empty() => {
            tree(store, (mirror, None), &path.join(&b'/'), &shown)
        }
        [b"www", b"generations", channel, number, ..] => Ok(Asked::Said(format!(
            "{shown} is root metadata of generation {} of {}: it goes when the channel has shown another generation for the whole grace; its record stays",
            escape(number),
            escape(channel)
        ))),
        [b"incoming", name] if *name == b"reserve" => Ok(Asked::Said(format!(
            "{shown} is room set aside for runs that must work on a full disk"
        ))),
        [b"incoming", ..] => Ok(Asked::Said(format!(
            "{shown} is work in progress, or what a run left that died: the next prune while nothing runs removes it"
        ))),
        _ => Err(Failure::usage(format!("{shown} is nothing that prune removes"))),
    }
}

fn object(shard: &[u8], rest: &[u8], shown: &str) -> Result<Asked, Failure> {
    // A replica's number follows a dot.
    let rest = rest.split(|byte| *byte == b'.').next().unwrap_or_default();
    let digest = String::from_utf8_lossy(&[shard, rest].concat()).parse::<Digest>();
    let digest = digest.map_err(|_no_digest| Failure::usage(format!("{shown} is no object")))?;
    Ok(Asked::Objects(vec![digest]))
}

fn manifest(store: &Store, (shard, rest): (&[u8], &[u8]), shown: &str) -> Result<Asked, Failure> {
    let stem = rest.strip_suffix(b".zst").unwrap_or(rest);
    let digest = String::from_utf8_lossy(&[shard, stem].concat()).parse::<Digest>();
    let digest = digest.map_err(|_no_digest| Failure::usage(format!("{shown} is no manifest")))?;
    let snapshots = explain::manifest(store, digest)?;
    Ok(Asked::Snapshots(format!("manifest {digest}"), snapshots))
}

fn names(mirror: &[u8], date: &[u8], shown: &str) -> Result<(Name, Stamp), Failure> {
    let no = || Failure::usage(format!("{shown} belongs to no snapshot"));
    let mirror = String::from_utf8_lossy(mirror).parse().map_err(|_bad| no())?;
    let date = String::from_utf8_lossy(date).parse().map_err(|_bad| no())?;
    Ok((mirror, date))
}

fn record(mirror: &[u8], date: &[u8], shown: &str) -> Result<Asked, Failure> {
    let (mirror, taken) = names(mirror, date, shown)?;
    Ok(Asked::Snapshots(format!("snapshot {mirror}@{taken}"), vec![(mirror, taken)]))
}

/// A file of a dated tree, or of the union.
fn tree(
    store: &Store,
    (mirror, date): (&[u8], Option<&[u8]>),
    path: &[u8],
    shown: &str,
) -> Result<Asked, Failure> {
    let path = RelPath::parse(path).map_err(|error| Failure::usage(error.to_string()))?;
    let Some(date) = date else {
        let mirror = String::from_utf8_lossy(mirror)
            .parse::<Name>()
            .map_err(|_bad| Failure::usage(format!("{shown} belongs to no mirror")))?;
        return Ok(Asked::Path(spans_of(store, Some(&mirror), &path)?));
    };
    let (mirror, taken) = names(mirror, date, shown)?;
    let mut spans = spans_of(store, Some(&mirror), &path)?;
    spans.retain(|(_, span)| span.covers(taken));
    if spans.is_empty() {
        return Err(Failure::usage(format!(
            "{shown} is no file that the manifest of {mirror}@{taken} names"
        ))
        .hint(format!("pinfold verify {mirror}@{taken}")));
    }
    Ok(Asked::Path(spans))
}
