//! `delete`: a mirror's data go for good. First out of every channel, by a generation of its own, then tree by tree and snapshot by
//! snapshot; what other mirrors have stays. Each step is done anew by the next run where a crash cut it.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use pinfold_publisher::generation::{self, Move, Target};
use pinfold_publisher::layout::Www;
use pinfold_publisher::pins;
use pinfold_publisher::publish::{self, Locks, at};
use pinfold_store::gc::Collected;
use pinfold_store::lock::{MirrorLock, SiteLock};
use pinfold_store::{Name, Stamp, Store, disk};
use serde_json::json;

use super::{Done, clients, prune};
use crate::args::Delete;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Progress};

pub(super) fn delete(context: &Context, args: &Delete) -> Done {
    let mirror = &args.mirror;
    let store = context.store_on_any_disk()?;
    must_be_retracted(context, mirror)?;
    must_be_unpinned(context, &store, mirror)?;
    if !args.even_if_used {
        must_be_unused(context, mirror)?;
    }
    if context.dry_run {
        return plan(context, &store, mirror);
    }
    if !args.yes_delete_data {
        return Err(Failure::usage(format!("this deletes all that is kept of {mirror}, for good"))
            .hint(format!("pinfold delete {mirror} --dry-run says how much that is"))
            .hint(format!("pinfold delete {mirror} --yes-delete-data does it")));
    }
    if let Some(done) = as_owner(context, args)? {
        return Ok(done);
    }
    let progress = Progress::new();
    prune::complete_drops(&store, &context.asker(), &progress)?;
    let lock = store.lock_mirror(mirror, &context.asker())?;
    let site = store.lock_site(&context.asker())?;
    let channels = leave_channels(context, (&store, &site), args)?;
    drop(site);
    let gone = drop_all(context, (&store, &lock), &progress)?;
    clear(&store, mirror)?;
    progress.finish();
    tell(context, mirror, (&channels, &gone))
}

/// A mirror that the next run would sync again is not deleted.
fn must_be_retracted(context: &Context, mirror: &Name) -> Result<(), Failure> {
    let is_configured = context.config.mirrors.contains_key(mirror);
    match &context.config.set_up {
        Some(set_up) if set_up.mirrors.contains(mirror) => {
            Err(Failure::usage(format!("{mirror} is set up on this host, and served"))
                .hint(format!("pinfold retract {mirror} first")))
        }
        None if is_configured => Err(Failure::usage(format!(
            "{mirror} is configured, and the next run would bring it in again"
        ))
        .hint(format!("move mirrors.d/{mirror}.toml away first"))),
        _ => Ok(()),
    }
}

/// A pin is somebody's word that a state is needed.
fn must_be_unpinned(context: &Context, store: &Store, mirror: &Name) -> Result<(), Failure> {
    let pins = store.all_pins(mirror)?;
    let Some((taken, name, pin)) = pins.iter().find(|(_, _, pin)| !pin.is_over(context.now)) else {
        return Ok(());
    };
    let more = if pin.reason.is_empty() { String::new() } else { format!(" ({})", pin.reason) };
    Err(Failure::held(format!("{mirror}@{taken} is pinned as '{name}' by {}{more}", pin.who))
        .hint(format!("pinfold unpin {mirror} {name}, if nobody needs it any more")))
}

fn must_be_unused(context: &Context, mirror: &Name) -> Result<(), Failure> {
    let hint = "--even-if-used deletes it all the same";
    let seen = clients::lately(context, mirror)?;
    if seen.clients() > 0 {
        return Err(Failure::held(seen.words(mirror)).hint(hint));
    }
    if !seen.is_known() {
        let why = format!(
            "there is no access log of {mirror} from the last week: nobody can say whether clients came"
        );
        return Err(Failure::held(why).hint(hint));
    }
    Ok(())
}

/// Runs this verb as the root's owner where root typed it: the kernel lets nobody link what another made.
fn as_owner(context: &Context, args: &Delete) -> Result<Option<Outcome>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::machine(format!(
            "cannot run as the owner of {}: {error}",
            context.config.root.display()
        ))
    };
    let owner = std::fs::metadata(&context.config.root).map_err(failed)?;
    if !rustix::process::geteuid().is_root() || owner.uid() == 0 {
        return Ok(None);
    }
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.arg("--config").arg(&context.config_path);
    command.arg("--wait").arg(context.wait_seconds().to_string());
    if context.json {
        command.arg("--json");
    }
    command.args(["delete", args.mirror.as_str(), "--yes-delete-data", "--even-if-used"]);
    command.arg(format!("--reason={}", args.reason)).uid(owner.uid()).gid(owner.gid());
    let status = command.status().map_err(failed)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(Some(Outcome::Worst(code.unwrap_or(5))))
}

/// Takes the mirror out of every channel that shows it, pins included; gives them with their new generations.
fn leave_channels(
    context: &Context,
    (store, site): (&Store, &SiteLock),
    args: &Delete,
) -> Result<Vec<(Name, u64)>, Failure> {
    let mut left = Vec::new();
    for channel in generation::channels(store)? {
        let current = generation::current(store, &channel)?;
        if current.mirrors.contains_key(&args.mirror) {
            let mut shown = current.mirrors.clone();
            shown.remove(&args.mirror);
            let shown = shown.into_iter().map(|(name, shown)| {
                (name, Target { snapshot: shown.snapshot, state: Some(shown.state) })
            });
            let wanted = Move {
                channel: channel.clone(),
                expect: current.number,
                shown: shown.collect(),
                anew: BTreeSet::new(),
                verb: "delete".to_owned(),
                who: context.who.clone(),
                reason: args.reason.clone(),
                now: context.now,
            };
            let next =
                generation::point(store, &wanted, site, &|heads| context.heads(store, heads))?;
            left.push((channel.clone(), next.number));
        }
        pins::remove(store, site, &channel, &args.mirror)?;
    }
    Ok(left)
}

/// Takes down and drops every snapshot, the oldest first. The site is let go after each, so that a rollback need not wait for all.
fn drop_all(
    context: &Context,
    (store, lock): (&Store, &MirrorLock),
    progress: &Progress,
) -> Result<(usize, Collected), Failure> {
    let mirror = &lock.mirror;
    let dates = store.dates(mirror)?;
    let mut total = Collected::default();
    store.unpin_expired(lock, context.now)?;
    for taken in &dates {
        let site = store.lock_site(&context.patient())?;
        store.may_collect(lock, &context.patient())?;
        let writer = store.writer(&context.patient())?;
        let locks = Locks { site: &site, writer: &writer };
        let tree = publish::take_down(store, mirror, *taken, locks, progress)?;
        drop(writer);
        at::forget(store, mirror, *taken)?;
        let dropping = store.begin_drop(lock, *taken, &context.patient())?;
        drop(site);
        let mut collected = store.finish_drop(dropping, &context.patient(), progress)?;
        collected.freed.add(tree.unwrap_or_default());
        total.add(collected);
    }
    Ok((dates.len(), total))
}

/// Removes what no snapshot needs any more: the mirror's own folders.
fn clear(store: &Store, mirror: &Name) -> Result<(), Failure> {
    let (root, www) = (store.root(), Www::new(store.root()));
    for tree in [www.snapshots(mirror), www.union(mirror), www.at(mirror)] {
        disk::remove_tree(&tree)?;
    }
    for folder in ["schedule/mirrors", "running"] {
        disk::remove_file(&root.join(folder).join(mirror.as_str()))?;
    }
    // No record is left: what stands beside them are the keys of those who signed.
    disk::remove_tree(&root.join("snapshots").join(mirror.as_str()))?;
    Ok(())
}

/// Says what would go.
fn plan(context: &Context, store: &Store, mirror: &Name) -> Done {
    let gone: Vec<(Name, Stamp)> =
        store.dates(mirror)?.into_iter().map(|taken| (mirror.clone(), taken)).collect();
    let mut total = Collected::default();
    store.would_free(&gone)?.into_iter().for_each(|one| total.add(one));
    let dates: Vec<Stamp> = gone.iter().map(|(_, taken)| *taken).collect();
    if !dates.is_empty() {
        total.freed.add(publish::weigh(store, mirror, &dates)?);
    }
    let mut channels = Vec::new();
    for channel in generation::channels(store)? {
        let current = generation::current(store, &channel)?;
        if current.mirrors.contains_key(mirror) {
            channels.push((channel, current.number));
        }
    }
    tell(context, mirror, (&channels, &(gone.len(), total)))
}

fn tell(
    context: &Context,
    mirror: &Name,
    (channels, (snapshots, total)): (&[(Name, u64)], &(usize, Collected)),
) -> Done {
    let names: Vec<&str> = channels.iter().map(|(name, _)| name.as_str()).collect();
    let freed = total.freed;
    let text = match (*snapshots, names.as_slice(), context.dry_run) {
        (0, [], _) => format!("nothing of {mirror} is kept here"),
        (count, names, dry) => format!(
            "{} {mirror}: {count} snapshots, {} objects, {}{}",
            if dry { "would delete" } else { "deleted" },
            total.objects,
            ui::bytes(freed.bytes),
            if names.is_empty() { String::new() } else { format!("; out of {}", names.join(", ")) },
        ),
    };
    let value = json!({
        "mirror": mirror, "snapshots": snapshots, "objects": total.objects, "bytes": freed.bytes, "inodes": freed.inodes,
        "channels": channels.iter().map(|(name, number)| json!({ "channel": name, "generation": number })).collect::<Vec<_>>(),
        "dry_run": context.dry_run,
    });
    context.answer(&text, &value)?;
    Ok(Outcome::Done)
}
