//! What is wrong, missing or older upstream, and in a mirror's file.
use serde_json::json;

use super::{following, formulae, of, paths};
use crate::harness::{Formula, Homebrew, Host, Site};

/// What is wrong.
enum Place {
    Blob,
    Index,
    List,
}

/// What is there instead.
enum Bytes {
    None,
    These(&'static str),
    /// The index of what this makes of the formula.
    IndexOf(fn(&mut Formula)),
    /// The right index with one text for another.
    IndexAs(&'static str, &'static str),
}

impl Bytes {
    fn of(&self, formula: &Formula) -> Option<Vec<u8>> {
        let index = |formula: &Formula| formula.index().to_string();
        Some(match self {
            Self::None => return None,
            Self::These(text) => text.as_bytes().to_vec(),
            Self::IndexOf(change) => {
                let mut other = formula.clone();
                change(&mut other);
                index(&other).into_bytes()
            }
            Self::IndexAs(text, other) => index(formula).replace(text, other).into_bytes(),
        })
    }
}

#[test]
fn what_is_wrong_or_missing_upstream_leaves_the_last_state() {
    let homebrew = Homebrew::of(&formulae());
    let site = following(&homebrew, "");
    site.ok(&["sync", "brew"]);
    let list = "api/internal/packages.x86_64_linux.jws.json";
    let cases: &[(Place, Bytes, i32, &str)] = &[
        (Place::Blob, Bytes::These("something else"), 4, "expected SHA256"),
        (Place::Blob, Bytes::None, 3, "answers 404"),
        (Place::Index, Bytes::None, 3, "answers 404"),
        (Place::Index, Bytes::These("{"), 4, "no JSON"),
        (Place::Index, Bytes::These("{}"), 4, "JSON that does not"),
        (Place::Index, Bytes::IndexOf(|wget| wget.build = "other"), 4, "JSON that does not"),
        // One tag is there, the other is not.
        (
            Place::Index,
            Bytes::IndexOf(|wget| wget.tags = &["arm64_sequoia"]),
            4,
            "JSON that does not",
        ),
        // The checksums are right, and brew would look for another name.
        (Place::Index, Bytes::IndexAs("1.26.", "1.27."), 4, "it does not name the bottle"),
        (Place::List, Bytes::None, 3, "is the URL that of an API"),
        (Place::List, Bytes::These("<html>"), 4, "is no metadata that can be followed"),
        (Place::List, Bytes::These(r#"{"payload":"[]"}"#), 4, "no list of formulae"),
    ];
    let mut next = formulae();
    for (number, (place, bytes, code, says)) in cases.iter().enumerate() {
        // What came right before an upstream turned out to be wrong is kept: each case has a version of its own.
        next[0].version = Box::leak(format!("1.26.{number}").into_boxed_str());
        let wget = next[0].clone();
        homebrew.has(&next);
        let bytes = bytes.of(&wget);
        match place {
            Place::Blob => homebrew.set(&wget.blob("x86_64_linux"), bytes),
            Place::Index => homebrew.set(&wget.manifest(), bytes),
            Place::List => homebrew.set_api(list, bytes),
        }
        site.run(&["sync", "brew"]).expect(*code).says(says);
        assert_eq!(site.dates("brew").len(), 1, "{number}");
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

#[test]
fn lists_have_to_be_signed_where_the_mirror_has_the_key() {
    let homebrew = Homebrew::of(&formulae());
    let dir = crate::harness::temp_dir();
    let key = homebrew.sign(dir.path());
    let site = following(&homebrew, &format!("keyrings = [\"{}\"]\n", key.display()));
    // The lists of before were signed by nobody.
    site.run(&["sync", "brew"])
        .expect(4)
        .says("is not authentic")
        .says("homebrew-1.pem does not count");
    homebrew.has(&formulae());
    site.run(&["sync", "brew"]).expect(0).says("trust = \"signed\"");
    assert!(site.ok(&["show", "brew"]).contains("homebrew-1.pem"));
    // From the record alone: the key is not needed any more.
    std::fs::remove_file(&key).unwrap();
    site.mirror("brew", "family = \"brew\"\nmount = \"brew\"\n");
    site.ok(&["verify", "brew", "--deep"]);
    site.mirror(
        "brew",
        &(homebrew.mirror("[\"wget\"]") + "keyrings = [\"/nowhere/homebrew-1.pem\"]\n"),
    );
    site.run(&["sync", "brew"]).expect(5);
}
