//! Who moved what, when and why.

use maud::{Markup, html};
use pinfold_store::{Name, Stamp};

use super::{cell, columns};
use crate::page::words::{Text, count, day, minute, time};
use crate::page::{MoveStatus, Moved, Page};

/// How many are shown at once; the others unfold.
const OPEN: usize = 10;

impl Page {
    pub(super) fn moves_section(&self) -> Markup {
        let (open, folded) = self.moves.split_at(self.moves.len().min(OPEN));
        html! {
            section #moves aria-labelledby="moves-head" {
                h2 #moves-head { "Moves" }
                @if open.is_empty() {
                    p .empty { "No channel has moved yet." }
                } @else {
                    div .card {
                        (table("The latest moves", open))
                        @if !folded.is_empty() {
                            details {
                                summary { (count(u64::try_from(folded.len()).unwrap_or(u64::MAX), "earlier one", "earlier ones")) }
                                (table("Earlier moves", folded))
                            }
                        }
                        p .soft { code { "pinfold log CHANNEL" } " has them all." }
                    }
                }
            }
        }
    }
}

fn table(caption: &str, moves: &[MoveStatus]) -> Markup {
    html! {
        table role="table" .moves {
            caption { (caption) }
            (columns(&["When", "What", "Why"]))
            tbody role="rowgroup" { @for one in moves { (row(one)) } }
        }
    }
}

fn row(one: &MoveStatus) -> Markup {
    html! {
        tr role="row" {
            th scope="row" role="rowheader" { (time(one.at)) }
            (cell("What", &html! {
                b { (one.channel) } " " (Text(word(&one.verb))) " " span .soft { "by " (Text(&one.who)) ", generation " (one.generation) }
                @if !one.moved.is_empty() {
                    ul .plain { @for (mirror, moved) in &one.moved { li { (what(mirror, *moved)) } } }
                }
            }))
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
        "delete" => "lost a mirror",
        other => other,
    }
}

fn what(mirror: &Name, moved: Moved) -> Markup {
    html! {
        (mirror) " "
        span .soft {
            @match (moved.from, moved.to) {
                (Some(from), Some(to)) => { (shown(from, to)) " → " (shown(to, from)) },
                (None, Some(to)) => { "first " (day(to)) },
                (Some(from), None) => { (day(from)) " taken out" },
                (None, None) => {},
            }
        }
    }
}

/// The day; the time too where both are of one day.
fn shown(one: Stamp, other: Stamp) -> String {
    if one.day() == other.day() { minute(one) } else { day(one) }
}
