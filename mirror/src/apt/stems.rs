//! The indices of a suite, grouped by what they unpack to.
//!
//! One index stands in several forms (`Packages`, `.gz`, `.xz`), and of those that a `Release` lists upstream need not have
//! all. An index is there when one of its forms is (formats/apt.md, section 1, the rule of stems).

use std::collections::BTreeMap;

use pinfold_store::{Checksum, RelPath};

use super::release::{Algorithm, Listed};
use super::suite::Suite;
use crate::supply::{Content, Lack, Stage, State, Supplied, Supply, Wanted};
use crate::unpack::Form as Packed;
use crate::{Error, Result};

/// A form of an index that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    /// Where it stands in the tree.
    pub(super) path: RelPath,
    /// What it is.
    pub(super) content: Content,
    /// How it is packed.
    pub(super) packed: Packed,
}

/// An index of a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stem {
    /// Its plain name in the tree.
    pub(super) path: RelPath,
    /// Size and checksum of the plain form, where the `Release` lists it.
    pub(super) plain: Option<(u64, Checksum)>,
    /// Its forms that are there.
    pub(super) forms: Vec<Form>,
}

/// The order in which clients choose among the forms that are listed.
const PREFERRED: [Packed; 7] =
    [Packed::Xz, Packed::Bz2, Packed::Lzma, Packed::Gz, Packed::Lz4, Packed::Zst, Packed::Plain];

impl Stem {
    /// Gives the form that clients take.
    pub(super) fn preferred(&self) -> Option<&Form> {
        PREFERRED.iter().find_map(|packed| self.forms.iter().find(|form| form.packed == *packed))
    }

    /// Gives the form that is quickest to read.
    pub(super) fn quickest(&self) -> Option<&Form> {
        self.forms.iter().min_by_key(|form| form.packed)
    }

    /// Gives the last part of its name.
    pub(super) fn name(&self) -> &[u8] {
        self.path.split().1
    }
}

/// What is listed of one stem.
#[derive(Default)]
struct Group<'a> {
    plain: Option<&'a Listed>,
    packed: Vec<&'a Listed>,
}

/// Says whether apt does without an index: of patches, since it falls back to the whole.
fn is_optional(stem: &[u8]) -> bool {
    stem.ends_with(b".diff/Index")
}

/// Gets the indices of a suite that are taken; what is missing or wrong is told by `state`.
pub(super) fn get(
    supply: &mut dyn Supply,
    suite: &Suite,
    listed: &[&Listed],
    state: &mut State,
) -> Result<Vec<Stem>> {
    let mut groups: BTreeMap<&[u8], Group<'_>> = BTreeMap::new();
    for file in listed {
        let group = groups.entry(file.stem()).or_default();
        if file.is_plain() {
            group.plain = Some(file);
        } else {
            group.packed.push(file);
        }
    }
    // First the packed forms; the plain one only where there is no other, since large archives list it and do not have it.
    let mut first: Vec<(&[u8], &Listed)> = Vec::new();
    for (stem, group) in &groups {
        if group.packed.is_empty() {
            first.extend(group.plain.map(|file| (*stem, file)));
        } else {
            first.extend(group.packed.iter().map(|file| (*stem, *file)));
        }
    }
    let names = by_hash_names(suite)?;
    let mut found: BTreeMap<&[u8], Found> = BTreeMap::new();
    ask(supply, (suite, &names), &first, &mut found)?;
    let second: Vec<(&[u8], &Listed)> = groups
        .iter()
        .filter(|(stem, group)| {
            !group.packed.is_empty() && found.get(*stem).is_none_or(|found| found.forms.is_empty())
        })
        .filter_map(|(stem, group)| Some((*stem, group.plain?)))
        .collect();
    ask(supply, (suite, &names), &second, &mut found)?;
    let mut stems = Vec::with_capacity(groups.len());
    for (stem, group) in groups {
        let found = found.remove(stem).unwrap_or_default();
        let is_empty = group.plain.is_some_and(|plain| plain.size_bytes == 0);
        let may_miss = is_empty || !found.forms.is_empty();
        // A form that is there and is another is never passed over: upstream is in the middle of its own update.
        let mut flaws = found.flaws;
        if is_optional(stem) {
            state.is_doubtful |= !flaws.is_empty();
            flaws.clear();
        }
        flaws.retain(|lack| !(may_miss && matches!(lack.what, Supplied::Absent(_))));
        if found.forms.is_empty() {
            flaws.truncate(1);
        }
        state.lacks.extend(flaws);
        let plain = group.plain.map(|file| Ok::<_, Error>((file.size_bytes, sum(file)?)));
        stems.push(Stem { path: suite.at(stem)?, plain: plain.transpose()?, forms: found.forms });
    }
    Ok(stems)
}

/// What was found of a stem.
#[derive(Default)]
struct Found {
    forms: Vec<Form>,
    flaws: Vec<Lack>,
}

/// The names that the files of a suite have by their checksums, the strongest first.
type Names<'a> = BTreeMap<&'a RelPath, Vec<RelPath>>;

/// Gives the names that files may have by their checksums, where upstream says that it has such. Upstreams that list SHA512 may
/// have the folder of SHA256 alone.
fn by_hash_names(suite: &Suite) -> Result<Names<'_>> {
    let mut names = Names::new();
    if !suite.has_by_hash() {
        return Ok(names);
    }
    let mut strong: Vec<&Listed> =
        suite.release.listed.iter().filter(|file| file.algorithm.is_strong()).collect();
    strong.sort_by_key(|file| std::cmp::Reverse(file.algorithm));
    for file in strong {
        names.entry(&file.path).or_default().push(by_hash(suite, file)?);
    }
    Ok(names)
}

/// Asks for listed files and sorts the answers by stem.
fn ask<'a>(
    supply: &mut dyn Supply,
    (suite, names): (&Suite, &Names<'_>),
    files: &[(&'a [u8], &Listed)],
    found: &mut BTreeMap<&'a [u8], Found>,
) -> Result<()> {
    let wanted: Vec<Wanted> = files
        .iter()
        .map(|(_, file)| {
            Ok(Wanted {
                path: suite.at(file.path.as_bytes())?,
                also: names.get(&file.path).cloned().unwrap_or_default(),
                size_bytes: Some(file.size_bytes),
                expect: sum(file)?.into(),
                origin: 0,
            })
        })
        .collect::<Result<_>>()?;
    let supplied = supply.get(Stage::Metadata, &wanted)?;
    for (((stem, file), wanted), supplied) in files.iter().zip(wanted).zip(supplied) {
        let found = found.entry(stem).or_default();
        match supplied {
            Supplied::Here(content) => {
                let (_, packed) = Packed::split(file.path.as_bytes());
                found.forms.push(Form { path: wanted.path, content, packed });
            }
            what => found.flaws.push(Lack { path: wanted.path, what }),
        }
    }
    Ok(())
}

/// Gives the name that a listed file has by its checksum.
pub(super) fn by_hash(suite: &Suite, file: &Listed) -> Result<RelPath> {
    let (folder, _) = file.path.split();
    let name = format!("by-hash/{}/{}", file.algorithm.name(), file.hash);
    let below = if folder.is_empty() {
        name.into_bytes()
    } else {
        [folder, b"/", name.as_bytes()].concat()
    };
    suite.at(&below)
}

/// Gives the checksum that a file is listed with.
fn sum(file: &Listed) -> Result<Checksum> {
    let algorithm = match file.algorithm {
        Algorithm::Sha512 => pinfold_store::Algorithm::Sha512,
        _ => pinfold_store::Algorithm::Sha256,
    };
    Checksum::of_hex(algorithm, file.hash.as_bytes()).ok_or_else(|| Error::BadMetadata {
        path: file.path.to_string(),
        why: format!("its checksum is neither SHA256 nor SHA512: {}", file.hash),
    })
}
