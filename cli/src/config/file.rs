//! One file of the configuration: read if nobody else may write it, and what is wrong in it named by file and line.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use pinfold_store::path::escape_path;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// Nobody writes more by hand; more is a device or a mistake.
const BYTES_MAX: u64 = 1 << 20;

/// A file's text.
#[derive(Debug)]
pub(super) struct ConfigFile {
    shown: String,
    text: String,
}

impl ConfigFile {
    /// Reads the text.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = escape_path(path);
        let failed = |error: std::io::Error| {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            let failure = Failure::usage(format!("cannot read {shown}: {error}"));
            if missing {
                failure.hint("name another configuration with --config, or see the README for the five lines it needs")
            } else {
                failure
            }
        };
        let meta = std::fs::metadata(path).map_err(failed)?;
        if !meta.is_file() || meta.len() > BYTES_MAX {
            return Err(Failure::usage(format!(
                "{shown} is no configuration: it is no file, or a large one"
            )));
        }
        must_be_ours(path)?;
        let text = std::fs::read_to_string(path).map_err(failed)?;
        Ok(Self { shown, text })
    }

    /// Parses it as TOML.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        toml::from_str(&self.text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                1 + self.text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()
            });
            self.at(line, &error.message().replace('\n', " "))
        })
    }

    /// Says where a key is set, for what is found wrong with it later.
    pub(super) fn place(&self, key: &str) -> String {
        let line = self.line_of(key).map_or_else(String::new, |line| format!(", line {line}"));
        format!("{}{line}", self.shown)
    }

    /// Refuses a value. The line is that of the key that the reason speaks of.
    pub(super) fn refuse(&self, why: &str) -> Failure {
        match self.line_of(why) {
            Some(line) => self.at(line, why),
            None => Failure::usage(format!("{}: {why}", self.shown)),
        }
    }

    fn at(&self, line: usize, why: &str) -> Failure {
        Failure::usage(format!("{}, line {line}: {why}", self.shown))
    }

    /// Finds the line that sets the key, or opens the table, that a reason names first.
    fn line_of(&self, why: &str) -> Option<usize> {
        let head = why.split(['\'', ':']).next().unwrap_or(why);
        let words: Vec<&str> = head
            .split(|letter: char| !letter.is_alphanumeric() && !"_-".contains(letter))
            .collect();
        let speaks_of = |line: &str| match line.trim_start().strip_prefix('[') {
            Some(table) => why.starts_with('[') && plain(table).starts_with(&plain(&why[1..])),
            None => line.split_once('=').is_some_and(|(key, _)| words.contains(&key.trim())),
        };
        self.text.lines().position(speaks_of).map(|at| at + 1)
    }
}

/// A table's name without quotes, up to its bracket.
fn plain(text: &str) -> String {
    text.chars().take_while(|letter| *letter != ']').filter(|letter| *letter != '"').collect()
}

/// Refuses what others may write: whoever can change the configuration can run commands as its owner and serve what they like.
pub(super) fn must_be_ours(path: &Path) -> Result<(), Failure> {
    let Ok(meta) = std::fs::metadata(path) else { return Ok(()) };
    let mode = meta.permissions().mode();
    if mode & 0o022 == 0 {
        return Ok(());
    }
    let shown = escape_path(path);
    Err(Failure::usage(format!(
        "{shown} can be written by others: its mode is {:o}",
        mode & 0o7777
    ))
    .hint(format!("chmod go-w {shown}")))
}
