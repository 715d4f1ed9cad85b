//! What is lost of the site comes back from what is kept: channels from their records, trees from manifests and objects.
use crate::harness::{Archive, Site};

/// Two days, both promoted, and a channel that never moved.
fn prepared() -> (Site, Archive, String, String) {
    let site = Site::new_fleeting();
    let archive = Archive::first();
    let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production", "--reason", "first"]);
    archive.second_state();
    let second = site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production", "--reason", "second"]);
    (site, archive, first, second)
}

/// The `Date` of the root metadata that clients get.
fn head(site: &Site) -> String {
    let at = site.root.join("www/channels/production/lab/heads/dists/lab/Release");
    let text = std::fs::read_to_string(at).unwrap();
    text.lines().find(|line| line.starts_with("Date: ")).unwrap().to_owned()
}

#[test]
fn a_channel_whose_link_is_gone_is_found_again_by_its_records() {
    let (site, _archive, first, second) = prepared();
    let log = site.ok(&["log", "production"]);
    let link = site.root.join("www/channels/production");
    std::fs::remove_file(&link).unwrap();
    site.run(&["fsck"]).expect(1).says("channel-broken: channel production").says("pinfold init");
    site.run(&["init"]).expect(0).says("shows generation 2 again");
    assert_eq!(site.shows("production", "lab"), Some(second));
    assert_eq!(site.ok(&["log", "production"]), log, "the history is what it was");
    site.sound();
    site.ok(&["rollback", "production"]);
    assert_eq!(site.shows("production", "lab"), Some(first));
    assert_eq!(site.generation("staging"), 0, "a channel that never moved is left alone");
}

#[test]
fn root_metadata_that_is_gone_is_made_anew() {
    let (site, _archive, _first, second) = prepared();
    let nginx = site.nginx();
    let apt = site.client("production");
    apt.get(&["update"]);
    for part in ["2/lab/heads", "3/lab", "4"] {
        let lost = site.root.join("www/generations/production").join(part);
        std::fs::remove_dir_all(lost).unwrap();
        site.run(&["fsck"]).expect(4).says("generation-damaged").says("pinfold init");
        site.run(&["init"]).expect(0).says("had lost");
        assert_eq!(site.shows("production", "lab"), Some(second.clone()), "{part}");
        assert_eq!(nginx.get("/archive.example.org/lab/dists/lab/InRelease").status, 200);
        apt.get(&["update"]);
        site.sound();
    }
    let number = site.generation("production");
    site.ok(&["init"]);
    assert_eq!(site.generation("production"), number, "what is whole is left alone");
}

#[test]
fn the_whole_site_is_made_again_from_a_backup_without_it() {
    let (site, _archive, first, second) = prepared();
    let (shown, date) = (site.ok(&["snapshots", "--json"]), head(&site));
    let apt = site.client("production");
    std::process::Command::new("chmod").args(["-R", "u+w"]).arg(&site.root).status().unwrap();
    for part in ["www", "incoming", "locks"] {
        std::fs::remove_dir_all(site.root.join(part)).unwrap();
    }
    for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        drop(std::fs::remove_file(site.root.join(name)));
    }
    // chmod changed the objects too, as a careless backup would.
    for path in crate::harness::walk(&site.root.join("objects")) {
        use std::os::unix::fs::PermissionsExt;
        if path.is_file() {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o444)).unwrap();
        }
    }
    site.run(&["init"]).expect(4).says("fsck --rebuild");
    site.run(&["fsck", "--rebuild"]).expect(4).says("pinfold init makes anew");
    site.ok(&["init"]);
    assert_eq!(site.shows("production", "lab"), Some(second));
    assert!(head(&site) >= date, "dates of root metadata do not go back");
    let _nginx = site.nginx();
    apt.get(&["update"]);
    assert_eq!(apt.candidate("alpha").as_deref(), Some("2.0"));
    site.ok(&["publish", &format!("lab@{first}")]);
    assert_eq!(site.ok(&["snapshots", "--json"]), shown.replace("generation 2", "generation 3"));
    site.ok(&["rollback", "production"]);
    assert_eq!(site.shows("production", "lab"), Some(first));
    site.sound();
}

#[test]
fn a_signing_key_that_is_gone_is_not_replaced_behind_the_clients_backs() {
    let (site, _archive, _first, _second) = prepared();
    let (keys, public) = (site.root.join("keys"), site.root.join("www/pinfold.asc"));
    let (aside, before) = (site.root.with_file_name("keys"), std::fs::read(&public).unwrap());
    std::fs::rename(&keys, &aside).unwrap();
    site.run(&["init"]).expect(4).says("signing key").says("backup");
    assert_eq!(std::fs::read(&public).unwrap(), before);
    std::fs::remove_dir_all(&keys).unwrap();
    std::fs::rename(&aside, &keys).unwrap();
    site.ok(&["init"]);
    assert_eq!(std::fs::read(&public).unwrap(), before);
}

#[test]
fn a_broken_record_of_the_history_is_found_before_a_rollback_needs_it() {
    let (site, _archive, _first, _second) = prepared();
    let record = site.root.join("generations/production/1");
    std::fs::remove_file(&record).unwrap();
    std::fs::write(&record, "garbage").unwrap();
    site.run(&["fsck"]).expect(4).says("its history").says("generations/production/1");
}

#[test]
fn a_broken_channel_does_not_hide_the_others() {
    let (site, _archive, _first, second) = prepared();
    let link = site.root.join("www/channels/staging");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("../generations/staging/77", &link).unwrap();
    let shown = site.run(&["channels"]).expect(4);
    assert!(shown.out.contains(&second) && shown.out.contains("none"), "{}", shown.said());
    shown.says("broken").says("pinfold fsck");
    let json = site.run(&["channels", "--json"]).expect(4);
    let channels: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(channels[0]["trust"]["lab"], "none", "trust is said wherever a snapshot is shown");
}
