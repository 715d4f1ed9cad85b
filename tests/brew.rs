//! Homebrew: bottles of chosen formulae from an API and a registry, pinned by its lists, and what brew asks a mirror for.
use serde_json::json;

use crate::harness::{Formula, Homebrew, Host, INDEX, Request, Site};

/// The registry's folder in a mirror.
const CORE: &str = "v2/homebrew/core";

/// Formulae with all that names can hold: a dependency, a version in the name, plus signs, a revision, a rebuild, one bottle for
/// all systems; and one that nobody asks for.
fn formulae() -> Vec<Formula> {
    vec![
        Formula {
            needs: json!(["openssl@3", { "pkgconf": ":build" }, { ":macos": [":ventura"] }]),
            system: json!([["zlib"], [{ "flex": ":build" }], ["libedit", { ":since": ":sonoma" }]]),
            ..Formula::new("wget", "1.25.0")
        },
        Formula {
            needs: json!(["ca-certificates"]),
            revision: 1,
            ..Formula::new("openssl@3", "3.6.0")
        },
        Formula { tags: &["all"], ..Formula::new("ca-certificates", "2026-07-15") },
        Formula { rebuild: 2, ..Formula::new("libsigc++@2", "2.12.1") },
        Formula { tags: &["x86_64_linux"], ..Formula::new("zlib", "1.3.1") },
        Formula { tags: &["x86_64_linux"], ..Formula::new("libedit", "20260101") },
        Formula { tags: &["x86_64_linux"], ..Formula::new("pkgconf", "2.5") },
        Formula { tags: &["x86_64_linux"], ..Formula::new("flex", "2.6") },
        Formula::new("alpine", "2.26"),
        Formula::new("nobody-asks", "1"),
    ]
}

fn of(name: &str) -> Formula {
    formulae().into_iter().find(|one| one.name == name).unwrap()
}

const ASKED: &str = "[\"wget\", \"libsigc++@2\", \"alpine\"]";

/// A site whose mirror `brew` follows Homebrew.
fn following(homebrew: &Homebrew, more: &str) -> Site {
    let site = Site::fleeting();
    site.mirror("brew", &(homebrew.mirror(ASKED) + more));
    site.ok(&["init"]);
    site
}

/// The paths below the registry that were asked for.
fn paths(asked: &[Request], host: Host) -> Vec<String> {
    let mut paths: Vec<String> = asked
        .iter()
        .filter(|one| one.host == host)
        .map(|one| {
            one.path
                .trim_start_matches('/')
                .trim_start_matches(CORE)
                .trim_start_matches('/')
                .to_owned()
        })
        .collect();
    paths.sort();
    paths
}

#[test]
fn a_sync_takes_the_bottles_of_what_is_asked_for_and_of_what_that_needs() {
    let homebrew = Homebrew::of(&formulae());
    let site = following(&homebrew, "");
    site.run(&["sync", "brew"]).expect(0).says("trust = \"none\", filtered");
    let asked = homebrew.asked();
    let tree = site.tree("brew", &site.dates("brew")[0]);
    for (name, tags) in [
        ("wget", &["arm64_sequoia", "x86_64_linux"][..]),
        ("openssl@3", &["arm64_sequoia", "x86_64_linux"]),
        ("ca-certificates", &["all"]),
        ("libsigc++@2", &["arm64_sequoia", "x86_64_linux"]),
        ("zlib", &["x86_64_linux"]),
        ("libedit", &["x86_64_linux"]),
        ("alpine", &["arm64_sequoia", "x86_64_linux"]),
    ] {
        let formula = of(name);
        for tag in tags {
            let bottle = formula.bottle(tag);
            for path in [format!("{CORE}/{}", formula.blob(tag)), formula.flat(tag)] {
                let found = std::fs::read(tree.join(&path))
                    .unwrap_or_else(|error| panic!("{path}: {error}"));
                assert_eq!(found, bottle, "{path}");
            }
        }
        for path in [format!("{CORE}/{}", formula.manifest()), formula.manifest()] {
            let found =
                std::fs::read(tree.join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(found, formula.index().to_string().into_bytes(), "{path}");
        }
        assert!(tree.join(format!("api/formula/{name}.json")).exists(), "{name}");
    }
    for name in ["pkgconf", "flex", "nobody-asks"] {
        assert!(!tree.join(format!("{CORE}/{name}")).exists(), "{name}");
    }
    assert!(tree.join("libsigcxx/2/manifests/2.12.1-2").exists());
    assert!(tree.join("libsigc++@2-2.12.1.x86_64_linux.bottle.2.tar.gz").exists());
    assert!(tree.join("api/internal/packages.arm64_sequoia.jws.json").exists());
    assert!(
        tree.join("api/formula.jws.json").exists()
            && !tree.join("api/internal/packages.sonoma.jws.json").exists()
    );
    // As brew asks: the token of nobody to the registry alone, an index by its type.
    for one in &asked {
        let token = one.headers.get("authorization").map(String::as_str);
        let expected = if one.host == Host::Registry { Some("Bearer QQ==") } else { None };
        assert_eq!(token, expected, "{one:?}");
        let takes = one.headers.get("accept").map(String::as_str);
        assert_eq!(takes == Some(INDEX), one.path.contains("/manifests/"), "{one:?}");
        assert!(one.status < 400 || one.path.ends_with("migrations.jws.json"), "{one:?}");
    }
    assert_eq!(paths(&asked, Host::Blobs).len(), 11);
    site.ok(&["verify", "brew", "--deep"]);
    site.sound();
}

#[test]
fn an_unchanged_state_costs_one_request_a_tag() {
    let homebrew = Homebrew::of(&formulae());
    let site = following(&homebrew, "");
    site.ok(&["sync", "brew"]);
    homebrew.asked();
    site.run(&["sync", "brew"]).expect(0).says("nothing changed");
    let asked = homebrew.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(
        asked.iter().all(|one| one.status == 304 && one.path.contains("/internal/packages.")),
        "{asked:?}"
    );
    // One formula is built anew: its index and bottles come, and no others.
    let mut next = formulae();
    next[0].rebuild = 1;
    next[0].build = "again";
    homebrew.has(&next);
    site.ok(&["sync", "brew"]);
    let asked = homebrew.asked();
    assert_eq!(paths(&asked, Host::Registry).len(), 3, "{asked:?}");
    assert!(
        paths(&asked, Host::Registry).iter().all(|path| path.starts_with("wget/")),
        "{asked:?}"
    );
    let said = site.run(&["diff", &format!("brew@{}", site.dates("brew")[0])]).expect(1).out;
    assert!(
        said.contains("1.25.0 rebuild 1")
            && said.contains("2 upgraded")
            && said.contains("arm64_sequoia"),
        "{said}"
    );
}

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

/// A site with two states of `wget`, the first in both channels.
fn two_states(homebrew: &Homebrew) -> (Site, Formula) {
    let site = following(homebrew, "");
    site.ok(&["sync", "brew"]);
    site.ok(&["promote", "brew", "--to", "production"]);
    let mut next = formulae();
    next[0].version = "1.26.0";
    homebrew.has(&next);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    site.ok(&["sync", "brew"]);
    (site, next[0].clone())
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

/// What brew asks with each variable (formats, section 4): the path, a further header, the status and type.
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
    let date = site.dates("brew").pop().unwrap();
    let token = "Authorization: Bearer QQ==\r\n";
    let accept = format!("Accept: {INDEX}\r\n");
    let places = [
        "".to_owned(),
        "/brew".to_owned(),
        "/channels/production/brew".to_owned(),
        format!("/snapshots/brew/{date}"),
    ];
    for name in ["wget", "openssl@3", "ca-certificates", "libsigc++@2", "alpine"] {
        let formula = of(name);
        let tag = formula.tags.last().unwrap();
        let encoded = formula.flat(tag).replace('@', "%40").replace('+', "%2B");
        for place in &places {
            // HOMEBREW_BOTTLE_DOMAIN: a HEAD and two GETs of the flat name without a token; the index with one.
            for method in ["HEAD", "GET", "GET"] {
                let reply = nginx.ask(method, &format!("{place}/{encoded}"), "");
                assert_eq!(reply.status, 200, "{place}/{encoded}");
                let body = if method == "HEAD" { Vec::new() } else { formula.bottle(tag) };
                assert_eq!(reply.body, body, "{place}/{encoded}");
            }
            let indices = [
                (format!("{place}/{}", formula.manifest()), format!("{accept}{token}")),
                // HOMEBREW_ARTIFACT_DOMAIN: as the registry, without a token.
                (format!("{place}/{CORE}/{}", formula.manifest()), accept.clone()),
            ];
            for (path, headers) in indices {
                let reply = nginx.ask("GET", &path, &headers);
                assert_eq!(
                    (reply.status, reply.header("content-type")),
                    (200, Some(INDEX)),
                    "{path}"
                );
                assert_eq!(reply.body, formula.index().to_string().into_bytes(), "{path}");
            }
            let blob = format!("{place}/{CORE}/{}", formula.blob(tag));
            let reply = nginx.get(&blob);
            assert_eq!((reply.status, reply.body), (200, formula.bottle(tag)), "{blob}");
            let rest = nginx.ask("GET", &blob, "Range: bytes=7-\r\n");
            assert_eq!(
                (rest.status, rest.body),
                (206, formula.bottle(tag)[7..].to_vec()),
                "{blob}"
            );
            let version = nginx.get(&format!("{place}/v2/"));
            assert_eq!((version.status, version.text().trim()), (200, "{}"), "{place}");
        }
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
fn what_is_wrong_or_missing_upstream_leaves_the_last_state() {
    let homebrew = Homebrew::of(&formulae());
    let site = following(&homebrew, "");
    site.ok(&["sync", "brew"]);
    let mut next = formulae();
    next[0].version = "1.26.0";
    let wget = next[0].clone();
    let (blob, manifest) = (wget.blob("x86_64_linux"), wget.manifest());
    let list = "api/internal/packages.x86_64_linux.jws.json";
    let mut of_other_tags = wget.clone();
    of_other_tags.tags = &["arm64_sequoia"];
    let of_other_build = Formula { build: "other", ..wget.clone() };
    let unlike = |formula: &Formula| Some(formula.index().to_string().into_bytes());
    let cases: &[(&str, Option<Vec<u8>>, i32, &str)] = &[
        (&blob, Some(b"something else".to_vec()), 4, "expected SHA256"),
        (&blob, None, 3, "answers 404"),
        (&manifest, None, 3, "answers 404"),
        (&manifest, Some(b"{".to_vec()), 4, "no JSON"),
        (&manifest, Some(b"{}".to_vec()), 4, "JSON that does not"),
        (&manifest, unlike(&of_other_build), 4, "JSON that does not"),
        // One tag is there, the other is not.
        (&manifest, unlike(&of_other_tags), 4, "wget/manifests/1.26.0"),
        (list, None, 3, "is the URL that of an API"),
        (list, Some(b"<html>".to_vec()), 4, "is no metadata that can be followed"),
        (list, Some(br#"{"payload":"[]"}"#.to_vec()), 4, "no list of formulae"),
    ];
    for (path, bytes, code, says) in cases {
        homebrew.has(&next);
        if path.starts_with("api/") {
            homebrew.set_api(path, bytes.clone());
        } else {
            homebrew.set(path, bytes.clone());
        }
        site.run(&["sync", "brew"]).expect(*code).says(says);
        assert_eq!(site.dates("brew").len(), 1, "{path}");
    }
    // Whole again: what came before is kept.
    homebrew.has(&next);
    homebrew.asked();
    site.ok(&["sync", "brew"]);
    assert_eq!(site.dates("brew").len(), 2);
    site.sound();
}

#[test]
fn an_older_list_is_refused_unless_allowed() {
    let homebrew = Homebrew::of(&formulae());
    let site = following(&homebrew, "");
    site.ok(&["sync", "brew"]);
    homebrew.older();
    site.run(&["sync", "brew"]).expect(4).says("upstream went back").says("--allow-older");
    site.run(&["sync", "brew", "--allow-older"]).expect(0).says("took brew@");
}

#[test]
fn an_index_that_the_store_has_is_asked_for_again_when_a_tag_joins() {
    let mut early = formulae();
    early[0].tags = &["arm64_sequoia"];
    let homebrew = Homebrew::of(&early);
    let site = following(&homebrew, "");
    site.ok(&["sync", "brew"]);
    // The same version is built for one more system, and its index is pushed again.
    homebrew.has(&formulae());
    homebrew.asked();
    site.ok(&["sync", "brew"]);
    let asked = homebrew.asked();
    assert_eq!(
        paths(&asked, Host::Registry),
        [of("wget").blob("x86_64_linux"), of("wget").manifest()]
    );
    let tree = site.tree("brew", &site.dates("brew")[1]);
    assert!(
        std::fs::read_to_string(tree.join(of("wget").manifest())).unwrap().contains("x86_64_linux")
    );
}

#[test]
fn what_is_asked_for_in_vain_is_told() {
    let homebrew = Homebrew::of(&formulae());
    let site = Site::fleeting();
    let mut without = formulae();
    without.push(Formula { tags: &["sonoma"], ..Formula::new("of-old-systems", "1") });
    without[1].needs = json!(["not-there"]);
    homebrew.has(&without);
    site.mirror(
        "brew",
        &homebrew
            .mirror("[\"old-wget\", \"open-ssl\", \"nonesuch\", \"of-old-systems\", \"lib*\"]"),
    );
    site.ok(&["init"]);
    let said = site
        .run(&["sync", "brew"])
        .expect(1)
        .says("nonesuch")
        .says("of-old-systems")
        .says("not-there")
        .said();
    assert!(!said.contains("old-wget"), "{said}");
    let tree = site.tree("brew", &site.dates("brew")[0]);
    for name in ["wget", "openssl@3", "libsigc++@2", "libedit"] {
        assert!(tree.join(of(name).manifest()).exists(), "{name}");
    }
    // A dry run counts, and fetches no bottle.
    site.mirror("brew", &homebrew.mirror("[\"*\"]"));
    homebrew.asked();
    site.run(&["sync", "brew", "--dry-run"]).expect(1).says("would take").says("and fetch 1");
    assert_eq!(paths(&homebrew.asked(), Host::Blobs), [""; 0]);
}

#[test]
fn a_tree_of_another_tool_is_recognised_and_verified() {
    let homebrew = Homebrew::of(&formulae());
    let from = following(&homebrew, "");
    from.ok(&["sync", "brew"]);
    let tree = from.tree("brew", &from.dates("brew")[0]);
    // As mirrors of bottles have it: flat names and lists, and no index.
    let own = crate::harness::temp_dir();
    for (name, tag) in
        [("wget", "x86_64_linux"), ("libsigc++@2", "arm64_sequoia"), ("ca-certificates", "all")]
    {
        crate::harness::write(own.path().join(of(name).flat(tag)), of(name).bottle(tag));
    }
    let list = "api/internal/packages.x86_64_linux.jws.json";
    crate::harness::write(own.path().join(list), std::fs::read(tree.join(list)).unwrap());
    crate::harness::write(own.path().join("README"), "what nobody names");
    let site = Site::fleeting();
    site.mirror("brew", "family = \"brew\"\nmount = \"brew\"\n");
    site.ok(&["init"]);
    site.run(&["ingest", "brew", own.path().to_str().unwrap()]).expect(0).says("trust = \"none\"");
    site.ok(&["promote", "brew", "--to", "production"]);
    let nginx = site.nginx();
    for name in
        [of("wget").flat("x86_64_linux"), format!("{CORE}/{}", of("wget").blob("x86_64_linux"))]
    {
        assert_eq!(
            nginx.get(&format!("/brew/{name}")).body,
            of("wget").bottle("x86_64_linux"),
            "{name}"
        );
    }
    site.ok(&["verify", "brew", "--deep"]);
    // A whole tree, proved by what the mirror's file asks for; and one that lacks a bottle, or has a wrong one.
    site.mirror("brew", &homebrew.mirror(ASKED));
    site.run(&["ingest", "brew", tree.to_str().unwrap()]).expect(0).says("took");
    site.ok(&["verify", "brew"]);
    let copy = crate::harness::temp_dir();
    let to = copy.path().join("tree");
    crate::harness::tool(
        std::process::Command::new("cp").args(["-r", "--no-preserve=mode"]).arg(&tree).arg(&to),
    );
    for name in
        [of("alpine").flat("x86_64_linux"), format!("{CORE}/{}", of("alpine").blob("x86_64_linux"))]
    {
        std::fs::write(to.join(name), "something else").unwrap();
    }
    site.run(&["ingest", "brew", to.to_str().unwrap()]).expect(4).says("alpine");
    std::fs::remove_file(to.join(format!("{CORE}/{}", of("alpine").blob("x86_64_linux")))).unwrap();
    site.run(&["ingest", "brew", to.to_str().unwrap()]).expect(4).says("alpine");
    // Without any list nobody says what a bottle has to be.
    site.mirror("brew", "family = \"brew\"\nmount = \"brew\"\n");
    std::fs::remove_file(own.path().join(list)).unwrap();
    site.run(&["ingest", "brew", own.path().to_str().unwrap()])
        .expect(4)
        .says("packages.TAG.jws.json");
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
    for (option, says) in [("--list", "is not for brew"), ("--downgrade", "is not for brew")] {
        site.run(&["client", "brew", option]).expect(2).says(says);
    }
}

#[test]
fn a_mirrors_file_is_checked() {
    let site = Site::fleeting();
    let cases = [
        ("formulae = [\"wget\"]", "tags: name at least one"),
        ("tags = [\"x86_64_linux\"]", "formulae: name at least one"),
        ("formulae = [\"user/tap/x\"]\ntags = [\"x86_64_linux\"]", "no name of a formula"),
        ("formulae = [\"Wget\"]\ntags = [\"x86_64_linux\"]", "no name of a formula"),
        ("formulae = [\"wget\"]\ntags = [\"x86-64\"]", "is no tag"),
        ("formulae = [\"wget\"]\ntags = [\"sonoma\"]\nregistry = \"ftp://x/\"", "registry: "),
        (
            "formulae = [\"wget\"]\ntags = [\"sonoma\"]\nsuites = [\"x\"]",
            "suites: it means nothing",
        ),
        (
            "formulae = [\"wget\"]\ntags = [\"sonoma\"]\narchitectures = [\"x\"]",
            "architectures: it means nothing",
        ),
    ];
    for (text, says) in cases {
        site.mirror("brew", &format!("family = \"brew\"\nmount = \"brew\"\n{text}\n"));
        site.run(&["init"]).expect(2).says(says);
    }
    site.mirror("brew", "family = \"apt\"\nmount = \"x\"\nformulae = [\"wget\"]\n");
    site.run(&["init"]).expect(2).says("formulae: it means nothing to a mirror of family apt");
    // Both URLs have a default.
    site.mirror(
        "brew",
        "family = \"brew\"\nmount = \"brew\"\nformulae = [\"wget\"]\ntags = [\"sonoma\"]\n",
    );
    site.ok(&["init"]);
}
