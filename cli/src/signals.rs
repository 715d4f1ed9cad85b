//! What ends a run from outside: a signal stops it with an exit code of ours and a word, instead of silence.
//!
//! Every point of a run is a safe one, since a crash at any instruction is: nothing is put in order here, the next run does that.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::failure::Failure;
use crate::{tool, ui};

/// The signals that end a run, with their names.
const ENDING: [(i32, &str); 3] = [(SIGHUP, "SIGHUP"), (SIGINT, "SIGINT"), (SIGTERM, "SIGTERM")];

/// Begins to watch. A signal that whoever started us ignores (`nohup`) stays ignored.
pub(crate) fn watch() -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::machine(format!("cannot watch for signals: {error}"));
    // With a handler a file that grows past `ulimit -f` is an error of the write that names it, and no death.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map_err(failed)?;
    let ignored = ignored();
    let watched: Vec<i32> = ENDING
        .iter()
        .map(|(signal, _)| *signal)
        .filter(|signal| ignored & (1 << (signal - 1)) == 0)
        .collect();
    let mut signals = Signals::new(&watched).map_err(failed)?;
    let waiting = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            end(signal);
        }
    });
    waiting.map(drop).map_err(failed)
}

/// The signals that are ignored already, as a mask; none where the kernel does not say.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Ends the process as the shell shows a death by this signal.
#[expect(clippy::exit, reason = "a signal ends the whole process, from a thread of its own")]
fn end(signal: i32) {
    let name = ENDING.iter().find(|(one, _)| *one == signal).map_or("a signal", |(_, name)| name);
    tool::end_running();
    ui::tell(&format!("pinfold: stopped by {name}; the same command carries on from here"));
    std::process::exit(128 + signal);
}
