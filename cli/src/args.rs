//! What was typed.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use pinfold_publisher::layout::Spec;
use pinfold_store::Name;

/// The verbs in the groups in which they are needed.
const GROUPS: &str = "\
Begin:
  init        Make the root, the signing key and the channels; say what the file system can do

Bring in:
  sync        Fetch a mirror's upstream as a new snapshot, proved, and publish it
  ingest      Take a folder as a new snapshot of a mirror, and publish it
  snapshots   List snapshots
  show        Show one snapshot
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
  serve       Serve the site without nginx, for a first look

Keep:
  prune       Drop a snapshot and the files that only it had
  fsck        Check the whole store; --rebuild makes the index anew";

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
    /// Wait this long for a lock that another run holds
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) wait: u64,
    /// The verb.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make the root, the signing key and the channels; say what the file system can do
    Init,
    /// Fetch a mirror's upstream as a new snapshot, proved, and publish it
    Sync(Sync),
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
    /// Serve the site without nginx, for a first look
    Serve {
        /// Where to listen
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
        listen: std::net::SocketAddr,
    },
    /// Drop a snapshot and the files that only it had; without one, collect what crashes left
    Prune {
        /// Which one
        snapshot: Option<Spec>,
    },
    /// Check the whole store
    Fsck {
        /// Read and hash every byte
        #[arg(long)]
        deep: bool,
        /// Make the index anew from the files first
        #[arg(long)]
        rebuild: bool,
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
    /// Leave the dated tree to the promotion that shows it
    #[arg(long)]
    pub(crate) no_publish: bool,
    /// Make a snapshot even where nothing changed
    #[arg(long)]
    pub(crate) even_if_unchanged: bool,
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

/// `promote`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Promote {
    /// What to show: MIRROR means its newest snapshot, or what --from shows
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub(crate) snapshots: Vec<Spec>,
    /// The channel that moves
    #[arg(long, value_name = "CHANNEL")]
    pub(crate) to: Name,
    /// The channel whose state is taken over
    #[arg(long, value_name = "CHANNEL")]
    pub(crate) from: Option<Name>,
    /// All mirrors, but those that are pinned
    #[arg(long)]
    pub(crate) all: bool,
    /// Show a snapshot that holds no file at all
    #[arg(long)]
    pub(crate) allow_empty: bool,
    /// Why, for the log
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
}

/// `rollback`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Rollback {
    /// The channel
    pub(crate) channel: Name,
    /// Only these mirrors
    pub(crate) mirrors: Vec<Name>,
    /// A generation's number, or a date: every mirror goes to its newest snapshot at or before it
    #[arg(long, value_name = "GENERATION|DATE")]
    pub(crate) to: Option<String>,
    /// Why, for the log and the pins
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
}

/// `pin`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Pin {
    /// The snapshot; a mirror with --in
    pub(crate) snapshot: Spec,
    /// The pin's name
    #[arg(required_unless_present = "channel", conflicts_with = "channel")]
    pub(crate) name: Option<Name>,
    /// Pin the mirror in this channel: promote --all leaves it where it is
    #[arg(long = "in", value_name = "CHANNEL")]
    pub(crate) channel: Option<Name>,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
}

/// `unpin`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Unpin {
    /// The mirror
    pub(crate) mirror: Name,
    /// The pin's name
    #[arg(required_unless_present = "channel", conflicts_with = "channel")]
    pub(crate) name: Option<Name>,
    /// The channel in which the mirror is pinned
    #[arg(long = "in", value_name = "CHANNEL")]
    pub(crate) channel: Option<Name>,
}

/// `client`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Client {
    /// What to follow: MIRROR@CHANNEL, or MIRROR@DATE for a day that stays
    pub(crate) snapshot: Spec,
    /// Only these suites
    #[arg(long = "suite", value_name = "SUITE")]
    pub(crate) suites: Vec<String>,
}
