//! Checking objects: one inode after the other, by all cores.

use std::collections::HashSet;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::bytes::{self, Pace};
use super::{Depth, finding};
use crate::error::{IoContext, Result};
use crate::gc::digest_of;
use crate::index::{Holder, Index, ObjectRow};
use crate::{Code, Counter, Digest, Monitor, Report, Store, disk};

/// An object that is to be checked, with what is known of it.
pub(super) struct Wanted {
    pub(super) digest: Digest,
    pub(super) size_bytes: Option<u64>,
    /// The modification time of every inode of it, in seconds since 1970: half of what web servers tell versions apart by.
    pub(super) mtime: Option<i64>,
    /// Where it is used, for people; the index is asked where nobody says.
    pub(super) place: Option<String>,
}

impl Wanted {
    /// What the index knows of an object.
    pub(super) fn of(row: &ObjectRow) -> Self {
        Self {
            digest: row.digest,
            size_bytes: Some(row.size_bytes),
            mtime: Some(row.mtime),
            place: None,
        }
    }
}

/// What is wrong with an inode: code, detail, remedy.
pub(super) type Flaw = (Code, String, String);

/// What is wrong with an object's inodes, and how many bytes of them were read.
pub(super) type Checked = (Vec<(PathBuf, Flaw)>, u64);

impl Store {
    /// Checks objects in parallel and keeps the findings in order.
    ///
    /// # Errors
    /// The index cannot say where a damaged one is used.
    pub(super) fn check_objects(
        &self,
        wanted: &mut Vec<Wanted>,
        (index, depth): (Option<&Index>, Depth),
        report: &mut Report,
        monitor: &dyn Monitor,
    ) -> Result<()> {
        let owner = self.owner()?;
        let pace = Pace::new(None);
        let checked: Vec<Checked> = wanted
            .par_iter()
            .map(|wanted| {
                monitor.advance(1);
                self.check_object(wanted, (depth, owner, &pace))
            })
            .collect();
        for (wanted, checked) in wanted.drain(..).zip(checked) {
            report.files += 1;
            self.note(&wanted, index, checked, (report, monitor))?;
        }
        Ok(())
    }

    /// Puts what was found of an object into the report.
    pub(super) fn note(
        &self,
        wanted: &Wanted,
        index: Option<&Index>,
        (flaws, bytes): Checked,
        (report, monitor): (&mut Report, &dyn Monitor),
    ) -> Result<()> {
        report.bytes += bytes;
        monitor.count(Counter::BytesRead, bytes);
        for (path, (code, detail, remedy)) in flaws {
            let Some(place) = place_of(wanted, index, code)? else { continue };
            let subject = format!("{} ({place})", name_in(self, &path));
            report.findings.push(finding(code, subject, detail, &remedy));
            report.objects.insert(wanted.digest);
        }
        Ok(())
    }

    /// Who must own every file of the store: the root's owner.
    pub(crate) fn owner(&self) -> Result<u32> {
        self.root().symlink_metadata().at("look at", self.root()).map(|meta| meta.uid())
    }

    /// Checks an object and its replicas; gives what is wrong and the bytes that were read.
    fn check_object(&self, wanted: &Wanted, how: (Depth, u32, &Pace)) -> Checked {
        let mut flaws = Vec::new();
        let mut read = 0;
        let first = self.object_path(wanted.digest);
        for path in std::iter::once(first).chain(self.replicas(wanted.digest)) {
            match check_file(&path, wanted, how) {
                Ok(bytes) => read += bytes,
                Err(flaw) => flaws.push((path, flaw)),
            }
        }
        (flaws, read)
    }

    /// Checks every name in a folder of objects, and that every object that the index knows is there.
    pub(super) fn check_shard(
        &self,
        shard: u8,
        index: Option<&Index>,
        depth: Depth,
        (report, monitor): (&mut Report, &dyn Monitor),
    ) -> Result<()> {
        let folder = self.root().join(format!("objects/{shard:02x}"));
        let mut wanted: Vec<Wanted> = Vec::new();
        let mut known: HashSet<Digest> = HashSet::new();
        for row in index.map(|index| index.shard(shard)).transpose()?.unwrap_or_default() {
            known.insert(row.digest);
            wanted.push(Wanted::of(&row));
        }
        let known_count = wanted.len();
        for name in disk::names(&folder)? {
            let text = name.to_string_lossy();
            let stem = text
                .split_once('.')
                .filter(|(_, number)| number.parse::<u32>().is_ok())
                .map_or(&*text, |(stem, _)| stem);
            match digest_of(shard, std::ffi::OsStr::new(stem)) {
                None => {
                    let path = folder.join(&name);
                    let remedy = format!("see who put it there: rm {}", path.display());
                    let detail = "it is not named as an object is".to_owned();
                    let subject = name_in(self, &path);
                    report.findings.push(finding(Code::ObjectStray, subject, detail, &remedy));
                    report.strays.push(path);
                }
                Some(digest) if known.insert(digest) => {
                    let place = Some("no snapshot".to_owned());
                    wanted.push(Wanted { digest, size_bytes: None, mtime: None, place });
                }
                Some(_) => {}
            }
        }
        // The bytes of those that the index knows are read after this, in the order in which they came.
        let unknown = wanted.split_off(known_count);
        self.check_objects(&mut wanted, (index, Depth::Quick), report, monitor)?;
        wanted = unknown;
        self.check_objects(&mut wanted, (index, depth), report, monitor)
    }
}

/// Brings a lost object back.
pub(super) const AGAIN: &str =
    "pinfold fsck --repair heals it from another copy, from upstream, or from --from PATH";

/// Checks one inode of an object.
fn check_file(
    path: &Path,
    wanted: &Wanted,
    (depth, owner, pace): (Depth, u32, &Pace),
) -> std::result::Result<u64, Flaw> {
    let shown = crate::path::escape_path(path);
    let replace = || AGAIN.to_owned();
    let meta = match path.symlink_metadata() {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let detail = "there is no such file".to_owned();
            return Err((Code::ObjectMissing, detail, AGAIN.to_owned()));
        }
        Err(error) => return Err((Code::ObjectUnreadable, error.to_string(), replace())),
    };
    if !meta.is_file() {
        let detail = format!("it is {} and should be a regular file", kind_of(&meta));
        return Err((Code::ObjectMode, detail, replace()));
    }
    if let Some(size_bytes) = wanted.size_bytes.filter(|size| *size != meta.size()) {
        let detail = format!("it has {} bytes and should have {size_bytes}", meta.size());
        return Err((Code::ObjectSize, detail, replace()));
    }
    if meta.mode() & 0o7222 != 0 {
        let detail = format!("its mode is {:o} and should be 444", meta.mode() & 0o7777);
        return Err((Code::ObjectMode, detail, format!("see who changed it: chmod 444 {shown}")));
    }
    if meta.uid() != owner {
        let detail = format!("it belongs to user {} and should to user {owner}", meta.uid());
        return Err((
            Code::ObjectOwner,
            detail,
            format!("see who changed it: chown {owner} {shown}"),
        ));
    }
    let bytes = if depth == Depth::Deep {
        bytes::judge(path, wanted.digest, pace)
            .map_err(|(code, detail)| (code, detail, replace()))?
    } else {
        0
    };
    match wanted.mtime.filter(|mtime| *mtime != meta.mtime()) {
        None => Ok(bytes),
        Some(mtime) => {
            let detail = format!("its time is {} and should be {mtime}", meta.mtime());
            let remedy =
                format!("see who changed it, check with --deep: touch -d @{mtime} {shown}");
            Err((Code::ObjectTime, detail, remedy))
        }
    }
}

fn kind_of(meta: &std::fs::Metadata) -> &'static str {
    if meta.is_dir() {
        "a folder"
    } else if meta.is_symlink() {
        "a link"
    } else if meta.file_type().is_fifo() {
        "a FIFO"
    } else {
        "a special file"
    }
}

/// Names a path below the root.
fn name_in(store: &Store, path: &Path) -> String {
    let below: PathBuf = path.strip_prefix(store.root()).unwrap_or(path).to_owned();
    crate::path::escape_path(&below)
}

/// Says where an object is used: the first place, and how many more. `None` for one that is missing and that nothing names: it is
/// being collected.
fn place_of(wanted: &Wanted, index: Option<&Index>, code: Code) -> Result<Option<String>> {
    if wanted.place.is_some() {
        return Ok(wanted.place.clone());
    }
    let holders = index.map(|index| index.holders(wanted.digest)).transpose()?.unwrap_or_default();
    Ok(match holders.as_slice() {
        [] if code == Code::ObjectMissing => None,
        [] => Some("no snapshot".to_owned()),
        [Holder { mirror, path, first, last }, more @ ..] => {
            let until = last.map_or_else(|| "the newest".to_owned(), |last| last.to_string());
            let others =
                if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            Some(format!("{mirror}@{first} to {until}, {path}{others}"))
        }
    })
}
