//! What was typed of `adopt`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use pinfold_store::Name;

/// `adopt`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Adopt {
    /// apt-mirror's mirror.list; files of repositories (*.repo) that reposync keeps; debmirror.conf, or a script that calls debmirror; a tree
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Where reposync keeps its repositories, where no cron job of this host says it
    #[arg(long, value_name = "DIR")]
    pub(crate) tree: Option<PathBuf>,
    /// What $releasever means in files of repositories
    #[arg(long, value_name = "VERSION")]
    pub(crate) releasever: Option<String>,
    /// What $basearch means in them, and the architecture of a line of mirror.list that names none; this host's unless said
    #[arg(long, value_name = "ARCH")]
    pub(crate) arch: Option<String>,
    /// A keyring to try beside those of this host; may be repeated
    #[arg(long = "keyring", value_name = "FILE")]
    pub(crate) keyrings: Vec<PathBuf>,
    /// Where a tree comes from, where nothing says it
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: Option<String>,
    /// The name of the mirror that a tree becomes
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<Name>,
    /// The path below the site's URL at which it answers, where no web server of this host says it; for one mirror
    #[arg(long, value_name = "PATH")]
    pub(crate) mount: Option<String>,
    /// Take the files by hardlink: only what is replaced by renaming, as rsync does without --inplace
    #[arg(long)]
    pub(crate) link: bool,
    /// Look for web servers, cron jobs and keyrings below this folder instead of /
    #[arg(long, value_name = "DIR")]
    pub(crate) prefix: Option<PathBuf>,
}
