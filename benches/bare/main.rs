//! What the benchmarks compare with: the least that a program must do, and the archives that all of them work on.
//!
//! `benches/run` times these beside the program, on a tree of files:
//! `generate DIR FILES` makes an archive in Debian's pool layout; `change DIR SEED` replaces one file in a hundred;
//! `copy FROM TO` copies and hashes every file with two threads into folders by hash; `links FROM TO` makes a tree of
//! hardlinks, relative to folder descriptors and in path order.
//!
//! `benches/apt` takes from here, for an upstream of apt:
//! `packages DIR COUNT DAY` makes an archive's files from a real list of packages; `delay LISTEN UPSTREAM MILLISECONDS` is a
//! proxy that makes a far upstream of a near one.
//!
//! `benches/rpm` takes from here: `primary COUNT` writes a list of packages as `createrepo_c` does; `read-primary LIST` reads
//! one with our reader and nothing else.
#![expect(
    clippy::disallowed_methods,
    reason = "a measuring tool beside the program, not a part of it"
)]
#![expect(clippy::unwrap_used, reason = "a measuring tool stops where it stands")]

mod delay;
mod packages;
mod primary;
mod tree;

use std::ffi::OsString;
use std::path::PathBuf;

fn main() {
    let words: Vec<OsString> =
        std::env::args_os().skip(1).filter(|word| word != "--bench").collect();
    let path = |at: usize| PathBuf::from(&words[at]);
    let text = |at: usize| words[at].to_str().unwrap();
    let number = |at: usize| text(at).parse::<u64>().unwrap();
    match words.first().and_then(|word| word.to_str()) {
        Some("generate") => tree::generate(&path(1), number(2)),
        Some("change") => tree::change(&path(1), number(2)),
        Some("copy") => tree::copy(&path(1), &path(2)),
        Some("links") => tree::links(&path(1), &path(2)),
        Some("packages") => packages::write(&path(1), number(2), number(3)),
        Some("primary") => primary::write(number(1)),
        Some("read-primary") => primary::read(&path(1)),
        Some("delay") => delay::serve(text(1), text(2), number(3)),
        _ => {}
    }
}

/// A step of splitmix64: the archive is the same on every machine.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Bytes that do not compress.
fn noise(state: &mut u64, size: u64) -> Vec<u8> {
    let size = usize::try_from(size).unwrap();
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        bytes.extend_from_slice(&next(state).to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
