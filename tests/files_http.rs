//! Trees without metadata, followed by the listings of a real nginx.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::harness::{Site, Upstream, UpstreamKey, count, temp_dir, tool, walk, write};

mod hostile;
mod lists;

/// Writes a file that was made some hours ago: a listing shows minutes, and what is younger is asked about once more.
fn old(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>, hours: u64) {
    write(&path, bytes);
    let time = SystemTime::now() - Duration::from_secs(hours * 3600);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// A site whose mirror `lab` follows a URL.
fn following(url: &str, more: &str) -> Site {
    let site = Site::fleeting();
    follow(&site, url, more);
    site.ok(&["init"]);
    site
}

fn follow(site: &Site, url: &str, more: &str) {
    let patience = if more.contains("patience") { "" } else { "patience = \"31ms\"\n" };
    site.mirror(
        "lab",
        &format!(
            "family = \"files\"\nmount = \"lab\"\nupstream = \"{url}\"\ntimeout = \"5s\"\ntries = 2\nretry-wait = \"10ms\"\n{patience}{more}"
        ),
    );
}

/// The paths in the newest snapshot, and in its dated tree.
fn paths(site: &Site) -> Vec<String> {
    let tree = site.tree("lab", &site.dates("lab").pop().unwrap());
    walk(&tree)
        .into_iter()
        .filter(|path| path.is_file())
        .map(|path| path.strip_prefix(&tree).unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_tree_is_followed_by_its_listings_and_an_unchanged_one_costs_one_request_a_folder() {
    let tree = temp_dir();
    old(tree.path().join("one"), "1", 3);
    old(tree.path().join("sub/two"), "22", 3);
    old(tree.path().join("sub/deep/three"), "333", 3);
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    let site = following(&upstream.url(), "");
    let dry = site.ok(&["sync", "lab", "--dry-run"]);
    assert!(dry.contains("would take 3 files, 6 B, and fetch 3"), "{dry}");
    assert_eq!(upstream.asked(), ["GET / 200", "GET /sub/ 200", "GET /sub/deep/ 200"]);
    assert!(site.dates("lab").is_empty(), "a dry run makes no snapshot");

    site.run(&["sync", "lab"]).expect(0).says("3 files").says("trust = \"none\"");
    assert_eq!(paths(&site), ["one", "sub/deep/three", "sub/two"]);
    upstream.asked();
    site.run(&["sync", "lab"]).expect(0).says("nothing changed").says("in 3 requests");
    assert_eq!(upstream.asked(), ["GET / 200", "GET /sub/ 200", "GET /sub/deep/ 200"]);
    assert_eq!(site.dates("lab").len(), 1);

    old(tree.path().join("sub/two"), "2z", 2);
    old(tree.path().join("sub/four"), "4444", 2);
    std::fs::remove_file(tree.path().join("one")).unwrap();
    site.run(&["sync", "lab"]).expect(0).says("fetched 2 files");
    let asked = upstream.asked();
    assert_eq!(asked.len(), 5, "what did not change is not asked for: {asked:?}");
    assert_eq!(paths(&site), ["sub/deep/three", "sub/four", "sub/two"]);
    site.run(&["diff", "lab@2020-01-01"]).expect(2);
    let dates = site.dates("lab");
    let older = format!("lab@{}", dates[0]);
    site.run(&["diff", &older]).expect(1).says("1 added").says("1 removed").says("1 changed");
    site.run(&["verify", "lab"]).expect(0);
    site.sound();
}

#[test]
fn clients_see_the_switch_forward_and_back() {
    let tree = temp_dir();
    old(tree.path().join("file"), "first", 3);
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let nginx = site.nginx();
    let first = nginx.get("/lab/file");
    assert_eq!(first.text(), "first");
    old(tree.path().join("file"), "later", 2);
    site.ok(&["sync", "lab"]);
    assert_eq!(nginx.get("/lab/file").text(), "first", "a sync alone moves no channel");
    site.ok(&["promote", "lab", "--to", "production"]);
    let ask = |tag: &str| nginx.ask("GET", "/lab/file", &format!("If-None-Match: {tag}\r\n"));
    let later = ask(first.header("etag").unwrap());
    assert_eq!((later.status, later.text()), (200, "later".to_owned()));
    site.ok(&["rollback", "production"]);
    let back = ask(later.header("etag").unwrap());
    assert_eq!((back.status, back.text()), (200, "first".to_owned()));
}

#[test]
fn what_is_young_is_asked_about_once_more_and_does_not_come_again() {
    let tree = temp_dir();
    write(tree.path().join("young"), "young");
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    upstream.asked();
    site.run(&["sync", "lab"]).expect(0).says("nothing changed");
    assert_eq!(upstream.asked(), ["GET / 200", "GET /young 304"]);
    // A later file of the same size within the same minute.
    write(tree.path().join("young"), "other");
    let time = SystemTime::now() + Duration::from_secs(1);
    let file = std::fs::File::options().write(true).open(tree.path().join("young")).unwrap();
    file.set_modified(time).unwrap();
    site.run(&["sync", "lab"]).expect(0).says("fetched 1 files");
    assert_eq!(site.dates("lab").len(), 2);
}

#[test]
fn a_listing_of_names_alone_is_followed_by_what_the_server_says_of_each_file() {
    let tree = temp_dir();
    old(tree.path().join("one"), "1", 3);
    old(tree.path().join("sub/two"), "22", 3);
    let names = |names: &[&str]| {
        names.iter().map(|name| format!("<li><a href=\"{name}\">{name}</a></li>\n")).collect()
    };
    let page = |rows: String| format!("<title>Directory listing for /</title><ul>{rows}</ul>");
    write(tree.path().join("index.html"), page(names(&["one", "sub/"])));
    write(tree.path().join("sub/index.html"), page(names(&["two"])));
    let upstream = Upstream::of(tree.path(), "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    assert_eq!(paths(&site), ["one", "sub/two"]);
    upstream.asked();
    site.run(&["sync", "lab"]).expect(0).says("nothing changed");
    let mut asked = upstream.asked();
    asked.sort();
    let pages = ["GET /index.html 200", "GET /sub/index.html 200"];
    assert_eq!(asked, [pages[0], "GET /one 304", pages[1], "GET /sub/two 304"]);
    old(tree.path().join("one"), "9", 2);
    site.run(&["sync", "lab"]).expect(0).says("fetched 1 files");
}

#[test]
fn a_folder_that_its_link_does_not_show_as_one_is_found_by_its_redirect() {
    let tree = temp_dir();
    old(tree.path().join("sub/two"), "22", 3);
    old(tree.path().join("sub/deep/three"), "333", 3);
    write(tree.path().join("index.html"), "<h1>Index of /</h1><a href=\"sub\">sub</a>");
    write(
        tree.path().join("sub/index.html"),
        "<h1>Index of /sub</h1><a href=two>2</a><a href=deep>d</a>",
    );
    write(
        tree.path().join("sub/deep/index.html"),
        "<h1>Index of /sub/deep</h1><a href=three>3</a>",
    );
    let upstream = Upstream::of(tree.path(), "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    assert_eq!(paths(&site), ["sub/deep/three", "sub/two"]);
    // The upstream of another mirror is such a folder itself.
    follow(&site, &format!("{}/sub/deep", upstream.url()), "");
    site.ok(&["sync", "lab"]);
    assert_eq!(paths(&site), ["three"]);
}

#[test]
fn names_of_any_kind_are_kept_byte_for_byte() {
    let tree = temp_dir();
    let names = [
        "with blank",
        "it's \"quoted\" & <b>.txt",
        "100%.txt",
        "%41",
        "#hash?query;x",
        "grün",
        "a:b",
        "-x",
        "a+b~1",
        "back\\slash",
        "[x]{y}|^`",
    ];
    for (number, name) in names.iter().enumerate() {
        old(tree.path().join(name), format!("{number}"), 3);
        old(tree.path().join("folder: 50%").join(name), format!("f{number}"), 3);
    }
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    let date = site.dates("lab").pop().unwrap();
    for (number, name) in names.iter().enumerate() {
        let read =
            |path: &str| std::fs::read_to_string(site.tree("lab", &date).join(path)).unwrap();
        assert_eq!(read(name), format!("{number}"), "{name}");
        assert_eq!(read(&format!("folder: 50%/{name}")), format!("f{number}"), "{name}");
    }
    upstream.asked();
    site.run(&["sync", "lab"]).expect(0).says("nothing changed").says("in 2 requests");
    site.sound();
}

#[test]
fn a_part_of_a_tree_is_followed_without_looking_into_the_rest() {
    let tree = temp_dir();
    for path in ["a.iso", "a.txt", "iso/b.iso", "iso/old/c.iso", "iso/new/deep/d.iso", "doc/e.txt"]
    {
        old(tree.path().join(path), path, 3);
    }
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    for (more, expected, folders) in [
        (
            "[filter]\ninclude = [\"iso/*.iso\"]\nexclude = [\"*/old/*\"]\n",
            &["iso/b.iso", "iso/new/deep/d.iso"][..],
            4,
        ),
        ("depth = 2\n", &["a.iso", "a.txt", "doc/e.txt", "iso/b.iso"], 3),
        ("depth = 1\n[filter]\nexclude = [\"*.txt\"]\n", &["a.iso"], 1),
    ] {
        let site = following(&upstream.url(), more);
        upstream.asked();
        site.run(&["sync", "lab"]).expect(0).says("filtered");
        assert_eq!(paths(&site), expected, "{more}");
        let asked = upstream.asked();
        assert_eq!(count(&asked, "/"), folders, "{asked:?}");
        site.run(&["verify", "lab"]).expect(0);
    }
}

#[test]
fn a_killed_sync_goes_on_where_it_was() {
    let tree = temp_dir();
    for number in 0..4 {
        old(tree.path().join(format!("f{number}")), "x".repeat(number + 1), 3);
    }
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    let site = following(&upstream.url(), "");
    assert!(site.killed_at("manifest-written", &["sync", "lab"]));
    assert_eq!(count(&upstream.asked(), "f0"), 1);
    assert!(site.killed_at("record-written", &["sync", "lab"]));
    site.ok(&["sync", "lab"]);
    let asked = upstream.asked();
    assert!(
        asked.iter().all(|line| line == "GET / 200"),
        "what came is not asked for again: {asked:?}"
    );
    assert_eq!(site.dates("lab").len(), 1);
    site.sound();
}

#[test]
fn keys_that_mean_nothing_are_refused() {
    let site = following("http://127.0.0.1:9", "");
    for (more, says) in [
        ("depth = 0\n", "between 1"),
        ("depth = 33\n", "and 32"),
        ("suites = [\"x\"]\n", "suites: it means nothing"),
        ("architectures = [\"amd64\"]\n", "architectures: it means nothing"),
        ("newest = 1\n", "newest: it means nothing"),
    ] {
        follow(&site, "http://127.0.0.1:9", more);
        site.run(&["sync", "lab"]).expect(2).says(says);
    }
    for more in ["depth = 1\n", "[filter]\nexclude = [\"x\"]\n"] {
        follow(&site, "rsync://127.0.0.1/x/", more);
        site.run(&["sync", "lab"]).expect(2).says("rsync-exclude");
    }
    site.mirror("lab", "family = \"rpm\"\nmount = \"lab\"\ndepth = 1\n");
    site.run(&["sync", "lab"]).expect(2).says("depth: it means nothing");
}
