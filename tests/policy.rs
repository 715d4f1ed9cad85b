//! Promotion by policy, through the real program on a clock of its own: soaking, freezes, groups, and what a person overrides.
mod asked;
mod checks;
mod pins;
mod plans;

use crate::harness::{Ran, Site, ran, temp_dir, write};
use std::path::PathBuf;

/// A site of small trees of files that moves by a policy, on a clock that the test sets.
struct Scene {
    site: Site,
    sources: tempfile::TempDir,
}

impl Scene {
    /// Mirrors, and the lines of `pinfold.toml` that say how channels move.
    fn new(mirrors: &[&str], channels: &str) -> Self {
        let scene = Self { site: Site::fleeting(), sources: temp_dir() };
        scene.configure("UTC", channels);
        for mirror in mirrors {
            scene.mirror(mirror, "");
        }
        scene.site.ok(&["init"]);
        scene
    }

    fn configure(&self, zone: &str, channels: &str) {
        self.site.configure(channels);
        let text = std::fs::read_to_string(self.site.config()).unwrap();
        write(self.site.config(), format!("time-zone = \"{zone}\"\n{text}"));
    }

    fn mirror(&self, mirror: &str, more: &str) {
        let text = format!("family = \"files\"\nmount = \"files/{mirror}\"\n{more}");
        self.site.mirror(mirror, &text);
    }

    /// Runs the program at a time.
    fn at(&self, now: &str, args: &[&str]) -> Ran {
        ran(self.site.command(args).env("PINFOLD_NOW", now))
    }

    /// Takes a tree of so many files as a snapshot; one of them is new each time.
    fn take(&self, mirror: &str, now: &str, files: usize) {
        let tree = self.sources.path().join(mirror);
        drop(std::fs::remove_dir_all(&tree));
        for file in 1..files {
            write(tree.join(format!("file-{file}")), format!("{file}"));
        }
        write(tree.join("today"), now);
        self.at(now, &["ingest", mirror, tree.to_str().unwrap()]).expect(0);
    }

    /// Sweeps a channel, as its schedule does.
    fn sweep(&self, now: &str, channel: &str) -> Ran {
        self.at(now, &["promote", "--all", "--to", channel])
    }

    /// A program that says what it is asked and ends by what a file says.
    fn script(&self, name: &str, lines: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.sources.path().join(name);
        write(&path, format!("#!/bin/sh\n{lines}\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn shows(&self, channel: &str, mirror: &str) -> String {
        self.site.shows(channel, mirror).unwrap_or_default()
    }
}

/// Two channels of which the second takes over what the first showed for three days.
const SOAKING: &str = "[channels.staging]\nschedule = \"0 4 * * *\"\n[channels.production]\nfrom = \"staging\"\nafter = \"3d\"\n";

#[test]
fn a_snapshot_soaks_in_the_channel_before_and_the_newest_that_has_is_shown() {
    let scene = Scene::new(&["a"], SOAKING);
    for day in ["01", "02", "03"] {
        scene.take("a", &format!("2026-06-{day}T04:00:00Z"), 10);
        scene.sweep(&format!("2026-06-{day}T05:00:00Z"), "staging").expect(0);
    }
    let said = scene.sweep("2026-06-03T06:00:00Z", "production").expect(1);
    let said = said.says("waits for 20260601T040000Z, which soaks in staging");
    said.says("until 2026-06-04 05:00:00 UTC");
    let named = ["promote", "a", "--to", "production"];
    scene.at("2026-06-04T04:59:59Z", &named).expect(1).says("soaks in staging");
    scene.sweep("2026-06-04T05:00:00Z", "production").expect(0);
    assert_eq!(scene.shows("production", "a"), "20260601T040000Z");
    scene.at("2026-06-05T23:00:00Z", &named).expect(0);
    assert_eq!(scene.shows("production", "a"), "20260602T040000Z");
    // A person need not wait, and the log says so.
    let by_now = ["promote", "a", "--to", "production", "--now", "--reason", "fix openssl"];
    scene.at("2026-06-05T23:01:00Z", &by_now).expect(0);
    assert_eq!(scene.shows("production", "a"), "20260603T040000Z");
    assert!(scene.site.ok(&["log", "production"]).contains("fix openssl (--now)"));
    // What staging never showed goes nowhere, unless a person says so.
    scene.take("a", "2026-06-06T04:00:00Z", 10);
    let newest = ["promote", "a@20260606T040000Z", "--to", "production"];
    scene.at("2026-06-20T04:00:00Z", &newest).expect(1).says("which staging did not show");
    scene.at("2026-06-20T04:00:00Z", &[&newest[..], &["--now"]].concat()).expect(0);
    scene.site.sound();
}

#[test]
fn what_was_taken_back_in_the_channel_before_is_never_shown() {
    let scene = Scene::new(&["a"], SOAKING);
    scene.take("a", "2026-06-01T04:00:00Z", 10);
    scene.sweep("2026-06-01T05:00:00Z", "staging").expect(0);
    scene.sweep("2026-06-05T05:00:00Z", "production").expect(0);
    scene.take("a", "2026-06-06T04:00:00Z", 10);
    scene.sweep("2026-06-06T05:00:00Z", "staging").expect(0);
    scene.at("2026-06-08T05:00:00Z", &["rollback", "staging"]).expect(0);
    scene.sweep("2026-06-20T05:00:00Z", "production").expect(1).says("already shows");
    // It comes back, and soaks anew.
    scene.at("2026-06-21T05:00:00Z", &["promote", "a", "--to", "staging"]).expect(0);
    scene.sweep("2026-06-23T05:00:00Z", "production").expect(1).says("until 2026-06-24 05:00:00");
    scene.sweep("2026-06-24T05:00:00Z", "production").expect(0);
    assert_eq!(scene.shows("production", "a"), "20260606T040000Z");
}

#[test]
fn nothing_moves_in_a_freeze_of_the_operators_days() {
    let freeze = "[channels.production]\nfreeze = [\"2026-12-20/2027-01-04\", \"sun\"]\n";
    let scene = Scene::new(&["a", "b"], freeze);
    scene.configure("Europe/Berlin", freeze);
    scene.mirror("b", "[channels.production]\nfreeze = []\n");
    scene.take("a", "2026-06-01T04:00:00Z", 10);
    scene.take("b", "2026-06-01T04:00:00Z", 10);
    // The Sunday on which the clocks go back there has 25 hours, and ends at 23 o'clock UTC.
    let said = scene.sweep("2026-10-25T22:30:00Z", "production").expect(0);
    said.says("a stays: it is frozen (sun) until 2026-10-25 23:00:00 UTC").says("b moved");
    scene.sweep("2026-10-24T22:00:00Z", "production").expect(1).says("frozen (sun)");
    scene.sweep("2026-10-25T23:00:00Z", "production").expect(0);
    scene.take("a", "2026-12-01T04:00:00Z", 10);
    let said = scene.sweep("2026-12-24T12:00:00Z", "production").expect(1);
    said.says("frozen (2026-12-20/2027-01-04) until 2027-01-04 23:00:00 UTC");
    let named = ["promote", "a", "--to", "production"];
    scene.at("2026-12-24T12:00:00Z", &named).expect(1).says("frozen");
    // Going back is never frozen.
    scene.at("2026-12-24T12:00:00Z", &[&named[..], &["--now"]].concat()).expect(0);
    scene.at("2026-12-24T12:01:00Z", &["rollback", "production"]).expect(0);
    assert_eq!(scene.shows("production", "a"), "20260601T040000Z");
}

#[test]
fn a_group_moves_in_one_instant_or_not_at_all() {
    let groups = format!("{SOAKING}groups = {{ lab = [\"a\", \"b\"] }}\n");
    let scene = Scene::new(&["a", "b", "c"], &groups);
    for mirror in ["a", "b", "c"] {
        scene.take(mirror, "2026-06-01T04:00:00Z", 10);
    }
    scene.at("2026-06-01T05:00:00Z", &["promote", "a", "c", "--to", "staging"]).expect(0);
    scene.at("2026-06-03T05:00:00Z", &["promote", "b", "--to", "staging"]).expect(0);
    let said = scene.sweep("2026-06-04T05:00:00Z", "production").expect(0).says("c moved");
    said.says(
        "a stays: it moves only together with b (group lab), which waits for 20260601T040000Z",
    );
    assert_eq!(scene.shows("production", "a"), "");
    let before = scene.site.generation("production");
    let alone = ["promote", "a", "--to", "production"];
    scene.at("2026-06-06T05:00:00Z", &alone).expect(1).says("with b (group lab): name both");
    scene.at("2026-06-06T05:00:00Z", &["promote", "a", "b", "--to", "production"]).expect(0);
    assert_eq!(scene.site.generation("production"), before + 1, "in one generation");
    // One of them shows the newest already, and holds nobody.
    scene.take("a", "2026-06-07T04:00:00Z", 10);
    scene.sweep("2026-06-07T05:00:00Z", "staging").expect(0);
    scene.at("2026-06-10T05:00:00Z", &alone).expect(0);
    // A pin on one holds both.
    for mirror in ["a", "b"] {
        scene.take(mirror, "2026-06-11T04:00:00Z", 10);
    }
    scene.sweep("2026-06-11T05:00:00Z", "staging").expect(0);
    scene.site.ok(&["pin", "b", "--in", "production", "--reason", "audit"]);
    let said = scene.sweep("2026-06-15T05:00:00Z", "production").expect(1);
    said.says("a stays: it moves only together with b (group lab), which is pinned");
}
