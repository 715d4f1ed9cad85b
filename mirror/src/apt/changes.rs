//! Which packages changed between two states of an archive.
//!
//! Only lists that differ are read, both sides at once, in the form that unpacks quickest. What is compared is the list that
//! clients read; whether the files that it names are there is the business of a sync.

mod index;
mod load;

use std::collections::BTreeSet;

use pinfold_store::RelPath;

use super::version::compare_versions;
use crate::change::table::{Row, Table};
use crate::change::{Change, Lists, PackageChange, PackageKind, compare};
use crate::{Result, TreeReader};
use index::{Index, indices};
use load::load;

/// Names every package change between two states, by suite, component, architecture and name.
///
/// Of a name that has several versions, those that went and those that came are paired, the highest first. What is the same
/// in several architectures' lists because it is for all of them is named once.
///
/// Cost: reads the lists whose bytes differ, once; some 10 MB of memory for 60,000 packages on either side.
///
/// # Errors
/// [`crate::Error::BadMetadata`] where a `Release` or a list cannot be followed; whatever `each` fails with.
pub fn changes(
    old: &dyn TreeReader,
    new: &dyn TreeReader,
    each: &mut dyn FnMut(&PackageChange<'_>) -> Result<()>,
) -> Result<Lists> {
    let (olds, news) = rayon::join(|| indices(old), || indices(new));
    let (olds, news) = (olds?, news?);
    let paths: BTreeSet<&RelPath> = olds.keys().chain(news.keys()).collect();
    let mut told = BTreeSet::new();
    for path in paths {
        let (was, is) = (olds.get(path), news.get(path));
        let Some(place) = is.or(was) else { continue };
        if was.zip(is).is_some_and(|(was, is)| was.is_same(is)) {
            continue;
        }
        let load = |tree, index: Option<&Index>| load(tree, index.map(|one| (path, one)));
        let (was, is) = rayon::join(|| load(old, was), || load(new, is));
        let (was, is) = (was?, is?);
        let mut reporting = Reporting { place, told: &mut told, each: &mut *each };
        compare(&was, &is, compare_versions, &mut |table, row, change| {
            reporting.tell(table, row, change)
        })?;
    }
    Ok(Lists { old: olds.len(), new: news.len() })
}

/// Tells the changes in one list.
struct Reporting<'a> {
    place: &'a Index,
    /// What was told of packages for all architectures, whose lists all name them.
    told: &'a mut BTreeSet<Vec<u8>>,
    each: &'a mut dyn FnMut(&PackageChange<'_>) -> Result<()>,
}

impl Reporting<'_> {
    fn tell(&mut self, table: &Table, row: &Row, change: Change<'_>) -> Result<()> {
        let change = PackageChange {
            suite: &self.place.suite,
            component: &self.place.component,
            architecture: table.architecture(row),
            kind: self.place.kind,
            name: table.name(row),
            source: table.source(row),
            change,
        };
        if change.architecture == b"all" && !self.told.insert(identity(&change)) {
            return Ok(());
        }
        (self.each)(&change)
    }
}

/// Makes one text of where, what and how.
fn identity(one: &PackageChange<'_>) -> Vec<u8> {
    let (how, old, new): (&[u8], &[u8], &[u8]) = match one.change {
        Change::Added(new) => (b"+", b"", new),
        Change::Removed(old) => (b"-", old, b""),
        Change::Upgraded(old, new) | Change::Downgraded(old, new) => (b">", old, new),
        Change::Rebuilt(version) => (b"=", version, version),
    };
    [one.suite, one.component, one.name, how, old, new].join(&b'\n')
}

#[cfg(test)]
mod tests;
