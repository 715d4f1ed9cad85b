//! The generated nginx configuration and the embedded server: classes of names, headers, and what must not be reachable.
use crate::harness::{Archive, Site, ask, write};
use std::process::Stdio;

/// Two mirrors, two channels, two days.
pub(crate) fn prepared() -> Site {
    let site = Site::new();
    site.mirror("other", "family = \"files\"\nmount = \"files\"\n");
    let archive = Archive::first();
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "staging"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    archive.second_state();
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "staging"]);
    let dir = crate::harness::temp_dir();
    write(dir.path().join("a file.txt"), "text");
    write(dir.path().join("InRelease"), "an ordinary name here");
    write(dir.path().join(".hidden"), "hidden");
    site.ok(&["ingest", "other", dir.path().to_str().unwrap()]);
    site.ok(&["promote", "other", "--to", "production"]);
    site
}

const LAB: &str = "/archive.example.org/lab";

#[test]
fn every_class_of_name_has_its_headers() {
    let site = prepared();
    let nginx = site.nginx();
    let cache = |path: &str| {
        let reply = nginx.get(path);
        assert_eq!(reply.status, 200, "{path}");
        reply.header("cache-control").unwrap_or_default().to_owned()
    };
    for prefix in ["", "/channels/production", "/channels/staging"] {
        let root = format!("{prefix}{LAB}/dists/lab");
        for name in ["InRelease", "Release", "Release.gpg", "main/binary-amd64/Packages.xz"] {
            assert!(cache(&format!("{root}/{name}")).contains("no-cache"), "{prefix} {name}");
        }
        let deb = cache(&format!("{prefix}{LAB}/pool/main/s/steady/steady_1.0_all.deb"));
        assert!(deb.contains("max-age=86400"), "{deb}");
    }
    let tree = site.tree("lab", &site.dates("lab")[0]);
    let hash = crate::harness::walk(
        &site.root.join("www/channels/production/lab/tree/").canonicalize().unwrap(),
    )
    .into_iter()
    .find(|path| path.to_string_lossy().contains("by-hash/SHA256/"));
    let hash = hash.unwrap_or_else(|| panic!("no by-hash links were added to {}", tree.display()));
    let rest = hash.to_str().unwrap().rsplit_once("Z/").unwrap().1.to_owned();
    assert!(cache(&format!("{LAB}/{rest}")).contains("immutable"));
    let dated = cache("/snapshots/lab/2026-03-23/dists/lab/InRelease");
    assert!(!dated.is_empty());
    assert_eq!(
        nginx.get("/files/InRelease").text(),
        "an ordinary name here",
        "roots are the family's"
    );
    assert_eq!(nginx.get("/files/a%20file.txt").status, 200);
    assert_eq!(nginx.get("/pinfold.asc").status, 200);
    assert!(
        nginx
            .get(&format!("{LAB}/pool/main/s/steady/steady_1.0_all.deb"))
            .header("content-type")
            .unwrap()
            .contains("debian")
    );
    for name in ["alpha_1.0_all.deb", "alpha_2.0_all.deb"] {
        assert_eq!(
            nginx.get(&format!("{LAB}/pool/main/a/alpha/{name}")).status,
            200,
            "{name} by tree or union"
        );
    }
    let validators = nginx.get(&format!("{LAB}/dists/lab/InRelease"));
    let since =
        validators.header("last-modified").expect("apt asks with If-Modified-Since").to_owned();
    assert_eq!(
        nginx
            .ask(
                "GET",
                &format!("{LAB}/dists/lab/InRelease"),
                &format!("If-Modified-Since: {since}\r\n")
            )
            .status,
        304
    );
}

/// Paths that must never be answered with content.
const FORBIDDEN: &[&str] = &[
    "/../etc/passwd",
    "/..%2f..%2fetc/passwd",
    "/archive.example.org/lab/../../keys/",
    "/archive.example.org/lab../keys",
    "/archive.example.org/labx",
    "/archive.example.org/lab/pool/../../../../objects",
    "/snapshots/lab/../../../keys",
    "/snapshots/lab/2026-03-23/../../../../index.sqlite",
    "/objects/",
    "/keys/",
    "/index.sqlite",
    "/lock",
    "/FORMAT",
    "/incoming/",
    "/manifests/",
    "/generations/",
    "/union/lab/",
    "/www/",
    "/at/lab/",
    "/files/.hidden",
    "/channels/nowhere/files/InRelease",
    "/channels/../keys",
    "/channels/production/../../keys",
    "/snapshots/nowhere/2026-03-23/x",
    "/snapshots/lab/%00",
    "/archive.example.org/lab/dists/lab/InRelease/",
    "//etc/passwd",
    "/heads/",
    "/tree/",
    "/files/heads/",
    "/files%2f..%2f..%2fFORMAT",
];

fn nothing_escapes(port: u16) {
    for path in FORBIDDEN {
        let reply = ask(port, "GET", path, "");
        assert!((300..600).contains(&reply.status), "{path}: {}", reply.status);
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        for secret in ["root:x:", "SQLite format", "PRIVATE KEY", "Index of"] {
            assert!(!text.contains(secret), "{path} gives away {secret:?}");
        }
    }
    for method in ["POST", "PUT", "DELETE", "PROPFIND"] {
        let reply =
            ask(port, method, &format!("{LAB}/dists/lab/InRelease"), "Content-Length: 0\r\n");
        assert!((400..600).contains(&reply.status), "{method}: {}", reply.status);
    }
    assert_eq!(ask(port, "HEAD", &format!("{LAB}/dists/lab/InRelease"), "").status, 200);
}

#[test]
fn nothing_outside_the_site_is_reachable() {
    let site = prepared();
    let _nginx = site.nginx();
    nothing_escapes(site.port);
}

/// Paths of every class, there and not there.
fn sample() -> Vec<String> {
    let (date, base) = ("2026-03-23", LAB);
    let mut paths: Vec<String> = [
        "dists/lab/InRelease",
        "dists/lab/Release.gpg",
        "pool/main/a/alpha/alpha_1.0_all.deb",
        "pool/main/a/alpha/alpha_2.0_all.deb",
        "dists/lab/main/binary-amd64/Packages.xz",
        "dists/lab/nothing",
        "pool",
        "pool/",
        "",
    ]
    .iter()
    .flat_map(|rest| {
        [
            format!("{base}/{rest}"),
            format!("/channels/staging{base}/{rest}"),
            format!("/snapshots/lab/{date}/{rest}"),
            format!("/snapshots/lab/20260325T12/{rest}"),
            format!("/snapshots/lab/20260301/{rest}"),
            format!("/snapshots/lab/20260323T040000Z/{rest}"),
            format!("/snapshots/lab/20260323T040001Z/{rest}"),
            format!("/snapshots/lab/2026-03-24T03:59:59Z/{rest}"),
            format!("/snapshots/lab/2026-03-24T04:00/{rest}"),
            format!("/snapshots/lab/free-text/{rest}"),
        ]
    })
    .collect();
    paths.extend(
        [
            "/",
            "/pinfold.asc",
            "/files/InRelease",
            "/files/.hidden",
            "/files/a%20file.txt",
            "/channels/",
            "/channels/staging/files/InRelease",
        ]
        .map(str::to_owned),
    );
    paths
}

/// Runs the embedded server while `look` asks it, and stops it whatever `look` finds.
pub(crate) fn beside_the_embedded_server(site: &Site, look: impl FnOnce(u16)) {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    beside_the_embedded_server_at(site, port, look);
}

/// The same on a port of choice, such as the one that clients' files name.
pub(crate) fn beside_the_embedded_server_at(site: &Site, port: u16, look: impl FnOnce(u16)) {
    let listen = format!("127.0.0.1:{port}");
    let mut server = site
        .command(&["serve", "--listen", &listen])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..100 {
        if std::net::TcpStream::connect(&listen).is_ok() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| look(port)));
    server.kill().unwrap();
    server.wait().unwrap();
    if let Err(cause) = checked {
        std::panic::resume_unwind(cause);
    }
}

#[test]
fn the_embedded_server_follows_the_same_rules() {
    let site = prepared();
    beside_the_embedded_server(&site, |port| {
        let nginx = site.nginx();
        for path in &sample() {
            let (ours, theirs) = (ask(port, "GET", path, ""), nginx.get(path));
            assert_eq!(ours.status, theirs.status, "{path}");
            if theirs.status == 200 {
                assert_eq!(ours.body, theirs.body, "{path}");
                for name in ["cache-control", "content-type", "last-modified"] {
                    assert_eq!(ours.header(name), theirs.header(name), "{name} of {path}");
                }
            }
        }
        nothing_escapes(port);
    });
}

#[test]
fn the_web_servers_user_reads_everything_and_writes_nothing() {
    let site = prepared();
    for path in crate::harness::walk(&site.root.join("www")) {
        use std::os::unix::fs::MetadataExt;
        let meta = std::fs::symlink_metadata(&path).unwrap();
        if !meta.is_symlink() {
            let mode = meta.mode();
            assert!(mode & 0o002 == 0 && mode & 0o004 != 0, "{}: {mode:o}", path.display());
            assert!(!meta.is_dir() || mode & 0o001 != 0, "{}: {mode:o}", path.display());
        }
    }
}

#[test]
fn the_clients_files_work_as_printed() {
    let site = prepared();
    let _nginx = site.nginx();
    let printed = site.ok(&["client", "lab@production"]);
    assert!(
        printed.contains(&format!("http://127.0.0.1:{}{LAB}", site.port))
            && printed.contains("BEGIN PGP PUBLIC KEY"),
        "{printed}"
    );
    let dated = site.ok(&["client", "lab@2026-03-23"]);
    assert!(dated.contains("/snapshots/lab/2026"), "{dated}");
}

/// Requests with conditions and ranges: a head, the first bytes, a part past the end, and every validator that a client may send back.
fn conditions(modified: &str, etag: &str) -> Vec<(&'static str, String, u16)> {
    let get = |headers: String, status| ("GET", headers, status);
    vec![
        ("HEAD", String::new(), 200),
        get("Range: bytes=0-3\r\n".to_owned(), 206),
        get("Range: bytes=-2\r\n".to_owned(), 206),
        get("Range: bytes=900000000-\r\n".to_owned(), 416),
        get("Range: lines=1-2\r\n".to_owned(), 200),
        get(format!("If-Modified-Since: {modified}\r\n"), 304),
        get("If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n".to_owned(), 200),
        get("If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n".to_owned(), 200),
        get(format!("If-None-Match: {etag}\r\n"), 304),
        get("If-None-Match: \"other\"\r\n".to_owned(), 200),
        get(format!("Range: bytes=0-3\r\nIf-Range: {modified}\r\n"), 206),
        get(format!("Range: bytes=0-3\r\nIf-Range: {etag}\r\n"), 206),
        get("Range: bytes=0-3\r\nIf-Range: Thu, 01 Jan 1970 00:00:00 GMT\r\n".to_owned(), 200),
    ]
}

/// One server: every class of name answers heads, ranges and conditions as HTTP has it.
fn every_class_keeps_to_http(port: u16, paths: &[String]) {
    for path in paths {
        let whole = ask(port, "GET", path, "");
        assert_eq!(whole.status, 200, "{path}");
        let header = |name: &str| whole.header(name).map(str::to_owned);
        let modified = header("last-modified").unwrap_or_else(|| panic!("{path}: no time"));
        let etag = header("etag").unwrap_or_else(|| panic!("{path}: no tag"));
        for (method, headers, status) in conditions(&modified, &etag) {
            let reply = ask(port, method, path, &headers);
            assert_eq!(reply.status, status, "{method} {path} with {headers:?}");
            let wanted: &[u8] = match (method, status) {
                ("HEAD", _) | (_, 304) => &[],
                (_, 200) => &whole.body,
                (_, 206) if headers.contains("-2\r") => &whole.body[whole.body.len() - 2..],
                (_, 206) => &whole.body[..4],
                _ => continue,
            };
            assert_eq!(reply.body, wanted, "{method} {path} with {headers:?}");
            if status != 304 {
                assert_eq!(reply.header("content-type"), whole.header("content-type"), "{path}");
                assert_eq!(reply.header("last-modified"), Some(&*modified), "{path}");
            }
            assert_eq!(
                reply.header("cache-control"),
                whole.header("cache-control"),
                "{method} {path} with {headers:?}"
            );
        }
    }
}

/// A path of every class: root metadata in channels and dated trees, by-hash, package, plain index, a dated name, the union, our key.
fn one_of_each_class(site: &Site) -> Vec<String> {
    let tree = site.tree("lab", &site.dates("lab")[0]);
    let hash = crate::harness::walk(&tree)
        .into_iter()
        .find(|path| path.to_string_lossy().contains("by-hash/SHA256/"))
        .unwrap();
    let hash = hash.strip_prefix(&tree).unwrap().to_str().unwrap();
    let in_lab = [
        "dists/lab/InRelease",
        "dists/lab/Release",
        "dists/lab/Release.gpg",
        "dists/lab/main/binary-amd64/Packages.xz",
        "pool/main/s/steady/steady_1.0_all.deb",
        hash,
    ];
    let mut paths: Vec<String> = in_lab
        .iter()
        .flat_map(|rest| [format!("{LAB}/{rest}"), format!("/channels/staging{LAB}/{rest}")])
        .collect();
    for date in [site.dates("lab")[0].as_str(), "2026-03-23", "20260324T23"] {
        paths.extend(in_lab[..5].iter().map(|rest| format!("/snapshots/lab/{date}/{rest}")));
    }
    let by_union = format!("{LAB}/pool/main/a/alpha/alpha_2.0_all.deb");
    paths.extend([by_union, "/files/a%20file.txt".to_owned(), "/pinfold.asc".to_owned()]);
    paths
}

#[test]
fn heads_ranges_and_conditions_are_answered_in_every_class() {
    let site = prepared();
    let paths = one_of_each_class(&site);
    let _nginx = site.nginx();
    every_class_keeps_to_http(site.port, &paths);
    beside_the_embedded_server(&site, |port| every_class_keeps_to_http(port, &paths));
}
