//! The order of pacman's versions (vercmp(8)), as libalpm has it.
//!
//! It is that of old rpm, without `~` and `^`, and has a rule of its own: of two parts the one with more separators before it
//! is higher. A version without a release equals all of its releases, so that the order is no total one.

use std::cmp::Ordering;

/// Compares two versions, `EPOCH:VERSION-RELEASE`.
#[must_use]
pub fn compare(one: &[u8], other: &[u8]) -> Ordering {
    if one == other {
        return Ordering::Equal;
    }
    let (one, other) = (Evr::split(one), Evr::split(other));
    let by_release = || match (one.release, other.release) {
        (Some(one), Some(other)) => compare_texts(one, other),
        _ => Ordering::Equal,
    };
    compare_texts(one.epoch, other.epoch)
        .then_with(|| compare_texts(one.version, other.version))
        .then_with(by_release)
}

/// The parts of a version.
struct Evr<'a> {
    epoch: &'a [u8],
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

impl<'a> Evr<'a> {
    fn split(text: &'a [u8]) -> Self {
        let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
        let (epoch, rest) = match text[digits..].split_first() {
            Some((b':', rest)) => (&text[..digits], rest),
            _ => (&b""[..], text),
        };
        let epoch = if epoch.is_empty() { b"0" } else { epoch };
        // A dash before the first byte that is no digit is none of a release: there is none.
        match rest.iter().rposition(|b| *b == b'-') {
            Some(at) => Self { epoch, version: &rest[..at], release: Some(&rest[at + 1..]) },
            None => Self { epoch, version: rest, release: None },
        }
    }
}

/// Compares two epochs, versions or releases.
fn compare_texts(one: &[u8], other: &[u8]) -> Ordering {
    if one == other {
        return Ordering::Equal;
    }
    let (mut one, mut other) = (one, other);
    while !one.is_empty() && !other.is_empty() {
        let gaps = (gap(one), gap(other));
        (one, other) = (&one[gaps.0..], &other[gaps.1..]);
        if one.is_empty() || other.is_empty() {
            break;
        }
        if gaps.0 != gaps.1 {
            return gaps.0.cmp(&gaps.1);
        }
        let is_number = one[0].is_ascii_digit();
        let is_part = if is_number { u8::is_ascii_digit } else { u8::is_ascii_alphabetic };
        let length = |text: &[u8]| text.iter().take_while(|b| is_part(b)).count();
        let (part, rest) = one.split_at(length(one));
        let (other_part, other_rest) = other.split_at(length(other));
        let order = match (other_part.is_empty(), is_number) {
            // A number is newer than a word.
            (true, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, true) => {
                let (part, other_part) = (without_zeros(part), without_zeros(other_part));
                part.len().cmp(&other_part.len()).then_with(|| part.cmp(other_part))
            }
            (false, false) => part.cmp(other_part),
        };
        if order.is_ne() {
            return order;
        }
        (one, other) = (rest, other_rest);
    }
    let is_word = |text: &[u8]| text.first().is_some_and(u8::is_ascii_alphabetic);
    // A word that is left over makes a version older, anything else newer.
    match (one.is_empty(), other.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) if !is_word(other) => Ordering::Less,
        _ if is_word(one) => Ordering::Less,
        _ => Ordering::Greater,
    }
}

/// Counts the bytes that only separate.
fn gap(text: &[u8]) -> usize {
    text.iter().take_while(|b| !b.is_ascii_alphanumeric()).count()
}

fn without_zeros(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().take_while(|b| **b == b'0').count()..]
}

#[cfg(test)]
mod tests;
