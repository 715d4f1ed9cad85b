//! The page as HTML: headings in order, tables with heads, lists; pictures have words beside them. No scripts.

mod channels;
mod disk;
mod mirrors;
mod moves;
mod next;
mod snapshots;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, html};
use sha2::{Digest, Sha256};

use super::Page;
use super::words::{Mark, Text, count, mark, own, time};

const STYLE: &str = include_str!("style.css");
/// A fold with a gate, in the page's colour.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect x='1' y='1' width='14' height='14' rx='3' fill='%231c5d8c'/%3E%3Cpath d='M4.5 4v8M8 4v8M11.5 4v8M3.5 6.5h9M3.5 10h9' stroke='white' stroke-width='1.2' fill='none'/%3E%3C/svg%3E";

impl Page {
    /// The whole document.
    #[must_use]
    pub fn html(&self) -> String {
        let host = self.site.split_once("://").map_or(self.site.as_str(), |(_, host)| host);
        let host = host.trim_end_matches('/');
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { "Status of " (Text(host)) }
                    link rel="icon" href=(own(ICON));
                    style { (own(STYLE)) }
                }
                body {
                    a .skip href="#main" { "Skip to the content" }
                    (self.head(host))
                    main #main {
                        (self.health())
                        (self.channels_section())
                        (self.next_section())
                        (self.mirrors_section())
                        (self.snapshots_section())
                        (self.moves_section())
                        (self.disk_section())
                    }
                    (self.foot())
                }
            }
        };
        page.into_string() + "\n"
    }

    fn head(&self, host: &str) -> Markup {
        html! {
            header {
                p .brand { "Pinfold" }
                h1 { (Text(host)) }
                p .written { "As it was at " (time(self.status.at)) " UTC. All times are UTC." }
                nav aria-label="On this page" {
                    ul {
                        @for (id, word) in [
                            ("channels", "Channels"), ("next", "Next"), ("mirrors", "Mirrors"), ("snapshots", "Snapshots"),
                            ("moves", "Moves"), ("disk", "Disk"),
                        ] {
                            li { a href={ "#" (id) } { (word) } }
                        }
                    }
                }
            }
        }
    }

    fn health(&self) -> Markup {
        let troubles = self.troubles();
        let number = u64::try_from(troubles.len()).unwrap_or(u64::MAX);
        html! {
            section #health .health[troubles.is_empty()] .trouble[!troubles.is_empty()] aria-labelledby="health-head" {
                @if troubles.is_empty() {
                    h2 #health-head { (mark(Mark::Fine, "Nothing needs you")) }
                    p .soft { (self.size()) }
                } @else {
                    h2 #health-head { (mark(Mark::Look, &format!("{} a look", count(number, "thing needs", "things need")))) }
                    ul {
                        @for one in &troubles {
                            li {
                                b { (Text(&one.subject)) } ": " (Text(&one.what)) ". "
                                span .more { code { (Text(&one.command)) } " says more." }
                            }
                        }
                    }
                }
            }
        }
    }

    /// How much there is.
    fn size(&self) -> String {
        let count =
            |number: usize, one, many| count(u64::try_from(number).unwrap_or(u64::MAX), one, many);
        let waits = self.upcoming.iter().filter(|one| one.hold.is_some()).count();
        let mirrors = count(self.status.mirrors.len(), "mirror", "mirrors");
        let channels = count(self.status.channels.len(), "channel", "channels");
        match waits {
            0 => format!("{mirrors}, {channels}; nothing waits."),
            1 => format!("{mirrors}, {channels}; 1 move waits, as it was meant to."),
            _ => format!("{mirrors}, {channels}; {waits} moves wait, as they were meant to."),
        }
    }

    fn foot(&self) -> Markup {
        html! {
            footer {
                p {
                    "The same for programs: " a href="/status/status.json" { "status.json" } ", " a href="/status/disk.json" { "disk.json" }
                    ". The key that signs what channels show: " a href="/pinfold.asc" { "pinfold.asc" } "."
                }
                p { code { "pinfold run" } " writes this page anew each time, and so does every move of a channel." }
            }
        }
    }
}

/// Lets the page have its own style, by its hash, and nothing else.
fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
}

/// A cell of a table that says on a narrow screen which column it is of. The role stays where the style makes it a block.
fn cell(label: &str, content: &Markup) -> Markup {
    html! { td role="cell" data-label=(label) { div { (content) } } }
}

/// The head of a table.
fn columns(labels: &[&str]) -> Markup {
    html! {
        thead role="rowgroup" { tr role="row" { @for label in labels { th scope="col" role="columnheader" { (label) } } } }
    }
}
