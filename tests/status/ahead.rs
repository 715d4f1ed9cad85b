//! What the future brings: what counts as old, when the disk is full, what ends, when all was last read; and Prometheus' text.

use std::process::{Command, Stdio};

use super::{at, ending};
use crate::harness::{Archive, Site, UpstreamKey, noise, tool, write};
use serde_json::Value;

fn json_at(site: &Site, now: &str) -> Value {
    serde_json::from_str(&at(site, now, &["status", "--json"])).unwrap()
}

/// A plain tree of files.
fn plain(site: &Site) {
    site.mirror("tools", "family = \"files\"\nmount = \"tools\"\nstale-after = \"2d\"\n");
}

fn take(site: &Site, tree: &std::path::Path, date: &str) {
    site.ok(&["ingest", "tools", tree.to_str().unwrap(), "--taken", date]);
}

#[test]
fn a_mirror_is_stale_by_its_own_measure_and_clients_keep_what_they_have() {
    let site = Site::new_fleeting();
    plain(&site);
    let dir = crate::harness::temp_dir();
    write(dir.path().join("one"), "one");
    take(&site, dir.path(), "2026-03-23T04:00:00Z");
    let fresh = json_at(&site, "2026-03-25T04:00:00Z");
    let of = |value: &Value| value["mirrors"]["tools"]["freshness"].clone();
    assert_eq!(of(&fresh)["stale_after_seconds"], 2 * 86_400);
    assert_eq!(
        (of(&fresh)["is_stale"].clone(), of(&fresh)["clients_get"].clone()),
        (false.into(), Value::Null)
    );
    // Nothing brings the other one by itself: it is as old as people let it be.
    assert_eq!(fresh["mirrors"]["lab"]["freshness"]["stale_after_seconds"], Value::Null);

    let now = "2026-03-25T04:00:01Z";
    let stale = of(&json_at(&site, now));
    assert_eq!(stale["is_stale"], true);
    assert!(stale["clients_get"].as_str().unwrap().contains("503"), "{stale}");
    at(
        &site,
        "2026-03-23T04:30:00Z",
        &["promote", "tools", "--to", "production", "--reason", "go"],
    );
    let said = at(&site, now, &["status"]);
    for text in [
        "tools: stale: 2 d 0 h old, more than 2 d 0 h; clients keep getting",
        "never read as a whole",
    ] {
        assert!(said.contains(text), "{text} is not in:\n{said}");
    }
    assert!(at(&site, now, &["status", "tools"]).contains("freshness  stale: "));
    // Upstream's own signature ends by upstream's word.
    let archive = Archive::first();
    ending(&archive, 100);
    let keys = site.dir().join("keys.asc");
    write(&keys, UpstreamKey::shared().public());
    site.mirror(
        "lab",
        &format!(
            "family = \"apt\"\nmount = \"archive.example.org/lab\"\nsigned = \"upstream\"\nstale-after = \"1d\"\nsuites = [\"lab\"]\n\
             architectures = [\"amd64\"]\nupstream = \"http://archive.example.org/lab\"\nschedule = \"never\"\nkeyrings = [\"{}\"]\n",
            keys.display()
        ),
    );
    site.ingest(&archive.tree, &[]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let now = jiff::Timestamp::try_from(std::time::SystemTime::now()).unwrap();
    let later = (now + jiff::SignedDuration::from_hours(30)).to_string();
    let value = json_at(&site, &later);
    let until = value["channels"]["production"]["mirrors"]["lab"]["valid_until"].as_str().unwrap();
    let get = value["mirrors"]["lab"]["freshness"]["clients_get"].as_str().unwrap();
    assert!(
        get.contains("until upstream's Valid-Until, 20") && get.contains("apt refuses it"),
        "{get}"
    );
    let ends = value["expiries"].as_array().unwrap();
    let end = ends.iter().find(|one| one["kind"] == "valid-until").unwrap();
    assert_eq!((end["days"].clone(), end["mirror"].clone()), (2.into(), "lab".into()));
    assert_eq!(end["at"], until);
    let said = at(&site, &later, &["status"]);
    assert!(said.contains("in production ends in 2 days"), "{said}");
}

#[test]
fn the_forecast_is_what_snapshots_brought() {
    let site = Site::new_fleeting();
    plain(&site);
    let dir = crate::harness::temp_dir();
    for (day, bytes) in [(21, 1000), (22, 400_000), (23, 400_000)] {
        write(dir.path().join(format!("file-{day}")), noise(day, bytes));
        take(&site, dir.path(), &format!("2026-03-{day}T04:00:00Z"));
    }
    let value = json_at(&site, "2026-03-23T05:00:00Z");
    let ahead = &value["forecast"];
    assert_eq!(ahead["new_bytes_per_day"], 400_000, "the first snapshot is not what a day brings");
    assert_eq!(
        (ahead["new_files_per_day"].clone(), ahead["seen_seconds"].clone()),
        (1.into(), (2 * 86_400).into())
    );
    let disk = &value["disk"];
    let free = disk["free_bytes"].as_u64().unwrap() - disk["reserve_bytes"].as_u64().unwrap();
    assert_eq!(ahead["days_until_full"].as_u64().unwrap(), free / 400_000);
    // As much goes as comes, once snapshots are dropped.
    site.ok(&["prune", "tools@2026-03-21"]);
    assert_eq!(json_at(&site, "2026-03-23T05:00:00Z")["forecast"], Value::Null);
}

#[test]
fn certificates_and_keys_end_and_the_last_deep_reading_is_told() {
    let site = Site::new_fleeting();
    let (key, pem) = (site.dir().join("site.key"), site.dir().join("site.pem"));
    let mut openssl = Command::new("openssl");
    openssl
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "20", "-subj", "/CN=x"]);
    tool(openssl.arg("-keyout").arg(&key).arg("-out").arg(&pem));
    let config = std::fs::read_to_string(site.config()).unwrap();
    let more = format!("certificate = \"{}\"\nkey = \"{}\"\n", pem.display(), key.display());
    write(site.config(), config.replace("http:", "https:") + &more);
    let keyring = site.dir().join("other.asc");
    write(&keyring, UpstreamKey::other("ending", &[], "10d").public());
    site.mirror(
        "lab",
        &format!(
            "family = \"apt\"\nmount = \"archive.example.org/lab\"\nkeyrings = [\"{}\"]\n",
            keyring.display()
        ),
    );
    let value: Value = serde_json::from_str(&site.ok(&["status", "--json"])).unwrap();
    let ends = value["expiries"].as_array().unwrap();
    let ends: Vec<_> = ends
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), one["days"].as_i64().unwrap()))
        .collect();
    let [("upstream-key", 9..=10), ("site-certificate", 19..=20)] = ends[..] else {
        panic!("{ends:?}")
    };
    let said = site.ok(&["status"]);
    for text in
        ["upstream's key ", "ending@example.org> (of lab) ends in ", "the site's certificate "]
    {
        assert!(said.contains(text), "{text} is not in:\n{said}");
    }
    // The index is asked where it is there, and neither made nor missed where it is not.
    site.ingest(&Archive::first().tree, &[]);
    site.ok(&["fsck", "--deep"]);
    let read =
        |site: &Site| -> Value { serde_json::from_str(&site.ok(&["status", "--json"])).unwrap() };
    let value = read(&site);
    assert!(value["deep_read"]["age_seconds"].as_u64().unwrap() < 600, "{}", value["deep_read"]);
    for end in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(site.root.join(format!("index.sqlite{end}"))));
    }
    assert_eq!(read(&site)["deep_read"]["at"], Value::Null);
    assert!(!site.root.join("index.sqlite").exists());
}

#[test]
fn prometheus_takes_its_text() {
    let site = Site::new_fleeting();
    plain(&site);
    let archive = Archive::first();
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    archive.second_state();
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab@2026-03-23", "--to", "staging"]);
    let now = "2026-03-25T04:00:00Z";
    let text = at(&site, now, &["status", "--prometheus"]);
    for line in [
        "pinfold_mirror_age_seconds{mirror=\"lab\"} 86400",
        "pinfold_mirror_stale{mirror=\"lab\"} 0",
        "pinfold_channel_behind{channel=\"staging\",mirror=\"lab\"} 1",
        "pinfold_channel_snapshot_timestamp_seconds{channel=\"staging\",mirror=\"lab\"} 1774238400",
        "pinfold_status_timestamp_seconds 1774411200",
    ] {
        assert!(text.lines().any(|one| one == line), "{line} is not in:\n{text}");
    }
    let file = site.dir().join("pinfold.prom");
    write(&file, &text);
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::from(std::fs::File::open(&file).unwrap()));
    let output = tool(&mut promtool);
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    site.run(&["status", "--prometheus", "--json"]).expect(2);
}
