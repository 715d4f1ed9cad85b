//! Checking the union: every fixed file of every published snapshot, the newest holder's content, and nothing of anybody else's.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pinfold_store::index::Index;
use pinfold_store::{
    Class, Code, Digest, Finding, IoContext, Name, Node, Record, RelPath, Report, Stamp, Store,
    path::escape_path,
};

use super::tree::is_object;
use crate::Result;
use crate::layout::Www;
use crate::publish::published_dates;

/// Findings that are listed one by one; what is wrong with the union is usually wrong everywhere.
const FINDINGS_MAX: usize = 50;

/// Checks that the union has every fixed file of a published snapshot, or what a newer one has in its place.
///
/// Cost: one look at each fixed file.
///
/// # Errors
/// The manifest cannot be read.
pub fn union(store: &Store, record: &Record) -> Result<Report> {
    let top = Www::new(store.root()).union(&record.mirror);
    let mut published = published_dates(store, &record.mirror)?;
    published.reverse();
    // Without an index that can be read only the names are looked at; that is for fsck to say.
    let check = Check { store, mirror: &record.mirror, published, index: store.index().ok() };
    let name = format!("{}@{}", record.mirror, record.taken);
    let mut report = Report::default();
    for entry in store.manifest(record.manifest)? {
        let entry = entry?;
        let Node::File { digest, class: Class::Fixed, .. } = entry.node else { continue };
        let found = top.join(entry.path.as_path()).symlink_metadata();
        let (code, detail) = match found {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (
                Code::UnionMissing,
                "it is not in the union: a client that read an older index may miss it".to_owned(),
            ),
            Err(error) => (Code::UnionDiffers, format!("it cannot be read: {error}")),
            Ok(meta) if meta.is_file() && check.accepts(&entry.path, digest, &meta)? => continue,
            Ok(_) => (
                Code::UnionDiffers,
                "what the union has under this name is no object that a published snapshot has there".to_owned(),
            ),
        };
        report.findings.push(Finding {
            code,
            subject: format!("{name} {}", entry.path),
            detail,
            remedy: format!("pinfold publish {name} puts it right"),
        });
        if report.findings.len() >= FINDINGS_MAX {
            break;
        }
    }
    Ok(report)
}

struct Check<'a> {
    store: &'a Store,
    mirror: &'a Name,
    /// Published dates, newest first.
    published: Vec<Stamp>,
    index: Option<Index>,
}

impl Check<'_> {
    /// Says whether a file of the union is an object that belongs under its name.
    fn accepts(&self, path: &RelPath, digest: Digest, meta: &std::fs::Metadata) -> Result<bool> {
        if is_object(self.store, digest, meta) {
            return Ok(true);
        }
        let Some(index) = &self.index else { return Ok(true) };
        let spans = index.spans(self.mirror, path)?;
        let newest =
            self.published.iter().find_map(|taken| spans.iter().find(|span| span.covers(*taken)));
        if let Some(Node::File { digest, .. }) = newest.map(|span| &span.entry.node)
            && is_object(self.store, *digest, meta)
        {
            return Ok(true);
        }
        // In a newer snapshot the name may lead through a link to any object of the mirror's.
        Ok(!index.links(self.mirror)?.is_empty() && meta.nlink() > 1)
    }
}

/// Finds what is in a mirror's union and is no object: a file that somebody put there has one name only.
///
/// # Errors
/// The union cannot be listed.
pub fn union_strays(store: &Store, mirror: &Name) -> Result<Report> {
    let strays = strays_of_union(store, mirror)?;
    let findings = strays.iter().take(FINDINGS_MAX).map(|path| stray(path)).collect();
    Ok(Report { findings, ..Report::default() })
}

/// Lists what is in a mirror's union and is no object.
pub(crate) fn strays_of_union(store: &Store, mirror: &Name) -> Result<Vec<PathBuf>> {
    let mut strays = Vec::new();
    let top = Www::new(store.root()).union(mirror);
    let mut open: Vec<PathBuf> = vec![top.clone()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            // No union yet; a folder that is gone again was emptied meanwhile.
            continue;
        };
        for entry in entries {
            let path = entry.at("list", &folder)?.path();
            let Ok(meta) = path.symlink_metadata() else { continue };
            if meta.is_dir() {
                open.push(path);
            } else if !meta.is_file() || meta.nlink() < 2 {
                strays.push(path);
            }
        }
    }
    Ok(strays)
}

fn stray(path: &Path) -> Finding {
    let shown = escape_path(path);
    Finding {
        code: Code::UnionDiffers,
        subject: shown.clone(),
        detail: "it is no object of the store, and it is served".to_owned(),
        remedy: format!("see who put it there: rm {shown}"),
    }
}
