//! Everything that is shown: the only module that prints. stdout is data, stderr is talk.
//!
//! Whatever is shown passes [`clean`]: what an operator or a stranger wrote cannot move a terminal's cursor or forge a line.

mod color;

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use color::{Color, choose};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
pub(crate) use pinfold_publisher::page::span;
use pinfold_store::path::is_hidden;
use pinfold_store::running::{Notes, Plan, Running};
use pinfold_store::{Counter, Finding, Monitor, Report};

use crate::failure::Failure;
use crate::work::{Noting, Work};

/// Writes to stdout; a reader that is gone or a full disk is a failure, never a panic and never a silent success.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    write!(out, "{}{newline}", color::heads(&clean(text)))
        .and_then(|()| out.flush())
        .map_err(|error| not_written(&error))
}

/// Prints a value as JSON.
pub(crate) fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    print(&json(value))
}

/// Writes JSON. Characters that change how others are shown can only stand within strings, and are escaped there.
pub(crate) fn json(value: &serde_json::Value) -> String {
    replace_hidden(&format!("{value:#}"), |letter| format!("\\u{:04x}", u32::from(letter)))
}

/// Makes text safe to show: characters that change how the text around them is shown stand as `\xNN`, lines and tabs stay.
fn clean(text: &str) -> String {
    replace_hidden(text, |letter| {
        let mut buffer = [0; 4];
        letter.encode_utf8(&mut buffer).bytes().map(|byte| format!("\\x{byte:02x}")).collect()
    })
}

fn replace_hidden(text: &str, with: impl Fn(char) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) && !matches!(letter, '\n' | '\t') {
            shown.push_str(&with(letter));
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Says something on stderr. That nobody listens there is no reason to stop.
pub(crate) fn tell(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{}", clean(text)));
}

/// The same after a word that stands out.
fn tell_of(word: &str, text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{} {}", color::first_word(word), clean(text)));
}

/// Says why a run failed and what to do next.
pub(crate) fn complain(failure: &Failure) {
    tell_of("error:", &failure.message);
    for hint in &failure.hints {
        tell_of("hint:", hint);
    }
}

/// Shows what the command line's parser has to say: help and versions are data, the rest is talk.
pub(crate) fn show_usage(error: &clap::Error) -> Result<u8, Failure> {
    match error.print() {
        Ok(()) => Ok(u8::try_from(error.exit_code()).unwrap_or(2)),
        Err(_closed) if error.use_stderr() => Ok(2),
        Err(error) => Err(not_written(&error)),
    }
}

fn not_written(error: &std::io::Error) -> Failure {
    Failure::machine(format!("cannot write to the standard output: {error}"))
}

/// Lays out rows under a head.
pub(crate) fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(head.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell)));
    }
    let text: Vec<String> =
        table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    text.join("\n") + "\n"
}

/// Shows a number of bytes.
pub(crate) fn bytes(bytes: u64) -> String {
    bytesize::ByteSize::b(bytes).display().si().to_string()
}

/// Shows a report's findings.
pub(crate) fn findings(report: &Report) -> String {
    report
        .findings
        .iter()
        .map(|finding| {
            format!(
                "{}: {}: {}\n  {}\n",
                finding.code.as_str(),
                finding.subject,
                finding.detail,
                finding.remedy
            )
        })
        .collect()
}

/// A report as JSON.
pub(crate) fn report_json(report: &Report) -> serde_json::Value {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            serde_json::json!({
                "code": finding.code.as_str(), "subject": finding.subject, "detail": finding.detail, "remedy": finding.remedy,
            })
        })
        .collect();
    serde_json::json!({ "files": report.files, "bytes": report.bytes, "findings": findings })
}

/// Progress: a bar on a terminal, a line a step elsewhere; counts what was done.
#[derive(Debug)]
pub(crate) struct Progress {
    /// What is done at the moment, for others to tell.
    pub(crate) work: Arc<Work>,
    bar: Option<ProgressBar>,
    last: Mutex<String>,
    transfer: Mutex<Option<Transfer>>,
    noting: Mutex<Option<Noting>>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self {
            work: Arc::default(),
            bar,
            last: Mutex::default(),
            transfer: Mutex::default(),
            noting: Mutex::default(),
        }
    }

    /// Gives a counter's value.
    pub(crate) fn get(&self, counter: Counter) -> u64 {
        self.work.tally.get(counter)
    }

    /// Says whether there were problems that did not stop the work.
    pub(crate) fn has_problems(&self) -> bool {
        !self.work.tally.problems().is_empty()
    }

    /// Lets others see what is done, until it is finished.
    pub(crate) fn note(&self, notes: Notes, said: Running) {
        *self.noting() = Some(Noting::begin(notes, said, &self.work));
    }

    /// The run is past what could have refused it.
    pub(crate) fn is_begun(&self, planned: Option<Plan>) {
        if let Some(noting) = &*self.noting() {
            noting.is_begun(planned);
        }
    }

    fn noting(&self) -> MutexGuard<'_, Option<Noting>> {
        self.noting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows something else beside the bar.
    pub(crate) fn beside<T>(&self, show: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(show),
            None => show(),
        }
    }

    /// Takes the bar away, and what others see.
    pub(crate) fn finish(&self) {
        drop(self.noting().take());
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A transfer that is shown.
#[derive(Debug)]
struct Transfer {
    title: String,
    files: u64,
    /// How many files had come when it began.
    begun: u64,
}

impl Transfer {
    fn message(&self, fetched: u64) -> String {
        format!("{} {}/{}", self.title, fetched.saturating_sub(self.begun), self.files)
    }
}

impl Monitor for Progress {
    fn count(&self, counter: Counter, amount: u64) {
        self.work.count(counter, amount);
        if let (Counter::FilesFetched, Some(bar)) = (counter, &self.bar)
            && let Some(shown) = &*self.transfer.lock().unwrap_or_else(PoisonError::into_inner)
        {
            bar.set_message(shown.message(self.work.tally.get(counter)));
        }
    }

    fn step(&self, title: &str, total: Option<u64>) {
        self.work.step(title, total);
        match &self.bar {
            Some(bar) => {
                let form = if total.is_some() {
                    "{msg} {wide_bar} {human_pos}/{human_len} {eta}"
                } else {
                    "{spinner} {msg} {human_pos}"
                };
                if let Ok(style) = ProgressStyle::with_template(form) {
                    bar.set_style(style);
                }
                bar.set_position(0);
                bar.set_length(total.unwrap_or(0));
                bar.set_message(title.to_owned());
            }
            None => {
                let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                if *last != title {
                    tell(&format!("pinfold: {title}"));
                    title.clone_into(&mut last);
                }
            }
        }
    }

    fn transfer(&self, title: &str, files: u64, bytes: u64) {
        self.work.transfer(title, files, bytes);
        let Some(bar) = &self.bar else {
            tell(&format!("pinfold: {title}: {files} files, {}", self::bytes(bytes)));
            return;
        };
        let form = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        let begun = self.work.tally.get(Counter::FilesFetched);
        let shown = Transfer { title: title.to_owned(), files, begun };
        bar.set_message(shown.message(begun));
        // Rate and time left are those of this step.
        bar.reset();
        bar.set_length(bytes);
        *self.transfer.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
    }

    fn advance(&self, units: u64) {
        self.work.advance(units);
        if let Some(bar) = &self.bar {
            bar.inc(units);
        }
    }

    fn problem(&self, finding: &Finding) {
        self.work.tally.problem(finding);
        let line = format!("{}: {}: {}", finding.code.as_str(), finding.subject, finding.detail);
        match &self.bar {
            Some(bar) => bar.suspend(|| tell(&line)),
            None => tell(&line),
        }
    }
}

#[cfg(test)]
mod tests;
