//! Homebrew as its clients see it: an API, a registry of containers that wants a token, and a host of blobs that takes none.
//!
//! The registry answers as the real one: 401 without a token, 404 for an index that is asked for by another type, and for a blob a
//! redirect to another host whose URL is signed; that host refuses a token beside its signature.

mod formula;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

pub(crate) use formula::Formula;
use serde_json::{Value, json};

/// The type of an index.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// What a blob's URL is signed with.
const SIGNED: &str = "?se=2026&sig=secret";

/// A checksum in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    super::hex("SHA256", bytes)
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) host: Host,
    /// With its query.
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) status: u16,
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Host {
    Api,
    Registry,
    Blobs,
}

#[derive(Debug, Default)]
struct State {
    /// By path, without a leading slash.
    api: BTreeMap<String, Vec<u8>>,
    registry: BTreeMap<String, Vec<u8>>,
    log: Vec<Request>,
    made: i64,
    is_down: bool,
    is_slow: bool,
    /// Whoever signs the lists.
    key: Option<PathBuf>,
}

/// The running servers, stopped when dropped.
#[derive(Debug)]
pub(crate) struct Homebrew {
    ports: [u16; 3],
    state: Arc<Mutex<State>>,
    is_over: Arc<AtomicBool>,
}

impl Homebrew {
    /// Starts them with formulae.
    pub(crate) fn of(formulae: &[Formula]) -> Self {
        let state = Arc::new(Mutex::new(State { made: 1_790_000_000, ..State::default() }));
        let is_over = Arc::new(AtomicBool::new(false));
        let listeners = [Host::Api, Host::Registry, Host::Blobs]
            .map(|host| (host, TcpListener::bind("127.0.0.1:0").unwrap()));
        let ports = [0, 1, 2].map(|at: usize| listeners[at].1.local_addr().unwrap().port());
        for (host, listener) in listeners {
            let (state, is_over) = (state.clone(), is_over.clone());
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if is_over.load(Ordering::SeqCst) {
                        return;
                    }
                    let state = state.clone();
                    std::thread::spawn(move || drop(talk(stream, host, ports[2], &state)));
                }
            });
        }
        let homebrew = Self { ports, state, is_over };
        homebrew.has(formulae);
        homebrew
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Makes another state; indices and blobs of before stay, as they do.
    pub(crate) fn has(&self, formulae: &[Formula]) {
        let mut state = self.state();
        state.made += 3600;
        let (made, key) = (state.made, state.key.clone());
        for tag in ["arm64_sequoia", "x86_64_linux", "sonoma"] {
            let listed: serde_json::Map<String, Value> =
                formulae.iter().map(|one| (one.name.to_owned(), one.listed(tag))).collect();
            let payload = json!({
                "metadata": { "homebrew_version": "6.0.18", "bottle_tag": tag, "generated_at": made },
                "formulae": listed, "casks": { "firefox": {} },
                "formula_aliases": { "open-ssl": "openssl@3" }, "formula_renames": { "old-wget": "wget" },
            });
            let list = signed(&payload, state.key.as_deref());
            state.api.insert(format!("api/internal/packages.{tag}.jws.json"), list);
        }
        state.api.insert("api/formula.jws.json".to_owned(), signed(&json!([made]), key.as_deref()));
        state.api.insert("api/cask.jws.json".to_owned(), signed(&json!([made]), key.as_deref()));
        for formula in formulae {
            let page = json!({ "name": formula.name, "sums": formula.tags.iter().map(|tag| sha256(&formula.bottle(tag))).collect::<Vec<_>>() });
            state.api.insert(
                format!("api/formula/{}.json", formula.name),
                page.to_string().into_bytes(),
            );
            state.registry.insert(formula.manifest(), formula.index().to_string().into_bytes());
            for tag in formula.tags {
                state.registry.insert(formula.blob(tag), formula.bottle(tag));
            }
        }
    }

    /// Makes the same state again, with lists that say they are older than the last.
    pub(crate) fn older(&self) {
        let mut state = self.state();
        let lists = state.api.iter_mut().filter(|(path, _)| path.contains("/internal/"));
        for (_, bytes) in lists {
            let text = String::from_utf8(bytes.clone()).unwrap();
            *bytes = text.replace("generated_at\\\":179", "generated_at\\\":178").into_bytes();
        }
    }

    /// Has other bytes under a path of the registry, or none.
    pub(crate) fn set(&self, path: &str, bytes: Option<Vec<u8>>) {
        match bytes {
            Some(bytes) => self.state().registry.insert(path.to_owned(), bytes),
            None => self.state().registry.remove(path),
        };
    }

    /// Has other bytes under a path of the API, or none.
    pub(crate) fn set_api(&self, path: &str, bytes: Option<Vec<u8>>) {
        match bytes {
            Some(bytes) => self.state().api.insert(path.to_owned(), bytes),
            None => self.state().api.remove(path),
        };
    }

    /// Answers nothing but 503 from now on, or all again.
    pub(crate) fn down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// Has the lists signed from the next state on; gives the file of the public key.
    pub(crate) fn sign(&self, folder: &Path) -> PathBuf {
        let (secret, public) = (folder.join("secret"), folder.join("homebrew-1.pem"));
        let script = r#"openssl genrsa -out "$0" 2048 && openssl rsa -in "$0" -pubout -out "$1""#;
        let mut call = std::process::Command::new("sh");
        super::tool(call.args(["-c", script]).arg(&secret).arg(&public));
        self.state().key = Some(secret);
        public
    }

    /// Takes its time for blobs from now on.
    pub(crate) fn slow(&self, is_slow: bool) {
        self.state().is_slow = is_slow;
    }

    /// What was asked for since the last call.
    pub(crate) fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.state().log)
    }

    /// The URL of the API.
    pub(crate) fn api(&self) -> String {
        format!("http://127.0.0.1:{}/api/", self.ports[0])
    }

    /// The URL of the registry.
    pub(crate) fn registry(&self) -> String {
        format!("http://127.0.0.1:{}/v2/homebrew/core/", self.ports[1])
    }

    /// A mirror's file.
    pub(crate) fn mirror(&self, formulae: &str) -> String {
        format!(
            "family = \"brew\"\nmount = \"brew\"\nupstream = \"{}\"\nregistry = \"{}\"\nformulae = {formulae}\n\
             tags = [\"arm64_sequoia\", \"x86_64_linux\"]\npatience = \"31ms\"\ntries = 2\nretry-wait = \"10ms\"\n",
            self.api(),
            self.registry()
        )
    }
}

impl Drop for Homebrew {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        for port in self.ports {
            drop(TcpStream::connect(("127.0.0.1", port)));
        }
    }
}

/// Writes a list as the API has it, signed by a key or by nobody.
fn signed(payload: &Value, key: Option<&Path>) -> Vec<u8> {
    // {"alg":"PS512","b64":false}
    let protected = "eyJhbGciOiJQUzUxMiIsImI2NCI6ZmFsc2V9";
    let signature = key.map_or_else(String::new, |key| {
        let script = r#"openssl dgst -sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:64 -sign "$0" "$1" |
            openssl base64 -A | tr '+/' '-_' | tr -d '='"#;
        let text = key.with_extension("text");
        super::write(&text, format!("{protected}.{payload}"));
        let mut call = std::process::Command::new("sh");
        let out = super::tool(call.args(["-c", script]).arg(key).arg(&text)).stdout;
        String::from_utf8(out).unwrap()
    });
    let signature = json!({ "protected": protected, "header": { "kid": "homebrew-1" }, "signature": signature });
    json!({ "payload": payload.to_string(), "signatures": [signature] }).to_string().into_bytes()
}

/// An answer: status, further headers, body.
type Answer = (u16, String, Vec<u8>);

/// Answers requests until the client goes.
fn talk(stream: TcpStream, host: Host, blobs: u16, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut to = stream;
    while let Some(line) = lines.next() {
        let line = line?;
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = BTreeMap::new();
        while let Some(header) = lines.next().transpose()?.filter(|header| !header.is_empty()) {
            if let Some((name, value)) = header.split_once(": ") {
                headers.insert(name.to_lowercase(), value.to_owned());
            }
        }
        let mut state = state.lock().unwrap();
        let answer = if state.is_down {
            (503, String::new(), Vec::new())
        } else {
            let path = path.trim_start_matches('/').replace("%2b", "+").replace("%40", "@");
            match host {
                Host::Api => of_api(&state, &path, &headers),
                Host::Registry => of_registry(&state, &path, &headers, blobs),
                Host::Blobs => of_blobs(&state, &path, &headers),
            }
        };
        let (status, more, body) = answer;
        let (is_head, path) = (method == "HEAD", path.to_owned());
        state.log.push(Request { host, path, headers, status });
        let is_slow = state.is_slow && host == Host::Blobs;
        drop(state);
        if is_slow {
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
        let length = body.len();
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{more}\r\n");
        let body = if is_head || status == 304 { &[][..] } else { &body[..] };
        to.write_all(&[head.as_bytes(), body].concat())?;
    }
    Ok(())
}

fn of_api(state: &State, path: &str, headers: &BTreeMap<String, String>) -> Answer {
    let Some(bytes) = state.api.get(path) else { return (404, String::new(), Vec::new()) };
    let tag = format!("\"{}\"", &sha256(bytes)[..16]);
    if headers.get("if-none-match") == Some(&tag) {
        return (304, String::new(), Vec::new());
    }
    (200, format!("ETag: {tag}\r\n"), bytes.clone())
}

fn of_registry(
    state: &State,
    path: &str,
    headers: &BTreeMap<String, String>,
    blobs: u16,
) -> Answer {
    if headers.get("authorization").map(String::as_str) != Some("Bearer QQ==") {
        return (401, "WWW-Authenticate: Bearer realm=\"x\"\r\n".to_owned(), Vec::new());
    }
    let absent = (404, String::new(), Vec::new());
    let Some(path) = path.strip_prefix("v2/homebrew/core/") else { return absent };
    let Some(bytes) = state.registry.get(path) else { return absent };
    if path.contains("/blobs/") {
        let location = format!("http://127.0.0.1:{blobs}/{path}{SIGNED}");
        return (307, format!("Location: {location}\r\n"), Vec::new());
    }
    let takes = headers.get("accept").map_or("", String::as_str);
    if !takes.split(", ").any(|kind| kind == INDEX) {
        return absent;
    }
    (200, format!("Content-Type: {INDEX}\r\n"), bytes.clone())
}

fn of_blobs(state: &State, path: &str, headers: &BTreeMap<String, String>) -> Answer {
    if headers.contains_key("authorization") {
        return (400, String::new(), b"one way to authenticate is enough".to_vec());
    }
    let Some(path) = path.strip_suffix(SIGNED) else { return (403, String::new(), Vec::new()) };
    state.registry.get(path).map_or((404, String::new(), Vec::new()), |bytes| {
        (200, "Content-Type: application/octet-stream\r\n".to_owned(), bytes.clone())
    })
}
