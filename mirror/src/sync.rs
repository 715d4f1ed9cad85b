//! Following an upstream: its state becomes a snapshot, whole and proved, or nothing changes.
//!
//! The same for every family, which is handed in as an [`Archive`]. What was fetched stays in the store whatever happens, so that
//! the next run goes on from there. An upstream in the middle of its own update is noticed by files that are missing or are
//! others than its metadata say: its root metadata is asked for again, and where that changed all begins anew.

mod flaw;
mod following;
mod held;
mod known;
mod lacking;
mod pages;
mod room;

use std::time::Duration;

use pinfold_store::gc::Run;
use pinfold_store::lock::{Asker, MirrorLock};
use pinfold_store::scan::{Reading, Seal, Sealed};
use pinfold_store::{
    Class, Code, Evidence, Finding, Kind, Monitor, Record, RelPath, Stamp, Store, Trust,
};

use crate::archive::Archive;
use crate::fetch::Upstream;
use crate::http::{Base, Http};
use crate::part::{self, Part};
use crate::supply::{Lack, State};
use crate::{Error, Result};
use flaw::Flaw;
use following::Following;
use held::Held;
pub use room::Show;

/// How often all begins anew because upstream changed meanwhile.
const RESTARTS_MAX: u32 = 10;
/// How often objects that went while a snapshot was made are got again.
const LOSSES_MAX: u32 = 3;

/// What is to be followed, and how.
#[derive(Debug)]
pub struct Order<'a> {
    /// Where the objects go.
    pub store: &'a Store,
    /// The mirror.
    pub lock: &'a MirrorLock,
    /// Who asks for the store's lock.
    pub asker: &'a Asker,
    /// The connections.
    pub http: &'a Http,
    /// Equal upstreams, tried in order, each only as a whole.
    pub bases: &'a [Base],
    /// What is asked for, and whom to believe.
    pub archive: &'a dyn Archive,
    /// Rules that are relaxed, for the record.
    pub relaxed: Vec<String>,
    /// The clock.
    pub now: Stamp,
    /// How long an upstream in the middle of its own update is waited for.
    pub patience: Duration,
    /// Makes a snapshot even where nothing changed.
    pub even_if_unchanged: bool,
    /// Takes a state whose indices name no file.
    pub allow_empty: bool,
    /// What showing it takes besides: there must be room for that too.
    pub show: Show,
    /// Whether to do it or only to say it.
    pub run: Run,
}

/// What came of it.
#[derive(Debug)]
pub enum Synced {
    /// A new snapshot.
    New(Record),
    /// The newest snapshot is upstream's state.
    Unchanged(Record),
    /// What would be done.
    Dry {
        /// How much of it.
        planned: Planned,
        /// What it is made of, in the words of [`crate::part::titles`].
        parts: Vec<Part>,
    },
}

/// What a sync would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Planned {
    /// Files of the state.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Files that would be fetched.
    pub fetch_files: u64,
    /// Bytes of them.
    pub fetch_bytes: u64,
    /// Folders of the state's tree.
    pub folders: u64,
}

/// Follows the first upstream that can be followed.
///
/// Locks: the mirror's, which `order` holds; takes the store's shared one a batch at a time, so that collection goes on.
///
/// # Errors
/// [`Error::NotAuthentic`], [`Error::BadMetadata`], [`Error::Mismatch`]: stop and look. [`Error::Upstream`], [`Error::Missing`]:
/// try later. The last snapshot stays what it is.
pub fn sync(order: &Order<'_>, monitor: &dyn Monitor) -> Result<Synced> {
    let mut bases = order.bases.iter().peekable();
    while let Some(base) = bases.next() {
        match order.follow(base, monitor) {
            Err(error) if is_of_upstream(&error) && bases.peek().is_some() => {
                monitor.problem(&Finding {
                    code: Code::UpstreamMissing,
                    subject: base.to_string(),
                    detail: format!("{error}; the next upstream is tried"),
                    remedy: "nothing, where the next one can be followed".to_owned(),
                });
            }
            done => return done,
        }
    }
    let why = "no upstream is configured";
    Err(Error::BadText { what: "upstream", value: String::new(), why })
}

/// Says whether upstream failed, and not the time of the run.
fn is_of_upstream(error: &Error) -> bool {
    error.kind() == Kind::Upstream && !matches!(error, Error::Late { .. })
}

/// How an attempt is made.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    /// Root metadata is asked for past all caches.
    is_fresh: bool,
    /// An object that the index knows is looked at before it is believed.
    is_wary: bool,
    /// All may begin anew where upstream turns out to be another by now.
    may_restart: bool,
}

/// What one look at an upstream came to.
enum Attempt {
    Done(Box<Synced>),
    /// Files are not what the metadata say.
    Lacking(Vec<Lack>),
    /// Upstream is another by now.
    Moved,
}

impl Order<'_> {
    fn follow(&self, base: &Base, monitor: &dyn Monitor) -> Result<Synced> {
        let parent = self.store.dates(&self.lock.mirror)?.pop();
        let parent = parent.map(|taken| self.store.record(&self.lock.mirror, taken)).transpose()?;
        let upstream = Upstream { http: self.http, base };
        let mut waits = waits(self.patience);
        let (mut restarts, mut losses, mut is_fresh) = (0, 0, false);
        loop {
            let way = Way { is_fresh, is_wary: losses > 0, may_restart: restarts < RESTARTS_MAX };
            let held = Held::new(monitor);
            let mut supply = Following::new(self, upstream, &held, way)?;
            let flaw = match self.attempt(&mut supply, parent.as_ref(), &held) {
                Ok(Attempt::Done(synced)) => {
                    held.tell();
                    return Ok(*synced);
                }
                Ok(Attempt::Lacking(lacks)) => Flaw::Lacks(lacks),
                Ok(Attempt::Moved) => Flaw::Moved,
                Err(error) if is_lost(&error) && losses < LOSSES_MAX => {
                    losses += 1;
                    continue;
                }
                Err(error) if error.kind() == Kind::Integrity => Flaw::Refused(error),
                Err(error) => {
                    held.tell();
                    return Err(error);
                }
            };
            // An update of upstream's own shows in its root metadata sooner or later.
            is_fresh = true;
            if way.may_restart
                && (flaw.is_move() || (flaw.may_pass() && supply.has_moved(flaw.lacks())?))
            {
                restarts += 1;
                monitor.step("upstream changed meanwhile, beginning anew", None);
                continue;
            }
            match waits.next().filter(|_| flaw.is_waited_for()) {
                None => {
                    held.tell();
                    return Err(flaw.give_up(monitor));
                }
                Some(wait) => {
                    let title = "waiting for upstream, whose files are not what it lists";
                    monitor.step(title, None);
                    self.http.pause(wait)?;
                }
            }
        }
    }

    fn attempt(
        &self,
        supply: &mut Following<'_>,
        parent: Option<&Record>,
        monitor: &dyn Monitor,
    ) -> Result<Attempt> {
        let asked = self.archive.asked()?;
        if let Some(parent) = parent.filter(|parent| {
            parent.asked == asked && !self.even_if_unchanged && self.is_proved(parent)
        }) {
            monitor.step("asking upstream whether it changed", None);
            self.archive.look(supply)?;
            if supply.is_same() {
                self.must_be_valid(parent)?;
                return Ok(Attempt::Done(Box::new(Synced::Unchanged(parent.clone()))));
            }
        }
        let state = self.archive.survey(supply, monitor)?;
        if !state.lacks.is_empty() {
            return Ok(Attempt::Lacking(state.lacks));
        }
        if state.is_doubtful && supply.way.may_restart && supply.has_moved(&[])? {
            return Ok(Attempt::Moved);
        }
        self.must_name_something(&state)?;
        if self.run == Run::Dry {
            let planned = supply.planned(&state.entries);
            let parts = match state.parts.is_empty() {
                true => part::by_path(self.archive.family(), &state.entries),
                false => state.parts,
            };
            return Ok(Attempt::Done(Box::new(Synced::Dry { planned, parts })));
        }
        supply.flush()?;
        supply.rest()?;
        let asked_anew = parent.is_some_and(|parent| parent.asked != asked);
        let sealed = self.seal(state, supply.upstream_shown(), asked_anew)?;
        supply.remember_validators()?;
        Ok(Attempt::Done(Box::new(match sealed {
            Sealed::New(record) => Synced::New(record),
            Sealed::Unchanged(record) => Synced::Unchanged(record),
        })))
    }

    /// An archive that is suddenly empty is a fault of somebody's, until a person says that it is not.
    fn must_name_something(&self, state: &State) -> Result<()> {
        let is_empty = state.proofs.iter().all(|proof| proof.files == 0);
        match state.proofs.first() {
            Some(proof) if is_empty && !self.allow_empty => Err(Error::BadMetadata {
                path: proof.root.to_string(),
                why: "its indices name not a single file; --allow-empty takes that".to_owned(),
            }),
            None if state.entries.is_empty() && !self.allow_empty => Err(Error::BadMetadata {
                path: "the listing".to_owned(),
                why: "it names not a single file that is asked for; --allow-empty takes that"
                    .to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Says whether root metadata has to be signed.
    fn is_signed(&self) -> bool {
        self.archive.belief().is_signed()
    }

    fn is_proved(&self, parent: &Record) -> bool {
        !self.is_signed() || parent.trust == Trust::Signed
    }

    /// An upstream that stopped moving is noticed when what it vouched for is over.
    fn must_be_valid(&self, parent: &Record) -> Result<()> {
        let over = parent.proofs.iter().find(|proof| {
            proof.valid_until.is_some_and(|until| until < self.now)
                && !self.archive.belief().allow_expired
        });
        match over {
            None => Ok(()),
            Some(proof) => {
                let until = proof.valid_until.map_or_else(String::new, Stamp::human);
                Err(Error::NotAuthentic {
                    path: proof.root.to_string(),
                    why: format!(
                        "it is valid until {until} UTC, and upstream has no newer one; check-valid-until = false accepts it"
                    ),
                })
            }
        }
    }

    /// Names the state.
    fn seal(&self, state: State, upstream: String, even_if_unchanged: bool) -> Result<Sealed> {
        for voucher in &state.vouchers {
            self.store.keep_certificate(self.lock, &voucher.certificate)?;
        }
        let source = format!("sync {upstream}");
        let evidence = Evidence {
            trust: state.trust(self.archive.belief()),
            upstream: Some(upstream),
            is_filtered: self.archive.is_filtered(),
            relaxed: self.relaxed.iter().cloned().chain(state.relaxed).collect(),
            asked: self.archive.asked()?,
            packages: state.packages,
            proofs: state.proofs,
        };
        let found = Found { roots: state.roots, evidence };
        let writer = self.store.writer(self.asker)?;
        let draft = self.store.draft(&mut state.entries.into_iter().map(Ok));
        let draft = draft.map_err(|error| match error {
            pinfold_store::Error::BadName { name, why, .. } => {
                Error::BadMetadata { path: name, why }
            }
            other => other.into(),
        })?;
        let seal = Seal {
            now: self.now,
            taken: None,
            family: self.archive.family().name().to_owned(),
            source,
            even_if_unchanged: self.even_if_unchanged || even_if_unchanged,
        };
        Ok(self.store.seal(self.lock, &writer, draft, &found, &seal)?)
    }
}

/// A state whose classes and names are known already.
struct Found {
    roots: Vec<RelPath>,
    evidence: Evidence,
}

impl Reading for Found {
    fn class(&self, _: &RelPath, drafted: Class) -> Class {
        drafted
    }

    fn added(&self) -> Vec<(RelPath, RelPath)> {
        Vec::new()
    }

    fn roots(&self) -> Vec<RelPath> {
        self.roots.clone()
    }

    fn evidence(&self) -> Evidence {
        self.evidence.clone()
    }

    fn is_final(&self) -> bool {
        true
    }
}

/// The waits for an upstream in the middle of its own update: each twice as long as the last, all together as long as the
/// patience lasts. For a quarter of an hour: half a minute, 1, 2, 4 and 8 minutes.
fn waits(patience: Duration) -> impl Iterator<Item = Duration> {
    let steps = if patience.is_zero() { 0 } else { 5 };
    (0..steps).map(move |step| patience * (1 << step) / 31)
}

/// Says whether an object of the store is not there: a collection took what no snapshot named yet, or the disk lost it.
fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Store(pinfold_store::Error::MissingObject { .. }))
}

#[cfg(test)]
mod tests;
