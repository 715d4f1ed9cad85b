//! Who holds something, by digits, by a file below the root, by a path of an archive.
use super::{Days, days as days_of};
use crate::harness::{Archive, Site};
use std::os::unix::fs::MetadataExt;

const NOW: &str = "2026-11-20T12:00:00Z";

/// Six days; production showed the second and shows the third.
fn prepared() -> (Days, Vec<String>) {
    let days = Days::new("keep = { daily = 2 }", "grace = \"1d\"\n");
    let dates = days.nights("left", 1..=6);
    days.day("right", "2026-11-02");
    for day in [2, 3] {
        let (snapshot, at) =
            (format!("left@2026-11-{day:02}"), format!("2026-11-{day:02}T06:00:00Z"));
        days.at(&at, &["promote", &snapshot, "--to", "production"]).expect(0);
    }
    (days, dates)
}

fn explain(days: &Days, what: &str) -> serde_json::Value {
    days.json(NOW, &["prune", "--explain", what])
}

#[test]
fn an_object_is_explained_by_digits_and_by_every_name_that_it_has() {
    let (days, dates) = prepared();
    let whole = explain(&days, "always/there");
    let digest = whole["objects"][0]["object"].as_str().unwrap().to_owned();
    let root = days.site.root.display();
    let (shard, rest) = digest.split_at(2);
    for what in [
        digest.clone(),
        digest[..12].to_owned(),
        format!("{root}/objects/{shard}/{rest}"),
        format!("{root}/www/snapshots/left/{}/always/there", dates[4]),
        format!("{root}/www/channels/production/left/tree/always/there"),
        "left:always/there".to_owned(),
    ] {
        let held = explain(&days, &what)["objects"][0].clone();
        assert_eq!(held["object"], digest.as_str(), "{what}");
        assert_eq!(held["inodes"], 1);
        let paths = held["paths"].as_array().unwrap();
        assert_eq!(paths.len(), 2, "both mirrors have it: {held}");
        assert_eq!((&paths[0]["snapshots"], &paths[0]["trees"]), (&6.into(), &6.into()));
        // Its own name, and one in each tree.
        assert_eq!(held["links"], 1 + 6 + 1, "{what}");
    }
    let said = days.at(NOW, &["prune", "--explain", &digest]).expect(0);
    said.says(&format!("left always/there: {} to {}, in 6 snapshots, 6 trees", dates[0], dates[5]))
        .says(&format!("left@{} published: production shows it", dates[2]))
        .says(&format!("left@{} cold: a rollback of production goes back to it", dates[1]))
        .says(&format!("left@{} to be dropped: older than keep reaches", dates[0]))
        .says(&format!("it goes when all 5 that stay are dropped, left@{}", dates[1]));
}

#[test]
fn a_name_of_the_union_is_explained_too() {
    let site = Site::new();
    let archive = Archive::first();
    site.ingest(&archive.tree, &[]);
    let path = "pool/main/s/steady/steady_1.0_all.deb";
    let name = format!("{}/www/union/lab/{path}", site.root.display());
    let said = site.run(&["prune", "--explain", &name]).expect(0);
    drop(said.says(&format!("lab {path}: object")).says("the newest"));
    let links = std::fs::symlink_metadata(&name).unwrap().nlink();
    assert_eq!(links, 3, "the object, the tree, the union");
    drop(site.run(&["prune", "--explain", path]).expect(0).says("links: 3"));
}

#[test]
fn a_path_is_explained_span_by_span() {
    let (days, dates) = prepared();
    let said = explain(&days, "left:changes");
    assert_eq!(said["spans"].as_array().unwrap().len(), 6, "it changed every day");
    assert_eq!(said["spans"][1]["first"], dates[1].as_str());
    let other = explain(&days, "left:pool/2026-11-02/of-the-day");
    assert_eq!(other["objects"][0]["snapshots"][0]["state"], "cold");
    let gone = explain(&days, "pool/2026-11-01/of-the-day");
    assert_eq!(gone["objects"][0]["snapshots"][0]["state"], "to be dropped");
    days.at(NOW, &["prune", "--explain", "pool/2026-11-01/of-the-day"])
        .expect(0)
        .says("it goes with the next prune");
    days.at(NOW, &["prune", "--explain", "pool/2026-11-01/link"]).expect(0).says("a symbolic link");
    days.at(NOW, &["prune"]).expect(0);
    days.at(NOW, &["prune", "--explain", "pool/2026-11-01/of-the-day"])
        .expect(1)
        .says("no kept snapshot has it");
}

#[test]
fn snapshots_manifests_generations_and_what_is_nothing_of_ours() {
    let (days, dates) = prepared();
    let root = days.site.root.display().to_string();
    for what in [
        format!("left@{}", dates[2]),
        format!("{root}/snapshots/left/{}", dates[2]),
        format!("{root}/www/snapshots/left/{}", dates[2]),
        format!("{root}/www/channels/production/left/tree"),
    ] {
        let said = explain(&days, &what);
        assert_eq!(said["snapshots"][0]["snapshot"], format!("left@{}", dates[2]), "{what}");
        assert_eq!(said["snapshots"][0]["state"], "published");
    }
    let manifest = days.site.ok(&["show", &format!("left@{}", dates[2]), "--json"]);
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let (shard, rest) = manifest["manifest"].as_str().unwrap().split_at(2);
    let said = explain(&days, &format!("{root}/manifests/{shard}/{rest}.zst"));
    assert_eq!(said["snapshots"].as_array().unwrap().len(), 1);
    let says = |what: &str, code: i32, words: &str| {
        drop(days.at(NOW, &["prune", "--explain", what]).expect(code).says(words));
    };
    says(&format!("{root}/www/generations/production/1"), 0, "generation 1 of production");
    says("0123456789ab", 2, "no object begins with 0123456789ab");
    says("/etc/hostname", 2, "is not below");
    says(&format!("{root}/FORMAT"), 2, "is nothing that prune removes");
    says(&format!("{root}/nowhere"), 2, "cannot find");
    says("../pool", 2, "..");
    assert_eq!(days_of(&days.site.dates("left")).len(), 6, "it only says");
}
