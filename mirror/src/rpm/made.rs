//! Repositories in memory, and a supply of them, for the tests of this family.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Cursor, Read, Write as _};
use std::sync::Mutex;

use pinfold_store::sums::Sums;
use pinfold_store::{Checksum, Digest, RelPath};

use crate::Result;
use crate::supply::{Content, Root, Stage, Supplied, Supply, Wanted};
use crate::tree::tests::MemoryTree;

/// A package of a list: name, version and release, architecture.
pub(super) type Named<'a> = (&'a str, &'a str, &'a str);

/// Gives the SHA-256 of bytes in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sums::of(bytes).of_kind(pinfold_store::Algorithm::Sha256).unwrap().hex()
}

/// Packs by gzip.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What stands in the file of a package.
pub(super) fn package_bytes((name, evr, architecture): Named<'_>) -> Vec<u8> {
    format!("{name} {evr} {architecture}").into_bytes()
}

/// Where a package is, below its repository.
pub(super) fn package_path((name, evr, architecture): Named<'_>) -> String {
    format!("Packages/{name}-{evr}.{architecture}.rpm")
}

/// Writes a list of packages.
pub(super) fn primary(packages: &[Named<'_>]) -> String {
    let mut text = format!("<metadata packages=\"{}\">\n", packages.len());
    for one in packages {
        let (name, evr, architecture) = *one;
        let (version, release) = evr.split_once('-').unwrap();
        let bytes = package_bytes(*one);
        writeln!(
            text,
            "<package type=\"rpm\"><name>{name}</name><arch>{architecture}</arch>\
             <version epoch=\"0\" ver=\"{version}\" rel=\"{release}\"/>\
             <checksum type=\"sha256\" pkgid=\"YES\">{}</checksum><size package=\"{}\"/>\
             <location href=\"{}\"/><format/></package>",
            sha256(&bytes),
            bytes.len(),
            package_path(*one),
        )
        .unwrap();
    }
    text + "</metadata>\n"
}

/// Metadata of one kind: its kind, its name or only its ending behind a checksum, its bytes, and what they unpack to.
pub(super) struct Made<'a> {
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) bytes: Vec<u8>,
    pub(super) open: Option<Vec<u8>>,
}

impl<'a> Made<'a> {
    /// Makes metadata that are packed by gzip under a name with their checksum.
    pub(super) fn packed(kind: &'a str, name: &'a str, text: &str) -> Self {
        Self { kind, name, bytes: gzip(text.as_bytes()), open: Some(text.as_bytes().to_vec()) }
    }

    /// Makes metadata that are as they are.
    pub(super) fn plain(kind: &'a str, name: &'a str, bytes: &[u8]) -> Self {
        Self { kind, name, bytes: bytes.to_vec(), open: None }
    }

    pub(super) fn path(&self) -> String {
        match self.name.strip_prefix('*') {
            Some(rest) => format!("repodata/{}-{rest}", sha256(&self.bytes)),
            None => format!("repodata/{}", self.name),
        }
    }
}

/// Writes a `repomd.xml`.
pub(super) fn repomd(all: &[Made<'_>]) -> String {
    let mut text = "<repomd>\n<revision>1</revision>\n".to_owned();
    for one in all {
        write!(
            text,
            "<data type=\"{}\"><checksum type=\"sha256\">{}</checksum><location href=\"{}\"/><size>{}</size>",
            one.kind,
            sha256(&one.bytes),
            one.path(),
            one.bytes.len()
        )
        .unwrap();
        if let Some(open) = &one.open {
            let (sum, size) = (sha256(open), open.len());
            write!(
                text,
                "<open-checksum type=\"sha256\">{sum}</open-checksum><open-size>{size}</open-size>"
            )
            .unwrap();
        }
        text.push_str("</data>\n");
    }
    text + "</repomd>\n"
}

/// Adds a repository to a tree, in a folder that is empty or ends in a slash.
pub(super) fn add(
    tree: &mut MemoryTree,
    folder: &str,
    packages: &[Named<'_>],
    more: Vec<Made<'_>>,
) {
    let list = primary(packages);
    let mut all = vec![Made::packed("primary", "*primary.xml.gz", &list)];
    all.extend(more);
    for one in packages {
        tree.files.insert(format!("{folder}{}", package_path(*one)), package_bytes(*one));
    }
    tree.files.insert(format!("{folder}repodata/repomd.xml"), repomd(&all).into_bytes());
    for one in all {
        tree.files.insert(format!("{folder}{}", one.path()), one.bytes);
    }
}

/// A tree as a supply, which notes what it is asked.
#[derive(Default)]
pub(super) struct Shelf {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The paths of root metadata that were asked for.
    pub(super) roots: Vec<String>,
    /// The paths of everything else.
    pub(super) asked: Vec<String>,
    /// What was opened, by its bytes.
    pub(super) opened: Mutex<Vec<Digest>>,
    pub(super) unpacked: Vec<(Content, Checksum)>,
    pub(super) judged: BTreeMap<Digest, String>,
}

impl Shelf {
    pub(super) fn of(tree: MemoryTree) -> Self {
        Self { files: tree.files, ..Self::default() }
    }

    /// Says how often what a path holds was opened.
    pub(super) fn times_opened(&self, path: &str) -> usize {
        let digest = Digest::of(&self.files[path]);
        self.opened.lock().unwrap().iter().filter(|one| **one == digest).count()
    }
}

impl Supply for Shelf {
    fn root(&mut self, path: &RelPath, _: u64) -> Result<Option<Root>> {
        self.roots.push(path.to_string());
        Ok(self.files.get(&path.to_string()).map(|bytes| {
            let content = Content { digest: Digest::of(bytes), size_bytes: bytes.len() as u64 };
            Root { bytes: bytes.clone(), content }
        }))
    }

    fn get(&mut self, _: Stage, wanted: &[Wanted]) -> Result<Vec<Supplied>> {
        let one = |wanted: &Wanted| {
            let Some(bytes) = self.files.get(&wanted.path.to_string()) else {
                return Supplied::Absent("it is not there".to_owned());
            };
            let (sums, size_bytes) = (Sums::of(bytes), bytes.len() as u64);
            let is_right = wanted.size_bytes.is_none_or(|size| size == size_bytes)
                && wanted.expect.sum().is_some_and(|sum| sums.has(&sum) == Some(true));
            match is_right {
                true => Supplied::Here(Content { digest: sums.digest, size_bytes }),
                false => Supplied::Wrong("it is another".to_owned()),
            }
        };
        let supplied = wanted.iter().map(one).collect();
        self.asked.extend(wanted.iter().map(|one| one.path.to_string()));
        Ok(supplied)
    }

    fn open(&self, content: Content) -> Result<Box<dyn Read + Send>> {
        self.opened.lock().unwrap().push(content.digest);
        let found = self.files.values().find(|bytes| Digest::of(bytes) == content.digest);
        Ok(Box::new(Cursor::new(found.unwrap().clone())))
    }

    fn judged(&self, content: Content, _: Digest) -> Result<Option<String>> {
        Ok(self.judged.get(&content.digest).cloned())
    }

    fn remember_judged(&mut self, _: Digest, verdicts: &[(Digest, String)]) -> Result<()> {
        self.judged.extend(verdicts.iter().cloned());
        Ok(())
    }

    fn has_unpacked(&self, packed: Content, plain: &Checksum) -> Result<bool> {
        Ok(self.unpacked.contains(&(packed, *plain)))
    }

    fn remember_unpacked(&mut self, pairs: &[(Content, Checksum)]) -> Result<()> {
        self.unpacked.extend_from_slice(pairs);
        Ok(())
    }
}
