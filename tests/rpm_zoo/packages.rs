//! What `primary.xml` says of packages: checksums, sizes, names that stand twice, and their own signatures.

use super::{Cage, swap};
use crate::harness::{Repo, Rpm, UpstreamKey, hex, write};
use crate::rpm_signature::without_payload_digest;

const ALPHA: &str = "Packages/alpha-1.0-1.noarch.rpm";

fn two() -> Repo {
    let repo = Repo::new();
    repo.package("Packages", "alpha", "1.0");
    repo.package("Packages", "steady", "1.0");
    repo.createrepo(&[]);
    repo
}

/// The entry of a package in `primary.xml`.
fn stanza(plain: &str, path: &str) -> String {
    let at = plain.find(path).unwrap();
    let begin = plain[..at].rfind("<package ").unwrap();
    let end = at + plain[at..].find("</package>").unwrap() + "</package>".len();
    plain[begin..end].to_owned()
}

/// Changes the checksum that is stated of the package alpha.
fn sum(edit: impl Fn(&str) -> (String, String)) -> impl Fn(&Repo) {
    move |repo| {
        let old = hex("SHA256", &repo.read(ALPHA));
        let (kind, new) = edit(&old);
        let from = format!("<checksum type=\"sha256\" pkgid=\"YES\">{old}</checksum>");
        let to = format!("<checksum type=\"{kind}\" pkgid=\"YES\">{new}</checksum>");
        repo.edit("primary", |plain| swap(&plain, &from, &to));
    }
}

#[test]
fn packages_are_named_by_checksums_of_kinds_that_clients_know() {
    let cage = Cage::new(two());
    let bytes = cage.repo.read(ALPHA);
    // Trap 7 and its row.
    for (kind, name) in [
        ("sha", "SHA1"),
        ("sha1", "SHA1"),
        ("md5", "MD5"),
        ("sha384", "SHA384"),
        ("sha512", "SHA512"),
    ] {
        cage.takes(kind, &[], sum(|_| (kind.to_owned(), hex(name, &bytes))));
    }
    // Trap 8.
    let says = ["1 of its packages are named by a checksum SHA-224", "dnf aborts", ALPHA];
    cage.takes("sha224", &says, sum(|_| ("sha224".to_owned(), hex("SHA224", &bytes))));
    // Traps 9 and 11.
    let of = |kind: &str, digits: String| (kind.to_owned(), digits);
    let says = ["primary.xml", "line ", "<checksum>"];
    cage.refuses("unknown", 4, &says, sum(|old| of("whirlpool", old.to_owned())));
    cage.refuses("capitals", 4, &says, sum(|old| of("sha256", old.to_uppercase())));
    cage.refuses("padded", 4, &says, sum(|old| of("sha256", format!("\n  {old}\n  "))));
    cage.refuses("cut", 4, &says, sum(|old| of("sha256", old[1..].to_owned())));
}

#[test]
fn the_size_that_is_stated_of_a_package_is_its_size_or_nothing() {
    let cage = Cage::new(two());
    let bytes = cage.repo.read(ALPHA).len();
    let size = |to: String| {
        move |repo: &Repo| {
            repo.edit("primary", |plain| {
                let old = stanza(&plain, ALPHA);
                let new = swap(&old, &format!("<size package=\"{bytes}\""), &format!("<size{to}"));
                plain.replace(&old, &new)
            });
        }
    };
    // Trap 18.
    for (what, stated) in [("one more", bytes + 1), ("one less", bytes - 1)] {
        let fresh = Cage::new(two());
        fresh.refuses(what, 4, &[ALPHA, "upstream-wrong"], size(format!(" package=\"{stated}\"")));
    }
    cage.takes("none", &[], size(String::new()));
    cage.takes("0", &[], size(" package=\"0\"".to_owned()));
    let says = ["primary.xml", "line ", "number of bytes"];
    cage.refuses("no number", 4, &says, size(" package=\"-1\"".to_owned()));
    // And now that the store has it, one more is wrong still.
    cage.refuses("one more, later", 4, &[ALPHA], size(format!(" package=\"{}\"", bytes + 1)));
}

#[test]
fn a_package_that_is_missing_or_another_is_named() {
    let missing = Cage::new(two());
    missing.refuses("missing", 3, &[ALPHA, "404", "upstream-missing"], |repo| repo.remove(ALPHA));
    let wrong = Cage::new(two());
    wrong.refuses("wrong", 4, &[ALPHA, "upstream-wrong", "expected SHA256"], |repo| {
        let mut bytes = repo.read(ALPHA);
        bytes[1000] ^= 1;
        repo.file(ALPHA, bytes);
    });
    wrong.refuses("cut", 4, &[ALPHA, "upstream-wrong"], |repo| {
        let bytes = repo.read(ALPHA);
        repo.file(ALPHA, &bytes[..bytes.len() - 7]);
    });
    // What came is kept, and what was wrong was not.
    wrong.takes("whole", &[], |_| ());
    wrong.site.sound();
}

#[test]
fn one_path_has_one_content_and_one_name_may_have_two_paths() {
    let cage = Cage::new(two());
    let twice = |plain: String, edit: &dyn Fn(&str) -> String| {
        let old = stanza(&plain, ALPHA);
        let plain = swap(&plain, "packages=\"2\"", "packages=\"3\"");
        plain.replace(&old, &format!("{old}\n{}", edit(&old)))
    };
    // Trap 16.
    cage.takes("the same twice", &[], |repo| {
        repo.edit("primary", |plain| twice(plain, &str::to_owned));
    });
    let other = hex("SHA256", b"something else");
    cage.refuses("two hashes", 4, &["two contents", ALPHA, &other], |repo| {
        let sum = hex("SHA256", &repo.read(ALPHA));
        repo.edit("primary", |plain| twice(plain, &|old| swap(old, &sum, &other)));
    });
    // The second is written in another way, and is the same file.
    cage.refuses("two hashes, in disguise", 4, &["two contents", ALPHA], |repo| {
        let sum = hex("SHA256", &repo.read(ALPHA));
        repo.edit("primary", |plain| {
            twice(plain, &|old| swap(&swap(old, &sum, &other), ALPHA, &format!("x/..//./{ALPHA}")))
        });
    });
    // Trap 17: one name, version and architecture, two paths with two contents.
    cage.takes("two paths", &[], |repo| {
        repo.add("again", &Rpm::new("alpha", "1.0").build(2));
        repo.createrepo(&[]);
        assert_eq!(repo.plain("primary").matches("<name>alpha</name>").count(), 2);
    });
    let again = cage.read("again/alpha-1.0-1.noarch.rpm");
    assert_ne!(again, cage.read(ALPHA));
}

#[test]
fn what_packages_themselves_carry_is_checked_where_that_is_asked_for() {
    let vendor = UpstreamKey::other("vendor", &[], "never");
    let stranger = UpstreamKey::other("stranger", &[], "never");
    let repo = two();
    repo.sign_packages(&vendor);
    repo.createrepo(&[]);
    let cage =
        Cage::with(repo, "unsigned = true\npackage-signatures = \"report\"\nkeyrings = []\n");
    let ring = cage.site.dir().join("vendor.asc");
    write(&ring, vendor.public());
    let toml = cage.site.dir().join("mirrors.d/lab.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    let text = swap(&text, "keyrings = []", &format!("keyrings = [\"{}\"]", ring.display()));
    write(&toml, &text);
    cage.takes("signed", &[], |_| ());
    cage.site.run(&["show", "lab"]).expect(0).says("packages  2 signed by ");
    let unsigned = Rpm::new("alpha", "1.0").built();
    let spoil = |bytes: Vec<u8>| {
        move |repo: &Repo| {
            repo.file(ALPHA, bytes);
            repo.createrepo(&[]);
        }
    };
    let signed = |bytes: &[u8], key: &UpstreamKey, more: &[&str]| {
        let file = cage.site.dir().join("signing.rpm");
        write(&file, bytes);
        key.sign_rpm_with(&file, more);
        std::fs::read(file).unwrap()
    };
    let old = without_payload_digest(&unsigned);
    // Trap 29: of all by its old signature.
    cage.takes("old, of all", &[], spoil(signed(&old, &vendor, &["--rpmv3"])));
    let mut header_only = signed(&old, &vendor, &[]);
    crate::rpm_signature::without(&mut header_only, 96, &[1005]);
    let cases = [
        ("unsigned", unsigned.clone(), "unsigned"),
        ("stranger", signed(&unsigned, &stranger, &[]), "not in the keyring"),
        ("old, of the header", header_only, "unsigned payload"),
    ];
    for (what, bytes, says) in &cases {
        cage.takes(what, &[ALPHA, says], spoil(bytes.clone()));
    }
    write(&toml, swap(&text, "\"report\"", "\"require\""));
    for (what, bytes, says) in &cases {
        cage.refuses(what, 4, &[ALPHA, says], spoil(bytes.clone()));
    }
    cage.takes("signed, required", &[], |_| ());
}
