//! What the future brings, in words: only what somebody should do something about.

use pinfold_publisher::status::{DeepRead, Expiry, Forecast, Freshness, Status};

use super::super::ahead::SOON;
use crate::ui;

/// From how many days on it is told that the disk will be full.
const FULL_SOON: u64 = 365;

/// What is stale, when the disk is full, what ends soon, when all was last read.
pub(super) fn lines(status: &Status) -> String {
    let mut text = String::new();
    if let Some(line) = status.forecast.as_ref().and_then(forecast) {
        text += &format!("{line}\n");
    }
    if let Some(read) = &status.deep_read {
        text += &format!("{}\n", deep_read(read));
    }
    for (name, mirror) in &status.mirrors {
        if mirror.freshness.is_stale {
            text += &format!("{name}: {}\n", freshness(&mirror.freshness));
        }
    }
    for one in status.expiries.iter().filter(|one| one.days < SOON) {
        text += &format!("{}\n", ends(one));
    }
    text
}

/// How old a mirror is against what it may be.
pub(super) fn freshness(freshness: &Freshness) -> String {
    let Freshness { age_seconds, stale_after_seconds, is_stale, clients_get } = freshness;
    let limit = stale_after_seconds
        .map_or_else(|| "never".to_owned(), |limit| format!("after {}", ui::span(limit)));
    let Some(age) = age_seconds else { return format!("nothing yet; stale {limit}") };
    let age = ui::span(*age);
    if !is_stale {
        return format!("{age} old; stale {limit}");
    }
    let meanwhile = clients_get.as_ref().map_or_else(String::new, |get| format!("; {get}"));
    format!("stale: {age} old, more than {}{meanwhile}", limit.trim_start_matches("after "))
}

/// What ends, and when.
pub(super) fn ends(one: &Expiry) -> String {
    let what = match one.kind {
        "site-certificate" => "the site's certificate",
        "signing-key" => "the signing key",
        "upstream-key" => "upstream's key",
        "valid-until" => "Valid-Until of",
        other => other,
    };
    let of = match (&one.mirror, one.kind) {
        (Some(mirror), "upstream-key") => format!(" (of {mirror})"),
        _ => String::new(),
    };
    let when = match one.days {
        days if days < 0 => format!("ended {} days ago", days.unsigned_abs()),
        0 => "ends within a day".to_owned(),
        days => format!("ends in {days} days"),
    };
    format!("{what} {}{of} {when}, {} UTC", one.subject, one.at.human())
}

fn forecast(ahead: &Forecast) -> Option<String> {
    let Forecast { new_bytes_per_day, seen_seconds, days_until_full, days_until_no_inodes, .. } =
        *ahead;
    let (days, of) = match (days_until_full, days_until_no_inodes) {
        (Some(full), Some(inodes)) if inodes < full => (inodes, "inodes"),
        (Some(full), _) => (full, "bytes"),
        (None, inodes) => (inodes?, "inodes"),
    };
    if days > FULL_SOON {
        return None;
    }
    Some(format!(
        "disk: the reserve is reached in about {days} days, by {of}: {} of new content a day, by the last {}",
        ui::bytes(new_bytes_per_day),
        ui::span(seen_seconds)
    ))
}

fn deep_read(read: &DeepRead) -> String {
    match read.age_seconds {
        None => "never read as a whole: pinfold fsck --deep finds what rots".to_owned(),
        Some(age) => format!("last read as a whole (fsck --deep): {} ago", ui::span(age)),
    }
}
