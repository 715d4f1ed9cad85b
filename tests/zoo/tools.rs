//! Archives made by `reprepro` and by `aptly`, with their own quirks.

use crate::harness::{Apt, Archive, Site, Upstream, UpstreamKey, following, tool, write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packages of the harness in a folder of their own.
fn packages(archive: &Archive) -> Vec<PathBuf> {
    ["alpha", "steady"].map(|name| archive.package(name, "1.0")).to_vec()
}

/// A dated tree and a channel are used by a real apt-get.
fn is_used(site: &Site, suite: &str) {
    let date = site.dates("lab").pop().unwrap();
    site.ok(&["promote", "lab", "--to", "production"]);
    let _nginx = site.nginx();
    let ours = std::fs::read(site.root.join("www/pinfold.asc")).unwrap();
    for path in [format!("/snapshots/lab/{date}"), "/archive.example.org/lab".to_owned()] {
        let apt = Apt::new(
            &format!("deb [arch=amd64] http://127.0.0.1:{}{path} {suite} main", site.port),
            &[ours.clone(), UpstreamKey::shared().public()],
        );
        apt.get(&["update"]);
        apt.get(&["install", "alpha"]);
        assert_eq!(apt.installed("alpha").as_deref(), Some("alpha 1.0\n"), "{path}");
    }
    site.run(&["verify", "lab"]).expect(0);
}

fn reprepro(base: &Path, args: &[&str]) {
    tool(
        Command::new("reprepro")
            .args(["--silent", "--basedir"])
            .arg(base)
            .args(args)
            .env("GNUPGHOME", UpstreamKey::shared().home()),
    );
}

#[test]
fn what_reprepro_makes_is_followed() {
    let (archive, made) = (Archive::new(), crate::harness::temp_dir());
    write(
        made.path().join("conf/distributions"),
        "Origin: Lab\nLabel: Lab\nSuite: lab\nCodename: lab\nArchitectures: amd64 source\nComponents: main\nUDebComponents: main\nContents: percomponent nocompatsymlink\nSignWith: lab@example.org\n",
    );
    for deb in packages(&archive) {
        reprepro(
            made.path(),
            &["-S", "misc", "-P", "optional", "includedeb", "lab", deb.to_str().unwrap()],
        );
    }
    let upstream = Upstream::of(made.path(), "");
    let site =
        following(&upstream.url(), "architectures = [\"amd64\", \"source\"]\nudebs = true\n");
    let release = std::fs::read_to_string(made.path().join("dists/lab/Release")).unwrap();
    assert!(!release.contains("Acquire-By-Hash"), "reprepro has no by-hash");
    assert!(release.contains(" main/Contents-amd64\n"), "{release}");
    assert!(!made.path().join("dists/lab/main/Contents-amd64").exists(), "listed and not there");
    site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
    is_used(&site, "lab");
    site.run(&["sync", "lab"]).expect(0).says("nothing changed");
    site.sound();
}

fn aptly(home: &Path, args: &[&str]) {
    tool(
        Command::new("aptly")
            .arg(format!("-config={}", home.join("aptly.conf").display()))
            .args(args)
            .env("GNUPGHOME", UpstreamKey::shared().home()),
    );
}

#[test]
fn what_aptly_makes_is_followed() {
    let (archive, made) = (Archive::new(), crate::harness::temp_dir());
    let home = made.path();
    write(
        home.join("aptly.conf"),
        format!("{{\"rootDir\": \"{}\", \"gpgProvider\": \"gpg\"}}", home.display()),
    );
    aptly(home, &["repo", "create", "-distribution=lab", "-component=main", "lab"]);
    let debs = packages(&archive);
    aptly(home, &["repo", "add", "lab", debs[0].to_str().unwrap(), debs[1].to_str().unwrap()]);
    let publish = ["publish", "repo", "-batch", "-gpg-key=lab@example.org", "-architectures=amd64"];
    aptly(home, &[&publish[..], &["-acquire-by-hash", "lab"]].concat());
    let tree = home.join("public");
    let by_hash = tree.join("dists/lab/main/binary-amd64/by-hash");
    let links = crate::harness::walk(&by_hash).into_iter().filter(|path| path.is_symlink());
    assert!(links.count() > 0, "aptly has links inside by-hash");
    let release = std::fs::read_to_string(tree.join("dists/lab/Release")).unwrap();
    assert!(release.contains("SHA512:") && release.contains("Acquire-By-Hash: yes"), "{release}");
    let upstream = Upstream::of(&tree, "");
    let site = following(&upstream.url(), "");
    site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
    let asked = upstream.asked();
    let strong =
        asked.iter().filter(|line| line.contains("/by-hash/SHA512/") && line.ends_with("200"));
    assert!(strong.count() > 0, "the strongest by-hash name is asked for: {asked:?}");
    let date = site.dates("lab").pop().unwrap();
    let dated = site.tree("lab", &date).join("dists/lab/main/binary-amd64/by-hash");
    for algorithm in ["SHA256", "SHA512"] {
        for path in crate::harness::walk(&dated.join(algorithm)) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(name.bytes().all(|b| b.is_ascii_hexdigit()), "{name} is no checksum");
        }
    }
    is_used(&site, "lab");
    site.sound();
}
