//! What the files make each program believe, and what their comments say of it.

use super::Followed;
use crate::harness::{Distribution, Dnf, Repo, Site, Upstream, Zypper, following_rpm, replace};

/// A site whose production shows what an upstream has now.
fn showing(repo: &Repo, more: &str) -> (Upstream, Site) {
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), more);
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production", "--allow-shrink"]);
    (upstream, site)
}

fn clients(site: &Site) -> (Dnf, Zypper) {
    let files = |tool| site.ok(&["client", "lab", "--json", "--tool", tool]);
    (Dnf::given(&files("dnf")), Zypper::given(&files("zypper")))
}

#[test]
fn a_key_is_asked_about_once_and_without_an_answer_nothing_is_believed() {
    let followed = Followed::new(Distribution::first());
    let _nginx = followed.site.nginx();
    let dnf = followed.dnf(&[]);
    dnf.run_alone(&["makecache"]).expect(1).says("Bad GPG signature");
    dnf.run(&["makecache"]).expect(0).says("Importing GPG key");
    dnf.run_alone(&["--refresh", "makecache"]).expect(0);
    let files = followed.site.ok(&["client", "lab", "--json", "--tool", "zypper"]);
    let zypper = Zypper::without_keys(&files);
    zypper.run(&["refresh"]).expect(4).says("signed with an unknown key");
    zypper.import_keys();
    zypper.ok(&["refresh"]);
}

#[test]
fn signed_metadata_may_name_packages_without_a_signature() {
    let repo = Repo::first();
    let (_upstream, site) = showing(&repo, "");
    let _nginx = site.nginx();
    let (dnf, zypper) = clients(&site);
    dnf.run(&["install", "alpha"]).expect(1).says("GPG check FAILED");
    dnf.edit("\ngpgcheck=1", "\ngpgcheck=0");
    dnf.ok(&["install", "alpha"]);
    zypper.ok(&["install", "alpha"]);
    zypper.edit("\ngpgcheck=1", "\ngpgcheck=1\npkg_gpgcheck=1");
    let ran = zypper.run(&["install", "steady"]).says("is unsigned");
    assert_ne!(ran.code, Some(0));
    assert_eq!(zypper.installed("steady"), None);
}

#[test]
fn signed_packages_are_proved_where_nobody_signs_what_lists_them() {
    let distribution = Distribution::first();
    distribution.repo.remove("repodata/repomd.xml.asc");
    let (_upstream, site) = showing(&distribution.repo, "unsigned = true\n");
    site.run(&["client", "lab"]).expect(0).says("\nrepo_gpgcheck=0\n");
    // The keys come by the mirror's file although nobody needs them of metadata.
    let keyring = site.dir().join("upstream.asc");
    let text = std::fs::read_to_string(site.dir().join("mirrors.d/lab.toml")).unwrap();
    let text = format!("keyrings = [\"{}\"]\n{text}", keyring.display());
    site.mirror("lab", &text);
    let _nginx = site.nginx();
    let (dnf, zypper) = clients(&site);
    dnf.ok(&["install", "alpha"]);
    zypper.ok(&["install", "alpha"]);
    // One package in between that nobody signed.
    distribution.repo.package("Packages", "unsigned", "1.0");
    distribution.index("1.0");
    distribution.repo.remove("repodata/repomd.xml.asc");
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production", "--allow-shrink"]);
    dnf.run(&["--refresh", "install", "unsigned"]).expect(1).says("GPG check FAILED");
    zypper.ok(&["refresh"]);
    zypper.run(&["install", "unsigned"]).says("is unsigned");
    assert_eq!(zypper.installed("unsigned"), None);
}

#[test]
fn where_nobody_signs_anything_nobody_is_asked() {
    let repo = Repo::first();
    repo.remove("repodata/repomd.xml.asc");
    let (_upstream, site) = showing(&repo, "unsigned = true\n");
    let _nginx = site.nginx();
    let (dnf, zypper) = clients(&site);
    dnf.ok(&["install", "alpha"]);
    zypper.ok(&["install", "alpha"]);
}

#[test]
fn a_torn_signature_stops_a_refresh_or_leads_zypper_past_the_mirror_as_the_files_say() {
    let followed = Followed::new(Distribution::first());
    let (site, upstream) = (&followed.site, &followed.upstream);
    let first = followed.distribution.repo.read("repodata/repomd.xml.asc");
    followed.distribution.second_state();
    followed.promote();
    // Upstream has gone on.
    followed.distribution.third_state();
    let _nginx = site.nginx();
    let (dnf, zypper) = (followed.dnf(&[]), followed.zypper(&[]));
    let fallback: &[&str] = &["--fallback", "upstream"];
    let (dnf_past, zypper_past) = (followed.dnf(fallback), followed.zypper(fallback));
    assert_eq!(dnf_past.offers("alpha").as_deref(), Some("2.0-1"));

    // What a client gets that asks for the one file before a move and for the other after it.
    let heads = site.root.join("www/channels/production/lab/heads");
    let signature = heads.join("repodata/repomd.xml.asc");
    let second = std::fs::read(&signature).unwrap();
    replace(&signature, &first);
    dnf.run(&["makecache"]).expect(1).says("Bad GPG signature");
    dnf_past.run(&["makecache"]).expect(1).says("Bad GPG signature");
    zypper.run(&["refresh"]).expect(4).says("Signature verification failed for file 'repomd.xml'");
    assert_eq!(upstream.asked(), Vec::<String>::new());
    assert_eq!(zypper_past.offers("alpha").as_deref(), Some("3.0-1"), "upstream's");

    replace(&signature, &second);
    assert_eq!(dnf.offers("alpha").as_deref(), Some("2.0-1"));
    assert_eq!(dnf_past.offers("alpha").as_deref(), Some("2.0-1"));
    assert_eq!(zypper.offers("alpha").as_deref(), Some("2.0-1"));
    assert_eq!(zypper_past.offers("alpha").as_deref(), Some("2.0-1"));
}
