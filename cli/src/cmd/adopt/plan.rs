//! What becomes of what was found: names, places, files.

use std::path::{Path, PathBuf};

use pinfold_publisher::site::Mount;
use pinfold_store::path::escape_path;
use pinfold_store::{Name, disk};

use super::found::Found;
use super::host::{Host, Served};
use crate::args::Adopt;
use crate::config;
use crate::context::Context;
use crate::failure::Failure;

/// What came of the tree.
#[derive(Debug, Clone)]
pub(super) enum Taken {
    /// Nothing was tried.
    Not,
    /// So many files of so many bytes would be taken.
    Would { files: u64, bytes: u64 },
    /// A snapshot; what `ingest --json` says of it.
    Whole(serde_json::Value),
    /// The ingest ended with this exit code.
    Refused(u8),
}

/// One mirror.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) name: Name,
    pub(super) found: Found,
    pub(super) file: PathBuf,
    pub(super) text: String,
    /// The configuration has it already; its file stays as it is.
    pub(super) is_known: bool,
    pub(super) served: Vec<Served>,
    pub(super) taken: Taken,
}

/// Names them and says where they answer; refuses what the configuration would refuse.
pub(super) fn plan(
    context: &Context,
    args: &Adopt,
    host: &Host,
    found: Vec<Found>,
) -> Result<Vec<Plan>, Failure> {
    if found.len() > 1 && (args.mount.is_some() || args.name.is_some()) {
        return Err(Failure::usage(
            "--mount and --name are for one mirror, and several were found",
        )
        .hint("adopt them one after the other"));
    }
    let mirrors = context.config.mirrors.iter();
    let mounts = mirrors.map(|(name, one)| (name.clone(), one.mount.clone())).collect();
    let folder = context.config_path.with_file_name("mirrors.d");
    let mut planner = Planner { context, args, folder, mounts };
    found.into_iter().map(|one| planner.plan(one, host)).collect()
}

/// What plans must agree with.
struct Planner<'a> {
    context: &'a Context,
    args: &'a Adopt,
    /// Where the mirrors' files are.
    folder: PathBuf,
    /// Who answers where, those that were planned already included.
    mounts: Vec<(Name, Mount)>,
}

impl Planner<'_> {
    fn plan(&mut self, mut one: Found, host: &Host) -> Result<Plan, Failure> {
        if self.args.link && !one.keeper.may_link() {
            return Err(Failure::usage(format!(
                "--link: what keeps {} writes into files in place, and would change snapshots",
                escape_path(&one.tree)
            ))
            .hint("leave --link out: the files are copied, or share their blocks where the file system can"));
        }
        let served = host.served(&one.tree);
        place(&mut one, self.args, &served);
        let mount: Mount = one.mount.parse().map_err(|error| refused(&one, error))?;
        let mut mirrors = self.context.config.mirrors.iter();
        let known = mirrors.find(|(_, mirror)| mirror.mount == mount).map(|(name, _)| name.clone());
        let is_known = known.is_some();
        let (name, text) = match known {
            Some(name) => (name, String::new()),
            None => self.new_mirror(&one, mount)?,
        };
        let file = self.folder.join(format!("{name}.toml"));
        Ok(Plan { name, found: one, file, text, is_known, served, taken: Taken::Not })
    }

    /// The name of a mirror that is new, and its file.
    fn new_mirror(&mut self, one: &Found, mount: Mount) -> Result<(Name, String), Failure> {
        if let Some((other, _)) = self.mounts.iter().find(|(_, other)| other.overlaps(&mount)) {
            return Err(refused(
                one,
                format!("mount {mount} and that of {other} lie in each other"),
            ));
        }
        let is_taken = |name: &Name| {
            self.mounts.iter().any(|(other, _)| other == name)
                || self.folder.join(format!("{name}.toml")).exists()
        };
        let name = match &self.args.name {
            Some(name) if is_taken(name) => {
                return Err(refused(one, format!("there is a mirror {name} already, elsewhere")));
            }
            Some(name) => name.clone(),
            None => one
                .name(&is_taken)
                .ok_or_else(|| refused(one, "no name is free for it: --name NAME"))?,
        };
        let text = one.text();
        // What is a comment today is none tomorrow.
        for text in one.meant().iter().chain([&text]) {
            config::check_mirror(text).map_err(|why| refused(one, why))?;
        }
        self.mounts.push((name.clone(), mount));
        Ok((name, text))
    }
}

/// Where it answers: as was typed, else as a web server of this host has it, else as the tool calls it.
fn place(one: &mut Found, args: &Adopt, served: &[Served]) {
    if let Some(mount) = &args.mount {
        mount.trim_matches('/').clone_into(&mut one.mount);
        return;
    }
    let usual = served.iter().find(|place| place.path == one.mount);
    let Some(place) = usual.or_else(|| served.iter().find(|place| !place.path.is_empty())) else {
        if let Some(place) = served.first() {
            one.findings.push(format!(
                "{} serves it at the top of a server, and a mirror has a path: clients' URLs get /{} at their end",
                place.by, one.mount
            ));
        }
        return;
    };
    place.path.clone_into(&mut one.mount);
    for other in served.iter().filter(|other| other.path != place.path) {
        one.findings.push(format!(
            "{} serves it at /{} too; a mirror answers at one path: keep a redirect there",
            other.by, other.path
        ));
    }
}

fn refused(one: &Found, why: impl std::fmt::Display) -> Failure {
    let (named_by, tree) = (escape_path(&one.named_by), escape_path(&one.tree));
    Failure::usage(format!("{named_by}: cannot adopt {tree}: {why}"))
        .hint("nothing was written; --mount PATH or --name NAME says it otherwise for one mirror")
}

impl Plan {
    /// Says whether the tree is to be taken: once. Later it is older than what Pinfold fetched itself.
    pub(super) fn is_to_be_taken(&self, root: &Path) -> Result<bool, Failure> {
        let records = root.join("snapshots").join(self.name.as_str());
        let has_one =
            disk::names(&records)?.iter().any(|name| name.to_string_lossy().ends_with('Z'));
        Ok(self.found.tree.is_dir() && !has_one)
    }

    /// Says whether there is, or would be, something to promote.
    pub(super) fn has_state(&self) -> bool {
        match self.taken {
            Taken::Would { .. } | Taken::Whole(_) => true,
            // It had a snapshot before.
            Taken::Not => self.found.tree.is_dir(),
            Taken::Refused(_) => false,
        }
    }

    /// Counts what would be taken.
    pub(super) fn count(&mut self) {
        if !self.found.tree.is_dir() {
            return;
        }
        let (mut files, mut bytes) = (0, 0);
        let mut folders = vec![self.found.tree.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let Ok(meta) = entry.metadata() else { continue };
                if meta.is_dir() {
                    folders.push(entry.path());
                } else if meta.is_file() {
                    files += 1;
                    bytes += meta.len();
                }
            }
        }
        self.taken = Taken::Would { files, bytes };
    }
}
