//! The digests of one content, computed in one pass: the name that the store gives it, and those that archives' metadata use.
//!
//! A checksum from an archive finds the object that has it, so that nothing is downloaded again that the store has.

use std::fmt;

use sha2::Digest as _;

use crate::Digest;

/// A checksum as archives' metadata state it, strong enough to be believed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Checksum {
    /// SHA-256.
    Sha256([u8; 32]),
    /// SHA-512.
    Sha512([u8; 64]),
}

impl Checksum {
    /// Views the raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(bytes) => bytes,
            Self::Sha512(bytes) => bytes,
        }
    }

    /// Gives the algorithm's name, as field names and people write it.
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "SHA256",
            Self::Sha512(_) => "SHA512",
        }
    }

    /// Reads the hexadecimal digits of a checksum; how many there are says which it is. `None` where they are of neither kind.
    #[must_use]
    pub fn from_hex(text: &[u8]) -> Option<Self> {
        match text.len() {
            64 => unhex(text).map(Self::Sha256),
            128 => unhex(text).map(Self::Sha512),
            _ => None,
        }
    }

    /// Writes the hexadecimal digits, in lower case.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(self.as_bytes())
    }
}

/// Shows algorithm and digits.
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm(), self.hex())
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({self})")
    }
}

/// Writes bytes as lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads hexadecimal digits of either case; `None` where one is none.
fn unhex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let digit =
            |at: usize| char::from(pair[at]).to_digit(16).and_then(|d| u8::try_from(d).ok());
        *byte = digit(0)? << 4 | digit(1)?;
    }
    Some(bytes)
}

/// The digests of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// The content's name in the store.
    pub digest: Digest,
    /// Its size.
    pub size_bytes: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// Its SHA-512, where it was asked for.
    pub sha512: Option<[u8; 64]>,
}

impl Sums {
    /// Computes the digests of bytes that are in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut summing = Summing::default();
        summing.update(bytes);
        summing.finish()
    }

    /// Says whether this content has a checksum; `None` where that was not computed.
    #[must_use]
    pub fn has(&self, checksum: &Checksum) -> Option<bool> {
        match checksum {
            Checksum::Sha256(wanted) => Some(self.sha256 == *wanted),
            Checksum::Sha512(wanted) => self.sha512.map(|found| found == *wanted),
        }
    }
}

/// Computes digests while content passes by.
#[derive(Debug, Clone, Default)]
pub struct Summing {
    blake3: blake3::Hasher,
    sha256: sha2::Sha256,
    sha512: Option<sha2::Sha512>,
}

impl Summing {
    /// Begins with what a checksum needs.
    #[must_use]
    pub fn toward(checksum: Option<&Checksum>) -> Self {
        let sha512 = matches!(checksum, Some(Checksum::Sha512(_))).then(sha2::Sha512::new);
        Self { sha512, ..Self::default() }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.blake3.update(bytes);
        self.sha256.update(bytes);
        if let Some(sha512) = &mut self.sha512 {
            sha512.update(bytes);
        }
    }

    /// Gives the digests of all that was taken.
    #[must_use]
    pub fn finish(self) -> Sums {
        Sums {
            digest: self.blake3.finalize().into(),
            size_bytes: self.blake3.count(),
            sha256: self.sha256.finalize().into(),
            sha512: self.sha512.map(|sha512| sha512.finalize().into()),
        }
    }
}

/// Computes one checksum alone while content passes by: of what gets no name in the store, such as the plain text of an index.
#[derive(Debug, Clone)]
pub struct Checking(Algorithm);

#[derive(Debug, Clone)]
enum Algorithm {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Checking {
    /// Begins to compute what a checksum is compared with.
    #[must_use]
    pub fn toward(checksum: &Checksum) -> Self {
        Self(match checksum {
            Checksum::Sha256(_) => Algorithm::Sha256(sha2::Sha256::new()),
            Checksum::Sha512(_) => Algorithm::Sha512(sha2::Sha512::new()),
        })
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Algorithm::Sha256(sha256) => sha256.update(bytes),
            Algorithm::Sha512(sha512) => sha512.update(bytes),
        }
    }

    /// Gives the checksum of all that was taken.
    #[must_use]
    pub fn finish(self) -> Checksum {
        match self.0 {
            Algorithm::Sha256(sha256) => Checksum::Sha256(sha256.finalize().into()),
            Algorithm::Sha512(sha512) => Checksum::Sha512(sha512.finalize().into()),
        }
    }
}

#[cfg(test)]
mod tests;
