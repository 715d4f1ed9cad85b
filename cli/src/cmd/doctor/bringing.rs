//! Why a mirror is empty or stale: whether it is synced, what it fails of, and who was to start it.

use std::path::Path;
use std::process::Command;

use pinfold_publisher::status::{FailureStatus, MirrorStatus, Status};
use pinfold_store::path::escape_path;
use pinfold_store::{Name, Stamp, disk};

use super::{Code, Found, Scene, shown};
use crate::host::machine;
use crate::ui;

/// How late a run may be before nobody is to be coming.
const LATE: i64 = 3600;
/// Where the lines of cron's are, beside its folder.
const TABLES: [&str; 2] = ["/etc/crontab", "/etc/cron.d"];
const SPOOLS: [&str; 2] = ["/var/spool/cron/crontabs", "/var/spool/cron"];
const TIMERS: [&str; 2] =
    ["/etc/systemd/system/pinfold.timer", "/usr/lib/systemd/system/pinfold.timer"];
const LOGS: [&str; 4] =
    ["/var/log/cron.log", "/var/log/cron", "/var/log/syslog", "/var/log/messages"];

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let Some(status) = scene.status else { return };
    for problem in &status.problems {
        found.add(Code::Unreadable, ("records", problem.clone()), "pinfold fsck says more");
    }
    for (name, channel) in &status.channels {
        if let Some(why) = &channel.broken {
            found.add(Code::ChannelBroken, (name, why.clone()), "pinfold init; then pinfold fsck");
        }
    }
    for name in scene.mirrors() {
        // A cache has no states.
        if let Some(mirror) = status.mirrors.get(name) {
            of_mirror(scene, (name, mirror), status, found);
            layout(scene, name, found);
        }
    }
    starter(scene, status, found);
}

fn of_mirror(
    scene: &Scene<'_>,
    (name, mirror): (&Name, &MirrorStatus),
    status: &Status,
    found: &mut Found,
) {
    let is_busy = mirror.running.is_some() || mirror.held_by.is_some();
    let is_fed = scene.context.config.mirrors.get(name).is_some_and(|one| one.upstream.is_some());
    let bring = if is_fed {
        format!("pinfold sync {name} --background")
    } else {
        format!("pinfold ingest {name} DIR, when the tool that brings it has run")
    };
    match &mirror.newest {
        None if is_busy => {}
        None => found.add(Code::MirrorEmpty, (name, "it has no snapshot"), bring),
        Some(newest) => {
            if mirror.freshness.is_stale && !is_busy {
                let what = format!(
                    "the newest snapshot is {}, the last good sync {} ago; {}",
                    newest.snapshot,
                    mirror.freshness.age_seconds.map_or_else(String::new, ui::span),
                    mirror.freshness.clients_get.as_deref().unwrap_or_default()
                );
                found.add(Code::MirrorStale, (name, what), bring);
            }
            for (channel, shown) in &status.channels {
                if shown.broken.is_none() && !shown.mirrors.contains_key(name) {
                    let what = format!(
                        "{channel} shows no snapshot of it, and it has {}",
                        mirror.snapshots
                    );
                    let mend = format!("pinfold promote {name} --to {channel}");
                    found.add(Code::ChannelEmpty, (name, what), mend);
                }
            }
        }
    }
    if let Some(failure) = &mirror.sync.failure {
        failed(scene, (name, failure), found);
    }
}

fn failed(scene: &Scene<'_>, (name, failure): (&Name, &FailureStatus), found: &mut Found) {
    let is_absent =
        [" 404", "cannot be had", "status 410"].iter().any(|one| failure.said.contains(one));
    let (code, mend) = match failure.exit_code {
        4 => (
            Code::NotAuthentic,
            format!(
                "compare with upstream's announcement of its keys; then keyrings in mirrors.d/{name}.toml, and pinfold sync {name}"
            ),
        ),
        3 if is_absent => (
            Code::UpstreamMoved,
            format!(
                "look at upstream with a browser; then upstream, suites or components in mirrors.d/{name}.toml, and pinfold sync {name}"
            ),
        ),
        3 => (
            Code::SyncFails,
            format!(
                "wait, or name another upstream in mirrors.d/{name}.toml; pinfold sync {name} tries now"
            ),
        ),
        5 => (Code::SyncFails, "make room, or mend what it names; then the same sync".to_owned()),
        _ => (Code::SyncFails, format!("pinfold sync {name} says it again")),
    };
    let log = scene.context.config.logs.join(format!("{name}.log"));
    let end = scene.tail(&log).unwrap_or_default();
    let end = end.lines().rev().find(|line| !line.trim().is_empty());
    let end = end.map_or_else(String::new, |line| {
        format!("; {} ends with: {}", escape_path(&log), shown(line))
    });
    let what = format!(
        "{} time(s) in a row, exit code {}: {}{end}",
        failure.in_a_row, failure.exit_code, failure.said
    );
    found.add(code, (name, what), mend);
}

/// What upstream listed before and does not any more.
fn layout(scene: &Scene<'_>, name: &Name, found: &mut Found) {
    let Some(store) = scene.store else { return };
    let Ok(dates) = store.dates(name) else { return };
    let [.., before, newest] = dates.as_slice() else { return };
    let (Ok(before), Ok(newest)) = (store.record(name, *before), store.record(name, *newest))
    else {
        return;
    };
    let gone = before.roots.iter().filter(|path| !newest.roots.contains(path));
    let gone: Vec<String> = gone.map(ToString::to_string).collect();
    if !gone.is_empty() {
        let what = format!("{name}@{} has no {} any more", newest.taken, super::first_of(&gone));
        let mend = format!(
            "pinfold diff {name}@{} --files; clients that follow it need another line, pinfold pin {name} --in CHANNEL holds the channel meanwhile",
            before.taken
        );
        found.add(Code::LayoutChanged, (name, what), mend);
    }
}

/// Who starts `pinfold run`, where anything has a schedule.
fn starter(scene: &Scene<'_>, status: &Status, found: &mut Found) {
    let config = &scene.context.config;
    let mut schedules = scene.mirrors().filter_map(|name| config.mirrors.get(name));
    let has_schedule = schedules.any(|mirror| !mirror.course.schedule.is_never())
        || config.channels.values().any(|channel| !channel.schedule.is_never());
    if !has_schedule {
        return;
    }
    let lines = lines(scene);
    let has_timer = TIMERS.iter().any(|path| scene.host.at(path).exists());
    let read: Vec<&String> = lines.iter().filter(|path| !is_ignored(scene, path)).collect();
    if lines.is_empty() && !has_timer {
        let what = "neither /etc/cron.d, /etc/crontab nor a timer of systemd starts pinfold run";
        found.add(Code::RunNotScheduled, ("run", what), "pinfold setup MIRROR");
    } else if read.is_empty() && !has_timer {
        let what = format!(
            "{}: its name has a dot, others may write it, or it is not root's",
            super::first_of(&lines)
        );
        found.add(
            Code::CronIgnored,
            (&lines[0], what),
            "mv it to /etc/cron.d/pinfold; chown root, chmod 0644",
        );
    } else if let (false, Some(why)) = (has_timer, machine::no_cron(scene.host)) {
        found.add(
            Code::CronMissing,
            ("cron", why),
            "apt-get install cron; or pinfold setup MIRROR --systemd",
        );
    }
    overdue(scene, status, found);
}

/// What nobody tried although its time came.
fn overdue(scene: &Scene<'_>, status: &Status, found: &mut Found) {
    let config = &scene.context.config;
    let then = Stamp::from_seconds(scene.context.now.seconds() - LATE);
    for name in scene.mirrors() {
        let (Some(own), Some(mirror)) = (config.mirrors.get(name), status.mirrors.get(name)) else {
            continue;
        };
        let is_busy = mirror.running.is_some() || mirror.held_by.is_some();
        let newest = mirror.newest.as_ref().map(|newest| newest.snapshot);
        // One that was never tried and is empty is told as such.
        let Some(last) = mirror.sync.last_try.or(newest) else { continue };
        let due = own.course.schedule.latest(then, &config.zone).filter(|time| *time > last);
        if let Some(due) = due.filter(|_| !is_busy && own.upstream.is_some()) {
            let what = format!(
                "its sync was due at {} UTC, and nobody tried; {}",
                due.human(),
                last_start(scene)
            );
            found.add(
                Code::RunOverdue,
                (name, what),
                "pinfold run says what holds it; systemctl status cron (or crond, or pinfold.timer)",
            );
        }
    }
}

/// The files of cron's that start us.
fn lines(scene: &Scene<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    for place in TABLES.iter().chain(&SPOOLS) {
        let names = disk::names(&scene.host.at(place)).unwrap_or_default();
        if names.is_empty() {
            paths.push((*place).to_owned());
        }
        paths.extend(names.iter().map(|name| format!("{place}/{}", name.to_string_lossy())));
    }
    let starts = |line: &str| {
        let line = line.trim();
        !line.starts_with('#') && line.contains("pinfold") && line.contains(" run")
    };
    paths.retain(|path| {
        scene.host.at(path).is_file() && scene.tail(path).is_ok_and(|text| text.lines().any(starts))
    });
    paths
}

/// Says whether cron passes over it: by its name, or for who may write it.
fn is_ignored(scene: &Scene<'_>, path: &str) -> bool {
    use std::os::unix::fs::MetadataExt;
    let Some(name) = path.strip_prefix("/etc/cron.d/") else { return false };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    let meta = std::fs::metadata(scene.host.at(path));
    let is_loose = meta
        .is_ok_and(|meta| meta.mode() & 0o022 != 0 || (scene.host.is_here() && meta.uid() != 0));
    !name.bytes().all(plain) || is_loose
}

/// When cron or systemd last started us, by their logs.
fn last_start(scene: &Scene<'_>) -> String {
    let is_start = |line: &&str| {
        let lower = line.to_ascii_lowercase();
        lower.contains("cron") && lower.contains("pinfold")
    };
    let in_logs = LOGS.iter().filter(|path| scene.host.at(path).is_file()).find_map(|path| {
        let text = scene.tail(path).ok()?;
        text.lines().rev().find(is_start).map(|line| format!("{path}: {}", shown(line)))
    });
    let in_journal = || {
        let is_there = scene.host.is_here() && Path::new("/run/systemd/system").is_dir();
        let words = ["--no-pager", "--quiet", "--lines=1", "--grep=pinfold.* run|pinfold.service"];
        let output = is_there.then(|| Command::new("journalctl").args(words).output().ok())??;
        let line = String::from_utf8_lossy(&output.stdout).lines().last().map(shown)?;
        Some(format!("the journal: {line}"))
    };
    in_logs.or_else(in_journal).map_or_else(
        || "no log of cron's or systemd's says that it was ever started".to_owned(),
        |line| format!("last started by {line}"),
    )
}
