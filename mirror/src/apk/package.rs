//! What a package of Alpine is: gzip members one after the other, a signature, a description, the files.
//!
//! Source: formats/apk-pacman-brew-and-later.md, section 3, and apk-package(5).

use std::io::{BufRead, BufReader, Read, Result};

use flate2::bufread::GzDecoder;
use pinfold_store::Algorithm;
use pinfold_store::sums::Checking;

/// The largest part that describes a package: its scripts are in it.
const CONTROL_BYTES_MAX: u64 = 16 << 20;
/// The most members before the files: signatures and the description.
const MEMBERS_MAX: usize = 16;
/// The longest line of a description that is looked at.
const INFO_BYTES_MAX: u64 = 4 << 20;

/// Reads a package to its end, and says how it is another than the one whose control part has a SHA-1; `None` where it is that one.
pub(crate) fn package_flaw(from: &mut dyn Read, control: &[u8; 20]) -> Result<Option<String>> {
    let mut from = Passing { from: BufReader::with_capacity(64 * 1024, from), sums: None };
    for _ in 0..MEMBERS_MAX {
        if from.fill_buf()?.is_empty() {
            return Ok(Some("it ends before its description".to_owned()));
        }
        let (found, member) = match read_member(&mut from) {
            Ok(read) => read,
            // The disk, and not the package.
            Err(error) if error.raw_os_error().is_some() => return Err(error),
            Err(error) => return Ok(Some(format!("a part of it does not unpack: {error}"))),
        };
        let Some(info) = info_of(&member) else { continue };
        if found != *control {
            return Ok(Some(format!("its control part has SHA1 {}", hex(&found))));
        }
        let Some(stated) = data_hash(&info) else {
            return Ok(Some("its .PKGINFO does not name one datahash".to_owned()));
        };
        let rest = rest_sum(&mut from)?;
        return Ok((rest != stated)
            .then(|| format!("its data hash to {rest}, and its .PKGINFO says {stated}")));
    }
    Ok(Some("it has too many parts before its description".to_owned()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Unpacks one member, and gives the SHA-1 of it as it was packed.
fn read_member(from: &mut Passing<BufReader<&mut dyn Read>>) -> Result<([u8; 20], Vec<u8>)> {
    from.sums = Some(Checking::toward(Algorithm::Sha1));
    let mut member = Vec::new();
    let mut decoder = GzDecoder::new(&mut *from);
    (&mut decoder).take(CONTROL_BYTES_MAX).read_to_end(&mut member)?;
    // What is left of the member is its trailer, or more than any package has.
    if decoder.read(&mut [0])? > 0 {
        return Err(std::io::Error::other("it unpacks to more than 16 MiB"));
    }
    drop(decoder);
    let sum = from.sums.take().map(Checking::finish);
    let sum = sum.and_then(|sum| sum.as_bytes().try_into().ok());
    Ok((sum.unwrap_or_default(), member))
}

/// Finds the file `.PKGINFO` in a part that may be a tar archive without an end.
fn info_of(member: &[u8]) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(member);
    for entry in archive.entries().ok()? {
        let entry = entry.ok()?;
        if entry.path_bytes().as_ref() == b".PKGINFO" {
            let mut info = Vec::new();
            entry.take(INFO_BYTES_MAX).read_to_end(&mut info).ok()?;
            return Some(info);
        }
    }
    None
}

/// Reads what a description says of the data; of two such lines clients take the last, and none is needed.
fn data_hash(info: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(info);
    let mut values = text.lines().filter_map(|line| line.strip_prefix("datahash = "));
    let value = values.next().filter(|_| values.next().is_none())?;
    (value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| value.to_ascii_lowercase())
}

/// Hashes what follows.
fn rest_sum(from: &mut dyn Read) -> Result<String> {
    let mut checking = Checking::toward(Algorithm::Sha256);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(checking.finish().hex()),
            Ok(read) => checking.update(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Hashes what is taken of a reader.
struct Passing<R> {
    from: R,
    sums: Option<Checking>,
}

impl<R: BufRead> BufRead for Passing<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        self.from.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let (Some(sums), Ok(bytes)) = (&mut self.sums, self.from.fill_buf()) {
            sums.update(&bytes[..amount.min(bytes.len())]);
        }
        self.from.consume(amount);
    }
}

impl<R: BufRead> Read for Passing<R> {
    fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        let here = self.fill_buf()?;
        let read = here.len().min(to.len());
        to[..read].copy_from_slice(&here[..read]);
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
