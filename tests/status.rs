//! What is the case: of mirrors, channels, pins, room, and of what runs at this moment.

mod ahead;

use crate::background::{big, start, wait_for};
use crate::harness::{Archive, Site, Upstream, following};
use serde_json::Value;

fn json(site: &Site, more: &[&str]) -> Value {
    serde_json::from_str(&site.ok(&[&["status", "--json"], more].concat())).unwrap()
}

/// Signs an archive anew, as of an hour ago and valid for so many hours from now.
pub(crate) fn ending(archive: &Archive, hours: i64) {
    let now = jiff::Timestamp::try_from(std::time::SystemTime::now()).unwrap();
    let at = |hours| {
        let at = now + jiff::SignedDuration::from_hours(hours);
        at.strftime("%a, %d %b %Y %H:%M:%S UTC").to_string()
    };
    let text = archive.release(&at(-1));
    archive.sign_text(&text.replacen("Date:", &format!("Valid-Until: {}\nDate:", at(hours)), 1));
}

/// The status at another time.
fn at(site: &Site, now: &str, args: &[&str]) -> String {
    let ran = crate::harness::ran(site.command(args).env("PINFOLD_NOW", now)).expect(0);
    assert_eq!(ran.err, "");
    ran.out
}

#[test]
fn mirrors_channels_and_pins_are_told_with_their_age() {
    let site = Site::new();
    let said = site.ok(&["status"]);
    assert!(
        said.contains("lab") && said.contains("none yet") && said.contains("nothing yet"),
        "{said}"
    );
    let archive = Archive::first();
    let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "staging"]);
    archive.second_state();
    let second = site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["pin", &format!("lab@{first}"), "golden", "--reason", "the last good one"]);
    site.ok(&["pin", "lab", "--in", "staging", "--reason", "stays put"]);

    let now = "2026-03-24T07:30:00Z";
    let said = at(&site, now, &["status"]);
    for text in
        ["3 h 30 min", "1 behind", "golden", "the last good one", "stays put", "inodes free"]
    {
        assert!(said.contains(text), "{text} is not in:\n{said}");
    }
    let said = at(&site, now, &["status", "lab"]);
    let newest = format!("lab@{second}, 3 h 30 min old: ");
    for text in [newest.as_str(), "2, 2 of them published", "shown by", "staging", "by hand"] {
        assert!(said.contains(text), "{text} is not in:\n{said}");
    }
    let value: Value = serde_json::from_str(&at(&site, now, &["status", "--json"])).unwrap();
    let lab = &value["mirrors"]["lab"];
    assert_eq!(value["version"], 1);
    assert_eq!(value["at"], "20260324T073000Z");
    assert_eq!(lab["newest"]["snapshot"], second.as_str());
    assert_eq!(lab["newest"]["age_seconds"], 3 * 3600 + 1800);
    assert_eq!((&lab["running"], &lab["sync"]["schedule"]), (&Value::Null, &Value::Null));
    assert_eq!(lab["pins"][0]["name"], "golden");
    let staging = &value["channels"]["staging"];
    assert_eq!(staging["mirrors"]["lab"]["snapshot"], first.as_str());
    assert_eq!(staging["mirrors"]["lab"]["behind"], 1);
    assert_eq!(staging["pins"][0]["reason"], "stays put");
    assert!(value["disk"]["free_bytes"].as_u64().unwrap() > 0);
    assert_eq!(value["problems"].as_array().unwrap().len(), 0);
    site.run(&["status", "other"]).expect(2).says("no mirror 'other'");
}

#[test]
fn what_runs_is_told_with_its_rate_and_the_time_left_and_no_lock_is_taken() {
    let archive = big(8, 200_000);
    let upstream = Upstream::of(&archive.tree, "limit_rate 150k;");
    let site = following(&upstream.url(), "connections = 1\n");
    start(&site);
    let step = || json(&site, &["lab"])["mirrors"]["lab"]["running"]["step"].clone();
    wait_for("a rate", || step()["left_seconds"].as_u64().is_some_and(|left| left > 0));
    let value = json(&site, &[]);
    let running = &value["mirrors"]["lab"]["running"];
    assert_eq!(running["verb"], "sync");
    assert_eq!(running["planned"]["fetch_files"], 8);
    assert_eq!(running["planned"]["fetch_bytes"], 1_600_000);
    let (step, number) = (&running["step"], |name: &str| running["step"][name].as_u64().unwrap());
    assert_eq!(step["title"], "fetching files");
    assert_eq!((number("total"), number("files_total")), (1_600_000, 8));
    assert!((20_000..2_000_000).contains(&number("rate")), "{step}");
    assert!(number("done") > 0 && number("done") < 1_600_000, "{step}");
    assert!(value["mirrors"]["lab"]["held_by"].as_str().unwrap().contains("(pinfold sync)"));
    let said = site.ok(&["status", "lab"]);
    for text in [
        "running",
        "fetching files: ",
        " of 1.6 MB, ",
        "/s, ",
        " left; ",
        " of 8 files",
        "logs/lab.log",
    ] {
        assert!(said.contains(text), "{text} is not in:\n{said}");
    }
    let said = site.ok(&["status"]);
    assert!(said.contains("fetching files: ") && said.contains(" left"), "{said}");
    wait_for("its end", || json(&site, &[])["mirrors"]["lab"]["held_by"].is_null());
    let lab = &json(&site, &[])["mirrors"]["lab"];
    assert!(lab["running"].is_null() && !lab["newest"].is_null(), "{lab}");
}

#[test]
fn damage_is_named_and_the_rest_is_told() {
    let site = Site::new();
    let archive = Archive::first();
    let date = site.ingest(&archive.tree, &[]);
    site.ok(&["promote", "lab", "--to", "staging"]);
    std::fs::remove_file(site.root.join("www/channels/production")).unwrap();
    let record = site.root.join("snapshots/lab").join(&date);
    std::fs::remove_file(&record).unwrap();
    std::fs::write(&record, "no record").unwrap();
    let ran = site.run(&["status"]).expect(4);
    assert!(ran.err.contains(&date) && ran.err.contains("pinfold fsck says more"), "{}", ran.err);
    assert!(ran.out.contains("broken") && ran.out.contains("staging"), "{}", ran.out);
}

#[test]
fn a_run_leaves_it_for_the_status_page_and_anybody_may_ask() {
    let site = Site::new();
    site.mirror(
        "lab",
        "family = \"apt\"\nmount = \"archive.example.org/lab\"\nschedule = \"never\"\n",
    );
    site.ingest(&Archive::first().tree, &["--taken", "2026-03-23T04:00:00Z"]);
    let page = site.root.join("www/status/status.json");
    let mut ages = Vec::new();
    for now in ["2026-03-23T05:00:00Z", "2026-03-23T06:00:00Z"] {
        let ran = crate::harness::ran(site.command(&["run"]).env("PINFOLD_NOW", now)).expect(0);
        assert_eq!(ran.said(), "", "nothing was due");
        let value: Value = serde_json::from_slice(&std::fs::read(&page).unwrap()).unwrap();
        ages.push(value["mirrors"]["lab"]["newest"]["age_seconds"].as_u64().unwrap());
    }
    assert_eq!(ages, [3600, 7200]);
    // Whoever may read the root and the configuration, and is not its owner.
    let program = site.dir().join("pinfold");
    std::fs::copy(env!("CARGO_BIN_EXE_pinfold"), &program).unwrap();
    let mut stranger = std::process::Command::new("setpriv");
    stranger.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
    stranger.arg("--config").arg(site.config()).args(["status", "--json"]);
    let value: Value =
        serde_json::from_str(&crate::harness::ran(&mut stranger).expect(0).out).unwrap();
    assert_eq!(value["mirrors"]["lab"]["snapshots"], 1);
}

#[test]
fn what_waits_is_told_with_its_reason_and_its_end() {
    let site = Site::new();
    site.configure(
        "[channels.staging]\n[channels.production]\nfrom = \"staging\"\nafter = \"3d\"\nschedule = \"0 6 * * *\"\n",
    );
    let first = site.ingest(&Archive::first().tree, &["--taken", "2026-03-23T04:00:00Z"]);
    at(&site, "2026-03-23T05:00:00Z", &["promote", "lab", "--to", "staging", "--reason", "new"]);
    let now = "2026-03-24T05:00:00Z";
    let value: Value = serde_json::from_str(&at(&site, now, &["status", "--json"])).unwrap();
    let waits = &value["channels"]["production"]["waits"];
    assert_eq!(waits[0]["mirror"], "lab");
    assert_eq!(waits[0]["kind"], "soaking");
    assert_eq!(waits[0]["snapshot"], first.as_str());
    assert_eq!(waits[0]["until"], "20260326T050000Z");
    let said = at(&site, now, &["status"]);
    assert!(said.contains(&format!("production: lab waits for {first}: it ")), "{said}");
    assert!(at(&site, now, &["status", "lab"]).contains("waits      production: lab waits"));
    let later: Value =
        serde_json::from_str(&at(&site, "2026-03-27T05:00:00Z", &["status", "--json"])).unwrap();
    assert_eq!(later["channels"]["production"]["waits"].as_array().unwrap().len(), 0);
}
