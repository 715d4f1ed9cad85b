//! Lists of checksums and their signatures.

use super::*;

fn run(folder: &Path, command: &str) -> Vec<u8> {
    tool(Command::new("sh").args(["-c", command]).current_dir(folder)).stdout
}

/// Writes what a command says of a folder, some hours old.
fn list(folder: &Path, name: &str, command: &str) {
    let text = run(folder, command);
    old(folder.join(name), text, 3);
}

/// Signs a file with the harness's key.
fn sign(file: &Path, how: &[&str], to: &str) {
    let made = tool(
        Command::new("gpg")
            .args(["--batch", "--yes", "--quiet", "--homedir"])
            .arg(UpstreamKey::shared().home())
            .args(how)
            .args(["--output", "-"])
            .arg(file),
    );
    old(file.with_file_name(to), made.stdout, 3);
}

/// A tree of two files.
fn tree() -> tempfile::TempDir {
    let tree = temp_dir();
    old(tree.path().join("a.iso"), "content a", 3);
    old(tree.path().join("sub/b.iso"), "content b", 3);
    tree
}

const ALL: &str = "sha256sum a.iso sub/b.iso";

fn keyring(site: &Site) -> String {
    let path = site.dir().join("upstream.asc");
    write(&path, UpstreamKey::shared().public());
    format!("keyrings = [\"{}\"]\n", path.display())
}

#[test]
fn files_are_what_the_lists_say() {
    for (name, command) in [
        ("SHA256SUMS", ALL),
        ("SHA512SUMS", "sha512sum ./a.iso sub/b.iso"),
        ("sha256sum.txt", "sha256sum -b a.iso sub/b.iso"),
        ("CHECKSUM", "sha256sum --tag a.iso sub/b.iso"),
        ("MD5SUMS", "md5sum a.iso sub/b.iso"),
        ("x_SHA1SUMS", "sha1sum a.iso; echo; sha1sum sub/b.iso"),
    ] {
        let tree = tree();
        list(tree.path(), name, command);
        let upstream = Upstream::of(tree.path(), "autoindex on;");
        let site = following(&upstream.url(), "");
        site.run(&["sync", "lab"]).expect(0).says("3 files");
        site.run(&["show", "lab"]).expect(0).says(&format!("root      {name}")).says("2 files");
        upstream.asked();
        site.run(&["sync", "lab"]).expect(0).says("nothing changed");
        assert_eq!(upstream.asked(), ["GET / 200", "GET /sub/ 200"], "{name}");
        // Only the time changes: what has a known checksum is not asked for again.
        old(tree.path().join("a.iso"), "content a", 2);
        site.run(&["sync", "lab"]).expect(0).says("nothing changed").says("in 2 requests");
        old(tree.path().join("a.iso"), "content z", 1);
        site.run(&["verify", "lab"]).expect(0);
        let fresh = following(&upstream.url(), "");
        fresh.run(&["sync", "lab"]).expect(4).says("upstream-wrong: a.iso");
        assert!(fresh.dates("lab").is_empty());
    }
}

#[test]
fn what_a_list_names_and_upstream_lacks_is_missing() {
    let tree = tree();
    list(tree.path(), "SHA256SUMS", ALL);
    std::fs::remove_file(tree.path().join("sub/b.iso")).unwrap();
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    let site = following(&upstream.url(), "");
    site.run(&["sync", "lab"]).expect(3).says("upstream-missing: sub/b.iso");
    // What is not asked for need not be there, and neither what a list names that is left out.
    for more in ["[filter]\nexclude = [\"sub/*\"]\n", "[filter]\nexclude = [\"SHA256SUMS\"]\n"] {
        follow(&site, &upstream.url(), more);
        site.run(&["sync", "lab"]).expect(0).says("filtered");
        site.run(&["verify", "lab"]).expect(0);
    }
}

#[test]
fn a_checksum_beside_a_file_is_of_that_file() {
    let tree = tree();
    list(tree.path(), "a.iso.sha256", "sha256sum a.iso");
    // A path of whoever built it, and a checksum alone.
    list(
        &tree.path().join("sub"),
        "b.iso.sha512",
        "sha512sum b.iso | sed 's|b.iso|/build/out/b.iso|'",
    );
    old(tree.path().join("c"), "content c", 3);
    list(tree.path(), "c.md5", "md5sum c | cut -d' ' -f1");
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    let site = following(&upstream.url(), "");
    site.run(&["sync", "lab"]).expect(0);
    for (file, is) in [("a.iso", "content z"), ("sub/b.iso", "content y"), ("c", "content x")] {
        let before = std::fs::read(tree.path().join(file)).unwrap();
        old(tree.path().join(file), is, 1);
        let fresh = following(&upstream.url(), "");
        fresh.run(&["sync", "lab"]).expect(4).says(&format!("upstream-wrong: {file}"));
        old(tree.path().join(file), before, 3);
    }
}

#[test]
fn the_strongest_list_counts_and_two_of_a_kind_must_agree() {
    let tree = tree();
    list(tree.path(), "SHA256SUMS", ALL);
    list(tree.path(), "MD5SUMS", "echo d41d8cd98f00b204e9800998ecf8427e  a.iso");
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    list(tree.path(), "sha256sum.txt", "sha256sum sub/b.iso | sed 's|sub/b|a|'");
    site.run(&["sync", "lab"]).expect(4).says("name two contents").says("sha256sum.txt");
    follow(&site, &upstream.url(), "[filter]\nexclude = [\"sha256sum.txt\"]\n");
    site.ok(&["sync", "lab"]);
}

#[test]
fn lists_of_strangers_name_nothing_outside_the_tree() {
    let tree = tree();
    let sum = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c";
    let text =
        format!("{sum}  ../x\n{sum}  /etc/passwd\n{sum}  a//b\n{sum}  SHA256SUMS\nnonsense\n");
    old(tree.path().join("SHA256SUMS"), text, 3);
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    let site = following(&upstream.url(), "");
    site.run(&["sync", "lab"]).expect(0).says("3 lines of lists of checksums name what cannot be");
    assert_eq!(paths(&site), ["SHA256SUMS", "a.iso", "sub/b.iso"]);
}

#[test]
fn a_signed_list_proves_what_it_names() {
    for (how, to) in [
        (&["--armor", "--detach-sign"][..], "SHA256SUMS.gpg"),
        (&["--detach-sign"], "SHA256SUMS.sig"),
        (&["--armor", "--detach-sign"], "SHA256SUMS.sign"),
        (&["--clearsign"], "SHA256SUMS.asc"),
        (&["--clearsign"], "SHA256SUMS"),
    ] {
        let tree = tree();
        list(tree.path(), "SHA256SUMS", ALL);
        sign(&tree.path().join("SHA256SUMS"), how, to);
        if to == "SHA256SUMS.asc" {
            std::fs::remove_file(tree.path().join("SHA256SUMS")).unwrap();
        }
        let upstream = Upstream::of(tree.path(), "autoindex on;");
        let site = following("http://127.0.0.1:9", "");
        follow(&site, &upstream.url(), &keyring(&site));
        site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
        site.run(&["show", "lab"]).expect(0).says("Lab Archive");
        site.run(&["verify", "lab"]).expect(0);
        upstream.asked();
        site.run(&["sync", "lab"]).expect(0).says("nothing changed").says("in 2 requests");
        // One file that nobody signed, and all is proved by nobody.
        old(tree.path().join("more"), "more", 3);
        let ran = site.run(&["sync", "lab"]).expect(0).says("trust = \"none\"");
        assert!(ran.err.contains("1 file is named by no signed list"), "{to}: {}", ran.err);
        site.run(&["verify", "lab"]).expect(0);
    }
}

#[test]
fn what_is_not_authentic_is_refused() {
    let tree = tree();
    let sums = tree.path().join("SHA256SUMS");
    list(tree.path(), "SHA256SUMS", ALL);
    let upstream = Upstream::of(tree.path(), "autoindex on;");
    let site = following("http://127.0.0.1:9", "");
    follow(&site, &upstream.url(), &keyring(&site));
    site.run(&["sync", "lab"]).expect(4).says("it has no signed list of checksums");
    sign(&sums, &["--armor", "--detach-sign"], "SHA256SUMS.gpg");
    site.ok(&["sync", "lab"]);
    // Who changes a file and its checksum cannot sign.
    let was = std::fs::read(&sums).unwrap();
    old(tree.path().join("a.iso"), "evil content", 2);
    let evil = run(tree.path(), ALL);
    old(&sums, &evil, 2);
    site.run(&["sync", "lab"]).expect(4).says("SHA256SUMS is not authentic");
    // A stronger list that nobody signed does not take the place of the signed one.
    old(&sums, &was, 1);
    list(tree.path(), "SHA512SUMS", "sha512sum a.iso sub/b.iso");
    let fresh = following("http://127.0.0.1:9", "");
    follow(&fresh, &upstream.url(), &keyring(&fresh));
    fresh.run(&["sync", "lab"]).expect(4).says("upstream-wrong: a.iso");
    // A list whose signature went is one that nobody signed.
    std::fs::remove_file(tree.path().join("SHA256SUMS.gpg")).unwrap();
    site.run(&["sync", "lab"]).expect(4).says("it has no signed list of checksums");
    assert_eq!(site.dates("lab").len(), 1, "the last good snapshot stays");
    site.run(&["verify", "lab"]).expect(0);
}

#[test]
fn a_tree_that_another_tool_brought_is_compared_with_its_lists() {
    let tree = tree();
    list(tree.path(), "SHA256SUMS", ALL);
    let site = Site::fleeting();
    site.mirror("lab", "family = \"files\"\nmount = \"lab\"\n");
    site.ok(&["init"]);
    site.ingest(tree.path(), &[]);
    site.run(&["show", "lab"]).expect(0).says("root      SHA256SUMS");
    site.run(&["verify", "lab"]).expect(0);
    let folder = tree.path().to_str().unwrap();
    std::fs::remove_file(tree.path().join("sub/b.iso")).unwrap();
    site.run(&["ingest", "lab", folder])
        .expect(0)
        .says("1 files that lists of checksums name did not come");
    site.run(&["verify", "lab"]).expect(0);
    old(tree.path().join("a.iso"), "content z", 2);
    site.run(&["ingest", "lab", folder]).expect(4).says("archive-wrong: a.iso");
    let keys = keyring(&site);
    site.mirror("lab", &format!("family = \"files\"\nmount = \"lab\"\n{keys}"));
    old(tree.path().join("a.iso"), "content a", 1);
    site.run(&["ingest", "lab", folder]).expect(4).says("it has no signed list");
    sign(&tree.path().join("SHA256SUMS"), &["--armor", "--detach-sign"], "SHA256SUMS.gpg");
    site.run(&["ingest", "lab", folder]).expect(0).says("signed");
    site.run(&["verify", "lab"]).expect(0);
}
