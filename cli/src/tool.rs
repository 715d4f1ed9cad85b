//! Programs of others that bring a mirror's tree: run with a log, a time limit and the mirror's lock, and ended with us.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pinfold_store::disk;
use pinfold_store::path::{escape, escape_path};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::failure::Failure;

/// How long a program that was told to end may take for it.
const GRACE: Duration = Duration::from_secs(10);
/// How often it is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How much of the end of a log is shown.
const SHOWN_BYTES: u64 = 4096;
/// How many lines of it.
const SHOWN_LINES: usize = 5;

/// The program that runs now: a signal that ends us ends it too.
static RUNNING: Mutex<Option<Pid>> = Mutex::new(None);

/// A program to run.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) program: OsString,
    pub(crate) arguments: Vec<OsString>,
    /// What it finds in its environment beside what is in ours.
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// What it prints is added to this file.
    pub(crate) log: PathBuf,
    /// The longest that it may take.
    pub(crate) deadline: Option<Duration>,
    /// What it holds while it lives.
    pub(crate) lock: File,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; `None` where a signal ended it, or we did.
    pub(crate) code: Option<i32>,
    /// How, for people: `exit code 23`.
    pub(crate) how: String,
    /// The last lines that it printed.
    pub(crate) last: Vec<String>,
}

impl Tool {
    /// Runs it to its end. `heading` begins its part of the log.
    pub(crate) fn run(self, heading: &str) -> Result<Ended, Failure> {
        let shown = escape_path(&self.log);
        let failed = |error: std::io::Error| {
            Failure::machine(format!("cannot write the log {shown}: {error}"))
                .hint("make the folder, writable for pinfold's user, or set logs in pinfold.toml")
        };
        if let Some(folder) = self.log.parent() {
            disk::make_dirs(folder)?;
        }
        let mut log = disk::append(&self.log)?;
        writeln!(log, "== {heading}").map_err(failed)?;
        let begin = log.seek(SeekFrom::End(0)).map_err(failed)?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.environment)
            .stdin(Stdio::from(self.lock))
            .stdout(Stdio::from(log.try_clone().map_err(failed)?))
            .stderr(Stdio::from(log))
            .process_group(0)
            .spawn();
        let child = child.map_err(|error| {
            let program = escape(self.program.as_encoded_bytes());
            Failure::machine(format!("cannot start {program}: {error}"))
                .hint(format!("install {program}, or name it by its whole path"))
        })?;
        let how = wait(child, self.deadline)?;
        let last = last_lines(&self.log, begin).map_err(failed)?;
        Ok(Ended { code: how.0, how: how.1, last })
    }
}

/// Ends the program that runs, where one does: called when a signal ends us.
pub(crate) fn end_running() {
    if let Some(group) = RUNNING.lock().unwrap_or_else(PoisonError::into_inner).take() {
        signal(group, Signal::TERM);
    }
}

/// Signals a program and all that it started. One that is gone already is what is wanted.
fn signal(group: Pid, signal: Signal) {
    match kill_process_group(group, signal) {
        Ok(()) | Err(_) => {}
    }
}

/// Waits for a program, and ends it with all that it started when its time is over.
fn wait(mut child: Child, deadline: Option<Duration>) -> Result<(Option<i32>, String), Failure> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = group;
    let begun = Instant::now();
    let mut told = None;
    let status = loop {
        let status = child
            .try_wait()
            .map_err(|error| Failure::machine(format!("cannot wait for the program: {error}")))?;
        if let Some(status) = status {
            break status;
        }
        let late = deadline.is_some_and(|limit| begun.elapsed() > limit);
        let signal = match told {
            None if late => Some(Signal::TERM),
            Some(at) if Instant::now().duration_since(at) > GRACE => Some(Signal::KILL),
            _ => None,
        };
        if let (Some(signal), Some(group)) = (signal, group) {
            told = Some(Instant::now());
            self::signal(group, signal);
        }
        std::thread::sleep(TICK);
    };
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = None;
    if told.is_some() {
        return Ok((None, "it took longer than its deadline".to_owned()));
    }
    Ok((status.code(), shown(status)))
}

fn shown(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal} ended it"),
        (None, None) => "it ended".to_owned(),
    }
}

/// Reads the last lines of a log, of this run's part.
fn last_lines(path: &Path, begin: u64) -> std::io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    file.seek(SeekFrom::Start(begin.max(end.saturating_sub(SHOWN_BYTES))))?;
    let mut bytes = Vec::new();
    file.take(SHOWN_BYTES).read_to_end(&mut bytes)?;
    let lines: Vec<String> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .map(escape)
        .collect();
    Ok(lines[lines.len().saturating_sub(SHOWN_LINES)..].to_vec())
}
