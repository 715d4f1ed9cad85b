//! The snapshots of each mirror in time, with what holds them: a picture, and the same as a table.

use maud::{Markup, html};
use pinfold_store::{Name, Stamp};

use super::{cell, columns};
use crate::page::chart::Scale;
use crate::page::words::{ago, count, minute, time};
use crate::page::{Page, Point, Timeline};

/// How many pins have a line of their own.
const PINS_MAX: usize = 6;

impl Page {
    pub(super) fn snapshots_section(&self) -> Markup {
        html! {
            section #snapshots aria-labelledby="snapshots-head" {
                h2 #snapshots-head { "Snapshots" }
                @if self.snapshots.values().all(|one| one.points.is_empty()) {
                    p .empty { "There are none yet." }
                } @else {
                    p .facts .legend {
                        span { (sign("dot")) " published" }
                        span { (sign("dot cold")) " kept, and published again when it is asked for" }
                    }
                }
                @for (mirror, timeline) in &self.snapshots {
                    @if !timeline.points.is_empty() { (self.timeline_card(mirror, timeline)) }
                }
            }
        }
    }

    fn timeline_card(&self, mirror: &Name, timeline: &Timeline) -> Markup {
        let dates: Vec<Stamp> = timeline.points.iter().map(|point| point.snapshot).collect();
        let scale = Scale::new(&dates, self.status.at);
        let kept = u64::try_from(timeline.points.len() + timeline.more).unwrap_or(u64::MAX);
        let id = format!("snapshots-{mirror}");
        html! {
            article .card aria-labelledby=(id) {
                h3 id=(id) { (mirror) " " span .soft { (count(kept, "snapshot", "snapshots")) } }
                div .lanes {
                    span .lane { "Snapshots" }
                    (scale.dots(&timeline.points, &all(timeline)))
                    @for (name, at) in self.flags(mirror) {
                        span .lane { (name) }
                        (scale.flag("flag", at, &format!("{name} shows {}", minute(at))))
                    }
                    @for (name, at) in pins(timeline) {
                        span .lane .pin { (name) }
                        (scale.flag("pin", at, &format!("the pin {name} is on {}", minute(at))))
                    }
                    span .lane aria-hidden="true" {}
                    (scale.ticks())
                }
                details {
                    summary { "As a table" }
                    table role="table" .snapshots {
                        caption { "Snapshots of " (mirror) }
                        (columns(&["Snapshot", "Age", "Tree", "Shown by", "Pins"]))
                        tbody role="rowgroup" { @for point in timeline.points.iter().rev() { (self.point(point)) } }
                    }
                    @if timeline.more > 0 { p .soft { (timeline.more) " older ones: " code { "pinfold snapshots " (mirror) } } }
                }
            }
        }
    }

    /// The channels that show a mirror, and what they show.
    fn flags<'a>(&'a self, mirror: &'a Name) -> impl Iterator<Item = (&'a Name, Stamp)> {
        let channels = self.status.channels.iter();
        channels.filter_map(|(name, one)| Some((name, one.mirrors.get(mirror)?.snapshot)))
    }

    fn point(&self, point: &Point) -> Markup {
        let names = |names: &[Name]| {
            let names: Vec<&str> = names.iter().map(Name::as_str).collect();
            html! { @if names.is_empty() { span .soft { "–" } } @else { (names.join(", ")) } }
        };
        html! {
            tr role="row" {
                th scope="row" role="rowheader" { (time(point.snapshot)) }
                (cell("Age", &html! { (ago(self.status.at, point.snapshot)) }))
                (cell("Tree", &html! { @if point.published { "published" } @else { "kept" } }))
                (cell("Shown by", &names(&point.channels)))
                (cell("Pins", &names(&point.pins)))
            }
        }
    }
}

/// A sign of the picture.
fn sign(class: &str) -> Markup {
    html! {
        svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" focusable="false" {
            circle class=(class) cx="6" cy="6" r="4" {}
        }
    }
}

/// The pins of a mirror, the newest first.
fn pins(timeline: &Timeline) -> impl Iterator<Item = (&Name, Stamp)> {
    let points = timeline.points.iter().rev();
    points.flat_map(|point| point.pins.iter().map(|name| (name, point.snapshot))).take(PINS_MAX)
}

/// What the picture shows, in words.
fn all(timeline: &Timeline) -> String {
    let published = timeline.points.iter().filter(|point| point.published).count();
    let published = u64::try_from(published).unwrap_or(u64::MAX);
    match (timeline.points.first(), timeline.points.last()) {
        (Some(first), Some(last)) => format!(
            "{} from {} to {}, {published} of them published",
            count(
                u64::try_from(timeline.points.len()).unwrap_or(u64::MAX),
                "snapshot",
                "snapshots"
            ),
            minute(first.snapshot),
            minute(last.snapshot)
        ),
        _ => "no snapshots".to_owned(),
    }
}
