//! Who moved what, when and why.

use maud::{Markup, html};
use pinfold_store::Name;

use super::{cell, columns};
use crate::page::words::{Text, minute, time};
use crate::page::{MoveStatus, Moved, Page};

impl Page {
    pub(super) fn moves_section(&self) -> Markup {
        html! {
            section #moves aria-labelledby="moves-head" {
                h2 #moves-head { "Moves" }
                @if self.moves.is_empty() {
                    p .empty { "No channel has moved yet." }
                } @else {
                    table role="table" .card {
                        caption { "The latest moves" }
                        (columns(&["When", "Channel", "What", "Who", "Why"]))
                        tbody role="rowgroup" { @for one in &self.moves { (row(one)) } }
                    }
                    p .soft { code { "pinfold log CHANNEL" } " has them all." }
                }
            }
        }
    }
}

fn row(one: &MoveStatus) -> Markup {
    html! {
        tr role="row" {
            th scope="row" role="rowheader" { (time(one.at)) }
            (cell("Channel", &html! { (one.channel) " " span .soft { "generation " (one.generation) } }))
            (cell("What", &html! {
                @if one.moved.is_empty() { (Text(word(&one.verb))) }
                @else {
                    (Text(word(&one.verb)))
                    ul .plain { @for (mirror, moved) in &one.moved { li { (what(mirror, *moved)) } } }
                }
            }))
            (cell("Who", &html! { (Text(&one.who)) }))
            (cell("Why", &html! {
                @if one.reason.is_empty() { span .soft { "nobody said" } } @else { (Text(&one.reason)) }
            }))
        }
    }
}

/// The verb as what happened.
fn word(verb: &str) -> &str {
    match verb {
        "promote" => "promoted",
        "rollback" => "rolled back",
        "key" => "signed anew",
        "delete" => "taken out",
        other => other,
    }
}

fn what(mirror: &Name, moved: Moved) -> Markup {
    html! {
        (mirror) " "
        span .soft {
            @match (moved.from, moved.to) {
                (Some(from), Some(to)) => { (minute(from)) " to " (minute(to)) },
                (None, Some(to)) => { "shown first: " (minute(to)) },
                (Some(from), None) => { (minute(from)) " taken out" },
                (None, None) => {},
            }
        }
    }
}
