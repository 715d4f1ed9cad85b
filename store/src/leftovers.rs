//! What killed runs leave in `incoming/`: the temporary files of processes that are gone. The next run removes them, and notes that it
//! did, so that `doctor` can tell of it.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{IoContext, Result};
use crate::path::escape;
use crate::{Stamp, Store, disk};

/// How many names are noted.
const NAMED_MAX: usize = 5;

impl Store {
    /// Names what killed runs left and no other has removed yet, escaped.
    ///
    /// Locks: none.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where the folder cannot be read.
    pub fn leftovers(&self) -> Result<Vec<String>> {
        Ok(found(self)?.iter().map(|name| escape(name.as_encoded_bytes())).collect())
    }

    /// Says what a run last removed of what others had left, and when; `None` where none did.
    ///
    /// Locks: none.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where the note cannot be read.
    pub fn removed_leftovers(&self) -> Result<Option<(String, Stamp)>> {
        let path = note(self);
        if !disk::stands(&path)? {
            return Ok(None);
        }
        let text = std::fs::read(&path).at("read", &path)?;
        let at = std::fs::metadata(&path).at("look at", &path)?.mtime();
        Ok(Some((escape(&text), Stamp::from_seconds(at))))
    }
}

/// Removes the temporary files of processes that are gone, and notes which.
pub(crate) fn remove(store: &Store) -> Result<()> {
    let names = found(store)?;
    let Some(first) = names.first() else { return Ok(()) };
    for name in &names {
        disk::remove_file(&store.root().join("incoming").join(name))?;
    }
    let mut text =
        format!("{} temporary file(s): {}", names.len(), escape(first.as_encoded_bytes()));
    for name in names.iter().skip(1).take(NAMED_MAX - 1) {
        text += &format!(", {}", escape(name.as_encoded_bytes()));
    }
    let path = note(store);
    disk::make_dirs(path.parent().unwrap_or(&path))?;
    disk::write_lightly(&path, text.as_bytes(), 0o644)
}

fn note(store: &Store) -> PathBuf {
    store.root().join("running/.removed")
}

/// Temporary files are named after the process that made them and a number.
fn found(store: &Store) -> Result<Vec<OsString>> {
    let mut names = disk::names(&store.root().join("incoming"))?;
    names.retain(|name| {
        let process = name
            .to_str()
            .and_then(|name| name.split_once('.'))
            .filter(|(_, number)| number.parse::<u64>().is_ok());
        process
            .and_then(|(process, _)| process.parse::<u32>().ok())
            .is_some_and(|id| !Path::new(&format!("/proc/{id}")).exists())
    });
    Ok(names)
}

#[cfg(test)]
mod tests;
