//! The lines of lists of checksums, in the forms of the tools that make and check them.

use pinfold_store::{Algorithm, Checksum};

/// Longer lines are none of a list.
const LINE_BYTES_MAX: usize = 8192;

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The name, as it is written; empty where there is only a checksum.
    pub(super) name: Vec<u8>,
    /// The checksum.
    pub(super) sum: Checksum,
}

/// Reads a list: `HEX  name` and `HEX *name` of GNU, `SHA256 (name) = HEX` of BSD, and a checksum alone. What is no such line
/// is passed over: comments, an armor, another kind of checksum than `algorithm`, where that is known.
pub(super) fn parse(text: &[u8], algorithm: Option<Algorithm>) -> Vec<Line> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| line.len() <= LINE_BYTES_MAX);
    let lines = lines.filter_map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        tagged(line).or_else(|| plain(line, algorithm))
    });
    lines.filter(|line| algorithm.is_none_or(|one| one == line.sum.algorithm())).collect()
}

/// Reads `SHA256 (name) = HEX`.
fn tagged(line: &[u8]) -> Option<Line> {
    let (is_escaped, line) = escape_mark(line);
    let at = line.windows(2).position(|two| two == b" (")?;
    let end = line.windows(4).rposition(|four| four == b") = ")?;
    let algorithm = match line[..at].to_ascii_uppercase().as_slice() {
        b"MD5" => Algorithm::Md5,
        b"SHA1" => Algorithm::Sha1,
        b"SHA224" | b"SHA2-224" => Algorithm::Sha224,
        b"SHA256" | b"SHA2-256" => Algorithm::Sha256,
        b"SHA384" | b"SHA2-384" => Algorithm::Sha384,
        b"SHA512" | b"SHA2-512" => Algorithm::Sha512,
        _ => return None,
    };
    let sum = Checksum::of_hex(algorithm, line[end + 4..].trim_ascii())?;
    let name = line.get(at + 2..end)?;
    Some(Line { name: unescaped(name, is_escaped)?, sum })
}

/// Reads `HEX  name`, `HEX *name`, and `HEX` alone.
fn plain(line: &[u8], algorithm: Option<Algorithm>) -> Option<Line> {
    let (is_escaped, line) = escape_mark(line);
    let line = line.trim_ascii_start();
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (hex, rest) = line.split_at(end);
    let mut kinds = Algorithm::ALL.into_iter().filter(|one| algorithm.is_none_or(|a| a == *one));
    let sum = kinds.find_map(|one| Checksum::of_hex(one, hex))?;
    let name = match rest {
        [] => rest,
        [b' ', b' ' | b'*', name @ ..] => name,
        [b' ' | b'\t', name @ ..] => name.trim_ascii_start(),
        _ => return None,
    };
    Some(Line { name: unescaped(name, is_escaped)?, sum })
}

/// A line that begins with a backslash has escapes in its name.
fn escape_mark(line: &[u8]) -> (bool, &[u8]) {
    match line {
        [b'\\', rest @ ..] => (true, rest),
        _ => (false, line),
    }
}

/// Reads the name of a line; `None` for an escape that nobody writes.
fn unescaped(name: &[u8], is_escaped: bool) -> Option<Vec<u8>> {
    if !is_escaped {
        return Some(name.to_vec());
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b'n' => b'\n',
                b'r' => b'\r',
                b'\\' => b'\\',
                _ => return None,
            },
            byte => *byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
