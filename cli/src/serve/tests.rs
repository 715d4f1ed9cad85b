#![expect(clippy::disallowed_methods, reason = "a www folder made by hand")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;

use pinfold_publisher::site::{MirrorSite, SiteConfig};

use super::{ServeInput, bind, run};

fn input(root: &Path) -> ServeInput {
    ServeInput {
        root: root.to_owned(),
        site: SiteConfig {
            url: "http://127.0.0.1".to_owned(),
            listen: Vec::new(),
            certificate: None,
            key: None,
            logs: None,
            channels: vec!["production".parse().unwrap()],
        },
        mirrors: vec![
            pacman(),
            MirrorSite {
                name: "lab".parse().unwrap(),
                mount: "archive.example.org/lab".parse().unwrap(),
                root_names: "InRelease".to_owned(),
                dot_names: String::new(),
                hash_names: String::new(),
                package_names: "deb".to_owned(),
                types: vec![("deb".to_owned(), "application/vnd.debian.binary-package".to_owned())],
                has_validators: true,
                typed_names: Vec::new(),
                top_names: String::new(),
                words: Vec::new(),
                cache: None,
            },
        ],
        listen: "127.0.0.1:0".parse().unwrap(),
    }
}

/// Its root metadata go out without time and tag.
fn pacman() -> MirrorSite {
    MirrorSite {
        name: "arch".parse().unwrap(),
        mount: "archlinux".parse().unwrap(),
        root_names: r"[^/]+\.db".to_owned(),
        dot_names: String::new(),
        hash_names: String::new(),
        package_names: "zst".to_owned(),
        types: Vec::new(),
        has_validators: false,
        typed_names: Vec::new(),
        top_names: String::new(),
        words: Vec::new(),
        cache: None,
    }
}

fn site() -> (tempfile::TempDir, SocketAddr) {
    let dir = tempfile::tempdir().unwrap();
    let www = dir.path().join("www");
    for (name, text) in [
        ("generations/production/1/lab/heads/dists/x/InRelease", "head"),
        ("snapshots/lab/20261123T040000Z/dists/x/InRelease", "tree"),
        ("snapshots/lab/20261123T040000Z/pool/a_1~2+b_all.deb", "0123456789"),
        ("generations/production/1/arch/heads/core.db", "0123456789"),
        ("secret", "secret"),
    ] {
        fs::create_dir_all(www.join(name).parent().unwrap()).unwrap();
        fs::write(www.join(name), text).unwrap();
    }
    fs::create_dir_all(www.join("channels")).unwrap();
    symlink("../generations/production/1", www.join("channels/production")).unwrap();
    symlink(
        "../../../../snapshots/lab/20261123T040000Z",
        www.join("generations/production/1/lab/tree"),
    )
    .unwrap();
    let bound = bind(&input(dir.path())).unwrap();
    let address = bound.address;
    std::thread::spawn(move || bound.run());
    (dir, address)
}

/// Asks and gives the status, the lines of the head and the body.
fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n")
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.to_owned())
}

fn header(head: &str, name: &str) -> String {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
        .next()
        .unwrap_or_default()
}

#[test]
fn serves_by_the_table() {
    let (_dir, address) = site();
    let (status, head, body) =
        ask(address, "GET", "/archive.example.org/lab/dists/x/InRelease", "");
    assert_eq!(
        (status, body.as_str(), header(&head, "cache-control").as_str()),
        (200, "head", "no-cache")
    );
    assert_eq!(header(&head, "content-type"), "text/plain");
    let deb = "/archive.example.org/lab/pool/a_1%7e2+b_all.deb";
    let (status, head, body) = ask(address, "GET", deb, "");
    assert_eq!((status, body.as_str()), (200, "0123456789"));
    assert_eq!(header(&head, "content-type"), "application/vnd.debian.binary-package");
    assert_eq!(header(&head, "cache-control"), "public, max-age=86400");
    let (status, head, body) = ask(address, "HEAD", deb, "");
    assert_eq!((status, body.as_str(), header(&head, "content-length").as_str()), (200, "", "10"));
    let (status, head, body) = ask(address, "GET", deb, "Range: bytes=2-4\r\n");
    assert_eq!(
        (status, body.as_str(), header(&head, "content-range").as_str()),
        (206, "234", "bytes 2-4/10")
    );
    assert_eq!(ask(address, "GET", deb, "Range: bytes=50-\r\n").0, 416);
    assert_eq!(
        ask(address, "GET", "/snapshots/lab/20261123T040000Z/dists/x/InRelease", "").2,
        "tree"
    );
}

#[test]
fn conditions_are_exact() {
    let (_dir, address) = site();
    let uri = "/archive.example.org/lab/dists/x/InRelease";
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "HEAD {uri} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let value =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    assert_eq!(
        ask(address, "GET", uri, &format!("If-Modified-Since: {}\r\n", value("last-modified: "))).0,
        304
    );
    assert_eq!(ask(address, "GET", uri, &format!("If-None-Match: {}\r\n", value("etag: "))).0, 304);
    assert_eq!(
        ask(address, "GET", uri, "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n").0,
        200
    );
    assert_eq!(ask(address, "GET", uri, "If-None-Match: \"x\"\r\n").0, 200);
}

#[test]
fn what_goes_out_without_time_and_tag_answers_no_condition() {
    let (_dir, address) = site();
    for condition in [
        "",
        "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n",
        "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
        "If-None-Match: \"x\"\r\n",
        "If-Match: \"x\"\r\n",
    ] {
        let (status, head, body) = ask(address, "GET", "/archlinux/core.db", condition);
        assert_eq!((status, body.as_str()), (200, "0123456789"), "{condition}");
        assert_eq!(header(&head, "last-modified") + &header(&head, "etag"), "", "{condition}");
    }
    assert_eq!(ask(address, "GET", "/archlinux/core.db", "Range: bytes=2-4\r\n").2, "234");
}

#[test]
fn refuses_with_words() {
    let (_dir, address) = site();
    for (method, uri, status, said) in [
        ("GET", "/", 404, "no mirror answers here"),
        ("GET", "/secret", 404, "no mirror"),
        ("GET", "/archive.example.org/lab/..%2f..%2f..%2fsecret", 400, "not one"),
        ("GET", "/archive.example.org/lab/%2e%2e/%2e%2e/secret", 404, "no mirror"),
        ("GET", "/archive.example.org/lab/pool/", 404, "no such file"),
        ("GET", "/archive.example.org/lab/.hidden", 404, "hidden"),
        ("GET", "/archive.example.org/lab/%00", 400, "not one"),
        ("GET", "/snapshots/lab/20261122/x", 404, "pinfold publish lab@20261122"),
        ("POST", "/archive.example.org/lab/dists/x/InRelease", 405, "only GET and HEAD"),
    ] {
        let (got, head, body) = ask(address, method, uri, "");
        assert!(got == status && body.contains(said), "{method} {uri}: {got} {body}");
        assert_eq!(header(&head, "cache-control"), "no-cache", "{uri}");
    }
}

#[test]
fn a_mirror_without_a_snapshot_asks_to_come_again() {
    let (dir, address) = site();
    fs::remove_file(dir.path().join("www/channels/production")).unwrap();
    let (status, head, _) = ask(address, "GET", "/archive.example.org/lab/dists/x/InRelease", "");
    assert_eq!((status, header(&head, "retry-after").as_str()), (503, "300"));
}

#[test]
fn a_taken_address_is_said() {
    let (dir, address) = site();
    let error = run(&ServeInput { listen: address, ..input(dir.path()) }, |_| {}).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {address}"));
    assert_eq!(error.kind(), pinfold_store::Kind::Machine);
    let error =
        run(&ServeInput { root: "relative".into(), ..input(dir.path()) }, |_| {}).unwrap_err();
    assert!(error.to_string().starts_with("bad root 'relative'"), "{error}");
}
