//! Where archives keep their files: flat ones, those without architecture, suites and components with slashes, installers.

use crate::harness::{Apt, Odd, Site, Upstream, UpstreamKey, count, follow, following, head, line};
use std::path::PathBuf;

/// The newest dated tree.
fn newest(site: &Site) -> PathBuf {
    site.tree("lab", &site.dates("lab").pop().unwrap())
}

/// A client of a path of the site by a whole line of its sources, `URL` being the path's.
fn client(site: &Site, path: &str, line: &str) -> Apt {
    let ours = std::fs::read(site.root.join("www/pinfold.asc")).unwrap();
    let url = format!("http://127.0.0.1:{}{path}", site.port);
    Apt::new(&line.replace("URL", &url), &[ours, UpstreamKey::shared().public()])
}

#[test]
fn flat_repositories_are_followed_wherever_they_lie() {
    for (folder, suite, filename) in
        [("", "./", "./odd.deb"), ("", "/", "odd.deb"), ("sub", "sub/", "sub/odd.deb")]
    {
        let odd = Odd::new();
        let at = |name: &str| {
            if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
        };
        let real = odd.real(filename);
        odd.file(&at("Packages"), &real);
        odd.pack(&at("Packages"), &["gz"]);
        odd.file(&at("odd_1.0.dsc"), "a source\n");
        let sum = crate::harness::hex("SHA256", b"a source\n");
        odd.file(
            &at("Sources"),
            format!("Package: odd\nVersion: 1.0\nDirectory: {}\nChecksums-Sha256:\n {sum} 9 odd_1.0.dsc\n", if folder.is_empty() { "." } else { folder }),
        );
        let list = odd.list("SHA256", folder, &["Packages", "Packages.gz", "Sources"]);
        odd.sign(
            folder,
            &format!("Origin: Odd\nLabel: Odd\nSuite: {suite}\nDate: Mon, 23 Mar 2026 04:00:00 UTC\n{list}"),
        );
        let upstream = Upstream::of(&odd.tree, "");
        let more = format!("suites = [\"{suite}\"]\narchitectures = []\n");
        let site = following(&upstream.url(), &more);
        site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
        assert_eq!(count(&upstream.asked(), ".dsc"), 1, "{suite}: a file of a source");
        site.ok(&["promote", "lab", "--to", "production"]);
        let _nginx = site.nginx();
        let date = site.dates("lab").pop().unwrap();
        for path in [format!("/snapshots/lab/{date}"), "/archive.example.org/lab".to_owned()] {
            let apt = client(&site, &path, &format!("deb URL {suite}"));
            apt.get(&["update"]);
            apt.get(&["install", "odd"]);
            assert_eq!(apt.installed("odd").as_deref(), Some("odd 1.0\n"), "{suite} by {path}");
        }
    }
}

#[test]
fn an_archive_of_architecture_all_alone_is_followed() {
    let odd = Odd::new();
    let real = odd.real("pool/odd.deb");
    odd.file("dists/lab/main/binary-all/Packages", real);
    odd.pack("dists/lab/main/binary-all/Packages", &["xz"]);
    let list = odd.list(
        "SHA256",
        "dists/lab",
        &["main/binary-all/Packages", "main/binary-all/Packages.xz"],
    );
    for (fields, is_usable) in [("Architectures: all", true), ("X-Architectures: none", false)] {
        let text = head("lab", 23).replace("Architectures: amd64 all", fields) + &list;
        odd.sign("dists/lab", &text);
        let upstream = Upstream::of(&odd.tree, "");
        let site = following(&upstream.url(), "");
        site.ok(&["sync", "lab"]);
        assert!(newest(&site).join("pool/odd.deb").exists());
        if !is_usable {
            // apt would ask for its own architecture too.
            continue;
        }
        site.ok(&["promote", "lab", "--to", "production"]);
        let _nginx = site.nginx();
        let apt = client(&site, "/archive.example.org/lab", "deb URL lab main");
        apt.get(&["update"]);
        apt.get(&["install", "odd"]);
        assert_eq!(apt.installed("odd").as_deref(), Some("odd 1.0\n"), "{fields}");
    }
}

#[test]
fn suites_and_components_with_slashes_are_followed() {
    for (suite, components, line_of_client) in [
        ("lab/updates", "updates/main updates/extra", "deb URL lab/updates main"),
        ("a/b", "main extra", "deb URL a/b main"),
    ] {
        let odd = Odd::new();
        let folder = format!("dists/{suite}");
        odd.file(&format!("{folder}/main/binary-amd64/Packages"), odd.real("pool/odd.deb"));
        let extra = odd.package("extra", "pool/extra.deb");
        odd.file(&format!("{folder}/extra/binary-amd64/Packages"), extra);
        let names = ["main/binary-amd64/Packages", "extra/binary-amd64/Packages"];
        let text =
            head(suite, 23).replace("Components: main", &format!("Components: {components}"));
        odd.sign(&folder, &(text + &odd.list("SHA256", &folder, &names)));
        let upstream = Upstream::of(&odd.tree, "");
        let more = format!("suites = [\"{suite}\"]\ncomponents = [\"main\"]\n");
        let site = following(&upstream.url(), &more);
        site.ok(&["sync", "lab"]);
        assert_eq!(count(&upstream.asked(), "extra.deb"), 0, "{suite}: not asked for");
        site.ok(&["promote", "lab", "--to", "production"]);
        let _nginx = site.nginx();
        let apt = client(&site, "/archive.example.org/lab", line_of_client);
        apt.get(&["update"]);
        assert_eq!(apt.candidate("odd").as_deref(), Some("1.0"), "{suite}");
        follow(&site, "lab", &upstream.url(), &more.replace("\"main\"", "\"mian\""));
        site.run(&["sync", "lab"]).expect(4).says("component mian").says("--allow-empty");
    }
}

/// An archive with everything that a suite of Debian or Ubuntu has besides packages.
fn rich() -> Odd {
    let odd = Odd::new();
    let suite = "dists/lab";
    odd.file(&format!("{suite}/main/binary-amd64/Packages"), odd.real("pool/odd.deb"));
    let udeb = odd.package("odd-udeb", "pool/odd.udeb");
    odd.file(&format!("{suite}/main/debian-installer/binary-amd64/Packages"), udeb);
    for (path, bytes) in [
        (
            "main/i18n/Translation-en",
            "Package: odd\nDescription-md5: 00000000000000000000000000000000\nDescription-en: odd\n",
        ),
        (
            "main/i18n/Translation-de",
            "Package: odd\nDescription-md5: 00000000000000000000000000000000\nDescription-de: seltsam\n",
        ),
        ("main/Contents-amd64", "usr/share/lab/odd misc/odd\n"),
        ("main/Contents-all", "usr/share/lab/odd misc/odd\n"),
        ("main/Contents-i386", "usr/share/lab/odd misc/odd\n"),
        ("main/dep11/Components-amd64.yml", "---\nFile: DEP-11\n"),
        ("main/dep11/icons-48x48.tar", "no icons\n"),
        ("main/cnf/Commands-amd64", "suite: lab\n"),
        ("main/strange/Thing-1", "nobody knows this kind\n"),
    ] {
        odd.file(&format!("{suite}/{path}"), bytes);
        odd.pack(&format!("{suite}/{path}"), &["xz"]);
    }
    for folder in ["20260301", "current"] {
        let images = format!("{suite}/main/installer-amd64/{folder}/images");
        odd.file(&format!("{images}/netboot/mini.iso"), "an image\n");
        odd.file(&format!("{images}/MANIFEST"), "what there is\n");
        let line = |name: &str, bytes: &[u8]| {
            format!("{}  ./{name}\n", crate::harness::hex("SHA256", bytes))
        };
        let sums = line("MANIFEST", b"what there is\n") + &line("netboot/mini.iso", b"an image\n");
        odd.file(&format!("{images}/SHA256SUMS"), sums);
        odd.file(&format!("{images}/MD5SUMS"), "nobody reads this\n");
    }
    sign_rich(&odd);
    odd
}

/// Signs all that lies below the suite.
fn sign_rich(odd: &Odd) {
    let top = odd.tree.join("dists/lab");
    let names: Vec<String> = crate::harness::walk(&top)
        .into_iter()
        .filter(|path| path.is_file() && !path.ends_with("InRelease"))
        .map(|path| path.strip_prefix(&top).unwrap().to_str().unwrap().to_owned())
        .filter(|name| !name.contains("/images/") || name.ends_with("SUMS"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    odd.sign("dists/lab", &(head("lab", 23) + &odd.list("SHA256", "dists/lab", &names)));
}

#[test]
fn everything_that_is_listed_is_taken_unless_the_mirror_narrows_it() {
    let odd = rich();
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    let tree = newest(&site).join("dists/lab/main");
    for (path, is_taken) in [
        ("i18n/Translation-en.xz", true),
        ("i18n/Translation-de.xz", true),
        ("Contents-amd64.xz", true),
        ("Contents-all.xz", true),
        ("Contents-i386.xz", false),
        ("dep11/Components-amd64.yml.xz", true),
        ("dep11/icons-48x48.tar.xz", true),
        ("cnf/Commands-amd64.xz", true),
        ("strange/Thing-1.xz", true),
        ("debian-installer/binary-amd64/Packages", false),
        ("installer-amd64/current/images/SHA256SUMS", false),
    ] {
        assert_eq!(tree.join(path).exists(), is_taken, "{path}");
    }
    follow(
        &site,
        "lab",
        &upstream.url(),
        "i18n = [\"en\"]\ncontents = false\ndep11 = [\"amd64\"]\nudebs = true\ninstaller = true\n",
    );
    site.ok(&["sync", "lab"]);
    let tree = newest(&site).join("dists/lab/main");
    for (path, is_taken) in [
        ("i18n/Translation-en.xz", true),
        ("i18n/Translation-de.xz", false),
        ("Contents-amd64.xz", false),
        ("Contents-all.xz", false),
        ("dep11/icons-48x48.tar.xz", true),
        ("debian-installer/binary-amd64/Packages", true),
        ("installer-amd64/current/images/SHA256SUMS", true),
        ("installer-amd64/current/images/netboot/mini.iso", true),
        ("installer-amd64/20260301/images/netboot/mini.iso", true),
        ("../../../pool/odd.udeb", true),
    ] {
        assert_eq!(tree.join(path).exists(), is_taken, "narrowed: {path}");
    }
    let asked = upstream.asked();
    assert_eq!(count(&asked, "/mini.iso"), 1, "one content under two paths comes once: {asked:?}");
    is_read_by_a_desktop(&site);
    site.run(&["verify", "lab", "--deep"]).expect(0);
    site.sound();
}

/// A client that wants what desktops and apt-file want gets what there is and does not stumble over what was left out.
fn is_read_by_a_desktop(site: &Site) {
    site.ok(&["promote", "lab", "--to", "production"]);
    let _nginx = site.nginx();
    let apt = client(site, "/archive.example.org/lab", "deb URL lab main");
    crate::harness::write(
        apt.root().join("etc/apt/apt.conf.d/targets"),
        "#clear Acquire::Languages;\nAcquire::Languages { \"en\"; \"de\"; };\n\
         Acquire::IndexTargets::deb::Contents-deb { MetaKey \"$(COMPONENT)/Contents-$(ARCHITECTURE)\"; ShortDescription \"Contents\"; Description \"Contents of $(RELEASE)\"; };\n\
         Acquire::IndexTargets::deb::DEP-11 { MetaKey \"$(COMPONENT)/dep11/Components-$(NATIVE_ARCHITECTURE).yml\"; ShortDescription \"DEP-11\"; Description \"DEP-11 of $(RELEASE)\"; };\n\
         Acquire::IndexTargets::deb::CNF { MetaKey \"$(COMPONENT)/cnf/Commands-$(NATIVE_ARCHITECTURE)\"; ShortDescription \"cnf\"; Description \"cnf of $(RELEASE)\"; };\n",
    );
    apt.get(&["update"]);
    let lists = crate::harness::walk(&apt.root().join("var/lib/apt/lists"));
    let has = |end: &str| lists.iter().any(|path| path.to_string_lossy().contains(end));
    for (end, is_here) in [
        ("i18n_Translation-en", true),
        ("i18n_Translation-de", false),
        ("Contents-amd64", false),
        ("dep11_Components-amd64.yml", true),
        ("cnf_Commands-amd64", true),
    ] {
        assert_eq!(has(end), is_here, "{end}: {lists:?}");
    }
}

#[test]
fn an_image_that_changes_under_its_name_is_followed_by_channels() {
    let odd = rich();
    let upstream = Upstream::of(&odd.tree, "");
    let site = following(&upstream.url(), "installer = true\n");
    // The two images of both folders, the package.
    site.run(&["sync", "lab", "--dry-run"]).expect(0).says("fetch 3 of them");
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let images = "dists/lab/main/installer-amd64/current/images";
    odd.file(&format!("{images}/netboot/mini.iso"), "another image, larger\n");
    let sum =
        |name: &str, bytes: &[u8]| format!("{}  ./{name}\n", crate::harness::hex("SHA256", bytes));
    odd.file(
        &format!("{images}/SHA256SUMS"),
        sum("MANIFEST", b"what there is\n") + &sum("netboot/mini.iso", b"another image, larger\n"),
    );
    sign_rich(&odd);
    site.ok(&["sync", "lab"]);
    let nginx = site.nginx();
    let reply = nginx.get(&format!("/archive.example.org/lab/{images}/netboot/mini.iso"));
    assert_eq!(reply.body, b"an image\n", "the channel was not moved yet");
    let kept = reply.headers.iter().find(|(name, _)| name == "cache-control");
    let kept = kept.map_or("", |(_, value)| value.as_str());
    assert!(kept.contains("no-cache"), "it changes under its name: {kept}");
    let union = site.root.join("www/union/lab");
    assert!(union.join("pool/odd.deb").exists());
    assert!(
        !union.join(images).join("netboot/mini.iso").exists(),
        "nobody may get the one of another day"
    );
    site.ok(&["promote", "lab", "--to", "production"]);
    let reply = nginx.get(&format!("/archive.example.org/lab/{images}/netboot/mini.iso"));
    assert_eq!(reply.body, b"another image, larger\n");
    // A wrong image is named with its checksum, and no size that nobody stated.
    odd.file(&format!("{images}/netboot/mini.iso"), "something else\n");
    odd.sign(
        "dists/lab",
        &(head("lab", 24)
            + "SHA256:\n"
            + &line(
                "SHA256",
                "main/installer-amd64/current/images/SHA256SUMS",
                &odd.read(&format!("{images}/SHA256SUMS")),
            )),
    );
    site.run(&["sync", "lab"]).expect(0);
    odd.file(&format!("{images}/SHA256SUMS"), sum("netboot/mini.iso", b"the third\n"));
    sign_rich(&odd);
    site.run(&["sync", "lab", "--allow-older"]).expect(4).says("mini.iso").says("upstream-wrong");
}
