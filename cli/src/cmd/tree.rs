//! `publish` and `retire`: dated trees.

use pinfold_publisher::layout::{Spec, Www};
use pinfold_publisher::publish::{self, Locks, Published};

use serde_json::json;

use super::Done;
use crate::context::Context;
use crate::failure::Outcome;
use crate::ui::Progress;

pub(super) fn publish(context: &Context, spec: &Spec) -> Done {
    let store = context.store()?;
    let taken = spec.resolve(&store)?;
    let name = format!("{}@{taken}", spec.mirror);
    store.record(&spec.mirror, taken)?;
    if context.dry_run {
        let stands = publish::is_published(&store, &spec.mirror, taken)?;
        let what = if stands { "stands; its tree would be compared" } else { "would be published" };
        context.answer(
            &format!("{name} {what}"),
            &json!({ "snapshot": name, "stands": stands, "dry_run": true }),
        )?;
        return Ok(Outcome::Done);
    }
    let site = store.lock_site(&context.asker())?;
    let writer = store.writer(&context.asker())?;
    let progress = Progress::new();
    let published = publish::publish(
        &store,
        &spec.mirror,
        taken,
        Locks { site: &site, writer: &writer },
        &progress,
    )?;
    progress.finish();
    let place = Www::new(store.root()).snapshot_tree(&spec.mirror, taken);
    let tree = place.display().to_string();
    let (text, value) = match published {
        Published::Standing => (
            format!("{name} is published already and whole"),
            json!({ "snapshot": name, "tree": tree, "did": "nothing" }),
        ),
        Published::Built { links, folders } => (
            format!("published {name}: {links} names in {folders} folders at {tree}"),
            json!({ "snapshot": name, "tree": tree, "did": "build", "links": links, "folders": folders }),
        ),
        Published::Rebuilt { findings } => (
            format!("published {name} anew: {findings} things were wrong with its tree"),
            json!({ "snapshot": name, "tree": tree, "did": "rebuild", "findings": findings }),
        ),
    };
    context.answer(&text, &value)?;
    Ok(Outcome::Done)
}

pub(super) fn retire(context: &Context, spec: &Spec) -> Done {
    let store = context.store_on_any_disk()?;
    let taken = spec.resolve(&store)?;
    let name = format!("{}@{taken}", spec.mirror);
    if context.dry_run {
        publish::must_be_free(&store, &spec.mirror, taken)?;
        context.answer(
            &format!("{name} would be taken down"),
            &json!({ "snapshot": name, "dry_run": true }),
        )?;
        return Ok(Outcome::Done);
    }
    let site = store.lock_site(&context.asker())?;
    let writer = store.writer(&context.asker())?;
    let progress = Progress::new();
    let was = publish::retire(
        &store,
        &spec.mirror,
        taken,
        Locks { site: &site, writer: &writer },
        &progress,
    )?;
    progress.finish();
    let text = if was {
        format!("retired {name}; it is kept, pinfold publish {name} brings it back")
    } else {
        format!("{name} is not published")
    };
    context.answer(&text, &json!({ "snapshot": name, "retired": was }))?;
    Ok(Outcome::Done)
}
