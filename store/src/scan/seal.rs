//! Naming a state: classes and added names merged in, manifest and record made durable, the index brought up to date.

use std::collections::{HashMap, HashSet};
use std::iter::Peekable;
use std::path::PathBuf;

use super::{Draft, Reading, Seal, Sealed};
use crate::disk::{self, content};
use crate::error::{Error, Result};
use crate::index::Index;
use crate::lock::{MirrorLock, Writer};
use crate::manifest::{self, Change, Encoder, Totals};
use crate::{Class, Entry, Name, Node, Record, RelPath, Stamp, Store};

/// So many changes are kept in memory: a day of a large archive.
const FEW_CHANGES: usize = 8192;

impl Store {
    /// Names the state: classes and added names merged in, manifest and record made durable, index brought up to date.
    ///
    /// Holds: I4, every object that a record names exists. Durable: yes.
    ///
    /// # Errors
    /// [`Error::Held`] where `--taken` is not later than the newest snapshot; [`Error::MissingObject`] where an object went.
    #[expect(
        clippy::too_many_arguments,
        reason = "two locks, what was found, who read it, and how to name it"
    )]
    pub fn seal(
        &self,
        lock: &MirrorLock,
        _writer: &Writer,
        draft: Draft,
        reading: &dyn Reading,
        seal: &Seal,
    ) -> Result<Sealed> {
        let mut index = self.index()?;
        index.catch_up(self, &lock.mirror)?;
        let newest = self.dates(&lock.mirror)?.pop();
        let (aside, totals) = self.write_manifest(draft, reading)?;
        let parent = newest.map(|newest| self.record(&lock.mirror, newest)).transpose()?;
        if let Some(parent) = parent
            .clone()
            .filter(|parent| parent.manifest == totals.digest && !seal.even_if_unchanged)
        {
            disk::remove_file(&aside)?;
            return Ok(Sealed::Unchanged(parent));
        }
        let taken = match date(seal, newest) {
            Ok(taken) => taken,
            Err(error) => {
                disk::remove_file(&aside)?;
                return Err(error);
            }
        };
        disk::sync_path(&aside)?;
        let path = self.manifest_path(totals.digest);
        content::name_object(&aside, &path)?;
        disk::sync_parent(&path)?;
        disk::point("manifest-written");
        let few = self.check_changes(parent.as_ref(), totals)?;
        let evidence = reading.evidence();
        let record = Record {
            mirror: lock.mirror.clone(),
            taken,
            manifest: totals.digest,
            family: seal.family.clone(),
            trust: evidence.trust,
            source: seal.source.clone(),
            upstream: evidence.upstream,
            filtered: evidence.is_filtered,
            relaxed: evidence.relaxed,
            parent: newest,
            files: totals.files,
            links: totals.links,
            bytes: totals.bytes,
            roots: reading.roots(),
            asked: evidence.asked,
            packages: evidence.packages,
            proofs: evidence.proofs,
        };
        self.write_record(&record)?;
        disk::point("record-written");
        match few {
            Some(few) => index.add_snapshot(&record, &mut few.into_iter().map(Ok))?,
            None => index.add_snapshot(&record, &mut self.changes(parent.as_ref(), totals)?)?,
        }
        disk::point("index-committed");
        Ok(Sealed::New(record))
    }

    fn write_record(&self, record: &Record) -> Result<()> {
        let path = self.record_path(&record.mirror, record.taken);
        let text = toml::to_string(record)
            .map_err(|error| Error::Damaged { path: path.clone(), why: error.to_string() })?;
        let folder = self.records(&record.mirror);
        disk::make_dir(&folder)?;
        disk::sync_parent(&folder)?;
        disk::create_durably(&path, text.as_bytes(), 0o444)
    }

    /// The changes from the parent to a manifest.
    fn changes(
        &self,
        parent: Option<&Record>,
        totals: Totals,
    ) -> Result<Box<dyn Iterator<Item = Result<Change>>>> {
        let new = self.manifest(totals.digest)?;
        Ok(match parent {
            Some(parent) => Box::new(manifest::diff(self.manifest(parent.manifest)?, new)),
            None => Box::new(manifest::diff(std::iter::empty(), new)),
        })
    }

    /// Checks every change; gives them where they are few, so that the manifests need not be compared again.
    fn check_changes(
        &self,
        parent: Option<&Record>,
        totals: Totals,
    ) -> Result<Option<Vec<Change>>> {
        let mut few = Some(Vec::new());
        for change in self.changes(parent, totals)? {
            let change = change?;
            self.check_change(&change)?;
            few = few.filter(|few: &Vec<_>| few.len() < FEW_CHANGES);
            if let Some(few) = &mut few {
                few.push(change);
            }
        }
        Ok(few)
    }

    /// Under the store's shared lock: the object of a name that the parent did not have is there. What the parent has, it holds.
    fn check_change(&self, change: &Change) -> Result<()> {
        match change.new_entry().map(|entry| &entry.node) {
            Some(Node::File { digest, size_bytes, .. })
                if !self.has_object(*digest, *size_bytes)? =>
            {
                Err(Error::MissingObject {
                    digest: *digest,
                    why: "it went while the snapshot was made; run the same command again"
                        .to_owned(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Writes the final manifest aside.
    fn write_manifest(&self, draft: Draft, reading: &dyn Reading) -> Result<(PathBuf, Totals)> {
        if reading.is_final() {
            content::close_writes(&draft.path)?;
            let totals = draft.totals;
            return Ok((draft.into_path(), totals));
        }
        let added = self.added_entries(&draft, reading)?;
        let (file, path) = content::create_aside(self)?;
        let mut encoder = Encoder::new(file)?;
        let mut added = added.into_iter().peekable();
        for entry in self.draft_entries(&draft)? {
            let mut entry = entry?;
            push_before(&mut encoder, &mut added, Some(&entry.path))?;
            if let Node::File { class, .. } = &mut entry.node {
                *class = reading.class(&entry.path, *class);
            }
            encoder.push(&entry)?;
        }
        push_before(&mut encoder, &mut added, None)?;
        let (file, totals) = encoder.finish()?;
        disk::set_mode(&file, 0o444, &path)?;
        Ok((path, totals))
    }

    /// The entries that a family adds: names of files that the tree has. A name that the tree has itself is the tree's.
    fn added_entries(&self, draft: &Draft, reading: &dyn Reading) -> Result<Vec<Entry>> {
        let added = reading.added();
        if added.is_empty() {
            return Ok(Vec::new());
        }
        let wanted: HashSet<&RelPath> = added.iter().flat_map(|(new, from)| [new, from]).collect();
        let mut nodes: HashMap<RelPath, Node> = HashMap::new();
        for entry in self.draft_entries(draft)? {
            let entry = entry?;
            if wanted.contains(&entry.path) {
                nodes.insert(entry.path, entry.node);
            }
        }
        let mut entries = Vec::with_capacity(added.len());
        for (new, from) in &added {
            let Some(Node::File { digest, size_bytes, .. }) = nodes.get(from) else { continue };
            if !nodes.contains_key(new) {
                let node =
                    Node::File { digest: *digest, size_bytes: *size_bytes, class: Class::Fixed };
                entries.push(Entry { path: new.clone(), node, added: true });
            }
        }
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|a, b| a.path == b.path);
        Ok(entries)
    }
}

/// Pushes the added entries that sort before a path.
fn push_before(
    encoder: &mut Encoder<std::fs::File>,
    added: &mut Peekable<std::vec::IntoIter<Entry>>,
    path: Option<&RelPath>,
) -> Result<()> {
    while let Some(entry) = added.next_if(|entry| path.is_none_or(|path| entry.path < *path)) {
        encoder.push(&entry)?;
    }
    Ok(())
}

/// The new snapshot's date.
fn date(seal: &Seal, newest: Option<Stamp>) -> Result<Stamp> {
    match (seal.taken, newest) {
        (Some(taken), Some(newest)) if taken <= newest => {
            let why = format!(
                "it is not later than the newest snapshot, {newest}: dates of a mirror only grow"
            );
            Err(Error::BadName { what: "date", name: taken.to_string(), why })
        }
        (Some(taken), _) => Ok(taken),
        (None, newest) => Ok(Stamp::after(seal.now, newest)),
    }
}

impl Index {
    /// Completes what a crash left between a record and the index: the newest record is added, a snapshot whose removal had begun
    /// is dropped. Any other difference is an error.
    ///
    /// # Errors
    /// [`Error::Stale`] where the index must be rebuilt.
    pub(crate) fn catch_up(&mut self, store: &Store, mirror: &Name) -> Result<()> {
        let records = store.dates(mirror)?;
        for (taken, _) in self.snapshots(mirror)? {
            if !records.contains(&taken) && disk::stands(&store.dropped_path(mirror, taken))? {
                self.drop_snapshot(mirror, taken)?;
            }
        }
        let known = self.snapshots(mirror)?;
        if let [before @ .., last] = records.as_slice()
            && known.len() == before.len()
            && known.iter().map(|(taken, _)| taken).eq(before)
        {
            let record = store.record(mirror, *last)?;
            let new = store.manifest(record.manifest)?;
            match known.last() {
                Some((_, parent)) => {
                    self.add_snapshot(&record, &mut manifest::diff(store.manifest(*parent)?, new))?;
                }
                None => self.add_snapshot(&record, &mut manifest::diff(std::iter::empty(), new))?,
            }
        }
        self.must_match_mirror(store, mirror)
    }
}
