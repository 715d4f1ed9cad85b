//! A real nginx with the generated configuration, on a port of its own.
use super::{Site, tool, write};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

/// A running nginx, stopped when dropped.
#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    home: PathBuf,
    port: u16,
}

/// An answer, with header names in lower case.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Nginx {
    /// Starts nginx beside a default site, as Debian's package has one, and waits until it answers.
    pub(crate) fn start(site: &Site) -> Self {
        let home = site.dir().join("nginx");
        let shown = home.display();
        // The logs of the host are left alone.
        let printed = site.ok(&["site"]).replace("/var/log/nginx", &shown.to_string());
        write(home.join("pinfold.conf"), printed);
        let servers = format!(
            "  server {{ listen 127.0.0.1:{port} default_server; server_name _; return 421; }}\n  include {shown}/pinfold.conf;\n",
            port = site.port
        );
        Self::launch(home, &servers, ("127.0.0.1", site.port))
    }

    /// Serves a folder as an upstream does, on another address than the site: apt asks no second URL of a host that is down.
    pub(crate) fn upstream(site: &Site, folder: &Path) -> Self {
        let home = site.dir().join("upstream");
        std::fs::create_dir_all(&home).unwrap();
        let servers = format!(
            "  server {{ listen 127.0.0.2:{port}; root {folder}; }}\n",
            port = site.port,
            folder = folder.display()
        );
        Self::launch(home, &servers, ("127.0.0.2", site.port))
    }

    /// Serves a folder at the site's own address, as a host does before it has Pinfold.
    pub(crate) fn plain(site: &Site, folder: &Path) -> Self {
        let home = site.dir().join("old");
        std::fs::create_dir_all(&home).unwrap();
        let (port, folder) = (site.port, folder.display());
        let servers = format!("  server {{ listen 127.0.0.1:{port}; root {folder}; }}\n");
        Self::launch(home, &servers, ("127.0.0.1", port))
    }

    fn launch(home: PathBuf, servers: &str, address: (&str, u16)) -> Self {
        let shown = home.display();
        let conf = home.join("nginx.conf");
        write(
            &conf,
            format!(
                "user www-data;\nworker_processes 2;\npid {shown}/nginx.pid;\nerror_log {shown}/error.log;\nevents {{ worker_connections 512; }}\n\
                 http {{\n  include /etc/nginx/mime.types;\n  default_type application/octet-stream;\n  access_log {shown}/access.log;\n  open_file_cache max=100;\n\
                   client_body_temp_path {shown}/t1;\n  proxy_temp_path {shown}/t2;\n  fastcgi_temp_path {shown}/t3;\n  uwsgi_temp_path {shown}/t4;\n  scgi_temp_path {shown}/t5;\n\
                 {servers}}}\n"
            ),
        );
        tool(Command::new("nginx").arg("-t").arg("-c").arg(&conf).arg("-p").arg(&home));
        let child = Command::new("nginx")
            .args(["-g", "daemon off;", "-c"])
            .arg(&conf)
            .arg("-p")
            .arg(&home)
            .spawn()
            .unwrap();
        let nginx = Self { child, home, port: address.1 };
        for _ in 0..200 {
            if TcpStream::connect(address).is_ok() {
                return nginx;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nginx does not listen on {address:?}");
    }

    /// What was asked for since the last look, by the access log of this name.
    pub(crate) fn asked(&self, log: &str) -> String {
        let log = self.home.join(log);
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        drop(std::fs::OpenOptions::new().write(true).truncate(true).open(log));
        text
    }

    /// What it complains of in its error log.
    pub(crate) fn complaints(&self) -> String {
        std::fs::read_to_string(self.home.join("error.log")).unwrap_or_default()
    }

    /// Asks for a path exactly as given.
    pub(crate) fn get(&self, path: &str) -> Reply {
        ask(self.port, "GET", path, "")
    }

    /// Asks with another method or further headers (each ends in CRLF).
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str) -> Reply {
        ask(self.port, method, path, headers)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM, so that the master takes its workers along.
        let master = rustix::process::Pid::from_child(&self.child);
        if rustix::process::kill_process(master, rustix::process::Signal::TERM).is_err() {
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}

/// One request over a connection of its own.
pub(crate) fn ask(port: u16, method: &str, path: &str, headers: &str) -> Reply {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{headers}\r\n").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| {
        panic!("no answer to {method} {path}: {}", String::from_utf8_lossy(&bytes))
    });
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Reply { status, headers, body: bytes[end + 4..].to_vec() }
}
