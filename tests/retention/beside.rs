//! Removal beside others: a client's download, a sync that takes hours, a promotion that comes in between.
use super::Days;
use crate::harness::{temp_dir, write};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

#[test]
fn a_download_that_is_open_ends_whole_though_tree_and_snapshot_go() {
    let days = Days::new("keep = { daily = 1 }", "grace = \"1d\"\n");
    // More than what two sockets and a web server hold between them.
    let large: Vec<u8> = (0..48_u32 << 18)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    write(days.tree("left").join("large"), &large);
    let first = days.day("left", "2026-11-01");
    std::fs::remove_file(days.tree("left").join("large")).unwrap();
    days.nights("left", 4..=5);
    let nginx = days.site.nginx();
    let path = format!("/snapshots/left/{first}/large");
    let mut stream = TcpStream::connect(("127.0.0.1", days.site.port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
        days.site.port
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut begun = vec![0; 64 * 1024];
    stream.read_exact(&mut begun).unwrap();
    days.at("2026-11-20T12:00:00Z", &["prune"]).expect(0);
    assert_eq!(days.kept("left"), ["05"]);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    let answer = [begun, rest].concat();
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    assert_eq!(answer.len() - body, large.len());
    assert!(answer[body..] == large[..], "every byte is what was promised");
    assert_eq!(nginx.get(&path).status, 404, "who comes now comes too late");
    days.site.sound();
}

#[test]
fn snapshots_are_dropped_while_another_mirror_is_brought_in_for_hours() {
    let days = Days::new("keep = { daily = 1 }", "grace = \"1d\"\n");
    days.nights("left", 1..=4);
    let (tree, flag) = (temp_dir(), days.site.dir().join("flag"));
    write(tree.path().join("file"), "brought in by a program");
    days.site.mirror(
        "right",
        &format!(
            "family = \"files\"\nmount = \"right\"\ncommand = [\"/bin/sh\", \"-c\", \"until [ -e {} ]; do sleep 0.05; done\"]\ntree = \"{}\"\n",
            flag.display(),
            tree.path().display()
        ),
    );
    let mut sync = days
        .site
        .command(&["sync", "right"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lock = days.site.root.join("locks/mirror.right");
    while !std::fs::read_to_string(&lock).is_ok_and(|text| text.contains("sync")) {
        assert!(sync.try_wait().unwrap().is_none(), "the sync ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    let now = "2026-11-20T12:00:00Z";
    let swept = days.at(now, &["prune"]).expect(75);
    drop(swept.says("pinfold sync"));
    assert_eq!(days.kept("left"), ["04"], "what names a snapshot is collected all the same");
    assert!(sync.try_wait().unwrap().is_none());
    write(&flag, "");
    assert!(sync.wait().unwrap().success());
    days.at(now, &["prune"]).expect(0);
    days.site.ok(&["verify", "right", "--deep"]);
    days.site.sound();
}

#[test]
fn a_mirror_that_another_run_works_on_is_told_and_the_others_are_done() {
    let days = Days::new("keep = { daily = 1 }", "grace = \"1d\"\n");
    for mirror in ["left", "right"] {
        days.nights(mirror, 1..=3);
    }
    let path = days.site.root.join("locks/mirror.left");
    let lock = std::fs::File::options().read(true).write(true).open(path).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let now = "2026-11-20T12:00:00Z";
    days.at(now, &["prune", "left"]).expect(75);
    days.at(now, &["prune"]).expect(75);
    assert_eq!((days.kept("left").len(), days.kept("right").len()), (3, 1));
    drop(lock);
    days.at(now, &["prune"]).expect(0);
    assert_eq!((days.kept("left").len(), days.kept("right").len()), (1, 1));
    days.site.sound();
}

#[test]
fn removals_and_moves_at_once_never_take_what_a_channel_shows() {
    let days = Days::new("keep = { daily = 1 }", "grace = \"0s\"\n");
    days.nights("left", 1..=12);
    days.site.ok(&["promote", "left", "--to", "production"]);
    let now = "2026-11-20T12:00:00Z";
    std::thread::scope(|scope| {
        let days = &days;
        let prune = scope.spawn(move || {
            for _ in 0..6 {
                let ran = days.at(now, &["prune", "--wait", "60"]);
                assert_eq!(ran.code, Some(0), "{}", ran.said());
            }
        });
        scope.spawn(move || {
            for day in (1..12).rev() {
                let snapshot = format!("left@202611{day:02}T040000Z");
                let ran =
                    days.at(now, &["promote", &snapshot, "--to", "production", "--wait", "60"]);
                // 2: it went before it was asked for.
                assert!(matches!(ran.code, Some(0 | 2)), "{day}: {:?} {}", ran.code, ran.said());
                let shown = days.site.shows("production", "left").unwrap();
                assert!(days.site.tree("left", &shown).join("always/there").exists(), "{shown}");
            }
        });
        prune.join().unwrap();
    });
    let shown = days.site.shows("production", "left").unwrap();
    assert!(days.site.dates("left").contains(&shown));
    days.site.ok(&["verify", "left@production", "--deep"]);
    days.site.sound();
}
