//! An upstream: a folder that a real nginx serves as it is, with a log of what was asked for.

use super::{Site, UpstreamKey, temp_dir, tool, write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;
use tempfile::TempDir;

/// A running upstream, stopped when dropped.
#[derive(Debug)]
pub(crate) struct Upstream {
    home: TempDir,
    child: Child,
    port: u16,
}

impl Upstream {
    /// Serves a folder. Further lines of the server's block may hide or change parts of it.
    pub(crate) fn of(folder: &Path, more: &str) -> Self {
        let home = temp_dir();
        let (shown, top) = (home.path().display().to_string(), folder.display());
        let port =
            std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let conf = home.path().join("nginx.conf");
        write(
            &conf,
            format!(
                "user root;\nworker_processes 1;\npid {shown}/pid;\nerror_log {shown}/error.log;\nevents {{ worker_connections 128; }}\n\
                 http {{ log_format plain '$request_method $uri $status'; access_log {shown}/access.log plain;\n\
                 client_body_temp_path {shown}/t1; proxy_temp_path {shown}/t2; fastcgi_temp_path {shown}/t3; uwsgi_temp_path {shown}/t4; scgi_temp_path {shown}/t5;\n\
                 server {{ listen 127.0.0.1:{port}; root {top}; {more} }} }}\n"
            ),
        );
        tool(Command::new("nginx").args(["-q", "-t", "-c"]).arg(&conf).arg("-p").arg(home.path()));
        let child = Command::new("nginx")
            .args(["-g", "daemon off;", "-c"])
            .arg(&conf)
            .arg("-p")
            .arg(home.path())
            .spawn()
            .unwrap();
        let upstream = Self { home, child, port };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return upstream;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the upstream does not listen on port {port}");
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was asked for since the last call: method, path and status.
    pub(crate) fn asked(&self) -> Vec<String> {
        // nginx writes a line after it has answered.
        std::thread::sleep(Duration::from_millis(100));
        let log = self.home.path().join("access.log");
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        // nginx appends: an emptied file is written from its start again.
        std::fs::File::create(&log).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let master = rustix::process::Pid::from_child(&self.child);
        if rustix::process::kill_process(master, rustix::process::Signal::TERM).is_err() {
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}

/// A site whose mirror `lab` follows an upstream.
pub(crate) fn following(url: &str, more: &str) -> Site {
    let site = Site::fleeting();
    follow(&site, "lab", url, more);
    site.ok(&["init"]);
    site
}

/// Writes a mirror's file: suite `lab`, amd64, the harness's key, and no patience, unless further lines say otherwise.
pub(crate) fn follow(site: &Site, mirror: &str, url: &str, more: &str) {
    let keyring = site.dir().join("upstream.asc");
    write(&keyring, UpstreamKey::shared().public());
    let mut text = format!(
        "family = \"apt\"\nmount = \"archive.example.org/{mirror}\"\nupstream = \"{url}\"\n"
    );
    for (key, value) in [
        ("suites", "[\"lab\"]"),
        ("architectures", "[\"amd64\"]"),
        ("patience", "\"31ms\""),
        ("timeout", "\"5s\""),
        ("tries", "2"),
        ("retry-wait", "\"10ms\""),
    ] {
        if !more.lines().any(|line| line.starts_with(key)) {
            text += &format!("{key} = {value}\n");
        }
    }
    if !more.contains("unsigned") {
        text += &format!("keyrings = [\"{}\"]\n", keyring.display());
    }
    site.mirror(mirror, &(text + more));
}

/// How many requests went to paths with this end.
pub(crate) fn count(asked: &[String], end: &str) -> usize {
    asked.iter().filter(|line| line.split(' ').nth(1).unwrap().ends_with(end)).count()
}
