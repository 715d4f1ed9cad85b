//! The signatures of packages, which stand beside them or in the database: each is judged once by the same keys, and what was
//! found is in the record.
//!
//! Where nobody signs databases, as at Arch, they are the chain: a package that a key of the keyrings signed is authentic
//! wherever its database comes from.

use std::collections::BTreeMap;
use std::io::Read;

use pinfold_store::{Digest, Entry, Monitor, Node, RelPath};
use rayon::prelude::*;

use super::archive::{Archive, Packages};
use super::desc::SIGNATURE_BYTES_MAX;
use super::package::signature_of;
use crate::rpm::package::Verdict;
use crate::rpm::signatures::{Found, Judged, tell};
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
    monitor.step("checking the packages' signatures", u64::try_from(signed.len()).ok());
    let keys = keys(archive)?;
    let shared: &dyn Supply = &*supply;
    let one = |one: &Signed<'_>| {
        let judged = judge(archive, shared, (one, keys))?;
        monitor.advance(1);
        Ok(judged)
    };
    let found: Vec<(Judged, bool)> = signed.par_iter().map(one).collect::<Result<_>>()?;
    let mut anew = Vec::new();
    for (one, (judged, is_known)) in signed.iter().zip(&found) {
        if !is_known {
            anew.push((one.content.digest, format!("{} {}", mark(one), judged.written())));
        }
    }
    let found: Vec<Found<'_>> = signed
        .iter()
        .zip(found)
        .map(|(one, (judged, is_known))| (one.path, one.content.digest, judged, is_known))
        .collect();
    // Remembered before a flaw refuses the state: the next attempt reads no package again.
    supply.remember_judged(keys, &anew)?;
    tell(archive.selection.package_signatures, &found, state, monitor)
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

/// Names keys and rules: what was judged by others is judged anew.
fn keys(archive: &Archive) -> Result<Digest> {
    let mut text = archive.vendors.armor()?;
    text.extend_from_slice(archive.belief.signers.join(" ").as_bytes());
    text.push(u8::from(archive.belief.weak_keys));
    text.extend_from_slice(b"pacman");
    Ok(Digest::of(&text))
}

/// Names the signature: a package that was signed anew is judged anew.
fn mark(one: &Signed<'_>) -> String {
    one.signature.as_ref().map_or_else(|| "none".to_owned(), |bytes| Digest::of(bytes).to_string())
}

fn judge(
    archive: &Archive,
    supply: &dyn Supply,
    (one, keys): (&Signed<'_>, Digest),
) -> Result<(Judged, bool)> {
    if let Some(text) = supply.judged(one.content, keys)?
        && let Some((marked, rest)) = text.split_once(' ')
        && marked == mark(one)
        && let Some(known) = Judged::read(rest)
    {
        return Ok((known, true));
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
    Ok((Judged::of(&verdict), false))
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
        match signature.judge(&archive.vendors, &archive.rules()) {
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
