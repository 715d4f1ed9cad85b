//! Which bottles of a list are taken: those of the formulae that are asked for, and of all that these need to run.

use std::collections::{BTreeMap, BTreeSet};

use super::bottle::Bottle;
use super::packages::Packages;
use super::select::Selection;
use crate::Result;

/// What became of a formula that is asked for by its name. Declared from the worst to the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// No list has it.
    Unlisted,
    /// It has no bottle for any tag.
    Unbottled,
    /// It has one.
    Bottled,
}

/// What is taken, of one list or of several.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) bottles: BTreeSet<Bottle>,
    /// The formulae that are asked for by name.
    pub(super) named: BTreeMap<String, Standing>,
    /// What formulae need and no list has.
    pub(super) missing: BTreeSet<String>,
}

impl Choice {
    /// Adds what is taken of a list, and gives how many bottles those are.
    pub(super) fn add(
        &mut self,
        selection: &Selection,
        packages: &Packages,
        tag: &str,
        shown: &str,
    ) -> Result<u64> {
        let (mut open, named) = asked(selection, packages);
        let mut seen: BTreeSet<&str> = open.iter().copied().collect();
        let mut bottles = BTreeMap::new();
        while let Some(name) = open.pop() {
            let Some((name, formula)) = packages.formulae.get_key_value(name) else { continue };
            let bottle = formula.bottle(name, tag).map_err(|why| Bottle::refuse(shown, why))?;
            if let Some(bottle) = bottle {
                bottles.insert(name.as_str(), bottle);
            }
            if selection.as_found {
                continue;
            }
            for need in formula.needs(tag) {
                match packages.real_name(need) {
                    Some(name) if seen.insert(name) => open.push(name),
                    Some(_) => {}
                    None => drop(self.missing.insert(need.to_owned())),
                }
            }
        }
        for (text, found) in named {
            let standing = match found {
                None => Standing::Unlisted,
                Some(name) if bottles.contains_key(name) => Standing::Bottled,
                Some(_) => Standing::Unbottled,
            };
            let known = self.named.entry(text).or_insert(standing);
            *known = standing.max(*known);
        }
        let count = u64::try_from(bottles.len()).unwrap_or(u64::MAX);
        self.bottles.extend(bottles.into_values());
        Ok(count)
    }
}

/// Where each formula leads that is asked for by its name.
type Named<'a> = Vec<(String, Option<&'a str>)>;

/// Finds what is asked for: patterns match the lists' own names, a plain name may be an alias.
fn asked<'a>(selection: &Selection, packages: &'a Packages) -> (Vec<&'a str>, Named<'a>) {
    let (mut open, mut named, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
    for pattern in &selection.formulae {
        let text = String::from(pattern.clone());
        if text.contains(['*', '?', '[']) {
            patterns.push(pattern);
            continue;
        }
        let found = packages.real_name(&text);
        open.extend(found);
        named.push((text, found));
    }
    if !patterns.is_empty() {
        let names = packages.formulae.keys().map(String::as_str);
        open.extend(names.filter(|name| patterns.iter().any(|one| one.matches(name))));
    }
    (open, named)
}

#[cfg(test)]
mod tests;
