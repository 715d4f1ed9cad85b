//! `prune`: what is kept.

use pinfold_publisher::layout::Spec;
use pinfold_publisher::publish::{self, Locks};
use pinfold_store::Stamp;
use pinfold_store::gc::{Collected, Run};

use super::Done;
use crate::context::Context;
use crate::failure::Outcome;
use crate::ui::{self, Progress};

pub(super) fn prune(context: &Context, spec: Option<&Spec>) -> Done {
    let store = context.store_on_any_disk()?;
    let run = if context.dry_run { Run::Dry } else { Run::Real };
    let progress = Progress::new();
    let Some(spec) = spec else {
        let collected = store.sweep((run, &context.asker()), &progress)?;
        progress.finish();
        return collect_told(context, "what nothing names", collected);
    };
    if run == Run::Real {
        let resumed = store.resume_drops(&context.asker(), &progress)?;
        for (mirror, taken) in &resumed {
            publish::at::refresh(&store, mirror, *taken)?;
            ui::tell(&format!("completed the drop of {mirror}@{taken}, which was interrupted"));
        }
        let is_it = |(mirror, taken): &(_, Stamp)| {
            *mirror == spec.mirror && spec.wanted.as_deref() == Some(&taken.to_string())
        };
        if resumed.iter().any(is_it) {
            return Ok(Outcome::Done);
        }
    }
    let taken = spec.resolve(&store)?;
    let lock = store.lock_mirror(&spec.mirror, &context.asker())?;
    // The site's lock keeps a promotion from showing the snapshot while it goes.
    let site = store.lock_site(&context.asker())?;
    publish::must_be_free(&store, &spec.mirror, taken)?;
    // The tree goes only where the snapshot can go after it: nobody writes, the index is whole.
    store.may_collect(&lock, &context.asker())?;
    if run == Run::Real {
        let writer = store.writer(&context.asker())?;
        publish::retire(
            &store,
            &spec.mirror,
            taken,
            Locks { site: &site, writer: &writer },
            &progress,
        )?;
        publish::at::forget(&store, &spec.mirror, taken)?;
    }
    let collected = store.drop_snapshot(&lock, taken, (run, &context.asker()), &progress)?;
    progress.finish();
    collect_told(context, &format!("{}@{taken}", spec.mirror), collected)
}

fn collect_told(context: &Context, subject: &str, collected: Collected) -> Done {
    let (objects, bytes) = (collected.objects, collected.bytes);
    if context.json {
        ui::print_json(
            &serde_json::json!({ "dropped": subject, "objects": objects, "bytes": bytes, "dry_run": context.dry_run }),
        )?;
    } else {
        let verb = if context.dry_run { "would drop" } else { "dropped" };
        ui::print(&format!("{verb} {subject}: {objects} objects, {}", ui::bytes(bytes)))?;
    }
    Ok(Outcome::Done)
}
