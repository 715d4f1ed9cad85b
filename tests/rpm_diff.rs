//! What changed between two states of a repository: packages by NEVRA, and the advisories that came.

use crate::harness::{Distribution, Rpm, Site, Upstream, following_rpm};
use serde_json::{Value, json};

/// A site that took two states of an upstream, and their names.
fn two_days() -> (Site, [String; 2]) {
    let distribution = Distribution::first();
    let (repo, add) = (&distribution.repo, |rpm: Rpm| distribution.add(&rpm));
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    for (name, version) in [("epoch", "9.0-3"), ("back", "2.0-1"), ("tilde", "1.0~rc1-1")] {
        add(Rpm::new(name, version));
    }
    for architecture in ["x86_64", "i686"] {
        add(Rpm::new("wide", "1.0").architecture(architecture));
    }
    add(Rpm::new("twin", "1.0").build(1));
    add(Rpm::new("alpha", "1.0").architecture("src"));
    distribution.index("1.0");
    site.ok(&["sync", "lab"]);
    for old in [
        "epoch-9.0-3.noarch.rpm",
        "back-2.0-1.noarch.rpm",
        "tilde-1.0~rc1-1.noarch.rpm",
        "wide-1.0-1.x86_64.rpm",
        "alpha-1.0-1.src.rpm",
    ] {
        repo.remove(&format!("Packages/{old}"));
    }
    for (name, version) in [("epoch", "1:0.1-1"), ("back", "2.0~rc1-1"), ("tilde", "1.0-1")] {
        add(Rpm::new(name, version));
    }
    add(Rpm::new("wide", "1.0-2").architecture("x86_64"));
    add(Rpm::new("twin", "1.0").build(2));
    add(Rpm::new("alpha", "2.0").architecture("src"));
    distribution.second_state();
    site.run(&["sync", "lab"]).expect(0).says("1 files have other bytes under their names");
    let dates = site.dates("lab");
    let names = [0, 1].map(|day| format!("lab@{}", dates[day]));
    (site, names)
}

/// The changes in a few words each.
fn words(found: &Value) -> Vec<String> {
    let word = |one: &Value, name: &str| one[name].as_str().unwrap_or("-").to_owned();
    let names = ["change", "architecture", "kind", "name", "old", "new"];
    let changes = found["packages"].as_array().unwrap();
    changes.iter().map(|one| names.map(|name| word(one, name)).join(" ")).collect()
}

#[test]
fn a_day_of_a_repository_is_named_package_by_package_with_its_advisories() {
    let (site, [first, second]) = two_days();
    let ran = site.run(&["diff", "--json", &first, &second]).expect(1);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    let expected = [
        "upgraded noarch binary alpha 1.0-1 2.0-1",
        "downgraded noarch binary back 2.0-1 2.0~rc1-1",
        "upgraded noarch binary epoch 9.0-3 1:0.1-1",
        "added noarch binary fresh - 0.1-1",
        "removed noarch binary gone 1.0-1 -",
        "upgraded noarch binary tilde 1.0~rc1-1 1.0-1",
        "upgraded noarch binary tool 1.0-1 2.0-1",
        "rebuilt noarch binary twin 1.0-1 1.0-1",
        "upgraded x86_64 binary wide 1.0-1 1.0-2",
        "upgraded src source alpha 1.0-1 2.0-1",
    ];
    let mut got = words(&found);
    got.sort();
    let mut wanted = expected.map(str::to_owned);
    wanted.sort();
    assert_eq!(got, wanted);
    assert_eq!(
        found["counts"],
        json!({ "added": 1, "removed": 1, "upgraded": 6, "downgraded": 1, "rebuilt": 1 })
    );
    assert_eq!(
        found["advisories"],
        json!([{ "id": "LAB-2026:2", "kind": "security", "severity": "Important", "cves": ["CVE-2026-0002"] }])
    );
    let said = site.run(&["diff", &first, &second]).expect(1).out;
    let lines: Vec<String> =
        said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "packages: 1 added, 1 removed, 6 upgraded, 1 downgraded, 1 rebuilt",
        "CHANGE WHERE PACKAGE OLD NEW",
        "upgraded noarch epoch 9.0-3 1:0.1-1",
        "rebuilt noarch twin 1.0-1 1.0-1",
        "upgraded source alpha 1.0-1 2.0-1",
        "advisories: 1 came",
        "LAB-2026:2 security Important CVE-2026-0002",
    ] {
        assert!(lines.iter().any(|one| one == line), "{line:?} is not in:\n{said}");
    }
    let files = site.run(&["diff", "--files", &first, &second]).expect(1).out;
    let replaced: Vec<&str> =
        files.lines().filter(|line| line.trim_start().starts_with("replaced")).collect();
    assert!(replaced.len() == 1 && replaced[0].contains("twin-1.0-1.noarch.rpm"), "{files}");
    // Backwards: nothing comes that was not there.
    let said = site.run(&["diff", &second, &first]).expect(1).says("6 downgraded").said();
    assert!(!said.contains("LAB-2026"), "{said}");
}
