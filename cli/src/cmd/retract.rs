//! `retract`: takes back what `setup` gave a mirror. Its data stay.

mod tool;

use std::collections::BTreeSet;

use pinfold_publisher::layout::Www;
use pinfold_store::Name;
use pinfold_store::path::escape_path;

use super::setup::{self, Told};
use super::{Done, clients};
use crate::args::Retract;
use crate::config::SetUp;
use crate::context::Context;
use crate::host::change::Change;
use crate::host::{Host, Parts, machine};

pub(super) fn retract(context: &Context, args: &Retract) -> Done {
    let host = Host::new(args.prefix.as_deref());
    setup::must_be_root(context, &host)?;
    let config_path = setup::config_path(context)?;
    let state = host.at(SetUp::path(&config_path));
    let _lock = setup::hold(context, &state)?;
    let before = SetUp::read(&state)?.unwrap_or_default();
    let unknown = unknown(context, &before, &args.mirror);
    let mut mirrors: BTreeSet<Name> = before.mirrors.clone();
    mirrors.remove(&args.mirror);
    let user = machine::user(&host, &context.config.root)?;
    let program = machine::program(&host)?;
    let parts = Parts {
        config: &context.config,
        config_path: &config_path,
        program: &program,
        user: &user.name,
        mirrors: &mirrors,
        starter: before.starter,
    };
    let change = Change::plan(&host, parts, before, setup::edited(args.overwrite))?;
    let mut told = Told::new(context, &host, &change)?;
    told.notes.extend(unknown);
    if args.tool {
        told.notes.extend(tool::remove(context, &host, &args.mirror)?);
    }
    told.notes.extend(stays(context, &args.mirror));
    if context.dry_run {
        return told.finish(None);
    }
    let served = change.apply(&state)?;
    told.finish(Some(&served))
}

/// Says that a name is nobody's: a slip of the hand, or what was retracted and deleted long ago, which is no failure.
fn unknown(context: &Context, before: &SetUp, mirror: &Name) -> Option<String> {
    let has_data = context.config.root.join("snapshots").join(mirror.as_str()).exists();
    if before.mirrors.contains(mirror) || context.config.mirrors.contains_key(mirror) || has_data {
        return None;
    }
    let known: Vec<&str> = before.mirrors.iter().map(Name::as_str).collect();
    let known = if known.is_empty() {
        "no mirror is set up here".to_owned()
    } else {
        format!("set up are {}", known.join(", "))
    };
    Some(format!("no mirror '{mirror}' is known here; {known}"))
}

/// Says what stays where, how it is deleted, and who still comes.
fn stays(context: &Context, mirror: &Name) -> Vec<String> {
    let root = &context.config.root;
    let www = Www::new(root);
    let mut notes = Vec::new();
    let records = root.join("snapshots").join(mirror.as_str());
    if records.exists() {
        notes.push(format!(
            "the data of {mirror} stay: records in {}, published trees in {}, files in {}",
            escape_path(&records),
            escape_path(&www.snapshots(mirror)),
            escape_path(&root.join("objects")),
        ));
        notes.push(format!("pinfold delete {mirror} --yes-delete-data deletes them"));
    }
    notes.push(match clients::lately(context, mirror) {
        Ok(seen) => seen.words(mirror),
        Err(failure) => format!("who still fetches {mirror} is not known: {}", failure.message),
    });
    notes
}
