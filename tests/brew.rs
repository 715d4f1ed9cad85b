//! Homebrew: bottles of chosen formulae from an API and a registry, pinned by its lists, and what brew asks a mirror for.
mod cache;
mod clients;
mod faults;

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
