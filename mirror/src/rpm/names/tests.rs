use super::super::href::Place;
use super::super::made::{Made, repomd};
use super::*;
use crate::rpm::Repomd;

/// Parses metadata of a name in `repodata/`.
fn data(name: &str) -> Data {
    let all = [Made::plain("primary", name, b"x")];
    let read = Repomd::parse(repomd(&all).as_bytes(), &Place::default(), "repomd.xml").unwrap();
    read.data.into_iter().next().unwrap()
}

#[test]
fn what_is_shown_beside_repomd_is_what_a_web_server_looks_for_there() {
    let words = regex::Regex::new(&format!("^(?:{})$", SITE.root_names)).unwrap();
    let stems = ["primary", "Comps_2", "a-b", "a.b", "é", "x+y", ""];
    let endings = ["", ".xml", ".yaml", ".sqlite", ".db", ".txt", ".gz", ".html", ".XML"];
    let packed = ["", ".gz", ".xz", ".zst", ".bz2", ".zck", ".lz4", ".gz.asc", ".1"];
    let mut roots = 0;
    for name in stems.iter().flat_map(|stem| endings.map(|ending| format!("{stem}{ending}"))) {
        for name in
            packed.map(|packed| format!("{name}{packed}")).iter().filter(|name| !name.is_empty())
        {
            let is_found = is_root(&data(name));
            assert_eq!(is_found, words.is_match(name), "{name}");
            roots += usize::from(is_found);
        }
    }
    assert!(roots > 50, "{roots} names are root metadata");
}

#[test]
fn root_metadata_of_every_repository_are_looked_for() {
    let words = regex::Regex::new(&format!("^(?:{})$", SITE.root_names)).unwrap();
    for path in [REPOMD, REPOMD_SIGNATURE, REPOMD_KEY] {
        let name = std::str::from_utf8(path).unwrap().rsplit('/').next().unwrap();
        assert!(words.is_match(name), "{name}");
    }
    assert!(words.is_match(crate::rpm::client::LIST_NAME));
    assert!(!words.is_match("media"));
}

#[test]
fn a_name_with_its_checksum_never_changes_and_so_is_no_root() {
    let hashes = regex::Regex::new(SITE.hash_names).unwrap();
    let hashed = data("*primary.xml.gz");
    assert!(hashed.is_hash_named() && !is_root(&hashed));
    assert!(hashes.is_match(&format!("/{}", hashed.path)));
    assert!(!hashes.is_match("/repodata/primary.xml.gz"));
}

#[test]
fn packages_and_deltas_are_known_by_their_endings() {
    for (name, expected) in [
        ("a/x.rpm", true),
        ("x.drpm", true),
        ("x.rpm.asc", false),
        ("rpm", false),
        ("x.RPM", false),
    ] {
        assert_eq!(is_package(&name.parse().unwrap()), expected, "{name}");
    }
}
