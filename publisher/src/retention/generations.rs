//! Folders of generations that no client can be in the middle of any more. Their records stay, as the log.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pinfold_store::disk::{self, Weight};
use pinfold_store::lock::SiteLock;
use pinfold_store::{IoContext, Name, Store};

use super::Times;
use super::holds::Walk;
use crate::layout::Www;
use crate::{Result, generation};

/// Lists the folders of generations that were left before the grace began, or abandoned.
///
/// Cost: the generations within the grace.
///
/// # Errors
/// A record cannot be read, or the folders cannot be listed.
pub fn generations_left(store: &Store, times: &Times) -> Result<Vec<(Name, u64)>> {
    let www = Www::new(store.root());
    let mut left = Vec::new();
    for channel in generation::channels(store)? {
        let walk = Walk::back_to(store, &channel, times.ago(times.grace))?;
        let numbers: BTreeSet<u64> = walk.generations.iter().map(|one| one.number).collect();
        let names = disk::names(&www.generations(&channel))?;
        let folders = names.iter().filter_map(|name| name.to_str()?.parse::<u64>().ok());
        left.extend(
            folders
                .filter(|number| !numbers.contains(number))
                .map(|number| (channel.clone(), number)),
        );
    }
    Ok(left)
}

/// Says what removing them would give back; changes nothing.
///
/// # Errors
/// They cannot be looked at.
pub fn weigh_generations(store: &Store, left: &[(Name, u64)]) -> Result<Weight> {
    let www = Www::new(store.root());
    let folders: Vec<PathBuf> =
        left.iter().map(|(channel, number)| www.generation(channel, *number)).collect();
    let mut weight = Weight::default();
    // Mirrors that did not move have one file in many generations: it comes back with the last of its names.
    let mut files: BTreeMap<(u64, u64), (u64, PathBuf)> = BTreeMap::new();
    for folder in &folders {
        weight.add(disk::weigh_tree(folder)?);
        note_files(folder, &mut files)?;
    }
    for (names, path) in files.values() {
        if std::fs::symlink_metadata(path).at("look at", path)?.nlink() <= *names {
            weight.add(disk::weigh(path)?);
        }
    }
    Ok(weight)
}

/// Counts the names that each file has below a folder.
fn note_files(folder: &Path, files: &mut BTreeMap<(u64, u64), (u64, PathBuf)>) -> Result<()> {
    for entry in std::fs::read_dir(folder).at("list", folder)? {
        let path = entry.at("list", folder)?.path();
        let meta = path.symlink_metadata().at("look at", &path)?;
        if meta.is_dir() {
            note_files(&path, files)?;
        } else if meta.is_file() {
            files.entry((meta.dev(), meta.ino())).or_insert((0, path)).0 += 1;
        }
    }
    Ok(())
}

/// Removes them, and gives what came back.
///
/// Locks: needs the site's, under which they were listed.
///
/// # Errors
/// One cannot be removed.
pub fn remove_generations(store: &Store, left: &[(Name, u64)], _lock: &SiteLock) -> Result<Weight> {
    let weight = weigh_generations(store, left)?;
    let www = Www::new(store.root());
    for (channel, number) in left {
        disk::remove_tree(&www.generation(channel, *number))?;
        disk::point("generation-removed");
    }
    Ok(weight)
}
