//! The images of a tree that machines install from, which `.treeinfo` names with checksums and no signature covers.

use pinfold_store::{Class, Monitor};

use super::root::at;
use super::select::Folder;
use super::{TREEINFO_BYTES_MAX, treeinfo};
use crate::Result;
use crate::gather::{Gathered, oddity, unique};
use crate::supply::{State, Supply, Wanted};

/// The names that the file has, and what stands beside it; the first that is there counts.
const NAMES: [&[u8]; 2] = [b".treeinfo", b"treeinfo"];
/// A small file beside it, which old installers read.
const DISC: &[u8] = b".discinfo";

/// Gets `.treeinfo` and what it names. What it names without a checksum is left out with a word.
pub(super) fn get(
    supply: &mut dyn Supply,
    folder: &Folder,
    (found, state): (&mut Gathered, &mut State),
    monitor: &dyn Monitor,
) -> Result<()> {
    let place = folder.place();
    let mut info = None;
    for name in NAMES {
        let path = at(&place, name)?;
        if let Some(root) = supply.root(&path, TREEINFO_BYTES_MAX)? {
            found.add(path.clone(), root.content, Class::Other);
            info = Some((path, root));
            break;
        }
    }
    let Some((path, root)) = info else {
        let shown = at(&place, NAMES[0])?.to_string();
        let why = "installer = true, and upstream has no .treeinfo: there are no images";
        monitor.problem(&oddity(&shown, why));
        return Ok(());
    };
    let shown = path.to_string();
    let mut wanted = Vec::new();
    for file in treeinfo(&root.bytes, &shown)? {
        let path = at(&place, file.path.as_bytes())?;
        match file.checksum {
            Some(checksum) => wanted.push(Wanted {
                path,
                also: Vec::new(),
                size_bytes: None,
                expect: checksum.into(),
                origin: 0,
            }),
            None => {
                let why = format!("it names {path} without a checksum, which is left out");
                monitor.problem(&oddity(&shown, &why));
            }
        }
    }
    found.get(supply, &unique(wanted)?, Class::Other, &mut state.lacks)?;
    let disc = at(&place, DISC)?;
    if let Some(root) = supply.root(&disc, TREEINFO_BYTES_MAX)? {
        found.add(disc, root.content, Class::Other);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
