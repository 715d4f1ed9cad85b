//! Doing what was decided: trees down, snapshots dropped, one after the other, each decided again under the locks.

use std::time::{Duration, Instant};

use pinfold_store::disk::Weight;
use pinfold_store::gc::{Collected, Dropping};
use pinfold_store::lock::{Asker, MirrorLock};
use pinfold_store::{Error as StoreError, Monitor, Name, Stamp, Store};

use super::{Fate, Holds, Rules, Soak, Times, holds, keep};
use crate::publish::{self, Locks, at};
use crate::{Error, Result};

/// How long the site waits for a writer before others may have the site again.
const TURN: Duration = Duration::from_millis(500);

/// What is wanted of a mirror's past.
#[derive(Debug, Clone)]
pub struct Want {
    /// The mirror.
    pub mirror: Name,
    /// Its rules; everything is kept where there are none.
    pub rules: Option<Rules>,
    /// The times that decisions are made by.
    pub times: Times,
    /// What soaks for whom.
    pub soaks: Vec<Soak>,
}

/// What becomes of one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The snapshot.
    pub taken: Stamp,
    /// What becomes of it.
    pub fate: Fate,
    /// Its tree stands.
    pub stands: bool,
}

impl Step {
    /// Says whether anything is to be done.
    #[must_use]
    pub const fn is_change(&self) -> bool {
        match self.fate {
            Fate::Published(_) => false,
            Fate::Cold(_) => self.stands,
            Fate::Dropped(_) => true,
        }
    }

    const fn is_drop(&self) -> bool {
        matches!(self.fate, Fate::Dropped(_))
    }
}

/// What was done to a mirror's past, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// What changed; what stays as it is is not among them.
    pub steps: Vec<Step>,
    /// Objects that went.
    pub objects: u64,
    /// What came back: trees, folders of the union, objects, manifests, records.
    pub freed: Weight,
    /// Days and hours that went, less those that came: an inode each.
    pub links: i64,
    /// Pins that had expired and were taken away.
    pub expired: Vec<(Stamp, Name)>,
}

impl Applied {
    /// Inodes that came back.
    #[must_use]
    pub fn inodes(&self) -> u64 {
        self.freed.inodes.saturating_add_signed(self.links)
    }

    fn add(&mut self, collected: Collected) {
        self.objects += collected.objects;
        self.freed.add(collected.freed);
    }
}

/// Decides over all snapshots of a mirror.
///
/// Cost: a list of names; no record is read and no manifest opened.
///
/// # Errors
/// They cannot be listed.
pub fn plan(store: &Store, want: &Want, holds: &Holds) -> Result<Vec<Step>> {
    let dates = store.dates(&want.mirror)?;
    let published = publish::published_dates(store, &want.mirror)?;
    let fates = keep(&want.times, &dates, want.rules.as_ref(), holds.of(&want.mirror));
    let step = |(taken, fate)| {
        let stands = published.binary_search(&taken).is_ok();
        Step { taken, fate, stands }
    };
    Ok(fates.into_iter().map(step).collect())
}

/// Says what plans would do and give back, done one after the other; changes nothing and takes no lock.
///
/// # Errors
/// The index does not know a snapshot; a file cannot be looked at.
pub fn weigh(store: &Store, plans: &[(Want, Vec<Step>)]) -> Result<Vec<Applied>> {
    let mut all = Vec::with_capacity(plans.len());
    let mut dropped = Vec::new();
    for (want, steps) in plans {
        let steps: Vec<Step> = steps.iter().filter(|step| step.is_change()).cloned().collect();
        let down: Vec<Stamp> =
            steps.iter().filter(|step| step.stands).map(|step| step.taken).collect();
        let gone: Vec<Stamp> =
            steps.iter().filter(|step| step.is_drop()).map(|step| step.taken).collect();
        let mut freed = Weight::default();
        if !down.is_empty() {
            freed.add(publish::weigh(store, &want.mirror, &down)?);
        }
        let links = if gone.is_empty() { 0 } else { at::weigh(store, &want.mirror, &gone)? };
        let expired = expired(store, want)?;
        for (taken, name) in &expired {
            freed.add(store.weigh_pin(&want.mirror, *taken, name)?);
        }
        dropped.extend(gone.into_iter().map(|taken| (all.len(), want.mirror.clone(), taken)));
        all.push(Applied { steps, objects: 0, freed, links, expired });
    }
    let names: Vec<(Name, Stamp)> =
        dropped.iter().map(|(_, mirror, taken)| (mirror.clone(), *taken)).collect();
    if names.is_empty() {
        return Ok(all);
    }
    for ((number, ..), collected) in dropped.iter().zip(store.would_free(&names)?) {
        if let Some(applied) = all.get_mut(*number) {
            applied.add(collected);
        }
    }
    Ok(all)
}

/// Does what a plan says, as far as it still holds: each snapshot is decided over again under the locks.
///
/// Locks: the mirror's; takes the site's for each snapshot, and the store's in batches. Durable: yes, snapshot by snapshot.
/// Cost: what goes.
///
/// # Errors
/// [`StoreError::Busy`] where another run holds the site or the store for longer than the asker waits; what was done is done.
/// [`StoreError::Stale`] where the index must be rebuilt: nothing was done.
pub fn apply(
    store: &Store,
    lock: &MirrorLock,
    (want, steps): (&Want, &[Step]),
    asker: &Asker,
    monitor: &dyn Monitor,
) -> Result<Applied> {
    if steps.iter().any(Step::is_change) {
        // A tree's names leave the union by the index: without it none is touched. What a crash left of it is completed under the
        // mirror's lock, which is ours here.
        drop(store.ready(lock)?);
    }
    let (expired, freed) = let_expired_go(store, lock, want)?;
    let mut done = Applied { expired, freed, ..Applied::default() };
    let work = Work { store, lock, want, asker, monitor };
    for step in steps.iter().filter(|step| step.is_change()) {
        work.one(step, &mut done)?;
    }
    Ok(done)
}

/// Takes pins away that hold nothing any more, names them, and gives what came back.
///
/// # Errors
/// One cannot be read or removed.
pub fn let_expired_go(
    store: &Store,
    lock: &MirrorLock,
    want: &Want,
) -> Result<(Vec<(Stamp, Name)>, Weight)> {
    let expired = expired(store, want)?;
    let mut freed = Weight::default();
    for (taken, name) in &expired {
        freed.add(store.weigh_pin(&want.mirror, *taken, name)?);
        store.unpin(lock, name)?;
    }
    Ok((expired, freed))
}

/// Says whether a mirror has pins that hold nothing any more.
///
/// # Errors
/// One cannot be read.
pub fn has_expired(store: &Store, want: &Want) -> Result<bool> {
    Ok(!expired(store, want)?.is_empty())
}

/// The pins of a mirror that hold nothing any more.
fn expired(store: &Store, want: &Want) -> Result<Vec<(Stamp, Name)>> {
    let mut expired = store.all_pins(&want.mirror)?;
    expired.retain(|(_, _, pin)| pin.is_over(want.times.now));
    Ok(expired.into_iter().map(|(taken, name, _)| (taken, name)).collect())
}

struct Work<'a> {
    store: &'a Store,
    lock: &'a MirrorLock,
    want: &'a Want,
    asker: &'a Asker,
    monitor: &'a dyn Monitor,
}

impl Work<'_> {
    /// One snapshot. The site is let go while a writer is waited for, so that a rollback need not wait with us.
    fn one(&self, step: &Step, done: &mut Applied) -> Result<()> {
        let begun = Instant::now();
        loop {
            let tried = self.under_site(step, done);
            match tried {
                Ok(None) => return Ok(()),
                Ok(Some(dropping)) => {
                    done.add(self.store.finish_drop(dropping, self.asker, self.monitor)?);
                    return Ok(());
                }
                Err(Error::Store(StoreError::Busy { .. })) if begun.elapsed() < self.asker.wait => {
                    std::thread::sleep(TURN / 10);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// What must be done while nobody moves a channel.
    fn under_site(&self, step: &Step, done: &mut Applied) -> Result<Option<Dropping>> {
        let Self { store, lock, want, monitor, .. } = *self;
        let mirror = &want.mirror;
        let site = store.lock_site(self.asker)?;
        let Some(now) = self.decide(step.taken)?.filter(Step::is_change) else { return Ok(None) };
        let turn = Asker { verb: self.asker.verb.clone(), wait: self.asker.wait.min(TURN) };
        if now.is_drop() {
            // The tree goes only where the snapshot can go after it: nobody writes, the index is whole.
            store.may_collect(lock, &turn)?;
        }
        let noted = |done: &mut Applied| {
            if done.steps.last().is_none_or(|last| last.taken != now.taken) {
                done.steps.push(Step { stands: step.stands, ..now.clone() });
            }
        };
        if now.stands {
            let writer = store.writer(&turn)?;
            let locks = Locks { site: &site, writer: &writer };
            let weight = publish::take_down(store, mirror, now.taken, locks, monitor)?;
            done.freed.add(weight.unwrap_or_default());
            noted(done);
        }
        if !now.is_drop() {
            return Ok(None);
        }
        done.links += at::forget(store, mirror, now.taken)?;
        let dropping = store.begin_drop(lock, now.taken, &turn)?;
        noted(done);
        Ok(Some(dropping))
    }

    /// Decides over one snapshot again; `None` where it went meanwhile.
    fn decide(&self, taken: Stamp) -> Result<Option<Step>> {
        let Want { mirror, times, soaks, .. } = self.want;
        let holds = holds(self.store, times, soaks, std::slice::from_ref(mirror))?;
        Ok(plan(self.store, self.want, &holds)?.into_iter().find(|step| step.taken == taken))
    }
}
