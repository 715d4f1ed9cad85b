//! What operators have today, the copies of `dnf reposync`, comes in by `ingest`, is proved, and serves clients again.

use crate::harness::{
    Distribution, Dnf, Site, Upstream, UpstreamKey, Zypper, temp_dir, tool, write,
};
use std::path::Path;
use std::process::Command;

/// A site with one mirror that follows nothing, and believes the harness's key.
fn fed() -> Site {
    let site = Site::fleeting();
    let keyring = site.dir().join("upstream.asc");
    write(&keyring, UpstreamKey::shared().public());
    site.mirror(
        "lab",
        &format!(
            "family = \"rpm\"\nmount = \"archive.example.org/lab\"\nkeyrings = [\"{}\"]\n",
            keyring.display()
        ),
    );
    site.ok(&["init"]);
    site
}

/// A machine of an operator, who wrote a section for each upstream.
fn operator(sections: &[(&str, String)]) -> Dnf {
    let own = "/etc/pki/rpm-gpg/own.asc";
    let content: String = sections
        .iter()
        .map(|(name, url)| {
            format!("[{name}]\nname={name}\nbaseurl={url}\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file://{own}\n")
        })
        .collect();
    let key = String::from_utf8(UpstreamKey::shared().public()).unwrap();
    let files = serde_json::json!([
        { "path": "/etc/yum.repos.d/own.repo", "content": content },
        { "path": own, "content": key },
    ]);
    Dnf::given(&files.to_string())
}

fn take(site: &Site, tree: &Path) {
    site.ok(&["ingest", "lab", tree.to_str().unwrap()]);
    site.run(&["show", "lab"]).expect(0).says("trust     signed").says("Lab Archive");
    site.ok(&["verify", "lab", "--deep"]);
    site.ok(&["promote", "lab", "--to", "production", "--allow-shrink"]);
}

#[test]
fn a_copy_with_its_metadata_is_proved_and_installs() {
    let distribution = Distribution::first();
    let upstream = Upstream::of(&distribution.repo.tree, "");
    let (site, to) = (fed(), temp_dir());
    let operator = operator(&[("lab", upstream.url())]);
    let words = ["--download-metadata", "--delete", "--remote-time"];
    operator.reposync(to.path(), &words);
    let copy = to.path().join("lab");
    take(&site, &copy);
    let _nginx = site.nginx();
    let dnf = Dnf::given(&site.ok(&["client", "lab", "--json"]));
    dnf.ok(&["install", "alpha", "tool"]);

    distribution.second_state();
    operator.reposync(to.path(), &words);
    take(&site, &copy);
    site.run(&["diff", "lab@2026-01-01", "lab"]).expect(2);
    let dates = site.dates("lab");
    let old = format!("lab@{}", dates[0]);
    site.run(&["diff", &old, "lab"]).expect(1).says("LAB-2026:2").says("fresh");
    dnf.ok(&["--refresh", "upgrade"]);
    assert_eq!(dnf.installed("alpha").as_deref(), Some("2.0-1"));

    std::fs::remove_file(copy.join("Packages/steady-1.0-1.noarch.rpm")).unwrap();
    let ran = site.run(&["ingest", "lab", copy.to_str().unwrap()]).expect(4);
    ran.says("Packages/steady-1.0-1.noarch.rpm");
    assert_eq!(site.dates("lab"), dates, "nothing came");
    site.sound();
}

#[test]
fn two_repositories_in_one_tree_are_two_files_of_a_client() {
    let (lab, extra) = (Distribution::first(), Distribution::first());
    extra.package("other", "1.0");
    extra.second_state();
    let upstreams = [&lab, &extra].map(|one| Upstream::of(&one.repo.tree, ""));
    let (site, to) = (fed(), temp_dir());
    let operator = operator(&[("lab", upstreams[0].url()), ("extra:1", upstreams[1].url())]);
    operator.reposync(to.path(), &["--download-metadata"]);
    take(&site, to.path());
    let _nginx = site.nginx();
    for form in [&[][..], &["--list"]] {
        let files = |tool| site.ok(&[&["client", "lab", "--json", "--tool", tool], form].concat());
        let (dnf, zypper) = (Dnf::given(&files("dnf")), Zypper::given(&files("zypper")));

        let list = dnf.ok(&["repolist"]);
        assert!(list.contains("lab-lab ") && list.contains("lab-extra-1 "), "{list}");
        dnf.ok(&["install", "other", "gone"]);
        assert_eq!(dnf.installed("alpha"), None);
        zypper.ok(&["install", "other", "gone"]);
    }
    std::fs::remove_file(to.path().join("extra:1/Packages/other-1.0-1.noarch.rpm")).unwrap();
    let ran = site.run(&["ingest", "lab", to.path().to_str().unwrap()]).expect(4);
    ran.says("extra:1/Packages/other-1.0-1.noarch.rpm");
}

#[test]
fn a_copy_without_metadata_is_refused_with_what_mends_it() {
    let distribution = Distribution::first();
    let upstream = Upstream::of(&distribution.repo.tree, "");
    let to = temp_dir();
    operator(&[("lab", upstream.url())]).reposync(to.path(), &[]);
    let copy = to.path().join("lab");
    let site = fed();
    let ran = site.run(&["ingest", "lab", copy.to_str().unwrap()]).expect(4);
    ran.says("createrepo_c").says("dnf reposync --download-metadata");
    assert!(site.dates("lab").is_empty());
    // The first of the two ways, for an operator who takes nobody's signature.
    tool(Command::new("createrepo_c").arg("--quiet").arg(&copy));
    site.run(&["ingest", "lab", copy.to_str().unwrap()]).expect(4).says("unsigned = true");
    site.mirror("lab", "family = \"rpm\"\nmount = \"archive.example.org/lab\"\n");
    site.ok(&["ingest", "lab", copy.to_str().unwrap()]);
    site.ok(&["verify", "lab"]);
    site.ok(&["promote", "lab", "--to", "production", "--allow-shrink"]);
    let _nginx = site.nginx();
    let dnf = Dnf::given(&site.ok(&["client", "lab", "--json"]));
    dnf.ok(&["install", "alpha"]);
}
