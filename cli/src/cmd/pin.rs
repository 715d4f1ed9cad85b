//! `pin` and `unpin`: named holds.

use pinfold_publisher::pins;
use pinfold_store::refs::Pin as Hold;
use pinfold_store::{Name, Stamp};
use serde_json::json;

use super::Done;
use crate::args::{Pin, Unpin};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui;

pub(super) fn pin(context: &Context, args: &Pin) -> Done {
    let store = context.store_on_any_disk()?;
    let mirror = &args.snapshot.mirror;
    let hold = Hold {
        who: context.who.clone(),
        reason: args.reason.clone(),
        since: context.now,
        until: None,
    };
    let (text, value) = match (&args.channel, &args.name) {
        (Some(channel), _) => {
            if args.snapshot.wanted.is_some() {
                return Err(Failure::usage(
                    "--in pins a mirror where the channel shows it: name the mirror alone",
                ));
            }
            context.config.mirror(mirror)?;
            context.check_channel(channel)?;
            if !context.dry_run {
                let lock = store.lock_site(&context.asker())?;
                pins::set(&store, &lock, (channel, mirror), &hold)?;
            }
            (
                format!("{mirror} is pinned in {channel}"),
                json!({ "mirror": mirror, "in": channel, "pinned": true }),
            )
        }
        (None, Some(name)) => {
            let taken = args.snapshot.resolve(&store)?;
            check_name(context, name)?;
            if !context.dry_run {
                let lock = store.lock_mirror(mirror, &context.asker())?;
                store.pin(&lock, taken, name, &hold)?;
            }
            (
                format!("{mirror}@{taken} is pinned as {name}"),
                json!({ "mirror": mirror, "snapshot": format!("{mirror}@{taken}"), "name": name, "pinned": true }),
            )
        }
        (None, None) => return Err(Failure::usage("name the pin")),
    };
    context.answer(&text, &value)?;
    Ok(Outcome::Done)
}

/// Refuses a name that `MIRROR@NAME` would take for something else.
fn check_name(context: &Context, name: &Name) -> Result<(), Failure> {
    let what = if context.config.channels.contains_key(name) {
        "channel"
    } else if Stamp::parse_end(name.as_str()).is_ok() {
        "date"
    } else {
        return Ok(());
    };
    Err(Failure::usage(format!("'{name}' is a {what}: give the pin another name")))
}

pub(super) fn unpin(context: &Context, args: &Unpin) -> Done {
    let store = context.store_on_any_disk()?;
    let mirror = &args.mirror;
    let held = match (&args.channel, &args.name) {
        (Some(channel), _) => {
            let held = pins::list(&store, channel)?.contains_key(mirror);
            if held && !context.dry_run {
                let lock = store.lock_site(&context.asker())?;
                pins::remove(&store, &lock, channel, mirror)?;
            }
            held.then(|| format!("{mirror} is not pinned in {channel} any more"))
        }
        (None, Some(name)) => {
            let held = store.pinned(mirror, name)?;
            if held.is_some() && !context.dry_run {
                let lock = store.lock_mirror(mirror, &context.asker())?;
                store.unpin(&lock, name)?;
            }
            held.map(|taken| format!("{mirror}@{taken} is not pinned as {name} any more"))
        }
        (None, None) => None,
    };
    match held {
        Some(text) => {
            context.answer(&text, &json!({ "mirror": mirror, "pinned": false }))?;
            Ok(Outcome::Done)
        }
        None => {
            ui::tell(&format!("{mirror} has no such pin"));
            Ok(Outcome::No)
        }
    }
}
