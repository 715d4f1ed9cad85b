//! What a reader of the sources must know, because apt says none of it.

use super::suites::Suite;
use super::{ClientInput, Fallback, Follows, Form, keys};

/// Writes the comments at the head of the sources.
pub(super) fn comments(input: &ClientInput<'_>, suites: &[Suite]) -> String {
    let mirror = input.mirror;
    let mut lines = vec![match input.follows {
        Follows::Local { channel, .. } | Follows::Upstream { channel } => {
            format!("Written by pinfold: {mirror} as the channel {channel} shows it.")
        }
        Follows::Date(taken) => {
            format!("Written by pinfold: {mirror} as it was at {} UTC.", taken.human())
        }
    }];
    lines.push(
        "Take upstream's own lines out: a second line defeats every pin, apt takes the newest version from either."
            .to_owned(),
    );
    lines.extend(of_signature(input, suites));
    lines.extend(of_form(input));
    lines.iter().fold(String::new(), |text, line| format!("{text}# {line}\n"))
}

/// What upstream's signature means for the client.
fn of_signature(input: &ClientInput<'_>, suites: &[Suite]) -> Vec<String> {
    let mut lines = Vec::new();
    if let Follows::Upstream { .. } = input.follows {
        lines.push(
            "Upstream's signature: a client that saw a newer state keeps it after a rollback."
                .to_owned(),
        );
        let reason = if suites.iter().any(|suite| suite.is_paired) {
            Some("The signature is a file of its own")
        } else if suites.iter().any(|suite| !suite.has_by_hash()) {
            Some("The archive has no by-hash")
        } else {
            None
        };
        lines.extend(
            reason.map(|why| format!("{why}: an update in the moment of a switch can fail once.")),
        );
    }
    if input.keyrings.is_empty() {
        lines.push(match input.follows {
            Follows::Local { .. } => {
                "The mirror names no keyrings: this client cannot go to a date by itself (apt --snapshot)."
                    .to_owned()
            }
            Follows::Upstream { .. } | Follows::Date(_) => {
                "The mirror names no keyrings: the keys that this client trusts for everything count."
                    .to_owned()
            }
        });
    }
    lines
}

/// What the form of the sources means for the client.
fn of_form(input: &ClientInput<'_>) -> Vec<String> {
    let lines: &[&str] = match (input.form, input.follows) {
        (Form::Sources, _) => &[],
        (Form::Fallback(Fallback::Packages), _) => &[
            "While the mirror is down, packages come from upstream, as far as it has these versions, and updates wait.",
        ],
        (Form::Fallback(Fallback::Upstream), Follows::Local { channel, .. }) => {
            return vec![
                "While the mirror is down, an update takes upstream's state of the day. A client that took it keeps it, also"
                    .to_owned(),
                format!("when the mirror is back, until the channel has a later date: pinfold key sign {channel} there gives it one."),
            ];
        }
        (Form::Fallback(Fallback::Upstream), _) => &[
            "While the mirror is down, an update takes upstream's state of the day, and the client keeps that until the mirror's is newer.",
        ],
        (Form::Plain, Follows::Local { .. }) => {
            return vec![
                format!("First the key, in {}; then these lines, here or in /etc/apt/sources.list.", keys::TRUSTED),
                format!("A fleet that cannot be given a key: signed = \"upstream\" in {}.toml on the mirror. The same lines work", input.mirror),
                "without the key then, and a client that saw a newer state keeps it after a rollback.".to_owned(),
            ];
        }
        (Form::Plain, _) => &["These lines may stand here or in /etc/apt/sources.list."],
    };
    lines.iter().map(|line| (*line).to_owned()).collect()
}
