//! A tree of which nobody says what it is.

use std::path::{Path, PathBuf};

use pinfold_mirror::family::Family;
use pinfold_store::disk;
use pinfold_store::path::escape_path;

use super::found::{Found, From, Keeper};
use super::host::Job;
use super::{on_disk, words};
use crate::args::Adopt;
use crate::failure::Failure;

/// How far below the top a family's metadata are looked for.
const DEPTH_MAX: u32 = 4;

/// Says what a folder is.
pub(super) fn read(folder: &Path, args: &Adopt, jobs: &[Job]) -> Result<Found, Failure> {
    let shown = escape_path(folder);
    let tree = std::fs::canonicalize(folder)
        .map_err(|error| Failure::usage(format!("cannot adopt {shown}: {error}")))?;
    let family = family(&tree);
    let last = tree.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut one = Found::new(Keeper::Unknown, &tree, family, tree.clone());
    one.wish = vec![last.clone()];
    one.mount = family.mount().map_or(last, str::to_owned);
    let url = args.upstream.clone().or_else(|| rsynced(&tree, jobs));
    if family == Family::Apt {
        one.suites = on_disk::suites_in(&tree);
        for suite in &one.suites {
            let folder = tree.join("dists").join(suite);
            let is_there = |name: &String| folder.join(name).is_dir();
            for component in
                on_disk::field(&folder, "Components").iter().filter(|one| is_there(one))
            {
                Found::add(&mut one.components, component);
                for arch in on_disk::field(&folder, "Architectures") {
                    if folder.join(component).join(format!("binary-{arch}")).is_dir() {
                        Found::add(&mut one.architectures, &arch);
                    }
                }
                if folder.join(component).join("source").is_dir() {
                    Found::add(&mut one.architectures, "source");
                }
            }
        }
    }
    let metadata = tree.join("repodata");
    if family == Family::Rpm && metadata.join("repomd.xml").is_file() {
        one.is_unsigned = !metadata.join("repomd.xml.asc").is_file();
    }
    match url {
        Some(url) => one.from = From::Urls(vec![url]),
        None => one.remarks.push("nobody says where it comes from: whatever brings it goes on, and pinfold ingest takes it when that is done".to_owned()),
    }
    if one.from != From::Nowhere
        && matches!(family, Family::Apk | Family::Pacman)
        && !one.is_followed()
    {
        one.findings.push(format!(
            "what of its upstream is followed is to be said in the mirror's file, as docs/upstreams.md has it for family {}: until then it is a comment",
            family.name()
        ));
    }
    Ok(one)
}

/// Finds the metadata of a family, the nearest to the top.
fn family(tree: &Path) -> Family {
    if !on_disk::suites_in(tree).is_empty() {
        return Family::Apt;
    }
    let mut folders = vec![(tree.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        if folder.join("repodata/repomd.xml").is_file() {
            return Family::Rpm;
        }
        if folder.join("APKINDEX.tar.gz").is_file() {
            return Family::Apk;
        }
        for name in disk::names(&folder).unwrap_or_default() {
            let path = folder.join(&name);
            let is_database = path.extension().is_some_and(|end| end == "db");
            if is_database && PathBuf::from(format!("{}.tar.gz", path.display())).exists() {
                return Family::Pacman;
            }
            if depth < DEPTH_MAX && path.is_dir() && !path.is_symlink() {
                folders.push((path, depth + 1));
            }
        }
    }
    Family::Files
}

/// The module that a job copies to the tree by rsync.
fn rsynced(tree: &Path, jobs: &[Job]) -> Option<String> {
    jobs.iter().filter(|job| job.text.contains("rsync")).find_map(|job| {
        let words = words::split(&job.text);
        let at = words.iter().position(|word| {
            word.starts_with('/') && std::fs::canonicalize(word).is_ok_and(|path| path == tree)
        })?;
        words[..at].iter().rev().find_map(|word| match word.split_once("::") {
            _ if word.starts_with("rsync://") => Some(word.clone()),
            Some((host, module)) if !host.contains('@') => Some(format!("rsync://{host}/{module}")),
            _ => None,
        })
    })
}
