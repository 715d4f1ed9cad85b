//! Listings of strangers, and upstreams that change or break.

use super::*;

/// A site that follows a folder whose page a stranger wrote.
fn of_page(tree: &Path, page: impl AsRef<[u8]>) -> (Upstream, Site) {
    write(tree.join("index.html"), page);
    let upstream = Upstream::of(tree, "");
    let site = following(&upstream.url(), "");
    (upstream, site)
}

#[test]
fn links_that_lead_elsewhere_are_not_followed_and_names_that_cannot_be_are_told() {
    let tree = temp_dir();
    old(tree.path().join("good"), "good", 3);
    let page = "<h1>Index of /</h1>\
        <a href=\"https://evil.example/x\">x</a><a href=\"//evil.example/x\">x</a><a href=\"/../etc/passwd\">x</a>\
        <a href=\"../../etc/passwd\">x</a><a href=\"javascript:x\">x</a><a href=\"?x\">x</a><a href=\"%2e%2e/etc/passwd\">x</a>\
        <a href=\"a%2f..%2f..%2fetc\">x</a><a href=\"a%00b\">x</a><a href=good>good</a><script>'<a href=\"bad\">'</script>";
    let (upstream, site) = of_page(tree.path(), page);
    site.run(&["sync", "lab"]).expect(1).says("4 names cannot be kept").says("%2e%2e/etc/passwd");
    assert_eq!(paths(&site), ["good"]);
    let mut asked = upstream.asked();
    asked.sort();
    assert_eq!(asked, ["GET /good 200", "GET /index.html 200"]);
}

#[test]
fn a_page_or_a_tree_without_end_is_refused() {
    let tree = temp_dir();
    let mut page = b"<h1>Index of /</h1>".to_vec();
    page.resize((32 << 20) + 1, b' ');
    let (_upstream, site) = of_page(tree.path(), &page);
    site.run(&["sync", "lab"]).expect(3).says("larger than 33554432 bytes");
    let mut page = String::from("<h1>Index of /</h1>");
    for number in 0..300_001 {
        page.push_str("<a href=");
        page.push_str(&number.to_string());
        page.push('>');
    }
    write(tree.path().join("index.html"), page);
    site.run(&["sync", "lab"]).expect(4).says("more than 300000 names");
    assert!(site.dates("lab").is_empty());
}

#[test]
fn a_link_that_leads_back_is_named_and_can_be_left_out() {
    let tree = temp_dir();
    old(tree.path().join("file"), "x", 3);
    symlink(".", tree.path().join("self")).unwrap();
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    let site = following(&upstream.url(), "");
    site.run(&["sync", "lab"]).expect(4).says("more than 32 folders deep");
    follow(&site, &upstream.url(), "[filter]\nexclude = [\"self/*\"]\n");
    site.ok(&["sync", "lab"]);
    assert_eq!(paths(&site), ["file"]);
}

#[test]
fn an_upstream_without_a_listing_or_without_a_file_makes_no_snapshot() {
    let tree = temp_dir();
    old(tree.path().join("file"), "x", 3);
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    let silent = Upstream::of(tree.path(), "");
    follow(&site, &silent.url(), "");
    site.run(&["sync", "lab"]).expect(3).says("answers 403").says("does the server list folders");
    std::fs::remove_file(tree.path().join("file")).unwrap();
    follow(&site, &upstream.url(), "");
    site.run(&["sync", "lab"]).expect(4).says("not a single file").says("--allow-empty");
    assert_eq!(site.dates("lab").len(), 1, "the last good snapshot stays");
    site.ok(&["sync", "lab", "--allow-empty"]);
    assert_eq!(site.dates("lab").len(), 2);
}

#[test]
fn what_is_listed_and_not_there_is_named_unless_the_listing_changes() {
    let tree = temp_dir();
    old(tree.path().join("one"), "1", 3);
    let (upstream, site) = of_page(
        tree.path(),
        "<h1>Index of /</h1><a href=one>1</a><a href=gone>2</a><a href=lost/>3</a>",
    );
    site.run(&["sync", "lab"]).expect(3).says("/gone answers 404").says("/lost/ answers 404");
    assert!(site.dates("lab").is_empty());
    upstream.asked();
    let whole = tree.path().join("whole.html");
    write(&whole, "<h1>Index of /</h1><a href=one>1</a>");
    follow(&site, &upstream.url(), "patience = \"9300ms\"\n");
    let page = tree.path().join("index.html");
    let mover = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(150));
        std::fs::rename(whole, page).unwrap();
    });
    site.run(&["sync", "lab"]).expect(0).says("1 files");
    mover.join().unwrap();
    let asked = upstream.asked();
    assert!(!asked.contains(&"GET /one 200".to_owned()), "it comes once: {asked:?}");
}

#[test]
fn a_page_of_somebodys_own_is_followed_and_said_to_be_one() {
    let tree = temp_dir();
    old(tree.path().join("a.tar.gz"), "a", 3);
    let (_upstream, site) = of_page(tree.path(), "<p>Get <a href=\"a.tar.gz\">version 1</a>");
    site.run(&["sync", "lab"]).expect(0).says("a page of its own");
    assert_eq!(paths(&site), ["a.tar.gz"]);
}

#[test]
fn a_file_that_leads_to_a_page_is_no_file() {
    let tree = temp_dir();
    old(tree.path().join("login/index.html"), "who are you?", 3);
    write(tree.path().join("index.html"), "<h1>Index of /</h1><a href=secret>x</a>");
    let upstream = Upstream::of(tree.path(), "location = /secret { return 302 /login/; }");
    let site = following(&upstream.url(), "");
    site.run(&["sync", "lab"]).expect(3).says("/login/, which is no file");
}
