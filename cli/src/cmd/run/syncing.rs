//! One sync of a run: this program once more, with a log, a deadline and a summary.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use pinfold_publisher::schedule::{Tried, What};
use pinfold_store::path::escape_path;
use pinfold_store::{Name, Store};
use rustix::fs::MemfdFlags;
use serde_json::Value;

use super::Told;
use crate::cmd::tried;
use crate::context::Context;
use crate::failure::{BUSY, Failure};
use crate::tool::{self, Running};
use crate::ui;

/// What a sync may take beyond the deadline of its transfer: to publish, and to end by itself.
const BEYOND: Duration = Duration::from_secs(3600);
/// The longest answer of a sync.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// The exit code where a program did not give one of its own.
const MACHINE: u8 = 5;
/// Programs that a signal ended, by themselves or not, exit with more.
const SIGNALLED: i32 = 128;

/// How a mirror is synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// It has snapshots: this run waits for the next one.
    Usual,
    /// It has none: that can take hours.
    First,
}

/// A sync under way.
#[derive(Debug)]
pub(super) struct Syncing {
    pub(super) mirror: Name,
    running: Running,
    manner: Manner,
    /// What it prints on stdout.
    answer: File,
    /// What it says on stderr, and from where on.
    log: Option<(PathBuf, u64)>,
    /// What was known before.
    before: Option<Tried>,
    /// When it began.
    context: Context,
}

impl Syncing {
    /// Starts it.
    pub(super) fn start(
        context: &Context,
        store: &Store,
        mirror: &Name,
        manner: Manner,
    ) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::machine(format!("cannot start a sync of {mirror}: {error}"))
        };
        let program = std::env::current_exe().map_err(failed)?;
        let answer = rustix::fs::memfd_create("answer", MemfdFlags::CLOEXEC);
        let answer = File::from(answer.map_err(|errno| failed(errno.into()))?);
        let mut command = Command::new(program);
        command.arg("--config").arg(&context.config_path).args(["--json", "sync"]);
        command.arg(mirror.as_str());
        if manner == Manner::First {
            command.arg("--background");
        }
        command.stdin(Stdio::null()).stdout(answer.try_clone().map_err(failed)?);
        let path = context.config.logs.join(format!("{mirror}.log"));
        let heading = format!("{} UTC: pinfold sync {mirror}", context.now.human());
        let log = match tool::open_log(&path, &heading) {
            Ok((file, begin)) => {
                command.stderr(file);
                Some((path, begin))
            }
            // No reason not to sync: it is said here.
            Err(failure) => {
                ui::tell(&format!("{mirror}: {}", failure.message));
                None
            }
        };
        let upstream = context.config.mirrors.get(mirror).and_then(|one| one.upstream.as_ref());
        let deadline = upstream.and_then(|upstream| upstream.transfer.deadline);
        let running =
            Running::start(&mut command, deadline.map(|limit| limit.saturating_add(BEYOND)))?;
        let before = tried::last_sync(store, mirror);
        let (mirror, context) = (mirror.clone(), context.clone());
        Ok(Self { mirror, running, manner, answer, log, before, context })
    }

    /// For how long it is under way.
    pub(super) fn elapsed(&self) -> Duration {
        self.running.elapsed()
    }

    /// Says whether it ended, and tells how.
    pub(super) fn has_ended(
        &mut self,
        (context, store): (&Context, &Store),
        told: &mut Told<'_>,
    ) -> bool {
        match self.running.look() {
            Ok(None) => false,
            Ok(Some((code, how))) => {
                self.tell((context, store), (code, &how), told);
                true
            }
            Err(failure) => {
                told.failed("sync", self.mirror.as_str(), &failure);
                true
            }
        }
    }

    fn tell(
        &mut self,
        (context, store): (&Context, &Store),
        (code, how): (Option<i32>, &str),
        told: &mut Told<'_>,
    ) {
        let code = match code {
            Some(code) if code < SIGNALLED => u8::try_from(code).unwrap_or(MACHINE),
            _ => MACHINE,
        };
        if code == BUSY {
            return;
        }
        let answer = self.answer();
        if code == 0 || (code == 1 && answer.is_object()) {
            let mut said = self.summary(&answer);
            if code == 1 {
                said += "; it met problems, which its log names";
            }
            told.done("sync", self.mirror.as_str(), &said, &answer);
            told.code = super::worse(told.code, code);
            return;
        }
        let reason = self.reason(how);
        // One that was ended from outside, or fell, could not keep that itself.
        if tried::last_sync(store, &self.mirror) == self.before
            && let Err(failure) =
                tried::keep(&self.context, store, What::Mirror(&self.mirror), (code, &reason))
        {
            told.failed("sync", self.mirror.as_str(), &failure);
        }
        let again = tried::last_sync(store, &self.mirror).and_then(|tried| tried.not_before);
        let again = again.map_or_else(String::new, |again| {
            format!("; tried again after {}", context.shown(again))
        });
        let log = self.log.as_ref().map_or_else(String::new, |(path, _)| {
            format!("\n  the whole of it is in {}", escape_path(path))
        });
        let said = format!("sync failed (exit {code}): {reason}{again}{log}");
        told.not_done("sync", self.mirror.as_str(), (code, &said));
    }

    /// What it printed, as JSON; null where that is none.
    fn answer(&mut self) -> Value {
        let mut text = String::new();
        let read = self
            .answer
            .seek(SeekFrom::Start(0))
            .and_then(|_| (&self.answer).take(ANSWER_BYTES_MAX).read_to_string(&mut text));
        match read {
            Ok(_) => serde_json::from_str(&text).unwrap_or_default(),
            Err(_) => Value::Null,
        }
    }

    /// What it did, in one line.
    fn summary(&self, answer: &Value) -> String {
        let number = |key: &str| answer[key].as_u64().unwrap_or(0);
        let Some(snapshot) = answer["snapshot"].as_str() else {
            return match self.manner {
                Manner::First => format!(
                    "the first sync began, in the background: pinfold status {}",
                    self.mirror
                ),
                Manner::Usual => "done".to_owned(),
            };
        };
        let seconds = answer["seconds"].as_f64().unwrap_or(0.0);
        if answer["new"] != true {
            return format!("nothing changed since {snapshot}");
        }
        let (files, bytes) = match number("requests") {
            0 => (number("new_objects"), number("new_bytes")),
            _ => (number("fetched_files"), number("fetched_bytes")),
        };
        let replaced = match number("replaced") {
            0 => String::new(),
            replaced => {
                format!("; {replaced} files have other bytes under their names than before")
            }
        };
        format!(
            "took {snapshot}: {files} files, {} fetched; {seconds:.0} s{replaced}",
            ui::bytes(bytes)
        )
    }

    /// Why it failed, by its own words, else how it ended and what it was at.
    fn reason(&self, how: &str) -> String {
        let said = self.log.as_ref().and_then(|(path, begin)| tool::last_lines(path, *begin).ok());
        let said = said.unwrap_or_default();
        let error = said.iter().rev().find_map(|line| line.strip_prefix("error: "));
        match (error, said.last()) {
            (Some(error), _) => error.to_owned(),
            (None, Some(last)) => format!("{how}; the last that it said is: {last}"),
            (None, None) => how.to_owned(),
        }
    }
}
