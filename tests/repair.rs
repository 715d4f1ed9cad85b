//! `fsck --repair`: damaged files are healed under every name that they have, from whoever has their bytes; what nobody has is set
//! aside and never served.
mod kept;

use crate::harness::{Archive, Hostile, Mount, Site, Upstream, following, walk};
use std::io::BufRead;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

const STEADY: &str = "pool/main/s/steady/steady_1.0_all.deb";

/// Two days of an archive, the second in production; both have the same package.
struct World {
    site: Site,
    archive: Archive,
    dates: [String; 2],
}

impl World {
    fn new() -> Self {
        let (site, archive) = (Site::new_fleeting(), Archive::first());
        let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
        archive.second_state();
        let second = site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
        site.ok(&["promote", "lab", "--to", "production"]);
        Self { site, archive, dates: [first, second] }
    }

    /// Every name of the package: in both trees and in the union.
    fn names(&self) -> Vec<PathBuf> {
        let trees = self.dates.iter().map(|date| self.site.tree("lab", date));
        let mut names: Vec<PathBuf> = trees.map(|tree| tree.join(STEADY)).collect();
        names.push(self.site.root.join("www/union/lab").join(STEADY));
        names
    }

    fn original(&self) -> Vec<u8> {
        std::fs::read(self.archive.tree.join(STEADY)).unwrap()
    }

    fn object(&self) -> PathBuf {
        object(&self.site, &self.original())
    }

    /// Every name shows the right bytes, with the mode and the time that they had.
    fn shows_right(&self, mtime: i64) {
        let (bytes, inode) = (self.original(), meta(&self.object()).ino());
        for name in self.names() {
            let meta = meta(&name);
            assert_eq!(std::fs::read(&name).unwrap(), bytes, "{}", name.display());
            assert_eq!((meta.mtime(), meta.mode() & 0o7777), (mtime, 0o444), "{}", name.display());
            assert_eq!(meta.ino(), inode, "{} is the object", name.display());
        }
        for date in &self.dates {
            let tree = self.site.tree("lab", date);
            for folder in walk(&tree).into_iter().chain([tree]).filter(|path| path.is_dir()) {
                assert_eq!(meta(&folder).mode() & 0o222, 0, "{} is closed", folder.display());
            }
        }
        assert_eq!(self.site.leftovers(), Vec::<String>::new());
    }
}

fn object(site: &Site, bytes: &[u8]) -> PathBuf {
    let hash = blake3::hash(bytes).to_hex();
    site.root.join("objects").join(&hash[..2]).join(&hash[2..])
}

fn meta(path: &Path) -> std::fs::Metadata {
    path.symlink_metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Flips a bit of a file in place, as a bad disk does: size and time stay.
fn rot(path: &Path) {
    let time = std::fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn bit_rot_is_healed_from_another_store_under_every_name() {
    let world = World::new();
    let other = Site::new_fleeting();
    other.ingest(&world.archive.tree, &[]);
    let mtime = meta(&world.object()).mtime();
    rot(&world.object());
    world.site.run(&["fsck"]).expect(0);
    let found = world.site.run(&["fsck", "--deep"]).expect(4);
    let found = found.says("object-content").says(STEADY).says(&world.dates[0]);
    assert!(found.said().contains("pinfold fsck --repair"), "{}", found.said());
    let dry = ["fsck", "--deep", "--repair", "--dry-run", "--from", other.root.to_str().unwrap()];
    world.site.run(&dry).expect(4).says("nothing was changed").says("healed");
    assert_ne!(std::fs::read(world.object()).unwrap(), world.original());
    let repair = ["fsck", "--deep", "--repair", "--from", other.root.to_str().unwrap()];
    let healed = world.site.run(&repair).expect(0).says("healed: object").says("whole again");
    assert!(healed.out.contains(other.root.to_str().unwrap()), "{}", healed.said());
    world.shows_right(mtime);
    world.site.sound();
    other.sound();
}

#[test]
fn any_folder_heals_by_content_whatever_its_files_are_called() {
    let world = World::new();
    let mtime = meta(&world.object()).mtime();
    let folder = world.site.dir().join("usb/stick");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("decoy"), vec![0; world.original().len()]).unwrap();
    std::fs::write(folder.join("some name"), world.original()).unwrap();
    rot(&world.names()[0]);
    let from = world.site.dir().join("usb");
    let repair = ["fsck", "--deep", "--repair", "--from", from.to_str().unwrap()];
    world.site.run(&repair).expect(0).says("some name");
    world.shows_right(mtime);
    world.site.sound();
}

#[test]
fn a_replica_heals_the_first_inode_and_the_other_way_round() {
    for damaged in [0, 1] {
        let world = World::new();
        let mtime = meta(&world.object()).mtime();
        let replica = PathBuf::from(format!("{}.1", world.object().display()));
        let mut cp = Command::new("cp");
        assert!(cp.arg("-p").args([&world.object(), &replica]).status().unwrap().success());
        rot([&world.object(), &replica][damaged]);
        world.site.run(&["fsck", "--deep"]).expect(4).says("object-content");
        world.site.run(&["fsck", "--deep", "--repair"]).expect(0).says("healed: object");
        world.shows_right(mtime);
        world.site.sound();
    }
}

#[test]
fn a_lost_object_comes_back_from_a_tree_that_shows_it_without_a_copy() {
    let world = World::new();
    let before = meta(&world.object());
    std::fs::remove_file(world.object()).unwrap();
    world.site.run(&["fsck"]).expect(4).says("object-missing");
    world.site.run(&["fsck", "--repair"]).expect(0).says("healed: object").says("www/");
    assert_eq!(meta(&world.object()).ino(), before.ino(), "the trees' inode is the object again");
    world.shows_right(before.mtime());
    world.site.sound();
}

#[test]
fn what_nobody_has_is_set_aside_named_and_not_served_until_it_comes_back() {
    let world = World::new();
    let (site, mtime) = (&world.site, meta(&world.object()).mtime());
    let nginx = site.nginx();
    let url = format!("/archive.example.org/lab/{STEADY}");
    assert_eq!(nginx.get(&url).status, 200);
    rot(&world.object());
    let told = site.run(&["fsck", "--deep", "--repair"]).expect(4);
    let told = told.says("set-aside: object").says("quarantine/").says("object-missing");
    for date in &world.dates {
        assert!(told.out.contains(&format!("lost in lab@{date}, {STEADY}")), "{}", told.said());
    }
    assert!(!world.object().exists());
    for name in world.names() {
        assert!(name.symlink_metadata().is_err(), "{} is served no more", name.display());
    }
    assert_eq!(nginx.get(&url).status, 404);
    assert_eq!(walk(&site.root.join("quarantine")).len(), 1);
    let again = site.run(&["fsck", "--repair"]).expect(4);
    assert!(again.out.contains("lost: object"), "{}", again.said());
    // The index is made anew all the same, and knows what is lost.
    site.run(&["fsck", "--rebuild"]).expect(4).says("object-missing").says(STEADY);
    site.run(&["publish", "lab"]).expect(4);
    assert_eq!(site.dates("lab"), world.dates, "both are known still");
    site.ok(&["ingest", "lab", world.archive.tree.to_str().unwrap()]);
    for date in &world.dates {
        site.ok(&["publish", &format!("lab@{date}")]);
    }
    site.run(&["fsck", "--deep", "--repair"]).expect(0);
    assert_eq!(nginx.get(&url).status, 200);
    world.shows_right(mtime);
    site.sound();
}

#[test]
fn what_was_set_aside_is_forgotten_when_the_object_stands_again() {
    let world = World::new();
    rot(&world.object());
    world.site.run(&["fsck", "--deep", "--repair"]).expect(4);
    let from = world.archive.tree.to_str().unwrap();
    world.site.run(&["fsck", "--repair", "--from", from]).expect(0).says("stands again");
    assert_eq!(walk(&world.site.root.join("quarantine")), Vec::<PathBuf>::new());
    world.site.sound();
}

#[test]
fn upstream_heals_what_it_still_has_and_is_asked_for_nothing_else() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let bytes = std::fs::read(archive.tree.join(STEADY)).unwrap();
    let object = object(&site, &bytes);
    let mtime = meta(&object).mtime();
    rot(&object);
    upstream.asked();
    site.run(&["fsck", "--deep", "--repair"]).expect(0).says("from http://127.0.0.1");
    assert_eq!(upstream.asked(), [format!("GET /{STEADY} 200")]);
    let shown = site.tree("lab", &site.dates("lab")[0]).join(STEADY);
    assert_eq!(std::fs::read(&shown).unwrap(), bytes);
    assert_eq!((meta(&shown).mtime(), meta(&shown).ino()), (mtime, meta(&object).ino()));
    site.sound();

    // Upstream's file is another by now, and then gone: it heals nothing, and nothing wrong comes in.
    rot(&object);
    std::fs::write(archive.tree.join(STEADY), vec![7; bytes.len()]).unwrap();
    site.run(&["fsck", "--deep", "--repair"]).expect(4).says("set-aside").says("expected SHA256");
    std::fs::remove_file(archive.tree.join(STEADY)).unwrap();
    site.run(&["fsck", "--repair"]).expect(4).says("answers 404");
    std::fs::write(archive.tree.join(STEADY), &bytes).unwrap();
    site.run(&["fsck", "--repair"]).expect(0).says("healed");
    assert_eq!(std::fs::read(&shown).unwrap(), bytes);
    site.sound();
}

#[test]
fn a_repair_goes_on_beside_a_sync_and_neither_waits_for_the_other() {
    let archive = Archive::first();
    let server = Hostile::serve(&archive.tree);
    let site = following(&server.url(), "timeout = \"4s\"\n");
    site.ok(&["sync", "lab"]);
    let bytes = std::fs::read(archive.tree.join(STEADY)).unwrap();
    let (object, shown) = (object(&site, &bytes), site.tree("lab", &site.dates("lab")[0]));
    archive.second_state();
    let last = "/pool/main/a/alpha/alpha_2.0_all.deb";
    server.fault(last, "stall:10");
    server.forget();
    let mut sync = site.command(&["sync", "lab"]).spawn().unwrap();
    while !server.log().iter().any(|asked| asked.path == last) {
        assert!(sync.try_wait().unwrap().is_none(), "it ended before it asked");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    rot(&object);
    site.run(&["fsck", "--deep", "--repair"]).expect(0).says("from http://127.0.0.1");
    assert!(sync.try_wait().unwrap().is_none(), "it is at work still");
    assert_eq!(std::fs::read(shown.join(STEADY)).unwrap(), bytes);
    server.fault(last, "");
    assert!(sync.wait().unwrap().success());
    assert_eq!(site.dates("lab").len(), 2);
    site.sound();
}

#[test]
fn modes_and_times_are_mended_where_the_bytes_are_right() {
    let world = World::new();
    let mtime = meta(&world.object()).mtime();
    std::fs::set_permissions(world.object(), std::fs::Permissions::from_mode(0o4666)).unwrap();
    std::fs::File::options()
        .write(true)
        .open(world.object())
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    world.site.run(&["fsck"]).expect(1).says("object-mode");
    world.site.run(&["fsck", "--repair"]).expect(0).says("mended: object");
    world.shows_right(mtime);
    world.site.sound();
    rustix::fs::chown(world.object(), Some(rustix::fs::Uid::from_raw(65_534)), None).unwrap();
    world.site.run(&["fsck"]).expect(1).says("object-owner").says("65534");
    world.site.run(&["fsck", "--repair"]).expect(0);
    assert_eq!(meta(&world.object()).uid(), meta(&world.site.root).uid());
    world.shows_right(mtime);
    world.site.sound();
}

#[test]
fn a_bad_sector_is_a_finding_and_the_check_goes_on_and_the_file_is_healed() {
    let mount = Mount::ext4(96, &[]);
    let site = Site::with_root(&mount.path().join("root"));
    site.mirror("lab", "family = \"apt\"\nmount = \"archive.example.org/lab\"\n");
    site.ok(&["init"]);
    let archive = Archive::first();
    site.ingest(&archive.tree, &[]);
    let steady = object(&site, &std::fs::read(archive.tree.join(STEADY)).unwrap());
    let other = archive.tree.join("pool/main/a/alpha/alpha_1.0_all.deb");
    mount.break_file(&steady);
    assert!(std::fs::read(&steady).is_err(), "the sector is bad");
    rot(&object(&site, &std::fs::read(&other).unwrap()));
    site.run(&["fsck"]).expect(0);
    let found = site.run(&["fsck", "--deep"]).expect(4);
    found.says("object-unreadable").says(STEADY).says("object-content");
    let from = archive.tree.to_str().unwrap();
    site.run(&["fsck", "--deep", "--repair", "--from", from]).expect(0);
    assert_eq!(std::fs::read(&steady).unwrap(), std::fs::read(archive.tree.join(STEADY)).unwrap());
    site.sound();
}

#[test]
fn a_deep_check_that_is_stopped_is_gone_on_with() {
    let world = World::new();
    let bytes = |args: &[&str]| -> u64 {
        let json = world.site.ok(&[&["fsck", "--json"], args].concat());
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["bytes"].as_u64().unwrap()
    };
    let whole = bytes(&["--deep"]);
    let parts: u64 = (1..=3).map(|n| bytes(&["--subset", &format!("{n}/3")])).sum();
    assert_eq!(parts, whole);
    assert_eq!(bytes(&["--budget", "10m"]), whole);
    assert_eq!(bytes(&[]), 0, "without --deep nothing is read");
    world.site.run(&["fsck", "--subset", "4/3"]).expect(2).says("3/30");
    world.site.run(&["fsck", "--budget", "soon"]).expect(2).says("30m");
    // Slow enough to be stopped in the middle.
    let rate = format!("{}B", whole / 60);
    let mut slow = world.site.command(&["fsck", "--deep", "--rate", &rate]);
    let mut slow = slow.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut said = std::io::BufReader::new(slow.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("reading objects")));
    slow.kill().unwrap();
    slow.wait().unwrap();
    let resumed = world.site.run(&["fsck", "--deep"]).expect(0);
    assert!(resumed.err.contains("going on with the reading"), "{}", resumed.said());
    assert_eq!(bytes(&["--deep"]), whole, "the next one begins anew");
}

#[test]
fn edits_through_a_published_tree_are_found_and_mended() {
    let world = World::new();
    let (tree, mtime) = (world.site.tree("lab", &world.dates[1]), meta(&world.object()).mtime());
    let script = format!(
        "cd '{}' && chmod -R u+w . && echo more >>{STEADY} && sed -i s/a/b/ dists/lab/main/binary-amd64/Packages.xz \
         && touch pool/main/added && rm -r pool/main/a && ln -sf /etc/passwd dists/lab/Release && chmod 4755 pool/main/s/steady/*",
        tree.display()
    );
    assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
    let found = world.site.run(&["fsck"]).expect(4);
    for code in ["object-size", "tree-differs", "tree-extra", "tree-missing", "tree-mode"] {
        assert!(found.out.contains(code), "{code}: {}", found.said());
    }
    let from = world.archive.tree.to_str().unwrap();
    world.site.run(&["fsck", "--repair", "--from", from]).expect(0).says("mended: tree of lab@");
    world.shows_right(mtime);
    world.site.sound();
}

#[test]
fn a_repair_that_is_killed_anywhere_is_completed_by_the_next() {
    for point in ["heal-written:1", "heal-renamed:1", "tree-relinked:1", "tree-relinked:2"] {
        let world = World::new();
        // Or prune, which removes what the killed run left, takes the old tree down.
        world.site.ok(&["pin", "lab@2026-03-23", "hold"]);
        let mtime = meta(&world.object()).mtime();
        let good = world.original();
        rot(&world.object());
        let bad = std::fs::read(world.object()).unwrap();
        let from = world.archive.tree.to_str().unwrap();
        let repair = ["fsck", "--deep", "--repair", "--from", from];
        assert!(world.site.killed_at(point, &repair), "{point}");
        for name in world.names().iter().chain([&world.object()]) {
            let bytes = std::fs::read(name).unwrap();
            assert!(bytes == good || bytes == bad, "{} is half at {point}", name.display());
        }
        world.site.run(&repair).expect(0);
        world.site.ok(&["prune"]);
        world.shows_right(mtime);
        world.site.sound();
    }
    let world = World::new();
    rot(&world.object());
    assert!(world.site.killed_at("object-set-aside", &["fsck", "--deep", "--repair"]));
    world.site.run(&["fsck", "--deep", "--repair"]).expect(4).says("lost in lab@");
    let from = world.archive.tree.to_str().unwrap();
    world.site.run(&["fsck", "--repair", "--from", from]).expect(0);
    world.site.sound();
}
