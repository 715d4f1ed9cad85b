//! `sync --background`: the same sync as a process of its own, which outlives the terminal and whoever started it.
//!
//! As root on a host that systemd runs it is a transient unit, else a session of its own. It takes the mirror's lock itself. Whoever
//! started it waits until it says that it is past what could refuse it (`Running::is_begun`), and tells how it ended where it did before.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use pinfold_store::path::{escape, escape_path};
use pinfold_store::running::{Plan, Running};
use pinfold_store::{Monitor, Name, Store, disk};
use serde_json::json;

use super::Done;
use crate::args::Sync;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::tool;
use crate::ui::{self, Progress};

/// It is there where systemd runs the host.
const SYSTEMD: &str = "/run/systemd/system";
/// How often is looked whether it has begun.
const TICK: Duration = Duration::from_millis(50);
/// What `http` reads of the environment: a unit starts without it.
const PROXIES: [&str; 8] = [
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
];

/// Whose process it is to be.
#[derive(Debug, Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

/// How the process is started.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// As a transient unit of this name.
    Unit(String),
    /// In a session of its own.
    Session,
}

/// How far it came.
enum Came {
    /// It is at work.
    Begun(Box<Running>),
    /// It ended.
    Ended(ExitStatus),
}

/// Starts the sync and waits until it is at work.
pub(super) fn start(context: &Context, args: &Sync) -> Done {
    let store = context.store()?;
    let owner = owner(&store)?;
    let us = rustix::process::geteuid();
    if us.as_raw() == owner.user {
        // Who holds it is told at once; what is started takes it for itself.
        drop(store.lock_mirror(&args.mirror, &context.asker())?);
    }
    let way = way(&args.mirror, us.is_root() && Path::new(SYSTEMD).is_dir(), &variable);
    let log = Log::open(context, &args.mirror, us.is_root().then_some(owner))?;
    let progress = Progress::new();
    progress.step("starting", None);
    let mut child = spawn((&way, owner), &program(context, args)?, &log)?;
    match wait(&mut child, (&store, &args.mirror), &progress)? {
        Came::Begun(running) => {
            progress.finish();
            if matches!(way, Way::Unit(_)) {
                // What waits here is systemd-run; the unit goes on.
                stop_waiting(&mut child);
            }
            tell(context, (&args.mirror, &way), &running, &log)
        }
        Came::Ended(status) => {
            progress.finish();
            ended(context, &args.mirror, status, &log)
        }
    }
}

/// Leaves the session of whoever started this process: the end of a terminal is no signal for it any more. A unit has none to leave.
pub(super) fn leave_terminal() {
    match rustix::process::setsid() {
        Ok(_) | Err(_) => {}
    }
}

/// Who owns the root, and so must run it.
fn owner(store: &Store) -> Result<Owner, Failure> {
    let meta = std::fs::metadata(store.root()).map_err(|error| {
        Failure::machine(format!("cannot look at {}: {error}", escape_path(store.root())))
    })?;
    Ok(Owner { user: meta.uid(), group: meta.gid() })
}

/// Chooses how it is started. A proxy's password in a unit could be read by every user of the host.
fn way(mirror: &Name, has_systemd: bool, variable: &dyn Fn(&str) -> Option<String>) -> Way {
    let is_secret = |name: &&str| variable(name).is_some_and(|value| value.contains('@'));
    match has_systemd && !PROXIES.iter().any(is_secret) {
        true => Way::Unit(format!("pinfold-sync-{mirror}")),
        false => Way::Session,
    }
}

/// A variable of the environment.
#[expect(clippy::disallowed_methods, reason = "only the program reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The program with the words of the same sync.
fn program(context: &Context, args: &Sync) -> Result<Vec<OsString>, Failure> {
    let lost = |error: std::io::Error| {
        Failure::machine(format!("cannot find this program's own file: {error}"))
    };
    let config = std::path::absolute(&context.config_path).map_err(lost)?;
    let mut words: Vec<OsString> = vec![std::env::current_exe().map_err(lost)?.into()];
    words.extend(["--config".into(), config.into()]);
    words.extend(["--wait".into(), context.wait_seconds().to_string().into()]);
    words.extend(["sync".into(), args.mirror.as_str().into()]);
    for (is_set, word) in [
        (args.allow_older, "--allow-older"),
        (args.allow_empty, "--allow-empty"),
        (args.no_publish, "--no-publish"),
        (args.even_if_unchanged, "--even-if-unchanged"),
    ] {
        words.extend(is_set.then(|| word.into()));
    }
    words.extend(["--starter".into(), std::process::id().to_string().into()]);
    Ok(words)
}

/// The words that make systemd run a program as a unit: it waits, so that the program's exit code comes back.
fn unit(
    name: &str,
    owner: Owner,
    program: &[OsString],
    log: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Vec<OsString> {
    let mut append = OsString::from("append:");
    append.push(log);
    let property = |key: &str, value: &OsStr| {
        let mut word = OsString::from(format!("--property={key}="));
        word.push(value);
        word
    };
    let mut words: Vec<OsString> = vec![
        format!("--unit={name}").into(),
        format!("--description=Pinfold's {name}").into(),
        format!("--uid={}", owner.user).into(),
        format!("--gid={}", owner.group).into(),
        "--quiet".into(),
        "--collect".into(),
        "--wait".into(),
        property("StandardInput", OsStr::new("null")),
        property("StandardOutput", &append),
        property("StandardError", &append),
        property("NoNewPrivileges", OsStr::new("yes")),
        property("LimitNOFILE", OsStr::new("524288")),
    ];
    let set = PROXIES.iter().filter(|name| variable(name).is_some());
    words.extend(set.map(|name| format!("--setenv={name}").into()));
    words.push("--".into());
    words.extend(program.iter().cloned());
    words
}

/// Starts it.
fn spawn((way, owner): (&Way, Owner), program: &[OsString], log: &Log) -> Result<Child, Failure> {
    let (first, rest) =
        program.split_first().ok_or_else(|| Failure::bug("a command without a program"))?;
    let mut command = match way {
        Way::Unit(name) => {
            let mut command = Command::new("systemd-run");
            command.args(unit(name, owner, program, &log.path, &variable));
            command
        }
        Way::Session => {
            let mut command = Command::new(first);
            // A folder that it stands in could not be unmounted for hours.
            command.args(rest).current_dir("/");
            if rustix::process::geteuid().as_raw() != owner.user {
                command.uid(owner.user).gid(owner.group);
            }
            command
        }
    };
    let (out, err) = (log.writer()?, log.writer()?);
    command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().map_err(|error| {
        let shown = escape(command.get_program().as_encoded_bytes());
        Failure::machine(format!("cannot start {shown}: {error}"))
    })
}

/// Waits until it is at work, or ended.
fn wait(
    child: &mut Child,
    (store, mirror): (&Store, &Name),
    progress: &Progress,
) -> Result<Came, Failure> {
    let mut shown = String::new();
    loop {
        let running = store.running(mirror);
        let own = running.filter(|running| running.starter == Some(std::process::id()));
        if let Some(running) = &own
            && let Some(step) = running.step.as_ref().filter(|step| step.title != shown)
        {
            step.title.clone_into(&mut shown);
            progress.step(&shown, None);
        }
        if let Some(running) = own.filter(|running| running.is_begun) {
            return Ok(Came::Begun(Box::new(running)));
        }
        let status = child
            .try_wait()
            .map_err(|error| Failure::machine(format!("cannot wait for the sync: {error}")))?;
        if let Some(status) = status {
            return Ok(Came::Ended(status));
        }
        std::thread::sleep(TICK);
    }
}

/// Ends the program that only waits.
fn stop_waiting(child: &mut Child) {
    // One that is gone already is what is wanted.
    drop(child.kill());
    drop(child.wait());
}

/// Says what was started, and where to look.
fn tell(context: &Context, (mirror, way): (&Name, &Way), running: &Running, log: &Log) -> Done {
    let (shown, stop) = match way {
        Way::Unit(unit) => (format!("unit {unit}"), format!("systemctl stop {unit}")),
        Way::Session => (format!("pid {}", running.pid), format!("kill {}", running.pid)),
    };
    let much = running.planned.map_or_else(
        || "how much comes is not known before".to_owned(),
        |Plan { files, bytes, fetch_files, fetch_bytes }| {
            format!(
                "{fetch_files} files with {} are fetched of {files} with {}",
                ui::bytes(fetch_bytes),
                ui::bytes(bytes)
            )
        },
    );
    let text = format!(
        "{mirror}: at work in the background, {shown}: {much}\n  log   {}\n  look  pinfold status {mirror}\n  stop  {stop}",
        escape_path(&log.path)
    );
    let unit = match way {
        Way::Unit(unit) => Some(unit),
        Way::Session => None,
    };
    let value = json!({
        "mirror": mirror, "pid": running.pid, "unit": unit, "log": log.path, "planned": running.planned,
    });
    context.answer(&text, &value)?;
    Ok(Outcome::Done)
}

/// It ended before it was seen at work: says what it said.
fn ended(context: &Context, mirror: &Name, status: ExitStatus, log: &Log) -> Done {
    let said = log.said();
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    if let Some(code @ (0 | 1)) = code {
        let last = said.last().map_or("", String::as_str);
        let text = format!("{mirror}: done already: {last}");
        let value = json!({
            "mirror": mirror, "pid": null, "unit": null, "log": log.path, "planned": null, "ended": code,
        });
        context.answer(&text, &value)?;
        return Ok(if code == 0 { Outcome::Done } else { Outcome::No });
    }
    let how = match status.signal() {
        Some(signal) => format!("signal {signal} ended it"),
        None => format!("exit code {}", status.code().unwrap_or_default()),
    };
    let told = said.iter().rev().find_map(|line| line.strip_prefix("error: "));
    let message = told.map_or_else(
        || format!("{mirror}: the sync ended before it was at work: {how}"),
        str::to_owned,
    );
    let hints = said.iter().filter_map(|line| line.strip_prefix("hint: "));
    let failure = hints.fold(Failure::of_code(code.unwrap_or(5), message), Failure::hint);
    Err(failure.hint(format!("the whole of what it said is in {}", escape_path(&log.path))))
}

/// What it says goes there.
struct Log {
    path: PathBuf,
    file: File,
    /// Where this run's part begins.
    begin: u64,
}

impl Log {
    /// Begins a part of the mirror's log. Made by root it is given to the root's owner, who writes to it later.
    fn open(context: &Context, mirror: &Name, owner: Option<Owner>) -> Result<Self, Failure> {
        let path = context.config.logs.join(format!("{mirror}.log"));
        let heading = format!("{} UTC: pinfold sync {mirror} --background", context.now.human());
        let (file, begin) = tool::open_log(&path, &heading)?;
        if let Some(owner) = owner {
            disk::give(&file, (owner.user, owner.group), &path)?;
        }
        Ok(Self { path, file, begin })
    }

    fn writer(&self) -> Result<Stdio, Failure> {
        let file = self.file.try_clone().map_err(|error| {
            Failure::machine(format!("cannot write the log {}: {error}", escape_path(&self.path)))
        })?;
        Ok(Stdio::from(file))
    }

    /// The last lines of this run's part.
    fn said(&self) -> Vec<String> {
        // What cannot be read again was said all the same.
        tool::last_lines(&self.path, self.begin).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
