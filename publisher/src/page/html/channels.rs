//! What channels show.

use maud::{Markup, html};
use pinfold_store::Name;

use super::{cell, columns};
use crate::page::Page;
use crate::page::words::{Mark, Text, ago, ahead, mark, minute, time};
use crate::status::{ChannelStatus, PinStatus, ShownStatus};

impl Page {
    pub(super) fn channels_section(&self) -> Markup {
        html! {
            section #channels aria-labelledby="channels-head" {
                h2 #channels-head { "Channels" }
                @if self.status.channels.is_empty() { p .empty { "There are none." } }
                @for (name, channel) in &self.status.channels { (self.channel(name, channel)) }
            }
        }
    }

    fn channel(&self, name: &Name, channel: &ChannelStatus) -> Markup {
        let caption = format!("What {name} shows");
        html! {
            article .card aria-labelledby={ "channel-" (name) } {
                h3 id={ "channel-" (name) } { (name) }
                @if let Some(why) = &channel.broken {
                    p { (mark(Mark::Look, "It cannot be read")) ": " (Text(why)) }
                } @else {
                    (self.channel_facts(channel))
                    @if channel.mirrors.is_empty() {
                        p .empty { "It shows nothing yet." }
                    } @else {
                        table role="table" .shows {
                            caption { (caption) }
                            (columns(&["Mirror", "Shows", "Since", "State"]))
                            tbody role="rowgroup" {
                                @for (mirror, shown) in &channel.mirrors { (self.shown(name, mirror, shown)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn channel_facts(&self, channel: &ChannelStatus) -> Markup {
        let now = self.status.at;
        html! {
            p .facts {
                "Generation " (channel.generation)
                @if let Some(since) = channel.since { " since " (time(since)) }
                @if !channel.who.is_empty() { ", by " (Text(&channel.who)) }
                @if !channel.reason.is_empty() { ": " q { (Text(&channel.reason)) } }
                ". "
                @match (&channel.schedule, channel.next) {
                    (Some(_), Some(next)) if next <= now => { "Its next move is due." },
                    (Some(_), Some(next)) => { "Moves next " (ahead(now, next)) ", at " (time(next)) "." },
                    (Some(_), None) => { "Its schedule has no next time." },
                    (None, _) => { "Only people move it." },
                }
            }
        }
    }

    fn shown(&self, channel: &Name, mirror: &Name, shown: &ShownStatus) -> Markup {
        let now = self.status.at;
        let since = self.shown_since.get(channel).and_then(|since| since.get(mirror));
        let pin = self
            .status
            .channels
            .get(channel)
            .and_then(|one| one.pins.iter().find(|pin| pin.mirror == *mirror && !pin.expired));
        html! {
            tr role="row" {
                th scope="row" role="rowheader" { (mirror) }
                (cell("Shows", &html! { (time(shown.snapshot)) " " span .soft { (ago(now, shown.snapshot)) } }))
                (cell("Since", &html! {
                    @if let Some(since) = since { (time(*since)) } @else { "for long" }
                }))
                (cell("State", &html! { (self.behind(channel, mirror, shown)) @if let Some(pin) = pin { (pinned(pin)) } }))
            }
        }
    }

    /// Whether it is the newest, and what comes.
    fn behind(&self, channel: &Name, mirror: &Name, shown: &ShownStatus) -> Markup {
        let next =
            self.upcoming.iter().find(|one| one.channel == *channel && one.mirror == *mirror);
        let behind = format!("{} behind", shown.behind);
        let look = next.and_then(|one| one.hold.as_ref()).is_some_and(|hold| hold.is_refusal);
        html! {
            @if shown.behind == 0 {
                (mark(Mark::Fine, "newest"))
            } @else if look {
                (mark(Mark::Look, &behind))
            } @else {
                (mark(Mark::Waits, &behind))
            }
        }
    }
}

/// Who holds it, until when and why.
fn pinned(pin: &PinStatus) -> Markup {
    html! {
        p .note {
            "Pinned by " (Text(&pin.who))
            @if let Some(until) = pin.until { " until " (minute(until)) }
            @if !pin.reason.is_empty() { ": " q { (Text(&pin.reason)) } }
        }
    }
}
