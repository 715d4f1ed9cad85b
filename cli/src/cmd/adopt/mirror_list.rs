//! `mirror.list` of apt-mirror.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_mirror::family::Family;
use pinfold_store::path::{escape, escape_path};

use super::found::{Found, From, Keeper, wishes};
use crate::failure::Failure;

/// apt-mirror's own values.
const DEFAULTS: [(&str, &str); 2] =
    [("base_path", "/var/spool/apt-mirror"), ("mirror_path", "$base_path/mirror")];

/// How deep variables may name each other.
const DEPTH_MAX: u32 = 16;

/// One `deb` or `deb-src`.
#[derive(Debug)]
struct Line {
    architectures: Vec<String>,
    url: String,
    suite: String,
    components: Vec<String>,
}

/// Reads it; one archive for every host and path. `host_arch` is meant where neither line nor file names an architecture.
pub(super) fn read(path: &Path, text: &str, host_arch: &str) -> Result<Vec<Found>, Failure> {
    let mut variables: BTreeMap<String, String> =
        DEFAULTS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let bad = |why: &str| {
            Failure::usage(format!("{}, line {number}: {why}", escape_path(path)))
                .hint("mend the line, or take it out: nothing was written")
        };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.chars().any(|letter| letter.is_control() && letter != '\t') {
            return Err(bad("it holds a control character"));
        }
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "set" => {
                let (key, value) =
                    rest.trim().split_once(char::is_whitespace).unwrap_or((rest, ""));
                variables.insert(key.to_owned(), unquoted(value.trim()));
            }
            "clean" | "skip-clean" => {}
            "deb" | "deb-src" => lines.push((number, source(word, rest).map_err(|why| bad(&why))?)),
            _ if word.starts_with("deb-") => {
                lines.push((number, source(word, rest).map_err(|why| bad(&why))?));
            }
            _ => {
                return Err(bad("it is none of deb, deb-src, deb-ARCH, set, clean and skip-clean"));
            }
        }
    }
    let bad = |why: String| Failure::usage(format!("{}: {why}", escape_path(path)));
    let top = PathBuf::from(value(&variables, "mirror_path").map_err(bad)?);
    if !top.is_absolute() {
        return Err(bad("set mirror_path: it is no absolute path".to_owned()));
    }
    let default = match variables.contains_key("defaultarch") {
        true => value(&variables, "defaultarch").map_err(bad)?,
        false => host_arch.to_owned(),
    };
    let keeps_tilde = variables.get("_tilde").is_none_or(|said| said == "0");
    let mut found: Vec<Found> = Vec::new();
    for (number, line) in lines {
        let place = place(&line.url, keeps_tilde).ok_or_else(|| {
            let url = escape(line.url.as_bytes());
            bad(format!("line {number}: {url} is no URL such as http://archive.ubuntu.com/ubuntu"))
        })?;
        let tree = top.join(&place);
        let at = found.iter().position(|one| one.tree == tree).unwrap_or_else(|| {
            found.push(begin(path, &line, tree, &place));
            found.len() - 1
        });
        join(&mut found[at], &line, &default);
    }
    if found.is_empty() {
        return Err(bad("it names no archive: no line begins with deb".to_owned()));
    }
    found.iter_mut().for_each(|one| one.components.sort());
    Ok(found)
}

fn begin(path: &Path, line: &Line, tree: PathBuf, place: &str) -> Found {
    let mut one = Found::new(Keeper::AptMirror, path, Family::Apt, tree);
    let (host, below) = place.split_once('/').unwrap_or((place, ""));
    one.wish = wishes(host, below);
    place.clone_into(&mut one.mount);
    let mut url = bare(&line.url);
    if let Some(rest) = url.strip_prefix("ftp://") {
        url = format!("http://{rest}");
        one.findings.push(format!(
            "it came by ftp, which is not followed: http is taken instead; see that {host} answers there"
        ));
    }
    one.from = From::Urls(vec![url]);
    if line.url.contains('@') {
        one.findings.push("its URL holds a password, which was left out: write a file of credentials, and name it with auth = \"/…\"".to_owned());
    }
    one
}

/// Adds what a line names. What was mirrored of one suite and not of another is taken of all: it is in each Release.
fn join(one: &mut Found, line: &Line, default: &str) {
    let is_first = one.suites.is_empty();
    if !is_first && !line.components.is_empty() {
        let differs = line.components.iter().any(|component| !one.components.contains(component));
        if differs && !one.suites.contains(&line.suite) {
            one.remarks.push(format!(
                "suite {} had other components than those before it: all suites have all of them from now on",
                line.suite
            ));
        }
    }
    Found::add(&mut one.suites, &line.suite);
    line.components.iter().for_each(|component| Found::add(&mut one.components, component));
    match line.architectures.as_slice() {
        [] => Found::add(&mut one.architectures, default),
        some => some.iter().for_each(|arch| Found::add(&mut one.architectures, arch)),
    }
}

/// Reads what follows `deb`: options in brackets, URL, suite, components.
fn source(word: &str, rest: &str) -> Result<Line, String> {
    let rest = rest.trim();
    let (options, rest) = match rest.strip_prefix('[') {
        None => ("", rest),
        Some(inner) => inner.split_once(']').ok_or("a bracket is not closed")?,
    };
    let mut architectures: Vec<String> = options
        .split_whitespace()
        .filter_map(|option| option.strip_prefix("arch="))
        .flat_map(|list| list.split(','))
        .filter(|arch| !arch.is_empty())
        .map(str::to_owned)
        .collect();
    match word.strip_prefix("deb-") {
        Some("src") => architectures = vec!["source".to_owned()],
        Some(arch) if architectures.is_empty() => architectures = vec![arch.to_owned()],
        _ => {}
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    let (Some(url), Some(suite)) = (words.next(), words.next()) else {
        return Err("it needs a URL and a suite".to_owned());
    };
    Ok(Line { architectures, url, suite, components: words.collect() })
}

/// Where apt-mirror puts a URL: host and path, without user and port.
fn place(url: &str, keeps_tilde: bool) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if !["http", "https", "ftp"].contains(&scheme) {
        return None;
    }
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.split(':').next().filter(|host| !host.is_empty())?;
    let path = if keeps_tilde { path.to_owned() } else { path.replace('~', "%7E") };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if [host].iter().chain(&parts).any(|part| *part == ".." || *part == ".") {
        return None;
    }
    Some([&[host], parts.as_slice()].concat().join("/"))
}

/// The URL without a name and password.
fn bare(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}/{path}").trim_end_matches('/').to_owned()
}

/// A variable's value, with those in it.
fn value(variables: &BTreeMap<String, String>, key: &str) -> Result<String, String> {
    let mut value = variables.get(key).cloned().unwrap_or_default();
    for _ in 0..DEPTH_MAX {
        let Some((before, after)) = value.split_once('$') else { return Ok(value) };
        let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let inner = variables.get(name).ok_or_else(|| {
            format!("set {key}: there is no variable ${}", escape(name.as_bytes()))
        })?;
        value = format!("{before}{inner}{after}");
    }
    Err(format!("set {key}: its variables name each other in a circle"))
}

fn unquoted(text: &str) -> String {
    for quote in ['"', '\''] {
        if let Some((inside, _)) = text.strip_prefix(quote).and_then(|text| text.split_once(quote))
        {
            return inside.to_owned();
        }
    }
    text.split_whitespace().next().unwrap_or_default().to_owned()
}
