//! The disk: full, or will be, and what could be left out.

use pinfold_publisher::status::{DiskStatus, Status};

use super::sizes::largest;
use super::{Code, Found, Scene};
use crate::ui;

/// From how many days on it is told that the disk will be full.
const SOON: u64 = 30;

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let Some(status) = scene.status else { return };
    let Some(disk) = &status.disk else { return };
    let root = scene.context.config.root.display();
    let numbers = numbers(disk);
    if disk.is_full() {
        found.add(Code::DiskFull, (root, numbers), mend(scene, status));
        return;
    }
    let Some(ahead) = status.forecast else { return };
    let days = [ahead.days_until_full, ahead.days_until_no_inodes].into_iter().flatten().min();
    if let Some(days) = days.filter(|days| *days < SOON) {
        let what = format!(
            "the reserve is reached in about {days} days: {} and {} files come a day; {numbers}",
            ui::bytes(ahead.new_bytes_per_day),
            ahead.new_files_per_day
        );
        found.add(Code::DiskFilling, (root, what), mend(scene, status));
    }
}

fn numbers(disk: &DiskStatus) -> String {
    let inodes = disk.free_inodes.zip(disk.inodes);
    let inodes = inodes.map_or_else(String::new, |(free, all)| format!(", {free} of {all} inodes"));
    format!(
        "{} of {} are free{inodes}; {} stay in reserve",
        ui::bytes(disk.free_bytes),
        ui::bytes(disk.bytes),
        ui::bytes(disk.reserve_bytes)
    )
}

fn mend(scene: &Scene<'_>, status: &Status) -> String {
    let config = &scene.context.config;
    let mut text = "pinfold prune --dry-run says what would come back".to_owned();
    let unkept: Vec<String> = status
        .mirrors
        .iter()
        .filter(|(name, mirror)| mirror.snapshots > 1 && config.keep(name).is_none())
        .map(|(name, mirror)| format!("{name} ({} snapshots)", mirror.snapshots))
        .collect();
    if !unkept.is_empty() {
        text += &format!("; nothing says how long to keep {}: keep in its file", unkept.join(", "));
    }
    let largest = largest(scene);
    if !largest.is_empty() {
        text += &format!(
            "; the largest parts of the newest snapshots are {}: leave out what nobody needs (suites, components, architectures, [filter])",
            largest.join(", ")
        );
    }
    text
}
