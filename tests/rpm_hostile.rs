//! A repository by somebody who means harm: names that collide or climb, redirects, and texts that would fill the machine.

use crate::harness::{Hostile, Repo, Site, Upstream, following_rpm, hex, write};

/// A repository whose list of packages names alpha elsewhere, and has it there where that can be.
fn naming(name: &str) -> Repo {
    let repo = Repo::first();
    let path = "Packages/alpha-1.0-1.noarch.rpm";
    repo.edit("primary", |text| text.replace(path, name));
    if name.bytes().all(|byte| byte.is_ascii_lowercase()) {
        repo.file(name, repo.read(path));
    }
    repo
}

fn unsigned(url: &str, more: &str) -> Site {
    following_rpm(url, &format!("unsigned = true\n{more}"))
}

#[test]
fn names_of_packages_neither_climb_nor_take_the_place_of_metadata() {
    for (name, code, says) in [
        ("../alpha.rpm", 4, "leaves the tree"),
        ("Packages/../../alpha.rpm", 4, "leaves the tree"),
        ("/etc/alpha.rpm", 4, "absolute"),
        ("file:///etc/passwd", 4, "a URL"),
        ("http://127.0.0.1/alpha.rpm", 4, "a URL of the host 127.0.0.1"),
        ("Packages/..", 4, "names no file"),
        ("repodata/repomd.xml", 4, "repodata/repomd.xml"),
        ("repodata/../repodata/./repomd.xml", 4, "repodata/repomd.xml"),
        ("repodata/repomd.xml/alpha.rpm", 3, "repomd.xml/alpha.rpm"),
        ("Packages/steady-1.0-1.noarch.rpm", 4, "two contents"),
        ("Packages", 3, "Packages"),
    ] {
        let repo = naming(name);
        let upstream = Upstream::of(&repo.tree, "");
        let site = unsigned(&upstream.url(), "");
        let ran = site.run(&["sync", "lab"]);
        assert_eq!(ran.code, Some(code), "{name}: {}", ran.said());
        assert!(ran.says(says).code.is_some() && site.dates("lab").is_empty());
        assert!(!site.root.parent().unwrap().join("alpha.rpm").exists());
    }
}

#[test]
fn a_package_called_like_a_channels_list_does_not_take_its_place() {
    let repo = naming("mirrorlist");
    let upstream = Upstream::of(&repo.tree, "");
    let site = unsigned(&upstream.url(), "");
    site.run(&["sync", "lab"]).expect(0);
    site.ok(&["promote", "lab", "--to", "production"]);
    let date = site.dates("lab")[0].clone();
    let nginx = site.nginx();
    let list = nginx.get("/archive.example.org/lab/mirrorlist");
    assert_eq!(list.text(), format!("http://127.0.0.1:{}/snapshots/lab/{date}/\n", site.port));
    let alpha = repo.read("Packages/alpha-1.0-1.noarch.rpm");
    assert_eq!(nginx.get(&format!("/snapshots/lab/{date}/mirrorlist")).body, alpha);
}

#[test]
fn a_treeinfo_that_nobody_signs_takes_the_place_of_nothing() {
    for (name, code, says) in [
        ("../images/boot.iso", 4, "../images/boot.iso"),
        ("/etc/passwd", 4, "/etc/passwd"),
        ("images/a\tb", 4, "a control byte"),
        ("repodata/repomd.xml.asc", 4, "repomd.xml.asc"),
        ("Packages/alpha-1.0-1.noarch.rpm", 4, "two files of the archive have this name"),
        ("Packages/alpha-1.0-1.noarch.rpm/x", 3, "noarch.rpm/x"),
        // That of a repository is stale by custom.
        ("repodata/repomd.xml", 0, "took"),
    ] {
        let repo = Repo::first();
        let (server, aside) =
            (Hostile::serve(&repo.tree), Hostile::serve(repo.tree.parent().unwrap()));
        let site = following_rpm(&server.url(), "installer = true\n");
        site.run(&["sync", "lab"]).expect(1).says("upstream has no .treeinfo");
        let (image, file) = (b"image of an attacker", ".treeinfo");
        let sum = hex("SHA256", image);
        repo.file(file, format!("[general]\nfamily = Lab\n[checksums]\n{name} = sha256:{sum}\n"));
        // Whoever is between answers with what they wrote the checksum of; the package is in the store by now.
        write(repo.tree.parent().unwrap().join("image"), image);
        if name.ends_with(".rpm") {
            server.fault(&format!("/{name}"), &format!("redirect:{}image", aside.url()));
        }
        let ran = site.run(&["sync", "lab", "--even-if-unchanged"]);
        assert_eq!(ran.code, Some(code), "{name}: {}", ran.said());
        ran.says(says);
    }
    let repo = Repo::first();
    repo.file(".treeinfo", "x".repeat((1 << 20) + 1));
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "installer = true\n");
    site.run(&["sync", "lab"]).expect(3).says("larger than 1048576 bytes");
}

#[test]
fn deltas_that_cannot_be_taken_are_left_out_with_a_word() {
    let delta = |name: &str, sum: &str| {
        format!(
            "<prestodelta><newpackage name=\"alpha\" epoch=\"0\" version=\"1.0\" release=\"1\" arch=\"noarch\">\
             <delta oldepoch=\"0\" oldversion=\"0.9\" oldrelease=\"1\"><filename>{name}</filename>\
             <sequence>x</sequence><size>7</size><checksum type=\"sha256\">{sum}</checksum></delta></newpackage></prestodelta>"
        )
    };
    for (name, code) in
        [("../../x.drpm", 1), ("/etc/passwd", 1), ("repodata/repomd.xml", 0), ("drpms/x.drpm", 0)]
    {
        let repo = Repo::first();
        repo.modify(
            "prestodelta",
            "prestodelta.xml",
            &delta(name, &hex("SHA256", b"nothing")),
            &[],
        );
        let upstream = Upstream::of(&repo.tree, "");
        let site = unsigned(&upstream.url(), "");
        let ran = site.run(&["sync", "lab"]);
        assert_eq!(ran.code, Some(code), "{name}: {}", ran.said());
        let tree = site.tree("lab", &site.dates("lab")[0]);
        let shown = std::fs::read(tree.join("repodata/repomd.xml")).unwrap();
        assert_eq!(shown, repo.read("repodata/repomd.xml"), "{name}");
        assert!(!tree.join("drpms").exists());
    }
    // One name with two contents is no reason to do without the packages.
    let repo = Repo::first();
    let two = [b"one", b"two"].map(|bytes| delta("drpms/x.drpm", &hex("SHA256", bytes)));
    let two = two.concat().replace("</prestodelta><prestodelta>", "");
    repo.modify("prestodelta", "prestodelta.xml", &two, &[]);
    let upstream = Upstream::of(&repo.tree, "");
    let site = unsigned(&upstream.url(), "");
    site.run(&["sync", "lab"]).expect(1).says("two contents").says("no delta is taken");
}

#[test]
fn a_redirect_leads_to_no_other_protocol_and_no_file() {
    let repo = Repo::first();
    let server = Hostile::serve(&repo.tree);
    let site = unsigned(&server.url(), "");
    for path in ["/repodata/repomd.xml", "/Packages/alpha-1.0-1.noarch.rpm"] {
        for to in ["file:///etc/passwd", "ftp://127.0.0.1/x", "//", "gopher:x", "http://a b/"] {
            server.fault(path, &format!("redirect:{to}"));
            site.run(&["sync", "lab"]).expect(3).says("a redirect to");
        }
        server.fault(path, "");
    }
    site.ok(&["sync", "lab"]);
}

#[test]
fn what_would_fill_the_memory_is_refused() {
    let repo = Repo::first();
    let big = "x".repeat(5 << 20);
    let before = repo.copy();
    for (kind, from, to) in [
        ("primary", "<location href=\"", format!("<location href=\"{big}")),
        ("primary", "<summary>", format!("<summary>{big}")),
        ("primary", "<package ", format!("<!-- {big} --><package ")),
        ("primary", "<package ", "<x>".repeat(100)),
    ] {
        let repo = before.copy();
        repo.edit(kind, |text| text.replacen(from, &to, 1));
        let upstream = Upstream::of(&repo.tree, "");
        let site = unsigned(&upstream.url(), "");
        let ran = site.run(&["sync", "lab"]).expect(4).says("primary.xml.gz");
        assert!(ran.said().len() < 2000, "{}", &ran.said()[..2000]);
    }
    // Modules that dnf could not read either: told, and nothing is kept of them.
    let repo = before.copy();
    repo.modules(&format!("document: modulemd\ndata: {}", "[".repeat(1000)));
    let upstream = Upstream::of(&repo.tree, "");
    let site = unsigned(&upstream.url(), "newest = 1\n");
    site.run(&["sync", "lab"]).expect(1).says("dnf aborts at it");
}

#[test]
fn texts_of_strangers_forge_nothing_on_the_terminal() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = unsigned(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    repo.package("Packages", "fresh", "0.1");
    repo.createrepo(&[]);
    repo.updateinfo(
        "<updates><update type=\"sec\u{202e}urity\" status=\"final\"><id>EVIL-\u{202e}1\u{9b}2J</id><title>x</title>\
         <severity>high\u{202e}&#10;forged line</severity><references><reference href=\"x\" id=\"CVE-2026-1\" type=\"cve\"/></references>\
         </update></updates>",
    );
    repo.edit("primary", |text| {
        text.replace("<name>fresh</name>", "<name>fr\u{202e}esh\u{9b}2J</name>")
    });
    let ran = site.run(&["sync", "lab"]);
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    let old = format!("lab@{}", site.dates("lab")[0]);
    let ran = site.run(&["diff", &old]).expect(1).says("CVE-2026-1");
    assert!(!ran.said().contains(['\u{202e}', '\u{9b}']), "{:?}", ran.said());
    assert!(!ran.said().lines().any(|line| line.starts_with("forged")), "{}", ran.said());
}
