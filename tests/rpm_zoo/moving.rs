//! Upstreams that move while they are followed, that go back, and that build anew under old names.

use crate::harness::{
    Repo, Rpm, Switching, Upstream, UpstreamKey, count, following_rpm, long, walk,
};
use std::path::Path;

/// The files of a tree, with their bytes.
fn state(tree: &Path) -> Vec<(String, Vec<u8>)> {
    let shown = |path: &Path| path.strip_prefix(tree).unwrap().display().to_string();
    let files = walk(tree).into_iter().filter(|path| path.is_file());
    files.map(|path| (shown(&path), std::fs::read(&path).unwrap())).collect()
}

/// Follows an upstream that switches after each of these numbers of requests, and counts how often each of its states came of it.
fn switch(trees: [&Path; 2], after: impl Iterator<Item = usize>) -> [usize; 2] {
    let states = trees.map(state);
    let mut seen = [0, 0];
    for after in after {
        let upstream = Switching::serve(trees, after);
        let site = following_rpm(&upstream.url(), "connections = 3\n");
        let ran = site.run(&["sync", "lab"]);
        assert_eq!(ran.code, Some(0), "after {after}: {}", ran.said());
        let date = site.dates("lab").pop().unwrap();
        let found = state(&site.tree("lab", &date));
        let which = states.iter().position(|state| *state == found);
        let which = which.unwrap_or_else(|| panic!("after {after}: a mix\n{}", ran.said()));
        seen[which] += 1;
        assert!(upstream.asked() < 80, "after {after}: {} requests", upstream.asked());
    }
    seen
}

#[test]
fn an_upstream_that_switches_meanwhile_gives_one_state_and_never_a_mix() {
    // Trap 22: packages, and metadata, that are gone while repomd.xml is new.
    let repo = Repo::new();
    for number in 0..6 {
        repo.package("Packages", &format!("name{number}"), "1.0");
    }
    repo.createrepo(&[]);
    repo.sign(UpstreamKey::shared());
    let first = repo.copy();
    for number in 0..6 {
        repo.remove(&format!("Packages/name{number}-1.0-1.noarch.rpm"));
        repo.package("Packages", &format!("name{number}"), "2.0");
    }
    repo.createrepo(&[]);
    repo.sign(UpstreamKey::shared());
    let step = if long() { 1 } else { 2 };
    let seen = switch([&first.tree, &repo.tree], (1..=15).step_by(step));
    assert!(seen[1] > 0, "{seen:?}");
}

#[test]
fn a_package_that_stays_away_is_waited_for_and_then_named() {
    let repo = Repo::first();
    repo.second_state();
    let whole = repo.copy();
    repo.remove("Packages/alpha-2.0-1.noarch.rpm");
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    let ran = site.run(&["sync", "lab"]).expect(3).says("alpha-2.0-1.noarch.rpm");
    assert!(ran.err.contains("waiting for upstream"), "{}", ran.err);
    let asked = upstream.asked();
    assert!(count(&asked, "repomd.xml") > 1, "it may be another by now: {asked:?}");
    // It comes while it is waited for.
    for after in [8, asked.len() / 2] {
        let switching = Switching::serve([&repo.tree, &whole.tree], after);
        let site = following_rpm(&switching.url(), "patience = \"310ms\"\n");
        site.run(&["sync", "lab"]).expect(0);
    }
}

#[test]
fn a_state_that_goes_back_is_a_state_as_any_other() {
    // Trap 23.
    let repo = Repo::first();
    repo.createrepo(&["--revision", "20"]);
    repo.sign(UpstreamKey::shared());
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    let newer = repo.copy();
    repo.createrepo(&["--revision", "10", "--set-timestamp-to-revision"]);
    repo.sign(UpstreamKey::shared());
    site.ok(&["sync", "lab"]);
    // And the very bytes that stood before.
    for name in ["repomd.xml", "repomd.xml.asc"] {
        repo.file(&format!("repodata/{name}"), newer.read(&format!("repodata/{name}")));
    }
    for path in walk(&newer.at("repodata")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        repo.file(&format!("repodata/{name}"), std::fs::read(&path).unwrap());
    }
    upstream.asked();
    site.ok(&["sync", "lab"]);
    assert_eq!(site.dates("lab").len(), 3);
    assert_eq!(count(&upstream.asked(), ".rpm"), 0);
    let dates = site.dates("lab");
    assert_eq!(state(&site.tree("lab", &dates[0])), state(&site.tree("lab", &dates[2])));
    site.run(&["verify", "lab"]).expect(0);
}

#[test]
fn an_older_file_time_is_news_as_any_other() {
    // A mirror that answers by the time of its files would say "not modified" for ever.
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    repo.second_state();
    let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    for name in ["repomd.xml", "repomd.xml.asc"] {
        let file = repo.at(&format!("repodata/{name}"));
        std::fs::File::options().write(true).open(file).unwrap().set_modified(then).unwrap();
    }
    site.ok(&["sync", "lab"]);
    assert_eq!(site.dates("lab").len(), 2);
}

#[test]
fn a_package_that_is_built_anew_under_its_name_is_told() {
    // Trap 25.
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let old = repo.read("Packages/alpha-1.0-1.noarch.rpm");
    repo.add("Packages", &Rpm::new("alpha", "1.0").build(2));
    repo.createrepo(&[]);
    repo.sign(UpstreamKey::shared());
    let new = repo.read("Packages/alpha-1.0-1.noarch.rpm");
    assert_ne!(old, new);
    site.run(&["sync", "lab"]).expect(0).says("1 files have other bytes under their names");
    let dates = site.dates("lab");
    let diff = site.run(&["diff", &format!("lab@{}", dates[0])]).expect(1).out;
    assert!(diff.contains("rebuilt") && diff.contains("alpha"), "{diff}");
    site.run(&["diff", &format!("lab@{}", dates[0]), "--files"]).expect(1).says("replaced");
    // By date each state has its own; a channel has one at a time.
    let nginx = site.nginx();
    for (date, bytes) in dates.iter().zip([&old, &new]) {
        let path = format!("/snapshots/lab/{date}/Packages/alpha-1.0-1.noarch.rpm");
        assert!(nginx.get(&path).body == *bytes, "{date}");
    }
    let shown = "/archive.example.org/lab/Packages/alpha-1.0-1.noarch.rpm";
    assert!(nginx.get(shown).body == old);
    site.ok(&["promote", "lab", "--to", "production"]);
    assert!(nginx.get(shown).body == new);
    site.ok(&["rollback", "production"]);
    assert!(nginx.get(shown).body == old);
}
