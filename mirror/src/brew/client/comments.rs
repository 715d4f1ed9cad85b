//! What a reader of the file must know, because brew does not say it.

use super::{ClientInput, Follows, Form};

/// Writes the comments before the variables.
pub(super) fn comments(input: &ClientInput<'_>) -> Vec<String> {
    let mirror = input.mirror;
    let mut lines = vec![match input.follows {
        Follows::Channel(channel) => {
            format!("Written by pinfold: {mirror} as the channel {channel} shows it.")
        }
        Follows::Date(taken) => {
            format!("Written by pinfold: {mirror} as it was at {} UTC.", taken.human())
        }
        Follows::Newest => format!("Written by pinfold: {mirror} is a cache of bottles."),
    }];
    let mut say = |text: &[&str]| lines.extend(text.iter().map(|line| (*line).to_owned()));
    say(versions(input.follows));
    say(bottles(input));
    say(&[
        "Casks, brew itself and its portable ruby are not mirrored: they come from where they always do.",
    ]);
    lines.iter().map(|line| format!("# {line}")).collect()
}

/// Where versions come from, and when a move is seen.
const fn versions(follows: Follows<'_>) -> &'static [&'static str] {
    match follows {
        Follows::Channel(_) => &[
            "The lists of the mirror say which version there is of what; Homebrew's signature on them is checked by brew.",
            "A move of the channel, forward or back, is seen by the next brew install or upgrade (HOMEBREW_API_AUTO_UPDATE_SECS, 450",
            "seconds behind it unless set). What is installed stays after a rollback: brew uninstall and install again goes back.",
            "Where the mirror has no list or does not answer, brew takes that of formulae.brew.sh: today's versions, without a word.",
            "HOMEBREW_NO_AUTO_UPDATE keeps brew itself as it is: it comes by git (HOMEBREW_BREW_GIT_REMOTE), and from nowhere else.",
        ],
        Follows::Date(_) => &[
            "The lists of the mirror say which version there is of what; Homebrew's signature on them is checked by brew.",
            "After a change of the date run brew update once: brew keeps its copy of a list otherwise.",
            "Where the mirror does not answer then, brew takes the list of formulae.brew.sh: today's versions, without a word.",
            "HOMEBREW_NO_AUTO_UPDATE keeps brew itself as it is: it comes by git (HOMEBREW_BREW_GIT_REMOTE), and from nowhere else.",
        ],
        Follows::Newest => &[
            "Versions come from formulae.brew.sh, always the newest: a cache pins nothing, and a client needs that site.",
            "HOMEBREW_NO_AUTO_UPDATE keeps brew from asking for it each time: brew update does.",
        ],
    }
}

/// Where bottles come from.
const fn bottles(input: &ClientInput<'_>) -> &'static [&'static str] {
    match (input.form, input.follows) {
        (Form::Only, Follows::Newest) => &[
            "Bottles come from the cache only: while it is down, nothing is installed.",
            "The well-known HOMEBREW_BOTTLE_DOMAIN does not work with a cache: brew asks it for names that a registry does not have,",
            "and then goes past it to ghcr.io.",
        ],
        (Form::Only, _) => &[
            "Bottles come from the mirror only: a formula that it leaves out is not installed, while the mirror is down none is.",
        ],
        (Form::Fallback, _) => &[
            "Bottles that the mirror does not have or cannot give now come from ghcr.io, by the same checksums.",
        ],
        (Form::Lines, _) => &[
            "HOMEBREW_BOTTLE_DOMAIN asks for each bottle three times, and goes to ghcr.io where the mirror fails: no variable keeps it",
            "from that. Without HOMEBREW_API_DOMAIN versions would be today's, which the mirror need not have.",
        ],
    }
}
