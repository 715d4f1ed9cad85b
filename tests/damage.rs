//! Every kind of damage to what is kept and published: the code that names it, and the remedy, done to the letter, that heals it.
use crate::harness::{Archive, Site, walk};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Two days of an archive, the second in production.
struct World {
    site: Site,
    archive: Archive,
    first: String,
    second: String,
}

impl World {
    fn new() -> Self {
        let site = Site::new_fleeting();
        let archive = Archive::first();
        let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
        archive.second_state();
        let second = site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
        site.ok(&["promote", "lab", "--to", "production"]);
        Self { site, archive, first, second }
    }

    fn tree(&self) -> PathBuf {
        self.site.tree("lab", &self.second)
    }

    /// A package of both days in the newer tree: its object under its published name.
    fn package(&self) -> PathBuf {
        self.tree().join("pool/main/s/steady/steady_1.0_all.deb")
    }

    /// The first inode of that package's object.
    fn object(&self) -> PathBuf {
        let hash = blake3::hash(&std::fs::read(self.package()).unwrap()).to_hex();
        self.site.root.join("objects").join(&hash[..2]).join(&hash[2..])
    }

    fn union(&self, name: &str) -> PathBuf {
        self.site.root.join("www/union/lab").join(name)
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Writes into a file through one of its names, as root can; the time stays.
fn scribble(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let time = std::fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn writable(path: &Path, change: impl FnOnce()) {
    mode(path, 0o755);
    change();
    mode(path, 0o555);
}

type Damage = &'static dyn Fn(&World);

/// Does what a remedy says: the commands in it, and the ingest that it asks for.
fn obey(world: &World, remedy: &str) {
    for part in remedy.split([':', ',', ';']) {
        let part = part.trim().replace("somewhere else", world.site.dir().to_str().unwrap());
        if part.starts_with("pinfold fsck --repair") {
            repair(world);
        } else if let Some(args) = part.strip_prefix("pinfold ") {
            let args: Vec<&str> = args.split(' ').take_while(|word| word.len() > 2).collect();
            let verb = args[0];
            let known = if verb == "publish" { &args[..2] } else { &args[..1] };
            world.site.ok(known);
        } else if ["chmod ", "rm ", "touch ", "mv "].iter().any(|tool| part.starts_with(tool)) {
            assert!(Command::new("sh").args(["-c", &part]).status().unwrap().success(), "{part}");
        }
    }
}

/// Heals all that can be, with the archive's own tree as another place that has its files.
fn repair(world: &World) {
    world.site.ok(&["fsck", "--deep", "--repair", "--from", world.archive.tree.to_str().unwrap()]);
}

/// Damages one world after the other, checks the finding of `fsck --deep`, and heals until nothing is found: by what the remedies
/// say, and another by `fsck --repair`.
fn each(cases: &[(&str, Damage, i32)]) {
    for (code, damage, exit) in cases {
        let world = World::new();
        damage(&world);
        if *code != "tree-stray" {
            repair(&world);
            assert_eq!(world.site.run(&["fsck", "--deep"]).code, Some(0), "{code} after --repair");
        }
        let world = World::new();
        damage(&world);
        let checked = world.site.run(&["fsck", "--deep", "--json"]).expect(*exit);
        let report: serde_json::Value = serde_json::from_str(&checked.out).unwrap();
        let findings = report["findings"].as_array().unwrap();
        assert!(findings.iter().any(|one| one["code"] == *code), "{code}: {findings:#?}");
        for finding in findings {
            obey(&world, finding["remedy"].as_str().unwrap());
        }
        let healed = world.site.run(&["fsck", "--deep"]);
        assert_eq!(healed.code, Some(0), "{code} after {findings:#?}\n{}", healed.said());
    }
}

#[test]
fn damage_to_an_object_is_named_and_healed_by_its_remedy() {
    each(&[
        ("object-missing", &|world| std::fs::remove_file(world.object()).unwrap(), 4),
        ("object-size", &|world| scribble(&world.package(), |bytes| bytes.push(0)), 4),
        ("object-content", &|world| scribble(&world.package(), |bytes| bytes[9] ^= 1), 4),
        ("object-mode", &|world| mode(&world.package(), 0o644), 1),
        ("object-mode", &|world| mode(&world.object(), 0o4555), 1),
        (
            "object-mode",
            &|world| {
                let object = world.object();
                std::fs::remove_file(&object).unwrap();
                symlink("/etc/hostname", &object).unwrap();
            },
            4,
        ),
        (
            "object-time",
            &|world| {
                let file = std::fs::File::options().append(true).open(world.package()).unwrap();
                file.set_modified(std::time::UNIX_EPOCH).unwrap();
            },
            1,
        ),
        (
            "object-stray",
            &|world| std::fs::write(world.site.root.join("objects/00/note"), "x").unwrap(),
            1,
        ),
    ]);
}

#[test]
fn damage_to_a_tree_is_named_and_healed_by_its_remedy() {
    each(&[
        (
            "tree-missing",
            &|world| {
                let package = world.package();
                writable(package.parent().unwrap(), || std::fs::remove_file(&package).unwrap());
            },
            1,
        ),
        (
            "tree-extra",
            &|world| {
                let tree = world.tree();
                writable(&tree, || std::fs::write(tree.join("intruder"), "x").unwrap());
            },
            1,
        ),
        (
            "tree-extra",
            &|world| {
                let tree = world.tree();
                writable(&tree, || std::fs::create_dir(tree.join("pool-")).unwrap());
                mode(&tree.join("pool-"), 0o555);
            },
            1,
        ),
        ("tree-mode", &|world| mode(&world.tree(), 0o755), 1),
        ("tree-mode", &|world| mode(&world.tree().join("pool/main"), 0o777), 1),
        (
            "tree-differs",
            &|world| {
                let package = world.package();
                writable(package.parent().unwrap(), || {
                    let bytes = std::fs::read(&package).unwrap();
                    std::fs::remove_file(&package).unwrap();
                    std::fs::write(&package, bytes).unwrap();
                });
            },
            4,
        ),
    ]);
}

#[test]
fn what_was_put_in_the_place_of_a_tree_is_named_and_healed_by_its_remedy() {
    each(&[
        (
            "tree-extra",
            &|world| {
                let pool = world.tree().join("pool");
                writable(&world.tree(), || {
                    mode(&pool, 0o755);
                    std::fs::rename(&pool, world.site.root.with_file_name("pool")).unwrap();
                    symlink(world.site.root.with_file_name("pool"), &pool).unwrap();
                });
            },
            1,
        ),
        (
            "tree-differs",
            &|world| {
                let tree = world.tree();
                mode(&tree, 0o755);
                std::fs::rename(&tree, world.site.root.with_file_name("tree")).unwrap();
                symlink(world.site.root.with_file_name("tree"), &tree).unwrap();
            },
            4,
        ),
        (
            "tree-stray",
            &|world| {
                let at = world.site.root.join("www/snapshots/lab/20200101T000000Z");
                std::fs::create_dir(&at).unwrap();
                std::fs::write(at.join("file"), "x").unwrap();
            },
            1,
        ),
    ]);
}

#[test]
fn damage_to_union_days_and_channels_is_named_and_healed_by_its_remedy() {
    const NEWER: &str = "pool/main/a/alpha/alpha_2.0_all.deb";
    each(&[
        ("union-missing", &|world| std::fs::remove_file(world.union(NEWER)).unwrap(), 1),
        (
            "union-differs",
            &|world| {
                let other = world.union("pool/main/s/steady/steady_1.0_all.deb");
                std::fs::remove_file(world.union(NEWER)).unwrap();
                std::fs::hard_link(other, world.union(NEWER)).unwrap();
            },
            4,
        ),
        (
            "union-differs",
            &|world| {
                std::fs::remove_file(world.union(NEWER)).unwrap();
                std::fs::write(world.union(NEWER), "not a package").unwrap();
            },
            4,
        ),
        ("union-differs", &|world| std::fs::write(world.union("pool/intruder"), "x").unwrap(), 4),
        (
            "day-wrong",
            &|world| std::fs::remove_file(world.site.root.join("www/at/lab/20260323")).unwrap(),
            1,
        ),
        (
            "day-wrong",
            &|world| {
                let latest = world.site.root.join("www/at/lab/latest");
                std::fs::remove_file(&latest).unwrap();
                symlink(format!("../../snapshots/lab/{}", world.first), latest).unwrap();
            },
            1,
        ),
        (
            "channel-broken",
            &|world| std::fs::remove_file(world.site.root.join("www/channels/production")).unwrap(),
            1,
        ),
        (
            "generation-damaged",
            &|world| {
                let at = world.site.root.join("www/generations/production/1/lab/heads");
                std::fs::remove_dir_all(at).unwrap();
            },
            4,
        ),
    ]);
}

#[test]
fn a_link_in_the_place_of_an_object_is_never_followed() {
    let world = World::new();
    let objects = walk(&world.site.root.join("objects"));
    let dangling = world.site.root.join("objects/00").join("0".repeat(62));
    symlink("/proc/self/mem", &dangling).unwrap();
    world.site.run(&["fsck", "--deep"]).expect(1).says("it is a link");
    assert_eq!(walk(&world.site.root.join("objects")).len(), objects.len() + 1, "nothing changed");
}
