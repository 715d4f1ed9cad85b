//! `mode = "cache"`: a real nginx in front of the registry, with the rules that `pinfold site` prints.
use super::{CORE, formulae, of, paths};
use crate::harness::{Homebrew, Host, INDEX, Nginx, Site};

/// A site whose mirror `brew` is a cache.
fn cached(homebrew: &Homebrew) -> Site {
    let site = Site::fleeting();
    let folder = site.dir().join("kept").display().to_string();
    let text = format!(
        "family = \"brew\"\nmount = \"brew\"\nmode = \"cache\"\nregistry = \"{}\"\ncache-folder = \"{folder}\"\n",
        homebrew.registry()
    );
    site.mirror("brew", &text);
    site.mirror("alpine", "family = \"files\"\nmount = \"alpine\"\n");
    site.ok(&["init"]);
    site
}

/// Asks, and gives what the cache says of itself and the body.
fn get(nginx: &Nginx, path: &str, headers: &str) -> (u16, String, Vec<u8>) {
    let reply = nginx.ask("GET", path, headers);
    let state = reply.header("x-cache-status").unwrap_or_default().to_owned();
    (reply.status, state, reply.body)
}

#[test]
fn a_blob_is_fetched_once_and_its_host_sees_no_token() {
    let homebrew = Homebrew::of(&formulae());
    let site = cached(&homebrew);
    let nginx = site.nginx();
    for (name, tag) in
        [("wget", "x86_64_linux"), ("openssl@3", "arm64_sequoia"), ("libsigc++@2", "x86_64_linux")]
    {
        let (blob, bottle) = (of(name).blob(tag), of(name).bottle(tag));
        // Whatever token a client has is its own matter.
        let asked = get(
            &nginx,
            &format!("/brew/{CORE}/{blob}"),
            "Authorization: Bearer mine\r\nCookie: mine\r\n",
        );
        assert_eq!(asked, (200, "MISS".to_owned(), bottle.clone()), "{name}");
        let log = homebrew.asked();
        let hosts: Vec<(Host, u16)> = log.iter().map(|one| (one.host, one.status)).collect();
        assert_eq!(hosts, [(Host::Registry, 307), (Host::Blobs, 200)], "{name}");
        assert_eq!(log[0].headers["authorization"], "Bearer QQ==");
        assert_eq!(log[1].headers.get("authorization"), None);
        // At the top of the server too, and under another name: what counts is the digest.
        let digest = blob.rsplit_once('/').unwrap().1;
        for path in [
            format!("/brew/{CORE}/{blob}"),
            format!("/{CORE}/{blob}"),
            format!("/{CORE}/other/blobs/{digest}"),
        ] {
            assert_eq!(get(&nginx, &path, ""), (200, "HIT".to_owned(), bottle.clone()), "{path}");
        }
        assert!(homebrew.asked().is_empty());
    }
}

#[test]
fn parts_and_heads_of_what_is_not_there_yet_are_right() {
    let homebrew = Homebrew::of(&formulae());
    let site = cached(&homebrew);
    let nginx = site.nginx();
    let path = |name: &str| format!("/brew/{CORE}/{}", of(name).blob("x86_64_linux"));
    let bottle = of("wget").bottle("x86_64_linux");
    let reply = nginx.ask("GET", &path("wget"), "Range: bytes=3-9\r\n");
    assert_eq!((reply.status, reply.body.as_slice()), (206, &bottle[3..10]));
    let reply = nginx.ask("HEAD", &path("alpine"), "");
    let length = of("alpine").bottle("x86_64_linux").len().to_string();
    assert_eq!(
        (reply.status, reply.header("content-length"), reply.body.len()),
        (200, Some(length.as_str()), 0)
    );
    for name in ["wget", "alpine"] {
        assert_eq!(get(&nginx, &path(name), "").1, "HIT", "{name}");
    }
    assert!(nginx.get(&path("wget")).header("cache-control").unwrap().contains("immutable"));
}

#[test]
fn many_who_ask_at_once_cost_one_request() {
    let homebrew = Homebrew::of(&formulae());
    homebrew.slow(true);
    let site = cached(&homebrew);
    let nginx = site.nginx();
    let path = format!("/brew/{CORE}/{}", of("wget").blob("x86_64_linux"));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(nginx.get(&path).body, of("wget").bottle("x86_64_linux")));
        }
    });
    let log = homebrew.asked();
    assert_eq!(
        (paths(&log, Host::Registry).len(), paths(&log, Host::Blobs).len()),
        (1, 1),
        "{log:?}"
    );
}

#[test]
fn an_index_comes_with_its_type_and_outlives_its_registry() {
    let homebrew = Homebrew::of(&formulae());
    let site = cached(&homebrew);
    let nginx = site.nginx();
    for name in ["wget", "libsigc++@2", "openssl@3"] {
        let index = of(name).index().to_string().into_bytes();
        // The well-known variable leads to the top of the server, without the registry's folder.
        for path in
            [format!("/brew/{CORE}/{}", of(name).manifest()), format!("/{}", of(name).manifest())]
        {
            let reply = nginx.ask("GET", &path, "Accept: text/html\r\n");
            assert_eq!((reply.status, reply.header("content-type")), (200, Some(INDEX)), "{path}");
            assert_eq!(reply.body, index, "{path}");
        }
    }
    let log = homebrew.asked();
    assert_eq!(paths(&log, Host::Registry).len(), 3, "{log:?}");
    assert!(log.iter().all(|one| one.headers["authorization"] == "Bearer QQ=="));
    homebrew.down(true);
    let known = format!("/brew/{CORE}/{}", of("wget").manifest());
    assert_eq!(get(&nginx, &known, "").0, 200);
    let unknown = format!("/brew/{CORE}/{}", of("zlib").manifest());
    assert_eq!(get(&nginx, &unknown, "").0, 503);
    homebrew.down(false);
    assert_eq!(get(&nginx, &unknown, "").0, 200, "a failure is not kept");
}

#[test]
fn what_a_registry_does_not_have_is_said_to_be_absent() {
    let homebrew = Homebrew::of(&formulae());
    let site = cached(&homebrew);
    let nginx = site.nginx();
    let digest = "0".repeat(64);
    for (path, status) in [
        ("/v2/".to_owned(), 200),
        ("/brew/v2/".to_owned(), 200),
        (format!("/brew/{CORE}/wget/blobs/sha256:{digest}"), 404),
        (format!("/brew/{CORE}/wget/blobs/sha256:12"), 404),
        (format!("/brew/{CORE}/wget/blobs/sha256:{}", "A".repeat(64)), 404),
        (format!("/brew/{CORE}/wget/manifests/none"), 404),
        (format!("/brew/{CORE}/wget/tags/list"), 404),
        (format!("/brew/v2/other/project/a/blobs/sha256:{digest}"), 404),
        ("/brew/api/internal/packages.sonoma.jws.json".to_owned(), 404),
        ("/wget-1.25.0.x86_64_linux.bottle.tar.gz".to_owned(), 404),
        ("/alpine/x".to_owned(), 503),
    ] {
        assert_eq!(nginx.get(&path).status, status, "{path}");
    }
    let reply = nginx.get("/wget-1.25.0.x86_64_linux.bottle.tar.gz");
    assert!(reply.text().contains("nothing by the names of bottles"), "{}", reply.text());
    assert_eq!(
        nginx
            .ask("POST", &format!("/brew/{CORE}/wget/manifests/1.25.0"), "Content-Length: 0\r\n")
            .status,
        405
    );
}

#[test]
fn a_cache_has_no_states_and_its_client_says_what_it_costs() {
    let site = Site::fleeting();
    let text = "family = \"brew\"\nmount = \"brew\"\nmode = \"cache\"\n";
    let folder = site.dir().join("kept").display().to_string();
    site.mirror("brew", &format!("{text}cache-folder = \"{folder}\"\nresolvers = [\"127.0.0.53\", \"[::1]\"]\ncache-size = \"10GB\"\n"));
    site.ok(&["init"]);
    // The rules for the real registry are ones that nginx takes, without asking anybody for its address.
    let printed = site.ok(&["site"]);
    for text in [
        "resolver 127.0.0.53 [::1] valid=30s",
        "proxy_ssl_verify on",
        "max_size=9536m",
        "https://ghcr.io/v2/homebrew/core$pinfold_rest",
    ] {
        assert!(printed.contains(text), "{text} is not in\n{printed}");
    }
    assert!(!printed.contains("slice"), "{printed}");
    let nginx = site.nginx();
    assert_eq!(nginx.get("/v2/").text().trim(), "{}");
    site.run(&["sync", "brew"]).expect(2).says("nginx fills it");
    let client = site.ok(&["client", "brew"]);
    assert!(
        client.contains("HOMEBREW_ARTIFACT_DOMAIN_NO_FALLBACK=1")
            && client.contains("always the newest"),
        "{client}"
    );
    assert!(!client.contains("HOMEBREW_API_DOMAIN="), "{client}");
    site.run(&["client", "brew", "--date", "2026-11-23"]).expect(2).says("no days");
    for (more, says) in [
        ("formulae = [\"wget\"]", "formulae: it means nothing to a cache"),
        ("cache-size = \"much\"", "cache-size"),
        ("resolvers = [\"x;\"]", "resolver"),
    ] {
        site.mirror("brew", &format!("{text}{more}\n"));
        site.run(&["site"]).expect(2).says(says);
    }
    site.mirror("brew", "family = \"brew\"\nmount = \"brew\"\nresolvers = [\"127.0.0.1\"]\n");
    site.run(&["site"]).expect(2).says("resolvers: it means nothing to what is no cache");
}

#[test]
fn what_a_cache_kept_is_not_fetched_again_by_a_mirror() {
    let homebrew = Homebrew::of(&formulae());
    let site = cached(&homebrew);
    let nginx = site.nginx();
    for (name, tag) in
        [("wget", "x86_64_linux"), ("alpine", "arm64_sequoia"), ("alpine", "x86_64_linux")]
    {
        assert_eq!(nginx.get(&format!("/brew/{CORE}/{}", of(name).blob(tag))).status, 200);
        assert_eq!(nginx.get(&format!("/brew/{CORE}/{}", of(name).manifest())).status, 200);
    }
    // nginx keeps whatever came.
    homebrew.set(&of("zlib").blob("x86_64_linux"), Some(b"something else".to_vec()));
    assert_eq!(
        nginx.get(&format!("/brew/{CORE}/{}", of("zlib").blob("x86_64_linux"))).text(),
        "something else"
    );
    homebrew.has(&formulae());
    let kept = site.dir().join("kept");
    let kept = kept.to_str().unwrap();
    site.run(&["ingest", "brew", kept])
        .expect(1)
        .says("took 3 bottles")
        .says("1 are not")
        .says("and it is SHA256");
    site.run(&["ingest", "brew", kept])
        .expect(1)
        .says("took 0 bottles")
        .says("3 were in the store");
    assert_eq!(site.dates("brew").len(), 0);
    homebrew.asked();
    site.mirror("brew", &homebrew.mirror("[\"wget\", \"alpine\"]"));
    site.ok(&["sync", "brew"]);
    let fetched = paths(&homebrew.asked(), Host::Blobs);
    for (name, tag) in
        [("wget", "x86_64_linux"), ("alpine", "arm64_sequoia"), ("alpine", "x86_64_linux")]
    {
        let digest = of(name).blob(tag);
        assert!(!fetched.iter().any(|path| path.contains(&digest)), "{digest} in {fetched:?}");
    }
    assert!(
        fetched.iter().any(|path| path.contains(&of("zlib").blob("x86_64_linux"))),
        "{fetched:?}"
    );
    site.sound();
}
