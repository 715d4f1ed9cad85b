//! `promote` and `rollback`: channels move.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_mirror::apt::Signed;
use pinfold_mirror::family::Family;
use pinfold_publisher::generation::{self, Generation, Move, Target};
use pinfold_publisher::policy::{self, Plan};
use pinfold_publisher::{pins, publish};
use pinfold_store::lock::{SiteLock, Writer};
use pinfold_store::refs::Pin;
use pinfold_store::{Name, Stamp, Store, disk};

use super::Done;
use crate::args::{Promote, Rollback};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Progress};

/// How far the clock may be behind the dates that were given out before it is worth a word.
const CLOCK_SECONDS: i64 = 60;

/// The locks of a move, and what it moves from.
struct Ready<'a> {
    context: &'a Context,
    store: &'a Store,
    site: SiteLock,
    writer: Writer,
    current: Generation,
}

impl<'a> Ready<'a> {
    fn new(context: &'a Context, store: &'a Store, channel: &Name) -> Result<Self, Failure> {
        let site = store.lock_site(&context.asker())?;
        let writer = store.writer(&context.asker())?;
        let current = generation::current(store, channel)?;
        Ok(Self { context, store, site, writer, current })
    }

    /// Publishes what moves where it is not, so that the flip leads to standing trees.
    fn publish(&self, plan: &Plan) -> Result<(), Failure> {
        let progress = Progress::new();
        for (mirror, target) in &plan.moves {
            if !publish::is_published(self.store, mirror, target.snapshot)? {
                let locks = publish::Locks { site: &self.site, writer: &self.writer };
                publish::publish(self.store, mirror, target.snapshot, locks, &progress)?;
            }
        }
        Ok(())
    }

    /// Moves the channel. Where the clock is far behind what root metadata said once, clients are told of no future.
    fn flip(&self, plan: &Plan, verb: &str, reason: &str) -> Result<Generation, Failure> {
        let wanted = Move {
            channel: self.current.channel.clone(),
            expect: self.current.number,
            shown: plan.shown(&self.current),
            anew: BTreeSet::new(),
            verb: verb.to_owned(),
            who: self.context.who.clone(),
            reason: reason.to_owned(),
            now: self.context.now,
        };
        let next = generation::point(self.store, &wanted, &self.site, &|heads| {
            self.context.heads(self.store, heads)
        })?;
        if next.date > self.context.now.seconds() + CLOCK_SECONDS {
            ui::tell(&format!(
                "{}: a move once said the date {} UTC, which is to come by this machine's clock: apt takes the channel's metadata only from then on; see that the clock is right",
                next.channel,
                Stamp::from_seconds(next.date).human()
            ));
        }
        Ok(next)
    }

    /// Says what moves and what stays. Without moves the answer is no.
    fn tell(&self, plan: &Plan, next: Option<&Generation>) -> Done {
        let channel = &self.current.channel;
        if self.context.json {
            let moves: BTreeMap<&Name, serde_json::Value> = plan
                .moves
                .iter()
                .map(|(mirror, target)| {
                    let was = self.current.mirrors.get(mirror).map(|shown| shown.snapshot);
                    (mirror, serde_json::json!({ "from": was, "to": target.snapshot }))
                })
                .collect();
            ui::print_json(&serde_json::json!({
                "channel": channel, "generation": next.map(|next| next.number), "moves": moves, "stays": plan.stays,
            }))?;
        } else {
            let mut text = String::new();
            for (mirror, target) in &plan.moves {
                let was = self
                    .current
                    .mirrors
                    .get(mirror)
                    .map_or_else(|| "nothing".to_owned(), |shown| shown.snapshot.to_string());
                let verb = if next.is_some() { "moved" } else { "would move" };
                text.push_str(&format!(
                    "{channel}: {mirror} {verb} from {was} to {}\n",
                    target.snapshot
                ));
            }
            if let Some(next) = next {
                text.push_str(&format!("{channel} is at generation {}\n", next.number));
            }
            ui::print(&text)?;
        }
        for (mirror, why) in &plan.stays {
            ui::tell(&format!("{channel}: {mirror} stays: it {why}"));
        }
        if plan.moves.is_empty() && plan.stays.is_empty() {
            ui::tell(&format!("{channel}: there is nothing to move"));
        }
        Ok(if plan.moves.is_empty() { Outcome::No } else { Outcome::Done })
    }
}

pub(super) fn promote(context: &Context, args: &Promote) -> Done {
    context.check_channel(&args.to)?;
    let store = context.store()?;
    let ready = Ready::new(context, &store, &args.to)?;
    let from = args.from.as_ref().map(|from| generation::current(&store, from)).transpose()?;
    let wanted = if args.all {
        all(context, &store, from.as_ref())?
    } else {
        named(&store, args, from.as_ref())?
    };
    let held = pins::list(&store, &args.to)?;
    let mut plan = policy::promote(&ready.current, &wanted, &held, args.all);
    if !args.allow_empty {
        hold_the_empty(&store, &mut plan)?;
    }
    // By name: what the channel shows already, too, for a run that died between the move and the pin.
    let let_go = |mirror: &&Name| !args.all && held.contains_key(*mirror);
    if context.dry_run {
        return ready.tell(&plan, None);
    }
    let mut next = None;
    if !plan.moves.is_empty() {
        ready.publish(&plan)?;
        next = Some(ready.flip(&plan, "promote", &args.reason)?);
    }
    for mirror in wanted.iter().map(|(mirror, _)| mirror).filter(let_go) {
        if shows(next.as_ref().unwrap_or(&ready.current), mirror, &wanted) {
            pins::remove(&store, &ready.site, &args.to, mirror)?;
            ui::tell(&format!("{}: the pin of {mirror} is gone: it was promoted by name", args.to));
        }
    }
    ready.tell(&plan, next.as_ref())
}

/// Says whether a generation shows what was wanted of a mirror.
fn shows(generation: &Generation, mirror: &Name, wanted: &[(Name, Stamp)]) -> bool {
    generation.mirrors.get(mirror).is_some_and(|shown| {
        wanted.iter().any(|(name, taken)| name == mirror && *taken == shown.snapshot)
    })
}

/// Keeps a snapshot without files from being shown: a mirror tool that failed, or a disk that was not mounted, left it.
fn hold_the_empty(store: &Store, plan: &mut Plan) -> Result<(), Failure> {
    for (mirror, target) in std::mem::take(&mut plan.moves) {
        let record = store.record(&mirror, target.snapshot)?;
        if record.files + record.links > 0 {
            plan.moves.insert(mirror, target);
        } else {
            let why =
                format!("has no file in {}: --allow-empty shows it all the same", target.snapshot);
            plan.stays.insert(mirror, why);
        }
    }
    Ok(())
}

/// The snapshots that were named.
fn named(
    store: &Store,
    args: &Promote,
    from: Option<&Generation>,
) -> Result<Vec<(Name, Stamp)>, Failure> {
    let mut wanted: BTreeMap<Name, Stamp> = BTreeMap::new();
    for spec in &args.snapshots {
        let taken = match (from, &spec.wanted) {
            (Some(from), None) => {
                from.mirrors.get(&spec.mirror).map(|shown| shown.snapshot).ok_or_else(|| {
                    Failure::usage(format!(
                        "channel {} shows no snapshot of {}",
                        from.channel, spec.mirror
                    ))
                    .hint(format!("pinfold promote {} --to {}", spec.mirror, from.channel))
                })?
            }
            _ => spec.resolve(store)?,
        };
        if wanted.insert(spec.mirror.clone(), taken).is_some_and(|before| before != taken) {
            return Err(Failure::usage(format!(
                "mirror {} is named twice with different snapshots",
                spec.mirror
            )));
        }
    }
    Ok(wanted.into_iter().collect())
}

/// Every mirror's newest snapshot, or what a channel shows.
fn all(
    context: &Context,
    store: &Store,
    from: Option<&Generation>,
) -> Result<Vec<(Name, Stamp)>, Failure> {
    if let Some(from) = from {
        return Ok(from
            .mirrors
            .iter()
            .map(|(mirror, shown)| (mirror.clone(), shown.snapshot))
            .collect());
    }
    let mut wanted = Vec::new();
    for mirror in context.config.mirrors.keys() {
        wanted.extend(store.dates(mirror)?.pop().map(|newest| (mirror.clone(), newest)));
    }
    Ok(wanted)
}

pub(super) fn rollback(context: &Context, args: &Rollback) -> Done {
    context.check_channel(&args.channel)?;
    let store = context.store_on_any_disk()?;
    let ready = Ready::new(context, &store, &args.channel)?;
    let named: BTreeSet<Name> = args.mirrors.iter().cloned().collect();
    let plan = plan(&store, &ready.current, &named, args.to.as_deref())?;
    must_be_kept(&store, &plan, &args.channel)?;
    if plan.moves.is_empty() || context.dry_run {
        return ready.tell(&plan, None);
    }
    ready.publish(&plan)?;
    let reason = if args.reason.is_empty() {
        format!("rolled back from generation {}", ready.current.number)
    } else {
        args.reason.clone()
    };
    for mirror in plan.moves.keys() {
        let pin = Pin {
            who: context.who.clone(),
            reason: reason.clone(),
            since: context.now,
            until: None,
            by: Some("rollback".to_owned()),
        };
        pins::set(&store, &ready.site, (&args.channel, mirror), &pin)?;
    }
    disk::point("pins-written");
    let next = ready.flip(&plan, "rollback", &args.reason)?;
    let done = ready.tell(&plan, Some(&next))?;
    for (mirror, target) in &plan.moves {
        ui::tell(&format!(
            "{}: {mirror} is pinned there: an explicit pinfold promote {mirror} --to {} moves it on",
            args.channel, args.channel
        ));
        tell_clients(context, &args.channel, (mirror, target.snapshot));
    }
    Ok(done)
}

/// Says what clients will do.
fn tell_clients(context: &Context, channel: &Name, (mirror, taken): (&Name, Stamp)) {
    let Some(configured) = context.config.mirrors.get(mirror) else { return };
    let text = match (configured.family, configured.signed) {
        (Family::Apt, Signed::Local) => format!(
            "apt clients take the older state at their next update. What they have installed stays, unless they have the preferences of \
             pinfold client {mirror} --channel {channel} --downgrade, and run apt-get dist-upgrade --allow-downgrades"
        ),
        (Family::Apt, Signed::Upstream) => format!(
            "signed = \"upstream\": apt clients that saw the newer Release keep it, without a word. pinfold client {mirror} --date {taken} \
             takes them to this state; or give them our key, set signed = \"local\", and run pinfold key sign {channel}"
        ),
        (Family::Rpm, _) => format!(
            "dnf and zypper take the older state when they refresh next. What they have installed stays: \
             dnf distro-sync and zypper dist-upgrade --from {mirror} --allow-downgrade go back"
        ),
        (Family::Brew, _) => "brew takes the older lists when it asks next: brew update does at once. What is installed stays: \
             brew uninstall and install again go back"
            .to_owned(),
        (Family::Apk, _) => "apk 3 takes the older state at its next apk update; apk 2 asks only every four hours: apk update --force-refresh, \
             or apk -U upgrade, asks at once. What they have installed stays: apk upgrade --available goes back"
            .to_owned(),
        (Family::Pacman, _) => {
            "pacman -Sy takes the older state. What is installed stays: pacman -Syuu goes back"
                .to_owned()
        }
        (Family::Files, _) => "clients see the older files at their next request".to_owned(),
    };
    ui::tell(&format!("{mirror}: {text}"));
}

fn plan(
    store: &Store,
    current: &Generation,
    named: &BTreeSet<Name>,
    to: Option<&str>,
) -> Result<Plan, Failure> {
    match to {
        None => {
            let Some(state) = policy::newest_state(current, named) else {
                return Ok(Plan::default());
            };
            let brought = generation::read(store, &current.channel, state)?;
            let Some(from) = brought.from else { return Ok(Plan::default()) };
            let target = generation::read(store, &current.channel, from)?;
            Ok(policy::rollback(current, &target, named, Some(state)))
        }
        Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            let number = number.parse().map_err(|_too_large| {
                Failure::usage(format!("no generation has the number {number}"))
            })?;
            let target = generation::read(store, &current.channel, number)?;
            Ok(policy::rollback(current, &target, named, None))
        }
        Some(date) => plan_by_date(store, current, named, Stamp::parse_end(date)?),
    }
}

/// A date names snapshots, as everywhere: each mirror goes to its newest one at or before it, never forward.
fn plan_by_date(
    store: &Store,
    current: &Generation,
    named: &BTreeSet<Name>,
    end: Stamp,
) -> Result<Plan, Failure> {
    let history = generation::history(store, &current.channel)?;
    let mut target = Generation { mirrors: BTreeMap::new(), ..current.clone() };
    let mut stays = BTreeMap::new();
    for (mirror, shown) in &current.mirrors {
        match store.at_or_before(mirror, end)? {
            Some(taken) if taken <= shown.snapshot => {
                let before = history.iter().find_map(|generation| {
                    generation.mirrors.get(mirror).filter(|before| before.snapshot == taken)
                });
                let state = before.map_or(shown.state, |before| before.state);
                target.mirrors.insert(mirror.clone(), generation::Shown { snapshot: taken, state });
            }
            Some(_) => drop(stays.insert(
                mirror.clone(),
                format!("shows {} already, which is older", shown.snapshot),
            )),
            None => drop(
                stays.insert(mirror.clone(), "has no snapshot at or before that date".to_owned()),
            ),
        }
    }
    let mut plan = policy::rollback(current, &target, named, None);
    for (mirror, why) in stays {
        plan.stays.entry(mirror).and_modify(|said| *said = why);
    }
    Ok(plan)
}

/// A target whose snapshot was pruned cannot be shown.
fn must_be_kept(store: &Store, plan: &Plan, channel: &Name) -> Result<(), Failure> {
    for (mirror, Target { snapshot, state }) in &plan.moves {
        if store.dates(mirror)?.binary_search(snapshot).is_err() {
            let generation = state.unwrap_or_default();
            let gone = pinfold_publisher::Error::Gone {
                channel: channel.clone(),
                generation,
                mirror: mirror.clone(),
                taken: *snapshot,
            };
            return Err(gone.into());
        }
    }
    Ok(())
}
