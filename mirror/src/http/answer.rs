//! An answer: its head, checked, and its body, read piece by piece within the limits of the run.

use std::io::Read;
use std::time::{Duration, Instant, UNIX_EPOCH};

use ureq::http::{HeaderMap, HeaderName, Response, header};

use super::trouble::Trouble;
use super::{Http, Limits, Url};

/// What a server says about the state of a file, to be shown to it the next time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The value of `ETag`.
    pub etag: Option<String>,
    /// The value of `Last-Modified`, as the server wrote it.
    pub last_modified: Option<String>,
}

impl Validators {
    /// Gives what a request for the rest of a file may rely on: a strong tag, else the time.
    pub(crate) fn strong(&self) -> Option<&str> {
        let tag = self.etag.as_deref().filter(|tag| tag.starts_with('"'));
        tag.or(self.last_modified.as_deref())
    }
}

/// The part of a file that an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    /// Its first byte.
    pub(crate) from: u64,
    /// The file's size, where it is stated.
    pub(crate) of_bytes: Option<u64>,
}

impl Range {
    /// Reads `bytes FROM-TO/SIZE`; `None` where it is something else.
    fn parse(text: &str) -> Option<Self> {
        let (span, size) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (from, to) = span.split_once('-')?;
        let (from, to) = (from.parse().ok()?, to.parse::<u64>().ok()?);
        let of_bytes = if size == "*" { None } else { Some(size.parse().ok()?) };
        (from <= to && of_bytes.is_none_or(|size| to < size)).then_some(Self { from, of_bytes })
    }
}

/// An answer that is no redirect.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    /// Where it came from, redirects followed.
    pub(crate) url: Url,
    /// The status code.
    pub(crate) status: u16,
    /// What the server says about the file's state.
    pub(crate) validators: Validators,
    /// The file's modification time in seconds since 1970, where the server states one that can be read.
    pub(crate) modified: Option<i64>,
    /// The body's size, where it is stated.
    pub(crate) size_bytes: Option<u64>,
    /// Which part of the file the body is.
    pub(crate) range: Option<Range>,
    /// How long the server asks to be left alone.
    pub(crate) after: Option<Duration>,
    /// The body.
    pub(crate) body: Body<'a>,
}

impl<'a> Answer<'a> {
    /// Reads the head.
    pub(super) fn new(http: &'a Http, url: &Url, response: Response<ureq::Body>) -> Self {
        let (head, body) = response.into_parts();
        let headers = &head.headers;
        let last_modified = text(headers, header::LAST_MODIFIED).map(str::to_owned);
        let pace = Pace { waited: Duration::ZERO, came_bytes: 0 };
        Self {
            url: url.clone(),
            status: head.status.as_u16(),
            modified: last_modified.as_deref().and_then(seconds),
            size_bytes: text(headers, header::CONTENT_LENGTH)
                .and_then(|text| text.trim().parse().ok()),
            range: text(headers, header::CONTENT_RANGE).and_then(Range::parse),
            after: text(headers, header::RETRY_AFTER)
                .and_then(|text| wait(text, text_of_date(headers))),
            validators: Validators {
                etag: text(headers, header::ETAG).map(str::to_owned),
                last_modified,
            },
            body: Body { http, reader: body.into_reader(), pace },
        }
    }

    /// Says what an answer means that brings nothing. Reads its body, where that is short, so that the connection can be
    /// used again.
    pub(crate) fn refusal(self) -> Trouble {
        let (status, after) = (self.status, self.after);
        self.body.drain();
        let why = format!("the server answers {}", status_text(status));
        match status {
            408 | 425 | 429 | 500..=599 => Trouble::Passing { why, after, is_answer: true },
            // Not asked for: a confused server or cache between.
            200..=399 => Trouble::Passing { why, after: None, is_answer: true },
            401 | 407 => Trouble::lasting(format!("{why}: it wants a login, or another one")),
            _ => Trouble::lasting(why),
        }
    }
}

/// Gives a status with its words.
fn status_text(status: u16) -> String {
    let known = ureq::http::StatusCode::from_u16(status).ok();
    known.map_or_else(|| status.to_string(), |known| known.to_string())
}

/// Gives a header's value where it is visible text.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Gives the server's own time.
fn text_of_date(headers: &HeaderMap) -> Option<i64> {
    text(headers, header::DATE).and_then(seconds)
}

/// Reads a date as HTTP writes it, in seconds since 1970.
fn seconds(text: &str) -> Option<i64> {
    let time = httpdate::parse_http_date(text).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// Reads `Retry-After`: seconds, or a date, which is compared with the server's own clock.
fn wait(text: &str, server_now: Option<i64>) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let left = seconds(text.trim())?.checked_sub(server_now?)?;
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
}

/// A body that is read within the limits of the run. Nothing in it is decoded but the chunks.
pub(crate) struct Body<'a> {
    http: &'a Http,
    reader: ureq::BodyReader<'static>,
    pace: Pace,
}

impl std::fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("pace", &self.pace).finish_non_exhaustive()
    }
}

/// How much of a body that brings nothing is read.
const DRAIN_BYTES: usize = 64 * 1024;

impl Body<'_> {
    /// Reads the next piece; 0 at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Trouble> {
        self.http.check()?;
        let from = Instant::now();
        let read = self.reader.read(buffer).map_err(|error| self.http.trouble(&error.into()))?;
        self.pace.note(read, from.elapsed(), &self.http.limits)?;
        self.http.throttle(read)?;
        Ok(read)
    }

    /// Reads a short body to its end.
    pub(crate) fn drain(mut self) {
        let mut buffer = [0; 4096];
        let mut left = DRAIN_BYTES;
        while left > 0 {
            match self.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(read) => left = left.saturating_sub(read),
            }
        }
    }
}

/// How fast a body comes: counted over the time that we wait for it, not over the time that we do something else.
#[derive(Debug)]
struct Pace {
    waited: Duration,
    came_bytes: u64,
}

impl Pace {
    /// Notes a piece, and fails where the server is too slow over a window of time.
    fn note(&mut self, read: usize, waited: Duration, limits: &Limits) -> Result<(), Trouble> {
        self.waited += waited;
        self.came_bytes = self.came_bytes.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if self.waited < limits.rate_window {
            return Ok(());
        }
        let window = limits.rate_window.as_millis();
        let least = u128::from(limits.bytes_per_second_min).saturating_mul(window) / 1000;
        if u128::from(self.came_bytes) < least {
            return Err(Trouble::passing(format!(
                "the server is too slow: {} bytes in {:?}",
                self.came_bytes, self.waited
            )));
        }
        *self = Self { waited: Duration::ZERO, came_bytes: 0 };
        Ok(())
    }
}

#[cfg(test)]
mod tests;
