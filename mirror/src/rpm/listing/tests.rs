use std::num::NonZeroUsize;

use pinfold_store::{Silent, Tally};

use super::*;
use crate::rpm::made::{Named, primary};
use crate::rpm::{Nevra, packages};

/// Reads a list of packages as a sync does.
fn listed(text: &str, selection: &Selection) -> Result<Listing> {
    let mut listing = Listing::default();
    packages(text.as_bytes(), "primary.xml", &mut |one| {
        listing.add(&one, &Place::default(), selection)
    })?;
    Ok(listing)
}

fn names(listing: &Listing) -> Vec<String> {
    let name = |one: &Wanted| one.path.to_string();
    listing.wanted.iter().map(name).collect()
}

const THREE: [Named<'static>; 4] = [
    ("a", "1-1", "x86_64"),
    ("a", "10-1", "x86_64"),
    ("a", "9-1", "x86_64"),
    ("b", "1-1", "noarch"),
];

#[test]
fn without_a_number_of_versions_all_are_taken() {
    let mut listing = listed(&primary(&THREE), &Selection::default()).unwrap();
    listing.narrow();
    assert_eq!(listing.wanted.len(), 4);
}

#[test]
fn the_newest_versions_stay_and_all_of_a_module() {
    let newest = NonZeroUsize::new(1);
    let mut listing =
        listed(&primary(&THREE), &Selection { newest, ..Selection::default() }).unwrap();
    let other = Listing {
        modules: vec![Module {
            artifacts: vec![Nevra::parse("a-0:1-1.x86_64").unwrap()],
            ..Module::default()
        }],
        ..Listing::default()
    };
    // Lists are read beside each other, and come together in any order.
    listing = other.merge(listing);
    listing.narrow();
    let expected = ["a-1-1.x86_64", "a-10-1.x86_64", "b-1-1.noarch"];
    assert_eq!(names(&listing), expected.map(|name| format!("Packages/{name}.rpm")));
}

#[test]
fn a_path_that_leaves_the_tree_refuses_the_list_even_if_its_package_is_not_taken() {
    let text = primary(&[("a", "1-1", "src")]).replace("Packages/", "../");
    let selection = Selection { sources: false, ..Selection::default() };
    let error = listed(&text, &selection).unwrap_err().to_string();
    assert!(error.contains("leaves the tree") && error.contains("line 2"), "{error}");
}

#[test]
fn checksums_at_which_dnf_aborts_are_told_once_with_their_number() {
    let sum = "0".repeat(56);
    let text = primary(&THREE);
    let weak = regex::Regex::new("sha256\" pkgid=\"YES\">[0-9a-f]+").unwrap();
    let text = weak.replace_all(&text, format!("sha224\" pkgid=\"YES\">{sum}"));
    let tally = Tally::default();
    listed(&text, &Selection::default()).unwrap().tell_aborts("primary.xml", &tally);
    let [problem] = &tally.problems()[..] else { panic!("{:?}", tally.problems()) };
    assert!(problem.detail.starts_with("4 of its packages"), "{problem:?}");
    listed(&primary(&THREE), &Selection::default()).unwrap().tell_aborts("primary.xml", &Silent);
}

#[test]
fn a_list_that_would_fill_the_memory_is_refused() {
    let mut bound = Bound::default();
    assert!((0..FILES_MAX).all(|_| bound.count(1).is_ok()));
    assert!(bound.count(1).unwrap_err().contains("more than 1000000 entries"));
    let mut bound = Bound::default();
    let large = TEXT_BYTES_MAX / 4096;
    assert!((0..large).all(|_| bound.count(4096).is_ok()));
    assert!(bound.count(1).unwrap_err().contains("more than 536870912 bytes"));
    let place = Place::default();
    let deltas = |count: usize| {
        let one = "<newpackage><delta><filename>drpms/x</filename><checksum type=\"sha\">0000000000000000000000000000000000000000</checksum></delta></newpackage>";
        super::super::deltas::deltas(
            format!("<prestodelta>{}</prestodelta>", one.repeat(count)).as_bytes(),
            "x",
            &place,
        )
    };
    assert_eq!(deltas(3).unwrap().len(), 3);
    let error = deltas(FILES_MAX + 1).unwrap_err().to_string();
    assert!(error.contains("more than 1000000 entries"), "{error}");
}
