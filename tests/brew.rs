//! Homebrew: bottles of chosen formulae from an API and a registry, pinned by its lists, and what brew asks a mirror for.
use serde_json::json;

use crate::harness::{Formula, Homebrew, Host, INDEX, Nginx, Request, Site, ask};

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
