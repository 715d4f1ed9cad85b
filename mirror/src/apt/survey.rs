//! The whole state of an archive by its own metadata: root metadata, the indices that it lists, the files that these name.
//!
//! The same for a sync, an ingest and a verification: only who supplies the files differs. The order is that of formats/apt.md,
//! section 5: root metadata first, verified; then indices; then packages and sources.

use std::collections::BTreeMap;

use pinfold_store::{Class, Entry, Monitor, Node, RelPath};

use super::compare::problem;
use super::listing::{self, Listing};
use super::read::lonely;
use super::release::{Listed, Release};
use super::stems::{self, Stem};
use super::suite::{Archive, Suite};
use crate::supply::{Content, Lack, Stage, State, Supplied, Supply, Wanted};
use crate::{Error, Result};

/// A suite with the indices that were taken.
struct Surveyed {
    suite: Suite,
    stems: Vec<Stem>,
}

impl Archive<'_> {
    /// Asks for the root metadata that decides whether anything changed: one file a suite.
    ///
    /// # Errors
    /// A suite has none, or it could not be asked for.
    pub fn look(&self, supply: &mut dyn Supply) -> Result<()> {
        self.selection.suites.iter().try_for_each(|suite| self.primary(supply, suite).map(drop))
    }

    /// Finds the whole state. What is missing or wrong is in [`State::lacks`], as much of it as can be known.
    ///
    /// # Errors
    /// [`Error::NotAuthentic`] where nobody vouches for root metadata, [`Error::BadMetadata`] where metadata cannot be followed;
    /// whatever the supply fails with.
    pub fn survey(&self, supply: &mut dyn Supply, monitor: &dyn Monitor) -> Result<State> {
        monitor.step("checking root metadata", None);
        let mut suites = Vec::new();
        for name in &self.selection.suites {
            suites.push(self.open(supply, name, monitor)?);
        }
        self.note_unknown(&suites, monitor);
        let mut state = State::default();
        monitor.step("getting indices", None);
        let mut surveyed = Vec::new();
        for suite in suites {
            let listed = self.listed(&suite, monitor);
            let stems = stems::get(supply, &suite, &listed, &mut state)?;
            state.is_doubtful |= suite.is_doubtful;
            surveyed.push(Surveyed { suite, stems });
        }
        if !state.lacks.is_empty() {
            return Ok(state);
        }
        monitor.step("reading indices", None);
        let mut all = Listing::default();
        for one in &mut surveyed {
            let listing = listing::read(supply, &one.stems, &self.selection.filter, monitor)?;
            let files = listing.wanted.len() + listing.changing.len();
            one.suite.proof.files = u64::try_from(files).unwrap_or(u64::MAX);
            all = all.merge(listing);
        }
        supply.remember_unpacked(&all.unpacked)?;
        state.lacks.append(&mut all.lacks);
        if !state.lacks.is_empty() {
            return Ok(state);
        }
        let mut found = Files::default();
        found.get(supply, &unique(all.wanted)?, Class::Fixed, &mut state.lacks)?;
        found.get(supply, &unique(all.changing)?, Class::Other, &mut state.lacks)?;
        // A patch that is another than its list says is passed over like one that is gone: clients take the whole index then.
        let mut without = Vec::new();
        found.get(supply, &unique(all.optional)?, Class::Fixed, &mut without)?;
        state.is_doubtful |= !without.is_empty();
        for one in surveyed {
            self.close(one, &mut found, &mut state)?;
        }
        state.entries = found.into_entries()?;
        state.roots.sort_unstable();
        Ok(state)
    }

    /// Lists what is taken of a suite, and reports what clients will not see without saying so.
    fn listed<'a>(&self, suite: &'a Suite, monitor: &dyn Monitor) -> Vec<&'a Listed> {
        let shown = suite.proof.root.to_string();
        let weak = self.selection.weak_of(&suite.release, &suite.name);
        if let Some(first) = weak.first() {
            let why = format!(
                "{} of the files that it lists have no checksum that clients believe and are left out, the first: {}",
                weak.len(),
                first.path
            );
            monitor.problem(&problem(&shown, &why));
        }
        let listed = self.selection.of(&suite.release, &suite.name);
        lonely(&listed, &shown, monitor);
        listed
    }

    /// Reports what is asked for and is in no suite: a misspelt component would make a mirror without it, quietly.
    fn note_unknown(&self, suites: &[Suite], monitor: &dyn Monitor) {
        let named = suites.iter().filter(|suite| !suite.name.is_flat());
        let releases: Vec<&Release> = named.map(|suite| &suite.release).collect();
        for unknown in self.selection.unknown(&releases) {
            let shown = suites.first().map(|suite| suite.proof.root.to_string());
            let why = format!("no suite has the {unknown}, which the mirror's file names");
            monitor.problem(&problem(&shown.unwrap_or_default(), &why));
        }
    }

    /// Adds a suite's own files to the state, with the names by checksum of its indices.
    fn close(&self, one: Surveyed, found: &mut Files, state: &mut State) -> Result<()> {
        let Surveyed { mut suite, stems } = one;
        let mut indices: BTreeMap<RelPath, Content> = BTreeMap::new();
        for form in stems.iter().flat_map(|stem| &stem.forms) {
            indices.insert(form.path.clone(), form.content);
            found.add(form.path.clone(), form.content, Class::Other);
        }
        for file in suite.release.listed.iter().filter(|file| file.algorithm.is_strong()) {
            if let Some(content) = indices.get(&suite.at(file.path.as_bytes())?) {
                found.add_name(stems::by_hash(&suite, file)?, *content);
            }
        }
        suite.proof.indices = u64::try_from(indices.len()).unwrap_or(u64::MAX);
        for entry in suite.entries {
            state.roots.push(entry.path.clone());
            found.entries.push(entry);
        }
        state.proofs.push(suite.proof);
        for voucher in suite.vouchers {
            if !state.vouchers.contains(&voucher) {
                state.vouchers.push(voucher);
            }
        }
        Ok(())
    }
}

/// Drops what is named twice; a path with two contents cannot be served.
fn unique(mut wanted: Vec<Wanted>) -> Result<Vec<Wanted>> {
    wanted.sort_unstable_by(|a, b| (&a.path, &a.checksum).cmp(&(&b.path, &b.checksum)));
    wanted.dedup_by(|a, b| {
        a.path == b.path && a.checksum == b.checksum && a.size_bytes == b.size_bytes
    });
    let twice = wanted.windows(2).find(|pair| {
        let is_same_kind = pair[0].checksum.algorithm() == pair[1].checksum.algorithm();
        pair[0].path == pair[1].path && (is_same_kind || pair[0].size_bytes != pair[1].size_bytes)
    });
    match twice {
        None => Ok(wanted),
        Some(pair) => {
            let shown = |one: &Wanted| {
                format!("{} bytes with {}", one.size_bytes.unwrap_or_default(), one.checksum)
            };
            Err(Error::BadMetadata {
                path: pair[0].path.to_string(),
                why: format!(
                    "the indices name two contents for it, {} and {}",
                    shown(&pair[0]),
                    shown(&pair[1])
                ),
            })
        }
    }
}

/// The files of a state while it is found.
#[derive(Default)]
struct Files {
    entries: Vec<Entry>,
}

impl Files {
    /// Gets what indices name.
    fn get(
        &mut self,
        supply: &mut dyn Supply,
        wanted: &[Wanted],
        class: Class,
        lacks: &mut Vec<Lack>,
    ) -> Result<()> {
        let supplied = supply.get(Stage::Files, wanted)?;
        for (wanted, supplied) in wanted.iter().zip(supplied) {
            let path = wanted.path.clone();
            match supplied {
                Supplied::Here(content) => self.add(path, content, class),
                what => lacks.push(Lack { path, what }),
            }
        }
        Ok(())
    }

    fn add(&mut self, path: RelPath, content: Content, class: Class) {
        let Content { digest, size_bytes } = content;
        let node = Node::File { digest, size_bytes, class };
        self.entries.push(Entry { path, node, added: false });
    }

    /// Adds a name by checksum, which upstream need not have.
    fn add_name(&mut self, path: RelPath, content: Content) {
        self.add(path, content, Class::Fixed);
        if let Some(entry) = self.entries.last_mut() {
            entry.added = true;
        }
    }

    /// Sorts; of a path that is there twice with one content, the index and upstream's own name come first.
    fn into_entries(mut self) -> Result<Vec<Entry>> {
        let rank = |entry: &Entry| match entry.node {
            Node::File { class: Class::Root, .. } => 0,
            Node::File { class: Class::Other, .. } => 1,
            _ => 2,
        };
        self.entries.sort_by(|a, b| {
            a.path.cmp(&b.path).then_with(|| (rank(a), a.added).cmp(&(rank(b), b.added)))
        });
        let content = |entry: &Entry| match entry.node {
            Node::File { digest, .. } => Some(digest),
            Node::Link { .. } => None,
        };
        self.entries
            .dedup_by(|later, first| later.path == first.path && content(later) == content(first));
        let clash = self.entries.windows(2).find_map(|pair| {
            let (one, two) = (&pair[0].path, &pair[1].path);
            if one == two {
                return Some((
                    one.to_string(),
                    "two files of the archive have this name".to_owned(),
                ));
            }
            two.is_below(one.as_bytes())
                .then(|| (one.to_string(), format!("it is a file, and {two} lies below it")))
        });
        match clash {
            None => Ok(self.entries),
            Some((path, why)) => Err(Error::BadMetadata { path, why }),
        }
    }
}

#[cfg(test)]
mod tests;
