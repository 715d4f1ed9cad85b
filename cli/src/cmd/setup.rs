//! `setup`: what a host needs for its mirrors, and nothing else.

use std::path::{Path, PathBuf};

use pinfold_store::path::escape_path;
use pinfold_store::{Name, disk};
use serde_json::{Value, json};

use super::Done;
use crate::args::Setup;
use crate::config::{SetUp, Starter};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::host::change::{self, Change, Edited, Fate, Served};
use crate::host::machine::{self, User};
use crate::host::{Host, Parts};
use crate::ui;

pub(super) fn setup(context: &Context, args: &Setup) -> Done {
    let host = Host::new(args.prefix.as_deref());
    for mirror in &args.mirrors {
        context.config.mirror(mirror)?;
    }
    must_be_root(context, &host)?;
    let config_path = config_path(context)?;
    let state = host.at(SetUp::path(&config_path));
    let _lock = hold(context, &state)?;
    let before = SetUp::read(&state)?.unwrap_or_default();
    let mut mirrors = before.mirrors.clone();
    mirrors.extend(args.mirrors.iter().cloned());
    must_be_configured(context, &mirrors)?;
    let mut user = machine::user(&host, &context.config.root)?;
    let name = user.name.clone();
    let program = machine::program(&host)?;
    let parts = Parts {
        config: &context.config,
        config_path: &config_path,
        program: &program,
        user: &name,
        mirrors: &mirrors,
        starter: starter(&before, args),
    };
    let change = Change::plan(&host, parts, before, edited(args.overwrite))?;
    let mut told = Told::new(context, &host, &change)?;
    if user.ids.is_none() {
        let (made, note) = missing_user(context, &host, user)?;
        user = made;
        told.notes.push(note);
    }
    if context.dry_run {
        return told.finish(None);
    }
    let root = &context.config.root;
    for folder in [root, &context.config.logs] {
        machine::make_folder(&host, folder, &user)?;
    }
    for site in context.config.sites_of(&mirrors) {
        // nginx makes the folder of a cache, and not those above it.
        if let Some(above) = site.cache.as_ref().and_then(|cache| cache.store.parent()) {
            disk::make_dirs(&host.at(above))?;
        }
    }
    let served = change.apply(&state)?;
    told.next = next(context, &host, &user, &args.mirrors)?;
    told.finish(Some(&served))
}

fn starter(before: &SetUp, args: &Setup) -> Starter {
    match (args.systemd, args.cron) {
        (true, _) => Starter::Systemd,
        (_, true) => Starter::Cron,
        _ => before.starter,
    }
}

pub(super) const fn edited(overwrite: bool) -> Edited {
    if overwrite { Edited::Overwrite } else { Edited::Keep }
}

/// What is written outside the root is the host's.
pub(super) fn must_be_root(context: &Context, host: &Host) -> Result<(), Failure> {
    if context.dry_run || !host.is_here() || rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(Failure::usage("this writes below /etc, and not everybody may")
        .hint("run it as root; or with --prefix DIR to see the files, with --dry-run to read them"))
}

/// The configuration's file, as cron names it.
pub(in crate::cmd) fn config_path(context: &Context) -> Result<PathBuf, Failure> {
    std::path::absolute(&context.config_path).map_err(|error| {
        Failure::machine(format!("cannot find {}: {error}", escape_path(&context.config_path)))
    })
}

/// Keeps other runs from changing the host meanwhile.
pub(super) fn hold(context: &Context, state: &Path) -> Result<Option<std::fs::File>, Failure> {
    match state.parent() {
        Some(folder) if !context.dry_run => change::lock(folder).map(Some),
        _ => Ok(None),
    }
}

/// A mirror that is set up, and whose file went, would leave the site without a word.
fn must_be_configured<'a>(
    context: &Context,
    mirrors: impl IntoIterator<Item = &'a Name>,
) -> Result<(), Failure> {
    let gone = mirrors.into_iter().find(|name| !context.config.mirrors.contains_key(name));
    gone.map_or(Ok(()), |name| {
        Err(Failure::usage(format!("mirror {name} is set up, and mirrors.d/{name}.toml is gone"))
            .hint(format!(
                "pinfold retract {name} takes back what it was given; or bring the file back"
            )))
    })
}

/// Makes who runs Pinfold here, or says how that is done; gives what is to be told of it.
fn missing_user(context: &Context, host: &Host, user: User) -> Result<(User, String), Failure> {
    let root = &context.config.root;
    if host.is_here() && !context.dry_run {
        let made = machine::make_user(host, root)?;
        let note = format!("made the system's user {}, without a shell", made.name);
        return Ok((made, note));
    }
    let how: Vec<String> =
        machine::making(host, root).iter().map(|words| words.join(" ")).collect();
    let would = if host.is_here() { "would be made" } else { "is to be made on the host" };
    let note = format!("the user {} {would}: {}", user.name, how.join(" && "));
    Ok((user, note))
}

/// What the operator is to do then: the first sync takes hours, and is never run here.
fn next(
    context: &Context,
    host: &Host,
    user: &User,
    mirrors: &[Name],
) -> Result<Vec<String>, Failure> {
    let usual = "/etc/pinfold/pinfold.toml";
    let path = config_path(context)?;
    let config = if path == Path::new(usual) {
        String::new()
    } else {
        format!(" --config {}", escape_path(&path))
    };
    let sudo = if user.name == "root" { String::new() } else { format!("sudo -u {} ", user.name) };
    let root = host.at(&context.config.root);
    let mut next = Vec::new();
    if !root.join("FORMAT").exists() {
        next.push(format!("{sudo}pinfold{config} init"));
    }
    for mirror in mirrors {
        let is_fed = context.config.mirror(mirror)?.upstream.is_some();
        if is_fed && disk::names(&root.join("snapshots").join(mirror.as_str()))?.is_empty() {
            next.push(format!("{sudo}pinfold{config} sync {mirror} --background"));
        }
    }
    Ok(next)
}

/// What is told of a change of the host.
pub(super) struct Told<'a> {
    context: &'a Context,
    change: &'a Change<'a>,
    /// What is worth a word, for people.
    pub(super) notes: Vec<String>,
    /// Commands to run then.
    pub(super) next: Vec<String>,
}

impl<'a> Told<'a> {
    pub(super) fn new(
        context: &'a Context,
        host: &Host,
        change: &'a Change<'a>,
    ) -> Result<Self, Failure> {
        let mut notes = Vec::new();
        if change.parts.starter == Starter::Cron
            && !change.parts.mirrors.is_empty()
            && host.is_here()
        {
            notes.extend(machine::no_cron(host).map(str::to_owned));
        }
        Ok(Self { context, change, notes, next: Vec::new() })
    }

    /// Tells it; the answer is no where something stayed undone.
    pub(super) fn finish(self, served: Option<&Served>) -> Done {
        let steps = &self.change.steps;
        let is_kept = steps.iter().any(|step| step.fate == Fate::Kept);
        if self.context.json {
            ui::print_json(&self.value(served))?;
        } else {
            ui::print(&self.text(served))?;
        }
        for note in &self.notes {
            ui::tell(note);
        }
        if let Some(Served::Shadowed(why)) = served {
            return Err(Failure::machine(format!("nginx was told of the site, and {why}"))
                .hint("nginx -T shows every server block: another with the same server_name, or one that listens on that address alone, comes before ours; the error log says why a reload failed"));
        }
        let is_down = served == Some(&Served::Stopped) && !self.change.parts.mirrors.is_empty();
        Ok(if is_kept || is_down { Outcome::No } else { Outcome::Done })
    }

    fn text(&self, served: Option<&Served>) -> String {
        let mut text = String::new();
        let is_dry = served.is_none();
        for step in &self.change.steps {
            let path = escape_path(&step.path);
            let did = match (step.fate, is_dry) {
                (Fate::Same, _) => continue,
                (Fate::Written, true) => format!("would write {path}\n{}", step.diff()),
                (Fate::Written, false) => format!("wrote {path}\n"),
                (Fate::Removed, true) => format!("would remove {path}\n{}", step.diff()),
                (Fate::Removed, false) => format!("removed {path}\n"),
                (Fate::Kept, _) => format!(
                    "kept {path}: somebody edited or made it; --overwrite does this:\n{}",
                    step.diff()
                ),
            };
            text.push_str(&did);
        }
        let end = match served {
            Some(Served::Reloaded(addresses)) => {
                format!("nginx reads it, and the site answers at {addresses}\n")
            }
            Some(Served::Gone) => "nginx reads it, and serves nothing of ours any more\n".to_owned(),
            Some(Served::Stopped) if !self.change.parts.mirrors.is_empty() => {
                "nginx does not run, so nobody is served: start it (systemctl enable --now nginx), then run the same command again\n".to_owned()
            }
            Some(Served::Same | Served::Nobody | Served::Stopped | Served::Shadowed(_)) | None => {
                String::new()
            }
        };
        text.push_str(&end);
        if text.is_empty() && !matches!(served, Some(Served::Shadowed(_))) {
            text.push_str("nothing to do: it is so already\n");
        }
        for command in &self.next {
            text.push_str(&format!("next: {command}\n"));
        }
        text
    }

    fn value(&self, served: Option<&Served>) -> Value {
        let steps = self.change.steps.iter().map(|step| {
            let did = match step.fate {
                Fate::Same => "same",
                Fate::Written => "written",
                Fate::Removed => "removed",
                Fate::Kept => "kept",
            };
            let diff = (step.fate != Fate::Same).then(|| step.diff());
            json!({ "path": escape_path(&step.path), "did": did, "diff": diff })
        });
        let nginx = served.map(|served| match served {
            Served::Same => "same",
            Served::Reloaded(_) => "reloaded",
            Served::Shadowed(_) => "shadowed",
            Served::Gone => "gone",
            Served::Stopped => "stopped",
            Served::Nobody => "not-asked",
        });
        json!({
            "mirrors": self.change.parts.mirrors, "files": steps.collect::<Vec<_>>(), "nginx": nginx,
            "next": self.next, "notes": self.notes, "dry_run": self.context.dry_run,
        })
    }
}
