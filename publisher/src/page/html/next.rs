//! What comes next, and why it waits.

use maud::{Markup, html};

use super::{cell, columns};
use crate::page::draft::in_order;
use crate::page::words::{Mark, Text, ahead, count, mark, number, time};
use crate::page::{AdvisoryLine, ChangeLine, Changes, HoldStatus, Page, Upcoming};

impl Page {
    pub(super) fn next_section(&self) -> Markup {
        html! {
            section #next aria-labelledby="next-head" {
                h2 #next-head { "Next" }
                @if self.snapshots.values().all(|one| one.points.is_empty()) {
                    p .empty { "There is nothing to show yet: " code { "pinfold sync MIRROR" } " brings the first snapshot." }
                } @else if self.upcoming.is_empty() {
                    p .empty { "Every channel shows the newest that it may show." }
                }
                @for one in &self.upcoming { (self.coming(one)) }
            }
        }
    }

    fn coming(&self, one: &Upcoming) -> Markup {
        let id = format!("next-{}-{}", one.channel, one.mirror);
        html! {
            article .card aria-labelledby=(id) {
                h3 id=(id) { (one.mirror) " in " (one.channel) }
                p .facts {
                    @if let Some(shows) = one.shows { (time(shows)) } @else { "nothing yet" }
                    span .arrow aria-hidden="true" { " → " } span .vh { " to " }
                    b { (time(one.to)) }
                }
                (self.why(one))
                @match (&one.changes, one.shows) {
                    (Some(changes), _) => { (differs(changes)) },
                    (None, Some(_)) => { p .soft { "Not compared yet: the next run does." } },
                    (None, None) => { p .soft { "It is the first snapshot that this channel would show." } },
                }
            }
        }
    }

    /// When it moves, and what holds it.
    fn why(&self, one: &Upcoming) -> Markup {
        let now = self.status.at;
        let command = format!("pinfold promote {} --to {}", one.mirror, one.channel);
        html! {
            p .why {
                @match (&one.hold, one.when) {
                    (Some(hold), when) => {
                        (mark(if hold.is_refusal { Mark::Look } else { Mark::Waits }, word(hold)))
                        @if let Some(when) = when { " moves " (ahead(now, when)) ", at " (time(when)) "." }
                    },
                    (None, Some(when)) => { (mark(Mark::Goes, "moves")) " " (ahead(now, when)) ", at " (time(when)) "." },
                    (None, None) if one.by_hand => {
                        (mark(Mark::Waits, "waits")) " for a person: " code { (command) }
                    },
                    (None, None) => { (mark(Mark::Waits, "waits")) " for the schedule." },
                }
            }
            @if let Some(hold) = &one.hold { p .note { (Text(&sentence(hold))) } }
        }
    }
}

/// What holds it, in a word or two.
fn word(hold: &HoldStatus) -> &'static str {
    match hold.kind {
        "soaking" => "soaks",
        "pinned" => "pinned",
        "frozen" => "frozen",
        "group" | "apart" => "waits for its group",
        _ if hold.is_refusal => "held back",
        _ => "waits",
    }
}

/// Why, as a sentence of its own.
fn sentence(hold: &HoldStatus) -> String {
    let mut letters = hold.why.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

fn differs(changes: &Changes) -> Markup {
    let shown = u64::try_from(changes.list.len()).unwrap_or(u64::MAX);
    let total = changes.total();
    let one = changes.what.trim_end_matches('s');
    let title = if shown < total {
        format!("The first {} of {}", number(shown), count(total, one, &changes.what))
    } else {
        format!("All {}", count(total, one, &changes.what))
    };
    html! {
        ul .counts {
            @if total == 0 { li { "no " (Text(&changes.what)) " differ" } }
            @for (word, count) in in_order(&changes.counts) {
                li { b { (number(count)) } " " (Text(word)) }
            }
            @if changes.in_security_suites > 0 {
                li .key { b { (number(changes.in_security_suites)) } " from security suites" }
            }
            @if changes.advisories_count > 0 {
                li .key {
                    b { (number(changes.advisories_count)) } " " (if changes.advisories_count == 1 { "advisory" } else { "advisories" }) ", "
                    b { (number(changes.security_advisories)) } " about security"
                }
            }
        }
        @if !changes.advisories.is_empty() { (advisories(changes)) }
        @if total > 0 {
            details {
                summary { (Text(&title)) }
                @if changes.what == "files" { (files(&changes.list)) } @else { (packages(&changes.list)) }
                @if shown < total {
                    p .soft {
                        (number(total - shown)) " more: "
                        code { "pinfold diff " (changes.pair.mirror) "@" (changes.pair.old) " " (changes.pair.mirror) "@" (changes.pair.new) }
                    }
                }
            }
        }
    }
}

fn packages(list: &[ChangeLine]) -> Markup {
    html! {
        table role="table" .changes {
            caption { "Packages that would change" }
            (columns(&["Change", "Package", "Before", "Then", "Where"]))
            tbody role="rowgroup" { @for line in list { (package(line)) } }
        }
    }
}

fn files(list: &[ChangeLine]) -> Markup {
    html! {
        table role="table" .files {
            caption { "Files that would change" }
            (columns(&["Change", "File"]))
            tbody role="rowgroup" {
                @for line in list {
                    tr role="row" {
                        (cell("Change", &html! { (Text(&line.change)) }))
                        th scope="row" role="rowheader" { (Text(&line.name)) }
                    }
                }
            }
        }
    }
}

fn package(line: &ChangeLine) -> Markup {
    let version = |version: &Option<String>| match version {
        Some(version) => html! { span .version { (Text(version)) } },
        None => html! { span .soft { "–" } },
    };
    html! {
        tr role="row" {
            (cell("Change", &html! { (Text(&line.change)) }))
            th scope="row" role="rowheader" { (Text(&line.name)) }
            (cell("Before", &version(&line.old)))
            (cell("Then", &version(&line.new)))
            (cell("Where", &html! { span .soft { (Text(&line.place)) } }))
        }
    }
}

fn advisories(changes: &Changes) -> Markup {
    let shown = u64::try_from(changes.advisories.len()).unwrap_or(u64::MAX);
    let total = changes.advisories_count;
    let title = if shown < total {
        format!("The first {} of {}", number(shown), count(total, "advisory", "advisories"))
    } else {
        count(total, "advisory", "advisories")
    };
    html! {
        details {
            summary { (Text(&title)) }
            table role="table" {
                caption { "Advisories that come with it" }
                (columns(&["Advisory", "About", "Severity", "Cures"]))
                tbody role="rowgroup" { @for line in &changes.advisories { (advisory(line)) } }
            }
        }
    }
}

fn advisory(line: &AdvisoryLine) -> Markup {
    let or_none =
        |text: &str| html! { @if text.is_empty() { span .soft { "–" } } @else { (Text(text)) } };
    html! {
        tr role="row" {
            th scope="row" role="rowheader" { (Text(&line.id)) }
            (cell("About", &or_none(&line.kind)))
            (cell("Severity", &or_none(&line.severity)))
            (cell("Cures", &html! {
                (or_none(&line.cves.join(", ")))
                @if line.more_cves > 0 { " and " (number(line.more_cves)) " more" }
            }))
        }
    }
}
