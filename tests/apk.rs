//! An archive of Alpine from end to end: what is asked of upstream, what is proved, what clients see.

use crate::harness::{
    Alpine, Nginx, RsaKey, Signing, Site, Upstream, count, listed, replace, write,
};

const MAIN: &str = "v3.20/main/x86_64";

/// A site whose mirror `alpine` follows an upstream.
fn following(url: &str, more: &str) -> Site {
    let site = Site::fleeting();
    mirror(&site, url, more);
    site.ok(&["init"]);
    site
}

/// Writes the mirror's file: `v3.20/main`, `x86_64`, the harness's key, and no patience, unless further lines say otherwise.
fn mirror(site: &Site, url: &str, more: &str) {
    let mut text = format!("family = \"apk\"\nmount = \"alpine\"\nupstream = \"{url}\"\n");
    for (key, value) in [
        ("versions", "[\"v3.20\"]"),
        ("repositories", "[\"main\"]"),
        ("architectures", "[\"x86_64\"]"),
        ("patience", "\"31ms\""),
        ("timeout", "\"5s\""),
        ("tries", "2"),
        ("retry-wait", "\"10ms\""),
    ] {
        if !more.lines().any(|line| line.starts_with(key)) {
            text += &format!("{key} = {value}\n");
        }
    }
    if !more.contains("unsigned") {
        text += &format!("keyrings = [\"{}\"]\n", RsaKey::shared().public().display());
    }
    site.mirror("alpine", &(text + more));
}

#[test]
fn an_upstream_is_followed_by_the_difference() {
    let archive = Alpine::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    let dry = site.ok(&["sync", "alpine", "--dry-run"]);
    assert!(dry.contains("fetch 2 of them"), "{dry}");
    upstream.asked();
    site.run(&["sync", "alpine"]).expect(0).says("trust = \"signed\"");
    let asked = upstream.asked();
    assert_eq!(count(&asked, ".apk"), 2, "{asked:?}");
    site.run(&["sync", "alpine"]).expect(0).says("nothing changed").says("in 1 requests");
    assert_eq!(upstream.asked(), [format!("GET /{MAIN}/APKINDEX.tar.gz 304")]);
    archive.second_state();
    site.ok(&["sync", "alpine"]);
    let asked = upstream.asked();
    assert_eq!(count(&asked, ".apk"), 2, "alpha 1.1-r0 and fresh: {asked:?}");
    site.run(&["verify", "alpine", "--deep"]).expect(0);
    site.run(&["show", "alpine"]).expect(0).says(RsaKey::shared().name).says("1970-01-24");
    let dates = site.dates("alpine");
    let tree = site.tree("alpine", &dates[1]);
    let index = std::fs::read(tree.join(MAIN).join("APKINDEX.tar.gz")).unwrap();
    assert_eq!(index, std::fs::read(archive.at(&format!("{MAIN}/APKINDEX.tar.gz"))).unwrap());
    let named = listed(&tree.join(MAIN).join("APKINDEX.tar.gz"));
    assert_eq!(named.len(), 3);
    for (file, size, _) in named {
        assert_eq!(std::fs::metadata(tree.join(MAIN).join(file)).unwrap().len(), size);
    }
    site.run(&["diff", &format!("alpine@{}", dates[0]), "alpine"])
        .expect(1)
        .says("upgraded  v3.20 main x86_64  alpha (alpha-src)  1.0-r0  1.1-r0");
    site.sound();
}

/// The bytes and headers of an answer to what apk asks: with the time that it has of the file, which is when it fetched it.
fn asked(nginx: &Nginx, path: &str) -> Vec<u8> {
    let headers =
        "User-Agent: libfetch/2.0\r\nIf-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT\r\n";
    let reply = nginx.ask("GET", path, headers);
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-cache"), "{path}");
    reply.body
}

#[test]
fn a_switch_and_a_rollback_show_in_what_apk_asks() {
    let archive = Alpine::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "latest-stable = \"v3.20\"\n");
    let index = || std::fs::read(archive.at(&format!("{MAIN}/APKINDEX.tar.gz"))).unwrap();
    site.ok(&["sync", "alpine"]);
    let first = index();
    archive.second_state();
    site.ok(&["sync", "alpine"]);
    let second = index();
    let old = site.dates("alpine")[0].clone();
    site.ok(&["promote", &format!("alpine@{old}"), "--to", "production"]);
    let nginx = site.nginx();
    let paths = ["/alpine/v3.20/main/x86_64", "/alpine/latest-stable/main/x86_64"];
    let index_of = |path: &str| asked(&nginx, &format!("{path}/APKINDEX.tar.gz"));
    let of = |path: &str| {
        nginx.get(&format!("{path}/APKINDEX.tar.gz")).header("last-modified").map(str::to_owned)
    };
    let times: Vec<_> = paths.iter().map(|path| of(path)).collect();
    paths.iter().for_each(|path| assert!(index_of(path) == first, "{path}"));
    site.ok(&["promote", "alpine", "--to", "production"]);
    for (path, before) in paths.iter().zip(&times) {
        assert!(index_of(path) == second, "{path}");
        assert_ne!(of(path), *before, "{path}");
        // Who read the index of yesterday still gets what it names, and the plus goes raw.
        for file in ["alpha-1.0-r0.apk", "alpha-1.1-r0.apk", "fresh-0_git20240101-r3.apk"] {
            let reply = nginx.get(&format!("{path}/{file}"));
            assert_eq!(reply.status, 200, "{path}/{file}");
            assert_eq!(reply.header("cache-control"), Some("public, max-age=86400"));
        }
    }
    site.run(&["rollback", "production"]).expect(0).says("apk update --force-refresh");
    paths.iter().for_each(|path| assert!(index_of(path) == first, "{path}"));
    let new = site.dates("alpine")[1].clone();
    let dated = nginx.get(&format!("/snapshots/alpine/{new}/{MAIN}/APKINDEX.tar.gz"));
    assert!(dated.status == 200 && dated.body == second);
    site.sound();
}

#[test]
fn a_killed_sync_goes_on_where_it_was() {
    let archive = Alpine::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    for point in
        ["object-written", "objects-synced", "object-renamed", "manifest-written", "record-written"]
    {
        assert!(site.killed_at(point, &["sync", "alpine"]), "{point}");
    }
    assert_eq!(count(&upstream.asked(), ".apk"), 2, "whole files are not asked for again");
    site.ok(&["sync", "alpine"]);
    assert_eq!(site.dates("alpine").len(), 1);
    assert!(site.leftovers().is_empty(), "{:?}", site.leftovers());
    // What has moved to another repository is not asked for again.
    archive.moved(MAIN, "v3.20/community/x86_64", "steady-1.0-r0");
    archive.index(MAIN, 1_000_300);
    archive.index("v3.20/community/x86_64", 1_000_300);
    mirror(&site, &upstream.url(), "repositories = [\"main\", \"community\"]\n");
    upstream.asked();
    site.ok(&["sync", "alpine"]);
    assert_eq!(count(&upstream.asked(), ".apk"), 0);
    site.sound();
}

#[test]
fn an_index_that_nobody_vouches_for_is_refused() {
    let archive = Alpine::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    let (ours, stranger) = (RsaKey::shared(), RsaKey::stranger());
    let list = archive.list(MAIN);
    archive.index_of(MAIN, &list, (Signing::Not, ours), 1_000_200);
    site.run(&["sync", "alpine"]).expect(4).says("it has no signature").says("unsigned = true");
    archive.index_of(MAIN, &list, (Signing::Sha1, stranger), 1_000_200);
    site.run(&["sync", "alpine"]).expect(4).says(stranger.name).says(ours.name);
    // A stranger's signature under a name that is trusted.
    archive.index_as(MAIN, &list, (stranger, ours.name), 1_000_200);
    site.run(&["sync", "alpine"]).expect(4).says("is wrong");
    assert!(site.dates("alpine").is_empty());
    archive.index_of(MAIN, &list, (Signing::Sha256, ours), 1_000_200);
    site.run(&["sync", "alpine"]).expect(0).says("trust = \"signed\"");
    archive.index(MAIN, 1_000_100);
    site.run(&["sync", "alpine"]).expect(4).says("--allow-older");
    site.run(&["sync", "alpine", "--allow-older"]).expect(0);
    mirror(&site, &upstream.url(), "unsigned = true\n");
    site.run(&["sync", "alpine"]).expect(0).says("trust = \"none\"");
    site.sound();
}

#[test]
fn packages_that_are_not_what_the_index_says_are_all_named() {
    let archive = Alpine::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    let alpha = archive.at(&format!("{MAIN}/alpha-1.0-r0.apk"));
    let steady = archive.at(&format!("{MAIN}/steady-1.0-r0.apk"));
    let whole = std::fs::read(&alpha).unwrap();
    // Its signature may be any, its control part and its data may not.
    for at in [whole.len() - 200, whole.len() / 2 + 40] {
        let mut wrong = whole.clone();
        wrong[at] ^= 1;
        replace(&alpha, &wrong);
        site.run(&["sync", "alpine"]).expect(4).says("upstream-wrong").says("alpha-1.0-r0.apk");
    }
    replace(&alpha, &whole[..whole.len() - 7]);
    site.run(&["sync", "alpine"]).expect(4).says("alpha-1.0-r0.apk");
    replace(&alpha, &whole);
    std::fs::remove_file(&steady).unwrap();
    upstream.asked();
    site.ok(&["sync", "alpine"]);
    let asked = upstream.asked();
    assert_eq!(count(&asked, "steady-1.0-r0.apk"), 0, "what came is kept: {asked:?}");
    archive.package(MAIN, "lost", "1.0-r0", 1_000_000);
    archive.index(MAIN, 1_000_400);
    std::fs::remove_file(archive.at(&format!("{MAIN}/lost-1.0-r0.apk"))).unwrap();
    site.run(&["sync", "alpine"]).expect(3).says("upstream-missing").says("lost-1.0-r0.apk");
    assert_eq!(site.dates("alpine").len(), 1);
    site.sound();
}

#[test]
fn versions_repositories_and_architectures_are_taken_as_they_are_named() {
    let archive = Alpine::first();
    for (folder, name) in [
        ("v3.20/community/x86_64", "extra"),
        ("edge/main/x86_64", "alpha"),
        ("edge/community/x86_64", "extra"),
        ("edge/testing/x86_64", "risky"),
    ] {
        archive.package(folder, name, "2.0-r0", 1_000_000);
        archive.package_of(folder, (&format!("{name}-doc"), "2.0-r0"), "noarch", 1_000_000);
        archive.index(folder, 1_000_100);
    }
    write(archive.at("edge/main/x86_64/Packages.adb"), "ADB.of a later apk");
    write(archive.at("MIRRORS.txt"), "http://127.0.0.1/\n");
    write(archive.at("last-updated"), "1000100\n");
    let upstream = Upstream::of(&archive.tree, "");
    let more = "versions = [\"edge\", \"v3.20\"]\nrepositories = [\"main\", \"community\", \"edge/testing\"]\nlatest-stable = \"v3.20\"\n";
    let site = following(&upstream.url(), more);
    site.ok(&["sync", "alpine"]);
    let tree = site.tree("alpine", &site.dates("alpine")[0]);
    for path in [
        "latest-stable/community/x86_64/extra-2.0-r0.apk",
        "edge/testing/x86_64/risky-2.0-r0.apk",
        // Under both names that clients may ask for.
        "edge/testing/noarch/risky-doc-2.0-r0.apk",
        "edge/testing/x86_64/risky-doc-2.0-r0.apk",
        "edge/main/x86_64/Packages.adb",
        "MIRRORS.txt",
        "last-updated",
    ] {
        assert!(tree.join(path).is_file(), "{path}");
    }
    assert!(std::fs::read_link(tree.join("latest-stable")).unwrap().as_os_str() == "v3.20");
    site.run(&["verify", "alpine"]).expect(0);
    site.ok(&["promote", "alpine", "--to", "production"]);
    let nginx = site.nginx();
    assert_eq!(asked(&nginx, "/alpine/edge/main/x86_64/Packages.adb"), b"ADB.of a later apk");
    // What upstream keeps by the hour is no change.
    write(archive.at("last-updated"), "2000200\n");
    site.run(&["sync", "alpine"]).expect(0).says("nothing changed");
    mirror(&site, &upstream.url(), &(more.to_owned() + "[filter]\nexclude = [\"*-doc\"]\n"));
    site.run(&["sync", "alpine"]).expect(0).says("filtered");
    let tree = site.tree("alpine", &site.dates("alpine")[1]);
    assert!(!tree.join("edge/testing/x86_64/risky-doc-2.0-r0.apk").exists());
    mirror(&site, &upstream.url(), "repositories = [\"main\", \"testing\"]\n");
    site.run(&["sync", "alpine"]).expect(3).says("v3.20/testing/x86_64/APKINDEX.tar.gz");
    site.sound();
}

#[test]
fn an_rsync_of_the_archive_comes_in_and_is_proved() {
    let archive = Alpine::first();
    std::os::unix::fs::symlink("v3.20", archive.at("latest-stable")).unwrap();
    write(archive.at("v3.20/releases/x86_64/latest-releases.yaml"), "---\n");
    let site = Site::fleeting();
    let keyring = RsaKey::shared().public();
    let text =
        format!("family = \"apk\"\nmount = \"alpine\"\nkeyrings = [\"{}\"]\n", keyring.display());
    site.mirror("alpine", &text);
    site.ok(&["init"]);
    let tree = archive.tree.to_str().unwrap();
    site.run(&["ingest", "alpine", tree]).expect(0).says("trust = \"signed\"");
    site.ok(&["promote", "alpine", "--to", "production"]);
    let nginx = site.nginx();
    for path in [MAIN, "latest-stable/main/x86_64"] {
        let index = asked(&nginx, &format!("/alpine/{path}/APKINDEX.tar.gz"));
        assert!(index == std::fs::read(archive.at(&format!("{path}/APKINDEX.tar.gz"))).unwrap());
    }
    site.run(&["verify", "alpine", "--deep"]).expect(0);
    let alpha = archive.at(&format!("{MAIN}/alpha-1.0-r0.apk"));
    let mut bytes = std::fs::read(&alpha).unwrap();
    let at = bytes.len() - 100;
    bytes[at] ^= 1;
    replace(&alpha, &bytes);
    site.run(&["ingest", "alpine", tree]).expect(4).says("archive-wrong").says("alpha-1.0-r0.apk");
    std::fs::remove_file(&alpha).unwrap();
    site.run(&["ingest", "alpine", tree]).expect(4).says("archive-missing");
    assert_eq!(site.dates("alpine").len(), 1);
}

#[test]
fn an_upstream_that_moves_meanwhile_is_read_anew() {
    let archive = Alpine::first();
    // The old index for as long as a package of the new one is asked for that upstream lacks: then the new one.
    let old = std::fs::read(archive.at(&format!("{MAIN}/APKINDEX.tar.gz"))).unwrap();
    archive.second_state();
    let new = archive.at(&format!("{MAIN}/APKINDEX.tar.gz"));
    let kept = std::fs::read(&new).unwrap();
    replace(&new, &old);
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "patience = \"20s\"\n");
    let running = site.command(&["sync", "alpine"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(400));
    replace(&new, &kept);
    assert!(running.wait_with_output().unwrap().status.success());
    let tree = site.tree("alpine", &site.dates("alpine")[0]);
    assert!(tree.join(MAIN).join("alpha-1.1-r0.apk").is_file());
    assert!(!tree.join(MAIN).join("alpha-1.0-r0.apk").exists());
}

#[test]
fn a_client_gets_its_keys_and_one_version() {
    let archive = Alpine::first();
    archive.package("edge/main/x86_64", "alpha", "2.0-r0", 1_000_000);
    archive.index("edge/main/x86_64", 1_000_100);
    let upstream = Upstream::of(&archive.tree, "");
    let site =
        following(&upstream.url(), "versions = [\"edge\", \"v3.20\"]\nlatest-stable = \"v3.20\"\n");
    site.ok(&["sync", "alpine"]);
    site.ok(&["promote", "alpine", "--to", "production"]);
    let (port, name) = (site.port, RsaKey::shared().name);
    let printed = site.ok(&["client", "alpine"]);
    let lines: Vec<&str> = printed.lines().filter(|line| line.starts_with("http")).collect();
    assert_eq!(lines, [format!("http://127.0.0.1:{port}/alpine/v3.20/main")]);
    assert!(
        printed.contains(&format!("# /etc/apk/keys/{name}\n-----BEGIN PUBLIC KEY-----")),
        "{printed}"
    );
    assert!(printed.contains("# /etc/apk/repositories\n"), "{printed}");
    let printed = site.ok(&["client", "alpine", "--suite", "edge", "--date", "2030-01-01"]);
    let taken = site.dates("alpine")[0].clone();
    assert!(
        printed
            .contains(&format!("\nhttp://127.0.0.1:{port}/snapshots/alpine/{taken}/edge/main\n")),
        "{printed}"
    );
    site.run(&["client", "alpine", "--suite", "v3.19"]).expect(2).says("no such version");
    site.run(&["client", "alpine", "--fallback", "upstream"]).expect(2).says("defeats");
    site.run(&["client", "alpine", "--downgrade"]).expect(2);
}

#[test]
fn a_mirrors_file_that_makes_no_sense_is_refused() {
    let site = Site::fleeting();
    for (more, says) in [
        ("repositories = []\n", "repositories: name at least one"),
        ("architectures = []\n", "architectures: name at least one"),
        ("latest-stable = \"v3.19\"\n", "none of the versions"),
        ("suites = [\"edge\"]\n", "suites: it means nothing"),
        ("repositories = [\"../main\"]\n", "repositories: "),
        ("signers = [\"AB\"]\n", "signers: it means nothing"),
    ] {
        mirror(&site, "http://127.0.0.1:9", more);
        site.run(&["sync", "alpine"]).expect(2).says(says);
    }
    let keyring = site.dir().join("not a name.pub");
    std::fs::copy(RsaKey::shared().public(), &keyring).unwrap();
    mirror(&site, "http://127.0.0.1:9", "unsigned = false\n");
    let text = format!("keyrings = [\"{}\"]\n", keyring.display());
    mirror(&site, "http://127.0.0.1:9", &(text + "unsigned = false\n"));
    site.ok(&["init"]);
    site.run(&["sync", "alpine"]).expect(2).says("cannot use the keyring");
}
