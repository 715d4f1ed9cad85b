//! What stands in lists of packages: odd names, odd lines, odd sizes, weak checksums.

use crate::harness::{Odd, Upstream, count, following, head, hex, stanza};

#[test]
fn names_are_asked_for_and_kept_byte_for_byte() {
    let odd = Odd::new();
    let mut packages = String::new();
    let names = [
        "libfoo++_1.0+dfsg-1~rc1_all.deb",
        "with space_1_all.deb",
        "percent%3acolon_1_all.deb",
        "epoch_1:2.0_all.deb",
        "\u{fc}nicode_1_all.deb",
        "q&a;(x)=$'!,*@[]{}|^`\"<>\\_1_all.deb",
    ];
    for (number, name) in names.iter().enumerate() {
        packages += &odd.package(&format!("name{number}"), &format!("pool/{name}"));
    }
    // Written in other ways than they are named on disk.
    packages += &odd.package("dots", "pool/dots.deb").replace("pool/dots", "./pool//./dots");
    odd.suite("lab", 23, &packages);
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    let date = site.dates("lab").pop().unwrap();
    for name in names.iter().chain(&["dots.deb"]) {
        let kept = std::fs::read(site.tree("lab", &date).join("pool").join(name)).unwrap();
        assert_eq!(kept, odd.read(&format!("pool/{name}")), "{name}");
    }
    site.ok(&["promote", "lab", "--to", "production"]);
    let _nginx = site.nginx();
    let apt = site.client("production");
    apt.get(&["update"]);
    for number in 0..names.len() {
        let name = format!("name{number}");
        apt.get(&["--download-only", "install", &name]);
    }
    site.run(&["verify", "lab", "--deep"]).expect(0);
}

#[test]
fn names_that_leave_the_archive_or_are_none_are_refused() {
    for (name, says) in [
        ("../odd.deb", "leaves its folder"),
        ("pool/../../odd.deb", "leaves its folder"),
        ("/etc/passwd", "absolute"),
        ("http://example.org/odd.deb", "URL"),
        ("pool/x?y.deb", "no client can ask for"),
        ("pool/x#z.deb", "no client can ask for"),
        ("pool/", "names no file"),
    ] {
        let odd = Odd::new();
        odd.suite("lab", 23, &stanza("odd", name, b"bytes"));
        let upstream = Upstream::of(&odd.tree, "");
        let site = following(&upstream.url(), "");
        site.run(&["sync", "lab"]).expect(4).says(says).says("Packages").says("odd");
        assert!(site.dates("lab").is_empty(), "{name}");
    }
    for (directory, file) in [("../..", "odd.dsc"), ("pool", "../../odd.dsc"), ("pool", "/odd.dsc")]
    {
        let odd = Odd::new();
        let sum = "0".repeat(64);
        let text = format!(
            "Package: odd\nVersion: 1\nDirectory: {directory}\nChecksums-Sha256:\n {sum} 9 {file}\n"
        );
        odd.file("dists/lab/main/source/Sources", text);
        let list = odd.list("SHA256", "dists/lab", &["main/source/Sources"]);
        odd.sign("dists/lab", &(head("lab", 23) + &list));
        let upstream = Upstream::of(&odd.tree, "");
        let site = following(&upstream.url(), "architectures = [\"source\"]\n");
        site.run(&["sync", "lab"]).expect(4).says("Sources");
    }
}

#[test]
fn files_without_a_checksum_that_counts_are_told_and_left_out() {
    let odd = Odd::new();
    let good = odd.real("pool/odd.deb");
    let weak = odd.package("weak", "pool/weak.deb");
    let weak: String = weak
        .lines()
        .filter(|line| !line.starts_with("SHA256"))
        .fold(String::new(), |text, line| text + line + "\n");
    let weak = weak.replace("Size:", "MD5sum: 00000000000000000000000000000000\nSize:");
    let strong = odd.package("strong", "pool/strong.deb");
    let sum = hex("SHA512", &odd.read("pool/strong.deb"));
    let strong: String = strong
        .lines()
        .map(|line| {
            if line.starts_with("SHA256") {
                format!("SHA512: {sum}\n")
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    odd.suite("lab", 23, &format!("{good}{weak}\n{strong}\n"));
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "");
    site.run(&["sync", "lab"])
        .expect(1)
        .says("1 of its files have no checksum")
        .says("pool/weak.deb");
    let asked = upstream.asked();
    assert_eq!((count(&asked, "weak.deb"), count(&asked, "strong.deb")), (0, 1), "{asked:?}");
    assert_eq!(site.dates("lab").len(), 1, "there is a snapshot all the same");
    site.run(&["verify", "lab"]).expect(0);
    // After the index was made anew nobody knows a SHA-512 any more: the file is read and not fetched.
    std::fs::remove_file(site.root.join("index.sqlite")).unwrap();
    site.ok(&["fsck", "--rebuild"]);
    site.run(&["sync", "lab", "--even-if-unchanged"]).expect(1).says("fetched 0 files");
    assert_eq!(count(&upstream.asked(), ".deb"), 0);
    site.run(&["sync", "lab", "--even-if-unchanged"]).expect(1).says("fetched 0 files");
}

#[test]
fn lists_are_read_as_apt_reads_them() {
    for (what, change) in [
        (
            "lines that end as DOS has them",
            (|text| text.replace('\n', "\r\n")) as fn(String) -> String,
        ),
        ("upper-case digits", |text| {
            let (head, rest) = text.split_once("SHA256: ").unwrap();
            let (sum, rest) = rest.split_once('\n').unwrap();
            format!("{head}SHA256: {}\n{rest}", sum.to_uppercase())
        }),
        ("no line end at the end", |text| text.trim_end().to_owned()),
        ("a line of 75,649 bytes", |text| {
            text.replace("Description:", &format!("X-Long: {}\nDescription:", "y".repeat(75_641)))
        }),
        ("100,000 fields", |text| {
            let many: String =
                (0..100_000).fold(String::new(), |many, number| many + &format!("X-{number}: y\n"));
            text.replace("Description:", &format!("{many}Description:"))
        }),
        ("a field twice, the last counts", |text| {
            text.replace("Filename:", "Filename: nowhere\nFilename:")
        }),
        ("names in lower case", |text| {
            text.replace("Filename:", "filename:").replace("Size:", "SIZE:")
        }),
        ("the same stanza twice", |text| format!("{text}{text}")),
    ] {
        let odd = Odd::new();
        let text = change(odd.real("pool/odd.deb"));
        odd.suite("lab", 23, &text);
        let upstream = Upstream::of(&odd.tree, "");
        let site = following(&upstream.url(), "");
        let ran = site.run(&["sync", "lab"]);
        assert_eq!(ran.code, Some(0), "{what}: {}", ran.said());
        assert_eq!(count(&upstream.asked(), "pool/odd.deb"), 1, "{what}");
    }
}

#[test]
fn two_suites_may_name_the_same_files_and_must_not_disagree() {
    let odd = Odd::new();
    let real = odd.real("pool/odd.deb");
    odd.suite("lab", 23, &real);
    odd.suite("next", 23, &real);
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "suites = [\"lab\", \"next\"]\n");
    site.ok(&["sync", "lab"]);
    let asked = upstream.asked();
    assert_eq!(count(&asked, "odd.deb"), 1, "{asked:?}");
    assert_eq!(count(&asked, "Packages.xz"), 1, "the same content under two names: {asked:?}");
    for (what, other) in [
        (
            "another checksum",
            real.replace(&hex("SHA256", &odd.read("pool/odd.deb")), &"a".repeat(64)),
        ),
        ("another size", real.replace("Size: ", "Size: 1")),
    ] {
        odd.suite("next", 24, &other);
        let ran = site.run(&["sync", "lab"]).expect(4).says("two contents").says("pool/odd.deb");
        assert!(what != "another checksum" || ran.err.contains(&"a".repeat(64)), "{}", ran.err);
    }
    // One checksum with two sizes under two names: the second is nobody's file.
    let other = real.replace("pool/odd.deb", "pool/other.deb").replace("Size: ", "Size: 1");
    odd.file("pool/other.deb", odd.read("pool/odd.deb"));
    odd.suite("next", 25, &other);
    site.run(&["sync", "lab"]).expect(4).says("pool/other.deb").says("upstream-wrong");
    let fresh = following(&upstream.url(), "suites = [\"lab\", \"next\"]\n");
    fresh.run(&["sync", "lab"]).expect(4).says("pool/other.deb").says("upstream-wrong");
    assert_eq!(site.dates("lab").len(), 1);
    // The suite goes; what names it fails, and what does not name it any more is followed.
    std::fs::remove_dir_all(odd.tree.join("dists/next")).unwrap();
    let url = format!("{}/dists/next/InRelease", upstream.url());
    site.run(&["sync", "lab"]).expect(3).says(&url).says("is the suite's name right");
    crate::harness::follow(&site, "lab", &upstream.url(), "");
    site.ok(&["sync", "lab"]);
    assert_eq!(site.dates("lab").len(), 2);
    // And it comes back.
    odd.suite("next", 26, &real);
    crate::harness::follow(&site, "lab", &upstream.url(), "suites = [\"lab\", \"next\"]\n");
    site.ok(&["sync", "lab"]);
    let date = site.dates("lab").pop().unwrap();
    assert!(site.tree("lab", &date).join("dists/next/InRelease").exists());
}
