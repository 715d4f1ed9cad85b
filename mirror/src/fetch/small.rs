//! A small file without a known checksum: root metadata, whose signature is checked by whoever asked.

use pinfold_store::{Counter, Monitor, RelPath};

use super::Upstream;
use super::retry::Tries;
use crate::http::{Answer, Asked, Http, PIECE_BYTES, Trouble, Url, Validators};
use crate::{Error, Result};

/// How a small file is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Ask<'a> {
    /// Past all caches between.
    Anew,
    /// Only where it is in another state than this.
    IfChanged(&'a Validators),
}

/// What came of a small file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Small {
    /// It is there.
    Found {
        /// Its content, judged by nobody.
        bytes: Vec<u8>,
        /// What to show the server the next time.
        validators: Validators,
        /// Its modification time in seconds since 1970, where the server states one.
        modified: Option<i64>,
    },
    /// It is in the state that was named. The server's word for it.
    NotModified,
    /// The server does not have it, or does not give it: 403, 404, 410.
    Absent {
        /// The status code.
        status: u16,
    },
}

/// Fetches a small file of an archive into memory.
///
/// # Errors
/// [`Error::Upstream`] where it cannot be had or is larger than `bytes_max`; [`Error::Interrupted`], [`Error::Late`].
pub fn small(
    upstream: Upstream<'_>,
    path: &RelPath,
    ask: Ask<'_>,
    bytes_max: u64,
    monitor: &dyn Monitor,
) -> Result<Small> {
    let url = upstream.base.join(path);
    of_url((upstream.http, &url), ask, bytes_max, monitor).map(|(small, _)| small)
}

/// A page that a folder of an archive answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// It is there.
    Page {
        /// Its content.
        bytes: Vec<u8>,
        /// Where it came from, redirects followed.
        url: Url,
    },
    /// The server does not have it, or does not give it: 403, 404, 410.
    Absent {
        /// The status code.
        status: u16,
    },
}

/// Fetches the page that a folder of an archive answers with; `None` is the archive itself.
///
/// # Errors
/// As [`small`].
pub fn page(
    upstream: Upstream<'_>,
    folder: Option<&RelPath>,
    bytes_max: u64,
    monitor: &dyn Monitor,
) -> Result<Shown> {
    let url = upstream.base.folder(folder);
    Ok(match of_url((upstream.http, &url), Ask::Anew, bytes_max, monitor)? {
        (Small::Found { bytes, .. }, url) => Shown::Page { bytes, url },
        (Small::Absent { status }, _) => Shown::Absent { status },
        (Small::NotModified, _) => Shown::Absent { status: 304 },
    })
}

/// Fetches a list of mirrors into memory.
///
/// # Errors
/// As [`small`]; also where the server does not have it.
pub fn list(http: &Http, url: &Url, bytes_max: u64, monitor: &dyn Monitor) -> Result<Vec<u8>> {
    match of_url((http, url), Ask::Anew, bytes_max, monitor)?.0 {
        Small::Found { bytes, .. } => Ok(bytes),
        Small::NotModified => Ok(Vec::new()),
        Small::Absent { status } => {
            let why = format!("the server answers {status}");
            Err(Error::Upstream { url: url.to_string(), why })
        }
    }
}

fn of_url(
    (http, url): (&Http, &Url),
    ask: Ask<'_>,
    bytes_max: u64,
    monitor: &dyn Monitor,
) -> Result<(Small, Url)> {
    let asked = match ask {
        Ask::Anew => Asked { is_fresh: true, ..Asked::default() },
        Ask::IfChanged(state) => Asked { if_changed: Some(state), ..Asked::default() },
    };
    let mut tries = Tries::default();
    loop {
        let read = http.get(url, asked, monitor);
        let taken = read.and_then(|answer| {
            let url = answer.url.clone();
            take(answer, ask, bytes_max, monitor).map(|small| (small, url))
        });
        let trouble = match taken {
            Ok(taken) => return Ok(taken),
            Err(trouble) => trouble,
        };
        if let Some(failure) = tries.again(http, trouble, 0)? {
            return Err(Error::Upstream { url: url.to_string(), why: failure.why });
        }
    }
}

/// Reads the answer.
fn take(
    mut answer: Answer<'_>,
    ask: Ask<'_>,
    bytes_max: u64,
    monitor: &dyn Monitor,
) -> Result<Small, Trouble> {
    match answer.status {
        200 => {}
        304 if matches!(ask, Ask::IfChanged(state) if *state != Validators::default()) => {
            return Ok(Small::NotModified);
        }
        status @ (403 | 404 | 410) => {
            answer.body.drain();
            return Ok(Small::Absent { status });
        }
        _ => return Err(answer.refusal()),
    }
    let too_large = || Trouble::lasting(format!("it is larger than {bytes_max} bytes"));
    if answer.size_bytes.is_some_and(|stated| stated > bytes_max) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = answer.body.read(&mut piece)?;
        if read == 0 {
            break;
        }
        count(monitor, read);
        bytes.extend_from_slice(&piece[..read]);
        if u64::try_from(bytes.len()).is_ok_and(|len| len > bytes_max) {
            return Err(too_large());
        }
    }
    Ok(Small::Found { bytes, validators: answer.validators, modified: answer.modified })
}

/// Counts bytes that came.
pub(super) fn count(monitor: &dyn Monitor, read: usize) {
    monitor.count(Counter::BytesFetched, u64::try_from(read).unwrap_or(u64::MAX));
}
