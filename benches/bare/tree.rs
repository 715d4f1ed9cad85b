//! A tree of files in Debian's pool layout, and the bare loops over one.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags, linkat, mkdirat, openat};

use super::{next, noise};

/// Bytes that do not compress, 1 to 32 KiB, most of them few: the mean is 9 KiB.
fn content(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let size = (1024_u64 << (next(&mut state) % 5)) + next(&mut state) % 4096;
    noise(&mut state, size)
}

/// Thirteen files in seven folders, as in Debian main.
pub(super) fn generate(top: &Path, files: u64) {
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
pub(super) fn change(top: &Path, seed: u64) {
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

pub(super) fn copy(from: &Path, to: &Path) {
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

pub(super) fn links(from: &Path, to: &Path) {
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
