//! Two processes at once: one works, the other says who does, and readers never wait.
use crate::harness::{Archive, Site, temp_dir, write};
use std::process::Stdio;
use std::time::Duration;

/// A tree whose ingest takes a while.
fn big(files: usize, seed: usize) -> tempfile::TempDir {
    let dir = temp_dir();
    for number in 0..files {
        write(
            dir.path().join(format!("d{}/f{number}", number % 37)),
            format!("{seed} {number} ").repeat(200),
        );
    }
    dir
}

fn files_site(names: &[&str]) -> Site {
    let site = Site::bare();
    for name in names {
        site.mirror(name, &format!("family = \"files\"\nmount = \"{name}\"\n"));
    }
    site.ok(&["init"]);
    site
}

#[test]
fn the_same_content_comes_by_two_processes_at_once() {
    let site = files_site(&["left", "right"]);
    let dir = big(3000, 1);
    let tree = dir.path().to_str().unwrap();
    let start = |mirror: &str| {
        site.command(&["ingest", mirror, tree, "--wait", "120"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let (left, right) = (start("left"), start("right"));
    for child in [left, right] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(site.objects(), 3000);
    site.sound();
}

#[test]
fn a_second_ingest_of_one_mirror_is_told_who_works() {
    let site = files_site(&["left"]);
    let dir = big(6000, 2);
    let tree = dir.path().to_str().unwrap();
    let mut first = site
        .command(&["ingest", "left", tree, "--wait", "120"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut refused = None;
    while first.try_wait().unwrap().is_none() {
        let second = site.run(&["ingest", "left", tree, "--even-if-unchanged"]);
        if second.code == Some(75) {
            assert!(
                second.said().contains(&first.id().to_string()) && second.said().contains("ingest"),
                "names pid and verb: {}",
                second.said()
            );
            refused = Some(());
        }
        let reader = site.run(&["snapshots"]);
        assert_eq!(reader.code, Some(0), "readers never wait: {}", reader.said());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(refused.is_some(), "no run was refused while the first worked");
    site.run(&["ingest", "left", tree]).expect(0);
    site.sound();
}

#[test]
fn moves_prunes_and_ingests_at_once_leave_a_whole_site() {
    let site = Site::new_fleeting();
    let archive = Archive::first();
    let mut dates = Vec::new();
    for (number, day) in (10..18).enumerate() {
        archive.next_state(&format!("1.{number}"), &format!("Mon, {day} Mar 2026 04:00:00 UTC"));
        dates.push(site.ingest(&archive.tree, &["--taken", &format!("2026-03-{day}T04:00:00Z")]));
    }
    site.ok(&["promote", "lab", "--to", "production"]);
    archive.next_state("9.0", "Mon, 23 Mar 2026 04:00:00 UTC");
    std::thread::scope(|scope| {
        let fine = |args: Vec<String>| {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let ran = site.run(&args);
            assert!(
                matches!(ran.code, Some(0 | 1 | 75)),
                "{args:?}: {:?} {}",
                ran.code,
                ran.said()
            );
        };
        scope.spawn(move || {
            for _ in 0..10 {
                fine(
                    ["promote", "lab", "--to", "production", "--wait", "60"]
                        .map(str::to_owned)
                        .to_vec(),
                );
                fine(["rollback", "production", "--wait", "60"].map(str::to_owned).to_vec());
            }
        });
        let old = &dates;
        scope.spawn(move || {
            for date in &old[..4] {
                fine(["prune", &format!("lab@{date}"), "--wait", "60"].map(str::to_owned).to_vec());
            }
        });
        let tree = archive.tree.to_str().unwrap();
        scope.spawn(move || {
            for _ in 0..3 {
                fine(
                    ["ingest", "lab", tree, "--even-if-unchanged", "--wait", "60"]
                        .map(str::to_owned)
                        .to_vec(),
                );
            }
        });
    });
    let apt = {
        let _nginx = site.nginx();
        let apt = site.client("production");
        apt.get(&["update"]);
        apt
    };
    assert!(apt.candidate("alpha").is_some());
    site.sound();
}

#[test]
fn a_prune_goes_on_beside_an_ingest_that_takes_what_it_collects() {
    let site = files_site(&["left", "right"]);
    let (small, dir) = (big(3, 4), big(4000, 3));
    let tree = dir.path().to_str().unwrap();
    for round in 0..4 {
        site.ok(&["ingest", "left", tree]);
        write(small.path().join("file"), format!("{round}"));
        site.ok(&["ingest", "left", small.path().to_str().unwrap()]);
        let whole = site.dates("left")[round].clone();
        let mut ingest = site
            .command(&["ingest", "right", tree, "--even-if-unchanged", "--wait", "60"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while site.leftovers().is_empty() && ingest.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        let swept = site.run(&["prune"]);
        if ingest.try_wait().unwrap().is_none() {
            swept.expect(75).says("pinfold ingest");
        }
        site.run(&["prune", &format!("left@{whole}"), "--wait", "60"]).expect(0);
        assert!(ingest.wait().unwrap().success());
        site.ok(&["verify", "right", "--deep"]);
        let right = site.dates("right")[0].clone();
        site.ok(&["prune", &format!("right@{right}")]);
    }
    site.sound();
}

#[test]
fn readers_find_nothing_amiss_while_others_write() {
    let site = Site::new_fleeting();
    let archive = Archive::first();
    for day in 10..14 {
        archive.next_state(&format!("1.{day}"), &format!("Mon, {day} Mar 2026 04:00:00 UTC"));
        site.ingest(&archive.tree, &["--taken", &format!("2026-03-{day}T04:00:00Z")]);
    }
    site.ok(&["promote", "lab", "--to", "production"]);
    let done = std::sync::atomic::AtomicBool::new(false);
    let read = &|args: &[&str]| {
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            let ran = site.run(args);
            assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.said());
        }
    };
    std::thread::scope(|scope| {
        let readers: [&[&str]; 5] = [
            &["fsck"],
            &["verify", "lab@production", "--deep"],
            &["snapshots"],
            &["channels", "--json"],
            &["log", "production"],
        ];
        let readers = readers.map(|args| scope.spawn(move || read(args)));
        let wrote = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for turn in 0..6 {
                archive.next_state(&format!("2.{turn}"), "Mon, 23 Mar 2026 04:00:00 UTC");
                let oldest = format!("lab@{}", site.dates("lab")[0]);
                let tree = archive.tree.to_str().unwrap();
                for args in [
                    &["ingest", "lab", tree, "--wait", "60"][..],
                    &["promote", "lab", "--to", "production", "--wait", "60"],
                    &["retire", &oldest, "--wait", "60"],
                    &["publish", &oldest, "--wait", "60"],
                    &["rollback", "production", "--wait", "60"],
                    &["promote", "lab", "--to", "production", "--wait", "60"],
                    &["prune", &oldest, "--wait", "60"],
                    &["prune", "--wait", "60"],
                ] {
                    site.ok(args);
                }
            }
        }));
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
        wrote.unwrap();
    });
    site.sound();
}

#[test]
fn several_inits_at_once_make_one_root_with_one_key() {
    let site = Site::bare();
    let inits: Vec<_> = (0..6)
        .map(|_| {
            let mut command = site.command(&["init", "--wait", "60"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut keys = std::collections::BTreeSet::new();
    for init in inits {
        let output = init.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        keys.insert(said.lines().find(|line| line.contains("signing key")).unwrap().to_owned());
    }
    assert_eq!(keys.len(), 1, "{keys:?}");
    site.sound();
}
