//! Bringing a host from what it was given to what it is to have: each file compared first, nginx's tested before it stays.
//!
//! What may be in a file is noted before it is written, so that a run that was killed is no hand of somebody else's. The site goes
//! first: where nginx does not take it, everything is as it was.

use std::fs::File;
use std::path::{Path, PathBuf};

use pinfold_store::disk;
use pinfold_store::path::escape_path;
use rustix::fs::FlockOperation;
use similar::TextDiff;

use super::nginx::{self, Nginx};
use super::probe::Probe;
use super::{Host, HostFile, Parts, machine, schedule};
use crate::config::{SetUp, Starter};
use crate::failure::Failure;

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is as it is to be.
    Same,
    Written,
    Removed,
    /// Somebody edited it since, or made it: it stays.
    Kept,
}

/// One file, as it is and as it is to be.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) path: PathBuf,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
    pub(crate) fate: Fate,
}

impl Step {
    /// What would change, as people read it.
    pub(crate) fn diff(&self) -> String {
        let (old, new) = (self.old.as_deref().unwrap_or(""), self.new.as_deref().unwrap_or(""));
        let name = |is_there: bool| {
            if is_there { escape_path(&self.path) } else { "/dev/null".to_owned() }
        };
        TextDiff::from_lines(old, new)
            .unified_diff()
            .header(&name(self.old.is_some()), &name(self.new.is_some()))
            .to_string()
    }
}

/// Whose word counts about files that somebody edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edited {
    Keep,
    Overwrite,
}

/// What nginx has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Served {
    /// Nothing was to be done.
    Same,
    /// It was told to read its configuration anew, and our site answers at these addresses.
    Reloaded(String),
    /// It serves nothing of ours any more.
    Gone,
    /// It was told, and something else answers: why, in words.
    Shadowed(String),
    /// It does not run.
    Stopped,
    /// It is another host's, or there is none.
    Nobody,
}

/// A change of the host, planned.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(crate) host: &'a Host,
    pub(crate) parts: Parts<'a>,
    pub(crate) before: SetUp,
    pub(crate) after: SetUp,
    pub(crate) steps: Vec<Step>,
}

impl<'a> Change<'a> {
    /// Compares what the host has with what it is to have.
    pub(crate) fn plan(
        host: &'a Host,
        parts: Parts<'a>,
        before: SetUp,
        edited: Edited,
    ) -> Result<Self, Failure> {
        let wanted = super::files(host, &parts)?;
        let mut steps = Vec::new();
        for HostFile { path, content } in wanted {
            let old = host.read(&path)?;
            let fate = match &old {
                Some(old) if *old == content => Fate::Same,
                Some(old) if edited == Edited::Keep && !before.wrote(&path, old) => Fate::Kept,
                _ => Fate::Written,
            };
            steps.push(Step { path, old, new: Some(content), fate });
        }
        for path in before.files.keys() {
            if steps.iter().any(|step| step.path == *path) {
                continue;
            }
            let Some(old) = host.read(path)? else { continue };
            let is_ours = edited == Edited::Overwrite || before.wrote(path, &old);
            let fate = if is_ours { Fate::Removed } else { Fate::Kept };
            steps.push(Step { path: path.clone(), old: Some(old), new: None, fate });
        }
        let mut after =
            SetUp { mirrors: parts.mirrors.clone(), starter: parts.starter, ..SetUp::default() };
        for step in &steps {
            match (&step.new, step.fate) {
                (Some(new), Fate::Same | Fate::Written) => after.note(&step.path, new),
                // What was noted stays: it is told from what a hand wrote by that.
                (_, Fate::Kept) => {
                    let noted = before.files.get(&step.path).cloned().unwrap_or_default();
                    after.files.insert(step.path.clone(), noted);
                }
                (_, Fate::Removed) | (None, _) => {}
            }
        }
        Ok(Self { host, parts, before, after, steps })
    }

    /// Says whether anything is to be written or removed.
    pub(crate) fn is_none(&self) -> bool {
        self.before == self.after
            && self.steps.iter().all(|step| matches!(step.fate, Fate::Same | Fate::Kept))
    }

    /// The site's file.
    fn site(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.path.ends_with(nginx::FILE))
    }

    /// Does it. `state` is where is kept what the host was given.
    pub(crate) fn apply(&self, state: &Path) -> Result<Served, Failure> {
        if self.is_none() {
            return self.serve();
        }
        let mut both = self.after.clone();
        for (path, digests) in &self.before.files {
            both.files.entry(path.clone()).or_default().extend(digests.iter().cloned());
        }
        // Until all is done, those mirrors are looked after that were, and those that will be.
        both.mirrors.extend(self.before.mirrors.iter().cloned());
        both.write(state)?;
        disk::point("host-noted");
        if let Some(step) = self.site() {
            self.write_site(step)?;
        }
        for step in self.steps.iter().filter(|step| !step.path.ends_with(nginx::FILE)) {
            self.write(step)?;
        }
        self.after.write(state)?;
        self.start()?;
        self.serve()
    }

    fn write(&self, step: &Step) -> Result<(), Failure> {
        let path = self.host.at(&step.path);
        match (step.fate, &step.new) {
            (Fate::Written, Some(new)) => {
                if let Some(folder) = path.parent() {
                    disk::make_dirs(folder)?;
                }
                disk::write_durably(&path, new.as_bytes(), 0o644)?;
            }
            (Fate::Removed, _) => {
                disk::remove_file(&path)?;
                disk::sync_parent(&path)?;
            }
            _ => return Ok(()),
        }
        disk::point("host-written");
        Ok(())
    }

    /// Writes the site and lets nginx look at it; puts back what was where nginx does not take it. What was lies beside it until then,
    /// under a name that nginx does not read, for the run after one that was killed.
    fn write_site(&self, step: &Step) -> Result<(), Failure> {
        let beside = step.path.with_extension("conf.before");
        let untested = self.host.read(&beside)?;
        if step.fate == Fate::Kept || (step.fate == Fate::Same && untested.is_none()) {
            return Ok(());
        }
        let nginx = if self.host.is_here() { Nginx::find() } else { None };
        let (path, beside) = (self.host.at(&step.path), self.host.at(&beside));
        let old = untested.clone().or(step.old.clone()).unwrap_or_default();
        if nginx.is_some() && untested.is_none() {
            disk::write_durably(&beside, old.as_bytes(), 0o644)?;
        }
        self.write(step)?;
        let refused = nginx.as_ref().and_then(|nginx| nginx.test().err());
        if refused.is_some() {
            if old.is_empty() {
                disk::remove_file(&path)?;
            } else {
                disk::write_durably(&path, old.as_bytes(), 0o644)?;
            }
        }
        disk::remove_file(&beside)?;
        match refused {
            Some(said) => Err(self.refused(step, nginx.as_ref(), &said)?),
            None => Ok(()),
        }
    }

    /// Says why nginx refused the site, which is as it was; what the host was given is so, too.
    fn refused(&self, step: &Step, nginx: Option<&Nginx>, said: &str) -> Result<Failure, Failure> {
        let is_ours = nginx.is_some_and(|nginx| nginx.test().is_ok());
        let state = self.host.at(SetUp::path(self.parts.config_path));
        if self.before == SetUp::default() {
            disk::remove_file(&state)?;
        } else {
            self.before.write(&state)?;
        }
        let shown = escape_path(&step.path);
        Ok(if is_ours {
            Failure::usage(format!("nginx does not take the site: {said}; {shown} is as it was"))
                .hint("mend what it names in [site] of pinfold.toml: the port, the certificate and its key")
        } else {
            Failure::machine(format!(
                "nginx does not take its configuration, with our site or without: {said}"
            ))
            .hint("mend what it names, then run the same command again; nothing was changed")
        })
    }

    /// Switches the timer on or off where that changed.
    fn start(&self) -> Result<(), Failure> {
        let unit = |word: &str, more: &[&str]| {
            let mut words = vec!["systemctl".to_owned(), word.to_owned()];
            words.extend(more.iter().map(|word| (*word).to_owned()));
            machine::run(&words)
        };
        let is_unit = |step: &&Step| step.path.starts_with("/etc/systemd");
        let changed = |step: &Step| matches!(step.fate, Fate::Written | Fate::Removed);
        let has_systemd = self.host.is_here() && Path::new("/run/systemd/system").is_dir();
        if !has_systemd || !self.steps.iter().filter(is_unit).any(changed) {
            return Ok(());
        }
        if self.parts.starter == Starter::Systemd && !self.parts.mirrors.is_empty() {
            unit("daemon-reload", &[])?;
            return unit("enable", &["--now", schedule::UNIT]);
        }
        unit("disable", &["--now", schedule::UNIT])?;
        unit("daemon-reload", &[])
    }

    /// Lets nginx show what was written, and proves that it does.
    fn serve(&self) -> Result<Served, Failure> {
        let Some(step) = self.site().filter(|_| self.host.is_here()) else {
            return Ok(Served::Nobody);
        };
        let Some(nginx) = Nginx::find() else { return Ok(Served::Nobody) };
        let Some(configuration) = self.host.read(&step.path)? else {
            let told = step.fate == Fate::Removed && nginx.reload().is_ok();
            return Ok(if told { Served::Gone } else { Served::Stopped });
        };
        let rules = super::site(self.parts.config, self.parts.mirrors)?;
        let probe = Probe::new(&self.parts.config.site, &rules, &configuration)?;
        if probe.ask().is_ok() {
            return Ok(Served::Same);
        }
        if let Err(said) = nginx.test() {
            return Err(Failure::machine(format!("nginx does not take its configuration: {said}"))
                .hint("mend what it names, then run the same command again"));
        }
        if nginx.reload().is_err() {
            return Ok(Served::Stopped);
        }
        Ok(match probe.wait() {
            Ok(()) => Served::Reloaded(probe.shown()),
            Err(why) => Served::Shadowed(why),
        })
    }
}

/// Holds the host, so that two runs do not change it at once: the folder of the configuration.
pub(crate) fn lock(folder: &Path) -> Result<File, Failure> {
    let shown = escape_path(folder);
    disk::make_dirs(folder)?;
    let file = File::open(folder)
        .map_err(|error| Failure::machine(format!("cannot open {shown}: {error}")))?;
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|errno| {
        Failure::busy(format!("another run changes this host: {shown} is held ({errno})"))
            .hint("wait until it has ended")
    })?;
    Ok(file)
}
