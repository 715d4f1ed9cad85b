//! `init`: the root, the key, the channels; and what the file system can do.

use pinfold_publisher::generation;
use pinfold_store::Store;
use pinfold_store::store::Abilities;

use super::{Done, key};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui;

pub(super) fn init(context: &Context) -> Done {
    let root = context.config.root.display().to_string();
    if context.dry_run {
        let text =
            format!("would make {root}, a signing key and the channels {}", channels(context));
        context.answer(
            &text,
            &serde_json::json!({ "root": root, "channels": context.config.channels, "dry_run": true }),
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
    let fingerprint = key::make_missing(context, &lock)?.0;
    for channel in &context.config.channels {
        generation::init_channel(&store, channel, &lock, (context.now, &context.who))?;
    }
    drop(store.index()?);
    report(context, &abilities, &fingerprint)?;
    Ok(Outcome::Done)
}

fn channels(context: &Context) -> String {
    context.config.channels.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn report(context: &Context, abilities: &Abilities, fingerprint: &str) -> Result<(), Failure> {
    let root = context.config.root.display();
    if context.json {
        return ui::print_json(&serde_json::json!({
            "root": root.to_string(), "key": fingerprint, "channels": context.config.channels, "file_system": abilities,
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
