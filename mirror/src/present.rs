//! A tree that the store has, as a supply: an ingest is proved by it, and a snapshot again at any later time.
//!
//! Nothing is asked of a network, and no file is read whose checksum the index knows.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::sync::{Mutex, PoisonError};

use pinfold_store::index::Index;
use pinfold_store::{Checksum, Node, RelPath, Store};

use crate::links::Links;
use crate::page::{Item, Kind, Page};
use crate::supply::{Content, Root, Shown, Stage, Supplied, Supply, Wanted};
use crate::tree::{TreeReader, read_bounded};
use crate::{Error, Expect, Result};

/// A tree of the store.
#[derive(Debug)]
pub struct Present<'a> {
    store: &'a Store,
    tree: &'a Tree<'a>,
    links: Links,
    index: Mutex<Index>,
    roots: BTreeMap<RelPath, Option<Root>>,
    /// What is in each folder, once somebody asked.
    folders: Option<Folders>,
}

/// What is in each folder of a tree.
type Folders = BTreeMap<Option<RelPath>, Page>;

/// A tree that threads may look into.
pub type Tree<'a> = dyn TreeReader + Sync + 'a;

impl std::fmt::Debug for Tree<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tree")
    }
}

impl<'a> Present<'a> {
    /// Prepares to look into a tree.
    ///
    /// # Errors
    /// It cannot be listed, or the index cannot be opened.
    pub fn new(store: &'a Store, tree: &'a Tree<'a>) -> Result<Self> {
        let mut links = Links::default();
        for entry in tree.entries()? {
            links.note(&entry?);
        }
        let index = Mutex::new(store.index()?);
        Ok(Self { store, tree, links, index, roots: BTreeMap::new(), folders: None })
    }

    /// Finds files by path, links followed: each with the numbers of those who ask for it.
    fn find(&self, wanted: &HashMap<RelPath, Vec<usize>>) -> Result<Vec<(usize, Content)>> {
        let mut found = Vec::new();
        for entry in self.tree.entries()? {
            let entry = entry?;
            if let (Node::File { digest, size_bytes, .. }, Some(numbers)) =
                (entry.node, wanted.get(&entry.path))
            {
                found.extend(numbers.iter().map(|at| (*at, Content { digest, size_bytes })));
            }
        }
        Ok(found)
    }

    /// Lists every folder: its files, and the folders that files are below.
    fn list(&self) -> Result<Folders> {
        let empty = || Page { is_listing: true, ..Page::default() };
        let mut folders = Folders::from([(None, empty())]);
        for entry in self.tree.entries()? {
            let entry = entry?;
            if !matches!(entry.node, Node::File { .. }) {
                continue;
            }
            let (mut path, mut kind) = (entry.path, Kind::File);
            loop {
                let parent = RelPath::parse(path.split().0).ok();
                let is_new = !folders.contains_key(&parent);
                let page = folders.entry(parent.clone()).or_insert_with(empty);
                page.items.push(Item { path, kind, words: None });
                match parent.filter(|_| is_new) {
                    Some(parent) => (path, kind) = (parent, Kind::Folder),
                    None => break,
                }
            }
        }
        Ok(folders)
    }

    /// Says how content differs from what is wanted; `None` where it does not.
    fn flaw(&self, content: Content, wanted: &Wanted) -> Result<Option<String>> {
        if let Some(size) = wanted.size_bytes.filter(|size| *size != content.size_bytes) {
            return Ok(Some(format!("expected {size} bytes, found {}", content.size_bytes)));
        }
        if wanted.expect.is_unsaid() {
            return Ok(None);
        }
        if let Some(found) = self.known(content, &wanted.expect)? {
            let is_right = wanted.expect.sum() == Some(found);
            return Ok((!is_right).then(|| format!("expected {}, found {found}", wanted.expect)));
        }
        let mut from = self.store.open_object(content.digest, content.size_bytes)?;
        let flaw = wanted.expect.flaw(&mut from);
        let flaw = flaw.map_err(|source| unreadable(&wanted.path, source))?;
        Ok(flaw.map(|found| format!("expected {}, found {found}", wanted.expect)))
    }

    /// Gives the checksum of content that the index knows, of the kind that is expected.
    fn known(&self, content: Content, expect: &Expect) -> Result<Option<Checksum>> {
        let Some(sum) = expect.sum() else { return Ok(None) };
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(index.checksum_of(content.digest, sum.algorithm())?)
    }
}

fn unreadable(path: &RelPath, source: std::io::Error) -> Error {
    Error::Io { action: "read", path: path.as_path().to_owned(), source }
}

impl Supply for Present<'_> {
    fn folders(&mut self, folders: &[Option<RelPath>]) -> Result<Vec<Shown>> {
        let all = match self.folders.take() {
            Some(all) => all,
            None => self.list()?,
        };
        let show = |folder: &Option<RelPath>| match all.get(folder) {
            Some(page) => Shown::Here(page.clone()),
            None => Shown::Absent("it is not there".to_owned()),
        };
        let shown = folders.iter().map(show).collect();
        self.folders = Some(all);
        Ok(shown)
    }

    fn root(&mut self, path: &RelPath, bytes_max: u64) -> Result<Option<Root>> {
        if let Some(known) = self.roots.get(path) {
            return Ok(known.clone());
        }
        let wanted = self.links.resolve(path).map(|real| (real, vec![0])).into_iter().collect();
        let root = match self.find(&wanted)?.first() {
            None => None,
            Some((_, content)) => {
                let from = self.open(*content)?;
                let bytes =
                    read_bounded(from, bytes_max).map_err(|source| unreadable(path, source))?;
                Some(Root { bytes, content: *content })
            }
        };
        self.roots.insert(path.clone(), root.clone());
        Ok(root)
    }

    fn get(&mut self, _: Stage, wanted: &[Wanted]) -> Result<Vec<Supplied>> {
        let mut paths: HashMap<RelPath, Vec<usize>> = HashMap::new();
        for (number, one) in wanted.iter().enumerate() {
            // The own name counts more than the others: it is looked at last.
            for path in one.also.iter().chain([&one.path]) {
                if let Some(real) = self.links.resolve(path) {
                    paths.entry(real).or_default().push(number);
                }
            }
        }
        let absent = || Supplied::Absent("it is not there".to_owned());
        let mut supplied: Vec<Supplied> = wanted.iter().map(|_| absent()).collect();
        for (number, content) in self.find(&paths)? {
            let answer = match self.flaw(content, &wanted[number])? {
                None => Supplied::Here(content),
                Some(flaw) => Supplied::Wrong(flaw),
            };
            // Of several names one that is right is enough.
            if !matches!(supplied[number], Supplied::Here(_)) {
                supplied[number] = answer;
            }
        }
        Ok(supplied)
    }

    fn open(&self, content: Content) -> Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.store.open_object(content.digest, content.size_bytes)?))
    }

    fn has_unpacked(&self, _: Content, _: &Checksum) -> Result<bool> {
        // A proof begins anew.
        Ok(false)
    }

    fn remember_unpacked(&mut self, _: &[(Content, Checksum)]) -> Result<()> {
        Ok(())
    }
}
