//! `adopt`: what other tools mirrored until now becomes mirrors of Pinfold, without a byte downloaded again.

mod debmirror;
mod found;
mod host;
mod mirror_list;
mod on_disk;
mod plain;
mod plan;
mod repo;
mod said;
mod web;
mod words;

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pinfold_store::disk;
use pinfold_store::path::escape_path;

use super::Done;
use crate::args::Adopt;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use found::Found;
use host::{Host, Job};
use plan::{Plan, Taken};

/// No configuration of a tool is larger.
const BYTES_MAX: u64 = 1 << 20;

pub(super) fn adopt(context: &Context, args: &Adopt) -> Done {
    let host = Host::new(args.prefix.as_deref());
    let jobs = host.jobs();
    let mut skipped = Vec::new();
    let mut found = read_all(args, &host, &jobs, &mut skipped)?;
    if found.is_empty() {
        return Err(skipped.into_iter().fold(
            Failure::usage("there is nothing to adopt: nothing was written"),
            Failure::hint,
        ));
    }
    let keyrings = host.keyrings(&args.keyrings);
    for one in &mut found {
        on_disk::compare(one, &keyrings, context.now.seconds());
    }
    let mut plans = plan::plan(context, args, &host, found)?;
    if context.dry_run {
        plans.iter_mut().for_each(Plan::count);
        return said::tell(context, &plans, &jobs, &skipped);
    }
    must_be_made(context)?;
    for plan in plans.iter().filter(|plan| !plan.is_known) {
        disk::make_dirs(plan.file.parent().unwrap_or_else(|| Path::new("/")))?;
        disk::create_durably(&plan.file, plan.text.as_bytes(), 0o644)?;
    }
    for plan in &mut plans {
        if plan.is_to_be_taken(&context.config.root)? {
            plan.taken = ingest(context, plan, args)?;
        }
    }
    said::tell(context, &plans, &jobs, &skipped)
}

/// Reads everything that was named.
fn read_all(
    args: &Adopt,
    host: &Host,
    jobs: &[Job],
    skipped: &mut Vec<String>,
) -> Result<Vec<Found>, Failure> {
    let habit = repo::habit(jobs);
    let mut found: Vec<Found> = Vec::new();
    for path in &args.paths {
        let path = std::path::absolute(path).map_err(|error| {
            Failure::usage(format!("cannot find {}: {error}", escape_path(path)))
        })?;
        let files = repositories_in(&path)?;
        if path.is_dir() && files.is_empty() {
            found.push(plain::read(&path, args, jobs)?);
            continue;
        }
        let files = if files.is_empty() { vec![path] } else { files };
        for file in files {
            let text = text(&file)?;
            let more = if is_repo(&file, &text) {
                repo::read(&file, &text, &repo::Meaning::new(args, &habit, host)?, skipped)?
            } else if debmirror::is_one(&text) {
                debmirror::read(&file, &text)?
            } else {
                let arch = args.arch.clone().unwrap_or_else(|| debian_arch().to_owned());
                mirror_list::read(&file, &text, &arch)?
            };
            for one in more {
                if !found.iter().any(|known| known.tree == one.tree) {
                    found.push(one);
                }
            }
        }
    }
    Ok(found)
}

/// The `*.repo` of a folder such as /etc/yum.repos.d.
fn repositories_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let names = disk::names(folder)?;
    let paths = names.iter().map(|name| folder.join(name));
    Ok(paths.filter(|path| path.extension().is_some_and(|end| end == "repo")).collect())
}

fn text(path: &Path) -> Result<String, Failure> {
    let shown = escape_path(path);
    let failed = |why: String| Failure::usage(format!("cannot read {shown}: {why}"));
    let meta = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
    if !meta.is_file() || meta.len() > BYTES_MAX {
        return Err(failed("it is no file, or larger than any tool's configuration".to_owned()));
    }
    std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))
}

fn is_repo(path: &Path, text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    path.extension().is_some_and(|end| end == "repo")
        || first.is_some_and(|line| line.starts_with('[') && line.ends_with(']'))
}

/// This host's architecture, as Debian calls it.
const fn debian_arch() -> &'static str {
    match std::env::consts::ARCH.as_bytes() {
        b"x86_64" => "amd64",
        b"aarch64" => "arm64",
        b"x86" => "i386",
        b"arm" => "armhf",
        b"powerpc64" => "ppc64el",
        _ => std::env::consts::ARCH,
    }
}

/// What is written must have somewhere to go.
fn must_be_made(context: &Context) -> Result<(), Failure> {
    let root = &context.config.root;
    if root.join("FORMAT").is_file() {
        return Ok(());
    }
    Err(Failure::usage(format!("{} is no root yet: nothing was written", escape_path(root)))
        .hint("run pinfold init, and this again"))
}

/// Takes a tree by a run of its own, as the user whose the root is: what is written beside the configuration is root's.
fn ingest(context: &Context, plan: &Plan, args: &Adopt) -> Result<Taken, Failure> {
    let root = &context.config.root;
    let failed = |what: &Path, error: std::io::Error| {
        Failure::machine(format!("cannot run {} ingest: {error}", escape_path(what)))
    };
    let program = std::env::current_exe().map_err(|error| failed(Path::new("pinfold"), error))?;
    let mut command = Command::new(&program);
    command.arg("--config").arg(&context.config_path).arg("--json");
    command.arg("--wait").arg(context.wait_seconds().to_string());
    command.arg("ingest").arg(plan.name.as_str()).arg(&plan.found.tree);
    if args.link {
        command.arg("--link");
    }
    let meta = std::fs::metadata(root).map_err(|error| failed(root, error))?;
    if rustix::process::geteuid().is_root() && meta.uid() != 0 {
        command.uid(meta.uid()).gid(meta.gid());
    }
    let ended = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(&program, error))?;
    let answer = serde_json::from_slice(&ended.stdout).unwrap_or_default();
    Ok(match ended.status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(0 | 1) => Taken::Whole(answer),
        Some(code) => Taken::Refused(code),
        None => {
            return Err(Failure::machine(format!(
                "the ingest of {} was ended by a signal",
                plan.name
            ))
            .hint("run the same command again: it carries on"));
        }
    })
}

/// How the run ends.
fn outcome(plans: &[Plan], skipped: &[String]) -> Outcome {
    let codes = plans.iter().filter_map(|plan| match plan.taken {
        Taken::Refused(code) => Some(code),
        _ => None,
    });
    match codes.max() {
        Some(code) => Outcome::Worst(code),
        None if !skipped.is_empty() => Outcome::No,
        None if plans.iter().any(|plan| !plan.found.findings.is_empty()) => Outcome::No,
        None => Outcome::Done,
    }
}

#[cfg(test)]
mod tests;
