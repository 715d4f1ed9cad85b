//! `publish` and `retire`: dated trees.

use pinfold_publisher::layout::{Spec, Www};
use pinfold_publisher::publish::{self, Locks, Published};

use super::Done;
use crate::context::Context;
use crate::failure::Outcome;
use crate::ui::{self, Progress};

pub(super) fn publish(context: &Context, spec: &Spec) -> Done {
    let store = context.store()?;
    let taken = spec.resolve(&store)?;
    let name = format!("{}@{taken}", spec.mirror);
    store.record(&spec.mirror, taken)?;
    if context.dry_run {
        let stands = publish::is_published(&store, &spec.mirror, taken)?;
        ui::print(&format!(
            "{name} {}",
            if stands { "stands; its tree would be compared" } else { "would be published" }
        ))?;
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
    let text = match published {
        Published::Standing => format!("{name} is published already and whole"),
        Published::Built { links, folders } => {
            format!("published {name}: {links} names in {folders} folders at {}", place.display())
        }
        Published::Rebuilt { findings } => {
            format!("published {name} anew: {findings} things were wrong with its tree")
        }
    };
    ui::print(&text)?;
    Ok(Outcome::Done)
}

pub(super) fn retire(context: &Context, spec: &Spec) -> Done {
    let store = context.store()?;
    let taken = spec.resolve(&store)?;
    let name = format!("{}@{taken}", spec.mirror);
    if context.dry_run {
        publish::must_be_free(&store, &spec.mirror, taken)?;
        ui::print(&format!("{name} would be taken down"))?;
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
    ui::print(&text)?;
    Ok(Outcome::Done)
}
