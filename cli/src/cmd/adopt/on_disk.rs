//! What of an archive lies on the disk: suites, architectures, indices, and who signed them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_mirror::apt::SuiteName;
use pinfold_mirror::family::Family;
use pinfold_mirror::sign::{self, Keyring, Rules};
use pinfold_store::disk;
use pinfold_store::path::escape_path;

use super::found::{Found, From};

/// No larger root metadata are read here.
const RELEASE_BYTES_MAX: u64 = 10_000_000;

/// Compares what the tool was told with what lies there: only what is there can be taken and be proved.
pub(super) fn compare(one: &mut Found, keyrings: &[PathBuf], now: i64) {
    if !one.tree.is_dir() {
        let tree = escape_path(&one.tree);
        one.findings
            .push(format!("there is no folder {tree}: nothing is taken, a sync fetches it"));
        return;
    }
    match one.family {
        Family::Apt => {
            suites(one);
            architectures(one);
            indices(one);
            // What is not followed is not proved: nobody need vouch for it.
            if one.from != From::Nowhere {
                apt_keyrings(one, keyrings, now);
            }
        }
        Family::Rpm if !one.is_unsigned => rpm_keyrings(one, keyrings, now),
        _ => {}
    }
}

/// The folder of a suite's root metadata.
fn folder(one: &Found, suite: &str) -> PathBuf {
    let below =
        SuiteName::parse(suite).map_or_else(|_no_name| suite.to_owned(), |name| name.folder());
    one.tree.join(below)
}

fn suites(one: &mut Found) {
    let has = |suite: &&String| {
        let folder = folder(one, suite);
        ["InRelease", "Release"].iter().any(|name| folder.join(name).is_file())
    };
    let (there, missing): (Vec<&String>, Vec<&String>) = one.suites.iter().partition(has);
    let there: Vec<String> = there.into_iter().cloned().collect();
    if missing.is_empty() {
        return;
    }
    let said = format!(
        "configured, and not on the disk: {}",
        missing.iter().map(|suite| suite.as_str()).collect::<Vec<_>>().join(", ")
    );
    one.remarks.push(said.clone());
    one.findings.push(format!(
        "{said}: left out; add to suites what is wanted, and the next sync fetches it"
    ));
    one.suites = there;
}

/// The folders of components, of every suite that has them.
fn components(one: &Found) -> Vec<PathBuf> {
    let suites = one.suites.iter().filter(|suite| !suite.ends_with('/'));
    suites
        .flat_map(|suite| one.components.iter().map(|component| folder(one, suite).join(component)))
        .collect()
}

fn architectures(one: &mut Found) {
    let folders = components(one);
    if folders.is_empty() {
        return;
    }
    let has = |arch: &&String| {
        let name = if *arch == "source" { "source".to_owned() } else { format!("binary-{arch}") };
        folders.iter().any(|folder| folder.join(&name).is_dir())
    };
    let (there, missing): (Vec<&String>, Vec<&String>) = one.architectures.iter().partition(has);
    if missing.is_empty() || there.is_empty() {
        return;
    }
    let missing = missing.iter().map(|arch| arch.as_str()).collect::<Vec<_>>().join(", ");
    let there: Vec<String> = there.into_iter().cloned().collect();
    one.findings.push(format!("configured, and not on the disk: architectures {missing}: left out; add them, and the next sync fetches them"));
    one.architectures = there;
}

/// Leaves out what the tool never brought of translations, lists of contents and descriptions of software.
fn indices(one: &mut Found) {
    let (mut listed, mut there) = (Kinds::default(), Kinds::default());
    for suite in one.suites.iter().filter(|suite| !suite.ends_with('/')) {
        let folder = folder(one, suite);
        for name in names(&text(&folder).unwrap_or_default()) {
            let component = one.components.iter().find(|one| name.starts_with(&format!("{one}/")));
            if component.is_some() || !name.contains('/') {
                listed.note(&name);
                if folder.join(&name).is_file() {
                    there.note(&name);
                }
            }
        }
    }
    let wanted = |arch: &String| arch == "all" || one.architectures.contains(arch);
    listed.contents.retain(wanted);
    there.contents.retain(wanted);
    for (key, listed, there) in [
        ("i18n", &listed.languages, &there.languages),
        ("contents", &listed.contents, &there.contents),
        ("dep11", &listed.software, &there.software),
    ] {
        if there == listed {
            continue;
        }
        let value = if there.is_empty() || (key == "contents" && !there.contains("all")) {
            toml::Value::from(false)
        } else if key == "dep11" {
            continue;
        } else {
            toml::Value::from(there.iter().cloned().collect::<Vec<_>>())
        };
        one.more.push((key, value));
    }
}

/// Which indices there are of each kind.
#[derive(Default)]
struct Kinds {
    languages: BTreeSet<String>,
    contents: BTreeSet<String>,
    software: BTreeSet<String>,
}

impl Kinds {
    fn note(&mut self, path: &str) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        if let Some(language) = stem.strip_prefix("Translation-") {
            self.languages.insert(language.to_owned());
        } else if let Some(arch) =
            stem.strip_prefix("Contents-").filter(|arch| !arch.starts_with("udeb-"))
        {
            self.contents.insert(arch.to_owned());
        } else if path.contains("/dep11/") {
            self.software.insert("dep11".to_owned());
        }
    }
}

/// The text of a suite's root metadata, whoever signed it.
fn text(folder: &Path) -> Option<String> {
    let inline = read(&folder.join("InRelease")).and_then(|bytes| sign::text_of(&bytes));
    let text = inline.or_else(|| read(&folder.join("Release")))?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// The paths that it lists.
fn names(text: &str) -> BTreeSet<String> {
    let listed = text.lines().filter(|line| line.starts_with(' '));
    listed.filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect()
}

/// A field of it, as words.
pub(super) fn field(folder: &Path, name: &str) -> Vec<String> {
    let text = text(folder).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let is_sane = |meta: std::fs::Metadata| meta.is_file() && meta.len() <= RELEASE_BYTES_MAX;
    std::fs::metadata(path).is_ok_and(is_sane).then(|| std::fs::read(path).ok()).flatten()
}

/// Finds the keyrings of this host by which the suites' signatures count.
fn apt_keyrings(one: &mut Found, keyrings: &[PathBuf], now: i64) {
    let known = Known::load(one, keyrings);
    let rules = Rules { now, ..Rules::default() };
    let (mut chosen, mut unsigned, mut findings) = (Vec::new(), 0, Vec::new());
    for suite in &one.suites {
        let folder = folder(one, suite);
        let (inline, plain) = (read(&folder.join("InRelease")), read(&folder.join("Release")));
        let beside = read(&folder.join("Release.gpg"));
        let vouches = |keyring: &Keyring| match (&inline, &plain, &beside) {
            (Some(text), ..) => sign::verify_inline(text, keyring, &rules, suite).is_ok(),
            (None, Some(text), Some(beside)) => {
                sign::verify_detached(text, beside, keyring, &rules, suite).is_ok()
            }
            _ => false,
        };
        if inline.is_none() && beside.is_none() {
            unsigned += 1;
            findings.push(format!("suite {suite}: nobody signed it"));
            continue;
        }
        match known.find(vouches) {
            Some(path) if !chosen.contains(path) => chosen.push(path.clone()),
            Some(_) => {}
            None => findings.push(format!(
                "suite {suite}: no keyring of this host vouches for it: name the distribution's with --keyring FILE, or take the # away in the mirror's file"
            )),
        }
    }
    if unsigned > 0 && unsigned == one.suites.len() {
        one.is_unsigned = true;
    } else if findings.is_empty() {
        one.keyrings = chosen;
    } else {
        one.keyrings.clear();
    }
    one.findings.extend(findings);
}

fn rpm_keyrings(one: &mut Found, keyrings: &[PathBuf], now: i64) {
    let folder = one.tree.join("repodata");
    let (Some(text), Some(beside)) =
        (read(&folder.join("repomd.xml")), read(&folder.join("repomd.xml.asc")))
    else {
        return;
    };
    let rules = Rules { now, ..Rules::default() };
    let vouches = |keyring: &Keyring| {
        sign::verify_repomd(&text, &beside, keyring, &rules, "repomd.xml").is_ok()
    };
    match Known::load(one, keyrings).find(vouches) {
        Some(path) => one.keyrings = vec![path.clone()],
        None if one.from == From::Nowhere => {}
        None => {
            one.keyrings.clear();
            one.findings.push("no keyring of this host vouches for its repomd.xml: name the vendor's with --keyring FILE".to_owned());
        }
    }
}

/// Keyrings that can be read.
struct Known(Vec<(PathBuf, Keyring)>);

impl Known {
    /// Reads those that the tool named, and the others after them; what is none is passed over.
    fn load(one: &Found, others: &[PathBuf]) -> Self {
        let mut known: Vec<(PathBuf, Keyring)> = Vec::new();
        for path in one.keyrings.iter().chain(others) {
            let path = std::path::absolute(path).unwrap_or_else(|_no_folder| path.clone());
            if let Ok(keyring) = Keyring::load(std::slice::from_ref(&path)) {
                known.push((path, keyring));
            }
        }
        Self(known)
    }

    fn find(&self, vouches: impl Fn(&Keyring) -> bool) -> Option<&PathBuf> {
        self.0.iter().find(|(_, keyring)| vouches(keyring)).map(|(path, _)| path)
    }
}

/// The suites that a tree has: folders below `dists` with root metadata, none by a symlink.
pub(super) fn suites_in(tree: &Path) -> Vec<String> {
    let mut suites = Vec::new();
    let mut folders = vec![(String::new(), 0)];
    while let Some((below, depth)) = folders.pop() {
        let folder = tree.join("dists").join(&below);
        if ["InRelease", "Release"].iter().any(|name| folder.join(name).is_file()) {
            suites.push(below);
        } else if depth < 3 {
            for name in disk::names(&folder).unwrap_or_default() {
                let path = folder.join(&name);
                if path.is_dir() && !path.is_symlink() {
                    let name = name.to_string_lossy();
                    let below = if below.is_empty() {
                        name.into_owned()
                    } else {
                        format!("{below}/{name}")
                    };
                    folders.push((below, depth + 1));
                }
            }
        }
    }
    suites.sort();
    suites
}
