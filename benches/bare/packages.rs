//! An archive of apt as large as a real one: the stanzas are those of a real `Packages`, the files random bytes.

use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use md5::Digest as _;
use sha2::Sha256;

use super::{next, noise};

/// Reads a list `Packages` from standard input, makes a file below `top` for each of its first `count` packages, and writes the
/// list that is true of them to standard output. Each day after day 0 another hundredth of the packages has a new version.
pub(super) fn write(top: &Path, count: u64, day: u64) {
    let mut list = Vec::new();
    std::io::stdin().read_to_end(&mut list).unwrap();
    let stanzas: Vec<(u64, &[u8])> = (0..count).zip(stanzas(&list)).collect();
    let threads = std::thread::available_parallelism().unwrap().get();
    let parts = stanzas.chunks(stanzas.len().div_ceil(threads).max(1));
    let mut out = std::io::stdout().lock();
    std::thread::scope(|scope| {
        let work: Vec<_> = parts
            .map(|part| {
                scope.spawn(move || {
                    part.iter()
                        .flat_map(|(number, stanza)| package(top, *number, day, stanza))
                        .collect::<Vec<u8>>()
                })
            })
            .collect();
        for part in work {
            out.write_all(&part.join().unwrap()).unwrap();
        }
    });
    out.flush().unwrap();
}

/// Cuts a list at its empty lines.
fn stanzas(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = list.trim_ascii();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.windows(2).position(|two| two == b"\n\n").unwrap_or(rest.len());
        let stanza = &rest[..end];
        rest = rest[end..].trim_ascii_start();
        Some(stanza)
    })
}

/// Makes a package's file, unless it is there, and gives its stanza.
fn package(top: &Path, number: u64, day: u64, stanza: &[u8]) -> Vec<u8> {
    // The newest day, up to this one, at which it was the package's turn.
    let turn = number % 100 + 1;
    let version = if turn <= day { format!("+day{turn}") } else { String::new() };
    let mut state = number << 8 | u64::from(!version.is_empty());
    let kilobytes = [2, 4, 8, 12, 20, 25];
    let size = 1000 * kilobytes[usize::try_from(next(&mut state) % 6).unwrap()];
    let size = size + next(&mut state) % 1000;
    let content = noise(&mut state, size);
    let mut text = Vec::with_capacity(stanza.len() + 16);
    for line in stanza.split(|byte| *byte == b'\n') {
        let at = line.iter().position(|byte| *byte == b':').unwrap_or(0);
        let value = line.get(at + 1..).unwrap_or_default().trim_ascii();
        match &line[..at] {
            b"Version" => text.extend([b"Version: ", value, version.as_bytes()].concat()),
            b"Filename" => {
                let name = String::from_utf8(value.to_vec()).unwrap();
                let cut = name.rfind('_').unwrap();
                let name = [&name[..cut], &version, &name[cut..]].concat();
                keep(&top.join(&name), &content, &mut state);
                text.extend(format!("Filename: {name}").as_bytes());
            }
            b"Size" => text.extend(format!("Size: {size}").as_bytes()),
            b"MD5sum" => {
                text.extend(format!("MD5sum: {}", hex(&md5::Md5::digest(&content))).as_bytes());
            }
            b"SHA256" => {
                text.extend(format!("SHA256: {}", hex(&Sha256::digest(&content))).as_bytes());
            }
            _ => text.extend_from_slice(line),
        }
        text.push(b'\n');
    }
    text.push(b'\n');
    text
}

/// Writes a file; a name has one content, so that one that is there is the same. As in an old archive its time is some second of
/// the last three years.
fn keep(path: &Path, content: &[u8], state: &mut u64) {
    if !path.exists() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = std::fs::File::create(path).unwrap();
        file.write_all(content).unwrap();
        let made = Duration::from_secs(1_680_000_000 + next(state) % 94_000_000);
        file.set_modified(SystemTime::UNIX_EPOCH + made).unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
