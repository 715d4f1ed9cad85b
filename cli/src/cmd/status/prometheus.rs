//! What is the case, in Prometheus' text format: for the textfile collector of the node exporter.

use pinfold_publisher::status::{ChannelStatus, MirrorStatus, Status};
use pinfold_store::{Name, Stamp};

/// The metrics that are written so far, each with all its values in a row, as the format wants it.
#[derive(Debug, Default)]
struct Metrics(String);

impl Metrics {
    /// Adds a gauge; nothing of it where it has no value.
    fn gauge(&mut self, name: &str, help: &str, values: Vec<(Vec<(&str, &str)>, i128)>) {
        if values.is_empty() {
            return;
        }
        self.0 += &format!("# HELP pinfold_{name} {help}\n# TYPE pinfold_{name} gauge\n");
        for (labels, value) in values {
            let labels: Vec<String> =
                labels.iter().map(|(key, text)| format!("{key}=\"{}\"", quoted(text))).collect();
            let labels =
                if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            self.0 += &format!("pinfold_{name}{labels} {value}\n");
        }
    }

    fn one(&mut self, name: &str, help: &str, value: Option<i128>) {
        self.gauge(name, help, value.map(|value| (Vec::new(), value)).into_iter().collect());
    }
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn time(stamp: Stamp) -> i128 {
    stamp.seconds().into()
}

/// Writes all of it.
pub(super) fn text(status: &Status) -> String {
    let mut metrics = Metrics::default();
    let out = &mut metrics;
    out.one("status_timestamp_seconds", "When this was gathered.", Some(time(status.at)));
    let problems = i128::try_from(status.problems.len()).ok();
    out.one("unreadable", "Records that could not be read.", problems);
    mirrors(out, status);
    channels(out, status);
    disk(out, status);
    let ends = status.expiries.iter().map(|one| {
        let mirror = one.mirror.as_ref().map_or("", Name::as_str);
        (
            vec![("kind", one.kind), ("mirror", mirror), ("subject", one.subject.as_str())],
            time(one.at),
        )
    });
    out.gauge(
        "expiry_timestamp_seconds",
        "When a certificate, a key or metadata end.",
        ends.collect(),
    );
    let read = status.deep_read.and_then(|read| read.at).map(time);
    out.one("deep_read_timestamp_seconds", "When the last reading of all objects began.", read);
    metrics.0
}

fn mirrors(out: &mut Metrics, status: &Status) {
    let mut each = |name: &str, help: &str, value: &dyn Fn(&MirrorStatus) -> Option<i128>| {
        let values = status
            .mirrors
            .iter()
            .filter_map(|(mirror, one)| Some((vec![("mirror", mirror.as_str())], value(one)?)));
        out.gauge(name, help, values.collect());
    };
    each(
        "mirror_age_seconds",
        "Age since the last good sync, or of the newest snapshot.",
        &|one| one.freshness.age_seconds.map(Into::into),
    );
    each("mirror_stale_after_seconds", "From which age on a mirror is stale.", &|one| {
        one.freshness.stale_after_seconds.map(Into::into)
    });
    each("mirror_stale", "1 where a mirror is stale.", &|one| Some(one.freshness.is_stale.into()));
    each("mirror_newest_timestamp_seconds", "The date of the newest snapshot.", &|one| {
        one.newest.as_ref().map(|newest| time(newest.snapshot))
    });
    each("mirror_snapshots", "Snapshots that are kept.", &|one| i128::try_from(one.snapshots).ok());
    each("mirror_published", "Snapshots of which a tree stands.", &|one| {
        i128::try_from(one.published).ok()
    });
    each("mirror_sync_failures", "Syncs that failed in a row.", &|one| {
        Some(one.sync.failure.as_ref().map_or(0, |failure| failure.in_a_row).into())
    });
    each("mirror_running", "1 while a sync or an ingest runs.", &|one| {
        Some(one.running.is_some().into())
    });
}

fn channels(out: &mut Metrics, status: &Status) {
    let mut each = |name: &str, help: &str, value: &dyn Fn(&ChannelStatus) -> Option<i128>| {
        let values = status
            .channels
            .iter()
            .filter_map(|(channel, one)| Some((vec![("channel", channel.as_str())], value(one)?)));
        out.gauge(name, help, values.collect());
    };
    each("channel_generation", "The generation that clients see.", &|one| {
        one.broken.is_none().then(|| one.generation.into())
    });
    each("channel_since_timestamp_seconds", "Since when.", &|one| one.since.map(time));
    each("channel_broken", "1 where a channel cannot be read.", &|one| {
        Some(one.broken.is_some().into())
    });
    let mut shown = Vec::new();
    let mut behind = Vec::new();
    let mut waits = Vec::new();
    for (channel, one) in &status.channels {
        for (mirror, show) in &one.mirrors {
            let labels = vec![("channel", channel.as_str()), ("mirror", mirror.as_str())];
            shown.push((labels.clone(), time(show.snapshot)));
            behind.push((labels, i128::try_from(show.behind).unwrap_or_default()));
        }
        for wait in &one.waits {
            let labels = vec![
                ("channel", channel.as_str()),
                ("mirror", wait.mirror.as_str()),
                ("kind", wait.kind),
            ];
            waits.push((labels, 1));
        }
    }
    out.gauge("channel_snapshot_timestamp_seconds", "The date of what a channel shows.", shown);
    out.gauge("channel_behind", "How many newer snapshots there are.", behind);
    out.gauge("channel_waiting", "1 where something would move and does not.", waits);
}

fn disk(out: &mut Metrics, status: &Status) {
    let Some(disk) = &status.disk else { return };
    let bytes = |value: u64| Some(i128::from(value));
    out.one("disk_free_bytes", "Bytes that are free.", bytes(disk.free_bytes));
    out.one("disk_size_bytes", "Bytes in all.", bytes(disk.bytes));
    out.one("disk_reserve_bytes", "Bytes that are left free.", bytes(disk.reserve_bytes));
    out.one("disk_free_inodes", "Inodes that are free.", disk.free_inodes.map(Into::into));
    out.one("disk_inodes", "Inodes in all.", disk.inodes.map(Into::into));
    let until = |days: Option<u64>| days.map(|days| i128::from(days) * 86_400);
    let Some(ahead) = &status.forecast else { return };
    let help = "Time until the disk is full, if it goes on like this.";
    out.one("disk_full_seconds", help, until(ahead.days_until_full));
    let help = "Time until no inode is free, if it goes on like this.";
    out.one("disk_no_inodes_seconds", help, until(ahead.days_until_no_inodes));
}
