//! The order of apk's versions (apk-package(5), and what apk makes of what is none).
//!
//! Any bytes are compared, also those that are no version: apk stops at the part that is wrong, and so do we. The order is
//! total, so that sorting by it cannot fail. Nothing is allocated.

use std::cmp::Ordering;

/// Compares two versions as apk does. Two of different spelling may be equal: `1-r1` and `1-r01`.
#[must_use]
pub fn compare(one: &[u8], other: &[u8]) -> Ordering {
    let (mut one, mut other) = (Rest::new(one), Rest::new(other));
    loop {
        let (part, other_part) = (one.take(), other.take());
        let order = part.cmp(&other_part);
        if order.is_ne() || matches!(part, Part::End | Part::Wrong) {
            return order;
        }
    }
}

/// A part of a version. Declared from the lowest to the highest, as two versions are ordered that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    /// `_alpha`, `_beta`, `_pre`, `_rc`: less than nothing.
    Before(u8),
    /// What no version has here.
    Wrong,
    End,
    /// `-r3`.
    Revision(u64),
    /// `~2f3a`.
    Commit(&'a [u8]),
    /// The number behind a suffix.
    Count(u64),
    /// `_cvs`, `_svn`, `_git`, `_hg`, `_p`.
    After(u8),
    Letter(u8),
    /// A number behind a dot that begins with a zero counts by its text, and so less than any other.
    Zeros(&'a [u8]),
    Number(u64),
}

/// The suffixes in their order, and the number of those that make a version lower.
const SUFFIXES: [&[u8]; 9] =
    [b"alpha", b"beta", b"pre", b"rc", b"cvs", b"svn", b"git", b"hg", b"p"];
const BEFORE: usize = 4;

/// How far a version was read: a part may only follow certain others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Start,
    Number,
    Letter,
    Suffix,
    Count,
    Commit,
    Revision,
}

/// What is left of a version.
struct Rest<'a> {
    text: &'a [u8],
    place: Place,
}

impl<'a> Rest<'a> {
    const fn new(text: &'a [u8]) -> Self {
        Self { text, place: Place::Start }
    }

    fn take(&mut self) -> Part<'a> {
        let part = self.next();
        part.unwrap_or(Part::Wrong)
    }

    fn next(&mut self) -> Option<Part<'a>> {
        if self.place == Place::Start {
            self.place = Place::Number;
            return self.digits().map(|(_, number)| Part::Number(number));
        }
        let Some((first, rest)) = self.text.split_first() else { return Some(Part::End) };
        match first {
            b'a'..=b'z' if self.place == Place::Number => {
                (self.text, self.place) = (rest, Place::Letter);
                Some(Part::Letter(*first))
            }
            b'.' if self.place == Place::Number => {
                self.text = rest;
                let (text, number) = self.digits()?;
                Some(if text[0] == b'0' { Part::Zeros(text) } else { Part::Number(number) })
            }
            b'0'..=b'9' if self.place == Place::Suffix => {
                self.place = Place::Count;
                self.digits().map(|(_, number)| Part::Count(number))
            }
            b'_' if self.place <= Place::Count => {
                (self.text, self.place) = (rest, Place::Suffix);
                let word = self.run(u8::is_ascii_lowercase);
                let rank = SUFFIXES.iter().position(|suffix| *suffix == word)?;
                let number = u8::try_from(rank).ok()?;
                Some(if rank < BEFORE { Part::Before(number) } else { Part::After(number) })
            }
            b'~' if self.place < Place::Commit => {
                (self.text, self.place) = (rest, Place::Commit);
                let is_digit = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
                let hash = self.run(is_digit);
                (!hash.is_empty()).then_some(Part::Commit(hash))
            }
            b'-' if self.place < Place::Revision => {
                (self.text, self.place) = (rest.strip_prefix(b"r")?, Place::Revision);
                self.digits().map(|(_, number)| Part::Revision(number))
            }
            _ => None,
        }
    }

    /// Takes digits; one that no machine word holds wraps around, as apk's does.
    fn digits(&mut self) -> Option<(&'a [u8], u64)> {
        let text = self.run(u8::is_ascii_digit);
        let step = |number: u64, digit: &u8| {
            number.wrapping_mul(10).wrapping_add(u64::from(*digit - b'0'))
        };
        (!text.is_empty()).then(|| (text, text.iter().fold(0, step)))
    }

    fn run(&mut self, is_of: impl Fn(&u8) -> bool) -> &'a [u8] {
        let length = self.text.iter().take_while(|b| is_of(b)).count();
        let (run, rest) = self.text.split_at(length);
        self.text = rest;
        run
    }
}

#[cfg(test)]
mod tests;
