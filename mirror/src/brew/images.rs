//! Getting the indices of images: each has to name every bottle that is taken of its formula, or brew would not find it.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Class, RelPath};

use super::bottle::Bottle;
use super::image::{Image, NAMING_BYTES_MAX};
use super::select::Selection;
use crate::gather::Gathered;
use crate::supply::{Content, Lack, Stage, State, Supplied, Supply, Wanted};
use crate::tree::read_bounded;
use crate::{Error, Expect, Result};

/// What the indices say.
#[derive(Debug, Default)]
pub(super) struct Images {
    /// How many there are.
    pub(super) count: u64,
    /// How large bottles are.
    pub(super) sizes: BTreeMap<Bottle, u64>,
}

/// An index, the bottles that it has to name, and the one by which it is known.
struct Group<'a> {
    path: RelPath,
    flat: RelPath,
    bottles: Vec<&'a Bottle>,
    by: &'a Bottle,
}

/// Gets the indices of all bottles.
pub(super) fn get(
    supply: &mut dyn Supply,
    (selection, bottles): (&Selection, &BTreeSet<Bottle>),
    (found, state): (&mut Gathered, &mut State),
) -> Result<Images> {
    let mut groups: BTreeMap<RelPath, Group<'_>> = BTreeMap::new();
    for bottle in bottles {
        let (path, flat) = (bottle.manifest()?, bottle.flat_manifest()?);
        let group = Group { path: path.clone(), flat, bottles: Vec::new(), by: bottle };
        groups.entry(path).or_insert(group).bottles.push(bottle);
    }
    let mut images = Images::default();
    let groups = groups.into_values().collect();
    let groups = round(supply, (selection, groups), (found, state), &mut images)?;
    // What the store has may be of a time when the image was not built for all tags: now by the bottle that it does not name.
    let groups = round(supply, (selection, groups), (found, state), &mut images)?;
    for group in groups {
        let why = format!("it does not name the bottle {}, which the list does", group.by.title());
        state.lacks.push(Lack { path: group.path, what: Supplied::Wrong(why) });
    }
    Ok(images)
}

/// Gets indices, and gives those that lack a bottle.
fn round<'a>(
    supply: &mut dyn Supply,
    (selection, groups): (&Selection, Vec<Group<'a>>),
    (found, state): (&mut Gathered, &mut State),
    images: &mut Images,
) -> Result<Vec<Group<'a>>> {
    let want = |group: &Group<'_>| Wanted {
        path: group.path.clone(),
        also: if selection.as_found { vec![group.flat.clone()] } else { Vec::new() },
        size_bytes: None,
        expect: Expect::Names(*group.by.sha256()),
        origin: 0,
    };
    let wanted: Vec<Wanted> = groups.iter().map(want).collect();
    let supplied = supply.get(Stage::Metadata, &wanted)?;
    let mut unnamed = Vec::new();
    for (mut group, supplied) in groups.into_iter().zip(supplied) {
        let content = match supplied {
            Supplied::Here(content) => content,
            Supplied::Absent(_) if selection.as_found => continue,
            what => {
                state.lacks.push(Lack { path: group.path, what });
                continue;
            }
        };
        let image = match read(&*supply, &group.path, content)? {
            Ok(image) => image,
            Err(why) => {
                state.lacks.push(Lack { path: group.path, what: Supplied::Wrong(why) });
                continue;
            }
        };
        if let Some(bottle) = group.bottles.iter().find(|bottle| image.names(bottle).is_none()) {
            group.by = bottle;
            unnamed.push(group);
            continue;
        }
        let sizes = group.bottles.iter();
        images
            .sizes
            .extend(sizes.filter_map(|bottle| Some(((*bottle).clone(), image.names(bottle)??))));
        images.count += 1;
        found.add(group.path, content, Class::Fixed);
        found.add_name(group.flat, content);
    }
    Ok(unnamed)
}

/// Reads an index.
fn read(supply: &dyn Supply, path: &RelPath, content: Content) -> Result<Result<Image, String>> {
    let failed = |source| Error::Io { action: "read", path: path.as_path().to_owned(), source };
    let bytes = read_bounded(supply.open(content)?, NAMING_BYTES_MAX).map_err(failed)?;
    Ok(Image::parse(&bytes))
}
