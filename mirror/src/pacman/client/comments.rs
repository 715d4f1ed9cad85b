//! What a reader of the list must know, because pacman does not say it.

use super::{ClientFile, ClientInput, Follows, Form, has_signature, is_distribution};

/// Writes the comments before the servers.
pub(super) fn comments(
    input: &ClientInput<'_>,
    (path, repositories): (&str, &[String]),
    keys: Option<&(ClientFile, Vec<String>)>,
) -> Vec<String> {
    let mirror = input.mirror;
    let mut lines = vec![match input.follows {
        Follows::Channel(channel) => {
            format!("Written by pinfold: {mirror} as the channel {channel} shows it.")
        }
        Follows::Date(taken) => {
            format!("Written by pinfold: {mirror} as it was at {} UTC.", taken.human())
        }
    }];
    if !is_distribution(input) {
        lines.push("pacman.conf names it, in a section for each repository:".to_owned());
        for repository in repositories {
            lines.extend([format!("  [{repository}]"), format!("  Include = {path}")]);
        }
    }
    let text = match input.follows {
        Follows::Channel(_) => follows(input),
        Follows::Date(_) => pinned(),
    };
    lines.extend(text.iter().map(|line| (*line).to_owned()));
    if has_signature(input) && matches!(input.follows, Follows::Channel(_)) {
        lines.extend(torn().map(str::to_owned));
    }
    lines.extend(trust(input, keys));
    lines.iter().map(|line| format!("# {line}")).collect()
}

/// What happens when the channel moves, and while the mirror is down.
fn follows(input: &ClientInput<'_>) -> &'static [&'static str] {
    match input.form {
        Form::Direct => &[
            "Take upstream's own servers out: pacman takes what is newer there, and goes on with it.",
            "pacman -Sy sees every move of the channel at once. After a rollback pacman -Syuu takes installed packages back, too;",
            "-Syu leaves them where they are. While the mirror is down, pacman -Sy fails, and keeps the databases that it has.",
        ],
        Form::Fallback => &[
            "pacman -Sy sees every move of the channel at once. After a rollback pacman -Syuu takes installed packages back, too;",
            "-Syu leaves them where they are.",
            "For each file the mirror is asked first. While it is down, packages come from upstream, as far as it still has these",
            "versions. Databases come from there where they changed since the last -Sy, and by -Syy in any case: they are upstream's",
            "of the day, and what they bring stays installed until pacman -Syuu takes it back when the mirror is there again. A file",
            "that the mirror lacks comes from upstream, too. A mirror that hangs costs ten seconds a file; after three it is skipped.",
        ],
    }
}

/// What two files of one state cost.
const fn torn() -> [&'static str; 2] {
    [
        "A database and its signature are two files: a refresh between which the channel moves says that the signature is invalid,",
        "and works when it is run again.",
    ]
}

/// What it costs to stay at a date.
const fn pinned() -> &'static [&'static str] {
    &[
        "It stays there: nothing newer comes, security updates neither. The mirror must keep the date: pinfold pin there.",
        "A client that has newer packages goes back to it by pacman -Syuu.",
    ]
}

/// Whom the client believes.
fn trust(input: &ClientInput<'_>, keys: Option<&(ClientFile, Vec<String>)>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((file, fingerprints)) = keys {
        lines.push(format!(
            "First pacman-key --add {}, then pacman-key --lsign-key for each of its keys:",
            file.path
        ));
        lines.extend(fingerprints.iter().map(|one| format!("  {one}")));
    }
    if has_signature(input) {
        lines.push("With SigLevel = Required pacman checks databases and packages.".to_owned());
    } else {
        lines.push(
            "Nobody signs the databases: with SigLevel = Required DatabaseOptional pacman checks the packages, and only https to"
                .to_owned(),
        );
        lines.push("the mirror keeps others from hiding updates.".to_owned());
    }
    lines
}
