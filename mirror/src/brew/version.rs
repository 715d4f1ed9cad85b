//! The order of Homebrew's versions, as brew's own `Version` and `PkgVersion` have it.
//!
//! brew's order is none: `1.0` equals `1`, which is lower than `1a`, and `1a` is lower than `1.0`. Sorting needs one, so that here
//! a zero stands for nothing wherever it is. A formula's `version_scheme`, by which it may begin anew, is not looked at: where it
//! rose, an upgrade looks like a downgrade.

use std::cmp::Ordering;

/// Compares two versions with revision and rebuild: `1.25.0`, `1.25.0_1`, `1.25.0_1 rebuild 2`.
#[must_use]
pub fn compare_versions(one: &str, other: &str) -> Ordering {
    let (one, one_rebuild) = split(one, " rebuild ");
    let (other, other_rebuild) = split(other, " rebuild ");
    let ((one, one_revision), (other, other_revision)) = (split(one, "_"), split(other, "_"));
    compare(one.as_bytes(), other.as_bytes())
        .then_with(|| one_revision.cmp(&other_revision))
        .then_with(|| one_rebuild.cmp(&other_rebuild))
}

/// Splits a number off that stands behind the last separator; 0 where there is none.
fn split<'a>(text: &'a str, separator: &str) -> (&'a str, u64) {
    match text.rsplit_once(separator) {
        Some((rest, number)) if !rest.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
            number.parse().map_or((text, 0), |number| (rest, number))
        }
        _ => (text, 0),
    }
}

/// A part of a version. Declared from the lowest to the highest; a number as how many digits, without zeros at the beginning,
/// and these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Token<'a> {
    Alpha(usize, &'a [u8]),
    Beta(usize, &'a [u8]),
    Pre(usize, &'a [u8]),
    Candidate(usize, &'a [u8]),
    /// The end, and a zero.
    Nothing,
    Patch(usize, &'a [u8]),
    Post(usize, &'a [u8]),
    Word(&'a [u8]),
    Number(usize, &'a [u8]),
}

/// Compares two versions part by part.
fn compare(mut one: &[u8], mut other: &[u8]) -> Ordering {
    loop {
        let (part, other_part) = (take(&mut one), take(&mut other));
        let order = part.unwrap_or(Token::Nothing).cmp(&other_part.unwrap_or(Token::Nothing));
        if order.is_ne() || (part.is_none() && other_part.is_none()) {
            return order;
        }
    }
}

/// The words that stand for a stage of a release, and whether a number has to follow.
const STAGES: [(&[u8], bool); 8] = [
    (b"alpha", false),
    (b"a", true),
    (b"beta", false),
    (b"b", true),
    (b"pre", false),
    (b"rc", false),
    (b"post", true),
    (b"p", false),
];

/// Takes the next part; `None` at the end.
fn take<'a>(from: &mut &'a [u8]) -> Option<Token<'a>> {
    let begin = from.iter().position(u8::is_ascii_alphanumeric)?;
    let text = &from[begin..];
    if text[0].is_ascii_digit() {
        let (length, digits, rest) = number(text);
        *from = rest;
        return Some(if length == 0 { Token::Nothing } else { Token::Number(length, digits) });
    }
    for (word, has_number) in STAGES {
        let is_so = text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        if !is_so {
            continue;
        }
        let behind = &text[word.len()..];
        if has_number && !behind.first().is_some_and(u8::is_ascii_digit) {
            continue;
        }
        let (length, digits, rest) = number(behind);
        *from = rest;
        return Some(match word[..] {
            [b'a', ..] => Token::Alpha(length, digits),
            [b'b', ..] => Token::Beta(length, digits),
            [b'r', ..] => Token::Candidate(length, digits),
            [_, b'r', ..] => Token::Pre(length, digits),
            [_, b'o', ..] => Token::Post(length, digits),
            _ => Token::Patch(length, digits),
        });
    }
    let end = text.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    *from = rest;
    Some(Token::Word(word))
}

/// Takes digits, perhaps none: how many without zeros at the beginning, these, and what follows.
fn number(text: &[u8]) -> (usize, &[u8], &[u8]) {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    (digits.len() - zeros, &digits[zeros..], rest)
}

#[cfg(test)]
mod tests;
