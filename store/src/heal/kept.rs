//! Manifests and records: made again from the index, or taken from another store that has the same snapshot.

use crate::disk::{self, content};
use crate::error::Result;
use crate::index::Index;
use crate::lock::Writer;
use crate::manifest::Encoder;
use crate::{Digest, Name, Record, Stamp, Store};

impl Store {
    /// Makes a damaged or missing manifest again: from what the index knows of the snapshot, else from one of the other stores. True
    /// where it is right now. What is made is believed only where it hashes to the manifest's name.
    ///
    /// Locks: the store's shared one. Durable: yes.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where it cannot be written.
    pub fn heal_manifest(
        &self,
        _writer: &Writer,
        index: &Index,
        (mirror, taken, digest): (&Name, Stamp, Digest),
        others: &[Self],
    ) -> Result<bool> {
        if self.is_whole_manifest(digest) {
            return Ok(true);
        }
        let (file, aside) = content::create_aside(self)?;
        let made = Encoder::new(file).and_then(|mut encoder| {
            index.entries_at(mirror, taken, &mut |entry| encoder.push(&entry))?;
            encoder.finish()
        });
        let is_made = made.is_ok_and(|(_, totals)| totals.digest == digest);
        let aside = if is_made {
            Some(aside)
        } else {
            disk::remove_file(&aside)?;
            let other = others.iter().find(|other| other.is_whole_manifest(digest));
            let from = other.map(|other| other.manifest_path(digest));
            from.map(|from| content::copy_file(self, &from).map(|(_, aside)| aside)).transpose()?
        };
        let Some(aside) = aside else { return Ok(false) };
        content::close_writes(&aside)?;
        disk::sync_path(&aside)?;
        disk::point("heal-written");
        let path = self.manifest_path(digest);
        content::replace_object(&aside, &path)?;
        disk::sync_parent(&path)?;
        disk::point("heal-renamed");
        Ok(self.is_whole_manifest(digest))
    }

    /// Says whether a manifest can be read to its end and hashes to its name.
    #[must_use]
    pub fn is_whole_manifest(&self, digest: Digest) -> bool {
        self.read_manifest(digest).is_ok()
    }

    /// Reads a manifest to its end.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where it is not there; [`crate::Error::Damaged`] where it is not what its name says.
    pub fn read_manifest(&self, digest: Digest) -> Result<()> {
        self.manifest(digest)?.try_for_each(|entry| entry.map(drop))
    }

    /// Takes a damaged record from another store that has the snapshot with the same manifest. True where it is right now.
    ///
    /// Locks: the store's shared one. Durable: yes.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where it cannot be written.
    pub fn heal_record(
        &self,
        _writer: &Writer,
        index: &Index,
        (mirror, taken): (&Name, Stamp),
        others: &[Self],
    ) -> Result<bool> {
        if self.record(mirror, taken).is_ok() {
            return Ok(true);
        }
        let known = index.snapshots(mirror)?.into_iter().find(|(date, _)| *date == taken);
        let Some((_, manifest)) = known else { return Ok(false) };
        let is_it = |record: &Record| record.manifest == manifest;
        let Some(other) =
            others.iter().find(|other| other.record(mirror, taken).as_ref().is_ok_and(is_it))
        else {
            return Ok(false);
        };
        let from = other.record_path(mirror, taken);
        let text = std::fs::read(&from).map_err(|source| crate::Error::Io {
            action: "read",
            path: from,
            source,
        })?;
        disk::write_durably(&self.record_path(mirror, taken), &text, 0o444)?;
        Ok(self.record(mirror, taken).is_ok())
    }
}
