//! What an index unpacks to: a stream for whoever parses it, compared with what is stated while it is read.

use std::io::{Error as IoError, ErrorKind, Read};

use pinfold_store::path::escape;
use pinfold_store::sums::Checking;
use pinfold_store::{Checksum, RelPath};

use crate::supply::{Content, Supply};
use crate::unpack::{Form, Unpacked, unpacked};
use crate::{Error, Result};

/// The largest index whose plain size nobody states: as much as any archive has.
const PLAIN_BYTES_MAX: u64 = 4 << 30;

/// What metadata state of an index's plain text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stated {
    /// Its size.
    pub(crate) size_bytes: Option<u64>,
    /// Its checksum.
    pub(crate) checksum: Option<Checksum>,
}

/// The plain text of an index, hashed while it is read, and cut one byte behind the size that is stated.
pub(crate) struct Plain {
    from: Unpacked<'static>,
    stated: Stated,
    /// Only where something is stated to compare with.
    checking: Option<Checking>,
    read_bytes: u64,
    failed: Option<IoError>,
}

impl Plain {
    /// Opens an index that is in the store.
    pub(crate) fn open(
        supply: &dyn Supply,
        (path, content, form): (&RelPath, Content, Form),
        stated: Stated,
    ) -> Result<Self> {
        let packed = supply.open(content)?;
        let failed =
            |source| Error::Io { action: "unpack", path: path.as_path().to_owned(), source };
        let limit = stated.size_bytes.unwrap_or(PLAIN_BYTES_MAX);
        let from = unpacked(form, packed, limit).map_err(failed)?;
        let checking = stated.checksum.map(|sum| Checking::toward(sum.algorithm()));
        Ok(Self { from, stated, checking, read_bytes: 0, failed: None })
    }

    /// Reads on to the end, and says in which way it is not what is stated of `name`, or that it does not unpack at all.
    pub(crate) fn flaw(mut self, name: &RelPath) -> Option<String> {
        let mut buffer = vec![0; 64 * 1024];
        while self.read(&mut buffer).is_ok_and(|read| read > 0) {}
        if let Some(failed) = &self.failed {
            let why = escape(failed.to_string().as_bytes());
            return Some(match failed.kind() {
                ErrorKind::FileTooLarge => format!("{why}, which is what {name} has"),
                _ => format!("it does not unpack: {why}"),
            });
        }
        if let Some(size) = self.stated.size_bytes.filter(|size| self.read_bytes < *size) {
            let read = self.read_bytes;
            return Some(format!("it unpacks to {read} bytes, expected {size} of {name}"));
        }
        let (sum, found) = (self.stated.checksum?, self.checking.map(Checking::finish)?);
        (found != sum).then(|| format!("it unpacks to {found}, expected {sum} of {name}"))
    }
}

impl Read for Plain {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.failed.is_some() {
            return Ok(0);
        }
        match self.from.read(buffer) {
            Ok(read) => {
                if let Some(checking) = &mut self.checking {
                    checking.update(&buffer[..read]);
                }
                self.read_bytes += u64::try_from(read).unwrap_or_default();
                Ok(read)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => {
                // An end for whoever parses: what is wrong is said afterwards.
                self.failed = Some(error);
                Ok(0)
            }
        }
    }
}

#[cfg(test)]
mod tests;
