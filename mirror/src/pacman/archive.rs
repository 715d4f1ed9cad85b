//! The whole state of a tree of repositories by its own metadata: the databases, the packages, the signatures beside them.
//!
//! The same for a sync, an ingest and a verification: only who supplies the files differs. Databases come first, and whoever
//! supplies them asks for them again where something is not as they say: upstream may be in the middle of its own update.

use std::collections::BTreeMap;

use pinfold_store::{Checksum, Class, Digest, Monitor, Node, RelPath, Stamp, Sums, scan};

use super::names::{LAST_SYNC, LAST_UPDATE};
use super::package::{Listed, signature_of};
use super::root::Repository;
use super::select::Selection;
use super::{reading, signatures};
use crate::archive::{self, Belief};
use crate::family::Family;
use crate::gather::{Gathered, unique};
use crate::rpm::PackageSignatures;
use crate::sign::Keyring;
use crate::supply::{Lack, Stage, State, Supplied, Supply, Wanted};
use crate::{Error, Expect, Result, TreeReader};

/// The largest file that holds a time.
const TIME_BYTES_MAX: u64 = 4096;
/// How far upstream's clock may be ahead of ours: a time that is later would hide every state after it.
const SKEW_SECONDS_MAX: i64 = 3600;

/// What is asked of a tree of repositories, and whom to believe.
#[derive(Debug)]
pub struct Archive {
    /// What of it is mirrored.
    pub selection: Selection,
    /// Whom to believe about databases.
    pub belief: Belief,
    /// Whom to believe about packages, where their signatures are checked.
    pub vendors: Keyring,
    /// The clock, in seconds since 1970; for a snapshot that is proved again, when it was taken.
    pub now: i64,
    /// When upstream had changed last at the state that was taken last, in seconds since 1970.
    pub accepted: Option<i64>,
}

/// The packages of all databases: of each the signature that a database holds.
pub(super) type Packages = BTreeMap<RelPath, Option<Vec<u8>>>;

impl archive::Archive for Archive {
    fn family(&self) -> Family {
        Family::Pacman
    }

    fn look(&self, supply: &mut dyn Supply) -> Result<()> {
        // One file a repository. When upstream says that it changed last tells nothing: its mirrors take that file last.
        let mut databases = self.selection.databases.iter();
        databases.try_for_each(|database| self.database(supply, database).map(drop))
    }

    fn survey(&self, supply: &mut dyn Supply, monitor: &dyn Monitor) -> Result<State> {
        monitor.step("checking root metadata", None);
        let (mut state, mut found) = (State::default(), Gathered::default());
        let mut repositories = Vec::new();
        for database in &self.selection.databases {
            repositories.push(self.open(supply, (database, &mut found), monitor)?);
        }
        let date = self.times(supply, &mut found)?;
        let (wanted, packages) = listed(&mut repositories)?;
        for repository in repositories {
            state.roots.extend(repository.entries.iter().map(|entry| entry.path.clone()));
            found.entries.extend(repository.entries);
            state.is_doubtful |= repository.is_doubtful;
            state.proofs.push(pinfold_store::Proof { date, ..repository.proof });
            for voucher in repository.vouchers {
                if !state.vouchers.contains(&voucher) {
                    state.vouchers.push(voucher);
                }
            }
        }
        let begin = found.entries.len();
        found.get(supply, &wanted, Class::Fixed, &mut state.lacks)?;
        if state.lacks.is_empty() {
            let contents = contents(&found, begin);
            get_signatures(supply, (&packages, &contents), (&mut found, &mut state))?;
        }
        if state.lacks.is_empty()
            && self.selection.package_signatures != PackageSignatures::Unchecked
        {
            signatures::check(self, supply, (&packages, &found.entries, &mut state), monitor)?;
        }
        state.entries = found.into_entries()?;
        state.roots.sort_unstable();
        state.roots.dedup();
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
        // Behind one name there are mirrors of different age: "not modified since" of an older one hides every later state.
        false
    }
}

impl Archive {
    /// Takes what says when upstream changed, and gives the time. One that lies before that of the last state is of a mirror that
    /// lags behind, or went back.
    fn times(&self, supply: &mut dyn Supply, found: &mut Gathered) -> Result<Option<Stamp>> {
        let mut date = None;
        for name in [LAST_UPDATE, LAST_SYNC] {
            let path: RelPath = name.parse()?;
            let Some(root) = supply.aside(&path, TIME_BYTES_MAX)? else { continue };
            if name == LAST_UPDATE {
                date = time(&root.bytes).filter(|at| *at <= self.now + SKEW_SECONDS_MAX);
                self.must_not_be_older(date, &supply.place(&path))?;
            }
            found.add(path, root.content, Class::Other);
        }
        Ok(date.map(Stamp::from_seconds))
    }

    fn must_not_be_older(&self, date: Option<i64>, place: &str) -> Result<()> {
        match (date, self.accepted) {
            (Some(date), Some(last)) if date < last && !self.belief.allow_older => {
                let shown = |at| Stamp::from_seconds(at).human();
                Err(Error::Upstream {
                    url: place.to_owned(),
                    why: format!(
                        "it is of a state of {} UTC, and one of {} UTC was taken before: this mirror lags behind or went back; --allow-older takes it",
                        shown(date),
                        shown(last)
                    ),
                })
            }
            _ => Ok(()),
        }
    }
}

/// Reads a time: seconds since 1970 in digits, on the first line.
fn time(bytes: &[u8]) -> Option<i64> {
    let line = bytes.split(|b| *b == b'\n').next()?.trim_ascii();
    let is_time = !line.is_empty() && line.len() <= 11 && line.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(line).ok().filter(|_| is_time)?.parse().ok()
}

/// Gives the packages of all databases, each once.
fn listed(repositories: &mut [Repository]) -> Result<(Vec<Wanted>, Packages)> {
    let (mut wanted, mut packages) = (Vec::new(), Packages::new());
    for listed in repositories.iter_mut().flat_map(|one| std::mem::take(&mut one.listing.packages))
    {
        let Listed { wanted: one, signature } = listed;
        let known = packages.entry(one.path.clone()).or_default();
        match (&known, &signature) {
            (Some(known), Some(signature)) if known != signature => {
                let why = "two databases hold two signatures of it".to_owned();
                return Err(Error::BadMetadata { path: one.path.to_string(), why });
            }
            (None, Some(_)) => *known = signature,
            _ => {}
        }
        wanted.push(one);
    }
    Ok((unique(wanted)?, packages))
}

/// Gives the content of each package that is there.
fn contents(found: &Gathered, begin: usize) -> BTreeMap<RelPath, Digest> {
    let packages = found.entries.get(begin..).unwrap_or_default();
    let content = |entry: &pinfold_store::Entry| match entry.node {
        Node::File { digest, .. } => Some((entry.path.clone(), digest)),
        Node::Link { .. } => None,
    };
    packages.iter().filter_map(content).collect()
}

/// Gets the signatures beside packages. Where a database holds one, its bytes are known; else it belongs to the package that
/// it is beside. A package without one is no flaw of the state: whether that is taken is decided by the mirror's file.
fn get_signatures(
    supply: &mut dyn Supply,
    (packages, contents): (&Packages, &BTreeMap<RelPath, Digest>),
    (found, state): (&mut Gathered, &mut State),
) -> Result<()> {
    let (mut wanted, nothing) = (Vec::new(), Digest::of(b""));
    for (package, signature) in packages {
        let Some(content) = contents.get(package) else { continue };
        // A package that was only counted has no content to tell it from others by.
        let is_counted = supply.is_dry() && *content == nothing;
        let content = if is_counted { Digest::of(package.as_bytes()) } else { *content };
        let (size_bytes, expect) = match signature {
            None => (None, Expect::Beside(content)),
            Some(bytes) => {
                let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                (Some(size), Checksum::sha256(&Sums::of(bytes).sha256).into())
            }
        };
        let path = signature_of(package)?;
        wanted.push(Wanted { path, also: Vec::new(), size_bytes, expect, origin: 0 });
    }
    let supplied = supply.get(Stage::Files, &wanted)?;
    let (mut there, mut absent) = (false, false);
    for (wanted, supplied) in wanted.into_iter().zip(supplied) {
        match supplied {
            Supplied::Here(content) => {
                there = true;
                found.add(wanted.path, content, Class::Fixed);
            }
            Supplied::Absent(_) => absent = true,
            what => state.lacks.push(Lack { path: wanted.path, what }),
        }
    }
    // A signature may come later than its package.
    state.is_doubtful |= there && absent;
    Ok(())
}

#[cfg(test)]
mod tests;
