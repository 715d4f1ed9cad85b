//! Pins that end by themselves, and pins of people that a rollback respects.
use super::Scene;

#[test]
fn a_pin_in_a_channel_ends_by_itself() {
    let scene = Scene::new(&["a"], "");
    scene.take("a", "2026-06-01T04:00:00Z", 10);
    scene.sweep("2026-06-01T05:00:00Z", "production").expect(0);
    scene.take("a", "2026-06-02T04:00:00Z", 10);
    let pin = ["pin", "a", "--in", "production", "--reason", "audit", "--until"];
    for (until, now, says) in [
        ("2026-06-10", "2026-06-02T05:00:00Z", "until 2026-06-10 23:59:59 UTC"),
        ("36h", "2026-06-02T05:00:00Z", "until 2026-06-03 17:00:00 UTC"),
        ("7d", "2026-06-02T05:00:00Z", "until 2026-06-09 05:00:00 UTC"),
    ] {
        scene.at(now, &[&pin[..], &[until]].concat()).expect(0).says(says);
    }
    for wrong in ["tomorrow", "2026-06-01", "-3d", ""] {
        let until = format!("--until={wrong}");
        let args = ["pin", "a", "--in", "production", until.as_str()];
        scene.at("2026-06-02T05:00:00Z", &args).expect(2);
    }
    let said = scene.sweep("2026-06-09T05:00:00Z", "production").expect(1);
    said.says("it is pinned by").says("until 2026-06-09 05:00:00 UTC: audit");
    // Readers say that it ended, and leave it.
    for verb in [&["channels"][..], &["log", "production"]] {
        scene.at("2026-06-09T05:00:00Z", verb).expect(0).says("until 2026-06-09 05:00:00 UTC");
        scene.at("2026-06-09T05:00:01Z", verb).expect(0).says("expired 2026-06-09 05:00:00 UTC");
    }
    let json = scene.at("2026-06-09T05:00:01Z", &["channels", "--json"]).expect(0).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let production = json.as_array().unwrap().iter().find(|one| one["channel"] == "production");
    let held = &production.unwrap()["pins"]["a"];
    assert_eq!((&held["expired"], &held["until"]), (&true.into(), &"20260609T050000Z".into()));
    let dry = ["promote", "--all", "--to", "production", "--dry-run"];
    scene.at("2026-06-09T05:00:01Z", &dry).expect(0).says("would move");
    assert!(scene.site.ok(&["log", "production"]).contains("pinned"), "a dry run removes nothing");
    let said = scene.sweep("2026-06-09T05:00:01Z", "production").expect(0);
    said.says("the pin of a ended, and is gone").says("a moved");
    assert!(!scene.site.ok(&["channels"]).contains("pinned"));
}

#[test]
fn a_pin_on_a_snapshot_is_shown_with_its_end() {
    let scene = Scene::new(&["a"], "");
    scene.take("a", "2026-06-01T04:00:00Z", 10);
    scene.at("2026-06-02T05:00:00Z", &["pin", "a", "audit", "--until", "2d"]).expect(0);
    for verb in [&["snapshots"][..], &["show", "a"]] {
        let ran = scene.at("2026-06-03T05:00:00Z", verb).expect(0);
        ran.says("pin audit of").says("until 2026-06-04 05:00:00 UTC");
        scene.at("2026-06-05T05:00:00Z", verb).expect(0).says("expired 2026-06-04 05:00:00 UTC");
    }
}

#[test]
fn a_rollback_leaves_what_a_person_pinned_and_goes_on_with_what_a_rollback_did() {
    let scene = Scene::new(&["a", "b"], "");
    for day in ["01", "02", "03"] {
        for mirror in ["a", "b"] {
            scene.take(mirror, &format!("2026-06-{day}T04:00:00Z"), 10);
        }
        scene.sweep(&format!("2026-06-{day}T05:00:00Z"), "production").expect(0);
    }
    let now = "2026-06-04T05:00:00Z";
    scene.at(now, &["pin", "b", "--in", "production", "--reason", "keep it"]).expect(0);
    let said = scene.at(now, &["rollback", "production"]).expect(0).says("a moved");
    said.says("b stays: it is pinned").says("pinfold rollback production b takes it back");
    assert_eq!(scene.shows("production", "a"), "20260602T040000Z");
    assert_eq!(scene.shows("production", "b"), "20260603T040000Z");
    // A second one goes a step further, past the pin that the first one made.
    scene.at(now, &["rollback", "production", "a"]).expect(0);
    assert_eq!(scene.shows("production", "a"), "20260601T040000Z");
    scene.at(now, &["rollback", "production", "b", "--reason", "named"]).expect(0);
    assert_eq!(scene.shows("production", "b"), "20260602T040000Z");
    // Nothing moves them on by itself.
    let stands = scene.site.generation("production");
    scene.sweep("2026-06-04T05:05:00Z", "production").expect(1).says("b stays: it is pinned");
    assert_eq!(scene.site.generation("production"), stands);
}
