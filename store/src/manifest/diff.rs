//! The differences between two manifests, by one merge of two sorted streams.

use std::cmp::Ordering;
use std::iter::Peekable;

use super::Entry;
use crate::Result;

/// One difference between two manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Only in the new one.
    Added(Entry),
    /// Only in the old one.
    Removed(Entry),
    /// In both, not the same.
    Changed {
        /// As it was.
        old: Entry,
        /// As it is.
        new: Entry,
    },
}

impl Change {
    /// Gives the entry as it was; `None` where it is only in the new one.
    #[must_use]
    pub const fn old_entry(&self) -> Option<&Entry> {
        match self {
            Self::Added(_) => None,
            Self::Removed(old) | Self::Changed { old, .. } => Some(old),
        }
    }

    /// Gives the entry as it is; `None` where it is only in the old one.
    #[must_use]
    pub const fn new_entry(&self) -> Option<&Entry> {
        match self {
            Self::Removed(_) => None,
            Self::Added(new) | Self::Changed { new, .. } => Some(new),
        }
    }
}

/// Compares two sorted streams in constant memory. The first error of either ends it.
pub fn diff<A, B>(old: A, new: B) -> impl Iterator<Item = Result<Change>>
where
    A: Iterator<Item = Result<Entry>>,
    B: Iterator<Item = Result<Entry>>,
{
    let mut merge = Merge { old: old.peekable(), new: new.peekable() };
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed {
            return None;
        }
        let next = merge.next().transpose();
        failed = matches!(next, Some(Err(_)));
        next
    })
}

struct Merge<A: Iterator, B: Iterator> {
    old: Peekable<A>,
    new: Peekable<B>,
}

impl<A: Iterator<Item = Result<Entry>>, B: Iterator<Item = Result<Entry>>> Merge<A, B> {
    fn next(&mut self) -> Result<Option<Change>> {
        loop {
            let order = match (self.old.peek(), self.new.peek()) {
                (None, None) => return Ok(None),
                (Some(Ok(old)), Some(Ok(new))) => old.path.cmp(&new.path),
                (Some(Err(_)), _) | (Some(_), None) => Ordering::Less,
                (_, Some(_)) => Ordering::Greater,
            };
            let old =
                if order == Ordering::Greater { None } else { self.old.next().transpose()? };
            let new = if order == Ordering::Less { None } else { self.new.next().transpose()? };
            match (old, new) {
                (Some(old), Some(new)) if old == new => {}
                (Some(old), Some(new)) => return Ok(Some(Change::Changed { old, new })),
                (Some(old), None) => return Ok(Some(Change::Removed(old))),
                (None, new) => return Ok(new.map(Change::Added)),
            }
        }
    }
}
