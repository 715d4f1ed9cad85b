//! `clients` and `delete`: who came, and what goes for good.

use crate::harness::{Archive, Site, write};

/// Points on the way of a deletion, in order.
const POINTS: [&str; 12] = [
    "generation-recorded:1",
    "heads-written:1",
    "generation-placed:1",
    "flip-made:1",
    "retire-renamed:1",
    "union-reduced:1",
    "tree-removed:1",
    "record-removed:1",
    "drop-indexed:1",
    "object-removed:1",
    "manifest-removed:1",
    "drop-completed:2",
];

/// A site with two mirrors of which `gone` is to go: two snapshots, shown by both channels, one of them rolled back.
fn site() -> Site {
    let site = Site::fleeting();
    site.configure(&format!("logs = \"{}\"\n", site.dir().join("access").display()));
    for name in ["gone", "stays"] {
        site.mirror(name, &format!("family = \"apt\"\nmount = \"archive.example.org/{name}\"\n"));
    }
    site.ok(&["init"]);
    let archive = Archive::first();
    let tree = archive.tree.to_str().unwrap();
    site.ok(&["ingest", "gone", tree]);
    site.ok(&["ingest", "stays", tree]);
    site.ok(&["promote", "gone", "stays", "--to", "production"]);
    archive.second_state();
    site.ok(&["ingest", "gone", tree]);
    site.ok(&["promote", "gone", "--to", "production", "--allow-shrink"]);
    site.ok(&["promote", "gone", "--to", "staging"]);
    site.ok(&["rollback", "production", "gone"]);
    site
}

fn take_away(site: &Site) {
    std::fs::remove_file(site.dir().join("mirrors.d/gone.toml")).unwrap();
}

/// Nothing of it is left, and the other mirror has all that it had.
fn is_gone(site: &Site) {
    for place in ["snapshots", "www/snapshots", "www/union", "www/at"] {
        assert!(!site.root.join(place).join("gone").exists(), "{place}");
        assert!(site.root.join(place).join("stays").exists(), "{place}");
    }
    for channel in ["production", "staging"] {
        assert_eq!(site.shows(channel, "gone"), None);
    }
    assert!(site.shows("production", "stays").is_some());
    site.ok(&["verify", "stays", "--deep"]);
    site.sound();
    assert!(site.leftovers().is_empty(), "{:?}", site.leftovers());
}

#[test]
fn a_deletion_that_is_killed_anywhere_is_completed_by_the_next() {
    let args = ["delete", "gone", "--yes-delete-data", "--even-if-used"];
    let mut killed = 0;
    // One deletion, killed again and again, is as good as one for each.
    let site = site();
    take_away(&site);
    for point in POINTS {
        killed += usize::from(site.killed_at(point, &args));
    }
    assert!(killed >= 8, "{killed}");
    site.ok(&args);
    is_gone(&site);
    assert!(site.ok(&args).contains("nothing of gone is kept"));
    let log = site.ok(&["log", "production"]);
    assert!(log.contains("delete"), "{log}");
    site.run(&["rollback", "production", "--to", "2"]);
    assert_eq!(site.shows("production", "gone"), None, "a rollback does not bring it back");
}

#[test]
fn what_is_used_pinned_or_would_come_again_is_not_deleted() {
    let site = site();
    let yes = ["delete", "gone", "--yes-delete-data"];
    site.run(&yes).expect(2).says("configured").says("mirrors.d/gone.toml away");
    take_away(&site);
    site.run(&yes).expect(1).says("nobody can say").says("--even-if-used");
    let log = site.dir().join("access/gone.access.log");
    let line = |time: &str| {
        format!(
            "192.0.2.9 - - [{time}:14:50:11 +0000] \"GET /x HTTP/1.1\" 200 77 \"-\" \"apt\" channels/production\n"
        )
    };
    write(&log, line("27/Nov/2020"));
    site.run(&["clients", "gone"]).expect(0);
    let today = String::from_utf8(
        crate::harness::tool(
            std::process::Command::new("date").args(["-u", "+%d/%b/%Y"]).env("LC_ALL", "C"),
        )
        .stdout,
    )
    .unwrap();
    let late = line(today.trim()).replace(":14:50:11", ":00:00:00");
    write(&log, line("27/Nov/2020") + &late + "\u{1b}[2J hostile\n");
    let ran = site.run(&["clients", "gone"]).expect(0).says("192.0.2.9").says("77 B");
    let ran = ran.says("production").says("1 lines are not as nginx writes them");
    assert!(!ran.said().contains('\u{1b}'));
    site.run(&yes).expect(1).says("1 addresses fetched gone").says("192.0.2.9");
    // Who came earlier is no client any more.
    write(&log, line("27/Nov/2020"));
    site.ok(&["pin", "gone", "audit", "--reason", "the auditors"]);
    site.run(&yes)
        .expect(1)
        .says("pinned as 'audit'")
        .says("the auditors")
        .says("pinfold unpin gone audit");
    site.ok(&["unpin", "gone", "audit"]);
    site.run(&["delete", "gone"]).expect(2).says("--yes-delete-data does it");
    let before = site.objects();
    let said = site.ok(&["delete", "gone", "--dry-run"]);
    assert!(said.contains("would delete gone: 2 snapshots"), "{said}");
    assert_eq!((site.objects(), site.dates("gone").len()), (before, 2));
    let done = site.ok(&["delete", "gone", "--yes-delete-data"]);
    let weight = |text: &str| text.split(": ").nth(1).unwrap().to_owned();
    assert_eq!(weight(&done), weight(&said), "the plan says what is done");
    is_gone(&site);
}
