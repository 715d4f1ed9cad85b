//! An upstream as a supply: what the store has is not asked for, what it lacks is fetched into it.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Mutex, PoisonError};

use pinfold_store::gc::Run;
use pinfold_store::index::{self, Index};
use pinfold_store::{Checksum, Digest, Landed, Monitor, RelPath, Sums, arrival::batch_max};

use super::lacking::Lacking;
use super::pages::Remembered;
use super::room::Folders;
use super::{Order, Planned, Way, is_of_upstream};
use crate::fetch::{Ask, Outcome, Small, Upstream, Want, fetch, small};
use crate::http::Validators;
use crate::supply::{Content, Lack, Root, Shown, Stage, Supplied, Supply, Wanted};
use crate::{Error, Result};

/// Bytes after which what has landed is made durable.
const BATCH_BYTES: u64 = 256 << 20;

/// Root metadata as upstream had it.
#[derive(Debug, Clone)]
struct Asked {
    root: Option<Root>,
    validators: Validators,
    bytes_max: u64,
}

/// One attempt to follow an upstream.
pub(super) struct Following<'a> {
    pub(super) order: &'a Order<'a>,
    pub(super) upstream: Upstream<'a>,
    pub(super) monitor: &'a dyn Monitor,
    index: Mutex<Index>,
    roots: BTreeMap<RelPath, Asked>,
    /// What folders showed.
    pub(super) pages: BTreeMap<Option<RelPath>, Digest>,
    /// What is to be remembered once what came has its name.
    remembered: Vec<Remembered>,
    /// What landed and has no name yet.
    landed: Vec<Landed>,
    landed_bytes: u64,
    /// As many may wait: each keeps a file open.
    landed_max: usize,
    /// What is in files that were looked into when they came, to be remembered once they have names.
    words: Vec<(Digest, (Digest, String))>,
    /// How the attempt is made.
    pub(super) way: Way,
    pub(super) planned: Planned,
    /// Of the tree that is to be shown.
    pub(super) folders: Folders,
}

impl<'a> Following<'a> {
    pub(super) fn new(
        order: &'a Order<'a>,
        upstream: Upstream<'a>,
        monitor: &'a dyn Monitor,
        way: Way,
    ) -> Result<Self> {
        Ok(Self {
            order,
            upstream,
            monitor,
            index: Mutex::new(order.store.index()?),
            roots: BTreeMap::new(),
            pages: BTreeMap::new(),
            remembered: Vec::new(),
            landed: Vec::new(),
            landed_bytes: 0,
            landed_max: batch_max(),
            words: Vec::new(),
            way,
            planned: Planned::default(),
            folders: Folders::default(),
        })
    }

    pub(super) fn index(&self) -> std::sync::MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn url(&self, path: &RelPath) -> String {
        self.upstream.base.join(path).to_string()
    }

    /// Gives the upstream as records show it.
    pub(super) fn upstream_shown(&self) -> String {
        self.upstream.base.to_string()
    }

    /// Asks upstream for root metadata.
    fn ask(&mut self, path: &RelPath, bytes_max: u64) -> Result<Asked> {
        let held = self.held(path)?;
        let ask = held.as_ref().map_or(Ask::Anew, |(validators, _)| Ask::IfChanged(validators));
        match small(self.upstream, path, ask, bytes_max, self.monitor)? {
            Small::Absent { .. } => {
                Ok(Asked { root: None, validators: Validators::default(), bytes_max })
            }
            Small::NotModified => {
                let (validators, content) = held.ok_or_else(|| Error::Upstream {
                    url: self.url(path),
                    why: "it answers 304 to what was asked without a condition".to_owned(),
                })?;
                let mut bytes = Vec::new();
                let from = self.open(content)?;
                from.take(bytes_max).read_to_end(&mut bytes).map_err(|source| Error::Io {
                    action: "read",
                    path: path.as_path().to_owned(),
                    source,
                })?;
                Ok(Asked { root: Some(Root { bytes, content }), validators, bytes_max })
            }
            Small::Found { bytes, validators, modified } => {
                let content = self.put(&bytes, modified)?;
                Ok(Asked { root: Some(Root { bytes, content }), validators, bytes_max })
            }
        }
    }

    /// Puts bytes into the store.
    fn put(&mut self, bytes: &[u8], modified: Option<i64>) -> Result<Content> {
        let content = |sums: Sums| Content { digest: sums.digest, size_bytes: sums.size_bytes };
        if self.order.run == Run::Dry {
            return Ok(content(Sums::of(bytes)));
        }
        let mut arrival = self.order.store.arrival(None)?;
        arrival.write(bytes)?;
        let landed = arrival.finish(modified.unwrap_or(self.order.now.seconds()))?;
        let content = content(landed.sums());
        self.landed.push(landed);
        Ok(content)
    }

    /// Says whether all root metadata that was asked for is what the newest snapshot has.
    pub(super) fn is_same(&self) -> bool {
        let same = |path: &RelPath, asked: &Asked| {
            let content = asked.root.as_ref().map(|root| root.content);
            self.newest(path).is_ok_and(|newest| newest == content)
        };
        !self.roots.is_empty() && self.roots.iter().all(|(path, asked)| same(path, asked))
    }

    /// Asks for all root metadata again, and for what lists the lacking files, and says whether any of it changed.
    ///
    /// An upstream that does not answer now is not said to have changed: what was wrong before is the better answer.
    pub(super) fn has_moved(&mut self, lacks: &[Lack]) -> Result<bool> {
        self.way.is_fresh = true;
        let before: Vec<(RelPath, Asked)> =
            self.roots.iter().map(|(path, asked)| (path.clone(), asked.clone())).collect();
        for (path, before) in before {
            let now = match self.ask(&path, before.bytes_max) {
                Ok(now) => now,
                Err(error) if is_of_upstream(&error) => return Ok(false),
                Err(error) => return Err(error),
            };
            let digest = |asked: &Asked| asked.root.as_ref().map(|root| root.content.digest);
            if digest(&now) != digest(&before) {
                return Ok(true);
            }
        }
        self.has_a_page_moved(lacks)
    }

    /// Names what has landed.
    pub(super) fn flush(&mut self) -> Result<()> {
        let landed = std::mem::take(&mut self.landed);
        let words_kept = std::mem::take(&mut self.words);
        self.landed_bytes = 0;
        let remembered = std::mem::take(&mut self.remembered);
        if landed.is_empty() && remembered.is_empty() {
            return Ok(());
        }
        let writer = self.order.store.writer(self.order.asker)?;
        let mut index = self.index();
        self.order.store.keep(&mut index, &writer, landed, self.monitor)?;
        index.remember_validators(&remembered)?;
        let mut words: BTreeMap<Digest, Vec<(Digest, String)>> = BTreeMap::new();
        for (keys, row) in words_kept {
            words.entry(keys).or_default().push(row);
        }
        words.iter().try_for_each(|(keys, rows)| Ok(index.remember_judged(*keys, rows)?))
    }

    /// Gives back the memory that the index took: naming the state opens it once more and needs as much again.
    pub(super) fn rest(&self) -> Result<()> {
        Ok(self.index().shrink()?)
    }

    fn land(&mut self, landed: Landed) -> Result<Content> {
        let sums = landed.sums();
        self.landed.push(landed);
        self.landed_bytes = self.landed_bytes.saturating_add(sums.size_bytes);
        // As many may wait in the channel.
        if self.landed_bytes >= BATCH_BYTES || self.landed.len() >= self.landed_max {
            self.flush()?;
        }
        Ok(Content { digest: sums.digest, size_bytes: sums.size_bytes })
    }

    /// Remembers the validators of what the newest snapshot has now.
    pub(super) fn remember_validators(&self) -> Result<()> {
        let rows: Vec<(String, index::Validators, Digest)> = self
            .roots
            .iter()
            .filter_map(|(path, asked)| {
                let Validators { etag, last_modified } = asked.validators.clone();
                let is_useful = etag.is_some() || last_modified.is_some();
                let digest = asked.root.as_ref().filter(|_| is_useful)?.content.digest;
                Some((self.url(path), index::Validators { etag, modified: last_modified }, digest))
            })
            .collect();
        Ok(self.index().remember_validators(&rows)?)
    }

    /// Fetches what the store lacks, each content once.
    fn fetch(&mut self, lacking: &Lacking<'_>, supplied: &mut [Supplied]) -> Result<()> {
        let (firsts, wanted) = (lacking.firsts(), lacking.wanted);
        let mut held = BTreeMap::new();
        for number in &firsts {
            held.extend(self.held_file(&wanted[*number])?.map(|found| (*number, found)));
        }
        let (modified, is_again) = (self.order.now.seconds(), self.way.is_fresh);
        let mut wants = firsts.iter().map(|number| {
            let one = &wanted[*number];
            let want = Want {
                names: one.also.iter().chain([&one.path]).cloned().collect(),
                size_bytes: one.size_bytes,
                expect: one.expect,
                modified,
                held: held.get(number).map(|(validators, _)| validators.clone()),
                is_fresh: is_again && one.expect.is_unsaid(),
            };
            (*number, want)
        });
        let (store, monitor, upstream) = (self.order.store, self.monitor, self.upstream);
        let mirror = &self.order.lock.mirror;
        let mut each = |number: usize, outcome: Outcome| {
            let supply = match outcome {
                Outcome::Landed(landed, validators) => {
                    let digest = landed.sums().digest;
                    if let Some((keys, word)) =
                        wanted[number].expect.word((mirror, &wanted[number].path))
                    {
                        self.words.push((keys, (digest, word)));
                    }
                    let came = (digest, Some(landed.modified()));
                    self.remembered.extend(self.remembered(&wanted[number], came, validators));
                    Supplied::Here(self.land(landed)?)
                }
                Outcome::NotModified { modified } => match held.get(&number) {
                    Some((validators, content)) => {
                        let same = (content.digest, modified);
                        let known = self.remembered(&wanted[number], same, validators.clone());
                        self.remembered.extend(known);
                        Supplied::Here(*content)
                    }
                    None => Supplied::Failed("the server answers 304 unasked".to_owned()),
                },
                Outcome::Folder => Supplied::Folder,
                Outcome::Absent { url, status } => {
                    Supplied::Absent(format!("{url} answers {status}"))
                }
                Outcome::Wrong { url, expected, found } => {
                    Supplied::Wrong(format!("{url}: expected {expected}, came {found}"))
                }
                Outcome::Failed { url, why } => Supplied::Failed(format!("{url}: {why}")),
            };
            for other in lacking.same(number) {
                supplied[other] = supply.clone();
            }
            Ok(())
        };
        fetch(upstream, store, &mut wants, &mut each, monitor)?;
        self.flush()
    }
}

impl Supply for Following<'_> {
    fn folders(&mut self, folders: &[Option<RelPath>]) -> Result<Vec<Shown>> {
        let shown = self.ask_folders(folders)?;
        for (folder, shown) in folders.iter().zip(&shown) {
            if let Shown::Here(page) = shown {
                self.pages.insert(folder.clone(), page.digest());
            }
        }
        Ok(shown)
    }

    fn root(&mut self, path: &RelPath, bytes_max: u64) -> Result<Option<Root>> {
        if let Some(known) = self.roots.get(path) {
            return Ok(known.root.clone());
        }
        let asked = self.ask(path, bytes_max)?;
        let root = asked.root.clone();
        self.roots.insert(path.clone(), asked);
        Ok(root)
    }

    fn aside(&mut self, path: &RelPath, bytes_max: u64) -> Result<Option<Root>> {
        Ok(self.ask(path, bytes_max)?.root)
    }

    fn place(&self, path: &RelPath) -> String {
        self.url(path)
    }

    fn get(&mut self, stage: Stage, wanted: &[Wanted]) -> Result<Vec<Supplied>> {
        let mut lacking = Vec::new();
        let found = self.find(stage, wanted)?.into_iter().enumerate();
        let mut supplied: Vec<Supplied> = found
            .map(|(number, found)| {
                found.map_or_else(
                    || {
                        lacking.push(number);
                        // Until it was asked for.
                        Supplied::Failed(String::new())
                    },
                    Supplied::Here,
                )
            })
            .collect();
        let lacking = Lacking::new(wanted, lacking);
        if lacking.is_empty() {
            return Ok(supplied);
        }
        let (mut bytes, mut files) = (0_u64, 0_u64);
        for number in lacking.firsts() {
            bytes = bytes.saturating_add(wanted[number].about_bytes());
            files += 1;
        }
        if stage == Stage::Files && self.order.run == Run::Dry {
            self.count_lacking((files, bytes));
            for number in lacking.all() {
                let size_bytes = wanted[number].about_bytes();
                let digest = Digest::of(b"");
                supplied[number] = Supplied::Here(Content { digest, size_bytes });
            }
            return Ok(supplied);
        }
        self.must_fit(stage, wanted, (files, bytes))?;
        let title = match stage {
            Stage::Metadata => "fetching indices",
            Stage::Files => "fetching files",
        };
        self.monitor.transfer(title, files, bytes);
        self.fetch(&lacking, &mut supplied)?;
        Ok(supplied)
    }

    fn open(&self, content: Content) -> Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.order.store.open_object(content.digest, content.size_bytes)?))
    }

    fn is_dry(&self) -> bool {
        self.order.run == Run::Dry
    }

    fn judged(&self, content: Content, keys: Digest) -> Result<Option<String>> {
        Ok(self.index().judged(content.digest, keys)?)
    }

    fn remember_judged(&mut self, keys: Digest, verdicts: &[(Digest, String)]) -> Result<()> {
        Ok(self.index().remember_judged(keys, verdicts)?)
    }

    fn must_be_intact(&self, content: Content) -> Result<()> {
        let sums = self.sums(content, None)?;
        if sums.is_some_and(|sums| sums.digest == content.digest) {
            return Ok(());
        }
        let path = self.order.store.object_path(content.digest);
        let why = "its bytes are others than its name says".to_owned();
        Err(pinfold_store::Error::Damaged { path, why }.into())
    }

    fn has_unpacked(&self, packed: Content, plain: &Checksum) -> Result<bool> {
        Ok(self.index().has_unpacked(packed.digest, plain)?)
    }

    fn remember_unpacked(&mut self, pairs: &[(Content, Checksum)]) -> Result<()> {
        let rows: Vec<(Digest, Checksum)> =
            pairs.iter().map(|(packed, plain)| (packed.digest, *plain)).collect();
        Ok(self.index().remember_unpacked(&rows)?)
    }
}
