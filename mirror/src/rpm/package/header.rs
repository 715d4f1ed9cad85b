//! The two headers of a package: an index of tags, and a store of their values.
//!
//! A header is read once, from front to back, and only the values that somebody asked for are kept: what is signed is the header
//! as it passes by, however large it says that it is.

use std::io::Read;
use std::path::PathBuf;

use crate::{Error, Result};

/// What begins every header, with four bytes that are reserved.
const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];
/// The largest value that is kept: a signature of RSA takes some hundred bytes, a name a few.
const VALUE_BYTES_MAX: u64 = 64 << 10;
/// How long the end of a region is.
const REGION_BYTES: u32 = 16;
/// How many bytes are read at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// A package as it passes by.
pub(super) struct Stream<'a, R> {
    from: R,
    /// How much has passed.
    pub(super) offset: u64,
    shown: &'a str,
}

impl<'a, R: Read> Stream<'a, R> {
    pub(super) const fn new(from: R, shown: &'a str) -> Self {
        Self { from, offset: 0, shown }
    }

    /// Says what is wrong with the package, and where.
    pub(super) fn bad(&self, offset: u64, why: &str) -> Error {
        Error::BadMetadata { path: self.shown.to_owned(), why: format!("at byte {offset}, {why}") }
    }

    /// Reads as much as is asked for; `what` is being read.
    pub(super) fn fill(&mut self, bytes: &mut [u8], what: &str) -> Result<()> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.some(&mut bytes[filled..])? {
                0 => {
                    return Err(self.bad(self.offset, &format!("it ends within its {what}")));
                }
                count => filled += count,
            }
        }
        Ok(())
    }

    /// Hands out all that is left.
    pub(super) fn rest(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match self.some(&mut chunk)? {
                0 => return Ok(()),
                count => sink(&chunk[..count]),
            }
        }
    }

    fn some(&mut self, bytes: &mut [u8]) -> Result<usize> {
        loop {
            match self.from.read(bytes) {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(count) => {
                    self.offset += u64::try_from(count).unwrap_or(u64::MAX);
                    return Ok(count);
                }
                Err(source) => {
                    let path = PathBuf::from(self.shown);
                    return Err(Error::Io { action: "read", path, source });
                }
            }
        }
    }
}

/// What a header may be, and what is read of it.
pub(super) struct Form {
    /// What it is called in errors.
    pub(super) name: &'static str,
    /// The tag of the region, its first one, and what stands at the region's end: old rpm wrote another one there.
    pub(super) region: (u32, [u32; 2]),
    /// The most tags that it may have.
    pub(super) tags_max: u32,
    /// The largest store that it may have.
    pub(super) store_bytes_max: u32,
    /// The tags whose values are kept.
    pub(super) wanted: &'static [u32],
}

/// How the values of a tag are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// So many bytes each.
    Fixed(u64),
    /// Texts, each ended by a zero.
    Texts,
}

/// A line of the index.
#[derive(Debug, Clone, Copy)]
struct Line {
    tag: u32,
    kind: Kind,
    offset: u64,
    count: u64,
}

/// A value that is being collected.
#[derive(Debug)]
struct Value {
    line: Line,
    bytes: Vec<u8>,
}

/// The values of a header that were asked for.
#[derive(Debug)]
pub(super) struct Header {
    values: Vec<Value>,
}

impl Header {
    /// Reads a header, and hands every byte of it to `sink`.
    pub(super) fn read<R: Read>(
        stream: &mut Stream<'_, R>,
        form: &Form,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Self> {
        let start = stream.offset;
        let mut intro = [0; 16];
        stream.fill(&mut intro, form.name)?;
        if intro[..8] != MAGIC {
            return Err(stream.bad(start, &format!("its {} does not begin as one", form.name)));
        }
        let (tags, store) = (number(&intro[8..12]), number(&intro[12..16]));
        if tags == 0 || tags > form.tags_max || store > form.store_bytes_max {
            let why = format!(
                "its {} claims {tags} tags and {store} bytes; 1 to {} and up to {} are taken",
                form.name, form.tags_max, form.store_bytes_max
            );
            return Err(stream.bad(start, &why));
        }
        sink(&intro);
        let mut header = Self { values: Vec::new() };
        for number in 0..tags {
            let at = stream.offset;
            let mut line = [0; 16];
            stream.fill(&mut line, form.name)?;
            sink(&line);
            header
                .take_line(number, &line, (form, store))
                .map_err(|why| stream.bad(at, &format!("a tag of its {} {why}", form.name)))?;
        }
        header.read_store(stream, (form, u64::from(store)), sink)?;
        // Everything is within the region, which is what rpm signs: nothing can be added behind it.
        let ends = form.region.1.map(|tag| region_end(tag, tags));
        if !ends.iter().any(|end| header.bytes(form.region.0) == Some(end)) {
            let why = format!("the region of its {} does not end as one that holds all", form.name);
            return Err(stream.bad(stream.offset - u64::from(REGION_BYTES), &why));
        }
        Ok(header)
    }

    /// Takes a line of the index; an error says what is wrong with it.
    fn take_line(
        &mut self,
        number: u32,
        line: &[u8; 16],
        (form, store): (&Form, u32),
    ) -> Result<(), String> {
        let line = Line::parse(line, store)?;
        let is_region = line.tag == form.region.0
            && line.kind == Kind::Fixed(1)
            && line.count == u64::from(REGION_BYTES)
            && line.offset + line.count == u64::from(store);
        if number == 0 && !is_region {
            let tag = line.tag;
            return Err(format!("({tag}) is its first, and not the region that holds all"));
        }
        if number > 0 && !form.wanted.contains(&line.tag) {
            return Ok(());
        }
        if self.has(line.tag) {
            return Err(format!("({}) is there twice", line.tag));
        }
        self.values.push(Value { line, bytes: Vec::new() });
        Ok(())
    }

    fn read_store<R: Read>(
        &mut self,
        stream: &mut Stream<'_, R>,
        (form, bytes): (&Form, u64),
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<()> {
        let (start, mut at) = (stream.offset, 0);
        let mut chunk = vec![0; CHUNK_BYTES];
        while at < bytes {
            let length = usize::try_from(bytes - at).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            let chunk = &mut chunk[..length];
            stream.fill(chunk, form.name)?;
            sink(chunk);
            for value in &mut self.values {
                value.take(at, chunk);
            }
            at = stream.offset - start;
        }
        for value in &self.values {
            value.check().map_err(|why| {
                let why = format!("the tag {} of its {} {why}", value.line.tag, form.name);
                stream.bad(start + value.line.offset, &why)
            })?;
        }
        Ok(())
    }

    fn find(&self, tag: u32) -> Option<&Value> {
        self.values.iter().find(|value| value.line.tag == tag)
    }

    /// Says whether it has a tag that was asked for.
    pub(super) fn has(&self, tag: u32) -> bool {
        self.find(tag).is_some()
    }

    /// Gives the bytes of a tag that is no text.
    pub(super) fn bytes(&self, tag: u32) -> Option<&[u8]> {
        let value = self.find(tag)?;
        (value.line.kind == Kind::Fixed(1)).then_some(&value.bytes)
    }

    /// Gives the first number of a tag.
    pub(super) fn number(&self, tag: u32) -> Option<u64> {
        let value = self.find(tag)?;
        let Kind::Fixed(length) = value.line.kind else { return None };
        let bytes = value.bytes.get(..usize::try_from(length).ok()?)?;
        Some(bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)))
    }

    /// Gives the texts of a tag.
    pub(super) fn texts(&self, tag: u32) -> impl Iterator<Item = &[u8]> {
        let texts = self.find(tag).filter(|value| value.line.kind == Kind::Texts);
        let bytes = texts.map(|value| &value.bytes[..value.bytes.len().saturating_sub(1)]);
        bytes.into_iter().flat_map(|bytes| bytes.split(|b| *b == 0))
    }

    /// Gives the first text of a tag.
    pub(super) fn text(&self, tag: u32) -> Option<&[u8]> {
        self.texts(tag).next()
    }
}

impl Line {
    /// Reads a line of the index; an error says what is wrong with it, by rpm's own rules.
    fn parse(bytes: &[u8; 16], store: u32) -> Result<Self, String> {
        let [tag, kind, offset, count] =
            [0, 4, 8, 12].map(|at| number(bytes.get(at..at + 4).unwrap_or_default()));
        let kind = match kind {
            0..=2 | 7 => Kind::Fixed(1),
            3 => Kind::Fixed(2),
            4 => Kind::Fixed(4),
            5 => Kind::Fixed(8),
            6 if count > 1 => return Err(format!("({tag}) claims {count} texts where one is")),
            6 | 8 | 9 => Kind::Texts,
            other => return Err(format!("({tag}) is of the unknown kind {other}")),
        };
        let line = Self { tag, kind, offset: u64::from(offset), count: u64::from(count) };
        let length = match kind {
            Kind::Fixed(length) if !line.offset.is_multiple_of(length) => {
                return Err(format!("({tag}) is not aligned"));
            }
            Kind::Fixed(length) => line.count * length,
            Kind::Texts => line.count,
        };
        if line.count == 0 || line.offset + length > u64::from(store) {
            return Err(format!(
                "({tag}) claims {count} values at {offset} of a store of {store} bytes"
            ));
        }
        Ok(line)
    }
}

impl Value {
    /// Takes what is its own of a chunk of the store that begins at `at`.
    fn take(&mut self, at: u64, chunk: &[u8]) {
        let taken = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        let Some(from) = (self.line.offset + taken).checked_sub(at) else { return };
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let Some(bytes) = chunk.get(from..) else { return };
        match self.line.kind {
            Kind::Fixed(length) => {
                let wanted = (self.line.count * length).min(VALUE_BYTES_MAX + 1) - taken;
                let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
                self.bytes.extend_from_slice(&bytes[..bytes.len().min(wanted)]);
            }
            Kind::Texts => {
                let mut texts = self.line.count;
                texts -= u64::try_from(self.zeros()).unwrap_or(u64::MAX).min(texts);
                for byte in bytes {
                    if texts == 0 || self.is_full() {
                        break;
                    }
                    self.bytes.push(*byte);
                    texts -= u64::from(*byte == 0);
                }
            }
        }
    }

    fn zeros(&self) -> usize {
        self.bytes.iter().filter(|byte| **byte == 0).count()
    }

    fn is_full(&self) -> bool {
        u64::try_from(self.bytes.len()).is_ok_and(|length| length > VALUE_BYTES_MAX)
    }

    /// Checks that the value is whole.
    fn check(&self) -> Result<(), String> {
        if self.is_full() {
            return Err(format!("is larger than {VALUE_BYTES_MAX} bytes"));
        }
        let texts = u64::try_from(self.zeros()).unwrap_or(u64::MAX);
        if self.line.kind == Kind::Texts && texts != self.line.count {
            return Err(format!("has {} texts and ends within them", self.line.count));
        }
        Ok(())
    }
}

/// Gives what stands at the end of a region that holds so many tags.
fn region_end(tag: u32, tags: u32) -> [u8; 16] {
    let mut end = [0; 16];
    let back = (tags * 16).wrapping_neg();
    let bytes = [tag, 7, back, REGION_BYTES].into_iter().flat_map(u32::to_be_bytes);
    end.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    end
}

/// Reads a number of four bytes, the highest first.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |all, byte| all << 8 | u32::from(*byte))
}
