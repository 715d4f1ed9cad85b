//! The files that `pinfold client` prints, installed as they are and followed by a real apt-get.
use crate::harness::{Apt, Archive, Nginx, Site, UpstreamKey, write};

/// A site whose mirror names upstream and its key.
fn prepared(signed: &str) -> Site {
    let site = Site::new();
    let keyring = site.dir().join("lab-upstream.asc");
    write(&keyring, UpstreamKey::shared().public());
    site.mirror(
        "lab",
        &format!(
            "family = \"apt\"\nmount = \"archive.example.org/lab\"\nsigned = \"{signed}\"\nupstream = \"http://127.0.0.2:{}\"\nkeyrings = [\"{}\"]\n",
            site.port,
            keyring.display()
        ),
    );
    site
}

/// The files of a client.
fn files(site: &Site, args: &[&str]) -> String {
    site.ok(&[&["client", "--json"], args].concat())
}

/// Updates without a complaint and says which version of a package apt would take.
fn candidate(apt: &Apt, package: &str) -> Option<String> {
    apt.get(&["update"]);
    apt.candidate(package)
}

const GO_BACK: &[&str] = &["dist-upgrade", "--allow-downgrades"];

#[test]
fn preferences_take_a_client_back_to_what_the_channel_shows_and_nothing_else() {
    let site = prepared("local");
    site.mirror("sec", "family = \"apt\"\nmount = \"security.example.org/lab\"\n");
    let (archive, security) = (Archive::first(), Archive::new());
    security.package("steady", "1.5");
    security.index_suite("lab-security", "Date: Mon, 23 Mar 2026 04:00:00 UTC\n");
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["ingest", "sec", security.tree.to_str().unwrap()]);
    site.ok(&["promote", "lab", "sec", "--to", "production"]);
    // Somebody else's source, with a package of its own and one of ours that is newer.
    let other = Archive::new();
    other.package("theirs", "9.0");
    other.index_suite("other", "Date: Mon, 23 Mar 2026 04:00:00 UTC\n");
    let _nginx = site.nginx();

    let apt = Apt::given(&files(&site, &["lab", "--downgrade"]));
    apt.take(&files(&site, &["sec"]));
    write(apt.root().join("etc/apt/trusted.gpg.d/other.asc"), UpstreamKey::shared().public());
    apt.source(&format!("deb file:{} other main", other.tree.display()));
    assert_eq!(candidate(&apt, "alpha").as_deref(), Some("1.0"));
    apt.get(&["install", "alpha", "steady", "theirs"]);
    assert_eq!(apt.installed("steady").as_deref(), Some("steady 1.5\n"));

    archive.package("steady", "2.0");
    archive.second_state();
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    assert_eq!(candidate(&apt, "alpha").as_deref(), Some("2.0"));
    apt.get(&["dist-upgrade"]);
    apt.get(&["install", "fresh"]);
    for (package, version) in [("alpha", "2.0"), ("steady", "2.0"), ("fresh", "0.1")] {
        assert_eq!(apt.installed(package), Some(format!("{package} {version}\n")));
    }

    let said = site
        .run(&["rollback", "production", "lab", "--reason", "alpha breaks boot"])
        .expect(0)
        .said();
    assert!(said.contains("pinfold client lab --channel production --downgrade"), "{said}");
    assert_eq!(candidate(&apt, "alpha").as_deref(), Some("1.0"), "although 2.0 is installed");
    assert_eq!(
        candidate(&apt, "steady").as_deref(),
        Some("1.5"),
        "the security archive is not taken back"
    );
    assert_eq!(candidate(&apt, "theirs").as_deref(), Some("9.0"));
    // Without a terminal apt wants the option; with it, both ways of upgrading go back.
    assert!(!apt.run("apt-get", &["upgrade"]).status.success());
    apt.get(&["upgrade", "--allow-downgrades"]);
    for (package, version) in
        [("alpha", "1.0"), ("steady", "1.5"), ("theirs", "9.0"), ("fresh", "0.1")]
    {
        assert_eq!(apt.installed(package), Some(format!("{package} {version}\n")));
    }
    assert!(apt.get(GO_BACK).contains("0 upgraded, 0 newly installed, 0 to remove"), "it is done");

    // A client without them stays where it is.
    let plain = Apt::given(&files(&site, &["lab", "--channel", "production"]));
    site.ok(&["promote", "lab", "--to", "production"]);
    plain.get(&["update"]);
    plain.get(&["install", "alpha"]);
    site.ok(&["rollback", "production"]);
    assert_eq!(candidate(&plain, "alpha").as_deref(), Some("2.0"));
}

#[test]
fn a_client_at_a_date_stays_there_when_upstreams_dates_are_over() {
    let site = prepared("local");
    let archive = Archive::first();
    archive.index_suite(
        "lab",
        "Date: Mon, 23 Mar 2026 04:00:00 UTC\nValid-Until: Mon, 30 Mar 2026 04:00:00 UTC\n",
    );
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    archive.second_state();
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    let _nginx = site.nginx();
    for args in [
        &["lab", "--date", "2026-03-23"][..],
        &["lab@20260323T040000Z"],
        &["lab", "--date", "2026-03-23", "--plain"],
    ] {
        let apt = Apt::given(&files(&site, args));
        assert_eq!(candidate(&apt, "alpha").as_deref(), Some("1.0"), "{args:?}");
        apt.get(&["install", "alpha"]);
    }
    let without =
        files(&site, &["lab", "--date", "2026-03-23"]).replace("Check-Valid-Until: no\\n", "");
    let said = Apt::given(&without).try_update().unwrap_err();
    assert!(said.contains("is expired"), "{said}");
    site.run(&["client", "lab@2026-03-23", "--date", "2026-03-23"]).expect(2);
    site.run(&["client", "lab", "--date", "2026-03-23", "--channel", "production"]).expect(2);
    site.run(&["client", "lab", "--date", "2026-03-23", "--fallback", "upstream"])
        .expect(2)
        .says("upstream shows today");
    site.ok(&["retire", "lab@2026-03-23"]);
    site.run(&["client", "lab@2026-03-23"]).expect(2).says("pinfold publish lab@20260323T040000Z");
}

#[test]
fn a_plain_line_works_as_typed() {
    for (signed, key) in [("local", true), ("upstream", false)] {
        let site = prepared(signed);
        let archive = Archive::first();
        site.ingest(&archive.tree, &[]);
        site.ok(&["promote", "lab", "--to", "production"]);
        let _nginx = site.nginx();
        let json = files(&site, &["lab", "--plain"]);
        assert_eq!(json.contains("/etc/apt/trusted.gpg.d/pinfold.asc"), key);
        assert_eq!(candidate(&Apt::given(&json), "alpha").as_deref(), Some("1.0"));
        // Typed by hand, with the keys that such a client has.
        let trusted = if key {
            std::fs::read(site.root.join("www/pinfold.asc")).unwrap()
        } else {
            UpstreamKey::shared().public()
        };
        let line = format!("deb http://127.0.0.1:{}/archive.example.org/lab lab main", site.port);
        let printed = site.ok(&["client", "lab", "--plain"]);
        assert!(printed.contains(&line[4..].replace(" lab main", "/ lab main\n")), "{printed}");
        assert_eq!(candidate(&Apt::new(&line, &[trusted]), "alpha").as_deref(), Some("1.0"));
        assert!(Apt::new(&line, &[]).try_update().is_err(), "without a key nothing is believed");
    }
}

#[test]
fn a_suite_that_only_the_newer_snapshot_has_goes_with_it() {
    let site = prepared("local");
    let archive = Archive::first();
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    archive.second_state();
    archive.index_suite("newer", "Date: Tue, 24 Mar 2026 04:00:00 UTC\n");
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let nginx = site.nginx();
    let apt = Apt::given(&files(&site, &["lab"]));
    assert_eq!(candidate(&apt, "fresh").as_deref(), Some("0.1"));
    let policy = |apt: &Apt| String::from_utf8(apt.run("apt-cache", &["policy"]).stdout).unwrap();
    assert!(policy(&apt).contains("n=newer") && policy(&apt).contains("n=lab"));
    site.ok(&["rollback", "production"]);
    assert_eq!(nginx.get("/archive.example.org/lab/dists/newer/InRelease").status, 404);
    let said = apt.try_update().unwrap_err();
    assert!(said.contains("newer") && said.contains("no longer has a Release file"), "{said}");
    assert!(!said.contains("lab lab Release"), "the other suite is not disturbed: {said}");
    let again = Apt::given(&files(&site, &["lab"]));
    assert_eq!(candidate(&again, "fresh"), None);
    assert!(!policy(&again).contains("n=newer"), "it is not printed any more");
    assert_eq!(candidate(&again, "alpha").as_deref(), Some("1.0"));
}

#[test]
fn upstreams_signature_holds_clients_in_the_newer_state_and_rollback_says_so() {
    let site = prepared("upstream");
    let archive = Archive::first();
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    archive.second_state();
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let _nginx = site.nginx();
    let apt = Apt::given(&files(&site, &["lab"]));
    assert_eq!(candidate(&apt, "alpha").as_deref(), Some("2.0"));
    let said = site.run(&["rollback", "production"]).expect(0).said();
    assert!(said.contains("keep it, without a word"), "{said}");
    assert_eq!(candidate(&apt, "alpha").as_deref(), Some("2.0"), "as was said");
    // Both ways that it names: the dated URL, and our signature.
    assert!(said.contains("pinfold client lab --date 20260323T040000Z"), "{said}");
    let dated = Apt::given(&files(&site, &["lab", "--date", "20260323T040000Z"]));
    assert_eq!(candidate(&dated, "alpha").as_deref(), Some("1.0"));
    assert!(said.contains("pinfold key sign production"), "{said}");
    site.mirror("lab", "family = \"apt\"\nmount = \"archive.example.org/lab\"\n");
    site.ok(&["key", "sign", "production"]);
    apt.take(&files(&site, &["lab"]));
    assert_eq!(candidate(&apt, "alpha").as_deref(), Some("1.0"));
}

/// The `Date` of what a channel shows, in seconds since 1970.
fn date(site: &Site) -> i64 {
    let record =
        site.root.join("generations/production").join(site.generation("production").to_string());
    let record: toml::Value = toml::from_str(&std::fs::read_to_string(record).unwrap()).unwrap();
    record["date"].as_integer().unwrap()
}

/// Makes the archive an upstream that is a day ahead, and dated after what the channel shows.
fn get_ahead(site: &Site, archive: &Archive) -> i64 {
    archive.second_state();
    let later = date(site) + 1;
    let text = jiff::Timestamp::from_second(later).unwrap().strftime("%a, %d %b %Y %H:%M:%S UTC");
    archive.index(&text.to_string());
    // Written in the same second as the channel's, it would look like the same file.
    let release = std::fs::File::open(archive.tree.join("dists/lab/InRelease")).unwrap();
    release
        .set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000))
        .unwrap();
    later
}

#[test]
fn upstream_is_asked_only_while_the_mirror_is_down() {
    let site = prepared("local");
    let archive = Archive::first();
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let later = get_ahead(&site, &archive);
    let upstream = Nginx::upstream(&site, &archive.tree);
    let apt = Apt::given(&files(&site, &["lab", "--fallback", "upstream"]));
    let nginx = site.nginx();
    assert_eq!(candidate(&apt, "alpha").as_deref(), Some("1.0"));
    apt.get(&["install", "alpha"]);
    assert_eq!(upstream.asked("access.log"), "", "the mirror is up");
    assert!(nginx.asked("lab.access.log").contains("alpha_1.0_all.deb"));

    drop(nginx);
    assert_eq!(candidate(&apt, "alpha").as_deref(), Some("2.0"), "upstream's state of the day");
    apt.get(&["install", "fresh"]);
    assert!(upstream.asked("access.log").contains("fresh_0.1_all.deb"));

    // The mirror is back: upstream is not asked any more. But apt keeps the later of two dates, without a word.
    let nginx = site.nginx();
    assert_eq!(candidate(&apt, "alpha").as_deref(), Some("2.0"));
    assert!(nginx.asked("lab.access.log").contains("InRelease"));
    // What the comment in the file says: a later date of the channel brings the client back.
    while date(&site) < later {
        site.run(&["key", "sign", "production", "--reason", "the mirror was down"])
            .expect(0)
            .says("signed anew");
    }
    assert_eq!(candidate(&apt, "alpha").as_deref(), Some("1.0"));
    assert_eq!(upstream.asked("access.log"), "");
    assert_eq!(site.shows("production", "lab").as_deref(), Some("20260323T040000Z"));
    assert!(site.ok(&["log", "production"]).contains("the mirror was down"));
}

#[test]
fn packages_alone_come_from_upstream_and_the_state_stays() {
    let site = prepared("local");
    let archive = Archive::first();
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    get_ahead(&site, &archive);
    let upstream = Nginx::upstream(&site, &archive.tree);
    let apt = Apt::given(&files(&site, &["lab", "--fallback", "packages"]));
    let nginx = site.nginx();
    assert_eq!(candidate(&apt, "alpha").as_deref(), Some("1.0"));
    drop(nginx);
    let update = apt.run("apt-get", &["update"]);
    assert!(update.status.success(), "an update waits, and fails no script");
    assert_eq!(apt.candidate("alpha").as_deref(), Some("1.0"));
    apt.get(&["install", "steady"]);
    let asked = upstream.asked("access.log");
    assert!(asked.contains("steady_1.0_all.deb") && !asked.contains("dists/"), "{asked}");
    // Upstream has that version no more: nothing else is taken in its place.
    assert!(!apt.run("apt-get", &["install", "alpha"]).status.success());
    assert_eq!(apt.installed("alpha"), None);
    upstream.asked("access.log");
    let _nginx = site.nginx();
    assert_eq!(candidate(&apt, "alpha").as_deref(), Some("1.0"));
    apt.get(&["install", "alpha"]);
    assert_eq!(upstream.asked("access.log"), "");
}

#[test]
fn what_is_printed_is_what_is_given_as_json() {
    let site = prepared("local");
    site.ingest(&Archive::first().tree, &[]);
    site.ok(&["promote", "lab", "--to", "production"]);
    for args in [
        &["lab"][..],
        &["lab", "--downgrade"],
        &["lab", "--plain"],
        &["lab", "--fallback", "upstream"],
    ] {
        let json: serde_json::Value = serde_json::from_str(&files(&site, args)).unwrap();
        let files: Vec<String> = json
            .as_array()
            .unwrap()
            .iter()
            .map(|file| {
                format!(
                    "# {}\n{}",
                    file["path"].as_str().unwrap(),
                    file["content"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(site.ok(&[&["client"], args].concat()), files.join("\n"));
    }
    site.run(&["client", "lab", "--plain", "--fallback", "upstream"]).expect(2);
    site.run(&["client", "lab", "--channel", "nowhere"]).expect(2).says("no channel");
}
