//! The lists that `apt-get update` left on this machine, planned by the code that a sync plans by.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use pinfold_store::sums::Sums;
use pinfold_store::{Checksum, Digest, Silent};

use super::*;
use crate::Archive as _;
use crate::Belief;
use crate::apt::packages::tests::real_lists;
use crate::apt::{Selection, SuiteName};
use crate::sign::split;
use crate::supply::Root;
use crate::supply::{Content, Stage, Supplied, Wanted};
use crate::unpack::{Form, unpacked};

/// A supply that has root metadata, one plain list, and every file that lists name.
#[derive(Default)]
struct Lists {
    root: Vec<u8>,
    list: Vec<u8>,
    /// How many files were asked for.
    asked: usize,
}

impl Supply for Lists {
    fn root(&mut self, path: &RelPath, _: u64) -> Result<Option<Root>> {
        let content = Content { digest: Digest::of(&self.root), size_bytes: 0 };
        let is_there = path.as_bytes().ends_with(b"/InRelease");
        Ok(is_there.then(|| Root { bytes: self.root.clone(), content }))
    }

    fn get(&mut self, stage: Stage, wanted: &[Wanted]) -> Result<Vec<Supplied>> {
        let here = |one: &Wanted| match stage {
            Stage::Files => Supplied::Here(Content {
                digest: Digest::of(one.expect.sum().unwrap().as_bytes()),
                size_bytes: one.size_bytes.unwrap(),
            }),
            Stage::Metadata if one.path.as_bytes().ends_with(b"/Packages") => {
                let sums = Sums::of(&self.list);
                assert_eq!(
                    sums.has(&one.expect.sum().unwrap()),
                    Some(true),
                    "{} is what apt has",
                    one.path
                );
                Supplied::Here(Content { digest: sums.digest, size_bytes: sums.size_bytes })
            }
            Stage::Metadata => Supplied::Absent("apt unpacked it".to_owned()),
        };
        if stage == Stage::Files {
            self.asked += wanted.len();
        }
        Ok(wanted.iter().map(here).collect())
    }

    fn open(&self, _: Content) -> Result<Box<dyn Read + Send>> {
        Ok(Box::new(std::io::Cursor::new(self.list.clone())))
    }

    fn has_unpacked(&self, _: Content, _: &Checksum) -> Result<bool> {
        Ok(false)
    }

    fn remember_unpacked(&mut self, _: &[(Content, Checksum)]) -> Result<()> {
        Ok(())
    }
}

/// The `InRelease` beside a list, less all lines of its lists but those of this list.
fn root(list: &Path) -> Option<(Vec<u8>, String)> {
    let name = list.file_name()?.to_str()?;
    let (suite, rest) = name.split_once("_main_binary-")?;
    let architecture = rest.split('_').next()?;
    let bytes = std::fs::read(list.with_file_name(format!("{suite}_InRelease"))).ok()?;
    let text = String::from_utf8(split::inline(&bytes).ok()?.text).unwrap();
    let own = format!("main/binary-{architecture}/Packages");
    let kept = text.lines().filter(|line| {
        line.split_whitespace()
            .nth(2)
            .is_none_or(|path| !line.starts_with(' ') || path.starts_with(&own))
    });
    let plain: String = kept
        .filter(|line| !line.ends_with(".diff/Index"))
        .fold(String::new(), |text, line| text + line + "\n");
    let frame = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{plain}-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n"
    );
    Some((frame.into_bytes(), architecture.to_owned()))
}

fn unpack(path: &PathBuf) -> Vec<u8> {
    let (_, form) = Form::split(path.as_os_str().as_encoded_bytes());
    let mut list = Vec::new();
    unpacked(form, std::fs::File::open(path).unwrap(), 1 << 30)
        .unwrap()
        .read_to_end(&mut list)
        .unwrap();
    list
}

#[test]
fn every_package_of_the_lists_of_this_machine_is_wanted_once() {
    let mut most = 0;
    for path in real_lists() {
        let Some((root, architecture)) = root(&path) else { continue };
        let list = unpack(&path);
        let mut paths: HashMap<String, usize> = HashMap::new();
        for line in String::from_utf8_lossy(&list).lines() {
            if let Some(path) = line.strip_prefix("Filename: ") {
                *paths.entry(path.to_owned()).or_default() += 1;
            }
        }
        let mut supply = Lists { root, list, asked: 0 };
        let selection = Selection {
            suites: vec![SuiteName::parse("any").unwrap()],
            architectures: vec![architecture],
            ..Selection::default()
        };
        let (belief, accepted) = (Belief::default(), BTreeMap::new());
        let archive = Archive { selection, belief, now: 0, accepted };
        let state = archive.survey(&mut supply, &Silent).unwrap();
        assert!(state.lacks.is_empty(), "{:?}", state.lacks);
        assert_eq!(supply.asked, paths.len(), "{}", path.display());
        // Besides the packages: root metadata, and the list under its own name and its checksum.
        let packages =
            state.entries.iter().filter(|entry| paths.contains_key(&entry.path.to_string()));
        assert_eq!(packages.count(), paths.len());
        assert_eq!(state.entries.len(), paths.len() + 3, "{}", path.display());
        most = most.max(paths.len());
    }
    assert!(most > 10_000, "the largest list has {most} packages");
}
