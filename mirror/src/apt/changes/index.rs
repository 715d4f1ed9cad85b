//! The package lists of a tree, found by what its `Release` files list.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{RelPath, Silent};

use super::PackageKind;
use crate::apt::compare::Content;
use crate::apt::read::{Suite, below, find, suites, wants};
use crate::apt::release::Listed;
use crate::unpack::Form;
use crate::{Result, TreeReader};

/// The largest list that is read where no size is stated for the plain form.
const LIST_BYTES_MAX: u64 = 4 << 30;

/// A package list, in the forms that the tree has.
#[derive(Debug)]
pub(super) struct Index {
    /// The folder of its suite.
    folder: Vec<u8>,
    pub(super) suite: Vec<u8>,
    pub(super) component: Vec<u8>,
    /// Whose list it is, where its folder says so.
    pub(super) architecture: Option<Vec<u8>>,
    pub(super) kind: PackageKind,
    /// The files, the one first that unpacks quickest.
    pub(super) forms: BTreeMap<Form, Content>,
    /// The size of the plain form.
    pub(super) bytes_max: u64,
}

impl Index {
    /// Says whether both have a file of the same bytes, and so the same packages; or both none at all.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let shared = |(form, content)| other.forms.get(form) == Some(content);
        self.forms.iter().any(shared) || (self.forms.is_empty() && other.forms.is_empty())
    }
}

/// Finds the package lists of a tree by their plain names, links followed: what two suites show is in one place only.
pub(super) fn indices(tree: &dyn TreeReader) -> Result<BTreeMap<RelPath, Index>> {
    let (links, suites) = suites(tree, &Silent)?;
    let mut wanted = BTreeSet::new();
    let wants: Vec<_> = suites
        .iter()
        .map(|suite| (suite, wants(std::slice::from_ref(suite), &links, &mut wanted)))
        .collect();
    let found = find(tree, &wanted, &mut BTreeSet::new())?;
    let mut indices: BTreeMap<RelPath, Index> = BTreeMap::new();
    for (suite, wants) in wants {
        for want in wants {
            let Some((path, index)) = place(suite, want.listed, &|path| links.resolve(path)) else {
                continue;
            };
            let index = indices.entry(path).or_insert(index);
            if index.folder != suite.folder {
                continue;
            }
            let by_hash = || found.get(&links.resolve(&want.by_hash)?);
            let (_, form) = Form::split(want.listed.path.as_bytes());
            if let Some(content) = found.get(&want.real).or_else(by_hash) {
                index.forms.insert(form, *content);
            }
            if form == Form::Plain {
                index.bytes_max = want.listed.size_bytes;
            }
        }
    }
    Ok(indices)
}

/// Reads from a listed path which list it is; `None` where it is another kind of file. The path is that of the plain form.
fn place(
    suite: &Suite,
    listed: &Listed,
    resolve: &dyn Fn(&RelPath) -> Option<RelPath>,
) -> Option<(RelPath, Index)> {
    let mut parts: Vec<&[u8]> = listed.stem().split(|b| *b == b'/').collect();
    let kind = match parts.pop()? {
        b"Packages" => PackageKind::Binary,
        b"Sources" => PackageKind::Source,
        _ => return None,
    };
    let architecture = match kind {
        PackageKind::Binary => parts.last().and_then(|part| part.strip_prefix(b"binary-")),
        PackageKind::Source => None,
    };
    if architecture.is_some()
        || (kind == PackageKind::Source && parts.last().is_some_and(|part| *part == b"source"))
    {
        parts.pop();
    }
    let named = suite.folder.strip_prefix(b"dists/".as_slice());
    let index = Index {
        folder: suite.folder.clone(),
        suite: named.map_or_else(|| [&suite.folder, &b"/"[..]].concat(), <[u8]>::to_vec),
        component: parts.join(&b'/'),
        architecture: architecture.map(<[u8]>::to_vec),
        kind,
        forms: BTreeMap::new(),
        bytes_max: LIST_BYTES_MAX,
    };
    let path = below(&suite.folder, listed.stem())?;
    let (folder, name) = path.split();
    let real = RelPath::parse(folder).ok().and_then(|folder| resolve(&folder));
    let path = real.and_then(|folder| folder.join(name).ok()).unwrap_or(path);
    Some((path, index))
}
