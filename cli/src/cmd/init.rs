//! `init`: the root, the key, the channels; and what the file system can do.

use pinfold_publisher::generation::{self, Begun, Move, Shown, Target};
use pinfold_publisher::layout::Www;
use pinfold_publisher::{check, publish};
use pinfold_store::lock::SiteLock;
use pinfold_store::store::Abilities;
use pinfold_store::{Name, Store, disk};

use super::{Done, key};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Progress};

pub(super) fn init(context: &Context) -> Done {
    let root = context.config.root.display().to_string();
    if context.dry_run {
        let text =
            format!("would make {root}, a signing key and the channels {}", channels(context));
        context.answer(
            &text,
            &serde_json::json!({ "root": root, "channels": names(context), "dry_run": true }),
        )?;
        return Ok(Outcome::Done);
    }
    let store = Store::create(&context.config.root)?;
    context.check_parts(&store)?;
    let abilities = store.abilities()?;
    if !abilities.hardlinks {
        return Err(Failure::machine(format!(
            "{root}: this file system ({}) has no hardlinks",
            abilities.kind
        ))
        .hint("put the root on a file system such as ext4, xfs or btrfs"));
    }
    context.check_links(&abilities)?;
    if !abilities.flock {
        return Err(Failure::machine(format!(
            "{root}: locks do not work on this file system ({})",
            abilities.kind
        ))
        .hint("use a local file system"));
    }
    let lock = store.lock_site(&context.asker())?;
    must_not_lose_the_key(context, &store)?;
    let fingerprint = key::make_missing(context, &lock)?.0;
    drop(store.index()?);
    store.keep_reserve()?;
    for channel in context.config.channels.keys() {
        let begun = generation::init_channel(&store, channel, &lock, (context.now, &context.who))?;
        if let Begun::Found(number) = begun {
            ui::tell(&format!("{channel}: its link was gone: it shows generation {number} again"));
        }
    }
    for channel in context.config.channels.keys() {
        mend(context, (&store, &lock), channel)?;
    }
    report(context, &abilities, &fingerprint)?;
    Ok(Outcome::Done)
}

/// Refuses to make a second key where the first is gone and its public half is not: clients trust that one, and would refuse every
/// channel from the next move on.
fn must_not_lose_the_key(context: &Context, store: &Store) -> Result<(), Failure> {
    let (key, public) = (context.key_path(), Www::new(store.root()).public_key());
    if disk::stands(&key)? || !disk::stands(&public)? {
        return Ok(());
    }
    Err(Failure::damage(format!(
        "the signing key {} is gone, and clients trust its public half {}",
        key.display(),
        public.display()
    ))
    .hint("bring it back from a backup; or remove the public half, run pinfold init for a new key, and give that to every client"))
}

/// Makes anew what a channel's generation lost, by a generation that shows the same: trees and root metadata can go with the folder
/// of the site, the record stays. True where it had lost any.
pub(super) fn mend(
    context: &Context,
    (store, site): (&Store, &SiteLock),
    channel: &Name,
) -> Result<bool, Failure> {
    let current = generation::current(store, channel)?;
    if check::generation(store, &current)?.findings.is_empty() {
        return Ok(false);
    }
    let writer = store.writer(&context.asker())?;
    let progress = Progress::new();
    for (mirror, shown) in &current.mirrors {
        let locks = publish::Locks { site, writer: &writer };
        publish::publish(store, mirror, shown.snapshot, locks, &progress)?;
    }
    let target = |shown: &Shown| Target { snapshot: shown.snapshot, state: Some(shown.state) };
    let wanted = Move {
        channel: channel.clone(),
        expect: current.number,
        shown: current.mirrors.iter().map(|(name, shown)| (name.clone(), target(shown))).collect(),
        anew: current.mirrors.keys().cloned().collect(),
        verb: "init".to_owned(),
        who: context.who.clone(),
        reason: format!("generation {} had lost files", current.number),
        now: context.now,
    };
    let next = generation::point(store, &wanted, site, &|heads| context.heads(store, heads))?;
    ui::tell(&format!(
        "{channel}: generation {} shows anew what {} had lost",
        next.number, current.number
    ));
    Ok(true)
}

fn channels(context: &Context) -> String {
    context.config.channels.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn report(context: &Context, abilities: &Abilities, fingerprint: &str) -> Result<(), Failure> {
    let root = context.config.root.display();
    if context.json {
        return ui::print_json(&serde_json::json!({
            "root": root.to_string(), "key": fingerprint, "channels": names(context), "file_system": abilities,
        }));
    }
    let limit = abilities.link_limit.map_or_else(
        || "no known limit".to_owned(),
        |limit| format!("{limit} to one file; copies take over before that"),
    );
    let inodes = abilities
        .free_inodes
        .map_or_else(|| "as many as there is space for".to_owned(), |inodes| inodes.to_string());
    let reflinks =
        if abilities.reflinks { "yes: new files are cloned" } else { "no: new files are copied" };
    ui::print(&format!(
        "{root} is ready\n  file system  {} with {} free\n  hardlinks    yes\n  link limit   {limit}\n  reflinks     {reflinks}\n  free inodes  {inodes}\n  locks        yes\n  signing key  {fingerprint}\n  channels     {}\n",
        abilities.kind,
        ui::bytes(abilities.free_bytes),
        channels(context),
    ))
}

fn names(context: &Context) -> Vec<&Name> {
    context.config.channels.keys().collect()
}
