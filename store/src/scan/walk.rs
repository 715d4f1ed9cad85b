//! The walk: every file and link in the order of the manifest, joined with the stat cache.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::mpsc::SyncSender;

use rustix::fs::{AtFlags, FileType};

use crate::error::{Error, IoContext, Result};
use crate::index::{Index, Seen};
use crate::{Code, Digest, Finding, Monitor, Name, RelPath, disk};

/// Entries in one batch, and rows of the cache that are read at once.
const BATCH: usize = 4096;

/// What the walk found at a path.
#[derive(Debug)]
pub(super) enum Found {
    /// A regular file, with what the cache remembers of it.
    File(Option<(Seen, Digest)>),
    /// A symbolic link that stays inside.
    Link(Box<[u8]>),
}

/// A piece of the walk.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// What there is.
    pub(super) items: Vec<(RelPath, Found)>,
    /// Rows of the cache whose files are gone.
    pub(super) gone: Vec<RelPath>,
}

/// What the walk needs.
pub(super) struct Walk<'a> {
    pub(super) root: &'a OwnedFd,
    pub(super) shown: &'a Path,
    pub(super) cache: Index,
    pub(super) mirror: &'a Name,
    pub(super) monitor: &'a dyn Monitor,
}

/// Walks the whole tree. What is refused is told one by one, and the walk goes on so that all of it is named.
pub(super) fn walk(walk: Walk<'_>, to: SyncSender<Batch>) -> Result<()> {
    let mut walker = Walker {
        walk,
        to,
        batch: Batch::default(),
        rows: VecDeque::new(),
        rows_end: None,
        is_cold: false,
        refused: 0,
        first: String::new(),
    };
    walker.visit(None)?;
    while let Some((path, ..)) = walker.next_row()? {
        walker.batch.gone.push(path);
    }
    walker.send()?;
    if walker.refused > 0 {
        return Err(Error::Refused {
            root: walker.walk.shown.to_owned(),
            count: walker.refused,
            first: walker.first,
        });
    }
    Ok(())
}

struct Walker<'a> {
    walk: Walk<'a>,
    to: SyncSender<Batch>,
    batch: Batch,
    rows: VecDeque<(RelPath, Seen, Digest)>,
    /// The last path that was read from the cache.
    rows_end: Option<RelPath>,
    /// The cache has no more rows.
    is_cold: bool,
    refused: usize,
    first: String,
}

impl Walker<'_> {
    fn visit(&mut self, folder: Option<&RelPath>) -> Result<()> {
        let below =
            folder.map(|folder| disk::open_dir_at(self.walk.root, folder.as_path())).transpose()?;
        let dir = below.as_ref().unwrap_or(self.walk.root);
        let mut entries = Vec::new();
        for (name, kind) in disk::list(dir)? {
            let kind =
                if kind == FileType::Unknown { kind_of(dir, Path::new(&name))? } else { kind };
            let mut key = name.as_bytes().to_vec();
            if kind == FileType::Directory {
                key.push(b'/');
            }
            entries.push((key, kind));
        }
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut links = VecDeque::new();
        for (key, kind) in &entries {
            if *kind == FileType::Symlink {
                links.push_back(read_link(dir, key)?);
            }
        }
        drop(below);
        for (key, kind) in entries {
            let name = key.strip_suffix(b"/").unwrap_or(&key);
            let path = folder.map_or_else(|| RelPath::parse(name), |folder| folder.join(name))?;
            match kind {
                FileType::Directory => self.visit(Some(&path))?,
                FileType::RegularFile => {
                    let cached = self.cached(&path)?;
                    self.push(path, Found::File(cached))?;
                }
                FileType::Symlink => match links.pop_front() {
                    Some(target) => self.push_link(path, target)?,
                    None => return Err(super::other_stage_failed()),
                },
                other => self.refuse(&path, &format!("it is a {}", name_of(other))),
            }
        }
        Ok(())
    }

    fn push_link(&mut self, path: RelPath, target: Vec<u8>) -> Result<()> {
        match leaves(&path, &target) {
            Some(why) => {
                let to = crate::path::escape(&target);
                self.refuse(&path, &format!("it is a symbolic link to '{to}', {why}"));
                Ok(())
            }
            None => self.push(path, Found::Link(target.into_boxed_slice())),
        }
    }

    fn refuse(&mut self, path: &RelPath, why: &str) {
        if self.refused == 0 {
            self.first = format!("'{path}': {why}");
        }
        self.refused += 1;
        self.walk.monitor.problem(&Finding {
            code: Code::SourceSkipped,
            subject: path.to_string(),
            detail: why.to_owned(),
            remedy: "remove it from the tree, or keep the mirror tool from fetching it".to_owned(),
        });
    }

    fn push(&mut self, path: RelPath, found: Found) -> Result<()> {
        self.batch.items.push((path, found));
        if self.batch.items.len() >= BATCH { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        self.to.send(batch).map_err(|_closed| super::other_stage_failed())
    }

    /// Gives what the cache remembers of a path; rows before it are of files that are gone.
    fn cached(&mut self, path: &RelPath) -> Result<Option<(Seen, Digest)>> {
        while let Some((row, seen, digest)) = self.next_row()? {
            match row.cmp(path) {
                std::cmp::Ordering::Less => self.batch.gone.push(row),
                std::cmp::Ordering::Equal => return Ok(Some((seen, digest))),
                std::cmp::Ordering::Greater => {
                    self.rows.push_front((row, seen, digest));
                    break;
                }
            }
        }
        Ok(None)
    }

    fn next_row(&mut self) -> Result<Option<(RelPath, Seen, Digest)>> {
        if self.rows.is_empty() && !self.is_cold {
            self.rows =
                self.walk.cache.seen_after(self.walk.mirror, self.rows_end.as_ref(), BATCH)?.into();
            self.rows_end = self.rows.back().map(|(path, ..)| path.clone());
            self.is_cold = self.rows.is_empty();
        }
        Ok(self.rows.pop_front())
    }
}

/// File systems that do not tell a name's type in its folder are asked by name.
fn kind_of(dir: &OwnedFd, name: &Path) -> Result<FileType> {
    let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)
        .at_with("look at", || disk::shown(dir, name))?;
    Ok(FileType::from_raw_mode(stat.st_mode))
}

fn read_link(dir: &OwnedFd, name: &[u8]) -> Result<Vec<u8>> {
    let name = Path::new(std::ffi::OsStr::from_bytes(name));
    let target = rustix::fs::readlinkat(dir, name, Vec::new())
        .at_with("read the link", || disk::shown(dir, name))?;
    Ok(target.into_bytes())
}

fn name_of(kind: FileType) -> &'static str {
    match kind {
        FileType::Fifo => "FIFO",
        FileType::Socket => "socket",
        FileType::CharacterDevice | FileType::BlockDevice => "device",
        _ => "special file",
    }
}

/// Says why a link may not be kept, by its text alone: it is never followed.
///
/// Climbing comes first and goes through real folders only. After a name, which may be a link itself, `..` would lead to wherever
/// that link's folder lies: such chains can leave the tree though every text looks as if it stayed.
fn leaves(path: &RelPath, target: &[u8]) -> Option<&'static str> {
    if target.starts_with(b"/") {
        return Some("an absolute path");
    }
    let mut depth = path.as_bytes().iter().filter(|byte| **byte == b'/').count();
    let mut named = false;
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if depth == 0 => return Some("which leaves the tree"),
            b".." if named => return Some("which climbs after a name"),
            b".." => depth -= 1,
            _ => named = true,
        }
    }
    None
}
