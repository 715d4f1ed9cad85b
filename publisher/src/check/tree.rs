//! Comparing a dated tree with its manifest.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pinfold_store::{
    Code, Digest, Entry, Finding, IoContext, Monitor, Node, Record, RelPath, Report, Store,
};

use crate::Result;
use crate::layout::Www;

/// Something that is wrong with a tree.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) code: Code,
    /// Where; a single dot is the tree itself.
    pub(crate) path: Vec<u8>,
    pub(crate) detail: String,
    /// What the manifest has there; `None` where it has nothing, or a folder.
    pub(crate) wanted: Option<Node>,
}

/// Compares a dated tree with its manifest: every entry the object or a replica of it, nothing missing, nothing more, nothing writable.
///
/// Cost: one look at each entry of the tree; nothing is read.
///
/// # Errors
/// The tree's manifest cannot be read.
pub fn verify_tree(store: &Store, record: &Record, monitor: &dyn Monitor) -> Result<Report> {
    let (faults, files) = faults(store, record, monitor)?;
    let name = format!("{}@{}", record.mirror, record.taken);
    let findings = faults.into_iter().map(|fault| Finding {
        code: fault.code,
        subject: format!("{name} {}", pinfold_store::path::escape(&fault.path)),
        detail: fault.detail,
        remedy: format!("pinfold publish {name} builds the tree anew"),
    });
    Ok(Report { findings: findings.collect(), files, ..Report::default() })
}

/// Lists what is wrong with a tree, and how many files were compared.
pub(crate) fn faults(
    store: &Store,
    record: &Record,
    monitor: &dyn Monitor,
) -> Result<(Vec<Fault>, u64)> {
    let top = Www::new(store.root()).snapshot_tree(&record.mirror, record.taken);
    let owner = std::fs::symlink_metadata(store.root()).at("look at", store.root())?.uid();
    let mut check = TreeCheck { store, top: &top, owner, faults: Vec::new(), files: 0 };
    monitor.step("comparing the tree", Some(record.files + record.links));
    let mut walk = match check.top()? {
        true => Walk::new(&top).peekable(),
        false => return Ok((check.faults, 0)),
    };
    for entry in store.manifest(record.manifest)? {
        let entry = entry?;
        while let Some(found) = walk.next_if(|found| found.is_before(&entry.path)) {
            check.extra(&found, Some(&entry.path));
        }
        match walk.next_if(|found| found.is_at(&entry.path)) {
            Some(found) => check.compare(&entry, &found),
            None => check.add_wanted(Code::TreeMissing, &entry, "it is not in the tree".to_owned()),
        }
        monitor.advance(1);
    }
    for found in walk {
        check.extra(&found, None);
    }
    Ok((check.faults, check.files))
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
    top: &'a Path,
    /// Who must own the folders.
    owner: u32,
    faults: Vec<Fault>,
    files: u64,
}

impl TreeCheck<'_> {
    fn add(&mut self, code: Code, path: &[u8], detail: String) {
        self.faults.push(Fault { code, path: path.to_vec(), detail, wanted: None });
    }

    fn add_wanted(&mut self, code: Code, entry: &Entry, detail: String) {
        let (path, wanted) = (entry.path.as_bytes().to_vec(), Some(entry.node.clone()));
        self.faults.push(Fault { code, path, detail, wanted });
    }

    /// Finds what lets somebody else than we change a folder.
    fn folder(&mut self, path: &[u8], meta: &std::fs::Metadata) {
        if meta.mode() & 0o222 != 0 {
            self.add(Code::TreeMode, path, mode_of_folder(meta));
        } else if meta.uid() != self.owner {
            let detail = format!(
                "the folder belongs to user {} and should to user {}",
                meta.uid(),
                self.owner
            );
            self.add(Code::TreeMode, path, detail);
        }
    }

    /// Says whether a folder stands where the tree should; nobody may write it.
    fn top(&mut self) -> Result<bool> {
        let meta = std::fs::symlink_metadata(self.top).at("look at", self.top)?;
        if !meta.is_dir() {
            self.add(Code::TreeDiffers, b".", "it is no folder".to_owned());
        } else {
            self.folder(b".", &meta);
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
            Ok(meta) => self.folder(path, meta),
        }
    }

    fn compare(&mut self, entry: &Entry, found: &Found) {
        self.files += 1;
        let wrong = match (&found.meta, &entry.node) {
            (Err(error), _) => Some((Code::TreeDiffers, format!("it cannot be read: {error}"))),
            (Ok(_), Node::Link { target }) => {
                let is_same = std::fs::read_link(self.top.join(entry.path.as_path()))
                    .is_ok_and(|now| now.as_os_str().as_bytes() == &**target);
                let detail = "it is not the link that the manifest names".to_owned();
                (!is_same).then_some((Code::TreeDiffers, detail))
            }
            (Ok(meta), Node::File { digest, size_bytes, .. }) => {
                if !meta.is_file() || !is_object(self.store, *digest, meta) {
                    Some((Code::TreeDiffers, format!("it is not the object {digest}")))
                } else if meta.size() != *size_bytes {
                    let detail =
                        format!("it has {} bytes and should have {size_bytes}", meta.size());
                    Some((Code::ObjectSize, detail))
                } else if meta.mode() & 0o7222 != 0 {
                    let detail =
                        format!("its mode is {:o} and should be 444", meta.mode() & 0o7777);
                    Some((Code::TreeMode, detail))
                } else {
                    None
                }
            }
        };
        if let Some((code, detail)) = wrong {
            self.add_wanted(code, entry, detail);
        }
    }
}

/// Says whether a file is an object, or a replica of it.
pub(crate) fn is_object(store: &Store, digest: Digest, meta: &std::fs::Metadata) -> bool {
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
