//! Each form of a client's file, for both programs.

use std::time::Duration;

use super::Followed;
use crate::harness::Distribution;

#[test]
fn a_move_is_seen_within_the_minutes_that_were_asked_for() {
    let followed = Followed::new(Distribution::first());
    let nginx = followed.site.nginx();
    let (dnf, zypper) = (followed.dnf(&["--minutes", "9"]), followed.zypper(&[]));
    assert_eq!(dnf.offers("alpha").as_deref(), Some("1.0-1"));
    assert_eq!(zypper.offers("alpha").as_deref(), Some("1.0-1"));
    followed.distribution.second_state();
    followed.promote();
    nginx.asked("lab.access.log");
    // dnf looks at the age of the file, and zypper asks only where nothing expired it.
    dnf.age(Duration::from_secs(8 * 60));
    assert_eq!(dnf.knows("alpha").as_deref(), Some("1.0-1"));
    assert_eq!(zypper.knows("alpha").as_deref(), Some("1.0-1"));
    assert_eq!(nginx.asked("lab.access.log"), "", "nobody asks yet");
    dnf.age(Duration::from_secs(60));
    assert_eq!(dnf.knows("alpha").as_deref(), Some("2.0-1"));
    zypper.age(Duration::from_secs(5 * 60 + 1));
    assert_eq!(zypper.knows("alpha").as_deref(), Some("2.0-1"));
}

#[test]
fn dnf_asks_upstream_only_while_the_mirror_is_down() {
    let distribution = Distribution::first();
    let many = distribution.fill(19);
    distribution.index("1.0");
    let followed = Followed::new(distribution);
    let (site, upstream) = (&followed.site, &followed.upstream);
    let dnf = followed.dnf(&["--fallback", "upstream"]);
    let nginx = site.nginx();
    // Upstream has gone on meanwhile.
    followed.distribution.second_state();
    assert_eq!(dnf.offers("alpha").as_deref(), Some("1.0-1"));
    let words: Vec<&str> = many.iter().map(String::as_str).collect();
    dnf.ok(&[&["install", "--downloadonly"], words.as_slice()].concat());
    assert_eq!(dnf.files("var/cache/dnf", ".rpm").len(), 19);
    assert_eq!(upstream.asked(), Vec::<String>::new(), "the mirror is up");
    assert!(nginx.asked("lab.access.log").contains("many18"));

    drop(nginx);
    assert_eq!(dnf.offers("alpha").as_deref(), Some("2.0-1"), "upstream's state of the day");
    dnf.ok(&["install", "fresh"]);
    assert!(upstream.asked().iter().any(|line| line.contains("fresh-0.1")));

    let nginx = site.nginx();
    assert_eq!(dnf.offers("alpha").as_deref(), Some("1.0-1"), "the mirror is back");
    followed.promote();
    assert_eq!(dnf.offers("alpha").as_deref(), Some("2.0-1"));
    site.ok(&["rollback", "production"]);
    assert_eq!(dnf.offers("alpha").as_deref(), Some("1.0-1"));
    dnf.ok(&["install", "alpha"]);
    assert_eq!(upstream.asked(), Vec::<String>::new());
    drop(nginx);
}

#[test]
fn zypper_asks_upstream_only_while_the_mirror_is_down() {
    let followed = Followed::new(Distribution::first());
    let (site, upstream) = (&followed.site, &followed.upstream);
    let zypper = followed.zypper(&["--fallback", "upstream"]);
    let nginx = site.nginx();
    followed.distribution.second_state();
    assert_eq!(zypper.offers("alpha").as_deref(), Some("1.0-1"));
    zypper.download(&["alpha", "steady", "gone"]);
    assert_eq!(upstream.asked(), Vec::<String>::new(), "the mirror is up");

    drop(nginx);
    assert_eq!(zypper.offers("alpha").as_deref(), Some("2.0-1"), "upstream's state of the day");
    zypper.ok(&["install", "fresh"]);
    assert!(upstream.asked().iter().any(|line| line.contains("fresh-0.1")));

    let _nginx = site.nginx();
    assert_eq!(zypper.offers("alpha").as_deref(), Some("1.0-1"), "the mirror is back");
    followed.promote();
    assert_eq!(zypper.offers("alpha").as_deref(), Some("2.0-1"));
    site.ok(&["rollback", "production"]);
    assert_eq!(zypper.offers("alpha").as_deref(), Some("1.0-1"));
    zypper.download(&["alpha"]);
    assert_eq!(upstream.asked(), Vec::<String>::new());
}

#[test]
fn a_list_leads_to_the_dated_tree_and_to_no_other() {
    let followed = Followed::new(Distribution::first());
    let site = &followed.site;
    let nginx = site.nginx();
    let (dnf, zypper) = (followed.dnf(&["--list"]), followed.zypper(&["--list"]));
    let dates = |version: &str| {
        nginx.asked("lab.access.log");
        assert_eq!(dnf.offers("alpha").as_deref(), Some(version));
        zypper.ok(&["clean", "--raw-metadata"]);
        assert_eq!(zypper.offers("alpha").as_deref(), Some(version));
        zypper.download(&["alpha", "tool"]);
        let shown = site.shows("production", "lab").unwrap();
        let asked = nginx.asked("lab.access.log");
        let paths: Vec<&str> =
            asked.lines().filter_map(|line| line.split("\"GET ").nth(1)).collect();
        assert!(paths.iter().any(|path| path.contains("/repodata/repomd.xml ")), "{asked}");
        for path in paths {
            let is_list = path.contains("/lab/mirrorlist ");
            let is_dated = path.starts_with(&format!("/snapshots/lab/{shown}/"));
            assert!(is_list || is_dated, "{path} is of no date");
        }
    };
    dates("1.0-1");
    followed.distribution.second_state();
    followed.promote();
    dates("2.0-1");
    assert_eq!(zypper.offers("alpha").as_deref(), Some("2.0-1"), "and keeps the list");
    site.ok(&["rollback", "production"]);
    assert_eq!(zypper.offers("alpha").as_deref(), Some("2.0-1"), "the list is kept for 10 minutes");
    zypper.age(Duration::from_secs(601));
    assert_eq!(zypper.offers("alpha").as_deref(), Some("1.0-1"));
    dates("1.0-1");
    drop(nginx);
    dnf.run(&["makecache"]).expect(1).says("lab");
}

#[test]
fn a_client_at_a_date_stays_there_and_asks_for_nothing() {
    let followed = Followed::new(Distribution::first());
    let site = &followed.site;
    let first = site.dates("lab").pop().unwrap();
    let nginx = site.nginx();
    let (dnf, zypper) = (followed.dnf(&["--date", &first]), followed.zypper(&["--date", &first]));
    assert_eq!(dnf.offers("alpha").as_deref(), Some("1.0-1"));
    assert_eq!(zypper.offers("alpha").as_deref(), Some("1.0-1"));
    followed.distribution.second_state();
    followed.promote();
    nginx.asked("lab.access.log");
    let year = Duration::from_secs(365 * 24 * 3600);
    dnf.age(year);
    zypper.age(year);
    assert_eq!(dnf.knows("alpha").as_deref(), Some("1.0-1"));
    assert_eq!(zypper.knows("alpha").as_deref(), Some("1.0-1"));
    assert_eq!(nginx.asked("lab.access.log"), "");
    assert_eq!(dnf.offers("alpha").as_deref(), Some("1.0-1"), "asked to ask");
    assert_eq!(zypper.offers("alpha").as_deref(), Some("1.0-1"));
    dnf.ok(&["install", "alpha"]);
    zypper.ok(&["install", "alpha"]);
}

#[test]
fn without_a_fallback_both_programs_do_without_the_mirror_as_their_files_say() {
    let followed = Followed::new(Distribution::first());
    let nginx = followed.site.nginx();
    let (dnf, zypper) = (followed.dnf(&[]), followed.zypper(&[]));
    dnf.offers("alpha");
    zypper.offers("alpha");
    drop(nginx);
    assert_eq!(dnf.knows("alpha").as_deref(), Some("1.0-1"), "not expired");
    assert_eq!(zypper.knows("alpha").as_deref(), Some("1.0-1"));
    dnf.age(Duration::from_secs(301));
    dnf.run(&["repoquery", "alpha"]).expect(1).says("Failed to download metadata for repo 'lab'");
    zypper.age(Duration::from_secs(301));
    assert_eq!(zypper.knows("alpha"), None);
    zypper.run(&["install", "alpha"]).expect(104);
    assert_eq!(followed.upstream.asked(), Vec::<String>::new());
}
