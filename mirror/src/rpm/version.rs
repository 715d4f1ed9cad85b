//! The order of rpm's versions (rpm-version(7)).
//!
//! Any bytes are compared, also those that are no version: what strangers write has some place in the order too, and the order
//! is total, so that sorting by it cannot fail. Nothing is allocated.

use std::cmp::Ordering;

/// What orders the builds of one package: epoch, version, release.
pub type Evr<'a> = (u32, &'a [u8], &'a [u8]);

/// Compares epoch, then version, then release. Two of different spelling may be equal: `1.0-1` and `1.00-1`.
#[must_use]
pub fn compare(one: Evr<'_>, other: Evr<'_>) -> Ordering {
    one.0
        .cmp(&other.0)
        .then_with(|| compare_versions(one.1, other.1))
        .then_with(|| compare_versions(one.2, other.2))
}

/// Compares two versions, or two releases, as rpm does.
///
/// A version is a row of numbers, words, `~` and `^`; all else only separates these. Numbers count by value, words by their
/// bytes, and of two that begin alike `~` is lower than the end, the end than `^`, `^` than a word, a word than a number.
#[must_use]
pub fn compare_versions(mut one: &[u8], mut other: &[u8]) -> Ordering {
    loop {
        let (part, other_part) = (take(&mut one), take(&mut other));
        let order = part.cmp(&other_part);
        if order.is_ne() || part == Part::End {
            return order;
        }
    }
}

/// A part of a version. Declared from the lowest to the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Tilde,
    End,
    Caret,
    Word(&'a [u8]),
    /// How many digits, without zeros at the beginning, and these.
    Number(usize, &'a [u8]),
}

/// Takes the next part, and what separates it from the one before.
fn take<'a>(from: &mut &'a [u8]) -> Part<'a> {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'~' | b'^');
    let Some(begin) = from.iter().position(is_part) else {
        *from = &[];
        return Part::End;
    };
    let text = &from[begin..];
    let length = |is_of: fn(&u8) -> bool| text.iter().take_while(|b| is_of(b)).count();
    let length = match text[0] {
        b'~' | b'^' => 1,
        b'0'..=b'9' => length(u8::is_ascii_digit),
        _ => length(u8::is_ascii_alphabetic),
    };
    let (part, rest) = text.split_at(length);
    *from = rest;
    match part[0] {
        b'~' => Part::Tilde,
        b'^' => Part::Caret,
        b'0'..=b'9' => {
            let zeros = part.iter().take_while(|b| **b == b'0').count();
            Part::Number(length - zeros, &part[zeros..])
        }
        _ => Part::Word(part),
    }
}

#[cfg(test)]
mod tests;
