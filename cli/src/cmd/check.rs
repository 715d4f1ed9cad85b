//! `verify`, and what it shares with `fsck`: looking at what is kept and published.

use std::time::Duration;

use pinfold_mirror::prove::prove_again;
use pinfold_publisher::layout::Spec;
use pinfold_publisher::{check, publish};
use pinfold_store::check::{Depth, Effort};
use pinfold_store::{Monitor, Name, Record, Report, Stamp, Store};

use super::Done;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Progress};

/// How often what was found is looked at again, and how often and long a run that changes the site is waited for before.
const LOOKS: u32 = 3;
const PAUSES: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

pub(super) fn verify(context: &Context, spec: &Spec, depth: Depth) -> Done {
    let store = context.store_on_any_disk()?;
    let taken = spec.resolve(&store)?;
    let progress = Progress::new();
    let report = look_at(&store, (&spec.mirror, taken), depth, &progress)?;
    progress.finish();
    let is_published = publish::is_published(&store, &spec.mirror, taken)?;
    let tree = if is_published { "its tree stands" } else { "it is not published" };
    tell(context, &report, &format!("{}@{taken}", spec.mirror), tree)
}

/// Looks at everything of a snapshot, for a person or before a channel shows it.
pub(super) fn look_at(
    store: &Store,
    (mirror, taken): (&Name, Stamp),
    depth: Depth,
    progress: &dyn Monitor,
) -> Result<Report, Failure> {
    let mut report = store.verify(mirror, taken, depth, progress)?;
    if let Ok(record) = store.record(mirror, taken) {
        report.merge(prove_again(store, &record, progress)?);
    }
    let is_published = publish::is_published(store, mirror, taken)?;
    if is_published && let Ok(record) = store.record(mirror, taken) {
        report.merge(compare(store, &record, progress)?);
    }
    Ok(report)
}

/// Compares tree and union; a manifest that cannot be read was a finding before, a tree that was taken down meanwhile is none.
fn compare(store: &Store, record: &Record, progress: &dyn Monitor) -> Result<Report, Failure> {
    let compared = steady(store, &|| {
        let mut report = check::verify_tree(store, record, progress)?;
        report.merge(check::union(store, record)?);
        Ok(report)
    });
    let stands = publish::is_published(store, &record.mirror, record.taken)?;
    match compared {
        _ if !stands => Ok(Report::default()),
        Ok(report) => Ok(report),
        Err(_) if !store.is_whole_manifest(record.manifest) => Ok(Report::default()),
        Err(error) => Err(error.into()),
    }
}

/// Looks at the site; what is found counts when it is found again while nobody changes the site.
fn steady(
    store: &Store,
    look: &dyn Fn() -> pinfold_publisher::Result<Report>,
) -> pinfold_publisher::Result<Report> {
    let mut found = look();
    for _ in 0..LOOKS {
        if found.as_ref().is_ok_and(|report| report.findings.is_empty()) {
            break;
        }
        for _ in 0..PAUSES {
            if !store.is_site_changed() {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        found = look();
    }
    found
}

/// Says what was found.
pub(super) fn tell(context: &Context, report: &Report, subject: &str, also: &str) -> Done {
    if context.json {
        ui::print_json(&ui::report_json(report))?;
    } else if report.findings.is_empty() {
        ui::print(&format!(
            "{subject} is whole: {} looked at, {} read, {also}",
            report.files,
            ui::bytes(report.bytes)
        ))?;
    } else {
        ui::print(&format!(
            "{}{subject}: {} findings",
            ui::findings(report),
            report.findings.len()
        ))?;
    }
    Ok(Outcome::of(report))
}

/// Looks at the whole store and at all that is published.
pub(super) fn look(store: &Store, effort: &Effort, progress: &Progress) -> Result<Report, Failure> {
    let mut report = store.fsck(effort, progress)?;
    report.merge(steady(store, &|| check::channels(store))?);
    report.merge(steady(store, &|| check::dates(store))?);
    for mirror in store.mirrors()? {
        report.merge(steady(store, &|| check::union_strays(store, &mirror))?);
        for taken in publish::published_dates(store, &mirror)? {
            if let Ok(record) = store.record(&mirror, taken) {
                report.merge(compare(store, &record, progress)?);
            }
        }
    }
    Ok(report)
}
