//! The signatures that packages themselves carry: each is judged once by the same keys, and what was found is in the record.
//!
//! Checksums of signed metadata say which bytes are right without them. They are the chain where a vendor signs packages only.

use pinfold_store::{Entry, Monitor, Node, RelPath};

use super::archive::Archive;
use super::package;
use crate::judged::{self, Found, Judged};
use crate::supply::{Content, State, Supply};
use crate::{Error, Result};

/// Judges every package of a state.
pub(super) fn check(
    archive: &Archive,
    supply: &mut dyn Supply,
    (entries, state): (&[&Entry], &mut State),
    monitor: &dyn Monitor,
) -> Result<()> {
    if supply.is_dry() {
        return Ok(());
    }
    let packages: Vec<(&RelPath, Content)> =
        entries.iter().copied().filter_map(package_of).collect();
    let keys = judged::keys(&archive.vendors, &archive.belief, b"")?;
    let judge = |supply: &dyn Supply, (path, content): &(&'_ RelPath, Content)| {
        let known = supply.judged(*content, keys)?.and_then(|text| Judged::read(&text));
        let (judged, anew) = match known {
            Some(known) => (known, None),
            None => {
                let judged = judge(archive, supply, (path, *content))?;
                let written = judged.written();
                (judged, Some(written))
            }
        };
        Ok(Found { path: (*path).clone(), digest: content.digest, judged, anew })
    };
    let signatures = archive.selection.package_signatures;
    judged::check(supply, (&packages, keys), judge, (signatures, state), monitor)
}

/// Whatever a package is called: clients go by what the list says.
fn package_of(entry: &Entry) -> Option<(&RelPath, Content)> {
    match entry.node {
        Node::File { digest, size_bytes, .. } => {
            Some((&entry.path, Content { digest, size_bytes }))
        }
        Node::Link { .. } => None,
    }
}

fn judge(
    archive: &Archive,
    supply: &dyn Supply,
    (path, content): (&RelPath, Content),
) -> Result<Judged> {
    let from = supply.open(content)?;
    let rules = archive.belief.rules(archive.now);
    match package::check(from, &archive.vendors, &rules, &path.to_string()) {
        Ok(checked) => Ok(Judged::of(&checked.verdict)),
        Err(Error::BadMetadata { why, .. }) => Ok(Judged::bad(why)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
