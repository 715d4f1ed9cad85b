//! A site with a past: three mirrors, two channels, pins, a mirror that fails, and names that nobody would choose.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::harness::{Distribution, Odd, Ran, Site, ran, temp_dir, write};
use serde_json::{Value, json};

/// When the page is looked at.
pub(crate) const NOW: &str = "2026-03-24T07:30:00Z";
/// A reason that is markup, turns text around and goes on in another line.
pub(crate) const REASON: &str = "<b onclick=alert(1)>why</b> & \"why\"\u{202e}not\nnext line";
/// A package that is markup.
pub(crate) const PACKAGE: &str = "<script>alert(1)</script>&amp;";

/// A run at a time.
pub(crate) fn at(site: &Site, now: &str, args: &[&str]) -> Ran {
    ran(site.command(args).env("PINFOLD_NOW", now).env("USER", "ada"))
}

/// Policies and mirrors, nothing brought in yet.
pub(crate) fn empty() -> Site {
    let site = Site::fleeting();
    site.configure(
        "[channels.staging]\nschedule = \"0 6 * * *\"\nmax-change = 100\n\
         [channels.production]\nfrom = \"staging\"\nafter = \"3d\"\nschedule = \"30 9 * * 1-5\"\nmax-change = 100\n",
    );
    site.mirror("debian", "family = \"apt\"\nmount = \"debian.example.org/debian\"\n");
    site.mirror("rocky-9", "family = \"rpm\"\nmount = \"rocky-9\"\n");
    site.mirror(
        "down",
        "family = \"apt\"\nmount = \"down\"\nupstream = \"http://127.0.0.1:9/\"\nsuites = [\"lab\"]\narchitectures = [\"amd64\"]\nunsigned = true\ntries = 1\npatience = \"31ms\"\n",
    );
    site.mirror("tools", "family = \"files\"\nmount = \"tools\"\n");
    at(&site, "2026-01-20T00:00:00Z", &["init"]).expect(0);
    site
}

fn ok(site: &Site, now: &str, args: &[&str]) {
    at(site, now, args).expect(0);
}

/// The packages of a day, as apt lists them.
fn packages(odd: &Odd, day: u32) {
    let mut main = String::new();
    for (number, name) in
        ["base-files", "curl", "dpkg", "libc6", "openssl", "zlib1g"].iter().enumerate()
    {
        let number = u32::try_from(number).unwrap();
        let version =
            format!("Version: {}.{}-{}", number + 1, (day + number) / 4, 1 + (day + number) % 4);
        let path = format!("pool/main/{name}.deb");
        main += &odd.package(name, &path).replace("Version: 1.0", &version);
    }
    if day >= 23 {
        main += &odd
            .package("many", "pool/many.deb")
            .replace("Package: many", &format!("Package: {PACKAGE}"));
        for number in 0..130 {
            main += &odd.package(&format!("libnew{number}"), &format!("pool/new/{number}.deb"));
        }
    } else {
        main += &odd.package("left-behind", "pool/left.deb");
    }
    odd.suite("bookworm", 1 + day % 28, &main);
    let security = odd.package("openssl", "pool/security.deb");
    let version = format!("Version: 3.0.{day}-1~deb12u1");
    odd.suite("bookworm-security", 1 + day % 28, &security.replace("Version: 1.0", &version));
}

/// The past, until the morning of the last day.
pub(crate) fn lived_in() -> Site {
    let site = empty();
    let (odd, distribution, files) = (Odd::new(), Distribution::first(), temp_dir());
    let tree = odd.tree.to_str().unwrap().to_owned();
    let days = [
        (1, "2026-01-22"),
        (2, "2026-02-05"),
        (3, "2026-02-20"),
        (4, "2026-03-04"),
        (12, "2026-03-12"),
        (17, "2026-03-17"),
        (19, "2026-03-19"),
        (21, "2026-03-21"),
        (22, "2026-03-22"),
        (23, "2026-03-23"),
        (24, "2026-03-24"),
    ];
    for (day, date) in days {
        packages(&odd, day);
        bring(&site, "debian", &tree, date);
        if day < 23 {
            staging(&site, "debian", date);
        }
        match day {
            1 => production(&site, "debian", date),
            12 => {
                production(&site, "debian", date);
                write(files.path().join("tool-1.0"), "one");
                bring(&site, "tools", files.path().to_str().unwrap(), date);
                staging(&site, "tools", date);
                production(&site, "tools", date);
            }
            17 => {
                production(&site, "debian", date);
                bring(&site, "rocky-9", distribution.repo.tree.to_str().unwrap(), date);
                staging(&site, "rocky-9", date);
                production(&site, "rocky-9", date);
                changes_of_mind(&site);
            }
            22 => {
                hostile_files(files.path());
                bring(&site, "tools", files.path().to_str().unwrap(), date);
                staging(&site, "tools", date);
            }
            23 => {
                distribution.second_state();
                bring(&site, "rocky-9", distribution.repo.tree.to_str().unwrap(), date);
                staging(&site, "rocky-9", date);
            }
            _ => {}
        }
    }
    for (_, date) in &days[..4] {
        ok(&site, NOW, &["retire", &format!("debian@{date}")]);
    }
    disk_days(&site);
    site
}

fn bring(site: &Site, mirror: &str, tree: &str, date: &str) {
    let taken = format!("{date}T04:00:00Z");
    ok(site, &taken, &["ingest", mirror, tree, "--taken", &taken]);
}

fn staging(site: &Site, mirror: &str, date: &str) {
    let now = format!("{date}T06:00:00Z");
    ok(site, &now, &["promote", mirror, "--to", "staging", "--reason", "schedule"]);
}

fn production(site: &Site, mirror: &str, date: &str) {
    let now = format!("{date}T09:30:00Z");
    ok(site, &now, &["promote", mirror, "--to", "production", "--now", "--reason", "weekly"]);
}

/// A rollback, a pin on a snapshot, and one on a mirror in a channel.
fn changes_of_mind(site: &Site) {
    for (now, args) in [
        ("2026-03-17T22:10:00Z", &["rollback", "production", "debian", "--reason", REASON][..]),
        (
            "2026-03-17T23:00:00Z",
            &["pin", "debian@2026-03-12", "golden", "--reason", "the spring release"],
        ),
        ("2026-03-18T08:00:00Z", &["unpin", "debian", "--in", "production"]),
        (
            "2026-03-18T08:00:00Z",
            &["pin", "tools", "--in", "production", "--reason", REASON, "--until", "2026-04-01"],
        ),
    ] {
        ok(site, now, args);
    }
}

fn hostile_files(folder: &Path) {
    for name in [
        b"<img src=x onerror=alert(1)>".as_slice(),
        b"a & b &lt; \"c\" 'd'",
        b"right-\xe2\x80\xaeto-left",
        b"new\nline",
        b"\xff\xfe",
    ] {
        write(folder.join(std::ffi::OsStr::from_bytes(name)), "x");
    }
    write(folder.join("w".repeat(250)), "long");
}

/// The room of two months, as pages of these days left it.
fn disk_days(site: &Site) {
    let status: Value = serde_json::from_str(&site.ok(&["status", "--json"])).unwrap();
    let bytes = status["disk"]["bytes"].as_u64().unwrap();
    let days = (1..=28).map(|day| (2, day)).chain((1..=23).map(|day| (3, day)));
    let day = |(number, (month, day)): (u64, (u32, u32))| {
        let used = 24 + number - if number > 30 { 15 } else { 0 };
        json!({
            "at": format!("2026{month:02}{day:02}T060000Z"), "free_bytes": bytes / 100 * (100 - used), "bytes": bytes,
            "free_inodes": null, "inodes": null,
        })
    };
    let days: Vec<_> = (0..).zip(days).map(day).collect();
    write(site.root.join("www/status/disk.json"), json!(days).to_string());
}
