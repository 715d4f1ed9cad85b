//! Reading every byte: by all cores, no faster than asked for, and going on where an earlier run was interrupted.
//!
//! What was read and is right is noted in the index, page by page. Objects are read in the order in which they came, which is about
//! the order in which they lie on the disk; of two runs the later one begins with what was not read for the longest time.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use rustix::fs::{Advice, Mode, OFlags};

use super::objects::{AGAIN, Flaw, Wanted};
use super::{Effort, Part};
use crate::error::Result;
use crate::index::{Index, ObjectRow, Unread};
use crate::{Code, Digest, Monitor, Report, Stamp, Store};

/// Objects, and about how many bytes of them, that are read before it is noted that they were.
const PAGE: usize = 4096;
const PAGE_BYTES: u64 = 1 << 30;
/// What is read at once: it stays in a core's cache until it is hashed.
const BUFFER_BYTES: usize = 128 * 1024;
/// Files from this size on are read ahead further.
const LARGE_BYTES: u64 = 1 << 20;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER_BYTES]);
}

/// Holds reading back to so many bytes a second, of all threads together.
#[derive(Debug)]
pub(crate) struct Pace {
    bytes_per_second: Option<u64>,
    next: Mutex<Instant>,
}

impl Pace {
    pub(crate) fn new(bytes_per_second: Option<u64>) -> Self {
        Self { bytes_per_second, next: Mutex::new(Instant::now()) }
    }

    /// Waits until these bytes may be read.
    fn wait(&self, bytes: usize) {
        let Some(rate) = self.bytes_per_second else { return };
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        // A second for each `rate` bytes; more than a u32 a second is no limit that anybody would notice.
        let takes = Duration::from_secs(1) * bytes / u32::try_from(rate.max(1)).unwrap_or(u32::MAX);
        let now = Instant::now();
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = (*next).max(now);
        *next = begins + takes;
        drop(next);
        std::thread::sleep(begins.saturating_duration_since(now));
    }
}

/// Hashes a regular file, following no link.
///
/// # Errors
/// What reading says: a bad sector is one.
pub(crate) fn hash(path: &Path, pace: &Pace) -> std::io::Result<(Digest, u64)> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    if meta.size() >= LARGE_BYTES {
        // Only advice: where it is not taken the file is read all the same.
        rustix::fs::fadvise(&file, 0, None, Advice::Sequential).unwrap_or_default();
    }
    BUFFER.with_borrow_mut(|buffer| {
        let mut hasher = blake3::Hasher::new();
        loop {
            pace.wait(buffer.len().min(usize::try_from(meta.size()).unwrap_or(usize::MAX)));
            match file.read(buffer) {
                Ok(0) => break,
                Ok(read) => hasher.update(&buffer[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if hasher.count() >= meta.size() {
                break;
            }
        }
        Ok((hasher.finalize().into(), hasher.count()))
    })
}

/// Says what is wrong with the bytes of a file that should be an object; gives how many were read.
pub(super) fn judge(path: &Path, digest: Digest, pace: &Pace) -> Result<u64, (Code, String)> {
    match hash(path, pace) {
        Ok((found, bytes)) if found == digest => Ok(bytes),
        Ok((found, _)) => Err((Code::ObjectContent, format!("its bytes hash to {found}"))),
        Err(error) => Err((Code::ObjectUnreadable, error.to_string())),
    }
}

/// One object that was read.
struct Done {
    number: i64,
    wanted: Wanted,
    flaws: Vec<(PathBuf, Flaw)>,
    bytes: u64,
    /// It was read whole; else time was up.
    is_read: bool,
}

/// The reading of a store.
pub(super) struct Reader<'a> {
    pub(super) store: &'a Store,
    pub(super) effort: &'a Effort,
    pub(super) monitor: &'a dyn Monitor,
    pace: Pace,
    deadline: Option<Instant>,
    /// What was read and could not be noted yet.
    waiting: Vec<i64>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(store: &'a Store, effort: &'a Effort, monitor: &'a dyn Monitor) -> Self {
        let deadline = match effort.part {
            Part::Budget(time) => Some(Instant::now() + time),
            Part::Whole | Part::Subset(_) => None,
        };
        let pace = Pace::new(effort.bytes_per_second);
        Self { store, effort, monitor, pace, deadline, waiting: Vec::new() }
    }

    /// Reads what is due, and notes what was right.
    pub(super) fn run(&mut self, index: &mut Index, report: &mut Report) -> Result<()> {
        index.be_brief()?;
        let now = self.effort.now;
        let pass = match self.effort.part {
            // Where it cannot be noted (a full disk) the pass cannot be gone on with: all is read all the same.
            Part::Whole => index.begin_pass(now).ok(),
            Part::Subset(_) | Part::Budget(_) => None,
        };
        let fresh = index.reading_time(now)?;
        let before = pass.map_or(fresh, |pass| pass.began);
        if let Some(pass) = pass.filter(|pass| pass.is_resumed) {
            let title = format!("going on with the reading that began at {}", pass.began.human());
            self.monitor.step(&title, None);
        } else {
            self.monitor.step("reading objects", None);
        }
        let mut list = Unread::new(before, self.effort.part.digests());
        loop {
            let rows = index.unread(&mut list, PAGE)?;
            if rows.is_empty() {
                break;
            }
            for chunk in pages(&rows) {
                self.read(index, chunk, fresh.max(before), report)?;
            }
            if self.is_over() {
                break;
            }
        }
        if let Some(pass) = pass
            && self.waiting.is_empty()
        {
            drop(index.end_pass(pass));
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Reads some objects by all cores.
    fn read(
        &mut self,
        index: &mut Index,
        rows: &[(i64, ObjectRow)],
        at: Stamp,
        report: &mut Report,
    ) -> Result<()> {
        let done: Vec<Done> =
            rows.par_iter().with_max_len(1).map(|(number, row)| self.one(*number, row)).collect();
        for one in done {
            if one.is_read && one.flaws.is_empty() {
                self.waiting.push(one.number);
            }
            let checked = (one.flaws, one.bytes);
            self.store.note(&one.wanted, Some(index), checked, (report, self.monitor))?;
        }
        if index.remember_read(&self.waiting, at, self.effort.now).is_ok() {
            self.waiting.clear();
        }
        Ok(())
    }

    /// Reads one object and its replicas. What is not there or has another size was found before.
    fn one(&self, number: i64, row: &ObjectRow) -> Done {
        let wanted = Wanted::of(row);
        let mut done = Done { number, wanted, flaws: Vec::new(), bytes: 0, is_read: false };
        if self.is_over() {
            return done;
        }
        self.monitor.advance(1);
        let first = self.store.object_path(row.digest);
        done.is_read = true;
        for path in std::iter::once(first).chain(self.store.replicas(row.digest)) {
            let meta = path.symlink_metadata();
            if !meta.is_ok_and(|meta| meta.is_file() && meta.size() == row.size_bytes) {
                done.is_read = false;
                continue;
            }
            match judge(&path, row.digest, &self.pace) {
                Ok(bytes) => done.bytes += bytes,
                Err((code, detail)) => {
                    done.flaws.push((path, (code, detail, AGAIN.to_owned())));
                }
            }
        }
        done
    }
}

/// Cuts a page where it has many bytes.
fn pages(rows: &[(i64, ObjectRow)]) -> impl Iterator<Item = &[(i64, ObjectRow)]> {
    let mut bytes = 0_u64;
    rows.chunk_by(move |(_, row), _| {
        bytes = bytes.saturating_add(row.size_bytes);
        let fits = bytes < PAGE_BYTES;
        if !fits {
            bytes = 0;
        }
        fits
    })
}
