//! Upstreams that move while they are followed, that go back, and that two follow at once.

use crate::harness::{
    Archive, Odd, Site, Switching, Upstream, count, follow, following, head, hex, replace,
    temp_dir, tool, walk,
};
use std::path::Path;
use std::process::Command;

/// A copy of a tree.
fn copy(tree: &Path) -> tempfile::TempDir {
    let dir = temp_dir();
    tool(Command::new("cp").arg("-a").arg(tree).arg(dir.path().join("tree")));
    dir
}

/// The files of a dated tree that upstream named, with their bytes.
fn state(tree: &Path) -> Vec<(String, Vec<u8>)> {
    walk(tree)
        .into_iter()
        .filter(|path| path.is_file())
        .map(|path| {
            (path.strip_prefix(tree).unwrap().display().to_string(), std::fs::read(path).unwrap())
        })
        .filter(|(path, _)| !path.contains("/by-hash/"))
        .collect()
}

/// Follows an upstream that switches after each of these numbers of requests, and counts how often each of its states came of it.
fn switch(first: &Path, second: &Path, after: impl Iterator<Item = usize>) -> [usize; 2] {
    let trees = [first.join("tree"), second.join("tree")];
    for tree in &trees {
        // A snapshot has no plain list beside a packed one.
        std::fs::remove_file(tree.join("dists/lab/main/binary-amd64/Packages")).unwrap();
    }
    let states = [state(&trees[0]), state(&trees[1])];
    let mut seen = [0, 0];
    for after in after {
        let upstream = Switching::serve([&trees[0], &trees[1]], after);
        let site = following(&upstream.url(), "connections = 3\n");
        let ran = site.run(&["sync", "lab"]);
        assert_eq!(ran.code, Some(0), "after {after}: {}", ran.said());
        let date = site.dates("lab").pop().unwrap();
        let found = state(&site.tree("lab", &date));
        let which = states.iter().position(|state| *state == found);
        let which = which.unwrap_or_else(|| panic!("after {after}: a mix\n{}", ran.said()));
        seen[which] += 1;
        assert!(upstream.asked() < 80, "after {after}: {} requests", upstream.asked());
    }
    seen
}

#[test]
fn an_upstream_that_switches_meanwhile_gives_one_state_and_never_a_mix() {
    let archive = Archive::first();
    for number in 0..20 {
        archive.package(&format!("old{number}"), "1.0");
    }
    archive.index("Mon, 23 Mar 2026 04:00:00 UTC");
    let first = copy(&archive.tree);
    std::fs::remove_dir_all(archive.tree.join("pool")).unwrap();
    archive.package("alpha", "2.0");
    archive.package("steady", "1.0");
    for number in 0..20 {
        archive.package(&format!("new{number}"), "1.0");
    }
    archive.index("Tue, 24 Mar 2026 04:00:00 UTC");
    let second = copy(&archive.tree);
    let step = if crate::harness::long() { 1 } else { 3 };
    let seen = switch(first.path(), second.path(), (1..=30).step_by(step));
    assert!(seen[1] > 0, "{seen:?}");
}

#[test]
fn an_upstream_that_is_signed_anew_meanwhile_gives_one_of_its_signatures() {
    let archive = Archive::first();
    let first = copy(&archive.tree);
    archive.index("Tue, 24 Mar 2026 04:00:00 UTC");
    let second = copy(&archive.tree);
    let seen = switch(first.path(), second.path(), 1..=5);
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[test]
fn an_upstream_that_hides_its_inrelease_cannot_go_back_by_the_pair() {
    let archive = Archive::first();
    let suite = archive.tree.join("dists/lab");
    let old = ["Release", "Release.gpg"].map(|name| std::fs::read(suite.join(name)).unwrap());
    archive.second_state();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    std::fs::remove_file(suite.join("InRelease")).unwrap();
    replace(&suite.join("Release"), &old[0]);
    replace(&suite.join("Release.gpg"), &old[1]);
    site.run(&["sync", "lab"]).expect(4).says("--allow-older").says("2026-03-24");
    // A newer pair alone is followed, and the tree has no InRelease then.
    archive.next_state("3.0", "Wed, 25 Mar 2026 04:00:00 UTC");
    std::fs::remove_file(suite.join("InRelease")).unwrap();
    site.ok(&["sync", "lab"]);
    let date = site.dates("lab").pop().unwrap();
    let dated = site.tree("lab", &date).join("dists/lab");
    assert!(dated.join("Release.gpg").exists() && !dated.join("InRelease").exists());
    // And back by an old InRelease is no way either.
    archive.index("Mon, 23 Mar 2026 04:00:00 UTC");
    site.run(&["sync", "lab"]).expect(4).says("--allow-older").says("2026-03-25");
}

/// A suite with an index of patches, of which the second is not there.
fn with_patches(odd: &Odd, day: u32, there: &[&str], listed: &[&str]) {
    let folder = "dists/lab/main/binary-amd64";
    odd.file(&format!("{folder}/Packages"), odd.real("pool/odd.deb"));
    odd.pack(&format!("{folder}/Packages"), &["xz"]);
    let patch = |name: &str| format!("patch {name}\n");
    let lines: String = listed
        .iter()
        .map(|name| {
            format!(" {} {} {name}.gz\n", hex("SHA256", patch(name).as_bytes()), patch(name).len())
        })
        .collect();
    odd.file(
        &format!("{folder}/Packages.diff/Index"),
        format!("SHA256-Current: 0 0\nSHA256-Download:\n{lines}"),
    );
    for name in there {
        odd.file(&format!("{folder}/Packages.diff/{name}.gz"), patch(name));
    }
    let names = [
        "main/binary-amd64/Packages",
        "main/binary-amd64/Packages.xz",
        "main/binary-amd64/Packages.diff/Index",
    ];
    odd.sign("dists/lab", &(head("lab", day) + &odd.list("SHA256", "dists/lab", &names)));
}

#[test]
fn patches_of_indices_may_be_missing_wrong_or_gone() {
    let odd = Odd::new();
    with_patches(&odd, 23, &["T-1-F-0", "T-2-F-0"], &["T-1-F-0", "T-2-F-0", "T-3-F-0"]);
    odd.file("dists/lab/main/binary-amd64/Packages.diff/T-2-F-0.gz", "something else\n");
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    let folder = |site: &Site| {
        let date = site.dates("lab").pop().unwrap();
        site.tree("lab", &date).join("dists/lab/main/binary-amd64/Packages.diff")
    };
    for (name, is_there) in
        [("Index", true), ("T-1-F-0.gz", true), ("T-2-F-0.gz", false), ("T-3-F-0.gz", false)]
    {
        assert_eq!(folder(&site).join(name).exists(), is_there, "{name}");
    }
    site.run(&["verify", "lab"]).expect(0);
    // Neither the index of patches is needed, nor is a wrong one a reason to stop.
    with_patches(&odd, 24, &["T-4-F-3"], &["T-4-F-3"]);
    let index = "dists/lab/main/binary-amd64/Packages.diff/Index";
    odd.file(index, "SHA256-Download:\n not what is listed\n");
    site.ok(&["sync", "lab"]);
    assert!(!folder(&site).exists());
    with_patches(&odd, 25, &["T-4-F-3"], &["T-4-F-3"]);
    odd.remove(index);
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let nginx = site.nginx();
    let release = nginx.get("/archive.example.org/lab/dists/lab/Release");
    assert!(!String::from_utf8(release.body).unwrap().contains(".diff/"), "channels show none");
    let apt = site.client("production");
    apt.get(&["update"]);
    apt.get(&["install", "odd"]);
}

#[test]
fn patches_that_rotate_away_meanwhile_end_in_the_newer_state() {
    let (old, new) = (Odd::new(), Odd::new());
    with_patches(&old, 23, &["T-1-F-0"], &["T-1-F-0"]);
    with_patches(&new, 24, &["T-2-F-1"], &["T-2-F-1"]);
    // InRelease, Release, Packages.xz and the index of patches are of the first state; then it is gone.
    for after in [3, 4, 5] {
        let upstream = Switching::serve([&old.tree, &new.tree], after);
        let site = following(&upstream.url(), "connections = 1\n");
        site.ok(&["sync", "lab"]);
        let date = site.dates("lab").pop().unwrap();
        let folder = site.tree("lab", &date).join("dists/lab/main/binary-amd64/Packages.diff");
        assert!(folder.join("T-2-F-1.gz").exists(), "after {after}");
    }
}

#[test]
fn two_mirrors_of_one_archive_share_what_they_have_and_may_sync_at_once() {
    let odd = Odd::new();
    let mut packages = odd.real("pool/odd.deb");
    for number in 0..4 {
        let (path, bytes) = (format!("pool/big{number}.deb"), vec![number; 60_000]);
        odd.file(&path, &bytes);
        packages += &crate::harness::stanza(&format!("big{number}"), &path, &bytes);
    }
    odd.suite("lab", 23, &packages);
    let upstream =
        Upstream::of(&odd.tree, "location /pool/ { limit_rate 40k; limit_rate_after 1k; }");
    let site = following(&upstream.url(), "");
    let other = Upstream::of(&odd.tree, "location /pool/ { limit_rate 40k; limit_rate_after 1k; }");
    follow(&site, "twin", &other.url(), "");
    let before = Archive::first();
    let first = Upstream::of(&before.tree, "");
    follow(&site, "old", &first.url(), "");
    site.ok(&["sync", "old"]);
    site.ok(&["sync", "old", "--even-if-unchanged"]);
    let dates = site.dates("old");
    std::thread::scope(|scope| {
        let one = scope.spawn(|| site.run(&["sync", "lab"]));
        let two = scope.spawn(|| site.run(&["sync", "twin"]));
        while count(&upstream.asked(), "InRelease") == 0 {}
        site.run(&["sync", "lab"]).expect(75).says("sync");
        // What nothing names yet may be what is coming; what a snapshot named is not.
        site.run(&["prune"]).expect(75).says("sync");
        site.run(&["prune", &format!("old@{}", dates[0]), "--wait", "20"]).expect(0);
        one.join().unwrap().expect(0);
        two.join().unwrap().expect(0);
    });
    follow(&site, "third", &upstream.url(), "");
    upstream.asked();
    site.ok(&["sync", "third"]);
    let asked = upstream.asked();
    assert_eq!(
        count(&asked, ".deb") + count(&asked, ".xz"),
        0,
        "nothing is fetched twice: {asked:?}"
    );
    site.sound();
}

#[test]
fn an_object_that_the_disk_lost_is_fetched_again() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    // Every object goes: root metadata, index and packages.
    for path in walk(&site.root.join("objects")).into_iter().filter(|path| path.is_file()) {
        std::fs::remove_file(path).unwrap();
    }
    archive.index("Tue, 24 Mar 2026 04:00:00 UTC");
    site.ok(&["sync", "lab", "--no-publish"]);
    site.run(&["verify", "lab", "--deep"]).expect(0);
}

#[test]
fn dates_are_judged_and_equal_ones_are_legal() {
    let odd = Odd::new();
    odd.suite("lab", 23, &odd.real("pool/odd.deb"));
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    odd.suite("lab", 23, &(odd.real("pool/odd.deb") + &odd.package("more", "pool/more.deb")));
    site.ok(&["sync", "lab"]);
    assert_eq!(site.dates("lab").len(), 2, "the same Date with other bytes");
    let list = odd.list("SHA256", "dists/lab", &["main/binary-amd64/Packages"]);
    for (date, says) in [
        ("Date: Sun, 22 Mar 2026 04:00:00 UTC", "older"),
        ("Date: Mon, 23 Mar 2099 04:00:00 UTC", "ahead of the clock"),
        ("X-Date: none", "it has no Date"),
        ("Date: 2026-03-24", "cannot be read"),
    ] {
        let text = head("lab", 23).replace("Date: Mon, 23 Mar 2026 04:00:00 UTC", date);
        odd.sign("dists/lab", &(text + &list));
        site.run(&["sync", "lab"]).expect(4).says("InRelease is not authentic").says(says);
    }
    assert_eq!(site.dates("lab").len(), 2);
}

#[test]
fn a_package_that_is_replaced_under_its_name_is_told() {
    let odd = Odd::new();
    odd.suite("lab", 23, &odd.package("same", "pool/same.deb"));
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "");
    let ran = site.run(&["sync", "lab"]).expect(0);
    assert!(!ran.err.contains("other bytes"), "{}", ran.err);
    odd.file("pool/same.deb", "other bytes\n");
    odd.suite("lab", 24, &crate::harness::stanza("same", "pool/same.deb", b"other bytes\n"));
    site.run(&["sync", "lab"]).expect(0).says("1 files have other bytes under their names");
    let dates = site.dates("lab");
    for (date, bytes) in dates.iter().zip([&b"the bytes of same\n"[..], b"other bytes\n"]) {
        assert_eq!(std::fs::read(site.tree("lab", date).join("pool/same.deb")).unwrap(), bytes);
    }
    site.run(&["diff", &format!("lab@{}", dates[0]), "--files"]).expect(1).says("replaced");
}
