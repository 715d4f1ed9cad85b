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
            lines.push(back(input));
            let is_checked =
                input.signed == Signed::Metadata && (input.tool == Tool::Zypper || keys.is_some());
            lines.extend(form(input, is_checked).into_iter().map(str::to_owned));
            lines.extend(down(input).iter().map(|line| (*line).to_owned()));
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
        lines.push(
            "for all repositories. zypper keeps the list for up to 10 min more: zypper clean --raw-metadata and zypper refresh see"
                .to_owned(),
        );
        lines.push("a move at once.".to_owned());
    } else {
        lines.push("for all repositories. zypper refresh sees them at once.".to_owned());
    }
    lines
}

/// How what is installed goes back.
fn back(input: &ClientInput<'_>) -> String {
    let command = match input.tool {
        Tool::Dnf => "dnf distro-sync".to_owned(),
        Tool::Zypper => format!("zypper dist-upgrade --from {} --allow-downgrade", input.mirror),
    };
    format!("After a rollback what is installed stays; {command} goes back.")
}

/// What the form costs while the mirror is up.
fn form(input: &ClientInput<'_>, is_checked: bool) -> Vec<&'static str> {
    let two_dates = "A transaction may see two dates when the channel moves in the middle of it.";
    let torn = "A refresh that falls between repomd.xml and its signature fails, and works when it is run again.";
    let torn_past = "A refresh that falls between repomd.xml and its signature takes upstream's state for that once, without a word.";
    let medium = "Where upstream has media.1/media, a move makes it refuse packages (\"does not contain the desired medium\") until the next refresh.";
    let spill = "Without max_downloads_per_mirror dnf takes files from upstream as soon as three others come from the mirror.";
    let mut lines = Vec::new();
    match (input.form, input.tool) {
        (Form::List, Tool::Dnf) => lines.extend([
            "The list names the dated tree that the channel shows, so that all metadata are of one date. It is read again before packages",
            "are fetched: they come from the next date when the channel moved meanwhile, or from what the mirror still keeps.",
            "It goes with no baseurl: dnf 4 would take that while the list cannot be had, dnf 5 never.",
        ]),
        (Form::List, Tool::Zypper) => lines.extend([
            "The list names the dated tree that the channel shows, so that metadata and packages are of one date for as long as it is kept:",
            "that date must stay published so long, and pinfold retire wait.",
            "It goes with no baseurl: zypper would take that and not the list.",
        ]),
        (Form::Direct | Form::Fallback, tool) => {
            lines.push(two_dates);
            let is_past = (input.form, tool) == (Form::Fallback, Tool::Zypper);
            lines.extend(is_checked.then_some(if is_past { torn_past } else { torn }));
            lines.extend((tool == Tool::Zypper).then_some(medium));
            lines.extend(((input.form, tool) == (Form::Fallback, Tool::Dnf)).then_some(spill));
        }
    }
    lines
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
    let fixed: &[&str] = match (input.signed, input.tool) {
        (Signed::Metadata, Tool::Dnf) if keys.is_none() => &[],
        (Signed::Metadata, Tool::Dnf) => &[
            "First dnf -y makecache: dnf asks once about the metadata's key, and where nobody answers says \"Bad GPG signature\".",
            "A key of upstream that expires makes dnf refuse the metadata that it signed before, too.",
            "A package that carries no signature is refused: where upstream signs metadata only, gpgcheck=0 takes what they name.",
        ],
        (Signed::Metadata, Tool::Zypper) => &[
            "zypper takes unsigned packages that signed metadata name; pkg_gpgcheck=1 would refuse them.",
        ],
        (Signed::Packages, _) => &[
            "Upstream signs packages and not what lists them: only https to the mirror keeps others from hiding updates.",
        ],
        (Signed::Nothing, _) => &[
            "Nobody signs this repository: who can answer for the mirror decides what is installed. Only https keeps others out.",
        ],
    };
    lines.extend(fixed.iter().map(|line| (*line).to_owned()));
    if input.signed != Signed::Nothing && keys.is_none() {
        lines.push(
            "The mirror names no keyrings: the keys that rpm on this client trusts already count."
                .to_owned(),
        );
    }
    lines
}
