//! A vendor's files behind a web server. A part of them are copies of packages that another upstream has: the same bytes.

use std::path::PathBuf;

use super::upstreams::{PACKAGES, State, name};
use crate::harness::write;

/// How many of the files are copies.
const COPIES: usize = 20;

/// The files.
#[derive(Debug)]
pub(super) struct Vendor {
    tree: PathBuf,
}

impl Vendor {
    pub(super) fn new(tree: PathBuf) -> Self {
        Self { tree }
    }

    /// Replaces files; `pool` is what there is to copy.
    pub(super) fn pass(&mut self, changed: &State, pool: &[PathBuf]) {
        for (name, version) in changed {
            write(self.tree.join("files").join(name), content(name, *version));
        }
        if changed.len() == PACKAGES {
            for from in pool.iter().take(COPIES) {
                let to = self.tree.join("copies").join(from.file_name().unwrap());
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::copy(from, to).unwrap();
            }
        }
    }

    /// Takes all but the first files away; `None` brings them back.
    pub(super) fn shrink(&mut self, kept: Option<usize>) {
        let away = self.tree.with_file_name(".shrunk");
        std::fs::create_dir_all(&away).unwrap();
        for number in kept.unwrap_or(0)..PACKAGES {
            let (here, there) =
                (self.tree.join("files").join(name(number)), away.join(name(number)));
            let (from, to) = if kept.is_some() { (here, there) } else { (there, here) };
            if from.exists() {
                std::fs::rename(from, to).unwrap();
            }
        }
    }
}

/// What a file says in a version.
pub(super) fn content(name: &str, version: u32) -> String {
    format!("{name} {version}\n{}", "what the vendor says\n".repeat(20))
}
