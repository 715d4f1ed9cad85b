//! Retention over the mirrors of the configuration, as `prune` and `run` do it.

use std::time::Duration;

use pinfold_publisher::pins::{self, Holder};
use pinfold_publisher::publish::{self, Locks, at};
use pinfold_publisher::retention::{self as past, Applied, Rules, Soak, Step, Times, Want};
use pinfold_store::disk::{self, Weight};
use pinfold_store::gc::{Collected, Run};
use pinfold_store::lock::{Asker, MirrorLock};
use pinfold_store::{Error as StoreError, Monitor, Name, Silent, Stamp, Store};

use crate::context::Context;
use crate::failure::Failure;
use crate::ui::Progress;

/// How often `run` looks for what crashes left: it asks for every object that there is.
const SWEEPS: Duration = Duration::from_secs(7 * 24 * 3600);

/// What was done, or would be.
#[derive(Debug, Default)]
pub(in crate::cmd) struct Tidied {
    /// Drops that an earlier run had begun.
    pub(in crate::cmd) completed: Vec<(Name, Stamp)>,
    /// The mirrors, with how many snapshots stay.
    pub(in crate::cmd) mirrors: Vec<(Name, usize, Applied)>,
    /// Mirrors where it was not done, with the reason.
    pub(in crate::cmd) failed: Vec<(Name, Failure)>,
    /// Folders of old generations, with what they took.
    pub(in crate::cmd) generations: (usize, Weight),
    /// What crashes left, where it was looked for.
    pub(in crate::cmd) leftovers: Option<Collected>,
}

/// What a typed `prune` does: of one mirror, or of all and of what crashes left.
pub(super) fn typed(
    context: &Context,
    store: &Store,
    only: Option<&Name>,
) -> Result<Tidied, Failure> {
    if context.dry_run {
        return dry(context, store, only);
    }
    let (asker, progress) = (context.asker(), Progress::new());
    let mut done = tidy((context, store), only, (&asker, Touch::Always), &progress)?;
    if only.is_none() {
        done.leftovers = Some(store.sweep((Run::Real, &asker), &progress)?);
        swept(context, store);
    }
    progress.finish();
    Ok(done)
}

/// What `run` does: retention of all mirrors, and once a week what crashes left, too. A mirror that another run works on is among the
/// failed.
pub(in crate::cmd) fn retention(context: &Context, store: &Store) -> Result<Tidied, Failure> {
    // Syncs hold the store for a batch at a time: what waits for such a moment must not fail for it.
    // Cron mails whatever is said.
    let (asker, patient, progress) = (context.asker(), context.patient(), Silent);
    let mut done = tidy((context, store), None, (&patient, Touch::Changes(&asker)), &progress)?;
    if is_sweep_due(context, store) {
        match store.sweep_old(&patient, &progress) {
            Ok(collected) => {
                done.leftovers = Some(collected);
                swept(context, store);
            }
            // Somebody brings a mirror in: what has no name yet may be its. The next run looks again.
            Err(StoreError::Busy { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(done)
}

/// Completes what was begun, and lets go of what is kept no longer: of one mirror, or of all and of old generations.
fn tidy(
    (context, store): (&Context, &Store),
    only: Option<&Name>,
    (asker, touch): (&Asker, Touch<'_>),
    monitor: &dyn Monitor,
) -> Result<Tidied, Failure> {
    let mut done = Tidied { completed: complete(store, asker, monitor)?, ..Tidied::default() };
    let mut mirrors = mirrors(context, store, only)?;
    if matches!(touch, Touch::Changes(_)) {
        // What was retracted stays as it is until somebody says otherwise.
        mirrors.retain(|mirror| context.config.is_active(mirror));
    }
    for mirror in mirrors {
        match of_mirror((context, store), &mirror, (asker, touch), monitor) {
            Ok((kept, applied)) => done.mirrors.push((mirror, kept, applied)),
            Err(failure) => done.failed.push((mirror, failure)),
        }
    }
    if only.is_none() {
        done.generations = generations(context, store, asker)?;
    }
    Ok(done)
}

/// The same, only said.
fn dry(context: &Context, store: &Store, only: Option<&Name>) -> Result<Tidied, Failure> {
    let mut plans: Vec<(Want, Vec<Step>)> = Vec::new();
    for mirror in mirrors(context, store, only)? {
        let want = want(context, &mirror);
        let steps = planned(store, &want)?;
        plans.push((want, steps));
    }
    let weighed = past::weigh(store, &plans)?;
    let mirrors = plans.into_iter().zip(weighed);
    let mut done = Tidied {
        mirrors: mirrors
            .map(|((want, steps), applied)| (want.mirror, staying(&steps), applied))
            .collect(),
        ..Tidied::default()
    };
    if only.is_none() {
        let left = past::generations_left(store, &times(context))?;
        done.generations = (left.len(), past::weigh_generations(store, &left)?);
        done.leftovers = Some(store.sweep((Run::Dry, &context.asker()), &Progress::new())?);
    }
    Ok(done)
}

/// The mirrors whose past is looked at: those of the configuration that have snapshots. What the configuration does not know any more
/// stays as it is.
fn mirrors(context: &Context, store: &Store, only: Option<&Name>) -> Result<Vec<Name>, Failure> {
    let mut mirrors = store.mirrors()?;
    mirrors.retain(|mirror| {
        context.config.mirrors.contains_key(mirror) && only.is_none_or(|only| only == mirror)
    });
    Ok(mirrors)
}

/// When a mirror's lock is taken.
#[derive(Clone, Copy)]
enum Touch<'a> {
    /// In any case.
    Always,
    /// Where there is something to do, by this asker.
    Changes(&'a Asker),
}

fn of_mirror(
    (context, store): (&Context, &Store),
    mirror: &Name,
    (asker, touch): (&Asker, Touch<'_>),
    monitor: &dyn Monitor,
) -> Result<(usize, Applied), Failure> {
    let want = want(context, mirror);
    let by = match touch {
        Touch::Always => asker,
        Touch::Changes(by) => {
            let steps = planned(store, &want)?;
            if !steps.iter().any(Step::is_change) && !past::has_expired(store, &want)? {
                return Ok((steps.len(), Applied::default()));
            }
            by
        }
    };
    let lock = store.lock_mirror(mirror, by)?;
    let steps = planned(store, &want)?;
    let applied = past::apply(store, &lock, (&want, &steps), asker, monitor)?;
    Ok((staying(&steps), applied))
}

/// What becomes of every snapshot of a mirror.
pub(super) fn planned(store: &Store, want: &Want) -> Result<Vec<Step>, Failure> {
    let mirrors = std::slice::from_ref(&want.mirror);
    let holds = past::holds(store, &want.times, &want.soaks, mirrors)?;
    Ok(past::plan(store, want, &holds)?)
}

fn staying(steps: &[Step]) -> usize {
    steps.iter().filter(|step| !matches!(step.fate, past::Fate::Dropped(_))).count()
}

fn times(context: &Context) -> Times {
    let config = &context.config;
    Times { now: context.now, zone: config.zone.clone(), grace: config.grace }
}

/// What the configuration says of a mirror's past.
pub(super) fn want(context: &Context, mirror: &Name) -> Want {
    let rules = context.config.keep(mirror).map(|keep| Rules {
        daily: keep.daily,
        weekly: keep.weekly,
        monthly: keep.monthly,
        yearly: keep.yearly,
        within: Some(keep.within).filter(|within| !within.is_zero()),
    });
    let soak = |(name, channel): (&Name, &crate::config::Channel)| {
        Some(Soak {
            channel: name.clone(),
            from: channel.from.clone()?,
            mirror: mirror.clone(),
            after: context.config.rules(name, mirror).after.unwrap_or_default(),
        })
    };
    let soaks = context.config.channels.iter().filter_map(soak).collect();
    Want { mirror: mirror.clone(), rules, times: times(context), soaks }
}

/// Completes what killed runs began: drops, and trees that were taken down or built.
pub(super) fn complete(
    store: &Store,
    asker: &Asker,
    progress: &dyn Monitor,
) -> Result<Vec<(Name, Stamp)>, Failure> {
    if publish::has_leftovers(store)? {
        let site = store.lock_site(asker)?;
        let writer = store.writer(asker)?;
        publish::recover(store, Locks { site: &site, writer: &writer }, progress)?;
    }
    complete_drops(store, asker, progress)
}

/// Completes the drops that killed runs began, and names them.
pub(in crate::cmd) fn complete_drops(
    store: &Store,
    asker: &Asker,
    monitor: &dyn Monitor,
) -> Result<Vec<(Name, Stamp)>, Failure> {
    let completed = store.resume_drops(asker, monitor)?;
    for (mirror, taken) in &completed {
        at::refresh(store, mirror, *taken)?;
    }
    Ok(completed)
}

/// Takes pins away that hold nothing any more.
pub(super) fn let_expired_go(
    context: &Context,
    store: &Store,
    lock: &MirrorLock,
) -> Result<(), Failure> {
    let want = want(context, &lock.mirror);
    past::let_expired_go(store, lock, &want)?;
    Ok(())
}

/// Refuses a snapshot that a channel shows or a pin holds; one that has expired does not.
pub(super) fn must_be_free(
    context: &Context,
    store: &Store,
    mirror: &Name,
    taken: Stamp,
) -> Result<(), Failure> {
    let mut holders = pins::holders(store, mirror, taken)?;
    holders.retain(|holder| !matches!(holder, Holder::Pin(_, pin) if pin.is_over(context.now)));
    let refs: Vec<String> = holders.iter().map(ToString::to_string).collect();
    if refs.is_empty() {
        return Ok(());
    }
    let what = format!("{mirror}@{taken}");
    let why = format!("is shown by {}", refs.join(", "));
    Err(pinfold_publisher::Error::Held { what, why }.into())
}

/// Removes the folders of old generations.
fn generations(
    context: &Context,
    store: &Store,
    asker: &Asker,
) -> Result<(usize, Weight), Failure> {
    let times = times(context);
    if past::generations_left(store, &times)?.is_empty() {
        return Ok((0, Weight::default()));
    }
    let site = store.lock_site(asker)?;
    let left = past::generations_left(store, &times)?;
    let weight = past::remove_generations(store, &left, &site)?;
    Ok((left.len(), weight))
}

fn sweep_mark(store: &Store) -> std::path::PathBuf {
    store.root().join("schedule/swept")
}

/// Says whether it is a week since the last look for what crashes left; a mark that cannot be read or lies ahead counts for nothing.
fn is_sweep_due(context: &Context, store: &Store) -> bool {
    let last = std::fs::read_to_string(sweep_mark(store)).ok();
    let last = last.and_then(|text| text.trim().parse::<Stamp>().ok());
    last.is_none_or(|last| last <= times(context).ago(SWEEPS) || last > context.now)
}

/// Notes that it was looked. Where that cannot be written, on a full disk, the next run looks again.
fn swept(context: &Context, store: &Store) {
    let text = format!("{}\n", context.now);
    let noted = disk::make_dirs(&store.root().join("schedule"))
        .and_then(|()| disk::write_durably(&sweep_mark(store), text.as_bytes(), 0o644));
    drop(noted);
}
