//! A repository as `createrepo_c` makes it, followed day by day.

use crate::harness::{Repo, Upstream, count, following_rpm};

#[test]
fn a_repository_is_followed_by_the_difference() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    let dry = site.ok(&["sync", "lab", "--dry-run"]);
    assert!(dry.contains("would take 7 files") && dry.contains("fetch 2 of them"), "{dry}");
    assert!(site.dates("lab").is_empty(), "a dry run makes no snapshot");
    upstream.asked();
    site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
    assert_eq!(count(&upstream.asked(), ".rpm"), 2);
    repo.second_state();
    site.ok(&["sync", "lab"]);
    let asked = upstream.asked();
    assert_eq!(count(&asked, ".rpm"), 2, "alpha 2.0 and fresh; steady is in the store: {asked:?}");
    site.run(&["verify", "lab", "--deep"]).expect(0);
    site.sound();
}
