//! No space, no inodes: a plain failure, what is served stays whole, and the next run with room completes.
use crate::harness::{Archive, Mount, Site, noise, write};

/// A site on a small file system with one promoted day.
fn prepared(mount: &Mount) -> (Site, Archive, String) {
    let site = Site::with_root(&mount.path().join("root"));
    site.mirror("lab", "family = \"apt\"\nmount = \"archive.example.org/lab\"\n");
    site.ok(&["init"]);
    let archive = Archive::first();
    let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    (site, archive, first)
}

#[test]
fn a_full_disk_is_a_plain_failure_and_room_heals_it() {
    let mount = Mount::ext4(48, &[]);
    let (site, archive, first) = prepared(&mount);
    archive.second_state();
    for number in 0..30 {
        write(
            archive.tree.join(format!("pool/main/n/noise/noise{number}.bin")),
            noise(number + 7, 1 << 20),
        );
    }
    write(mount.path().join("ballast"), noise(1, 20 << 20));
    let tree = archive.tree.to_str().unwrap();
    let failed = site.run(&["ingest", "lab", tree, "--taken", "2026-03-24T04:00:00Z"]).expect(5);
    let said = failed.said();
    assert!(said.contains("No space left") && !said.contains("no inodes"), "{said}");
    assert_eq!(site.dates("lab"), [first.as_str()], "no snapshot of a half ingest");
    assert_eq!(site.shows("production", "lab"), Some(first.clone()));
    site.ok(&["verify", &format!("lab@{first}"), "--deep"]);
    site.ok(&["channels"]);
    std::fs::remove_file(mount.path().join("ballast")).unwrap();
    let second = site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    assert_eq!(site.shows("production", "lab"), Some(second));
    site.sound();
}

#[test]
fn with_no_byte_free_a_channel_goes_back_and_room_is_made() {
    let mount = Mount::ext4(48, &[]);
    let (site, archive, first) = prepared(&mount);
    archive.second_state();
    let second = site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let ballast = mount.fill();
    for args in
        [&["channels"][..], &["status"], &["snapshots"], &["verify", "lab"], &["fsck", "--deep"]]
    {
        site.ok(args);
    }
    site.ok(&["rollback", "production"]);
    assert_eq!(site.shows("production", "lab"), Some(first));
    site.ok(&["unpin", "lab", "--in", "production"]);
    site.ok(&["retire", &format!("lab@{second}")]);
    site.ok(&["prune", &format!("lab@{second}")]);
    site.ok(&["prune"]);
    site.sound();
    std::fs::remove_dir_all(ballast).unwrap();
    let again = site.ingest(&archive.tree, &["--taken", "2026-03-25T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    assert_eq!(site.shows("production", "lab"), Some(again));
    assert!(site.root.join("incoming/reserve").exists(), "room is set aside again");
    site.sound();
}

#[test]
fn running_out_of_inodes_is_named_as_such() {
    let mount = Mount::ext4(64, &["-N", "3200"]);
    let (site, archive, first) = prepared(&mount);
    archive.second_state();
    for number in 0..4000 {
        write(
            archive.tree.join(format!("pool/main/n/many/many{number}.bin")),
            format!("number {number}\n"),
        );
    }
    let failed = site
        .run(&["ingest", "lab", archive.tree.to_str().unwrap(), "--taken", "2026-03-24T04:00:00Z"])
        .expect(5);
    assert!(failed.said().contains("no inodes left"), "{}", failed.said());
    assert_eq!(site.dates("lab"), [first.as_str()]);
    site.ok(&["verify", "lab", "--deep"]);
    std::fs::remove_dir_all(archive.tree.join("pool/main/n/many")).unwrap();
    let again = site.run(&[
        "ingest",
        "lab",
        archive.tree.to_str().unwrap(),
        "--taken",
        "2026-03-24T04:00:00Z",
    ]);
    assert!(matches!(again.code, Some(0 | 5)), "{}", again.said());
}

#[test]
fn a_tree_that_would_not_fit_is_not_begun() {
    let mount = Mount::ext4(64, &["-N", "4000"]);
    let (site, archive, first) = prepared(&mount);
    for number in 0..500 {
        write(archive.tree.join(format!("pool/main/m/many{number}/file")), "the same in each");
    }
    let second = site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["retire", &format!("lab@{second}")]);
    let mut eaten = 0;
    while rustix::fs::statvfs(mount.path()).unwrap().f_favail > 550 {
        write(mount.path().join(format!("eaten/{eaten}")), "");
        eaten += 1;
    }
    for args in [&["publish", "lab"][..], &["promote", "lab", "--to", "production"]] {
        site.run(args).expect(5).says("has no room").says("3%");
        assert_eq!(site.published("lab"), [first.as_str()]);
        assert_eq!(site.leftovers(), Vec::<String>::new(), "nothing was begun");
    }
    assert_eq!(site.shows("production", "lab"), Some(first));
    std::fs::remove_dir_all(mount.path().join("eaten")).unwrap();
    site.ok(&["promote", "lab", "--to", "production"]);
    assert_eq!(site.shows("production", "lab"), Some(second));
    site.sound();
}
