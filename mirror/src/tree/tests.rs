//! A tree in memory, for the tests of families.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use pinfold_store::{Class, Digest, Entry, Node, RelPath};

use super::{Entries, TreeReader, read_bounded};
use crate::Result;

/// Files and links by path.
#[derive(Debug, Default)]
pub(crate) struct MemoryTree {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) links: BTreeMap<String, String>,
}

impl MemoryTree {
    /// Reads a folder.
    pub(crate) fn of(folder: &Path) -> Self {
        let mut tree = Self::default();
        let mut todo = vec![folder.to_owned()];
        while let Some(at) = todo.pop() {
            for entry in std::fs::read_dir(at).unwrap().map(|entry| entry.unwrap()) {
                let (path, kind) = (entry.path(), entry.file_type().unwrap());
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                if kind.is_dir() {
                    todo.push(path);
                } else if kind.is_symlink() {
                    tree.links.insert(name, path.read_link().unwrap().to_str().unwrap().to_owned());
                } else {
                    tree.files.insert(name, std::fs::read(path).unwrap());
                }
            }
        }
        tree
    }
}

impl TreeReader for MemoryTree {
    fn entries(&self) -> Result<Entries<'_>> {
        let mut entries: Vec<Entry> = Vec::new();
        for (path, bytes) in &self.files {
            let node = Node::File {
                digest: Digest::of(bytes),
                size_bytes: bytes.len() as u64,
                class: Class::Other,
            };
            entries.push(Entry { path: path.parse()?, node, added: false });
        }
        for (path, target) in &self.links {
            entries.push(Entry {
                path: path.parse()?,
                node: Node::Link { target: target.as_bytes().into() },
                added: false,
            });
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Box::new(entries.into_iter().map(Ok)))
    }

    fn open(&self, digest: Digest, _: u64) -> Result<Box<dyn Read>> {
        let bytes = self.files.values().find(|bytes| Digest::of(bytes) == digest).unwrap().clone();
        Ok(Box::new(std::io::Cursor::new(bytes)))
    }
}

/// Parses a path.
pub(crate) fn path(text: &str) -> RelPath {
    text.parse().unwrap()
}

/// Writes a file and the folders above it.
#[expect(clippy::disallowed_methods, reason = "a test's own scratch folder")]
pub(crate) fn put(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Makes an archive with one suite by the tools of apt: `dists/trixie` with `main/binary-amd64/Packages{,.gz}` and
/// `i18n/Translation-en` listed; `dists/stable` links to it.
#[expect(clippy::disallowed_methods, reason = "a test's own scratch folder")]
pub(crate) fn archive(at: &Path) {
    let script = r#"
        set -eu
        mkdir -p p/DEBIAN dists/trixie/main/binary-amd64 dists/trixie/main/i18n pool/main/f
        printf 'Package: foo\nVersion: 1.0\nArchitecture: amd64\nMaintainer: x <x@x>\nDescription: foo\n' > p/DEBIAN/control
        dpkg-deb -b --root-owner-group p pool/main/f/foo_1.0_amd64.deb >/dev/null
        rm -r p
        apt-ftparchive packages pool > dists/trixie/main/binary-amd64/Packages
        gzip -nk9 dists/trixie/main/binary-amd64/Packages
        printf 'Archive: trixie\nComponent: main\nArchitecture: amd64\n' > dists/trixie/main/binary-amd64/Release
        echo > dists/trixie/main/i18n/Translation-en
        apt-ftparchive -o APT::FTPArchive::Release::Suite=trixie -o APT::FTPArchive::Release::Codename=trixie \
            -o APT::FTPArchive::Release::Origin=Test -o APT::FTPArchive::Release::Label=Debian-Security \
            -o APT::FTPArchive::Release::Components=main -o APT::FTPArchive::Release::Architectures=amd64 \
            release dists/trixie > release
        mv release dists/trixie/Release
        ln -s trixie dists/stable
    "#;
    std::fs::create_dir_all(at).unwrap();
    let done =
        std::process::Command::new("sh").args(["-c", script]).current_dir(at).output().unwrap();
    assert!(
        done.status.success(),
        "needs dpkg-deb, gzip and apt-ftparchive: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn reading_stops_one_byte_after_the_limit() {
    assert_eq!(read_bounded(&b"abc"[..], 3).unwrap(), b"abc");
    assert!(read_bounded(&b"abcd"[..], 3).is_err());
    assert!(read_bounded(std::io::repeat(0), 1000).is_err());
}
