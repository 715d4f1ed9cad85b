//! The whole state of an archive of Alpine by its own metadata: the indices, each verified, and the packages that they name.
//!
//! The same for a sync, an ingest and a verification: only who supplies the files differs.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Class, Digest, Entry, Monitor, Node, Record, RelPath, Stamp, Trust, scan};

use super::names::{LATEST, SMALL};
use super::select::{Place, Selection};
use super::{Package, reading};
use crate::archive::{self, Belief};
use crate::family::Family;
use crate::gather::{Gathered, unique};
use crate::links::Links;
use crate::prove::Kept;
use crate::sign::NamedKeys;
use crate::supply::{Content, State, Supply, Wanted};
use crate::{Error, Expect, Result, TreeReader};

/// The largest of the small files at the top.
const SMALL_BYTES_MAX: u64 = 4 << 20;

/// What is asked of an archive of Alpine, and whom to believe.
#[derive(Debug)]
pub struct Archive {
    /// What of it is mirrored.
    pub selection: Selection,
    /// Whom to believe.
    pub belief: Belief,
    /// The clock, in seconds since 1970; for a snapshot that is proved again, when it was taken.
    pub now: i64,
    /// The time that was last accepted of each index, in seconds since 1970.
    pub accepted: BTreeMap<RelPath, i64>,
}

/// What the indices name.
#[derive(Default)]
struct Listing {
    wanted: Vec<Wanted>,
    /// Where clients look for packages that are listed for another architecture than the index is of: `noarch`.
    second: BTreeMap<RelPath, RelPath>,
}

impl archive::Archive for Archive {
    fn family(&self) -> Family {
        Family::Apk
    }

    fn look(&self, supply: &mut dyn Supply) -> Result<()> {
        self.ask(supply).map(drop)
    }

    fn survey(&self, supply: &mut dyn Supply, monitor: &dyn Monitor) -> Result<State> {
        monitor.step("checking indices", None);
        let (mut state, mut found) = (State::default(), Gathered::default());
        let mut listing = Listing::default();
        for (number, one) in self.ask(supply)?.iter().enumerate() {
            let before = listing.wanted.len();
            let index = self.open(supply, one, &mut |package| {
                listing.add(package, (&one.0, number), &self.selection)
            })?;
            let mut proof = index.proof;
            proof.files = u64::try_from(listing.wanted.len() - before).unwrap_or(u64::MAX);
            state.proofs.push(proof);
            state.roots.extend(index.entries.iter().map(|entry| entry.path.clone()));
            found.entries.extend(index.entries);
            state.vouchers.extend(index.voucher.filter(|one| !state.vouchers.contains(one)));
        }
        found.get(supply, &unique(listing.wanted)?, Class::Fixed, &mut state.lacks)?;
        if !state.lacks.is_empty() {
            return Ok(state);
        }
        add_second(&mut found, &listing.second);
        self.add_small(supply, &mut found)?;
        self.add_latest((&mut found, &mut state))?;
        state.entries = found.into_entries()?;
        state.roots.sort_unstable();
        Ok(state)
    }

    fn reading(&self, tree: &dyn TreeReader, _: &dyn Monitor) -> Result<Box<dyn scan::Reading>> {
        Ok(Box::new(reading::read(tree)?))
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
    /// Makes the archive again that a snapshot was taken of, to be believed by the keys that vouched then.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] where the record's words are not understood; [`Error::Keyring`] where a key is none any more.
    pub fn of(record: &Record, kept: Option<&[Kept]>) -> Result<Self> {
        let (selection, belief) = archive::recorded(record, None)?;
        let shown = format!("the record of {}@{}", record.mirror, record.taken);
        let named_keys = kept.filter(|_| record.trust == Trust::Signed).map(|kept| {
            let mut keys = NamedKeys::default();
            let mut each = kept.iter();
            each.try_for_each(|one| keys.add(one.name.as_bytes(), &one.certificate, &shown))
                .map(|()| keys)
        });
        let belief = Belief { named_keys: named_keys.transpose()?, ..belief };
        let now = record.taken.seconds();
        Ok(Self { selection, belief, now, accepted: BTreeMap::new() })
    }

    /// Makes the archive that a scanned tree is by its own account: every index in it, whole.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] where there is none.
    pub fn found_in(tree: &dyn TreeReader, belief: Belief, now: Stamp) -> Result<Self> {
        let folders = reading::folders(tree)?;
        if folders.is_empty() {
            return Err(Error::BadMetadata {
                path: "APKINDEX.tar.gz".to_owned(),
                why: "the tree has no such file in a folder of any architecture".to_owned(),
            });
        }
        let selection = Selection { folders, ..Selection::default() };
        Ok(Self { selection, belief, now: now.seconds(), accepted: BTreeMap::new() })
    }

    /// Adds the small files that Alpine has at the top; asked for last, since they change by the hour.
    fn add_small(&self, supply: &mut dyn Supply, found: &mut Gathered) -> Result<()> {
        if self.selection.versions.is_empty() {
            return Ok(());
        }
        for name in SMALL {
            let path = RelPath::parse(name)?;
            if let Some(root) = supply.root(&path, SMALL_BYTES_MAX)? {
                found.add(path, root.content, Class::Other);
            }
        }
        Ok(())
    }

    /// Adds the link that HTTP cannot show, and the names that its indices have through it.
    fn add_latest(&self, (found, state): (&mut Gathered, &mut State)) -> Result<()> {
        let Some(version) = &self.selection.latest_stable else { return Ok(()) };
        let target = version.as_bytes().into();
        let link =
            Entry { path: RelPath::parse(LATEST)?, node: Node::Link { target }, added: true };
        let mut links = Links::default();
        links.note(&link);
        let real: BTreeSet<RelPath> = state.roots.drain(..).collect();
        state.roots.extend(links.aliases(&real));
        found.entries.push(link);
        Ok(())
    }
}

impl Listing {
    /// Adds a package that an index names.
    fn add(
        &mut self,
        package: &Package<'_>,
        (place, number): (&Place, usize),
        selection: &Selection,
    ) -> Result<()> {
        if !selection.takes(package) {
            return Ok(());
        }
        let file = package.file();
        let path = place.folder.join(file.as_bytes())?;
        let mut also = Vec::new();
        let architecture = package.architecture;
        if !architecture.is_empty() && architecture.as_bytes() != place.architecture() {
            let second = place.beside(architecture, &file)?;
            also.push(second.clone());
            self.second.insert(path.clone(), second);
        }
        self.wanted.push(Wanted {
            path,
            also,
            size_bytes: package.size_bytes,
            expect: Expect::Apk(package.control),
            origin: u32::try_from(number).unwrap_or(u32::MAX),
        });
        Ok(())
    }
}

/// Adds the names under which clients ask for packages that are listed for another architecture than the index is of. Where two
/// indices have different ones of a name, there is none: upstream can have only one of them.
fn add_second(found: &mut Gathered, second: &BTreeMap<RelPath, RelPath>) {
    let mut names: BTreeMap<&RelPath, Option<Content>> = BTreeMap::new();
    let mut taken: BTreeMap<&RelPath, Digest> = BTreeMap::new();
    for entry in &found.entries {
        let Node::File { digest, size_bytes, .. } = entry.node else { continue };
        if let Some(name) = second.get(&entry.path) {
            let content = Content { digest, size_bytes };
            let known = names.entry(name).or_insert(Some(content));
            if known.is_some_and(|known| known.digest != digest) {
                *known = None;
            }
        }
        taken.insert(&entry.path, digest);
    }
    let free: Vec<(RelPath, Content)> = names
        .into_iter()
        .filter(|(name, _)| !taken.contains_key(*name))
        .filter_map(|(name, content)| Some((name.clone(), content?)))
        .collect();
    for (name, content) in free {
        found.add_name(name, content);
    }
}
