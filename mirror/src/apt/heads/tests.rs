use std::process::Command;

use pinfold_store::Silent;
use pinfold_store::scan::Reading as _;

use super::*;
use crate::key::public_armor;
use crate::tree::tests::{MemoryTree, archive, path, put};

const NOW: i64 = 1_795_000_000;

fn key() -> Key {
    Key::generate("Pinfold test", NOW).unwrap()
}

fn made(tree: &Path, key: &Key, date: i64) -> BTreeMap<String, Vec<u8>> {
    let reading = crate::apt::read(&MemoryTree::of(tree), &Silent).unwrap();
    let input = HeadsInput {
        tree,
        roots: &reading.roots(),
        date,
        key,
        signed: Signed::Local,
        snapshots_url: None,
    };
    heads(&input).unwrap().into_iter().map(|(path, bytes)| (path.to_string(), bytes)).collect()
}

#[test]
fn every_name_of_a_suite_shows_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    archive(dir.path());
    let heads = made(dir.path(), &key(), NOW);
    let names: Vec<&str> = heads.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "dists/stable/InRelease",
            "dists/stable/Release",
            "dists/stable/Release.gpg",
            "dists/trixie/InRelease",
            "dists/trixie/Release",
            "dists/trixie/Release.gpg"
        ]
    );
    assert_eq!(heads["dists/stable/InRelease"], heads["dists/trixie/InRelease"]);
    let release = Release::parse_signed(&heads["dists/stable/InRelease"], "x").unwrap();
    assert_eq!(Some(&release), Release::parse(&heads["dists/trixie/Release"], "x").ok().as_ref());
    assert_eq!(release.field("Acquire-By-Hash"), Some(b"yes".as_slice()));
}

#[test]
fn index_files_that_are_absent_are_not_listed() {
    let dir = tempfile::tempdir().unwrap();
    let (tree, key) = (dir.path(), key());
    let zeros = "0".repeat(64);
    let text = format!(
        "Suite: x\nSHA256:\n {zeros} 9 m/Packages\n {zeros} 9 m/Packages.gz\n {zeros} 9 m/Packages.xz\n {zeros} 9 m/Contents\n {zeros} 9 m/Contents.gz\n {zeros} 0 u/Packages\n {zeros} 20 u/Packages.gz\n {zeros} 1 h/SUMS\n"
    );
    put(&tree.join("Release"), text);
    put(&tree.join("m/Packages.gz"), "x");
    put(&tree.join("h/by-hash/SHA256").join(&zeros), "x");
    let listed = |tree: &Path| {
        let input = HeadsInput {
            tree,
            roots: &[path("Release")],
            date: NOW,
            key: &key,
            signed: Signed::Local,
            snapshots_url: None,
        };
        let release = Release::parse(&heads(&input).unwrap()[1].1, "x").unwrap();
        release.listed.iter().map(|file| file.path.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed(tree), ["m/Packages", "m/Packages.gz", "u/Packages", "h/SUMS"]);
}

#[test]
fn upstream_bytes_stay_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    put(&dir.path().join("dists/x/Release"), "not even metadata");
    let roots = [path("dists/x/Release")];
    let input = HeadsInput {
        tree: dir.path(),
        roots: &roots,
        date: NOW,
        key: &key(),
        signed: Signed::Upstream,
        snapshots_url: None,
    };
    assert_eq!(heads(&input).unwrap(), [(path("dists/x/Release"), b"not even metadata".to_vec())]);
    assert!(heads(&HeadsInput { roots: &[path("gone/Release")], ..input.clone() }).is_err());
    assert!(heads(&HeadsInput { signed: Signed::Local, ..input }).is_err());
}

#[test]
fn urls_of_snapshots_cannot_forge_fields() {
    for bad in [
        "",
        "https://m/@SNAPSHOTID@",
        "https://m/x/",
        "ftp://m/@SNAPSHOTID@/",
        "https://m/@SNAPSHOTID@/\nX: y/",
        "https://m/ @SNAPSHOTID@/",
    ] {
        assert!(check_snapshots_url(bad).is_err(), "{bad:?}");
    }
    assert!(check_snapshots_url("https://m/snapshots/debian/@SNAPSHOTID@/").is_ok());
}

/// Runs the real apt-get against a folder.
fn update(root: &Path, tree: &Path, key: &Key) -> (bool, String) {
    for folder in [
        "state/lists/partial",
        "cache/archives/partial",
        "etc/preferences.d",
        "etc/apt.conf.d",
        "etc/trusted.gpg.d",
    ] {
        put(&root.join(folder).join("x"), "");
    }
    put(&root.join("status"), "");
    put(&root.join("key.asc"), public_armor([&key.certificate()]).unwrap());
    // As a client has it: our key and upstream's, in two files.
    put(&root.join("upstream.asc"), public_armor([&self::key().certificate()]).unwrap());
    let source = format!(
        "Types: deb\nURIs: copy:{}\nSuites: stable\nComponents: main\nArchitectures: amd64\nSigned-By: {} {}\n",
        tree.display(),
        root.join("key.asc").display(),
        root.join("upstream.asc").display()
    );
    put(&root.join("etc/sources.list.d/x.sources"), source);
    let at = root.display();
    let apt = |tool: &str, verb: &[&str]| {
        let mut call = Command::new(tool);
        call.args([
            "-o",
            &format!("Dir::State={at}/state"),
            "-o",
            &format!("Dir::Cache={at}/cache"),
            "-o",
            &format!("Dir::Etc={at}/etc"),
        ]);
        call.args([
            "-o",
            &format!("Dir::State::status={at}/status"),
            "-o",
            "APT::Sandbox::User=",
            "-o",
            "APT::Architecture=amd64",
            "-o",
            "Acquire::Languages=none",
        ]);
        let done = call.args(verb).env("LC_ALL", "C").output().unwrap();
        (
            done.status.success(),
            String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned(),
        )
    };
    let (good, said) = apt("apt-get", &["update"]);
    (
        good && !said.contains("\nW:") && !said.starts_with("W:"),
        said + &apt("apt-cache", &["policy", "foo"]).1,
    )
}

#[test]
fn apt_takes_what_a_channel_shows_and_follows_it_back() {
    let dir = tempfile::tempdir().unwrap();
    let (tree, root, key) = (dir.path().join("tree"), dir.path().join("root"), key());
    archive(&tree);
    for (version, date) in [("1.0", NOW - 20), ("1.1", NOW - 10), ("1.0", NOW - 5)] {
        let packages = tree.join("dists/trixie/main/binary-amd64/Packages");
        let text = std::fs::read_to_string(&packages)
            .unwrap()
            .replace("Version: 1.1", "Version: 1.0")
            .replace("Version: 1.0", &format!("Version: {version}"));
        put(&packages, text);
        let script = "rm -f dists/trixie/main/binary-amd64/Packages.gz dists/trixie/Release dists/trixie/InRelease dists/trixie/Release.gpg && apt-ftparchive \
            -o APT::FTPArchive::Release::Suite=stable -o APT::FTPArchive::Release::Components=main -o APT::FTPArchive::Release::Architectures=amd64 release dists/trixie > r && mv r dists/trixie/Release";
        assert!(
            Command::new("sh").args(["-c", script]).current_dir(&tree).status().unwrap().success()
        );
        for (name, bytes) in made(&tree, &key, date) {
            put(&tree.join(name), bytes);
        }
        let (good, said) = update(&root, &tree, &key);
        assert!(good, "{said}");
        assert!(said.contains(&format!("Candidate: {version}")), "{version}: {said}");
    }
}
