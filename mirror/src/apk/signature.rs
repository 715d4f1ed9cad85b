//! An index as it is signed: gzip members one after the other, first those of signatures, then what they are of.
//!
//! apk goes by the member: what follows the last signature's is signed, to the end of the file. Of several signatures it takes the
//! first whose key it has, and refuses the index where that one is wrong; so do we.

use std::io::{BufRead, Read};

use flate2::bufread::GzDecoder;
use pinfold_store::path::escape;

use crate::sign::{Hashing, NamedKey, NamedKeys};
use crate::{Error, Result};

/// How a signature's name begins in its archive.
const BEGIN: &[u8] = b".SIGN.";
/// The most members of signatures, and the largest.
const MEMBERS_MAX: usize = 16;
const MEMBER_BYTES_MAX: u64 = 1 << 20;
/// The largest signature; apk passes over a larger one.
const SIGNATURE_BYTES_MAX: u64 = 65_536;
/// The size of a tar header, which begins with a name.
const HEADER_BYTES: usize = 512;

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    /// What it calls itself, without its beginning.
    name: String,
    bytes: Vec<u8>,
}

/// An index, taken apart.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    pub(super) signatures: Vec<Signature>,
    /// What is signed: more members.
    pub(super) text: &'a [u8],
}

/// Takes an index apart. `shown` names it in errors.
///
/// # Errors
/// [`Error::BadMetadata`] where it is not made of such members.
pub(super) fn split<'a>(bytes: &'a [u8], shown: &str) -> Result<Signed<'a>> {
    let bad = |why: &str| Error::BadMetadata { path: shown.to_owned(), why: why.to_owned() };
    let mut signed = Signed { signatures: Vec::new(), text: bytes };
    for _ in 0..MEMBERS_MAX {
        if !begins_signature(signed.text).map_err(|why| bad(&why))? {
            return Ok(signed);
        }
        let mut rest = signed.text;
        let member = member(&mut rest).map_err(|why| bad(&why))?;
        take(&member, &mut signed.signatures).map_err(|why| bad(&why))?;
        signed.text = rest;
    }
    Err(bad("it has too many parts before its list of packages"))
}

/// Says whether the next member is one of signatures.
fn begins_signature(text: &[u8]) -> Result<bool, String> {
    let mut header = Vec::new();
    let limit = u64::try_from(HEADER_BYTES).unwrap_or(u64::MAX);
    let read = GzDecoder::new(text).take(limit).read_to_end(&mut header);
    read.map_err(|error| unpacks_not(&error))?;
    Ok(header.starts_with(BEGIN))
}

/// Unpacks the next member.
fn member(text: &mut &[u8]) -> Result<Vec<u8>, String> {
    let mut member = Vec::new();
    let mut decoder = GzDecoder::new(text as &mut dyn BufRead);
    let read = (&mut decoder).take(MEMBER_BYTES_MAX).read_to_end(&mut member);
    read.map_err(|error| unpacks_not(&error))?;
    match decoder.read(&mut [0]) {
        Ok(0) => Ok(member),
        Ok(_) => Err("its signatures unpack to more than 1 MiB".to_owned()),
        Err(error) => Err(unpacks_not(&error)),
    }
}

fn unpacks_not(error: &std::io::Error) -> String {
    format!("it does not unpack: {}", escape(error.to_string().as_bytes()))
}

/// Takes the signatures out of a member, which holds nothing else.
fn take(member: &[u8], signatures: &mut Vec<Signature>) -> Result<(), String> {
    let broken = |error: std::io::Error| {
        format!(
            "the archive of its signatures does not parse: {}",
            escape(error.to_string().as_bytes())
        )
    };
    let mut archive = tar::Archive::new(member);
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let path = entry.path_bytes().into_owned();
        let Some(name) = path.strip_prefix(BEGIN) else {
            return Err("a part of it holds a signature and something else".to_owned());
        };
        let mut bytes = Vec::new();
        entry.take(SIGNATURE_BYTES_MAX).read_to_end(&mut bytes).map_err(broken)?;
        signatures.push(Signature { name: escape(name), bytes });
    }
    Ok(())
}

impl Signature {
    /// Says what it is of, and whose it is; `None` where it is of no kind that counts.
    fn parse(&self) -> Option<(Hashing, &str)> {
        let kinds =
            [("RSA512.", Hashing::Sha512), ("RSA256.", Hashing::Sha256), ("RSA.", Hashing::Sha1)];
        kinds.iter().find_map(|(kind, hashing)| Some((*hashing, self.name.strip_prefix(kind)?)))
    }
}

/// Finds who vouches: the first signature whose key is trusted, and what is said of the others.
///
/// # Errors
/// [`Error::NotAuthentic`] says which signatures there are, why none counts, and which keys would.
pub(super) fn verify<'k>(
    signed: &Signed<'_>,
    keys: &'k NamedKeys,
    weak_keys: bool,
    shown: &str,
) -> Result<(&'k NamedKey, Vec<String>)> {
    let refuse = |why| Error::NotAuthentic { path: shown.to_owned(), why };
    let mut others = Vec::new();
    let mut found = None;
    for signature in &signed.signatures {
        let Some((hashing, name)) = signature.parse() else {
            others.push(format!("{}: signatures of this kind do not count", signature.name));
            continue;
        };
        match keys.get(name) {
            None => others.push(format!("one by {name}: its key is not in the keyrings")),
            Some(_) if found.is_some() => others.push(format!("one by {name}: another counts")),
            Some(key) => match key.flaw(signed.text, hashing, &signature.bytes, weak_keys) {
                None => found = Some(key),
                // apk tries no other one either.
                Some(why) => {
                    return Err(refuse(format!("its signature by {name} is wrong: {why}")));
                }
            },
        }
    }
    found.map(|key| (key, others.clone())).ok_or_else(|| {
        let known: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
        let found = match others.as_slice() {
            [] => "it has no signature; unsigned = true takes it, and then only the way to upstream protects the mirror".to_owned(),
            others => others.join("; "),
        };
        refuse(format!("{found}; accepted are {}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests;
