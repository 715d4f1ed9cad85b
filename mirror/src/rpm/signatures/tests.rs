use pinfold_store::{Class, Digest, Tally};

use super::*;
use crate::judged::PackageSignatures;
use crate::rpm::made::{Shelf, package_bytes};
use crate::rpm::select::Selection;

/// Two packages that are none of rpm at all.
fn packages(shelf: &mut Shelf) -> [Entry; 2] {
    ["a.rpm", "b.rpm"].map(|path| {
        let bytes = package_bytes((path, "1-1", "noarch"));
        let (digest, size_bytes) = (Digest::of(&bytes), bytes.len() as u64);
        shelf.files.insert(path.to_owned(), bytes);
        let node = Node::File { digest, size_bytes, class: Class::Fixed };
        Entry { path: path.parse().unwrap(), node, added: false }
    })
}

fn archive(package_signatures: PackageSignatures) -> Archive {
    Archive::unsigned(Selection { package_signatures, ..Selection::default() })
}

#[test]
fn what_no_key_signed_is_reported_and_counted_in_the_record() {
    let (mut shelf, mut state, tally) = (Shelf::default(), State::default(), Tally::default());
    let packages = packages(&mut shelf);
    let report = archive(PackageSignatures::Report);
    check(&report, &mut shelf, (&packages.each_ref(), &mut state), &tally).unwrap();
    let [problem] = &tally.problems()[..] else { panic!("{:?}", tally.problems()) };
    assert!(problem.subject == "a.rpm" && problem.detail.contains("of 2 packages"), "{problem:?}");
    assert_eq!(state.packages["bad"].as_integer(), Some(2));
}

#[test]
fn a_refused_state_is_not_read_again() {
    let (mut shelf, mut state, tally) = (Shelf::default(), State::default(), Tally::default());
    let packages = packages(&mut shelf);
    let require = archive(PackageSignatures::Require);
    for _ in 0..2 {
        let refused =
            check(&require, &mut shelf, (&packages.each_ref(), &mut state), &tally).unwrap_err();
        assert!(
            matches!(&refused, Error::NotAuthentic { path, .. } if path == "a.rpm"),
            "{refused}"
        );
    }
    assert_eq!(shelf.times_opened("a.rpm"), 1);
}
