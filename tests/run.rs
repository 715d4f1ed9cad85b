//! `pinfold run`: all that is due and nothing else.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::harness::{Archive, Hostile, Ran, Site, follow, ran, write};

mod promotions;
mod real_cron;
mod schedules;

/// A site without mirrors.
fn site() -> Site {
    let site = Site::fleeting();
    configure(&site, "");
    site.ok(&["init"]);
    site
}

/// Writes the configuration: no tree ever goes cold, which would be worth a line.
fn configure(site: &Site, more: &str) {
    site.configure(more);
    let text = std::fs::read_to_string(site.config()).unwrap();
    write(site.config(), format!("grace = \"20000d\"\n{text}"));
}

/// A snapshot that a mirror has from the beginning: its first sync would go on in the background.
const SEED: &str = "20200101T000000Z";

/// The dates of a mirror since then.
fn dates(site: &Site, mirror: &str) -> Vec<String> {
    let mut dates = site.dates(mirror);
    dates.retain(|date| date != SEED);
    dates
}

/// Adds a mirror whose tree a script brings, which finds it in `$tree`.
fn add(site: &Site, name: &str, script: &str, more: &str) -> PathBuf {
    let folder = site.dir().join(name);
    let (tool, tree) = (folder.join("tool"), folder.join("tree"));
    std::fs::create_dir_all(&tree).unwrap();
    set(site, name, script);
    site.mirror(
        name,
        &format!(
            "family = \"files\"\nmount = \"{name}\"\ncommand = [\"{}\"]\ntree = \"{}\"\n{more}",
            tool.display(),
            tree.display()
        ),
    );
    let seed = folder.join("seed");
    write(seed.join("seed"), name);
    at(site, "2020-01-01T00:00:00Z", &["ingest", name, seed.to_str().unwrap()]).expect(0);
    tree
}

/// Puts another script in its place.
fn set(site: &Site, name: &str, script: &str) {
    let folder = site.dir().join(name);
    let text = format!("#!/bin/sh\ntree={}/tree\n{script}\n", folder.display());
    let (new, tool) = (folder.join("new"), folder.join("tool"));
    write(&new, text);
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(new, tool).unwrap();
}

/// What changes whenever it is brought.
const CHANGES: &str = "echo more >>$tree/file";

/// Says that it is at work, changes, and waits until it is let go.
const WAITS: &str =
    "echo more >>$tree/file; touch $tree/../begun; until [ -e $tree/../go ]; do sleep 0.05; done";

/// Lets what waits go on.
fn let_go(tree: &Path) {
    write(tree.with_file_name("go"), "");
}

/// Runs a verb at a time.
fn at(site: &Site, now: &str, args: &[&str]) -> Ran {
    ran(site.command(args).env("PINFOLD_NOW", now))
}

/// Runs what is due at a time.
fn run(site: &Site, now: &str) -> Ran {
    at(site, now, &["run"])
}

/// Starts a run whose end is not waited for.
fn start(site: &Site, now: &str) -> Child {
    let mut command = site.command(&["run"]);
    command.env("PINFOLD_NOW", now).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits until a script has said that it is at work.
fn wait_for(path: &Path) {
    for _ in 0..400 {
        if path.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("{} did not come", path.display());
}

/// A run that must be silent and have done nothing wrong.
fn silent(ran: Ran) {
    let ran = ran.expect(0);
    assert_eq!(ran.said(), "");
}

#[test]
fn what_is_due_is_done_once_and_nothing_else() {
    let site = site();
    silent(run(&site, "2026-11-23T03:00:00Z"));
    add(&site, "one", CHANGES, "");
    add(&site, "still", "true", "schedule = \"0 5 * * mon\"");
    add(&site, "never", CHANGES, "schedule = \"never\"");
    // Fed by others: nothing is due of it.
    site.mirror("fed", "family = \"files\"\nmount = \"fed\"\n");
    let plan = at(&site, "2026-11-23T03:00:00Z", &["run", "--dry-run"]).expect(0);
    assert_eq!(
        plan.out.lines().collect::<Vec<_>>(),
        ["one: sync is due: it was never tried", "still: sync is due: it was never tried"]
    );
    assert!(dates(&site, "one").is_empty(), "only said");
    let first = run(&site, "2026-11-23T03:00:00Z");
    assert_eq!(first.code, Some(2), "{}", first.said());
    assert!(
        first.out.starts_with("one: took one@20261123T030000Z: 1 files, 5 B fetched; "),
        "{first:?}"
    );
    assert!(first.err.starts_with("still: sync failed (exit 2): cannot take "), "{first:?}");
    write(site.dir().join("still/tree/file"), "x");
    for now in ["2026-11-23T03:00:00Z", "2026-11-23T03:05:00Z", "2026-11-23T03:59:59Z"] {
        silent(run(&site, now));
    }
    let next = run(&site, "2026-11-23T04:00:00Z").expect(0);
    assert!(next.out.starts_with("one: took one@20261123T040000Z: "), "{next:?}");
    assert_eq!(next.out.lines().count(), 1);
    silent(run(&site, "2026-11-23T04:05:00Z"));
    let next = run(&site, "2026-11-23T05:00:00Z").expect(0);
    assert!(next.out.starts_with("still: took still@20261123T050000Z: "), "{next:?}");
    // A week in which the machine was off is made up once.
    let next = run(&site, "2026-11-30T12:00:00Z").expect(0);
    let mut lines: Vec<&str> = next.out.lines().collect();
    lines.sort_unstable();
    assert!(lines[0].starts_with("one: took one@20261130T120000Z"), "{next:?}");
    assert_eq!(lines[1..], ["still: nothing changed since still@20261123T050000Z"]);
    silent(run(&site, "2026-11-30T12:05:00Z"));
    assert_eq!((dates(&site, "one").len(), dates(&site, "still").len()), (3, 1));
    assert!(dates(&site, "never").is_empty());
    site.sound();
}

#[test]
fn one_that_a_person_synced_is_not_synced_again() {
    let site = site();
    add(&site, "one", CHANGES, "");
    at(&site, "2026-11-23T04:10:00Z", &["sync", "one"]).expect(0);
    silent(run(&site, "2026-11-23T04:15:00Z"));
    // One that only said what it would do did nothing.
    at(&site, "2026-11-24T03:59:00Z", &["sync", "one", "--dry-run"]).expect(0);
    run(&site, "2026-11-24T04:00:00Z").expect(0).says("one: took");
}

#[test]
fn what_fails_holds_back_nothing_else_and_the_worst_is_the_exit_code() {
    let site = site();
    let archive = Archive::first();
    let stalling = Hostile::serve(&archive.tree);
    stalling.fault("/dists/lab/InRelease", "stall:10");
    follow(&site, "a-stalls", &stalling.url(), "timeout = \"1s\"\ntries = 1\n");
    let forged = Hostile::serve(&archive.tree);
    forged.fault("/dists/lab/InRelease", "flip:40");
    follow(&site, "b-forged", &forged.url(), "");
    add(&site, "c-hangs", "touch $tree/../begun; exec sleep 600", "deadline = \"1s\"\n");
    add(&site, "d-fails", "echo no rights >&2; exit 9", "");
    let good = Hostile::serve(&archive.tree);
    follow(&site, "e-good", &good.url(), "");
    let tree = archive.tree.to_str().unwrap();
    for mirror in ["a-stalls", "b-forged", "e-good"] {
        at(&site, "2096-11-22T04:00:00Z", &["ingest", mirror, tree]).expect(0);
    }
    let all = run(&site, "2096-11-23T04:00:00Z").expect(4);
    assert_eq!(all.out, "e-good: nothing changed since e-good@20961122T040000Z\n");
    for (mirror, code, why) in [
        ("a-stalls", 3, "InRelease"),
        ("b-forged", 4, "InRelease"),
        ("c-hangs", 3, "it took longer than its deadline"),
        ("d-fails", 3, "no rights"),
    ] {
        let begin = format!("{mirror}: sync failed (exit {code}): ");
        let line = all.err.lines().find(|line| line.starts_with(&begin));
        let line = line.unwrap_or_else(|| panic!("{begin:?} is not in {}", all.err));
        assert!(line.contains(why), "{line}");
        let again = "; tried again after 2096-11-23 04:15";
        assert_eq!(line.ends_with(again), code == 3, "{line}");
        assert!(all.err.contains(&format!("logs/{mirror}.log")), "{}", all.err);
    }
    // Upstreams are asked again after a while, the forged one with the next time of the schedule.
    silent(run(&site, "2096-11-23T04:10:00Z"));
    set(&site, "d-fails", CHANGES);
    stalling.fault("/dists/lab/InRelease", "");
    let again = run(&site, "2096-11-23T04:15:00Z").expect(3);
    assert!(again.out.contains("d-fails: took d-fails@20961123T041500Z"), "{again:?}");
    assert!(again.err.starts_with("c-hangs: sync failed (exit 3): "), "{again:?}");
    assert!(again.err.contains("tried again after 2096-11-23 04:45"), "{again:?}");
    assert!(!again.said().contains("b-forged") && !again.said().contains("e-good"), "{again:?}");
    site.sound();
}

#[test]
fn a_sync_that_falls_is_told_and_tried_by_the_next_run() {
    let site = site();
    add(&site, "one", CHANGES, "");
    add(&site, "two", CHANGES, "");
    let mut command = site.command(&["run"]);
    command.env("PINFOLD_NOW", "2026-11-23T04:00:00Z").env("PINFOLD_KILL_AT", "record-written");
    let fallen = ran(&mut command).expect(5);
    assert!(fallen.err.contains("one: sync failed (exit 5): signal 9 ended it"), "{fallen:?}");
    assert!(fallen.err.contains("two: sync failed (exit 5): signal 9 ended it"), "{fallen:?}");
    run(&site, "2026-11-23T04:05:00Z").expect(0).says("one: took").says("two: took");
    silent(run(&site, "2026-11-23T04:10:00Z"));
    site.sound();
}

#[test]
fn two_runs_at_once_are_one_and_the_other_says_nothing() {
    let site = site();
    let tree = add(&site, "one", WAITS, "");
    let first = start(&site, "2026-11-23T04:00:00Z");
    wait_for(&tree.with_file_name("begun"));
    let second = run(&site, "2026-11-23T04:00:00Z").expect(75);
    assert_eq!(second.said(), "");
    // Another verb is told by whom the mirror is held.
    at(&site, "2026-11-23T04:00:00Z", &["sync", "one"]).expect(75).says("pinfold sync");
    let_go(&tree);
    let first = first.wait_with_output().unwrap();
    assert!(first.status.success(), "{first:?}");
    assert_eq!(dates(&site, "one").len(), 1);
    silent(run(&site, "2026-11-23T04:05:00Z"));
}

#[test]
fn a_run_that_was_killed_is_carried_on_and_its_syncs_are_left_to_end() {
    let site = site();
    let tree = add(&site, "one", WAITS, "");
    let mut first = start(&site, "2026-11-23T04:00:00Z");
    wait_for(&tree.with_file_name("begun"));
    first.kill().unwrap();
    first.wait().unwrap();
    add(&site, "two", CHANGES, "");
    // The sync is still at work: no second one begins, and what else is due is done.
    let second = run(&site, "2026-11-23T04:05:00Z").expect(0);
    assert!(second.out.starts_with("two: took") && !second.said().contains("one: "), "{second:?}");
    assert_eq!(at(&site, "2026-11-23T04:05:00Z", &["sync", "one"]).code, Some(75));
    let_go(&tree);
    for _ in 0..200 {
        if site.root.join("schedule/mirrors/one").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    silent(run(&site, "2026-11-23T05:05:00Z"));
    assert_eq!(dates(&site, "one"), ["20261123T040000Z"]);
    site.sound();
}

#[test]
fn a_signal_ends_a_run_with_all_its_syncs() {
    let site = site();
    let script = "echo $$ >$tree/../pid; touch $tree/../begun; exec sleep 600";
    let trees = ["one", "two"].map(|name| add(&site, name, script, ""));
    let run = start(&site, "2026-11-23T04:00:00Z");
    let pids = trees.map(|tree| {
        wait_for(&tree.with_file_name("begun"));
        std::fs::read_to_string(tree.with_file_name("pid")).unwrap().trim().to_owned()
    });
    let pid = rustix::process::Pid::from_child(&run);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let ended = run.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(143));
    for pid in pids {
        let alive = || {
            std::fs::read_to_string(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| line.contains("sleep"))
        };
        for _ in 0..200 {
            if !alive() {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        assert!(!alive(), "the program {pid} was left at work");
    }
}

#[test]
fn a_first_sync_goes_on_in_the_background_and_no_run_waits_for_it() {
    let site = site();
    let tree = add(&site, "one", WAITS, "");
    at(&site, "2026-11-23T03:00:00Z", &["prune", &format!("one@{SEED}")]).expect(0);
    let first = run(&site, "2026-11-23T04:00:00Z").expect(0);
    assert_eq!(first.out, "one: the first sync began, in the background: pinfold status one\n");
    wait_for(&tree.with_file_name("begun"));
    silent(run(&site, "2026-11-23T04:05:00Z"));
    let_go(&tree);
    wait_for(&site.root.join("schedule/mirrors/one"));
    silent(run(&site, "2026-11-23T04:10:00Z"));
    assert_eq!(dates(&site, "one"), ["20261123T040000Z"]);
}
