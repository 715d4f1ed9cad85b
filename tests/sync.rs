//! Following a real upstream: what is asked for, what is proved, what stops it.

use crate::harness::{Archive, Upstream, count, follow, following, replace, write};
use std::path::Path;
use std::process::Command;

pub(crate) const FIRST: &str = "Mon, 23 Mar 2026 04:00:00 UTC";

fn index(archive: &Archive, name: &str) -> std::path::PathBuf {
    archive.tree.join("dists/lab/main/binary-amd64").join(name)
}

#[test]
fn an_upstream_is_followed_by_the_difference_and_clients_follow_it() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    let dry = site.ok(&["sync", "lab", "--dry-run"]);
    assert!(dry.contains("fetch 2 of them"), "{dry}");
    assert!(site.dates("lab").is_empty(), "a dry run makes no snapshot");
    site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
    assert_eq!(count(&upstream.asked(), ".deb"), 2);
    site.run(&["sync", "lab"]).expect(0).says("nothing changed").says("in 1 requests");
    let asked = upstream.asked();
    assert_eq!(asked, ["GET /dists/lab/InRelease 304"], "one conditional request");
    assert_eq!(site.dates("lab").len(), 1);

    site.ok(&["promote", "lab", "--to", "production"]);
    let nginx = site.nginx();
    let apt = site.client("production");
    apt.get(&["update"]);
    assert_eq!(apt.candidate("alpha").as_deref(), Some("1.0"));
    archive.second_state();
    site.ok(&["sync", "lab"]);
    let asked = upstream.asked();
    assert_eq!(count(&asked, ".deb"), 2, "alpha 2.0 and fresh; steady is in the store: {asked:?}");
    site.ok(&["promote", "lab", "--to", "production"]);
    apt.get(&["update"]);
    apt.get(&["install", "alpha", "fresh"]);
    assert_eq!(apt.installed("alpha").as_deref(), Some("alpha 2.0\n"));
    site.ok(&["rollback", "production"]);
    apt.get(&["update"]);
    apt.get(&["install", "--allow-downgrades", "alpha=1.0"]);

    let dated = site.dates("lab").pop().unwrap();
    let by_hash = site.tree("lab", &dated).join("dists/lab/main/binary-amd64/by-hash/SHA256");
    assert_eq!(std::fs::read_dir(by_hash).unwrap().count(), 1, "Packages.xz is the one index here");
    let root = |name: &str| std::fs::read(site.tree("lab", &dated).join("dists/lab").join(name));
    for name in ["InRelease", "Release", "Release.gpg"] {
        let upstreams = std::fs::read(archive.tree.join("dists/lab").join(name)).unwrap();
        assert_eq!(root(name).unwrap(), upstreams, "{name} is upstream's, byte for byte");
    }
    site.run(&["verify", "lab"]).expect(0);
    site.run(&["show", "lab"]).expect(0).says("Lab Archive").says("2026-03-24 04:00:00");
    drop(nginx);
    site.sound();
}

#[test]
fn a_killed_sync_goes_on_where_it_was() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    for point in [
        "object-written",
        "objects-synced",
        "object-renamed:3",
        "manifest-written",
        "record-written",
    ] {
        assert!(site.killed_at(point, &["sync", "lab"]), "{point}");
    }
    assert_eq!(count(&upstream.asked(), ".deb"), 2, "whole files are not asked for again");
    site.ok(&["sync", "lab"]);
    assert_eq!(site.dates("lab").len(), 1);
    assert!(site.leftovers().is_empty(), "{:?}", site.leftovers());
    site.sound();
}

#[test]
fn files_that_are_not_what_upstream_lists_are_all_named() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    archive.package("beta", "1.0");
    archive.package("gamma", "1.0");
    archive.index("Tue, 24 Mar 2026 04:00:00 UTC");
    let deb = |name: &str| {
        archive.tree.join(format!("pool/main/{}/{name}/{name}_1.0_all.deb", &name[..1]))
    };
    let (beta, gamma) = (std::fs::read(deb("beta")).unwrap(), std::fs::read(deb("gamma")).unwrap());
    std::fs::remove_file(deb("beta")).unwrap();
    std::fs::remove_file(deb("gamma")).unwrap();
    let ran =
        site.run(&["sync", "lab"]).expect(3).says("beta_1.0_all.deb").says("gamma_1.0_all.deb");
    assert!(ran.err.contains("upstream-missing"), "{}", ran.err);
    assert_eq!(site.dates("lab").len(), 1, "the last good snapshot stays alone");
    replace(&deb("beta"), &beta);
    let mut wrong = gamma.clone();
    wrong[100] ^= 1;
    replace(&deb("gamma"), &wrong);
    site.run(&["sync", "lab"]).expect(4).says("upstream-wrong").says("gamma_1.0_all.deb");
    replace(&deb("gamma"), &gamma[..gamma.len() - 7]);
    site.run(&["sync", "lab"]).expect(4).says("gamma_1.0_all.deb");
    replace(&deb("gamma"), &gamma);
    upstream.asked();
    site.ok(&["sync", "lab"]);
    assert_eq!(count(&upstream.asked(), "beta_1.0_all.deb"), 0, "what came before is kept");
    site.sound();
}

#[test]
fn indices_that_contradict_their_release_are_refused() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    let fresh = std::fs::read(index(&archive, "Packages")).unwrap();
    // The plain entry of yesterday beside the right packed one.
    write(index(&archive, "Packages"), [fresh.as_slice(), b"\n"].concat());
    archive.sign(FIRST);
    site.run(&["sync", "lab"]).expect(4).says("Packages.xz").says("unpacks to");
    // A small file that unpacks to a huge one.
    let bomb = crate::harness::tool(
        Command::new("sh").args(["-c", "head -c 200000000 /dev/zero | xz -1 -c"]),
    );
    write(index(&archive, "Packages"), &fresh);
    write(index(&archive, "Packages.xz"), bomb.stdout);
    archive.sign(FIRST);
    site.run(&["sync", "lab"]).expect(4).says("Packages.xz").says("unpacks to more than");
    for (what, line) in [
        ("climbs", "Filename: ../../../etc/passwd"),
        ("absolute", "Filename: /etc/passwd"),
        ("a URL", "Filename: http://example.org/x.deb"),
        ("a size that is none", "Size: 99999999999999999999"),
    ] {
        let field = line.split(':').next().unwrap();
        let text = String::from_utf8(fresh.clone()).unwrap();
        let bad: String = text
            .lines()
            .map(
                |one| if one.starts_with(field) { format!("{line}\n") } else { format!("{one}\n") },
            )
            .collect();
        write(index(&archive, "Packages"), bad);
        std::fs::remove_file(index(&archive, "Packages.xz")).unwrap_or_default();
        archive.sign(FIRST);
        site.run(&["sync", "lab"]).expect(4).says(field);
        assert!(site.dates("lab").is_empty(), "{what}");
    }
    assert!(!Path::new(&site.root).parent().unwrap().join("passwd").exists());
}

#[test]
fn one_name_with_two_contents_is_refused_and_both_are_named() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    let text = std::fs::read_to_string(index(&archive, "Packages")).unwrap();
    let first = text.split("\n\n").next().unwrap().to_owned();
    let sum = first.lines().find_map(|line| line.strip_prefix("SHA256: ")).unwrap().to_owned();
    let other = first.replace(&sum, &"a".repeat(64));
    write(index(&archive, "Packages"), format!("{text}\n{other}\n"));
    std::fs::remove_file(index(&archive, "Packages.xz")).unwrap();
    archive.sign(FIRST);
    site.run(&["sync", "lab"]).expect(4).says("two contents").says(&sum).says(&"a".repeat(64));
    // The same stanza twice is fine.
    write(index(&archive, "Packages"), format!("{text}\n{first}\n"));
    archive.sign(FIRST);
    site.ok(&["sync", "lab"]);
}

#[test]
fn an_upstream_that_moves_meanwhile_ends_in_one_of_its_states() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    // A new InRelease over old indices, as a mirror shows it that copies them last.
    let old = std::fs::read(index(&archive, "Packages.xz")).unwrap();
    let old_plain = std::fs::read(index(&archive, "Packages")).unwrap();
    archive.second_state();
    let new = std::fs::read(index(&archive, "Packages.xz")).unwrap();
    let new_plain = std::fs::read(index(&archive, "Packages")).unwrap();
    replace(&index(&archive, "Packages.xz"), &old);
    replace(&index(&archive, "Packages"), &old_plain);
    follow(&site, "lab", &upstream.url(), "");
    let text = std::fs::read_to_string(site.dir().join("mirrors.d/lab.toml")).unwrap();
    site.mirror("lab", &text.replace("31ms", "20s"));
    std::thread::scope(|scope| {
        let sync = scope.spawn(|| site.run(&["sync", "lab"]));
        while count(&upstream.asked(), "Packages.xz") == 0 {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        replace(&index(&archive, "Packages.xz"), &new);
        replace(&index(&archive, "Packages"), &new_plain);
        sync.join().unwrap().expect(0);
    });
    assert_eq!(site.dates("lab").len(), 2);
    site.run(&["verify", "lab"]).expect(0);
}

#[test]
fn equal_upstreams_are_tried_in_order_each_as_a_whole() {
    let archive = Archive::first();
    let (bad, good) = (
        Upstream::of(&archive.tree, "location /pool/ { return 404; }"),
        Upstream::of(&archive.tree, ""),
    );
    let site = following(&good.url(), "");
    let text = std::fs::read_to_string(site.dir().join("mirrors.d/lab.toml")).unwrap();
    let both =
        format!("upstream = [\"http://127.0.0.1:1\", \"{}\", \"{}\"]", bad.url(), good.url());
    let text = text.replace(&format!("upstream = \"{}\"", good.url()), &both);
    site.mirror("lab", &text);
    site.run(&["sync", "lab"]).expect(1).says("the next upstream is tried");
    site.run(&["show", "lab"]).expect(0).says(&good.url());
    assert!(count(&good.asked(), "InRelease") > 0, "indices and root metadata are of one upstream");
}

#[test]
fn only_the_chosen_packages_are_fetched_and_the_snapshot_says_so() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "[filter]\ninclude = [\"al*\"]\n");
    site.run(&["sync", "lab"]).expect(0).says("filtered");
    let asked = upstream.asked();
    assert_eq!((count(&asked, "alpha_1.0_all.deb"), count(&asked, "steady_1.0_all.deb")), (1, 0));
    site.run(&["snapshots"]).expect(0).says("filtered");
    site.run(&["verify", "lab"]).expect(0);
    // A changed wish is followed although upstream did not change.
    follow(&site, "lab", &upstream.url(), "[filter]\nexclude = [\"nothing\"]\n");
    site.ok(&["sync", "lab"]);
    assert_eq!(count(&upstream.asked(), "steady_1.0_all.deb"), 1);
}

#[test]
fn a_configuration_that_cannot_work_is_refused_with_its_mend() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    let good = std::fs::read_to_string(site.dir().join("mirrors.d/lab.toml")).unwrap();
    for (from, to, says) in [
        ("suites = [\"lab\"]\n", "", "suites"),
        ("architectures = [\"amd64\"]\n", "", "architectures"),
        ("[\"lab\"]", "[\"../lab\"]", "suite"),
        ("31ms", "soon", "duration"),
        ("family", "rate-limit = \"x\"\nfamily", "rate-limit"),
        ("family", "connections = 1000\nfamily", "connections"),
        ("timeout = \"5s\"", "timeout = \"0s\"", "timeout"),
        ("tries = 2", "tries = 0", "tries"),
        ("family", "i18 = true\nfamily", "unknown field"),
        ("http://", "ftp://", "upstream"),
        ("http://", "http://host/a#b=", "upstream"),
        ("keyrings", "signers", "keyring"),
    ] {
        site.mirror("lab", &good.replace(from, to));
        site.run(&["sync", "lab"]).expect(2).says("lab.toml").says(says);
    }
    site.mirror("lab", "family = \"apt\"\nmount = \"lab\"\n");
    site.run(&["sync", "lab"]).expect(2).says("no upstream");
}
