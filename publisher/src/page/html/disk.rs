//! The room, now and over time.

use maud::{Markup, html};

use crate::page::chart::disk;
use crate::page::words::{Mark, bytes, day, mark, number};
use crate::page::{DiskDay, Page};
use crate::status::DiskStatus;

impl Page {
    pub(super) fn disk_section(&self) -> Markup {
        html! {
            section #disk aria-labelledby="disk-head" {
                h2 #disk-head { "Disk" }
                @if let Some(disk) = &self.status.disk {
                    div .card {
                        (self.room(disk))
                        @if let (Some(first), Some(last)) = (self.disk_days.first(), self.disk_days.last()) {
                            (over_time(&self.disk_days, (first, last), disk.reserve_bytes))
                        }
                    }
                } @else {
                    p .empty { "The file system does not say how full it is." }
                }
            }
        }
    }

    fn room(&self, disk: &DiskStatus) -> Markup {
        let used = disk.bytes.saturating_sub(disk.free_bytes);
        html! {
            p .facts {
                @if disk.is_full() { (mark(Mark::Look, "full")) " " } @else { (mark(Mark::Fine, "room")) " " }
                b { (bytes(disk.free_bytes)) } " of " (bytes(disk.bytes)) " free, " (share(used, disk.bytes)) " used; "
                (bytes(disk.reserve_bytes)) " are kept free."
                @if let (Some(free), Some(all)) = (disk.free_inodes, disk.inodes) {
                    " " (number(free)) " of " (number(all)) " inodes free, " (share(all.saturating_sub(free), all)) " used."
                }
            }
        }
    }
}

fn over_time(days: &[DiskDay], (first, last): (&DiskDay, &DiskDay), reserve: u64) -> Markup {
    let used = |day: &DiskDay| bytes(day.bytes.saturating_sub(day.free_bytes));
    let label = format!(
        "Disk in use: {} on {}, {} on {}, of {}",
        used(first),
        day(first.at),
        used(last),
        day(last.at),
        bytes(last.bytes)
    );
    html! {
        figure .plot {
            div .scale aria-hidden="true" { span { (bytes(last.bytes)) } span { "0" } }
            (disk(days, reserve, &label))
            div .days aria-hidden="true" {
                span { (day(first.at)) }
                @if first.at.day() != last.at.day() { span { (day(last.at)) } }
            }
            figcaption { "In use, a day each. The dashed line is where nothing new comes in." }
        }
    }
}

/// A share in percent.
fn share(part: u64, whole: u64) -> String {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    format!("{percent} %")
}
