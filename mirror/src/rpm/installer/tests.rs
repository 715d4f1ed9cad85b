use pinfold_store::Tally;

use super::*;
use crate::rpm::made::{Shelf, sha256};

/// Gets the installer of a repository with these files; says what came, what lacks and what was reported.
fn got(files: &[(&str, &[u8])]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let mut shelf = Shelf::default();
    let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()));
    shelf.files.extend(files);
    let (mut found, mut state) = (Gathered::default(), State::default());
    let tally = Tally::default();
    get(&mut shelf, &Folder::default(), (&mut found, &mut state), &tally).unwrap();
    let entries = found.into_entries().unwrap();
    let lacks = state.lacks.iter().map(|lack| lack.path.to_string()).collect();
    let problems = tally.problems().iter().map(|one| one.detail.clone()).collect();
    (entries.iter().map(|entry| entry.path.to_string()).collect(), lacks, problems)
}

fn info(sum: &str) -> String {
    format!(
        "[header]\ntype = productmd.treeinfo\n[checksums]\nimages/boot.iso = sha256:{sum}\n\
         repodata/repomd.xml = sha256:{sum}\n[images-x86_64]\nkernel = images/vmlinuz\n"
    )
}

#[test]
fn images_come_by_their_checksums_and_what_has_none_is_reported() {
    let info = info(&sha256(b"iso"));
    for name in [".treeinfo", "treeinfo"] {
        let (came, lacks, problems) =
            got(&[(name, info.as_bytes()), ("images/boot.iso", b"iso"), (".discinfo", b"1")]);
        let mut expected = [".discinfo", "images/boot.iso", name];
        expected.sort_unstable();
        assert_eq!(came, expected);
        assert_eq!(lacks, [] as [&str; 0]);
        let [problem] = &problems[..] else { panic!("{problems:?}") };
        assert!(problem.contains("images/vmlinuz without a checksum"), "{problem}");
    }
}

#[test]
fn an_image_that_is_missing_or_another_is_named() {
    let info = info(&sha256(b"iso"));
    for files in [
        &[(".treeinfo", info.as_bytes())][..],
        &[(".treeinfo", info.as_bytes()), ("images/boot.iso", b"osi")],
    ] {
        let (_, lacks, _) = got(files);
        assert_eq!(lacks, ["images/boot.iso"]);
    }
}

#[test]
fn an_upstream_without_an_installer_is_reported() {
    let (came, lacks, problems) = got(&[]);
    assert_eq!((came.len(), lacks.len()), (0, 0));
    assert!(problems[0].contains("no .treeinfo"), "{problems:?}");
}
