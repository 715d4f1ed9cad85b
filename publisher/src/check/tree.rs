//! Comparing a dated tree with its manifest.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pinfold_store::{
    Code, Digest, Entry, Finding, IoContext, Monitor, Node, Record, RelPath, Report, Store,
};

use crate::Result;
use crate::layout::Www;

/// Compares a dated tree with its manifest: every entry the object or a replica of it, nothing missing, nothing more, nothing writable.
///
/// Cost: one look at each entry of the tree; nothing is read.
///
/// # Errors
/// The tree's manifest cannot be read.
pub fn verify_tree(store: &Store, record: &Record, monitor: &dyn Monitor) -> Result<Report> {
    let top = Www::new(store.root()).snapshot_tree(&record.mirror, record.taken);
    let mut check = TreeCheck { store, record, top: &top, report: Report::default() };
    monitor.step("comparing the tree", Some(record.files + record.links));
    let mut walk = match check.top()? {
        true => Walk::new(&top).peekable(),
        false => return Ok(check.report),
    };
    for entry in store.manifest(record.manifest)? {
        let entry = entry?;
        while let Some(found) = walk.next_if(|found| found.is_before(&entry.path)) {
            check.extra(&found, Some(&entry.path));
        }
        match walk.next_if(|found| found.is_at(&entry.path)) {
            Some(found) => check.compare(&entry, &found),
            None => check.add(
                Code::TreeMissing,
                entry.path.as_bytes(),
                "it is not in the tree".to_owned(),
            ),
        }
        monitor.advance(1);
    }
    for found in walk {
        check.extra(&found, None);
    }
    Ok(check.report)
}

/// Something in a tree.
struct Found {
    path: RelPath,
    /// How it looks; the error where that cannot be known, or a folder not be listed.
    meta: std::io::Result<std::fs::Metadata>,
    /// A folder comes before what it holds, in the order of its name with a slash.
    is_folder: bool,
}

impl Found {
    fn is_before(&self, path: &RelPath) -> bool {
        let own = self.path.as_bytes().iter().chain(self.is_folder.then_some(&b'/'));
        own.lt(path.as_bytes())
    }

    fn is_at(&self, path: &RelPath) -> bool {
        !self.is_folder && self.path == *path
    }
}

struct TreeCheck<'a> {
    store: &'a Store,
    record: &'a Record,
    top: &'a Path,
    report: Report,
}

impl TreeCheck<'_> {
    fn add(&mut self, code: Code, path: &[u8], detail: String) {
        let name = format!("{}@{}", self.record.mirror, self.record.taken);
        self.report.findings.push(Finding {
            code,
            subject: format!("{name} {}", pinfold_store::path::escape(path)),
            detail,
            remedy: format!("pinfold publish {name} builds the tree anew"),
        });
    }

    /// Says whether a folder stands where the tree should; nobody may write it.
    fn top(&mut self) -> Result<bool> {
        let meta = std::fs::symlink_metadata(self.top).at("look at", self.top)?;
        if !meta.is_dir() {
            self.add(Code::TreeDiffers, b".", "it is no folder".to_owned());
        } else if meta.mode() & 0o222 != 0 {
            self.add(Code::TreeMode, b".", mode_of_folder(&meta));
        }
        Ok(meta.is_dir())
    }

    /// What the manifest does not name; a folder is named by what the next entry has in it.
    fn extra(&mut self, found: &Found, next: Option<&RelPath>) {
        let path = found.path.as_bytes();
        match &found.meta {
            Err(error) => self.add(Code::TreeDiffers, path, format!("it cannot be read: {error}")),
            Ok(_) if !found.is_folder => {
                self.add(Code::TreeExtra, path, "the manifest does not name it".to_owned());
            }
            Ok(_) if next.is_none_or(|next| !next.is_below(path)) => {
                self.add(
                    Code::TreeExtra,
                    path,
                    "the manifest has nothing in this folder".to_owned(),
                );
            }
            Ok(meta) if meta.mode() & 0o222 != 0 => {
                self.add(Code::TreeMode, path, mode_of_folder(meta));
            }
            Ok(_) => {}
        }
    }

    fn compare(&mut self, entry: &Entry, found: &Found) {
        self.report.files += 1;
        let path = entry.path.as_bytes();
        let meta = match &found.meta {
            Ok(meta) => meta,
            Err(error) => {
                return self.add(Code::TreeDiffers, path, format!("it cannot be read: {error}"));
            }
        };
        match &entry.node {
            Node::Link { target } => {
                let is_same = std::fs::read_link(self.top.join(entry.path.as_path()))
                    .is_ok_and(|now| now.as_os_str().as_bytes() == &**target);
                if !is_same {
                    self.add(
                        Code::TreeDiffers,
                        path,
                        "it is not the link that the manifest names".to_owned(),
                    );
                }
            }
            Node::File { digest, size_bytes, .. } => {
                if !meta.is_file() || !is_object(self.store, *digest, meta) {
                    self.add(Code::TreeDiffers, path, format!("it is not the object {digest}"));
                } else if meta.size() != *size_bytes {
                    self.add(
                        Code::ObjectSize,
                        path,
                        format!("it has {} bytes and should have {size_bytes}", meta.size()),
                    );
                } else if meta.mode() & 0o7222 != 0 {
                    self.add(
                        Code::TreeMode,
                        path,
                        format!("its mode is {:o} and should be 444", meta.mode() & 0o7777),
                    );
                }
            }
        }
    }
}

/// Says whether a file is an object, or a replica of it.
pub(super) fn is_object(store: &Store, digest: Digest, meta: &std::fs::Metadata) -> bool {
    let is_it = |path: &Path| {
        path.symlink_metadata()
            .is_ok_and(|object| (object.dev(), object.ino()) == (meta.dev(), meta.ino()))
    };
    is_it(&store.object_path(digest)) || store.replicas(digest).iter().any(|path| is_it(path))
}

fn mode_of_folder(meta: &std::fs::Metadata) -> String {
    format!("the folder's mode is {:o} and should be 555", meta.mode() & 0o7777)
}

/// A walk over a tree in the manifest's order; a folder comes before what it holds. What cannot be read does not end it.
struct Walk {
    top: PathBuf,
    /// What is left of each open folder, the deepest last; names in reverse, a folder's with a slash.
    levels: Vec<Vec<(Vec<u8>, RelPath)>>,
}

impl Walk {
    fn new(top: &Path) -> Self {
        let mut walk = Self { top: top.to_owned(), levels: Vec::new() };
        // A top that cannot be listed lacks everything, and that is what is found.
        drop(walk.enter(None));
        walk
    }

    fn enter(&mut self, folder: Option<&RelPath>) -> std::io::Result<()> {
        let path =
            folder.map_or_else(|| self.top.clone(), |folder| self.top.join(folder.as_path()));
        let mut level = Vec::new();
        for entry in std::fs::read_dir(&path)? {
            let entry = entry?;
            let name = entry.file_name();
            let mut key = name.as_bytes().to_vec();
            if entry.file_type()?.is_dir() {
                key.push(b'/');
            }
            let below = folder.map_or_else(
                || RelPath::parse(name.as_bytes()),
                |folder| folder.join(name.as_bytes()),
            );
            level.push((key, below.map_err(std::io::Error::other)?));
        }
        level.sort_unstable_by(|a, b| b.0.cmp(&a.0));
        self.levels.push(level);
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let level = self.levels.last_mut()?;
            let Some((key, path)) = level.pop() else {
                self.levels.pop();
                continue;
            };
            let is_folder = key.ends_with(b"/");
            let meta = self.top.join(path.as_path()).symlink_metadata();
            let entered = if is_folder { self.enter(Some(&path)) } else { Ok(()) };
            return Some(Found { path, meta: entered.and(meta), is_folder });
        }
    }
}
