//! What nginx kept of a registry, as content of the store: a mirror that follows a cache need not fetch it again.
//!
//! A file of nginx's holds a head of its own, a line with the key, the registry's answer, and the content. nginx compares no
//! checksum, so that each content is compared with the digest of its key here.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use pinfold_store::arrival::batch_max;
use pinfold_store::lock::Asker;
use pinfold_store::path::escape_path;
use pinfold_store::{Algorithm, Checksum, Code, Finding, Landed, Monitor, Store, disk};

use crate::{Error, Result};

/// How much may stand before the content: nginx's own head, the key, the registry's answer.
const HEAD_BYTES_MAX: u64 = 64 * 1024;
/// Bytes after which what was taken is made durable.
const BATCH_BYTES: u64 = 256 << 20;

/// What was taken of a cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Contents that are new to the store.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Contents that the store has already.
    pub known: u64,
    /// Files whose content is not what their key says; each was reported.
    pub wrong: u64,
}

/// Says whether a folder is one in which nginx keeps answers (`levels=1:2`): nothing but folders of one digit.
///
/// # Errors
/// It cannot be listed.
pub fn is_cache(folder: &Path) -> Result<bool> {
    let names = disk::names(folder)?;
    Ok(!names.is_empty() && names.iter().all(|name| is_hex(name, 1)))
}

/// Takes all content of a registry that nginx kept.
///
/// Locks: the store's shared one, a batch at a time.
///
/// # Errors
/// The folder or the store cannot be read or written. What is wrong with a file is told.
pub fn adopt_cache(
    (store, asker): (&Store, &Asker),
    folder: &Path,
    monitor: &dyn Monitor,
) -> Result<Adopted> {
    let mut adopted = Adopted::default();
    let mut taking = Taking { store, asker, monitor, landed: Vec::new(), bytes: 0 };
    for one in disk::names(folder)?.iter().filter(|name| is_hex(name, 1)) {
        let one = folder.join(one);
        for two in disk::names(&one)?.iter().filter(|name| is_hex(name, 2)) {
            let two = one.join(two);
            for name in disk::names(&two)?.iter().filter(|name| is_hex(name, 32)) {
                taking.take(&two.join(name), &mut adopted)?;
            }
        }
    }
    taking.flush()?;
    Ok(adopted)
}

fn is_hex(name: &std::ffi::OsStr, digits: usize) -> bool {
    let bytes = name.as_encoded_bytes();
    bytes.len() == digits && bytes.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b))
}

struct Taking<'a> {
    store: &'a Store,
    asker: &'a Asker,
    monitor: &'a dyn Monitor,
    /// What has no name yet.
    landed: Vec<Landed>,
    bytes: u64,
}

impl Taking<'_> {
    /// Takes one file, where it is content of a registry.
    fn take(&mut self, path: &Path, adopted: &mut Adopted) -> Result<()> {
        let failed = |source| Error::Io { action: "read", path: path.to_owned(), source };
        let meta = match std::fs::symlink_metadata(path) {
            Ok(meta) => meta,
            // nginx let go of it meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        if !meta.is_file() {
            return Ok(());
        }
        let mut from = BufReader::new(File::open(path).map_err(failed)?);
        let Some(sum) = head(&mut from).map_err(failed)? else { return Ok(()) };
        if self.store.index()?.by_checksum(&sum)?.is_some() {
            adopted.known += 1;
            return Ok(());
        }
        let mut arrival = self.store.arrival(Some(sum))?;
        arrival.restart()?;
        let mut piece = vec![0; 128 * 1024];
        loop {
            match from.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => arrival.write(&piece[..read])?,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        if !arrival.is_right() {
            let found = Checksum::sha256(&arrival.sums().sha256);
            arrival.discard()?;
            self.monitor.problem(&wrong(path, sum, found));
            adopted.wrong += 1;
            return Ok(());
        }
        adopted.files += 1;
        adopted.bytes = adopted.bytes.saturating_add(arrival.size_bytes());
        self.bytes = self.bytes.saturating_add(arrival.size_bytes());
        self.landed.push(arrival.finish(meta.mtime())?);
        if self.bytes >= BATCH_BYTES || self.landed.len() >= batch_max() {
            self.flush()?;
        }
        Ok(())
    }

    /// Names what was taken.
    fn flush(&mut self) -> Result<()> {
        let landed = std::mem::take(&mut self.landed);
        self.bytes = 0;
        if landed.is_empty() {
            return Ok(());
        }
        let writer = self.store.writer(self.asker)?;
        let mut index = self.store.index()?;
        Ok(self.store.keep(&mut index, &writer, landed, self.monitor)?)
    }
}

fn wrong(path: &Path, sum: Checksum, found: Checksum) -> Finding {
    Finding {
        code: Code::UpstreamWrong,
        subject: escape_path(path),
        detail: format!("nginx kept it as {sum}, and it is {found}"),
        remedy: "remove this file: nginx fetches it anew when somebody asks".to_owned(),
    }
}

/// Reads what stands before the content, and gives the content's checksum; `None` where it is no whole content of a registry.
fn head(from: &mut impl BufRead) -> std::io::Result<Option<Checksum>> {
    let mut from = from.take(HEAD_BYTES_MAX);
    let mut sum = None;
    loop {
        let mut line = Vec::new();
        from.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok(None);
        }
        match (&sum, line.as_slice()) {
            (None, line) => {
                if let Some(key) = line.strip_prefix(b"KEY: ") {
                    let digest = key.strip_prefix(b"blob:sha256:").and_then(digest);
                    let Some(digest) = digest else { return Ok(None) };
                    sum = Some((digest, false));
                }
            }
            // The answer's first line.
            (Some((digest, false)), line) => {
                let mut words = line.split(|b| *b == b' ');
                if !words.next().is_some_and(|word| word.starts_with(b"HTTP/"))
                    || words.next() != Some(b"200")
                {
                    return Ok(None);
                }
                sum = Some((*digest, true));
            }
            (Some((digest, true)), b"\r\n") => {
                return Ok(Checksum::new(Algorithm::Sha256, digest));
            }
            (Some((_, true)), _) => {}
        }
    }
}

/// Reads the 64 digits that end a key's line.
fn digest(text: &[u8]) -> Option<[u8; 32]> {
    let text = std::str::from_utf8(text.strip_suffix(b"\n")?).ok()?;
    super::bottle::hexadecimal(text)
}

#[cfg(test)]
mod tests;
