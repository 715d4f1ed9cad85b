//! Upstreams that are known by a list of them, and by what the list says of their states.

use crate::harness::{Hostile, Repo, Upstream, count, following_rpm, hex, temp_dir, walk, write};

/// A list as a server gives it out, and a site that follows whom it names.
fn listed(key: &str, text: &str) -> (tempfile::TempDir, Upstream, crate::harness::Site) {
    let dir = temp_dir();
    write(dir.path().join("list"), text);
    let server = Upstream::of(dir.path(), "");
    let site = following_rpm("", &format!("{key} = \"{}/list?repo=lab\"\n", server.url()));
    (dir, server, site)
}

#[test]
fn a_list_of_mirrors_is_followed_in_its_order() {
    let repo = Repo::first();
    let (bad, good) = (
        Upstream::of(&repo.tree, "location /Packages/ { return 404; }"),
        Upstream::of(&repo.tree, ""),
    );
    let text = format!("# mirrors\nhttp://127.0.0.1:1/\n{}/\n{}", bad.url(), good.url());
    let (_dir, server, site) = listed("mirrorlist", &text);
    site.run(&["sync", "lab"]).expect(1).says("the next upstream is tried");
    site.run(&["show", "lab"]).expect(0).says(&good.url());
    assert_eq!(count(&good.asked(), "repomd.xml"), 1, "each is followed as a whole");
    assert_eq!(server.asked(), ["GET /list 200"]);
}

#[test]
fn a_list_that_clients_would_not_read_is_refused_with_what_it_is() {
    // Trap 26.
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    for (text, says) in [
        (format!("{}/\r\n", upstream.url()), "CR LF"),
        ("<!DOCTYPE html><html>busy</html>\n".to_owned(), "HTML"),
        (String::new(), "empty"),
        ("# nobody\n".to_owned(), "no http or https URL"),
        ("rsync://mirror.example.org/lab\n".to_owned(), "no http or https URL"),
        ("busy, come again\n".to_owned(), "expected a URL"),
    ] {
        let (_dir, server, site) = listed("mirrorlist", &text);
        site.run(&["sync", "lab"]).expect(3).says(&format!("{}/list", server.url())).says(says);
        assert!(upstream.asked().is_empty(), "{text:?}");
    }
}

/// A metalink as Fedora's servers write it.
fn metalink(repomd: &[u8], alternates: &[&[u8]], urls: &[String]) -> String {
    let state = |bytes: &[u8]| {
        format!(
            "<mm0:timestamp>1</mm0:timestamp><size>{}</size><verification><hash type=\"md5\">{}</hash><hash type=\"sha256\">{}</hash></verification>",
            bytes.len(),
            hex("MD5", bytes),
            hex("SHA256", bytes)
        )
    };
    let alternates: String = alternates
        .iter()
        .map(|bytes| format!("<mm0:alternate>{}</mm0:alternate>", state(bytes)))
        .collect();
    let urls: String = urls
        .iter()
        .enumerate()
        .map(|(at, url)| {
            let preference = 100 - at;
            format!("<url protocol=\"http\" type=\"http\" location=\"DE\" preference=\"{preference}\">{url}/repodata/repomd.xml</url>")
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<metalink version=\"3.0\" xmlns=\"http://www.metalinker.org/\" type=\"dynamic\" \
         xmlns:mm0=\"http://fedorahosted.org/mirrormanager\">\n<files><file name=\"repomd.xml\">{}<mm0:alternates>{alternates}</mm0:alternates>\
         <resources maxconnections=\"1\">{urls}</resources></file></files></metalink>\n",
        state(repomd)
    )
}

#[test]
fn a_metalink_says_which_states_its_mirrors_may_have() {
    let (older, newer) = (Repo::first(), Repo::first());
    newer.second_state();
    let (behind, ahead) = (Upstream::of(&older.tree, ""), Upstream::of(&newer.tree, ""));
    let (old, new) = (older.read("repodata/repomd.xml"), newer.read("repodata/repomd.xml"));
    // Who lags behind is passed by.
    let both = [behind.url(), ahead.url()];
    let (dir, _server, site) = listed("metalink", &metalink(&new, &[], &both));
    site.run(&["sync", "lab"])
        .expect(1)
        .says("no state that the metalink allows")
        .says(&behind.url());
    site.run(&["show", "lab"]).expect(0).says(&ahead.url());
    site.run(&["verify", "lab"]).expect(0);
    // Nobody has what it wants: that nothing changed on a mirror that stopped is no answer.
    write(dir.path().join("list"), metalink(b"tomorrow's", &[], &both));
    site.run(&["sync", "lab"])
        .expect(3)
        .says("no state that the metalink allows")
        .says("expected ");
    // Trap 27: an older state that it still allows.
    let (dir, _server, site) = listed("metalink", &metalink(&new, &[&old], &both));
    site.run(&["sync", "lab"]).expect(0).says("which the metalink still allows");
    site.run(&["show", "lab"]).expect(0).says(&behind.url());
    // Who stopped at the state that we have hides nobody behind it.
    write(dir.path().join("list"), metalink(&new, &[], &both));
    site.run(&["sync", "lab"]).expect(1).says("no state that the metalink allows");
    site.run(&["show", "lab"]).expect(0).says(&ahead.url());
    let (_dir, _server, site) = listed("metalink", "<html>busy</html>\n");
    site.run(&["sync", "lab"]).expect(3).says("/list");
}

#[test]
fn a_metalink_alone_does_not_vouch_where_a_signature_is_expected() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    repo.remove("repodata/repomd.xml.asc");
    let text = metalink(&repo.read("repodata/repomd.xml"), &[], &[upstream.url()]);
    let (_dir, server, site) = listed("metalink", &text);
    site.run(&["sync", "lab"]).expect(4).says("repomd.xml.asc is not there");
    let line = format!("unsigned = true\nmetalink = \"{}/list\"\n", server.url());
    crate::harness::follow_rpm(&site, "lab", "", &line);
    site.run(&["sync", "lab"]).expect(0).says("trust = \"none\"");
}

#[test]
fn the_token_of_a_subscription_goes_with_every_request_and_is_never_shown() {
    let repo = Repo::first();
    let server = Hostile::serve(&repo.tree);
    let url = format!("{}?token=s3cret", server.url());
    let site = following_rpm(&url, "");
    let mut said = String::new();
    let mut run = |args: &[&str], code: i32| said += &site.run(args).expect(code).said();
    run(&["sync", "lab", "--dry-run"], 0);
    run(&["sync", "lab"], 0);
    run(&["sync", "lab", "--json"], 0);
    run(&["show", "lab"], 0);
    run(&["show", "lab", "--json"], 0);
    repo.second_state();
    repo.remove("Packages/alpha-2.0-1.noarch.rpm");
    run(&["sync", "lab"], 3);
    repo.remove("repodata/repomd.xml");
    run(&["sync", "lab"], 3);
    assert!(!said.contains("s3cret"), "{said}");
    for path in walk(&site.root).iter().filter(|path| path.is_file()) {
        let bytes = std::fs::read(path).unwrap();
        assert!(!bytes.windows(6).any(|six| six == b"s3cret"), "{}", path.display());
    }
    let asked = server.log();
    assert!(asked.len() > 10);
    assert!(asked.iter().all(|asked| asked.path.ends_with("?token=s3cret")), "{asked:?}");
}
