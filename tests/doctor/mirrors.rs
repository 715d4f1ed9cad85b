//! The tree is empty or stale, and why.

use super::Ward;
use crate::harness::{Archive, Site, Upstream, UpstreamKey, follow, temp_dir, write};

#[test]
fn a_mirror_is_empty_stale_or_shown_by_no_channel() {
    let mut ward = Ward::well();
    let other = "family = \"files\"\nmount = \"other\"\n";
    ward.site.mirror("other", other);
    ward.serve();
    ward.says("mirror-empty", "pinfold ingest other");
    ward.run(&["lab"]).expect(0);
    let dir = temp_dir();
    write(dir.path().join("one"), "one");
    ward.site.ok(&["ingest", "other", dir.path().to_str().unwrap()]);
    ward.says("channel-empty", "pinfold promote other --to staging");
    for channel in ["staging", "production"] {
        ward.site.ok(&["promote", "other", "--to", channel]);
    }
    ward.has(&[]);
    ward.site.mirror("other", &format!("{other}stale-after = \"1d\"\n"));
    ward.now = Some("2040-01-01T00:00:00Z".to_owned());
    ward.has(&["mirror-stale", "deep-read-old"]);
    ward.now = Some("2001-01-01T00:00:00Z".to_owned());
    ward.says("clock-wrong", "timedatectl");
}

#[test]
fn what_upstream_lists_no_more_is_told() {
    let ward = Ward::of(Site::new_fleeting());
    let archive = Archive::first();
    archive.index_suite("old", "Date: Mon, 23 Mar 2026 04:00:00 UTC\n");
    ward.site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    std::fs::remove_dir_all(archive.tree.join("dists/old")).unwrap();
    ward.site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    ward.site.ok(&["promote", "lab", "--to", "staging"]);
    ward.site.ok(&["promote", "lab", "--to", "production"]);
    ward.site.ok(&["fsck", "--deep"]);
    ward.says("layout-changed", "dists/old/");
}

#[test]
fn a_sync_that_fails_is_told_by_its_kind() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = Site::fleeting();
    follow(&site, "lab", &upstream.url(), "");
    site.ok(&["init"]);
    let ward = Ward::of(site);
    ward.host("etc/cron.d/pinfold", "*/5 * * * * pinfold /usr/bin/pinfold run >/dev/null\n");
    let sync = |code: i32| {
        ward.site.run(&["sync", "lab"]).expect(code);
    };
    let url = upstream.url();
    follow(&ward.site, "lab", &format!("{url}/elsewhere"), "");
    sync(3);
    ward.has(&["mirror-empty", "upstream-moved"]);
    follow(&ward.site, "lab", "http://127.0.0.1:9/", "");
    sync(3);
    ward.has(&["mirror-empty", "sync-fails"]);
    follow(&ward.site, "lab", &url, "");
    write(
        ward.site.dir().join("upstream.asc"),
        UpstreamKey::other("stranger", &[], "never").public(),
    );
    sync(4);
    ward.has(&["mirror-empty", "not-authentic"]);
    follow(&ward.site, "lab", &url, "");
    sync(0);
    ward.has(&["channel-empty", "deep-read-old"]);
}

#[test]
fn a_schedule_that_nobody_keeps_is_told() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = Site::fleeting();
    follow(&site, "lab", &upstream.url(), "schedule = \"0 4 * * *\"\nstale-after = \"never\"\n");
    site.ok(&["init"]);
    let mut ward = Ward::of(site);
    ward.site.ok(&["sync", "lab"]);
    for channel in ["staging", "production"] {
        ward.site.ok(&["promote", "lab", "--to", channel]);
    }
    ward.site.ok(&["fsck", "--deep"]);
    ward.says("run-not-scheduled", "pinfold setup");
    let line = "*/5 * * * * pinfold /usr/bin/pinfold run >/dev/null\n";
    ward.host("etc/cron.d/pinfold.cron", line);
    ward.says("cron-ignored", "its name has a dot");
    std::fs::remove_file(ward.path("etc/cron.d/pinfold.cron")).unwrap();
    ward.host("etc/cron.d/pinfold", line);
    ward.has(&[]);
    std::fs::rename(ward.path("usr/sbin/cron"), ward.path("usr/sbin/away")).unwrap();
    ward.says("cron-missing", "there is no cron");
    ward.host("etc/systemd/system/pinfold.timer", "");
    ward.has(&[]);
    ward.host(
        "var/log/syslog",
        "Nov 27 04:00:01 host CRON[7]: (pinfold) CMD (/usr/bin/pinfold run >/dev/null)\n",
    );
    let now: jiff::Timestamp = std::time::SystemTime::now().try_into().unwrap();
    ward.now = Some((now + jiff::SignedDuration::from_hours(60)).to_string());
    ward.says("run-overdue", "last started by /var/log/syslog: Nov 27 04:00:01 host CRON[7]");
}
