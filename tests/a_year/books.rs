//! What must be: promotion and retention worked out a second time, in the plainest way, beside what Pinfold does.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::upstreams::{MIRRORS, State};

/// The zone of schedules and days.
pub(super) const ZONE: &str = "Europe/Berlin";
/// How long a snapshot stays in staging before production takes it.
pub(super) const SOAK: SignedDuration = SignedDuration::from_hours(3 * 24);
/// How long trees stand after they were shown or taken.
pub(super) const GRACE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The day of a time, where the site is.
pub(super) fn day_of(time: Timestamp) -> Date {
    jiff::tz::TimeZone::get(ZONE).unwrap().to_datetime(time).date()
}

/// Names the day, week or month of a day.
type Period = fn(Date) -> String;

/// How long a mirror's snapshots are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    pub(super) daily: usize,
    pub(super) weekly: usize,
    pub(super) monthly: usize,
    pub(super) within: SignedDuration,
}

impl Keep {
    /// As a mirror's file says it.
    pub(super) fn written(&self) -> String {
        let Self { daily, weekly, monthly, within } = self;
        let days = within.as_hours() / 24;
        format!(
            "keep = {{ daily = {daily}, weekly = {weekly}, monthly = {monthly}, within = \"{days}d\" }}\n"
        )
    }

    /// Which of these dates it keeps.
    fn of(&self, dates: &BTreeSet<Timestamp>) -> BTreeSet<Timestamp> {
        let mut kept = BTreeSet::new();
        let periods: [(usize, Period); 3] = [
            (self.daily, |day| day.to_string()),
            (self.weekly, |day| {
                let week = day.iso_week_date();
                format!("{} {}", week.year(), week.week())
            }),
            (self.monthly, |day| day.strftime("%Y-%m").to_string()),
        ];
        for (count, period) in periods {
            let mut seen = BTreeSet::new();
            for date in dates.iter().rev() {
                let period = period(day_of(*date));
                if seen.len() < count && seen.insert(period) {
                    kept.insert(*date);
                }
            }
        }
        let newest = dates.last().copied().unwrap_or_default();
        kept.extend(dates.iter().filter(|date| newest.duration_since(**date) <= self.within));
        kept
    }
}

/// A channel showed a snapshot for a time.
#[derive(Debug)]
struct Shown {
    channel: &'static str,
    mirror: &'static str,
    date: Timestamp,
    since: Timestamp,
    until: Option<Timestamp>,
}

/// The books.
#[derive(Debug, Default)]
pub(super) struct Books {
    states: BTreeMap<(&'static str, Timestamp), State>,
    /// The snapshots that are kept of each mirror.
    pub(super) kept: BTreeMap<&'static str, BTreeSet<Timestamp>>,
    /// Those of them whose trees stand.
    pub(super) published: BTreeMap<&'static str, BTreeSet<Timestamp>>,
    shown: Vec<Shown>,
    /// What each channel showed of each mirror, without what was rolled back.
    stacks: BTreeMap<(&'static str, &'static str), Vec<Timestamp>>,
    /// Snapshots that a pin holds, and until when.
    pub(super) pinned: Vec<(&'static str, Timestamp, Timestamp)>,
    /// Mirrors that stay in production, and until when.
    pub(super) held: BTreeMap<&'static str, Timestamp>,
}

impl Books {
    /// A snapshot was taken of this state.
    pub(super) fn take(&mut self, mirror: &'static str, date: Timestamp, state: &State) {
        self.kept.entry(mirror).or_default().insert(date);
        self.published.entry(mirror).or_default().insert(date);
        self.states.insert((mirror, date), state.clone());
    }

    /// What the snapshot that a channel shows of each mirror holds.
    pub(super) fn states(&self, channel: &str) -> BTreeMap<&'static str, State> {
        let of = |mirror| {
            let date = self.shows(channel, mirror)?;
            Some((mirror, self.states[&(mirror, date)].clone()))
        };
        MIRRORS.into_iter().filter_map(of).collect()
    }

    /// The state that a snapshot holds.
    pub(super) fn state(&self, mirror: &'static str, date: Timestamp) -> &State {
        &self.states[&(mirror, date)]
    }

    /// What a channel shows.
    pub(super) fn shows(&self, channel: &str, mirror: &str) -> Option<Timestamp> {
        let is_it = |shown: &&Shown| {
            shown.until.is_none() && shown.channel == channel && shown.mirror == mirror
        };
        self.shown.iter().find(is_it).map(|shown| shown.date)
    }

    /// What a rollback takes the channel to.
    pub(super) fn before(&self, channel: &str, mirror: &str) -> Option<Timestamp> {
        self.stacks.get(&(channel, mirror))?.iter().rev().nth(1).copied()
    }

    /// A rollback takes the channel there, and nothing moves it again.
    pub(super) fn back(&mut self, channel: &'static str, mirror: &'static str, now: Timestamp) {
        let before = self.before(channel, mirror).unwrap();
        self.change(channel, mirror, before, now);
        self.stacks.get_mut(&(channel, mirror)).unwrap().pop();
        self.held.insert(mirror, Timestamp::MAX);
    }

    /// A channel moves on.
    pub(super) fn show(
        &mut self,
        channel: &'static str,
        mirror: &'static str,
        date: Timestamp,
        now: Timestamp,
    ) {
        if self.shows(channel, mirror) != Some(date) {
            self.change(channel, mirror, date, now);
            self.stacks.entry((channel, mirror)).or_default().push(date);
        }
    }

    fn change(
        &mut self,
        channel: &'static str,
        mirror: &'static str,
        date: Timestamp,
        now: Timestamp,
    ) {
        for shown in &mut self.shown {
            if shown.until.is_none() && shown.channel == channel && shown.mirror == mirror {
                shown.until = Some(now);
            }
        }
        self.published.entry(mirror).or_default().insert(date);
        self.shown.push(Shown { channel, mirror, date, since: now, until: None });
    }

    /// Staging takes the newest.
    pub(super) fn promote_staging(&mut self, mirror: &'static str, now: Timestamp) {
        if let Some(newest) = self.kept.get(mirror).and_then(|dates| dates.last().copied()) {
            self.show("staging", mirror, newest, now);
        }
    }

    /// Production takes the newest that has soaked, unless it is held, and never goes back by itself.
    pub(super) fn promote_production(&mut self, mirror: &'static str, now: Timestamp) {
        if self.held.get(mirror).is_some_and(|until| *until > now) {
            return;
        }
        if let Some(date) = self.waits(mirror, now) {
            self.show("production", mirror, date, now);
        }
    }

    /// What production takes next.
    fn waits(&self, mirror: &str, now: Timestamp) -> Option<Timestamp> {
        let shown = self.shows("production", mirror);
        self.soaked(mirror, now).filter(|date| shown.is_none_or(|shown| shown < *date))
    }

    /// The newest snapshot that has soaked in staging.
    fn soaked(&self, mirror: &str, now: Timestamp) -> Option<Timestamp> {
        let first = self.first_shown(mirror);
        let soaked = first.iter().filter(|(_, since)| now.duration_since(**since) >= SOAK);
        soaked.map(|(date, _)| *date).max()
    }

    /// When staging first showed each snapshot.
    fn first_shown(&self, mirror: &str) -> BTreeMap<Timestamp, Timestamp> {
        let mut first = BTreeMap::new();
        for shown in &self.shown {
            if shown.channel == "staging" && shown.mirror == mirror {
                first.entry(shown.date).or_insert(shown.since);
            }
        }
        first
    }

    /// Retention: afterwards the books say what must be kept, and what must be published.
    pub(super) fn retain(&mut self, now: Timestamp, keep: impl Fn(&str) -> Keep) {
        for mirror in MIRRORS {
            let held = self.held_now(mirror, now);
            // A rollback must find what it goes back to.
            let before = ["staging", "production"].map(|channel| self.before(channel, mirror));
            let Some(dates) = self.kept.get_mut(mirror) else { continue };
            let kept = keep(mirror).of(dates);
            dates.retain(|date| {
                kept.contains(date) || held.contains(date) || before.contains(&Some(*date))
            });
            // What went cold is not published again by a hold.
            self.published.entry(mirror).or_default().retain(|date| held.contains(date));
        }
    }

    /// The snapshots that no rule drops, and whose trees stay.
    fn held_now(&self, mirror: &str, now: Timestamp) -> BTreeSet<Timestamp> {
        let dates = self.kept.get(mirror).cloned().unwrap_or_default();
        let soaking = self.first_shown(mirror);
        let is_within = |time: &Timestamp, of: SignedDuration| now.duration_since(*time) < of;
        let is_held = |date: &Timestamp| {
            is_within(date, GRACE)
                || Some(date) == dates.last()
                || self.waits(mirror, now) == Some(*date)
                || soaking.get(date).is_some_and(|since| is_within(since, SOAK))
                || self
                    .pinned
                    .iter()
                    .any(|(of, pinned, until)| *of == mirror && pinned == date && *until > now)
                || self.shown.iter().any(|shown| {
                    shown.mirror == mirror
                        && shown.date == *date
                        && shown.until.is_none_or(|until| is_within(&until, GRACE))
                })
        };
        dates.iter().copied().filter(is_held).collect()
    }
}
