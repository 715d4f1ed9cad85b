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
    /// It is a package of Alpine: the part that describes it hashes to this by SHA-1, and names the checksum of the rest.
    Apk([u8; 20]),
    /// It is JSON that names what has this checksum by SHA-256.
    Names([u8; 32]),
    /// Nobody says. It stands beside a file of its name without the last ending, which has this content, and is taken for
    /// unchanged while that one is.
    Beside(Digest),
}

impl From<Checksum> for Expect {
    fn from(sum: Checksum) -> Self {
        Self::Sum(sum)
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sum(sum) => sum.fmt(f),
            Self::Apk(part) => {
                f.write_str("a control part of SHA1 ")?;
                part.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Names(sum) => write!(f, "JSON that names {}", Checksum::sha256(sum)),
            Self::Beside(_) => write!(f, "any content of at most {BESIDE_BYTES_MAX} bytes"),
        }
    }
}

impl Expect {
    /// Gives the checksum of all of it, where that is what is said.
    #[must_use]
    pub const fn sum(&self) -> Option<Checksum> {
        match self {
            Self::Sum(sum) => Some(*sum),
            Self::Apk(_) | Self::Names(..) | Self::Beside(_) => None,
        }
    }

    /// Gives what it is called while it arrives, so that a run which was cut goes on with it.
    pub(crate) fn name(&self) -> Option<Checksum> {
        match self {
            Self::Sum(sum) => Some(*sum),
            Self::Apk(part) => Checksum::new(Algorithm::Sha1, part),
            Self::Names(..) | Self::Beside(_) => None,
        }
    }

    /// Gives the most bytes that are taken where nobody states the size.
    pub(crate) const fn bytes_max(&self) -> u64 {
        match self {
            Self::Sum(_) | Self::Apk(_) => UNSTATED_BYTES_MAX,
            Self::Names(..) => brew::NAMING_BYTES_MAX,
            Self::Beside(_) => BESIDE_BYTES_MAX,
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
            Self::Sum(_) | Self::Beside(_) => None,
        }
    }

    /// Reads content to its end, and says how it is something else; `None` where it is not.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn flaw(&self, from: &mut dyn Read) -> std::io::Result<Option<String>> {
        match self {
            Self::Sum(sum) => {
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
            Self::Beside(_) => Ok(None),
        }
    }
}
