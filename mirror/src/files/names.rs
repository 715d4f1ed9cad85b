//! Which names say that a file holds checksums of others, and which that one holds a signature.

use pinfold_store::Algorithm;

/// What a file's name says about the checksums in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sheet<'a> {
    /// How they are computed, where the name says it.
    pub(super) algorithm: Option<Algorithm>,
    /// The one file that they are of, which stands beside it; `None` where the lines name files.
    pub(super) of: Option<&'a [u8]>,
}

/// What a file's name says about the signature in it.
const SIGNATURE_ENDS: &[&str] = &[".gpg", ".asc", ".sign", ".sig"];

/// Gives the name of the file that a signature is of; `None` where a name is no signature's.
pub(super) fn signed(name: &[u8]) -> Option<&[u8]> {
    let stem = SIGNATURE_ENDS.iter().find_map(|end| without_end(name, end))?;
    (!stem.is_empty()).then_some(stem)
}

/// Says what a name says about checksums: `SHA256SUMS`, `sha512sum.txt`, `x_SHA256SUMS`, `SHASUMS256.txt`, `x-CHECKSUM`,
/// `x.iso.sha256`; `None` where it says nothing of them, or of a kind that is not computed here.
pub(super) fn sheet(name: &[u8]) -> Option<Sheet<'_>> {
    for (algorithm, word) in ALGORITHMS {
        for end in [format!(".{word}"), format!(".{word}sum")] {
            if let Some(stem) = without_end(name, &end).filter(|stem| !stem.is_empty()) {
                return Some(Sheet { algorithm: Some(*algorithm), of: Some(stem) });
            }
        }
    }
    let stem = without_end(name, ".txt").unwrap_or(name);
    let lower = stem.to_ascii_lowercase();
    let is_of = |word: &str| {
        let ends = [
            word.to_owned(),
            format!("{word}sum"),
            format!("{word}sums"),
            format!("shasums{}", word.trim_start_matches("sha")),
            format!("checksum.{word}"),
            format!("checksums.{word}"),
        ];
        // FreeBSD writes what follows behind it.
        ends.iter().any(|end| is_word_at_end(&lower, end.as_bytes()))
            || lower.starts_with(format!("checksum.{word}-").as_bytes())
    };
    if let Some((algorithm, _)) = ALGORITHMS.iter().find(|(_, word)| is_of(word)) {
        return Some(Sheet { algorithm: Some(*algorithm), of: None });
    }
    let any = ["checksum", "checksums", "shasum", "shasums"];
    let is_any = any.iter().any(|end| is_word_at_end(&lower, end.as_bytes()));
    is_any.then_some(Sheet { algorithm: None, of: None })
}

/// The kinds of checksums, by the words of names.
const ALGORITHMS: &[(Algorithm, &str)] = &[
    (Algorithm::Sha512, "sha512"),
    (Algorithm::Sha384, "sha384"),
    (Algorithm::Sha256, "sha256"),
    (Algorithm::Sha224, "sha224"),
    (Algorithm::Sha1, "sha1"),
    (Algorithm::Md5, "md5"),
];

/// Says whether a name ends in a word: what precedes it is no letter or digit.
fn is_word_at_end(name: &[u8], word: &[u8]) -> bool {
    name.strip_suffix(word)
        .is_some_and(|rest| rest.last().is_none_or(|last| !last.is_ascii_alphanumeric()))
}

/// Cuts an end off a name, in either case.
fn without_end<'a>(name: &'a [u8], end: &str) -> Option<&'a [u8]> {
    let (stem, last) = name.split_at_checked(name.len().checked_sub(end.len())?)?;
    last.eq_ignore_ascii_case(end.as_bytes()).then_some(stem)
}

#[cfg(test)]
mod tests;
