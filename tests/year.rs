//! A simulated year.
mod arch;
mod clients;
mod debian;
mod rocky;
mod upstreams;
mod vendor;

use clients::Clients;
use upstreams::{MIRRORS, Night, State, Upstreams};
use std::collections::BTreeMap;
use crate::harness::{Site, write, UpstreamKey};

#[test]
fn probe() {
    let t = std::time::Instant::now();
    let mut up = Upstreams::new();
    let start: jiff::Timestamp = "2026-02-16T02:00:00Z".parse().unwrap();
    up.pass(Night { number: 0, at: start });
    println!("first {:?}", t.elapsed());
    let site = Site::fleeting();
    let keyring = site.dir().join("upstream.asc");
    write(&keyring, UpstreamKey::shared().public());
    for m in MIRRORS {
        let more = match m {
            "debian" => "family = \"apt\"\nmount = \"archive.example.org/debian\"\nsuites = [\"lab\"]\narchitectures = [\"amd64\"]\n",
            "rocky" => "family = \"rpm\"\nmount = \"archive.example.org/rocky\"\n",
            "arch" => "family = \"pacman\"\nrepositories = [\"core\"]\narchitectures = [\"x86_64\"]\n",
            _ => "family = \"files\"\nmount = \"vendor\"\n",
        };
        let keys = if m == "vendor" { String::new() } else { format!("keyrings = [\"{}\"]\n", keyring.display()) };
        site.mirror(m, &format!("{more}upstream = \"{}\"\npatience = \"31ms\"\ntimeout = \"5s\"\ntries = 2\nretry-wait = \"10ms\"\n{keys}", up.url(m)));
    }
    site.ok(&["init"]);
    let mut clients = None;
    let mut nginx = None;
    for n in 0..4 {
        let t = std::time::Instant::now();
        let at = start + jiff::SignedDuration::from_hours(24 * n);
        if n > 0 { up.pass(Night { number: usize::try_from(n).unwrap(), at }); }
        println!("pass {:?}", t.elapsed());
        for m in MIRRORS {
            let t = std::time::Instant::now();
            println!("{}", site.run(&["sync", m]).expect(0).said());
            println!("sync {m} {:?}", t.elapsed());
        }
        let t = std::time::Instant::now();
        println!("{}", site.run(&["promote", "--all", "--to", "production"]).said());
        println!("promote {:?}", t.elapsed());
        nginx.get_or_insert_with(|| site.nginx());
        let clients = clients.get_or_insert_with(|| Clients::new(&site));
        let expected: BTreeMap<&str, State> = MIRRORS.iter().map(|m| (*m, up.state(m).clone())).collect();
        let t = std::time::Instant::now();
        clients.see(&expected, "now");
        println!("see {:?}", t.elapsed());
        let t = std::time::Instant::now();
        clients.install(37 * n as usize, &expected);
        println!("install {:?}", t.elapsed());
    }
}
