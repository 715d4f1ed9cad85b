//! Channels that move by their schedules, in a run.

use super::{CHANGES, add, at, run, silent, site};
use crate::harness::Site;

/// A site whose mirror `one` is brought every night, staging moves an hour later and production on Mondays.
fn fleet(more: &str) -> Site {
    let site = site();
    super::configure(
        &site,
        &format!(
            "[channels.staging]\nschedule = \"0 5 * * *\"\n[channels.production]\nfrom = \"staging\"\nafter = \"3d\"\nschedule = \"0 6 * * mon\"\n{more}"
        ),
    );
    let text = std::fs::read_to_string(site.config()).unwrap();
    crate::harness::write(site.config(), format!("time-zone = \"UTC\"\n{text}"));
    site.ok(&["init"]);
    add(&site, "one", CHANGES, "");
    at(&site, "2026-11-18T12:00:00Z", &["sync", "one"]).expect(0);
    site
}

#[test]
fn channels_move_when_they_are_due_and_say_so_in_a_line() {
    let site = fleet("");
    // A channel that shows nothing is due at once; one that others take from comes first.
    let first = run(&site, "2026-11-18T12:05:00Z").expect(0);
    assert_eq!(first.said(), "staging: generation 1: one to 20261118T120000Z\n");
    silent(run(&site, "2026-11-18T12:10:00Z"));
    // Thursday to Sunday.
    for day in 19..=22 {
        let night = run(&site, &format!("2026-11-{day}T04:00:00Z")).expect(0);
        assert!(night.out.starts_with(&format!("one: took one@202611{day}T040000Z")), "{night:?}");
        silent(run(&site, &format!("2026-11-{day}T04:55:00Z")));
        let morning = run(&site, &format!("2026-11-{day}T05:00:00Z")).expect(0);
        let says = format!("to 202611{day}T040000Z\n");
        assert!(
            morning.out.starts_with("staging: generation ") && morning.out.ends_with(&says),
            "{morning:?}"
        );
        silent(run(&site, &format!("2026-11-{day}T06:00:00Z")));
    }
    // On Monday all of it at once: what was missed is made up in the order of the channels.
    let monday = run(&site, "2026-11-23T08:00:00Z").expect(0);
    let lines: Vec<&str> = monday.out.lines().collect();
    assert!(lines[0].starts_with("one: took one@20261123T080000Z"), "{monday:?}");
    assert_eq!(
        lines[1..],
        [
            "staging: generation 6: one 20261122T040000Z to 20261123T080000Z",
            // What has been in staging for three days.
            "production: generation 1: one to 20261120T040000Z",
        ]
    );
    silent(run(&site, "2026-11-23T08:05:00Z"));
    assert_eq!(site.shows("production", "one").unwrap(), "20261120T040000Z");
    let log = site.ok(&["log", "production"]);
    assert!(log.contains("schedule"), "{log}");
    site.sound();
}

#[test]
fn a_run_after_a_rollback_changes_nothing() {
    let site = fleet("");
    for now in ["18T12:05", "19T04:00", "19T05:00", "23T06:00"] {
        run(&site, &format!("2026-11-{now}:00Z")).expect(0);
    }
    let shown = site.shows("staging", "one").unwrap();
    at(&site, "2026-11-23T07:00:00Z", &["rollback", "staging", "--reason", "broken"]).expect(0);
    let back = site.shows("staging", "one").unwrap();
    assert!(back < shown);
    silent(run(&site, "2026-11-23T07:05:00Z"));
    // Nor does the next time of the schedule: the pin holds.
    run(&site, "2026-11-24T04:00:00Z").expect(0).says("one: took");
    silent(run(&site, "2026-11-24T05:00:00Z"));
    assert_eq!(site.shows("staging", "one").unwrap(), back);
    at(&site, "2026-11-24T09:00:00Z", &["unpin", "one", "--in", "staging"]).expect(0);
    silent(run(&site, "2026-11-24T09:05:00Z"));
    run(&site, "2026-11-25T05:00:00Z").expect(0).says("staging: generation ");
}

#[test]
fn a_gate_that_says_no_is_exit_1_once_and_holds_back_no_other_channel() {
    let site = fleet("gate = [\"/bin/false\"]\n[channels.other]\nschedule = \"0 6 * * mon\"\n");
    run(&site, "2026-11-18T12:05:00Z")
        .expect(0)
        .says("staging: generation 1")
        .says("other: generation 1");
    let monday = run(&site, "2026-11-23T06:00:00Z").expect(1);
    assert!(monday.err.contains("production: one stays: "), "{monday:?}");
    assert!(
        monday.out.contains("staging: generation 2") && monday.out.contains("other: generation 2"),
        "{monday:?}"
    );
    silent(run(&site, "2026-11-23T06:05:00Z"));
    let state = std::fs::read_to_string(site.root.join("schedule/channels/production")).unwrap();
    assert!(state.contains("code = 1") && state.contains("one stays"), "{state}");
}

#[test]
fn a_channel_that_people_moved_waits_for_its_next_time() {
    let site = fleet("");
    at(&site, "2026-11-18T12:00:00Z", &["promote", "one", "--to", "staging"]).expect(0);
    at(&site, "2026-11-18T12:00:00Z", &["promote", "one", "--to", "production", "--now"]).expect(0);
    silent(run(&site, "2026-11-18T12:05:00Z"));
    let plan = at(&site, "2026-11-19T05:00:00Z", &["run", "--dry-run"]).expect(0);
    assert_eq!(
        plan.out,
        "one: sync is due: since 2026-11-19 04:00\nstaging: promotion is due: since 2026-11-19 05:00\nall mirrors: retention is due: since 2026-11-19 00:00\n"
    );
}
