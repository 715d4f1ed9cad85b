//! A suite's root metadata: fetched, verified, judged, parsed; nothing of it is believed before.

use std::collections::BTreeMap;

use pinfold_store::path::escape;
use pinfold_store::{Entry, Monitor, Proof, RelPath, Stamp};

use super::fresh::{FUTURE_SECONDS_MAX, Freshness};
use super::read::below;
use super::release::Release;
use super::select::SuiteName;
use super::trust::{Accepted, Trust, is_same_text};
use super::{RELEASE_BYTES_MAX, Selection};
use crate::archive::Belief;
use crate::gather::problem;
use crate::sign::{Keyring, Verified};
use crate::supply::{Root, Supply, Voucher};
use crate::{Error, Result};

/// What is asked of an archive, and whom to believe.
#[derive(Debug)]
pub struct Archive {
    /// What of it is mirrored.
    pub selection: Selection,
    /// Whom to believe.
    pub belief: Belief,
    /// The clock, in seconds since 1970; for a snapshot that is proved again, when it was taken.
    pub now: i64,
    /// The `Date` that was last accepted of each root, in seconds since 1970.
    pub accepted: BTreeMap<RelPath, i64>,
}

/// A suite whose root metadata can be followed.
pub(super) struct Suite {
    pub(super) name: SuiteName,
    /// Its folder below the archive's root, empty at the root itself.
    pub(super) folder: String,
    pub(super) release: Release,
    pub(super) entries: Vec<Entry>,
    pub(super) proof: Proof,
    pub(super) vouchers: Vec<Voucher>,
    /// A pair of root metadata was left out: it may be of another state than `InRelease`.
    pub(super) is_doubtful: bool,
}

impl Suite {
    /// Says of which suite, component and architecture an index is.
    pub(super) fn part(&self, index: &RelPath) -> Vec<String> {
        let text = escape(index.as_bytes());
        let below = text.strip_prefix(&self.folder).unwrap_or(&text).trim_start_matches('/');
        let folders: Vec<&str> = below.split('/').collect();
        let is_divided = |folder: &&str| folder.starts_with("binary-") || *folder == "source";
        let (component, architecture) = match folders.iter().position(is_divided) {
            Some(at) => (folders.iter().take(at), folders.get(at)),
            None => (folders.iter().take(usize::from(folders.len() > 1)), None),
        };
        let component = component.copied().collect::<Vec<_>>().join("/");
        let architecture = architecture.map_or("", |word| word.trim_start_matches("binary-"));
        vec![self.name.as_str().to_owned(), component, architecture.to_owned()]
    }

    /// Joins the suite's folder and a path.
    pub(super) fn at(&self, path: &[u8]) -> Result<RelPath> {
        join(&self.folder, path)
    }

    /// Says whether upstream has its indices under their checksums too.
    pub(super) fn has_by_hash(&self) -> bool {
        let said = self.release.field("Acquire-By-Hash").unwrap_or_default();
        matches!(&*said.to_ascii_lowercase(), b"yes" | b"true" | b"1" | b"force" | b"with" | b"on")
    }
}

fn join(folder: &str, path: &[u8]) -> Result<RelPath> {
    below(folder.as_bytes(), path).ok_or_else(|| Error::BadMetadata {
        path: escape(path),
        why: "it is too long, or no path".to_owned(),
    })
}

impl Archive {
    /// Asks for the file of root metadata that decides whether a suite changed: `InRelease`, else `Release`.
    pub(super) fn primary(
        &self,
        supply: &mut dyn Supply,
        suite: &SuiteName,
    ) -> Result<(RelPath, Root)> {
        for name in ["InRelease", "Release"] {
            let path = join(&suite.folder(), name.as_bytes())?;
            if let Some(root) = supply.root(&path, RELEASE_BYTES_MAX)? {
                return Ok((path, root));
            }
        }
        let place = supply.place(&join(&suite.folder(), b"InRelease")?);
        let why = format!("{place}: neither it nor Release is there; is the suite's name right?");
        Err(Error::Missing { count: 1, first: why })
    }

    /// Asks for a suite's root metadata and judges it.
    pub(super) fn open(
        &self,
        supply: &mut dyn Supply,
        suite: &SuiteName,
        monitor: &dyn Monitor,
    ) -> Result<Suite> {
        let (path, root) = self.primary(supply, suite)?;
        let shown = path.to_string();
        let is_inline = path.split().1 == b"InRelease";
        let pair = self.pair(supply, suite)?;
        let accepted = match (&self.belief.keyring, is_inline) {
            (None, _) => None,
            (Some(keyring), true) => {
                Some(self.accept(keyring, &path, |trust| trust.accept_inline(&root.bytes, &shown))?)
            }
            (Some(keyring), false) => {
                let signature = pair.as_ref().map(|(_, signature)| signature).ok_or_else(|| {
                    let why = "it has no signature: neither InRelease nor Release.gpg is there";
                    Error::NotAuthentic { path: shown.clone(), why: why.to_owned() }
                })?;
                Some(self.accept(keyring, &path, |trust| {
                    trust.accept_pair(&root.bytes, &signature.bytes, &shown)
                })?)
            }
        };
        let release = match (&accepted, is_inline) {
            (Some(accepted), _) => accepted.release.clone(),
            (None, true) => Release::parse_signed(&root.bytes, &shown)?,
            (None, false) => Release::parse(&root.bytes, &shown)?,
        };
        must_be_strong(&release, &shown)?;
        let mut suite = Suite {
            name: suite.clone(),
            folder: suite.folder(),
            release,
            entries: vec![root.entry(path.clone())],
            proof: proof(path, accepted.as_ref()),
            vouchers: accepted
                .as_ref()
                .map(|accepted| accepted.verified.vouchers())
                .unwrap_or_default(),
            is_doubtful: false,
        };
        match pair {
            Some(pair) if is_inline => {
                let inline = accepted.as_ref().map(|accepted| &accepted.verified);
                self.add_pair(&mut suite, pair, inline, monitor)?;
            }
            Some((_, signature)) => {
                suite.entries.push(signature.entry(suite.at(b"Release.gpg")?));
            }
            None => {}
        }
        Ok(suite)
    }

    /// Asks for `Release` and `Release.gpg`; `None` where one is missing. The signature first: a text that nobody signed beside
    /// the file is no part of the state, and would lie in the store without a name.
    fn pair(&self, supply: &mut dyn Supply, suite: &SuiteName) -> Result<Option<(Root, Root)>> {
        let mut ask = |name: &[u8]| supply.root(&join(&suite.folder(), name)?, RELEASE_BYTES_MAX);
        let Some(signature) = ask(b"Release.gpg")? else { return Ok(None) };
        Ok(ask(b"Release")?.map(|release| (release, signature)))
    }

    /// Lets root metadata be accepted by the mirror's rules.
    fn accept(
        &self,
        keyring: &Keyring,
        path: &RelPath,
        how: impl FnOnce(&Trust<'_>) -> Result<Accepted>,
    ) -> Result<Accepted> {
        let belief = &self.belief;
        let rules = belief.rules(self.now);
        let dates = Freshness {
            now: self.now,
            future_seconds_max: FUTURE_SECONDS_MAX,
            last_accepted: self.last_accepted(path),
            allow_older: belief.allow_older,
            allow_expired: belief.allow_expired,
        };
        how(&Trust { keyring, rules: &rules, dates: &dates })
    }

    /// Gives the `Date` that was last accepted of a suite, whichever of its files was followed then: an upstream that hides its
    /// `InRelease` must not go back by the pair.
    fn last_accepted(&self, path: &RelPath) -> Option<i64> {
        let (folder, _) = path.split();
        let same = self.accepted.iter().filter(|(root, _)| root.split().0 == folder);
        same.map(|(_, date)| *date).max()
    }

    /// Adds the pair that stands beside `InRelease` where it says the same and is signed itself: clients that ask for it believe
    /// it (formats/apt.md, section 3, step 8).
    fn add_pair(
        &self,
        suite: &mut Suite,
        (release, signature): (Root, Root),
        inline: Option<&Verified>,
        monitor: &dyn Monitor,
    ) -> Result<()> {
        let path = suite.at(b"Release")?;
        let shown = path.to_string();
        let flaw = match (&self.belief.keyring, inline) {
            (Some(keyring), Some(inline)) => {
                let pair = self.accept(keyring, &suite.proof.root, |trust| {
                    trust.accept_pair(&release.bytes, &signature.bytes, &shown)
                });
                match pair {
                    Ok(pair) if is_same_text(inline, &pair.verified) => None,
                    Ok(_) => Some(format!("{shown} says something else than InRelease beside it")),
                    Err(flaw) => Some(flaw.to_string()),
                }
            }
            _ => {
                let text = Release::parse(&release.bytes, &shown);
                let is_same = text.is_ok_and(|text| text == suite.release);
                (!is_same).then(|| format!("{shown} says something else than InRelease beside it"))
            }
        };
        match flaw {
            Some(flaw) => {
                suite.is_doubtful = true;
                monitor.problem(&problem(&shown, &format!("{flaw}; it is left out")));
            }
            None => {
                suite.entries.push(release.entry(path));
                suite.entries.push(signature.entry(suite.at(b"Release.gpg")?));
            }
        }
        Ok(())
    }
}

/// Refuses checksums that anybody could forge, signed or not.
fn must_be_strong(release: &Release, shown: &str) -> Result<()> {
    if release.listed.iter().any(|file| file.algorithm.is_strong()) {
        return Ok(());
    }
    let why = "it has no list of SHA256 or SHA512 checksums".to_owned();
    Err(Error::NotAuthentic { path: shown.to_owned(), why })
}

/// Begins the proof.
fn proof(root: RelPath, accepted: Option<&Accepted>) -> Proof {
    let (dates, verified) =
        (accepted.map(|accepted| accepted.dates), accepted.map(|accepted| &accepted.verified));
    Proof {
        root,
        date: dates.map(|dates| Stamp::from_seconds(dates.date)),
        valid_until: dates.and_then(|dates| dates.valid_until).map(Stamp::from_seconds),
        indices: 0,
        files: 0,
        signers: verified.map(Verified::recorded).unwrap_or_default(),
        others: verified.map(|verified| verified.others.clone()).unwrap_or_default(),
    }
}
