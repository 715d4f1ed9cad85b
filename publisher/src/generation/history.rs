//! What a channel showed: the chain of origins, from the current generation back.

use pinfold_store::{Name, Stamp, Store};

use super::{Generation, current, read};
use crate::layout::Www;
use crate::{Error, Result};

/// A channel's generations, newest first, each read when it is asked for. Ends after the first that cannot be read.
#[derive(Debug)]
pub struct History<'a> {
    store: &'a Store,
    channel: &'a Name,
    next: Step,
}

/// Which generation comes next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Current,
    Origin { of: u64, from: u64 },
    End,
}

/// Goes back in what a channel showed.
#[must_use]
pub const fn walk<'a>(store: &'a Store, channel: &'a Name) -> History<'a> {
    History { store, channel, next: Step::Current }
}

impl Iterator for History<'_> {
    type Item = Result<Generation>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = match self.next {
            Step::Current => current(self.store, self.channel),
            Step::Origin { of, from } => self.before(of, from),
            Step::End => return None,
        };
        self.next = match &item {
            Ok(Generation { number, from: Some(from), .. }) => {
                Step::Origin { of: *number, from: *from }
            }
            _ => Step::End,
        };
        Some(item)
    }
}

impl History<'_> {
    /// Reads an origin. Numbers only grow: a record that says otherwise would lead in a circle.
    fn before(&self, number: u64, from: u64) -> Result<Generation> {
        if from < number {
            return read(self.store, self.channel, from);
        }
        let path = Www::new(self.store.root()).record(self.channel, number);
        Err(Error::Damaged { path, why: format!("it says that generation {from} came before it") })
    }
}

/// Reads what the channel showed, newest first: the chain of origins from the current one.
///
/// # Errors
/// A record on the chain cannot be read.
pub fn history(store: &Store, channel: &Name) -> Result<Vec<Generation>> {
    walk(store, channel).collect()
}

/// Finds the generation that stood at a time.
///
/// # Errors
/// [`Error::NoGeneration`] where the channel is younger.
pub fn at(store: &Store, channel: &Name, end: Stamp, shown: &str) -> Result<Generation> {
    for generation in walk(store, channel) {
        let generation = generation?;
        if generation.at <= end {
            return Ok(generation);
        }
    }
    Err(Error::NoGeneration { channel: channel.clone(), wanted: format!("at {shown}") })
}
