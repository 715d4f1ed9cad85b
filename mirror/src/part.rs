//! What the parts of a state take, in the words of its family: suite, component and architecture, or whatever divides it.

use std::collections::BTreeMap;

use pinfold_store::{Entry, Node};

use crate::Family;
use crate::supply::Wanted;

/// What one part of a state takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name, a word for each of [`titles`].
    pub of: Vec<String>,
    /// Its files.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Bytes of those that no other part has: what leaving it out would save.
    pub alone_bytes: u64,
}

/// What the words of a part's name are called.
#[must_use]
pub const fn titles(family: Family) -> &'static [&'static str] {
    match family {
        Family::Apt => &["suite", "component", "architecture"],
        Family::Rpm => &["architecture"],
        Family::Apk => &["branch", "repository", "architecture"],
        Family::Pacman => &["repository", "architecture"],
        Family::Brew | Family::Files => &["folder"],
    }
}

/// Divides what indices name: a file that several name is of each. `labels` are by the origin of what is wanted.
pub(crate) fn by_origin<'a>(
    labels: &[Vec<String>],
    wanted: impl Iterator<Item = &'a Wanted>,
) -> Vec<Part> {
    let mut all: Vec<(&[u8], u32, u64)> =
        wanted.map(|one| (one.path.as_bytes(), one.origin, one.about_bytes())).collect();
    all.sort_unstable();
    all.dedup_by_key(|(path, origin, _)| (*path, *origin));
    let mut parts: BTreeMap<&[String], Part> = BTreeMap::new();
    for same in all.chunk_by(|(one, ..), (other, ..)| one == other) {
        let mut names: Vec<&[String]> = same
            .iter()
            .filter_map(|(_, origin, _)| labels.get(usize::try_from(*origin).ok()?))
            .map(Vec::as_slice)
            .collect();
        names.sort_unstable();
        names.dedup();
        let bytes = same.first().map_or(0, |(.., bytes)| *bytes);
        let alone_bytes = if names.len() == 1 { bytes } else { 0 };
        for name in names {
            add(&mut parts, name, (1, bytes, alone_bytes));
        }
    }
    parts.into_values().collect()
}

fn add<'a>(
    parts: &mut BTreeMap<&'a [String], Part>,
    name: &'a [String],
    (files, bytes, alone_bytes): (u64, u64, u64),
) {
    let none = || Part { of: name.to_vec(), files: 0, bytes: 0, alone_bytes: 0 };
    let part = parts.entry(name).or_insert_with(none);
    part.files += files;
    part.bytes = part.bytes.saturating_add(bytes);
    part.alone_bytes = part.alone_bytes.saturating_add(alone_bytes);
}

/// Divides files by where they stand.
pub(crate) fn by_path(family: Family, entries: &[Entry]) -> Vec<Part> {
    let mut parts: BTreeMap<Vec<String>, Part> = BTreeMap::new();
    for entry in entries {
        let Node::File { size_bytes, .. } = entry.node else { continue };
        let of = name_of(family, entry.path.as_bytes());
        let none = || Part { of: of.clone(), files: 0, bytes: 0, alone_bytes: 0 };
        let part = parts.entry(of.clone()).or_insert_with(none);
        part.files += 1;
        part.bytes = part.bytes.saturating_add(size_bytes);
        part.alone_bytes = part.bytes;
    }
    parts.into_values().collect()
}

/// Names the part that a path is of.
fn name_of(family: Family, path: &[u8]) -> Vec<String> {
    let text = pinfold_store::path::escape(path);
    let (folder, name) = text.rsplit_once('/').unwrap_or(("", &text));
    let word = |text: Option<&str>| text.unwrap_or_default().to_owned();
    match family {
        Family::Rpm => vec![match name.strip_suffix(".rpm") {
            Some(stem) => word(stem.rsplit_once('.').map(|(_, architecture)| architecture)),
            None => "metadata".to_owned(),
        }],
        Family::Apk => {
            let mut words = folder.rsplitn(3, '/');
            let (architecture, repository) = (word(words.next()), word(words.next()));
            vec![word(words.next()), repository, architecture]
        }
        Family::Pacman => {
            let first = folder.split('/').next();
            vec![word(first), word(folder.rsplit_once('/').map(|(_, last)| last))]
        }
        Family::Apt | Family::Brew | Family::Files => {
            vec![word(folder.split('/').next().filter(|first| !first.is_empty()).or(Some(".")))]
        }
    }
}

#[cfg(test)]
mod tests;
