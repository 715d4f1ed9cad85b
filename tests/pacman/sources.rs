//! What comes from an upstream, and what is refused.
use super::{following, mirror};
use crate::harness::{ArchTree, Sign, Switching, Upstream, count, signature, tool, write};
use std::path::Path;
use std::process::Command;

const FOLDER: &str = "core/os/x86_64";

fn name(package: &str) -> String {
    format!("{FOLDER}/{}-x86_64.pkg.tar.zst", package.replace(' ', "-"))
}

#[test]
fn what_did_not_change_costs_one_request_and_what_did_only_itself() {
    let tree = ArchTree::of(&["hello 1.0-1", "epochpkg 1:3.2-1"], Sign::Beside);
    write(tree.path().join("lastupdate"), "1795000000\n");
    write(tree.path().join("lastsync"), "1795000001\n");
    write(tree.path().join("core/os/x86_64/core.links.tar.gz"), "links");
    let upstream = Upstream::of(tree.path(), "");
    let site = following(&upstream.url(), "");
    let dry = site.ok(&["sync", "arch", "--dry-run"]);
    assert!(dry.contains("fetch 4 of them"), "{dry}");
    assert!(site.dates("arch").is_empty());
    upstream.asked();
    site.ok(&["sync", "arch"]);
    let asked = upstream.asked();
    for (end, times) in [
        ("core.db", 1),
        ("core.db.sig", 1),
        ("core.files", 1),
        ("core.links.tar.gz", 1),
        ("lastupdate", 1),
        ("/epochpkg-1:3.2-1-x86_64.pkg.tar.zst", 1),
        ("/epochpkg-1:3.2-1-x86_64.pkg.tar.zst.sig", 1),
        ("core.db.tar.gz", 0),
    ] {
        assert_eq!(count(&asked, end), times, "{end}: {asked:?}");
    }
    let top = site.tree("arch", &site.dates("arch")[0]);
    let folder = top.join(FOLDER);
    assert_eq!(std::fs::read_link(folder.join("core.db.tar.gz")).unwrap(), Path::new("core.db"));
    for file in ["core.files", "core.links.tar.gz", "hello-1.0-1-x86_64.pkg.tar.zst.sig"] {
        assert!(folder.join(file).exists(), "{file}");
    }
    assert!(top.join("lastsync").exists());

    site.run(&["sync", "arch"]).expect(0).says("in 1 requests");
    assert_eq!(upstream.asked().len(), 1);
    tree.repository(FOLDER, "core", (&["hello 2.0-1", "epochpkg 1:3.2-1"], Sign::Beside));
    write(tree.path().join("lastupdate"), "1795000002\n");
    upstream.asked();
    site.ok(&["sync", "arch"]);
    let asked = upstream.asked();
    assert_eq!(count(&asked, "/hello-2.0-1-x86_64.pkg.tar.zst"), 1, "{asked:?}");
    assert!(!asked.iter().any(|line| line.contains("epochpkg")), "{asked:?}");
    site.run(&["diff", &format!("arch@{}", site.dates("arch")[0])])
        .expect(1)
        .says("upgraded")
        .says("1.0-1")
        .says("2.0-1");
    site.ok(&["verify", "arch", "--deep"]);
    site.sound();
}

#[test]
fn several_repositories_are_one_state() {
    let tree = ArchTree::of(&["hello 1.0-1"], Sign::Nothing);
    tree.repository(
        "extra/os/x86_64",
        "extra",
        (&["epochpkg 1:3.2-1", "hello 1.0-1"], Sign::Nothing),
    );
    let upstream = Upstream::of(tree.path(), "");
    let site = following(&upstream.url(), "repositories = [\"core\", \"extra\"]\n");
    site.ok(&["sync", "arch"]);
    let asked = upstream.asked();
    // The same package in both is fetched once.
    assert_eq!(count(&asked, "/hello-1.0-1-x86_64.pkg.tar.zst"), 1, "{asked:?}");
    site.run(&["sync", "arch"]).expect(0).says("in 2 requests");
    tree.repository("extra/os/x86_64", "extra", (&["epochpkg 1:3.2-1"], Sign::Nothing));
    site.ok(&["sync", "arch"]);
    let old = format!("arch@{}", site.dates("arch")[0]);
    site.run(&["diff", &old]).expect(1).says("extra x86_64").says("removed").says("1 removed");
    std::fs::remove_file(tree.path().join("core/os/x86_64/core.db")).unwrap();
    tree.repository("extra/os/x86_64", "extra", (&["epochpkg 1:3.3-1"], Sign::Nothing));
    site.run(&["sync", "arch"]).expect(3).says("core.db");
    assert_eq!(site.dates("arch").len(), 2);
    site.sound();
}

#[test]
fn missing_is_for_later_and_wrong_is_to_be_looked_at() {
    let tree = ArchTree::of(&["hello 1.0-1", "epochpkg 1:3.2-1"], Sign::Listed);
    let upstream = Upstream::of(tree.path(), "");
    let site = following(&upstream.url(), "");
    let hello = tree.path().join(name("hello 1.0-1"));
    let good = std::fs::read(&hello).unwrap();
    std::fs::remove_file(&hello).unwrap();
    let ran = site.run(&["sync", "arch"]).expect(3);
    ran.says("hello-1.0-1-x86_64.pkg.tar.zst").says("answers 404");
    let mut bad = good.clone();
    bad[200] ^= 1;
    write(&hello, &bad);
    site.run(&["sync", "arch"]).expect(4).says("hello-1.0-1-x86_64.pkg.tar.zst").says("SHA256");
    write(&hello, &good[..good.len() - 1]);
    site.run(&["sync", "arch"]).expect(4);
    write(&hello, &good);
    let sig = tree.path().join(name("hello 1.0-1") + ".sig");
    let signed = std::fs::read(&sig).unwrap();
    write(&sig, [&signed[..], b"x"].concat());
    site.run(&["sync", "arch"]).expect(4).says(".sig");
    // A database that holds the signature is enough for pacman.
    std::fs::remove_file(&sig).unwrap();
    assert!(site.dates("arch").is_empty());
    site.ok(&["sync", "arch"]);
    std::fs::remove_file(tree.path().join("core/os/x86_64/core.db")).unwrap();
    site.run(&["sync", "arch"]).expect(3).says("core.db").says("layout");
    assert_eq!(site.dates("arch").len(), 1);
    site.sound();
}

#[test]
fn an_upstream_in_the_middle_of_its_update_is_followed_to_its_end() {
    let (old, new) = (["hello 1.0-1", "epochpkg 1:3.2-1"], ["hello 2.0-1", "epochpkg 1:3.2-1"]);
    let (old, new) = (ArchTree::of(&old, Sign::Nothing), ArchTree::of(&new, Sign::Nothing));
    // The state changes after every number of requests that a sync may have made.
    for after in 1..12 {
        let upstream = Switching::serve([old.path(), new.path()], after);
        let site = following(&upstream.url(), "patience = \"2s\"\n");
        site.run(&["sync", "arch"]).expect(0);
        let folder = site.tree("arch", &site.dates("arch")[0]).join(FOLDER);
        let names: Vec<bool> = ["1.0", "2.0"]
            .iter()
            .map(|version| folder.join(format!("hello-{version}-1-x86_64.pkg.tar.zst")).exists())
            .collect();
        let database = std::fs::read(folder.join("core.db")).unwrap();
        let is_old = database == std::fs::read(old.path().join(FOLDER).join("core.db")).unwrap();
        assert_eq!(names, [is_old, !is_old], "after {after} requests");
        let files = std::fs::read(folder.join("core.files")).unwrap();
        let of = if is_old { &old } else { &new };
        assert_eq!(
            files,
            std::fs::read(of.path().join(FOLDER).join("core.files")).unwrap(),
            "{after}"
        );
        site.ok(&["verify", "arch"]);
    }
}

#[test]
fn a_mirror_that_lags_behind_is_passed_by() {
    let (old, new) = (
        ArchTree::of(&["hello 1.0-1"], Sign::Nothing),
        ArchTree::of(&["hello 2.0-1"], Sign::Nothing),
    );
    write(old.path().join("lastupdate"), "1795000000\n");
    write(new.path().join("lastupdate"), "1795000100\n");
    let (behind, current) = (Upstream::of(old.path(), ""), Upstream::of(new.path(), ""));
    let site = following(&current.url(), "");
    site.ok(&["sync", "arch"]);
    site.ok(&["show", "arch"]);
    let both = format!("upstream = [\"{}\", \"{}\"]\n", behind.url(), current.url());
    site.mirror("arch", &mirror(&site, "", &both));
    site.run(&["sync", "arch"]).expect(1).says("lags behind").says("nothing changed");
    site.mirror("arch", &mirror(&site, &behind.url(), ""));
    site.run(&["sync", "arch"]).expect(3).says("lags behind or went back; --allow-older takes it");
    site.ok(&["sync", "arch", "--allow-older"]);
    assert_eq!(site.dates("arch").len(), 2);
}

#[test]
fn packages_are_signed_by_whom_the_keyrings_name() {
    let tree = ArchTree::of(&["hello 1.0-1", "epochpkg 1:3.2-1"], Sign::Nothing);
    let upstream = Upstream::of(tree.path(), "");
    let more = "keyrings = [\"KEYRING\"]\npackage-signatures = \"require\"\n";
    let site = following(&upstream.url(), more);
    site.run(&["sync", "arch"]).expect(4).says("it carries no signature");
    site.mirror("arch", &mirror(&site, &upstream.url(), &more.replace("require", "report")));
    site.run(&["sync", "arch"]).expect(1).says("2 unsigned");
    site.mirror("arch", &mirror(&site, &upstream.url(), more));
    for sign in [Sign::Beside, Sign::Listed] {
        tree.repository(FOLDER, "core", (&["hello 1.0-1", "epochpkg 1:3.2-1"], sign));
        let args = ["sync", "arch", "--even-if-unchanged"];
        site.run(&args).expect(0);
        site.run(&["show", "arch"]).expect(0).says("signed");
    }
    // A signature of something else, and what is none.
    tree.repository(FOLDER, "core", (&["hello 2.0-1"], Sign::Nothing));
    let hello = tree.path().join(name("hello 2.0-1"));
    let other = tree.path().join("other");
    write(&other, "other");
    let sig = format!("{}.sig", hello.display());
    std::fs::rename(signature(&other), &sig).unwrap();
    site.run(&["sync", "arch"]).expect(4).says("is BAD");
    for (junk, said) in
        [(&b"junk"[..], "cannot be read"), (&[0; 20_000], "larger than pacman takes")]
    {
        write(&sig, junk);
        // The package is another: what stood beside it is asked for again.
        tree.repository(FOLDER, "core", (&["hello 3.0-1"], Sign::Nothing));
        write(tree.path().join(name("hello 3.0-1") + ".sig"), junk);
        site.run(&["sync", "arch"]).expect(4).says(said);
    }
    write(tree.path().join(name("hello 3.0-1") + ".sig"), vec![0; 2 << 20]);
    site.run(&["sync", "arch"]).expect(4).says("2097152 bytes, as the server says");
    signature(&tree.path().join(name("hello 3.0-1")));
    site.ok(&["sync", "arch"]);
    site.sound();
}

#[test]
fn a_part_of_a_repository_says_so() {
    let tree =
        ArchTree::of(&["hello 1.0-1", "hello-docs 1.0-1", "epochpkg 1:3.2-1"], Sign::Nothing);
    let upstream = Upstream::of(tree.path(), "");
    let more = "[filter]\ninclude = [\"hello*\"]\nexclude = [\"*-docs\"]\n";
    let site = following(&upstream.url(), more);
    site.run(&["sync", "arch"]).expect(0).says("filtered");
    let folder = site.tree("arch", &site.dates("arch")[0]).join(FOLDER);
    let mut packages: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".pkg."))
        .collect();
    packages.sort();
    assert_eq!(packages, ["hello-1.0-1-x86_64.pkg.tar.zst"]);
    site.ok(&["verify", "arch"]);
    for (more, said) in [
        ("suites = [\"x\"]\n", "suites: it means nothing to a mirror of family pacman"),
        ("newest = 1\n", "newest: it means nothing"),
        ("layout = \"../x\"\n", "bad layout"),
        ("repositories = [\"a/b\"]\n", "bad repository"),
        ("repositories = []\n", "repositories: name at least one"),
        ("architectures = []\n", "architectures: name at least one"),
        ("layout = \"\"\n", "the layout has no $arch"),
        ("package-signatures = \"require\"\n", "it needs keyrings"),
        ("unsigned = false\n", "it has no keyring"),
    ] {
        site.mirror("arch", &mirror(&site, &upstream.url(), more));
        site.run(&["sync", "arch"]).expect(2).says(said);
    }
}

#[test]
fn a_database_that_could_be_read_in_two_ways_is_refused() {
    let tree = ArchTree::of(&["hello 1.0-1"], Sign::Nothing);
    let upstream = Upstream::of(tree.path(), "");
    let site = following(&upstream.url(), "");
    let database = tree.path().join("core/os/x86_64/core.db.tar.gz");
    let good = std::fs::read(&database).unwrap();
    for (script, said) in [
        ("cp -r hello-1.0-1 hello-2.0-1", "is not called after its name"),
        (
            "cp -r hello-1.0-1 hello-2.0-1; sed -i 's/^1.0-1$/2.0-1/' hello-2.0-1/desc",
            "is there twice",
        ),
        ("sed -i 's/^hello-1.0.*zst$/..\\/..\\/x/' hello-1.0-1/desc", "is a path or hidden"),
        ("sed -i 's/^hello-1.0.*zst$/core.db/' hello-1.0-1/desc", "core.db"),
        ("sed -i '/SHA256SUM/,+2d; /MD5SUM/,+2d' hello-1.0-1/desc", "it has no checksum"),
        ("rm hello-1.0-1/desc; ln -s /etc/passwd hello-1.0-1/desc", "neither file nor folder"),
    ] {
        let work = site.dir().join("work");
        drop(std::fs::remove_dir_all(&work));
        std::fs::create_dir(&work).unwrap();
        write(&database, &good);
        let mut make = Command::new("sh");
        let whole =
            format!("set -e; bsdtar -xf '{0}'; {script}; bsdtar -czf '{0}' *", database.display());
        tool(make.args(["-c", &whole]).current_dir(&work));
        let ran = site.run(&["sync", "arch"]);
        assert!(matches!(ran.code, Some(3 | 4)), "{script}: {}", ran.said());
        ran.says(said);
    }
    write(&database, "<html>welcome to this hotel's network</html>");
    site.run(&["sync", "arch"]).expect(4).says("it does not unpack");
    assert!(site.dates("arch").is_empty());
    // One list of files that is of another state is upstream's, and worth a word.
    write(&database, &good);
    let other = ArchTree::of(&["epochpkg 1:3.2-1"], Sign::Nothing);
    let files = tree.path().join("core/os/x86_64/core.files.tar.gz");
    std::fs::copy(other.path().join("core/os/x86_64/core.files"), files).unwrap();
    site.run(&["sync", "arch"]).expect(1).says("core.files").says("of another state");
    assert_eq!(site.dates("arch").len(), 1);
}
