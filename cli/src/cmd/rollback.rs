//! `rollback`: a channel goes back, and stays there.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_mirror::apt::Signed;
use pinfold_mirror::family::Family;
use pinfold_publisher::generation::{self, Generation, Target};
use pinfold_publisher::pins;
use pinfold_publisher::policy::{self, Hold, Plan};
use pinfold_store::{Name, Stamp, Store};

use super::Done;
use super::moves::{Ready, Told, tell};
use crate::args::Rollback;
use crate::context::Context;
use crate::failure::Failure;
use crate::ui::{self, Progress};

pub(super) fn rollback(context: &Context, args: &Rollback) -> Done {
    context.check_channel(&args.channel)?;
    let store = context.store_on_any_disk()?;
    let asker = context.asker();
    let ready = Ready::new((context, &asker), &store, &args.channel)?;
    for mirror in &ready.ended {
        ui::tell(&format!("{}: the pin of {mirror} ended, and is gone", args.channel));
    }
    let named: BTreeSet<Name> = args.mirrors.iter().cloned().collect();
    let mut plan = plan(&store, &ready.current, &named, args.to.as_deref())?;
    leave_pinned((context, &store), args, &mut plan)?;
    must_be_kept(&store, &plan, &args.channel)?;
    if plan.moves.is_empty() || context.dry_run {
        return tell(context, &told(&ready, &plan, None));
    }
    let reason = if args.reason.is_empty() {
        format!("rolled back from generation {}", ready.current.number)
    } else {
        args.reason.clone()
    };
    let next = ready.go_back(&plan, (&args.reason, &reason), &Progress::new())?;
    let done = tell(context, &told(&ready, &plan, Some(&next)))?;
    for (mirror, target) in &plan.moves {
        ui::tell(&format!(
            "{}: {mirror} is pinned there: an explicit pinfold promote {mirror} --to {} moves it on",
            args.channel, args.channel
        ));
        tell_clients(context, &args.channel, (mirror, target.snapshot));
    }
    Ok(done)
}

fn told<'a>(ready: &'a Ready<'_>, plan: &'a Plan, next: Option<&'a Generation>) -> Told<'a> {
    Told { current: &ready.current, plan, next, taken_back: None }
}

/// Leaves mirrors that a person pinned, unless they are named. What an earlier rollback pinned goes a step further back.
fn leave_pinned(
    (context, store): (&Context, &Store),
    args: &Rollback,
    plan: &mut Plan,
) -> Result<(), Failure> {
    for (mirror, pin) in pins::holding(store, &args.channel, context.now)? {
        let is_held = pin.by.is_none() && !args.mirrors.contains(&mirror);
        if is_held && plan.moves.remove(&mirror).is_some() {
            let channel = &args.channel;
            let held = Hold::Pinned(pin);
            let why =
                format!("{held}; pinfold rollback {channel} {mirror} takes it back all the same");
            plan.stays.insert(mirror, why);
        }
    }
    Ok(())
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
pub(super) fn must_be_kept(store: &Store, plan: &Plan, channel: &Name) -> Result<(), Failure> {
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
