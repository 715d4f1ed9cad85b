//! The access logs of the site, as nginx writes them: who fetched what, and when.
//!
//! Every byte of a line may be a stranger's: nginx escapes quotes and control bytes, and what does not look like a line of ours is
//! counted and passed over. Files are read as streams, rotated ones too; what is remembered is bounded.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use pinfold_store::path::escape_path;
use pinfold_store::{Name, Stamp, disk};

use crate::failure::Failure;

/// The longest line that is read; nginx takes requests of 32 kB at most.
const LINE_BYTES_MAX: u64 = 1 << 17;
/// How many addresses of a mirror are told apart.
const ADDRESSES_MAX: usize = 50_000;
/// How many channels and dates of one address are.
const VIEWS_MAX: usize = 32;

/// What one address did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) last: Stamp,
    /// Requests that were answered with a file, or that nothing changed.
    pub(crate) requests: u64,
    /// Requests that were not: absent files, mostly.
    pub(crate) failed: u64,
    pub(crate) bytes: u64,
    /// What it asked for, `production` or a date, with how often.
    pub(crate) views: BTreeMap<String, u64>,
}

/// What a mirror's logs say.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) addresses: BTreeMap<IpAddr, Seen>,
    /// Requests of addresses beyond those that are told apart.
    pub(crate) others: u64,
    /// Lines that were none of ours.
    pub(crate) odd: u64,
    /// Files that were read.
    pub(crate) files: Vec<PathBuf>,
    /// Files whose form of compression is not read here.
    pub(crate) unread: Vec<PathBuf>,
}

/// Reads what is said of a mirror since a time.
///
/// Cost: the logs that were written to since then, as streams.
pub(crate) fn read(folder: &Path, mirror: &Name, since: Stamp) -> Result<Account, Failure> {
    let base = format!("{mirror}.access.log");
    let mut account = Account::default();
    for (path, form) in logs(folder, &base)? {
        let failed = |error: std::io::Error| {
            Failure::machine(format!("cannot read the access log {}: {error}", escape_path(&path)))
                .hint("run it as root, or give pinfold's user the group that may read nginx's logs (usermod -aG adm pinfold)")
        };
        let Some(file) = open(&path, since).map_err(failed)? else { continue };
        match unpacked(file, form) {
            None => account.unread.push(path),
            Some(lines) => {
                account.add(lines, since).map_err(failed)?;
                account.files.push(path);
            }
        }
    }
    Ok(account)
}

/// Shows every request since a time that a log called `base` holds, rotated ones too.
///
/// Cost: as [`read`].
pub(crate) fn requests(
    (folder, base): (&Path, &str),
    since: Stamp,
    each: &mut dyn FnMut(&Request<'_>),
) -> std::io::Result<()> {
    for (path, form) in logs(folder, base).map_err(std::io::Error::other)? {
        if form == Form::Other {
            continue;
        }
        let lines = open(&path, since)?.and_then(|file| unpacked(file, form));
        let Some(lines) = lines else { continue };
        each_line(lines, &mut |request| {
            if let Some(request) = request.filter(|request| request.at >= since) {
                each(&request);
            }
        })?;
    }
    Ok(())
}

/// The files of a log, rotated ones too.
fn logs(folder: &Path, base: &str) -> pinfold_store::Result<Vec<(PathBuf, Form)>> {
    let of = |name: std::ffi::OsString| {
        let form = form(name.to_str()?.strip_prefix(base)?)?;
        Some((folder.join(name), form))
    };
    Ok(disk::names(folder)?.into_iter().filter_map(of).collect())
}

/// Opens a file; `None` where nothing was written to it since a time.
fn open(path: &Path, since: Stamp) -> std::io::Result<Option<File>> {
    let file = File::open(path)?;
    let is_old = file.metadata()?.mtime() < since.seconds();
    Ok((!is_old).then_some(file))
}

/// Reads a file in its form; `None` where that is not read here.
fn unpacked(file: File, form: Form) -> Option<Box<dyn BufRead>> {
    match form {
        Form::Plain => Some(Box::new(BufReader::new(file))),
        Form::Gzip => Some(Box::new(BufReader::new(MultiGzDecoder::new(file)))),
        Form::Other => None,
    }
}

/// Shows what each line asks; `None` stands for one that is none of ours.
fn each_line(
    mut lines: impl BufRead,
    each: &mut dyn FnMut(Option<Request<'_>>),
) -> std::io::Result<()> {
    let mut line = Vec::new();
    while lines.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? > 0 {
        each(std::str::from_utf8(&line).ok().and_then(parse));
        line.clear();
    }
    Ok(())
}

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Gzip,
    Other,
}

/// Tells it by what follows the log's name: `.1`, `.2.gz`, `-20261126.gz`; `None` where that is another file.
fn form(end: &str) -> Option<Form> {
    let (number, form) = match end.rsplit_once('.') {
        Some((rest, "gz")) => (rest, Form::Gzip),
        Some((rest, "xz" | "zst" | "bz2" | "lz4")) => (rest, Form::Other),
        _ => (end, Form::Plain),
    };
    let is_rotated = number.is_empty()
        || number.strip_prefix(['.', '-']).is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        });
    is_rotated.then_some(form)
}

impl Account {
    fn add(&mut self, lines: impl BufRead, since: Stamp) -> std::io::Result<()> {
        each_line(lines, &mut |request| match request {
            None => self.odd += 1,
            Some(request) if request.at >= since => self.count(&request),
            Some(_) => {}
        })
    }

    fn count(&mut self, request: &Request<'_>) {
        let is_full = self.addresses.len() >= ADDRESSES_MAX;
        if is_full && !self.addresses.contains_key(&request.address) {
            self.others += 1;
            return;
        }
        let seen = self.addresses.entry(request.address).or_insert_with(|| Seen {
            last: request.at,
            requests: 0,
            failed: 0,
            bytes: 0,
            views: BTreeMap::new(),
        });
        seen.last = seen.last.max(request.at);
        seen.bytes = seen.bytes.saturating_add(request.bytes);
        if matches!(request.status, 200 | 206 | 304) {
            seen.requests += 1;
        } else {
            seen.failed += 1;
        }
        if let Some(times) = seen.views.get_mut(request.view) {
            *times += 1;
        } else if seen.views.len() < VIEWS_MAX {
            seen.views.insert(request.view.to_owned(), 1);
        }
    }

    /// How many addresses were answered.
    pub(crate) fn clients(&self) -> usize {
        self.addresses.values().filter(|seen| seen.requests > 0).count()
    }
}

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    pub(crate) address: IpAddr,
    pub(crate) at: Stamp,
    pub(crate) status: u16,
    bytes: u64,
    view: &'a str,
    /// What was asked for, as nginx escaped it: `GET /x HTTP/1.1`.
    pub(crate) asked: &'a str,
}

/// Reads a line of the format `pinfold`. Quotes within its fields stand there as `\x22`, so that a quote is always a field's end.
fn parse(line: &str) -> Option<Request<'_>> {
    let fields: Vec<&str> = line.trim_end_matches('\n').split('"').collect();
    let &[head, asked, answer, _referrer, _between, _agent, view] = fields.as_slice() else {
        return None;
    };
    let (address, rest) = head.split_once(' ')?;
    // The user's name is a stranger's word, and may hold a bracket: the time is the last.
    let (_, time) = rest.trim_end().strip_suffix(']')?.rsplit_once('[')?;
    let time = jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", time).ok()?.to_timestamp().ok()?;
    let mut numbers = answer.split_whitespace();
    Some(Request {
        address: address.parse().ok()?,
        at: Stamp::from_seconds(time.as_second()),
        status: numbers.next()?.parse().ok()?,
        bytes: numbers.next()?.parse().ok()?,
        view: shown(view.trim())?,
        asked,
    })
}

/// The channel or date that a request asked for, from the path below `www`.
fn shown(view: &str) -> Option<&str> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._/-".contains(&b);
    let last = view.rsplit('/').next()?;
    (view.bytes().all(is_plain) && !last.is_empty()).then_some(last)
}

#[cfg(test)]
mod tests;
