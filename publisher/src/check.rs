//! Checking what is published against manifests and records.

mod tree;
mod union;

use pinfold_store::{Code, Finding, Name, Report, Stamp, Store, disk};

use crate::layout::Www;
use crate::publish::{at, published_dates};
use crate::{Error, Result, generation};

pub use tree::verify_tree;
pub(crate) use tree::{Fault, faults, is_object};
pub(crate) use union::strays_of_union;
pub use union::{union, union_strays};

/// Checks that every channel points to a whole generation whose trees are published, and that its history can be read.
///
/// # Errors
/// The channels cannot be listed.
pub fn channels(store: &Store) -> Result<Report> {
    let mut report = Report::default();
    let www = Www::new(store.root());
    let recorded = disk::names(&www.root_of_records())?;
    let recorded = recorded.iter().filter_map(|name| name.to_str()?.parse::<Name>().ok());
    let mut all: Vec<Name> = generation::channels(store)?.into_iter().chain(recorded).collect();
    all.sort_unstable();
    all.dedup();
    for channel in all {
        match generation::current(store, &channel) {
            Ok(current) => {
                report.merge(generation(store, &current)?);
                report.findings.extend(history(store, &channel));
            }
            Err(Error::NoChannel { .. }) if generation::newest(&www, &channel)?.is_none() => {}
            Err(error) => report.findings.push(Finding {
                code: Code::ChannelBroken,
                subject: format!("channel {channel}"),
                detail: why(&error),
                remedy: "pinfold init finds the newest generation that has a record".to_owned(),
            }),
        }
    }
    Ok(report)
}

/// Joins an error's sources.
fn why(error: &Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// Finds what a rollback would stumble over.
fn history(store: &Store, channel: &Name) -> Option<Finding> {
    let error = generation::history(store, channel).err()?;
    Some(Finding {
        code: Code::GenerationDamaged,
        subject: format!("channel {channel}, its history"),
        detail: why(&error),
        remedy: "restore the record from a backup; until then name what to show: pinfold promote MIRROR@DATE --to CHANNEL".to_owned(),
    })
}

/// Checks that a generation leads to published trees, and has the root metadata of each mirror.
///
/// # Errors
/// That cannot be known.
pub fn generation(store: &Store, shown: &generation::Generation) -> Result<Report> {
    let mut report = Report::default();
    let www = Www::new(store.root());
    for (mirror, at) in &shown.mirrors {
        let folder = www.generation(&shown.channel, shown.number).join(mirror.as_str());
        let wanted = www.snapshot_tree(mirror, at.snapshot);
        let is_whole = disk::stands(&folder.join("heads"))?
            && std::fs::canonicalize(folder.join("tree")).ok()
                == std::fs::canonicalize(&wanted).ok()
            && disk::stands(&wanted)?;
        if !is_whole {
            report.findings.push(Finding {
                code: Code::GenerationDamaged,
                subject: format!(
                    "channel {}, generation {}, {mirror}",
                    shown.channel, shown.number
                ),
                detail: format!(
                    "it lacks root metadata, or does not lead to a published tree of {mirror}@{}",
                    at.snapshot
                ),
                remedy: "pinfold init makes anew what its record says".to_owned(),
            });
        }
    }
    Ok(report)
}

/// Finds trees that no record knows, and days and hours that lead elsewhere than to the newest snapshot before them.
///
/// # Errors
/// The site or the records cannot be listed.
pub fn dates(store: &Store) -> Result<Report> {
    let mut report = Report::default();
    let folder = Www::new(store.root()).folder().join("snapshots");
    for name in disk::names(&folder)? {
        let Some(mirror) = name.to_str().and_then(|name| name.parse::<Name>().ok()) else {
            report.findings.push(stray(&folder.join(&name)));
            continue;
        };
        let kept = store.dates(&mirror)?;
        for name in disk::names(&folder.join(&name))? {
            let taken = name.to_str().and_then(|name| name.parse::<Stamp>().ok());
            if taken.is_none_or(|taken| kept.binary_search(&taken).is_err()) {
                report.findings.push(stray(&folder.join(mirror.as_str()).join(&name)));
            }
        }
        // Days follow a new snapshot when it is published: until then they are right as they are.
        if kept.last().is_some_and(|newest| {
            published_dates(store, &mirror).is_ok_and(|dates| dates.contains(newest))
        }) {
            report.findings.extend(days(store, &mirror)?);
        }
    }
    Ok(report)
}

fn stray(path: &std::path::Path) -> Finding {
    let shown = pinfold_store::path::escape_path(path);
    Finding {
        code: Code::TreeStray,
        subject: shown.clone(),
        detail: "no record knows it, and it is served".to_owned(),
        remedy: format!(
            "bring its record back from a backup, or remove it: chmod -R u+w {shown} && rm -r {shown}"
        ),
    }
}

fn days(store: &Store, mirror: &Name) -> Result<Vec<Finding>> {
    let wrong = at::wrong_around(store, mirror)?;
    let found = wrong.into_iter().map(|taken| Finding {
        code: Code::DayWrong,
        subject: format!("{mirror}@{taken}"),
        detail: "a day or hour around it leads to another snapshot than the newest before it"
            .to_owned(),
        remedy: format!("pinfold publish {mirror}@{taken}"),
    });
    Ok(found.collect())
}
