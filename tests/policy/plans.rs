//! `promote --plan`: what will move, what will not, why, and when.
use super::Scene;
use serde_json::Value;

const CHANNELS: &str = "[channels.staging]\nschedule = \"30 5 * * *\"\n[channels.production]\nfrom = \"staging\"\nschedule = \"0 6 * * mon\"\nafter = \"3d\"\nverify = true\nfreeze = [\"2026-06-15\"]\n[channels.lab]\n";

/// Mirrors: `a` soaked, `b` soaks, `c` is pinned for a time, `d` shrank, `e` has nothing.
fn scene() -> Scene {
    let scene = Scene::new(&["a", "b", "c", "d", "e"], CHANNELS);
    for mirror in ["a", "b", "c", "d"] {
        scene.take(mirror, "2026-06-01T04:00:00Z", 10);
    }
    scene.sweep("2026-06-01T05:30:00Z", "staging").expect(0);
    scene.sweep("2026-06-04T06:00:00Z", "production").expect(0);
    for (mirror, files) in [("a", 10), ("c", 10), ("d", 3)] {
        scene.take(mirror, "2026-06-04T04:00:00Z", files);
    }
    let shrunk = ["promote", "--all", "--to", "staging", "--allow-shrink"];
    scene.at("2026-06-04T05:30:00Z", &shrunk).expect(0);
    scene.take("b", "2026-06-06T04:00:00Z", 10);
    scene.sweep("2026-06-06T05:30:00Z", "staging").expect(0);
    let pin = ["pin", "c", "--in", "production", "--reason", "audit", "--until", "2026-06-20"];
    scene.at("2026-06-06T06:00:00Z", &pin).expect(0);
    scene
}

#[test]
fn a_plan_names_what_moves_and_when_and_what_holds_the_rest() {
    let scene = scene();
    let now = "2026-06-07T12:00:00Z";
    let before = scene.site.generation("production");
    let said = scene.at(now, &["promote", "--plan"]).expect(0).out;
    let line = |channel: &str, mirror: &str| {
        let mut at = "";
        let found = said.lines().skip(1).find(|line| {
            let words: Vec<&str> = line.split_whitespace().take(2).collect();
            if !line.starts_with("  ") {
                at = words[0];
            }
            at == channel && words.contains(&mirror)
        });
        found.unwrap_or_else(|| panic!("{channel}: {mirror} is not in\n{said}")).to_owned()
    };
    for (channel, mirror, parts) in [
        // The next Monday, 6 o'clock.
        (
            "production",
            "a",
            &["20260601T040000Z", "20260604T040000Z", "2026-06-08 06:00:00", "it will be verified"]
                [..],
        ),
        // It has soaked by the 9th; the Monday after that is frozen.
        ("production", "b", &["20260606T040000Z", "2026-06-22 06:00:00", "soaks in staging"]),
        ("production", "c", &["2026-06-22 06:00:00", "is pinned by", "audit"]),
        ("production", "d", &[" - ", "would lose 7 of 10 files"]),
        ("production", "e", &["has no snapshot that staging shows"]),
        ("staging", "a", &["already shows"]),
        ("lab", "a", &["20260604T040000Z", "by hand"]),
    ] {
        let line = line(channel, mirror);
        for part in parts {
            assert!(line.contains(part), "{part:?} is not in {line}\n{said}");
        }
    }
    assert_eq!(scene.site.generation("production"), before);
    let at = |channel| said.find(channel).unwrap();
    assert!(at("staging") < at("production"), "who gives comes first:\n{said}");
}

#[test]
fn a_plan_in_json_says_the_same_and_what_it_says_comes_true() {
    let scene = scene();
    let args = ["promote", "--plan", "--to", "production", "--json"];
    let said = scene.at("2026-06-07T12:00:00Z", &args).expect(0).out;
    let json: Value = serde_json::from_str(&said).unwrap();
    let [production] = json.as_array().unwrap().as_slice() else { panic!("{said}") };
    assert_eq!(production["channel"], "production");
    assert_eq!(production["next"], "20260608T060000Z");
    let mirrors = production["mirrors"].as_array().unwrap();
    let of = |name: &str| mirrors.iter().find(|one| one["mirror"] == name).unwrap();
    for (mirror, moves, when, kind) in [
        ("a", true, Value::from("20260608T060000Z"), Value::Null),
        ("b", false, "20260622T060000Z".into(), "soaking".into()),
        ("c", false, "20260622T060000Z".into(), "pinned".into()),
        ("d", false, Value::Null, "shrinks".into()),
        ("e", false, Value::Null, "nothing-there".into()),
    ] {
        let one = of(mirror);
        assert_eq!(one["moves"], moves, "{one}");
        assert_eq!((&one["when"], &one["hold"]["kind"]), (&when, &kind), "{one}");
    }
    assert_eq!(of("b")["hold"]["until"], "20260609T053000Z");
    let moved = |now: &str| {
        let ran = scene.sweep(now, "production");
        ["a", "b", "c", "d"].map(|mirror| ran.out.contains(&format!(": {mirror} moved")))
    };
    assert_eq!(moved("2026-06-08T06:00:00Z"), [true, false, false, false]);
    assert_eq!(moved("2026-06-15T06:00:00Z"), [false; 4], "frozen");
    assert_eq!(moved("2026-06-22T06:00:00Z"), [false, true, true, false]);
}
