//! Where metadata say that packages are: odd names, paths that climb, and those that lead elsewhere.

use super::{Cage, encoded, swap};
use crate::harness::{Nginx, Repo, Upstream, count, following_rpm};

const ALPHA: &str = "Packages/alpha-1.0-1.noarch.rpm";

fn one() -> Repo {
    let repo = Repo::new();
    repo.package("Packages", "alpha", "1.0");
    repo.createrepo(&[]);
    repo
}

/// Says that alpha is elsewhere.
fn href(repo: &Repo, to: &str) {
    repo.edit("primary", |plain| swap(&plain, &format!("href=\"{ALPHA}\""), to));
}

#[test]
fn names_come_back_byte_for_byte_through_nginx() {
    // Trap 14.
    let names = [
        "lib%2Bodd-1.0-1.noarch.rpm",
        "plus++-1.0+git-1.noarch.rpm",
        "later-1.0^git1~rc1-1.noarch.rpm",
        "with space-1.0-1.noarch.rpm",
        "what?-1.0-1.noarch.rpm",
        "number#1-1.0-1.noarch.rpm",
        "q&a;(x)=$'!,*@[]{}|`\"<>\\-1.0-1.noarch.rpm",
        "\u{fc}nicode-1.0-1.noarch.rpm",
        "colon:-1:1.0-1.noarch.rpm",
    ];
    let repo = Repo::new();
    for (number, name) in names.iter().enumerate() {
        let path = repo.package("", &format!("name{number}"), "1.0");
        repo.rename(&path, &format!("Packages/a folder+%/{name}"));
    }
    repo.createrepo(&[]);
    assert!(repo.plain("primary").contains("href=\"Packages/a folder+%/lib%2Bodd-"));
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "unsigned = true\n");
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let date = site.dates("lab").pop().unwrap();
    let nginx = site.nginx();
    for name in names {
        let path = format!("Packages/a folder+%/{name}");
        let bytes = repo.read(&path);
        assert!(std::fs::read(site.tree("lab", &date).join(&path)).unwrap() == bytes, "{name}");
        for place in ["archive.example.org/lab", &format!("snapshots/lab/{date}")] {
            let reply = nginx.get(&format!("/{place}/{}", encoded(&path)));
            assert!(
                reply.status == 200 && reply.body == bytes,
                "{place}: {name}: {}",
                reply.status
            );
        }
    }
    // As dnf and zypper write them: `+` alone or as %2b, `^` as %5e, `~` as it is.
    let ask =
        |path: &str| nginx.get(&format!("/archive.example.org/lab/Packages/a%20folder+%25/{path}"));
    for path in [
        "plus++-1.0+git-1.noarch.rpm",
        "plus%2b%2b-1.0%2bgit-1.noarch.rpm",
        "later-1.0%5egit1~rc1-1.noarch.rpm",
        "later-1.0%5Egit1%7Erc1-1.noarch.rpm",
    ] {
        assert_eq!(ask(path).status, 200, "{path}");
    }
    assert_eq!(ask("lib+odd-1.0-1.noarch.rpm").status, 404, "%2B is a name's own");
    site.run(&["verify", "lab", "--deep"]).expect(0);
}

#[test]
fn paths_that_lead_elsewhere_are_refused_by_name() {
    let cage = Cage::new(one());
    for (to, says) in [
        ("href=\"../x.rpm\"", "leaves the tree"),
        ("href=\"Packages/../../x.rpm\"", "leaves the tree"),
        ("href=\"https://mirror.example.org/x.rpm\"", "mirror.example.org"),
        ("href=\"/abs/x.rpm\"", "absolute"),
        ("href=\"\"", "empty"),
        ("href=\"Packages/\"", "names no file"),
        ("href=\"Packages/..\"", "names no file"),
        // Trap 13.
        ("xml:base=\"https://mirror.example.org/pub\" href=\"x.rpm\"", "mirror.example.org"),
        ("xml:base=\"ftp://u:p@mirror.example.org/\" href=\"x.rpm\"", "host 'mirror.example.org'"),
        ("xml:base=\"elsewhere/pub\" href=\"x.rpm\"", "host 'elsewhere'"),
        // Trap 15.
        ("href=\"Packages/new&#10;line.rpm\"", "control byte"),
        ("href=\"Packages/carriage&#13;return.rpm\"", "control byte"),
        ("href=\"Packages/tab&#9;ulator.rpm\"", "control byte"),
        ("href=\"Packages/nul&#0;.rpm\"", "line "),
    ] {
        cage.refuses(to, 4, &["primary.xml", says], |repo| href(repo, to));
    }
    cage.takes("with dots that lead nowhere", &[], |repo| {
        href(repo, &format!("href=\"./x/..//{ALPHA}\""));
    });
    assert_eq!(cage.read(ALPHA), cage.repo.read(ALPHA));
    // A path through what is a file; the store has both already.
    cage.refuses("below a file", 4, &["lies below it"], |repo| {
        let below = format!("{ALPHA}/x.rpm");
        repo.edit("primary", |plain| {
            let (begin, end) =
                (plain.find("<package ").unwrap(), plain.find("</metadata>").unwrap());
            let other = plain[begin..end].replace(ALPHA, &below);
            plain[..end].to_owned() + &other + &plain[end..]
        });
    });
}

/// A tree as Amazon Linux has it: the repository deep below, its packages beside the top of it.
fn amazon() -> Repo {
    let repo = Repo::below("2023/core/guids/current/x86_64");
    let path = repo.package("", "alpha", "1.0");
    repo.package("", "steady", "1.0");
    repo.createrepo(&[]);
    repo.rename(&path, &format!("../../../../../{BLOB}"));
    repo.edit("primary", |plain| {
        swap(&plain, "href=\"alpha-", &format!("href=\"{CLIMB}{BLOB_FOLDER}/alpha-"))
    });
    repo
}

const CLIMB: &str = "../../../../../";
const BLOB_FOLDER: &str = "blobstore/0a1b2c3d";
const BLOB: &str = "blobstore/0a1b2c3d/alpha-1.0-1.noarch.rpm";
const DEEP: &str = "2023/core/guids/current/x86_64";

#[test]
fn packages_above_the_repository_are_taken_where_the_mirror_says_how_deep_it_lies() {
    // Trap 12.
    let cage = Cage::with(amazon(), &format!("unsigned = true\nrepository = \"{DEEP}\"\n"));
    cage.takes("at the root of the tree", &[], |_| ());
    let site = &cage.site;
    let bytes = cage.repo.read(&format!("{CLIMB}{BLOB}"));
    assert_eq!(cage.read(BLOB), bytes);
    site.ok(&["promote", "lab", "--to", "production"]);
    let date = site.dates("lab").pop().unwrap();
    let nginx = site.nginx();
    serves_both(&nginx, &cage.repo, &["archive.example.org/lab", &format!("snapshots/lab/{date}")]);
    // The next day moves the channel, and the repository is one folder deeper than it has to be.
    cage.takes("the next day", &[], |repo| {
        repo.package("", "fresh", "1.0");
        let climbing = repo.plain("primary");
        repo.createrepo(&[]);
        let begin = climbing.find("<package ").unwrap();
        let old = &climbing[begin..climbing.find("</metadata>").unwrap()];
        repo.edit("primary", |plain| {
            let at = plain.find("<package ").unwrap();
            let only = plain[at..].split("</package>").find(|one| one.contains("fresh")).unwrap();
            let more = format!("{only}</package>\n</metadata>\n");
            swap(&plain[..at], "packages=\"2\"", "packages=\"3\"") + old + more.trim_start()
        });
    });
    site.ok(&["promote", "lab", "--to", "production"]);
    serves_both(&nginx, &cage.repo, &["archive.example.org/lab"]);
    site.run(&["verify", "lab", "--deep"]).expect(0);
}

/// The repository and what lies above it are where clients look for them.
fn serves_both(nginx: &Nginx, repo: &Repo, places: &[&str]) {
    for place in places {
        for path in ["repodata/repomd.xml", &repo.path("primary"), &format!("{CLIMB}{BLOB}")] {
            // Clients take the dots out before they ask.
            let below =
                path.strip_prefix(CLIMB).map_or_else(|| format!("{DEEP}/{path}"), str::to_owned);
            let reply = nginx.get(&format!("/{place}/{below}"));
            assert!(reply.status == 200 && reply.body == repo.read(path), "{place}: {below}");
        }
    }
}

#[test]
fn packages_above_the_tree_are_refused_and_the_depth_is_said() {
    let repo = amazon();
    let upstream = Upstream::of(&repo.tree, "");
    for (repository, levels) in [("", "0 folder(s)"), ("core/x86_64", "2 folder(s)")] {
        let line = format!("unsigned = true\nrepository = \"{repository}\"\n");
        let site = following_rpm(&repo.url(&upstream), &line);
        site.run(&["sync", "lab"]).expect(4).says("leaves the tree").says(levels).says("alpha");
        assert_eq!(count(&upstream.asked(), ".rpm"), 0);
    }
    // A name of its own for the release's folder, at the same depth.
    let line = format!("unsigned = true\nrepository = \"{}\"\n", DEEP.replace("current", "now"));
    let site = following_rpm(&repo.url(&upstream), &line);
    site.ok(&["sync", "lab"]);
    let date = site.dates("lab").pop().unwrap();
    assert!(
        site.tree("lab", &date).join("2023/core/guids/now/x86_64/repodata/repomd.xml").exists()
    );
    assert!(site.tree("lab", &date).join(BLOB).exists());
    let line = "unsigned = true\nrepository = \"../x\"\n";
    crate::harness::follow_rpm(&site, "lab", &repo.url(&upstream), line);
    site.run(&["sync", "lab"]).expect(2).says("repository");
}
