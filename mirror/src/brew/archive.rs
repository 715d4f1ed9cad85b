//! The whole state of a mirror by its own lists: what each tag has, the indices of the images, the bottles.
//!
//! The same for a sync, an ingest and a verification: only who supplies the files differs. The lists come first, since they say
//! what each bottle has to be; then the indices, which have to name it; then the bottles.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Class, Monitor, Proof, Record, RelPath, Stamp, scan};

use super::bottle::Bottle;
use super::choose::{Choice, Standing};
use super::images::{self, Images};
use super::names::{self, OLDER};
use super::packages::{Envelope, PACKAGES_BYTES_MAX, Packages};
use super::{Selection, found, signature};
use crate::archive::{self, Belief};
use crate::family::Family;
use crate::gather::{Gathered, problem};
use crate::prove::Kept;
use crate::sign::NamedKey;
use crate::supply::{Lack, Root, Stage, State, Supplied, Supply, Wanted};
use crate::{Error, Expect, Result, TreeReader, vouching};

/// What is asked of Homebrew's API and registry.
#[derive(Debug)]
pub struct Archive {
    /// What of it is mirrored.
    pub selection: Selection,
    /// Whom to believe about the lists; without keys brew alone judges who signed them.
    pub belief: Belief,
    /// When the lists say that they were made which were accepted last, in seconds since 1970.
    pub accepted: BTreeMap<RelPath, i64>,
}

impl archive::Archive for Archive {
    fn family(&self) -> Family {
        Family::Brew
    }

    fn look(&self, supply: &mut dyn Supply) -> Result<()> {
        // One file a tag.
        self.selection.tags.iter().try_for_each(|tag| list(supply, tag).map(drop))
    }

    fn survey(&self, supply: &mut dyn Supply, monitor: &dyn Monitor) -> Result<State> {
        monitor.step("checking root metadata", None);
        let (mut state, mut found) = (State::default(), Gathered::default());
        let mut choice = Choice::default();
        for tag in &self.selection.tags {
            self.open(supply, tag, (&mut found, &mut state), &mut choice)?;
        }
        for name in OLDER {
            let path = names::api(name)?;
            if let Some(root) = supply.root(&path, PACKAGES_BYTES_MAX)? {
                if self.belief.is_signed() {
                    let shown = path.to_string();
                    self.verify(&Envelope::parse(&root.bytes, &shown)?, &shown)?;
                }
                add_root(path, &root, (&mut found, &mut state));
            }
        }
        tell(&choice, monitor);
        monitor.step("getting indices of images", None);
        let images =
            images::get(supply, (&self.selection, &choice.bottles), (&mut found, &mut state))?;
        if let Some(proof) = state.proofs.first_mut() {
            proof.indices = images.count;
        }
        get_bottles(supply, (&self.selection, &choice.bottles, &images), (&mut found, &mut state))?;
        get_pages(supply, &choice.bottles, (&mut found, &mut state))?;
        state.entries = found.into_entries()?;
        state.roots.sort_unstable();
        Ok(state)
    }

    fn reading(&self, tree: &dyn TreeReader, _: &dyn Monitor) -> Result<Box<dyn scan::Reading>> {
        Ok(Box::new(found::read(tree)?))
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
        // There is one API, and its lists say when they were made.
        true
    }
}

impl Archive {
    /// Makes the archive again that a snapshot was taken of.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] where the record's words are not understood.
    pub fn of(record: &Record, kept: Option<&[Kept]>) -> Result<Self> {
        let (selection, belief) = archive::recorded(record, None)?;
        let named_keys = kept.map(|kept| vouching::named_keys(record, kept)).transpose()?;
        let belief = Belief { named_keys, ..belief };
        Ok(Self { selection, belief, accepted: BTreeMap::new() })
    }

    /// Makes the archive that a scanned tree is by its own account: the bottles of its lists that are in it.
    ///
    /// # Errors
    /// [`Error::BadMetadata`] where there is no list, or one that cannot be followed.
    pub fn found_in(tree: &dyn TreeReader, belief: Belief) -> Result<Self> {
        let selection = found::selection(tree)?;
        Ok(Self { selection, belief, accepted: BTreeMap::new() })
    }

    /// Reads the list of a tag, and chooses among its bottles.
    fn open(
        &self,
        supply: &mut dyn Supply,
        tag: &str,
        (found, state): (&mut Gathered, &mut State),
        choice: &mut Choice,
    ) -> Result<()> {
        let (path, root) = list(supply, tag)?;
        let shown = path.to_string();
        let envelope = Envelope::parse(&root.bytes, &shown)?;
        let key = self.verify(&envelope, &shown)?;
        let packages = Packages::of(&envelope, &shown)?;
        self.must_not_be_older(&path, &packages)?;
        let files = choice.add(&self.selection, &packages, tag, &shown)?;
        let made = Stamp::from_seconds(packages.made().unwrap_or_default());
        state.proofs.push(Proof {
            root: path.clone(),
            date: packages.made().map(Stamp::from_seconds),
            valid_until: None,
            indices: 0,
            files,
            signers: key.iter().map(|key| key.recorded(made)).collect(),
            others: Vec::new(),
        });
        let voucher = key.map(NamedKey::voucher);
        state.vouchers.extend(voucher.filter(|one| !state.vouchers.contains(one)));
        add_root(path, &root, (found, state));
        Ok(())
    }

    /// Lets the keys of the mirror vouch; `None` where nobody has to.
    fn verify(&self, envelope: &Envelope, shown: &str) -> Result<Option<&NamedKey>> {
        let Some(keys) = &self.belief.named_keys else { return Ok(None) };
        let verified = signature::verify(envelope, keys);
        verified.map(Some).map_err(|why| Error::NotAuthentic { path: shown.to_owned(), why })
    }

    /// Refuses a list that says it was made before the one that was accepted last.
    fn must_not_be_older(&self, path: &RelPath, packages: &Packages) -> Result<()> {
        let last = self.accepted.get(path).filter(|_| !self.belief.allow_older);
        match (packages.made(), last) {
            (Some(made), Some(last)) if made < *last => Err(Error::NotAuthentic {
                path: path.to_string(),
                why: format!(
                    "it was made at {} UTC, before the one of {} UTC that was accepted: upstream went back; --allow-older takes it",
                    Stamp::from_seconds(made).human(),
                    Stamp::from_seconds(*last).human()
                ),
            }),
            _ => Ok(()),
        }
    }
}

/// Asks for the list of a tag.
fn list(supply: &mut dyn Supply, tag: &str) -> Result<(RelPath, Root)> {
    let path = names::packages(tag)?;
    if let Some(root) = supply.root(&path, PACKAGES_BYTES_MAX)? {
        return Ok((path, root));
    }
    let place = supply.place(&path);
    let why = format!(
        "{place}: it is not there; is the URL that of an API, and {tag} a tag of Homebrew's?"
    );
    Err(Error::Missing { count: 1, first: why })
}

fn add_root(path: RelPath, root: &Root, (found, state): (&mut Gathered, &mut State)) {
    state.roots.push(path.clone());
    found.entries.push(root.entry(path));
}

/// Tells what is asked for in vain.
fn tell(choice: &Choice, monitor: &dyn Monitor) {
    let told = choice.named.iter().filter_map(|(name, standing)| match standing {
        Standing::Unlisted => {
            Some((name, "no list has a formula, an alias or an old name of that kind"))
        }
        Standing::Unbottled => Some((name, "it has no bottle for any of the tags")),
        Standing::Bottled => None,
    });
    let missing = choice.missing.iter();
    let missing = missing.map(|name| (name, "a formula needs it, and no list has it"));
    for (name, why) in told.chain(missing) {
        monitor.problem(&problem(name, why));
    }
}

/// Gets the bottles, and adds the names that they have in a folder of bottles.
fn get_bottles(
    supply: &mut dyn Supply,
    (selection, bottles, images): (&Selection, &BTreeSet<Bottle>, &Images),
    (found, state): (&mut Gathered, &mut State),
) -> Result<()> {
    let (mut wanted, mut flat) = (Vec::new(), Vec::new());
    for bottle in bottles {
        let name = bottle.flat()?;
        wanted.push(Wanted {
            path: bottle.blob()?,
            also: if selection.as_found { vec![name.clone()] } else { Vec::new() },
            // The registry's word counts for what is planned only: the checksum decides.
            size_bytes: images.sizes.get(bottle).copied().filter(|_| supply.is_dry()),
            expect: Expect::Sum(pinfold_store::Checksum::sha256(bottle.sha256())),
            origin: 0,
        });
        flat.push(name);
    }
    let supplied = supply.get(Stage::Files, &wanted)?;
    for ((wanted, flat), supplied) in wanted.into_iter().zip(flat).zip(supplied) {
        match supplied {
            Supplied::Here(content) => {
                found.add(wanted.path, content, Class::Fixed);
                found.add_name(flat, content);
            }
            what => state.lacks.push(Lack { path: wanted.path, what }),
        }
    }
    Ok(())
}

/// Gets the formulae's pages, which only older versions of brew ask for and nobody signs: one that is not there or is of another
/// state is left out.
fn get_pages(
    supply: &mut dyn Supply,
    bottles: &BTreeSet<Bottle>,
    (found, state): (&mut Gathered, &mut State),
) -> Result<()> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for bottle in bottles {
        let path = names::page(bottle.name())?;
        if wanted.last().is_none_or(|last| last.path != path) {
            let expect = Expect::Names(*bottle.sha256());
            wanted.push(Wanted { path, also: Vec::new(), size_bytes: None, expect, origin: 0 });
        }
    }
    let supplied = supply.get(Stage::Files, &wanted)?;
    for (wanted, supplied) in wanted.into_iter().zip(supplied) {
        match supplied {
            Supplied::Here(content) => found.add(wanted.path, content, Class::Other),
            Supplied::Wrong(_) => state.is_doubtful = true,
            Supplied::Absent(_) | Supplied::Failed(_) | Supplied::Folder => {}
        }
    }
    Ok(())
}
