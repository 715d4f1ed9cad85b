//! What is kept: the keys, what was set aside, what crashes left, the clock, and when all was last read.

use std::os::unix::fs::MetadataExt;

use pinfold_mirror::apt::Signed;
use pinfold_mirror::family::Family;
use pinfold_publisher::status::Status;
use pinfold_store::path::escape_path;
use pinfold_store::{Store, disk};

use super::{Code, Found, Scene};
use crate::ui;

/// After how many seconds all is to be read again.
const READ_EVERY: u64 = 90 * 86_400;
/// How long it is told what a run removed after a crash, in seconds.
const TOLD_FOR: i64 = 7 * 86_400;
/// How far a clock may be behind what it dated, in seconds.
const CLOCK_SLACK: i64 = 3600;

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    keys(scene, found);
    let Some(store) = scene.store else { return };
    set_aside(store, found);
    leftovers(scene, store, found);
    clock(scene, store, found);
    if let Some(status) = scene.status {
        killed(scene, (store, status), found);
        deep_read(scene, status, found);
    }
}

fn keys(scene: &Scene<'_>, found: &mut Found) {
    let config = &scene.context.config;
    let path = scene.context.key_path();
    let folder = config.root.join("keys");
    let is_open =
        |path: &std::path::Path| path.metadata().is_ok_and(|meta| meta.mode() & 0o077 != 0);
    for path in [&folder, &path].into_iter().filter(|path| is_open(path)) {
        let what = "others than its owner may read it";
        let mend = format!(
            "chmod go= {}; who could read it until now? pinfold key rotate",
            escape_path(path)
        );
        found.add(Code::KeyOpen, (escape_path(path), what), mend);
    }
    let mut mirrors = config.mirrors.values();
    let is_needed = mirrors.any(|one| one.family == Family::Apt && one.signed == Signed::Local);
    // Another user than the owner cannot look into the folder.
    let is_gone = matches!(disk::stands(&path), Ok(false))
        && disk::stands(&config.root.join("FORMAT")).unwrap_or(false);
    if is_needed && is_gone {
        let mend = "bring it back from a backup, and run pinfold init: a new key must be given to every client";
        found.add(Code::KeyMissing, (escape_path(&path), "the signing key is gone"), mend);
    }
}

fn set_aside(store: &Store, found: &mut Found) {
    let folder = store.root().join("quarantine");
    let names = disk::names(&folder).unwrap_or_default();
    if !names.is_empty() {
        let what = format!("{} damaged file(s) that nobody had any more", names.len());
        let mend = "pinfold fsck says which snapshots lack them; pinfold fsck --repair --from PATH, or ingest a tree that has them, then remove the folder";
        found.add(Code::SetAside, (escape_path(&folder), what), mend);
    }
}

/// What crashes left, and what a run removed of that.
fn leftovers(scene: &Scene<'_>, store: &Store, found: &mut Found) {
    let left: Vec<String> = store.leftovers().unwrap_or_default();
    if !left.is_empty() {
        let what = format!(
            "{} temporary file(s) of runs that are gone: {}",
            left.len(),
            super::first_of(&left)
        );
        found.add(
            Code::Leftovers,
            ("incoming", what),
            "the next sync or ingest removes them; pinfold prune at once",
        );
    }
    let Ok(Some((removed, at))) = store.removed_leftovers() else { return };
    if (0..TOLD_FOR).contains(&(scene.context.now.seconds() - at.seconds())) {
        let what = format!("at {} UTC a run removed what another had left: {removed}", at.human());
        found.add(Code::RunKilled, ("incoming", what), "see why a run ended in the middle (dmesg, journalctl -k: out of memory?); nothing else is to be done");
    }
}

/// Runs that say that they are at work, and are gone.
fn killed(scene: &Scene<'_>, (store, status): (&Store, &Status), found: &mut Found) {
    for name in scene.mirrors() {
        let is_busy = status.mirrors.get(name).is_some_and(|one| one.held_by.is_some());
        if !is_busy
            && disk::stands(&store.root().join("running").join(name.as_str())).unwrap_or(false)
        {
            let what = "its last sync or ingest was killed";
            found.add(
                Code::RunKilled,
                (name, what),
                format!("pinfold sync {name}, or the same ingest: it goes on where it was"),
            );
        }
    }
}

/// What is dated later than now.
fn clock(scene: &Scene<'_>, store: &Store, found: &mut Found) {
    let limit = scene.context.now.seconds() + CLOCK_SLACK;
    for name in scene.mirrors() {
        let newest = store.dates(name).ok().and_then(|dates| dates.last().copied());
        if let Some(newest) = newest.filter(|newest| newest.seconds() > limit) {
            let what = format!(
                "{name}@{newest} is later than this machine's clock, {} UTC",
                scene.context.now.human()
            );
            found.add(
                Code::ClockWrong,
                (name, what),
                "timedatectl; set the clock, and let systemd-timesyncd or chrony keep it",
            );
        }
    }
}

fn deep_read(scene: &Scene<'_>, status: &Status, found: &mut Found) {
    let has_any = status.mirrors.values().any(|mirror| mirror.snapshots > 0);
    // Another user than the owner cannot know.
    let Some(read) = status.deep_read.filter(|_| has_any && scene.only.is_none()) else { return };
    let what = match read.age_seconds {
        None => "the objects were never read as a whole".to_owned(),
        Some(age) if age > READ_EVERY => {
            format!("all objects were last read {} ago", ui::span(age))
        }
        Some(_) => return,
    };
    let mend = "pinfold fsck --deep; or a part each night: pinfold fsck --budget 30m";
    found.add(Code::DeepReadOld, ("objects", what), mend);
}
