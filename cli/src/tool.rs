//! Programs that work for us: run with a log and a time limit, and ended with us.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pinfold_store::disk;
use pinfold_store::path::{escape, escape_path};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::failure::Failure;

/// How long a program that was told to end may take for it.
const GRACE: Duration = Duration::from_secs(10);
/// How often one is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(50);
/// How much of the end of a log is shown.
const SHOWN_BYTES: u64 = 4096;
/// How many lines of it.
const SHOWN_LINES: usize = 5;

/// A log that has grown to this makes room for a new one; the last one is kept.
const LOG_BYTES_MAX: u64 = 4 << 20;

/// The programs that run now: a signal that ends us ends them too.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

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
        let (log, begin) = open_log(&self.log, heading)?;
        let failed = |error| not_written(&self.log, &error);
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(self.environment)
            .stdin(Stdio::from(self.lock))
            .stdout(Stdio::from(log.try_clone().map_err(failed)?))
            .stderr(Stdio::from(log));
        let mut running = Running::start(&mut command, self.deadline)?;
        let (code, how) = running.wait()?;
        let last = last_lines(&self.log, begin).map_err(failed)?;
        Ok(Ended { code, how, last })
    }
}

/// Opens a log and begins a part of it; gives where that part begins.
pub(crate) fn open_log(path: &Path, heading: &str) -> Result<(File, u64), Failure> {
    let failed = |error| not_written(path, &error);
    if let Some(folder) = path.parent() {
        disk::make_dirs(folder)?;
    }
    if path.symlink_metadata().is_ok_and(|meta| meta.len() > LOG_BYTES_MAX) {
        let mut last = path.as_os_str().to_owned();
        last.push(".1");
        let last = PathBuf::from(last);
        disk::remove_file(&last)?;
        disk::rename_new(path, &last)?;
    }
    let mut log = disk::append(path)?;
    writeln!(log, "== {heading}").map_err(failed)?;
    let begin = log.seek(SeekFrom::End(0)).map_err(failed)?;
    Ok((log, begin))
}

fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    Failure::machine(format!("cannot write the log {}: {error}", escape_path(path)))
        .hint("make the folder, writable for pinfold's user, or set logs in pinfold.toml")
}

/// A program that runs, in a group of its own.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    group: Option<Pid>,
    begun: Instant,
    deadline: Option<Duration>,
    /// When it was told to end.
    told: Option<Instant>,
}

impl Running {
    /// Starts it. It and all that it starts are ended when its time is over.
    pub(crate) fn start(
        command: &mut Command,
        deadline: Option<Duration>,
    ) -> Result<Self, Failure> {
        let child = command.process_group(0).spawn().map_err(|error| {
            let program = escape(command.get_program().as_encoded_bytes());
            Failure::machine(format!("cannot start {program}: {error}"))
                .hint(format!("install {program}, or name it by its whole path"))
        })?;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        running().extend(group);
        Ok(Self { child, group, begun: Instant::now(), deadline, told: None })
    }

    /// For how long it has run.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Looks whether it ended, and ends it where its time is over. Gives its exit code, if it has one, and how it ended.
    pub(crate) fn look(&mut self) -> Result<Option<(Option<i32>, String)>, Failure> {
        let status = self
            .child
            .try_wait()
            .map_err(|error| Failure::machine(format!("cannot wait for the program: {error}")))?;
        if let Some(status) = status {
            return Ok(Some(match self.told {
                Some(_) => (None, "it took longer than its deadline".to_owned()),
                None => (status.code(), shown(status)),
            }));
        }
        let late = self.deadline.is_some_and(|limit| self.begun.elapsed() > limit);
        let signal = match self.told {
            None if late => Some(Signal::TERM),
            Some(at) if at.elapsed() > GRACE => Some(Signal::KILL),
            _ => None,
        };
        if let (Some(signal), Some(group)) = (signal, self.group) {
            self.told = Some(Instant::now());
            self::signal(group, signal);
        }
        Ok(None)
    }

    fn wait(&mut self) -> Result<(Option<i32>, String), Failure> {
        loop {
            if let Some(ended) = self.look()? {
                return Ok(ended);
            }
            std::thread::sleep(TICK);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        running().retain(|one| Some(*one) != self.group);
    }
}

fn running() -> MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the programs that run: called when a signal ends us.
pub(crate) fn end_running() {
    for group in running().drain(..) {
        signal(group, Signal::TERM);
    }
}

/// Signals a program and all that it started. One that is gone already is what is wanted.
fn signal(group: Pid, signal: Signal) {
    match kill_process_group(group, signal) {
        Ok(()) | Err(_) => {}
    }
}

fn shown(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal} ended it"),
        (None, None) => "it ended".to_owned(),
    }
}

/// Reads the last lines of a log, of this run's part.
pub(crate) fn last_lines(path: &Path, begin: u64) -> std::io::Result<Vec<String>> {
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
