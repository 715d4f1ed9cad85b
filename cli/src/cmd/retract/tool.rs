//! `retract --tool`: the program of others that brings a mirror, with its configuration; only what is certainly its own. The tree that
//! it keeps stays.

use std::path::{Path, PathBuf};

use pinfold_store::path::escape_path;
use pinfold_store::{Name, disk};

use crate::config::{Program, Source};
use crate::context::Context;
use crate::failure::Failure;
use crate::host::{Host, machine};

/// A program that somebody installs for mirrors and nothing else: its name, its package, its files unless the command names others.
const TOOLS: [(&str, &[&str]); 2] = [
    ("apt-mirror", &["/etc/apt/mirror.list", "/etc/cron.d/apt-mirror"]),
    ("debmirror", &["/etc/debmirror.conf"]),
];
/// Options after which a program's own configuration is named.
const OPTIONS: [&str; 3] = ["--config", "-c", "--config-file"];
/// What other programs read, too.
const SHARED: [&str; 3] = ["/etc/dnf/dnf.conf", "/etc/yum.conf", "/etc/yum.repos.d"];

/// Removes it; gives a line for each thing that was done, or would be.
pub(super) fn remove(
    context: &Context,
    host: &Host,
    mirror: &Name,
) -> Result<Vec<String>, Failure> {
    let Some(program) = program(context, mirror) else {
        return Ok(vec![format!(
            "no program of others brings {mirror}: there is no tool to remove"
        )]);
    };
    let name = file_name(program);
    let others = context.config.mirrors.keys().filter(|other| *other != mirror);
    let others: Vec<&Program> = others.filter_map(|other| self::program(context, other)).collect();
    let mut lines = Vec::new();
    let is_shared = others.iter().any(|other| file_name(other) == name);
    let own = TOOLS.iter().find(|(tool, _)| *tool == name);
    for path in files(program, own.filter(|_| !is_shared).map_or(&[], |(_, files)| files)) {
        let text = path.to_string_lossy();
        if others.iter().any(|other| other.command.iter().any(|word| *word == text)) {
            lines.push(format!("{} stays: another mirror is brought by it", escape_path(&path)));
        } else if host.at(&path).exists() {
            lines.push(format!(
                "{} {}",
                if context.dry_run { "would remove" } else { "removed" },
                escape_path(&path)
            ));
            if !context.dry_run {
                disk::remove_file(&host.at(&path))?;
            }
        }
    }
    match own {
        Some(_) if is_shared => {
            lines.push(format!("{name} stays: it brings other mirrors, too"));
        }
        Some((package, _)) => lines.extend(package_goes(context, host, package)?),
        None => lines.push(format!(
            "{} stays: it may serve others than {mirror}",
            escape_path(Path::new(&program.command[0]))
        )),
    }
    lines.push(format!(
        "the tree {} stays: delete it when nothing needs it",
        escape_path(&program.tree)
    ));
    Ok(lines)
}

fn program<'a>(context: &'a Context, mirror: &Name) -> Option<&'a Program> {
    match &context.config.mirrors.get(mirror)?.upstream.as_ref()?.source {
        Source::Program(program) => Some(program),
        Source::Http | Source::Rsync(_) => None,
    }
}

fn file_name(program: &Program) -> &str {
    let first = program.command.first().map_or("", String::as_str);
    first.rsplit('/').next().unwrap_or(first)
}

/// Its configuration: what the command names, and what it reads where that names nothing.
fn files(program: &Program, usual: &[&str]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut before = "";
    for word in program.command.iter().skip(1) {
        let value = match word.split_once('=') {
            Some((option, value)) if OPTIONS.contains(&option) => value,
            _ if OPTIONS.contains(&before) => word,
            // apt-mirror takes its list as it is.
            _ if file_name(program) == "apt-mirror" && word.starts_with("/etc/") => word,
            _ => "",
        };
        if value.starts_with('/') {
            files.push(PathBuf::from(value));
        }
        before = word;
    }
    files.extend(usual.iter().map(PathBuf::from));
    files.retain(|path| {
        !SHARED.iter().any(|shared| path.starts_with(shared))
            && !path.components().any(|part| part.as_os_str() == "..")
    });
    files.sort();
    files.dedup();
    files
}

/// Removes a package of Debian's; never purges it, since that could touch what it mirrored.
fn package_goes(context: &Context, host: &Host, package: &str) -> Result<Option<String>, Failure> {
    let status = host.read("/var/lib/dpkg/status")?.unwrap_or_default();
    let is_installed = status.split("\n\n").any(|stanza| {
        let mut lines = stanza.lines();
        lines.next() == Some(&format!("Package: {package}"))
            && lines.any(|line| line == "Status: install ok installed")
    });
    if !is_installed {
        return Ok(None);
    }
    if context.dry_run || !host.is_here() {
        return Ok(Some(format!(
            "the package {package} is to be removed: apt-get remove {package}"
        )));
    }
    let words = ["apt-get", "-y", "-q", "remove", package];
    machine::run(&words.map(str::to_owned))?;
    Ok(Some(format!("removed the package {package}")))
}
