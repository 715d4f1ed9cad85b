//! The bytes that may stand in XML: UTF-8 without control characters, counted by lines.
//!
//! A byte that may not stand there is an error when it is reached, and not before: where it is does not depend on how
//! much is read at a time.

use std::io::{BufRead, ErrorKind, Read};
use std::path::PathBuf;

use pinfold_store::path::escape;

use super::PART_BYTES_MAX;
use crate::Error;

/// How much is read at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// Reads ahead and lets through what is legal.
pub(super) struct Legal<'a> {
    from: Box<dyn Read + 'a>,
    shown: &'a str,
    buffer: Vec<u8>,
    /// What was taken ends here in the buffer, what is known to be legal here, and what was read here.
    taken: usize,
    legal: usize,
    end: usize,
    /// How many lines ended in what was taken, up to a place in the buffer.
    lines: u64,
    counted: usize,
    /// How many bytes the present part may still have.
    left: usize,
    failed: Option<Error>,
}

impl<'a> Legal<'a> {
    pub(super) fn new(from: Box<dyn Read + 'a>, shown: &'a str) -> Self {
        Self {
            from,
            shown,
            buffer: vec![0; BUFFER_BYTES],
            taken: 0,
            legal: 0,
            end: 0,
            lines: 0,
            counted: 0,
            left: PART_BYTES_MAX,
            failed: None,
        }
    }

    /// A tag or text begins.
    pub(super) fn begin_part(&mut self) {
        self.left = PART_BYTES_MAX;
    }

    /// Gives the number of the line that is read.
    pub(super) fn line(&mut self) -> u64 {
        self.lines += line_feeds(&self.buffer[self.counted..self.taken]);
        self.counted = self.taken;
        self.lines + 1
    }

    /// Gives what reading failed with.
    pub(super) fn failure(&mut self) -> Option<Error> {
        self.failed.take()
    }

    /// Makes an error of the line that is read.
    pub(super) fn bad(&mut self, why: &str) -> Error {
        let why = format!("line {}: {why}", self.line());
        Error::BadMetadata { path: self.shown.to_owned(), why }
    }

    /// Finds more that is legal; nothing at the end.
    fn more(&mut self) -> Result<(), Error> {
        self.line();
        self.buffer.copy_within(self.legal..self.end, 0);
        self.end -= self.legal;
        (self.taken, self.legal, self.counted) = (0, 0, 0);
        loop {
            let (legal, flaw) = legal(&self.buffer[..self.end]);
            if legal > 0 {
                self.legal = legal;
                return Ok(());
            }
            if let Some(flaw) = flaw {
                return Err(self.bad(&flaw));
            }
            let read = self.read()?;
            if read == 0 && self.end > 0 {
                return Err(self.bad("the file ends within a character"));
            }
            if read == 0 {
                return Ok(());
            }
            self.end += read;
        }
    }

    fn read(&mut self) -> Result<usize, Error> {
        loop {
            match self.from.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Only what the system refuses is this machine's fault, the rest is said by what unpacks the file.
                Err(error) if error.raw_os_error().is_none() => {
                    let why = escape(error.to_string().as_bytes());
                    return Err(self.bad(&format!("it is the last that can be read: {why}")));
                }
                Err(source) => {
                    let path = PathBuf::from(self.shown);
                    return Err(Error::Io { action: "read", path, source });
                }
                Ok(read) => return Ok(read),
            }
        }
    }
}

impl Read for Legal<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let read = self.fill_buf()?.read(to)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Legal<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        let failed = if self.left == 0 {
            Err(self.bad(&format!("a tag or text has more than {PART_BYTES_MAX} bytes")))
        } else if self.taken == self.legal {
            self.more()
        } else {
            Ok(())
        };
        if let Err(error) = failed {
            self.failed = Some(error);
            return Err(std::io::Error::other("see what is remembered"));
        }
        Ok(&self.buffer[self.taken..self.legal])
    }

    fn consume(&mut self, bytes: usize) {
        self.taken = self.legal.min(self.taken + bytes);
        self.left = self.left.saturating_sub(bytes);
    }
}

/// Says how many bytes at the beginning are legal, and what is wrong with the next; nothing where it only is not whole.
fn legal(bytes: &[u8]) -> (usize, Option<String>) {
    let (text, broken) = match std::str::from_utf8(bytes) {
        Ok(_) => (bytes, false),
        Err(error) => (&bytes[..error.valid_up_to()], error.error_len().is_some()),
    };
    // Folds and no searches: these loops run over everything, and the compiler makes them wide.
    if text.iter().fold(false, |found, byte| found | is_control(*byte))
        && let Some(at) = text.iter().position(|byte| is_control(*byte))
    {
        return (at, Some(format!("the control byte {}, which XML forbids", escape(&[text[at]]))));
    }
    if text.iter().fold(false, |found, byte| found | (*byte == 0xef))
        && let Some(at) =
            text.windows(3).position(|three| matches!(three, [0xef, 0xbf, 0xbe | 0xbf]))
    {
        return (at, Some("the character U+FFFE or U+FFFF, which XML forbids".to_owned()));
    }
    let flaw = broken.then(|| {
        format!("the byte {}, where the text should be UTF-8", escape(&bytes[text.len()..][..1]))
    });
    (text.len(), flaw)
}

/// Says whether XML forbids a byte.
const fn is_control(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')
}

fn line_feeds(bytes: &[u8]) -> u64 {
    let few = |bytes: &[u8]| bytes.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>();
    bytes.chunks(255).map(|bytes| u64::from(few(bytes))).sum()
}
