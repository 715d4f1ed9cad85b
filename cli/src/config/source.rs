//! Where a mirror's tree comes from: over HTTP by its metadata, by rsync, or by a program of others.

use std::path::PathBuf;

use pinfold_store::path::escape;

/// How the tree of a mirror is brought.
#[derive(Debug)]
pub(crate) enum Source {
    /// File by file over HTTP, as the metadata say.
    Http,
    /// Whole, by rsync.
    Rsync(Rsync),
    /// By a program that keeps a tree.
    Program(Program),
}

/// A module of an rsync server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rsync {
    /// The URL; ends in a slash.
    pub(crate) url: String,
    /// Patterns of rsync's own, in its order: what is taken though it is excluded.
    pub(crate) include: Vec<String>,
    /// What is not taken.
    pub(crate) exclude: Vec<String>,
}

/// A program that keeps a tree, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// The tree that it keeps.
    pub(crate) tree: PathBuf,
    /// Whether it only ever replaces files by renaming others over them.
    pub(crate) is_linkable: bool,
}

impl Rsync {
    /// Reads a URL such as `rsync://rsync.alpinelinux.org/alpine/`.
    pub(super) fn parse(url: &str, include: &[String], exclude: &[String]) -> Result<Self, String> {
        let shown = escape(url.as_bytes());
        let rest = url.strip_prefix("rsync://").unwrap_or_default();
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]@%+,=".contains(&b);
        let (host, module) = rest.split_once('/').unwrap_or((rest, ""));
        if host.is_empty()
            || host.starts_with('-')
            || module.is_empty()
            || !rest.bytes().all(is_plain)
        {
            return Err(format!(
                "upstream = \"{shown}\": it is rsync://HOST/MODULE/ with a path that may follow"
            ));
        }
        if module.split('/').any(|part| part == "..") {
            return Err(format!("upstream = \"{shown}\": a part of its path is .."));
        }
        for (key, patterns) in [("rsync-include", include), ("rsync-exclude", exclude)] {
            if let Some(bad) =
                patterns.iter().find(|one| one.is_empty() || one.contains(['\n', '\0']))
            {
                return Err(format!("{key}: '{}' is no pattern", escape(bad.as_bytes())));
            }
        }
        let url = format!("{}/", url.trim_end_matches('/'));
        Ok(Self { url, include: include.to_vec(), exclude: exclude.to_vec() })
    }
}

impl Program {
    /// Checks a command and the tree that it keeps.
    pub(super) fn parse(
        command: &[String],
        tree: Option<&PathBuf>,
        is_linkable: bool,
    ) -> Result<Self, String> {
        check_command("command", command)?;
        let tree =
            tree.ok_or("command: it needs tree = \"/…\", where the program keeps what it mirrors")?;
        if !tree.is_absolute() {
            return Err("tree: it must be an absolute path".to_owned());
        }
        Ok(Self { command: command.to_vec(), tree: tree.clone(), is_linkable })
    }
}

/// Refuses a command that cron could not start as a person at a terminal does.
pub(super) fn check_command(key: &str, command: &[String]) -> Result<(), String> {
    let Some(program) = command.first().filter(|program| !program.is_empty()) else {
        return Err(format!("{key}: it names no program, such as {key} = [\"/usr/local/bin/…\"]"));
    };
    if command.iter().any(|word| word.contains('\0')) {
        return Err(format!("{key}: a word holds a NUL"));
    }
    if !program.starts_with('/') {
        let program = escape(program.as_bytes());
        return Err(format!(
            "{key}: {program}: name the program by its whole path: cron has another PATH than you"
        ));
    }
    Ok(())
}
