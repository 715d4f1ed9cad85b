//! The flow that a release manager follows: two days of an archive, staging, production, and back.
use crate::harness::{Apt, Archive, Site};
use std::os::unix::fs::MetadataExt;

/// Updates and says which version of `alpha` apt would take.
fn candidate(apt: &Apt) -> Option<String> {
    apt.get(&["update"]);
    apt.candidate("alpha")
}

#[test]
fn an_archive_is_dated_promoted_and_rolled_back_under_a_real_client() {
    let site = Site::new();
    let archive = Archive::first();
    let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    assert_eq!(first, "20260323T040000Z");
    assert_eq!(site.published("lab"), [first.as_str()], "ingest publishes what it made");
    let nginx = site.nginx();
    let path = "/archive.example.org/lab/dists/lab/InRelease";
    assert_eq!(nginx.get(path).status, 503, "nothing was promoted yet");
    assert!(nginx.get(path).header("retry-after").is_some());

    site.ok(&["promote", "lab", "--to", "staging", "--reason", "first state"]);
    site.ok(&["promote", "lab", "--to", "production", "--from", "staging"]);
    let apt = site.client("production");
    assert_eq!(candidate(&apt).as_deref(), Some("1.0"));
    apt.get(&["install", "alpha"]);
    assert_eq!(apt.installed("alpha").as_deref(), Some("alpha 1.0\n"));

    archive.second_state();
    let second = site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "staging"]);
    assert_eq!(candidate(&apt).as_deref(), Some("1.0"), "staging alone moved");
    assert_eq!(candidate(&site.client("staging")).as_deref(), Some("2.0"));
    site.ok(&["promote", "lab", "--to", "production", "--from", "staging", "--reason", "soaked"]);
    assert_eq!(candidate(&apt).as_deref(), Some("2.0"));
    let watcher = site.client("production");
    assert_eq!(candidate(&watcher).as_deref(), Some("2.0"), "it only looks, and installs nothing");
    apt.get(&["install", "fresh"]);
    apt.get(&["upgrade"]);
    assert_eq!(apt.installed("alpha").as_deref(), Some("alpha 2.0\n"));
    assert_eq!(site.shows("production", "lab"), Some(second.clone()));

    let said =
        site.run(&["rollback", "production", "--reason", "alpha 2.0 breaks boot"]).expect(0).said();
    assert!(said.contains("lab"), "{said}");
    assert_eq!(site.shows("production", "lab"), Some(first.clone()));
    assert_eq!(
        candidate(&watcher).as_deref(),
        Some("1.0"),
        "a client that had the newer state obeys"
    );
    assert!(watcher.candidate("fresh").is_none(), "what came with the newer state is gone");
    assert_eq!(
        candidate(&apt).as_deref(),
        Some("2.0"),
        "what is installed stays until it is downgraded"
    );
    apt.get(&["install", "--allow-downgrades", "alpha=1.0"]);
    assert_eq!(apt.installed("alpha").as_deref(), Some("alpha 1.0\n"));
    assert!(apt.candidate("fresh").is_some(), "the installed one is still a candidate");
    assert_eq!(candidate(&site.client("staging")).as_deref(), Some("2.0"), "staging stays");
    assert!(site.ok(&["log", "production"]).contains("alpha 2.0 breaks boot"));
    assert!(site.ok(&["channels"]).contains("production"));
    site.ok(&["verify", &format!("lab@{first}"), "--deep"]);
    site.ok(&["verify", "lab@2026-03-24"]);
    site.sound();
}

#[test]
fn dated_trees_keep_the_upstreams_bytes_and_answer_for_any_day_and_hour() {
    let site = Site::new();
    let archive = Archive::first();
    let original = std::fs::read(archive.tree.join("dists/lab/InRelease")).unwrap();
    site.ingest(&archive.tree, &["--taken", "2026-03-20T04:00:00Z"]);
    archive.second_state();
    site.ingest(&archive.tree, &["--taken", "2026-03-23T16:30:00Z"]);
    let newer = std::fs::read(archive.tree.join("dists/lab/InRelease")).unwrap();
    site.ok(&["promote", "lab", "--to", "production"]);
    let nginx = site.nginx();
    let dated = |date: &str| nginx.get(&format!("/snapshots/lab/{date}/dists/lab/InRelease"));
    for (date, bytes) in [
        ("20260320T040000Z", &original),
        ("20260320", &original),
        ("2026-03-20", &original),
        ("20260322", &original),
        ("20260324", &newer),
        ("20260323T15", &original),
        ("20260323T16", &newer),
        ("2026-03-23T16", &newer),
        ("20260323T23", &newer),
        ("20260328", &newer),
        // What apt --snapshot is given is free text: any time is the snapshot at or before it.
        ("20260320T040000Z", &original),
        ("20260320T040001Z", &original),
        ("2026-03-20T04:00:00Z", &original),
        ("20260323T162959Z", &original),
        ("20260323T163000Z", &newer),
        ("2026-03-23T16:29:59Z", &original),
        ("2026-03-23T16:29", &original),
        ("2026-03-23T16:30", &newer),
        ("2026-03-23T16%3A30%3A00Z", &newer),
        ("20260324T000000Z", &newer),
    ] {
        let reply = dated(date);
        assert_eq!(reply.status, 200, "{date}");
        assert_eq!(&reply.body, bytes, "{date}");
    }
    for date in [
        "20260319",
        "20260320T03",
        "20260320T035959Z",
        "2026-03-20T03:59",
        "20260323T166000Z",
        "20260323T16:3",
        "tomorrow",
        "..",
        "20260320T040000Z..",
        "@SNAPSHOTID@",
        "",
    ] {
        assert!(
            [404, 400, 403, 301].contains(&dated(date).status),
            "{date}: {}",
            dated(date).status
        );
    }
    let apt = site.client_of("/snapshots/lab/2026-03-22");
    assert_eq!(candidate(&apt).as_deref(), Some("1.0"));
    apt.get(&["install", "alpha"]);
}

#[test]
fn what_did_not_change_is_stored_once_and_makes_no_snapshot() {
    let site = Site::new();
    let archive = Archive::first();
    let first = site.ingest(&archive.tree, &[]);
    let objects = site.objects();
    let again = site.run(&["ingest", "lab", archive.tree.to_str().unwrap()]).expect(0);
    assert_eq!(site.dates("lab"), [first.as_str()], "{}", again.said());
    site.ok(&["ingest", "lab", archive.tree.to_str().unwrap(), "--even-if-unchanged"]);
    let dates = site.dates("lab");
    assert_eq!(dates.len(), 2);
    assert_eq!(site.objects(), objects, "not a byte is stored twice");
    let steady = "pool/main/s/steady/steady_1.0_all.deb";
    let inode = |date: &str| std::fs::metadata(site.tree("lab", date).join(steady)).unwrap().ino();
    assert_eq!(inode(&dates[0]), inode(&dates[1]), "one inode in both trees");
    let mode = std::fs::metadata(site.tree("lab", &first).join(steady)).unwrap().mode();
    assert_eq!(mode & 0o7777, 0o444);
    assert!(site.ok(&["snapshots"]).contains("none"), "trust is shown");
}

#[test]
fn a_rollback_pins_and_a_second_one_goes_further_back() {
    let site = Site::new();
    let archive = Archive::first();
    let mut dates = vec![site.ingest(&archive.tree, &["--taken", "2026-03-20T04:00:00Z"])];
    site.ok(&["promote", "lab", "--to", "production"]);
    for (version, day) in [("2.0", 21), ("3.0", 22), ("4.0", 23)] {
        archive.next_state(version, &format!("Mon, {day} Mar 2026 04:00:00 UTC"));
        dates.push(site.ingest(&archive.tree, &["--taken", &format!("2026-03-{day}T04:00:00Z")]));
        if version != "4.0" {
            site.ok(&["promote", "lab", "--to", "production"]);
        }
    }
    let shows = || site.shows("production", "lab").unwrap();
    assert_eq!(shows(), dates[2]);
    site.ok(&["rollback", "production"]);
    assert_eq!(shows(), dates[1]);
    site.ok(&["rollback", "production"]);
    assert_eq!(shows(), dates[0], "two rollbacks go back two steps");
    let held = site.run(&["promote", "--all", "--to", "production"]).expect(1);
    assert!(held.said().contains("pin"), "{}", held.said());
    assert_eq!(shows(), dates[0], "what a schedule would run does not undo a rollback");
    site.run(&["rollback", "production"]).expect(1);
    site.ok(&["promote", "lab", "--to", "production", "--reason", "mended"]);
    assert_eq!(shows(), dates[3], "an explicit promotion moves it");
    site.ok(&["rollback", "production", "--to", "2026-03-21"]);
    site.ok(&["promote", "lab@2026-03-22", "--to", "production"]);
    assert_eq!(shows(), dates[2]);
    let all = site.run(&["promote", "--all", "--to", "production"]).expect(0);
    assert_eq!(shows(), dates[3], "the pin went with the explicit promotion: {}", all.said());
    let number = site.generation("production");
    site.ok(&["rollback", "production", "--to", &(number - 1).to_string()]);
    assert_eq!(shows(), dates[2]);
    assert_eq!(site.generation("production"), number + 1, "numbers only grow");
}

#[test]
fn root_metadata_only_moves_forward_in_time() {
    let site = Site::new();
    let archive = Archive::first();
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    archive.second_state();
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    let head = site.root.join("www/channels/production/lab/heads/dists/lab/InRelease");
    let mut last = (0, Vec::new());
    for turn in 0..6 {
        let args: &[&str] = if turn % 2 == 0 {
            &["promote", "lab", "--to", "production"]
        } else {
            &["rollback", "production"]
        };
        site.ok(args);
        let now = (std::fs::metadata(&head).unwrap().mtime(), std::fs::read(&head).unwrap());
        assert!(now.0 > last.0 && now.1 != last.1, "turn {turn}: other bytes have a later time");
        last = now;
    }
    let text = String::from_utf8(last.1).unwrap();
    assert!(text.contains("Acquire-By-Hash: yes") && !text.contains("Valid-Until"), "{text}");
}
