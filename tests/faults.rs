//! `sync` against a hostile server: a plain failure that names the URL, what was wanted and what came; the last snapshot and the
//! channels stay; what came is kept; the next sync succeeds; and nothing wrong is in the store.

use crate::harness::{
    Archive, Hostile, Mount, Odd, Ran, Site, follow, following, ran, stanza, walk,
};
use std::path::Path;
use std::process::Command;

/// A site that follows a hostile server, with one promoted day; upstream is a day ahead.
fn prepared(more: &str) -> (Archive, Hostile, Site, String) {
    let archive = Archive::first();
    let server = Hostile::serve(&archive.tree);
    let site = following(&server.url(), &format!("timeout = \"300ms\"\n{more}"));
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    archive.second_state();
    // Large archives list the plain form and do not have it.
    std::fs::remove_file(archive.tree.join(PLAIN)).unwrap();
    let first = site.dates("lab").pop().unwrap();
    (archive, server, site, first)
}

const PLAIN: &str = "dists/lab/main/binary-amd64/Packages";
const ROOT: &str = "/dists/lab/InRelease";
const INDEX: &str = "/dists/lab/main/binary-amd64/Packages.xz";
const DEB: &str = "/pool/main/a/alpha/alpha_2.0_all.deb";

/// Runs a sync that must not take more memory than a small machine has, nor write more than 12 MiB into one file.
fn sync(site: &Site) -> Ran {
    let inner = site.command(&["sync", "lab"]);
    let mut command = Command::new("bash");
    command.args(["-c", "ulimit -f 12288; ulimit -v 1500000; exec \"$0\" \"$@\""]);
    command.arg(inner.get_program()).args(inner.get_args());
    command.env_remove("PINFOLD_KILL_AT").env("NO_COLOR", "1").env("LC_ALL", "C");
    ran(&mut command)
}

/// Fault, exit code, and what is said besides the URL.
type Case = (&'static str, i32, &'static [&'static str]);

/// Each fault at one path fails as it should and moves nothing.
fn fail(path: &str, cases: &[Case]) {
    let (_archive, server, site, first) = prepared("");
    let url = format!("{}{}", server.url(), &path[1..]);
    for (fault, code, says) in cases {
        server.fault(path, fault);
        let ran = sync(&site);
        assert_eq!(ran.code, Some(*code), "{fault} at {path}\n{}", ran.said());
        for text in says.iter().chain([&url.as_str()]) {
            // A signature is said to be wrong by the file's path.
            let is_said = ran.err.contains(text) || (path == ROOT && text.contains("://"));
            assert!(is_said, "{fault}: {text:?} is not in\n{}", ran.err);
        }
        assert!(ran.err.lines().last().is_some_and(|line| line.len() < 1000), "{}", ran.err);
        assert_eq!(site.dates("lab"), [first.as_str()], "{fault}");
        assert_eq!(site.shows("production", "lab"), Some(first.clone()), "{fault}");
    }
    site.sound();
    server.fault(path, "");
    let nginx = site.nginx();
    let apt = site.client("production");
    apt.get(&["update"]);
    assert_eq!(apt.candidate("alpha").as_deref(), Some("1.0"));
    sync(&site).expect(0);
    assert_eq!(site.dates("lab").len(), 2);
    drop(nginx);
    site.sound();
}

#[test]
fn root_metadata_that_does_not_come_or_is_another() {
    fail(
        ROOT,
        &[
            ("close", 3, &["cannot fetch"]),
            ("garbage", 3, &["cannot fetch"]),
            ("truncate:50%", 3, &["cut"]),
            ("mute", 3, &["300ms"]),
            ("slowhead", 3, &["300ms"]),
            ("stall:100", 3, &["silent"]),
            ("status:500", 3, &["500"]),
            ("status:401", 3, &["401", "login"]),
            ("status:503:garbage", 3, &["503"]),
            ("endless", 3, &["larger than 10000000 bytes"]),
            ("endless-nocl", 3, &["larger than 10000000 bytes"]),
            ("hugecl", 3, &["larger than 10000000 bytes"]),
            ("longheader:10000000", 3, &["head"]),
            ("badchunk", 3, &["cannot fetch"]),
            ("loop", 3, &["redirects"]),
            ("redirect:file:///etc/passwd", 3, &["redirect"]),
            ("short:100", 4, &["InRelease"]),
            ("flip", 4, &["InRelease is not authentic"]),
            ("zeros", 4, &["InRelease"]),
            ("html", 4, &["InRelease"]),
            ("append:10", 4, &["InRelease"]),
        ],
    );
}

#[test]
fn an_index_that_does_not_come_or_is_another() {
    fail(
        INDEX,
        &[
            ("status:404", 3, &["404", "upstream-missing"]),
            ("status:403", 3, &["403", "upstream-missing"]),
            ("status:503", 3, &["503"]),
            ("truncate:50%", 3, &["cut"]),
            ("stall:10", 3, &["silent"]),
            ("close", 3, &[]),
            ("chain:50", 3, &["redirects"]),
            ("flip", 4, &["upstream-wrong", "expected SHA512 ", "came SHA512 "]),
            ("short:10", 4, &["upstream-wrong", "expected SHA512 ", "bytes"]),
            ("append:10", 4, &["upstream-wrong", "bytes"]),
            ("html", 4, &["upstream-wrong", "19 bytes"]),
            ("gzip", 4, &["upstream-wrong"]),
            ("endless", 4, &["upstream-wrong", "more than"]),
        ],
    );
}

#[test]
fn a_package_that_does_not_come_or_is_another() {
    fail(
        DEB,
        &[
            ("status:404", 3, &["404", "upstream-missing"]),
            ("status:403", 3, &["403", "upstream-missing"]),
            ("status:410", 3, &["410", "upstream-missing"]),
            ("status:429:garbage", 3, &["429"]),
            ("truncate:50%", 3, &["cut"]),
            ("reset", 3, &[]),
            ("stall:100", 3, &["silent"]),
            ("drip", 3, &["too slow"]),
            ("garbage", 3, &[]),
            ("dupcl", 3, &["content-length"]),
            ("flip", 4, &["upstream-wrong", "expected SHA256 ", "came SHA256 "]),
            ("zeros", 4, &["upstream-wrong"]),
            ("endless-nocl", 4, &["upstream-wrong", "more than"]),
            ("hugecl", 4, &["upstream-wrong", "1152921504606846976 bytes"]),
            ("html", 4, &["upstream-wrong"]),
            ("redirect:http://127.0.0.1:22/", 3, &[]),
        ],
    );
}

#[test]
fn a_fault_that_passes_is_no_failure() {
    for (path, fault) in [
        (ROOT, "status:503:garbage;first=1"),
        (INDEX, "truncate:50%;first=1"),
        (DEB, "reset;first=1"),
        (DEB, "reset;first=1 then badrange;first=1"),
        (DEB, "reset;first=1 then badcr;first=1"),
        (DEB, "reset;first=1 then range416;first=1"),
        (DEB, "reset;first=1 then norange;first=1"),
        (DEB, "flip;first=1"),
        (DEB, "chain:5"),
        (ROOT, "nolm"),
        ("*", "many100:20"),
    ] {
        let (_archive, server, site, _) = prepared("tries = 4\n");
        server.fault(path, fault);
        let ran = sync(&site);
        assert_eq!(ran.code, Some(0), "{fault} at {path}\n{}", ran.said());
        assert_eq!(site.dates("lab").len(), 2, "{fault}");
        site.run(&["verify", "lab", "--deep"]).expect(0);
    }
}

#[test]
fn a_server_that_always_says_unchanged_changes_nothing_and_spoils_nothing() {
    let (_archive, server, site, _) = prepared("");
    server.fault(ROOT, "always304");
    // It lies, and nothing shows it but an expiry: the last state stays, and is whole.
    sync(&site).expect(0).says("nothing changed");
    site.run(&["sync", "lab", "--even-if-unchanged"]).expect(1).says("Release").says("left out");
    // Where nothing is known of the file a 304 is no answer at all.
    let fresh = following(&server.url(), "");
    fresh.run(&["sync", "lab"]).expect(3).says("304");
    server.fault(ROOT, "etagsame");
    sync(&site).expect(0);
    server.fault(ROOT, "");
    sync(&site).expect(0);
    site.run(&["verify", "lab", "--deep"]).expect(0);
}

#[test]
fn what_cannot_be_had_is_all_named_and_the_others_are_kept() {
    let (archive, server, site, _) = prepared("connections = 3\n");
    for number in 0..6 {
        archive.package(&format!("more{number}"), "1.0");
    }
    archive.index("Wed, 25 Mar 2026 04:00:00 UTC");
    server.fault("/pool/main/m/more1/more1_1.0_all.deb", "status:404");
    server.fault("/pool/main/m/more2/more2_1.0_all.deb", "stall:10");
    server.fault("/pool/main/m/more3/more3_1.0_all.deb", "flip");
    let ran = sync(&site).expect(4).says("more1_1.0").says("more2_1.0").says("more3_1.0");
    assert!(ran.err.contains("3 file(s)"), "{}", ran.err);
    for number in 1..4 {
        server.fault(&format!("/pool/main/m/more{number}/more{number}_1.0_all.deb"), "");
    }
    server.forget();
    sync(&site).expect(0);
    let mut asked: Vec<String> = server.log().into_iter().map(|asked| asked.path).collect();
    asked.retain(|path| path.ends_with(".deb"));
    asked.sort();
    assert_eq!(asked.len(), 3, "what came is not asked for again: {asked:?}");
    assert!(server.open_max() <= 3 + 1, "{} connections", server.open_max());
}

#[test]
fn the_time_of_a_run_is_bounded() {
    let (_archive, server, site, _) = prepared("");
    let text = std::fs::read_to_string(site.dir().join("mirrors.d/lab.toml")).unwrap();
    site.mirror("lab", &text.replace("\"300ms\"", "\"60s\"\ndeadline = \"700ms\""));
    server.fault(DEB, "stall:100");
    sync(&site).expect(3).says("given up after 700 ms");
    server.fault(DEB, "");
    site.mirror("lab", &text);
    sync(&site).expect(0);
}

#[test]
fn a_login_in_the_url_is_nowhere_to_be_read() {
    let archive = Archive::first();
    let server = Hostile::serve(&archive.tree);
    let url = server.url().replace("http://", "http://reader:opensesame@");
    let site = following(&url, "");
    for (path, fault, code) in [(ROOT, "status:401", 3), (INDEX, "flip", 4), (DEB, "", 0)] {
        server.fault(path, fault);
        let ran = site.run(&["sync", "lab"]).expect(code);
        assert!(!ran.said().contains("opensesame"), "{}", ran.said());
        server.fault(path, "");
    }
    assert!(server.log().iter().all(|asked| asked.header("authorization").is_some()));
    for path in walk(&site.root).iter().filter(|path| path.is_file()) {
        let bytes = std::fs::read(path).unwrap();
        let has = bytes.windows(10).any(|ten| ten == b"opensesame");
        assert!(!has, "{} holds the login", path.display());
    }
    site.mirror("lab", "upstream = 5\n");
    assert!(!site.run(&["sync", "lab"]).expect(2).said().contains("opensesame"));
}

/// An archive with one large package among small ones.
fn large() -> Odd {
    let odd = Odd::new();
    let mut packages = odd.real("pool/odd.deb");
    let bytes: Vec<u8> =
        (0..3_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    odd.file("pool/large.deb", &bytes);
    packages += &stanza("large", "pool/large.deb", &bytes);
    for number in 0..5 {
        packages += &odd.package(&format!("small{number}"), &format!("pool/small{number}.deb"));
    }
    odd.suite("lab", 23, &packages);
    odd
}

/// Waits until so many bytes of something that arrives are written, and so many others have begun.
fn wait_for(root: &Path, bytes: u64, others: usize) {
    for _ in 0..1000 {
        let mut arriving = walk(&root.join("incoming"));
        arriving.retain(|path| path.to_string_lossy().contains("/want-"));
        let sizes: Vec<u64> =
            arriving.iter().filter_map(|path| Some(path.metadata().ok()?.len())).collect();
        let begun = sizes.iter().filter(|size| **size > 0).count();
        if begun > others && sizes.iter().any(|size| *size >= bytes) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("nothing arrives");
}

#[test]
fn a_download_that_was_killed_goes_on_where_it_was() {
    let odd = large();
    let server = Hostile::serve(&odd.tree);
    let site = following(&server.url(), "timeout = \"60s\"\n");
    server.fault("/pool/large.deb", "stall:2000000");
    let mut child = site.command(&["sync", "lab"]).spawn().unwrap();
    // The small ones too, each of which is written at once.
    wait_for(&site.root, 2_000_000, 6);
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    server.fault("/pool/large.deb", "");
    server.forget();
    site.run(&["sync", "lab"]).expect(0);
    let log = server.log();
    let of = |end: &str| log.iter().filter(|asked| asked.path.ends_with(end)).collect::<Vec<_>>();
    assert_eq!(of("large.deb").len(), 1);
    assert_eq!(of("large.deb")[0].header("range"), Some("bytes=2000000-"));
    for number in 0..5 {
        assert_eq!(of(&format!("small{number}.deb")).len(), 0, "it was complete: {log:?}");
    }
    assert_eq!(of("Packages.xz").len(), 0);
    site.run(&["verify", "lab", "--deep"]).expect(0);
    assert!(site.leftovers().is_empty(), "{:?}", site.leftovers());
}

#[test]
fn a_disk_that_fills_meanwhile_is_a_plain_failure_and_room_heals_it() {
    let mount = Mount::ext4(40, &[]);
    let site = Site::with_root(&mount.path().join("root"));
    let archive = Archive::first();
    let server = Hostile::serve(&archive.tree);
    follow(&site, "lab", &server.url(), "");
    site.ok(&["init"]);
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let first = site.dates("lab").pop().unwrap();
    let odd = large();
    let server = Hostile::serve(&odd.tree);
    follow(&site, "lab", &server.url(), "timeout = \"1s\"\n");
    server.fault("/pool/large.deb", "stall:100000;first=1");
    let failed = std::thread::scope(|scope| {
        let sync = scope.spawn(|| site.run(&["sync", "lab"]));
        wait_for(&site.root, 100_000, 0);
        let full = std::fs::write(mount.path().join("ballast"), vec![7; 60 << 20]);
        assert!(full.is_err(), "the file system is full");
        sync.join().unwrap()
    });
    let failed = failed.expect(5);
    assert!(failed.err.contains("No space left"), "{}", failed.err);
    assert!(failed.err.contains("incoming"), "the path is named: {}", failed.err);
    assert_eq!(site.dates("lab"), [first.as_str()]);
    assert_eq!(site.shows("production", "lab"), Some(first.clone()));
    site.run(&["verify", &format!("lab@{first}"), "--deep"]).expect(0);
    let nginx = site.nginx();
    site.client("production").get(&["update"]);
    // A run that cannot fit says so before it fetches anything.
    server.forget();
    site.run(&["sync", "lab"]).expect(5);
    assert!(
        server.log().iter().all(|asked| !asked.path.ends_with("large.deb")),
        "{:?}",
        server.log()
    );
    std::fs::remove_file(mount.path().join("ballast")).unwrap();
    site.run(&["sync", "lab"]).expect(0);
    drop(nginx);
    site.run(&["verify", "lab", "--deep"]).expect(0);
    site.sound();
}
