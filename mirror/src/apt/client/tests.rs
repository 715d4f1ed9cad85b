use pinfold_store::Silent;
use pinfold_store::scan::Reading as _;

use super::*;
use crate::tree::tests::{MemoryTree, archive, path, put};

const KEY: &str =
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc=\n-----END PGP PUBLIC KEY BLOCK-----\n";

fn input<'a>(mirror: &'a Name, tree: &'a Path, roots: &'a [RelPath]) -> ClientInput<'a> {
    ClientInput {
        mirror,
        url: "https://m/debian/",
        tree,
        roots,
        suites: &[],
        public_key: Some(KEY),
        upstream_keyring: None,
        snapshots_url: None,
    }
}

#[test]
fn a_channel_is_one_stanza_a_suite_with_our_key() {
    let dir = tempfile::tempdir().unwrap();
    archive(dir.path());
    let roots = crate::apt::read(&MemoryTree::of(dir.path()), &Silent).unwrap().roots();
    let mirror: Name = "debian.security".parse().unwrap();
    let plain = input(&mirror, dir.path(), &roots);
    let files = client(&plain).unwrap();
    assert_eq!(files[0].path, "/etc/apt/sources.list.d/pinfold-debian.security.sources");
    let stanza = "\nTypes: deb\nURIs: https://m/debian/\nSuites: trixie\nComponents: main\nSigned-By: /etc/apt/keyrings/pinfold.asc\n";
    assert_eq!(files[0].content, format!("# Written by pinfold.\n{stanza}"));
    assert_eq!(
        (files[1].path.as_str(), files[1].content.as_str(), files.len()),
        (KEY_PATH, KEY, 2)
    );
    // A link's name where it is asked for; snapshots by date need both keys and win over what apt has built in.
    let suites = ["stable".to_owned()];
    let url = "https://m/snapshots/debian/@SNAPSHOTID@/";
    let more = ClientInput {
        suites: &suites,
        upstream_keyring: Some("/usr/share/keyrings/d.gpg"),
        snapshots_url: Some(url),
        ..plain.clone()
    };
    let files = client(&more).unwrap();
    assert!(files[0].content.contains("Suites: stable\n"));
    assert!(
        files[0]
            .content
            .contains("Signed-By: /etc/apt/keyrings/pinfold.asc /usr/share/keyrings/d.gpg\n")
    );
    assert_eq!(files[2].path, "/etc/apt/apt.conf.d/90pinfold-debian.security.conf");
    assert!(files[2].content.contains(&format!("Override::Label::Debian-Security \"{url}\";\n")));
    // At a date, or with upstream's signature: no key of ours, and dates of theirs do not count.
    let dated = client(&ClientInput { public_key: None, ..plain.clone() }).unwrap();
    assert!(dated[0].content.ends_with("Components: main\nCheck-Valid-Until: no\n"));
    let lost = ["sid".to_owned()];
    assert!(matches!(client(&ClientInput { suites: &lost, ..plain }), Err(Error::BadText { .. })));
}

#[test]
fn archives_of_every_shape_are_named_as_apt_wants_them() {
    for (root, url, suite) in [
        ("Release", "https://m/debian/", "Suites: ./\nSigned"),
        ("sub/dir/Release", "https://m/debian/", "Suites: sub/dir/\nSigned"),
        (
            "a/b/dists/x/updates/Release",
            "https://m/debian/a/b/",
            "Suites: x/updates\nComponents: main contrib\n",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        put(&dir.path().join(root), "Components: updates/main updates/contrib\n");
        let mirror = "m".parse().unwrap();
        let roots = [path(root)];
        let content = &client(&input(&mirror, dir.path(), &roots)).unwrap()[0].content;
        assert!(content.contains(&format!("URIs: {url}\n{suite}")), "{content}");
    }
}

#[test]
fn nothing_from_outside_can_forge_a_line() {
    let dir = tempfile::tempdir().unwrap();
    put(&dir.path().join("dists/x/Release"), "Components: main\u{1b}[2J\n");
    put(&dir.path().join("dists/y z/Release"), "Components: main\n");
    put(&dir.path().join("dists/ok/Release"), "Components: main\n");
    let mirror = "m".parse().unwrap();
    for root in ["dists/x/Release", "dists/y z/Release"] {
        assert!(
            matches!(
                client(&input(&mirror, dir.path(), &[path(root)])),
                Err(Error::BadText { .. })
            ),
            "{root}"
        );
    }
    let roots = [path("dists/ok/Release")];
    let good = input(&mirror, dir.path(), &roots);
    assert!(client(&good).is_ok());
    for url in ["", "m", "file:///etc", "https://m/\nTrusted: yes", "https://m/ x"] {
        assert!(client(&ClientInput { url, ..good.clone() }).is_err(), "{url:?}");
    }
    for keyring in ["relative.gpg", "/a b", "/a\nTrusted: yes"] {
        assert!(
            client(&ClientInput { upstream_keyring: Some(keyring), ..good.clone() }).is_err(),
            "{keyring:?}"
        );
    }
    for key in ["", "Trusted: yes", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\u{1b}"] {
        assert!(client(&ClientInput { public_key: Some(key), ..good.clone() }).is_err(), "{key:?}");
    }
}

#[test]
fn apt_reads_the_files_and_asks_where_it_should() {
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree");
    archive(&tree);
    let roots = crate::apt::read(&MemoryTree::of(&tree), &Silent).unwrap().roots();
    let mirror: Name = "debian.security".parse().unwrap();
    let plain = input(&mirror, &tree, &roots);
    let url = "https://m/snapshots/debian/@SNAPSHOTID@/";
    let keyring = Some("/usr/share/keyrings/d.gpg");
    let files = client(&ClientInput {
        upstream_keyring: keyring,
        snapshots_url: Some(url),
        ..plain.clone()
    })
    .unwrap();
    let etc = dir.path().join("etc");
    for file in &files {
        put(&etc.join(file.path.strip_prefix("/etc/apt/").unwrap()), &file.content);
    }
    let at = dir.path().display();
    let apt = |tool: &str, verb: &[&str]| {
        let mut call = std::process::Command::new(tool);
        call.args([
            "-o",
            &format!("Dir::State={at}/state"),
            "-o",
            &format!("Dir::Cache={at}/cache"),
        ]);
        call.args(["-o", "APT::Architecture=amd64"]).args(verb);
        // The folder of configuration must be known before the command line is read.
        put(&dir.path().join("apt.conf"), format!("Dir::Etc \"{at}/etc\";\n"));
        let done = call
            .env("APT_CONFIG", dir.path().join("apt.conf"))
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        assert!(
            done.status.success() && done.stderr.is_empty(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    };
    let asked = apt("apt-get", &["update", "--print-uris"]);
    assert!(asked.starts_with("'https://m/debian/dists/trixie/InRelease' "), "{asked}");
    let set =
        apt("apt-config", &["dump", "Acquire::Snapshots::URI::Override::Label::Debian-Security"]);
    assert_eq!(
        set,
        format!("Acquire::Snapshots::URI::Override::Label::Debian-Security \"{url}\";\n")
    );
}
