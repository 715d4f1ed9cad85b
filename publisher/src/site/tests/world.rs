//! A www folder made by hand and a real nginx over it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

/// A www folder as the design lays it out; every file says its own path.
pub(super) struct Www {
    pub(super) dir: tempfile::TempDir,
}

impl Www {
    pub(super) fn new() -> Self {
        let www = Self { dir: tempfile::tempdir().unwrap() };
        // The workers of nginx run as somebody else when the test runs as root.
        Command::new("chmod").arg("755").arg(www.dir.path()).status().unwrap();
        for name in FILES {
            www.file(name);
        }
        for (link, target) in LINKS {
            let link = www.path(link);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(target, link).unwrap();
        }
        for odd in ["a\nb.deb", "new\nline", "caf\u{e9}"] {
            www.file(&format!("snapshots/tools/20261123T040000Z/{odd}"));
        }
        fs::create_dir_all(www.path("generations/empty/0")).unwrap();
        www
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("root/www").join(name)
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    pub(super) fn file(&self, name: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{name}\n")).unwrap();
    }
}

/// A web server of our own, stopped by its pid.
pub(super) struct Nginx {
    pub(super) child: Child,
    pub(super) port: u16,
}

impl Nginx {
    pub(super) fn start(www: &Www, make: impl Fn(u16) -> String) -> Self {
        for attempt in 0..5 {
            let port =
                std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
            let home = home(www, &format!("nginx{attempt}"), &make(port));
            let mut child = nginx(&home).args(["-g", "daemon off;"]).spawn().unwrap();
            for _ in 0..200 {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Self { child, port };
                }
                if child.try_wait().unwrap().is_some() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(25));
            }
            drop(child.kill());
            drop(child.wait());
        }
        panic!("nginx does not start");
    }

    pub(super) fn ask(&self, method: &str, path: &str, headers: &str) -> Reply {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n"
        )
        .unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer to {path}"));
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let headers = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Reply { status, headers, body: bytes[end + 4..].to_vec() }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        )
        .ok();
        drop(self.child.wait());
    }
}

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

pub(super) fn nginx(home: &Path) -> Command {
    let mut command = Command::new("/usr/sbin/nginx");
    command
        .arg("-p")
        .arg(home)
        .arg("-c")
        .arg(home.join("nginx.conf"))
        .arg("-e")
        .arg(home.join("error.log"));
    command
}

/// Makes a prefix folder with a configuration that has settings of a host's and its default site around ours.
pub(super) fn home(www: &Www, name: &str, site: &str) -> PathBuf {
    let home = www.dir.path().join(name);
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("pinfold.conf"), site).unwrap();
    let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|t| format!("  {t}_temp_path {}/{t};\n", home.display()))
        .concat();
    fs::write(
        home.join("nginx.conf"),
        format!(
            "pid nginx.pid;\nworker_processes 1;\nevents {{ worker_connections 128; }}\nhttp {{\n  include /etc/nginx/mime.types;\n  default_type text/html;\n  gzip on;\n  \
             open_file_cache max=100;\n  charset utf-8;\n  autoindex on;\n  disable_symlinks on;\n  access_log off;\n  error_page 404 503 /host-error;\n{temp}  include pinfold.conf;\n  \
             include default.conf;\n}}\n"
        ),
    )
    .unwrap();
    if !home.join("default.conf").exists() {
        fs::write(home.join("default.conf"), "").unwrap();
    }
    home
}

const FILES: &[&str] = &[
    "pinfold.asc",
    "status/index.html",
    "status/style.css",
    "generations/production/7/ubuntu/heads/dists/noble/InRelease",
    "generations/production/7/ubuntu/heads/dists/noble/Release",
    "generations/production/7/ubuntu/heads/dists/noble/Release.gpg",
    "generations/production/7/ubuntu.sec-1/heads/InRelease",
    "generations/staging/9/ubuntu/heads/dists/noble/InRelease",
    "generations/production/7/tools/heads/x",
    "snapshots/ubuntu/20261122T040000Z/dists/noble/InRelease",
    "snapshots/ubuntu/20261122T040000Z/dists/noble/Release",
    "snapshots/ubuntu/20261122T040000Z/dists/noble/main/binary-amd64/Release",
    "snapshots/ubuntu/20261122T040000Z/dists/noble/main/binary-amd64/Packages.xz",
    "snapshots/ubuntu/20261122T040000Z/dists/noble/main/binary-amd64/by-hash/SHA256/aa11",
    "snapshots/ubuntu/20261122T040000Z/dists/noble/main/binary-amd64/Packages.diff/T-2026-11-22-1",
    "snapshots/ubuntu/20261122T040000Z/pool/main/h/hello/hello_2.10-3ubuntu1~rc1+b1_amd64.deb",
    "snapshots/ubuntu/20261122T040000Z/pool/main/h/hello/hello_2.10-3.dsc",
    "snapshots/ubuntu/20261122T040000Z/pool/main/h/hello/hello_2.10.orig.tar.gz",
    "snapshots/ubuntu/20261122T040000Z/pool/main/h/hello/hello_2.10.orig.tar.gz.asc",
    "snapshots/ubuntu/20261122T040000Z/pool/main/h/hello/hello_2.10-3.debian.tar.xz",
    "snapshots/ubuntu/20261122T040000Z/pool/main/h/hello/.hidden",
    "snapshots/ubuntu/20261122T040000Z/.disk/info",
    "snapshots/ubuntu/20261122T040000Z/.treeinfo",
    "snapshots/ubuntu/20261122T040000Z/ls-lR.gz",
    "snapshots/ubuntu/20261122T040000Z/odd name%41?#[x];{y}$z'\"",
    "snapshots/ubuntu/20261122T040000Z/UPPER.DEB",
    "snapshots/ubuntu/20261122T040000Z/page.html",
    "snapshots/ubuntu/20261122T040000Z/a.b/noext",
    "snapshots/ubuntu/20261123T150000Z/dists/noble/InRelease",
    "snapshots/ubuntu/20261123T150000Z/dists/oracular/InRelease",
    "snapshots/ubuntu/20261123T150000Z/dists/noble/main/binary-amd64/Packages.xz",
    "snapshots/ubuntu/20261123T150000Z/pool/main/h/hello/hello_2.10-4_amd64.deb",
    "snapshots/ubuntu.sec-1/20261123T040000Z/InRelease",
    "snapshots/ubuntu.sec-1/20261123T040000Z/by-hash/SHA256/aa11",
    "snapshots/ubuntu.sec-1/20261123T040000Z/Packages.gz",
    "snapshots/tools/20261123T040000Z/x",
    "snapshots/tools/20261123T040000Z/InRelease",
    "snapshots/tools/20261123T040000Z/tool.deb",
    "snapshots/tools/20261123T040000Z/docs/index.html",
    "generations/production/7/rocky/heads/mirrorlist",
    "generations/production/7/rocky/heads/repodata/repomd.xml",
    "generations/staging/9/rocky/heads/mirrorlist",
    "generations/staging/9/rocky/heads/repodata/repomd.xml",
    "snapshots/rocky/20261122T040000Z/repodata/repomd.xml",
    "snapshots/rocky/20261122T040000Z/repodata/aa11-primary.xml.gz",
    "snapshots/rocky/20261122T040000Z/Packages/h/hello-1.0-1.noarch.rpm",
    "snapshots/rocky/20261122T040000Z/docs/mirrorlist",
    "snapshots/rocky/20261122T040000Z/.treeinfo",
    "snapshots/rocky/20261122T040000Z/os/.discinfo",
    "snapshots/rocky/20261122T040000Z/.os/.treeinfo",
    "snapshots/rocky/20261122T040000Z/os/x.treeinfo",
    "snapshots/rocky/20261123T040000Z/repodata/repomd.xml",
    "union/rocky/Packages/h/hello-1.0-1.noarch.rpm",
    "generations/production/7/arch/heads/core/os/x86_64/core.db",
    "generations/staging/9/arch/heads/core/os/x86_64/core.db",
    "generations/staging/9/arch/heads/core/os/x86_64/core.db.sig",
    "snapshots/arch/20261122T040000Z/core/os/x86_64/core.db",
    "snapshots/arch/20261122T040000Z/core/os/x86_64/a-1:2+3-1-any.pkg.tar.zst",
    "snapshots/arch/20261122T040000Z/core/os/x86_64/a-1:2+3-1-any.pkg.tar.zst.sig",
    "snapshots/arch/20261122T040000Z/lastupdate",
    "union/arch/core/os/x86_64/a-1:1-1-any.pkg.tar.zst",
    "snapshots/stranger/20261123T040000Z/x",
    "union/ubuntu/dists/noble/main/binary-amd64/by-hash/SHA256/aa11",
    "union/ubuntu/dists/noble/main/binary-amd64/by-hash/SHA256/bb22",
    "union/ubuntu/pool/main/h/hello/hello_2.10-4_amd64.deb",
    "union/ubuntu/pool/main/h/hello/hello_1.0_amd64.deb",
    "union/ubuntu/dists/noble/Release.gpg",
    "union/new/pool/n_1_all.deb",
    "secret",
];

const LINKS: &[(&str, &str)] = &[
    ("channels/production", "../generations/production/7"),
    ("channels/staging", "../generations/staging/9"),
    ("channels/empty", "../generations/empty/0"),
    ("generations/production/7/ubuntu/tree", "../../../../snapshots/ubuntu/20261122T040000Z"),
    (
        "generations/production/7/ubuntu.sec-1/tree",
        "../../../../snapshots/ubuntu.sec-1/20261123T040000Z",
    ),
    ("generations/production/7/tools/tree", "../../../../snapshots/tools/20261123T040000Z"),
    ("generations/production/7/rocky/tree", "../../../../snapshots/rocky/20261122T040000Z"),
    ("generations/staging/9/rocky/tree", "../../../../snapshots/rocky/20261123T040000Z"),
    ("generations/staging/9/ubuntu/tree", "../../../../snapshots/ubuntu/20261123T150000Z"),
    (
        "generations/staging/9/ubuntu.sec-1/tree",
        "../../../../snapshots/ubuntu.sec-1/20200101T000000Z",
    ),
    ("generations/production/7/arch/tree", "../../../../snapshots/arch/20261122T040000Z"),
    ("generations/staging/9/arch/tree", "../../../../snapshots/arch/20261122T040000Z"),
    ("snapshots/arch/20261122T040000Z/core/os/x86_64/core.db.tar.gz", "core.db"),
    ("snapshots/ubuntu/20261122T040000Z/dists/stable", "noble"),
    ("snapshots/ubuntu/20261122T040000Z/dists/dangling", "nowhere"),
    ("at/ubuntu/20261122", "../../snapshots/ubuntu/20261122T040000Z"),
    ("at/ubuntu/20261122T04", "../../snapshots/ubuntu/20261122T040000Z"),
    ("at/ubuntu/20261122T23", "../../snapshots/ubuntu/20261122T040000Z"),
    ("at/ubuntu/20261123", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T04", "../../snapshots/ubuntu/20261122T040000Z"),
    // As if the newer one had come at 10:15:20.
    ("at/ubuntu/20261123T10", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T100", "../../snapshots/ubuntu/20261122T040000Z"),
    ("at/ubuntu/20261123T101", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T105", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T1014", "../../snapshots/ubuntu/20261122T040000Z"),
    ("at/ubuntu/20261123T1015", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T1019", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T10151", "../../snapshots/ubuntu/20261122T040000Z"),
    ("at/ubuntu/20261123T10152", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T10155", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T101520", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T101529", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T15", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T23", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/latest", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261124", "latest"),
    ("at/ubuntu/20261001", "../../snapshots/ubuntu/20260930T040000Z"),
    ("at/tools/20261123", "../../snapshots/tools/20261123T040000Z"),
    ("at/tools/20261123T15", "../../snapshots/tools/20261123T040000Z"),
    ("at/tools/20261123T23", "../../snapshots/tools/20261123T040000Z"),
];
