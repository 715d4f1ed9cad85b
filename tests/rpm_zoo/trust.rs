//! Who vouches for `repomd.xml`, and who does not.

use crate::harness::{Repo, Site, Switching, Upstream, UpstreamKey, count, following_rpm, write};

/// A site that trusts one key, and the repository that it follows.
fn trusting(repo: &Repo, key: &UpstreamKey) -> (Upstream, Site) {
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    write(site.dir().join("upstream.asc"), key.public());
    (upstream, site)
}

#[test]
fn what_nobody_trusted_signed_is_refused() {
    let repo = Repo::first();
    let (_upstream, site) = trusting(&repo, UpstreamKey::shared());
    let good = repo.read("repodata/repomd.xml.asc");
    let stranger = UpstreamKey::other("stranger", &[], "never");
    repo.sign(&stranger);
    site.run(&["sync", "lab"]).expect(4).says("repodata/repomd.xml is not authentic");
    // Trap 21: a key beside it is content, and no trust.
    repo.key(&stranger);
    site.run(&["sync", "lab"]).expect(4).says("repodata/repomd.xml is not authentic");
    repo.file("repodata/repomd.xml.asc", "<html>no signature</html>\n");
    site.run(&["sync", "lab"]).expect(4).says("repodata/repomd.xml");
    repo.file("repodata/repomd.xml.asc", "");
    site.run(&["sync", "lab"]).expect(4).says("repodata/repomd.xml");
    repo.remove("repodata/repomd.xml.asc");
    site.run(&["sync", "lab"])
        .expect(4)
        .says("repomd.xml.asc is not there")
        .says("unsigned = true");
    repo.file("repodata/repomd.xml.asc", &good);
    repo.edit_repomd(|text| text + "\n");
    site.run(&["sync", "lab"]).expect(4).says("repodata/repomd.xml is not authentic");
    assert!(site.dates("lab").is_empty());
    repo.sign(UpstreamKey::shared());
    site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
    let date = site.dates("lab").pop().unwrap();
    for name in ["repomd.xml", "repomd.xml.asc", "repomd.xml.key"] {
        let path = format!("repodata/{name}");
        assert_eq!(std::fs::read(site.tree("lab", &date).join(&path)).unwrap(), repo.read(&path));
    }
    site.run(&["show", "lab"]).expect(0).says("Lab Archive");
}

#[test]
fn the_signature_of_the_old_state_is_asked_for_again_and_then_refused() {
    // Trap 20.
    let repo = Repo::first();
    let (upstream, site) = trusting(&repo, UpstreamKey::shared());
    site.ok(&["sync", "lab"]);
    let old = repo.read("repodata/repomd.xml.asc");
    repo.second_state();
    let whole = repo.copy();
    repo.file("repodata/repomd.xml.asc", old);
    upstream.asked();
    site.run(&["sync", "lab"]).expect(4).says("repodata/repomd.xml is not authentic");
    let asked = upstream.asked();
    assert!(count(&asked, "repomd.xml") > 1 && count(&asked, "repomd.xml.asc") > 1, "{asked:?}");
    assert_eq!(count(&asked, ".gz") + count(&asked, ".rpm"), 0, "nothing of it counts: {asked:?}");
    assert_eq!(site.dates("lab").len(), 1);
    // An upstream that is in the middle of it: the signature comes while it is looked at.
    for after in 1..=4 {
        let switching = Switching::serve([&repo.tree, &whole.tree], after);
        let site = following_rpm(&switching.url(), "");
        site.run(&["sync", "lab"]).expect(0);
        assert_eq!(site.dates("lab").len(), 1, "after {after}");
    }
}

#[test]
fn a_key_that_expired_since_is_a_warning_and_one_that_had_expired_is_none() {
    // Trap 21.
    let then = ["--faked-system-time", "20240101T000000"];
    let old = UpstreamKey::other("old", &then, "1y");
    let repo = Repo::first();
    repo.sign_with(&old, &["--faked-system-time", "20240601T000000"]);
    let (_upstream, site) = trusting(&repo, &old);
    site.run(&["sync", "lab"]).expect(1).says("repodata/repomd.xml").says("expired");
    assert_eq!(site.dates("lab").len(), 1);
    site.run(&["verify", "lab"]).expect(0);
    // What is signed when the key is over already counts for nothing: by a clock that is wrong, or by a thief.
    let late = UpstreamKey::other("late", &then, "never");
    repo.createrepo(&["--revision", "2"]);
    repo.sign(&late);
    late.expire(&["--faked-system-time", "20240201T000000"], "1y");
    write(site.dir().join("upstream.asc"), late.public());
    site.run(&["sync", "lab"])
        .expect(4)
        .says("repodata/repomd.xml is not authentic")
        .says("expired");
    // And nobody signs in the future.
    repo.createrepo(&["--revision", "3"]);
    repo.sign_with(UpstreamKey::shared(), &["--faked-system-time", "20990101T000000"]);
    write(site.dir().join("upstream.asc"), UpstreamKey::shared().public());
    site.run(&["sync", "lab"]).expect(4).says("repodata/repomd.xml is not authentic");
    assert_eq!(site.dates("lab").len(), 1);
}
