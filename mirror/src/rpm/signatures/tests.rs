use pinfold_store::{Class, Tally};

use super::*;
use crate::rpm::made::{Shelf, package_bytes};
use crate::rpm::select::Selection;

#[test]
fn what_the_index_keeps_is_read_back() {
    for (_, kind) in KINDS {
        for word in ["", "0123 why not"] {
            let judged = Judged { kind, word: word.to_owned() };
            assert_eq!(Judged::read(&judged.written()), Some(judged));
        }
    }
    for other in ["", "signed", "sealed 0123"] {
        assert_eq!(Judged::read(other), None, "{other}: of another version, and judged anew");
    }
}

#[test]
fn every_flaw_is_said_and_nothing_else_is() {
    for (name, kind) in KINDS {
        let judged = Judged { kind, word: "WORD".to_owned() };
        assert_eq!(judged.flaw().is_none(), name == "signed", "{name}");
        assert_eq!(judged.counts().to_string().matches('1').count(), 1, "{name}");
    }
}

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
