//! Examples of every verb, shown by `--help` and in the manual pages.

use clap::Command;

/// A verb, and lines as one types them, each with what it is for.
pub(super) const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    ("init", &[("pinfold init", "once, and again where a channel's link was lost")]),
    (
        "adopt",
        &[
            ("pinfold adopt /etc/apt/mirror.list --dry-run", "what would be written and taken"),
            ("pinfold adopt /etc/yum.repos.d/*.repo", "what reposync keeps"),
        ],
    ),
    (
        "setup",
        &[
            ("pinfold setup ubuntu --dry-run", "what would be written, and what it replaces"),
            ("pinfold setup ubuntu rocky-9-baseos --systemd", "a timer instead of cron's line"),
        ],
    ),
    ("retract", &[("pinfold retract ubuntu", "the site and the schedule forget it; data stay")]),
    (
        "delete",
        &[
            ("pinfold delete ubuntu", "what would go, and who still comes"),
            ("pinfold delete ubuntu --yes-delete-data --reason \"moved\"", "for good"),
        ],
    ),
    ("estimate", &[("pinfold estimate ubuntu", "how much it is, before it is fetched")]),
    (
        "key",
        &[
            ("pinfold key print", "what clients need to trust"),
            ("pinfold key rotate", "the next key is published beside the one that signs"),
            ("pinfold key sign production", "a later date for what the channel shows"),
        ],
    ),
    (
        "sync",
        &[
            ("pinfold sync ubuntu", "the upstream as it is now"),
            ("pinfold sync ubuntu --dry-run", "how much would come"),
            ("pinfold sync debian --background", "the first time, without the terminal"),
        ],
    ),
    (
        "ingest",
        &[
            (
                "pinfold ingest ubuntu /var/spool/apt-mirror/mirror/archive.ubuntu.com/ubuntu",
                "what another tool brought",
            ),
            ("pinfold ingest tools /srv/tools --taken 2026-11-23", "a state of that day"),
        ],
    ),
    ("snapshots", &[("pinfold snapshots ubuntu", "what is kept of it")]),
    ("show", &[("pinfold show ubuntu@2026-11-23", "the newest of that day or before")]),
    (
        "diff",
        &[("pinfold diff ubuntu@production ubuntu@staging", "what the next promotion brings")],
    ),
    ("verify", &[("pinfold verify ubuntu --deep", "prove the newest again, reading every byte")]),
    ("channels", &[("pinfold channels", "what clients see")]),
    (
        "promote",
        &[
            ("pinfold promote --plan", "what will move, and what will not and why"),
            (
                "pinfold promote ubuntu --to production --from staging --reason \"soaked\"",
                "what staging shows",
            ),
            ("pinfold promote --all --to staging", "every mirror that no pin holds"),
        ],
    ),
    (
        "rollback",
        &[
            (
                "pinfold rollback production --reason \"openssl breaks the build farm\"",
                "back to what stood before, and pinned",
            ),
            ("pinfold rollback production ubuntu --to 2026-11-20", "one mirror, to that day"),
        ],
    ),
    ("log", &[("pinfold log production", "who moved it, when and why")]),
    (
        "pin",
        &[
            (
                "pinfold pin ubuntu@2026-11-23 audit --reason \"audit\" --until 2027-02-01",
                "retention keeps it until then",
            ),
            ("pinfold pin ubuntu --in production --until 7d", "no schedule moves it there"),
        ],
    ),
    (
        "unpin",
        &[
            ("pinfold unpin ubuntu audit", "let go of the snapshot"),
            ("pinfold unpin ubuntu --in production", "let schedules move it again"),
        ],
    ),
    ("publish", &[("pinfold publish ubuntu@2026-01-31", "a day that went cold")]),
    ("retire", &[("pinfold retire ubuntu@2026-01-31", "take the tree down, keep the snapshot")]),
    ("site", &[("pinfold site > /etc/nginx/conf.d/pinfold.conf", "then nginx -t, and reload it")]),
    (
        "client",
        &[
            ("pinfold client ubuntu", "machines that follow production"),
            ("pinfold client ubuntu --date 2026-11-23", "machines that stay at a day"),
            ("pinfold client rocky-9-baseos --tool zypper", "for SUSE"),
        ],
    ),
    (
        "clients",
        &[
            ("pinfold clients", "who fetched within the last week"),
            ("pinfold clients ubuntu --since 30d", "before it is retired"),
        ],
    ),
    ("serve", &[("pinfold serve --listen 127.0.0.1:8080", "a first look without nginx")]),
    (
        "run",
        &[
            ("pinfold run", "what cron calls every five minutes"),
            ("pinfold run --dry-run", "what is due, and why"),
        ],
    ),
    (
        "prune",
        &[
            ("pinfold prune --dry-run", "what would go, why, and what comes back"),
            ("pinfold prune ubuntu@2026-01-31", "drop one snapshot"),
            (
                "pinfold prune --explain pool/main/h/hello/hello_2.10-3_amd64.deb",
                "who holds this file",
            ),
        ],
    ),
    (
        "status",
        &[
            ("pinfold status", "everything, a line each"),
            ("pinfold status ubuntu", "how far a sync is, and how long still"),
        ],
    ),
    (
        "doctor",
        &[
            ("pinfold doctor", "what is wrong, why it matters, and what mends it"),
            ("pinfold doctor ubuntu", "only of this mirror"),
        ],
    ),
    (
        "fsck",
        &[
            ("pinfold fsck --subset 3/30", "read the third of thirty parts"),
            ("pinfold fsck --deep --repair", "read everything, and heal what is damaged"),
            ("pinfold fsck --rebuild", "make the index anew"),
        ],
    ),
    (
        "manual",
        &[("pinfold manual sync > /usr/local/share/man/man1/pinfold-sync.1", "a page of a verb")],
    ),
    (
        "completions",
        &[(
            "pinfold completions bash > /usr/share/bash-completion/completions/pinfold",
            "for bash",
        )],
    ),
];

/// Adds its examples to each verb.
pub(super) fn add(mut program: Command) -> Command {
    for (verb, lines) in EXAMPLES {
        let text: String =
            lines.iter().map(|(line, why)| format!("\n  {line}\n      {why}")).collect();
        program =
            program.mut_subcommand(verb, |command| command.after_help(format!("Examples:{text}")));
    }
    program
}
