//! What is kept: days that go, trees that go cold, holds that keep, and what comes back, by the real program on a clock of ours.
use crate::harness::{Archive, Mount, Ran, Site, ran, temp_dir, tool, write};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

mod beside;
mod explain;

const KEEP: &str = "keep = { daily = 3, weekly = 3 }";

/// A site with mirrors of plain files, and a source tree of each.
struct Days {
    site: Site,
    source: tempfile::TempDir,
}

impl Days {
    fn new(keep: &str, more: &str) -> Self {
        Self::of(Site::fleeting(), keep, more)
    }

    fn of(site: Site, keep: &str, more: &str) -> Self {
        let (keys, tables) = more.split_at(more.find('[').unwrap_or(more.len()));
        site.configure(tables);
        let text = std::fs::read_to_string(site.config()).unwrap();
        write(site.config(), format!("time-zone = \"UTC\"\n{keys}{text}"));
        site.mirror("left", &format!("family = \"files\"\nmount = \"left\"\n{keep}\n"));
        site.mirror("right", &format!("family = \"files\"\nmount = \"right\"\n{keep}\n"));
        site.ok(&["init"]);
        let source = temp_dir();
        for mirror in ["left", "right"] {
            write(source.path().join(mirror).join("always/there"), "the same every day");
            // So many that the file which goes each day is no great share of them.
            for number in 0..9 {
                let path = source.path().join(mirror).join(format!("always/more-{number}"));
                write(path, format!("the same, too: {number}"));
            }
        }
        Self { site, source }
    }

    fn tree(&self, mirror: &str) -> std::path::PathBuf {
        self.source.path().join(mirror)
    }

    /// A day of a mirror: one file changes, one comes in a folder of its own, and yesterday's goes.
    fn day(&self, mirror: &str, date: &str) -> String {
        let tree = self.tree(mirror);
        drop(std::fs::remove_dir_all(tree.join("pool")));
        write(tree.join("changes"), format!("{mirror} on {date}"));
        write(tree.join(format!("pool/{date}/of-the-day")), format!("{mirror} {date}").repeat(900));
        std::os::unix::fs::symlink("of-the-day", tree.join(format!("pool/{date}/link"))).unwrap();
        let at = format!("{date}T04:00:00Z");
        let done = self.at(&at, &["ingest", mirror, tree.to_str().unwrap()]).expect(0);
        drop(done);
        self.site.dates(mirror).pop().unwrap()
    }

    /// Every night from one day of November 2026 to another.
    fn nights(&self, mirror: &str, days: std::ops::RangeInclusive<u32>) -> Vec<String> {
        days.map(|day| self.day(mirror, &format!("2026-11-{day:02}"))).collect()
    }

    /// Runs the program at a time.
    fn at(&self, now: &str, args: &[&str]) -> Ran {
        ran(self.site.command(args).env("PINFOLD_NOW", now))
    }

    fn kept(&self, mirror: &str) -> Vec<String> {
        days(&self.site.dates(mirror))
    }

    fn published(&self, mirror: &str) -> Vec<String> {
        days(&self.site.published(mirror))
    }

    fn json(&self, now: &str, args: &[&str]) -> serde_json::Value {
        let done = self.at(now, &[args, &["--json"]].concat()).expect(0);
        serde_json::from_str(&done.out).unwrap()
    }
}

/// The days of November in dates.
fn days(dates: &[String]) -> Vec<String> {
    dates.iter().map(|date| date[6..8].to_owned()).collect()
}

/// Free inodes and blocks of the file system that holds a path.
fn free_inodes(path: &Path) -> u64 {
    rustix::fs::statvfs(path).unwrap().f_ffree
}

#[test]
fn days_and_weeks_stay_others_go_and_old_trees_go_cold() {
    let days = Days::new(KEEP, "grace = \"2d\"\n");
    days.nights("left", 1..=23);
    days.nights("right", 1..=2);
    assert_eq!(days.published("left").len(), 23);
    let plan = days.at("2026-11-23T12:00:00Z", &["prune", "--dry-run"]).expect(0);
    assert_eq!(days.kept("left").len(), 23);
    let plan = plan
        .says("left@20261101T040000Z would be dropped: older than keep reaches")
        .says("left@20261118T040000Z would be dropped: 20261121T040000Z stands for its week")
        .says("left@20261121T040000Z would go cold, and be kept: daily 2026-11-21");
    drop(plan.says("left: 19 to drop, 2 to go cold, 4 kept"));
    days.at("2026-11-23T12:00:00Z", &["prune"])
        .expect(0)
        .says("left: 19 dropped, 2 gone cold, 4 kept");
    // The 23rd is a Monday; a Sunday ends the week before, and the one before that.
    assert_eq!(days.kept("left"), ["15", "21", "22", "23"]);
    assert_eq!(days.published("left"), ["22", "23"]);
    assert_eq!(
        (days.kept("right"), days.published("right").len()),
        (vec!["01".to_owned(), "02".to_owned()], 1)
    );
    days.site.sound();
}

#[test]
fn the_dry_run_says_what_the_real_run_does_to_the_last_inode() {
    let mount = Mount::ext4(96, &[]);
    let site = Site::with_root(&mount.path().join("root"));
    let days = Days::of(site, KEEP, "grace = \"2d\"\n");
    let left = days.nights("left", 1..=14);
    days.nights("right", 1..=9);
    days.site.ok(&["pin", &format!("left@{}", left[2]), "audit"]);
    for day in [3, 9] {
        let snapshot = format!("left@2026-11-{day:02}");
        let at = format!("2026-11-{day:02}T06:00:00Z");
        days.at(&at, &["promote", &snapshot, "--to", "production"]).expect(0);
    }
    // An archive that has a union, whose folders come and go.
    let lab = "family = \"apt\"\nmount = \"archive.example.org/lab\"\nkeep = { daily = 1 }\n";
    days.site.mirror("lab", lab);
    let archive = Archive::first();
    let first = days.site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    let union = days.site.root.join("www/union/lab/pool/main/a/alpha/alpha_1.0_all.deb");
    assert!(union.exists(), "{first}");
    archive.second_state();
    days.site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    let now = "2026-11-20T12:00:00Z";
    let plan = days.json(now, &["prune", "--dry-run"]);
    let before = free_inodes(mount.path());
    let done = days.json(now, &["prune"]);
    mount.sync();
    let after = free_inodes(mount.path());
    for key in ["mirrors", "objects", "bytes", "inodes", "generations"] {
        assert_eq!(plan[key], done[key], "{key}");
    }
    assert!(!union.exists());
    assert_eq!(done["mirrors"]["left"]["dropped"].as_array().unwrap().len(), 7);
    assert!(done["generations"]["folders"].as_u64().unwrap() > 0, "{done}");
    // The mark of the sweep and its folder are new.
    assert_eq!(after - before + 2, done["inodes"].as_u64().unwrap(), "{done}");
    let again = days.json(now, &["prune"]);
    assert_eq!(
        (again["objects"].as_u64(), again["inodes"].as_u64()),
        (Some(0), Some(0)),
        "{again}"
    );
    days.site.sound();
}

#[test]
fn one_snapshot_by_name_gives_back_what_its_dry_run_said() {
    let days = Days::new("", "");
    let dates = days.nights("left", 1..=3);
    let now = "2026-11-03T12:00:00Z";
    let name = format!("left@{}", dates[1]);
    let plan = days.json(now, &["prune", &name, "--dry-run"]);
    let done = days.json(now, &["prune", &name]);
    for key in ["objects", "bytes", "inodes", "dropped"] {
        assert_eq!(plan[key], done[key], "{key}");
    }
    assert_eq!(done["objects"], 2, "what changed, and the file of the day");
    days.site.sound();
}

#[test]
fn without_keep_nothing_is_dropped_and_a_mirror_without_configuration_stays_as_it_is() {
    let days = Days::new("", "grace = \"1d\"\n");
    days.nights("left", 1..=4);
    days.nights("right", 1..=4);
    std::fs::remove_file(days.site.dir().join("mirrors.d/right.toml")).unwrap();
    days.at("2026-11-20T12:00:00Z", &["prune"]).expect(0);
    assert_eq!(days.kept("left"), ["01", "02", "03", "04"]);
    assert_eq!(days.published("left"), ["04"], "only the newest is shown by anything");
    assert_eq!(days.published("right").len(), 4);
    days.at("2026-11-20T12:00:00Z", &["prune", "right"]).expect(2).says("no mirror 'right'");
    days.site.ok(&["publish", "left@2026-11-02"]);
    days.site.sound();
}

#[test]
fn what_a_channel_left_stands_for_its_clients_until_the_grace_is_over() {
    let days = Days::new("keep = { daily = 1 }", "grace = \"2d\"\n[channels.production]\n");
    days.nights("left", 1..=9);
    // From 2 by way of 7, to which a rollback would go, to 8.
    for (snapshot, now) in [(2, "08T08"), (7, "09T08"), (8, "09T10")] {
        let (spec, now) = (format!("left@2026-11-{snapshot:02}"), format!("2026-11-{now}:00:00Z"));
        days.at(&now, &["promote", &spec, "--to", "production"]).expect(0);
    }
    days.at("2026-11-11T07:00:00Z", &["prune"]).expect(0).says("left@20261101T040000Z was dropped");
    assert_eq!(days.published("left"), ["02", "07", "08", "09"]);
    let over = days.at("2026-11-11T09:00:00Z", &["prune"]).expect(0);
    drop(over.says("left@20261102T040000Z was dropped"));
    assert_eq!(days.published("left"), ["07", "08", "09"]);
    days.site.sound();
}

#[test]
fn what_a_channel_shows_or_showed_what_soaks_and_what_a_rollback_needs_stays() {
    let more = "grace = \"2d\"\n[channels.staging]\n[channels.production]\nfrom = \"staging\"\nschedule = \"never\"\nafter = \"5d\"\n";
    let days = Days::new("keep = { daily = 1 }", more);
    days.nights("left", 1..=14);
    let promote = |day: u32, channel: &str, now: &str| {
        let snapshot = format!("left@2026-11-{day:02}");
        days.at(now, &["promote", &snapshot, "--to", channel, "--now"]).expect(0);
    };
    promote(1, "production", "2026-11-01T08:00:00Z");
    promote(3, "production", "2026-11-03T08:00:00Z");
    for day in [2, 4, 6, 8, 10, 12, 13] {
        promote(day, "staging", &format!("2026-11-{day:02}T09:00:00Z"));
    }
    let now = "2026-11-14T12:00:00Z";
    let plan = days
        .at(now, &["prune", "--dry-run"])
        .expect(0)
        .says("left@20261101T040000Z would go cold, and be kept: a rollback of production goes back to it");
    drop(plan.says("left@20261102T040000Z would be dropped"));
    days.at(now, &["prune"]).expect(0);
    // 3: production; 8: the newest that has soaked; 10, 12: soaking, 12 in its grace too; 13: staging; 14: the newest.
    assert_eq!(days.kept("left"), ["01", "03", "08", "10", "12", "13", "14"]);
    assert_eq!(days.published("left"), ["03", "08", "10", "12", "13", "14"]);
    days.at(now, &["rollback", "production"]).expect(0);
    assert!(days.site.shows("production", "left").unwrap().starts_with("20261101"));
    days.site.sound();
}

#[test]
fn a_pin_holds_until_it_expires() {
    let days = Days::new("keep = { daily = 1 }", "grace = \"1d\"\n");
    let dates = days.nights("left", 1..=5);
    for (number, name, until) in [(0, "short", "20261110T000000Z"), (1, "long", "20261201T000000Z")]
    {
        days.site.ok(&["pin", &format!("left@{}", dates[number]), name]);
        let file = days.site.root.join(format!("snapshots/left/{}.pins/{name}", dates[number]));
        let text = std::fs::read_to_string(&file).unwrap();
        write(&file, format!("{text}until = \"{until}\"\n"));
    }
    days.at("2026-11-09T12:00:00Z", &["prune"]).expect(0);
    assert_eq!(days.kept("left"), ["01", "02", "05"]);
    let plan = days.json("2026-11-10T12:00:00Z", &["prune", "--dry-run"]);
    let done = days.json("2026-11-10T12:00:00Z", &["prune"]);
    assert_eq!(plan["mirrors"], done["mirrors"]);
    assert_eq!(done["mirrors"]["left"]["expired_pins"][0]["name"], "short");
    assert_eq!(days.kept("left"), ["02", "05"]);
    days.at("2026-11-10T12:00:00Z", &["prune", &format!("left@{}", dates[1])])
        .expect(1)
        .says("pin long");
    days.site.sound();
}

#[test]
fn what_two_mirrors_have_goes_with_the_last_of_them() {
    let days = Days::new("keep = { daily = 1 }", "grace = \"1d\"\n");
    let shared = "in both of them, on the first day only".repeat(50);
    for mirror in ["left", "right"] {
        write(days.tree(mirror).join("shared"), &shared);
        days.day(mirror, "2026-11-01");
        std::fs::remove_file(days.tree(mirror).join("shared")).unwrap();
        days.day(mirror, "2026-11-05");
    }
    let now = "2026-11-20T12:00:00Z";
    let plan = days.json(now, &["prune", "--dry-run"]);
    let objects = days.site.objects();
    let one = days.json(now, &["prune", "left"]);
    assert_eq!(one["objects"], 2, "the shared one is right's too");
    let other = days.json(now, &["prune", "right"]);
    assert_eq!(other["objects"], 3);
    assert_eq!(plan["objects"], 5);
    assert_eq!(objects - days.site.objects(), 5);
    days.site.sound();
}

/// What is left on the disk of the snapshots: nothing but what the kept ones need.
fn only_what_is_kept(days: &Days, now: &str) {
    let site = &days.site;
    let left = days.json(now, &["prune"]);
    assert_eq!((left["objects"].as_u64(), left["inodes"].as_u64()), (Some(0), Some(0)), "{left}");
    site.sound();
    assert_eq!(site.leftovers(), Vec::<String>::new());
    let mut inodes = BTreeSet::new();
    for path in crate::harness::walk(&site.root.join("www/snapshots")) {
        let meta = std::fs::symlink_metadata(&path).unwrap();
        if meta.is_file() {
            inodes.insert(meta.ino());
        }
    }
    for path in crate::harness::walk(&site.root.join("www/union")) {
        let meta = std::fs::symlink_metadata(&path).unwrap();
        assert!(!meta.is_file() || inodes.contains(&meta.ino()), "{} is nobody's", path.display());
    }
}

#[test]
fn killed_at_any_step_of_a_removal_the_next_run_completes_it() {
    let points = [
        "retire-renamed",
        "union-reduced",
        "tree-removed",
        "at-forgotten",
        "record-removed",
        "drop-indexed",
        "object-removed",
        "manifest-removed",
        "drop-completed",
        "generation-removed",
    ];
    let days = Days::new("keep = { daily = 2 }", "grace = \"1d\"\n");
    days.nights("left", 1..=6);
    for day in [2, 3, 4] {
        let (snapshot, at) =
            (format!("left@2026-11-{day:02}"), format!("2026-11-{day:02}T06:00:00Z"));
        days.at(&at, &["promote", &snapshot, "--to", "production"]).expect(0);
    }
    let saved = days.site.dir().join("saved");
    copy(&days.site.root, &saved);
    let now = "2026-11-20T12:00:00Z";
    for armed in points.iter().flat_map(|point| [format!("{point}:1"), format!("{point}:2")]) {
        copy(&saved, &days.site.root);
        let mut command = days.site.command(&["prune"]);
        let killed = ran(command.env("PINFOLD_NOW", now).env("PINFOLD_KILL_AT", &armed));
        assert_eq!(killed.code, None, "{armed} was not reached: {}", killed.said());
        for date in days.site.published("left") {
            let there = days.site.tree("left", &date).join("always/there");
            assert!(there.exists(), "{date} is half a tree after {armed}");
        }
        assert!(days.site.shows("production", "left").unwrap().starts_with("20261104"));
        days.at(now, &["prune"]).expect(0);
        assert_eq!(days.kept("left"), ["03", "04", "05", "06"], "{armed}");
        assert_eq!(days.published("left"), ["04", "06"], "{armed}");
        only_what_is_kept(&days, now);
        days.site.ok(&["verify", "left@production", "--deep"]);
    }
}

/// Copies a root with its hardlinks over another.
fn copy(from: &Path, to: &Path) {
    tool(Command::new("rm").arg("-rf").arg(to));
    tool(Command::new("cp").arg("-a").args([from, to]));
}
