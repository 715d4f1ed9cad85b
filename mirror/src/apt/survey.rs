//! The whole state of an archive by its own metadata: root metadata, the indices that it lists, the files that these name.
//!
//! The same for a sync, an ingest and a verification: only who supplies the files differs. The order is that of formats/apt.md,
//! section 5: root metadata first, verified; then indices; then packages and sources.

use std::collections::BTreeMap;

use pinfold_store::{Class, Monitor, RelPath, scan};

use super::listing::{self, Listing};
use super::read::{lonely, read};
use super::release::{Listed, Release};
use super::stems::{self, Stem};
use super::suite::{Archive, Suite};
use crate::archive::{self, Belief};
use crate::family::Family;
use crate::gather::{Gathered, problem, unique};
use crate::part;
use crate::supply::{Content, State, Supply};
use crate::{Result, TreeReader};

/// A suite with the indices that were taken.
struct Surveyed {
    suite: Suite,
    stems: Vec<Stem>,
}

impl archive::Archive for Archive {
    fn family(&self) -> Family {
        Family::Apt
    }

    fn look(&self, supply: &mut dyn Supply) -> Result<()> {
        // One file a suite.
        self.selection.suites.iter().try_for_each(|suite| self.primary(supply, suite).map(drop))
    }

    fn survey(&self, supply: &mut dyn Supply, monitor: &dyn Monitor) -> Result<State> {
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
        let mut labels = Vec::new();
        for one in &mut surveyed {
            let mut listing = listing::read(supply, &one.stems, &self.selection.filter, monitor)?;
            listing.count_from(u32::try_from(labels.len()).unwrap_or(u32::MAX));
            labels.extend(one.stems.iter().map(|stem| one.suite.part(&stem.path)));
            let files = listing.wanted.len() + listing.changing.len();
            one.suite.proof.files = u64::try_from(files).unwrap_or(u64::MAX);
            all = all.merge(listing);
        }
        supply.remember_unpacked(&all.unpacked)?;
        state.lacks.append(&mut all.lacks);
        if !state.lacks.is_empty() {
            return Ok(state);
        }
        if supply.is_dry() {
            let named = [&all.wanted, &all.changing, &all.optional];
            state.parts = part::by_origin(&labels, named.into_iter().flatten());
        }
        let mut found = Gathered::default();
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

    fn reading(
        &self,
        tree: &dyn TreeReader,
        monitor: &dyn Monitor,
    ) -> Result<Box<dyn scan::Reading>> {
        Ok(Box::new(read(tree, monitor)?))
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
    fn close(&self, one: Surveyed, found: &mut Gathered, state: &mut State) -> Result<()> {
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

#[cfg(test)]
mod tests;
