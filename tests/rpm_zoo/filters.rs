//! A part of a repository: which packages are taken, that it is said, and that the part is proved.

use crate::harness::{Repo, Rpm, Site, Upstream, follow_rpm, following_rpm, walk};

/// A repository with much to choose from.
fn varied() -> Repo {
    let repo = Repo::new();
    for version in ["1.0", "1.10", "1.9", "2.0~rc1"] {
        repo.package("Packages", "alpha", version);
    }
    // The epoch counts more.
    repo.package("Packages", "beta", "9.0");
    repo.package("Packages", "beta", "1:1.0");
    for (name, architecture) in [
        ("native", "x86_64"),
        ("native", "i686"),
        ("native", "aarch64"),
        ("alpha", "src"),
        ("native-debuginfo", "x86_64"),
        ("native-debugsource", "x86_64"),
    ] {
        repo.add("Packages", &Rpm::new(name, "1.0").architecture(architecture));
    }
    for (version, stream) in [("3.0", "old"), ("4.0", "old"), ("5.0", "new")] {
        repo.package(&format!("modular/{stream}"), "moda", version);
    }
    repo.createrepo(&[]);
    let stream = |name: &str, rpms: &[&str]| {
        let rpms: String = rpms.iter().map(|rpm| format!("    - {rpm}\n")).collect();
        format!(
            "---\ndocument: modulemd\nversion: 2\ndata:\n  name: mod\n  stream: {name}\n  version: 1\n  context: c0ffee\n  arch: noarch\n  \
             summary: s\n  description: d\n  license:\n    module: [MIT]\n  artifacts:\n    rpms:\n{rpms}...\n"
        )
    };
    repo.modules(
        &(stream("old", &["moda-0:3.0-1.noarch", "alpha-0:1.0-1.noarch"])
            + &stream("new", &["moda-0:5.0-1.noarch", "gone-0:1-1.noarch"])),
    );
    repo
}

/// The names of the packages in the newest dated tree.
fn taken(site: &Site) -> Vec<String> {
    let date = site.dates("lab").pop().unwrap();
    let mut names: Vec<String> = walk(&site.tree("lab", &date))
        .iter()
        .filter_map(|path| path.file_name().unwrap().to_str().unwrap().strip_suffix(".rpm"))
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

const ALPHA: [&str; 4] =
    ["alpha-1.0-1.noarch", "alpha-1.10-1.noarch", "alpha-1.9-1.noarch", "alpha-2.0~rc1-1.noarch"];
const BETA: [&str; 2] = ["beta-1.0-1.noarch", "beta-9.0-1.noarch"];
const MOD: [&str; 3] = ["moda-3.0-1.noarch", "moda-4.0-1.noarch", "moda-5.0-1.noarch"];

#[test]
fn what_is_asked_for_is_taken_and_the_rest_is_not() {
    let repo = varied();
    let upstream = Upstream::of(&repo.tree, "");
    let others = [
        "alpha-1.0-1.src",
        "native-1.0-1.aarch64",
        "native-1.0-1.i686",
        "native-1.0-1.x86_64",
        "native-debuginfo-1.0-1.x86_64",
        "native-debugsource-1.0-1.x86_64",
    ];
    let noarch = [&ALPHA[..], &BETA, &MOD].concat();
    let cases: [(&str, Vec<&str>); 9] = [
        ("architectures = [\"x86_64\"]\n", [&noarch[..], &others[..1], &others[3..]].concat()),
        (
            "architectures = [\"x86_64\", \"i686\"]\nsources = false\n",
            [&noarch[..], &others[2..]].concat(),
        ),
        ("sources = false\n", [&noarch[..], &others[1..]].concat()),
        ("debuginfo = false\n", [&noarch[..], &others[..4]].concat()),
        ("[filter]\ninclude = [\"al*\", \"beta\"]\n", [&ALPHA[..], &BETA, &others[..1]].concat()),
        ("[filter]\nexclude = [\"*a\"]\n", others[1..].to_vec()),
        ("[filter]\ninclude = [\"native*\"]\nexclude = [\"*-debug*\"]\n", others[1..4].to_vec()),
        // Streams whole, and counted for nothing: 1.0 of alpha is one's, and so are 3.0 and 5.0 of moda.
        (
            "newest = 1\narchitectures = [\"x86_64\"]\nsources = false\ndebuginfo = false\n",
            [&ALPHA[..1], &ALPHA[3..], &BETA[..1], &MOD, &others[3..4]].concat(),
        ),
        (
            "newest = 2\narchitectures = [\"x86_64\"]\nsources = false\ndebuginfo = false\n",
            [&ALPHA[..2], &ALPHA[3..], &BETA, &MOD, &others[3..4]].concat(),
        ),
    ];
    let site = following_rpm(&upstream.url(), "unsigned = true\n");
    site.run(&["sync", "lab"]).expect(0);
    let mut all = [&noarch[..], &others].concat();
    all.sort_unstable();
    assert_eq!(taken(&site), all);
    assert!(!site.ok(&["show", "lab"]).contains("filtered: yes"));
    for (number, (lines, mut expected)) in cases.into_iter().enumerate() {
        follow_rpm(&site, "lab", &upstream.url(), &format!("unsigned = true\n{lines}"));
        // A changed wish is a new state, although upstream is the same.
        site.run(&["sync", "lab"]).expect(0).says("took lab@").says(", filtered");
        assert_eq!(site.dates("lab").len(), number + 2, "{lines}");
        expected.sort_unstable();
        assert_eq!(taken(&site), expected, "{lines}");
        site.run(&["verify", "lab"]).expect(0);
        site.run(&["snapshots", "lab"]).expect(0).says("filtered");
        site.run(&["sync", "lab"]).expect(0).says("nothing changed").says(", filtered");
    }
}

#[test]
fn a_filtered_mirror_keeps_the_metadata_and_a_package_that_it_lacks_is_a_404() {
    let repo = varied();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "unsigned = true\nnewest = 1\n");
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let nginx = site.nginx();
    let get = |path: &str| nginx.get(&format!("/archive.example.org/lab/{path}"));
    assert_eq!(get("repodata/repomd.xml").body, repo.read("repodata/repomd.xml"));
    assert_eq!(get(&repo.path("primary")).body, repo.read(&repo.path("primary")));
    assert_eq!(get("Packages/alpha-2.0~rc1-1.noarch.rpm").status, 200);
    assert_eq!(get("Packages/alpha-1.9-1.noarch.rpm").status, 404);
    // Nothing is left: that is a fault of the wish.
    let line = "unsigned = true\n[filter]\ninclude = [\"nobody\"]\n";
    follow_rpm(&site, "lab", &upstream.url(), line);
    site.run(&["sync", "lab"]).expect(4).says("--allow-empty");
}

#[test]
fn a_wish_that_cannot_be_met_is_refused_with_its_mend() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    let good = std::fs::read_to_string(site.dir().join("mirrors.d/lab.toml")).unwrap();
    for (from, to, says) in [
        ("family", "suites = [\"lab\"]\nfamily", "suites"),
        ("family", "components = [\"main\"]\nfamily", "components"),
        ("family", "signed = \"upstream\"\nfamily", "signed"),
        ("family", "newest = 0\nfamily", "newest"),
        ("family", "package-signatures = \"maybe\"\nfamily", "package-signatures"),
        ("family", "mirrorlist = \"http://x.example.org/\"\nfamily", "mirrorlist"),
        ("upstream", "metalink", "URL"),
        ("family", "architectures = [\"x 86\"]\nfamily", "architectures"),
        ("keyrings", "signers", "keyring"),
        ("family", "[filter]\nsections = [\"main\"]\n[x]\nfamily", "lab.toml"),
    ] {
        let text = good.replacen(from, to, 1);
        if says == "URL" {
            // A list that has no list in it is found out when it is asked for.
            site.mirror("lab", &text);
            site.run(&["sync", "lab"]).expect(3);
            continue;
        }
        site.mirror("lab", &text);
        site.run(&["sync", "lab"]).expect(2).says("lab.toml").says(says);
    }
    site.mirror("lab", "family = \"rpm\"\nmount = \"lab\"\n");
    site.run(&["sync", "lab"]).expect(2).says("no upstream");
}
