//! Mirrors whose tree comes whole: by rsync from a real server, or by a program of others.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::harness::{Archive, Rsyncd, Site, following, temp_dir, walk, write};

/// A site whose mirror `lab` of plain files has further lines.
fn site(lines: &str) -> Site {
    let site = Site::fleeting();
    site.mirror("lab", &format!("family = \"files\"\nmount = \"lab\"\n{lines}"));
    site.ok(&["init"]);
    site
}

fn by_rsync(url: &str, more: &str) -> Site {
    site(&format!("upstream = \"{url}\"\ntimeout = \"5s\"\n{more}"))
}

fn log(site: &Site) -> String {
    std::fs::read_to_string(site.dir().join("logs/lab.log")).unwrap()
}

/// Makes a program of a script; gives its path.
fn script(dir: &Path, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join("tool");
    write(&path, format!("#!/bin/sh\n{text}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn by_program(dir: &Path, text: &str, more: &str) -> Site {
    let tree = dir.join("tree");
    std::fs::create_dir_all(&tree).unwrap();
    site(&format!(
        "command = [\"{}\", \"one word\"]\ntree = \"{}\"\n{more}",
        script(dir, text),
        tree.display()
    ))
}

#[test]
fn an_rsync_server_is_followed_and_what_did_not_change_is_neither_sent_nor_read() {
    let upstream = temp_dir();
    for number in 0..40 {
        // Files of one size and second differ in their times here, as nginx needs it, and rsync looks into those again.
        write(upstream.path().join(format!("d{}/f{number}", number % 4)), "x".repeat(number + 9));
    }
    std::os::unix::fs::symlink("f0", upstream.path().join("d0/link")).unwrap();
    let server = Rsyncd::of(upstream.path());
    let site = by_rsync(&server.url(), "");
    site.run(&["sync", "lab", "--dry-run"]).expect(0).says("rsync said");
    let said = site.ok(&["sync", "lab", "--dry-run", "--json"]);
    assert!(said.starts_with('{') && said.contains("\"log\""), "JSON stays JSON: {said}");
    assert!(site.dates("lab").is_empty(), "only said");
    site.run(&["sync", "lab"]).expect(0).says("40 files");
    let first = site.tree("lab", &site.dates("lab")[0]);
    assert_eq!(std::fs::read_link(first.join("d0/link")).unwrap(), Path::new("f0"));
    site.run(&["sync", "lab"]).expect(0).says("nothing changed");
    write(upstream.path().join("d1/f1"), "another file 1");
    std::fs::remove_file(upstream.path().join("d2/f2")).unwrap();
    site.run(&["sync", "lab"]).expect(0).says("39 files");
    let dates = site.dates("lab");
    assert_eq!(dates.len(), 2);
    let (old, new) = (site.tree("lab", &dates[0]), site.tree("lab", &dates[1]));
    assert_eq!(std::fs::read(old.join("d1/f1")).unwrap(), [b'x'; 10], "never written in place");
    assert_eq!(std::fs::read(new.join("d1/f1")).unwrap(), b"another file 1");
    assert!(old.join("d2/f2").exists() && !new.join("d2/f2").exists());
    let inode = |path: std::path::PathBuf| path.metadata().unwrap().ino();
    assert_eq!(inode(old.join("d3/f3")), inode(new.join("d3/f3")));
    let runs = log(&site);
    let sent: Vec<&str> = runs
        .lines()
        .filter(|line| line.starts_with("Number of regular files transferred"))
        .collect();
    assert!(sent.len() == 5 && sent[3].ends_with(": 0") && sent[4].ends_with(": 1"), "{sent:?}");
    assert!(site.leftovers().is_empty(), "{:?}", site.leftovers());
    site.sound();
}

#[test]
fn what_no_tree_shows_is_not_fetched_again_all_the_same() {
    let upstream = temp_dir();
    write(upstream.path().join("a"), "a");
    let server = Rsyncd::of(upstream.path());
    let site = by_rsync(&server.url(), "");
    site.run(&["sync", "lab", "--no-publish"]).expect(0).says("took");
    site.run(&["sync", "lab", "--no-publish"]).expect(0).says("nothing changed");
    let sent = "Number of regular files transferred: ";
    assert_eq!(log(&site).matches(&format!("{sent}1")).count(), 1, "{}", log(&site));
    assert_eq!(log(&site).matches(&format!("{sent}0")).count(), 1, "{}", log(&site));
}

#[test]
fn what_a_server_must_not_do_is_refused_and_the_newest_snapshot_stays() {
    let upstream = temp_dir();
    write(upstream.path().join("a"), "a");
    write(upstream.path().join("secret/b"), "b");
    std::os::unix::fs::symlink("/etc/passwd", upstream.path().join("outside")).unwrap();
    let server = Rsyncd::of(upstream.path());
    let site = by_rsync(&server.url(), "rsync-exclude = [\"/secret/\"]\n");
    site.run(&["sync", "lab"]).expect(0).says("1 files");
    let tree = site.tree("lab", &site.dates("lab")[0]);
    assert_eq!(walk(&tree).len(), 1, "no link leads out, and what is excluded did not come");
    drop(server);
    let ran = site.run(&["sync", "lab"]).expect(3).says("rsync failed").says("logs/lab.log");
    assert!(ran.said().contains("the newest snapshot stays"), "{}", ran.said());
    assert_eq!(site.dates("lab").len(), 1);
}

#[test]
fn an_archive_that_comes_by_rsync_is_proved_by_its_signatures() {
    let archive = Archive::first();
    let server = Rsyncd::of(&archive.tree);
    let site = following(&server.url(), "");
    site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
    site.run(&["verify", "lab"]).expect(0);
    let package = archive.tree.join("pool/main/a/alpha/alpha_1.0_all.deb");
    let package = if package.exists() {
        package
    } else {
        walk(&archive.tree).into_iter().find(|path| path.ends_with("alpha_1.0_all.deb")).unwrap()
    };
    std::fs::remove_file(package).unwrap();
    site.run(&["sync", "lab", "--even-if-unchanged"]).expect(4).says("alpha_1.0_all.deb");
    assert_eq!(site.dates("lab").len(), 1, "an archive with a hole is no snapshot");
}

#[test]
fn a_program_brings_a_tree_that_is_taken_only_where_it_ended_well() {
    let dir = temp_dir();
    let text = "cd \"$(dirname \"$0\")\" || exit 9\ncat state 2>/dev/null >tree/file || echo first >tree/file\n\
        echo \"told $1\"\n[ ! -e fail ] || { echo 'the upstream is on fire' >&2; exit 7; }";
    let site = by_program(dir.path(), text, "");
    site.run(&["sync", "lab", "--dry-run"]).expect(0).says("would run");
    let said = site.ok(&["sync", "lab", "--dry-run", "--json"]);
    assert!(said.starts_with('{') && said.contains("\"dry_run\""), "JSON stays JSON: {said}");
    site.run(&["sync", "lab"]).expect(0).says("1 files");
    assert!(log(&site).contains("told one word"), "{}", log(&site));
    write(dir.path().join("state"), "second");
    write(dir.path().join("fail"), "");
    site.run(&["sync", "lab"])
        .expect(3)
        .says("exit code 7")
        .says("the upstream is on fire")
        .says("the newest snapshot stays");
    assert_eq!(site.dates("lab").len(), 1);
    std::fs::remove_file(dir.path().join("fail")).unwrap();
    site.run(&["sync", "lab"]).expect(0).says("took");
    site.run(&["show", "lab"]).expect(0).says("command ");
}

#[test]
fn a_program_that_takes_too_long_is_ended_with_all_that_it_started() {
    let dir = temp_dir();
    let text = "cd \"$(dirname \"$0\")\" || exit 9\nsleep 300 & echo $! >child\nwait";
    let site = by_program(dir.path(), text, "deadline = \"300ms\"\n");
    site.run(&["sync", "lab"]).expect(3).says("longer than its deadline");
    let child: u32 =
        std::fs::read_to_string(dir.path().join("child")).unwrap().trim().parse().unwrap();
    assert!(is_gone(child), "its child lives");
}

/// Says whether a process is gone, within a second; one that nobody waited for is.
fn is_gone(id: u32) -> bool {
    (0..100).any(|_| {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let is_gone = status.is_empty() || status.contains("State:\tZ");
        if !is_gone {
            std::thread::sleep(Duration::from_millis(10));
        }
        is_gone
    })
}

#[test]
fn a_run_that_is_killed_leaves_the_mirror_busy_until_its_program_ended() {
    let dir = temp_dir();
    let text = "cd \"$(dirname \"$0\")\" || exit 9\necho $$ >child\nsleep 300";
    let site = by_program(dir.path(), text, "");
    let begin = || {
        let started = dir.path().join("child");
        drop(std::fs::remove_file(&started));
        let child = site
            .command(&["sync", "lab"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let id = loop {
            let id = std::fs::read_to_string(&started).unwrap_or_default();
            if let Ok(id) = id.trim().parse::<u32>() {
                break id;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        (child, id)
    };
    let (mut child, id) = begin();
    child.kill().unwrap();
    child.wait().unwrap();
    site.run(&["sync", "lab"]).expect(75);
    let group = rustix::process::Pid::from_raw(id.try_into().unwrap()).unwrap();
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
    assert!(is_gone(id));
    // A signal that may be heard ends both.
    let (child, id) = begin();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(143));
    assert!(is_gone(id), "the program outlives the run that started it");
}

#[test]
fn what_cannot_be_run_is_refused_with_its_mend() {
    let site = site("");
    for (lines, says) in [
        ("upstream = \"rsync://\"\n", "rsync://HOST/MODULE/"),
        ("upstream = \"rsync://-e/x\"\n", "rsync://HOST/MODULE/"),
        ("upstream = \"rsync://h/../x\"\n", "is .."),
        ("upstream = [\"rsync://h/x\", \"http://h/\"]\n", "one rsync:// URL"),
        ("rsync-exclude = [\"x\"]\n", "rsync-exclude"),
        ("command = []\ntree = \"/x\"\n", "names no program"),
        ("command = [\"tool\"]\ntree = \"/x\"\n", "whole path"),
        ("command = [\"/bin/true\"]\n", "tree = "),
        ("command = [\"/bin/true\"]\ntree = \"x\"\n", "absolute"),
        ("tree = \"/x\"\n", "there is none"),
    ] {
        site.mirror("lab", &format!("family = \"files\"\nmount = \"lab\"\n{lines}"));
        site.run(&["sync", "lab"]).expect(2).says(says);
    }
    let missing = "command = [\"/nowhere/tool\"]\ntree = \"/x\"\n";
    site.mirror("lab", &format!("family = \"files\"\nmount = \"lab\"\n{missing}"));
    site.run(&["sync", "lab"]).expect(5).says("cannot start /nowhere/tool");
}
