mod pages;

use proptest::prelude::*;

use super::*;
use crate::http::Base;
use pages::{APACHE_FANCY, APACHE_PLAIN, APACHE_TABLE, CADDY, LIGHTTPD, NGINX, PYTHON};

/// Reads a page of `/pub/x/`, which is the folder `x` of an archive at `/pub/`.
fn read(page: &str) -> Page {
    read_at("http://example.org/pub/x/", page)
}

fn read_at(url: &str, page: &str) -> Page {
    let folder = "x".parse().unwrap();
    Page::read(page.as_bytes(), Some(&folder), &Base::parse(url).unwrap().folder(None)).unwrap()
}

/// The names of a page, folders with a slash at their end.
fn names(page: &Page) -> Vec<String> {
    let mut names: Vec<String> = page
        .items
        .iter()
        .map(|item| {
            let name = String::from_utf8_lossy(item.path.as_bytes()).into_owned();
            if item.kind == Kind::Folder { format!("{name}/") } else { name }
        })
        .collect();
    names.sort();
    names
}

#[test]
fn every_server_shows_the_same_names() {
    let expected = [
        "x/#hash?query;x.txt",
        "x/100%.txt",
        "x/averyveryveryverylongnamethatisindeedlongerthanfiftycharactersinall-1.0.tar.gz",
        "x/big.iso",
        "x/grün.txt",
        "x/it's \"quoted\" & <b>.txt",
        "x/pkg-1:2.0+b~1_all.deb",
        "x/sub/",
    ];
    for (server, page) in [
        ("nginx", NGINX),
        ("apache plain", APACHE_PLAIN),
        ("apache fancy", APACHE_FANCY),
        ("apache table", APACHE_TABLE),
        ("lighttpd", LIGHTTPD),
        ("caddy", CADDY),
        ("python", PYTHON),
    ] {
        let page = read(page);
        assert_eq!(names(&page), expected, "{server}");
        assert!(page.is_listing && page.odd_count == 0, "{server}: {:?}", page.odd);
    }
}

#[test]
fn date_and_size_stand_beside_the_names() {
    for (server, page, words, about_bytes) in [
        ("nginx", NGINX, "23-Mar-2026 04:00 3000000", 3_000_000),
        ("apache", APACHE_FANCY, "2026-03-23 04:00 2.9M An image of 12 parts", 3_040_870),
        ("apache", APACHE_TABLE, "2026-03-23 04:00 2.9M", 3_040_870),
        ("lighttpd", LIGHTTPD, "2026-Mar-23 04:00:10 2.8M application/octet-stream", 2_936_012),
        ("caddy", CADDY, "2.9 MiB 03/23/2026 04:00:10 AM +00:00", 3_040_870),
    ] {
        let page = read(page);
        for item in &page.items {
            match item.kind {
                Kind::File => assert!(item.words.is_some(), "{server}: {}", item.path),
                Kind::Folder => assert_eq!(item.words, None, "{server}: a folder has no size"),
            }
        }
        let big = page.items.iter().find(|item| item.path.as_bytes() == b"x/big.iso").unwrap();
        let found = big.words.as_ref().unwrap();
        assert_eq!((found.text.as_str(), found.about_bytes), (words, about_bytes), "{server}");
    }
    for page in [PYTHON, APACHE_PLAIN] {
        assert!(read(page).items.iter().all(|item| item.words.is_none()));
    }
}

#[test]
fn what_stands_around_a_listing_is_nothing_of_it() {
    let one = read(APACHE_FANCY);
    let two = read(&APACHE_FANCY.replace("2.4.71", "2.4.72").replace("up 3", "up 4"));
    assert_eq!(one.digest(), two.digest());
    let three = read(&APACHE_FANCY.replace("04:00 2.9M", "04:01 2.9M"));
    assert_ne!(one.digest(), three.digest());
}

#[test]
fn only_links_below_the_folder_count() {
    for (href, expected) in [
        ("a", "x/a"),
        ("./a", "x/a"),
        ("a/", "x/a/"),
        ("a/b", "x/a/b"),
        ("/pub/x/a", "x/a"),
        ("/pub/%78/a/", "x/a/"),
        ("//example.org/pub/x/a", "x/a"),
        ("http://example.org/pub/x/a", "x/a"),
        ("HTTP://Example.org/pub/x/a", "x/a"),
        ("a#top", "x/a"),
        (" a\n", "x/a"),
        ("a%20b&amp;c", "x/a b&c"),
        ("100%.txt", "x/100%.txt"),
        ("grün", "x/grün"),
        ("with blank", "x/with blank"),
    ] {
        let page = read(&format!("<a href=\"{href}\">it</a>"));
        assert_eq!(names(&page), [expected], "{href}");
        assert_eq!(page.odd_count, 0, "{href}");
    }
}

#[test]
fn what_leads_elsewhere_is_passed_over_and_what_is_no_name_is_told() {
    for (href, odd_count) in [
        ("..", 0),
        ("../", 0),
        ("./../", 0),
        ("/", 0),
        ("/pub/", 0),
        ("/pub/x/", 0),
        ("/pub/x", 0),
        ("/pub/xy/a", 0),
        ("/other/a", 0),
        ("../../../etc/passwd", 0),
        ("../y/a", 0),
        ("", 0),
        (".", 0),
        ("./", 0),
        ("#top", 0),
        ("?C=N;O=D", 0),
        ("a?download=1", 0),
        ("http://example.org.evil.example/pub/x/a", 0),
        ("http://example.org@evil.example/pub/x/a", 0),
        ("http://example.org:8080/pub/x/a", 0),
        ("https://evil.example/pub/x/a", 0),
        ("//evil.example/pub/x/a", 0),
        ("javascript:alert(1)", 0),
        ("mailto:lab@example.org", 0),
        ("data:text/html,a", 0),
        ("file:///etc/passwd", 0),
        ("%2e%2e/a", 1),
        ("a/../b", 1),
        ("a/..", 1),
        ("a//b", 1),
        ("a%2fb", 1),
        ("a%2F..%2F..%2Fetc", 1),
        ("..%2fa", 1),
        ("a%00b", 1),
        ("/pub/x/../a", 1),
        ("//example.org/pub/x//a", 1),
    ] {
        let page = read(&format!("<a href=\"{href}\">it</a>"));
        assert_eq!((page.items.len(), page.odd_count), (0, odd_count), "{href}");
    }
    let long = read(&format!("<a href={}>", "n".repeat(256)));
    assert_eq!((long.items.len(), long.odd_count), (0, 1));
    assert!(long.odd[0].len() < 200, "{}", long.odd[0]);
}

#[test]
fn anything_at_all_is_a_page() {
    for (page, expected) in [
        ("", &[][..]),
        ("<a>", &[]),
        ("<a name=top>", &[]),
        ("<A HREF='a'>x</A>", &["x/a"]),
        ("<a href=a", &[]),
        ("<a href=a href=b>", &["x/a"]),
        ("<!-- <a href=a> --><a href=b>", &["x/b"]),
        ("<script><a href=a></script><a href=b>", &["x/b"]),
        ("<style><a href=a></style><a href=b>", &["x/b"]),
        ("<title><a href=a></title><a href=b>", &["x/b"]),
        ("<textarea><a href=a>", &[]),
        ("<area href=a><link href=b>", &[]),
        ("<a href=a>a<a href=b>b", &["x/a", "x/b"]),
        ("{\"name\": \"a\"}", &[]),
    ] {
        assert_eq!(names(&read(page)), expected, "{page}");
    }
}

#[test]
fn a_redirect_says_where_the_page_is() {
    let page = "<a href=\"/deep/mirror/x/a\">a</a><a href=\"/pub/x/b\">b</a><a href=c>c</a>";
    assert_eq!(names(&read_at("https://cdn.example.net/deep/mirror/x/", page)), ["x/a", "x/c"]);
}

#[test]
fn too_little_beside_a_name_is_nothing() {
    for (text, expected) in [
        ("23-Mar-2026 04:00 1500", Some(1500)),
        ("2026-03-23T04:00:10Z 1,500", Some(1500)),
        ("2026-03-23 04:00 1.5k", Some(1536)),
        ("2026-03-23 04:00 3 GB", Some(3 << 30)),
        ("2026-03-23 04:00 0", Some(0)),
        ("2026-03-23 04:00 99999999999999999999", None),
        ("2026-03-23 04:00 18446744073709551615T", Some(u64::MAX)),
        ("2026-03-23 04:00 -", None),
        ("2026-03-23 1500", None),
        ("04:00 1500", None),
        ("3 days ago 1500", None),
        ("1500", None),
        ("", None),
    ] {
        assert_eq!(Words::read(text).map(|words| words.about_bytes), expected, "{text}");
    }
    let long = format!("{} 2026-03-23 04:00 1", "word ".repeat(20));
    assert_eq!(Words::read(&long), None);
}

proptest! {
    #[test]
    fn no_page_makes_a_name_outside_its_folder(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let url = Base::parse("http://example.org/pub/x/").unwrap().folder(None);
        let folder = "x".parse().unwrap();
        for item in Page::read(&bytes, Some(&folder), &url).unwrap().items {
            prop_assert!(item.path.is_below(b"x"));
        }
    }

    #[test]
    fn no_link_leads_outside_its_folder(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "/", "..", "%2e", "%2f", ".", "pub", "x", "a", ":", "?", "#", "http://example.org", "%", "\\", "%00", "&#x2e;", "é",
            ]),
            0..12,
        ),
        words in ".{0,60}",
    ) {
        let page = read(&format!("<a href=\"{}\">x</a>{words}", parts.concat()));
        for item in page.items {
            prop_assert!(item.path.is_below(b"x") && item.path.as_bytes() != b"x");
        }
    }
}
