//! An archive of Alpine from end to end: what is asked of upstream, what is proved, what clients see.

use crate::harness::{Alpine, RsaKey, Signing, Site, Upstream, count, listed};

const MAIN: &str = "v3.20/main/x86_64";

/// A site whose mirror `alpine` follows an upstream.
fn following(url: &str, more: &str) -> Site {
    let site = Site::fleeting();
    mirror(&site, url, more);
    site.ok(&["init"]);
    site
}

/// Writes the mirror's file: `v3.20/main`, x86_64, the harness's key, and no patience, unless further lines say otherwise.
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
