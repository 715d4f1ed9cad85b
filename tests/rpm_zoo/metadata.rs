//! What `repomd.xml` lists: how it is packed, what is stated of it, and what is in it.

use super::{Cage, swap};
use crate::harness::{Repo, hex, long, pack, tool, with_text};
use std::process::Command;

/// A repository with every kind of metadata that tools add, which nobody signed.
fn full() -> Repo {
    let repo = Repo::new();
    repo.package("Packages", "alpha", "1.0");
    repo.package("Packages", "steady", "1.0");
    repo.createrepo(&["--database"]);
    // Both name packages that nobody has, and groups come with a document type.
    repo.group(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE comps PUBLIC \"-//Lab//DTD Comps info//EN\" \"comps.dtd\">\n\
         <comps><group><id>lab</id><name>Lab</name><packagelist><packagereq>nobody</packagereq></packagelist></group></comps>\n",
    );
    repo.updateinfo(
        "<updates><update from=\"lab@example.org\" status=\"final\" type=\"security\" version=\"1\"><id>LAB-1</id><title>t</title>\
         <pkglist><collection short=\"c\"><name>c</name><package name=\"nobody\" version=\"9\" release=\"9\" epoch=\"0\" arch=\"noarch\">\
         <filename>nobody-9-9.noarch.rpm</filename></package></collection></pkglist></update></updates>\n",
    );
    repo.modules(
        "---\ndocument: modulemd\nversion: 2\ndata:\n  name: lab\n  stream: \"1\"\n  version: 1\n  context: c0ffee\n  arch: noarch\n  \
         summary: lab\n  description: lab\n  license:\n    module: [MIT]\n  artifacts:\n    rpms:\n    - nobody-0:9-9.noarch\n...\n",
    );
    repo.modify("novelty", "novelty.txt", "of no kind that anybody knows\n", &[]);
    repo
}

#[test]
fn everything_that_is_listed_is_taken_and_absent_packages_of_groups_and_advisories_are_nothing() {
    let cage = Cage::new(full());
    // Traps 4 and 30.
    cage.takes("everything", &[], |_| ());
    let repomd = cage.repo.repomd();
    let listed: Vec<&str> = repomd.matches("href=\"").collect();
    assert_eq!(listed.len(), 11, "{repomd}");
    for kind in ["primary", "primary_db", "group", "group_gz", "updateinfo", "modules", "novelty"] {
        let path = cage.repo.path(kind);
        assert_eq!(cage.read(&path), cage.repo.read(&path), "{kind}");
    }
    assert_eq!(cage.read("repodata/repomd.xml"), repomd.as_bytes());
}

#[test]
fn a_listed_file_that_is_missing_stops_all_whatever_it_is() {
    // Trap 19. Each comes first: nothing of it is in the store yet.
    let full = full();
    for kind in ["other", "filelists_db", "novelty", "group", "updateinfo", "modules", "primary"] {
        let cage = Cage::new(full.copy());
        let path = cage.repo.path(kind);
        cage.refuses(kind, 3, &[&path, "404", "upstream-missing"], |repo| repo.remove(&path));
    }
}

#[test]
fn the_ending_of_a_name_and_what_is_in_it_must_agree() {
    let cage = Cage::new(full());
    // Trap 1.
    let says = ["primary.xml.gz", "its name says gzip, and it is xz", "upstream-wrong"];
    cage.refuses("xz named gz", 4, &says, |repo| {
        let plain = repo.plain("primary");
        repo.set("primary", &pack("x.xz", plain.as_bytes()), plain.as_bytes());
    });
    cage.refuses("plain named gz", 4, &["its name says gzip"], |repo| {
        let plain = repo.plain("filelists");
        repo.set("filelists", plain.as_bytes(), plain.as_bytes());
    });
    // Trap 2.
    cage.takes("two members, then zeros", &[], |repo| {
        let plain = repo.plain("primary");
        let (one, two) = plain.as_bytes().split_at(plain.len() / 2);
        let packed = [pack("x.gz", one), pack("x.gz", two), vec![0; 512]].concat();
        repo.set("primary", &packed, plain.as_bytes());
    });
    for ending in [".xz", ".zst", ".bz2", ""] {
        cage.takes(ending, &[], |repo| {
            let (path, plain) = (repo.path("primary"), repo.plain("primary"));
            let to = path.replace(".gz", ending);
            repo.rename(&path, &to);
            repo.edit_repomd(|text| text.replace(&path, &to));
            repo.set("primary", &pack(&to, plain.as_bytes()), plain.as_bytes());
        });
    }
}

#[test]
fn what_is_stated_of_metadata_must_be_so_and_need_not_be_stated() {
    let cage = Cage::new(full());
    // Trap 3.
    let bytes = if long() { 1_000_000_000 } else { 100_000_000 };
    let zeros = format!("head -c {bytes} /dev/zero | gzip -1 -c");
    let bomb = tool(Command::new("sh").args(["-c", &zeros])).stdout;
    cage.refuses("a bomb", 4, &["primary.xml.gz", "unpacks to more than 10"], |repo| {
        repo.set("primary", &bomb, b"ten bytes.");
    });
    let stated = |kind: &'static str, tag: &'static str, value: String| {
        move |repo: &Repo| {
            let entry = repo.entry(kind);
            let edited = with_text(&entry, tag, &value);
            assert_ne!(entry, edited);
            repo.edit_repomd(|text| text.replace(&entry, &edited));
        }
    };
    let other = hex("SHA256", b"something else");
    for (what, kind, path, tag, value) in [
        ("size", "primary", "primary.xml", "size", "17".to_owned()),
        ("size of what is not read", "other", "other.xml", "size", "17".to_owned()),
        ("open-size, too small", "filelists", "filelists.xml", "open-size", "17".to_owned()),
        ("open-size, too large", "filelists", "filelists.xml", "open-size", "17000000".to_owned()),
        ("open-checksum", "filelists", "filelists.xml", "open-checksum", other.clone()),
        ("open-checksum of a database", "other_db", "other.sqlite", "open-checksum", other.clone()),
        ("checksum", "updateinfo", "updateinfo.xml", "checksum", other),
    ] {
        // On a site of its own: what was seen to unpack once is known.
        let cage = Cage::new(cage.pristine.copy());
        cage.refuses(what, 4, &[path, "upstream-wrong"], stated(kind, tag, value));
    }
    // Trap 10.
    cage.takes("nothing stated but the checksum", &[], |repo| {
        repo.edit_repomd(|text| {
            let is_stated = |line: &str| {
                ["<open-checksum", "<size", "<open-size"].iter().any(|tag| line.contains(tag))
            };
            text.lines().filter(|line| !is_stated(line)).collect::<Vec<_>>().join("\n")
        });
    });
    cage.takes("sizes of 0", &[], |repo| {
        let entry = repo.entry("primary");
        let edited = with_text(&with_text(&entry, "size", "0"), "open-size", "0");
        repo.edit_repomd(|text| text.replace(&entry, &edited));
    });
}

#[test]
fn text_that_no_client_reads_is_refused_with_its_line() {
    let cage = Cage::new(full());
    let summary = "<summary>alpha of the lab</summary>";
    let bytes = |to: &'static [u8]| {
        move |repo: &Repo| {
            let plain = repo.plain("primary");
            let at = plain.find(summary).unwrap();
            let rest = &plain.as_bytes()[at + summary.len()..];
            let new = [&plain.as_bytes()[..at], b"<summary>", to, b"</summary>", rest].concat();
            repo.set("primary", &pack("x.gz", &new), &new);
        }
    };
    // Trap 5: createrepo_c puts the summary of the first package in this line.
    let line = cage.pristine.plain("primary").lines().position(|line| line.contains(summary));
    let line = format!("line {}", line.unwrap() + 1);
    for (what, to) in [
        ("Latin-1", &b"caf\xe9"[..]),
        ("a control byte", b"bell \x07"),
        ("a character of control", b"&#1;"),
        ("no character", b"&#xd800;"),
        ("an entity that nobody declared", b"&nobody;"),
    ] {
        cage.refuses(what, 4, &["primary.xml", &line], bytes(to));
    }
    cage.takes("what XML knows", &[], bytes("&amp; &#228; \u{e4}\t".as_bytes()));
}

#[test]
fn document_types_are_refused_where_clients_read_packages() {
    let cage = Cage::new(full());
    let doctype = "<!DOCTYPE metadata [<!ENTITY lab \"lab\">]>\n";
    let bomb: String =
        (1..10).fold("<!DOCTYPE metadata [<!ENTITY e0 \"lol\">".to_owned(), |all, at| {
            all + &format!("<!ENTITY e{at} \"{}\">", format!("&e{};", at - 1).repeat(10))
        }) + "]>\n";
    for text in [doctype, &bomb] {
        let with = |before: String, root: &str| swap(&before, root, &format!("{text}{root}"));
        cage.refuses("in primary", 4, &["primary.xml", "document type"], |repo| {
            repo.edit("primary", |plain| {
                let plain = swap(&plain, "alpha of the lab", "&lab;&e9;");
                with(plain, "<metadata ")
            });
        });
        cage.refuses("in repomd.xml", 4, &["repomd.xml", "document type"], |repo| {
            repo.edit_repomd(|plain| with(plain, "<repomd "));
        });
    }
}

#[test]
fn an_entry_may_stand_once_and_in_repodata() {
    let cage = Cage::new(full());
    // Trap 6.
    cage.refuses("two primary", 4, &["repomd.xml", "2 <data> of type primary"], |repo| {
        let entry = repo.entry("primary");
        repo.edit_repomd(|text| text.replace(&entry, &format!("{entry}\n{entry}")));
    });
    cage.refuses("no primary", 4, &["no <data> of type primary"], |repo| {
        repo.edit_repomd(|text| swap(&text, "\"primary\"", "\"primus\""));
    });
    cage.refuses("one path, two checksums", 4, &["has two checksums"], |repo| {
        let (entry, path) = (repo.entry("other"), repo.path("other"));
        let edited = swap(&entry, &path, &repo.path("filelists"));
        repo.edit_repomd(|text| text.replace(&entry, &edited));
    });
    cage.takes("elsewhere", &["odd/primary.xml.gz", "dnf aborts"], |repo| {
        let path = repo.path("primary");
        repo.rename(&path, "odd/primary.xml.gz");
        repo.edit_repomd(|text| swap(&text, &path, "odd/primary.xml.gz"));
    });
    cage.refuses("none of ours", 4, &["mirror.example.org"], |repo| {
        let location = format!("<location href=\"{}\"/>", repo.path("filelists"));
        let based = swap(&location, "href", "xml:base=\"https://mirror.example.org/\" href");
        repo.edit_repomd(|text| swap(&text, &location, &based));
    });
}

#[test]
fn checksums_are_of_kinds_that_clients_know() {
    let cage = Cage::new(full());
    let sum = |kind: &'static str, name: &'static str| {
        move |repo: &Repo| {
            let (entry, bytes) = (repo.entry("filelists"), repo.read(&repo.path("filelists")));
            let edited = with_text(&entry, "checksum", &hex(name, &bytes));
            let edited = edited.replacen("\"sha256\"", &format!("\"{kind}\""), 1);
            repo.edit_repomd(|text| swap(&text, &entry, &edited));
        }
    };
    for (kind, name) in [
        ("md5", "MD5"),
        ("sha", "SHA1"),
        ("sha1", "SHA1"),
        ("sha224", "SHA224"),
        ("sha384", "SHA384"),
        ("sha512", "SHA512"),
    ] {
        cage.takes(kind, &[], sum(kind, name));
    }
    // Traps 9 and 11.
    cage.refuses("of no kind", 4, &["repomd.xml", "whirlpool"], sum("whirlpool", "SHA256"));
    let digits = |edit: fn(&str) -> String| {
        move |repo: &Repo| {
            let entry = repo.entry("filelists");
            let sum = hex("SHA256", &repo.read(&repo.path("filelists")));
            let edited = with_text(&entry, "checksum", &edit(&sum));
            repo.edit_repomd(|text| swap(&text, &entry, &edited));
        }
    };
    let says = ["repomd.xml", "64 digits of sha256"];
    cage.refuses("in capitals", 4, &says, digits(|sum| sum.to_uppercase()));
    cage.refuses("with spaces", 4, &says, digits(|sum| format!(" {sum} ")));
    cage.refuses("in a line of its own", 4, &says, digits(|sum| format!("\n{sum}\n")));
}

#[test]
fn what_clients_stumble_over_is_taken_with_a_word_about_it() {
    let cage = Cage::new(full());
    // Trap 8.
    cage.takes("modules that are none", &["modules.yaml", "dnf aborts at it"], |repo| {
        repo.edit("modules", |_| "{ not: [yaml\n".to_owned());
    });
    cage.takes("advisories that are none", &["updateinfo.xml", "zypper refuses"], |repo| {
        repo.edit("updateinfo", |_| "<updates><update>".to_owned());
    });
    cage.takes("groups that are none", &[], |repo| {
        repo.edit("group", |_| "<comps><group>".to_owned());
    });
    // Trap 30.
    let says = ["primary.xml", "says that it lists 7 packages, and lists 2"];
    cage.takes("a wrong number of packages", &says, |repo| {
        repo.edit("primary", |plain| swap(&plain, "packages=\"2\"", "packages=\"7\""));
    });
}

#[test]
fn a_page_in_place_of_repomd_is_shown_by_its_first_words() {
    let cage = Cage::new(full());
    // Trap 28.
    let says = ["repodata/repomd.xml", "begins with: ", "Please log in"];
    cage.refuses("HTML", 4, &says, |repo| {
        let page = "<!DOCTYPE html><html><head><title>Please log in</title></head></html>\n";
        repo.file("repodata/repomd.xml", page);
    });
    cage.refuses("empty", 4, &["repodata/repomd.xml"], |repo| {
        repo.file("repodata/repomd.xml", "");
    });
    cage.refuses("cut", 4, &["repodata/repomd.xml"], |repo| {
        repo.edit_repomd(|text| text[..text.len() - 20].to_owned());
    });
    cage.refuses(
        "absent",
        3,
        &["repodata/repomd.xml", "is the URL that of a repository"],
        |repo| {
            repo.remove("repodata/repomd.xml");
        },
    );
    cage.refuses("empty of packages", 4, &["--allow-empty"], |repo| {
        std::fs::remove_dir_all(repo.at("Packages")).unwrap();
        repo.createrepo(&[]);
    });
}
