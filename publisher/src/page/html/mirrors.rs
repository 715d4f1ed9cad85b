//! How mirrors are.

use maud::{Markup, html};
use pinfold_store::Name;

use super::{cell, columns};
use crate::page::Page;
use crate::page::words::{Mark, Text, ago, ahead, bytes, mark, number, time};
use crate::status::MirrorStatus;

impl Page {
    pub(super) fn mirrors_section(&self) -> Markup {
        html! {
            section #mirrors aria-labelledby="mirrors-head" {
                h2 #mirrors-head { "Mirrors" }
                @if self.status.mirrors.is_empty() {
                    p .empty { "There are none yet: " code { "mirrors.d" } " has a file for each." }
                } @else {
                    div .card {
                        table role="table" .mirrors {
                            caption { "How mirrors are" }
                            (columns(&["Mirror", "Newest snapshot", "Last good sync", "Next sync", "State"]))
                            tbody role="rowgroup" { @for (name, mirror) in &self.status.mirrors { (self.mirror(name, mirror)) } }
                        }
                    }
                }
            }
        }
    }

    fn mirror(&self, name: &Name, mirror: &MirrorStatus) -> Markup {
        let now = self.status.at;
        html! {
            tr role="row" {
                th scope="row" role="rowheader" { (name) }
                (cell("Newest snapshot", &html! {
                    @if let Some(newest) = &mirror.newest {
                        (time(newest.snapshot)) " "
                        span .soft {
                            (number(newest.files)) " files, " (bytes(newest.bytes))
                            @if newest.filtered { ", filtered" }
                            @if newest.trust == "none" { ", nobody vouches for it" }
                        }
                    } @else { "none yet" }
                }))
                (cell("Last good sync", &html! {
                    @match mirror.sync.last_good { Some(good) => (ago(now, good)), None => "never" }
                }))
                (cell("Next sync", &html! {
                    @match mirror.sync.next { Some(next) => (ahead(now, next)), None => "by hand" }
                }))
                (cell("State", &state(mirror)))
            }
        }
    }
}

/// What it does, or what keeps it from it.
fn state(mirror: &MirrorStatus) -> Markup {
    if let Some(running) = &mirror.running {
        let step = running.step.as_ref().map_or(running.verb.as_str(), |step| step.title.as_str());
        return html! { (mark(Mark::Goes, "at work")) ": " (Text(step)) };
    }
    match (&mirror.held_by, &mirror.sync.failure) {
        (_, Some(failure)) => html! { (mark(Mark::Look, "fails")) ": " (Text(&failure.said)) },
        (Some(holder), None) => html! { (mark(Mark::Goes, "busy")) ": " (Text(holder)) },
        (None, None) if mirror.newest.is_none() => html! { (mark(Mark::Waits, "empty")) },
        (None, None) => html! { (mark(Mark::Fine, "well")) },
    }
}
