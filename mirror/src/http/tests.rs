use std::sync::atomic::Ordering;

use pinfold_store::{Silent, Tally};

use super::*;
use crate::hostile::Hostile;

/// A server over a folder with one file, `x`.
fn server() -> (tempfile::TempDir, Hostile) {
    let dir = tempfile::tempdir().unwrap();
    pinfold_store::disk::write_durably(&dir.path().join("x"), b"content", 0o644).unwrap();
    let server = Hostile::serve(dir.path());
    (dir, server)
}

fn url(base: &str) -> Url {
    Base::parse(base).unwrap().join(&"x".parse().unwrap())
}

fn settings() -> HttpSettings {
    let mut settings = HttpSettings::default();
    settings.limits.connect = Duration::from_secs(5);
    settings
}

/// Asks for `x` and reads it.
fn get(http: &Http, base: &str) -> Result<Vec<u8>, Trouble> {
    let mut answer = http.get(&url(base), Asked::default(), &Silent)?;
    let (mut bytes, mut piece) = (Vec::new(), [0; 100]);
    loop {
        match answer.body.read(&mut piece)? {
            0 => break,
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
    if answer.status == 200 { Ok(bytes) } else { Err(answer.refusal()) }
}

#[test]
fn a_login_goes_to_its_host_and_to_no_other() {
    let ((_one, first), (_two, second)) = (server(), server());
    let http = Http::new(&settings()).unwrap();
    let base = format!("http://me:secret@127.0.0.1:{}/", first.port());
    // Another port, another name of the same machine, and back.
    for other in ["127.0.0.1", "localhost"] {
        first.fault("/x", &format!("redirect:http://{other}:{}/x;first=1", second.port()));
        second.fault("/x", &format!("redirect:{}x;first=1", first.url()));
        first.forget();
        second.forget();
        get(&http, &base).unwrap_or_else(|trouble| panic!("{trouble:?}"));
        let sent = |server: &Hostile| -> Vec<_> {
            server
                .log()
                .iter()
                .map(|asked| asked.header("authorization").map(str::to_owned))
                .collect()
        };
        assert_eq!(sent(&second), [None], "{other}");
        // `secret` went out by the base URL; a redirect from elsewhere is no base URL.
        assert_eq!(sent(&first), [Some("Basic bWU6c2VjcmV0".to_owned()), None], "{other}");
    }
    // The login of a file is for its host, wherever the redirect came from.
    let text = format!("machine http://localhost:{} login me password secret", second.port());
    let credentials = Credentials::parse(text.as_bytes(), std::path::Path::new("auth.conf"));
    let http =
        Http::new(&HttpSettings { credentials: credentials.unwrap(), ..settings() }).unwrap();
    first.fault("/x", &format!("redirect:http://localhost:{}/x", second.port()));
    first.forget();
    second.forget();
    get(&http, &first.url()).unwrap_or_else(|trouble| panic!("{trouble:?}"));
    assert_eq!(first.log()[0].header("authorization"), None);
    assert_eq!(second.log()[0].header("authorization"), Some("Basic bWU6c2VjcmV0"));
}

#[test]
fn a_registrys_token_goes_to_no_other_host() {
    let ((one, first), (_two, second)) = (server(), server());
    let folder = one.path().join("manifests");
    pinfold_store::disk::make_dir(&folder).unwrap();
    pinfold_store::disk::write_durably(&folder.join("x"), b"index", 0o644).unwrap();
    first.fault("/manifests/x", &format!("redirect:{}x;first=1", second.url()));
    let ask = |base: &str, settings: &HttpSettings| {
        let folder = |text: &str| text.parse::<pinfold_store::RelPath>().unwrap();
        let api = Base::parse("http://127.0.0.1:9/").unwrap();
        let base = api.beside_registry(folder("api"), Base::parse(base).unwrap(), folder("v2"));
        let http = Http::new(settings).unwrap();
        let answer = http.get(&base.join(&folder("v2/manifests/x")), Asked::default(), &Silent);
        answer.unwrap_or_else(|trouble| panic!("{trouble:?}")).status
    };
    assert_eq!(ask(&first.url(), &settings()), 200);
    let log = first.log();
    assert_eq!(log[0].header("authorization"), Some("Bearer QQ=="));
    assert_eq!(log[0].header("accept"), Some(INDEX_TYPE));
    let log = second.log();
    assert_eq!((log[0].header("authorization"), log[0].header("accept")), (None, Some("*/*")));
    // Who has a login for the registry is somebody.
    first.forget();
    ask(&format!("http://me:secret@127.0.0.1:{}/", first.port()), &settings());
    assert_eq!(first.log()[0].header("authorization"), Some("Basic bWU6c2VjcmV0"));
}

#[test]
fn a_redirect_from_elsewhere_does_not_lead_to_this_machine() {
    let http = Http::new(&settings()).unwrap();
    let cases = [
        ("http://example.org/", "http://127.0.0.1:22/", false),
        ("http://example.org/", "http://localhost/", false),
        ("http://example.org/", "http://[::1]/", false),
        ("http://example.org/", "http://169.254.169.254/latest/", false),
        ("http://example.org/", "http://0.0.0.0/", false),
        ("http://example.org/", "http://192.0.2.1/", true),
        ("http://127.0.0.1/", "http://127.0.0.1:8080/", true),
        ("http://127.0.0.1/", "http://localhost/", true),
    ];
    for (from, to, is_followed) in cases {
        let checked = http.check_place(&url(from).origin().host, &url(to), "a redirect to");
        assert_eq!(checked.is_ok(), is_followed, "{from} to {to}: {checked:?}");
    }
}

#[test]
fn a_list_from_elsewhere_does_not_lead_to_this_machine() {
    let (_dir, server) = server();
    let http = Http::new(&settings()).unwrap();
    let asked = |list: &str, base: &str| {
        let base = Base::parse(base).unwrap().named_by(&Url::parse(list).unwrap());
        let answer = http.get(&base.join(&"x".parse().unwrap()), Asked::default(), &Silent);
        answer.map(|answer| answer.status).map_err(|trouble| format!("{trouble:?}"))
    };
    let port = server.port();
    // In whatever way an address is written.
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "169.254.169.254", "[::1]"] {
        let refused = asked("https://example.org/list?x", &format!("http://{host}:{port}/"));
        assert!(refused.as_ref().is_err_and(|why| why.contains("this machine")), "{refused:?}");
    }
    assert!(server.log().is_empty());
    assert_eq!(asked("http://localhost/list", &server.url()), Ok(200));
}

#[test]
fn a_proxy_for_plain_http_gets_the_whole_url_and_its_own_login() {
    let (_dir, proxy) = server();
    let variable = |name: &str| match name {
        "http_proxy" => Some(format!("http://me:secret@127.0.0.1:{}", proxy.port())),
        "no_proxy" => Some("direct.example".to_owned()),
        _ => None,
    };
    let proxies = Proxies::from_environment(&variable).unwrap();
    let http = Http::new(&HttpSettings { proxies, ..settings() }).unwrap();
    // No such host is ever looked up here.
    for _ in 0..2 {
        let bytes = get(&http, "http://archive.example:8080/")
            .unwrap_or_else(|trouble| panic!("{trouble:?}"));
        assert_eq!(bytes, b"content");
    }
    for asked in proxy.log() {
        assert_eq!(asked.path, "http://archive.example:8080/x");
        assert_eq!(asked.header("host"), Some("archive.example:8080"));
        assert_eq!(asked.header("proxy-authorization"), Some("Basic bWU6c2VjcmV0"));
    }
    proxy.forget();
    let (_dir, other) = server();
    get(&http, &other.url()).unwrap_or_else(|trouble| panic!("{trouble:?}"));
    assert!(proxy.log().is_empty(), "this machine is asked directly");
    assert_eq!(other.log()[0].header("proxy-authorization"), None);
}

#[test]
fn a_connection_that_was_closed_or_holds_more_than_was_asked_for_is_not_used_again() {
    let (_dir, server) = server();
    let http = Http::new(&settings()).unwrap();
    for fault in ["hangup", "overrun", ""] {
        server.fault("/x", fault);
        if fault == "overrun" {
            server.wait_closed();
        }
        let bytes = get(&http, &server.url()).unwrap_or_else(|trouble| panic!("{trouble:?}"));
        assert_eq!(bytes, b"content", "{fault}");
    }
}

#[test]
fn a_run_that_was_stopped_asks_for_nothing() {
    let (_dir, server) = server();
    let settings = settings();
    let http = Http::new(&settings).unwrap();
    settings.cancel.store(true, Ordering::Relaxed);
    let tally = Tally::default();
    let asked = http.get(&url(&server.url()), Asked::default(), &tally);
    assert!(matches!(asked, Err(Trouble::Ends(Error::Interrupted))), "{asked:?}");
    assert_eq!((tally.get(Counter::Requests), server.log().len()), (0, 0));
}

#[test]
fn a_host_that_cannot_be_reached_is_named_with_the_reason() {
    let mut settings = settings();
    settings.limits.connect = Duration::from_millis(200);
    let http = Http::new(&settings).unwrap();
    for (base, expected) in [
        ("http://127.0.0.1:1/", "refused"),
        ("http://[::1]:1/", "os error"),
        ("http://no-such-host.invalid/", ""),
    ] {
        let trouble = get(&http, base).unwrap_err();
        assert!(
            matches!(&trouble, Trouble::Passing { why, .. } if why.contains(expected)),
            "{trouble:?}"
        );
    }
}
