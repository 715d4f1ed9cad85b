//! Pictures: positions in percent, so that they are as wide as the screen and their signs keep their size.

use maud::{Markup, html};
use pinfold_store::Stamp;

use super::words::day;
use super::{DiskDay, Point};

/// A span that is shown by equal days; a longer one by ages, of which the young have more room.
const EVEN_DAYS: f64 = 60.0;
const DAY_SECONDS: f64 = 86_400.0;
/// The part of the width that is left free at each end, in percent.
const MARGIN: f64 = 3.0;
/// The ages that are named on a long span: in days.
const AGES: [(f64, &str); 6] = [
    (1.0, "1 day"),
    (7.0, "1 week"),
    (30.0, "1 month"),
    (91.0, "3 months"),
    (365.0, "1 year"),
    (1826.0, "5 years"),
];

/// Where a time is in the width.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    now: Stamp,
    /// The greatest age, in days.
    days: f64,
}

impl Scale {
    /// A scale on which all these times are, and now.
    pub(super) fn new(times: &[Stamp], now: Stamp) -> Self {
        let now = times.iter().copied().max().map_or(now, |newest| newest.max(now));
        let oldest = times.iter().copied().min().unwrap_or(now);
        Self { now, days: age(now, oldest).max(1.0) }
    }

    /// The place of a time, in percent.
    pub(super) fn at(self, time: Stamp) -> f64 {
        self.of_age(age(self.now, time))
    }

    fn of_age(self, days: f64) -> f64 {
        let share = if self.days <= EVEN_DAYS {
            days / self.days
        } else {
            days.max(0.0).ln_1p() / self.days.ln_1p()
        };
        (100.0 - MARGIN) - share.clamp(0.0, 1.0) * (100.0 - 2.0 * MARGIN)
    }

    /// Snapshots as dots.
    pub(super) fn dots(self, points: &[Point], label: &str) -> Markup {
        html! {
            svg .strip width="100%" height="28" role="img" aria-label=(label) focusable="false" {
                line .rail x1="0" x2="100%" y1="14" y2="14" {}
                @for point in points {
                    circle .dot .cold[!point.published] cx=(percent(self.at(point.snapshot))) cy="14" r="4" {}
                }
            }
        }
    }

    /// What holds a snapshot, as a flag with its date.
    pub(super) fn flag(self, class: &str, time: Stamp, label: &str) -> Markup {
        let at = self.at(time);
        let (anchor, gap) = if at < 50.0 { ("start", "10") } else { ("end", "-10") };
        let shape = if class == "pin" { "M0 -6L6 0L0 6L-6 0z" } else { "M-5.5 -5h11L0 6z" };
        html! {
            svg .strip width="100%" height="28" role="img" aria-label=(label) focusable="false" {
                line .rail x1="0" x2="100%" y1="14" y2="14" {}
                svg x=(percent(at)) y="14" overflow="visible" { path class=(class) d=(shape) {} }
                text x=(percent(at)) dx=(gap) y="14" dy="4.5" text-anchor=(anchor) { (day(time)) }
            }
        }
    }

    /// Days or ages below the lanes.
    pub(super) fn ticks(self) -> Markup {
        let ticks = if self.days <= EVEN_DAYS { self.days_named() } else { self.ages_named() };
        html! {
            svg .strip .ticks width="100%" height="20" aria-hidden="true" focusable="false" {
                @for (at, anchor, word) in ticks {
                    text x=(percent(at)) y="14" text-anchor=(anchor) { (word) }
                }
            }
        }
    }

    fn days_named(self) -> Vec<(f64, &'static str, String)> {
        #[expect(clippy::cast_possible_truncation, reason = "seconds within a span of stamps")]
        let span = (self.days * DAY_SECONDS) as i64;
        let first = Stamp::from_seconds(self.now.seconds().saturating_sub(span));
        vec![
            (self.of_age(self.days), "start", day(first)),
            (self.of_age(0.0), "end", day(self.now)),
        ]
    }

    fn ages_named(self) -> Vec<(f64, &'static str, String)> {
        let known = AGES.iter().filter(|(days, _)| *days <= self.days);
        let mut ticks: Vec<(f64, &'static str, String)> = Vec::new();
        let mut taken = 100.0 - MARGIN;
        for (days, word) in known {
            let at = self.of_age(*days);
            // Words need room, also on a phone.
            if taken - at >= 21.0 {
                ticks.push((at, "middle", (*word).to_owned()));
                taken = at;
            }
        }
        ticks.push((100.0 - MARGIN, "end", "now".to_owned()));
        ticks
    }
}

/// The disk in use, and the line above which nothing comes in.
pub(super) fn disk(days: &[DiskDay], reserve: u64, label: &str) -> Markup {
    let whole = days.iter().map(|day| day.bytes).max().unwrap_or(1).max(1);
    let (first, last) = (days.first().map(|day| day.at), days.last().map(|day| day.at));
    let from = first.map_or(0, Stamp::seconds);
    let span = last.map_or(0, Stamp::seconds).saturating_sub(from);
    let height = |part: u64| 100.0 - 100.0 * ratio(part, whole);
    let mut line = String::new();
    for day in days {
        let passed = u64::try_from(day.at.seconds().saturating_sub(from)).unwrap_or(0);
        let x = 1000.0 * ratio(passed, u64::try_from(span).unwrap_or(1));
        let y = height(day.bytes.saturating_sub(day.free_bytes));
        line += &format!("{}{x:.1} {y:.1}", if line.is_empty() { "M" } else { "L" });
    }
    // One day is a level.
    if span == 0 {
        let used = days.last().map_or(0, |day| day.bytes.saturating_sub(day.free_bytes));
        let y = height(used);
        line = format!("M0 {y:.1}L1000 {y:.1}");
    }
    let area = format!("{line}L1000 100L0 100z");
    let limit = height(whole.saturating_sub(reserve));
    html! {
        svg .disk role="img" aria-label=(label) focusable="false" viewBox="0 0 1000 100" preserveAspectRatio="none" width="100%" height="140" {
            path .area d=(area) {}
            path .limit d=(format!("M0 {limit:.1}L1000 {limit:.1}")) vector-effect="non-scaling-stroke" {}
            path .line d=(line) vector-effect="non-scaling-stroke" {}
        }
    }
}

/// How much of a whole a part is.
fn ratio(part: u64, whole: u64) -> f64 {
    let thousandths = u128::from(part) * 100_000 / u128::from(whole.max(1));
    f64::from(u32::try_from(thousandths).unwrap_or(100_000)).min(100_000.0) / 100_000.0
}

/// An age in days.
fn age(now: Stamp, then: Stamp) -> f64 {
    let seconds = now.seconds().saturating_sub(then.seconds()).max(0);
    f64::from(u32::try_from(seconds / 60).unwrap_or(u32::MAX)) / 1440.0
}

fn percent(place: f64) -> String {
    format!("{place:.2}%")
}
