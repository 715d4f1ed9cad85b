//! What is on the disk, file by file: exactly what the kept snapshots need, and nothing that nobody can name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;

use super::books::GRACE;
use super::play::time;
use super::upstreams::MIRRORS;
use crate::harness::{Site, tool, walk};

/// The entries of a manifest, read as docs/format.md says and by no code of the product.
#[derive(Debug, Default)]
struct Listed {
    objects: BTreeSet<String>,
    /// Every path of the tree, links too.
    paths: BTreeSet<String>,
    /// The paths that the union has.
    fixed: BTreeSet<String>,
}

/// Checks everything below the root.
pub(super) fn balance(site: &Site, now: Timestamp) {
    let manifests: BTreeMap<(&str, String), String> = MIRRORS
        .iter()
        .flat_map(|mirror| site.dates(mirror).into_iter().map(move |date| (*mirror, date)))
        .map(|(mirror, date)| ((mirror, date.clone()), manifest_of(site, mirror, &date)))
        .collect();
    let listed: BTreeMap<&String, Listed> =
        manifests.values().map(|name| (name, list(site, name))).collect();
    let sharded = |name: &str| format!("{}/{}", &name[..2], &name[2..]);

    let wanted: BTreeSet<String> =
        listed.values().flat_map(|one| one.objects.iter().map(|name| sharded(name))).collect();
    assert_same("objects", &files(&site.root.join("objects")), &wanted);
    let wanted = listed.keys().map(|name| sharded(name) + ".zst").collect();
    assert_same("manifests", &files(&site.root.join("manifests")), &wanted);
    for mirror in MIRRORS {
        let mut union = BTreeSet::new();
        for date in site.published(mirror) {
            let tree = &listed[&manifests[&(mirror, date.clone())]];
            let top = site.tree(mirror, &date);
            assert_same(&format!("{mirror}@{date}"), &files(&top), &tree.paths);
            union.extend(tree.fixed.iter().cloned());
        }
        let top = site.root.join("www/union").join(mirror);
        assert_same(&format!("union of {mirror}"), &files(&top), &union);
    }
    for channel in ["staging", "production"] {
        generations(site, channel, now);
    }
    assert_eq!(site.leftovers(), Vec::<String>::new(), "incoming/");
    strangers(site);
}

/// The folders of generations that stand are those that a channel showed within the grace.
fn generations(site: &Site, channel: &str, now: Timestamp) {
    let records = site.root.join("generations").join(channel);
    let mut left = BTreeMap::new();
    for entry in std::fs::read_dir(&records).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let record: toml::Value = toml::from_str(&text).unwrap();
            if let Some(from) = record.get("from") {
                left.insert(from.to_string(), time(record["at"].as_str().unwrap()));
            }
        }
    }
    let shown = site.generation(channel).to_string();
    let within =
        |number: &String| left.get(number).is_some_and(|left| now.duration_since(*left) < GRACE);
    let wanted = left.keys().filter(|number| within(number)).cloned().chain([shown]).collect();
    let folder = site.root.join("www/generations").join(channel);
    let found = std::fs::read_dir(folder).unwrap().flatten();
    let found = found.map(|entry| entry.file_name().into_string().unwrap()).collect();
    assert_same(&format!("generations of {channel}"), &found, &wanted);
}

/// The name of a snapshot's manifest, by its record.
fn manifest_of(site: &Site, mirror: &str, date: &str) -> String {
    let record = site.root.join("snapshots").join(mirror).join(date);
    let record: toml::Value = toml::from_str(&std::fs::read_to_string(record).unwrap()).unwrap();
    record["manifest"].as_str().unwrap().to_owned()
}

fn list(site: &Site, manifest: &str) -> Listed {
    let file = site.root.join("manifests").join(&manifest[..2]).join(&manifest[2..]);
    let file = format!("{}.zst", file.display());
    let text = String::from_utf8(tool(Command::new("zstd").args(["-dcq", &file])).stdout).unwrap();
    let mut listed = Listed::default();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let path = (*fields.last().unwrap()).to_owned();
        if !fields[0].starts_with('l') {
            listed.objects.insert(fields[1].to_owned());
        }
        if fields[0].starts_with('f') {
            listed.fixed.insert(path.clone());
        }
        listed.paths.insert(path);
    }
    listed
}

/// The paths of what is no folder, below a folder.
fn files(top: &Path) -> BTreeSet<String> {
    let paths = walk(top).into_iter().filter(|path| path.is_symlink() || !path.is_dir());
    paths.map(|path| path.strip_prefix(top).unwrap().to_str().unwrap().to_owned()).collect()
}

fn assert_same(what: &str, found: &BTreeSet<String>, wanted: &BTreeSet<String>) {
    let first = |one: &BTreeSet<String>, other: &BTreeSet<String>| -> Vec<String> {
        one.difference(other).take(5).cloned().collect()
    };
    let (more, less) = (first(found, wanted), first(wanted, found));
    assert!(more.is_empty() && less.is_empty(), "{what}: too much {more:?}, missing {less:?}");
}

/// Every file of the root is of a kind that the format knows.
fn strangers(site: &Site) {
    let known = [
        "FORMAT",
        "index.sqlite",
        "index.sqlite-wal",
        "index.sqlite-shm",
        "lock",
        "incoming/reserve",
        "www/pinfold.asc",
    ];
    let below = [
        "objects/",
        "manifests/",
        "snapshots/",
        "generations/",
        "keys/",
        "locks/",
        "schedule/",
        "running/",
        "www/snapshots/",
        "www/union/",
        "www/at/",
        "www/generations/",
        "www/channels/",
        "www/status/",
    ];
    let mut strange: Vec<PathBuf> = walk(&site.root);
    strange.retain(|path| path.is_symlink() || !path.is_dir());
    strange.retain(|path| {
        let path = path.strip_prefix(&site.root).unwrap().to_str().unwrap();
        !known.contains(&path) && !below.iter().any(|folder| path.starts_with(folder))
    });
    assert!(strange.is_empty(), "{strange:?}");
}
