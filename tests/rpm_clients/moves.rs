//! Both programs obey each move of a channel, forward and back.

use super::Followed;
use crate::harness::{Distribution, Dnf, Zypper};

/// What dnf sees of a state: alpha, the module's tool, what else comes or goes; of what is installed, the advisories.
fn dnf_sees(dnf: &Dnf, version: &str, other: &str, advisories: usize) {
    dnf.ok(&["makecache"]);
    let known = dnf.knows_of(&["alpha", "tool", "gone", "fresh"]);
    let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        if other == "gone" { ["alpha", "gone", "tool"] } else { ["alpha", "fresh", "tool"] }
    );
    for (name, known) in known.iter().filter(|(name, _)| name != other) {
        assert_eq!(known, &format!("{version}-1"), "{name}");
    }
    let list = dnf.ok(&["updateinfo", "list", "--all"]);
    assert_eq!(list.matches("LAB-2026:").count(), advisories, "{list}");
}

#[test]
fn dnf_obeys_every_move_forward_and_back() {
    let followed = Followed::new(Distribution::first());
    let (site, distribution) = (&followed.site, &followed.distribution);
    let _nginx = site.nginx();
    let dnf = followed.dnf(&[]);
    dnf_sees(&dnf, "1.0", "gone", 0);
    dnf.ok(&["install", "alpha", "tool", "gone"]);
    assert_eq!(dnf.installed("alpha").as_deref(), Some("1.0-1"));

    distribution.second_state();
    followed.promote();
    dnf_sees(&dnf, "2.0", "fresh", 2);
    assert!(dnf.ok(&["module", "list"]).contains("tool 1 [d]"), "it is the stream by default");
    assert!(dnf.ok(&["group", "list"]).contains("Lab"));
    dnf.ok(&["upgrade"]);
    for (name, version) in [("alpha", "2.0-1"), ("tool", "2.0-1"), ("gone", "1.0-1")] {
        assert_eq!(dnf.installed(name).as_deref(), Some(version), "{name}");
    }
    distribution.third_state();
    followed.promote();
    dnf_sees(&dnf, "3.0", "fresh", 3);
    dnf.ok(&["upgrade"]);

    let said = site.run(&["rollback", "production"]).expect(0).said();
    dnf_sees(&dnf, "2.0", "fresh", 2);
    assert_eq!(dnf.installed("alpha").as_deref(), Some("3.0-1"), "what is installed stays");
    assert!(said.contains("dnf distro-sync"), "{said}");
    dnf.ok(&["distro-sync"]);
    assert_eq!(dnf.installed("alpha").as_deref(), Some("2.0-1"));
    site.ok(&["rollback", "production"]);
    dnf_sees(&dnf, "1.0", "gone", 1);
    dnf.ok(&["distro-sync"]);
    assert_eq!(dnf.installed("tool").as_deref(), Some("1.0-1"));
    site.ok(&["promote", "lab", "--to", "production", "--allow-shrink"]);
    dnf_sees(&dnf, "3.0", "fresh", 3);
}

/// What zypper sees of a state.
fn zypper_sees(zypper: &Zypper, version: &str, other: [(&str, bool); 2], advisories: usize) {
    let full = format!("{version}-1");
    assert_eq!(zypper.offers("alpha"), Some(full.clone()));
    assert_eq!(zypper.knows("tool"), Some(full));
    for (name, is_there) in other {
        assert_eq!(zypper.knows(name).is_some(), is_there, "{name}");
    }
    let list = zypper.run(&["search", "--type", "patch"]).said();
    assert_eq!(list.matches("LAB-2026:").count(), advisories, "{list}");
    zypper.download(&["alpha", "steady"]);
}

#[test]
fn zypper_obeys_every_move_forward_and_back() {
    let followed = Followed::new(Distribution::first());
    let (site, distribution) = (&followed.site, &followed.distribution);
    let _nginx = site.nginx();
    let zypper = followed.zypper(&[]);
    zypper_sees(&zypper, "1.0", [("gone", true), ("fresh", false)], 1);
    zypper.ok(&["install", "alpha", "tool", "gone"]);
    assert_eq!(zypper.installed("alpha").as_deref(), Some("1.0-1"));

    distribution.second_state();
    followed.promote();
    zypper_sees(&zypper, "2.0", [("gone", false), ("fresh", true)], 2);
    zypper.ok(&["update"]);
    assert_eq!(zypper.installed("alpha").as_deref(), Some("2.0-1"));
    distribution.third_state();
    followed.promote();
    zypper_sees(&zypper, "3.0", [("gone", false), ("fresh", true)], 3);
    zypper.ok(&["update"]);

    let said = site.run(&["rollback", "production"]).expect(0).said();
    zypper_sees(&zypper, "2.0", [("gone", false), ("fresh", true)], 2);
    assert_eq!(zypper.installed("alpha").as_deref(), Some("3.0-1"), "what is installed stays");
    assert!(said.contains("zypper dist-upgrade --from lab --allow-downgrade"), "{said}");
    zypper.ok(&["dist-upgrade", "--from", "lab", "--allow-downgrade"]);
    assert_eq!(zypper.installed("alpha").as_deref(), Some("2.0-1"));
    site.ok(&["rollback", "production"]);
    zypper_sees(&zypper, "1.0", [("gone", true), ("fresh", false)], 1);
    site.ok(&["promote", "lab", "--to", "production", "--allow-shrink"]);
    zypper_sees(&zypper, "3.0", [("gone", false), ("fresh", true)], 3);
}
