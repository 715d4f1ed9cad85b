use super::*;

#[test]
fn a_base_is_checked_and_shown_without_its_login() {
    let cases: &[(&str, Result<&str, &str>)] = &[
        ("http://archive.ubuntu.com/ubuntu", Ok("http://archive.ubuntu.com/ubuntu/")),
        ("http://archive.ubuntu.com/ubuntu/", Ok("http://archive.ubuntu.com/ubuntu/")),
        ("HTTP://Archive.Ubuntu.com:80", Ok("http://archive.ubuntu.com/")),
        ("https://example.org:443/a%20b", Ok("https://example.org/a%20b/")),
        ("https://example.org:8443/", Ok("https://example.org:8443/")),
        ("https://me:secret@example.org/x", Ok("https://example.org/x/")),
        ("http://[::1]:81/x", Ok("http://[::1]:81/x/")),
        ("http://example.org/x?me:secret", Ok("http://example.org/x/")),
        ("http://example.org/x/?me:secret@x", Ok("http://example.org/x/")),
        ("ftp://example.org/x?me:secret", Err("only http:// and https://")),
        ("ftp://example.org/x?me:secret@x", Err("only http:// and https://")),
        ("ftp://me:secret?x@example.org/x", Err("only http:// and https://")),
        ("http://example.org/x#y", Err("a fragment")),
        ("http://example.org/a/../b", Err("is . or ..")),
        ("ftp://me:secret@example.org/", Err("only http:// and https://")),
        ("file:///etc", Err("only http:// and https://")),
        ("example.org/debian", Err("only http:// and https://")),
        ("", Err("only http:// and https://")),
        ("http://", Err("it is no URL")),
        ("http:///x", Err("it ")),
        ("http://me:secret@/x", Err("it ")),
        ("http://example.org:port/x", Err("its port")),
        ("http://example.org:99999/x", Err("it")),
        ("http://example.org:0/x", Err("its port is none")),
        ("http://example.org/a b", Err("a blank")),
        ("http://example.org/a\r\nHost: x", Err("a blank")),
        ("http://example.org/\u{fc}", Err("a blank")),
        ("http://me:secret@exam ple.org/", Err("a blank")),
    ];
    for (text, expected) in cases {
        match (Base::parse(text), expected) {
            (Ok(base), Ok(expected)) => assert_eq!(base.to_string(), *expected, "{text}"),
            (Err(error), Err(why)) => {
                assert!(error.to_string().contains(why), "{text}: {error}");
                assert!(!error.to_string().contains("me:secret"), "{text}: {error}");
            }
            (found, _) => panic!("{text}: {found:?}"),
        }
    }
}

#[test]
fn a_path_is_encoded_as_apt_does() {
    let base = Base::parse("http://h/d").unwrap();
    let cases: &[(&[u8], &str)] = &[
        (
            b"pool/main/libf/libfoo++/libfoo++1_1.0+dfsg-1_amd64.deb",
            "pool/main/libf/libfoo%2b%2b/libfoo%2b%2b1_1.0%2bdfsg-1_amd64.deb",
        ),
        (b"a~b_1:2.deb", "a%7eb_1:2.deb"),
        (b"a b%3ac", "a%20b%253ac"),
        ("\u{fc}".as_bytes(), "%c3%bc"),
        (b"\xff\x01\n", "%ff%01%0a"),
        (b"x?y#z", "x%3fy%23z"),
        (b"[a]{b}|\\^<>\"`", "%5ba%5d%7bb%7d%7c%5c%5e%3c%3e%22%60"),
        (b"-._/:@!$&'()*,;=", "-._/:@!$&'()*,;="),
    ];
    for (path, expected) in cases {
        let url = base.join(&RelPath::parse(path).unwrap());
        assert_eq!(url.to_string(), format!("http://h/d/{expected}"));
        assert!(url.to_string().parse::<Uri>().is_ok(), "{url}");
    }
}

#[test]
fn a_redirect_leads_where_the_rules_say() {
    let from = |base: &str| Base::parse(base).unwrap().join(&"dists/x".parse().unwrap());
    let (plain, secure) = (from("http://me:secret@h:81/d"), from("https://h/d"));
    let cases: &[(&Url, &[u8], Result<&str, &str>)] = &[
        (&plain, b"/x", Ok("http://h:81/x")),
        (&plain, b"y?z=1#f", Ok("http://h:81/d/dists/y")),
        (&plain, b"../y", Ok("http://h:81/d/dists/../y")),
        (&plain, b"//other/x", Ok("http://other/x")),
        (&plain, b"http://H:81/x", Ok("http://h:81/x")),
        (&plain, b"https://h:81", Ok("https://h:81/")),
        (&secure, b"https://other/x", Ok("https://other/x")),
        (&secure, b"//other/x", Ok("https://other/x")),
        (&secure, b"http://h/x", Err("from https")),
        (&plain, b"file:///etc/passwd", Err("only http")),
        (&plain, b"javascript:1", Err("only http")),
        (&plain, b"http://u:pw@h/", Err("a login")),
        (&plain, b"/a\r\nX: y", Err("no URL")),
        (&plain, b"/\xff", Err("no URL")),
        (&plain, b"http://h:99999/", Err("it")),
        (&plain, b"", Ok("http://h:81/d/dists/")),
    ];
    for (url, location, expected) in cases {
        let shown = escape(location);
        match (url.follow(location), expected) {
            (Ok(to), Ok(expected)) => {
                assert_eq!(to.to_string(), *expected, "{shown}");
                // A login stays with protocol, host and port.
                let is_kept = to.to_string().starts_with("http://h:81/");
                assert_eq!(to.origin().login.is_some(), is_kept, "{shown}");
            }
            (Err(why), Err(expected)) => assert!(why.contains(expected), "{shown}: {why}"),
            (found, _) => panic!("{shown}: {found:?}"),
        }
    }
}

#[test]
fn a_token_goes_with_every_file_and_is_never_shown() {
    let base = Base::parse("https://h/d?secret&x=1").unwrap();
    let url = base.join(&"a+b/c".parse().unwrap());
    assert_eq!(url.whole(), "https://h/d/a%2bb/c?secret&x=1");
    assert_eq!(format!("{url} {url:?} {base} {base:?}").matches("secret").count(), 0);
    let elsewhere = url.follow(b"https://cdn/y?other=1").unwrap();
    assert_eq!(elsewhere.whole(), "https://cdn/y?other=1", "no other host is told");
    assert_eq!(elsewhere.to_string(), "https://cdn/y");
    let refused = url.follow(b"http://cdn/y?hidden").unwrap_err();
    assert!(!refused.contains("hidden"), "{refused}");
    let list = Url::parse("https://me:secret@h/list?repo=x&secret").unwrap();
    assert_eq!(
        (list.whole().as_str(), list.to_string().as_str()),
        ("https://h/list?repo=x&secret", "https://h/list")
    );
}

#[test]
fn a_folder_of_a_tree_gives_the_urls_of_what_lies_above_it() {
    let base =
        |url: &str, folder: &str| Base::parse(url).unwrap().of_folder(folder.parse().unwrap());
    let amazon = base("https://h/2/core/2.0/x86_64/GUID?t", "2/core/2.0/x86_64/current").unwrap();
    let cases = [
        (
            "2/core/2.0/x86_64/current/repodata/repomd.xml",
            "/2/core/2.0/x86_64/GUID/repodata/repomd.xml?t",
        ),
        ("blobstore/x.rpm", "/blobstore/x.rpm?t"),
        ("2/core/2.0/x86_64/currently", "/2/core/2.0/x86_64/currently?t"),
    ];
    for (path, expected) in cases {
        assert_eq!(amazon.join(&path.parse().unwrap()).path(), expected);
    }
    assert_eq!(base("https://h/a/b", "b").unwrap().join(&"x".parse().unwrap()).path(), "/a/x");
    assert_eq!(base("https://h/b", "b").unwrap().join(&"x".parse().unwrap()).path(), "/x");
    let refused = base("https://h/b", "a/b").unwrap_err().to_string();
    assert!(refused.contains("fewer levels"), "{refused}");
}

#[test]
fn a_folder_of_a_registry_is_asked_for_in_its_manner() {
    let base = Base::parse("https://api.example.org/v1/api/").unwrap();
    let registry = Base::parse("http://127.0.0.1:5000/v2/homebrew/core").unwrap();
    let folder = |text: &str| text.parse::<RelPath>().unwrap();
    let base = base.beside_registry(folder("api"), registry, folder("v2/homebrew/core"));
    let cases = [
        ("api/internal/x.json", "https://api.example.org/v1/api/internal/x.json", Manner::Plain),
        (
            "v2/homebrew/core/python/3.12/manifests/3.12.1",
            "http://127.0.0.1:5000/v2/homebrew/core/python/3.12/manifests/3.12.1",
            Manner::Index,
        ),
        (
            "v2/homebrew/core/a/blobs/sha256:00",
            "http://127.0.0.1:5000/v2/homebrew/core/a/blobs/sha256:00",
            Manner::Blob,
        ),
        (
            "v2/homebrew/core/manifests/blobs/x",
            "http://127.0.0.1:5000/v2/homebrew/core/manifests/blobs/x",
            Manner::Blob,
        ),
    ];
    for (path, url, manner) in cases {
        let found = base.join(&folder(path));
        assert_eq!((found.to_string().as_str(), found.manner()), (url, manner));
        // The same server is asked in the same manner, another one for a file.
        assert_eq!(found.follow(b"/elsewhere").unwrap().manner(), manner);
        assert_eq!(
            found.follow(b"https://blobs.example.org/x?sig=1").unwrap().manner(),
            Manner::Plain
        );
    }
    assert_eq!(base.to_string(), "https://api.example.org/v1/api/");
}
