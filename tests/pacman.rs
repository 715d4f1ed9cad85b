//! Repositories of pacman, from end to end: the real makepkg, repo-add and pacman.
mod clients;
mod sources;
mod trees;

use crate::harness::{Site, UpstreamKey, write};

/// A site whose mirror `arch` follows an upstream: repository `core`, unsigned unless further lines say otherwise.
fn following(url: &str, more: &str) -> Site {
    let site = Site::fleeting();
    site.mirror("arch", &mirror(&site, url, more));
    site.ok(&["init"]);
    site
}

/// A mirror's file, without patience.
fn mirror(site: &Site, url: &str, more: &str) -> String {
    let keyring = site.dir().join("upstream.asc");
    write(&keyring, UpstreamKey::shared().public());
    let more = more.replace("KEYRING", keyring.to_str().unwrap());
    let mut text = "family = \"pacman\"\n".to_owned();
    for (key, value) in [
        ("upstream", format!("\"{url}\"")),
        ("repositories", "[\"core\"]".to_owned()),
        ("architectures", "[\"x86_64\"]".to_owned()),
        ("patience", "\"31ms\"".to_owned()),
        ("timeout", "\"5s\"".to_owned()),
        ("tries", "2".to_owned()),
        ("retry-wait", "\"10ms\"".to_owned()),
        ("unsigned", "true".to_owned()),
    ] {
        if !more.lines().any(|line| line.starts_with(key)) {
            text += &format!("{key} = {value}\n");
        }
    }
    text + &more
}
