//! What one mirror has at the top of the server, beside all mounts; names with a type of their own; files without validators.

use std::fs;

use super::world::{Nginx, Www};
use super::{HEX, MirrorSite, Rules, SiteConfig, apt, compare, config, files};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// As Homebrew's family has it.
fn bottles(name: &str, mount: &str) -> MirrorSite {
    MirrorSite {
        root_names: r"[^/]*\.json".to_owned(),
        has_validators: false,
        hash_names: "/blobs/sha256:[0-9a-f]+$".to_owned(),
        package_names: r"bottle(?:\.[0-9]+)?\.tar\.gz".to_owned(),
        typed_names: vec![
            ("manifests/[^/]+".to_owned(), INDEX.to_owned()),
            ("blobs/sha256:[0-9a-f]+".to_owned(), "application/octet-stream".to_owned()),
        ],
        top_names: r"[^/]+\.bottle(?:\.[0-9]+)?\.tar\.gz".to_owned(),
        words: vec![("v2/".to_owned(), "application/json".to_owned(), "{}".to_owned())],
        types: Vec::new(),
        ..files(name, mount)
    }
}

/// Two mirrors of bottles, of which the first is at the top, and others whose mounts are formulae too.
fn mirrors() -> Vec<MirrorSite> {
    vec![
        files("alpine", "alpine"),
        bottles("brew", "brew"),
        files("core", "v2"),
        bottles("second", "second"),
        apt("python", "python/3.12"),
    ]
}

fn world() -> Www {
    let www = Www::new();
    let tree = "snapshots/brew/20261123T040000Z";
    for name in [
        "api/internal/packages.x.jws.json".to_owned(),
        "alpine/manifests/2.26".to_owned(),
        "alpine/manifests/both".to_owned(),
        "python/3.12/manifests/3.12.1_1".to_owned(),
        "wget/manifests/1.25.0.gz".to_owned(),
        "vtool@2-1.0.x86_64_linux.bottle.tar.gz".to_owned(),
        "vplus++-1.0.all.bottle.2.tar.gz".to_owned(),
        "v2/homebrew/core/wget/manifests/1.25.0".to_owned(),
        format!("v2/homebrew/core/wget/blobs/sha256:{HEX}"),
    ] {
        www.file(&format!("{tree}/{name}"));
    }
    www.file("generations/production/7/brew/heads/api/internal/packages.x.jws.json");
    www.file("union/brew/wget/manifests/1.24.0");
    www.file("union/brew/wget-1.24.0.all.bottle.tar.gz");
    www.file("snapshots/alpine/20261123T040000Z/manifests/both");
    www.file("snapshots/alpine/20261123T040000Z/v3.22/main/x.apk");
    www.file("union/alpine/manifests/old");
    www.file("generations/production/7/python/heads/manifests/Release");
    for name in ["brew", "alpine", "python"] {
        let tree = format!("../../../../snapshots/{name}/20261123T040000Z");
        fs::create_dir_all(www.path(&format!("generations/production/7/{name}"))).unwrap();
        std::os::unix::fs::symlink(
            tree,
            www.path(&format!("generations/production/7/{name}/tree")),
        )
        .unwrap();
    }
    www
}

fn rules(www: &Www, port: u16) -> Rules {
    let config = SiteConfig { logs: Some(www.dir.path().to_owned()), ..config(port) };
    Rules::new(&config, &mirrors(), &www.root()).unwrap()
}

/// What is asked for, what answers, with which type.
const CASES: &[(&str, &str, &str)] = &[
    ("/alpine/manifests/2.26", "snapshots/brew/20261123T040000Z/alpine/manifests/2.26", INDEX),
    // What lies in the other mirror counts more.
    (
        "/alpine/manifests/both",
        "snapshots/alpine/20261123T040000Z/manifests/both",
        "application/octet-stream",
    ),
    ("/alpine/manifests/old", "union/alpine/manifests/old", "application/octet-stream"),
    (
        "/alpine/v3.22/main/x.apk",
        "snapshots/alpine/20261123T040000Z/v3.22/main/x.apk",
        "application/octet-stream",
    ),
    ("/brew/alpine/manifests/2.26", "snapshots/brew/20261123T040000Z/alpine/manifests/2.26", INDEX),
    (
        "/channels/production/brew/alpine/manifests/2.26",
        "snapshots/brew/20261123T040000Z/alpine/manifests/2.26",
        INDEX,
    ),
    (
        "/snapshots/brew/20261123T040000Z/alpine/manifests/2.26",
        "snapshots/brew/20261123T040000Z/alpine/manifests/2.26",
        INDEX,
    ),
    (
        "/python/3.12/manifests/3.12.1_1",
        "snapshots/brew/20261123T040000Z/python/3.12/manifests/3.12.1_1",
        INDEX,
    ),
    (
        "/python/3.12/manifests/Release",
        "generations/production/7/python/heads/manifests/Release",
        "application/octet-stream",
    ),
    ("/wget/manifests/1.24.0", "union/brew/wget/manifests/1.24.0", INDEX),
    // A version is no extension.
    (
        "/wget/manifests/1.25.0.gz",
        "snapshots/brew/20261123T040000Z/wget/manifests/1.25.0.gz",
        INDEX,
    ),
    (
        "/vtool%402-1.0.x86_64_linux.bottle.tar.gz",
        "snapshots/brew/20261123T040000Z/vtool@2-1.0.x86_64_linux.bottle.tar.gz",
        "application/gzip",
    ),
    (
        "/vplus%2B%2B-1.0.all.bottle.2.tar.gz",
        "snapshots/brew/20261123T040000Z/vplus++-1.0.all.bottle.2.tar.gz",
        "application/gzip",
    ),
    (
        "/wget-1.24.0.all.bottle.tar.gz",
        "union/brew/wget-1.24.0.all.bottle.tar.gz",
        "application/gzip",
    ),
    (
        "/v2/homebrew/core/wget/manifests/1.25.0",
        "snapshots/brew/20261123T040000Z/v2/homebrew/core/wget/manifests/1.25.0",
        INDEX,
    ),
    (
        "/brew/v2/homebrew/core/wget/manifests/1.25.0",
        "snapshots/brew/20261123T040000Z/v2/homebrew/core/wget/manifests/1.25.0",
        INDEX,
    ),
    (
        "/brew/api/internal/packages.x.jws.json",
        "generations/production/7/brew/heads/api/internal/packages.x.jws.json",
        "application/json",
    ),
];

/// What is not there, and what answers with words.
const OTHERS: &[(&str, u16)] = &[
    ("/v2/", 200),
    ("/brew/v2/", 200),
    ("/channels/production/brew/v2/", 200),
    ("/snapshots/brew/20261123T040000Z/v2/", 200),
    ("/second/v2/", 200),
    ("/v2", 404),
    ("/alpine/manifests/none", 404),
    ("/none/manifests/1", 404),
    ("/manifests/1", 404),
    ("/none.bottle.tar.gz", 404),
    ("/a/none.bottle.tar.gz", 404),
    ("/channels/production/none.bottle.tar.gz", 404),
    ("/second/x.bottle.tar.gz", 503),
    ("/api/internal/packages.x.jws.json", 404),
    ("/.x/manifests/1", 404),
    ("/v2/homebrew/core/wget/manifests/", 503),
    ("/v2/homebrew/core/../core/wget/manifests/1.25.0", 200),
    ("/snapshots/brew/manifests/1", 404),
    ("/status/manifests/1", 404),
];

#[test]
fn a_mirror_is_at_the_top_of_the_server_beside_all_mounts() {
    let www = world();
    let nginx = Nginx::start(&www, |port| rules(&www, port).nginx());
    let rules = rules(&www, nginx.port);
    let root = fs::canonicalize(www.path("")).unwrap();
    let blob = format!("v2/homebrew/core/wget/blobs/sha256:{HEX}");
    let octets = "application/octet-stream";
    let own = [
        (format!("/{blob}"), format!("snapshots/brew/20261123T040000Z/{blob}"), octets),
        (format!("/brew/{blob}"), format!("snapshots/brew/20261123T040000Z/{blob}"), octets),
    ];
    let cases =
        CASES.iter().map(|(uri, file, kind)| ((*uri).to_owned(), (*file).to_owned(), *kind));
    for (uri, file, kind) in cases.chain(own) {
        let answer = rules.resolve(uri.as_bytes());
        let found = answer.found().unwrap_or_else(|| panic!("{uri}: {:?}", answer.not_found));
        assert_eq!(fs::canonicalize(&found.path).unwrap(), root.join(&file), "{uri}");
        assert_eq!(found.content_type, kind, "{uri}");
        assert_eq!(
            found.cache.contains("immutable"),
            uri.contains("/blobs/") || uri.contains("T040000Z"),
            "{uri}"
        );
        assert_eq!(compare(&nginx, &rules, &uri), Ok(200));
    }
    for (uri, status) in OTHERS {
        assert_eq!(compare(&nginx, &rules, uri), Ok(*status), "{uri}");
    }
    let words = nginx.ask("GET", "/v2/", "");
    assert_eq!(
        (words.header("content-type"), words.body.as_slice()),
        ("application/json", &b"{}\n"[..])
    );
}

#[test]
fn a_client_is_not_told_of_the_age_of_what_it_would_believe_wrongly() {
    let www = world();
    let nginx = Nginx::start(&www, |port| rules(&www, port).nginx());
    for place in [
        "/brew",
        "/channels/production/brew",
        "/snapshots/brew/20261123T040000Z",
        "/snapshots/brew/2026-11-23",
    ] {
        let uri = format!("{place}/api/internal/packages.x.jws.json");
        if place.ends_with("23") {
            // No day leads there in this world.
            assert_eq!(nginx.ask("GET", &uri, "").status, 404);
            continue;
        }
        for condition in
            ["", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n", "If-None-Match: \"x\"\r\n"]
        {
            let reply = nginx.ask("GET", &uri, condition);
            assert_eq!(reply.status, 200, "{uri} {condition}");
            assert_eq!((reply.header("etag"), reply.header("last-modified")), ("", ""), "{uri}");
        }
    }
    assert_ne!(nginx.ask("GET", "/alpine/manifests/2.26", "").header("etag"), "");
}
