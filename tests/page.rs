//! The status page: what it says, what it costs, and how it looks in a real browser.

mod eyes;
mod world;

use crate::harness::{Ran, Site, ask};
use crate::serving::beside_the_embedded_server;
use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt;
use world::{NOW, PACKAGE, REASON, at, empty, lived_in};

fn text(site: &Site, name: &str) -> String {
    std::fs::read_to_string(site.root.join("www/status").join(name)).unwrap()
}

fn page(site: &Site) -> Value {
    serde_json::from_str(&text(site, "status.json")).unwrap()
}

/// A run that finds one mirror down.
fn run(site: &Site, now: &str) -> Ran {
    at(site, now, &["run"]).expect(3)
}

#[test]
fn it_says_what_is_shown_what_comes_and_what_was_and_is_served_by_its_rules() {
    let site = lived_in();
    run(&site, NOW);
    let page = page(&site);
    assert_eq!(page["version"], 1, "all of the status is in it");
    assert_eq!(page["channels"]["production"]["mirrors"]["debian"]["snapshot"], "20260321T040000Z");
    assert_eq!(page["shown_since"]["production"]["debian"], "20260324T073000Z");
    assert_eq!(
        page["shown_since"]["production"]["tools"], "20260312T093000Z",
        "others moved since"
    );

    let upcoming = page["upcoming"].as_array().unwrap();
    let next = |mirror: &str| {
        upcoming.iter().find(|one| one["mirror"] == mirror).unwrap_or(&Value::Null).clone()
    };
    let debian = next("debian");
    assert_eq!(debian["channel"], "production");
    assert_eq!(
        (&debian["shows"], &debian["to"]),
        (&json!("20260321T040000Z"), &json!("20260322T040000Z"))
    );
    assert_eq!(debian["hold"]["kind"], "soaking");
    assert_eq!(debian["when"], "20260325T093000Z");
    assert_eq!(debian["changes"]["counts"], json!({ "upgraded": 7 }));
    assert_eq!(debian["changes"]["in_security_suites"], 1);
    let rocky = &next("rocky-9")["changes"];
    assert_eq!(rocky["counts"], json!({ "added": 1, "removed": 1, "upgraded": 2 }));
    assert_eq!((&rocky["advisories_count"], &rocky["security_advisories"]), (&json!(1), &json!(1)));
    assert_eq!(rocky["advisories"][0]["cves"], json!(["CVE-2026-0002"]));
    assert_eq!(rocky["list"][0]["change"], "removed", "what is taken away comes first");
    let tools = next("tools");
    assert_eq!(
        (&tools["hold"]["kind"], &tools["when"]),
        (&json!("pinned"), &json!("20260402T093000Z"))
    );
    assert_eq!(tools["changes"]["what"], "files");

    has_a_past(&page);
    let html = text(&site, "index.html");
    for said in [
        "1 thing needs a look",
        "127.0.0.1:9",
        "pinfold status down",
        "from security suites",
        "LAB-2026:2",
    ] {
        assert!(html.contains(said), "{said}");
    }
    let nginx = site.nginx();
    is_served(&site, site.port);
    drop(nginx);
    beside_the_embedded_server(&site, |port| is_served(&site, port));
    site.sound();
}

#[test]
fn changes_are_bounded_shown_as_text_and_not_found_out_twice() {
    let site = lived_in();
    at(
        &site,
        "2026-03-26T10:00:00Z",
        &["promote", "debian@2026-03-23", "--to", "staging", "--now"],
    );
    at(
        &site,
        "2026-03-26T10:00:00Z",
        &["promote", "debian@2026-03-22", "--to", "production", "--now"],
    );
    let changes = &page(&site)["upcoming"][0]["changes"];
    assert_eq!(changes["pair"], Value::Null, "the names of the pair are its own");
    assert_eq!(
        (&changes["old"], &changes["new"]),
        (&json!("20260322T040000Z"), &json!("20260323T040000Z"))
    );
    assert_eq!(changes["counts"]["added"], 131);
    let list = changes["list"].as_array().unwrap();
    assert_eq!(list.len(), 100);
    assert!(list.iter().any(|one| one["name"] == "left-behind" && one["change"] == "removed"));
    let html = text(&site, "index.html");
    assert!(html.contains("The first 100 of 139 packages") && html.contains("39 more"), "{html}");
    assert!(html.len() < 300_000, "{} bytes", html.len());
    is_text(&site);

    let kept = site.root.join("www/status/changes/debian.20260322T040000Z.20260323T040000Z.json");
    let inode = || kept.metadata().unwrap().ino();
    let left = kept.with_file_name(".new-0123456789abcdef");
    std::fs::write(&left, "what a crash left").unwrap();
    let before = inode();
    at(&site, "2026-03-26T10:01:00Z", &["pin", "debian@2026-03-22", "held"]).expect(0);
    assert_eq!(inode(), before, "it was read");
    assert!(!left.exists());
    at(
        &site,
        "2026-03-26T10:02:00Z",
        &["promote", "debian@2026-03-23", "--to", "production", "--now"],
    )
    .expect(0);
    assert!(!kept.exists(), "nobody shows it any more");
    // What does not parse is as if it were not there.
    let other = std::fs::read_dir(kept.parent().unwrap()).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&other, "{").unwrap();
    at(&site, "2026-03-26T10:03:00Z", &["unpin", "debian", "held"]).expect(0);
    serde_json::from_str::<Value>(&std::fs::read_to_string(&other).unwrap()).unwrap();
}

#[test]
fn every_move_writes_it_at_once_and_what_cannot_be_written_fails_no_move() {
    let site = empty();
    assert!(text(&site, "index.html").contains("There are none yet"), "init writes the first one");
    let odd = crate::harness::Odd::new();
    odd.suite("lab", 1, &odd.package("one", "pool/one.deb"));
    let tree = odd.tree.to_str().unwrap();
    for (number, date) in ["2026-03-01", "2026-03-02"].iter().enumerate() {
        odd.suite("lab", 1, &odd.package("one", &format!("pool/{number}.deb")));
        let taken = format!("{date}T04:00:00Z");
        at(&site, &taken, &["ingest", "debian", tree, "--taken", &taken]).expect(0);
        at(&site, &taken, &["promote", "debian", "--to", "staging", "--reason", "new"]).expect(0);
        assert_eq!(page(&site)["channels"]["staging"]["generation"], number + 1);
    }
    let now = "2026-03-03T04:00:00Z";
    at(&site, now, &["rollback", "staging", "--dry-run"]).expect(0);
    assert_eq!(page(&site)["at"], "20260302T040000Z", "nothing moved");
    at(&site, now, &["rollback", "staging"]).expect(0);
    assert_eq!(page(&site)["moves"][0]["verb"], "rollback");
    at(&site, now, &["key", "sign", "staging"]).expect(0);
    assert!(text(&site, "index.html").contains("signed anew"));
    at(&site, now, &["unpin", "debian", "--in", "staging"]).expect(0);
    assert_eq!(page(&site)["channels"]["staging"]["pins"], json!([]));

    let index = site.root.join("www/status/index.html");
    std::fs::remove_file(&index).unwrap();
    std::fs::create_dir(&index).unwrap();
    std::fs::write(index.join("in the way"), "").unwrap();
    let moved = at(&site, now, &["promote", "debian", "--to", "staging"]).expect(0);
    assert_eq!(site.generation("staging"), 5);
    assert!(moved.err.contains("the status page is as it was: cannot rename to"), "{}", moved.err);
    assert!(moved.err.contains("pinfold run writes it anew"), "{}", moved.err);
}

#[test]
fn who_writes_at_once_leaves_a_whole_page() {
    let site = empty();
    let odd = crate::harness::Odd::new();
    odd.suite("lab", 1, &odd.package("one", "pool/one.deb"));
    site.ok(&["ingest", "debian", odd.tree.to_str().unwrap()]);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|number| {
                let site = &site;
                scope.spawn(move || {
                    for _ in 0..4 {
                        let name = format!("pin-{number}");
                        site.ok(&[
                            "--wait",
                            "20",
                            "pin",
                            "debian",
                            &name,
                            "--reason",
                            &"x".repeat(20_000),
                        ]);
                        site.ok(&["--wait", "20", "unpin", "debian", &name]);
                    }
                })
            })
            .collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            assert!(text(&site, "index.html").ends_with("</html>\n"));
            page(&site);
        }
    });
    assert_eq!(page(&site)["mirrors"]["debian"]["pins"], json!([]), "the last one saw the others");
}

fn has_a_past(page: &Value) {
    let moves = page["moves"].as_array().unwrap();
    let times: Vec<&str> = moves.iter().map(|one| one["at"].as_str().unwrap()).collect();
    assert!(times.windows(2).all(|two| two[0] >= two[1]), "{times:?}");
    let back = moves.iter().find(|one| one["verb"] == "rollback").unwrap();
    assert_eq!((&back["who"], &back["reason"]), (&json!("ada"), &json!(REASON)));
    let went = json!({ "debian": { "from": "20260317T040000Z", "to": "20260312T040000Z" } });
    assert_eq!(back["moved"], went);

    let points = page["snapshots"]["debian"]["points"].as_array().unwrap();
    assert_eq!(points.len(), 11);
    let golden = points.iter().find(|one| one["snapshot"] == "20260312T040000Z").unwrap();
    assert_eq!((&golden["pins"], &golden["published"]), (&json!(["golden"]), &json!(true)));
    assert_eq!((&points[0]["published"], &points[0]["channels"]), (&json!(false), &json!([])));
    assert_eq!(points[10]["channels"], json!(["staging"]));
    assert_eq!(page["disk_days"].as_array().unwrap().len(), 52, "this day came to the others");
}

/// What it is, and what a browser may do.
fn is_served(site: &Site, port: u16) {
    for (path, kind) in [
        ("/status/", "text/html"),
        ("/status", "text/html"),
        ("/status/index.html", "text/html"),
        ("/status/status.json", "application/json"),
        ("/status/disk.json", "application/json"),
    ] {
        let reply = ask(port, "GET", path, "");
        assert_eq!(reply.status, 200, "{path}");
        let name = if path.ends_with("json") { &path[8..] } else { "index.html" };
        assert_eq!(reply.text(), text(site, name), "{path}");
        assert_eq!(reply.header("content-type"), Some(kind), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-cache"), "{path}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        assert_eq!(policy, pinfold_publisher::page::CONTENT_POLICY, "{path}");
        // Two pages of one second and one size would have the same.
        let validators = (reply.header("etag"), reply.header("last-modified"));
        assert_eq!(validators, (None, None), "{path}");
    }
    for path in
        ["/status/none", "/status/.new-1", "/status/changes/", "/status/../keys/signing.asc"]
    {
        assert!(matches!(ask(port, "GET", path, "").status, 400 | 404), "{path}");
    }
    let key = ask(port, "GET", "/pinfold.asc", "");
    assert_eq!(key.header("content-security-policy"), None, "only the page has one");
}

/// Names and words of strangers are text.
fn is_text(site: &Site) {
    let html = text(site, "index.html");
    for tag in ["<script", "<img", "<b onclick", "onerror=alert(1)\"", "&amp;lt;script"] {
        assert!(!html.contains(tag), "{tag}");
    }
    assert!(!html.chars().any(|one| one != '\n' && pinfold_store::path::is_hidden(one)));
    let json = text(site, "status.json");
    assert!(!json.chars().any(|one| one != '\n' && pinfold_store::path::is_hidden(one)));
    for said in [
        "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;",
        "&lt;img src=x onerror=alert(1)&gt;",
        "a &amp; b &amp;lt; &quot;c&quot;",
        "right-\\xe2\\x80\\xaeto-left",
        "new\\x0aline",
        "\\xff\\xfe",
        "\\xe2\\x80\\xaenot\\x0anext line",
    ] {
        assert!(html.contains(said), "{said}");
    }
    assert!(json.contains(PACKAGE), "as it is, within a string");
}
