//! What a promotion is decided on: the channel as it is, what is asked of it, and what may be shown.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_publisher::generation::{self, Generation};
use pinfold_publisher::layout::Spec;
use pinfold_publisher::pins;
use pinfold_publisher::policy::{
    self, By, Candidate, Decision, Group, Rules, Seek, Setting, Wanted, Wish,
};
use pinfold_store::refs::Pin;
use pinfold_store::{Name, Stamp};

use super::Request;
use crate::args::Promote;
use crate::failure::Failure;

/// A channel as it is, and what is asked of it.
pub(super) struct View {
    pub(super) current: Generation,
    pub(super) wishes: Vec<Wish>,
    pins: BTreeMap<Name, Pin>,
    groups: Vec<Group>,
}

/// A mirror that is asked for, and the snapshot where one was named.
struct Asked {
    by: By,
    exactly: Option<Stamp>,
}

impl Request<'_> {
    /// Looks at everything that counts.
    pub(super) fn look(&self) -> Result<View, Failure> {
        let current = generation::current(self.store, self.channel)?;
        let pins = pins::list(self.store, self.channel)?;
        let groups: Vec<Group> = self
            .settings
            .groups
            .iter()
            .map(|(name, mirrors)| Group {
                name: name.to_string(),
                mirrors: mirrors.iter().cloned().collect(),
            })
            .collect();
        let mut asked = self.asked()?;
        for group in &groups {
            if group.mirrors.iter().any(|mirror| asked.contains_key(mirror)) {
                for mirror in &group.mirrors {
                    asked.entry(mirror.clone()).or_insert(Asked { by: By::Nobody, exactly: None });
                }
            }
        }
        let mut candidates = match self.from() {
            Some(from) => self.taken_over(from, &current, &asked)?,
            None => self.newest(&current, &asked)?,
        };
        let wishes = asked
            .into_iter()
            .map(|(mirror, asked)| Wish {
                by: asked.by,
                candidates: candidates.remove(&mirror).unwrap_or_default(),
                rules: self.rules(&mirror),
                mirror,
            })
            .collect();
        Ok(View { current, wishes, pins, groups })
    }

    /// Decides by what was seen.
    pub(super) fn decide(&self, view: &View) -> Decision {
        policy::decide(&self.setting(view), &view.wishes)
    }

    /// Says when each mirror moves by the schedule.
    pub(super) fn moves_at(&self, view: &View) -> BTreeMap<Name, Stamp> {
        let zone = &self.context.config.zone;
        let next = |now| self.settings.schedule.next(now, zone);
        policy::moves_at(&self.setting(view), &view.wishes, &next)
    }

    fn setting<'v>(&'v self, view: &'v View) -> Setting<'v> {
        Setting {
            now: self.context.now,
            zone: &self.context.config.zone,
            current: &view.current,
            from: self.from(),
            pins: &view.pins,
            groups: &view.groups,
            patience: self.patience(),
        }
    }

    fn rules(&self, mirror: &Name) -> Rules {
        let rules = self.context.config.rules(self.channel, mirror);
        Rules { after: rules.after.unwrap_or_default(), freeze: rules.freeze.unwrap_or_default() }
    }

    /// Who is asked for.
    fn asked(&self) -> Result<BTreeMap<Name, Asked>, Failure> {
        let config = &self.context.config;
        let mirrors = config.mirrors.iter().filter(|(_, mirror)| mirror.cache.is_none());
        let mirrors = mirrors.map(|(name, _)| name.clone());
        let each = |by: By, names: Vec<Name>| {
            names.into_iter().map(|name| (name, Asked { by, exactly: None })).collect()
        };
        match self.typed {
            // What was retracted is moved by nobody's schedule.
            None => Ok(each(By::Schedule, mirrors.filter(|name| config.is_active(name)).collect())),
            Some(args) if !args.all => self.named(args),
            Some(_) => Ok(match self.from() {
                Some(from) => {
                    let shown = generation::current(self.store, from)?.mirrors;
                    each(By::Sweep, shown.into_keys().collect())
                }
                None => each(By::Sweep, mirrors.collect()),
            }),
        }
    }

    /// The mirrors that were named.
    fn named(&self, args: &Promote) -> Result<BTreeMap<Name, Asked>, Failure> {
        let mut asked: BTreeMap<Name, Asked> = BTreeMap::new();
        for spec in &args.snapshots {
            if let Some(from) = args.from.as_ref().filter(|_| spec.wanted.is_none()) {
                self.must_show(from, &spec.mirror)?;
            }
            let exactly = self.exactly(spec)?;
            let before = asked.insert(spec.mirror.clone(), Asked { by: By::Name, exactly });
            if before.is_some_and(|before| before.exactly != exactly) {
                return Err(Failure::usage(format!(
                    "mirror {} is named twice with different snapshots",
                    spec.mirror
                )));
            }
        }
        Ok(asked)
    }

    /// The snapshot that was named; `None` where the policy says which.
    fn exactly(&self, spec: &Spec) -> Result<Option<Stamp>, Failure> {
        if spec.wanted.is_some() || self.from().is_none() {
            let taken = spec.resolve(self.store)?;
            return Ok(spec.wanted.is_some().then_some(taken));
        }
        Ok(None)
    }

    /// Refuses a channel that was typed and has nothing of a mirror.
    fn must_show(&self, from: &Name, mirror: &Name) -> Result<(), Failure> {
        if generation::current(self.store, from)?.mirrors.contains_key(mirror) {
            return Ok(());
        }
        Err(Failure::usage(format!("channel {from} shows no snapshot of {mirror}"))
            .hint(format!("pinfold promote {mirror} --to {from}")))
    }

    /// What mirrors have, newest first: their age counts.
    fn newest(
        &self,
        current: &Generation,
        asked: &BTreeMap<Name, Asked>,
    ) -> Result<BTreeMap<Name, Vec<Candidate>>, Failure> {
        let mut candidates = BTreeMap::new();
        let of = |snapshot: Stamp| Candidate { snapshot, since: Some(snapshot) };
        for (mirror, asked) in asked {
            let shown = current.mirrors.get(mirror).map(|shown| shown.snapshot);
            let dates = self.store.dates(mirror)?;
            let found = match (asked.exactly, dates.last()) {
                (Some(taken), _) => vec![of(taken)],
                (None, None) => Vec::new(),
                (None, Some(newest)) => {
                    let newer = dates.iter().rev().skip(1);
                    let newer =
                        newer.copied().take_while(|taken| shown.is_none_or(|shown| shown < *taken));
                    std::iter::once(*newest).chain(newer).map(of).collect()
                }
            };
            candidates.insert(mirror.clone(), found);
        }
        Ok(candidates)
    }

    /// What a channel showed that may be taken over, newest first; what was dropped since is not in it.
    fn taken_over(
        &self,
        from: &Name,
        current: &Generation,
        asked: &BTreeMap<Name, Asked>,
    ) -> Result<BTreeMap<Name, Vec<Candidate>>, Failure> {
        let now = self.context.now.seconds();
        let seek = |mirror: &Name, asked: &Asked| {
            let after = i64::try_from(self.rules(mirror).after.as_secs()).unwrap_or(i64::MAX);
            let shown = current.mirrors.get(mirror).map(|shown| shown.snapshot);
            Seek {
                wanted: asked.exactly.map_or(Wanted::Above(shown), Wanted::Exactly),
                ripe: Stamp::from_seconds(now.saturating_sub(after)),
            }
        };
        let seeks = asked.iter().map(|(mirror, asked)| (mirror.clone(), seek(mirror, asked)));
        let history = generation::walk(self.store, from);
        let mut candidates = policy::candidates(history, &seeks.collect())?;
        for (mirror, found) in &mut candidates {
            let dates: BTreeSet<Stamp> = self.store.dates(mirror)?.into_iter().collect();
            found.retain(|one| dates.contains(&one.snapshot));
        }
        Ok(candidates)
    }
}
