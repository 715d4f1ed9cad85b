//! The signatures and digests of a package while it passes by, and what they come to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pinfold_store::sums::{Algorithm, Checking, Checksum};

use super::header::Header;
use super::{Verdict, tag};
use crate::sign::passing::Passing;
use crate::sign::{self, Keyring, Rules, Signer};

/// The most signatures that one package may carry.
const SIGNATURES_MAX: usize = 16;

/// DSA or `EdDSA` over the header, in one packet.
const HEADER_DSA: u32 = 267;
/// RSA over the header.
const HEADER_RSA: u32 = 268;
/// Any over the header, as texts of base64: rpm 6.
const HEADER_OPENPGP: u32 = 278;
const HEADER_SHA1: u32 = 269;
const HEADER_SHA256: u32 = 273;
/// The size of header and payload.
const WHOLE_SIZE: u32 = 1000;
/// The same where it needs more than 32 bits.
const WHOLE_SIZE_LONG: u32 = 270;
/// RSA over header and payload, which rpm wrote for packages before 4.14.
const WHOLE_RSA: u32 = 1002;
const WHOLE_MD5: u32 = 1004;
/// DSA or `EdDSA` over header and payload.
const WHOLE_DSA: u32 = 1005;

/// The tags of a header of signatures that are read.
pub(super) const WANTED: [u32; 10] = [
    HEADER_DSA,
    HEADER_RSA,
    HEADER_OPENPGP,
    HEADER_SHA1,
    HEADER_SHA256,
    WHOLE_SIZE,
    WHOLE_SIZE_LONG,
    WHOLE_RSA,
    WHOLE_MD5,
    WHOLE_DSA,
];

/// What is signed, or has a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    Payload,
    /// Header and payload.
    Whole,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Whole => "header and payload",
        }
    }
}

/// A digest that the package states of itself.
struct Stated {
    part: Part,
    checksum: Checksum,
    running: Checking,
}

/// Everything that watches a package pass by.
pub(super) struct Watch {
    signatures: Vec<(Part, Passing)>,
    digests: Vec<Stated>,
    /// The size of header and payload that is stated, and how much has passed.
    size: (Option<u64>, u64),
    /// What cannot be read; the package is not what rpm wrote.
    flaws: Vec<String>,
}

impl Watch {
    /// Reads what is stated about header and payload.
    pub(super) fn new(stated: &Header) -> Self {
        let size = stated.number(WHOLE_SIZE_LONG).or_else(|| stated.number(WHOLE_SIZE));
        let mut watch = Self {
            signatures: Vec::new(),
            digests: Vec::new(),
            size: (size, 0),
            flaws: Vec::new(),
        };
        for (tag, part) in [
            (HEADER_RSA, Part::Header),
            (HEADER_DSA, Part::Header),
            (WHOLE_RSA, Part::Whole),
            (WHOLE_DSA, Part::Whole),
        ] {
            if stated.has(tag) {
                watch.add_signature(part, tag, stated.bytes(tag));
            }
        }
        if stated.has(HEADER_OPENPGP) && stated.text(HEADER_OPENPGP).is_none() {
            watch.add_signature(Part::Header, HEADER_OPENPGP, None);
        }
        for text in stated.texts(HEADER_OPENPGP).take(SIGNATURES_MAX + 1) {
            let packets = STANDARD.decode(text).ok();
            watch.add_signature(Part::Header, HEADER_OPENPGP, packets.as_deref());
        }
        for (tag, algorithm) in [(HEADER_SHA256, Algorithm::Sha256), (HEADER_SHA1, Algorithm::Sha1)]
        {
            if stated.has(tag) {
                watch.add_hex(Part::Header, algorithm, stated.text(tag));
            }
        }
        if stated.has(WHOLE_MD5) {
            let bytes = stated.bytes(WHOLE_MD5);
            let checksum = bytes.and_then(|bytes| Checksum::new(Algorithm::Md5, bytes));
            watch.add_digest(Part::Whole, Algorithm::Md5, checksum);
        }
        watch
    }

    fn add_signature(&mut self, part: Part, tag: u32, packets: Option<&[u8]>) {
        let read = match packets {
            None => Err("it is no signature".to_owned()),
            Some(packets) => Passing::read(packets),
        };
        match read {
            Ok(read) if read.is_empty() => self.flaws.push(format!("its signature {tag} is empty")),
            Ok(read) if self.signatures.len() + read.len() > SIGNATURES_MAX => {
                self.flaws.push(format!("it carries more than {SIGNATURES_MAX} signatures"));
            }
            Ok(read) => self.signatures.extend(read.into_iter().map(|one| (part, one))),
            Err(why) => self.flaws.push(format!("its signature {tag} cannot be read: {why}")),
        }
    }

    fn add_hex(&mut self, part: Part, algorithm: Algorithm, text: Option<&[u8]>) {
        let checksum = text.and_then(|text| Checksum::of_hex(algorithm, text));
        self.add_digest(part, algorithm, checksum);
    }

    fn add_digest(&mut self, part: Part, algorithm: Algorithm, checksum: Option<Checksum>) {
        match checksum {
            Some(checksum) => {
                let running = Checking::toward(algorithm);
                self.digests.push(Stated { part, checksum, running });
            }
            None => self.flaws.push(format!(
                "what it states as the {} of its {} is none",
                algorithm.name(),
                part.name()
            )),
        }
    }

    /// Reads what the header states about the payload.
    pub(super) fn expect_payload(&mut self, header: &Header) {
        if header.has(tag::PAYLOAD_DIGEST) {
            let number = header.number(tag::PAYLOAD_DIGEST_ALGORITHM);
            // One that is not known covers nothing.
            if let Some(algorithm) = number.and_then(algorithm) {
                self.add_hex(Part::Payload, algorithm, header.text(tag::PAYLOAD_DIGEST));
            }
        }
        if header.has(tag::PAYLOAD_SHA512) {
            self.add_hex(Part::Payload, Algorithm::Sha512, header.text(tag::PAYLOAD_SHA512));
        }
    }

    /// Takes the next bytes of the header.
    pub(super) fn header(&mut self, bytes: &[u8]) {
        self.update(bytes, Part::Payload);
    }

    /// Takes the next bytes of the payload.
    pub(super) fn payload(&mut self, bytes: &[u8]) {
        self.update(bytes, Part::Header);
    }

    /// Hands bytes to everything but what is of another part alone.
    fn update(&mut self, bytes: &[u8], other: Part) {
        let signatures = self.signatures.iter_mut().filter(|(part, _)| *part != other);
        signatures.for_each(|(_, signature)| signature.update(bytes));
        let digests = self.digests.iter_mut().filter(|stated| stated.part != other);
        digests.for_each(|stated| stated.running.update(bytes));
        self.size.1 += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    }

    /// Judges the package when it has passed.
    pub(super) fn judge(self, keyring: &Keyring, rules: &Rules) -> Verdict {
        let Self { signatures, digests, size: (stated, passed), flaws } = self;
        if let Some(why) = flaws.into_iter().next() {
            return Verdict::Bad { why };
        }
        let mut has_digest = false;
        let mut is_covered = false;
        for Stated { part, checksum, running } in digests {
            let found = running.finish();
            if found != checksum {
                let part = part.name();
                let why = format!("its {part} has the {found}, stated is {}", checksum.hex());
                return Verdict::Bad { why };
            }
            has_digest |= part != Part::Header;
            is_covered |= part == Part::Payload && checksum.algorithm().is_strong();
        }
        // The size is nobody's word: some tools state another one, and rpm does not look at it either.
        if let Some(stated) = stated.filter(|stated| !has_digest && *stated != passed) {
            let why = format!("its header and payload have {passed} bytes, stated are {stated}");
            return Verdict::Bad { why };
        }
        Found::of(signatures, keyring, rules).verdict(is_covered)
    }
}

/// What the signatures came to, each by itself.
#[derive(Default)]
struct Found {
    good: Vec<(Part, Signer)>,
    notes: Vec<String>,
    unknown: Vec<String>,
    ignored: Vec<String>,
    bad: Option<String>,
}

impl Found {
    fn of(signatures: Vec<(Part, Passing)>, keyring: &Keyring, rules: &Rules) -> Self {
        let mut found = Self::default();
        for (part, signature) in signatures {
            match signature.judge(keyring, rules) {
                sign::Verdict::Good(signer, warning) => {
                    found.good.push((part, signer));
                    found.notes.extend(warning);
                }
                sign::Verdict::Bad(why) => {
                    found.bad.get_or_insert(format!("{why}, its {}", part.name()));
                }
                sign::Verdict::Unknown(name) if found.unknown.contains(&name) => {}
                sign::Verdict::Unknown(name) => found.unknown.push(name),
                sign::Verdict::Ignored(why) if found.ignored.contains(&why) => {}
                sign::Verdict::Ignored(why) => found.ignored.push(why),
            }
        }
        found
    }

    /// Joins them; a signature of the header is one of the payload where that is covered by a digest in it.
    fn verdict(self, is_covered: bool) -> Verdict {
        let Self { good, mut notes, unknown, ignored, bad } = self;
        if let Some(why) = bad {
            return Verdict::Bad { why };
        }
        let stranger = |name: &String| format!("one by {name}: its key is not in the keyring");
        let others: Vec<String> =
            ignored.iter().cloned().chain(unknown.iter().map(stranger)).collect();
        let best = good.into_iter().max_by_key(|(part, _)| *part == Part::Whole || is_covered);
        let Some((part, by)) = best else {
            return match (ignored.is_empty(), unknown.is_empty()) {
                (true, true) => Verdict::Unsigned,
                (true, false) => Verdict::UnknownKey { names: unknown },
                _ => Verdict::NotCounted { why: others.join("; ") },
            };
        };
        notes.extend(others);
        notes.dedup();
        if part == Part::Whole || is_covered {
            Verdict::Signed { by, notes }
        } else {
            Verdict::HeaderOnly { by, notes }
        }
    }
}

/// Gives the algorithm of a number that OpenPGP gives it.
fn algorithm(number: u64) -> Option<Algorithm> {
    match number {
        1 => Some(Algorithm::Md5),
        2 => Some(Algorithm::Sha1),
        8 => Some(Algorithm::Sha256),
        9 => Some(Algorithm::Sha384),
        10 => Some(Algorithm::Sha512),
        11 => Some(Algorithm::Sha224),
        _ => None,
    }
}
