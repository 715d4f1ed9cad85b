//! Comparing the repositories of two trees: packages by name and architecture, and the advisories that came.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use pinfold_store::{Digest, Node, RelPath};

use super::names::REPOMD;
use super::root::{REPOMD_BYTES_MAX, at};
use super::select::Folder;
use super::{
    AdvisoryChange, Data, NewAdvisories, PackageList, Repomd, advisories, changes, packages,
    repositories,
};
use crate::change::{Lists, PackageChange};
use crate::tree::read_bounded;
use crate::unpack::{Form, unpacked};
use crate::{Error, Result, TreeReader};

/// The largest list whose plain size nobody states.
const PLAIN_BYTES_MAX: u64 = 4 << 30;

/// What the metadata of one repository are in a tree.
struct Found {
    primary: (Data, Content),
    updateinfo: Option<(Data, Content)>,
}

type Content = (Digest, u64);

/// Compares what two trees list, repository by repository.
///
/// Cost: memory for the names of both; a second for 100,000 packages.
///
/// # Errors
/// [`Error::BadMetadata`] where a list cannot be followed; whatever reading it or `each` fails with.
pub fn compare_trees(
    old: &dyn TreeReader,
    new: &dyn TreeReader,
    each: &mut dyn FnMut(&PackageChange<'_>) -> Result<()>,
) -> Result<(Lists, Vec<AdvisoryChange>)> {
    let (was, is) = (find(old)?, find(new)?);
    let folders: BTreeSet<&Folder> = was.keys().chain(is.keys()).collect();
    let mut lists = Lists { old: 0, new: 0 };
    let mut came = NewAdvisories::new();
    for folder in folders {
        let (was, is) = (was.get(folder), is.get(folder));
        lists.old += usize::from(was.is_some());
        lists.new += usize::from(is.is_some());
        if let (Some(was), Some(is)) = (was, is)
            && was.primary.1 == is.primary.1
        {
            continue;
        }
        let shown = folder.path().map_or(&b""[..], RelPath::as_bytes);
        changes(shown, list(old, was)?, list(new, is)?, each)?;
    }
    for (tree, found, is_new) in [(old, &was, false), (new, &is, true)] {
        for (data, content) in found.values().filter_map(|found| found.updateinfo.as_ref()) {
            let from = open(tree, data, *content)?;
            advisories(from, &data.path.to_string(), &mut |advisory| {
                if is_new {
                    came.push_new(&advisory);
                } else {
                    came.push_old(&advisory);
                }
                Ok(())
            })?;
        }
    }
    Ok((lists, came.into_sorted()))
}

/// Finds the repositories of a tree and the lists that are compared.
fn find(tree: &dyn TreeReader) -> Result<BTreeMap<Folder, Found>> {
    let folders = repositories(tree)?;
    let paths: Vec<RelPath> =
        folders.iter().map(|folder| at(&folder.place(), REPOMD)).collect::<Result<_>>()?;
    let roots = contents(tree, &paths)?;
    let mut wanted = Vec::new();
    let mut parsed = Vec::new();
    for (folder, path) in folders.into_iter().zip(&paths) {
        let Some((digest, size_bytes)) = roots.get(path) else { continue };
        let failed = |source| Error::Io { action: "read", path: path.as_path().to_owned(), source };
        let from = tree.open(*digest, *size_bytes)?;
        let bytes = read_bounded(from, REPOMD_BYTES_MAX).map_err(failed)?;
        let repomd = Repomd::parse(&bytes, &folder.place(), &path.to_string())?;
        wanted.extend(repomd.data.iter().map(|data| data.path.clone()));
        parsed.push((folder, repomd));
    }
    let files = contents(tree, &wanted)?;
    let pick = |repomd: &Repomd, kind: &str| {
        let data = repomd.of_kind(kind)?;
        Some((data.clone(), *files.get(&data.path)?))
    };
    let mut found = BTreeMap::new();
    for (folder, repomd) in parsed {
        let primary = pick(&repomd, "primary").ok_or_else(|| Error::BadMetadata {
            path: String::from(folder.clone()),
            why: "the list of packages that its repomd.xml names is not in the tree".to_owned(),
        })?;
        found.insert(folder, Found { primary, updateinfo: pick(&repomd, "updateinfo") });
    }
    Ok(found)
}

/// Looks up files of a tree.
fn contents(tree: &dyn TreeReader, paths: &[RelPath]) -> Result<BTreeMap<RelPath, Content>> {
    let wanted: BTreeSet<&RelPath> = paths.iter().collect();
    let mut found = BTreeMap::new();
    for entry in tree.entries()? {
        let entry = entry?;
        if let Node::File { digest, size_bytes, .. } = entry.node
            && wanted.contains(&entry.path)
        {
            found.insert(entry.path, (digest, size_bytes));
        }
    }
    Ok(found)
}

/// Reads the packages of a repository; none where a tree has it not.
fn list(tree: &dyn TreeReader, found: Option<&Found>) -> Result<PackageList> {
    let mut list = PackageList::new();
    if let Some(Found { primary: (data, content), .. }) = found {
        let from = open(tree, data, *content)?;
        packages(from, &data.path.to_string(), &mut |package| {
            list.push(&(&package).into(), package.source_rpm, &package.checksum);
            Ok(())
        })?;
    }
    Ok(list)
}

/// Opens what a list unpacks to, no more than what is stated of it.
fn open<'a>(
    tree: &'a dyn TreeReader,
    data: &Data,
    (digest, size_bytes): Content,
) -> Result<impl Read + use<'a>> {
    let (_, form) = Form::split(data.path.as_bytes());
    let limit = data.open_size_bytes.unwrap_or(PLAIN_BYTES_MAX);
    let failed =
        |source| Error::Io { action: "unpack", path: data.path.as_path().to_owned(), source };
    unpacked(form, tree.open(digest, size_bytes)?, limit).map_err(failed)
}
