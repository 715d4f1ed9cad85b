//! The order of Debian versions (deb-version(7)).
//!
//! Any bytes are compared, also those that are no version: what strangers write has some place in the order too. Nothing is
//! allocated. The crates that do this parse a version into text and numbers of its own first.

use std::cmp::Ordering;

/// Compares two versions as dpkg does. Versions of different spelling may be equal: `1.0` and `1.00`, `1` and `0:1-0`.
#[must_use]
pub fn compare_versions(one: &[u8], other: &[u8]) -> Ordering {
    let ((epoch, upstream, revision), (other_epoch, other_upstream, other_revision)) =
        (split(one), split(other));
    compare_parts(epoch, other_epoch)
        .then_with(|| compare_parts(upstream, other_upstream))
        .then_with(|| compare_parts(revision, other_revision))
}

/// Splits into epoch, upstream's version and Debian's revision.
fn split(version: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (epoch, rest) = match version.iter().position(|b| *b == b':') {
        Some(at) => (&version[..at], &version[at + 1..]),
        None => (&[][..], version),
    };
    match rest.iter().rposition(|b| *b == b'-') {
        Some(at) => (epoch, &rest[..at], &rest[at + 1..]),
        None => (epoch, rest, &[]),
    }
}

/// Compares by turns what is no digit, by [`weight`], and numbers of any length, by value.
fn compare_parts(mut one: &[u8], mut other: &[u8]) -> Ordering {
    while !one.is_empty() || !other.is_empty() {
        let (text, other_text) = (take(&mut one, false), take(&mut other, false));
        for at in 0..text.len().max(other_text.len()) {
            let order = weight(text.get(at)).cmp(&weight(other_text.get(at)));
            if order.is_ne() {
                return order;
            }
        }
        let (number, other_number) =
            (significant(take(&mut one, true)), significant(take(&mut other, true)));
        let order = number.len().cmp(&other_number.len()).then_with(|| number.cmp(other_number));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Takes the digits at the beginning, or what is before the first digit.
fn take<'a>(from: &mut &'a [u8], digits: bool) -> &'a [u8] {
    let end = from.iter().position(|b| b.is_ascii_digit() != digits).unwrap_or(from.len());
    let (taken, rest) = from.split_at(end);
    *from = rest;
    taken
}

/// Leaves zeros at the beginning away.
fn significant(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    &digits[zeros..]
}

/// The place of a byte: `~` before the end, the end before letters, letters before all else.
fn weight(byte: Option<&u8>) -> i16 {
    match byte {
        Some(b'~') => -1,
        None => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i16::from(*letter),
        Some(other) => i16::from(*other) + 256,
    }
}

#[cfg(test)]
mod tests;
