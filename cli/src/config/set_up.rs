//! Which mirrors are set up on this host, and what they were given: `setup.toml` beside the configuration, written by `setup` and
//! `retract` alone. It belongs to the host and not to the root: a root that moves to another machine is not set up there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pinfold_store::path::escape_path;
use pinfold_store::{Digest, Name, disk};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

const HEAD: &str = "# Written by pinfold setup and retract; not to be edited.\n";

/// What starts `pinfold run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Starter {
    /// A line in `/etc/cron.d`.
    #[default]
    Cron,
    /// A service and a timer.
    Systemd,
}

/// What was set up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetUp {
    pub(crate) mirrors: BTreeSet<Name>,
    #[serde(default)]
    pub(crate) starter: Starter,
    /// The files that were written, with the digests that they may have unless somebody edited them.
    #[serde(default)]
    pub(crate) files: BTreeMap<PathBuf, BTreeSet<String>>,
}

impl SetUp {
    /// Where it is kept.
    pub(crate) fn path(config: &Path) -> PathBuf {
        config.with_file_name("setup.toml")
    }

    /// Reads it; `None` where nobody ever used setup.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let shown = escape_path(path);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::usage(format!("cannot read {shown}: {error}"))),
        };
        super::file::must_be_ours(path)?;
        let parsed = toml::from_str(&text).map_err(|error| {
            Failure::usage(format!("{shown}: {}", error.message().replace('\n', " ")))
                .hint("remove it, and run pinfold setup with all mirrors that this host serves")
        });
        parsed.map(Some)
    }

    /// Keeps it.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = toml::to_string(self).map_err(|error| {
            Failure::bug(format!("cannot write {}: {error}", escape_path(path)))
        })?;
        if let Some(folder) = path.parent() {
            disk::make_dirs(folder)?;
        }
        Ok(disk::write_durably(path, format!("{HEAD}{text}").as_bytes(), 0o644)?)
    }

    /// Says whether a file has still what setup wrote into it.
    pub(crate) fn wrote(&self, path: &Path, content: &str) -> bool {
        self.files.get(path).is_some_and(|digests| digests.contains(&digest(content)))
    }

    /// Notes what a file may have from now on.
    pub(crate) fn note(&mut self, path: &Path, content: &str) {
        self.files.entry(path.to_owned()).or_default().insert(digest(content));
    }
}

fn digest(content: &str) -> String {
    Digest::of(content.as_bytes()).to_string()
}
