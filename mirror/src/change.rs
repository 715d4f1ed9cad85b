//! What happened to packages between two states of an archive, whatever its family.
//!
//! A family reads its lists into tables; what is paired with what, and in which order it is told, is the same for
//! all of them.

pub(crate) mod table;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::Result;
use table::{Content, Row, Table};

/// What a package list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageKind {
    /// What is installed.
    Binary,
    /// What it is built from.
    Source,
}

/// A change of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change<'a> {
    /// This version came.
    Added(&'a [u8]),
    /// This version went.
    Removed(&'a [u8]),
    /// A higher version came for a lower one.
    Upgraded(&'a [u8], &'a [u8]),
    /// A lower version came for a higher one.
    Downgraded(&'a [u8], &'a [u8]),
    /// The version stayed and its content did not.
    Rebuilt(&'a [u8]),
}

/// A changed package, in the bytes of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageChange<'a> {
    /// The suite, as a `deb` line names it: `noble-updates`; of a flat archive its folder with a slash at its end. Of a
    /// repository of rpm packages its folder, empty where it is the mirror's only one.
    pub suite: &'a [u8],
    /// The component, `main/debian-installer` for packages of the installer; empty in flat archives and for rpm.
    pub component: &'a [u8],
    /// The architecture, `all` or `noarch` for what every one of them has; for sources empty, or `src`.
    pub architecture: &'a [u8],
    /// Whether it is a binary or a source package.
    pub kind: PackageKind,
    /// The package's name.
    pub name: &'a [u8],
    /// The name of its source package.
    pub source: &'a [u8],
    /// What happened to it.
    pub change: Change<'a>,
}

/// How many package lists two states have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lists {
    /// The old one.
    pub old: usize,
    /// The new one.
    pub new: usize,
}

/// Takes what happened to a package: the table and row of what came, or of what went where nothing came for it.
pub(crate) type Tell<'a> = dyn FnMut(&Table, &Row, Change<'_>) -> Result<()> + 'a;

/// Names every change between two sorted tables, by what makes a row's package one.
///
/// Of a package that has several versions, those that went and those that came are paired, the highest first.
pub(crate) fn compare(
    old: &Table,
    new: &Table,
    order: fn(&[u8], &[u8]) -> Ordering,
    tell: &mut Tell<'_>,
) -> Result<()> {
    let (mut was, mut is) = (old.rows(), new.rows());
    loop {
        let key = match (was.first(), is.first()) {
            (None, None) => return Ok(()),
            (Some(was), None) => old.key(was),
            (None, Some(is)) => new.key(is),
            (Some(was), Some(is)) => old.key(was).min(new.key(is)),
        };
        let old_rows = was.iter().take_while(|row| old.key(row) == key).count();
        let new_rows = is.iter().take_while(|row| new.key(row) == key).count();
        let (old_rows, old_rest) = was.split_at(old_rows);
        let (new_rows, new_rest) = is.split_at(new_rows);
        group(
            Group { table: old, rows: old_rows },
            Group { table: new, rows: new_rows },
            order,
            tell,
        )?;
        (was, is) = (old_rest, new_rest);
    }
}

/// The rows of one package in a table; there may be none.
#[derive(Clone, Copy)]
struct Group<'a> {
    table: &'a Table,
    rows: &'a [Row],
}

/// The versions of a package, each with the first of its rows and all of them, since one version may stand several times.
type Versions<'a> = BTreeMap<&'a [u8], (&'a Row, &'a [Row])>;

impl<'a> Group<'a> {
    fn versions(&self) -> Versions<'a> {
        let table = self.table;
        self.rows
            .chunk_by(|one, other| table.version(one) == table.version(other))
            .filter_map(|rows| rows.first().map(|first| (table.version(first), (first, rows))))
            .collect()
    }
}

/// Compares the versions of one package.
fn group(
    old: Group<'_>,
    new: Group<'_>,
    order: fn(&[u8], &[u8]) -> Ordering,
    tell: &mut Tell<'_>,
) -> Result<()> {
    if let ([was], [is]) = (old.rows, new.rows)
        && was.content == is.content
        && old.table.version(was) == new.table.version(is)
    {
        return Ok(());
    }
    let (olds, news) = (old.versions(), new.versions());
    for (version, (row, rows)) in &news {
        if olds.get(version).is_some_and(|(_, before)| is_rebuilt(before, rows)) {
            tell(new.table, row, Change::Rebuilt(version))?;
        }
    }
    let mut gone: Vec<_> =
        olds.iter().filter(|(version, _)| !news.contains_key(*version)).collect();
    let mut come: Vec<_> =
        news.iter().filter(|(version, _)| !olds.contains_key(*version)).collect();
    gone.sort_by(|one, other| order(other.0, one.0));
    come.sort_by(|one, other| order(other.0, one.0));
    for at in 0..gone.len().max(come.len()) {
        match (gone.get(at), come.get(at)) {
            (Some((was, _)), Some((is, (row, _)))) => {
                let change = match order(was, is) {
                    Ordering::Less => Change::Upgraded(was, is),
                    Ordering::Greater => Change::Downgraded(was, is),
                    // Two spellings of one version.
                    Ordering::Equal => Change::Rebuilt(is),
                };
                tell(new.table, row, change)?;
            }
            (Some((was, (row, _))), None) => tell(old.table, row, Change::Removed(was))?,
            (None, Some((is, (row, _)))) => tell(new.table, row, Change::Added(is))?,
            (None, None) => {}
        }
    }
    Ok(())
}

/// Says whether rows of one version hold something else than those of another state do, as far as both state it in one way: a
/// list that moves to another kind of checksum says nothing about its packages.
fn is_rebuilt(old: &[Row], new: &[Row]) -> bool {
    let kinds = |rows: &[Row]| -> BTreeSet<_> { rows.iter().map(|row| row.content.kind).collect() };
    let (olds, news) = (kinds(old), kinds(new));
    let contents = |rows: &[Row]| -> BTreeSet<Content> {
        let contents = rows.iter().map(|row| row.content);
        contents.filter(|one| olds.contains(&one.kind) && news.contains(&one.kind)).collect()
    };
    contents(old) != contents(new)
}
