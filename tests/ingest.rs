//! What an ingest reads, notices and remembers.
use crate::harness::{Site, temp_dir, write};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};

fn files_site() -> Site {
    let site = Site::bare();
    site.mirror("tree", "family = \"files\"\nmount = \"files\"\n");
    site.ok(&["init"]);
    site
}

#[test]
fn a_file_that_changes_while_it_is_read_is_never_stored_torn() {
    let site = files_site();
    let dir = temp_dir();
    let path = dir.path().join("moving");
    let stop = AtomicBool::new(false);
    write(&path, vec![b'0'; 8 << 20]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            use std::io::{Seek, Write};
            for turn in (0..10u8).cycle() {
                let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
                for _ in 0..8 {
                    file.write_all(&vec![b'0' + turn; 1 << 20]).unwrap();
                }
                drop(file.rewind());
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        for _ in 0..5 {
            let ran = site.run(&["ingest", "tree", dir.path().to_str().unwrap()]);
            assert!(ran.code != Some(70) && ran.code.is_some(), "{}", ran.said());
        }
        stop.store(true, Ordering::Relaxed);
    });
    site.ok(&["ingest", "tree", dir.path().to_str().unwrap()]);
    site.sound();
}

#[test]
fn a_change_that_keeps_size_and_mtime_is_seen() {
    let site = files_site();
    let dir = temp_dir();
    let path = dir.path().join("file");
    write(&path, "one one");
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    site.ok(&["ingest", "tree", dir.path().to_str().unwrap()]);
    write(&path, "two two");
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    site.ok(&["ingest", "tree", dir.path().to_str().unwrap()]);
    let dates = site.dates("tree");
    assert_eq!(dates.len(), 2, "ctime gives the change away");
    let read = |date: &str| std::fs::read_to_string(site.tree("tree", date).join("file")).unwrap();
    assert_eq!((read(&dates[0]), read(&dates[1])), ("one one".to_owned(), "two two".to_owned()));
    let stamp =
        |date: &str| std::fs::metadata(site.tree("tree", date).join("file")).unwrap().mtime();
    assert_ne!(
        stamp(&dates[0]),
        stamp(&dates[1]),
        "one size, two contents: two times, or a web server mistakes one for the other"
    );
}

#[test]
fn link_adopts_the_files_and_dates_must_grow() {
    let site = files_site();
    let dir = tempfile::tempdir_in(site.dir()).unwrap();
    write(dir.path().join("file"), "adopted");
    let tree = dir.path().to_str().unwrap();
    site.ok(&["ingest", "tree", tree, "--link", "--taken", "2026-03-23T04:00:00Z"]);
    assert!(
        std::fs::metadata(dir.path().join("file")).unwrap().nlink() >= 2,
        "the file itself became the object"
    );
    for early in ["2026-03-23T04:00:00Z", "2026-03-22", "yesterday", ""] {
        let ran = site.run(&["ingest", "tree", tree, "--taken", early, "--even-if-unchanged"]);
        assert_eq!(ran.code, Some(2), "{early}: {}", ran.said());
    }
    assert_eq!(site.dates("tree").len(), 1);
    site.ok(&["ingest", "tree", tree, "--even-if-unchanged"]);
    site.ok(&["ingest", "tree", tree, "--even-if-unchanged"]);
    assert_eq!(site.dates("tree").len(), 3, "two in one second have two names");
    site.sound();
}

#[test]
fn the_summary_says_what_was_done() {
    let site = files_site();
    let dir = temp_dir();
    write(dir.path().join("a"), "same");
    write(dir.path().join("b"), "same");
    let said = site.run(&["ingest", "tree", dir.path().to_str().unwrap()]).expect(0).said();
    for word in ["2 files", "new"] {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
    let json = site.ok(&["snapshots", "--json"]);
    assert!(json.trim_start().starts_with(['{', '[']) && json.contains("\"none\""), "{json}");
}

#[test]
fn a_damaged_object_is_found_and_healed_by_the_same_content() {
    let site = files_site();
    let dir = temp_dir();
    write(dir.path().join("file"), "precious");
    site.ok(&["ingest", "tree", dir.path().to_str().unwrap()]);
    let object = crate::harness::walk(&site.root.join("objects"))
        .into_iter()
        .find(|path| path.is_file())
        .unwrap();
    let rebuilt = site.run(&["fsck", "--rebuild"]).expect(0);
    drop(rebuilt);
    std::fs::remove_file(&object).unwrap();
    let found = site.run(&["fsck"]);
    assert!(matches!(found.code, Some(1 | 4)), "{}", found.said());
    site.ok(&["ingest", "tree", dir.path().to_str().unwrap(), "--even-if-unchanged"]);
    assert!(object.exists(), "the same content came again");
}

#[test]
fn a_flipped_bit_is_damage_and_is_named() {
    let site = files_site();
    let dir = temp_dir();
    write(dir.path().join("file"), "precious");
    site.ok(&["ingest", "tree", dir.path().to_str().unwrap()]);
    let object = crate::harness::walk(&site.root.join("objects"))
        .into_iter()
        .find(|path| path.is_file())
        .unwrap();
    let time = std::fs::metadata(&object).unwrap().modified().unwrap();
    std::fs::write(&object, "preciouz").unwrap();
    std::fs::File::options().write(true).open(&object).unwrap().set_modified(time).unwrap();
    let found = site.run(&["fsck", "--deep"]).expect(4);
    let name = object.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(found.said().contains(&name[..12]), "{}", found.said());
    site.run(&["verify", "tree", "--deep"]).expect(4);
}

#[test]
fn a_folder_may_be_reached_through_a_link_and_the_record_says_which() {
    let site = files_site();
    let dir = temp_dir();
    write(dir.path().join("real/file"), "x");
    std::os::unix::fs::symlink("real", dir.path().join("link")).unwrap();
    let ran =
        crate::harness::ran(site.command(&["ingest", "tree", "link"]).current_dir(dir.path()));
    ran.expect(0);
    let shown = site.ok(&["show", "tree"]);
    assert!(shown.contains(&format!("ingest {}/link", dir.path().display())), "{shown}");
}

#[test]
fn a_folder_without_files_is_taken_and_shown_only_when_asked() {
    let site = files_site();
    let dir = temp_dir();
    std::fs::create_dir_all(dir.path().join("empty/folders")).unwrap();
    let tree = dir.path().to_str().unwrap();
    site.run(&["ingest", "tree", tree]).expect(2).says("--allow-empty");
    assert!(site.dates("tree").is_empty());
    site.ok(&["ingest", "tree", tree, "--allow-empty"]);
    site.run(&["promote", "tree", "--to", "production"]).expect(1).says("--allow-empty");
    site.run(&["promote", "--all", "--to", "production"]).expect(1).says("--allow-empty");
    assert_eq!(site.shows("production", "tree"), None);
    site.ok(&["promote", "tree", "--to", "production", "--allow-empty"]);
    assert_eq!(site.shows("production", "tree"), site.dates("tree").pop());
    site.sound();
}

#[test]
fn a_clock_that_went_back_is_told_and_dates_grow_all_the_same() {
    let site = files_site();
    let dir = temp_dir();
    write(dir.path().join("file"), "one");
    let tree = dir.path().to_str().unwrap();
    site.ok(&["ingest", "tree", tree, "--taken", "2099-01-01T00:00:00Z"]);
    write(dir.path().join("file"), "two");
    site.run(&["ingest", "tree", tree]).expect(0).says("clock");
    assert_eq!(site.dates("tree"), ["20990101T000000Z", "20990101T000001Z"]);
    site.ok(&["promote", "tree", "--to", "production"]);
    assert_eq!(site.shows("production", "tree").unwrap(), "20990101T000001Z");
    // A move that was made while the clock was ahead, as its record would say.
    let record = site.root.join("generations/production/1");
    let text = std::fs::read_to_string(&record).unwrap();
    let date = text.lines().find(|line| line.starts_with("date = ")).unwrap();
    std::fs::remove_file(&record).unwrap();
    write(&record, text.replace(date, "date = 4070908800"));
    let back = site.run(&["promote", "tree@20990101T000000Z", "--to", "production"]).expect(0);
    back.says("2099-01-01 00:00:00").says("clock");
}
