//! What was typed of the verbs that decide what clients see.

use clap::Args as ClapArgs;
use pinfold_publisher::layout::Spec;
use pinfold_store::Name;

/// `promote`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Promote {
    /// What to show: MIRROR means its newest snapshot, or the newest that soaked in the channel before
    #[arg(required_unless_present_any = ["all", "plan"], conflicts_with = "all")]
    pub(crate) snapshots: Vec<Spec>,
    /// The channel that moves
    #[arg(long, value_name = "CHANNEL", required_unless_present = "plan")]
    pub(crate) to: Option<Name>,
    /// Say what will move by the schedules, what will not and why, and when it will
    #[arg(long, conflicts_with_all = ["snapshots", "all", "from", "now", "reason"])]
    pub(crate) plan: bool,
    /// The channel whose state is taken over
    #[arg(long, value_name = "CHANNEL")]
    pub(crate) from: Option<Name>,
    /// All mirrors, but those that are pinned
    #[arg(long)]
    pub(crate) all: bool,
    /// Do not wait for the end of soaking or of a freeze
    #[arg(long)]
    pub(crate) now: bool,
    /// Do not ask the gate
    #[arg(long)]
    pub(crate) skip_gate: bool,
    /// Do not ask the check after the move
    #[arg(long)]
    pub(crate) skip_check: bool,
    /// Show a snapshot that lost more than max-change
    #[arg(long)]
    pub(crate) allow_shrink: bool,
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
    /// Pin the mirror in this channel: schedules and promote --all leave it where it is
    #[arg(long = "in", value_name = "CHANNEL")]
    pub(crate) channel: Option<Name>,
    /// When it ends by itself: a date means its end, a duration counts from now
    #[arg(long, value_name = "DATE|DURATION")]
    pub(crate) until: Option<String>,
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
