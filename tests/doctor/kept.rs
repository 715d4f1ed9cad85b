//! The disk, the root, the keys, and what crashes left.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use super::Ward;
use crate::harness::{Archive, Mount, Site, noise, temp_dir, write};

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn a_disk_that_fills_is_told_with_what_could_be_left_out() {
    let memory = Mount::memory();
    let site = Site::with_root(&memory.path().join("root"));
    site.mirror("lab", "family = \"apt\"\nmount = \"archive.example.org/lab\"\n");
    site.ok(&["init"]);
    let mut ward = Ward::of(site);
    let archive = Archive::first();
    for (day, version) in [(20, "1.1"), (21, "1.2"), (22, "1.3")] {
        archive.next_state(version, &format!("Mon, 23 Mar 2026 04:00:{day} UTC"));
        let extra = archive.tree.join(format!("extra-{day}"));
        write(&extra, noise(day, 12_000_000));
        ward.site.ingest(&archive.tree, &["--taken", &format!("2026-03-{day}T04:00:00Z")]);
    }
    for channel in ["staging", "production"] {
        ward.site.ok(&["promote", "lab", "--to", channel]);
    }
    ward.site.ok(&["fsck", "--deep"]);
    ward.now = Some("2026-03-22T05:00:00Z".to_owned());
    ward.says("disk-filling", "lab lab/main/all");
    let config = std::fs::read_to_string(ward.site.config()).unwrap();
    write(ward.site.config(), format!("min-free = 50\n{config}"));
    write(memory.path().join("other"), noise(7, 130_000_000));
    ward.says("disk-full", "nothing says how long to keep lab (3 snapshots)");
}

#[test]
fn a_root_in_the_wrong_place_or_of_two_owners_is_told() {
    let ward = Ward::well();
    let root = ward.site.root.clone();
    let shown = root.parent().unwrap().display().to_string();
    let first = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
    let mounts = |line: &str| ward.host("proc/self/mountinfo", &format!("{first}{line}"));
    mounts(&format!("23 22 0:9 / {shown} rw shared:1 - nfs4 server:/export rw\n"));
    ward.says("filesystem-remote", "of type nfs4");
    mounts(&format!("23 22 0:9 / {shown} rw - tmpfs tmpfs rw\n"));
    ward.says("filesystem-volatile", "of type tmpfs");
    mounts(&format!("23 22 8:2 / {}/www rw - ext4 /dev/sdb1 rw\n", root.display()));
    ward.says("filesystem-split", "/www is mounted inside of the root");
    mounts("");
    ward.host("etc/fstab", &format!("# disks\nUUID=1 / ext4 rw 0 1\nUUID=2 {shown} ext4 rw 0 2\n"));
    ward.says("filesystem-unmounted", &format!("has a file system for {shown}"));
    mounts(&format!("23 22 8:2 / {shown} rw - ext4 /dev/sdb1 rw\n"));
    ward.has(&[]);
    mounts("");
    ward.host("etc/fstab", "UUID=1 / ext4 rw 0 1\n");
    let www = root.join("www");
    mode(&www, 0o750);
    ward.says("site-closed", &format!("chmod o+x {}", www.display()));
    mode(&www, 0o755);
    chown(root.join("snapshots"), Some(4321), None).unwrap();
    ward.says("root-owners", "chown -R");
    chown(root.join("snapshots"), Some(0), None).unwrap();
    ward.has(&[]);
    std::fs::rename(root.join("FORMAT"), root.join("away")).unwrap();
    let found = ward.findings();
    assert!(found.iter().any(|one| one["code"] == "root-unusable"), "{found:#?}");
}

#[test]
fn keys_damage_and_leftovers_are_told() {
    let ward = Ward::well();
    let root = ward.site.root.clone();
    let key = root.join("keys/signing.asc");
    mode(&key, 0o644);
    ward.says("key-open", "keys/signing.asc");
    mode(&key, 0o600);
    std::fs::rename(&key, root.join("away")).unwrap();
    ward.says("key-missing", "bring it back from a backup");
    std::fs::rename(root.join("away"), &key).unwrap();

    write(root.join("quarantine/0123"), "x");
    ward.says("set-aside", "1 damaged file");
    std::fs::remove_dir_all(root.join("quarantine")).unwrap();

    write(root.join("incoming/4194305.7"), "x");
    ward.says("leftovers", "4194305.7");
    let dir = temp_dir();
    write(dir.path().join("one"), "one");
    ward.site.ingest(&Archive::first().tree, &["--even-if-unchanged"]);
    ward.says("run-killed", "a run removed what another had left: 1 temporary file(s): 4194305.7");
    std::fs::remove_file(root.join("running/.removed")).unwrap();
    write(root.join("running/lab"), "");
    ward.says("run-killed", "its last sync or ingest was killed");
    std::fs::remove_file(root.join("running/lab")).unwrap();

    let dates = ward.site.dates("lab");
    let record = root.join("snapshots/lab").join(dates.last().unwrap());
    let text = std::fs::read(&record).unwrap();
    std::fs::remove_file(&record).unwrap();
    write(&record, "no record");
    let found = ward.findings();
    assert!(found.iter().any(|one| one["code"] == "record-unreadable"), "{found:#?}");
    write(&record, text);
    let link = root.join("www/channels/production");
    std::fs::remove_file(&link).unwrap();
    ward.says("channel-unreadable", "pinfold init");
}

#[test]
fn what_was_not_read_for_long_is_told() {
    let ward = Ward::of(Site::new_fleeting());
    ward.site.ingest(&Archive::first().tree, &[]);
    ward.site.ok(&["promote", "lab", "--to", "staging"]);
    ward.site.ok(&["promote", "lab", "--to", "production"]);
    ward.says("deep-read-old", "never read as a whole");
}
