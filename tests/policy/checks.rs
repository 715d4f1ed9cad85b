//! The check after a move: where it says no, the channel goes back by itself and stays there.
use super::Scene;
use crate::harness::{Archive, Site, ran, write};

const NOON: &str = "2026-06-05T12:00:00Z";

/// A scene of two mirrors with two snapshots each, of which production shows the first; the check ends by the file `code`.
fn checked(more: &str) -> Scene {
    let scene = Scene::new(&["a", "b"], "");
    for mirror in ["a", "b"] {
        scene.take(mirror, "2026-06-01T04:00:00Z", 10);
    }
    scene.sweep(NOON, "production").expect(0);
    for mirror in ["a", "b"] {
        scene.take(mirror, "2026-06-02T04:00:00Z", 10);
    }
    let folder = scene.sources.path().display().to_string();
    let lines = format!(
        "echo \"$1 $2 $PINFOLD_CHANNEL $PINFOLD_GENERATION $PINFOLD_MOVED\" >> {folder}/asked\n. {folder}/code"
    );
    let script = scene.script("check", &lines);
    let check = format!("[channels.production]\ncheck = [\"{}\"]\n{more}\n", script.display());
    scene.configure("UTC", &check);
    scene
}

fn ends(scene: &Scene, code: &str) {
    write(scene.sources.path().join("code"), format!("{code}\n"));
}

fn asked(scene: &Scene) -> usize {
    let text = std::fs::read_to_string(scene.sources.path().join("asked")).unwrap_or_default();
    text.lines().count()
}

const OLD: &str = "20260601T040000Z";
const NEW: &str = "20260602T040000Z";

#[test]
fn a_check_that_says_yes_changes_nothing() {
    let scene = checked("");
    ends(&scene, "exit 0");
    let before = scene.site.generation("production");
    scene.sweep(NOON, "production").expect(0);
    assert_eq!(scene.site.generation("production"), before + 1);
    let said = std::fs::read_to_string(scene.sources.path().join("asked")).unwrap();
    let number = before + 1;
    assert_eq!(said, format!("production {number} production {number} a@{NEW} b@{NEW}\n"));
    scene.sweep(NOON, "production").expect(1).says("already shows");
    assert_eq!(asked(&scene), 1, "what did not move is not checked again");
}

#[test]
fn a_check_that_says_no_takes_back_all_that_moved_and_it_stays_so() {
    for (code, more, says) in [
        ("echo the proxy is down >&2; exit 4", "", "exit code 4: the proxy is down"),
        ("sleep 600", "check-deadline = \"1s\"", "longer than its deadline"),
    ] {
        let scene = checked(more);
        ends(&scene, code);
        let ran = scene.sweep(NOON, "production").expect(1);
        ran.says("the check said no").says(says).says("a went back to 20260601T040000Z");
        for mirror in ["a", "b"] {
            assert_eq!(scene.shows("production", mirror), OLD);
        }
        let log = scene.site.ok(&["log", "production"]);
        assert!(log.contains("check failed: ") && log.contains("rollback"), "{log}");
        assert!(log.contains("a is pinned by"), "{log}");
        // Five minutes later.
        ends(&scene, "exit 0");
        let (stands, times) = (scene.site.generation("production"), asked(&scene));
        scene.sweep("2026-06-05T12:05:00Z", "production").expect(1).says("check failed");
        assert_eq!((scene.site.generation("production"), asked(&scene)), (stands, times));
        // A person moves it on, and it is checked again.
        scene.at(NOON, &["promote", "a", "--to", "production"]).expect(0);
        assert_eq!((scene.shows("production", "a").as_str(), asked(&scene)), (NEW, times + 1));
        assert_eq!(scene.shows("production", "b"), OLD);
        scene.site.sound();
    }
}

#[test]
fn a_check_may_be_skipped_and_one_that_is_not_there_moves_nothing() {
    let scene = checked("");
    ends(&scene, "exit 1");
    scene.at(NOON, &["promote", "a", "--to", "production", "--skip-check"]).expect(0);
    assert_eq!((asked(&scene), scene.shows("production", "a").as_str()), (0, NEW));
    assert!(scene.site.ok(&["log", "production"]).contains("(--skip-check)"));
    std::fs::remove_file(scene.sources.path().join("check")).unwrap();
    scene.sweep(NOON, "production").expect(2).says("is not there").says("--skip-check");
    assert_eq!(scene.shows("production", "b"), OLD);
}

#[test]
fn who_rolled_back_while_the_check_ran_is_not_overruled() {
    let scene = checked("");
    let (program, config) = (env!("CARGO_BIN_EXE_pinfold"), scene.site.config());
    let rollback = format!("{program} --config {} rollback production a", config.display());
    ends(&scene, &format!("{rollback} --reason person || exit 9\nexit 1"));
    scene.sweep(NOON, "production").expect(1).says("b went back");
    let log = scene.site.ok(&["log", "production"]);
    assert!(log.contains("a is pinned by") && log.contains(": person"), "{log}");
    for mirror in ["a", "b"] {
        assert_eq!(scene.shows("production", mirror), OLD);
    }
}

#[test]
fn a_run_that_died_before_its_check_is_checked_by_the_next() {
    for (code, shown) in [("exit 0", NEW), ("exit 1", OLD)] {
        for point in ["check-noted", "generation-placed", "flip-made"] {
            let scene = checked("");
            ends(&scene, code);
            let mut command = scene.site.command(&["promote", "--all", "--to", "production"]);
            command.env("PINFOLD_NOW", NOON).env("PINFOLD_KILL_AT", format!("{point}:1"));
            assert_eq!(ran(&mut command).code, None, "{point}");
            assert_eq!(asked(&scene), 0);
            let again = scene.sweep(NOON, "production");
            if point == "flip-made" {
                again.says("was not checked");
            }
            assert_eq!(scene.shows("production", "a"), shown, "{point}, {code}");
            assert_eq!(asked(&scene), 1, "{point}, {code}");
            let last = scene.sweep(NOON, "production").expect(1);
            assert!(!last.said().contains("was not checked"), "{}", last.said());
            assert_eq!(asked(&scene), 1, "{point}, {code}");
            scene.site.sound();
        }
    }
}

#[test]
fn a_run_completes_what_a_killed_promotion_left_and_then_leaves_it() {
    let scene = checked("");
    ends(&scene, "exit 1");
    let mut command = scene.site.command(&["promote", "--all", "--to", "production"]);
    command.env("PINFOLD_NOW", NOON).env("PINFOLD_KILL_AT", "flip-made:1");
    assert_eq!(ran(&mut command).code, None);
    assert_eq!(scene.shows("production", "a"), NEW);
    let now = "2026-06-05T12:05:00Z";
    let said = scene.at(now, &["run"]).expect(1).says("was not checked").says("the check said no");
    assert!(!said.said().contains("production: production:"), "{}", said.said());
    assert_eq!(scene.shows("production", "a"), OLD);
    // Neither the next run nor the next time of the schedule moves it again.
    let stands = scene.site.generation("production");
    for now in ["2026-06-05T12:10:00Z", "2026-06-06T04:00:00Z", "2026-06-13T04:00:00Z"] {
        let ran = scene.at(now, &["run"]).expect(0);
        assert!(!ran.said().contains("production"), "{}", ran.said());
    }
    assert_eq!((scene.site.generation("production"), asked(&scene)), (stands, 1));
}

#[test]
fn a_way_back_that_was_killed_anywhere_is_completed_by_the_next_run() {
    for point in [
        "pins-written:1",
        "generation-recorded:2",
        "heads-written:1",
        "generation-placed:2",
        "flip-made:2",
    ] {
        let scene = checked("");
        ends(&scene, "exit 1");
        let mut command = scene.site.command(&["promote", "--all", "--to", "production"]);
        command.env("PINFOLD_NOW", NOON).env("PINFOLD_KILL_AT", point);
        let died = ran(&mut command).code.is_none();
        for mirror in ["a", "b"] {
            assert!([OLD, NEW].contains(&scene.shows("production", mirror).as_str()), "{point}");
        }
        let again = scene.sweep(NOON, "production").expect(1);
        assert!(!died || again.said().contains("check"), "{point}: {}", again.said());
        for mirror in ["a", "b"] {
            assert_eq!(scene.shows("production", mirror), OLD, "{point}");
        }
        scene.sweep(NOON, "production").expect(1).says("it is pinned");
        scene.site.sound();
    }
}

#[test]
fn apt_sees_the_older_state_again_when_the_check_said_no() {
    let site = Site::new();
    let archive = Archive::first();
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let nginx = site.nginx();
    let apt = site.client("production");
    let candidate = || {
        apt.get(&["update"]);
        apt.candidate("alpha")
    };
    assert_eq!(candidate().as_deref(), Some("1.0"));
    archive.second_state();
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    // What it checks is what clients get at that moment.
    let script = site.dir().join("check");
    let (url, seen) =
        (format!("http://127.0.0.1:{}", site.port), site.dir().join("seen").display().to_string());
    let lines = format!(
        "#!/bin/sh\ncurl -fsS {url}/archive.example.org/lab/dists/lab/main/binary-amd64/Packages.xz | xz -d | grep -A9 '^Package: alpha' > {seen}\ntest -e {seen}.good\n"
    );
    write(&script, lines);
    let chmod = std::process::Command::new("chmod").arg("755").arg(&script).status().unwrap();
    assert!(chmod.success());
    site.configure(&format!("[channels.production]\ncheck = [\"{}\"]\n", script.display()));
    site.run(&["promote", "--all", "--to", "production"]).expect(1).says("the check said no");
    assert!(std::fs::read_to_string(&seen).unwrap().contains("Version: 2.0"));
    assert_eq!(candidate().as_deref(), Some("1.0"));
    write(format!("{seen}.good"), "");
    site.run(&["promote", "--all", "--to", "production"]).expect(1).says("pinned");
    assert_eq!(candidate().as_deref(), Some("1.0"));
    site.ok(&["promote", "lab", "--to", "production"]);
    assert_eq!(candidate().as_deref(), Some("2.0"));
    drop(nginx);
    site.sound();
}
