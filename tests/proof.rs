//! Who vouches: what is refused, what is proved, and what a record proves again.

use crate::harness::{Archive, Upstream, count, follow, following, replace, write};
use crate::sync::FIRST;

#[test]
fn what_nobody_trusted_signed_is_refused_and_nothing_is_lost() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    let suite = archive.tree.join("dists/lab");
    let inline = std::fs::read_to_string(suite.join("InRelease")).unwrap();
    archive.second_state();
    for (what, text) in [
        ("an older state", inline.clone()),
        (
            "a changed text",
            std::fs::read_to_string(suite.join("InRelease"))
                .unwrap()
                .replace("Codename: lab", "Codename: bad"),
        ),
        ("no signature at all", std::fs::read_to_string(suite.join("Release")).unwrap()),
        ("text before it", format!("x\n{inline}")),
        (
            "text behind it",
            format!("{}x\n", std::fs::read_to_string(suite.join("InRelease")).unwrap()),
        ),
    ] {
        let good = std::fs::read(suite.join("InRelease")).unwrap();
        replace(&suite.join("InRelease"), text.as_bytes());
        let ran = site.run(&["sync", "lab"]);
        // The older state is the one that the store has: nothing changed, and nothing is to be refused.
        let code = if what == "an older state" { 0 } else { 4 };
        let ran = ran.expect(code);
        if code == 4 {
            assert!(ran.err.contains("InRelease is not authentic"), "{what}: {}", ran.said());
        }
        replace(&suite.join("InRelease"), &good);
        assert_eq!(site.dates("lab").len(), 1, "{what}");
    }
    site.ok(&["sync", "lab"]);
    archive.index("Sun, 22 Mar 2026 04:00:00 UTC");
    site.run(&["sync", "lab"]).expect(4).says("--allow-older");
    site.ok(&["sync", "lab", "--allow-older"]);
    site.run(&["show", "lab"]).expect(0).says("older than the last was allowed");
    write(
        site.dir().join("upstream.asc"),
        std::fs::read(site.root.join("www/pinfold.asc")).unwrap(),
    );
    archive.index("Wed, 25 Mar 2026 04:00:00 UTC");
    site.run(&["sync", "lab"]).expect(4).says("not authentic");
    site.run(&["verify", "lab"]).expect(0);
}

#[test]
fn valid_until_is_obeyed_unless_the_mirror_says_otherwise() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    let text = archive.release(FIRST) + "Valid-Until: Tue, 24 Mar 2026 04:00:00 UTC\n";
    // A field behind the lists would be one of their lines.
    let text = text.replacen("Date:", "Valid-Until: Tue, 24 Mar 2026 04:00:00 UTC\nDate:", 1);
    archive.sign_text(&text);
    site.run(&["sync", "lab"]).expect(4).says("check-valid-until = false");
    follow(&site, "lab", &upstream.url(), "check-valid-until = false\n");
    site.ok(&["sync", "lab"]);
    site.run(&["show", "lab"]).expect(0).says("Valid-Until is not checked");
}

#[test]
fn a_pair_that_says_something_else_than_inrelease_is_left_out() {
    let archive = Archive::first();
    let suite = archive.tree.join("dists/lab");
    let (release, signature) = (
        std::fs::read(suite.join("Release")).unwrap(),
        std::fs::read(suite.join("Release.gpg")).unwrap(),
    );
    archive.second_state();
    replace(&suite.join("Release"), &release);
    replace(&suite.join("Release.gpg"), &signature);
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    site.run(&["sync", "lab"]).expect(1).says("left out");
    let date = site.dates("lab").pop().unwrap();
    assert!(!site.tree("lab", &date).join("dists/lab/Release").exists());
    site.ok(&["promote", "lab", "--to", "production"]);
    let _nginx = site.nginx();
    site.client("production").get(&["update"]);
}

#[test]
fn an_ingest_is_proved_where_the_mirror_says_what_it_consists_of() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    let tree = archive.tree.to_str().unwrap();
    site.run(&["ingest", "lab", tree]).expect(0).says("trust = \"signed\"");
    upstream.asked();
    site.ok(&["sync", "lab"]);
    assert_eq!(count(&upstream.asked(), ".deb"), 0, "what another tool brought is not downloaded");
    let deb = archive.tree.join("pool/main/s/steady/steady_1.0_all.deb");
    let bytes = std::fs::read(&deb).unwrap();
    std::fs::remove_file(&deb).unwrap();
    site.run(&["ingest", "lab", tree]).expect(4).says("archive-missing").says("steady_1.0_all.deb");
    write(&deb, [bytes.as_slice(), b"x"].concat());
    site.run(&["ingest", "lab", tree]).expect(4).says("archive-wrong").says("steady_1.0_all.deb");
}

#[test]
fn a_snapshot_is_proved_again_from_its_record_alone() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    drop(upstream);
    std::fs::remove_file(site.dir().join("upstream.asc")).unwrap();
    site.run(&["verify", "lab", "--deep"]).expect(0);
    std::fs::remove_file(site.root.join("index.sqlite")).unwrap();
    site.run(&["fsck", "--rebuild"]).expect(0);
    site.run(&["verify", "lab"]).expect(0);
    // The certificate that vouched is gone, or another: nobody vouches.
    let keys = site.root.join("snapshots/lab/keys");
    let key = std::fs::read_dir(&keys).unwrap().next().unwrap().unwrap().path();
    let armor = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    write(&key, &armor[1..]);
    site.run(&["verify", "lab"]).expect(4);
}

#[test]
fn without_inrelease_the_pair_is_followed_by_two_requests() {
    let archive = Archive::first();
    std::fs::remove_file(archive.tree.join("dists/lab/InRelease")).unwrap();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
    upstream.asked();
    site.run(&["sync", "lab"]).expect(0).says("nothing changed");
    assert_eq!(upstream.asked(), ["GET /dists/lab/InRelease 404", "GET /dists/lab/Release 304"],);
    std::fs::remove_file(archive.tree.join("dists/lab/Release.gpg")).unwrap();
    site.run(&["sync", "lab", "--even-if-unchanged"]).expect(4).says("no signature");
    follow(&site, "lab", &upstream.url(), "unsigned = true\n");
    site.run(&["sync", "lab"]).expect(0).says("trust = \"none\"");
    site.run(&["show", "lab"]).expect(0).says("the archive is not signed");
}

#[test]
fn an_archive_that_is_suddenly_empty_waits_for_a_person() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    for pool in ["alpha", "steady"] {
        std::fs::remove_dir_all(archive.tree.join(format!("pool/main/{}/{pool}", &pool[..1])))
            .unwrap();
    }
    archive.index("Tue, 24 Mar 2026 04:00:00 UTC");
    site.run(&["sync", "lab"]).expect(4).says("--allow-empty");
    assert_eq!(site.dates("lab").len(), 1);
    site.ok(&["sync", "lab", "--allow-empty"]);
    assert_eq!(site.dates("lab").len(), 2);
}
