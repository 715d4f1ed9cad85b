//! Checksums as metadata of rpm state them.

use pinfold_store::{Algorithm, Checksum};

use super::xml::excerpt;

/// What metadata call the kinds of checksums: `sha` is an old word for SHA-1.
const KINDS: [(&str, Algorithm); 7] = [
    ("md5", Algorithm::Md5),
    ("sha", Algorithm::Sha1),
    ("sha1", Algorithm::Sha1),
    ("sha224", Algorithm::Sha224),
    ("sha256", Algorithm::Sha256),
    ("sha384", Algorithm::Sha384),
    ("sha512", Algorithm::Sha512),
];

/// Reads a checksum; what clients refuse says why it is none.
pub(super) fn checksum(kind: &[u8], digits: &[u8]) -> Result<Checksum, String> {
    let known = KINDS.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(kind));
    let Some((name, algorithm)) = known else {
        let names = KINDS.map(|(name, _)| name).join(", ");
        return Err(format!(
            "is of the type '{}', where one of {names} is expected",
            excerpt(kind)
        ));
    };
    let is_lower = !digits.iter().any(u8::is_ascii_uppercase);
    Checksum::of_hex(*algorithm, digits).filter(|_| is_lower).ok_or_else(|| {
        let (found, expected) = (excerpt(digits), 2 * algorithm.bytes());
        format!("is '{found}', where {expected} digits of {name} are expected, 0-9 and a-f")
    })
}

#[cfg(test)]
mod tests;
