//! The signatures of packages, which stand beside them or in the database: each is judged once by the same keys, and what was
//! found is in the record.
//!
//! Where nobody signs databases, as at Arch, they are the chain: a package that a key of the keyrings signed is authentic
//! wherever its database comes from.

use std::collections::BTreeMap;
use std::io::Read;

use pinfold_store::{Digest, Entry, Monitor, Node, RelPath};

use super::archive::{Archive, Packages};
use super::desc::SIGNATURE_BYTES_MAX;
use super::package::signature_of;
use crate::judged::{self, Found, Judged, Verdict};
use crate::sign::{self, passing::Passing};
use crate::supply::{Content, State, Supply};
use crate::tree::read_bounded;
use crate::{Error, Result};

/// A package and its signature.
struct Signed<'a> {
    path: &'a RelPath,
    content: Content,
    signature: Option<Vec<u8>>,
}

/// Judges every package of a state.
pub(super) fn check(
    archive: &Archive,
    supply: &mut dyn Supply,
    (packages, entries, state): (&Packages, &[Entry], &mut State),
    monitor: &dyn Monitor,
) -> Result<()> {
    if supply.is_dry() {
        return Ok(());
    }
    let signed = signed(&*supply, packages, entries)?;
    let keys = judged::keys(&archive.vendors, &archive.belief, b"pacman")?;
    let judge = |supply: &dyn Supply, one: &Signed<'_>| judge(archive, supply, (one, keys));
    let signatures = archive.selection.package_signatures;
    judged::check(supply, (&signed, keys), judge, (signatures, state), monitor)
}

/// Finds the packages and their signatures: that of the database counts, as it does for pacman.
fn signed<'a>(
    supply: &dyn Supply,
    packages: &'a Packages,
    entries: &[Entry],
) -> Result<Vec<Signed<'a>>> {
    let mut contents = BTreeMap::new();
    for entry in entries {
        if let Node::File { digest, size_bytes, .. } = entry.node {
            contents.insert(&entry.path, Content { digest, size_bytes });
        }
    }
    let mut signed = Vec::new();
    for (path, signature) in packages {
        let Some(content) = contents.get(path) else { continue };
        let beside = signature_of(path)?;
        let signature = match (signature, contents.get(&beside)) {
            (Some(signature), _) => Some(signature.clone()),
            (None, Some(content)) => {
                let limit = u64::try_from(SIGNATURE_BYTES_MAX).unwrap_or(u64::MAX);
                let from = supply.open(*content)?.take(limit + 1);
                Some(read_bounded(from, limit + 1).map_err(unreadable(&beside))?)
            }
            (None, None) => None,
        };
        signed.push(Signed { path, content: *content, signature });
    }
    Ok(signed)
}

fn unreadable(path: &RelPath) -> impl Fn(std::io::Error) -> Error {
    move |source| Error::Io { action: "read", path: path.as_path().to_owned(), source }
}

/// Names the signature: a package that was signed anew is judged anew.
fn mark(one: &Signed<'_>) -> String {
    one.signature.as_ref().map_or_else(|| "none".to_owned(), |bytes| Digest::of(bytes).to_string())
}

fn judge(
    archive: &Archive,
    supply: &dyn Supply,
    (one, keys): (&Signed<'_>, Digest),
) -> Result<Found> {
    let found =
        |judged, anew| Found { path: one.path.clone(), digest: one.content.digest, judged, anew };
    if let Some(text) = supply.judged(one.content, keys)?
        && let Some((marked, rest)) = text.split_once(' ')
        && marked == mark(one)
        && let Some(known) = Judged::read(rest)
    {
        return Ok(found(known, None));
    }
    let verdict = match &one.signature {
        None => Verdict::Unsigned,
        Some(bytes) if bytes.len() > SIGNATURE_BYTES_MAX => {
            Verdict::Bad { why: "its signature is larger than pacman takes".to_owned() }
        }
        Some(bytes) => match Passing::read(bytes) {
            Err(why) => Verdict::Bad { why: format!("its signature cannot be read: {why}") },
            Ok(signatures) => passed(archive, supply, (one, signatures))?,
        },
    };
    let judged = Judged::of(&verdict);
    let anew = format!("{} {}", mark(one), judged.written());
    Ok(found(judged, Some(anew)))
}

/// Reads a package to its end and judges its signatures.
fn passed(
    archive: &Archive,
    supply: &dyn Supply,
    (one, mut signatures): (&Signed<'_>, Vec<Passing>),
) -> Result<Verdict> {
    let mut from = supply.open(one.content)?;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => signatures.iter_mut().for_each(|one| one.update(&buffer[..read])),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(one.path)(error)),
        }
    }
    let (mut unknown, mut ignored, mut good) = (Vec::new(), Vec::new(), None);
    for signature in signatures {
        match signature.judge(&archive.vendors, &archive.belief.rules(archive.now)) {
            sign::Verdict::Good(by, warning) => {
                let notes = warning.into_iter().collect();
                good = good.or(Some(Verdict::Signed { by, notes }));
            }
            sign::Verdict::Bad(why) => return Ok(Verdict::Bad { why }),
            sign::Verdict::Unknown(name) => unknown.push(name),
            sign::Verdict::Ignored(why) => ignored.push(why),
        }
    }
    Ok(match good {
        Some(good) => good,
        None if !ignored.is_empty() => Verdict::NotCounted { why: ignored.join("; ") },
        None if unknown.is_empty() => Verdict::Unsigned,
        None => Verdict::UnknownKey { names: unknown },
    })
}
