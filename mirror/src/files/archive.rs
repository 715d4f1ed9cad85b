//! The whole state of a tree: what its listings show, what its lists of checksums say, then the files.
//!
//! The same for a sync, an ingest and a verification: only who supplies the files differs.

use std::collections::BTreeMap;

use pinfold_store::{Class, Digest, Monitor, Record, RelPath, Stamp, scan};

use super::Reading;
use super::lists::{Came, Lists};
use super::names::{sheet, signed};
use super::select::Selection;
use super::walk::{BOUNDS, Walk};
use crate::archive::{self, Belief};
use crate::family::Family;
use crate::gather::Gathered;
use crate::page::Words;
use crate::sign::Keyring;
use crate::supply::{Content, Lack, Stage, State, Supplied, Supply, Wanted};
use crate::{Error, Expect, Result, TreeReader};

/// What is asked of a tree, and whom to believe.
#[derive(Debug)]
pub struct Archive {
    /// What of it is mirrored.
    pub selection: Selection,
    /// Whom to believe about lists of checksums.
    pub belief: Belief,
    /// The clock, in seconds since 1970; for a snapshot that is proved again, when it was taken.
    pub now: i64,
}

/// What was found of a tree so far.
struct Finding<'a> {
    walk: Walk<'a>,
    lists: Lists,
    files: Gathered,
    lacks: Vec<Lack>,
}

impl archive::Archive for Archive {
    fn family(&self) -> Family {
        Family::Files
    }

    fn look(&self, _: &mut dyn Supply) -> Result<()> {
        // Nothing less than the listings says whether anything changed.
        Ok(())
    }

    fn survey(&self, supply: &mut dyn Supply, monitor: &dyn Monitor) -> Result<State> {
        let mut found = Finding {
            walk: Walk::new(&self.selection, BOUNDS),
            lists: Lists::default(),
            files: Gathered::default(),
            lacks: Vec::new(),
        };
        // More than once only where a folder turns out to be one when it is asked for as a file.
        while found.walk.has_more() {
            monitor.step("reading listings", None);
            let names = found.walk.go(supply, &mut found.lacks, monitor)?;
            self.read(supply, names, &mut found)?;
        }
        self.tell(&found, monitor);
        let Finding { lists, files, lacks, .. } = found;
        let mut state = State { entries: files.into_entries()?, lacks, ..State::default() };
        if self.belief.keyring.is_some() && state.lacks.is_empty() {
            self.must_be_signed(&lists, &mut state, monitor)?;
        }
        state.vouchers.clone_from(&lists.vouchers);
        state.proofs = lists.into_proofs();
        Ok(state)
    }

    fn reading(&self, _: &dyn TreeReader, _: &dyn Monitor) -> Result<Box<dyn scan::Reading>> {
        Ok(Box::new(Reading))
    }

    fn asked(&self) -> Result<toml::Table> {
        archive::asked(&self.selection, &self.belief)
    }

    fn belief(&self) -> &Belief {
        &self.belief
    }

    fn is_filtered(&self) -> bool {
        self.selection.is_filtered()
    }

    fn believes_validators(&self) -> bool {
        true
    }
}

impl Archive {
    /// Makes the archive again that a snapshot was taken of; `keyring` holds the certificates that vouched then.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] where the record's words are not understood.
    pub fn of(record: &Record, keyring: Option<Keyring>) -> Result<Self> {
        let (selection, belief) = archive::recorded(record, keyring)?;
        Ok(Self { selection, belief, now: record.taken.seconds() })
    }

    /// Makes the archive that a tree is which another tool brought; `None` where it has no list of checksums and none is needed.
    ///
    /// # Errors
    /// The tree cannot be listed.
    pub fn found_in(tree: &dyn TreeReader, belief: Belief, now: Stamp) -> Result<Option<Self>> {
        let mut has_list = belief.keyring.is_some();
        for entry in tree.entries()? {
            has_list |= sheet(entry?.path.split().1).is_some();
        }
        let selection = Selection { brought: true, ..Selection::default() };
        Ok(has_list.then(|| Self { selection, belief, now: now.seconds() }))
    }

    /// Gets the lists among some files, then what they and the listing name.
    fn read(
        &self,
        supply: &mut dyn Supply,
        names: BTreeMap<RelPath, Option<Words>>,
        found: &mut Finding<'_>,
    ) -> Result<()> {
        let is_list = |path: &RelPath| {
            let name = path.split().1;
            sheet(name).or_else(|| signed(name).and_then(sheet)).is_some()
        };
        let (lists, files): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|(path, _)| is_list(path));
        let wanted: Vec<Wanted> = lists.into_iter().map(shown).collect();
        let supplied = supply.get(Stage::Metadata, &wanted)?;
        let mut here = BTreeMap::new();
        for (wanted, supplied) in wanted.into_iter().zip(supplied) {
            if let Some(content) = found.note(wanted.path.clone(), supplied)? {
                here.insert(wanted.path, content);
            }
        }
        let came = Came { files: &here, supply: &*supply, belief: &self.belief, now: self.now };
        found.lists.read(&came, &|path| found.walk.has(path))?;
        let wanted = self.wanted(files, &here, found);
        let supplied = supply.get(Stage::Files, &wanted)?;
        for (wanted, supplied) in wanted.into_iter().zip(supplied) {
            let is_named = wanted.expect.sum().is_some();
            if found.note(wanted.path.clone(), supplied)?.is_some() && is_named {
                found.lists.count(&wanted.path);
            }
        }
        Ok(())
    }

    /// Says what is wanted: what the listing shows, and what lists name besides.
    fn wanted(
        &self,
        files: Vec<(RelPath, Option<Words>)>,
        lists: &BTreeMap<RelPath, Content>,
        found: &mut Finding<'_>,
    ) -> Vec<Wanted> {
        let mut wanted: Vec<Wanted> = files
            .into_iter()
            .map(|(path, words)| match found.lists.of(&path) {
                Some(claim) => match words {
                    Some(words) => wish(path, Expect::SumAbout(claim.sum, words.about_bytes)),
                    None => wish(path, claim.sum.into()),
                },
                None => shown((path, words)),
            })
            .collect();
        for path in found.lists.named() {
            let Some(claim) = found.lists.of(path) else { continue };
            // A list may name another list.
            let is_more = lists.contains_key(path)
                || (!self.selection.brought && self.selection.takes(path) && found.walk.note(path));
            if is_more {
                wanted.push(wish(path.clone(), claim.sum.into()));
            }
        }
        wanted
    }

    /// Tells what lists say that is passed over.
    fn tell(&self, found: &Finding<'_>, monitor: &dyn Monitor) {
        let odd = found.lists.odd;
        if odd > 0 {
            let title =
                format!("{odd} lines of lists of checksums name what cannot be in the tree");
            monitor.step(&title, None);
        }
        let is_absent = |path: &&RelPath| !found.walk.has(path);
        let absent = found.lists.named().filter(is_absent).count();
        if self.selection.brought && absent > 0 {
            let title = format!("{absent} files that lists of checksums name did not come");
            monitor.step(&title, None);
        }
    }

    /// Where somebody has to sign, says what nobody signed.
    fn must_be_signed(
        &self,
        lists: &Lists,
        state: &mut State,
        monitor: &dyn Monitor,
    ) -> Result<()> {
        if !lists.has_signed() {
            return Err(Error::NotAuthentic {
                path: "the tree".to_owned(),
                why: "it has no signed list of checksums, such as SHA256SUMS with SHA256SUMS.gpg; without keyrings it is taken as it is".to_owned(),
            });
        }
        let outside = state.entries.iter().filter(|entry| !lists.proves(&entry.path)).count();
        if outside > 0 {
            let what = if outside == 1 { "file is" } else { "files are" };
            let title = format!("{outside} {what} named by no signed list: trust = \"none\"");
            monitor.step(&title, None);
        }
        state.is_unproved = outside > 0;
        Ok(())
    }
}

impl Finding<'_> {
    /// Notes what became of a file; gives its content where it is here.
    fn note(&mut self, path: RelPath, supplied: Supplied) -> Result<Option<Content>> {
        match supplied {
            Supplied::Here(content) => {
                self.files.add(path, content, Class::Other);
                return Ok(Some(content));
            }
            Supplied::Folder => self.walk.enter(path)?,
            what => self.lacks.push(Lack { path, what }),
        }
        Ok(None)
    }
}

/// Makes a wish of what a listing shows, where nobody says more.
fn shown((path, words): (RelPath, Option<Words>)) -> Wanted {
    let expect = match words {
        Some(words) => {
            let whole = [path.as_bytes(), words.text.as_bytes()].join(&0);
            Expect::Listed { words: Digest::of(&whole), about_bytes: words.about_bytes }
        }
        None => Expect::Named(Digest::of(path.as_bytes())),
    };
    wish(path, expect)
}

const fn wish(path: RelPath, expect: Expect) -> Wanted {
    Wanted { path, also: Vec::new(), size_bytes: None, expect, origin: 0 }
}
