//! The digests of one content, computed in one pass: the name that the store gives it, and those that archives' metadata use.
//!
//! A checksum from an archive finds the object that has it, so that nothing is downloaded again that the store has.

use std::fmt;

use sha2::Digest as _;

use crate::Digest;

/// How archives' metadata compute checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// MD5: collisions are made at will.
    Md5,
    /// SHA-1: collisions can be bought.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// Every one of them.
    pub const ALL: [Self; 6] =
        [Self::Md5, Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Gives the name, as field names and people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha224 => "SHA224",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    /// Gives how many bytes its checksums have.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Says whether nobody can make two contents with one checksum.
    #[must_use]
    pub const fn is_strong(self) -> bool {
        !matches!(self, Self::Md5 | Self::Sha1)
    }
}

/// A checksum as archives' metadata state it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Checksum {
    algorithm: Algorithm,
    /// Zeros behind what the algorithm gives.
    bytes: [u8; 64],
}

impl Checksum {
    /// Makes a checksum of its bytes; `None` where they are too few or too many.
    #[must_use]
    pub fn new(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        let mut whole = [0; 64];
        whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
        (bytes.len() == algorithm.bytes()).then_some(Self { algorithm, bytes: whole })
    }

    /// Makes a SHA-256.
    #[must_use]
    pub fn sha256(bytes: &[u8; 32]) -> Self {
        Self::whole(Algorithm::Sha256, bytes)
    }

    /// Makes a SHA-512.
    #[must_use]
    pub fn sha512(bytes: &[u8; 64]) -> Self {
        Self::whole(Algorithm::Sha512, bytes)
    }

    /// Takes bytes that have the algorithm's length.
    fn whole(algorithm: Algorithm, from: &[u8]) -> Self {
        let mut bytes = [0; 64];
        bytes.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        Self { algorithm, bytes }
    }

    /// Views the raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.bytes()]
    }

    /// Gives the algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Reads the hexadecimal digits of a SHA-256 or SHA-512; how many there are says which it is. `None` where they are of neither.
    #[must_use]
    pub fn from_hex(text: &[u8]) -> Option<Self> {
        match text.len() {
            64 => Self::of_hex(Algorithm::Sha256, text),
            128 => Self::of_hex(Algorithm::Sha512, text),
            _ => None,
        }
    }

    /// Reads the hexadecimal digits of a checksum, in either case. `None` where they are none, or too few or too many.
    #[must_use]
    pub fn of_hex(algorithm: Algorithm, text: &[u8]) -> Option<Self> {
        if text.len() != 2 * algorithm.bytes() {
            return None;
        }
        let mut bytes = [0; 64];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let digit =
                |at: usize| char::from(pair[at]).to_digit(16).and_then(|d| u8::try_from(d).ok());
            *byte = digit(0)? << 4 | digit(1)?;
        }
        Some(Self { algorithm, bytes })
    }

    /// Writes the hexadecimal digits, in lower case.
    #[must_use]
    pub fn hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
        self.as_bytes().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }
}

/// Shows algorithm and digits.
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm.name(), self.hex())
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({self})")
    }
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
    /// A checksum of another kind, where one was asked for.
    pub other: Option<Checksum>,
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
        self.of_kind(checksum.algorithm).map(|found| found == *checksum)
    }

    /// Gives the checksum of a kind; `None` where it was not computed.
    #[must_use]
    pub fn of_kind(&self, algorithm: Algorithm) -> Option<Checksum> {
        match algorithm {
            Algorithm::Sha256 => Some(Checksum::sha256(&self.sha256)),
            _ => self.other.filter(|other| other.algorithm == algorithm),
        }
    }
}

/// Computes digests while content passes by.
#[derive(Debug, Clone, Default)]
pub struct Summing {
    blake3: blake3::Hasher,
    sha256: sha2::Sha256,
    other: Option<Checking>,
}

impl Summing {
    /// Begins to compute a checksum of another kind, too.
    #[must_use]
    pub fn toward(algorithm: Option<Algorithm>) -> Self {
        let other = algorithm.filter(|algorithm| *algorithm != Algorithm::Sha256);
        Self { other: other.map(Checking::toward), ..Self::default() }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.blake3.update(bytes);
        self.sha256.update(bytes);
        if let Some(other) = &mut self.other {
            other.update(bytes);
        }
    }

    /// Gives the digests of all that was taken.
    #[must_use]
    pub fn finish(self) -> Sums {
        Sums {
            digest: self.blake3.finalize().into(),
            size_bytes: self.blake3.count(),
            sha256: self.sha256.finalize().into(),
            other: self.other.map(Checking::finish),
        }
    }
}

/// Computes one checksum alone while content passes by: of what gets no name in the store, such as the plain text of an index.
#[derive(Debug, Clone)]
pub struct Checking(Hasher);

#[derive(Debug, Clone)]
enum Hasher {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha224(sha2::Sha224),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
}

impl Checking {
    /// Begins to compute a checksum of a kind.
    #[must_use]
    pub fn toward(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Md5 => Hasher::Md5(md5::Md5::new()),
            Algorithm::Sha1 => Hasher::Sha1(sha1::Sha1::new()),
            Algorithm::Sha224 => Hasher::Sha224(sha2::Sha224::new()),
            Algorithm::Sha256 => Hasher::Sha256(sha2::Sha256::new()),
            Algorithm::Sha384 => Hasher::Sha384(sha2::Sha384::new()),
            Algorithm::Sha512 => Hasher::Sha512(sha2::Sha512::new()),
        })
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Hasher::Md5(hasher) => hasher.update(bytes),
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha224(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha384(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// Gives the checksum of all that was taken.
    #[must_use]
    pub fn finish(self) -> Checksum {
        match self.0 {
            Hasher::Md5(hasher) => Checksum::whole(Algorithm::Md5, &hasher.finalize()),
            Hasher::Sha1(hasher) => Checksum::whole(Algorithm::Sha1, &hasher.finalize()),
            Hasher::Sha224(hasher) => Checksum::whole(Algorithm::Sha224, &hasher.finalize()),
            Hasher::Sha256(hasher) => Checksum::whole(Algorithm::Sha256, &hasher.finalize()),
            Hasher::Sha384(hasher) => Checksum::whole(Algorithm::Sha384, &hasher.finalize()),
            Hasher::Sha512(hasher) => Checksum::whole(Algorithm::Sha512, &hasher.finalize()),
        }
    }
}

#[cfg(test)]
mod tests;
