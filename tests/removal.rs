//! Retiring, pruning, pins, and the union that keeps old names reachable as long as a snapshot that has them is published.
use crate::harness::{Archive, Site};

/// Two days, the second in production.
fn two_days() -> (Site, Archive, String, String) {
    let site = Site::new_fleeting();
    let archive = Archive::first();
    let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    archive.second_state();
    let second = site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    (site, archive, first, second)
}

#[test]
fn what_a_channel_or_pin_shows_stays() {
    let (site, _archive, first, second) = two_days();
    let shown = format!("lab@{second}");
    for verb in ["retire", "prune"] {
        let refused = site.run(&[verb, &shown]);
        assert!(matches!(refused.code, Some(1 | 2)), "{verb}: {}", refused.said());
        assert!(refused.says("production").code.is_some());
    }
    let held = format!("lab@{first}");
    site.ok(&["pin", &held, "audit", "--reason", "evidence"]);
    for verb in ["retire", "prune"] {
        let refused = site.run(&[verb, &held]);
        assert!(matches!(refused.code, Some(1 | 2)), "{verb}: {}", refused.said());
        assert!(refused.says("audit").code.is_some());
    }
    assert_eq!(site.published("lab").len(), 2);
    site.ok(&["verify", "lab@audit"]);
    site.ok(&["unpin", "lab", "audit"]);
    site.ok(&["retire", &held]);
    assert_eq!(site.published("lab"), [second.as_str()]);
    site.sound();
}

#[test]
fn a_retired_snapshot_answers_with_the_command_that_brings_it_back() {
    let (site, _archive, first, _second) = two_days();
    let nginx = site.nginx();
    let old = "/archive.example.org/lab/pool/main/a/alpha/alpha_1.0_all.deb";
    let dated = format!("/snapshots/lab/{first}/dists/lab/InRelease");
    assert_eq!(nginx.get(old).status, 200, "the union has yesterday's package");
    assert_eq!(nginx.get(&dated).status, 200);
    let held = format!("lab@{first}");
    site.ok(&["retire", &held]);
    assert_eq!(nginx.get(old).status, 404, "no published snapshot has it");
    assert_eq!(
        nginx.get("/archive.example.org/lab/pool/main/s/steady/steady_1.0_all.deb").status,
        200,
        "the other day has this one too"
    );
    let cold = nginx.get(&dated);
    assert_eq!(cold.status, 404);
    assert!(cold.text().contains("pinfold publish"), "{}", cold.text());
    site.ok(&["publish", &held]);
    site.ok(&["publish", &held]);
    assert_eq!((nginx.get(old).status, nginx.get(&dated).status), (200, 200));
    site.sound();
}

#[test]
fn a_damaged_tree_is_found_and_built_again() {
    let (site, _archive, first, _second) = two_days();
    let held = format!("lab@{first}");
    let tree = site.tree("lab", &first);
    let victim = tree.join("pool/main/a/alpha/alpha_1.0_all.deb");
    std::fs::remove_file(&victim).unwrap();
    let found = site.run(&["verify", &held]);
    assert!(matches!(found.code, Some(1 | 4)), "{}", found.said());
    assert!(found.says("alpha_1.0_all.deb").code.is_some());
    std::fs::write(tree.join("pool/intruder"), "x").unwrap();
    site.run(&["verify", &held]).says("intruder");
    site.ok(&["publish", &held]);
    assert!(victim.exists() && !tree.join("pool/intruder").exists());
    site.ok(&["verify", &held, "--deep"]);
    site.sound();
}

#[test]
fn pruning_collects_exactly_what_nobody_else_has() {
    let (site, _archive, first, second) = two_days();
    let before = site.objects();
    let held = format!("lab@{first}");
    let plan = site.run(&["prune", &held, "--dry-run"]).expect(0);
    assert_eq!(site.objects(), before, "{}", plan.said());
    site.ok(&["prune", &held]);
    assert_eq!(site.dates("lab"), [second.as_str()]);
    let left = site.objects();
    assert!(left < before, "alpha 1.0 and the old indices went");
    site.ok(&["verify", &format!("lab@{second}"), "--deep"]);
    site.sound();
    let lost = site.run(&["rollback", "production", "--to", "0"]);
    assert!(lost.code.is_some_and(|code| code != 70), "{}", lost.said());
    site.run(&["show", &held]).expect(2);
}

#[test]
fn the_index_can_be_lost() {
    let (site, _archive, first, second) = two_days();
    let shown = site.ok(&["snapshots", "--json"]);
    for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        drop(std::fs::remove_file(site.root.join(name)));
    }
    let before = site.objects();
    let refused = site.run(&["prune", &format!("lab@{first}")]);
    assert_eq!(
        site.objects(),
        before,
        "an empty index never reads as: everything is garbage\n{}",
        refused.said()
    );
    assert_ne!(refused.code, Some(0));
    site.ok(&["fsck", "--rebuild"]);
    assert_eq!(site.ok(&["snapshots", "--json"]), shown, "the same answers");
    site.ok(&["prune", &format!("lab@{first}")]);
    assert_eq!(site.dates("lab"), [second]);
    site.sound();
}

#[test]
fn a_rollback_to_what_was_pruned_names_it() {
    let (site, archive, first, _second) = two_days();
    site.ok(&["promote", &format!("lab@{first}"), "--to", "staging"]);
    site.ok(&["promote", "lab", "--to", "staging"]);
    archive.next_state("3.0", "Wed, 25 Mar 2026 04:00:00 UTC");
    site.ok(&["prune", &format!("lab@{first}")]);
    let refused = site.run(&["rollback", "staging"]);
    assert!(refused.code.is_some_and(|code| code != 0 && code != 70), "{}", refused.said());
    assert!(
        refused.said().contains("2026-03-23") || refused.said().contains("20260323"),
        "{}",
        refused.said()
    );
}
