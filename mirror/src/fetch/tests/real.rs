//! Real nginx: connections that are kept, parts, states; and TLS with an authority of the test's own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use super::*;
use crate::http::Proxies;

/// A running nginx over a folder: plain, TLS, and TLS that wants a client's certificate.
struct Nginx {
    dir: tempfile::TempDir,
    child: Child,
    ports: [u16; 3],
}

/// Runs a tool; a missing one or a failure ends the test.
fn tool(program: &str, dir: &Path, arguments: &str) {
    let mut command = Command::new(program);
    let output = command.current_dir(dir).args(arguments.split(' ')).output();
    let output = output.unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Makes an authority, a server's certificate and a client's.
fn certificates(dir: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    tool(
        "openssl",
        dir,
        &format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=Test -days 30"),
    );
    std::fs::write(dir.join("server.ext"), "subjectAltName=IP:127.0.0.1,DNS:archive.example\n")
        .unwrap();
    std::fs::write(dir.join("client.ext"), "extendedKeyUsage=clientAuth\n").unwrap();
    for name in ["server", "client"] {
        tool(
            "openssl",
            dir,
            &format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"),
        );
        tool(
            "openssl",
            dir,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile {name}.ext -out {name}.pem"
            ),
        );
    }
}

impl Nginx {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        certificates(dir.path());
        std::fs::create_dir(dir.path().join("www")).unwrap();
        let free = || TcpListener::bind("127.0.0.1:0").unwrap();
        let held = [free(), free(), free()];
        let ports = held.each_ref().map(|one| one.local_addr().unwrap().port());
        drop(held);
        let [plain, tls, strict] = ports;
        let secure = "ssl_certificate server.pem; ssl_certificate_key server.key;";
        let temps = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path temp;"))
            .concat();
        let conf = format!(
            "user root;\nworker_processes 1;\npid nginx.pid;\nerror_log error.log;\ndaemon off;\nevents {{ worker_connections 64; }}\n\
             http {{ log_format own '$connection $status $request_uri $http_range'; access_log access.log own; {temps} root www;\n\
             server {{ listen 127.0.0.1:{plain}; }}\n\
             server {{ listen 127.0.0.1:{tls} ssl; {secure} location = /down {{ return 302 http://127.0.0.1:{plain}/a; }} }}\n\
             server {{ listen 127.0.0.1:{strict} ssl; {secure} ssl_client_certificate ca.pem; ssl_verify_client on; }} }}\n"
        );
        std::fs::write(dir.path().join("nginx.conf"), conf).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(dir.path()).arg("-c").arg(dir.path().join("nginx.conf"));
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot run nginx: {error}"));
        let nginx = Self { dir, child, ports };
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", strict)).is_ok() {
                return nginx;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("nginx does not listen on port {strict}");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Want {
        std::fs::write(self.dir.path().join("www").join(name), bytes).unwrap();
        want(&[name], bytes)
    }

    /// The requests so far, each with its connection's number, status, path and range. They are written down a little later
    /// than they are answered.
    fn log(&self, count: usize) -> Vec<Vec<String>> {
        for _ in 0..500 {
            let text = std::fs::read_to_string(self.file("access.log")).unwrap_or_default();
            if text.lines().count() >= count && text.ends_with('\n') {
                let words = text.lines().map(|line| line.split(' ').map(str::to_owned).collect());
                return words.collect();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("nginx did not write down {count} requests");
    }

    fn trusting(&self) -> HttpSettings {
        HttpSettings { authorities: Some(self.file("ca.pem")), ..patient() }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM, so that the master takes its worker along.
        let master = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(master, rustix::process::Signal::TERM).ok();
        drop(self.child.wait());
    }
}

/// Fetches one file from a URL; gives what came of it, and how often was asked. What landed is let go.
fn came(bench: &Bench, settings: &HttpSettings, base: &str, want: &Want) -> (String, u64) {
    let base = Base::parse(base).unwrap();
    let http = Http::new(settings).unwrap();
    let before = bench.tally.get(Counter::Requests);
    let upstream = Upstream { http: &http, base: &base };
    let outcomes = bench.fetch_from(upstream, vec![want.clone()]).unwrap();
    bench.landed.borrow_mut().clear();
    let arrival = bench.store.arrival(want.expect.sum()).unwrap();
    arrival.discard().unwrap();
    let came = outcomes.first().map_or_else(|| "landed".to_owned(), shown);
    (came, bench.tally.get(Counter::Requests) - before)
}

#[test]
fn nginx_serves_many_files_over_few_connections_and_the_rest_of_one() {
    bounded(|| {
        let nginx = Nginx::start();
        let bench = Bench::new();
        let base = Base::parse(&format!("http://127.0.0.1:{}/", nginx.ports[0])).unwrap();
        let http = Http::new(&HttpSettings { connections: 2, ..patient() }).unwrap();
        let upstream = Upstream { http: &http, base: &base };
        let wants = (0..50).map(|n| nginx.put(&format!("f+{n}"), &content(n * 100))).collect();
        assert!(bench.fetch_from(upstream, wants).unwrap().is_empty());
        // An empty file is known without a request.
        let log = nginx.log(49);
        assert_eq!((log.len(), log.iter().all(|line| line[1] == "200")), (49, true));
        let mut connections: Vec<_> = log.iter().map(|line| line[0].clone()).collect();
        connections.sort();
        connections.dedup();
        assert!(connections.len() <= 2, "{connections:?}");

        let bytes = content(100_000);
        let want = nginx.put("large", &bytes);
        let mut arrival = bench.store.arrival(want.expect.sum()).unwrap();
        arrival.write(&bytes[..60_000]).unwrap();
        drop(arrival);
        assert!(bench.fetch_from(upstream, vec![want]).unwrap().is_empty());
        bench.keep();
        assert!(bench.has(&bytes));
        assert_eq!(nginx.log(50)[49][1..], ["206", "/large", "bytes=60000-"]);

        let path = "large".parse().unwrap();
        let ask = |ask: Ask<'_>| small(upstream, &path, ask, 1_000_000, &bench.tally).unwrap();
        let Small::Found { validators, .. } = ask(Ask::Anew) else { panic!("it is there") };
        assert_eq!(ask(Ask::IfChanged(&validators)), Small::NotModified);
        let by_time = Validators { etag: None, ..validators };
        assert_eq!(ask(Ask::IfChanged(&by_time)), Small::NotModified);
    });
}

#[test]
fn a_server_is_believed_by_its_certificate() {
    bounded(|| {
        let (nginx, bench) = (Nginx::start(), Bench::new());
        let [_, tls, strict] = nginx.ports;
        let want = nginx.put("a", b"content");
        let certificate = Some((nginx.file("client.pem"), nginx.file("client.key")));
        let (here, named) =
            (format!("https://127.0.0.1:{tls}/"), format!("https://localhost:{tls}/"));
        let strict = format!("https://127.0.0.1:{strict}/");
        let trusting = nginx.trusting();
        let known = HttpSettings { client_certificate: certificate, ..nginx.trusting() };
        let blind = HttpSettings { insecure: true, ..patient() };
        let cases: &[(&str, &HttpSettings, &str, &str)] = &[
            ("its authority is known", &trusting, &here, "landed"),
            ("it is not", &patient(), &here, "failed its certificate is not believed"),
            ("it is for another name", &trusting, &named, "failed its certificate is not believed"),
            ("nothing is checked", &blind, &named, "landed"),
            ("it wants to know us", &trusting, &strict, "failed"),
            ("it does", &known, &strict, "landed"),
        ];
        for (case, settings, base, expected) in cases {
            let (came, requests) = came(&bench, settings, base, &want);
            assert!(came.starts_with(expected), "{case}: {came}");
            assert_eq!(requests, 1, "{case}: another try does not help");
        }
        // Plain HTTP is not followed from TLS.
        let down = Want { names: vec!["down".parse().unwrap()], ..want };
        let (came, _) = came(&bench, &trusting, &here, &down);
        assert!(came.starts_with("failed a redirect from https to"), "{came}");
    });
}

#[test]
fn certificates_and_keys_that_cannot_be_used_are_named_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    std::fs::write(dir.path().join("text"), "no certificate").unwrap();
    let file = |name: &str| dir.path().join(name);
    let cases = [
        (Some("text"), None, "'text"),
        (Some("ca.key"), None, "holds no certificate"),
        (Some("none"), None, "cannot read"),
        (None, Some(("client.pem", "server.key")), "not the key of the client's certificate"),
        (None, Some(("client.pem", "client.pem")), "holds no private key"),
        (None, Some(("text", "client.key")), "holds no certificate"),
    ];
    for (authorities, client, expected) in cases {
        let client_certificate = client.map(|(certificate, key)| (file(certificate), file(key)));
        let authorities = authorities.map(file);
        let settings = HttpSettings { authorities, client_certificate, ..patient() };
        let error = Http::new(&settings).err().unwrap();
        let named = error.to_string().replace(&dir.path().display().to_string(), "");
        assert!(named.replace("'/", "'").contains(expected), "{named}");
    }
}

/// A proxy that tunnels one connection to a port, whatever host it is asked for; gives what it was asked.
fn tunnel(to: u16) -> (u16, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut near, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            near.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let mut far = TcpStream::connect(("127.0.0.1", to)).unwrap();
        near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let (mut from, mut into) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        let up = std::thread::spawn(move || {
            drop(std::io::copy(&mut from, &mut into));
            drop(into.shutdown(std::net::Shutdown::Both));
        });
        drop(std::io::copy(&mut far, &mut near));
        drop(near.shutdown(std::net::Shutdown::Both));
        up.join().unwrap();
        String::from_utf8(head).unwrap()
    });
    (port, thread)
}

#[test]
fn tls_goes_through_a_proxy_by_a_tunnel() {
    bounded(|| {
        let (nginx, bench) = (Nginx::start(), Bench::new());
        let want = nginx.put("a", b"content");
        let (port, thread) = tunnel(nginx.ports[1]);
        let variable = |name: &str| {
            (name == "https_proxy").then(|| format!("http://me:secret@127.0.0.1:{port}"))
        };
        let proxies = Proxies::from_environment(&variable).unwrap();
        let settings = HttpSettings { proxies, connections: 1, ..nginx.trusting() };
        // The proxy looks the host up; its certificate is for that name.
        let (came, _) = came(&bench, &settings, "https://archive.example/", &want);
        assert_eq!(came, "landed");
        let asked = thread.join().unwrap();
        assert!(asked.starts_with("CONNECT archive.example:443 HTTP/1.1\r\n"), "{asked}");
        assert!(
            asked.contains("Proxy-Authorization: basic bWU6c2VjcmV0")
                || asked.contains("Proxy-Authorization: Basic bWU6c2VjcmV0"),
            "{asked}"
        );
    });
}
