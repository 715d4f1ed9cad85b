//! What this host has: web servers that serve a tree, jobs that bring it, keyrings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_store::disk;
use pinfold_store::path::escape_path;

use super::web::{self, Place};
use super::words;

/// Folders of cron and systemd, and single files.
const JOBS: [&str; 9] = [
    "etc/crontab",
    "etc/cron.d",
    "etc/cron.hourly",
    "etc/cron.daily",
    "etc/cron.weekly",
    "etc/cron.monthly",
    "var/spool/cron/crontabs",
    "var/spool/cron",
    "etc/systemd/system",
];
/// Where web servers are configured.
const NGINX: [&str; 3] = ["etc/nginx/nginx.conf", "etc/nginx/conf.d", "etc/nginx/sites-enabled"];
const APACHE: [&str; 5] = [
    "etc/apache2/apache2.conf",
    "etc/apache2/sites-enabled",
    "etc/apache2/conf-enabled",
    "etc/httpd/conf",
    "etc/httpd/conf.d",
];
/// Where keyrings are, those of packages first.
const KEYRINGS: [&str; 4] =
    ["usr/share/keyrings", "etc/apt/keyrings", "etc/apt/trusted.gpg.d", "etc/pki/rpm-gpg"];
/// Nothing that is read here is larger.
const BYTES_MAX: u64 = 1 << 20;

/// The host, or what lies below a folder.
#[derive(Debug)]
pub(super) struct Host {
    top: PathBuf,
}

/// A line of a job that runs by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    /// The file and the line's number.
    pub(super) at: String,
    /// The same of the script that the line calls, where the text stands in one.
    pub(super) by_way_of: Option<String>,
    pub(super) text: String,
}

/// Where a tree answered until now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Served {
    /// The path of the URL, without a slash at its begin or end.
    pub(super) path: String,
    /// The web server's file and line.
    pub(super) by: String,
}

impl Host {
    pub(super) fn new(prefix: Option<&Path>) -> Self {
        Self { top: prefix.unwrap_or_else(|| Path::new("/")).to_owned() }
    }

    /// Where a file of the host is read.
    pub(super) fn at(&self, path: &Path) -> PathBuf {
        self.top.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The same path without the folder before it.
    fn shown(&self, path: &Path) -> String {
        escape_path(&Path::new("/").join(path.strip_prefix(&self.top).unwrap_or(path)))
    }

    /// A small file's text; `None` where it cannot be read.
    pub(super) fn text(&self, path: &Path) -> Option<String> {
        let path = self.at(path);
        let is_small =
            std::fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= BYTES_MAX);
        is_small
            .then(|| std::fs::read(&path).ok())
            .flatten()
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Files in a folder, or the file itself.
    fn files(&self, place: &str) -> Vec<PathBuf> {
        let path = self.top.join(place);
        if path.is_file() {
            return vec![path];
        }
        let names = disk::names(&path).unwrap_or_default();
        names.iter().map(|name| path.join(name)).filter(|path| path.is_file()).collect()
    }

    /// Every line of every job that is no comment, and those of the scripts that it calls.
    pub(super) fn jobs(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for path in JOBS.iter().flat_map(|place| self.files(place)) {
            let text =
                self.text(&Path::new("/").join(path.strip_prefix(&self.top).unwrap_or(&path)));
            let is_unit = path.starts_with(self.top.join("etc/systemd"));
            for (number, line) in script(&text.unwrap_or_default()) {
                if is_unit && !line.starts_with("ExecStart") {
                    continue;
                }
                let at = format!("{}, line {number}", self.shown(&path));
                let called = self.called(&at, &line);
                jobs.push(Job { at, by_way_of: None, text: line });
                jobs.extend(called);
            }
        }
        jobs
    }

    /// The lines of the shell scripts that a job's line names.
    fn called(&self, at: &str, line: &str) -> Vec<Job> {
        let mut jobs = Vec::new();
        for word in line.split(|letter: char| letter.is_whitespace() || "\"'=;".contains(letter)) {
            if !word.starts_with('/') || word.ends_with('/') {
                continue;
            }
            let text = self.text(Path::new(word)).unwrap_or_default();
            if text.starts_with("#!") && text.lines().next().is_some_and(|line| line.contains("sh"))
            {
                jobs.extend(script(&text).into_iter().map(|(number, line)| {
                    let place = format!("{}, line {number}", escape_path(Path::new(word)));
                    Job { at: at.to_owned(), by_way_of: Some(place), text: line }
                }));
            }
        }
        jobs
    }

    /// Where web servers of this host serve a tree, each path once.
    pub(super) fn served(&self, tree: &Path) -> Vec<Served> {
        let mut places: Vec<(String, Place)> = Vec::new();
        for (files, read) in
            [(&NGINX[..], web::nginx as fn(&str) -> Vec<Place>), (&APACHE[..], web::apache)]
        {
            for path in files.iter().flat_map(|place| self.files(place)) {
                let shown = self.shown(&path);
                let text = self.text(Path::new(&shown)).unwrap_or_default();
                places.extend(read(&text).into_iter().map(|place| (shown.clone(), place)));
            }
        }
        let real =
            |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_absent| path.to_owned());
        let real_tree = real(tree);
        let mut served: Vec<Served> = Vec::new();
        for (file, place) in &places {
            let mut folders = vec![(place.path.clone(), real(&place.folder))];
            for name in disk::names(&place.folder).unwrap_or_default() {
                let link = place.folder.join(&name);
                if link.is_symlink() {
                    let path = format!("{}/{}", place.path, name.to_string_lossy());
                    folders.push((path, real(&link)));
                }
            }
            for (path, folder) in folders {
                let Ok(below) = real_tree.strip_prefix(&folder) else { continue };
                let full = format!("{path}/{}", below.to_string_lossy());
                let path = full.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>();
                let path = path.join("/");
                let is_asked = place.only.as_ref().is_none_or(|only| {
                    format!("/{path}/")
                        .starts_with(&format!("/{}/", only.trim_matches('/')).replace("//", "/"))
                });
                if is_asked && !served.iter().any(|one| one.path == path) {
                    served.push(Served { path, by: format!("{file}, line {}", place.line) });
                }
            }
        }
        served
    }

    /// The keyrings of this host, those that the operator named before them.
    pub(super) fn keyrings(&self, named: &[PathBuf]) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = named.to_vec();
        for path in KEYRINGS.iter().flat_map(|place| self.files(place)) {
            let is_keyring = path
                .extension()
                .is_some_and(|end| ["gpg", "asc", "pgp"].iter().any(|one| end == *one))
                || path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with("RPM-GPG-KEY"));
            if is_keyring {
                paths.push(path);
            }
        }
        paths
    }

    /// The variables of dnf and yum.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        for path in ["etc/yum/vars", "etc/dnf/vars"].iter().flat_map(|place| self.files(place)) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            variables.insert(name, text.lines().next().unwrap_or_default().trim().to_owned());
        }
        variables
    }
}

/// The lines of a script that are no comments, its own variables put in.
fn script(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut variables: Vec<(String, String)> = Vec::new();
    for (number, line) in words::lines(text) {
        let mut line = line.trim().to_owned();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        for (name, value) in &variables {
            line = line.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
        }
        if let Some((name, value)) = words::assignment(&line) {
            variables.retain(|(known, _)| *known != name);
            variables.push((name, value));
            // The longest name first: $DEST is no part of $DESTINATION.
            variables.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        }
        lines.push((number, line));
    }
    lines
}
