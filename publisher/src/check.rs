//! Checking what is published against manifests and records.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pinfold_store::{
    Class, Code, Entry, Finding, IoContext, Monitor, Name, Node, Record, RelPath, Report, Store,
    disk,
};

use crate::layout::Www;
use crate::{Error, Result, generation};

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
    let mut walk = Walk::new(&top)?.peekable();
    for entry in store.manifest(record.manifest)? {
        let entry = entry?;
        while let Some(extra) = walk.next_if(|found| {
            found.as_ref().is_ok_and(|found| found.path.as_bytes() < entry.path.as_bytes())
        }) {
            check.extra(&extra?);
        }
        match walk.next_if(|found| found.as_ref().is_ok_and(|found| found.path == entry.path)) {
            Some(found) => check.compare(&entry, &found?),
            None => check.add(
                Code::TreeMissing,
                entry.path.as_bytes(),
                "it is not in the tree".to_owned(),
            ),
        }
        monitor.advance(1);
    }
    for extra in walk {
        check.extra(&extra?);
    }
    Ok(check.report)
}

/// Something in a tree: a file, link or folder whose mode is wrong.
struct Found {
    path: RelPath,
    meta: std::fs::Metadata,
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

    /// Folders come as extras that are only told when somebody may write them.
    fn extra(&mut self, found: &Found) {
        if !found.meta.is_dir() {
            self.add(
                Code::TreeExtra,
                found.path.as_bytes(),
                "the manifest does not name it".to_owned(),
            );
        } else if found.meta.mode() & 0o222 != 0 {
            self.add(
                Code::TreeMode,
                found.path.as_bytes(),
                format!("the folder's mode is {:o} and should be 555", found.meta.mode() & 0o7777),
            );
        }
    }

    fn compare(&mut self, entry: &Entry, found: &Found) {
        self.report.files += 1;
        let path = entry.path.as_bytes();
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
                let object = self.store.object_path(*digest);
                let inode = |path: &PathBuf| {
                    path.symlink_metadata().ok().map(|meta| (meta.dev(), meta.ino()))
                };
                let own = Some((found.meta.dev(), found.meta.ino()));
                let is_object = inode(&object) == own
                    || self.store.replicas(*digest).iter().any(|replica| inode(replica) == own);
                if !found.meta.is_file() || !is_object {
                    self.add(Code::TreeDiffers, path, format!("it is not the object {digest}"));
                } else if found.meta.size() != *size_bytes {
                    self.add(
                        Code::ObjectSize,
                        path,
                        format!("it has {} bytes and should have {size_bytes}", found.meta.size()),
                    );
                } else if found.meta.mode() & 0o7222 != 0 {
                    self.add(
                        Code::TreeMode,
                        path,
                        format!("its mode is {:o} and should be 444", found.meta.mode() & 0o7777),
                    );
                }
            }
        }
    }
}

/// A walk over a tree in the manifest's order; a folder comes before what it holds.
struct Walk {
    top: PathBuf,
    /// What is left of each open folder, the deepest last; names in reverse.
    levels: Vec<Vec<(Vec<u8>, RelPath)>>,
}

impl Walk {
    fn new(top: &Path) -> Result<Self> {
        let mut walk = Self { top: top.to_owned(), levels: Vec::new() };
        walk.enter(None)?;
        Ok(walk)
    }

    fn enter(&mut self, folder: Option<&RelPath>) -> Result<()> {
        let path =
            folder.map_or_else(|| self.top.clone(), |folder| self.top.join(folder.as_path()));
        let mut level = Vec::new();
        for entry in std::fs::read_dir(&path).at("list", &path)? {
            let entry = entry.at("list", &path)?;
            let name = entry.file_name();
            let mut key = name.as_bytes().to_vec();
            if entry.file_type().at("look at", &path)?.is_dir() {
                key.push(b'/');
            }
            let below = folder.map_or_else(
                || RelPath::parse(name.as_bytes()),
                |folder| folder.join(name.as_bytes()),
            )?;
            level.push((key, below));
        }
        level.sort_unstable_by(|a, b| b.0.cmp(&a.0));
        self.levels.push(level);
        Ok(())
    }

    fn step(&mut self) -> Result<Option<Found>> {
        loop {
            let Some(level) = self.levels.last_mut() else { return Ok(None) };
            let Some((key, path)) = level.pop() else {
                self.levels.pop();
                continue;
            };
            let place = self.top.join(path.as_path());
            let meta = place.symlink_metadata().at("look at", &place)?;
            if key.ends_with(b"/") {
                self.enter(Some(&path))?;
            }
            return Ok(Some(Found { path, meta }));
        }
    }
}

impl Iterator for Walk {
    type Item = Result<Found>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// Findings of the union that are listed one by one; what is wrong with it is usually wrong everywhere.
const UNION_FINDINGS_MAX: usize = 50;

/// Checks that the union has every fixed file of a published snapshot.
///
/// Cost: one look at each fixed file.
///
/// # Errors
/// The manifest cannot be read.
pub fn union(store: &Store, record: &Record) -> Result<Report> {
    let mut report = Report::default();
    let top = Www::new(store.root()).union(&record.mirror);
    let name = format!("{}@{}", record.mirror, record.taken);
    for entry in store.manifest(record.manifest)? {
        let entry = entry?;
        let Node::File { class: Class::Fixed, .. } = entry.node else { continue };
        if disk::stands(&top.join(entry.path.as_path()))? {
            continue;
        }
        report.findings.push(Finding {
            code: Code::UnionMissing,
            subject: format!("{name} {}", entry.path),
            detail: "it is not in the union: a client that read an older index may miss it"
                .to_owned(),
            remedy: format!("pinfold publish {name} puts it back"),
        });
        if report.findings.len() >= UNION_FINDINGS_MAX {
            break;
        }
    }
    Ok(report)
}

/// Checks that every channel points to a whole generation whose trees are published, and that its history can be read.
///
/// # Errors
/// The channels cannot be listed.
pub fn channels(store: &Store) -> Result<Report> {
    let mut report = Report::default();
    let www = Www::new(store.root());
    let recorded = disk::names(&www.root_of_records())?;
    let recorded = recorded.iter().filter_map(|name| name.to_str()?.parse::<Name>().ok());
    let mut all: Vec<Name> = generation::channels(store)?.into_iter().chain(recorded).collect();
    all.sort_unstable();
    all.dedup();
    for channel in all {
        match generation::current(store, &channel) {
            Ok(current) => {
                report.merge(generation(store, &current)?);
                report.findings.extend(history(store, &channel));
            }
            Err(Error::NoChannel { .. }) if generation::newest(&www, &channel)?.is_none() => {}
            Err(error) => report.findings.push(Finding {
                code: Code::ChannelBroken,
                subject: format!("channel {channel}"),
                detail: why(&error),
                remedy: "pinfold init finds the newest generation that has a record".to_owned(),
            }),
        }
    }
    Ok(report)
}

/// Joins an error's sources.
fn why(error: &Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// Finds what a rollback would stumble over.
fn history(store: &Store, channel: &Name) -> Option<Finding> {
    let error = generation::history(store, channel).err()?;
    Some(Finding {
        code: Code::GenerationDamaged,
        subject: format!("channel {channel}, its history"),
        detail: why(&error),
        remedy: "restore the record from a backup; until then name what to show: pinfold promote MIRROR@DATE --to CHANNEL".to_owned(),
    })
}

/// Checks that a generation leads to published trees, and has the root metadata of each mirror.
///
/// # Errors
/// That cannot be known.
pub fn generation(store: &Store, shown: &generation::Generation) -> Result<Report> {
    let mut report = Report::default();
    let www = Www::new(store.root());
    for (mirror, at) in &shown.mirrors {
        let folder = www.generation(&shown.channel, shown.number).join(mirror.as_str());
        let wanted = www.snapshot_tree(mirror, at.snapshot);
        let is_whole = disk::stands(&folder.join("heads"))?
            && std::fs::canonicalize(folder.join("tree")).ok()
                == std::fs::canonicalize(&wanted).ok()
            && disk::stands(&wanted)?;
        if !is_whole {
            report.findings.push(Finding {
                code: Code::GenerationDamaged,
                subject: format!(
                    "channel {}, generation {}, {mirror}",
                    shown.channel, shown.number
                ),
                detail: format!(
                    "it lacks root metadata, or does not lead to a published tree of {mirror}@{}",
                    at.snapshot
                ),
                remedy: "pinfold init makes anew what its record says".to_owned(),
            });
        }
    }
    Ok(report)
}
