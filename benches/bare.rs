//! What the benchmarks compare with: the least that a program must do, and the archive that all of them work on.
//!
//! `generate DIR FILES` makes an archive in Debian's pool layout; `change DIR SEED` replaces one file in a hundred;
//! `copy FROM TO` copies and hashes every file with two threads into folders by hash; `links FROM TO` makes a tree of
//! hardlinks, relative to folder descriptors and in path order. `benches/run` times them beside the program.
#![expect(
    clippy::disallowed_methods,
    reason = "a measuring tool beside the program, not a part of it"
)]
#![expect(clippy::unwrap_used, reason = "a measuring tool stops where it stands")]

use rustix::fs::{AtFlags, Mode, OFlags, linkat, mkdirat, openat};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

fn main() {
    let words: Vec<OsString> =
        std::env::args_os().skip(1).filter(|word| word != "--bench").collect();
    let path = |at: usize| PathBuf::from(&words[at]);
    let number = |at: usize| words[at].to_str().unwrap().parse::<u64>().unwrap();
    match words.first().and_then(|word| word.to_str()) {
        Some("generate") => generate(&path(1), number(2)),
        Some("change") => change(&path(1), number(2)),
        Some("copy") => copy(&path(1), &path(2)),
        Some("links") => links(&path(1), &path(2)),
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

/// Bytes that do not compress, 1 to 32 KiB, most of them few: the mean is 9 KiB.
fn content(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let size = (1024_u64 << (next(&mut state) % 5)) + next(&mut state) % 4096;
    std::iter::repeat_with(|| next(&mut state).to_le_bytes())
        .flatten()
        .take(usize::try_from(size).unwrap())
        .collect()
}

/// Thirteen files in seven folders, as in Debian main.
fn generate(top: &Path, files: u64) {
    let mut state = 42;
    let mut made = 0;
    while made < files {
        let word: String = (0..9)
            .map(|_| char::from(b'a' + u8::try_from(next(&mut state) % 26).unwrap()))
            .collect();
        let folder = top.join("pool/main").join(&word[..1]).join(&word);
        std::fs::create_dir_all(&folder).unwrap();
        for version in 0..(1 + u64::from(next(&mut state) % 7 < 6)).min(files - made) {
            made += 1;
            std::fs::write(folder.join(format!("{word}_{version}_amd64.deb")), content(made))
                .unwrap();
        }
    }
}

fn walk(top: &Path) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![top.to_owned()], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let into = if entry.file_type().unwrap().is_dir() { &mut open } else { &mut found };
            into.push(entry.path());
        }
    }
    found.sort();
    found
}

/// Replaces one file in a hundred by a rename, as a mirror tool does.
fn change(top: &Path, seed: u64) {
    for (number, path) in walk(top).into_iter().enumerate() {
        let number = u64::try_from(number).unwrap();
        if number % 100 == seed % 100 {
            let aside = path.with_extension("new");
            std::fs::write(&aside, content(seed.wrapping_mul(1_000_003).wrapping_add(number)))
                .unwrap();
            std::fs::rename(aside, path).unwrap();
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for shard in 0..256 {
        std::fs::create_dir_all(to.join(format!("{shard:02x}"))).unwrap();
    }
    let (files, at) = (walk(from), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(path) = files.get(at.fetch_add(1, Ordering::Relaxed)) {
                    let bytes = std::fs::read(path).unwrap();
                    let name = blake3::hash(&bytes).to_hex();
                    std::fs::write(to.join(&name[..2]).join(&name[2..]), bytes).unwrap();
                }
            });
        }
    });
}

fn open(at: &OwnedFd, name: &std::ffi::OsStr) -> OwnedFd {
    openat(at, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap()
}

fn open_top(path: &Path) -> OwnedFd {
    openat(
        rustix::fs::CWD,
        path,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .unwrap()
}

fn links(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    link_folder(from, &open_top(from), &open_top(to));
}

fn link_folder(shown: &Path, from: &OwnedFd, to: &OwnedFd) {
    let mut names: Vec<(OsString, bool)> = std::fs::read_dir(shown)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name(), entry.file_type().unwrap().is_dir()))
        .collect();
    names.sort();
    for (name, is_folder) in names {
        if is_folder {
            mkdirat(to, &name, Mode::from_raw_mode(0o755)).unwrap();
            link_folder(&shown.join(&name), &open(from, &name), &open(to, &name));
        } else {
            linkat(from, &name, to, &name, AtFlags::empty()).unwrap();
        }
    }
}
