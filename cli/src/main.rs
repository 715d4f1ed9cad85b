//! Pinfold: a content-addressed snapshot store for package mirrors.
//!
//! `args` is what was typed, `config` what it means, `cmd` what is done, `ui` what is shown, `failure` how it ends.

mod args;
mod cmd;
mod config;
mod context;
mod failure;
mod serve;
mod ui;

use std::process::ExitCode;

use clap::Parser;

use crate::failure::{Failure, Outcome};

fn main() -> ExitCode {
    let args = args::Args::parse();
    let done = arm_failure_point().and_then(|()| cmd::run(&args));
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(failure) => {
            ui::complain(&failure);
            ExitCode::from(failure.code())
        }
    }
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
