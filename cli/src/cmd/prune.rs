//! `prune`: retention and collection, one snapshot that goes, and who holds what.

mod explain;
mod retention;
mod told;

use pinfold_publisher::layout::Spec;
use pinfold_publisher::publish::{self, Locks, at};
use pinfold_store::disk::Weight;
use pinfold_store::gc::Run;
use pinfold_store::{Stamp, Store};
use serde_json::json;

use super::Done;
use crate::args::Prune;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Progress};
pub(super) use retention::{Tidied, complete_drops, retention};

pub(super) fn prune(context: &Context, args: &Prune) -> Done {
    if let Some(what) = &args.explain {
        return explain::explain(context, what);
    }
    let store = context.store_on_any_disk()?;
    match &args.snapshot {
        Some(spec) if spec.wanted.is_some() => one(context, &store, spec),
        Some(spec) => {
            context.config.mirror(&spec.mirror)?;
            told::tell(context, &retention::typed(context, &store, Some(&spec.mirror))?)
        }
        None => told::tell(context, &retention::typed(context, &store, None)?),
    }
}

/// Completes what a killed run began; says whether the snapshot that was asked for was among it.
fn complete(context: &Context, store: &Store, spec: &Spec) -> Result<bool, Failure> {
    let completed = retention::complete(store, &context.asker(), &Progress::new())?;
    let is_it = |(mirror, taken): &(_, Stamp)| {
        *mirror == spec.mirror && spec.wanted.as_deref() == Some(&taken.to_string())
    };
    for (mirror, taken) in &completed {
        ui::tell(&format!("completed the drop of {mirror}@{taken}, which was interrupted"));
    }
    Ok(completed.iter().any(is_it))
}

/// Drops one snapshot, whatever the rules say of it; what a channel or pin shows stays.
fn one(context: &Context, store: &Store, spec: &Spec) -> Done {
    if !context.dry_run && complete(context, store, spec)? {
        return Ok(Outcome::Done);
    }
    let progress = Progress::new();
    let taken = spec.resolve(store)?;
    let lock = store.lock_mirror(&spec.mirror, &context.asker())?;
    let run = if context.dry_run { Run::Dry } else { Run::Real };
    if run == Run::Real {
        retention::let_expired_go(context, store, &lock)?;
    }
    // The site's lock keeps a promotion from showing the snapshot while it goes.
    let site = store.lock_site(&context.asker())?;
    retention::must_be_free(context, store, &spec.mirror, taken)?;
    // The tree goes only where the snapshot can go after it: nobody writes, the index is whole.
    store.may_collect(&lock, &context.asker())?;
    let (collected, tree, links) = if run == Run::Dry {
        let gone = [taken];
        let collected =
            store.would_free(&[(spec.mirror.clone(), taken)])?.pop().unwrap_or_default();
        let stands = publish::is_published(store, &spec.mirror, taken)?;
        let tree =
            if stands { publish::weigh(store, &spec.mirror, &gone)? } else { Weight::default() };
        (collected, tree, at::weigh(store, &spec.mirror, &gone)?)
    } else {
        let writer = store.writer(&context.asker())?;
        let locks = Locks { site: &site, writer: &writer };
        let tree = publish::take_down(store, &spec.mirror, taken, locks, &progress)?;
        drop(writer);
        let links = at::forget(store, &spec.mirror, taken)?;
        let dropping = store.begin_drop(&lock, taken, &context.asker())?;
        drop(site);
        let collected = store.finish_drop(dropping, &context.asker(), &progress)?;
        (collected, tree.unwrap_or_default(), links)
    };
    progress.finish();
    let freed = collected.freed.and(tree);
    let (objects, inodes) = (collected.objects, freed.inodes.saturating_add_signed(links));
    let name = format!("{}@{taken}", spec.mirror);
    let verb = if context.dry_run { "would drop" } else { "dropped" };
    context.answer(
        &format!("{verb} {name}: {}", told::came_back(objects, freed.bytes, inodes)),
        &json!({ "dropped": name, "objects": objects, "bytes": freed.bytes, "inodes": inodes, "dry_run": context.dry_run }),
    )?;
    Ok(Outcome::Done)
}
