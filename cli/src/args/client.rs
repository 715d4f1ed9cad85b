//! What was typed for the verb that prints clients' files.

use clap::Args as ClapArgs;
use pinfold_publisher::layout::Spec;
use pinfold_store::Name;

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
