//! The letters of a file, read piece by piece.

use std::cell::Cell;
use std::io::{ErrorKind, Read};
use std::rc::Rc;

use granit_parser::{ErrorKind as Broken, InputIoError};

/// The longest text of a document: the parser keeps it whole. Descriptions have some thousand bytes.
const TEXT_BYTES_MAX: usize = 4 << 20;
/// How much is read at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// Reads UTF-8 letter by letter.
#[derive(Debug)]
pub(super) struct Letters<R> {
    from: R,
    /// What was read and is no whole letter yet.
    rest: Vec<u8>,
    text: String,
    /// Where the next letter of the text is.
    at: usize,
    /// How many bytes may come before the parser has made something of them.
    left: Rc<Cell<usize>>,
}

/// Lets as much through again as a text may have.
#[derive(Debug)]
pub(super) struct Allowance(Rc<Cell<usize>>);

impl Allowance {
    /// The parser has made something of what came.
    pub(super) fn renew(&self) {
        self.0.set(TEXT_BYTES_MAX);
    }
}

impl<R: Read> Letters<R> {
    pub(super) fn new(from: R) -> Self {
        let left = Rc::new(Cell::new(TEXT_BYTES_MAX));
        Self { from, rest: Vec::new(), text: String::new(), at: 0, left }
    }

    /// Gives what lets more through.
    pub(super) fn allowance(&self) -> Allowance {
        Allowance(self.left.clone())
    }

    /// Reads more text; false at the end of the file.
    fn fill(&mut self) -> std::io::Result<bool> {
        self.text.clear();
        self.at = 0;
        while self.text.is_empty() {
            let kept = self.rest.len();
            self.rest.resize(kept + BUFFER_BYTES, 0);
            let read = self.read(kept)?;
            self.rest.truncate(kept + read);
            if self.rest.is_empty() {
                return Ok(false);
            }
            let whole = match std::str::from_utf8(&self.rest) {
                Ok(text) => {
                    self.text.push_str(text);
                    text.len()
                }
                // A cut letter may go on in what is read next.
                Err(error)
                    if error.valid_up_to() == 0 && error.error_len().is_none() && read > 0 =>
                {
                    0
                }
                Err(error) if error.valid_up_to() == 0 => {
                    return Err(std::io::Error::new(
                        ErrorKind::InvalidData,
                        "what follows is not UTF-8",
                    ));
                }
                Err(error) => {
                    let valid = &self.rest[..error.valid_up_to()];
                    self.text.push_str(&String::from_utf8_lossy(valid));
                    valid.len()
                }
            };
            self.rest.drain(..whole);
        }
        Ok(true)
    }

    fn read(&mut self, kept: usize) -> std::io::Result<usize> {
        loop {
            match self.from.read(&mut self.rest[kept..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

impl<R: Read> Iterator for Letters<R> {
    type Item = Result<char, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.text.len() {
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    return Some(Err(Broken::InputIo { error: InputIoError::from_io(error) }));
                }
            }
        }
        let letter = self.text.get(self.at..)?.chars().next()?;
        self.at += letter.len_utf8();
        let Some(left) = self.left.get().checked_sub(letter.len_utf8()) else {
            let why = format!("a text has more than {TEXT_BYTES_MAX} bytes");
            let error = InputIoError::from_io(std::io::Error::new(ErrorKind::InvalidData, why));
            return Some(Err(Broken::InputIo { error }));
        };
        self.left.set(left);
        Some(Ok(letter))
    }
}
