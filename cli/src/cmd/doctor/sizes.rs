//! How large the parts of the newest snapshots are: by suite, component and architecture, where the family lists packages.

use std::collections::{BTreeMap, HashMap};

use pinfold_mirror::family::{self, Family};
use pinfold_mirror::{Change, PackageChange};
use pinfold_store::path::escape;
use pinfold_store::{Name, Node, Record, Silent, Store};

use super::Scene;
use crate::cmd::diff::{Side, changes};
use crate::ui;

/// How many parts are named.
const SHOWN: usize = 6;

/// The largest parts of all mirrors, the largest first.
pub(super) fn largest(scene: &Scene<'_>) -> Vec<String> {
    let Some(store) = scene.store else { return Vec::new() };
    let mut parts: Vec<(u64, String)> = Vec::new();
    for name in scene.mirrors() {
        // What cannot be read is found elsewhere.
        let sizes = of_mirror(store, name).unwrap_or_default();
        parts.extend(sizes.into_iter().map(|(part, bytes)| (bytes, format!("{name} {part}"))));
    }
    parts.sort_by(|one, other| (other.0, &one.1).cmp(&(one.0, &other.1)));
    parts.truncate(SHOWN);
    parts
        .into_iter()
        .map(|(bytes, part)| format!("{} ({})", part.trim_end(), ui::bytes(bytes)))
        .collect()
}

fn of_mirror(store: &Store, name: &Name) -> Option<BTreeMap<String, u64>> {
    let record = store.record(name, *store.dates(name).ok()?.last()?).ok()?;
    let family = family::by_name(&record.family)?;
    let sizes = files(store, &record)?;
    let mut parts: BTreeMap<String, u64> = BTreeMap::new();
    let mut each = |package: &PackageChange<'_>| {
        let place = [package.suite, package.component, package.architecture];
        let place: Vec<String> =
            place.iter().filter(|word| !word.is_empty()).map(|word| escape(word)).collect();
        let bytes = file_name(family, package).and_then(|file| sizes.get(&file));
        *parts.entry(place.join("/")).or_default() += bytes.copied().unwrap_or(0);
        Ok(())
    };
    if family != Family::Files {
        let sides = (&Side(None), &Side::of(store, Some(&record)));
        changes(family, sides, &mut each, &Silent).ok()?;
    }
    parts.retain(|_, bytes| *bytes > 0);
    if parts.is_empty() {
        parts.insert(String::new(), record.bytes);
    }
    Some(parts)
}

/// The size of every file by its last name.
fn files(store: &Store, record: &Record) -> Option<HashMap<Vec<u8>, u64>> {
    let mut sizes = HashMap::new();
    for entry in store.manifest(record.manifest).ok()? {
        let entry = entry.ok()?;
        if let Node::File { size_bytes, .. } = entry.node {
            let path = entry.path.as_bytes();
            let last = path.rsplit(|b| *b == b'/').next().unwrap_or(path);
            sizes.insert(last.to_vec(), size_bytes);
        }
    }
    Some(sizes)
}

/// How a package's file is called, as its family's tools do.
fn file_name(family: Family, package: &PackageChange<'_>) -> Option<Vec<u8>> {
    let Change::Added(version) = package.change else { return None };
    let whole = version;
    let version = version.splitn(2, |b| *b == b':').last().unwrap_or(version);
    let (name, arch) = (package.name, package.architecture);
    Some(match family {
        Family::Apt => [name, b"_", version, b"_", arch, b".deb"].concat(),
        Family::Rpm => [name, b"-", version, b".", arch, b".rpm"].concat(),
        Family::Apk => [name, b"-", version, b".apk"].concat(),
        Family::Pacman => [name, b"-", whole, b"-", arch, b".pkg.tar.zst"].concat(),
        Family::Brew | Family::Files => return None,
    })
}
