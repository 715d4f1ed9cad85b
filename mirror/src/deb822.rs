//! Stanzas of `Field: value` lines, read one after the other in constant memory.
//!
//! The indices of apt archives are long lists of such stanzas. What is fine and what is not follows apt, so that nobody
//! sees other packages than the clients do: a stanza ends at an empty line, and a line of blanks is none; of a field that
//! stands twice the last one counts; names are compared without regard to case; CRLF, tabs, NUL and a missing last line
//! end are fine. Comments and empty lines at the beginning, at which apt gives up, are passed over and remembered.
//!
//! Nothing is copied but the bytes themselves, once, into the buffer that the fields are views of.

use std::io::{BufRead, ErrorKind, Read};
use std::ops::Range;
use std::path::PathBuf;

use pinfold_store::path::escape;

use crate::{Error, Result};

/// No stanza may have as many bytes. Debian's largest has 76,338.
pub const STANZA_BYTES_MAX: usize = 8 << 20;
/// The most fields that a stanza may have.
pub const FIELDS_MAX: usize = 200_000;
/// How much is read at a time, and what the buffer begins with.
const BUFFER_BYTES: usize = 256 << 10;

/// Reads stanzas.
#[derive(Debug)]
pub struct Stanzas<'a, R> {
    from: R,
    shown: &'a str,
    buffer: Vec<u8>,
    /// Where the stanza begins in the buffer, where its next line does, and where what was read ends.
    begin: usize,
    next: usize,
    end: usize,
    fields: Vec<Span>,
    /// How many lines and stanzas were read.
    lines: u64,
    stanzas: u64,
    odd_line: Option<u64>,
}

/// Where a field's name and value are, from the stanza's beginning.
#[derive(Debug, Clone)]
struct Span {
    name: Range<usize>,
    value: Range<usize>,
}

/// A stanza, as long as the next one is not asked for.
#[derive(Debug, Clone, Copy)]
pub struct Stanza<'a> {
    text: &'a [u8],
    fields: &'a [Span],
    shown: &'a str,
    /// The number of its first line.
    pub line: u64,
}

impl<'a, R: Read> Stanzas<'a, R> {
    /// Begins to read. `shown` names the file in errors.
    pub fn new(from: R, shown: &'a str) -> Self {
        Self {
            from,
            shown,
            buffer: vec![0; BUFFER_BYTES],
            begin: 0,
            next: 0,
            end: 0,
            fields: Vec::new(),
            lines: 0,
            stanzas: 0,
            odd_line: None,
        }
    }

    /// Gives the first line so far at which apt gives up though we go on: a comment, or an empty line before the first
    /// stanza. `None` in a file without stanzas.
    #[must_use]
    pub fn odd_line(&self) -> Option<u64> {
        self.odd_line.filter(|_| self.stanzas > 0)
    }

    /// Gives how many stanzas were read.
    #[must_use]
    pub fn stanzas(&self) -> u64 {
        self.stanzas
    }

    /// Reads the next stanza; `None` at the end.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] names the line that is no field, and what is larger than we read; [`Error::Io`] where
    /// nothing more can be read.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its buffer")]
    pub fn next(&mut self) -> Result<Option<Stanza<'_>>> {
        self.fields.clear();
        self.begin = self.next;
        let mut first = 0;
        while let Some(line) = self.line()? {
            let text = &self.buffer[self.begin..][line.clone()];
            match text.first() {
                Some(b'\r') | None if text.iter().all(|b| *b == b'\r') => {
                    if !self.fields.is_empty() {
                        break;
                    }
                    if self.stanzas == 0 {
                        self.odd_line.get_or_insert(self.lines);
                    }
                    self.begin = self.next;
                }
                Some(b'#') => {
                    self.odd_line.get_or_insert(self.lines);
                    if self.fields.is_empty() {
                        self.begin = self.next;
                    }
                }
                Some(b' ' | b'\t' | b'\r' | b'\x0b' | b'\x0c') => match self.fields.last_mut() {
                    Some(field) => field.value.end = line.end,
                    None => return Err(self.bad("continues nothing")),
                },
                _ => {
                    if self.fields.is_empty() {
                        first = self.lines;
                    }
                    self.field(line)?;
                }
            }
        }
        if self.fields.is_empty() {
            return Ok(None);
        }
        self.stanzas += 1;
        let text = &self.buffer[self.begin..self.next];
        Ok(Some(Stanza { text, fields: &self.fields, shown: self.shown, line: first }))
    }

    /// Takes a line as a field.
    fn field(&mut self, line: Range<usize>) -> Result<()> {
        let text = &self.buffer[self.begin..][line.clone()];
        let colon = text.iter().position(|b| *b == b':').unwrap_or(0);
        let length = text[..colon].trim_ascii_end().len();
        if length == 0 {
            let shown = escape(&text[..text.len().min(100)]);
            return Err(self.bad(&format!("is no field: {shown}")));
        }
        if self.fields.len() >= FIELDS_MAX {
            return Err(self.bad(&format!("is one field more than the {FIELDS_MAX} of a stanza")));
        }
        let name = line.start..line.start + length;
        self.fields.push(Span { name, value: line.start + colon + 1..line.end });
        Ok(())
    }

    /// Finds the next line, without its end, counted from the stanza's beginning.
    fn line(&mut self) -> Result<Option<Range<usize>>> {
        let mut searched = 0;
        loop {
            let mut unread = &self.buffer[self.next + searched..self.end];
            // The standard library's own search for a byte, many times faster than a loop of ours.
            let length = unread.skip_until(b'\n').unwrap_or(0);
            let is_whole = length > 0 && self.buffer[self.next + searched + length - 1] == b'\n';
            if is_whole || !self.fill()? {
                let from = self.next - self.begin;
                let length = searched + length;
                if length == 0 {
                    return Ok(None);
                }
                self.next += length;
                self.lines += 1;
                return Ok(Some(from..from + length - usize::from(is_whole)));
            }
            searched += length;
        }
    }

    /// Reads more behind what is there; false at the end of the file.
    fn fill(&mut self) -> Result<bool> {
        if self.end == self.buffer.len() {
            self.buffer.copy_within(self.begin..self.end, 0);
            self.next -= self.begin;
            self.end -= self.begin;
            self.begin = 0;
        }
        if self.end == self.buffer.len() {
            if self.end >= STANZA_BYTES_MAX {
                let why = format!("stands in a stanza of {STANZA_BYTES_MAX} bytes or more");
                return Err(self.bad_at(self.lines + 1, &why));
            }
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.from.read(&mut self.buffer[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Only what the system refuses is this machine's fault, the rest is said by what unpacks the file.
                Err(error) if error.raw_os_error().is_none() => {
                    let why = escape(error.to_string().as_bytes());
                    return Err(
                        self.bad_at(self.lines, &format!("is the last that can be read: {why}"))
                    );
                }
                Err(source) => {
                    return Err(Error::Io {
                        action: "read",
                        path: PathBuf::from(self.shown),
                        source,
                    });
                }
            }
        }
    }

    fn bad(&self, why: &str) -> Error {
        self.bad_at(self.lines, why)
    }

    fn bad_at(&self, line: u64, why: &str) -> Error {
        Error::BadMetadata { path: self.shown.to_owned(), why: format!("line {line} {why}") }
    }
}

impl<'a> Stanza<'a> {
    /// Gives every field in order, name and value; one that stands twice comes twice.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let text = self.text;
        self.fields
            .iter()
            .map(|field| (&text[field.name.clone()], text[field.value.clone()].trim_ascii()))
    }

    /// Gives the values of some fields; of one that stands twice the last.
    #[must_use]
    pub fn pick<const N: usize>(&self, names: &[&str; N]) -> [Option<&'a [u8]>; N] {
        let mut found = [None; N];
        for field in self.fields {
            let name = &self.text[field.name.clone()];
            for (place, wanted) in found.iter_mut().zip(names) {
                if wanted.len() == name.len() && wanted.as_bytes().eq_ignore_ascii_case(name) {
                    *place = Some(field);
                }
            }
        }
        found.map(|field: Option<&Span>| Some(self.text[field?.value.clone()].trim_ascii()))
    }

    /// Makes an error that names the file and the stanza's line.
    #[must_use]
    pub fn bad(&self, why: &str) -> Error {
        let why = format!("the stanza at line {}: {why}", self.line);
        Error::BadMetadata { path: self.shown.to_owned(), why }
    }
}

/// Gives the lines of a value without the blanks around them; empty ones and comments are left out.
pub fn lines(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|b| *b == b'\n')
        .filter(|line| line.first() != Some(&b'#'))
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests;
