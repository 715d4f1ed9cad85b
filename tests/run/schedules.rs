//! When things are due: time zones, changes of the clocks, and what is known of the last try.

use std::os::unix::fs::symlink;

use super::{CHANGES, add, at, dates, run, silent, site};
use crate::harness::write;

#[test]
fn schedules_are_meant_in_the_time_zone_and_a_change_of_the_clocks_neither_skips_nor_doubles() {
    let site = site();
    write(
        site.config(),
        format!(
            "time-zone = \"Europe/Berlin\"\n{}",
            std::fs::read_to_string(site.config()).unwrap()
        ),
    );
    add(&site, "one", CHANGES, "schedule = \"30 2 * * *\"");
    run(&site, "2026-03-28T01:00:00Z").expect(0).says("one: took");
    // On 29 March 02:30 does not exist in Berlin, on 25 October it exists twice.
    let mut taken = vec!["20260328T010000Z".to_owned()];
    for hour in [
        "2026-03-28T01:3",
        "2026-03-29T00:5",
        "2026-03-29T01:0",
        "2026-03-29T01:3",
        "2026-03-30T00:2",
        "2026-03-30T00:3",
    ] {
        for minute in ["0", "5"] {
            run(&site, &format!("{hour}{minute}:00Z")).expect(0);
        }
    }
    taken.extend(["20260328T013000Z", "20260329T010000Z", "20260330T003000Z"].map(str::to_owned));
    assert_eq!(dates(&site, "one"), taken);
    run(&site, "2026-10-24T12:00:00Z").expect(0);
    for time in [
        "25T00:25", "25T00:30", "25T00:35", "25T01:25", "25T01:30", "25T02:30", "26T01:25",
        "26T01:30",
    ] {
        run(&site, &format!("2026-10-{time}:00Z")).expect(0);
    }
    taken.extend(["20261024T120000Z", "20261025T003000Z", "20261026T013000Z"].map(str::to_owned));
    assert_eq!(dates(&site, "one"), taken);
}

#[test]
fn a_schedule_that_is_none_is_refused_by_file_and_line() {
    let site = site();
    site.mirror("one", "family = \"files\"\nmount = \"one\"\ncommand = [\"/bin/true\"]\ntree = \"/tmp\"\nschedule = \"0 0 31 2 *\"\n");
    let said = run(&site, "2026-11-23T04:00:00Z").expect(2);
    assert!(said.err.contains("mirrors.d/one.toml, line 5: schedule: '0 0 31 2 *' is no schedule: it names a day that never comes"), "{said:?}");
    site.mirror("one", "family = \"files\"\nmount = \"one\"\nschedule = \"@daily\"\n");
    run(&site, "2026-11-23T04:00:00Z").expect(2).says("line 3: schedule: there is nothing to sync");
}

#[test]
fn what_is_known_of_the_last_try_may_be_lost_or_damaged() {
    let site = site();
    add(&site, "one", CHANGES, "");
    run(&site, "2026-11-23T04:00:00Z").expect(0).says("one: took");
    let state = site.root.join("schedule/mirrors/one");
    let known = std::fs::read_to_string(&state).unwrap();
    assert_eq!(
        known,
        "at = \"20261123T040000Z\"\ncode = 0\ngood = \"20261123T040000Z\"\nfailures = 0\n"
    );
    for text in ["", "at = \"yesterday\"\n", "at = \"99990101T000000Z\"\ncode = 0\n", "[[[["] {
        write(&state, text);
        let ran = run(&site, "2026-11-23T04:05:00Z").expect(0);
        assert!(ran.out.starts_with("one: took"), "{text:?}: {ran:?}");
        let is_told = ran.err.contains("schedule/mirrors/one is damaged");
        assert_eq!(is_told, !text.contains("9999"), "{text:?}: {ran:?}");
        silent(run(&site, "2026-11-23T04:05:00Z"));
    }
    std::fs::remove_file(&state).unwrap();
    symlink("/dev/zero", &state).unwrap();
    run(&site, "2026-11-23T04:05:00Z").expect(0).says("one: took");
    silent(run(&site, "2026-11-23T04:05:00Z"));
    std::fs::remove_dir_all(site.root.join("schedule")).unwrap();
    run(&site, "2026-11-23T04:05:00Z").expect(0).says("one: took");
    // A folder in its place: it cannot be kept, and the sync is as good.
    std::fs::remove_file(&state).unwrap();
    std::fs::create_dir(&state).unwrap();
    run(&site, "2026-11-23T04:05:00Z").expect(0).says("one: took").says("it is no file");
    let log = std::fs::read_to_string(site.dir().join("logs/one.log")).unwrap();
    assert!(log.contains("one: how this ended is not kept: cannot rename to "), "{log}");
    site.sound();
}

#[test]
fn what_was_done_and_what_is_due_is_json_too() {
    let site = site();
    let none = at(&site, "2026-11-23T04:00:00Z", &["run", "--json"]).expect(0);
    let none: serde_json::Value = serde_json::from_str(&none.out).unwrap();
    assert_eq!(none, serde_json::json!({ "code": 0, "done": [] }));
    add(&site, "one", CHANGES, "");
    add(&site, "two", "exit 1", "");
    let due = at(&site, "2026-11-23T04:00:00Z", &["run", "--json", "--dry-run"]).expect(0);
    let due: serde_json::Value = serde_json::from_str(&due.out).unwrap();
    assert_eq!(
        due["due"][0],
        serde_json::json!({ "what": "sync", "name": "one", "why": "it was never tried" })
    );
    let done = at(&site, "2026-11-23T04:00:00Z", &["run", "--json"]).expect(3);
    let done: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(done["code"], 3);
    let one = done["done"].as_array().unwrap().iter().find(|one| one["name"] == "one").unwrap();
    assert_eq!((&one["what"], &one["code"]), (&"sync".into(), &0.into()));
    assert_eq!(one["more"]["snapshot"], "one@20261123T040000Z");
    let two = done["done"].as_array().unwrap().iter().find(|one| one["name"] == "two").unwrap();
    assert_eq!(two["code"], 3);
}

#[test]
fn logs_are_kept_and_do_not_grow_for_ever() {
    let site = site();
    add(&site, "one", "echo hello; echo more >>$tree/file", "");
    run(&site, "2026-11-23T04:00:00Z").expect(0);
    let log = site.dir().join("logs/one.log");
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(
        text.contains("== 2026-11-23 04:00:00 UTC: pinfold sync one") && text.contains("hello"),
        "{text}"
    );
    write(&log, "x".repeat(5 << 20));
    run(&site, "2026-11-24T04:00:00Z").expect(0);
    assert!(std::fs::metadata(&log).unwrap().len() < 4096);
    assert_eq!(std::fs::metadata(log.with_extension("log.1")).unwrap().len(), 5 << 20);
    // Without a place for it a mirror that needs none is synced all the same.
    std::fs::remove_dir_all(log.parent().unwrap()).unwrap();
    write(log.parent().unwrap(), "in the way");
    run(&site, "2026-11-25T04:00:00Z").expect(5).says("one: cannot make the folder");
}
