//! `run`: all that is due and nothing else. What cron calls.
//!
//! Each sync is a program of its own, so that no failure, panic or hunger of one touches another. While they work the run looks again
//! at what has become due; one that takes long holds back nothing but itself.

mod queue;
mod steps;
mod syncing;

use std::io::IsTerminal;

use pinfold_store::Store;
use pinfold_store::lock::RunLock;
use serde_json::{Value, json};

use super::{Done, prune};
use crate::context::Context;
use crate::failure::{self, Failure, Outcome};
use crate::ui::{self, Progress};
use queue::Queue;

/// Exit codes, the worst first.
const WORST: [u8; 6] = [70, 4, 5, 2, 3, 1];

pub(super) fn run(context: &Context) -> Done {
    let store = context.store()?;
    if context.dry_run {
        return plan(context, &store);
    }
    let Some(_lock) = lock(context, &store)? else { return Ok(Outcome::Worst(failure::BUSY)) };
    let mut told = Told::new(context);
    complete(context, &store, &mut told);
    let mut queue = Queue::new(context, &store);
    queue.work(&mut told);
    steps::keep(context, &store, &mut told);
    steps::show(context, &store, &mut told);
    told.finish()
}

/// Takes the lock of `run`; `None` where another is at work. Cron starts one every few minutes, and must not mail that.
fn lock(context: &Context, store: &Store) -> Result<Option<RunLock>, Failure> {
    match store.lock_run(&context.asker()) {
        Ok(lock) => Ok(Some(lock)),
        Err(error @ pinfold_store::Error::Busy { .. }) => {
            if std::io::stderr().is_terminal() {
                return Err(error.into());
            }
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Completes what a crash interrupted.
fn complete(context: &Context, store: &Store, told: &mut Told<'_>) {
    let completed = prune::complete_drops(store, &context.patient(), &pinfold_store::Silent);
    let done = completed.map(|completed| {
        for (mirror, taken) in completed {
            told.done(
                "prune",
                mirror.as_str(),
                &format!("completed the drop of {mirror}@{taken}, which was interrupted"),
                &Value::Null,
            );
        }
    });
    if let Err(failure) = done {
        told.failed("prune", "pinfold", &failure);
    }
    steps::complete(context, store, told);
}

/// Says what is due.
fn plan(context: &Context, store: &Store) -> Done {
    let mut lines = Vec::new();
    let mut due = Vec::new();
    let mut add = |what: &str, name: &str, why: &str| {
        lines.push(format!("{name}: {what} is due: {why}"));
        due.push(json!({ "what": what, "name": name, "why": why }));
    };
    let queue = Queue::new(context, store);
    for (mirror, why) in queue.syncs(context.now) {
        add("sync", mirror.as_str(), &queue::shown(context, why));
    }
    for (channel, why) in steps::promotions(context, store) {
        add("promotion", channel.as_str(), &queue::shown(context, why));
    }
    if let Some(why) = steps::retention(context, store) {
        add("retention", "all mirrors", &queue::shown(context, why));
    }
    if context.json {
        ui::print_json(&json!({ "due": due, "dry_run": true }))?;
    } else if !lines.is_empty() {
        ui::print(&lines.join("\n"))?;
    }
    Ok(Outcome::Done)
}

/// What was done, and how that is told: a line each on stdout, what failed on stderr; nothing where nothing was done.
#[derive(Debug)]
struct Told<'a> {
    context: &'a Context,
    done: Vec<Value>,
    code: u8,
    /// Nobody reads stdout: told at the end, after the work.
    unread: Option<Failure>,
    progress: Option<Progress>,
}

impl<'a> Told<'a> {
    fn new(context: &'a Context) -> Self {
        let progress = std::io::stderr().is_terminal().then(Progress::new);
        Self { context, done: Vec::new(), code: 0, unread: None, progress }
    }

    /// Says whether anything was done or failed.
    fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// Shows people what is waited for.
    fn waits_for(&self, names: &str) {
        if let Some(progress) = &self.progress {
            pinfold_store::Monitor::step(progress, &format!("syncing {names}"), None);
        }
    }

    /// Something was done.
    fn done(&mut self, what: &str, name: &str, said: &str, more: &Value) {
        self.add(what, name, (0, said), more);
        if !self.context.json {
            let line = format!("{name}: {said}");
            let print = || ui::print(&line);
            let printed = match &self.progress {
                Some(progress) => progress.beside(print),
                None => print(),
            };
            self.unread = self.unread.take().or(printed.err());
        }
    }

    /// Something was not done, with this exit code.
    fn not_done(&mut self, what: &str, name: &str, (code, said): (u8, &str)) {
        self.add(what, name, (code, said), &Value::Null);
        let line = format!("{name}: {said}");
        match &self.progress {
            Some(progress) => progress.beside(|| ui::tell(&line)),
            None => ui::tell(&line),
        }
    }

    fn failed(&mut self, what: &str, name: &str, failure: &Failure) {
        let code = failure.code();
        let hints: Vec<String> =
            failure.hints.iter().map(|hint| format!("\n  hint: {hint}")).collect();
        let said = format!("{what} failed (exit {code}): {}{}", failure.message, hints.concat());
        self.not_done(what, name, (code, &said));
    }

    fn add(&mut self, what: &str, name: &str, (code, said): (u8, &str), more: &Value) {
        self.code = worse(self.code, code);
        self.done
            .push(json!({ "what": what, "name": name, "code": code, "said": said, "more": more }));
    }

    fn finish(self) -> Done {
        drop(self.progress);
        if self.context.json {
            ui::print_json(&json!({ "done": self.done, "code": self.code }))?;
        }
        match self.unread {
            Some(failure) => Err(failure),
            None => Ok(Outcome::Worst(self.code)),
        }
    }
}

/// The worse of two exit codes. What only another run was in the way of is none.
fn worse(one: u8, other: u8) -> u8 {
    let place = |code: u8| WORST.iter().position(|known| *known == code).unwrap_or(WORST.len());
    if place(other) < place(one) { other } else { one }
}
