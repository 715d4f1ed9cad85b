//! Signatures of others: whether a keyring that the operator chose vouches for a text, now.
//!
//! The frame is taken apart here and not by the cryptographic library, exactly as apt does it, so that what was signed and
//! what is parsed cannot differ: the library's own readers take text around a message, see the first armor block only, and
//! judge a key at the time that the signature claims. Each signature is judged by itself. The numbers in comments are the
//! steps of formats/apt.md, section 3.
//!
//! Architecture invariant: nothing here reads the clock or asks anybody; the same bytes, keyring and rules give the same
//! answer years later.

mod armored;
mod judge;
mod keyring;
mod named;
pub(crate) mod passing;
pub(crate) mod split;

use pinfold_store::path::escape;
use sequoia_openpgp::parse::{Dearmor, PacketParserBuilder, PacketParserResult, Parse};
use sequoia_openpgp::types::Timestamp;
use sequoia_openpgp::{Packet, anyhow, armor, packet};

pub(crate) use self::judge::Verdict;
use self::judge::{Custom, Document, Measure, judge};
pub use self::keyring::Keyring;
pub use self::named::{Hashing, NamedKey, NamedKeys};
use crate::{Error, Result};

/// The largest clear-signed message and the largest file of signatures that are read; apt refuses more too.
pub const MESSAGE_BYTES_MAX: usize = 10_000_000;
/// The most signatures that one text may carry.
const SIGNATURES_MAX: usize = 16;
/// How many fingerprints a message names before it only counts.
const NAMED_MAX: usize = 4;

/// What makes a signature count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// The time to judge at, in seconds since 1970: the clock, or the time of the sync that is proved again.
    pub now: i64,
    /// Accepted fingerprints, of primary keys or subkeys; empty accepts every key of the keyring.
    pub signers: Vec<String>,
    /// Takes keys of old vendors: bound by SHA-1, or RSA of 1024 bits; of rpm's vendors DSA of 1024 bits, too. Signatures of texts
    /// by SHA-1 never count.
    pub weak_keys: bool,
}

/// A text that somebody vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What was signed: the only text that may be parsed.
    pub text: Vec<u8>,
    /// Whose signatures count; never empty.
    pub signers: Vec<Signer>,
    /// The signatures that do not count, each with the reason.
    pub others: Vec<String>,
    /// What is wrong now with keys whose signatures count all the same, such as one that expired since it signed.
    pub warnings: Vec<String>,
}

/// Who vouches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The fingerprint of the certificate, in upper-case hexadecimal digits.
    pub fingerprint: String,
    /// The fingerprint of the key that signed: the same, or a subkey's.
    pub subkey: String,
    /// The name on the certificate, escaped; empty where it has none.
    pub user_id: String,
    /// When the signature says that it was made, in seconds since 1970.
    pub made: i64,
    /// The certificate as it was, armored: [`Keyring::parse`] takes it.
    pub certificate: Vec<u8>,
}

/// Verifies a clear-signed message, such as `InRelease`. `shown` names the file in errors.
///
/// # Errors
/// [`Error::NotAuthentic`] says which signatures there are, why none counts, and which keys would be accepted.
pub fn verify_inline(
    bytes: &[u8],
    keyring: &Keyring,
    rules: &Rules,
    shown: &str,
) -> Result<Verified> {
    let refuse = |why| Error::NotAuthentic { path: shown.to_owned(), why };
    check_size("it", bytes).map_err(refuse)?;
    // Steps 1 to 3.
    let parts = split::inline(bytes).map_err(refuse)?;
    let measure = Measure { keyring, rules, custom: Custom::Apt };
    let gathered = gather(&parts.blocks).map_err(refuse)?;
    accept(parts.text, gathered, measure).map_err(refuse)
}

/// Verifies a text by a file of armored signatures beside it, such as `Release` by `Release.gpg`. `shown` names the text in
/// errors; how large it may be is the caller's to say.
///
/// # Errors
/// [`Error::NotAuthentic`] says which signatures there are, why none counts, and which keys would be accepted.
pub fn verify_detached(
    text: &[u8],
    signature_bytes: &[u8],
    keyring: &Keyring,
    rules: &Rules,
    shown: &str,
) -> Result<Verified> {
    let refuse = |why| Error::NotAuthentic { path: shown.to_owned(), why };
    check_size("its signature", signature_bytes).map_err(refuse)?;
    let blocks = split::detached(signature_bytes).map_err(refuse)?;
    let measure = Measure { keyring, rules, custom: Custom::Apt };
    let gathered = gather(&blocks).map_err(refuse)?;
    accept(text.to_owned(), gathered, measure).map_err(refuse)
}

/// Verifies `repomd.xml` by the signatures beside it, armored as in `repomd.xml.asc` or binary. `shown` names the text in errors;
/// how large it may be is the caller's to say.
///
/// A key must have been valid when it signed: one that expired since is a warning, like zypper's. A key that lies beside the text
/// as `repomd.xml.key` is content and never trust: only the keyring is asked.
///
/// # Errors
/// [`Error::NotAuthentic`] says which signatures there are, why none counts, and which keys would be accepted.
pub fn verify_repomd(
    text: &[u8],
    signature_bytes: &[u8],
    keyring: &Keyring,
    rules: &Rules,
    shown: &str,
) -> Result<Verified> {
    let refuse = |why| Error::NotAuthentic { path: shown.to_owned(), why };
    check_size("its signature", signature_bytes).map_err(refuse)?;
    let gathered = match signature_bytes {
        [0x80..=0xff, ..] => gather_packets(signature_bytes),
        // Empty lines around it are no reason to refuse what gpgme reads.
        text => split::detached(text.trim_ascii()).and_then(|blocks| gather(&blocks)),
    };
    let measure = Measure { keyring, rules, custom: Custom::Rpm };
    accept(text.to_owned(), gathered.map_err(refuse)?, measure).map_err(refuse)
}

/// The signatures of one text.
#[derive(Default)]
struct Gathered {
    packets: Vec<Packet>,
    /// What could not be read, each with the reason.
    unreadable: Vec<String>,
}

fn check_size(what: &str, bytes: &[u8]) -> Result<(), String> {
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(format!("{what} is larger than {MESSAGE_BYTES_MAX} bytes"));
    }
    Ok(())
}

/// Reads armored blocks of signatures (step 3), each by itself: one that cannot be read is no reason to believe the others less.
fn gather(blocks: &[Vec<u8>]) -> Result<Gathered, String> {
    let mut gathered = Gathered::default();
    for block in blocks.iter().take(SIGNATURES_MAX + 1) {
        let packets = armored::decode(block, armor::Kind::Signature);
        let read = packets.and_then(|packets| read_packets(&packets, &mut gathered.packets));
        if let Err(why) = read {
            gathered.unreadable.push(format!("a block that cannot be read: {why}"));
        }
    }
    check_count(blocks.len().max(gathered.packets.len()))?;
    Ok(gathered)
}

/// Reads a file of binary signatures.
fn gather_packets(bytes: &[u8]) -> Result<Gathered, String> {
    let mut gathered = Gathered::default();
    if let Err(why) = read_packets(bytes, &mut gathered.packets) {
        gathered.unreadable.push(format!("some that cannot be read: {why}"));
    }
    check_count(gathered.packets.len())?;
    Ok(gathered)
}

fn check_count(count: usize) -> Result<(), String> {
    if count > SIGNATURES_MAX {
        return Err(format!("it carries more than {SIGNATURES_MAX} signatures"));
    }
    Ok(())
}

/// Judges every signature of a text.
fn accept(text: Vec<u8>, gathered: Gathered, measure: Measure<'_>) -> Result<Verified, String> {
    let mut found =
        Verified { text, signers: Vec::new(), others: gathered.unreadable, warnings: Vec::new() };
    let document = Document::new(&found.text);
    for signature in &gathered.packets {
        match judge_packet(signature, &document, measure) {
            Verdict::Good(signer, warning) => {
                found.signers.push(signer);
                found.warnings.extend(warning);
            }
            Verdict::Ignored(reason) => found.others.push(reason),
            Verdict::Unknown(name) => {
                found.others.push(format!("one by {name}: its key is not in the keyring"));
            }
            // Step 6: one BAD signature by a known key, and nothing else counts.
            Verdict::Bad(reason) => return Err(reason),
        }
    }
    // Step 6: at least one.
    if found.signers.is_empty() {
        return Err(none_counts(&found.others, &accepted(measure.keyring, measure.rules)));
    }
    Ok(found)
}

fn judge_packet(packet: &Packet, document: &Document<'_>, measure: Measure<'_>) -> Verdict {
    match packet {
        Packet::Signature(signature) => judge(signature, document, measure),
        _ => Verdict::Ignored("one of a version that cannot be read".to_owned()),
    }
}

/// Reads the packets of one block: signatures and nothing else, and no more than we would judge.
fn read_packets(packets: &[u8], signatures: &mut Vec<Packet>) -> Result<(), String> {
    let mut next = PacketParserBuilder::from_bytes(packets)
        .and_then(|builder| builder.dearmor(Dearmor::Disabled).build())
        .map_err(|e| chain(&e))?;
    while let PacketParserResult::Some(parser) = next {
        let (packet, rest) = parser.next().map_err(|e| chain(&e))?;
        next = rest;
        match packet.tag() {
            packet::Tag::Signature => signatures.push(packet),
            packet::Tag::Marker => {}
            other => return Err(format!("it holds a packet that is no signature, {other}")),
        }
        if signatures.len() > SIGNATURES_MAX {
            break;
        }
    }
    Ok(())
}

fn none_counts(others: &[String], accepted: &str) -> String {
    match others {
        [] => format!("it carries no signature; accepted: {accepted}"),
        some => format!("no signature counts: {}; accepted: {accepted}", some.join("; ")),
    }
}

/// Names a few of the keys that would be accepted.
fn accepted(keyring: &Keyring, rules: &Rules) -> String {
    let all: Vec<String> =
        if rules.signers.is_empty() { keyring.fingerprints() } else { rules.signers.clone() };
    let named: Vec<String> =
        all.iter().take(NAMED_MAX).map(|text| escape(text.as_bytes())).collect();
    match all.len() - named.len() {
        _ if all.is_empty() => "none, the keyring is empty".to_owned(),
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Converts seconds since 1970 to what OpenPGP's 32 bits can hold.
fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
}

/// Shows an error of the cryptographic library on one line.
fn chain(error: &anyhow::Error) -> String {
    escape(format!("{error:#}").as_bytes())
}

/// Shows a time for a message.
pub(crate) fn shown_time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

#[cfg(test)]
pub(crate) mod tests;
