//! No space, no inodes: a plain failure, what is served stays whole, and the next run with room completes.
use crate::harness::{Archive, Mount, Site, write};

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

/// Noise that does not compress and is in no other file.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed | 1;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
    .take(bytes)
    .collect()
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
fn with_no_byte_free_a_channel_is_whole_and_a_retire_makes_room() {
    let mount = Mount::ext4(48, &[]);
    let (site, archive, first) = prepared(&mount);
    archive.second_state();
    let second = site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let ballast = std::fs::write(mount.path().join("ballast"), noise(3, 60 << 20));
    assert!(ballast.is_err(), "the file system is full");
    let back = site.run(&["rollback", "production"]);
    assert!(matches!(back.code, Some(0 | 5)), "{}", back.said());
    let shown = site.shows("production", "lab");
    assert!(shown == Some(first) || (back.code == Some(5) && shown == Some(second)), "{shown:?}");
    site.ok(&["channels"]);
    site.ok(&["snapshots"]);
    std::fs::remove_file(mount.path().join("ballast")).unwrap();
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
