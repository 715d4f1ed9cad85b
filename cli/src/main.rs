//! Pinfold: a content-addressed snapshot store for package mirrors.
//!
//! `args` is what was typed, `config` what it means, `cmd` what is done, `ui` what is shown, `failure` how it ends.

mod access;
mod args;
mod cmd;
mod config;
mod context;
mod failure;
mod host;
mod serve;
mod signals;
mod tool;
mod ui;
mod work;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use crate::failure::{Failure, Outcome};

fn main() -> ExitCode {
    let done = match args::read(std::env::args_os()) {
        Ok(args) => guarded(|| {
            ui::choose(args.color);
            arm_failure_point()?;
            signals::watch()?;
            cmd::run(&args).map(Outcome::code)
        }),
        Err(error) => ui::show_usage(&error),
    };
    ExitCode::from(done.unwrap_or_else(|failure| {
        ui::complain(&failure);
        failure.code()
    }))
}

/// Runs the verb; a panic is a defect of ours, and says so by its exit code.
fn guarded(run: impl FnOnce() -> Result<u8, Failure>) -> Result<u8, Failure> {
    std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_told_by_its_hook| {
        Err(Failure::bug("this is a defect of pinfold, and nothing half done is shown to clients")
            .hint("report the lines above with the command; the same command may be run again"))
    })
}

/// Arms the failure point that the environment names: how tests kill the program between two changes of the disk.
#[expect(clippy::disallowed_methods, reason = "only the program reads the environment")]
fn arm_failure_point() -> Result<(), Failure> {
    let Some(wanted) = std::env::var_os("PINFOLD_KILL_AT") else { return Ok(()) };
    let text = wanted.to_string_lossy();
    let (name, pass) = text.split_once(':').unwrap_or((&text, "1"));
    let pass = pass.parse().map_err(|_not_a_number| {
        Failure::usage(format!("PINFOLD_KILL_AT={text}: after the colon comes a number"))
    })?;
    Ok(pinfold_store::disk::arm(name, pass)?)
}

#[cfg(test)]
mod tests;
