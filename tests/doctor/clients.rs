//! What clients met, by nginx's logs, and what this host itself follows.

use super::Ward;
use crate::harness::write;

/// A line of our access log, of today.
fn line(path: &str, status: u16, view: &str) -> String {
    let now = jiff::Timestamp::try_from(std::time::SystemTime::now()).unwrap();
    let now = now.strftime("%d/%b/%Y:%H:%M:%S +0000");
    format!("192.0.2.7 - - [{now}] \"GET {path} HTTP/1.1\" {status} 9 \"-\" \"apt\" {view}\n")
}

#[test]
fn what_clients_ask_for_in_vain_is_told() {
    let ward = Ward::well();
    let log = "var/log/nginx/lab.access.log";
    let production = "channels/production";
    // What they need not, and what they got, is none.
    ward.host(
        log,
        &(line("/archive.example.org/lab/dists/lab/InRelease", 200, production)
            + &line("/archive.example.org/lab/dists/lab/Release.gpg", 404, production)
            + &line("/archive.example.org/lab/pool/x.deb", 404, production)
            + &line("/archive.example.org/lab/dists/old/InRelease", 404, production)
                .replace("/20", "/19")),
    );
    ward.has(&[]);
    let vain = line("/archive.example.org/lab/dists/noble/InRelease", 404, production);
    ward.host(log, &vain.repeat(3));
    ward.says("metadata-404", "dists/noble/InRelease, 3 times within a week, to 192.0.2.7");
    ward.host(log, &line("/archive.example.org/lab/dists/lab/InRelease", 404, production));
    ward.says("metadata-404", "it is in a snapshot of lab");
    ward.host(
        log,
        &line("/snapshots/lab/20260101/dists/lab/InRelease", 404, "snapshots/lab/20260101"),
    );
    ward.says("cold-asked", "20260101 (asked for by 192.0.2.7)");
    std::fs::remove_file(ward.path(log)).unwrap();

    let now = jiff::Timestamp::try_from(std::time::SystemTime::now()).unwrap();
    let now = now.strftime("%Y/%m/%d %H:%M:%S").to_string();
    let error = "var/log/nginx/error.log";
    for (text, code) in [
        (
            "[info] 7#7: *1 SSL_do_handshake() failed (SSL: error:0A000418:SSL routines::tlsv1 alert unknown ca:SSL alert number 48)",
            "certificate-refused",
        ),
        ("[alert] 7#7: 512 worker_connections are not enough", "nginx-limits"),
    ] {
        ward.host(error, &format!("2001/01/01 00:00:00 {text}\n"));
        ward.has(&[]);
        ward.host(error, &format!("{now} {text}\n"));
        ward.says(code, "1 lines within a week");
    }
    let root = ward.site.root.display();
    ward.host(
        error,
        &format!("{now} [error] 7#7: *1 open() \"{root}/www/x\" failed (13: Permission denied)\n"),
    );
    ward.says("nginx-denied", "namei -l");
    std::fs::remove_file(ward.path(error)).unwrap();
    std::fs::create_dir_all(ward.path(error)).unwrap();
    ward.says("log-unreadable", "error.log");
}

#[test]
fn what_this_host_follows_beside_the_mirror_is_told() {
    let ward = Ward::well();
    let mirror = "family = \"apt\"\nmount = \"archive.example.org/lab\"\n";
    let keys = ward.site.dir().join("keys.asc");
    write(&keys, crate::harness::UpstreamKey::shared().public());
    let keys = format!("keyrings = [\"{}\"]\n", keys.display());
    ward.site.mirror(
        "lab",
        &format!(
            "{mirror}upstream = \"http://archive.example.org/lab\"\nsuites = [\"lab\"]\narchitectures = [\"amd64\"]\nschedule = \"never\"\n{keys}"
        ),
    );
    ward.serve();
    let site = format!("http://127.0.0.1:{}", ward.site.port);
    let ours = format!("{site}/archive.example.org/lab");
    let sources = "etc/apt/sources.list";
    ward.host(
        sources,
        &format!("# deb http://archive.example.org/lab lab main\ndeb {ours} lab main\n"),
    );
    ward.has(&[]);
    let upstream = "deb [arch=amd64] http://archive.example.org/lab lab main\n";
    ward.host(sources, upstream);
    ward.has(&[]);
    ward.host(
        "etc/apt/sources.list.d/lab.sources",
        &format!("Types: deb\nURIs: {ours}/\nSuites: lab\n"),
    );
    ward.says("upstream-beside", "etc/apt/sources.list.d/lab.sources has from the mirror");
    std::fs::remove_file(ward.path(sources)).unwrap();
    ward.host(
        "etc/apt/mirrors/lab.list",
        &format!("{ours}/ priority:1\nhttp://archive.example.org/lab/ priority:2\n"),
    );
    ward.has(&[]);
    ward.host("etc/apt/mirrors/lab.list", &format!("http://archive.example.org/lab/\n{ours}/\n"));
    ward.says("mirror-not-first", "mirrors/lab.list");
    std::fs::remove_file(ward.path("etc/apt/mirrors/lab.list")).unwrap();
    for url in [
        format!("{site}/lab"),
        format!("{site}/channels/testing/archive.example.org/lab"),
        "https://127.0.0.1/archive.example.org/lab".to_owned(),
    ] {
        ward.host("etc/yum.repos.d/lab.repo", &format!("[lab]\nbaseurl={url}\n"));
        ward.says("client-url-wrong", &url);
    }
    for url in [
        format!("{ours}/x"),
        format!("{site}/channels/staging/archive.example.org/lab"),
        format!("{site}/snapshots/lab/20260101"),
    ] {
        ward.host("etc/yum.repos.d/lab.repo", &format!("[lab]\nbaseurl={url}\n"));
        ward.has(&[]);
    }
}
