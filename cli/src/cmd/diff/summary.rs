//! What differs between two snapshots, for the status page: counted, and the first of each kind by name.

use pinfold_mirror::family::Family;
use pinfold_mirror::rpm::Advisory;
use pinfold_mirror::{Lists, PackageChange};
use pinfold_publisher::page::{AdvisoryLine, ChangeLine, Changes, Draft, Pair};
use pinfold_store::manifest;
use pinfold_store::path::escape;
use pinfold_store::{Monitor, Record, Store};

use super::compare::{Side, changes, file_word, place, words_of};
use super::shared_family;
use crate::failure::Failure;

/// Compares packages, or files where the family or these trees have none.
pub(in crate::cmd) fn summary(
    store: &Store,
    (old, new): (&Record, &Record),
    progress: &dyn Monitor,
) -> Result<Changes, Failure> {
    let pair = Pair { mirror: new.mirror.clone(), old: old.taken, new: new.taken };
    let manifests = (old.manifest, new.manifest);
    let family = shared_family(old, new).filter(|family| *family != Family::Files);
    if old.manifest == new.manifest {
        let what = if family.is_some() { "packages" } else { "files" };
        return Ok(Draft::default().finish(pair, manifests, what));
    }
    if let Some(family) = family
        && let Some(draft) = packages(store, family, (old, new), progress)
    {
        return Ok(draft.finish(pair, manifests, "packages"));
    }
    Ok(files(store, (old, new))?.finish(pair, manifests, "files"))
}

/// `None` where nothing in them lists packages.
fn packages(
    store: &Store,
    family: Family,
    (old, new): (&Record, &Record),
    progress: &dyn Monitor,
) -> Option<Draft> {
    let mut draft = Draft::default();
    let mut each = |change: &PackageChange<'_>| {
        let (word, was, is) = words_of(change.change);
        let line = ChangeLine {
            change: word.to_owned(),
            place: place(change),
            name: escape(change.name),
            old: was.map(escape),
            new: is.map(escape),
        };
        draft.add(change.suite, line);
        Ok(())
    };
    let sides = (&Side::of(store, Some(old)), &Side::of(store, Some(new)));
    let (lists, came) = changes(family, sides, &mut each, progress).ok()?;
    if lists == (Lists { old: 0, new: 0 }) {
        return None;
    }
    for one in came.iter().flatten() {
        draft.advise(line_of(one));
    }
    Some(draft)
}

fn line_of(one: &Advisory) -> AdvisoryLine {
    let word = |text: &str| escape(text.as_bytes());
    AdvisoryLine {
        id: word(&one.id),
        kind: word(&one.kind),
        severity: word(&one.severity),
        cves: one.cves.iter().map(|cve| word(cve)).collect(),
        more_cves: 0,
    }
}

fn files(store: &Store, (old, new): (&Record, &Record)) -> Result<Draft, Failure> {
    let mut draft = Draft::default();
    for change in manifest::diff(store.manifest(old.manifest)?, store.manifest(new.manifest)?) {
        let change = change?;
        let Some(entry) = change.new_entry().or(change.old_entry()) else { continue };
        let line = ChangeLine {
            change: file_word(&change).to_owned(),
            place: String::new(),
            name: entry.path.to_string(),
            old: None,
            new: None,
        };
        draft.add(b"", line);
    }
    Ok(draft)
}
