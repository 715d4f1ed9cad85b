//! Names and trees that strangers make.
use crate::harness::{Mount, Site, long, temp_dir, tool, walk, write};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A site with a mirror of the family `files`, `tree`.
fn files_site() -> Site {
    with_tree(Site::bare())
}

fn with_tree(site: Site) -> Site {
    site.mirror("tree", "family = \"files\"\nmount = \"files\"\n");
    site.ok(&["init"]);
    site
}

fn shape(top: &Path) -> BTreeSet<(PathBuf, Vec<u8>)> {
    walk(top)
        .into_iter()
        .filter(|path| !std::fs::symlink_metadata(path).unwrap().is_dir())
        .map(|path| {
            let link = std::fs::read_link(&path).map(|to| to.as_os_str().as_bytes().to_vec());
            (
                path.strip_prefix(top).unwrap().to_owned(),
                link.unwrap_or_else(|_| std::fs::read(&path).unwrap()),
            )
        })
        .collect()
}

/// The documented format is enough: a short script restores a snapshot without the program.
fn restored_by_the_script(site: &Site, date: &str, original: &Path) {
    let restored = site.dir().join("restored");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/restore");
    assert!(std::fs::read_to_string(&script).unwrap().lines().count() < 100);
    tool(Command::new(script).arg(&site.root).args(["tree", date]).arg(&restored));
    assert_eq!(shape(&restored), shape(original));
}

#[test]
fn any_bytes_that_the_kernel_takes_are_kept_as_they_are() {
    let site = files_site();
    let dir = temp_dir();
    let names: [&[u8]; 16] = [
        b"new\nline",
        b"tab\there",
        b"\xff\xfe not utf-8",
        b"space here",
        b"quote'\"",
        b"back\\slash",
        b"esc\x1b[31mred",
        b"dollar$(id)",
        b"semi;colon",
        b"%2e%2e",
        b"...",
        b"-rf",
        b"NFC\xc3\xa9",
        b"NFDe\xcc\x81",
        b"star*",
        b"\xe2\x80\xaebidi",
    ];
    for (number, name) in names.iter().enumerate() {
        write(dir.path().join(OsStr::from_bytes(name)), format!("content {number}"));
        let mut inner = b"folder ".to_vec();
        inner.extend_from_slice(name);
        write(dir.path().join(OsStr::from_bytes(&inner)).join("file"), format!("inner {number}"));
    }
    write(dir.path().join("Case"), "upper");
    write(dir.path().join("case"), "lower");
    write(dir.path().join("a".repeat(255)), "long");
    write(dir.path().join(vec!["deep"; 200].join("/")), "deep");
    site.ok(&["ingest", "tree", dir.path().to_str().unwrap()]);
    let date = site.dates("tree").pop().unwrap();
    assert_eq!(shape(&site.tree("tree", &date)), shape(dir.path()));
    restored_by_the_script(&site, &date, dir.path());
    let shown = site.ok(&["show", "tree", "--json"])
        + &site.run(&["verify", "tree", "--deep"]).expect(0).said();
    assert!(!shown.contains('\x1b'), "control bytes never reach a terminal");
    std::fs::remove_file(site.root.join("index.sqlite")).unwrap();
    site.ok(&["fsck", "--rebuild"]);
    site.sound();
}

/// Puts something at a path that no archive has.
type Maker = &'static dyn Fn(&Path);

#[test]
fn escaping_links_and_special_files_are_refused_by_name() {
    let site = files_site();
    let cases: [(&str, Maker); 5] = [
        ("absolute", &|at| symlink("/etc/passwd", at).unwrap()),
        ("escaping", &|at| symlink("../../outside", at).unwrap()),
        ("fifo", &|at| {
            assert!(Command::new("mkfifo").arg(at).status().unwrap().success());
        }),
        ("device", &|at| {
            assert!(
                Command::new("mknod").arg(at).args(["c", "1", "3"]).status().unwrap().success()
            );
        }),
        ("socket", &|at| drop(std::os::unix::net::UnixListener::bind(at).unwrap())),
    ];
    for (name, make) in cases {
        let dir = temp_dir();
        write(dir.path().join("good"), "good");
        make(&dir.path().join(name));
        let refused = site.run(&["ingest", "tree", dir.path().to_str().unwrap()]);
        assert!(refused.code.is_some_and(|code| code != 0), "{name}: {}", refused.said());
        let refused = refused.says(name);
        assert!(!refused.err.contains("panicked"), "{name}");
        assert!(site.dates("tree").is_empty(), "{name} made a snapshot");
    }
}

#[test]
fn links_inside_the_tree_are_kept_as_written() {
    let site = files_site();
    let dir = temp_dir();
    write(dir.path().join("pool/a"), "a");
    std::fs::create_dir_all(dir.path().join("deep/er")).unwrap();
    symlink("../../pool/a", dir.path().join("deep/er/file")).unwrap();
    symlink("pool", dir.path().join("folder")).unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    symlink("loop", dir.path().join("loop")).unwrap();
    site.ok(&["ingest", "tree", dir.path().to_str().unwrap()]);
    let date = site.dates("tree").pop().unwrap();
    assert_eq!(shape(&site.tree("tree", &date)), shape(dir.path()));
    restored_by_the_script(&site, &date, dir.path());
    site.sound();
}

#[test]
fn modes_owners_and_setuid_never_come_along() {
    let site = files_site();
    let dir = temp_dir();
    for (name, mode) in [("setuid", 0o4755), ("secret", 0o600), ("open", 0o666), ("sticky", 0o1777)]
    {
        write(dir.path().join(name), name);
        std::fs::set_permissions(dir.path().join(name), std::fs::Permissions::from_mode(mode))
            .unwrap();
    }
    site.ok(&["ingest", "tree", dir.path().to_str().unwrap()]);
    let date = site.dates("tree").pop().unwrap();
    for path in walk(&site.tree("tree", &date)) {
        let mode = std::fs::metadata(&path).unwrap().mode() & 0o7777;
        assert_eq!(mode, 0o444, "{}", path.display());
    }
    let linked = site.run(&[
        "ingest",
        "tree",
        dir.path().to_str().unwrap(),
        "--link",
        "--even-if-unchanged",
    ]);
    assert!(
        linked.code != Some(0)
            || std::fs::metadata(dir.path().join("setuid")).unwrap().nlink() == 1,
        "--link refuses setuid files: {}",
        linked.said()
    );
    site.sound();
}

#[test]
fn more_names_of_one_content_than_the_file_system_has_links() {
    // ext4 gives an inode 65,000 names.
    let disk = Mount::ext4_in_memory(256);
    let site = with_tree(Site::with_root(&disk.path().join("root")));
    let dir = temp_dir();
    let many = 70_000;
    for folder in 0..70 {
        let at = dir.path().join(format!("d{folder}"));
        std::fs::create_dir(&at).unwrap();
        for file in 0..many / 70 {
            std::fs::write(at.join(format!("f{file}")), "the same tiny content").unwrap();
        }
    }
    site.ok(&["ingest", "tree", dir.path().to_str().unwrap()]);
    let date = site.dates("tree").pop().unwrap();
    let tree = site.tree("tree", &date);
    let found: Vec<PathBuf> = walk(&tree).into_iter().filter(|path| path.is_file()).collect();
    assert_eq!(found.len(), many);
    let inodes: BTreeSet<u64> =
        found.iter().map(|path| std::fs::metadata(path).unwrap().ino()).collect();
    assert!((2..=3).contains(&inodes.len()), "{} inodes hold one content", inodes.len());
    site.ok(&["verify", "tree"]);
    if long() {
        site.ok(&["ingest", "tree", dir.path().to_str().unwrap(), "--even-if-unchanged"]);
        site.ok(&["retire", &format!("tree@{date}")]);
    }
    site.sound();
}
