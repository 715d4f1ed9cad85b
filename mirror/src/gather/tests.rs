use pinfold_store::{Algorithm, Checksum, Digest};

use super::*;
use crate::Expect;

fn wanted(path: &str, digit: &str, size_bytes: Option<u64>) -> Wanted {
    let (algorithm, digits) = if digit.len() > 1 {
        (Algorithm::Md5, digit[..1].repeat(32))
    } else {
        (Algorithm::Sha256, digit.repeat(64))
    };
    let expect = Expect::Sum(Checksum::of_hex(algorithm, digits.as_bytes()).unwrap());
    Wanted { path: path.parse().unwrap(), also: Vec::new(), size_bytes, expect, origin: 0 }
}

#[test]
fn what_is_named_twice_is_wanted_once() {
    for (sizes, expected) in [
        ([Some(1), Some(1)], Some(1)),
        ([None, Some(1)], Some(1)),
        ([Some(1), None], Some(1)),
        ([None, None], None),
    ] {
        let twice = sizes.map(|size| wanted("a", "0", size)).to_vec();
        let [one] = &unique(twice).unwrap()[..] else { panic!("{sizes:?}") };
        assert_eq!(one.size_bytes, expected);
    }
    let two_kinds = vec![wanted("a", "0", Some(1)), wanted("a", "0 of another kind", Some(1))];
    assert_eq!(unique(two_kinds).unwrap().len(), 2, "either may be right, and both have to be");
}

#[test]
fn a_path_with_two_contents_is_refused() {
    for (one, other) in [
        (wanted("a", "0", Some(1)), wanted("a", "1", Some(1))),
        (wanted("a", "0", Some(1)), wanted("a", "0", Some(2))),
        (wanted("a", "0", Some(1)), wanted("a", "0 of another kind", Some(2))),
    ] {
        let error = unique(vec![wanted("b", "0", None), one, other]).unwrap_err().to_string();
        assert!(error.starts_with("a") || error.contains(" a"), "{error}");
        assert!(error.contains("two contents"), "{error}");
    }
}

fn gathered(files: &[(&str, &str, Class)]) -> Result<Vec<Entry>> {
    let mut found = Gathered::default();
    for (path, content, class) in files {
        let content = Content { digest: Digest::of(content.as_bytes()), size_bytes: 1 };
        found.add(path.parse().unwrap(), content, *class);
    }
    found.into_entries()
}

#[test]
fn of_a_path_that_came_twice_the_rarer_class_counts() {
    let files = [("b", "x", Class::Fixed), ("a", "x", Class::Fixed), ("a", "x", Class::Root)];
    let entries = gathered(&files).unwrap();
    let paths: Vec<String> = entries.iter().map(|entry| entry.path.to_string()).collect();
    assert_eq!(paths, ["a", "b"]);
    assert!(matches!(entries[0].node, Node::File { class: Class::Root, .. }));
}

#[test]
fn files_that_cannot_stand_beside_each_other_are_named() {
    for (files, why) in [
        ([("a", "x", Class::Fixed), ("a", "y", Class::Fixed)], "two files of the archive"),
        ([("a", "x", Class::Fixed), ("a/b", "y", Class::Fixed)], "a/b lies below it"),
    ] {
        let error = gathered(&files).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
