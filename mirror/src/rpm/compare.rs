//! Comparing the repositories of two trees: packages by name and architecture, and the advisories that came.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use pinfold_store::{Digest, Monitor, Node, RelPath};

use super::reading::repomds;
use super::select::Folder;
use super::{Advisory, Data, NewAdvisories, PackageList, Repomd, advisories, changes, packages};
use crate::change::{Lists, PackageChange};
use crate::gather::oddity;
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

/// The repositories of a tree.
type Repositories = BTreeMap<Folder, Found>;

/// Compares what two trees list, repository by repository.
///
/// Advisories that cannot be read are a problem for `monitor`: clients only advise by them.
///
/// Cost: memory for the names of both; a second for 100,000 packages. What did not change is not read.
///
/// # Errors
/// [`Error::BadMetadata`] where a list of packages cannot be followed; whatever reading it or `each` fails with.
pub fn compare_trees(
    old: &dyn TreeReader,
    new: &dyn TreeReader,
    each: &mut dyn FnMut(&PackageChange<'_>) -> Result<()>,
    monitor: &dyn Monitor,
) -> Result<(Lists, Vec<Advisory>)> {
    let (was, is) = (find(old)?, find(new)?);
    let folders: BTreeSet<&Folder> = was.keys().chain(is.keys()).collect();
    let mut lists = Lists { old: 0, new: 0 };
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
    Ok((lists, came((old, &was), (new, &is), monitor)?))
}

/// Finds the advisories that the new tree has and the old one has not, in whichever repository.
fn came(
    (old, was): (&dyn TreeReader, &Repositories),
    (new, is): (&dyn TreeReader, &Repositories),
    monitor: &dyn Monitor,
) -> Result<Vec<Advisory>> {
    let mut came = NewAdvisories::new();
    let known: BTreeSet<Digest> =
        lists_of_advisories(was).map(|(_, (digest, _))| *digest).collect();
    let mut anew = lists_of_advisories(is).filter(|(_, (digest, _))| !known.contains(digest));
    let Some(first) = anew.next() else { return Ok(Vec::new()) };
    for one in lists_of_advisories(was) {
        read_advisories((old, one), &mut |advisory| came.push_old(advisory), monitor)?;
    }
    for one in [first].into_iter().chain(anew) {
        read_advisories((new, one), &mut |advisory| came.push_new(advisory), monitor)?;
    }
    Ok(came.into_sorted())
}

fn lists_of_advisories(found: &Repositories) -> impl Iterator<Item = &(Data, Content)> {
    found.values().filter_map(|found| found.updateinfo.as_ref())
}

fn read_advisories(
    (tree, (data, content)): (&dyn TreeReader, &(Data, Content)),
    each: &mut dyn FnMut(Advisory),
    monitor: &dyn Monitor,
) -> Result<()> {
    let shown = data.path.to_string();
    let read = advisories(open(tree, data, *content)?, &shown, &mut |advisory| {
        each(advisory);
        Ok(())
    });
    match read {
        Err(Error::BadMetadata { path, why }) => {
            let why = format!("{why}: advisories behind that are left out");
            monitor.problem(&oddity(&path, &why));
            Ok(())
        }
        read => read,
    }
}

/// Finds the repositories of a tree and the lists that are compared.
fn find(tree: &dyn TreeReader) -> Result<Repositories> {
    let parsed = repomds(tree)?;
    let wanted: BTreeSet<&RelPath> =
        parsed.iter().flat_map(|(_, repomd)| &repomd.data).map(|data| &data.path).collect();
    let files = contents(tree, &wanted)?;
    let pick = |repomd: &Repomd, kind: &str| {
        let data = repomd.of_kind(kind)?;
        Some((data.clone(), *files.get(&data.path)?))
    };
    let mut found = Repositories::new();
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
fn contents(
    tree: &dyn TreeReader,
    wanted: &BTreeSet<&RelPath>,
) -> Result<BTreeMap<RelPath, Content>> {
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

#[cfg(test)]
mod tests;
