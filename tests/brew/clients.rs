//! What brew asks a mirror for, replayed, and the files that make it do so.
use super::{CORE, following, formulae, of, two_states};
use crate::harness::{Formula, Homebrew, INDEX, Nginx, Site, ask};
use crate::serving::beside_the_embedded_server;

/// Asks as brew does for its copy of a list, which it made "now", and gives what it has afterwards: libcurl drops a body whose time
/// is before that.
fn refresh(site: &Site, url: &str, copy: &std::path::Path) -> String {
    let mut command = std::process::Command::new("curl");
    command
        .args(["--silent", "--fail", "--compressed", "--location", "--remote-time", "--output"])
        .arg(copy);
    if copy.exists() {
        command.arg("--time-cond").arg(copy);
    }
    crate::harness::tool(command.arg(format!("http://127.0.0.1:{}{url}", site.port)));
    // It touches the file.
    let now = std::time::SystemTime::now();
    std::fs::File::options().write(true).open(copy).unwrap().set_modified(now).unwrap();
    std::fs::read_to_string(copy).unwrap()
}

#[test]
fn clients_see_a_move_forward_and_back() {
    let homebrew = Homebrew::of(&formulae());
    let (site, newer) = two_states(&homebrew);
    let older = of("wget");
    let nginx = site.nginx();
    let list = "/brew/api/internal/packages.x86_64_linux.jws.json";
    let copy = site.dir().join("packages.jws.json");
    let shows = |version: &str| {
        let text = refresh(&site, list, &copy);
        assert!(text.contains(version), "{version}");
    };
    shows("1.25.0");
    shows("1.25.0");
    site.ok(&["promote", "brew", "--to", "production"]);
    shows("1.26.0");
    // Who read the older list still gets all that it names, and the index.
    for path in [
        older.flat("x86_64_linux"),
        older.manifest(),
        format!("{CORE}/{}", older.blob("arm64_sequoia")),
    ] {
        for place in ["", "/brew"] {
            assert_eq!(nginx.get(&format!("{place}/{path}")).status, 200, "{place}/{path}");
        }
    }
    site.run(&["rollback", "production"]).expect(0).says("brew takes the older lists");
    shows("1.25.0");
    site.ok(&["promote", "brew", "--to", "production"]);
    shows("1.26.0");
    // By date, and the newer one is not in the older tree.
    let dates = site.dates("brew");
    let dated = format!("/snapshots/brew/{}/api/internal/packages.x86_64_linux.jws.json", dates[0]);
    assert!(refresh(&site, &dated, &copy).contains("1.25.0"));
    assert_eq!(nginx.get(&format!("/brew/{}", newer.flat("arm64_sequoia"))).status, 200);
    site.sound();
}

#[test]
fn everything_that_brew_asks_for_is_answered() {
    let homebrew = Homebrew::of(&formulae());
    let site = following(&homebrew, "");
    // Other mirrors: one is called as a formula is.
    site.mirror("alpine", "family = \"files\"\nmount = \"alpine\"\n");
    site.mirror("libsigcxx", "family = \"files\"\nmount = \"libsigcxx/2\"\n");
    site.ok(&["init"]);
    let own = crate::harness::temp_dir();
    crate::harness::write(own.path().join("v3.22/main/x.apk"), "an apk");
    site.ok(&["ingest", "alpine", own.path().to_str().unwrap()]);
    site.ok(&["sync", "brew"]);
    site.ok(&["promote", "--all", "--to", "production"]);
    let nginx = site.nginx();
    let dated = format!("/snapshots/brew/{}", site.dates("brew").pop().unwrap());
    for place in ["", "/brew", "/channels/production/brew", &dated] {
        for name in ["wget", "openssl@3", "ca-certificates", "libsigc++@2", "alpine"] {
            as_a_folder(&nginx, place, &of(name));
            as_a_registry(&nginx, place, &of(name));
        }
        let version = nginx.get(&format!("{place}/v2/"));
        assert_eq!((version.status, version.text().trim()), (200, "{}"), "{place}");
    }
    assert_eq!(nginx.get("/alpine/v3.22/main/x.apk").text(), "an apk");
    assert_eq!(nginx.get("/alpine/manifests/1.0").status, 404);
    for path in
        ["/brew/api/formula/wget.json", "/brew/api/formula.jws.json", "/brew/api/cask.jws.json"]
    {
        let reply = nginx.get(path);
        assert_eq!((reply.status, reply.header("last-modified")), (200, None), "{path}");
    }
}

#[test]
fn a_client_gets_the_variables_that_work() {
    let homebrew = Homebrew::of(&formulae());
    let (site, _) = two_states(&homebrew);
    let url = format!("http://127.0.0.1:{}", site.port);
    let plain = site.ok(&["client", "brew"]);
    for line in [
        &format!("HOMEBREW_API_DOMAIN={url}/brew/api"),
        &format!("HOMEBREW_ARTIFACT_DOMAIN={url}/brew"),
        "HOMEBREW_ARTIFACT_DOMAIN_NO_FALLBACK=1",
        "HOMEBREW_NO_AUTO_UPDATE=1",
    ] {
        assert!(plain.lines().any(|one| one == line), "{line} is not in\n{plain}");
    }
    assert!(plain.contains("/etc/homebrew/brew.env") && plain.contains("Casks"), "{plain}");
    let fallback = site.ok(&["client", "brew", "--fallback", "packages"]);
    assert!(!fallback.contains("NO_FALLBACK=1") && fallback.contains("ghcr.io"), "{fallback}");
    let date = site.dates("brew")[0].clone();
    let dated = site.ok(&["client", "brew", "--date", &date[..8]]);
    let newest = site.dates("brew").pop().unwrap();
    assert!(
        dated.contains(&format!("HOMEBREW_API_DOMAIN={url}/snapshots/brew/{newest}/api")),
        "{dated}"
    );
    let typed = site.ok(&["client", "brew", "--plain"]);
    assert!(typed.contains(&format!("export HOMEBREW_BOTTLE_DOMAIN={url}/brew\n")), "{typed}");
    for (option, says) in
        [("--list", "says nothing to brew"), ("--downgrade", "says nothing to brew")]
    {
        site.run(&["client", "brew", option]).expect(2).says(says);
    }
}

/// An index has its bytes and its type.
fn is_index(nginx: &Nginx, path: &str, headers: &str, formula: &Formula) {
    let reply = nginx.ask("GET", path, headers);
    assert_eq!((reply.status, reply.header("content-type")), (200, Some(INDEX)), "{path}");
    assert_eq!(reply.body, formula.index().to_string().into_bytes(), "{path}");
}

/// `HOMEBREW_BOTTLE_DOMAIN`: a HEAD and two GETs of the flat name without a token; the index with one.
fn as_a_folder(nginx: &Nginx, place: &str, formula: &Formula) {
    let tag = formula.tags.last().unwrap();
    let encoded = formula.flat(tag).replace('@', "%40").replace('+', "%2B");
    for method in ["HEAD", "GET", "GET"] {
        let reply = nginx.ask(method, &format!("{place}/{encoded}"), "");
        assert_eq!(reply.status, 200, "{place}/{encoded}");
        let body = if method == "HEAD" { Vec::new() } else { formula.bottle(tag) };
        assert_eq!(reply.body, body, "{place}/{encoded}");
    }
    let headers = format!("Accept: {INDEX}\r\nAuthorization: Bearer QQ==\r\n");
    is_index(nginx, &format!("{place}/{}", formula.manifest()), &headers, formula);
}

/// `HOMEBREW_ARTIFACT_DOMAIN`: as the registry, without a token.
fn as_a_registry(nginx: &Nginx, place: &str, formula: &Formula) {
    let tag = formula.tags.last().unwrap();
    let index = format!("{place}/{CORE}/{}", formula.manifest());
    is_index(nginx, &index, &format!("Accept: {INDEX}\r\n"), formula);
    let blob = format!("{place}/{CORE}/{}", formula.blob(tag));
    let reply = nginx.get(&blob);
    assert_eq!((reply.status, reply.body), (200, formula.bottle(tag)), "{blob}");
    let rest = nginx.ask("GET", &blob, "Range: bytes=7-\r\n");
    assert_eq!((rest.status, rest.body), (206, formula.bottle(tag)[7..].to_vec()), "{blob}");
}

#[test]
fn the_embedded_server_answers_as_nginx_does() {
    let homebrew = Homebrew::of(&formulae());
    let (site, _) = two_states(&homebrew);
    let wget = of("wget");
    let list = "/brew/api/internal/packages.x86_64_linux.jws.json".to_owned();
    let paths = [
        list.clone(),
        "/v2/".to_owned(),
        format!("/{}", wget.manifest()),
        format!("/{}", wget.flat("x86_64_linux")),
        format!("/brew/{CORE}/{}", wget.blob("x86_64_linux")),
        "/none/manifests/1".to_owned(),
    ];
    beside_the_embedded_server(&site, |port| {
        let nginx = site.nginx();
        for path in &paths {
            let (ours, theirs) = (ask(port, "GET", path, ""), nginx.get(path));
            assert_eq!((ours.status, &ours.body), (theirs.status, &theirs.body), "{path}");
            for name in ["cache-control", "content-type", "last-modified"] {
                assert_eq!(ours.header(name), theirs.header(name), "{name} of {path}");
            }
        }
        for condition in
            ["If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT", "If-None-Match: \"x\""]
        {
            let reply = ask(port, "GET", &list, &format!("{condition}\r\n"));
            assert_eq!((reply.status, reply.header("etag")), (200, None), "{condition}");
        }
    });
}
