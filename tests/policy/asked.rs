//! Who is asked before a move: gates, verification, and the brake on what shrinks.
use super::Scene;
use crate::harness::{Archive, Site};

const NOON: &str = "2026-06-05T12:00:00Z";

/// A scene of one mirror with two snapshots, of which production shows the first; the gate is as given.
fn gated(gate: &dyn Fn(&Scene) -> String) -> Scene {
    let scene = Scene::new(&["a"], "");
    scene.take("a", "2026-06-01T04:00:00Z", 10);
    scene.sweep(NOON, "production").expect(0);
    scene.take("a", "2026-06-02T04:00:00Z", 10);
    let lines = format!("[channels.production]\n{}\n", gate(&scene));
    scene.configure("UTC", &lines);
    scene
}

fn gate(scene: &Scene, lines: &str, more: &str) -> String {
    let script = scene.script("gate", lines);
    format!("gate = [\"{}\", \"--strict\"]\n{more}", script.display())
}

#[test]
fn a_gate_is_told_what_would_move_and_lets_it_through() {
    let scene = gated(&|scene| {
        let said = scene.sources.path().join("said").display().to_string();
        let lines = format!(
            "for word in \"$@\"; do echo \"$word\"; done > {said}\nenv | grep ^PINFOLD_ | sort >> {said}\ncat \"$4\" > {said}.json\ntest -f \"$PINFOLD_NEW_TREE/today\" && test -f \"$PINFOLD_OLD_TREE/today\""
        );
        gate(scene, &lines, "")
    });
    scene.sweep(NOON, "production").expect(0);
    let said = std::fs::read_to_string(scene.sources.path().join("said")).unwrap();
    let diff = scene.site.dir().join("logs/production.a.diff.json").display().to_string();
    let (old, new) = ("a@20260601T040000Z", "a@20260602T040000Z");
    assert!(said.starts_with(&format!("--strict\n{old}\n{new}\n{diff}\n")), "{said}");
    for line in [
        "CHANNEL=production",
        "MIRROR=a",
        &format!("OLD={old}"),
        &format!("NEW={new}"),
        &format!("DIFF={diff}"),
    ] {
        assert!(said.contains(&format!("\nPINFOLD_{line}\n")), "{line} is not in {said}");
    }
    let json = std::fs::read_to_string(scene.sources.path().join("said.json")).unwrap();
    let given: serde_json::Value = serde_json::from_str(&json).unwrap();
    let printed = scene.site.run(&["diff", old, new, "--json"]).expect(1).out;
    assert_eq!(given, serde_json::from_str::<serde_json::Value>(&printed).unwrap());
    assert_eq!(given["counts"]["changed"], 1, "{given}");
}

#[test]
fn the_first_promotion_of_a_mirror_is_asked_about_with_nothing_before_it() {
    let scene = Scene::new(&["a"], "");
    scene.take("a", "2026-06-01T04:00:00Z", 4);
    let lines = "test -z \"$2\" && test -z \"$PINFOLD_OLD\" && grep -q '\"added\": 4' \"$4\"";
    scene.configure("UTC", &format!("[channels.production]\n{}", gate(&scene, lines, "")));
    scene.sweep(NOON, "production").expect(0);
}

#[test]
fn a_gate_that_says_no_or_is_too_slow_holds_and_what_it_said_is_kept() {
    for (lines, more, says) in [
        ("echo the kernel is held back >&2\nexit 3", "", "exit code 3: the kernel is held back"),
        ("echo thinking\nsleep 600", "gate-deadline = \"1s\"", "longer than its deadline"),
        ("kill -9 $$", "", "signal 9"),
    ] {
        let scene = gated(&|scene| gate(scene, lines, more));
        let ran = scene.sweep(NOON, "production").expect(1).says("the gate said no").says(says);
        let log = scene.site.dir().join("logs/production.a.gate.log");
        assert!(ran.said().contains(log.to_str().unwrap()), "{}", ran.said());
        if lines.contains("echo") {
            let kept = std::fs::read_to_string(&log).unwrap();
            assert!(kept.contains("held back") || kept.contains("thinking"), "{kept}");
        }
        assert_eq!(scene.shows("production", "a"), "20260601T040000Z");
        // The same for a person, who may go round it by name.
        let named = ["promote", "a", "--to", "production", "--skip-gate"];
        scene.at(NOON, &named).expect(0);
        assert!(scene.site.ok(&["log", "production"]).contains("(--skip-gate)"));
    }
    let scene = gated(&|_| "gate = [\"/nowhere/gate\"]".to_owned());
    scene.sweep(NOON, "production").expect(1).says("cannot start /nowhere/gate");
}

#[test]
fn a_gate_holds_up_nobody_and_what_changed_meanwhile_counts() {
    // The gate pins the mirror in the channel, which needs the site's lock.
    let scene = gated(&|scene| {
        let (program, config) = (env!("CARGO_BIN_EXE_pinfold"), scene.site.config());
        let pin = format!(
            "{program} --config {} pin a --in production --reason meanwhile",
            config.display()
        );
        gate(scene, &format!("{pin} || exit 9"), "")
    });
    let ran = scene.sweep(NOON, "production").expect(1).says("a stays: it is pinned");
    assert!(ran.said().contains("meanwhile"), "{}", ran.said());
    assert_eq!(scene.shows("production", "a"), "20260601T040000Z");
}

#[test]
fn another_generation_made_meanwhile_is_built_upon_and_no_gate_is_asked_twice() {
    let scene = Scene::new(&["a", "b"], "");
    for day in ["01", "02"] {
        scene.take("b", &format!("2026-06-{day}T04:00:00Z"), 10);
        scene.sweep(&format!("2026-06-{day}T05:00:00Z"), "production").expect(0);
    }
    scene.take("a", "2026-06-02T04:00:00Z", 10);
    let (program, config) = (env!("CARGO_BIN_EXE_pinfold"), scene.site.config());
    let asked = scene.sources.path().join("asked");
    let rollback = format!("{program} --config {} rollback production b", config.display());
    let lines = format!("echo x >> {}\n{rollback} || exit 9", asked.display());
    let text = format!("[channels.production]\n{}", gate(&scene, &lines, ""));
    scene.configure("UTC", &text);
    let before = scene.site.generation("production");
    scene.sweep(NOON, "production").expect(0);
    assert_eq!(scene.shows("production", "a"), "20260602T040000Z");
    assert_eq!(scene.shows("production", "b"), "20260601T040000Z", "it went back meanwhile");
    assert_eq!(scene.site.generation("production"), before + 2);
    assert_eq!(std::fs::read_to_string(asked).unwrap(), "x\n");
}

#[test]
fn a_mirror_without_a_gate_moves_beside_one_that_is_held() {
    let scene = gated(&|scene| gate(scene, "exit 1", ""));
    scene.mirror("b", "[channels.production]\nverify = true\n");
    let own = scene.script("own", "exit 0");
    let text = format!("[channels.production]\ngate = [\"{}\"]\n", own.display());
    scene.mirror("b", &text);
    scene.take("b", "2026-06-02T04:00:00Z", 3);
    scene.sweep(NOON, "production").expect(1).says("b moved").says("a stays");
    assert_eq!(scene.shows("production", "b"), "20260602T040000Z");
    assert_eq!(scene.shows("production", "a"), "20260601T040000Z");
}

#[test]
fn a_damaged_snapshot_is_held_where_it_is_verified_first() {
    for (verify, is_held) in [("false", false), ("true", false), ("\"deep\"", true)] {
        let scene = gated(&|_| format!("verify = {verify}"));
        let digest = blake3::hash(b"2026-06-02T04:00:00Z").to_hex().to_string();
        let object = scene.site.root.join("objects").join(&digest[..2]).join(&digest[2..]);
        // Same size, other bytes: only who reads them sees it.
        let times = std::fs::metadata(&object).unwrap().modified().unwrap();
        std::process::Command::new("chmod").arg("u+w").arg(&object).status().unwrap();
        let mut bytes = std::fs::read(&object).unwrap();
        bytes[0] ^= 1;
        std::fs::write(&object, bytes).unwrap();
        std::process::Command::new("chmod").arg("u-w").arg(&object).status().unwrap();
        std::fs::File::open(&object).unwrap().set_modified(times).unwrap();
        let ran = scene.sweep(NOON, "production").expect(i32::from(is_held));
        assert_eq!(ran.said().contains("which is not whole"), is_held, "{verify}: {}", ran.said());
    }
}

#[test]
fn what_lost_much_waits_for_a_person() {
    let scene = Scene::new(&["a", "b"], "");
    scene.mirror("b", "[channels.production]\nmax-change = 50\n");
    for mirror in ["a", "b"] {
        scene.take(mirror, "2026-06-01T04:00:00Z", 10);
    }
    scene.sweep(NOON, "production").expect(0);
    // 8 of 10 are left: 20 percent may go.
    scene.take("a", "2026-06-02T04:00:00Z", 8);
    scene.sweep(NOON, "production").expect(0);
    for mirror in ["a", "b"] {
        scene.take(mirror, "2026-06-03T04:00:00Z", 6);
    }
    let said = scene.sweep(NOON, "production").expect(1).says("b moved");
    said.says("a stays: it would lose 2 of 8 files by 20260603T040000Z, more than 20 percent");
    let named = ["promote", "a", "--to", "production"];
    scene.at(NOON, &named).expect(1).says("--allow-shrink");
    scene.at(NOON, &[&named[..], &["--allow-shrink"]].concat()).expect(0);
    assert!(scene.site.ok(&["log", "production"]).contains("(--allow-shrink)"));
    // Whoever goes back by name means to.
    scene.take("a", "2026-06-04T04:00:00Z", 60);
    scene.at(NOON, &named).expect(0);
    scene.at(NOON, &["promote", "a@20260603T040000Z", "--to", "production"]).expect(0);
}

#[test]
fn what_lost_many_packages_waits_whatever_its_files_are() {
    let site = Site::new();
    let archive = Archive::first();
    for number in 0..4 {
        archive.package(&format!("more{number}"), "1.0");
    }
    archive.index("Mon, 23 Mar 2026 04:00:00 UTC");
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    // All are upgraded, none is lost.
    archive.next_state("2.0", "Tue, 24 Mar 2026 04:00:00 UTC");
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "--all", "--to", "production"]);
    for number in 0..2 {
        let folder = archive.tree.join(format!("pool/main/m/more{number}"));
        std::fs::remove_dir_all(folder).unwrap();
    }
    archive.index("Wed, 25 Mar 2026 04:00:00 UTC");
    site.ingest(&archive.tree, &["--taken", "2026-03-25T04:00:00Z"]);
    let said = site.run(&["promote", "--all", "--to", "production"]).expect(1);
    said.says("it would lose 2 of 6 packages by 20260325T040000Z");
    site.ok(&["promote", "--all", "--to", "production", "--allow-shrink"]);
}
