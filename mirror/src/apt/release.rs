//! `Release` and `InRelease`, parsed as input from strangers.

use pinfold_store::RelPath;

/// A list of checksums in a `Release` that is strong enough to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// A file that a `Release` lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where it is, below the suite's folder.
    pub path: RelPath,
    /// Its size.
    pub size_bytes: u64,
    /// Its checksum, lower-case hexadecimal digits.
    pub hash: String,
    /// Of which kind.
    pub algorithm: Algorithm,
}

/// A parsed `Release`.
#[derive(Debug, Clone, Default)]
pub struct Release {}
