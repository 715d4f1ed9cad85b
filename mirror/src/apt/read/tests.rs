use pinfold_store::Code;
use pinfold_store::scan::Reading as _;
use pinfold_store::{Silent, Tally};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::tree::tests::{MemoryTree, archive, path};

fn sha(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// A `Release` that lists files of a tree below a folder.
fn release(tree: &mut MemoryTree, folder: &str, names: &[&str]) {
    let mut text = String::from("Suite: x\nSHA256:\n");
    for name in names {
        let bytes = tree.files[&format!("{folder}{name}")].clone();
        text.push_str(&format!(" {} {} {name}\n", sha(&bytes), bytes.len()));
    }
    tree.files.insert(format!("{folder}Release"), text.into_bytes());
}

fn tree(files: &[(&str, &str)]) -> MemoryTree {
    let mut tree = MemoryTree::default();
    tree.files
        .extend(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())));
    tree
}

fn roots(reading: &Reading) -> Vec<String> {
    reading.roots().iter().map(ToString::to_string).collect()
}

#[test]
fn a_real_archive_is_read() {
    let dir = tempfile::tempdir().unwrap();
    archive(dir.path());
    let tree = MemoryTree::of(dir.path());
    let tally = Tally::default();
    let reading = read(&tree, &tally).unwrap();
    assert_eq!(tally.problems(), []);
    assert_eq!(roots(&reading), ["dists/stable/Release", "dists/trixie/Release"]);
    for (name, class) in [
        ("dists/trixie/Release", Class::Root),
        ("dists/trixie/main/binary-amd64/Release", Class::Other),
        ("dists/trixie/main/binary-amd64/Packages", Class::Other),
        ("dists/trixie/main/binary-amd64/Packages.gz", Class::Other),
        ("pool/main/f/foo_1.0_amd64.deb", Class::Fixed),
    ] {
        assert_eq!(reading.class(&path(name), Class::Other), class, "{name}");
    }
    let added = reading.added();
    assert_eq!(added.len(), 8, "four files, SHA256 and SHA512: {added:?}");
    assert!(added.is_sorted());
    for (new, shown) in &added {
        let bytes = &tree.files[&shown.to_string()];
        assert!(
            new.as_bytes().ends_with(format!("/by-hash/SHA256/{}", sha(bytes)).as_bytes())
                || new.as_bytes().contains(&b'5'),
            "{new:?}"
        );
        assert_eq!(reading.class(new, Class::Other), Class::Fixed);
        assert!(new.as_bytes().starts_with(b"dists/trixie/"));
    }
}

#[test]
fn names_have_the_class_that_formats_give_them() {
    let reading = Reading { listed: [path("d/x_1.tar.gz")].into(), ..Reading::default() };
    let (short, long) = ("a".repeat(40), "a".repeat(64));
    for (name, class) in [
        ("pool/a_1.deb".to_owned(), Class::Fixed),
        ("a_1.udeb".to_owned(), Class::Fixed),
        ("flat/a.dsc".to_owned(), Class::Fixed),
        ("a_1.orig.tar.xz".to_owned(), Class::Fixed),
        ("a_1.orig.tar.xz.asc".to_owned(), Class::Fixed),
        ("a_1.tar.gz".to_owned(), Class::Fixed),
        ("a_1-1.diff.gz".to_owned(), Class::Fixed),
        ("d/x_1.tar.gz".to_owned(), Class::Other),
        ("dists/x/main/dep11/icons-64x64.tar.gz".to_owned(), Class::Other),
        ("netboot.tar.gz".to_owned(), Class::Other),
        (format!("m/by-hash/SHA256/{long}"), Class::Fixed),
        (format!("m/by-hash/SHA1/{short}"), Class::Fixed),
        (format!("m/by-hash/SHA256/{short}"), Class::Other),
        (format!("m/by-hash/SHA256/{}", long.to_uppercase()), Class::Other),
        ("m/by-hash/SHA256/Packages.gz".to_owned(), Class::Other),
        ("m/Packages.diff/T-2026-11-22-0801.27-F-2026-11-20-1401.12.gz".to_owned(), Class::Fixed),
        ("m/Packages.diff/Index".to_owned(), Class::Other),
        ("project/trace/x".to_owned(), Class::Other),
    ] {
        assert_eq!(reading.class(&path(&name), Class::Other), class, "{name}");
    }
}

#[test]
fn every_file_that_is_not_what_its_release_says_is_named() {
    let mut tree = tree(&[
        ("dists/x/m/Packages", "one"),
        ("dists/x/m/Sources", "two"),
        ("dists/x/m/Contents", "three"),
        ("dists/x/m/fine", "4"),
    ]);
    release(&mut tree, "dists/x/", &["m/Packages", "m/Sources", "m/Contents", "m/fine"]);
    tree.files.insert("dists/x/m/Packages".to_owned(), b"ONE".to_vec());
    tree.files.insert("dists/x/m/Sources".to_owned(), b"longer".to_vec());
    tree.files.remove("dists/x/m/Contents");
    let tally = Tally::default();
    let Err(Error::Mismatch { count, first }) = read(&tree, &tally) else { panic!() };
    assert_eq!(count, 2);
    assert!(first.starts_with("dists/x/m/Packages: expected SHA256 "), "{first}");
    let named: Vec<String> = tally.problems().iter().map(|one| one.subject.clone()).collect();
    assert_eq!(named, ["dists/x/m/Packages", "dists/x/m/Sources"]);
    assert!(tally.problems().iter().all(|one| one.code == Code::ArchiveIncomplete));
}

#[test]
fn flat_archives_and_suites_at_any_depth_are_found() {
    for folder in ["", "sub/", "a/dists/b/updates/"] {
        let mut tree = tree(&[(&format!("{folder}Packages"), "")]);
        release(&mut tree, folder, &["Packages"]);
        let reading = read(&tree, &Silent).unwrap();
        assert_eq!(roots(&reading), [format!("{folder}Release")]);
        let (new, shown) = &reading.added()[0];
        assert_eq!(new.to_string(), format!("{folder}by-hash/SHA256/{}", sha(b"")));
        assert_eq!(shown.to_string(), format!("{folder}Packages"));
    }
}

#[test]
fn by_hash_names_that_are_there_are_compared_and_kept() {
    let hash = sha(b"one");
    let by_hash = format!("d/by-hash/SHA256/{hash}");
    let mut tree = tree(&[("d/Packages", "one"), (&by_hash, "one")]);
    release(&mut tree, "d/", &["Packages"]);
    assert_eq!(read(&tree, &Silent).unwrap().added(), []);
    // Of equal size, with other bytes.
    tree.files.insert(by_hash.clone(), b"two".to_vec());
    let Err(Error::Mismatch { first, .. }) = read(&tree, &Silent) else { panic!() };
    assert!(first.starts_with(&by_hash));
    // By hash alone.
    tree.files.remove("d/Packages");
    assert!(read(&tree, &Silent).is_err());
    tree.files.insert(by_hash.clone(), b"one".to_vec());
    assert_eq!(read(&tree, &Silent).unwrap().added(), []);
    // As a link, as aptly has it the other way round.
    tree.files.remove(&by_hash);
    tree.files.insert("d/Packages".to_owned(), b"one".to_vec());
    tree.links.insert(by_hash, "../../Packages".to_owned());
    assert_eq!(read(&tree, &Silent).unwrap().added(), []);
}

#[test]
fn added_names_never_stand_on_below_or_above_what_is_there() {
    let hash = sha(b"one");
    for there in [
        "d/by-hash".to_owned(),
        "d/by-hash/SHA256".to_owned(),
        format!("d/by-hash/SHA256/{hash}/x"),
    ] {
        let mut tree = tree(&[("d/Packages", "one"), (&there, "file")]);
        release(&mut tree, "d/", &["Packages"]);
        let tally = Tally::default();
        assert_eq!(read(&tree, &tally).unwrap().added(), [], "{there}");
        assert_eq!(tally.problems().len(), 1, "{there}");
    }
    let mut dangling = tree(&[("d/Packages", "one")]);
    dangling.links.insert(format!("d/by-hash/SHA256/{hash}"), "gone".to_owned());
    release(&mut dangling, "d/", &["Packages"]);
    assert_eq!(read(&dangling, &Silent).unwrap().added(), []);
    // Through a linked folder the name goes where the folder is.
    let mut linked = tree(&[("d/Packages", "one")]);
    linked.links.insert("d/by-hash".to_owned(), "../elsewhere".to_owned());
    release(&mut linked, "d/", &["Packages"]);
    assert_eq!(
        read(&linked, &Silent).unwrap().added()[0].0,
        path(&format!("elsewhere/SHA256/{hash}"))
    );
}

#[test]
fn a_listed_name_behind_a_link_is_the_file_that_it_leads_to() {
    let mut tree = tree(&[("d/i/2026/SUMS", "one"), ("d/i/current/SUMS", "one")]);
    release(&mut tree, "d/", &["i/2026/SUMS", "i/current/SUMS"]);
    tree.files.remove("d/i/current/SUMS");
    tree.links.insert("d/i/current".to_owned(), "2026".to_owned());
    let added = read(&tree, &Silent).unwrap().added();
    assert_eq!(
        added,
        [(path(&format!("d/i/2026/by-hash/SHA256/{}", sha(b"one"))), path("d/i/2026/SUMS"))]
    );
}

#[test]
fn the_pair_beside_in_release_must_say_the_same() {
    let key = crate::Key::generate("x", 1_795_000_000).unwrap();
    let mut tree = tree(&[("d/Packages", "one")]);
    release(&mut tree, "d/", &["Packages"]);
    let text = tree.files["d/Release"].clone();
    tree.files.insert("d/InRelease".to_owned(), key.clearsign(&text, 1_795_000_000).unwrap());
    let tally = Tally::default();
    assert_eq!(roots(&read(&tree, &tally).unwrap()), ["d/InRelease", "d/Release"]);
    assert_eq!(tally.problems(), []);
    tree.files.insert("d/Release".to_owned(), b"Suite: old\n".to_vec());
    drop(read(&tree, &tally).unwrap());
    assert_eq!(tally.problems()[0].subject, "d/Release");
}

#[test]
fn hostile_root_metadata_is_refused_or_left_alone() {
    for bad in ["", "<html>", "-----BEGIN PGP SIGNED MESSAGE-----\n"] {
        assert!(
            matches!(read(&tree(&[("d/InRelease", bad)]), &Silent), Err(Error::BadMetadata { .. })),
            "{bad}"
        );
    }
    let traversal = format!("SHA256:\n {} 1 ../../etc/passwd\n", sha(b""));
    assert!(matches!(
        read(&tree(&[("d/Release", &traversal), ("d/Release.gpg", "x")]), &Silent),
        Err(Error::BadMetadata { .. })
    ));
    let tally = Tally::default();
    let reading = read(&tree(&[("doc/Release", "notes, not metadata")]), &tally).unwrap();
    assert_eq!((roots(&reading).len(), tally.problems().len()), (0, 1));
    let mut huge = MemoryTree::default();
    huge.files.insert("InRelease".to_owned(), vec![b'a'; 10_000_001]);
    let Err(Error::BadMetadata { why, .. }) = read(&huge, &Silent) else { panic!() };
    assert!(why.contains("10000001"), "{why}");
}

#[test]
fn what_clients_dislike_silently_is_said() {
    let mut lonely = tree(&[("d/m/Packages.gz", "x")]);
    release(&mut lonely, "d/", &["m/Packages.gz"]);
    let tally = Tally::default();
    drop(read(&lonely, &tally).unwrap());
    assert!(tally.problems()[0].detail.contains("no packages"));
    let tally = Tally::default();
    let weak = format!("Suite: x\nMD5Sum:\n {} 1 m/Packages\n", "a".repeat(32));
    drop(read(&tree(&[("d/Release", &weak)]), &tally).unwrap());
    assert!(tally.problems()[0].detail.contains("refuse"));
}
