//! The wanted files that the store lacks: of each content one is fetched, and the others get what it brings.

use crate::supply::Wanted;

/// Numbers of wanted files, those of one content side by side.
pub(super) struct Lacking<'a> {
    pub(super) wanted: &'a [Wanted],
    numbers: Vec<usize>,
}

impl<'a> Lacking<'a> {
    /// Sorts out which of the numbered files are one content.
    pub(super) fn new(wanted: &'a [Wanted], mut numbers: Vec<usize>) -> Self {
        numbers.sort_unstable_by(|a, b| {
            wanted[*a].key().cmp(&wanted[*b].key()).then_with(|| a.cmp(b))
        });
        Self { wanted, numbers }
    }

    /// Says whether nothing is lacking.
    pub(super) const fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Gives the numbers of all of them.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> {
        self.numbers.iter().copied()
    }

    /// Gives the first of each content, in the order of the indices: what lies together upstream is asked for together.
    pub(super) fn firsts(&self) -> Vec<usize> {
        let same = |a: &usize, b: &usize| self.wanted[*a].key() == self.wanted[*b].key();
        let mut firsts: Vec<usize> =
            self.numbers.chunk_by(same).filter_map(|group| group.first().copied()).collect();
        firsts.sort_unstable();
        firsts
    }

    /// Gives all that are the same content as one of them, itself included.
    pub(super) fn same(&self, number: usize) -> impl Iterator<Item = usize> {
        let key = self.wanted[number].key();
        let from = self.numbers.partition_point(|other| self.wanted[*other].key() < key);
        let rest = self.numbers[from..].iter().copied();
        rest.take_while(move |other| self.wanted[*other].key() == key)
    }
}

#[cfg(test)]
mod tests;
