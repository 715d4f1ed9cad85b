//! `fsck`: whether all that is kept and published is whole.

use std::path::PathBuf;

use clap::Args;
use pinfold_publisher::generation;
use pinfold_store::Store;
use pinfold_store::check::{Depth, Effort, Part, Subset};

use super::Done;
use super::check::{look, tell};
use super::repair::Repair;
use crate::config::duration;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::Progress;

/// `fsck`.
#[derive(Debug, Args)]
pub(crate) struct Fsck {
    /// Read and hash every byte; goes on where an earlier run was interrupted
    #[arg(long)]
    deep: bool,
    /// Read the bytes of the N-th of M parts only: M such runs read everything
    #[arg(long, value_name = "N/M", conflicts_with = "budget")]
    subset: Option<Subset>,
    /// Read for so long, such as 30m, what was not read for the longest time
    #[arg(long, value_name = "TIME")]
    budget: Option<String>,
    /// Read no more than this a second, such as 50MB
    #[arg(long, value_name = "BYTES")]
    rate: Option<bytesize::ByteSize>,
    /// Heal what is found: from copies here, from --from, from upstream; set aside what cannot be healed
    #[arg(long)]
    repair: bool,
    /// Look for lost files in another store's root or in any folder, too
    #[arg(long, value_name = "PATH", requires = "repair")]
    from: Vec<PathBuf>,
    /// Make the index anew from the files first
    #[arg(long)]
    rebuild: bool,
}

impl Fsck {
    fn effort(&self, context: &Context) -> Result<Effort, Failure> {
        let budget = self.budget.as_deref().map(|text| duration("--budget", text));
        let budget = budget.transpose().map_err(Failure::usage)?;
        let part = match (self.subset, budget) {
            (Some(subset), _) => Part::Subset(subset),
            (None, Some(time)) => Part::Budget(time),
            (None, None) => Part::Whole,
        };
        let is_deep = self.deep || part != Part::Whole || self.rate.is_some();
        Ok(Effort {
            depth: if is_deep { Depth::Deep } else { Depth::Quick },
            part,
            bytes_per_second: self.rate.map(|rate| rate.as_u64()),
            now: context.now,
        })
    }
}

pub(super) fn fsck(context: &Context, args: &Fsck) -> Done {
    let effort = args.effort(context)?;
    let store = context.store_on_any_disk()?;
    let progress = Progress::new();
    if args.rebuild {
        if context.dry_run {
            context.answer(
                "would make the index anew from the files",
                &serde_json::json!({ "rebuild": true, "dry_run": true }),
            )?;
            return Ok(Outcome::Done);
        }
        rebuild(context, &store, &progress)?;
    }
    let report = look(&store, &effort, &progress)?;
    if args.repair && !report.findings.is_empty() {
        let repair = Repair { context, store: &store, progress: &progress };
        return repair.run(report, &args.from);
    }
    progress.finish();
    let channels = generation::channels(&store)?.len();
    tell(context, &report, "the store", &format!("{channels} channels"))
}

fn rebuild(context: &Context, store: &Store, progress: &Progress) -> Result<(), Failure> {
    let collector = store.collector(&context.asker())?;
    store.rebuild_index(&collector, progress)?;
    drop(collector);
    Ok(store.sum_objects(&store.writer(&context.asker())?, progress)?)
}
