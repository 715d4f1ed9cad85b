//! What content a wanted file must have, as the metadata of families say it.

use std::fmt;
use std::io::Read;

use pinfold_store::sums::Checking;
use pinfold_store::{Algorithm, Checksum, Digest, Name, RelPath};

use crate::fetch::UNSTATED_BYTES_MAX;
use crate::{apk, brew};

/// The most bytes that are taken of what only stands beside another file: a signature.
const BESIDE_BYTES_MAX: u64 = 1 << 20;

/// What content a wanted file must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expect {
    /// It hashes to this.
    Sum(Checksum),
    /// It hashes to this, and a listing shows that it has about so many bytes.
    SumAbout(Checksum, u64),
    /// It is a package of Alpine: the part that describes it hashes to this by SHA-1, and names the checksum of the rest.
    Apk([u8; 20]),
    /// It is JSON that names what has this checksum by SHA-256.
    Names([u8; 32]),
    /// Nobody says. It stands beside a file of its name without the last ending, which has this content, and is taken for
    /// unchanged while that one is.
    Beside(Digest),
    /// Nobody says. Upstream's listing shows it with these words, hashed with its path, and it is taken for unchanged while they
    /// are the same.
    Listed {
        /// Path and words.
        words: Digest,
        /// Its size as the listing shows it, which may be rounded.
        about_bytes: u64,
    },
    /// Nobody says, and the listing shows no more than the name: hashed, since two such files are not one content. Upstream is
    /// asked whether it changed.
    Named(Digest),
}

impl From<Checksum> for Expect {
    fn from(sum: Checksum) -> Self {
        Self::Sum(sum)
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sum(sum) | Self::SumAbout(sum, _) => sum.fmt(f),
            Self::Apk(part) => {
                f.write_str("a control part of SHA1 ")?;
                part.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Names(sum) => write!(f, "JSON that names {}", Checksum::sha256(sum)),
            Self::Beside(_) => write!(f, "any content of at most {BESIDE_BYTES_MAX} bytes"),
            Self::Listed { .. } | Self::Named(_) => f.write_str("any content"),
        }
    }
}

impl Expect {
    /// Gives the checksum of all of it, where that is what is said.
    #[must_use]
    pub const fn sum(&self) -> Option<Checksum> {
        match self {
            Self::Sum(sum) | Self::SumAbout(sum, _) => Some(*sum),
            _ => None,
        }
    }

    /// Says whether nobody says what content it must have.
    #[must_use]
    pub const fn is_unsaid(&self) -> bool {
        matches!(self, Self::Beside(_) | Self::Listed { .. } | Self::Named(_))
    }

    /// Gives about how many bytes it has, where nobody states its size.
    #[must_use]
    pub const fn about_bytes(&self) -> u64 {
        match self {
            Self::Listed { about_bytes, .. } | Self::SumAbout(_, about_bytes) => *about_bytes,
            _ => 0,
        }
    }

    /// Gives what it is called while it arrives, so that a run which was cut goes on with it.
    pub(crate) fn name(&self) -> Option<Checksum> {
        match self {
            Self::Sum(sum) | Self::SumAbout(sum, _) => Some(*sum),
            Self::Apk(part) => Checksum::new(Algorithm::Sha1, part),
            Self::Names(..) | Self::Beside(_) | Self::Listed { .. } | Self::Named(_) => None,
        }
    }

    /// Gives the most bytes that are taken where nobody states the size.
    pub(crate) fn bytes_max(&self) -> u64 {
        match self {
            Self::Names(..) => brew::NAMING_BYTES_MAX,
            Self::Beside(_) => BESIDE_BYTES_MAX,
            _ => UNSTATED_BYTES_MAX.max(self.about_bytes().saturating_mul(2)),
        }
    }

    /// Gives the word by which the index remembers what was looked into, and under which keys: `None` where nothing is looked into.
    /// With SHA-1 somebody could make a second content: it speaks for no other mirror.
    pub(crate) fn word(&self, (mirror, path): (&Name, &RelPath)) -> Option<(Digest, String)> {
        match self {
            Self::Apk(part) => {
                let word = part.iter().map(|byte| format!("{byte:02x}")).collect();
                Some((Digest::of(format!("apk control part of {mirror}").as_bytes()), word))
            }
            // One file may name many, and of two names of one checksum each has a file of its own.
            Self::Names(sum) => {
                let sum = Checksum::sha256(sum);
                let question = format!("JSON of {mirror} at {path} that names {sum}");
                Some((Digest::of(question.as_bytes()), "it does".to_owned()))
            }
            _ => None,
        }
    }

    /// Reads content to its end, and says how it is something else; `None` where it is not.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn flaw(&self, from: &mut dyn Read) -> std::io::Result<Option<String>> {
        match self {
            Self::Sum(sum) | Self::SumAbout(sum, _) => {
                let mut checking = Checking::toward(sum.algorithm());
                let mut buffer = vec![0; 128 * 1024];
                loop {
                    match from.read(&mut buffer) {
                        Ok(0) => break,
                        Ok(read) => checking.update(&buffer[..read]),
                        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                let found = checking.finish();
                Ok((found != *sum).then(|| found.to_string()))
            }
            Self::Apk(part) => apk::package_flaw(from, part),
            Self::Names(sum) => brew::naming_flaw(from, sum),
            Self::Beside(_) | Self::Listed { .. } | Self::Named(_) => Ok(None),
        }
    }
}
