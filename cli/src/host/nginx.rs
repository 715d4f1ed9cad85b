//! The nginx of the host: where it reads sites, whether it takes them, and how it is told of new ones. It is never installed by us.

use std::path::{Path, PathBuf};
use std::process::Command;

use pinfold_store::path::escape;

use super::Host;
use crate::failure::Failure;

/// The name of our site's file.
pub(crate) const FILE: &str = "pinfold.conf";
/// The main file.
const MAIN: &str = "/etc/nginx/nginx.conf";
/// Where sites are, by distribution: the first is Debian's and RHEL's, the second Alpine's.
const FOLDERS: [&str; 2] = ["/etc/nginx/conf.d", "/etc/nginx/http.d"];
/// Where the program is.
const PROGRAMS: [&str; 4] =
    ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx", "/usr/local/bin/nginx"];

/// Finds the folder whose files nginx reads within `http { }`: Alpine reads `conf.d` outside of it.
pub(crate) fn folder(host: &Host) -> Result<PathBuf, Failure> {
    let Some(text) = host.read(MAIN)? else {
        if host.is_here() {
            return Err(missing(host));
        }
        let is_alpine = host.at("/etc/alpine-release").exists();
        return Ok(PathBuf::from(FOLDERS[usize::from(is_alpine)]));
    };
    let included = included(&text);
    let reads = |folder: &&&str| {
        let file = format!("{folder}/{FILE}");
        included.iter().any(|pattern| {
            let pattern = match pattern.strip_prefix('/') {
                Some(_) => pattern.clone(),
                None => format!("/etc/nginx/{pattern}"),
            };
            glob::Pattern::new(&pattern).is_ok_and(|pattern| pattern.matches(&file))
        })
    };
    FOLDERS.iter().find(reads).map(PathBuf::from).ok_or_else(|| {
        Failure::usage(format!(
            "{MAIN} includes neither {}/*.conf nor {}/*.conf within http {{ }}",
            FOLDERS[0], FOLDERS[1]
        ))
        .hint(format!("add the line: include {}/*.conf;", FOLDERS[0]))
    })
}

/// The patterns of files that are included within `http { }`.
fn included(text: &str) -> Vec<String> {
    let text: String = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ");
    let spaced = text.replace('{', " { ").replace('}', " } ").replace(';', " ; ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut open: Vec<&str> = Vec::new();
    let mut patterns = Vec::new();
    for (at, word) in words.iter().enumerate() {
        match *word {
            "{" => open.push(at.checked_sub(1).map_or("", |before| words[before])),
            "}" => drop(open.pop()),
            "include" if open == ["http"] => {
                patterns
                    .extend(words.get(at + 1).map(|one| one.trim_matches(['"', '\'']).to_owned()));
            }
            _ => {}
        }
    }
    patterns
}

/// Says that there is no nginx, and how the host gets one.
pub(crate) fn missing(host: &Host) -> Failure {
    let release = host.read("/etc/os-release").ok().flatten().unwrap_or_default();
    let kin: Vec<&str> = release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or(line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split(' '))
        .collect();
    let is_any = |names: &[&str]| kin.iter().any(|one| names.contains(one));
    let command = if is_any(&["alpine"]) {
        "apk add nginx"
    } else if is_any(&["rhel", "fedora", "centos"]) {
        "dnf install nginx"
    } else if is_any(&["suse", "opensuse"]) {
        "zypper install nginx"
    } else if is_any(&["arch"]) {
        "pacman -S nginx"
    } else {
        "apt-get install nginx"
    };
    Failure::machine(
        "nginx is not installed on this host, and setup does not install it: nothing was written",
    )
    .hint(format!("{command}; then run the same command again"))
}

/// A program of nginx.
#[derive(Debug)]
pub(crate) struct Nginx {
    program: &'static Path,
}

impl Nginx {
    /// Finds it on this machine.
    pub(crate) fn find() -> Option<Self> {
        let mut programs = PROGRAMS.iter().map(Path::new);
        programs.find(|path| path.is_file()).map(|program| Self { program })
    }

    /// Asks whether it takes its configuration; what it says against it is the error.
    pub(crate) fn test(&self) -> Result<(), String> {
        self.run(&["-t", "-q"])
    }

    /// Tells it to read its configuration anew.
    pub(crate) fn reload(&self) -> Result<(), String> {
        self.run(&["-s", "reload"])
    }

    fn run(&self, args: &[&str]) -> Result<(), String> {
        let output = Command::new(self.program).args(args).output();
        let output = output.map_err(|error| format!("{}: {error}", self.program.display()))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let lines = said.lines().filter(|line| !line.contains("test failed"));
        let said: Vec<String> = lines.map(|line| escape(line.trim().as_bytes())).collect();
        Err(said.join("; "))
    }
}

#[cfg(test)]
mod tests;
