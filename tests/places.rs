//! Where the root lies, whose it is, and what is missing of it: refused before anything is half done, with the mend.
use crate::harness::{Mount, Ran, Site, ran, temp_dir, tool, write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// The user without rights, `nobody`.
const NOBODY: u32 = 65534;

fn files_site() -> Site {
    let site = Site::bare();
    site.mirror("tree", "family = \"files\"\nmount = \"files\"\n");
    site
}

/// Runs a copy of the program, which lies where anybody may run it, as nobody.
fn as_nobody(site: &Site, args: &[&str]) -> Ran {
    let program = site.dir().join("pinfold");
    let command = site.command(args);
    if !program.exists() {
        // By another process: what this one has open for writing a test beside may hold over its own fork, and then it is busy.
        tool(Command::new("install").args(["-m", "755"]).arg(command.get_program()).arg(&program));
    }
    let mut changed = Command::new("setpriv");
    changed.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    ran(changed.args(command.get_args()))
}

/// A folder mounted over one of the root's parts, of the same file system and so with the same device number.
struct Bound<'a>(&'a Path);

impl<'a> Bound<'a> {
    fn new(from: &Path, part: &'a Path) -> Self {
        std::fs::create_dir_all(from.parent().unwrap()).unwrap();
        tool(Command::new("cp").arg("-aT").args([part, from]));
        tool(Command::new("mount").arg("--bind").args([from, part]));
        Self(part)
    }
}

impl Drop for Bound<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0).output());
    }
}

#[test]
fn a_bind_mount_inside_the_root_is_named_though_its_device_is_the_same() {
    let site = files_site();
    site.ok(&["init"]);
    let dir = temp_dir();
    write(dir.path().join("file"), "content");
    let tree = dir.path().to_str().unwrap();
    site.ok(&["ingest", "tree", tree]);
    for part in ["objects", "incoming", "manifests", "www", "www/snapshots", "www/union"] {
        let at = site.root.join(part);
        let _bound = Bound::new(&site.dir().join("elsewhere").join(part.replace('/', "-")), &at);
        let refused = site.run(&["init"]).expect(5).said();
        assert!(refused.contains("pinfold.toml, line 1: root = "), "{part}: {refused}");
        assert!(refused.contains("lies on another file system"), "{part}: {refused}");
        write(dir.path().join("file"), part);
        let failed = site.run(&["ingest", "tree", tree, "--even-if-unchanged"]);
        assert!(
            failed.code == Some(0) || failed.said().contains("pinfold init names it"),
            "{part}: {:?} {}",
            failed.code,
            failed.said()
        );
    }
    site.ok(&["init"]);
}

#[test]
fn a_part_that_is_missing_is_named_and_init_makes_it() {
    let site = files_site();
    site.ok(&["init"]);
    let dir = temp_dir();
    write(dir.path().join("file"), "content");
    let tree = dir.path().to_str().unwrap();
    for part in ["incoming", "locks", "www/union", "www/at", "www/snapshots", "www/generations"] {
        std::fs::remove_dir_all(site.root.join(part)).unwrap();
        let refused = site.run(&["ingest", "tree", tree]).expect(5);
        refused.says(part).says("pinfold init");
        site.ok(&["init"]);
    }
    site.ok(&["ingest", "tree", tree]);
}

#[test]
fn another_user_than_the_owner_writes_nothing_and_reads_what_it_may() {
    let site = files_site();
    site.ok(&["init"]);
    let dir = temp_dir();
    write(dir.path().join("file"), "content");
    let tree = dir.path().to_str().unwrap();
    site.ok(&["ingest", "tree", tree]);
    site.ok(&["promote", "tree", "--to", "production"]);
    let writing: [&[&str]; 8] = [
        &["ingest", "tree", tree, "--even-if-unchanged"],
        &["publish", "tree"],
        &["promote", "tree", "--to", "staging"],
        &["rollback", "production"],
        &["pin", "tree", "hold"],
        &["prune", "tree"],
        &["init"],
        &["fsck", "--rebuild"],
    ];
    for args in writing {
        let refused = as_nobody(&site, args).expect(5);
        refused.says("belongs to user 0 and this runs as user 65534").says("protected_hardlinks");
    }
    for args in [&["snapshots"][..], &["channels"], &["show", "tree"], &["log", "production"]] {
        as_nobody(&site, args).expect(0);
    }
    let checked = as_nobody(&site, &["fsck"]).expect(5).says("owner");
    assert!(!checked.said().contains("damaged"), "rights are no damage: {}", checked.said());
    site.sound();
    // Root itself leaves another owner's root alone: what it made there, the owner could not link.
    tool(Command::new("chown").args(["-R", "65534:65534"]).arg(&site.root));
    site.run(&["ingest", "tree", tree, "--even-if-unchanged"])
        .expect(5)
        .says("belongs to user 65534");
    as_nobody(&site, &["ingest", "tree", tree, "--even-if-unchanged"]).expect(0);
    let strays = crate::harness::walk(&site.root);
    let owned = |path: &Path| std::fs::symlink_metadata(path).unwrap().uid() == NOBODY;
    assert!(strays.iter().all(|path| owned(path)), "all is the owner's");
}

#[test]
fn an_object_of_another_owner_is_told_with_the_kernels_switch() {
    let site = files_site();
    site.ok(&["init"]);
    let dir = temp_dir();
    write(dir.path().join("file"), "content");
    tool(Command::new("chown").args(["-R", "65534:65534"]).arg(&site.root));
    as_nobody(&site, &["ingest", "tree", dir.path().to_str().unwrap()]).expect(0);
    let date = site.dates("tree").pop().unwrap();
    as_nobody(&site, &["retire", &format!("tree@{date}")]).expect(0);
    tool(Command::new("chown").args(["-R", "0:0"]).arg(site.root.join("objects")));
    let refused = as_nobody(&site, &["publish", "tree"]).expect(5);
    refused.says("protected_hardlinks").says("chown");
}

#[test]
fn a_root_that_is_mounted_read_only_is_told_as_such() {
    let mount = Mount::ext4(64, &[]);
    let site = Site::with_root(&mount.path().join("root"));
    site.mirror("tree", "family = \"files\"\nmount = \"files\"\n");
    site.ok(&["init"]);
    let dir = temp_dir();
    write(dir.path().join("file"), "content");
    site.ok(&["ingest", "tree", dir.path().to_str().unwrap()]);
    tool(Command::new("mount").args(["-o", "remount,ro"]).arg(mount.path()));
    for args in [
        &["ingest", "tree", dir.path().to_str().unwrap()][..],
        &["publish", "tree"],
        &["promote", "tree", "--to", "production"],
        &["init"],
        &["fsck"],
        &["prune"],
    ] {
        let refused = site.run(args).expect(5);
        assert!(!refused.said().contains("damaged"), "{args:?}: {}", refused.said());
        assert!(
            ["Read-only", "read-only", "to be written"].iter().any(|w| refused.said().contains(w)),
            "{args:?}: {}",
            refused.said()
        );
    }
    site.ok(&["snapshots"]);
    site.ok(&["verify", "tree"]);
    tool(Command::new("mount").args(["-o", "remount,rw"]).arg(mount.path()));
    site.sound();
}
