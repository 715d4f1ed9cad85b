//! The first sync of a big archive: whether it fits is said before, it outlives the terminal, it can be looked at, and it goes on.

use crate::harness::{
    Mount, Odd, Site, Upstream, count, follow, following, ran, stanza, tool, write,
};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::process::{Command, Stdio};
use std::time::Duration;

const TICK: Duration = Duration::from_millis(20);

/// Noise that is in no other file.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(bytes).collect()
}

/// An archive of so many packages of this size, each in a folder of its own.
pub(crate) fn big(packages: u64, bytes: usize) -> Odd {
    let archive = Odd::new();
    let mut list = String::new();
    for number in 0..packages {
        let (name, path) = (format!("p{number}"), format!("pool/p{number}/p{number}.deb"));
        let content = noise(number + 1, bytes);
        archive.file(&path, &content);
        list += &stanza(&name, &path, &content);
    }
    archive.suite("lab", 23, &list);
    archive
}

/// Starts a sync of `lab` in the background; gives its process.
pub(crate) fn start(site: &Site) -> Pid {
    let said = site.ok(&["sync", "lab", "--background", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&said).unwrap();
    let pid = value["pid"].as_i64().unwrap_or_else(|| panic!("it is at work\n{said}"));
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

/// Waits for something that comes.
pub(crate) fn wait_for(what: &str, has_come: impl Fn() -> bool) {
    for _ in 0..6000 {
        if has_come() {
            return;
        }
        std::thread::sleep(TICK);
    }
    panic!("{what} does not come");
}

fn is_alive(process: Pid) -> bool {
    // One that nobody waits for is taken by the host's first process, sooner or later.
    let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    test_kill_process(process).is_ok() && !state.contains(") Z ")
}

/// The session of a process, and its terminal.
fn session(process: Pid) -> (String, String) {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    (fields[3].to_owned(), fields[4].to_owned())
}

fn log(site: &Site) -> String {
    std::fs::read_to_string(site.dir().join("logs/lab.log")).unwrap()
}

#[test]
fn a_killed_one_goes_on_where_it_was() {
    let archive = big(6, 200_000);
    let upstream = Upstream::of(&archive.tree, "limit_rate 200k;");
    let site = following(&upstream.url(), "connections = 1\n");
    let process = start(&site);
    // The third package is on its way.
    let asked = || site.leftovers().iter().filter(|name| name.starts_with("want-")).count();
    wait_for("the third package", || asked() == 3);
    kill_process(process, Signal::KILL).unwrap();
    wait_for("its end", || !is_alive(process));
    assert!(site.dates("lab").is_empty(), "no half snapshot");
    let first = upstream.asked();
    assert_eq!(count(&first, ".deb"), 3, "{first:?}");
    assert!(site.root.join("running/lab").exists(), "it could not take its word back");

    let process = start(&site);
    wait_for("its end", || !is_alive(process));
    assert_eq!(site.dates("lab").len(), 1, "{}", log(&site));
    let second = upstream.asked();
    let debs: Vec<&String> = second.iter().filter(|line| line.contains(".deb")).collect();
    assert!(debs.len() <= 4, "whole packages are not asked for again: {debs:?}");
    assert!(debs.iter().filter(|line| line.ends_with(" 206")).count() <= 1, "{debs:?}");
    assert!(!site.root.join("running/lab").exists());
    assert!(log(&site).contains("took lab@"), "{}", log(&site));
    site.sound();
}

#[test]
fn the_terminal_may_go_and_a_second_start_is_told_who_works() {
    let archive = big(5, 150_000);
    let upstream = Upstream::of(&archive.tree, "limit_rate 150k;");
    let site = following(&upstream.url(), "connections = 1\n");
    let program = site.command(&["sync", "lab", "--background"]);
    let words: Vec<String> = [program.get_program()]
        .into_iter()
        .chain(program.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    // A terminal of its own, which goes when the command ended: then the kernel hangs up.
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]);
    let said = String::from_utf8(tool(script.stdin(Stdio::null())).stdout).unwrap();
    assert!(said.contains("at work in the background, pid "), "{said}");
    assert!(said.contains("logs/lab.log") && said.contains("pinfold status lab"), "{said}");
    let pid = said.split("pid ").nth(1).unwrap().split(':').next().unwrap();
    let process = Pid::from_raw(pid.parse().unwrap()).unwrap();
    assert!(is_alive(process));
    assert_eq!(session(process), (pid.to_owned(), "0".to_owned()), "a session without a terminal");

    let busy = site.run(&["sync", "lab", "--background"]).expect(75);
    busy.says(&format!("pid {pid} (pinfold sync)"));
    site.run(&["sync", "lab"]).expect(75).says(pid);
    assert_eq!(std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap().to_str(), Some("/"));
    wait_for("its end", || !is_alive(process));
    assert_eq!(site.dates("lab").len(), 1, "{}", log(&site));
    assert_eq!(count(&upstream.asked(), ".deb"), 5, "all in one run");
    // Nothing is left to do: it has ended before anybody could see it at work.
    site.run(&["sync", "lab", "--background"]).expect(0).says("done already: nothing changed");
    site.sound();
}

#[test]
fn until_it_ends_the_site_asks_to_come_again_for_this_mirror_only() {
    let archive = big(4, 150_000);
    let upstream = Upstream::of(&archive.tree, "limit_rate 150k;");
    let site = Site::bare();
    follow(&site, "lab", &upstream.url(), "connections = 1\n");
    site.mirror("tree", "family = \"files\"\nmount = \"tree\"\n");
    site.ok(&["init"]);
    let folder = site.dir().join("folder");
    write(folder.join("one"), "1");
    site.ok(&["ingest", "tree", folder.to_str().unwrap()]);
    site.ok(&["promote", "tree", "--to", "production"]);
    let nginx = site.nginx();
    let process = start(&site);
    let path = "/archive.example.org/lab/dists/lab/InRelease";
    let answer = nginx.get(path);
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
    assert_eq!(nginx.get("/archive.example.org/lab/pool/p0/p0.deb").status, 503);
    assert_eq!(nginx.get("/tree/one").text(), "1", "others are served");
    assert!(is_alive(process), "all that was meanwhile");
    wait_for("its end", || !is_alive(process));
    assert_eq!(nginx.get(path).status, 503, "no channel shows it yet");
    site.ok(&["promote", "lab", "--to", "production"]);
    assert_eq!(nginx.get(path).status, 200);
    assert_eq!(nginx.get("/tree/one").status, 200);
}

#[test]
fn what_does_not_fit_is_refused_with_its_numbers_before_a_package_is_asked_for() {
    let mount = Mount::ext4(48, &[]);
    let archive = big(30, 1 << 20);
    let upstream = Upstream::of(&archive.tree, "");
    let site = Site::with_root(&mount.path().join("root"));
    follow(&site, "lab", &upstream.url(), "");
    site.ok(&["init"]);
    write(mount.path().join("ballast"), noise(99, 12 << 20));
    // Of the tree and of the union: the top, pool and its 30, dists/lab/main/binary-amd64/by-hash/SHA256. Links name the days.
    let folders = 2 * (1 + 31 + 6);
    let (bytes, files) = ((30 << 20) + folders * 4096, 30 + folders + 800);
    for args in
        [&["sync", "lab", "--background"][..], &["sync", "lab", "--background", "--dry-run"]]
    {
        let refused = site.run(args).expect(5).says("above the reserve of 3%");
        refused.says(&format!("has no room for {bytes} bytes in {files} files"));
    }
    site.run(&["sync", "lab"]).expect(5).says("has no room for").says("hint: ");
    assert_eq!(count(&upstream.asked(), ".deb"), 0);
    assert!(site.dates("lab").is_empty());
    std::fs::remove_file(mount.path().join("ballast")).unwrap();
    site.run(&["sync", "lab", "--background", "--dry-run"]).expect(0).says("would take");
    assert!(site.dates("lab").is_empty());
}

#[test]
fn inodes_count_with_those_of_the_folders_to_show() {
    let mount = Mount::ext4(64, &["-N", "3000"]);
    let archive = big(100, 100);
    let upstream = Upstream::of(&archive.tree, "");
    let site = Site::with_root(&mount.path().join("root"));
    follow(&site, "lab", &upstream.url(), "");
    site.ok(&["init"]);
    let mut eaten = 0;
    while rustix::fs::statvfs(mount.path()).unwrap().f_favail > 1100 {
        write(mount.path().join(format!("eaten/{eaten}")), "");
        eaten += 1;
    }
    // 100 files fit above the reserve; with what shows them they do not.
    site.run(&["sync", "lab", "--background"]).expect(5).says("bytes in 1116 files");
    site.run(&["sync", "lab"]).expect(5).says("has no room for");
    assert_eq!(count(&upstream.asked(), ".deb"), 0);
    site.ok(&["sync", "lab", "--no-publish"]);
    std::fs::remove_dir_all(mount.path().join("eaten")).unwrap();
    site.ok(&["publish", "lab"]);
    site.sound();
}

#[test]
fn one_that_cannot_begin_says_why_as_if_it_stood_in_front() {
    let archive = big(2, 100);
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    write(site.dir().join("upstream.asc"), "no key");
    site.run(&["sync", "lab", "--background"]).expect(2).says("upstream.asc").says("logs/lab.log");
    let other = crate::harness::UpstreamKey::other("stranger", &[], "never");
    write(site.dir().join("upstream.asc"), other.public());
    site.run(&["sync", "lab", "--background"]).expect(4).says("InRelease");
    drop(upstream);
    site.run(&["sync", "lab", "--background"]).expect(3).says("127.0.0.1");
    site.run(&["sync", "none", "--background"]).expect(2).says("no mirror 'none'");
    let mut killed = site.command(&["sync", "lab", "--background"]);
    let upstream = Upstream::of(&archive.tree, "");
    follow(&site, "lab", &upstream.url(), "");
    let ended = ran(killed.env("PINFOLD_KILL_AT", "object-written")).expect(5);
    ended.says("before it was at work").says("signal");
    assert!(site.dates("lab").is_empty());
    site.ok(&["sync", "lab"]);
    site.sound();
}
