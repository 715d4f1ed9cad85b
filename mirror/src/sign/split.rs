//! Taking a signed file apart as apt does, line by line: what apt would refuse is refused.

use crate::key::cut_blanks;

const BEGIN_MESSAGE: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE: &[u8] = b"-----END PGP SIGNATURE-----";

/// A clear-signed message, taken apart.
#[derive(Debug)]
pub(crate) struct Parts {
    /// What is signed.
    pub(crate) text: Vec<u8>,
    /// The armored signatures, block by block.
    pub(crate) blocks: Vec<Vec<u8>>,
}

/// Takes a clear-signed message apart; an error says what is wrong with its frame.
pub(crate) fn inline(bytes: &[u8]) -> Result<Parts, String> {
    let mut lines = lines(bytes);
    // 1. The first line; the headers that follow it are not signed and are ignored.
    if lines.next() != Some(BEGIN_MESSAGE) {
        return Err("it does not begin as a clear-signed message".to_owned());
    }
    loop {
        match lines.next() {
            None => return Err("it is cut within the headers of its message".to_owned()),
            Some([]) => break,
            Some([b'-', ..]) => return Err("a header of its message begins with '-'".to_owned()),
            Some(_) => {}
        }
    }
    // 2. The text: lines without blanks at their ends, joined by LF, none after the last.
    let mut text = Vec::with_capacity(bytes.len());
    loop {
        let line = match lines.next() {
            None => return Err("it is cut before its signature".to_owned()),
            Some(BEGIN_SIGNATURE) => break,
            Some([b'-', b' ', escaped @ ..]) => escaped,
            Some([b'-', ..]) => {
                return Err("a line begins with '-' and is not escaped".to_owned());
            }
            Some(line) => line,
        };
        text.extend_from_slice(cut_blanks(line));
        text.push(b'\n');
    }
    text.pop();
    // 3. Only signatures.
    let blocks = blocks(Some(BEGIN_SIGNATURE).into_iter().chain(lines))?;
    Ok(Parts { text, blocks })
}

/// Takes a file of armored signatures apart; an error says what is wrong with it.
pub(super) fn detached(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    match bytes {
        [] => Err("its signature is an empty file".to_owned()),
        [0x80..=0xff, ..] => {
            Err("its signature is binary, only an armored one is taken".to_owned())
        }
        _ => blocks(lines(bytes)),
    }
}

/// Collects blocks of signatures: nothing may stand before, between or after them.
fn blocks<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Vec<u8>>, String> {
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    let mut is_open = false;
    for line in lines {
        match line {
            BEGIN_SIGNATURE if !is_open => {
                is_open = true;
                blocks.push(Vec::new());
            }
            END_SIGNATURE if is_open => is_open = false,
            [b'-', ..] if is_open => {
                return Err("a line within its signature begins with '-'".to_owned());
            }
            _ if is_open => {}
            _ if blocks.is_empty() => {
                return Err("something that is no signature precedes its signature".to_owned());
            }
            _ => return Err("something follows its signature".to_owned()),
        }
        if let Some(block) = blocks.last_mut() {
            block.extend_from_slice(line);
            block.push(b'\n');
        }
    }
    if is_open { Err("it is cut within its signature".to_owned()) } else { Ok(blocks) }
}

/// Splits into lines and cuts what apt cuts from their ends: CR first, then blanks and tabs.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    whole
        .split(|b| *b == b'\n')
        .map(|line| cut(cut(line, |b| b == b'\r'), |b| matches!(b, b' ' | b'\t')))
}

fn cut(line: &[u8], is_cut: impl Fn(u8) -> bool) -> &[u8] {
    &line[..line.iter().rposition(|b| !is_cut(*b)).map_or(0, |at| at + 1)]
}
