//! Who vouches for a package: the signatures within it, and what they cover.
//!
//! A package is a lead, a header of signatures, the header that they sign, and the payload. A signature of the header covers the
//! payload by the digest of it that the header states; packages before rpm 4.14 state none, and there a second signature covers
//! both. Everything is hashed as it passes by, once, and nothing is unpacked. The parts are those of formats/rpm.md, section 3.
//!
//! What is deliberately not done: packages are not compared with what the metadata says of them, and the digest of the unpacked
//! payload (tag 5097) is not computed, because what is signed says what the packed one is.

mod header;
mod watch;

use std::fmt;
use std::io::Read;

use pinfold_store::path::escape;

use self::header::{Form, Header, Stream};
use self::watch::Watch;
use crate::Result;
pub use crate::judged::{Counts, Verdict};
use crate::sign::{Keyring, Rules};

/// The lead: what was the header until rpm 3, of which only the magic and the kind of signature say anything now.
const LEAD_BYTES: usize = 96;
const LEAD_MAGIC: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];
/// The one kind of signature that a lead may state: a header of them follows.
const LEAD_SIGNATURES: [u8; 2] = [0, 5];

/// The header of signatures, by rpm's bounds; it holds those of single files, too, which may be many.
const SIGNATURES: Form = Form {
    name: "signature header",
    region: (62, [62, 61]),
    tags_max: 65_535,
    store_bytes_max: 64 << 20,
    wanted: &watch::WANTED,
};
/// The header, by rpm's bounds.
const MAIN: Form = Form {
    name: "header",
    region: (63, [63, 63]),
    tags_max: 65_535,
    store_bytes_max: 256 << 20,
    wanted: &[
        tag::NAME,
        tag::VERSION,
        tag::RELEASE,
        tag::EPOCH,
        tag::ARCH,
        tag::SOURCE_PACKAGE,
        tag::PAYLOAD_DIGEST,
        tag::PAYLOAD_DIGEST_ALGORITHM,
        tag::PAYLOAD_SHA512,
    ],
};

/// The tags of a header that are read.
mod tag {
    pub(super) const NAME: u32 = 1000;
    pub(super) const VERSION: u32 = 1001;
    pub(super) const RELEASE: u32 = 1002;
    pub(super) const EPOCH: u32 = 1003;
    pub(super) const ARCH: u32 = 1022;
    /// The package that it was built from: what has none is a source itself.
    pub(super) const SOURCE_PACKAGE: u32 = 1044;
    pub(super) const PAYLOAD_DIGEST: u32 = 5092;
    pub(super) const PAYLOAD_DIGEST_ALGORITHM: u32 = 5093;
    /// Beside the other, since rpm 6.
    pub(super) const PAYLOAD_SHA512: u32 = 5121;
}

/// A package that was looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What it says that it is: worth as much as the verdict.
    pub name: Nevra,
    /// Who vouches for it.
    pub verdict: Verdict,
}

/// What a package calls itself, each part escaped; empty where its header does not say it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nevra {
    /// The name.
    pub name: String,
    /// The epoch; 0 where none is stated.
    pub epoch: u64,
    /// The version.
    pub version: String,
    /// The release.
    pub release: String,
    /// The architecture; `src` of a source.
    pub arch: String,
}

/// Shows it as rpm does: no epoch where it is 0.
impl fmt::Display for Nevra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, epoch, version, release, arch } = self;
        match epoch {
            0 => write!(f, "{name}-{version}-{release}.{arch}"),
            _ => write!(f, "{name}-{epoch}:{version}-{release}.{arch}"),
        }
    }
}

impl Nevra {
    fn of(header: &Header) -> Self {
        let text = |tag| header.text(tag).map(escape).unwrap_or_default();
        let is_source = header.text(tag::SOURCE_PACKAGE).is_none();
        Self {
            name: text(tag::NAME),
            epoch: header.number(tag::EPOCH).unwrap_or_default(),
            version: text(tag::VERSION),
            release: text(tag::RELEASE),
            arch: if is_source { "src".to_owned() } else { text(tag::ARCH) },
        }
    }
}

/// Reads a package to its end and judges its signatures. `shown` names it in errors.
///
/// A signature counts by the rules of [`crate::sign::verify_repomd`]: a key must have been valid when it signed. One BAD signature
/// by a known key, and one digest that does not fit, make the whole package bad.
///
/// Cost: hashes every byte once or twice; memory does not depend on the package.
///
/// # Errors
/// [`crate::Error::BadMetadata`] where it is no package, or ends within its headers: at which byte; [`crate::Error::Io`] where it cannot be
/// read.
pub fn check(from: impl Read, keyring: &Keyring, rules: &Rules, shown: &str) -> Result<Checked> {
    let mut stream = Stream::new(from, shown);
    read_lead(&mut stream)?;
    let signatures = Header::read(&mut stream, &SIGNATURES, &mut |_| {})?;
    let past = usize::try_from(stream.offset % 8).unwrap_or_default();
    stream.fill(&mut [0; 8][..(8 - past) % 8], "padding")?;
    let mut watch = Watch::new(&signatures);
    let main = Header::read(&mut stream, &MAIN, &mut |bytes| watch.header(bytes))?;
    watch.expect_payload(&main);
    stream.rest(&mut |bytes| watch.payload(bytes))?;
    Ok(Checked { name: Nevra::of(&main), verdict: watch.judge(keyring, rules) })
}

fn read_lead<R: Read>(stream: &mut Stream<'_, R>) -> Result<()> {
    let mut lead = [0; LEAD_BYTES];
    stream.fill(&mut lead, "lead")?;
    if lead[..4] != LEAD_MAGIC {
        let begins = escape(&lead[..16]);
        return Err(stream.bad(0, &format!("it begins as no package does: {begins}")));
    }
    if !matches!(lead[4], 3 | 4) {
        return Err(stream.bad(4, &format!("it is of version {}, 3 or 4 is taken", lead[4])));
    }
    if lead[78..80] != LEAD_SIGNATURES {
        return Err(stream.bad(78, "its signatures are of a kind that rpm gave up"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
