#![expect(clippy::disallowed_methods, reason = "tests damage files by hand")]

use std::time::Duration;

use super::*;
use crate::lock::Asker;

fn asker() -> Asker {
    Asker { verb: "pinfold sync".to_owned(), wait: Duration::ZERO }
}

fn running() -> Running {
    Running {
        verb: "sync".to_owned(),
        pid: std::process::id(),
        starter: Some(7),
        is_begun: true,
        since: Stamp::from_seconds(1_800_000_000),
        seconds: 64,
        fetched_files: 3,
        fetched_bytes: 4096,
        step: Some(Step {
            title: "fetching files".to_owned(),
            is_bytes: true,
            done: 4096,
            total: Some(8192),
            files_done: Some(3),
            files_total: Some(6),
            rate: Some(64),
            left_seconds: Some(64),
        }),
        planned: Some(Plan { files: 6, bytes: 8192, fetch_files: 6, fetch_bytes: 8192 }),
    }
}

#[test]
fn what_a_run_says_is_heard_while_it_holds_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    let mirror: Name = "lab".parse().unwrap();
    assert_eq!((store.running(&mirror), store.holder(&mirror)), (None, None));
    let lock = store.lock_mirror(&mirror, &asker()).unwrap();
    let notes = store.notes(&lock);
    assert_eq!(store.running(&mirror), None, "it said nothing yet");
    assert!(store.holder(&mirror).unwrap().ends_with("(pinfold sync)"));
    notes.write(&running()).unwrap();
    assert_eq!(store.running(&mirror), Some(running()));
    let plain = Running { step: None, planned: None, starter: None, ..running() };
    notes.write(&plain).unwrap();
    assert_eq!(store.running(&mirror), Some(plain));
    drop(lock);
    assert_eq!(store.running(&mirror), None, "its writer is gone");
    let lock = store.lock_mirror(&mirror, &asker()).unwrap();
    store.notes(&lock).write(&Running { pid: 1, ..running() }).unwrap();
    assert_eq!(store.running(&mirror), None, "the lock is another's by now");
    notes.remove().unwrap();
    notes.remove().unwrap();
}

#[test]
fn what_cannot_be_read_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    let mirror: Name = "lab".parse().unwrap();
    let lock = store.lock_mirror(&mirror, &asker()).unwrap();
    let notes = store.notes(&lock);
    notes.write(&running()).unwrap();
    let path = dir.path().join("root/running/lab");
    for bytes in [&b""[..], b"verb = 7", b"\xff\xfe", &[b'#'; 70_000]] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(store.running(&mirror), None);
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(store.running(&mirror), None);
    assert!(notes.write(&running()).is_err(), "the writer passes over it");
}
