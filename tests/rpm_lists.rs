//! Lists of mirrors as upstream: what they name is tried in order, and what a metalink vouches for is all that counts.

use crate::harness::{
    Repo, Site, Upstream, follow_rpm, following_rpm, hex, replace, temp_dir, write,
};
use std::process::Command;

/// A server of lists, and its folder.
fn lists() -> (tempfile::TempDir, Upstream) {
    let dir = temp_dir();
    let server = Upstream::of(dir.path(), "");
    (dir, server)
}

/// What a metalink says of a `repomd.xml`, in the order of `MirrorManager`.
fn state(bytes: &[u8], kinds: &[&str]) -> String {
    let hashes = kinds.iter().fold(String::new(), |text, kind| {
        let sum = hex(&kind.to_uppercase(), bytes);
        format!("{text}<hash type=\"{kind}\">{sum}</hash>")
    });
    let size = bytes.len();
    format!("<size>{size}</size><verification>{hashes}</verification>")
}

const KINDS: &[&str] = &["md5", "sha1", "sha256", "sha512"];

/// A whole metalink.
fn metalink(newest: &str, alternates: &[String], urls: &[String]) -> String {
    let alternates: String = alternates
        .iter()
        .map(|one| {
            format!("<mm0:alternate><mm0:timestamp>1774238400</mm0:timestamp>{one}</mm0:alternate>")
        })
        .collect();
    let urls: String = urls
        .iter()
        .zip((1..=100).rev())
        .map(|(url, preference)| {
            format!(
                "<url protocol=\"http\" preference=\"{preference}\">{url}/repodata/repomd.xml</url>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><metalink version=\"3.0\" xmlns=\"http://www.metalinker.org/\" \
         xmlns:mm0=\"http://fedorahosted.org/mirrormanager\"><files><file name=\"repomd.xml\">{newest}\
         <mm0:alternates>{alternates}</mm0:alternates><resources>{urls}</resources></file></files></metalink>\n"
    )
}

fn repomd(repo: &Repo) -> Vec<u8> {
    repo.read("repodata/repomd.xml")
}

/// A mirror `lab` that follows a metalink, which nobody's signature helps.
fn following_metalink(server: &Upstream) -> Site {
    let line = format!("metalink = \"{}/metalink\"\nunsigned = true\n", server.url());
    following_rpm("", &line)
}

#[test]
fn the_mirrors_of_a_list_are_tried_in_order_each_as_a_whole() {
    let repo = Repo::first();
    let (bad, good) = (
        Upstream::of(&repo.tree, "location /Packages/ { return 404; }"),
        Upstream::of(&repo.tree, ""),
    );
    let (dir, server) = lists();
    let list = dir.path().join("list");
    let text = format!(
        "# mirrors\nrsync://127.0.0.1/lab\nhttp://127.0.0.1:1/lab\n{}\n{}/\n",
        bad.url(),
        good.url()
    );
    write(&list, text);
    let site = following_rpm("", &format!("mirrorlist = \"{}/list\"\n", server.url()));
    let ran = site.run(&["sync", "lab"]).expect(1).says("the next upstream is tried");
    assert_eq!(ran.err.matches("the next upstream is tried").count(), 2, "{}", ran.err);
    site.run(&["show", "lab"]).expect(0).says(&good.url()).says("trust     signed");
    assert!(good.asked().contains(&"GET /repodata/repomd.xml 200".to_owned()), "as a whole");
    assert_eq!(server.asked(), ["GET /list 200"], "once a run");
    replace(&list, format!("{}\n", good.url()).as_bytes());
    site.run(&["sync", "lab"]).expect(0).says("nothing changed").says("in 2 requests");
    assert_eq!(server.asked(), ["GET /list 200"]);
    assert_eq!(good.asked(), ["GET /repodata/repomd.xml 200"]);
    // What is no http is never asked for, be it alone.
    replace(&list, b"file:///etc/\n");
    site.run(&["sync", "lab"]).expect(3).says("no http or https URL");
    site.sound();
}

#[test]
fn a_list_that_is_none_says_so_and_the_last_snapshot_stays() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let (dir, server) = lists();
    let list = dir.path().join("list");
    let good = format!("{}/\n", upstream.url());
    write(&list, &good);
    let site = following_rpm("", &format!("mirrorlist = \"{}/list?token=Geheim\"\n", server.url()));
    site.ok(&["sync", "lab"]);
    for (text, says) in [
        (good.replace('\n', "\r\n"), "line 1: it ends in CR LF"),
        ("<!DOCTYPE html>\n<title>Sorry</title>".to_owned(), "HTML or XML, not a list"),
        (String::new(), "it is empty"),
        ("\n# nothing\n\n".to_owned(), "no http or https URL"),
        (format!("{good}what?token=Geheim\n"), "line 2: expected a URL"),
        (format!("{good}http://me:Geheim@127.0.0.1/\n"), "a login"),
        ("x".repeat((1 << 20) + 1), "larger than 1048576 bytes"),
    ] {
        replace(&list, text.as_bytes());
        let ran = site.run(&["sync", "lab"]).expect(3).says(says).says("/list");
        assert!(!ran.said().contains("Geheim"), "{}", ran.said());
    }
    std::fs::remove_file(&list).unwrap();
    site.run(&["sync", "lab"]).expect(3).says("the server answers 404");
    assert_eq!(site.dates("lab").len(), 1);
}

#[test]
fn a_metalink_says_which_states_count() {
    let repo = Repo::first();
    let (old, first) = (repo.copy(), repomd(&repo));
    repo.second_state();
    let second = repomd(&repo);
    let (stale, fresh) = (Upstream::of(&old.tree, ""), Upstream::of(&repo.tree, ""));
    let (dir, server) = lists();
    let list = dir.path().join("metalink");
    let urls = [stale.url(), fresh.url()];
    let (newest, before) = (state(&second, KINDS), state(&first, KINDS));
    // The first mirror lags behind what counts: the next one is tried.
    write(&list, metalink(&newest, &[], &urls));
    let site = following_metalink(&server);
    site.run(&["sync", "lab"])
        .expect(1)
        .says("the next upstream is tried")
        .says("trust = \"none\"");
    site.run(&["show", "lab"]).expect(0).says(&fresh.url());
    // Neither has what it should be.
    replace(
        &list,
        metalink(&state(b"other", KINDS), std::slice::from_ref(&before), &urls[1..]).as_bytes(),
    );
    site.run(&["sync", "lab"])
        .expect(3)
        .says(&hex("SHA512", b"other"))
        .says(&hex("SHA512", &second))
        .says("or one of 1 before it");
    // Trap 27: a state before the newest still counts.
    replace(&list, metalink(&newest, std::slice::from_ref(&before), &urls).as_bytes());
    site.run(&["sync", "lab"]).expect(0).says("took");
    let shown = "relaxed   a state of 2026-03-23 04:00:00 before the newest, which the metalink still allows";
    site.run(&["show", "lab"]).expect(0).says(&stale.url()).says(shown);
    server.asked();
    stale.asked();
    site.run(&["sync", "lab"]).expect(0).says("nothing changed").says("in 2 requests");
    assert_eq!(server.asked(), ["GET /metalink 200"]);
    assert_eq!(stale.asked(), ["GET /repodata/repomd.xml 200"]);
    // A mirror that stopped moving has nothing new, and what it has no longer counts.
    replace(&list, metalink(&newest, &[], &urls[..1]).as_bytes());
    site.run(&["sync", "lab"]).expect(3).says("of no state that the metalink allows");
    assert_eq!(site.dates("lab").len(), 2);
    site.run(&["verify", "lab"]).expect(0);
}

#[test]
fn a_metalink_of_weak_checksums_proves_nothing() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let (dir, server) = lists();
    let list = dir.path().join("metalink");
    let urls = [upstream.url()];
    let weak = state(&repomd(&repo), &["md5", "sha1"]);
    write(&list, metalink(&weak, &[], &urls));
    let site = following_metalink(&server);
    site.run(&["sync", "lab"]).expect(3).says("weak ones (MD5, SHA-1), which prove nothing");
    // Nor does an alternate that only such vouch for.
    replace(&list, metalink(&state(b"other", KINDS), &[weak], &urls).as_bytes());
    site.run(&["sync", "lab"]).expect(3).says("of no state that the metalink allows");
    for (text, says) in [
        ("<html>sorry", "the file begins with '<html>sorry'"),
        (&metalink(&state(b"x", KINDS), &[], &[]), "it names no mirror"),
        (
            &metalink(&state(b"x", KINDS), &[], &["ftp://127.0.0.1/x".to_owned()]),
            "it names no mirror",
        ),
        ("<!DOCTYPE m [<!ENTITY a \"b\">]><metalink/>", "document type declaration"),
    ] {
        replace(&list, text.as_bytes());
        site.run(&["sync", "lab"]).expect(3).says(says).says("/metalink");
    }
    assert!(site.dates("lab").is_empty());
}

#[test]
fn a_list_of_mirrors_that_lie_elsewhere_than_the_folder_of_the_tree_is_upstreams_fault() {
    let repo = Repo::below("guid/x86_64");
    repo.package("../../blobstore", "alpha", "1.0");
    let mut call = Command::new("createrepo_c");
    call.args(["--quiet", "--no-database", "--location-prefix", "../../blobstore"]);
    call.args(["--outputdir"]).arg(repo.at("")).arg(repo.tree.join("blobstore"));
    crate::harness::tool(&mut call);
    let upstream = Upstream::of(&repo.tree, "");
    let (dir, server) = lists();
    let list = dir.path().join("list");
    write(&list, format!("{0}/\n{0}/guid/\n", upstream.url()));
    let more = format!(
        "mirrorlist = \"{}/list\"\nrepository = \"core/x86_64\"\nunsigned = true\n",
        server.url()
    );
    let site = following_rpm("", &more);
    site.run(&["sync", "lab"]).expect(3).says("fewer levels");
    replace(&list, format!("{0}/\n{0}/guid/x86_64/\n", upstream.url()).as_bytes());
    site.ok(&["sync", "lab"]);
    let tree = site.tree("lab", &site.dates("lab")[0]);
    assert!(tree.join("core/x86_64/repodata/repomd.xml").is_file());
    assert!(tree.join("blobstore/alpha-1.0-1.noarch.rpm").is_file());
    follow_rpm(&site, "lab", &upstream.url(), "repository = \"core/x86_64\"\nunsigned = true\n");
    site.run(&["sync", "lab"]).expect(2).says("lab.toml").says("repository").says("fewer levels");
}
