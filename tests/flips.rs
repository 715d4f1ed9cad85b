//! Clients that loop while the channel moves: not one of them may fail.
use crate::harness::{Apt, Archive, Site, ask, long};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What the clients of one run have to say.
#[derive(Debug, Default)]
struct Tally {
    done: AtomicBool,
    runs: AtomicU64,
    requests: AtomicU64,
    failures: Mutex<Vec<String>>,
}

impl Tally {
    fn fail(&self, what: String) {
        self.failures.lock().unwrap().push(what);
    }

    fn goes_on(&self) -> bool {
        !self.done.load(Ordering::Relaxed)
    }
}

/// Updates and downloads again and again; `fresh` starts from empty lists each time.
fn apt_loop(site: &Site, fresh: bool, tally: &Tally) {
    let mut apt = site.client("production");
    while tally.goes_on() {
        if fresh {
            apt = site.client("production");
        }
        tally.runs.fetch_add(1, Ordering::Relaxed);
        if let Err(said) = apt.try_update() {
            tally.fail(format!("update: {said}"));
            continue;
        }
        download(&apt, tally);
    }
}

fn download(apt: &Apt, tally: &Tally) {
    let at = apt.root().join("downloads");
    drop(std::fs::remove_dir_all(&at));
    std::fs::create_dir_all(&at).unwrap();
    let output = std::process::Command::new("apt-get")
        .args(["download", "alpha", "steady"])
        .env("APT_CONFIG", apt.root().join("apt.conf"))
        .env("LC_ALL", "C")
        .current_dir(&at)
        .output()
        .unwrap();
    if !output.status.success() {
        tally.fail(format!(
            "download: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ));
    }
}

/// Asks for root metadata and for files of both states: never anything but 200.
fn request_loop(port: u16, paths: &[String], tally: &Tally) {
    while tally.goes_on() {
        for path in paths {
            let reply = ask(port, "GET", path, "");
            tally.requests.fetch_add(1, Ordering::Relaxed);
            if reply.status != 200 || reply.body.is_empty() {
                tally.fail(format!("GET {path}: {} with {} bytes", reply.status, reply.body.len()));
            }
        }
    }
}

/// The site's own program `curl`, as a person would loop it.
fn curl_loop(url: &str, tally: &Tally) {
    while tally.goes_on() {
        let output = std::process::Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--output", "/dev/null", url])
            .output()
            .unwrap();
        tally.requests.fetch_add(1, Ordering::Relaxed);
        if !output.status.success() {
            tally.fail(format!("curl {url}: {}", String::from_utf8_lossy(&output.stderr)));
        }
    }
}

/// Moves production between two dates so many times: by promotions, and every fourth time by a rollback.
fn move_about(site: &Site, [first, second]: [&String; 2], flips: u64, tally: &Tally) {
    let apt = site.client("production");
    for flip in 0..flips {
        let wanted = format!("lab@{}", if flip % 2 == 0 { second } else { first });
        let moved = if flip % 4 == 1 {
            site.run(&["rollback", "production"])
        } else {
            site.run(&["promote", &wanted, "--to", "production"])
        };
        if moved.code != Some(0) {
            tally.fail(format!("move {flip} to {wanted}: {:?} {}", moved.code, moved.said()));
            return;
        }
        // A handful of moments in which the state is known: the client must follow each.
        if flip % 50 >= 48 {
            let expected = if flip % 2 == 0 { "2.0" } else { "1.0" };
            let (updated, got) = (apt.try_update(), apt.candidate("alpha"));
            if updated.is_err() || got.as_deref() != Some(expected) {
                tally.fail(format!("move {flip}: apt takes {got:?}, not {expected}; {updated:?}"));
            }
        }
    }
}

#[test]
fn no_client_fails_while_the_channel_moves() {
    let flips = if long() { 1000 } else { 150 };
    let site = Site::new();
    let archive = Archive::first();
    let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    archive.second_state();
    let second = site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", &format!("lab@{first}"), "--to", "production"]);
    let nginx = site.nginx();
    let base = "/archive.example.org/lab";
    let paths: Vec<String> = [
        "dists/lab/InRelease",
        "dists/lab/Release",
        "dists/lab/Release.gpg",
        "pool/main/a/alpha/alpha_1.0_all.deb",
        "pool/main/a/alpha/alpha_2.0_all.deb",
        "pool/main/s/steady/steady_1.0_all.deb",
    ]
    .iter()
    .map(|path| format!("{base}/{path}"))
    .collect();
    let tally = Tally::default();
    let port = site.port;
    std::thread::scope(|scope| {
        scope.spawn(|| apt_loop(&site, false, &tally));
        scope.spawn(|| apt_loop(&site, true, &tally));
        scope.spawn(|| request_loop(port, &paths[..3], &tally));
        let url = format!("http://127.0.0.1:{port}{base}/dists/lab/InRelease");
        let tally = &tally;
        scope.spawn(move || curl_loop(&url, tally));
        move_about(&site, [&first, &second], flips, tally);
        tally.done.store(true, Ordering::Relaxed);
    });
    for path in &paths {
        assert_eq!(nginx.get(path).status, 200, "{path}: old and new packages stay reachable");
    }
    let failures = tally.failures.lock().unwrap();
    let (runs, requests) =
        (tally.runs.load(Ordering::Relaxed), tally.requests.load(Ordering::Relaxed));
    println!("{flips} moves, {runs} apt runs, {requests} requests, {} failed", failures.len());
    assert!(
        failures.is_empty(),
        "{} of {runs} apt runs and {requests} requests failed; the first: {}; nginx says: {}",
        failures.len(),
        failures[0],
        nginx.complaints()
    );
    assert!(runs >= 10 && requests >= 100, "the clients hardly ran: {runs} and {requests}");
}
