//! What was typed.

mod adopt;
mod decide;
mod examples;
mod host;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as ClapArgs, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use pinfold_publisher::layout::Spec;
use pinfold_store::Name;

use crate::ui::Color;

pub(crate) use adopt::Adopt;
pub(crate) use decide::{Pin, Promote, Rollback, Unpin};
pub(crate) use host::{Clients, Delete, Retract, Setup};

/// The verbs in the groups in which they are needed.
const GROUPS: &str = "\
Begin:
  init        Make the root, the signing key and the channels; say what the file system can do
  adopt       Make mirrors of what apt-mirror, reposync, debmirror or rsync keep here, and take it
  estimate    Say how much a mirror will be, by suite, component and architecture
  setup       Write what this host needs for mirrors: nginx's site, the schedule, rotation of logs
  retract     Take back what setup gave a mirror; its data stay
  delete      Delete a mirror's data for good
  key         Show, print, make, import or rotate the signing key; sign a channel anew

Bring in:
  sync        Fetch a mirror's upstream as a new snapshot, proved, and publish it
  ingest      Take a folder as a new snapshot of a mirror, and publish it
  snapshots   List snapshots
  show        Show one snapshot
  diff        Name the packages that changed between two snapshots
  verify      Compare a snapshot's record, manifest, objects and tree

Decide:
  channels    Show what clients see
  promote     Move a channel onto snapshots
  rollback    Move a channel back, and pin it there
  log         Show who moved a channel, when and why
  pin         Hold a snapshot, or a mirror in a channel
  unpin       Take a pin away
  publish     Build a snapshot's dated tree
  retire      Take a snapshot's dated tree down

Serve:
  site        Print the nginx configuration
  client      Print the files that a client needs
  clients     Say who fetched from which mirror, by the access logs
  serve       Serve the site without nginx, for a first look

Keep:
  run         Do all that is due: what cron calls
  prune       Drop what keep does not keep, take old trees down; --explain says who holds a file
  status      Show how old each mirror is, what runs, what failed, what waits
  doctor      Say what is wrong, why it matters, and what mends it
  fsck        Check the whole store; --repair heals it, --rebuild makes the index anew

See also:
  completions Print the completions of bash, zsh, fish or another shell
  manual      Print the manual page, of the program or of a verb";

const TEMPLATE: &str = "{about}\n\n{usage-heading} {usage}{after-help}\n\nOptions:\n{options}\n";

const EXITS: &str =
    "Snapshots are named MIRROR, MIRROR@2026-11-23, MIRROR@CHANNEL or MIRROR@PIN; dates are UTC
and mean their end.
Exit codes: 0 done, 1 done and the answer is no, 2 usage or configuration, 3 upstream,
4 not intact, 5 this machine, 75 another run holds the lock, 70 a bug.";

/// Keeps package archives as they were on a given day, and decides which day a fleet follows.
#[derive(Debug, Parser)]
#[command(name = "pinfold", version, help_template = TEMPLATE, after_help = format!("{GROUPS}\n\n{EXITS}"), disable_help_subcommand = true)]
pub(crate) struct Args {
    /// The configuration file; mirrors are in mirrors.d beside it
    #[arg(long, global = true, value_name = "FILE", default_value = "/etc/pinfold/pinfold.toml")]
    pub(crate) config: PathBuf,
    /// Print JSON where something is reported
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say what would be done, and do nothing
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
    /// When to use colours; `NO_COLOR` in the environment is heeded too
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Wait this long for a lock that another run holds
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) wait: u64,
    /// The verb.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What may be typed: every verb and option, with examples.
pub(crate) fn grammar() -> clap::Command {
    examples::add(Args::command())
}

/// Reads what was typed, the program's name first.
///
/// # Errors
///
/// What is no command; also what `--help` and `--version` print.
pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Args, clap::Error> {
    Args::from_arg_matches(&grammar().try_get_matches_from(words)?)
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make the root, the signing key and the channels; say what the file system can do
    Init,
    /// Make mirrors of what apt-mirror, reposync, debmirror or rsync keep here, and take their trees without downloading
    Adopt(Adopt),
    /// Write what this host needs for mirrors: nginx's site, the schedule, rotation of logs
    Setup(Setup),
    /// Take back what setup gave a mirror; its data and published trees stay
    Retract(Retract),
    /// Delete a mirror's data for good; refused while clients come
    Delete(Delete),
    /// Fetch a mirror's upstream as a new snapshot, proved, and publish it
    Sync(Sync),
    /// Say what a mirror's upstream takes, by suite, component and architecture, from its metadata alone
    Estimate {
        /// The mirror
        mirror: Name,
    },
    /// Show, print, make, import or rotate the signing key; sign a channel anew
    #[command(subcommand)]
    Key(KeyVerb),
    /// Take a folder as a new snapshot of a mirror, and publish it
    Ingest(Ingest),
    /// List snapshots, of one mirror or all
    Snapshots {
        /// Only of this mirror
        mirror: Option<Name>,
    },
    /// Show one snapshot
    Show {
        /// Which one
        snapshot: Spec,
    },
    /// Name the packages that changed between two snapshots, or the files; exit code 1 where there are any
    Diff(Diff),
    /// Compare a snapshot's record, manifest, objects and tree
    Verify {
        /// Which one
        snapshot: Spec,
        /// Read and hash every byte
        #[arg(long)]
        deep: bool,
    },
    /// Show what clients see
    Channels,
    /// Move a channel onto snapshots
    Promote(Promote),
    /// Move a channel back, and pin it there
    Rollback(Rollback),
    /// Show who moved a channel, when and why
    Log {
        /// The channel
        channel: Name,
    },
    /// Hold a snapshot under a name, or a mirror in a channel
    Pin(Pin),
    /// Take a pin away, from a snapshot or from a mirror in a channel
    Unpin(Unpin),
    /// Build a snapshot's dated tree; one that stands and is whole is left alone
    Publish {
        /// Which one
        snapshot: Spec,
    },
    /// Take a snapshot's dated tree down; it stays kept and can be published again
    Retire {
        /// Which one
        snapshot: Spec,
    },
    /// Print the nginx configuration
    Site,
    /// Print the files that a client needs
    Client(Client),
    /// Say which addresses fetched from which mirror, when last, and on which channel or date, by nginx's access logs
    Clients(Clients),
    /// Serve the site without nginx, for a first look
    Serve {
        /// Where to listen
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
        listen: std::net::SocketAddr,
    },
    /// Do all that is due and nothing else: syncs, promotions, retention; what cron or a timer calls every few minutes
    Run,
    /// Drop what keep does not keep, take old trees down, collect what crashes left; or drop one snapshot
    Prune(Prune),
    /// Show what is the case: how old each mirror is, what runs and how fast, what failed, what waits, what room there is
    Status {
        /// Only this mirror, with all that is known of it
        mirror: Option<Name>,
        /// Print it as text that the node exporter of Prometheus reads
        #[arg(long, conflicts_with = "json")]
        prometheus: bool,
    },
    /// Say what is wrong, from evidence: why it matters, and the command that mends it; exit code 1 or 4 where something is
    Doctor(Doctor),
    /// Check the whole store, and heal what is damaged
    Fsck(crate::cmd::fsck::Fsck),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, of the program or of a verb
    #[command(hide = true)]
    Manual {
        /// The verb
        verb: Option<String>,
    },
}

/// `sync`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Sync {
    /// The mirror
    pub(crate) mirror: Name,
    /// Take a state that is older than the last one, this once
    #[arg(long)]
    pub(crate) allow_older: bool,
    /// Take a state without a single package
    #[arg(long)]
    pub(crate) allow_empty: bool,
    /// Leave the dated tree to the promotion that shows it
    #[arg(long)]
    pub(crate) no_publish: bool,
    /// Make a snapshot even where nothing changed
    #[arg(long)]
    pub(crate) even_if_unchanged: bool,
    /// See whether it fits on the disk, and go on without the terminal: for the first sync of a big archive
    #[arg(long)]
    pub(crate) background: bool,
    /// The process that started this one in the background
    #[arg(long, hide = true, value_name = "PID", conflicts_with = "background")]
    pub(crate) starter: Option<u32>,
}

/// `key`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    /// Show the key that signs, the next one while a rotation is under way, and old ones
    Show,
    /// Print the public halves as clients take them, all in one block
    Print,
    /// Make the first key; init does it already
    Make,
    /// Take a key of your own as the first one: Ed25519 or RSA, without a passphrase
    Import {
        /// The key with its secret half, readable by its owner only
        file: PathBuf,
    },
    /// Replace the key: begin, let clients take the new one, finish, forget the old one
    Rotate(Rotate),
    /// Sign what a channel shows anew, with a date of now: for clients that took a newer state from upstream
    Sign {
        /// The channel
        channel: Name,
        /// Why, for the log
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
}

/// `key rotate`: without a flag it begins, and publishes the next key beside the one that signs.
#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("step"))]
pub(crate) struct Rotate {
    /// Begin with a key of your own instead of a new one
    #[arg(long, value_name = "FILE", group = "step")]
    pub(crate) import: Option<PathBuf>,
    /// Sign with the next key from now on, and sign what every channel shows anew
    #[arg(long, group = "step")]
    pub(crate) finish: bool,
    /// Let the old key go: clients must have the new one
    #[arg(long, group = "step")]
    pub(crate) forget: bool,
    /// Drop the next key, and stay with the one that signs
    #[arg(long, group = "step")]
    pub(crate) cancel: bool,
}

/// `ingest`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Ingest {
    /// The mirror
    pub(crate) mirror: Name,
    /// The folder
    pub(crate) folder: PathBuf,
    /// Adopt files by hardlink: only for tools that replace files by rename and never rewrite them
    #[arg(long)]
    pub(crate) link: bool,
    /// Date the snapshot; must be later than the newest
    #[arg(long, value_name = "DATE")]
    pub(crate) taken: Option<String>,
    /// Make a snapshot even where nothing changed
    #[arg(long)]
    pub(crate) even_if_unchanged: bool,
    /// Take a folder that holds no file at all
    #[arg(long)]
    pub(crate) allow_empty: bool,
}

/// `diff`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Diff {
    /// The old one
    pub(crate) old: Spec,
    /// The new one; the newest of the same mirror where it is left out
    pub(crate) new: Option<Spec>,
    /// Compare files, not packages
    #[arg(long)]
    pub(crate) files: bool,
}

/// `prune`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Prune {
    /// Only this mirror; MIRROR@DATE drops that snapshot
    #[arg(value_name = "MIRROR[@DATE]")]
    pub(crate) snapshot: Option<Spec>,
    /// Say who holds an object (8 digits of its BLAKE3 or more), a file below the root, or a path of an archive (pool/…, MIRROR:pool/…)
    #[arg(long, value_name = "OBJECT|PATH", conflicts_with = "snapshot")]
    pub(crate) explain: Option<OsString>,
}

/// `doctor`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Doctor {
    /// Only this mirror
    pub(crate) mirror: Option<Name>,
    /// Read the host's files below this folder: the system that is mounted there
    #[arg(long, value_name = "DIR")]
    pub(crate) prefix: Option<PathBuf>,
}

/// `client`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Client {
    /// The mirror; MIRROR@CHANNEL or MIRROR@DATE says at once what to follow
    #[arg(value_name = "MIRROR")]
    pub(crate) snapshot: Spec,
    /// The channel to follow; production unless configured otherwise
    #[arg(long, value_name = "CHANNEL", conflicts_with = "date")]
    pub(crate) channel: Option<Name>,
    /// The day to stay at
    #[arg(long, value_name = "DATE")]
    pub(crate) date: Option<String>,
    /// Only these suites; of Alpine, these versions
    #[arg(long = "suite", value_name = "SUITE")]
    pub(crate) suites: Vec<String>,
    /// What to take from upstream while the mirror is down: all of it, as it is then, or packages only
    #[arg(long, value_name = "WHAT", conflicts_with_all = ["plain", "list"])]
    pub(crate) fallback: Option<Fallback>,
    /// The program that reads the file of an rpm mirror; dnf unless said otherwise
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) tool: Option<Tool>,
    /// The minutes within which dnf and zypper see a move of the channel; 5 unless said otherwise
    #[arg(long, value_name = "MINUTES")]
    pub(crate) minutes: Option<std::num::NonZeroU16>,
    /// Let dnf and zypper follow the channel by the list that names its dated tree: one date a transaction, and no fallback
    #[arg(long)]
    pub(crate) list: bool,
    /// Print the lines of sources.list and the key to trust, instead of a .sources file
    #[arg(long)]
    pub(crate) plain: bool,
    /// Add preferences by which apt goes back to the versions that are shown
    #[arg(long)]
    pub(crate) downgrade: bool,
    /// Print a script instead, for a client without Pinfold: what it follows, which date it sees, which source wins
    #[arg(long, conflicts_with_all = ["fallback", "minutes", "list", "plain", "downgrade", "suites"])]
    pub(crate) check: bool,
}

/// The programs that read repositories of rpm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Tool {
    /// Of Fedora, RHEL and its kin
    Dnf,
    /// Of SUSE
    Zypper,
}

/// What clients take from upstream while the mirror is down.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Fallback {
    /// Everything
    Upstream,
    /// Packages only
    Packages,
}
