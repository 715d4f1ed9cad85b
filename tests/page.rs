//! The status page: what it says, what it costs, and how it looks in a real browser.

mod world;

use crate::harness::Browser;
use std::path::PathBuf;
use world::{NOW, at, lived_in};

fn pictures() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page")
}

#[test]
fn draft() {
    let site = lived_in();
    let ran = at(&site, NOW, &["run"]);
    println!("{} {}", ran.out, ran.err);
    let nginx = site.nginx();
    let mut browser = Browser::start();
    browser.look(1280, "light");
    browser.open(&format!("http://127.0.0.1:{}/status/", site.port));
    println!("{:?} {:?}", browser.requests(), browser.complaints());
    for (width, colours) in [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")] {
        browser.look(width, colours);
        println!("{width} {}", browser.ask("[document.documentElement.scrollWidth, document.documentElement.clientWidth, document.documentElement.scrollHeight].join(' ')"));
        browser.picture(&pictures().join(format!("{width}-{colours}.png")));
    }
    drop(nginx);
}
