//! The forms in which archives pack their files, and how each is unpacked: as a stream, in bounded memory, up to a size.
//!
//! What unpacks to more than was stated is an error and not a full disk, however small it was when packed.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result};

/// The memory that unpacking xz may take; its highest level takes 65 MB.
const XZ_MEMORY_MAX: u64 = 256 << 20;
/// The window that unpacking zstd may take, as a power of two: what its own tool allows unless told otherwise.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// How many bytes of a file tell its form.
pub const MAGIC_BYTES: usize = 6;

/// A form, in the order of how quickly it unpacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// Not packed.
    Plain,
    /// LZ4 frames: what apt keeps its own lists in.
    Lz4,
    /// Zstandard.
    Zst,
    /// gzip.
    Gz,
    /// xz.
    Xz,
    /// The predecessor of xz.
    Lzma,
    /// bzip2.
    Bz2,
}

impl Form {
    /// Every one of them, the quickest first.
    pub const ALL: [Self; 7] =
        [Self::Plain, Self::Lz4, Self::Zst, Self::Gz, Self::Xz, Self::Lzma, Self::Bz2];

    /// Gives the end of the names of such files.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Lz4 => ".lz4",
            Self::Zst => ".zst",
            Self::Gz => ".gz",
            Self::Xz => ".xz",
            Self::Lzma => ".lzma",
            Self::Bz2 => ".bz2",
        }
    }

    /// Gives its name, for messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "not packed",
            Self::Lz4 => "lz4",
            Self::Zst => "zstd",
            Self::Gz => "gzip",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Bz2 => "bzip2",
        }
    }

    /// Tells by its first bytes how a file is packed. The predecessor of xz has no mark of its own.
    #[must_use]
    pub fn of_magic(begin: &[u8]) -> Self {
        const MAGIC: [(&[u8], Form); 5] = [
            (b"\x1f\x8b", Form::Gz),
            (b"\xfd7zXZ\0", Form::Xz),
            (b"\x28\xb5\x2f\xfd", Form::Zst),
            (b"BZh", Form::Bz2),
            (b"\x04\x22\x4d\x18", Form::Lz4),
        ];
        let found = MAGIC.iter().find(|(magic, _)| begin.starts_with(magic));
        found.map_or(Self::Plain, |(_, form)| *form)
    }

    /// Splits a path into the plain name and the form.
    #[must_use]
    pub fn split(path: &[u8]) -> (&[u8], Self) {
        let packed = Self::ALL.into_iter().skip(1);
        packed
            .filter_map(|form| Some((path.strip_suffix(form.ending().as_bytes())?, form)))
            .next()
            .unwrap_or((path, Self::Plain))
    }
}

/// Unpacked bytes, up to a size.
///
/// Reading beyond it is an error of the kind [`ErrorKind::FileTooLarge`]. What follows the stated bytes and does not unpack
/// is passed over: clients take junk behind a packed file.
pub struct Unpacked<'a> {
    from: Box<dyn Read + 'a>,
    bytes_max: u64,
    left: u64,
}

impl std::fmt::Debug for Unpacked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacked")
            .field("bytes_max", &self.bytes_max)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

/// Unpacks, all streams of a file one after the other, but no more than `bytes_max` bytes.
///
/// # Errors
/// Nothing can be set up. What is wrong with the file is said when it is read.
pub fn unpacked<'a>(form: Form, from: impl Read + 'a, bytes_max: u64) -> Result<Unpacked<'a>> {
    use liblzma::stream::{CONCATENATED, Stream};
    let xz = |stream: std::result::Result<Stream, _>| stream.map_err(Error::other);
    let from: Box<dyn Read> = match form {
        Form::Plain => Box::new(from),
        Form::Lz4 => Box::new(Frames(lz4_flex::frame::FrameDecoder::new(BufReader::new(from)))),
        Form::Zst => {
            let mut decoder = zstd::stream::read::Decoder::new(from)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Box::new(decoder)
        }
        Form::Gz => Box::new(flate2::read::MultiGzDecoder::new(from)),
        Form::Xz => {
            let stream = xz(Stream::new_stream_decoder(XZ_MEMORY_MAX, CONCATENATED))?;
            Box::new(liblzma::read::XzDecoder::new_stream(from, stream))
        }
        Form::Lzma => {
            let stream = xz(Stream::new_lzma_decoder(XZ_MEMORY_MAX))?;
            Box::new(liblzma::read::XzDecoder::new_stream(from, stream))
        }
        Form::Bz2 => Box::new(bzip2::read::MultiBzDecoder::new(from)),
    };
    Ok(Unpacked { from, bytes_max, left: bytes_max })
}

impl Read for Unpacked<'_> {
    fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        if to.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            return match self.from.read(&mut [0]) {
                Ok(1..) => {
                    let why = format!("it unpacks to more than {} bytes", self.bytes_max);
                    Err(Error::new(ErrorKind::FileTooLarge, why))
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
                Ok(0) | Err(_) => Ok(0),
            };
        }
        let room = usize::try_from(self.left).map_or(to.len(), |left| left.min(to.len()));
        let read = self.from.read(&mut to[..room])?;
        self.left -= u64::try_from(read).unwrap_or(self.left);
        Ok(read)
    }
}

/// LZ4 frames, one after the other.
struct Frames<R: BufRead>(lz4_flex::frame::FrameDecoder<R>);

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        loop {
            // The decoder stops where a frame ends, having read nothing beyond it.
            let read = self.0.read(to)?;
            if read > 0 || self.0.get_mut().fill_buf()?.is_empty() {
                return Ok(read);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
