//! Repositories of dnf and yum (`*.repo`) that reposync keeps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_mirror::family::Family;
use pinfold_store::path::{escape, escape_path};

use super::found::{Found, From, Keeper};
use super::host::{Host, Job};
use super::words;
use crate::args::Adopt;
use crate::failure::Failure;

/// How reposync is run on this host.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Habit {
    /// Where it keeps the repositories, each below its id.
    pub(super) tree: Option<PathBuf>,
    pub(super) releasever: Option<String>,
    pub(super) newest_only: bool,
    /// Only these, where any is named.
    pub(super) ids: Vec<String>,
}

/// Reads the words of a job that runs reposync.
pub(super) fn habit(jobs: &[Job]) -> Habit {
    let mut habit = Habit::default();
    for job in jobs.iter().filter(|job| job.text.contains("reposync")) {
        let words = words::split(&job.text);
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let (key, inline) = word.split_once('=').map_or((word, None), |(k, v)| (k, Some(v)));
            let mut value = || inline.or_else(|| words.next()).unwrap_or_default().to_owned();
            match key {
                "-p" | "--download-path" | "--download_path" => {
                    habit.tree = Some(PathBuf::from(value()));
                }
                "--releasever" => habit.releasever = Some(value()),
                "-n" | "--newest-only" => habit.newest_only = true,
                "-r" | "--repo" | "--repoid" => {
                    habit.ids.extend(value().split(',').map(str::to_owned));
                }
                _ => {}
            }
        }
    }
    habit
}

/// What the words of a file mean on this host.
#[derive(Debug)]
pub(super) struct Meaning<'a> {
    pub(super) args: &'a Adopt,
    pub(super) habit: &'a Habit,
    pub(super) variables: BTreeMap<String, String>,
    /// Where reposync keeps the repositories.
    pub(super) tree: PathBuf,
}

impl<'a> Meaning<'a> {
    pub(super) fn new(args: &'a Adopt, habit: &'a Habit, host: &Host) -> Result<Self, Failure> {
        let tree = args.tree.clone().or_else(|| habit.tree.clone()).ok_or_else(|| {
            Failure::usage("no cron job of this host runs reposync with --download-path")
                .hint("say where it keeps the repositories: --tree DIR, with a folder of each one's id below it")
        })?;
        let tree = std::path::absolute(&tree)
            .map_err(|error| Failure::usage(format!("--tree {}: {error}", escape_path(&tree))))?;
        let mut variables = host.variables();
        let arch = args.arch.clone().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        variables.insert("basearch".to_owned(), arch.clone());
        variables.insert("arch".to_owned(), arch);
        if let Some(version) = args.releasever.as_ref().or(habit.releasever.as_ref()) {
            variables.insert("releasever".to_owned(), version.clone());
        }
        Ok(Self { args, habit, variables, tree })
    }

    /// Puts values for `$releasever`, `${basearch}` and what else the host knows.
    fn expand(&self, text: &str) -> Result<String, String> {
        let mut done = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            done += before;
            let (name, after) = match after.strip_prefix('{') {
                Some(inner) => inner.split_once('}').ok_or("a brace is not closed")?,
                None => {
                    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_');
                    after.split_at(end.unwrap_or(after.len()))
                }
            };
            done += self.variables.get(name).ok_or_else(|| {
                let name = escape(name.as_bytes());
                format!("nobody says what ${name} is: --releasever VERSION, --arch ARCH, or a file /etc/dnf/vars/{name}")
            })?;
            rest = after;
        }
        Ok(done + rest)
    }
}

type Section = BTreeMap<String, String>;

/// Reads a file; what it names and reposync never brought is left out and said.
pub(super) fn read(
    path: &Path,
    text: &str,
    meaning: &Meaning<'_>,
    skipped: &mut Vec<String>,
) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    for (number, id, section) in sections(path, text)? {
        let bad = |why: String| {
            Failure::usage(format!(
                "{}, line {number}: [{}]: {why}",
                escape_path(path),
                escape(id.as_bytes())
            ))
        };
        let id = meaning.expand(&id).map_err(bad)?;
        if id == "main" {
            continue;
        }
        if !is_good(&id) {
            return Err(bad("it is no id of a repository".to_owned()));
        }
        let is_wanted = meaning.habit.ids.is_empty() || meaning.habit.ids.contains(&id);
        let tree = [meaning.tree.join(&id), meaning.tree.clone()]
            .into_iter()
            .find(|tree| tree.join("repodata/repomd.xml").is_file());
        match tree {
            Some(tree) => found.push(one(path, (&id, &section), tree, meaning).map_err(bad)?),
            None if meaning.tree.join(&id).is_dir() => skipped.push(format!(
                "{id}: {} has no repodata: reposync ran without --download-metadata; run it once with that, and adopt again",
                escape_path(&meaning.tree.join(&id))
            )),
            None if is_wanted && section.get("enabled").is_none_or(|said| is_yes(said)) => {
                skipped.push(format!("{id}: not in {}: not adopted", escape_path(&meaning.tree)));
            }
            None => {}
        }
    }
    Ok(found)
}

fn one(
    path: &Path,
    (id, section): (&str, &Section),
    tree: PathBuf,
    meaning: &Meaning<'_>,
) -> Result<Found, String> {
    let mut one = Found::new(Keeper::Reposync, path, Family::Rpm, tree);
    one.wish = vec![id.to_owned()];
    id.clone_into(&mut one.mount);
    let url = |key: &str| section.get(key).filter(|value| !value.is_empty());
    one.from = match (url("baseurl"), url("metalink"), url("mirrorlist")) {
        (Some(urls), ..) => {
            let urls = urls.split([' ', ',', '\n']).filter(|url| !url.is_empty());
            From::Urls(urls.map(|url| meaning.expand(url)).collect::<Result<_, _>>()?)
        }
        (None, Some(list), _) => From::Metalink(meaning.expand(list)?),
        (None, None, Some(list)) => From::Mirrorlist(meaning.expand(list)?),
        (None, None, None) => From::Nowhere,
    };
    if meaning.habit.newest_only {
        one.more.push(("newest", 1.into()));
    }
    let is_signed = one.tree.join("repodata/repomd.xml.asc").is_file();
    let keys = section.get("gpgkey").map(String::as_str).unwrap_or_default();
    for key in keys.split([' ', ',', '\n']).filter(|key| !key.is_empty()) {
        let key = meaning.expand(key)?;
        match key.strip_prefix("file://").map(PathBuf::from) {
            Some(file) if file.is_file() => one.keyrings.push(file),
            Some(file) => one.findings.push(format!("gpgkey {} is not on this host", escape_path(&file))),
            None => one.findings.push(format!(
                "gpgkey {}: fetch it, compare its fingerprint, and name the file with --keyring or keyrings = [\"/…\"]",
                escape(key.as_bytes())
            )),
        }
    }
    one.keyrings.extend(meaning.args.keyrings.iter().cloned());
    if !is_signed {
        one.is_unsigned = true;
        let is_by_http = match &one.from {
            From::Urls(urls) => urls.iter().any(|url| !url.starts_with("https://")),
            From::Metalink(url) | From::Mirrorlist(url) => !url.starts_with("https://"),
            From::Nowhere => false,
        };
        if is_by_http {
            one.findings.push("nobody signs its repomd.xml, and it comes without https: nothing vouches for it; take an https:// URL where there is one".to_owned());
        } else {
            one.remarks.push("nobody signs its repomd.xml: https is what vouches for it, and the packages' own signatures are reported".to_owned());
        }
        if !one.keyrings.is_empty() && one.from != From::Nowhere {
            one.more.push(("package-signatures", "report".into()));
        }
    }
    Ok(one)
}

/// Reads sections with the number of their line; a value goes on in lines that begin with a blank.
fn sections(path: &Path, text: &str) -> Result<Vec<(usize, String, Section)>, Failure> {
    let mut sections: Vec<(usize, String, Section)> = Vec::new();
    let mut key = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let bad = |why: &str| {
            Failure::usage(format!("{}, line {number}: {why}", escape_path(path)))
                .hint("mend the line, or take it out: nothing was written")
        };
        if line.chars().any(|letter| letter.is_control() && letter != '\t') {
            return Err(bad("it holds a control character"));
        }
        let goes_on = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(id) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            sections.push((number, id.to_owned(), Section::new()));
            continue;
        }
        let Some((_, _, section)) = sections.last_mut() else {
            return Err(bad("it stands before the first [repository]"));
        };
        match line.split_once('=') {
            _ if goes_on => {
                if let Some(value) = section.get_mut(&key) {
                    *value += &format!(" {line}");
                }
            }
            Some((name, value)) => {
                name.trim().clone_into(&mut key);
                section.insert(key.clone(), value.trim().to_owned());
            }
            None => return Err(bad("it is no KEY=VALUE")),
        }
    }
    Ok(sections)
}

fn is_yes(word: &str) -> bool {
    ["1", "true", "yes", "on"].contains(&word.to_ascii_lowercase().as_str())
}

/// As dnf takes an id: it becomes a folder's name.
fn is_good(id: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    !id.is_empty() && !id.starts_with('.') && id.bytes().all(is_plain)
}
