#![expect(clippy::disallowed_methods, reason = "tests make files by hand")]

use super::*;
use crate::http::Base;

fn parse(text: &str) -> Result<Credentials> {
    Credentials::parse(text.as_bytes(), Path::new("auth.conf"))
}

/// The login that is sent for a file of an archive, decoded.
fn sent(credentials: &Credentials, base: &str) -> Option<String> {
    let url = Base::parse(base).unwrap().join(&"dists/x".parse().unwrap());
    let login = credentials.login(&url)?;
    let text = login.basic();
    let bytes = BASE64_STANDARD.decode(text.strip_prefix("Basic ").unwrap()).unwrap();
    Some(String::from_utf8(bytes).unwrap())
}

#[test]
fn a_login_is_for_the_urls_that_apt_uses_it_for() {
    let lines = "machine example.org/debian login apt password debian";
    let cases: &[(&str, &str, bool)] = &[
        // The manual's own examples.
        ("machine example.org\n login apt\n password debian", "https://example.org/debian", true),
        (lines, "https://example.org/debian", true),
        ("machine example.org/deb login apt password debian", "https://example.org/debian", true),
        (
            "machine example.org/debian/ login apt password debian",
            "https://example.org/debian",
            true,
        ),
        ("machine example.org:443 login apt password debian", "https://example.org/debian", true),
        ("machine example.org/deb/ login apt password debian", "https://example.org/debian", false),
        (
            "machine example.org/ubuntu login apt password debian",
            "https://example.org/debian",
            false,
        ),
        ("machine example.orga login apt password debian", "https://example.org/debian", false),
        ("machine example.net login apt password debian", "https://example.org/debian", false),
        // Only over TLS, unless it says otherwise.
        ("machine example.org login apt password debian", "http://example.org/debian", false),
        ("machine http://example.org login apt password debian", "http://example.org/debian", true),
        (
            "machine http://example.org login apt password debian",
            "https://example.org/debian",
            false,
        ),
        (
            "machine https://EXAMPLE.org login apt password debian",
            "https://Example.org/debian",
            true,
        ),
        ("machine example.org:8443 login apt password debian", "https://example.org:8443/", true),
        ("machine example.org:8443 login apt password debian", "https://example.org/", false),
        ("machine [::1]:8443 login apt password debian", "https://[::1]:8443/", true),
        ("# a comment\n\n\tmachine example.org # login x\n", "https://example.org/", false),
        (
            "#machine x\nmachine example.org\n  # of last year\nlogin apt password debian\n",
            "https://example.org/",
            true,
        ),
        (
            "machine a login b password c machine example.org login apt password debian",
            "https://example.org/",
            true,
        ),
    ];
    for (text, base, is_sent) in cases {
        let found = parse(text).ok().and_then(|credentials| sent(&credentials, base));
        assert_eq!(found.as_deref(), is_sent.then_some("apt:debian"), "{text:?} for {base}");
    }
}

#[test]
fn the_login_of_a_url_is_for_that_url() {
    let none = Credentials::default();
    let cases = [
        ("http://apt:debian@example.org/", Some("apt:debian")),
        ("http://apt@example.org/", Some("apt:")),
        ("https://a%40b:p%3Aq%2f@example.org/", Some("a@b:p:q/")),
        ("http://example.org/", None),
    ];
    for (base, expected) in cases {
        assert_eq!(sent(&none, base).as_deref(), expected, "{base}");
        assert!(!format!("{:?}", Base::parse(base).unwrap()).contains("debian@"), "{base}");
    }
}

#[test]
fn what_is_wrong_is_named_by_its_line_and_never_shown() {
    let cases = [
        ("login apt password hunter2", "auth.conf line 1': it stands before any 'machine'"),
        ("machine a\nlogin b\npassword c hunter2", "auth.conf line 3': a word in it is none of"),
        ("machine a\nlogin b\n", "auth.conf line 1': its 'machine' lacks a login or a password"),
        ("\nmachine a login hunter2\nmachine b login c password d", "auth.conf line 2': its 'mach"),
        ("machine a login b password", "auth.conf line 1': nothing follows 'password'"),
        ("machine", "auth.conf line 1': nothing follows 'machine'"),
        ("machine ftp://a login hunter2 password hunter2", "auth.conf line 1': its protocol is"),
        ("machine a:hunter2 login b password c", "auth.conf line 1': its port is none"),
        ("machine /x login b password c", "auth.conf line 1': it names no host"),
    ];
    for (text, expected) in cases {
        let error = parse(text).unwrap_err();
        assert!(error.to_string().contains(expected), "{text:?}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{text:?}: {error:?}");
    }
    let shown = format!("{:?}", parse("machine a login b password hunter2").unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(Credentials::parse(b"machine a login b password \xff", Path::new("x")).is_err());
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("auth.conf");
    std::fs::write(&path, "machine a login b password c").unwrap();
    for (mode, is_taken) in
        [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o660, false)]
    {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let loaded = Credentials::load(&path);
        assert_eq!(loaded.is_ok(), is_taken, "{mode:o}: {loaded:?}");
    }
    assert!(Credentials::load(dir.path()).is_err());
    assert!(Credentials::load(&dir.path().join("none")).is_err());
}
