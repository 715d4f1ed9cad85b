//! A repository as `createrepo_c` makes it, followed day by day, interrupted, and proved again from its record.

use super::swap;
use crate::harness::{Repo, Rpm, Upstream, UpstreamKey, count, follow_rpm, following_rpm, walk};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// When what is below a folder was written last, but for locks, the index and what is known of the last try, which looking at the store touches.
fn times(root: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let is_kept = |path: &PathBuf| {
        let name = path.to_string_lossy();
        let is_noted =
            ["index.sqlite", "/locks/", "/schedule/"].iter().any(|one| name.contains(one));
        path.is_file() && !is_noted
    };
    let time = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap();
    walk(root).into_iter().filter(is_kept).map(|path| (path.clone(), time(&path))).collect()
}

#[test]
fn a_repository_is_followed_by_the_difference() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    let dry = site.ok(&["sync", "lab", "--dry-run"]);
    assert!(dry.contains("would take 7 files") && dry.contains("fetch 2 of them"), "{dry}");
    assert!(site.dates("lab").is_empty(), "a dry run makes no snapshot");
    assert_eq!(count(&upstream.asked(), ".rpm"), 0);
    site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
    assert_eq!(count(&upstream.asked(), ".rpm"), 2);
    let before = times(&site.root);
    site.run(&["sync", "lab"]).expect(0).says("nothing changed").says("in 1 requests");
    assert_eq!(upstream.asked(), ["GET /repodata/repomd.xml 200"], "whole, and no condition");
    let after = times(&site.root);
    let changed: Vec<_> =
        after.iter().filter(|(path, time)| before.get(*path) != Some(time)).collect();
    assert!(changed.is_empty(), "{changed:?}");
    let dry = site.ok(&["sync", "lab", "--dry-run"]);
    assert!(dry.contains("nothing changed"), "{dry}");
    repo.second_state();
    upstream.asked();
    let dry = site.ok(&["sync", "lab", "--dry-run"]);
    assert!(dry.contains("fetch 2 of them"), "{dry}");
    site.ok(&["sync", "lab"]);
    let asked = upstream.asked();
    assert_eq!(count(&asked, ".rpm"), 2, "alpha 2.0 and fresh; steady is in the store: {asked:?}");
    let dates = site.dates("lab");
    assert_eq!(dates.len(), 2);
    let diff = site.run(&["diff", &format!("lab@{}", dates[0])]).expect(1).out;
    for text in ["alpha", "1.0-1", "2.0-1", "fresh"] {
        assert!(diff.contains(text), "{text} is not in\n{diff}");
    }
    site.run(&["verify", "lab", "--deep"]).expect(0);
    site.sound();
}

#[test]
fn signed_anew_without_a_change_is_a_state_of_its_own_and_a_lost_signature_is_refused() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    // repomd.xml says whether there is news, as it does to clients.
    repo.sign_with(UpstreamKey::shared(), &["--comment", "again"]);
    site.run(&["sync", "lab"]).expect(0).says("nothing changed");
    site.ok(&["sync", "lab", "--even-if-unchanged"]);
    assert_eq!(site.dates("lab").len(), 2);
    // With another key asked for, what is there has to be proved again.
    follow_rpm(&site, "lab", &upstream.url(), "unsigned = true\n");
    site.run(&["sync", "lab"]).expect(0).says("trust = \"none\"");
    repo.remove("repodata/repomd.xml.asc");
    follow_rpm(&site, "lab", &upstream.url(), "");
    site.run(&["sync", "lab"]).expect(4).says("repomd.xml.asc is not there");
}

#[test]
fn a_killed_sync_goes_on_where_it_was() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    for point in [
        "object-written",
        "objects-synced",
        "object-renamed:3",
        "manifest-written",
        "record-written",
    ] {
        assert!(site.killed_at(point, &["sync", "lab"]), "{point}");
    }
    assert_eq!(count(&upstream.asked(), ".rpm"), 2, "whole files are not asked for again");
    site.ok(&["sync", "lab"]);
    assert_eq!(site.dates("lab").len(), 1);
    assert!(site.leftovers().is_empty(), "{:?}", site.leftovers());
    site.sound();
}

#[test]
fn what_came_is_kept_when_something_is_missing() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    let beta = repo.package("Packages", "beta", "1.0");
    let gamma = repo.package("Packages", "gamma", "1.0");
    repo.package("Packages", "delta", "1.0");
    repo.createrepo(&[]);
    repo.sign(UpstreamKey::shared());
    let bytes = [&beta, &gamma].map(|path| repo.read(path));
    repo.remove(&beta);
    repo.remove(&gamma);
    let ran = site.run(&["sync", "lab"]).expect(3).says(&beta).says(&gamma);
    assert!(ran.err.contains("upstream-missing"), "{}", ran.err);
    assert_eq!(site.dates("lab").len(), 1, "the last good snapshot stays alone");
    repo.file(&beta, &bytes[0]);
    repo.file(&gamma, [&bytes[1][..], b"x"].concat());
    site.run(&["sync", "lab"]).expect(4).says("upstream-wrong").says(&gamma);
    repo.file(&gamma, &bytes[1]);
    upstream.asked();
    site.ok(&["sync", "lab"]);
    let asked = upstream.asked();
    assert_eq!(
        (count(&asked, "delta-1.0-1.noarch.rpm"), count(&asked, &beta)),
        (0, 0),
        "{asked:?}"
    );
    site.sound();
}

#[test]
fn a_record_proves_its_snapshot_again_and_damage_is_found() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab", "--no-publish"]);
    drop(upstream);
    // From the record alone: neither the upstream nor its key is there any more.
    std::fs::remove_file(site.dir().join("upstream.asc")).unwrap();
    let date = site.dates("lab").pop().unwrap();
    site.run(&["verify", "lab"]).expect(0);
    let record = site.root.join("snapshots/lab").join(&date);
    let text = std::fs::read_to_string(&record).unwrap();
    assert!(text.contains("family = \"rpm\"") && text.contains("repodata/repomd.xml"), "{text}");
    let object = |path: &str| {
        let bytes = repo.read(path);
        let is_it = |file: &PathBuf| file.is_file() && std::fs::read(file).unwrap() == bytes;
        walk(&site.root.join("objects")).into_iter().find(is_it).unwrap()
    };
    let alpha = "Packages/alpha-1.0-1.noarch.rpm";
    for path in [alpha, &repo.path("filelists"), &repo.path("primary"), "repodata/repomd.xml"] {
        let file = object(path);
        let aside = site.root.join("aside");
        std::fs::rename(&file, &aside).unwrap();
        site.run(&["verify", "lab"]).expect(4).says("missing").says(path);
        let mut other = repo.read(path);
        other[40] ^= 1;
        std::fs::write(&file, &other).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
        site.run(&["verify", "lab", "--deep"]).expect(4).says(path);
        std::fs::rename(&aside, &file).unwrap();
    }
    // Somebody writes another wish into the record.
    let asked = swap(&text, "repositories = [\"\"]", "repositories = [\"elsewhere\"]");
    std::fs::write(&record, asked).unwrap();
    site.run(&["verify", "lab"]).expect(4);
}

#[test]
fn what_every_tool_makes_is_followed_whatever_the_options() {
    let options: [&[&str]; 6] = [
        &["--database"],
        &["--general-compress-type", "xz"],
        &["--general-compress-type", "bz2"],
        &["--checksum", "sha512"],
        &["--retain-old-md", "3", "--revision", "any text at all"],
        &["--zck"],
    ];
    let repo = Repo::new();
    repo.package("Packages", "alpha", "1.0");
    repo.add(
        "Packages",
        &Rpm::new("native", "1.0").architecture("x86_64").with("Requires: alpha\n"),
    );
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    for (count, more) in options.iter().enumerate() {
        repo.createrepo(more);
        repo.sign(UpstreamKey::shared());
        let ran = site.run(&["sync", "lab"]);
        assert_eq!(ran.code, Some(0), "{more:?}: {}", ran.said());
        site.run(&["verify", "lab"]).expect(0);
        assert_eq!(site.dates("lab").len(), count + 1, "{more:?}");
    }
    // Fedora lists each kind of metadata a second time, in chunks.
    let date = site.dates("lab").pop().unwrap();
    let chunked = site.tree("lab", &date).join(repo.path("primary_zck"));
    assert!(std::fs::read(chunked).unwrap().starts_with(b"\0ZCK1"));
    let plain = repo.plain("primary");
    repo.set("primary_zck", plain.as_bytes(), plain.as_bytes());
    repo.sign(UpstreamKey::shared());
    site.run(&["sync", "lab"]).expect(4).says("its name says zchunk, and it is not packed");
}
