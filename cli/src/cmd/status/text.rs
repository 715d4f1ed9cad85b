//! What is the case, in words.

use pinfold_publisher::status::{
    ChannelStatus, DiskStatus, FailureStatus, MirrorStatus, PinStatus, Status, SyncStatus,
};
use pinfold_store::path::escape_path;
use pinfold_store::running::{Plan, Running, Step};
use pinfold_store::{Name, Stamp};

use crate::context::Context;
use crate::ui;

mod ahead;

/// All mirrors and channels, a line each.
pub(super) fn all(context: &Context, status: &Status) -> String {
    let rows = status.mirrors.iter().map(|(name, mirror)| {
        let (newest, age) = newest(mirror);
        vec![
            name.to_string(),
            newest,
            age,
            good(&mirror.sync),
            next(status.at, mirror.sync.next),
            state(mirror),
        ]
    });
    let mut text = if status.mirrors.is_empty() {
        "no mirrors yet: mirrors.d has a file for each\n".to_owned()
    } else {
        ui::table(
            &["MIRROR", "NEWEST (UTC)", "AGE", "LAST GOOD SYNC", "NEXT", "STATE"],
            rows.collect(),
        )
    };
    text += &channels(context, status);
    let pins: Vec<Vec<String>> = status
        .mirrors
        .values()
        .flat_map(|mirror| &mirror.pins)
        .map(|pin| {
            vec![on(pin), pin.name.as_ref().map_or_else(String::new, Name::to_string), held(pin)]
        })
        .collect();
    if !pins.is_empty() {
        text += "\n";
        text += &ui::table(&["PINNED", "NAME", "BY"], pins);
    }
    if let Some(disk) = &status.disk {
        text += &format!("\ndisk: {}\n", room(disk));
    }
    text + &ahead::lines(status)
}

/// One mirror, with all that is known of it.
pub(super) fn one(
    context: &Context,
    status: &Status,
    (name, mirror): (&Name, &MirrorStatus),
) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    lines.push(("newest", newest_of(name, mirror)));
    lines.push(("kept", format!("{}, {} of them published", mirror.snapshots, mirror.published)));
    lines.push(("good sync", good(&mirror.sync)));
    lines.push(("freshness", ahead::freshness(&mirror.freshness)));
    if let Some(failure) = &mirror.sync.failure {
        lines.push(("failed", failed(failure)));
    }
    lines.push((
        "next sync",
        match (&mirror.sync.schedule, mirror.sync.next) {
            (Some(schedule), next) => format!("{} ({schedule})", self::next(status.at, next)),
            (None, _) => "by hand".to_owned(),
        },
    ));
    if let Some(running) = &mirror.running {
        lines.extend(work(running));
        let log = context.config.logs.join(format!("{name}.log"));
        if running.starter.is_some() {
            lines.push(("log", escape_path(&log)));
        }
    } else if let Some(holder) = &mirror.held_by {
        lines.push(("busy", holder.clone()));
    }
    for (channel, status) in &status.channels {
        if let Some(shown) = status.mirrors.get(name) {
            let since = status.since.map_or_else(String::new, Stamp::human);
            lines.push((
                "shown by",
                format!(
                    "{channel}: {name}@{}, {} (generation {} of {since} UTC)",
                    shown.snapshot,
                    behind(shown.behind),
                    status.generation
                ),
            ));
        }
        lines.extend(
            status.pins.iter().map(|pin| ("pinned", format!("in {channel} {}", held(pin)))),
        );
        lines.extend(waits(channel, status).map(|text| ("waits", text)));
    }
    lines.extend(mirror.pins.iter().map(|pin| ("pinned", format!("{} {}", on(pin), held(pin)))));
    if let Some(disk) = &status.disk {
        lines.push(("disk", room(disk)));
    }
    let ends = status.expiries.iter().filter(|one| one.mirror.as_ref() == Some(name));
    lines.extend(ends.map(|one| ("ends", ahead::ends(one))));
    let lines = lines.iter().map(|(word, text)| format!("  {word:<9}  {text}\n"));
    format!("{name}\n{}", lines.collect::<String>())
}

fn newest_of(name: &Name, mirror: &MirrorStatus) -> String {
    let Some(newest) = &mirror.newest else { return "none yet".to_owned() };
    format!(
        "{name}@{}, {} old: {} files, {}, trust = \"{}\"{}",
        newest.snapshot,
        ui::span(newest.age_seconds),
        newest.files,
        ui::bytes(newest.bytes),
        newest.trust,
        if newest.filtered { ", filtered" } else { "" }
    )
}

fn newest(mirror: &MirrorStatus) -> (String, String) {
    mirror.newest.as_ref().map_or_else(
        || ("none yet".to_owned(), String::new()),
        |newest| (newest.snapshot.human(), ui::span(newest.age_seconds)),
    )
}

fn good(sync: &SyncStatus) -> String {
    let ago = |age: u64| format!("{} ago", ui::span(age));
    sync.last_good_age_seconds.map_or_else(|| "never".to_owned(), ago)
}

/// When something comes, from now on.
fn next(now: Stamp, next: Option<Stamp>) -> String {
    let Some(next) = next else { return "by hand".to_owned() };
    match u64::try_from(next.seconds().saturating_sub(now.seconds())) {
        Ok(0) | Err(_) => "due".to_owned(),
        Ok(seconds) => format!("in {}", ui::span(seconds)),
    }
}

/// What a mirror does, or what keeps it from it.
fn state(mirror: &MirrorStatus) -> String {
    if let Some(running) = &mirror.running {
        return running.step.as_ref().map_or_else(|| running.verb.clone(), step);
    }
    match (&mirror.held_by, &mirror.sync.failure) {
        (Some(holder), _) => holder.clone(),
        (None, Some(failure)) => failed(failure),
        (None, None) if mirror.freshness.is_stale => "stale".to_owned(),
        (None, None) => String::new(),
    }
}

fn failed(failure: &FailureStatus) -> String {
    let FailureStatus { exit_code, said, in_a_row } = failure;
    let times = if *in_a_row > 1 { format!("{in_a_row} times, ") } else { String::new() };
    format!("failed, {times}exit code {exit_code}: {said}")
}

/// A step, how far it is, how fast, and how long still.
fn step(step: &Step) -> String {
    let much = |units: u64| if step.is_bytes { ui::bytes(units) } else { units.to_string() };
    let mut text = format!("{}: {}", step.title, much(step.done));
    if let Some(total) = step.total {
        text += &format!(" of {}", much(total));
    }
    if let Some(rate) = step.rate {
        text += &format!(", {}/s", much(rate));
    }
    if let Some(left) = step.left_seconds {
        text += &format!(", {} left", ui::span(left));
    }
    text
}

fn work(running: &Running) -> Vec<(&'static str, String)> {
    let Running { verb, pid, seconds, .. } = running;
    let mut lines = vec![("running", format!("{verb}, pid {pid}, for {}", ui::span(*seconds)))];
    if let Some(now) = &running.step {
        let files = match (now.files_done, now.files_total) {
            (Some(done), Some(total)) => format!("; {done} of {total} files"),
            _ => String::new(),
        };
        lines.push(("", format!("{}{files}", step(now))));
    }
    let fetched = ui::bytes(running.fetched_bytes);
    let planned =
        running.planned.map_or_else(String::new, |Plan { fetch_files, fetch_bytes, .. }| {
            format!(" of {fetch_files} with {} that were lacking", ui::bytes(fetch_bytes))
        });
    lines.push(("fetched", format!("{} files with {fetched}{planned}", running.fetched_files)));
    lines
}

fn channels(context: &Context, status: &Status) -> String {
    let mut rows = Vec::new();
    let mut waiting = String::new();
    for (name, channel) in &status.channels {
        let mut head = vec![
            name.to_string(),
            channel.generation.to_string(),
            channel.since.map_or_else(String::new, Stamp::human),
            channel.who.clone(),
            next(status.at, channel.next),
        ];
        if let Some(why) = &channel.broken {
            rows.push(
                [head.clone(), vec![format!("broken: {why}"), String::new(), String::new()]]
                    .concat(),
            );
        } else if channel.mirrors.is_empty() {
            rows.push([head.clone(), ["nothing yet", "", ""].map(str::to_owned).to_vec()].concat());
        }
        for (mirror, shown) in &channel.mirrors {
            let pin = channel.pins.iter().find(|pin| pin.mirror == *mirror);
            let pin = pin.map_or_else(String::new, |pin| format!("pinned {}", held(pin)));
            let shows = vec![format!("{mirror}@{}", shown.snapshot), behind(shown.behind), pin];
            rows.push([std::mem::replace(&mut head, vec![String::new(); 5]), shows].concat());
        }
        for text in waits(name, channel) {
            waiting += &format!("{text}\n");
        }
    }
    if context.config.channels.is_empty() {
        return String::new();
    }
    let head = ["CHANNEL", "GENERATION", "SINCE (UTC)", "BY", "NEXT MOVE", "SHOWS", "", "PIN"];
    let gap = if waiting.is_empty() { "" } else { "\n" };
    format!("\n{}{gap}{waiting}", ui::table(&head, rows))
}

fn waits(name: &Name, channel: &ChannelStatus) -> impl Iterator<Item = String> {
    let failed = channel.failure.iter().map(move |failure| format!("{name}: {}", failed(failure)));
    let waiting = channel.waits.iter().map(move |waiting| {
        let to = waiting.snapshot.map_or_else(String::new, |to| format!(" for {to}"));
        format!("{name}: {} waits{to}: {}", waiting.mirror, waiting.why)
    });
    waiting.chain(failed)
}

fn behind(count: usize) -> String {
    if count == 0 { "newest".to_owned() } else { format!("{count} behind") }
}

/// What a pin is on.
fn on(pin: &PinStatus) -> String {
    pin.snapshot.map_or_else(|| pin.mirror.to_string(), |taken| format!("{}@{taken}", pin.mirror))
}

/// Who holds, until when and why.
fn held(pin: &PinStatus) -> String {
    let until = match pin.until {
        None => String::new(),
        Some(until) if pin.expired => format!(", expired {} UTC", until.human()),
        Some(until) => format!(", until {} UTC", until.human()),
    };
    format!("by {}{until}: {}", pin.who, pin.reason)
}

fn room(disk: &DiskStatus) -> String {
    let full = if disk.is_full() { "full: " } else { "" };
    let mut text = format!(
        "{full}{} of {} free, {} in reserve",
        ui::bytes(disk.free_bytes),
        ui::bytes(disk.bytes),
        ui::bytes(disk.reserve_bytes)
    );
    if let (Some(free), Some(all), Some(reserve)) =
        (disk.free_inodes, disk.inodes, disk.reserve_inodes)
    {
        text += &format!("; {free} of {all} inodes free, {reserve} in reserve");
    }
    text
}
