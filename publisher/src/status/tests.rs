#![expect(clippy::disallowed_methods, reason = "tests damage files by hand")]

use std::time::Duration;

use pinfold_store::lock::Asker;

use super::*;
use crate::generation::init_channel;

fn asker() -> Asker {
    Asker { verb: "pinfold test".to_owned(), wait: Duration::ZERO }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn look(store: &Store) -> Look<'_> {
    let now = Stamp::parse_end("20261123T040000Z").unwrap();
    static UTC: TimeZone = TimeZone::UTC;
    Look { store, now, zone: &UTC, problems: Vec::new() }
}

#[test]
fn an_empty_store_has_a_status() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    let mut look = look(&store);
    let mirror = look.mirror(&name("lab"), Some(&Schedule::parse("0 5 * * *").unwrap()));
    assert_eq!((mirror.snapshots, mirror.published), (0, 0));
    assert_eq!(mirror.sync.schedule.as_deref(), Some("0 5 * * *"));
    assert_eq!(mirror.sync.next, Some(look.now), "it was never tried");
    let by_hand = look.mirror(&name("lab"), Some(&Schedule::never())).sync;
    assert_eq!((by_hand.schedule, by_hand.next), (None, None));
    let status = look.status(BTreeMap::from([(name("lab"), mirror)]), BTreeMap::new());
    assert_eq!(status.problems, Vec::<String>::new());
    let disk = status.disk.unwrap();
    assert!(disk.free_bytes > 0 && disk.bytes >= disk.free_bytes && disk.reserve_bytes > 0);
    let value = serde_json::to_value(&status).unwrap();
    assert_eq!(value["version"], 1);
    assert!(value["mirrors"]["lab"]["newest"].is_null());
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let store = Store::create(&root).unwrap();
    let lock = store.lock_site(&asker()).unwrap();
    let (good, bad) = (name("good"), name("bad"));
    for channel in [&good, &bad] {
        init_channel(&store, channel, &lock, (Stamp::from_seconds(0), "lab")).unwrap();
    }
    std::fs::remove_file(root.join("www/channels/bad")).unwrap();
    std::fs::create_dir_all(root.join("generations/good/pins")).unwrap();
    std::fs::write(root.join("generations/good/pins/lab"), "no pin").unwrap();
    std::fs::create_dir_all(root.join("snapshots/lab")).unwrap();
    std::fs::write(root.join("snapshots/lab/20261122T040000Z"), "no record").unwrap();
    let mut look = look(&store);
    assert!(look.channel(&bad, None).broken.unwrap().contains("bad"));
    let channel = look.channel(&good, None);
    assert_eq!((channel.broken, channel.generation, channel.verb.as_str()), (None, 0, "init"));
    let mirror = look.mirror(&name("lab"), None);
    assert_eq!((mirror.snapshots, mirror.newest.is_none()), (1, true));
    assert_eq!(look.problems.len(), 2, "{:?}", look.problems);
    assert!(look.problems[1].contains("20261122T040000Z"), "{:?}", look.problems);
}

#[test]
fn a_disk_is_full_where_bytes_or_inodes_are() {
    let roomy = DiskStatus {
        free_bytes: 100,
        bytes: 1000,
        reserve_bytes: 30,
        free_inodes: Some(100),
        inodes: Some(1000),
        reserve_inodes: Some(30),
    };
    assert!(!roomy.is_full());
    assert!(DiskStatus { free_bytes: 30, ..roomy }.is_full());
    assert!(DiskStatus { free_inodes: Some(30), ..roomy }.is_full());
    let endless = DiskStatus { free_inodes: None, inodes: None, reserve_inodes: None, ..roomy };
    assert!(!endless.is_full());
}

#[test]
fn how_the_last_sync_ended_and_when_the_next_comes_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    let (mirror, daily) = (name("lab"), Schedule::parse("0 5 * * *").unwrap());
    let mut look = look(&store);
    let ago = |seconds: i64| Stamp::from_seconds(look.now.seconds() - seconds);
    let failed = Tried {
        at: ago(600),
        code: 3,
        said: "upstream is away".to_owned(),
        good: Some(ago(90_000)),
        failures: 2,
        not_before: Some(ago(-300)),
    };
    schedule::write(&store, What::Mirror(&mirror), &failed).unwrap();
    let sync = look.mirror(&mirror, Some(&daily)).sync;
    assert_eq!(sync.last_good_age_seconds, Some(90_000));
    assert_eq!((sync.last_try, sync.next), (Some(failed.at), failed.not_before));
    let failure = sync.failure.unwrap();
    assert_eq!((failure.exit_code, failure.in_a_row), (3, 2));
    assert_eq!(failure.said, "upstream is away");
    let good = Tried {
        code: 0,
        said: String::new(),
        good: Some(failed.at),
        failures: 0,
        not_before: None,
        ..failed
    };
    schedule::write(&store, What::Mirror(&mirror), &good).unwrap();
    let sync = look.mirror(&mirror, Some(&daily)).sync;
    assert_eq!((sync.failure, sync.last_good_age_seconds), (None, Some(600)));
    assert_eq!(sync.next, Some(Stamp::parse_end("20261123T050000Z").unwrap()));
    std::fs::write(dir.path().join("root/schedule/mirrors/lab"), "nonsense").unwrap();
    let sync = look.mirror(&mirror, Some(&daily)).sync;
    assert_eq!((sync.last_try, look.problems.len()), (None, 1));
}
