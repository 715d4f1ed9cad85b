//! `sync` of a mirror whose tree comes whole: by rsync, or by a program of others. What it left is taken as an ingest takes it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pinfold_mirror::sync::Synced;
use pinfold_publisher::layout::Www;
use pinfold_publisher::publish;
use pinfold_store::lock::MirrorLock;
use pinfold_store::path::escape_path;
use pinfold_store::scan::{Adopt, Seal, Sealed};
use pinfold_store::{Monitor, Store, disk};
use serde_json::json;

use super::bring::{Bringing, Tree, publish_new};
use crate::args::Sync;
use crate::config::{Mirror, Program, Rsync, Source, Upstream};
use crate::context::Context;
use crate::failure::Failure;
use crate::tool::{Ended, Tool};
use crate::ui::Progress;

/// rsync's exit code for files that upstream removed while it read: it is in the middle of its own update.
const VANISHED: i32 = 24;
/// How often rsync runs again for that.
const TORN_MAX: u32 = 3;
/// rsync's exit codes that say that its own options or this machine are wrong, and not upstream.
const OURS: [i32; 4] = [1, 4, 11, 14];

/// A sync by a program.
pub(super) struct ByTool<'a> {
    pub(super) context: &'a Context,
    pub(super) args: &'a Sync,
    pub(super) store: &'a Store,
    pub(super) lock: &'a MirrorLock,
    pub(super) mirror: &'a Mirror,
    pub(super) upstream: &'a Upstream,
    pub(super) progress: &'a Progress,
}

impl ByTool<'_> {
    /// Brings the tree and makes a snapshot of it; `None` where that would only be said.
    pub(super) fn sync(&self) -> Result<Option<Synced>, Failure> {
        match &self.upstream.source {
            // The caller follows it itself.
            Source::Http => Err(Failure::bug("a mirror over HTTP was to be brought by a program")),
            Source::Rsync(rsync) => self.by_rsync(rsync),
            Source::Program(program) => self.by_program(program),
        }
    }

    fn by_rsync(&self, rsync: &Rsync) -> Result<Option<Synced>, Failure> {
        let work = self.store.root().join("incoming").join(format!("tree-{}", self.lock.mirror));
        let basis = self.basis()?;
        if self.context.dry_run {
            self.run(self.rsync(rsync, (&work, basis.as_deref()), true)?, "rsync --dry-run")?;
            let log = escape_path(&self.log());
            let text = format!("rsync said what it would bring in {log}");
            let value = json!({ "dry_run": true, "log": self.log() });
            return self.context.answer(&text, &value).map(|()| None);
        }
        disk::make_dir(&work)?;
        self.progress.step("fetching by rsync", None);
        let mut torn = 0;
        loop {
            let tool = self.rsync(rsync, (&work, basis.as_deref()), false)?;
            let ended = tool.run(&self.heading(&rsync.url))?;
            match ended.code {
                Some(0) => break,
                Some(VANISHED) if torn < TORN_MAX => torn += 1,
                Some(code) if OURS.contains(&code) => {
                    return Err(self.failed("rsync", &ended, Failure::machine));
                }
                _ => return Err(self.failed("rsync", &ended, Failure::upstream)),
            }
        }
        // Its files were written for nobody else: they become objects by their own inodes.
        let synced = self.take((&work, Adopt::Link), format!("rsync {}", rsync.url))?;
        disk::remove_tree(&work)?;
        Ok(Some(synced))
    }

    /// The newest tree that stands: what did not change is linked from it, and nothing is ever written into it. Where none does the
    /// newest is made to stand, or all of it would be fetched again.
    fn basis(&self) -> Result<Option<PathBuf>, Failure> {
        let mirror = &self.lock.mirror;
        let www = Www::new(self.store.root());
        let dates = self.store.dates(mirror)?;
        for taken in dates.iter().rev() {
            if publish::is_complete(self.store, mirror, *taken)? {
                return Ok(Some(www.snapshot_tree(mirror, *taken)));
            }
        }
        let Some(newest) = dates.last().filter(|_| !self.context.dry_run) else { return Ok(None) };
        let record = self.store.record(mirror, *newest)?;
        publish_new(self.context, self.store, &record, self.progress)?;
        Ok(Some(www.snapshot_tree(mirror, *newest)))
    }

    /// Prepares rsync.
    fn rsync(
        &self,
        rsync: &Rsync,
        (work, basis): (&Path, Option<&Path>),
        is_dry: bool,
    ) -> Result<Tool, Failure> {
        let transfer = &self.upstream.transfer;
        let mut arguments: Vec<OsString> = [
            "--recursive",
            "--links",
            "--safe-links",
            "--times",
            "--hard-links",
            "--chmod=D755,F644",
            "--delay-updates",
            "--delete-delay",
            "--delete-excluded",
            "--no-motd",
            "--stats",
            "--out-format=%o %l %n",
        ]
        .map(OsString::from)
        .to_vec();
        let mut add = |option: &str, value: &std::ffi::OsStr| {
            let mut word = OsString::from(option);
            word.push(value);
            arguments.push(word);
        };
        let timeout = transfer.timeout.unwrap_or(Duration::from_secs(300)).as_secs().max(1);
        add("--timeout=", timeout.to_string().as_ref());
        add("--contimeout=", timeout.min(60).to_string().as_ref());
        if let Some(rate) = transfer.bytes_per_second {
            add("--bwlimit=", format!("{}K", (rate / 1024).max(1)).as_ref());
        }
        if let Some(auth) = &transfer.auth {
            add("--password-file=", auth.as_os_str());
        }
        rsync.include.iter().for_each(|pattern| add("--include=", pattern.as_ref()));
        rsync.exclude.iter().for_each(|pattern| add("--exclude=", pattern.as_ref()));
        if let Some(basis) = basis {
            add("--link-dest=", basis.as_os_str());
        }
        if is_dry {
            add("--dry-run", "".as_ref());
        }
        arguments.push("--".into());
        arguments.push(rsync.url.clone().into());
        let mut to = work.as_os_str().to_owned();
        to.push("/");
        arguments.push(to);
        self.tool("rsync".into(), arguments)
    }

    fn by_program(&self, program: &Program) -> Result<Option<Synced>, Failure> {
        let Some((name, arguments)) = program.command.split_first() else {
            return Err(Failure::bug("a command without a program"));
        };
        let shown = program.command.join(" ");
        if self.context.dry_run {
            let text = format!("would run {shown} and take {}", escape_path(&program.tree));
            let value =
                json!({ "dry_run": true, "command": program.command, "tree": program.tree });
            return self.context.answer(&text, &value).map(|()| None);
        }
        self.progress.step(&format!("running {name}"), None);
        let arguments = arguments.iter().map(OsString::from).collect();
        let ended = self.tool(name.into(), arguments)?.run(&self.heading(&shown))?;
        if ended.code != Some(0) {
            return Err(self.failed(name, &ended, Failure::upstream));
        }
        let folder = std::fs::canonicalize(&program.tree).map_err(|error| {
            let tree = escape_path(&program.tree);
            Failure::usage(format!("cannot take {tree}: {error}"))
                .hint(format!("tree names the folder where {name} keeps what it mirrors"))
        })?;
        let adopt = if program.is_linkable { Adopt::Link } else { Adopt::Copy };
        self.take((&folder, adopt), format!("command {shown}")).map(Some)
    }

    /// Makes a snapshot of a tree.
    fn take(&self, (folder, adopt): (&Path, Adopt), source: String) -> Result<Synced, Failure> {
        let Self { context, store, lock, mirror, progress, .. } = *self;
        let bringing = Bringing { context, store, lock, mirror, progress };
        let seal = Seal {
            now: context.now,
            taken: None,
            family: mirror.family.name().to_owned(),
            source,
            even_if_unchanged: self.args.even_if_unchanged,
        };
        let tree = Tree { folder, adopt, allow_empty: self.args.allow_empty };
        Ok(match bringing.bring(&tree, &seal)? {
            Sealed::New(record) => Synced::New(record),
            Sealed::Unchanged(record) => Synced::Unchanged(record),
        })
    }

    fn log(&self) -> PathBuf {
        self.context.config.logs.join(format!("{}.log", self.lock.mirror))
    }

    fn heading(&self, what: &str) -> String {
        format!("{} UTC: {what}", self.context.now.human())
    }

    fn tool(&self, program: OsString, arguments: Vec<OsString>) -> Result<Tool, Failure> {
        let deadline = self.upstream.transfer.deadline;
        let (log, lock) = (self.log(), self.lock.second_hold()?);
        Ok(Tool { program, arguments, environment: Vec::new(), log, deadline, lock })
    }

    fn run(&self, tool: Tool, what: &str) -> Result<(), Failure> {
        let ended = tool.run(&self.heading(what))?;
        if ended.code == Some(0) {
            Ok(())
        } else {
            Err(self.failed(what, &ended, Failure::upstream))
        }
    }

    /// Says how a program failed, with the last of what it printed.
    fn failed(&self, program: &str, ended: &Ended, kind: fn(String) -> Failure) -> Failure {
        let said = ended.last.last().map_or_else(String::new, |line| format!(": {line}"));
        let failure = kind(format!(
            "{}: {program} failed, {}{said}; the newest snapshot stays",
            self.lock.mirror, ended.how
        ));
        failure.hint(format!("the whole of what it printed is in {}", escape_path(&self.log())))
    }
}
