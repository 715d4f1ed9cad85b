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
pub(crate) mod split;

use pinfold_store::path::escape;
use sequoia_openpgp::parse::{Dearmor, PacketParserBuilder, PacketParserResult, Parse};
use sequoia_openpgp::types::Timestamp;
use sequoia_openpgp::{Packet, anyhow, armor, packet};

use self::judge::{Document, Verdict, judge};
pub use self::keyring::Keyring;
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
    /// Takes keys of old vendors: bound by SHA-1, or RSA of 1024 bits. Signatures of texts by SHA-1 never count.
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
    let found = accept(&parts.text, &parts.blocks, keyring, rules).map_err(refuse)?;
    Ok(Verified { text: parts.text, signers: found.signers, others: found.others })
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
    let found = accept(text, &blocks, keyring, rules).map_err(refuse)?;
    Ok(Verified { text: text.to_owned(), signers: found.signers, others: found.others })
}

/// What the signatures of one text came to.
#[derive(Default)]
struct Found {
    signers: Vec<Signer>,
    others: Vec<String>,
}

fn check_size(what: &str, bytes: &[u8]) -> Result<(), String> {
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(format!("{what} is larger than {MESSAGE_BYTES_MAX} bytes"));
    }
    Ok(())
}

/// Judges every signature of a text.
fn accept(
    text: &[u8],
    blocks: &[Vec<u8>],
    keyring: &Keyring,
    rules: &Rules,
) -> Result<Found, String> {
    let mut found = Found::default();
    let mut signatures = Vec::new();
    // Step 3: each block by itself. One that cannot be read is no reason to believe the others less.
    for block in blocks.iter().take(SIGNATURES_MAX + 1) {
        if let Err(why) = read_block(block, &mut signatures) {
            found.others.push(format!("a block that cannot be read: {why}"));
        }
    }
    if blocks.len().max(signatures.len()) > SIGNATURES_MAX {
        return Err(format!("it carries more than {SIGNATURES_MAX} signatures"));
    }
    let document = Document::new(text);
    for signature in &signatures {
        let verdict = match signature {
            Packet::Signature(signature) => judge(signature, &document, keyring, rules),
            _ => Verdict::Ignored("one of a version that cannot be read".to_owned()),
        };
        match verdict {
            Verdict::Good(signer) => found.signers.push(signer),
            Verdict::Ignored(reason) => found.others.push(reason),
            // Step 6: one BAD signature by a known key, and nothing else counts.
            Verdict::Bad(reason) => return Err(reason),
        }
    }
    // Step 6: at least one.
    if found.signers.is_empty() {
        return Err(none_counts(&found.others, &accepted(keyring, rules)));
    }
    Ok(found)
}

/// Reads the packets of one armor block: signatures and nothing else, and no more than we would judge.
fn read_block(block: &[u8], signatures: &mut Vec<Packet>) -> Result<(), String> {
    let packets = armored::decode(block, armor::Kind::Signature)?;
    let mut next = PacketParserBuilder::from_bytes(&packets)
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
