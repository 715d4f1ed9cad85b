//! The syncs of a run: which are due, how many are under way at once, and what happens beside them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pinfold_publisher::schedule::{self, Due, What};
use pinfold_store::{Name, Stamp, Store};

use super::syncing::{Manner, Syncing};
use super::{Told, steps};
use crate::cmd::tried;
use crate::context::Context;
use crate::failure::Failure;
use crate::tool::TICK;

/// A sync that takes longer makes room for the next one, and promotions wait for it no more.
const LONG: Duration = Duration::from_secs(3600);
/// How often it is looked what has become due.
const LOOK: Duration = Duration::from_secs(30);

/// The syncs of a run.
#[derive(Debug)]
pub(super) struct Queue<'a> {
    context: &'a Context,
    store: &'a Store,
    /// What was tried in this run, and when: what is due because the last try failed here waits for the next run.
    tried: BTreeMap<Name, Stamp>,
    syncing: Vec<Syncing>,
}

impl<'a> Queue<'a> {
    pub(super) fn new(context: &'a Context, store: &'a Store) -> Self {
        Self { context, store, tried: BTreeMap::new(), syncing: Vec::new() }
    }

    /// Says which mirrors are to be synced, those that waited longest first.
    pub(super) fn syncs(&self, now: Stamp) -> Vec<(Name, Due)> {
        let mut due = Vec::new();
        for (name, mirror) in &self.context.config.mirrors {
            let schedule = &mirror.course.schedule;
            let is_active = self.context.config.is_active(name);
            if !is_active
                || schedule.is_never()
                || self.syncing.iter().any(|one| one.mirror == *name)
            {
                continue;
            }
            let last = match self.tried.get(name) {
                None => tried::last(self.store, What::Mirror(name)),
                Some(_) => tried::last_sync(self.store, name),
            };
            let zone = &self.context.config.zone;
            let Some(why) = schedule::due(schedule, zone, last.as_ref(), now) else { continue };
            let is_new = match (self.tried.get(name), why) {
                (None, _) | (Some(_), Due::Again) => true,
                (Some(tried), Due::Time(time)) => time > *tried,
                (Some(_), Due::First | Due::Retry) => false,
            };
            // Whoever works on it at this moment is left alone.
            if is_new && self.store.holder(name).is_none() {
                due.push((last.map(|last| last.at), name.clone(), why));
            }
        }
        due.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        due.into_iter().map(|(_, name, why)| (name, why)).collect()
    }

    /// Syncs what is due and promotes after that, until nothing is left and nothing is under way.
    pub(super) fn work(&mut self, told: &mut Told<'_>) {
        let mut moved = BTreeMap::new();
        loop {
            let context = match self.context.later() {
                Ok(context) => context,
                Err(failure) => return told.failed("run", "pinfold", &failure),
            };
            let waiting = self.begin(&context, told);
            if waiting == 0 && self.young() == 0 {
                steps::promote(&context, self.store, &mut moved, told);
            }
            if waiting == 0 && self.syncing.is_empty() {
                return;
            }
            self.wait(told);
        }
    }

    /// How many syncs are under way for less than a long time.
    fn young(&self) -> usize {
        self.syncing.iter().filter(|one| one.elapsed() < LONG).count()
    }

    /// Begins as many syncs as there is room for; gives how many wait.
    fn begin(&mut self, context: &Context, told: &mut Told<'_>) -> usize {
        let due = self.syncs(context.now);
        let room = context.config.parallel.saturating_sub(self.young());
        for (mirror, _) in due.iter().take(room) {
            self.tried.insert(mirror.clone(), context.now);
            match self.start(context, mirror) {
                Ok(syncing) => self.syncing.push(syncing),
                Err(failure) => told.failed("sync", mirror.as_str(), &failure),
            }
        }
        due.len().saturating_sub(room)
    }

    fn start(&self, context: &Context, mirror: &Name) -> Result<Syncing, Failure> {
        let is_first = self.store.dates(mirror)?.is_empty();
        let manner = if is_first { Manner::First } else { Manner::Usual };
        Syncing::start(context, self.store, mirror, manner)
    }

    /// Waits until a sync ends, or until something else may have become due.
    fn wait(&mut self, told: &mut Told<'_>) {
        let names: Vec<&str> = self.syncing.iter().map(|one| one.mirror.as_str()).collect();
        told.waits_for(&names.join(", "));
        let begun = Instant::now();
        let before = self.syncing.len();
        while self.syncing.len() == before && before > 0 && begun.elapsed() < LOOK {
            std::thread::sleep(TICK);
            let (context, store) = (self.context, self.store);
            self.syncing.retain_mut(|one| !one.has_ended((context, store), told));
        }
    }
}

/// Says for people why something is due.
pub(super) fn shown(context: &Context, due: Due) -> String {
    match due {
        Due::First => "it was never tried".to_owned(),
        Due::Time(time) => format!("since {}", context.shown(time)),
        Due::Again => "upstream failed, and the wait is over".to_owned(),
        Due::Retry => "the last try failed on this machine".to_owned(),
    }
}
