//! The root metadata of a generation: made anew for mirrors that move, linked from the last one for those that do not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_store::{Name, RelPath, Stamp, Store, disk};

use super::{Generation, list};
use crate::layout::Www;
use crate::{Error, Result};

/// What a family is asked to make.
#[derive(Debug)]
pub struct HeadsWanted<'a> {
    /// The mirror.
    pub mirror: &'a Name,
    /// Its snapshot.
    pub snapshot: Stamp,
    /// The published tree.
    pub tree: PathBuf,
    /// The paths of class root.
    pub roots: &'a [RelPath],
    /// The `Date` to give out, in seconds since 1970.
    pub date: i64,
    /// The channel.
    pub channel: &'a Name,
}

/// A file of root metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its path within the mirror.
    pub path: RelPath,
    /// What it holds.
    pub content: Content,
}

/// What a file of root metadata holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// What upstream's file of this path in the published tree does, however large.
    OfTree,
}

/// Lists the files of root metadata that a generation shows of a mirror.
///
/// # Errors
/// They cannot be listed.
pub fn head_files(store: &Store, generation: &Generation, mirror: &Name) -> Result<Vec<PathBuf>> {
    let top = Www::new(store.root()).generation(&generation.channel, generation.number);
    let (mut files, mut folders) = (Vec::new(), vec![top.join(mirror.as_str()).join("heads")]);
    while let Some(folder) = folders.pop() {
        for (name, is_folder) in list(&folder)? {
            let to = if is_folder { &mut folders } else { &mut files };
            to.push(folder.join(name));
        }
    }
    Ok(files)
}

/// Where a mirror's heads come from.
pub(super) enum Origin {
    Made(Vec<Head>, PathBuf),
    Linked(PathBuf),
}

/// Makes all root metadata before anything is written: what cannot be made leaves no trace.
pub(super) fn prepare(
    store: &Store,
    (last, next): (&Generation, &Generation),
    anew: &BTreeSet<Name>,
    heads: &dyn Fn(&HeadsWanted<'_>) -> Result<Vec<Head>>,
) -> Result<Vec<(Name, Stamp, Origin)>> {
    let www = Www::new(store.root());
    let mut plan = Vec::new();
    for (mirror, shown) in &next.mirrors {
        let tree = www.snapshot_tree(mirror, shown.snapshot);
        if !disk::stands(&tree)? {
            let why = format!("is not published: pinfold publish {mirror}@{}", shown.snapshot);
            return Err(Error::Held { what: format!("{mirror}@{}", shown.snapshot), why });
        }
        let stood =
            last.mirrors.get(mirror).is_some_and(|before| before.snapshot == shown.snapshot);
        let from = www.generation(&last.channel, last.number).join(mirror.as_str()).join("heads");
        // What somebody removed is made anew: heads are never absent.
        let origin = if stood && !anew.contains(mirror) && disk::stands(&from)? {
            Origin::Linked(from)
        } else {
            let record = store.record(mirror, shown.snapshot)?;
            let wanted = HeadsWanted {
                mirror,
                snapshot: shown.snapshot,
                tree,
                roots: &record.roots,
                date: next.date,
                channel: &next.channel,
            };
            let made = heads(&wanted)?;
            must_stand(&wanted.tree, &made)?;
            Origin::Made(made, wanted.tree)
        };
        plan.push((mirror.clone(), shown.snapshot, origin));
    }
    Ok(plan)
}

/// Makes sure that everything which is taken from a tree is there.
fn must_stand(tree: &Path, made: &[Head]) -> Result<()> {
    let of_tree = made.iter().filter(|head| head.content == Content::OfTree);
    of_tree
        .map(|head| open(&tree.join(head.path.as_path())))
        .try_for_each(|opened| opened.map(drop))
}

fn open(path: &Path) -> Result<std::fs::File> {
    std::fs::File::open(path).map_err(|source| {
        pinfold_store::Error::Io { action: "open", path: path.to_owned(), source }.into()
    })
}

/// Writes the generation's folder. Few files, each synced; never the whole file system.
pub(super) fn write(www: &Www, next: &Generation, plan: &[(Name, Stamp, Origin)]) -> Result<()> {
    let top = www.generation(&next.channel, next.number);
    disk::make_dir(&top)?;
    let mut made =
        Made { files: Vec::new(), folders: vec![www.generations(&next.channel), top.clone()] };
    for (mirror, taken, origin) in plan {
        let folder = top.join(mirror.as_str());
        let heads = folder.join("heads");
        disk::make_dir(&folder)?;
        disk::make_dir(&heads)?;
        made.folders.extend([folder.clone(), heads.clone()]);
        let target =
            Path::new("../../../../snapshots").join(mirror.as_str()).join(taken.to_string());
        disk::place_symlink(&folder.join("tree"), &target)?;
        match origin {
            Origin::Linked(from) => made.link_all(from, &heads)?,
            Origin::Made(files, tree) => {
                made.write_all((files, tree), &heads, next.modified)?;
            }
        }
    }
    disk::point("heads-written");
    for path in made.files.iter().chain(&made.folders) {
        disk::sync_path(path)?;
    }
    Ok(())
}

/// What was made and must be synced.
struct Made {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Made {
    /// Writes files anew, as copies too: each generation has root metadata of its own time.
    fn write_all(
        &mut self,
        (files, tree): (&[Head], &Path),
        heads: &Path,
        modified: i64,
    ) -> Result<()> {
        for head in files {
            let path = heads.join(head.path.as_path());
            self.make_parents(heads, &path)?;
            match &head.content {
                Content::Bytes(bytes) => {
                    disk::write_new(&path, bytes.as_slice(), 0o444, modified)?;
                }
                Content::OfTree => {
                    let from = open(&tree.join(head.path.as_path()))?;
                    disk::write_new(&path, from, 0o444, modified)?;
                }
            }
            self.files.push(path);
        }
        Ok(())
    }

    fn make_parents(&mut self, heads: &Path, path: &Path) -> Result<()> {
        let missing: Vec<&Path> = path
            .ancestors()
            .skip(1)
            .take_while(|folder| {
                *folder != heads && !self.folders.iter().any(|made| made == folder)
            })
            .collect();
        for folder in missing.into_iter().rev() {
            disk::make_dir(folder)?;
            self.folders.push(folder.to_owned());
        }
        Ok(())
    }

    fn link_all(&mut self, from: &Path, to: &Path) -> Result<()> {
        for (name, is_folder) in list(from)? {
            let (from, to) = (from.join(&name), to.join(&name));
            if is_folder {
                disk::make_dir(&to)?;
                self.folders.push(to.clone());
                self.link_all(&from, &to)?;
            } else {
                disk::link(&from, &to)?;
            }
        }
        Ok(())
    }
}
