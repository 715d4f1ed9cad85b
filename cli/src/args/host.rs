//! What was typed of the verbs that give a host what it needs, and take it back.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use pinfold_store::Name;

/// `setup`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Setup {
    /// The mirrors; those that are set up already stay
    #[arg(required = true)]
    pub(crate) mirrors: Vec<Name>,
    /// Let a timer of systemd start pinfold run, not cron
    #[arg(long)]
    pub(crate) systemd: bool,
    /// Let cron start it again, where it was a timer
    #[arg(long, conflicts_with = "systemd")]
    pub(crate) cron: bool,
    /// Write below this folder, for packages and images: nothing is tested, reloaded or switched on
    #[arg(long, value_name = "DIR")]
    pub(crate) prefix: Option<PathBuf>,
    /// Replace files that somebody edited since
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// `retract`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Retract {
    /// The mirror
    pub(crate) mirror: Name,
    /// Remove the program of others that brings the mirror, and its configuration, where no other mirror has them
    #[arg(long)]
    pub(crate) tool: bool,
    /// Write below this folder, for packages and images
    #[arg(long, value_name = "DIR")]
    pub(crate) prefix: Option<PathBuf>,
    /// Remove or replace files that somebody edited since
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// `delete`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Delete {
    /// The mirror
    pub(crate) mirror: Name,
    /// Delete it: all its snapshots, trees and files, for good
    #[arg(long)]
    pub(crate) yes_delete_data: bool,
    /// Although clients came within the last week, or nobody can say whether any did
    #[arg(long)]
    pub(crate) even_if_used: bool,
    /// Why, for the log of the channels
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
}

/// `clients`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Clients {
    /// Only of this mirror
    pub(crate) mirror: Option<Name>,
    /// How far back: 7d, 12h
    #[arg(long, value_name = "TIME", default_value = "7d")]
    pub(crate) since: String,
}
