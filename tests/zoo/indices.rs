//! Indices in all the forms in which archives have them, or list them and do not.

use crate::harness::{Apt, Odd, Site, Upstream, count, following, head, hex, line};
use std::process::Command;

const PACKAGES: &str = "main/binary-amd64/Packages";

/// An archive with one real package and its index in some forms.
fn odd(endings: &[&str]) -> Odd {
    let odd = Odd::new();
    let real = odd.real("pool/odd.deb");
    odd.file(&format!("dists/lab/{PACKAGES}"), real);
    odd.pack(&format!("dists/lab/{PACKAGES}"), endings);
    odd
}

/// Signs lists of the forms.
fn sign(odd: &Odd, fields: &str, algorithms: &[&str], endings: &[&str]) {
    let names: Vec<String> = endings.iter().map(|ending| format!("{PACKAGES}{ending}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let lists = algorithms.iter().map(|algorithm| odd.list(algorithm, "dists/lab", &names));
    odd.sign("dists/lab", &(head("lab", 23) + fields + &lists.collect::<String>()));
}

/// Puts a file of the suite under its checksum.
fn by_hash(odd: &Odd, algorithm: &str, name: &str, bytes: &[u8]) {
    let sum = hex(algorithm, &odd.read(&format!("dists/lab/{name}")));
    let (folder, _) = name.rsplit_once('/').unwrap();
    odd.file(&format!("dists/lab/{folder}/by-hash/{algorithm}/{sum}"), bytes);
}

fn client(site: &Site) -> Apt {
    site.ok(&["promote", "lab", "--to", "production"]);
    site.client("production")
}

#[test]
fn an_index_that_is_listed_only_packed_is_said_to_show_clients_nothing() {
    let odd = odd(&["gz"]);
    sign(&odd, "", &["SHA256"], &[".gz"]);
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "");
    site.run(&["sync", "lab"]).expect(1).says("does not list").says("clients see no packages");
    let apt = client(&site);
    let _nginx = site.nginx();
    apt.run("apt-get", &["update"]);
    assert_eq!(apt.candidate("odd"), None, "and indeed apt sees none");
}

#[test]
fn an_index_that_is_listed_only_packed_and_is_cut_is_no_shorter_index() {
    let odd = odd(&["gz"]);
    let name = format!("dists/lab/{PACKAGES}.gz");
    let whole = odd.read(&name);
    odd.file(&name, &whole[..whole.len() - 10]);
    sign(&odd, "", &["SHA256"], &[".gz"]);
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "");
    site.run(&["sync", "lab"]).expect(4).says("does not unpack");
}

#[test]
fn any_form_that_is_there_makes_an_index_and_a_missing_one_is_passed_over() {
    for (there, is_by_hash) in [
        (&[".gz"][..], false),
        (&[".bz2"][..], false),
        (&[".zst"][..], false),
        (&[".xz", ".gz"][..], true),
        (&[""][..], false),
    ] {
        let odd = odd(&["gz", "xz", "bz2", "zst"]);
        let all = ["", ".gz", ".xz", ".bz2", ".zst"];
        sign(&odd, if is_by_hash { "Acquire-By-Hash: yes\n" } else { "" }, &["SHA256"], &all);
        for ending in all.iter().filter(|ending| !there.contains(*ending)) {
            odd.remove(&format!("dists/lab/{PACKAGES}{ending}"));
        }
        let upstream = Upstream::of(&odd.tree, "");
        let site = following(&upstream.url(), "");
        site.ok(&["sync", "lab"]);
        let date = site.dates("lab").pop().unwrap();
        for ending in all {
            let path = site.tree("lab", &date).join(format!("dists/lab/{PACKAGES}{ending}"));
            assert_eq!(path.exists(), there.contains(&ending), "{there:?}: {ending}");
        }
        let apt = client(&site);
        let _nginx = site.nginx();
        apt.get(&["update"]);
        apt.get(&["install", "odd"]);
    }
}

#[test]
fn no_form_at_all_is_a_missing_file_that_is_named() {
    let odd = odd(&["gz", "xz"]);
    sign(&odd, "", &["SHA256"], &["", ".gz", ".xz"]);
    for ending in ["", ".gz", ".xz"] {
        odd.remove(&format!("dists/lab/{PACKAGES}{ending}"));
    }
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "");
    let url = format!("{}/dists/lab/{PACKAGES}", upstream.url());
    site.run(&["sync", "lab"]).expect(3).says(&url).says("404").says("upstream-missing");
    assert!(site.dates("lab").is_empty());
}

#[test]
fn empty_indices_are_taken_in_every_form_and_in_none() {
    let odd = odd(&["xz"]);
    let folder = "dists/lab/main/binary-all";
    odd.file(&format!("{folder}/Packages"), "");
    odd.pack(&format!("{folder}/Packages"), &["gz", "xz", "bz2"]);
    for (ending, size) in [("bz2", 14), ("gz", 20), ("xz", 32)] {
        assert_eq!(odd.read(&format!("{folder}/Packages.{ending}")).len(), size, "{ending}");
    }
    let names =
        [".bz2", ".gz", ".xz", ""].map(|ending| format!("main/binary-all/Packages{ending}"));
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.extend([PACKAGES, "main/binary-amd64/Packages.xz"]);
    // One more that nobody has in any form.
    let gone = line("SHA256", "main/source/Sources", b"");
    let text = head("lab", 23) + &odd.list("SHA256", "dists/lab", &names) + &gone;
    odd.sign("dists/lab", &text);
    for is_there in [true, false] {
        if !is_there {
            std::fs::remove_dir_all(odd.tree.join(folder)).unwrap();
        }
        let upstream = Upstream::of(&odd.tree, "");
        let site = following(&upstream.url(), "architectures = [\"amd64\", \"source\"]\n");
        site.ok(&["sync", "lab"]);
        let apt = client(&site);
        apt.source(&format!("deb http://127.0.0.1:{}/archive.example.org/lab lab main", site.port));
        let _nginx = site.nginx();
        apt.get(&["update"]);
        assert_eq!(apt.candidate("odd").as_deref(), Some("1.0"));
        site.run(&["verify", "lab"]).expect(0);
    }
}

#[test]
fn what_is_listed_as_empty_is_empty_whatever_the_server_sends() {
    let odd = odd(&["xz"]);
    let empty = line("SHA256", "main/binary-all/Packages", b"");
    let names = [PACKAGES, "main/binary-amd64/Packages.xz"];
    odd.sign("dists/lab", &(head("lab", 23) + &odd.list("SHA256", "dists/lab", &names) + &empty));
    odd.file("dists/lab/main/binary-all/Packages", "Package: evil\nFilename: ../../evil\n");
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    let date = site.dates("lab").pop().unwrap();
    let path = site.tree("lab", &date).join("dists/lab/main/binary-all/Packages");
    assert_eq!(std::fs::read(path).unwrap(), b"");
}

#[test]
fn by_hash_that_upstream_has_under_another_checksum_or_not_at_all_falls_back() {
    for (what, algorithms, has, location) in [
        ("SHA512 listed too, SHA256 there", &["SHA256", "SHA512"][..], "SHA256", ""),
        ("SHA512 listed alone, SHA256 there", &["SHA512"][..], "SHA256", ""),
        ("announced and not there", &["SHA256"][..], "", ""),
        ("refused", &["SHA256"][..], "", "location ~ by-hash { return 403; }"),
        ("busy", &["SHA256"][..], "", "location ~ by-hash { return 503; }"),
        (
            "a page that says no",
            &["SHA256"][..],
            "",
            "location ~ by-hash { return 200 'not found'; }",
        ),
    ] {
        let odd = odd(&["xz"]);
        let name = format!("{PACKAGES}.xz");
        let bytes = odd.read(&format!("dists/lab/{name}"));
        if !has.is_empty() {
            by_hash(&odd, has, &name, &bytes);
        }
        sign(&odd, "Acquire-By-Hash: yes\n", algorithms, &["", ".xz"]);
        let upstream = Upstream::of(&odd.tree, location);
        let site = following(&upstream.url(), "");
        let ran = site.run(&["sync", "lab"]);
        assert_eq!(ran.code, Some(0), "{what}: {}", ran.said());
        let asked = upstream.asked();
        let is_plain = count(&asked, "Packages.xz") == 1;
        assert_eq!(is_plain, has.is_empty() || algorithms.len() == 1, "{what}: {asked:?}");
        let date = site.dates("lab").pop().unwrap();
        for algorithm in algorithms {
            let folder = site.tree("lab", &date).join("dists/lab/main/binary-amd64/by-hash");
            let path = folder.join(algorithm).join(hex(algorithm, &bytes));
            assert!(path.exists(), "{what}: the dated tree has {algorithm}");
        }
        let apt = client(&site);
        let nginx = site.nginx();
        apt.get(&["update"]);
        let dated = format!("/snapshots/lab/{date}");
        let apt = site.client_of(&dated);
        apt.get(&["update"]);
        drop(nginx);
    }
}

#[test]
fn other_bytes_of_equal_size_under_a_checksum_are_not_taken() {
    let odd = odd(&["xz"]);
    let name = format!("{PACKAGES}.xz");
    let good = odd.read(&format!("dists/lab/{name}"));
    let mut other = good.clone();
    other[20] ^= 1;
    by_hash(&odd, "SHA256", &name, &other);
    sign(&odd, "Acquire-By-Hash: yes\n", &["SHA256"], &["", ".xz"]);
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    // And where the plain name is no better.
    let site = following(&upstream.url(), "");
    odd.file(&format!("dists/lab/{name}"), &other);
    site.run(&["sync", "lab"])
        .expect(4)
        .says("upstream-wrong")
        .says("/by-hash/SHA256/")
        .says(&hex("SHA256", &good))
        .says(&hex("SHA256", &other));
    assert!(site.dates("lab").is_empty());
}

#[test]
fn every_stream_of_a_packed_index_is_read() {
    for (ending, program) in [("xz", "xz"), ("bz2", "bzip2"), ("gz", "gzip"), ("zst", "zstd")] {
        let odd = odd(&[]);
        let plain = odd.tree.join(format!("dists/lab/{PACKAGES}"));
        let halves = format!(
            "head -c 100 {0} | {program} -c; tail -c +101 {0} | {program} -c",
            plain.display()
        );
        let packed = crate::harness::tool(Command::new("sh").args(["-c", &halves])).stdout;
        odd.file(&format!("dists/lab/{PACKAGES}.{ending}"), packed);
        sign(&odd, "", &["SHA256"], &["", &format!(".{ending}")]);
        odd.remove(&format!("dists/lab/{PACKAGES}"));
        let upstream = Upstream::of(&odd.tree, "");
        let site = following(&upstream.url(), "");
        site.ok(&["sync", "lab"]);
        assert_eq!(count(&upstream.asked(), "odd.deb"), 1, "{ending}: the last stream names it");
    }
}

#[test]
fn fields_behind_the_lists_and_lists_that_stand_twice_are_read_as_apt_does() {
    let odd = odd(&["xz"]);
    let name = format!("{PACKAGES}.xz");
    by_hash(&odd, "SHA256", &name, &odd.read(&format!("dists/lab/{name}")));
    let good = odd.list("SHA256", "dists/lab", &[PACKAGES, &name]);
    let wrong = format!("SHA256:\n {} 7 {name}\n", "0".repeat(64));
    // Of two sections the last counts, of a path that a list has twice the first line.
    let twice = format!("{good} {} 7 {name}\n", "1".repeat(64));
    let weak = format!("MD5Sum:\n {} 9 main/only-weak\n", "2".repeat(32));
    odd.sign(
        "dists/lab",
        &format!("{}{wrong}{twice}{weak}Acquire-By-Hash: yes\n", head("lab", 23)),
    );
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "");
    site.run(&["sync", "lab"])
        .expect(1)
        .says("main/only-weak")
        .says("no checksum that clients believe");
    let asked = upstream.asked();
    assert_eq!(count(&asked, "Packages.xz"), 0, "by-hash is asked for: {asked:?}");
    assert_eq!(count(&asked, "main/only-weak"), 0, "{asked:?}");
    let apt = client(&site);
    let _nginx = site.nginx();
    apt.get(&["update"]);
    apt.get(&["install", "odd"]);
}

#[test]
fn a_release_of_many_lines_is_read_in_bounded_time() {
    let odd = odd(&["xz"]);
    by_hash(
        &odd,
        "SHA256",
        &format!("{PACKAGES}.xz"),
        &odd.read(&format!("dists/lab/{PACKAGES}.xz")),
    );
    let names = [PACKAGES, &format!("{PACKAGES}.xz")];
    let mut text =
        head("lab", 23) + "Acquire-By-Hash: yes\n" + &odd.list("SHA256", "dists/lab", &names);
    // Of a kind that nobody knows, and empty: taken, and not asked for.
    let empty = line("SHA256", "", b"");
    for number in 0..20_000 {
        text += &format!("{} main/x/{number}\n", empty.trim_end());
    }
    // And of an architecture that nobody wants.
    for number in 0..60_000 {
        text += &format!(" {} {number} main/binary-i386/{number}\n", "a".repeat(64));
    }
    odd.sign("dists/lab", &text);
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "deadline = \"60s\"\n");
    site.ok(&["sync", "lab", "--no-publish"]);
    assert!(upstream.asked().len() < 10);
}

#[test]
fn lists_at_which_apt_gives_up_are_told() {
    for before in ["\n", "# a comment\n"] {
        let odd = odd(&[]);
        let text = String::from_utf8(odd.read(&format!("dists/lab/{PACKAGES}"))).unwrap();
        odd.suite("lab", 23, &format!("{before}{text}"));
        let upstream = Upstream::of(&odd.tree, "");
        let site = following(&upstream.url(), "");
        site.run(&["sync", "lab"]).expect(1).says("clients refuse the whole list");
        assert_eq!(count(&upstream.asked(), "odd.deb"), 1);
    }
}

#[test]
fn an_index_that_this_disk_spoiled_is_not_blamed_on_upstream() {
    let odd = odd(&["xz"]);
    sign(&odd, "", &["SHA256"], &["", ".xz"]);
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "patience = \"1h\"\n");
    site.ok(&["sync", "lab"]);
    let good = odd.read(&format!("dists/lab/{PACKAGES}.xz"));
    let objects = crate::harness::walk(&site.root.join("objects"));
    let object = objects.iter().find(|path| std::fs::read(path).is_ok_and(|bytes| bytes == good));
    let mut bad = good.clone();
    bad[30] ^= 1;
    std::fs::write(object.unwrap(), bad).unwrap();
    odd.sign(
        "dists/lab",
        &(head("lab", 24)
            + &odd.list("SHA256", "dists/lab", &[PACKAGES, &format!("{PACKAGES}.xz")])),
    );
    // The database knows that it unpacked well before, so it is the packages that must be read again.
    site.run(&["sync", "lab"]).expect(4).says("is damaged").says("fsck --deep");
    site.run(&["fsck", "--deep"]).expect(4);
}
