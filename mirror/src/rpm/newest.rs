//! Which packages of a repository are kept where the mirror takes only the newest of each.
//!
//! What a stream of a module consists of is kept whole, however old, and counts for nothing: clients install a stream as it was
//! built, and those that do not use it want the newest of what is outside.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::num::NonZeroUsize;

use super::modules::Module;
use super::nevra::ListedName;
use super::version::compare;

/// Chooses the newest versions of each package, by name and architecture.
#[derive(Debug)]
pub struct Newest {
    versions: NonZeroUsize,
    /// The full names of what modules consist of.
    artifacts: HashSet<Box<[u8]>>,
    /// All texts of packages, one behind the other.
    text: Vec<u8>,
    rows: Vec<Row>,
}

/// A package: where its texts begin and how long they are (name, architecture, epoch, version, release).
#[derive(Debug)]
struct Row {
    at: usize,
    lengths: [usize; 5],
}

impl Newest {
    /// Begins to choose so many versions of each package. What rpm takes for the same version counts as one, and all files of
    /// it are kept.
    #[must_use]
    pub fn new(versions: NonZeroUsize) -> Self {
        Self { versions, artifacts: HashSet::new(), text: Vec::new(), rows: Vec::new() }
    }

    /// Keeps everything that a stream of a module consists of. It may name packages that nobody has.
    pub fn keep_module(&mut self, module: &Module) {
        let names = module.artifacts.iter().map(|one| one.to_string().into_bytes().into());
        self.artifacts.extend(names);
    }

    /// Adds a package; they are numbered from 0 in this order.
    pub fn push(&mut self, one: &ListedName<'_>) {
        let at = self.text.len();
        let fields = [one.name, one.architecture, one.epoch, one.version, one.release];
        fields.iter().for_each(|field| self.text.extend_from_slice(field));
        self.rows.push(Row { at, lengths: fields.map(<[u8]>::len) });
    }

    /// Says of each package, by its number, whether it is kept.
    ///
    /// Cost: some 10 MB of memory for 100,000 packages.
    #[must_use]
    pub fn kept(self) -> Vec<bool> {
        let mut kept = vec![false; self.rows.len()];
        let mut others = Vec::new();
        let mut name = Vec::new();
        for (number, is_kept) in kept.iter_mut().enumerate() {
            name.clear();
            self.listed(number).write(&mut name);
            *is_kept = self.artifacts.contains(name.as_slice());
            if !*is_kept {
                others.push(number);
            }
        }
        others.sort_unstable_by(|one, other| self.order(*one, *other));
        let (mut last, mut versions) = (None, 0);
        for number in others {
            let one = self.listed(number);
            let is_same = |last: ListedName<'_>| {
                (last.name, last.architecture) == (one.name, one.architecture)
            };
            match last.filter(|last| is_same(*last)) {
                None => versions = 1,
                Some(last) if compare(last.evr(), one.evr()).is_ne() => versions += 1,
                Some(_) => {}
            }
            last = Some(one);
            kept[number] = versions <= self.versions.get();
        }
        kept
    }

    /// Orders by name and architecture, the highest version first.
    fn order(&self, one: usize, other: usize) -> Ordering {
        let (one, other) = (self.listed(one), self.listed(other));
        (one.name, one.architecture)
            .cmp(&(other.name, other.architecture))
            .then_with(|| compare(other.evr(), one.evr()))
    }

    fn listed(&self, number: usize) -> ListedName<'_> {
        let row = &self.rows[number];
        let mut rest = &self.text[row.at..];
        let mut next = row.lengths.iter().map(|length| {
            let (field, behind) = rest.split_at(*length);
            rest = behind;
            field
        });
        let mut next = || next.next().unwrap_or_default();
        let (name, architecture, epoch) = (next(), next(), next());
        ListedName { name, architecture, epoch, version: next(), release: next() }
    }
}

#[cfg(test)]
mod tests;
