//! Manifests and records: made again where anything knows what was in them; and a snapshot of which nothing is left.
use super::{World, rot};
use crate::harness::walk;
use std::path::Path;
use std::process::Command;

#[test]
fn a_manifest_is_made_again_from_the_index_and_a_record_comes_from_another_store() {
    let gone: fn(&Path) = |path| std::fs::remove_file(path).unwrap();
    let emptied: fn(&Path) = |path| std::fs::write(path, "").unwrap();
    // A record is text: a flipped bit may leave it one that says something else.
    let torn: fn(&Path) = |path| {
        let text = std::fs::read(path).unwrap();
        std::fs::write(path, &text[..text.len() / 2]).unwrap();
    };
    let rotten: fn(&Path) = |path| rot(path);
    for (damage, damage_record) in [(gone, gone), (rotten, torn), (emptied, emptied)] {
        let world = World::new();
        let backup = world.site.dir().join("backup");
        let mut cp = Command::new("cp");
        assert!(cp.arg("-a").args([&world.site.root, &backup]).status().unwrap().success());
        let manifests = walk(&world.site.root.join("manifests"));
        for manifest in manifests.iter().filter(|path| path.is_file()) {
            damage(manifest);
        }
        world.site.run(&["fsck"]).expect(4).says("manifest-damaged");
        world.site.run(&["fsck", "--repair"]).expect(0).says("healed: manifest of lab@");
        world.site.sound();

        let record = world.site.root.join("snapshots/lab").join(&world.dates[0]);
        let text = std::fs::read(&record).unwrap();
        damage_record(&record);
        let found = world.site.run(&["fsck"]);
        assert!(matches!(found.code, Some(1 | 4)), "{}", found.said());
        assert_ne!(world.site.run(&["fsck", "--repair"]).code, Some(0), "nobody else knows it");
        let repair = ["fsck", "--repair", "--from", backup.to_str().unwrap()];
        world.site.run(&repair).expect(0).says("healed: record of lab@");
        assert_eq!(std::fs::read(&record).unwrap(), text);
        world.site.sound();
    }
}

#[test]
fn a_snapshot_whose_manifest_is_damaged_is_dropped_and_one_of_which_nothing_is_left_blocks_no_other()
 {
    let world = World::new();
    let manifest = |date: &str| {
        let shown = world.site.ok(&["show", &format!("lab@{date}"), "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let (shard, rest) = shown["manifest"].as_str().unwrap().split_at(2);
        world.site.root.join(format!("manifests/{shard}/{rest}.zst"))
    };
    let [first, second] = &world.dates;
    world.archive.next_state("3.0", "Wed, 25 Mar 2026 04:00:00 UTC");
    let third = world.site.ingest(&world.archive.tree, &["--taken", "2026-03-25T04:00:00Z"]);
    for date in [first, second] {
        rot(&manifest(date));
    }
    // The index knows what it held, and what its neighbour holds.
    world.site.ok(&["prune", &format!("lab@{first}")]);
    world.site.sound();

    // Now the index is lost as well.
    rot(&manifest(&third));
    std::fs::remove_file(world.site.root.join("index.sqlite")).unwrap();
    world.site.run(&["fsck", "--rebuild"]).expect(4).says("manifest-damaged");
    world.site.ok(&["pin", &format!("lab@{third}"), "audit", "--reason", "books"]);
    world.site.run(&["fsck", "--repair"]).expect(4).says("audit");
    world.site.ok(&["unpin", "lab", "audit"]);
    world.site.run(&["fsck", "--repair"]).expect(0).says("set-aside: record of lab@");
    let aside = |what: &str| world.site.root.join(format!("quarantine/lab@{third}.{what}"));
    assert!(std::fs::read_to_string(aside("record")).unwrap().contains("manifest = "));
    assert_eq!(world.site.dates("lab"), std::slice::from_ref(second));
    let tree = world.site.dir().join("tree-again");
    assert!(Command::new("mv").arg(aside("tree")).arg(&tree).status().unwrap().success());
    world.site.ingest(&tree, &["--taken", "2026-03-25T04:00:00Z"]);
    let again = Command::new("diff")
        .args(["-r", "-x", "by-hash"])
        .args([&world.archive.tree, &world.site.tree("lab", &third)])
        .status();
    assert!(again.unwrap().success(), "nothing that it had is lost");
    world.site.sound();
}
