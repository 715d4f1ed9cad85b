//! One file that is wanted: tried under its names, continued after a cut, judged by its checksum.
//!
//! What is in the store's `incoming/` is never believed: bytes that came by several answers, or in an earlier run, are right
//! or are thrown away once and asked for from the start.

use pinfold_store::{Arrival, Counter, Landed, Monitor, Store};

use super::retry::{Failure, Tries};
use super::small::count;
use super::{Outcome, Upstream, Want};
use crate::http::{Answer, Asked, Trouble, Url};
use crate::{Error, Result};

/// What one worker has.
pub(super) struct Worker<'a> {
    /// Whom it asks.
    pub(super) upstream: Upstream<'a>,
    /// Where content goes.
    pub(super) store: &'a Store,
    /// Who is told.
    pub(super) monitor: &'a dyn Monitor,
    /// The bytes of one read.
    pub(super) piece: Vec<u8>,
}

/// A file on its way.
struct Coming<'a> {
    want: &'a Want,
    arrival: Arrival,
    /// How much of it the monitor was told of.
    told_bytes: u64,
    /// Its modification time, once an answer stated it.
    modified: Option<i64>,
}

/// How the tries under one name ended.
enum End {
    /// All bytes are there and right.
    Right,
    /// Not under this name.
    Bad(Outcome),
    /// Nor under any other: the server does not answer.
    Down(Outcome),
}

/// How one answer ended.
enum Poured {
    /// As many bytes as are wanted are there.
    Whole,
    /// Other bytes than the wanted ones, as far as can be told by their number.
    Wrong(String),
    /// The server does not have it.
    Absent(u16),
    /// What is there cannot be continued; ask for all of it.
    Again,
}

impl Worker<'_> {
    /// Brings a file, or says what came instead.
    pub(super) fn bring(&mut self, want: &Want) -> Result<Outcome> {
        let arrival = self.store.arrival(want.expect.name())?;
        let modified = arrival.modified();
        let mut coming = Coming { want, arrival, told_bytes: 0, modified };
        if coming.arrival.size_bytes() > coming.bytes_max()
            || (coming.is_whole() && coming.flaw()?.is_some())
        {
            coming.restart()?;
        }
        coming.tell(self.monitor);
        if coming.is_whole() && coming.flaw()?.is_none() {
            return coming.land().map(Outcome::Landed);
        }
        let mut worst: Option<Outcome> = None;
        for name in &want.names {
            let url = self.upstream.base.join(name);
            let outcome = match self.bring_from(&mut coming, &url)? {
                End::Right => {
                    self.monitor.count(Counter::FilesFetched, 1);
                    return coming.land().map(Outcome::Landed);
                }
                End::Bad(outcome) => outcome,
                End::Down(outcome) => {
                    coming.leave()?;
                    return Ok(outcome);
                }
            };
            if worst.as_ref().is_none_or(|worst| outcome.gravity() > worst.gravity()) {
                worst = Some(outcome);
            }
        }
        coming.leave()?;
        let base = self.upstream.base;
        Ok(worst.unwrap_or_else(|| Outcome::Failed {
            url: base.to_string(),
            why: "it has no name".to_owned(),
        }))
    }

    /// Tries one name.
    fn bring_from(&mut self, coming: &mut Coming<'_>, url: &Url) -> Result<End> {
        let mut tries = Tries::default();
        let mut state: Option<String> = None;
        let mut is_second = false;
        loop {
            let before = coming.arrival.size_bytes();
            let asked = Asked {
                from: before,
                range_if: state.as_deref(),
                if_changed: None,
                is_fresh: is_second,
            };
            let answer = self.upstream.http.get(url, asked, self.monitor);
            let poured = answer.and_then(|answer| {
                state = answer.validators.strong().map(str::to_owned);
                self.pour(answer, coming)
            });
            let found = match poured {
                Ok(Poured::Absent(status)) => {
                    return Ok(End::Bad(Outcome::Absent { url: url.to_string(), status }));
                }
                Ok(Poured::Whole) => match coming.flaw()? {
                    None => return Ok(End::Right),
                    Some(found) => found,
                },
                Ok(Poured::Wrong(found)) => found,
                Ok(Poured::Again) => {
                    coming.restart()?;
                    continue;
                }
                Err(trouble) => {
                    let came = coming.arrival.size_bytes().saturating_sub(before);
                    match tries.again(self.upstream.http, trouble, came)? {
                        None => continue,
                        Some(failure) => return Ok(failed(url, failure)),
                    }
                }
            };
            coming.restart()?;
            if is_second {
                let expected = coming.expected();
                return Ok(End::Bad(Outcome::Wrong { url: url.to_string(), expected, found }));
            }
            // A cache between may hold an old state, and what was there before may be wrong: once more, from the start.
            is_second = true;
            state = None;
        }
    }

    /// Writes what an answer brings.
    fn pour(&mut self, mut answer: Answer<'_>, coming: &mut Coming<'_>) -> Result<Poured, Trouble> {
        let have = coming.arrival.size_bytes();
        let (size, bytes_max) = (coming.want.size_bytes, coming.bytes_max());
        let is_other = |stated: u64| size.map_or(stated > bytes_max, |size| size != stated);
        match (answer.status, answer.range) {
            (200, _) => {
                coming.restart()?;
                if let Some(stated) = answer.size_bytes.filter(|stated| is_other(*stated)) {
                    return Ok(Poured::Wrong(format!("{stated} bytes, as the server says")));
                }
            }
            (206, Some(range))
                if have > 0
                    && range.from == have
                    && range.of_bytes.is_none_or(|of| !is_other(of)) => {}
            (206 | 416, _) if have > 0 => return Ok(Poured::Again),
            (403 | 404 | 410, _) => {
                let status = answer.status;
                answer.body.drain();
                return Ok(Poured::Absent(status));
            }
            _ => return Err(answer.refusal()),
        }
        coming.modified = answer.modified.or(coming.modified);
        loop {
            let room = bytes_max.saturating_sub(coming.arrival.size_bytes());
            let most = usize::try_from(room.saturating_add(1)).unwrap_or(usize::MAX);
            let most = most.min(self.piece.len());
            let read = answer.body.read(&mut self.piece[..most])?;
            count(self.monitor, read);
            if read == 0 {
                break;
            }
            if u64::try_from(read).is_ok_and(|read| read > room) {
                return Ok(Poured::Wrong(format!("more than {bytes_max} bytes")));
            }
            coming.arrival.write(&self.piece[..read])?;
            coming.tell(self.monitor);
        }
        // Where nobody states the size the end of the answer is the end of the file, and the checksum says whether it is.
        if size.is_none() || coming.is_whole() {
            return Ok(Poured::Whole);
        }
        Ok(Poured::Wrong(format!("{} bytes", coming.arrival.size_bytes())))
    }
}

/// Makes an outcome of a failure: where the server answered, another name may be there.
fn failed(url: &Url, failure: Failure) -> End {
    let outcome = Outcome::Failed { url: url.to_string(), why: failure.why };
    if failure.is_answer { End::Bad(outcome) } else { End::Down(outcome) }
}

impl Coming<'_> {
    /// Gives the most bytes that are taken.
    fn bytes_max(&self) -> u64 {
        self.want.size_bytes.unwrap_or(self.want.expect.bytes_max())
    }

    /// Says whether as many bytes as are wanted are there; where nobody says how many, whether what is there is right.
    fn is_whole(&self) -> bool {
        match self.want.size_bytes {
            Some(size) => self.arrival.size_bytes() == size,
            None => self.want.expect.sum().is_some() && self.arrival.is_right(),
        }
    }

    /// Says what is wanted.
    fn expected(&self) -> String {
        let what = &self.want.expect;
        match self.want.size_bytes {
            Some(size) => format!("{what}, {size} bytes"),
            None => what.to_string(),
        }
    }

    /// Says what is there, where it is not what is wanted.
    fn flaw(&self) -> Result<Option<String>> {
        let Some(wanted) = self.want.expect.sum() else {
            let read = self.want.expect.flaw(&mut self.arrival.read_back());
            let path = self.want.names.first().map(|name| name.as_path().to_owned());
            return read.map_err(|source| Error::Io {
                action: "read",
                path: path.unwrap_or_default(),
                source,
            });
        };
        if self.arrival.is_right() {
            return Ok(None);
        }
        let sums = self.arrival.sums();
        let sum = sums.of_kind(wanted.algorithm());
        let sum = sum.unwrap_or(pinfold_store::Checksum::sha256(&sums.sha256));
        Ok(Some(format!("{sum}, {} bytes", sums.size_bytes)))
    }

    /// Throws away what is there.
    fn restart(&mut self) -> Result<()> {
        Ok(self.arrival.restart()?)
    }

    /// Tells the monitor of bytes that it was not told of before.
    fn tell(&mut self, monitor: &dyn Monitor) {
        let here = self.arrival.size_bytes();
        if here > self.told_bytes {
            monitor.advance(here - self.told_bytes);
            self.told_bytes = here;
        }
    }

    /// Ends with the whole content.
    fn land(self) -> Result<Landed> {
        let modified = self.modified.unwrap_or(self.want.modified);
        Ok(self.arrival.finish(modified)?)
    }

    /// Ends without: what came stays for the next run.
    fn leave(self) -> Result<()> {
        if self.arrival.size_bytes() == 0 {
            self.arrival.discard()?;
        }
        Ok(())
    }
}
