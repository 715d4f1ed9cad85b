//! `ingest`: a folder becomes a snapshot, and is published.

use std::path::{Path, PathBuf};
use std::time::Instant;

use pinfold_mirror::brew;
use pinfold_mirror::family::Family;
use pinfold_mirror::prove::prove_draft;
use pinfold_mirror::tree::DraftTree;
use pinfold_publisher::publish;
use pinfold_store::lock::MirrorLock;
use pinfold_store::scan::{Adopt, Draft, Reading, Seal, Sealed};
use pinfold_store::{Counter, Record, Stamp, Store, manifest::Totals, path::escape_path};

use super::Done;
use crate::args::Ingest;
use crate::config::Mirror;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Progress};

/// How often all is read again because objects went meanwhile.
const LOSSES_MAX: u32 = 3;

/// How far a clock may be behind the newest snapshot before it is worth a word.
const CLOCK_SECONDS: i64 = 60;

pub(super) fn ingest(context: &Context, args: &Ingest) -> Done {
    let begun = Instant::now();
    let mirror = context.config.mirror(&args.mirror)?;
    let store = context.store()?;
    let folder = folder(&args.folder, &store)?;
    let taken = args.taken.as_deref().map(Stamp::parse_end).transpose()?;
    let lock = store.lock_mirror(&args.mirror, &context.asker())?;
    let progress = Progress::new();
    // Whoever collects is named before anything is read.
    drop(store.writer(&context.asker())?);
    if mirror.family == Family::Brew && brew::is_cache(&folder)? {
        return adopt(context, &store, &folder, &progress);
    }
    if context.dry_run {
        let survey = store.scan(&lock, &context.asker(), (&folder, Adopt::Nothing), &progress)?;
        progress.finish();
        return told(context, &survey.totals, &progress);
    }
    context.note((&store, &lock), &progress, None);
    let seal = Seal {
        now: context.now,
        taken,
        family: mirror.family.name().to_owned(),
        source: format!("ingest {}", source(&args.folder)),
        even_if_unchanged: args.even_if_unchanged,
    };
    let adopt = if args.link { Adopt::Link } else { Adopt::Copy };
    let tree = Tree { folder: &folder, adopt, allow_empty: args.allow_empty };
    let bringing = Bringing { context, store: &store, lock: &lock, mirror, progress: &progress };
    let sealed = bringing.bring(&tree, &seal)?;
    let (Sealed::New(record) | Sealed::Unchanged(record)) = &sealed;
    let is_new = matches!(sealed, Sealed::New(_));
    if is_new {
        tell_of_the_clock(context, record);
    }
    publish_new(context, &store, record, &progress)?;
    progress.finish();
    summary(context, record, is_new, &progress, begun)?;
    Ok(if progress.has_problems() { Outcome::No } else { Outcome::Done })
}

/// Takes what nginx kept of a registry: content, of which only a sync knows what it is.
fn adopt(context: &Context, store: &Store, folder: &Path, progress: &Progress) -> Done {
    if context.dry_run {
        return Err(Failure::usage("what nginx keeps is taken or not: there is no dry run of it"));
    }
    let brew::Adopted { files, bytes, known, wrong } =
        brew::adopt_cache((store, &context.patient()), folder, progress)?;
    progress.finish();
    let text = format!(
        "took {files} bottles, {}, from nginx's cache; {known} were in the store; {wrong} are not what they were kept as. \
         No snapshot names them: run pinfold sync, which takes them from the store",
        ui::bytes(bytes)
    );
    let value = serde_json::json!({ "new_objects": files, "new_bytes": bytes, "known": known, "wrong": wrong });
    context.answer(&text, &value)?;
    Ok(if progress.has_problems() { Outcome::No } else { Outcome::Done })
}

/// A folder to take.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) folder: &'a Path,
    pub(super) adopt: Adopt,
    pub(super) allow_empty: bool,
}

/// What a folder is taken with.
pub(super) struct Bringing<'a> {
    pub(super) context: &'a Context,
    pub(super) store: &'a Store,
    pub(super) lock: &'a MirrorLock,
    pub(super) mirror: &'a Mirror,
    pub(super) progress: &'a Progress,
}

impl Bringing<'_> {
    /// Makes a snapshot of a folder.
    pub(super) fn bring(&self, tree: &Tree<'_>, seal: &Seal) -> Result<Sealed, Failure> {
        let mut losses = 0;
        loop {
            match self.attempt(tree, seal) {
                // Its file is read again: a scan holds the store's lock for a batch only, and collection goes on beside it.
                Err(failure) if failure.is_lost_object && losses < LOSSES_MAX => losses += 1,
                done => return done,
            }
        }
    }

    fn attempt(&self, tree: &Tree<'_>, seal: &Seal) -> Result<Sealed, Failure> {
        let Self { context, store, lock, mirror, progress } = *self;
        let asker = context.patient();
        let draft = store.scan(lock, &asker, (tree.folder, tree.adopt), progress)?;
        if draft.totals.files + draft.totals.links == 0 && !tree.allow_empty {
            let shown = escape_path(tree.folder);
            return Err(Failure::usage(format!("cannot take {shown}: it holds no file"))
                .hint("see whether it is mounted and what the mirror tool did; --allow-empty takes it all the same"));
        }
        let reading = read(context, (store, lock), mirror, &draft, progress)?;
        // The record holds the objects from then on; nothing else is locked here, since the site's lock comes before the store's.
        let writer = store.writer(&asker)?;
        Ok(store.seal(lock, &writer, draft, reading.as_ref(), seal)?)
    }
}

/// Lets the family read what was scanned. Where the mirror has keyrings and says what it consists of, it is proved.
fn read(
    context: &Context,
    (store, lock): (&Store, &MirrorLock),
    mirror: &Mirror,
    draft: &Draft,
    progress: &Progress,
) -> Result<Box<dyn Reading>, Failure> {
    let keys = mirror.keys()?;
    let belief = mirror.belief(keys.clone(), true)?;
    let configured = match &mirror.upstream {
        Some(upstream) => upstream.archive(
            (belief.clone(), keys.unwrap_or_default()),
            (store, &lock.mirror),
            (context.now, None),
        )?,
        None => None,
    };
    let archive = match configured {
        Some(archive) => Some(archive),
        None => mirror.family.archive_in(&DraftTree { store, draft }, belief, context.now)?,
    };
    match archive {
        Some(archive) => {
            Ok(Box::new(prove_draft((store, lock), draft, archive.as_ref(), progress)?))
        }
        None => Ok(mirror.family.read(&DraftTree { store, draft }, progress)?),
    }
}

/// Publishes a snapshot that was just made, or whose tree a crash kept from standing.
pub(super) fn publish_new(
    context: &Context,
    store: &Store,
    record: &Record,
    progress: &Progress,
) -> Result<(), Failure> {
    if publish::is_complete(store, &record.mirror, record.taken)? {
        return Ok(());
    }
    let site = store.lock_site(&context.patient())?;
    let writer = store.writer(&context.patient())?;
    let locks = publish::Locks { site: &site, writer: &writer };
    publish::publish(store, &record.mirror, record.taken, locks, progress)?;
    Ok(store.keep_reserve()?)
}

/// Says what an ingest would do.
fn told(context: &Context, totals: &Totals, progress: &Progress) -> Done {
    let (new, new_bytes) =
        (progress.get(Counter::ObjectsWritten), progress.get(Counter::BytesWritten));
    let text = format!(
        "would take {} files, {}, of which {new} with {} are new to the store",
        totals.files,
        ui::bytes(totals.bytes),
        ui::bytes(new_bytes)
    );
    let value = serde_json::json!({
        "files": totals.files, "links": totals.links, "bytes": totals.bytes, "new_objects": new, "new_bytes": new_bytes, "dry_run": true,
    });
    context.answer(&text, &value)?;
    Ok(Outcome::Done)
}

/// The folder as it was named, from the root of the file system on: the record is read elsewhere and years later.
fn source(folder: &Path) -> String {
    escape_path(&std::path::absolute(folder).unwrap_or_else(|_no_current_folder| folder.to_owned()))
}

/// Warns where the clock went back: dates only grow, and the new one is not the time of day.
pub(super) fn tell_of_the_clock(context: &Context, record: &Record) {
    if record.parent.is_some_and(|parent| parent.seconds() > context.now.seconds() + CLOCK_SECONDS)
    {
        ui::tell(&format!(
            "the clock says {}, long before the newest snapshot: this one is dated {} all the same, dates only grow; see that the clock is right",
            context.now.human(),
            record.taken.human()
        ));
    }
}

/// Finds the real folder, whatever links lead there. It must be one, and neither hold the root nor lie in it.
fn folder(folder: &Path, store: &Store) -> Result<PathBuf, Failure> {
    let shown = escape_path(folder);
    let real = std::fs::canonicalize(folder)
        .map_err(|error| Failure::usage(format!("cannot take {shown}: {error}")))?;
    if !real.is_dir() {
        return Err(Failure::usage(format!("cannot take {shown}: it is no folder")));
    }
    let root = std::fs::canonicalize(store.root())
        .map_err(|error| Failure::machine(format!("cannot resolve the root: {error}")))?;
    if real.starts_with(&root) || root.starts_with(&real) {
        return Err(Failure::usage(format!(
            "cannot take {shown}: it and the root {} lie in each other",
            root.display()
        )));
    }
    Ok(real)
}

fn summary(
    context: &Context,
    record: &Record,
    is_new: bool,
    progress: &Progress,
    begun: Instant,
) -> Result<(), Failure> {
    let name = format!("{}@{}", record.mirror, record.taken);
    let new_bytes = progress.get(Counter::BytesWritten);
    let seconds = begun.elapsed().as_secs_f64();
    if context.json {
        return ui::print_json(&serde_json::json!({
            "snapshot": name, "new": is_new, "files": record.files, "links": record.links, "bytes": record.bytes,
            "new_bytes": new_bytes, "new_objects": progress.get(Counter::ObjectsWritten), "read_bytes": progress.get(Counter::BytesRead),
            "manifest": record.manifest, "trust": record.trust, "seconds": seconds,
        }));
    }
    let verb = if is_new { "took" } else { "nothing changed since" };
    let known = record.bytes.saturating_sub(new_bytes);
    let share = known.saturating_mul(100).checked_div(record.bytes).unwrap_or(100);
    ui::print(&format!(
        "{verb} {name}: {} files, {}; {} new, {share}% was in the store; {seconds:.1} s; trust = \"{}\"",
        record.files,
        ui::bytes(record.bytes),
        ui::bytes(new_bytes),
        record.trust.as_str(),
    ))
}
