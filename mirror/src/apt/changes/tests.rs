use std::io::Read;
use std::sync::Mutex;

use pinfold_store::Digest;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::apt::packages::tests::real_lists;
use crate::tree::Entries;
use crate::tree::tests::{MemoryTree, path};
use crate::unpack::tests::packed;
use crate::unpack::{Form, unpacked};

fn sha(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// A stanza of a package.
fn stanza(name: &str, version: &str, architecture: &str, content: &str) -> String {
    format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nSource: src-{name} (1)\nFilename: {name}\nSize: 1\nSHA256: {}\n\n",
        sha(content.as_bytes())
    )
}

/// A list of packages, each `name version` or `name version architecture` or `name version architecture content`.
fn list(packages: &[&str]) -> Vec<u8> {
    let whole = |package: &&str| {
        let words: Vec<&str> = package.split(' ').collect();
        let word = |at: usize, other| words.get(at).copied().unwrap_or(other);
        stanza(words[0], word(1, ""), word(2, "amd64"), word(3, ""))
    };
    packages.iter().map(whole).collect::<String>().into_bytes()
}

/// Adds files below a folder and a `Release` that lists them.
fn suite(tree: &mut MemoryTree, folder: &str, files: &[(&str, Vec<u8>)]) {
    let mut text = String::from("Suite: x\nSHA256:\n");
    for (name, bytes) in files {
        text.push_str(&format!(" {} {} {name}\n", sha(bytes), bytes.len()));
        tree.files.insert(format!("{folder}{name}"), bytes.clone());
    }
    tree.files.insert(format!("{folder}Release"), text.into_bytes());
}

/// A tree of one suite, `lab`, and one list.
fn lab(packages: &[&str]) -> MemoryTree {
    let mut tree = MemoryTree::default();
    suite(&mut tree, "dists/lab/", &[("main/binary-amd64/Packages", list(packages))]);
    tree
}

/// Shows every change on one line.
fn shown(old: &dyn TreeReader, new: &dyn TreeReader) -> Result<Vec<String>> {
    let mut all = Vec::new();
    changes(old, new, &mut |change| {
        let text = String::from_utf8_lossy;
        let (mark, versions) = match change.change {
            Change::Added(new) => ('+', text(new).into_owned()),
            Change::Removed(old) => ('-', text(old).into_owned()),
            Change::Upgraded(old, new) => ('<', format!("{} {}", text(old), text(new))),
            Change::Downgraded(old, new) => ('>', format!("{} {}", text(old), text(new))),
            Change::Rebuilt(version) => ('=', text(version).into_owned()),
        };
        let kind = if change.kind == PackageKind::Source { "source" } else { "" };
        all.push(format!(
            "{} {} {}{kind} {mark} {} {versions}",
            text(change.suite),
            text(change.component),
            text(change.architecture),
            text(change.name)
        ));
        if change.kind == PackageKind::Binary {
            assert_eq!(text(change.source), format!("src-{}", text(change.name)));
        }
        Ok(())
    })?;
    Ok(all)
}

#[test]
fn every_kind_of_change_is_named() {
    for (old, new, expected) in [
        (&["a 1", "b 1"][..], &["b 1", "a 1"][..], &[][..]),
        (&["a 1"], &["a 1", "b 2"], &["+ b 2"]),
        (&["a 1", "b 2"], &["a 1"], &["- b 2"]),
        (&[], &[], &[]),
        (&["a 1"], &["a 2"], &["< a 1 2"]),
        (&["a 1.10"], &["a 1.9"], &["> a 1.10 1.9"]),
        (&["a 1"], &["a 1~rc1"], &["> a 1 1~rc1"]),
        (&["a 1 amd64 x"], &["a 1 amd64 y"], &["= a 1"]),
        (&["a 1.0"], &["a 1.00"], &["= a 1.00"]),
        (&["a 1", "a 2"], &["a 2", "a 3"], &["< a 1 3"]),
        (&["a 1", "a 10", "a 2"], &["a 3"], &["> a 10 3", "- a 2", "- a 1"]),
        (&["a 1"], &["a 2", "a 10", "a 3"], &["< a 1 10", "+ a 3", "+ a 2"]),
        (&["a 3", "a 1"], &["a 2", "a 0"], &["> a 3 2", "> a 1 0"]),
        (&["a 1", "a 1"], &["a 1"], &[]),
        (&["a 1 amd64 x", "a 1 amd64 y"], &["a 1 amd64 y"], &["= a 1"]),
        (&["c 1", "b 1", "a 1"], &["a 2", "b 1", "c 2"], &["< a 1 2", "< c 1 2"]),
        (&["a 1", "ab 1"], &["aa 1", "ab 1"], &["- a 1", "+ aa 1"]),
        (&["a"], &["a 1"], &["< a  1"]),
    ] {
        let expected: Vec<String> =
            expected.iter().map(|one| format!("lab main amd64 {one}")).collect();
        assert_eq!(shown(&lab(old), &lab(new)).unwrap(), expected, "{old:?} to {new:?}");
    }
}

/// A tree that remembers what was read of it.
struct Watched<'a>(&'a MemoryTree, Mutex<Vec<Digest>>);

impl TreeReader for Watched<'_> {
    fn entries(&self) -> Result<Entries<'_>> {
        self.0.entries()
    }

    fn open(&self, digest: Digest, size_bytes: u64) -> Result<Box<dyn Read>> {
        self.1.lock().unwrap().push(digest);
        self.0.open(digest, size_bytes)
    }
}

#[test]
fn only_lists_that_differ_are_read_and_in_the_quickest_form() {
    let same = list(&["s 1"]);
    let tree = |version: &str, forms: &[Form]| {
        let plain = list(&[&format!("a {version}")]);
        let mut files = vec![("main/binary-all/Packages".to_owned(), same.clone())];
        for form in forms {
            let name = format!("main/binary-amd64/Packages{}", form.ending());
            files.push((name, packed(*form, &plain)));
        }
        let files: Vec<(&str, Vec<u8>)> =
            files.iter().map(|(name, bytes)| (&**name, bytes.clone())).collect();
        let mut tree = MemoryTree::default();
        suite(&mut tree, "dists/lab/", &files);
        tree
    };
    for place in 0..Form::ALL.len() {
        let forms = &Form::ALL[place..];
        let (old, new) = (tree("1", forms), tree("2", forms));
        let (old, new) = (Watched(&old, Mutex::default()), Watched(&new, Mutex::default()));
        assert_eq!(shown(&old, &new).unwrap(), ["lab main amd64 < a 1 2"]);
        for (watched, version) in [(&old, "a 1"), (&new, "a 2")] {
            let release = Digest::of(&watched.0.files["dists/lab/Release"]);
            let read = Digest::of(&packed(forms[0], &list(&[version])));
            assert_eq!(*watched.1.lock().unwrap(), [release, read], "{:?}", forms[0]);
        }
    }
    // One form in common is enough to know that nothing changed.
    let (old, new) = (tree("1", &[Form::Gz, Form::Xz]), tree("1", &[Form::Zst, Form::Xz]));
    let (old, new) = (Watched(&old, Mutex::default()), Watched(&new, Mutex::default()));
    assert!(shown(&old, &new).unwrap().is_empty());
    assert_eq!((old.1.lock().unwrap().len(), new.1.lock().unwrap().len()), (1, 1));
    // No form in common, the same packages.
    assert!(shown(&tree("1", &[Form::Gz]), &tree("1", &[Form::Bz2])).unwrap().is_empty());
}

#[test]
fn suites_and_components_are_named_as_deb_lines_name_them() {
    let tree = |version: &str| {
        let plain = list(&[&format!("a {version}")]);
        let mut tree = MemoryTree::default();
        for (folder, names) in [
            (
                "dists/bookworm/",
                &["main/binary-amd64/Packages", "main/debian-installer/binary-amd64/Packages"][..],
            ),
            (
                "dists/bookworm/updates/",
                &["updates/main/binary-arm64/Packages", "Packages.diff/Index"],
            ),
            ("sub/", &["Packages"]),
            ("", &["./Packages", "Packages.gz"]),
        ] {
            let files: Vec<(&str, Vec<u8>)> = names
                .iter()
                .map(|name| {
                    (
                        *name,
                        if name.ends_with(".gz") {
                            packed(Form::Gz, &plain)
                        } else {
                            plain.clone()
                        },
                    )
                })
                .collect();
            suite(&mut tree, folder, &files);
        }
        let gz = tree.files.remove("./Packages").unwrap();
        tree.files.insert("Packages".to_owned(), gz);
        tree
    };
    assert_eq!(
        shown(&tree("1"), &tree("2")).unwrap(),
        [
            "/  amd64 < a 1 2",
            "bookworm main amd64 < a 1 2",
            "bookworm main/debian-installer amd64 < a 1 2",
            "bookworm/updates updates/main arm64 < a 1 2",
            "sub/  amd64 < a 1 2",
        ]
    );
}

#[test]
fn what_links_show_a_second_time_is_named_once() {
    let tree = |version: &str| {
        let mut tree = lab(&[&format!("a {version}")]);
        tree.links.insert("dists/stable".to_owned(), "lab".to_owned());
        // A suite of its own whose component is the other's.
        let mut other = MemoryTree::default();
        suite(
            &mut other,
            "dists/twin/",
            &[("main/binary-amd64/Packages", list(&[&format!("a {version}")]))],
        );
        tree.files
            .insert("dists/twin/Release".to_owned(), other.files["dists/twin/Release"].clone());
        tree.links.insert("dists/twin/main".to_owned(), "../lab/main".to_owned());
        tree
    };
    assert_eq!(shown(&tree("1"), &tree("2")).unwrap(), ["lab main amd64 < a 1 2"]);
    // A list that is a link, and one that stands under its by-hash name only.
    let by_hash = |version: &str, is_linked: bool| {
        let mut tree = lab(&[&format!("a {version}")]);
        let bytes = tree.files.remove("dists/lab/main/binary-amd64/Packages").unwrap();
        let name = format!("by-hash/SHA256/{}", sha(&bytes));
        tree.files.insert(format!("dists/lab/main/binary-amd64/{name}"), bytes);
        if is_linked {
            tree.links.insert("dists/lab/main/binary-amd64/Packages".to_owned(), name);
        }
        tree
    };
    assert_eq!(
        shown(&by_hash("1", false), &by_hash("2", true)).unwrap(),
        ["lab main amd64 < a 1 2"]
    );
    assert!(shown(&by_hash("1", false), &by_hash("1", true)).unwrap().is_empty());
}

#[test]
fn packages_for_all_architectures_are_named_once_and_others_by_their_list() {
    let tree = |version: &str, odd: &str| {
        let doc = format!("doc {version} all");
        let mut tree = MemoryTree::default();
        let of = |packages: &[&str]| list(packages);
        suite(
            &mut tree,
            "dists/lab/",
            &[
                ("main/binary-all/Packages", of(&[&doc])),
                (
                    "main/binary-amd64/Packages",
                    of(&[&doc, &format!("a {version}"), &format!("odd {odd}")]),
                ),
                ("main/binary-amd64v3/Packages", of(&[&doc, &format!("a {version}")])),
                ("contrib/binary-amd64/Packages", of(&[&doc])),
            ],
        );
        tree
    };
    assert_eq!(
        shown(&tree("1", "1 amd64"), &tree("2", "2 all")).unwrap(),
        [
            "lab contrib all < doc 1 2",
            "lab main all < doc 1 2",
            "lab main amd64 < a 1 2",
            "lab main all < odd 1 2",
            "lab main amd64v3 < a 1 2",
        ]
    );
    // In a flat archive the architectures share a list.
    let flat = |packages: &[&str]| {
        let mut tree = MemoryTree::default();
        suite(&mut tree, "", &[("Packages", list(packages))]);
        tree
    };
    assert_eq!(
        shown(
            &flat(&["a 1 amd64 x", "a 1 arm64 y"]),
            &flat(&["a 1 amd64 x", "a 2 arm64 y", "b 1 all"])
        )
        .unwrap(),
        ["/  arm64 < a 1 2", "/  all + b 1"]
    );
}

#[test]
fn sources_are_compared_by_their_files() {
    let tree = |directory: &str, version: &str, contents: &[&str]| {
        let mut text =
            format!("Package: s\nVersion: {version}\nDirectory: {directory}\nChecksums-Sha256:\n");
        for (number, content) in contents.iter().enumerate() {
            text.push_str(&format!(
                " {} {} s_{number}.tar.xz\n",
                sha(content.as_bytes()),
                content.len()
            ));
        }
        let mut tree = MemoryTree::default();
        suite(&mut tree, "dists/lab/", &[("main/source/Sources", text.into_bytes())]);
        tree
    };
    let old = tree("pool/a", "1", &["x", "y"]);
    for (new, expected) in [
        (tree("pool/b", "1", &["x", "y"]), &[][..]),
        (tree("pool/a", "1", &["x", "z"]), &["lab main source = s 1"]),
        (tree("pool/a", "1", &["x"]), &["lab main source = s 1"]),
        (tree("pool/a", "2", &["x", "y"]), &["lab main source < s 1 2"]),
    ] {
        assert_eq!(shown(&old, &new).unwrap(), expected);
    }
}

#[test]
fn a_suite_that_came_or_went_is_named_package_by_package() {
    let mut both = lab(&["a 1"]);
    suite(&mut both, "dists/new/", &[("main/binary-amd64/Packages", list(&["b 1"]))]);
    let one = lab(&["a 1"]);
    assert_eq!(shown(&one, &both).unwrap(), ["new main amd64 + b 1"]);
    assert_eq!(shown(&both, &one).unwrap(), ["new main amd64 - b 1"]);
    let counted = changes(&one, &both, &mut |_| Ok(())).unwrap();
    assert_eq!(counted, Lists { old: 1, new: 2 });
    let nothing = changes(&MemoryTree::default(), &MemoryTree::default(), &mut |_| Ok(()));
    assert_eq!(nothing.unwrap(), Lists { old: 0, new: 0 });
}

#[test]
fn what_cannot_be_followed_is_an_error_that_names_the_list() {
    let with = |name: &str, bytes: Vec<u8>, stated: usize| {
        let mut tree = MemoryTree::default();
        let text = format!(
            "SHA256:\n {} {stated} main/binary-amd64/Packages\n {} {} main/binary-amd64/{name}\n",
            sha(b"x"),
            sha(&bytes),
            bytes.len()
        );
        tree.files.insert("dists/lab/Release".to_owned(), text.into_bytes());
        tree.files.insert(format!("dists/lab/main/binary-amd64/{name}"), bytes);
        tree
    };
    let text = list(&["a 1"]);
    for (tree, why) in [
        (
            with("Packages.gz", b"no gzip".to_vec(), 9),
            "Packages.gz is no metadata that can be followed: line 0 is the last that can be read",
        ),
        (with("Packages.xz", packed(Form::Xz, &text), text.len() - 5), "it unpacks to more than"),
        (
            with("Packages.gz", packed(Form::Gz, b"Version: 1\n"), 11),
            "Packages.gz is no metadata that can be followed: the stanza at line 1: it has no field Package",
        ),
        (
            with("Packages.gz", packed(Form::Gz, b"Package: a\nSHA256: 0\n"), 21),
            "package a, field SHA256: it is no checksum: 0",
        ),
    ] {
        let error = shown(&lab(&["a 1"]), &tree).unwrap_err();
        assert!(matches!(error, crate::Error::BadMetadata { .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn a_day_of_a_real_archive_is_compared() {
    let size = |path: &std::path::PathBuf| path.metadata().unwrap().len();
    let path_of_list = real_lists().into_iter().max_by_key(size).unwrap();
    let (_, form) = Form::split(path_of_list.as_os_str().as_encoded_bytes());
    let mut old = String::new();
    let file = std::fs::File::open(&path_of_list).unwrap();
    unpacked(form, file, 1 << 30).unwrap().read_to_string(&mut old).unwrap();
    // Every 200th package goes, every 200th of the others gets a new version.
    let (mut new, mut expected, mut number) = (String::new(), Vec::new(), 0);
    for stanza in old.split_inclusive("\n\n") {
        number += 1;
        let field = |name: &str| {
            let line = stanza.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line[name.len().min(line.len())..].to_owned()
        };
        let (name, version) = (field("Package: "), field("Version: "));
        match number % 200 {
            7 => expected.push(format!("- {name} {version}")),
            9 => {
                let line = format!("Version: {version}\n");
                new.push_str(&stanza.replace(&line, &format!("Version: {version}+pinfold1\n")));
                expected.push(format!("< {name} {version} {version}+pinfold1"));
            }
            _ => new.push_str(stanza),
        }
    }
    let tree = |text: &str| {
        let mut tree = MemoryTree::default();
        suite(
            &mut tree,
            "dists/real/",
            &[("main/binary-amd64/Packages.lz4", packed(Form::Lz4, text.as_bytes()))],
        );
        tree
    };
    let mut found = Vec::new();
    changes(&tree(&old), &tree(&new), &mut |change| {
        let text = String::from_utf8_lossy;
        found.push(match change.change {
            Change::Removed(old) => format!("- {} {}", text(change.name), text(old)),
            Change::Upgraded(old, new) => {
                format!("< {} {} {}", text(change.name), text(old), text(new))
            }
            other => panic!("{other:?}"),
        });
        Ok(())
    })
    .unwrap();
    expected.sort();
    found.sort();
    assert!(number > 500, "{number} packages");
    assert_eq!(found, expected);
}

#[test]
fn the_place_of_a_list_follows_linked_folders() {
    let mut tree = lab(&["a 1"]);
    tree.links.insert("dists/lab/contrib".to_owned(), "../../elsewhere".to_owned());
    let text = String::from_utf8(tree.files["dists/lab/Release"].clone()).unwrap();
    let bytes = list(&["b 1"]);
    let line = format!(" {} {} contrib/binary-amd64/Packages\n", sha(&bytes), bytes.len());
    tree.files.insert("dists/lab/Release".to_owned(), (text + &line).into_bytes());
    tree.files.insert("elsewhere/binary-amd64/Packages".to_owned(), bytes);
    let found = indices(&tree).unwrap();
    let paths: Vec<&RelPath> = found.keys().collect();
    assert_eq!(
        paths,
        [&path("dists/lab/main/binary-amd64/Packages"), &path("elsewhere/binary-amd64/Packages")]
    );
    assert_eq!(found[paths[1]].component, b"contrib");
}

proptest::proptest! {
    #[test]
    fn the_changes_make_the_new_state_of_the_old_one(
        old in proptest::collection::vec(("[ab]", "[0-3~]{1,2}", "[xy]"), 0..8),
        new in proptest::collection::vec(("[ab]", "[0-3~]{1,2}", "[xy]"), 0..8),
    ) {
        let tree = |state: &[(String, String, String)]| {
            let words: Vec<String> = state.iter().map(|(n, v, c)| format!("{n} {v} amd64 {c}")).collect();
            lab(&words.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let set = |state: &[(String, String, String)]| -> BTreeSet<(String, String)> {
            state.iter().map(|(name, version, _)| (name.clone(), version.clone())).collect()
        };
        let (mut state, mut rebuilt) = (set(&old), BTreeSet::new());
        changes(&tree(&old), &tree(&new), &mut |change| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let pair = |version: &[u8]| (text(change.name), text(version));
            match change.change {
                Change::Added(is) => assert!(state.insert(pair(is))),
                Change::Removed(was) => assert!(state.remove(&pair(was))),
                Change::Upgraded(was, is) => {
                    assert!(compare_versions(was, is).is_lt() && state.remove(&pair(was)) && state.insert(pair(is)));
                }
                Change::Downgraded(was, is) => {
                    assert!(compare_versions(was, is).is_gt() && state.remove(&pair(was)) && state.insert(pair(is)));
                }
                Change::Rebuilt(version) => {
                    rebuilt.insert(pair(version));
                }
            }
            Ok(())
        }).unwrap();
        // What changed its spelling only: `0` and `00`.
        let respelled: Vec<_> = rebuilt.iter().filter(|pair| !state.contains(*pair)).cloned().collect();
        for (name, version) in respelled {
            let was = state.iter().find(|(other, old)| {
                *other == name && !set(&new).contains(&(name.clone(), old.clone()))
                    && compare_versions(old.as_bytes(), version.as_bytes()).is_eq()
            }).cloned().unwrap();
            state.remove(&was);
            state.insert((name.clone(), version.clone()));
            rebuilt.remove(&(name, version));
        }
        proptest::prop_assert_eq!(&state, &set(&new));
        let contents = |state: &[(String, String, String)], pair: &(String, String)| -> BTreeSet<String> {
            state.iter().filter(|(n, v, _)| (n, v) == (&pair.0, &pair.1)).map(|(_, _, c)| c.clone()).collect()
        };
        for pair in set(&old).intersection(&set(&new)) {
            proptest::prop_assert_eq!(rebuilt.contains(pair), contents(&old, pair) != contents(&new, pair));
        }
    }
}
