//! The signatures that packages carry themselves: told and recorded, or required.

use crate::harness::{
    Repo, Rpm, Site, Upstream, UpstreamKey, follow_rpm, following_rpm, replace, walk, write,
};
use crate::rpm_signature::{header_only, main_header};
use std::path::Path;

fn stranger() -> UpstreamKey {
    UpstreamKey::other("stranger", &[], "never")
}

/// A repository whose packages are `alpha`, signed by the harness's key, and one for each thing that can be wrong.
fn mixed() -> Repo {
    let repo = Repo::new();
    let path = |name: &str| repo.at(&repo.package("Packages", name, "1.0"));
    UpstreamKey::shared().sign_rpm(&path("alpha"));
    path("bare");
    stranger().sign_rpm(&path("strange"));
    let damaged = path("damaged");
    UpstreamKey::shared().sign_rpm(&damaged);
    flip(&damaged);
    indexed(&repo);
    repo
}

/// Damages the payload.
fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    write(path, bytes);
}

fn indexed(repo: &Repo) {
    repo.createrepo(&[]);
    repo.sign(UpstreamKey::shared());
}

fn follow(url: &str, how: &str) -> Site {
    following_rpm(url, &format!("package-signatures = \"{how}\"\n"))
}

fn shown(site: &Site) -> serde_json::Value {
    serde_json::from_str(&site.ok(&["show", "lab", "--json"])).unwrap()
}

#[test]
fn what_packages_are_signed_by_is_told_and_kept_in_the_record() {
    let repo = mixed();
    let upstream = Upstream::of(&repo.tree, "");
    let site = follow(&upstream.url(), "report");
    site.run(&["sync", "lab", "--dry-run"]).expect(0);
    let ran = site.run(&["sync", "lab"]).expect(1);
    let ran = ran.says("Packages/bare-1.0-1.noarch.rpm: it carries no signature; of 4 packages");
    assert_eq!(ran.err.matches("archive-odd").count(), 1, "one line: {}", ran.err);
    let json = shown(&site);
    let key = json["proofs"][0]["signers"][0]["key"].as_str().unwrap().to_owned();
    assert_eq!(json["packages"]["signed"][&key], 1, "{json}");
    assert_eq!((&json["packages"]["unsigned"], &json["packages"]["bad"]), (&1.into(), &1.into()));
    assert_eq!(json["packages"]["unknown_key"].as_object().unwrap().len(), 1);
    let text = format!("packages  1 signed by {key}, 1 signed by ");
    site.run(&["show", "lab"])
        .expect(0)
        .says(&text)
        .says(", not in the keyring, 1 unsigned, 1 not what was signed");
    site.run(&["sync", "lab"]).expect(0).says("nothing changed");
    site.run(&["verify", "lab", "--deep"]).expect(0);
    // Where nobody asks, nothing is said.
    follow_rpm(&site, "lab", &upstream.url(), "");
    site.run(&["sync", "lab"]).expect(0);
    assert!(shown(&site)["packages"].as_object().unwrap().is_empty());
    assert!(!site.ok(&["show", "lab"]).contains("packages  "));
    site.sound();
}

#[test]
fn a_state_with_a_package_that_no_key_signed_is_refused_and_the_first_is_named() {
    let repo = mixed();
    let upstream = Upstream::of(&repo.tree, "");
    let site = follow(&upstream.url(), "require");
    let tree = repo.tree.to_str().unwrap();
    for (name, says) in [
        ("bare", "it carries no signature; of 4 packages 1 signed by "),
        ("damaged", "of 3 packages"),
        ("strange", "not in the keyrings; of 2 packages"),
    ] {
        let path = format!("Packages/{name}-1.0-1.noarch.rpm");
        let refused = format!("{path} is not authentic");
        site.run(&["sync", "lab"]).expect(4).says(&refused).says(says);
        site.run(&["ingest", "lab", tree]).expect(4).says(&refused);
        assert!(site.dates("lab").is_empty());
        repo.remove(&path);
        indexed(&repo);
    }
    site.run(&["sync", "lab"]).expect(0);
    // A signed header says nothing of a payload that it does not name: rpm refuses it, too.
    let old = header_only(&Rpm::new("old", "1.0").built(), &|bytes| {
        let file = repo.at("signing");
        write(&file, bytes);
        UpstreamKey::shared().sign_rpm(&file);
        let signed = std::fs::read(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        signed
    });
    repo.file("Packages/old-1.0-1.noarch.rpm", old);
    indexed(&repo);
    site.run(&["sync", "lab"]).expect(4).says("Packages/old-1.0").says("nothing signs its payload");
    follow_rpm(&site, "lab", &upstream.url(), "package-signatures = \"report\"\n");
    site.run(&["sync", "lab"]).expect(1).says("nothing signs its payload");
    site.run(&["show", "lab"]).expect(0).says("1 with an unsigned payload and a header signed by");
}

#[test]
fn a_package_is_one_whatever_it_is_called() {
    let repo = Repo::new();
    let path = repo.package("Packages", "bare", "1.0");
    indexed(&repo);
    let upstream = Upstream::of(&repo.tree, "");
    let site = follow(&upstream.url(), "require");
    for name in ["Packages/bare", "Packages/bare.RPM", "x/bare.rpm.drpm", "repodata/0123-bare"] {
        repo.createrepo(&[]);
        repo.edit("primary", |text| text.replace(&path, name));
        repo.file(name, repo.read(&path));
        repo.sign(UpstreamKey::shared());
        site.run(&["sync", "lab"]).expect(4).says(&format!("{name} is not authentic"));
    }
    // What is none at all is no signed one.
    repo.file(&path, b"no package");
    let (bytes, sum) = (b"no package".len(), crate::harness::hex("SHA256", b"no package"));
    repo.edit("primary", |text| {
        let old =
            text.split("pkgid=\"YES\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let size = text.split("<size package=\"").nth(1).unwrap().split('"').next().unwrap();
        let text = text
            .replace(&format!("<size package=\"{size}\""), &format!("<size package=\"{bytes}\""));
        text.replace(&old, &sum).replace("repodata/0123-bare", &path)
    });
    repo.sign(UpstreamKey::shared());
    site.run(&["sync", "lab"]).expect(4).says(&path).says("it ends within its lead");
    assert!(site.dates("lab").is_empty());
}

/// The object that has these bytes.
fn object(site: &Site, bytes: &[u8]) -> std::path::PathBuf {
    let objects = walk(&site.root.join("objects"));
    let found = objects.into_iter().filter(|path| path.is_file());
    found.into_iter().find(|path| std::fs::read(path).unwrap() == bytes).unwrap()
}

#[test]
fn a_package_is_judged_once_by_the_same_keys() {
    let repo = Repo::first();
    repo.sign_packages(UpstreamKey::shared());
    indexed(&repo);
    let upstream = Upstream::of(&repo.tree, "");
    let site = follow(&upstream.url(), "require");
    site.run(&["sync", "lab"]).expect(0);
    // What is read from now on is found to be another.
    let alpha = repo.read("Packages/alpha-1.0-1.noarch.rpm");
    let file = object(&site, &alpha);
    let mut bytes = alpha.clone();
    bytes[main_header(&alpha) + 200] ^= 1;
    let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
    let put = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        let file = std::fs::File::options().write(true).open(&file).unwrap();
        file.set_modified(modified).unwrap();
    };
    put(&bytes);
    let fresh = repo.at(&repo.package("Packages", "fresh", "0.1"));
    UpstreamKey::shared().sign_rpm(&fresh);
    indexed(&repo);
    site.run(&["sync", "lab"]).expect(0).says("took");
    let of_three = |site: &Site| {
        let signed = shown(site)["packages"]["signed"].clone();
        signed.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(of_three(&site), 3);
    site.run(&["sync", "lab", "--even-if-unchanged"]).expect(0);
    // By other keys everything is judged anew.
    let keyring = site.dir().join("upstream.asc");
    let both = [UpstreamKey::shared().public(), stranger().public()].concat();
    replace(&keyring, &both);
    site.run(&["sync", "lab", "--even-if-unchanged"]).expect(4).says("alpha-1.0-1.noarch.rpm");
    put(&alpha);
    site.run(&["fsck", "--deep"]).expect(0);
    // The key that signed them all is no longer believed.
    let key = shown(&site)["proofs"][0]["signers"][0]["key"].as_str().unwrap().to_owned();
    replace(&keyring, &stranger().public());
    let path = site.dir().join("mirrors.d/lab.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    site.mirror("lab", &format!("{text}unsigned = true\n"));
    site.run(&["sync", "lab"]).expect(4).says("not in the keyrings").says(&key[key.len() - 16..]);
}
