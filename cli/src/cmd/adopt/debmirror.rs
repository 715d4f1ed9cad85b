//! debmirror: its configuration, or a script that calls it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_mirror::family::Family;
use pinfold_store::path::{escape, escape_path};

use super::found::{Found, From, Keeper, wishes};
use super::words;
use crate::failure::Failure;

/// What debmirror takes where nothing is said.
const DEFAULTS: [(&str, &str); 5] = [
    ("host", "ftp.debian.org"),
    ("root", "debian"),
    ("method", "http"),
    ("section", "main,main/debian-installer,contrib,non-free"),
    ("source", "yes"),
];
/// Words of debmirror.conf, and the options that mean the same.
const CONF: [(&str, &str); 12] = [
    ("mirrordir", "mirrordir"),
    ("host", "host"),
    ("remoteroot", "root"),
    ("download_method", "method"),
    ("dists", "dist"),
    ("sections", "section"),
    ("arches", "arch"),
    ("do_source", "source"),
    ("getcontents", "getcontents"),
    ("i18n", "i18n"),
    ("user", "user"),
    ("passwd", "passwd"),
];
/// One-letter options with a value.
const SHORT: [(&str, &str); 7] = [
    ("h", "host"),
    ("r", "root"),
    ("d", "dist"),
    ("s", "section"),
    ("a", "arch"),
    ("e", "method"),
    ("u", "user"),
];
/// Options without a value.
const SWITCHES: [&str; 5] = ["source", "i18n", "getcontents", "nosource", "nocleanup"];
/// Long options with a value that may be the next word.
const VALUED: [&str; 9] =
    ["host", "root", "dist", "section", "arch", "method", "keyring", "user", "passwd"];

type Said = BTreeMap<String, String>;

/// Says whether a text is debmirror's: its configuration, or a line that calls it.
pub(super) fn is_one(text: &str) -> bool {
    is_conf(text) || text.lines().any(|line| calls(line).is_some())
}

fn is_conf(text: &str) -> bool {
    let assigns = |line: &str| line.starts_with("$mirrordir") || line.starts_with("@dists");
    text.lines().any(|line| assigns(line.trim_start()))
}

/// The words that follow debmirror's name in a line.
fn calls(line: &str) -> Option<Vec<String>> {
    let words = words::split(line);
    let is_program = |word: &String| word == "debmirror" || word.ends_with("/debmirror");
    let at = words.iter().position(is_program)?;
    Some(words::of_one_command(&words[at + 1..]).to_vec())
}

/// Reads either.
pub(super) fn read(path: &Path, text: &str) -> Result<Vec<Found>, Failure> {
    let place = |number: usize| format!("{}, line {number}", escape_path(path));
    if text.chars().any(|letter| letter.is_control() && !['\n', '\t', '\r'].contains(&letter)) {
        let shown = escape_path(path);
        return Err(Failure::usage(format!("{shown}: it holds a control character")));
    }
    if is_conf(text) {
        let said = conf(text)
            .map_err(|(number, why)| Failure::usage(format!("{}: {why}", place(number))))?;
        let failed = |why| Failure::usage(format!("{}: {why}", escape_path(path)));
        return Ok(vec![one(path, &said).map_err(failed)?]);
    }
    let mut variables = BTreeMap::new();
    let mut found = Vec::new();
    for (number, line) in words::lines(text) {
        let failed = |why: String| Failure::usage(format!("{}: {why}", place(number)));
        if let Some((name, value)) = words::assignment(&line) {
            variables.insert(name, expand(&value, &variables).unwrap_or(value));
        } else if let Some(words) = calls(&line) {
            let words: Result<Vec<String>, String> =
                words.iter().map(|word| expand(word, &variables)).collect();
            let said = options(&words.map_err(failed)?).map_err(failed)?;
            found.push(one(path, &said).map_err(failed)?);
        }
    }
    Ok(found)
}

/// Puts the values of a script's own variables; what a shell would run is refused.
fn expand(word: &str, variables: &Said) -> Result<String, String> {
    let shown = escape(word.as_bytes());
    if word.contains(['`', ';', '|', '<', '>']) || word.contains("$(") {
        return Err(format!(
            "{shown}: only words are read here, and nothing is run; write the value out"
        ));
    }
    let mut done = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('$') {
        done += before;
        let (name, after) = match after.strip_prefix('{') {
            Some(inner) => {
                inner.split_once('}').ok_or(format!("{shown}: a brace is not closed"))?
            }
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                after.split_at(end.unwrap_or(after.len()))
            }
        };
        done += variables.get(name).ok_or_else(|| {
            format!("{shown}: nothing before says what ${} is", escape(name.as_bytes()))
        })?;
        rest = after;
    }
    Ok(done + rest)
}

/// Reads Perl's assignments of words: `$host="…";`, `@dists="a,b";`.
fn conf(text: &str) -> Result<Said, (usize, String)> {
    let mut said = Said::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        let Some(rest) = line.strip_prefix(['$', '@']) else { continue };
        let Some((name, value)) = rest.split_once('=') else { continue };
        let known = CONF.iter().find(|(word, _)| *word == name.trim());
        let Some((_, option)) = known else { continue };
        let value = value.trim();
        let inside = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).map(|(inside, _)| inside),
            _ => value.split(';').next(),
        };
        let inside = inside.unwrap_or_default().trim();
        if inside.contains(['$', '`', '(', '@']) {
            return Err((number, "only plain words are read here: write the value out".to_owned()));
        }
        let value = match (*option, inside) {
            ("source" | "getcontents" | "i18n", "0" | "") => "no",
            ("source" | "getcontents" | "i18n", _) => "yes",
            _ => inside,
        };
        said.insert((*option).to_owned(), value.to_owned());
    }
    Ok(said)
}

/// Reads options and the folder.
fn options(words: &[String]) -> Result<Said, String> {
    let mut said = Said::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(option) = word.strip_prefix('-') else {
            said.insert("mirrordir".to_owned(), word.clone());
            continue;
        };
        let option = option.strip_prefix('-').unwrap_or(option);
        let (key, inline) =
            option.split_once('=').map_or((option, None), |(key, value)| (key, Some(value)));
        let key = SHORT.iter().find(|(short, _)| *short == key).map_or(key, |(_, long)| *long);
        if SWITCHES.contains(&key) {
            let (key, value) = if key == "nosource" { ("source", "no") } else { (key, "yes") };
            said.insert(key.to_owned(), value.to_owned());
        } else if VALUED.contains(&key) {
            let value = inline.map(str::to_owned).or_else(|| words.next().cloned());
            let value = value.ok_or_else(|| format!("--{key}: it needs a value"))?;
            said.entry(key.to_owned())
                .and_modify(|list| *list += &format!(",{value}"))
                .or_insert(value);
        }
    }
    Ok(said)
}

fn one(path: &Path, said: &Said) -> Result<Found, String> {
    let get = |key: &str| {
        let default = DEFAULTS.iter().find(|(one, _)| *one == key).map(|(_, value)| *value);
        said.get(key).map(String::as_str).or(default).unwrap_or_default()
    };
    let list = |key: &str| -> Vec<String> {
        let words = get(key).split(',').map(|word| word.trim().to_owned());
        words.filter(|word| !word.is_empty()).collect()
    };
    let tree = PathBuf::from(get("mirrordir"));
    if !tree.is_absolute() {
        return Err("it names no absolute folder for the mirror".to_owned());
    }
    let mut one = Found::new(Keeper::Debmirror, path, Family::Apt, tree);
    let (host, root) = (get("host"), get("root").trim_matches(['/', ':']));
    one.wish = wishes(host, root);
    let name = host.split(':').next().unwrap_or_default();
    one.mount = format!("{name}/{root}").trim_end_matches('/').to_owned();
    one.from = match get("method") {
        method @ ("http" | "https") => From::Urls(vec![format!("{method}://{host}/{root}")]),
        method => {
            one.findings.push(format!(
                "it came by {method}, which brings no whole state: http is taken instead; see that {host} answers there"
            ));
            From::Urls(vec![format!("http://{host}/{root}")])
        }
    };
    one.suites = list("dist");
    if one.suites.is_empty() {
        return Err("it names no suite: --dist".to_owned());
    }
    for section in list("section") {
        match section.split_once('/') {
            None => Found::add(&mut one.components, &section),
            Some((_, "debian-installer")) => {
                if !one.more.iter().any(|(key, _)| *key == "udebs") {
                    one.more.push(("udebs", true.into()));
                }
            }
            Some(_) => {
                return Err(format!(
                    "section {}: it is not known here",
                    escape(section.as_bytes())
                ));
            }
        }
    }
    one.architectures = list("arch").into_iter().filter(|arch| arch != "none").collect();
    if get("source") == "yes" {
        one.architectures.push("source".to_owned());
    }
    one.keyrings = list("keyring").into_iter().map(PathBuf::from).collect();
    Ok(one)
}
