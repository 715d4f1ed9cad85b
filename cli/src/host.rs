//! What is written outside ROOT: nginx's site, the schedule, the rotation of logs.
//!
//! The files are made of checked types, and every word in them is plain or refused: nothing that an operator or an archive
//! wrote can become a command. [`files`] is pure but for what it reads of the host; `change` writes, tests and reloads.

pub(crate) mod change;
pub(crate) mod machine;
pub(crate) mod nginx;
pub(crate) mod probe;
mod rotation;
mod schedule;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_publisher::site::Rules;
use pinfold_store::Name;
use pinfold_store::path::escape_path;

use crate::config::{Config, Starter};
use crate::failure::Failure;

/// Every file of ours says so in its first line.
const HEAD: &str =
    "# Written by pinfold setup, which writes it again; pinfold retract takes it away.\n";

/// The host: this machine, or a folder that stands for the `/` of another.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    prefix: Option<PathBuf>,
}

impl Host {
    /// This machine where no folder is named.
    pub(crate) fn new(prefix: Option<&Path>) -> Self {
        Self { prefix: prefix.map(Path::to_owned) }
    }

    /// Says whether it is the machine that we run on.
    pub(crate) const fn is_here(&self) -> bool {
        self.prefix.is_none()
    }

    /// Where a file of the host is found; a configuration below the prefix is named as it lies here.
    pub(crate) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        match &self.prefix {
            None => path.to_owned(),
            Some(prefix) if path.starts_with(prefix) => path.to_owned(),
            Some(prefix) => prefix.join(path.strip_prefix("/").unwrap_or(path)),
        }
    }

    /// Reads a text of the host; `None` where it is absent.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Result<Option<String>, Failure> {
        let path = self.at(path);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(Failure::machine(format!("cannot read {}: {error}", escape_path(&path))))
            }
        }
    }
}

/// A file that a host is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostFile {
    /// Its path, as the host names it.
    pub(crate) path: PathBuf,
    pub(crate) content: String,
}

/// What the files are made of.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) config: &'a Config,
    /// The configuration's file, absolute.
    pub(crate) config_path: &'a Path,
    /// This program, as the host names it.
    pub(crate) program: &'a Path,
    /// Who runs it.
    pub(crate) user: &'a str,
    /// The mirrors that are set up.
    pub(crate) mirrors: &'a BTreeSet<Name>,
    pub(crate) starter: Starter,
}

/// Gives every file that a host with these mirrors has: the site first. None where there is no mirror.
pub(crate) fn files(host: &Host, parts: &Parts<'_>) -> Result<Vec<HostFile>, Failure> {
    if parts.mirrors.is_empty() {
        return Ok(Vec::new());
    }
    if host.is_here() && nginx::Nginx::find().is_none() {
        return Err(nginx::missing(host));
    }
    let site = HostFile {
        path: nginx::folder(host)?.join(nginx::FILE),
        content: site(parts.config, parts.mirrors)?.nginx(),
    };
    let mut files = vec![site, rotation::file(host, parts)?];
    files.extend(schedule::files(parts)?);
    Ok(files)
}

/// The rules of the site for these mirrors.
pub(crate) fn site(config: &Config, mirrors: &BTreeSet<Name>) -> Result<Rules, Failure> {
    Ok(Rules::new(&config.site, &config.sites_of(mirrors), &config.root)?)
}

/// Gives a path as a word that needs no quotes anywhere: in cron's tables, units, and the rotation of logs.
fn plain<'a>(what: &str, path: &'a Path) -> Result<&'a str, Failure> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/._+@-".contains(&b);
    path.to_str().filter(|text| text.starts_with('/') && text.bytes().all(is_plain)).ok_or_else(
        || {
            Failure::usage(format!(
                "{what} {}: cron, systemd and logrotate take no such path as it is",
                escape_path(path)
            ))
            .hint("use an absolute path of letters, digits and / . _ + @ -")
        },
    )
}

/// Checks the name of a user, as those files write it.
fn user_name(name: &str) -> Result<&str, Failure> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    if name.is_empty() || name.starts_with('-') || !name.bytes().all(is_plain) {
        let name = pinfold_store::path::escape(name.as_bytes());
        return Err(Failure::usage(format!("user '{name}': cron and systemd take no such name")));
    }
    Ok(name)
}

#[cfg(test)]
mod tests;
