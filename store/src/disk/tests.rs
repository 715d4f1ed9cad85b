//! The system calls that write, tried on real folders.
#![expect(clippy::disallowed_methods, reason = "tests make what is found on disk")]

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::content;
use super::*;
use crate::{Error, RelPath};

fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    (dir, path)
}

#[test]
fn a_written_file_has_its_mode_bytes_and_time_and_leaves_nothing_else() {
    let (_dir, at) = folder();
    write_durably(&at.join("a"), b"old", 0o644).unwrap();
    write_with_mtime(&at.join("a"), b"new", 0o444, 1_000_000).unwrap();
    let meta = std::fs::metadata(at.join("a")).unwrap();
    assert_eq!(
        (meta.mode() & 0o7777, meta.mtime(), std::fs::read(at.join("a")).unwrap()),
        (0o444, 1_000_000, b"new".to_vec())
    );
    assert_eq!(names(&at).unwrap(), ["a"]);
}

#[test]
fn a_created_file_never_replaces_one() {
    let (_dir, at) = folder();
    create_durably(&at.join("a"), b"first", 0o444).unwrap();
    assert!(matches!(create_durably(&at.join("a"), b"second", 0o444), Err(Error::Io { .. })));
    assert_eq!(std::fs::read(at.join("a")).unwrap(), b"first");
    assert_eq!(names(&at).unwrap(), ["a"]);
}

#[test]
fn a_link_replaces_a_name_without_a_gap() {
    let (_dir, at) = folder();
    std::fs::write(at.join("a"), b"a").unwrap();
    std::fs::write(at.join("b"), b"b").unwrap();
    link_over(&at.join("a"), &at.join("b")).unwrap();
    link_over(&at.join("a"), &at.join("b")).unwrap();
    assert_eq!(std::fs::read(at.join("b")).unwrap(), b"a");
    assert_eq!(names(&at).unwrap().len(), 2, "linking a file over itself leaves no temporary name");
}

#[test]
fn a_symlink_moves_by_one_rename_and_says_whether_it_did() {
    let (_dir, at) = folder();
    let link = at.join("link");
    let moved =
        ["one", "one", "two"].map(|target| point_symlink(&link, Path::new(target)).unwrap());
    assert_eq!(moved, [true, false, true]);
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("two"));
}

#[test]
fn a_rename_needs_a_free_name() {
    let (_dir, at) = folder();
    make_dirs(&at.join("x/y")).unwrap();
    make_dir(&at.join("z")).unwrap();
    assert!(rename_new(&at.join("x"), &at.join("z")).is_err());
    rename_new(&at.join("x"), &at.join("z/x")).unwrap();
    assert!(stands(&at.join("z/x/y")).unwrap() && !stands(&at.join("x")).unwrap());
}

#[test]
fn a_tree_is_removed_with_closed_folders_and_its_links_are_not_followed() {
    let (_dir, at) = folder();
    make_dirs(&at.join("tree/a/b")).unwrap();
    std::fs::write(at.join("kept"), b"x").unwrap();
    std::fs::write(at.join("tree/a/b/file"), b"x").unwrap();
    symlink(&at, at.join("tree/a/up")).unwrap();
    for folder in ["tree/a/b", "tree/a", "tree"] {
        std::fs::set_permissions(at.join(folder), std::fs::Permissions::from_mode(0o555)).unwrap();
    }
    remove_tree(&at.join("tree")).unwrap();
    remove_tree(&at.join("tree")).unwrap();
    assert_eq!(names(&at).unwrap(), ["kept"]);
}

#[test]
fn folders_are_opened_through_no_symlink() {
    let (_dir, at) = folder();
    make_dirs(&at.join("real/below")).unwrap();
    symlink("real", at.join("link")).unwrap();
    let root = open_dir(&at).unwrap();
    assert!(open_dir_at(&root, Path::new("real/below")).is_ok());
    assert!(open_dir_at(&root, Path::new("link/below")).is_err());
    assert!(open_dir_at(&root, Path::new("..")).is_err());
    assert!(open_dir(&at.join("link")).is_err());
}

#[test]
fn sources_are_opened_through_no_symlink_and_no_fifo_is_waited_for() {
    let (_dir, at) = folder();
    make_dir(&at.join("real")).unwrap();
    std::fs::write(at.join("real/a"), b"x").unwrap();
    symlink("real", at.join("link")).unwrap();
    symlink("real/a", at.join("file")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, at.join("fifo"), Mode::from_raw_mode(0o644)).unwrap();
    let root = open_dir(&at).unwrap();
    let open = |path: &str| content::open_source(&root, &path.parse::<RelPath>().unwrap());
    assert!(open("real/a").is_ok());
    for path in ["link/a", "file", "fifo", "real", "absent"] {
        assert!(matches!(open(path), Err(Error::Io { .. })), "{path}");
    }
}

#[test]
fn a_source_that_grows_is_noticed() {
    let (_dir, at) = folder();
    std::fs::write(at.join("a"), b"x").unwrap();
    let source = content::open_source(&open_dir(&at).unwrap(), &"a".parse().unwrap()).unwrap();
    assert!(!source.has_changed().unwrap());
    std::fs::write(at.join("a"), b"longer").unwrap();
    assert!(source.has_changed().unwrap());
}

#[test]
fn points_are_unique_and_only_known_ones_are_armed() {
    let mut sorted = POINTS.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), POINTS.len());
    assert!(matches!(arm("no-such-point", 1), Err(Error::BadName { .. })));
    assert!(matches!(arm(POINTS[0], 0), Err(Error::BadName { .. })));
}
