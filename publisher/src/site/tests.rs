use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use super::{MirrorSite, Mount, Rules, SiteConfig};

const HEX: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

fn apt(name: &str, mount: &str) -> MirrorSite {
    MirrorSite {
        name: name.parse().unwrap(),
        mount: mount.parse().unwrap(),
        root_names: r"InRelease|Release|Release\.gpg".to_owned(),
        hash_names: r"/by-hash/(?:MD5Sum|SHA1|SHA256|SHA512)/[0-9a-f]+$|\.diff/T-".to_owned(),
        package_names: r"[ud]?deb|dsc|diff\.gz|(?:orig|debian)(?:-[^/]*)?\.tar\.(?:gz|bz2|xz|lzma|zst)(?:\.asc)?".to_owned(),
        types: vec![("deb".to_owned(), "application/vnd.debian.binary-package".to_owned()), ("dsc".to_owned(), "text/plain".to_owned())],
    }
}

fn files(name: &str, mount: &str) -> MirrorSite {
    MirrorSite { root_names: String::new(), hash_names: String::new(), package_names: String::new(), types: Vec::new(), ..apt(name, mount) }
}

fn mirrors() -> Vec<MirrorSite> {
    vec![apt("ubuntu", "archive.ubuntu.com/ubuntu"), apt("ubuntu.sec-1", "security.ubuntu.com/ubuntu"), files("tools", "tools+x"), apt("new", "new.example.org/apt")]
}

fn config(port: u16) -> SiteConfig {
    SiteConfig {
        url: format!("http://127.0.0.1:{port}"),
        listen: vec![format!("127.0.0.1:{port}")],
        certificate: None,
        key: None,
        logs: None,
        channels: vec!["staging".parse().unwrap(), "production".parse().unwrap(), "empty".parse().unwrap(), "absent".parse().unwrap()],
    }
}

/// A www folder as the design lays it out; every file says its own path.
struct Www {
    dir: tempfile::TempDir,
}

impl Www {
    fn new() -> Self {
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

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("root/www").join(name)
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn file(&self, name: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{name}\n")).unwrap();
    }
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
    ("generations/production/7/ubuntu.sec-1/tree", "../../../../snapshots/ubuntu.sec-1/20261123T040000Z"),
    ("generations/production/7/tools/tree", "../../../../snapshots/tools/20261123T040000Z"),
    ("generations/staging/9/ubuntu/tree", "../../../../snapshots/ubuntu/20261123T150000Z"),
    ("generations/staging/9/ubuntu.sec-1/tree", "../../../../snapshots/ubuntu.sec-1/20200101T000000Z"),
    ("snapshots/ubuntu/20261122T040000Z/dists/stable", "noble"),
    ("snapshots/ubuntu/20261122T040000Z/dists/dangling", "nowhere"),
    ("at/ubuntu/20261122", "../../snapshots/ubuntu/20261122T040000Z"),
    ("at/ubuntu/20261122T04", "../../snapshots/ubuntu/20261122T040000Z"),
    ("at/ubuntu/20261122T23", "../../snapshots/ubuntu/20261122T040000Z"),
    ("at/ubuntu/20261123", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T04", "../../snapshots/ubuntu/20261122T040000Z"),
    ("at/ubuntu/20261123T15", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261123T23", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/latest", "../../snapshots/ubuntu/20261123T150000Z"),
    ("at/ubuntu/20261124", "latest"),
    ("at/ubuntu/20261001", "../../snapshots/ubuntu/20260930T040000Z"),
    ("at/tools/20261123", "../../snapshots/tools/20261123T040000Z"),
    ("at/tools/20261123T15", "../../snapshots/tools/20261123T040000Z"),
    ("at/tools/20261123T23", "../../snapshots/tools/20261123T040000Z"),
];

/// Paths within a mirror that are asked for in every place.
const RESTS: &[&str] = &[
    "",
    "/",
    "/dists",
    "/dists/",
    "/dists/noble/InRelease",
    "/dists/noble/Release",
    "/dists/noble/Release.gpg",
    "/dists/noble/ReleaseX",
    "/dists/noble/InRelease/",
    "/dists/noble/InRelease/x",
    "/dists/noble/InRelease?query=1",
    "/dists/stable/main/binary-amd64/Packages.xz",
    "/dists/stable/InRelease",
    "/dists/dangling/x",
    "/dists/oracular/InRelease",
    "/InRelease",
    "/dists/noble/main/binary-amd64/Release",
    "/dists/noble/main/binary-amd64/Packages.xz",
    "/dists/noble/main/binary-amd64/by-hash/SHA256/aa11",
    "/dists/noble/main/binary-amd64/by-hash/SHA256/bb22",
    "/dists/noble/main/binary-amd64/by-hash/SHA256/cc33",
    "/by-hash/SHA256/aa11",
    "/dists/noble/main/binary-amd64/Packages.diff/T-2026-11-22-1",
    "/pool/main/h/hello/hello_2.10-3ubuntu1~rc1+b1_amd64.deb",
    "/pool/main/h/hello/hello_2.10-3ubuntu1%7erc1%2Bb1_amd64.deb",
    "/pool/main/h/hello/hello_2.10-3ubuntu1%7Erc1%2bb1%5Famd64%2edeb",
    "/pool/main/h/hello/hello_2.10-3.dsc",
    "/pool/main/h/hello/hello_2.10.orig.tar.gz",
    "/pool/main/h/hello/hello_2.10.orig.tar.gz.asc",
    "/pool/main/h/hello/hello_2.10-3.debian.tar.xz",
    "/pool/main/h/hello/hello_2.10-4_amd64.deb",
    "/pool/main/h/hello/hello_1.0_amd64.deb",
    "/pool//main///h/hello/hello_2.10-3.dsc",
    "/pool/./main/h/hello/hello_2.10-3.dsc",
    "/pool/x/../main/h/hello/hello_2.10-3.dsc",
    "/pool/x/%2e%2e/main/h/hello/hello_2.10-3.dsc",
    "/pool/x%2f..%2fmain/h/hello/hello_2.10-3.dsc",
    "/pool/main/h/hello/.hidden",
    "/pool/main/h/hello/%2ehidden",
    "/pool/main/h/hello/%2Ehidden",
    "/.disk/info",
    "/...",
    "/..hidden",
    "/ls-lR.gz",
    "/odd%20name%2541%3f%23%5bx%5d%3b%7by%7d%24z%27%22",
    "/odd%20name%41?",
    "/UPPER.DEB",
    "/page.html",
    "/a.b/noext",
    "/x",
    "/tool.deb",
    "/docs",
    "/docs/",
    "/docs/index.html",
    "/a%0ab.deb",
    "/new%0Aline",
    "/caf%C3%A9",
    "/caf%c3%a9%0a",
    "/x%0a",
    "/dists/noble/InRelease%0a",
    "/by-hash/SHA256/aa11%0a",
    "/Packages.gz",
    "/pool/n_1_all.deb",
    "/../secret",
    "/../../secret",
    "/../../../../../../../../etc/passwd",
    "/..%2f..%2f..%2fsecret",
    "/%2e%2e/%2e%2e/%2e%2e/secret",
    "/..%5c..%5csecret",
    "/$pinfold_www/secret",
    "/${pinfold_www}/secret",
    "/%00",
    "/x%00.deb",
    "/%",
    "/%4",
    "/%zz",
    "/%g0",
    "/dists/noble/InRelease#fragment",
    "/%ff%fe",
    "/tree/dists/noble/InRelease",
    "/heads/dists/noble/InRelease",
];

const PLACES: &[&str] = &[
    "/archive.ubuntu.com/ubuntu",
    "/channels/production/archive.ubuntu.com/ubuntu",
    "/channels/staging/archive.ubuntu.com/ubuntu",
    "/channels/empty/archive.ubuntu.com/ubuntu",
    "/channels/absent/archive.ubuntu.com/ubuntu",
    "/channels/unknown/archive.ubuntu.com/ubuntu",
    "/security.ubuntu.com/ubuntu",
    "/channels/staging/security.ubuntu.com/ubuntu",
    "/tools+x",
    "/tools%2Bx",
    "/channels/staging/tools+x",
    "/new.example.org/apt",
    "/archiveXubuntu.com/ubuntu",
    "/snapshots/ubuntu/20261122T040000Z",
    "/snapshots/ubuntu/20261123T150000Z",
    "/snapshots/ubuntu/20261123T040000Z",
    "/snapshots/ubuntu/20261123",
    "/snapshots/ubuntu/2026-11-23",
    "/snapshots/ubuntu/2026-11-23T04",
    "/snapshots/ubuntu/20261123T04",
    "/snapshots/ubuntu/20261123T15",
    "/snapshots/ubuntu/20261123T03",
    "/snapshots/ubuntu/20261123T99",
    "/snapshots/ubuntu/20261124",
    "/snapshots/ubuntu/20261124T04",
    "/snapshots/ubuntu/20261001",
    "/snapshots/ubuntu/20261001T05",
    "/snapshots/ubuntu/20250101",
    "/snapshots/ubuntu/latest",
    "/snapshots/ubuntu.sec-1/20261123T040000Z",
    "/snapshots/ubuntuXsec-1/20261123T040000Z",
    "/snapshots/tools/20261123",
    "/snapshots/tools/20261123T15",
    "/snapshots/stranger/20261123T040000Z",
];

/// Whole paths.
const WHOLE: &[&str] = &[
    "/", "//", "/.", "/..", "/../", "/...", "/%2e%2e", "/%2e%2e/%2e%2e/etc/passwd", "/.%2e/secret", "/secret", "/www/secret", "/pinfold.asc", "/pinfold%2easc",
    "/pinfold.asc/", "/pinfoldXasc", "/pinfold.asc%0a", "/status", "/status/", "/status/style.css", "/status/none", "/status/../secret", "/status/.x", "/at", "/at/",
    "/at/ubuntu/20261123/dists/noble/InRelease", "/union/ubuntu/pool/main/h/hello/hello_1.0_amd64.deb", "/generations/production/7/ubuntu/heads/dists/noble/InRelease",
    "/channels", "/channels/", "/channels/production", "/channels/production/", "/channels/production/ubuntu/heads/dists/noble/InRelease", "/channels/staging/production/archive.ubuntu.com/ubuntu/ls-lR.gz",
    "/channels/..", "/channels/../secret", "/channels/%2e%2e/www/secret", "/channels/staging/../production/archive.ubuntu.com/ubuntu/ls-lR.gz", "/snapshots", "/snapshots/", "/snapshots/ubuntu",
    "/snapshots/ubuntu/", "/snapshots/ubuntu/2026/x", "/snapshots/ubuntu/202611/x", "/snapshots/ubuntu/2026-11/x", "/snapshots/ubuntu/20261399/x", "/snapshots/ubuntu/2026112/x",
    "/snapshots/ubuntu/20261123T0400/x", "/snapshots/ubuntu/20261123T040000/x", "/snapshots/ubuntu/20261122t040000z/ls-lR.gz", "/snapshots/ubuntu/20261122T040000Z%0a/ls-lR.gz",
    "/snapshots/ubuntu/20261122T040000Z/../20261123T150000Z/dists/noble/InRelease", "/snapshots/ubuntu/20261123T/x", "/snapshots/ubuntu/-2026-11-23/x", "/snapshots//ubuntu//20261122//ls-lR.gz",
    "/SNAPSHOTS/ubuntu/20261122/ls-lR.gz", "/Archive.ubuntu.com/ubuntu/ls-lR.gz", "/archive.ubuntu.com/ubuntu%2fls-lR.gz", "/archive.ubuntu.com%2Fubuntu/ls-lR.gz", "/archive.ubuntu.com/ubuntux/ls-lR.gz",
    "/archive.ubuntu.com", "/archive.ubuntu.com/", "/favicon.ico", "/robots.txt", "/.well-known/x", "/.git/config", "/x%20y", "/%25", "/%2541", "/a?b", "/?", "/#",
];

/// A web server of our own, stopped by its pid.
struct Nginx {
    child: Child,
    port: u16,
}

impl Nginx {
    fn start(www: &Www, make: impl Fn(u16) -> String) -> Self {
        for attempt in 0..5 {
            let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
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
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("nginx does not start");
    }

    fn ask(&self, method: &str, path: &str, headers: &str) -> Reply {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n").unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| panic!("no answer to {path}"));
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let headers = head.lines().filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Reply { status, headers, body: bytes[end + 4..].to_vec() }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

fn nginx(home: &Path) -> Command {
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-p").arg(home).arg("-c").arg(home.join("nginx.conf")).arg("-e").arg(home.join("error.log"));
    command
}

/// Makes a prefix folder with a configuration that has settings of a host's and its default site around ours.
fn home(www: &Www, name: &str, site: &str) -> PathBuf {
    let home = www.dir.path().join(name);
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("pinfold.conf"), site).unwrap();
    let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|t| format!("  {t}_temp_path {}/{t};\n", home.display())).concat();
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

fn rules(www: &Www, port: u16) -> Rules {
    let config = SiteConfig { logs: Some(www.dir.path().to_owned()), ..config(port) };
    Rules::new(&config, &mirrors(), &www.root()).unwrap()
}

/// Compares one URL; says what differs.
fn compare(nginx: &Nginx, rules: &Rules, uri: &str) -> Result<u16, String> {
    let reply = nginx.ask("GET", uri, "");
    let answer = rules.resolve(uri.as_bytes());
    let found = answer.found();
    let (status, body, cache, kind) = match found {
        Some(file) => (200, fs::read(&file.path).unwrap(), file.cache, answer.content_type.as_str()),
        None => (answer.not_found.status, answer.not_found.text.clone().into_bytes(), "no-cache", "text/plain"),
    };
    let retry = answer.not_found.retry_after.filter(|_| found.is_none()).map_or(String::new(), |seconds| seconds.to_string());
    // What nginx itself refuses has a page of its own.
    let same = reply.status == status
        && (status == 400
            || (reply.body == body && reply.header("cache-control") == cache && reply.header("content-type") == kind && reply.header("retry-after") == retry));
    if same {
        return Ok(status);
    }
    Err(format!(
        "{uri}\n  nginx {} {:?} {:?} {:?}\n  table {status} {cache:?} {kind:?} {:?}",
        reply.status,
        reply.header("cache-control"),
        reply.header("content-type"),
        String::from_utf8_lossy(&reply.body),
        String::from_utf8_lossy(&body)
    ))
}

#[test]
fn nginx_and_the_table_answer_alike() {
    let www = Www::new();
    let nginx = Nginx::start(&www, |port| rules(&www, port).nginx());
    let rules = rules(&www, nginx.port);
    let mut statuses = BTreeMap::new();
    let mut differences = Vec::new();
    let crossed = PLACES.iter().flat_map(|place| RESTS.iter().map(move |rest| format!("{place}{rest}")));
    for uri in crossed.chain(WHOLE.iter().map(|whole| (*whole).to_owned())) {
        match compare(&nginx, &rules, &uri) {
            Ok(status) => *statuses.entry(status).or_insert(0) += 1,
            Err(difference) => differences.push(difference),
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    // The table is no proof where everything is absent.
    assert!(statuses[&200] > 250 && statuses[&404] > 500 && statuses[&503] > 100 && statuses[&400] > 100, "{statuses:?}");
}

#[test]
fn answers_are_those_of_the_design() {
    let www = Www::new();
    let rules = rules(&www, 80);
    let year = "public, max-age=31536000, immutable";
    let day = "public, max-age=86400";
    let now = "no-cache";
    let table = [
        ("/archive.ubuntu.com/ubuntu/dists/noble/InRelease", "generations/production/7/ubuntu/heads/dists/noble/InRelease", now),
        ("/channels/staging/archive.ubuntu.com/ubuntu/dists/noble/InRelease", "generations/staging/9/ubuntu/heads/dists/noble/InRelease", now),
        ("/archive.ubuntu.com/ubuntu/dists/noble/main/binary-amd64/Release", "snapshots/ubuntu/20261122T040000Z/dists/noble/main/binary-amd64/Release", now),
        ("/archive.ubuntu.com/ubuntu/dists/noble/main/binary-amd64/Packages.xz", "snapshots/ubuntu/20261122T040000Z/dists/noble/main/binary-amd64/Packages.xz", now),
        ("/archive.ubuntu.com/ubuntu/dists/noble/main/binary-amd64/by-hash/SHA256/bb22", "union/ubuntu/dists/noble/main/binary-amd64/by-hash/SHA256/bb22", year),
        ("/security.ubuntu.com/ubuntu/by-hash/SHA256/aa11", "snapshots/ubuntu.sec-1/20261123T040000Z/by-hash/SHA256/aa11", year),
        ("/archive.ubuntu.com/ubuntu/pool/main/h/hello/hello_1.0_amd64.deb", "union/ubuntu/pool/main/h/hello/hello_1.0_amd64.deb", day),
        ("/tools+x/tool.deb", "snapshots/tools/20261123T040000Z/tool.deb", now),
        ("/tools+x/InRelease", "snapshots/tools/20261123T040000Z/InRelease", now),
        ("/snapshots/ubuntu/20261122T040000Z/dists/noble/InRelease", "snapshots/ubuntu/20261122T040000Z/dists/noble/InRelease", year),
        ("/snapshots/ubuntu/20261122T040000Z/ls-lR.gz", "snapshots/ubuntu/20261122T040000Z/ls-lR.gz", year),
        // Not in that tree: what stands in for it may be built anew, so it is not immutable.
        ("/snapshots/ubuntu/20261122T040000Z/pool/main/h/hello/hello_2.10-4_amd64.deb", "union/ubuntu/pool/main/h/hello/hello_2.10-4_amd64.deb", day),
        ("/snapshots/ubuntu/2026-11-23/dists/noble/InRelease", "snapshots/ubuntu/20261123T150000Z/dists/noble/InRelease", now),
        ("/snapshots/ubuntu/2026-11-23T04/dists/noble/InRelease", "snapshots/ubuntu/20261122T040000Z/dists/noble/InRelease", now),
        ("/snapshots/ubuntu/20261124T04/dists/noble/InRelease", "snapshots/ubuntu/20261123T150000Z/dists/noble/InRelease", now),
        ("/pinfold.asc", "pinfold.asc", now),
    ];
    let root = fs::canonicalize(www.path("")).unwrap();
    for (uri, file, cache) in table {
        let answer = rules.resolve(uri.as_bytes());
        let found = answer.found().unwrap_or_else(|| panic!("{uri}: {:?}", answer.not_found));
        assert_eq!(fs::canonicalize(&found.path).unwrap(), root.join(file), "{uri}");
        assert_eq!(found.cache, cache, "{uri}");
    }
    let absent = [
        // Signed upstream or not: a root file of another generation is never shown.
        ("/archive.ubuntu.com/ubuntu/dists/oracular/InRelease", 404, "ubuntu has no such file in channels/production\n"),
        ("/channels/staging/archive.ubuntu.com/ubuntu/dists/noble/Release.gpg", 404, "ubuntu has no such file in channels/staging\n"),
        // The suite came at 15 h: asked for 4 h it is not there yet, and the day's end must not stand in.
        ("/snapshots/ubuntu/20261123T04/dists/oracular/InRelease", 404, "ubuntu@20261123T04 has no such file\n"),
        // No snapshot before that hour, though the day has one later.
        (
            "/snapshots/tools/20261123T03/x",
            404,
            "tools@20261123T03 is not published; pinfold publish tools@20261123T03 does it, if that snapshot is kept\n",
        ),
        (
            "/snapshots/ubuntu/20261001/dists/noble/InRelease",
            404,
            "ubuntu@20261001 is not published; pinfold publish ubuntu@20261001 does it, if that snapshot is kept\n",
        ),
        (
            "/snapshots/ubuntu/20261123T040000Z/ls-lR.gz",
            404,
            "ubuntu@20261123T040000Z is not published; pinfold publish ubuntu@20261123T040000Z does it, if that snapshot is kept\n",
        ),
        ("/new.example.org/apt/dists/noble/InRelease", 503, "new has no snapshot in channels/production yet; pinfold promote new brings the first\n"),
    ];
    for (uri, status, text) in absent {
        let answer = rules.resolve(uri.as_bytes());
        assert_eq!(answer.found(), None, "{uri}");
        assert_eq!((answer.not_found.status, answer.not_found.text.as_str()), (status, text), "{uri}");
    }
}

#[test]
fn nginx_follows_flips_and_conditions() {
    let www = Www::new();
    let nginx = Nginx::start(&www, |port| rules(&www, port).nginx());
    let uri = "/archive.ubuntu.com/ubuntu/dists/noble/InRelease";
    let first = nginx.ask("GET", uri, "");
    assert_eq!(first.body, b"generations/production/7/ubuntu/heads/dists/noble/InRelease\n");
    for header in ["if-modified-since: ", "if-none-match: "] {
        let value = first.header(if header.starts_with("if-m") { "last-modified" } else { "etag" });
        assert_eq!(nginx.ask("GET", uri, &format!("{header}{value}\r\n")).status, 304, "{header}{value}");
    }
    // Exact, not before: after a rollback a file may be older than what the client has.
    assert_eq!(nginx.ask("GET", uri, "if-modified-since: Fri, 01 Jan 2100 00:00:00 GMT\r\n").status, 200);
    let part = nginx.ask("GET", uri, "range: bytes=0-10\r\n");
    assert_eq!((part.status, part.body.as_slice()), (206, b"generations".as_slice()));
    let head = nginx.ask("HEAD", uri, "");
    assert_eq!((head.status, head.body.len(), head.header("cache-control")), (200, 0, "no-cache"));
    assert_eq!(head.header("x-content-type-options"), "nosniff");
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
        assert_eq!(nginx.ask(method, uri, "").status, 405, "{method}");
    }
    symlink("../generations/staging/9", www.path("channels/next")).unwrap();
    fs::rename(www.path("channels/next"), www.path("channels/production")).unwrap();
    assert_eq!(nginx.ask("GET", uri, "").body, b"generations/staging/9/ubuntu/heads/dists/noble/InRelease\n");
    let log = fs::read_to_string(www.dir.path().join("pinfold-ubuntu.access.log")).unwrap();
    assert!(log.lines().count() >= 6 && log.contains("channels/production"), "{log}");
    let own = fs::read_to_string(www.dir.path().join("pinfold.access.log")).unwrap_or_default();
    assert!(!own.contains("\"GET /archive.ubuntu.com"), "{own}");
}

#[test]
fn nginx_takes_it_beside_the_default_site() {
    let www = Www::new();
    let port = 80;
    for listen in [vec!["80".to_owned()], vec![], vec!["127.0.0.1:80".to_owned(), "[::]:80".to_owned()]] {
        let config = SiteConfig { url: "http://mirror.example.org/".to_owned(), listen, logs: Some(www.dir.path().to_owned()), ..config(port) };
        let text = super::nginx(&config, &mirrors(), &www.root()).unwrap();
        let home = home(&www, "beside", &text);
        fs::write(
            home.join("default.conf"),
            "server { listen 80 default_server; listen [::]:80 default_server; root /var/www/html; index index.html; server_name _; location / { try_files $uri $uri/ =404; } }\n",
        )
        .unwrap();
        let ran = nginx(&home).arg("-t").output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success() && !said.contains("[warn]"), "{said}");
    }
    // One without mirrors too, and a root with blanks.
    let spaced = www.dir.path().join("a root # with");
    let text = super::nginx(&SiteConfig { logs: Some(www.dir.path().to_owned()), ..config(80) }, &[], &spaced).unwrap();
    let home = home(&www, "bare", &text);
    let ran = nginx(&home).arg("-t").output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn what_could_become_a_directive_is_refused() {
    let root = Path::new("/srv/pinfold");
    let nothing: &[MirrorSite] = &[];
    let refused = |config: &SiteConfig, mirrors: &[MirrorSite], root: &Path| super::nginx(config, mirrors, root).unwrap_err().to_string();
    for url in [
        "mirror.example.org", "ftp://x", "http://", "http://a b", "http://a;b", "http://a/path", "http://a$b", "http://a\nb", "http://a:0", "http://a:99999", "http://a:x", "http://[::1", "http://{a}",
        "http://-a", "http://_;", "http://[zz]", "http://\u{e4}",
    ] {
        assert!(refused(&SiteConfig { url: url.to_owned(), ..config(80) }, nothing, root).starts_with("bad url"), "{url}");
    }
    for listen in ["", "80;", "80 default_server", "80\n", "$port", "{", "unix:/x y"] {
        assert!(refused(&SiteConfig { listen: vec![listen.to_owned()], ..config(80) }, nothing, root).starts_with("bad listen"), "{listen}");
    }
    for bad in ["relative", "/a/../b", "/a$b", "/a;b", "/a{b", "/a}b", "/a\"b", "/a'b", "/a\nb", "/a\\b", "/a`b"] {
        assert!(refused(&config(80), nothing, Path::new(bad)).starts_with("bad root"), "{bad}");
        let logs = SiteConfig { logs: Some(bad.into()), ..config(80) };
        assert!(refused(&logs, nothing, root).starts_with("bad logs"), "{bad}");
        let tls = SiteConfig { certificate: Some(bad.into()), key: Some("/k".into()), ..config(80) };
        assert!(refused(&tls, nothing, root).starts_with("bad certificate"), "{bad}");
    }
    let half = SiteConfig { certificate: Some("/c".into()), ..config(80) };
    assert!(refused(&half, nothing, root).contains("go together"));
    assert!(refused(&SiteConfig { channels: Vec::new(), ..config(80) }, nothing, root).starts_with("bad channels"));
    for words in ["a b", "a\"", "a'", "a{2}", "(a)", "(?<x>a)", "a;", "[a", "a\n", "\u{e4}"] {
        let mirror = MirrorSite { package_names: words.to_owned(), ..files("m", "m") };
        assert!(refused(&config(80), &[mirror], root).starts_with("bad names"), "{words}");
    }
    for (extension, mime) in [("", "a/b"), ("x;", "a/b"), ("x", "ab"), ("x", "a/b;"), ("x y", "a/b")] {
        let mirror = MirrorSite { types: vec![(extension.to_owned(), mime.to_owned())], ..files("m", "m") };
        assert!(refused(&config(80), &[mirror], root).starts_with("bad type"), "{extension} {mime}");
    }
    assert!(refused(&config(80), &[files("m", "a"), files("m", "b")], root).contains("twice"));
}

#[test]
fn mounts_are_checked() {
    for good in ["ubuntu", "archive.ubuntu.com/ubuntu", "a/b/c", "x+y~z_1-2", "snapshots.example.org", "channelsx/at"] {
        assert_eq!(good.parse::<Mount>().unwrap().as_str(), good);
    }
    let bad = [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "a/../b", ".a", "a/.b", "a b", "a;b", "a{b", "a}b", "a$b", "a\"b", "a'b", "a\\b", "a\nb", "a%41", "a?b", "a#b", "a(b", "a|b", "\u{e4}",
        "snapshots", "snapshots/x", "channels", "status/y", "at", "at/x", "pinfold.asc",
    ];
    for bad in bad {
        assert!(bad.parse::<Mount>().is_err(), "{bad}");
    }
    assert!("a".repeat(600).parse::<Mount>().is_err());
    for (first, second, overlap) in [("a", "a", true), ("a", "a/b", true), ("a/b", "a", true), ("a", "ab", false), ("a/b", "a/c", false), ("a/b", "a/bc", false)] {
        let mirrors = [files("one", first), files("two", second)];
        let made = Rules::new(&config(80), &mirrors, Path::new("/srv/pinfold"));
        assert_eq!(made.is_err(), overlap, "{first} {second}");
    }
}

#[test]
fn a_hash_keeps_for_a_year_only_where_the_name_ends() {
    let www = Www::new();
    let rules = rules(&www, 80);
    let cache = |rest: &str| rules.resolve(format!("/archive.ubuntu.com/ubuntu{rest}").as_bytes()).candidates[0].cache;
    assert!(cache(&format!("/by-hash/SHA256/{HEX}")).contains("immutable"));
    assert_eq!(cache(&format!("/by-hash/SHA256/{HEX}%0a")), "no-cache");
    assert_eq!(cache(&format!("/by-hash/SHA256/{HEX}/x")), "no-cache");
    assert_eq!(cache("/pool/a.deb"), "public, max-age=86400");
    assert_eq!(cache("/pool/adeb"), "no-cache");
    assert_eq!(cache("/pool/a.deb.x"), "no-cache");
}
