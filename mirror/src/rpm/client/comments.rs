//! What a reader of the section must know, because neither dnf nor zypper says it.

use super::{ClientInput, Follows, Form, Signed, Tool};
use crate::client::ClientFile;

/// Writes the comments before the section.
pub(super) fn comments(input: &ClientInput<'_>, keys: Option<&ClientFile>) -> Vec<String> {
    let mirror = input.mirror;
    let mut lines = vec![match input.follows {
        Follows::Channel { channel, .. } => {
            format!("Written by pinfold: {mirror} as the channel {channel} shows it.")
        }
        Follows::Date(taken) => {
            format!("Written by pinfold: {mirror} as it was at {} UTC.", taken.human())
        }
    }];
    lines.push(
        "Take upstream's own sections out: what is newer there would come in, and with priority= what only upstream has."
            .to_owned(),
    );
    match input.follows {
        Follows::Date(_) => lines.extend(pinned(input.tool).map(str::to_owned)),
        Follows::Channel { minutes, .. } => {
            lines.extend(moves(input, minutes.get()));
            lines.extend(form(input).iter().chain(down(input)).map(|line| (*line).to_owned()));
        }
    }
    lines.extend(trust(input, keys));
    lines.iter().map(|line| format!("# {line}")).collect()
}

/// When a move is seen.
fn moves(input: &ClientInput<'_>, minutes: u16) -> Vec<String> {
    if input.tool == Tool::Dnf {
        return vec![format!(
            "A move of the channel is seen within {minutes} min (metadata_expire, in seconds); dnf --refresh sees it at once."
        )];
    }
    let mut lines = vec![format!(
        "For moves to be seen within {minutes} min set repo.refresh.delay = {minutes} in /etc/zypp/zypp.conf (10 without it); it holds"
    )];
    if input.form == Form::List {
        lines.push("for all repositories. The list is kept for up to 10 min more; zypper clean --raw-metadata".to_owned());
        lines.push("and then zypper refresh see them at once.".to_owned());
    } else {
        lines.push("for all repositories. zypper refresh sees them at once.".to_owned());
    }
    lines
}

/// What the form costs while the mirror is up.
fn form(input: &ClientInput<'_>) -> &'static [&'static str] {
    match (input.form, input.tool) {
        (Form::List, Tool::Dnf) => &[
            "The list names the dated tree that the channel shows, so that all metadata are of one date. It is read again before packages",
            "are fetched: they come from the next date when the channel moved meanwhile, or from what the mirror still keeps.",
            "It goes with no baseurl: dnf 4 would take that while the list cannot be had, dnf 5 never.",
        ],
        (Form::List, Tool::Zypper) => &[
            "The list names the dated tree that the channel shows, so that metadata and packages are of one date for as long as it is kept.",
            "That date must stay published so long: wait with pinfold retire.",
            "It goes with no baseurl: zypper would take that and not the list.",
        ],
        (Form::Direct, Tool::Dnf) => &[
            "A transaction may see two dates when the channel moves in the middle of it; a refresh that falls between",
            "repomd.xml and its signature fails, and works when it is run again.",
        ],
        (Form::Direct, Tool::Zypper) => &[
            "A transaction may see two dates when the channel moves in the middle of it; a refresh that falls between",
            "repomd.xml and its signature fails, and works when it is run again. Where upstream has media.1/media, packages are refused",
            "after a move (\"does not contain the desired medium\") until the next refresh.",
        ],
        (Form::Fallback, Tool::Dnf) => &[
            "A transaction may see two dates when the channel moves in the middle of it; a refresh that falls between",
            "repomd.xml and its signature fails, and works when it is run again.",
            "Without max_downloads_per_mirror dnf takes files from upstream as soon as three others come from the mirror.",
        ],
        (Form::Fallback, Tool::Zypper) => &[
            "A transaction may see two dates when the channel moves in the middle of it; a refresh that falls between",
            "repomd.xml and its signature takes upstream's state for that once, without a word. Where upstream has media.1/media, packages",
            "come from there or are refused after a move (\"does not contain the desired medium\") until the next refresh.",
        ],
    }
}

/// What happens while the mirror is down.
fn down(input: &ClientInput<'_>) -> &'static [&'static str] {
    match (input.form, input.tool) {
        (Form::Fallback, Tool::Dnf) => &[
            "While the mirror is down, upstream's state of the day is taken, and what it installed stays. A single file that the",
            "mirror refuses comes from upstream too. A mirror that hangs costs twice the timeout.",
        ],
        (Form::Fallback, Tool::Zypper) => &[
            "While the mirror is down, upstream's state of the day is taken, and what it installed stays.",
        ],
        (_, Tool::Dnf) => &[
            "While the mirror is down, dnf stops with an error once its metadata expired; with skip_if_unavailable=1 the",
            "repository would vanish without a word.",
        ],
        (_, Tool::Zypper) => &[
            "While the mirror is down, zypper does without this repository, its packages that it knew of too.",
        ],
    }
}

/// What it costs to stay at a date.
const fn pinned(tool: Tool) -> [&'static str; 2] {
    match tool {
        Tool::Dnf => [
            "It stays there: nothing newer comes, security updates neither. The mirror must keep the date: pinfold pin there.",
            "Only dnf makecache and dnf --refresh ask again (metadata_expire=never).",
        ],
        Tool::Zypper => [
            "It stays there: nothing newer comes, security updates neither. The mirror must keep the date: pinfold pin there.",
            "Only zypper refresh asks again (autorefresh=0).",
        ],
    }
}

/// What is proved, and what is not.
fn trust(input: &ClientInput<'_>, keys: Option<&ClientFile>) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Tool::Zypper, Some(file)) = (input.tool, keys) {
        lines.push(format!(
            "First rpm --import {}: else zypper asks about each key, and takes none where nobody answers.",
            file.path
        ));
    }
    let text = |text: &str| Some(text.to_owned());
    lines.extend(match (input.signed, input.tool) {
        (Signed::Metadata, Tool::Dnf) if keys.is_none() => None,
        (Signed::Metadata, Tool::Dnf) => text("A key of upstream that expires makes dnf refuse the metadata that it signed before, too."),
        (Signed::Metadata, Tool::Zypper) => {
            text("zypper takes unsigned packages that signed metadata name; pkg_gpgcheck=1 would refuse them.")
        }
        (Signed::Packages, _) => text("Upstream signs packages and not what lists them: only https to the mirror keeps others from hiding updates."),
        (Signed::Nothing, _) => text("Nobody signs this repository: who can answer for the mirror decides what is installed. Only https keeps others out."),
    });
    if input.signed != Signed::Nothing && keys.is_none() {
        lines.extend(text(
            "The mirror names no keyrings: the keys that rpm on this client trusts already count.",
        ));
    }
    lines
}
