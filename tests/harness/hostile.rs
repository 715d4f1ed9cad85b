//! An HTTP server that misbehaves on demand: serves a folder honestly, but for the faults that a test asks for by name.
//!
//! Plain threads on 127.0.0.1; it ends with the test. Besides the standard library only rustix, for the reset of a connection,
//! so that the tests of any crate can include this file. It writes down every request, and counts connections.

#[path = "hostile/faults.rs"]
mod faults;

use std::collections::{BTreeMap, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use faults::Argument;

/// The pause between two drips, and between two looks at whether the test is over.
const BEAT: Duration = Duration::from_millis(10);

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Path and query as they were sent.
    pub(crate) path: String,
    /// The headers, names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// When it came.
    pub(crate) at: Instant,
}

impl Asked {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What the threads share.
#[derive(Debug, Default)]
struct State {
    root: PathBuf,
    /// By path, or `*`: the faults one after another, and for how many requests yet.
    faults: Mutex<BTreeMap<String, VecDeque<(String, usize)>>>,
    log: Mutex<Vec<Asked>>,
    is_over: AtomicBool,
    open: AtomicUsize,
    open_max: AtomicUsize,
}

/// The running server.
#[derive(Debug)]
pub(crate) struct Hostile {
    port: u16,
    state: Arc<State>,
    acceptor: Option<JoinHandle<()>>,
}

impl Hostile {
    /// Serves a folder on a free port.
    pub(crate) fn serve(root: impl Into<PathBuf>) -> Self {
        let state = Arc::new(State { root: root.into(), ..State::default() });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = state.clone();
        let acceptor = std::thread::spawn(move || accept(&listener, &shared));
        Self { port, state, acceptor: Some(acceptor) }
    }

    /// The URL of the folder.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Misbehaves for a path (`*` for all): `NAME[:ARGUMENT][;first=N] [then …]`. An empty one ends that.
    pub(crate) fn fault(&self, path: &str, spec: &str) {
        let faults = spec.split(" then ").map(|one| match one.split_once(";first=") {
            Some((fault, times)) => (fault.to_owned(), times.parse().unwrap()),
            None => (one.to_owned(), usize::MAX),
        });
        self.state.faults.lock().unwrap().insert(path.to_owned(), faults.collect());
    }

    /// The requests so far.
    pub(crate) fn log(&self) -> Vec<Asked> {
        self.state.log.lock().unwrap().clone()
    }

    /// Forgets the requests so far.
    pub(crate) fn forget(&self) {
        self.state.log.lock().unwrap().clear();
    }

    /// Waits until all connections are closed.
    pub(crate) fn wait_closed(&self) {
        let from = Instant::now();
        while self.state.open.load(Ordering::SeqCst) > 0 {
            assert!(from.elapsed() < Duration::from_secs(20), "a connection stays open");
            std::thread::sleep(BEAT);
        }
    }

    /// How many connections were open at once, at most.
    pub(crate) fn open_max(&self) -> usize {
        self.state.open_max.load(Ordering::SeqCst)
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        // The acceptor waits for a connection.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

/// Takes connections until the test is over, and ends with all of them.
fn accept(listener: &TcpListener, state: &Arc<State>) {
    let mut threads = Vec::new();
    for stream in listener.incoming().flatten() {
        if state.is_over.load(Ordering::SeqCst) {
            break;
        }
        let shared = state.clone();
        threads.push(std::thread::spawn(move || {
            let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
            shared.open_max.fetch_max(open, Ordering::SeqCst);
            let mut talk = Talk { stream, state: &shared, rest: Vec::new() };
            // A client that goes away is none of the server's errors.
            while talk.turn().unwrap_or(false) {}
            drop(talk);
            shared.open.fetch_sub(1, Ordering::SeqCst);
        }));
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

/// One connection.
struct Talk<'a> {
    stream: TcpStream,
    state: &'a State,
    rest: Vec<u8>,
}

/// A file as an honest server sees it.
struct Served {
    bytes: Vec<u8>,
    etag: String,
    modified: String,
}

impl Talk<'_> {
    /// Answers one request; false ends the connection.
    fn turn(&mut self) -> std::io::Result<bool> {
        let Some(asked) = self.hear()? else { return Ok(false) };
        self.state.log.lock().unwrap().push(asked.clone());
        let fault = self.fault(&asked.path);
        let (name, argument) = fault.split_once(':').unwrap_or((&fault, ""));
        let path = asked.path.split('?').next().unwrap_or_default();
        // A proxy is asked with the whole URL.
        let path = path
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .map_or(path, |(_, path)| path);
        let file = self.state.root.join(decode(path).trim_start_matches('/'));
        let Ok(bytes) = std::fs::read(&file) else {
            return self.simple("404 Not Found", "", b"not here");
        };
        let seconds = std::fs::metadata(&file)?
            .modified()?
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let etag = format!("\"{seconds:x}-{:x}\"", bytes.len());
        let served = Served { bytes, etag, modified: http_date(seconds) };
        let argument = Argument(argument);
        if let Some(done) = self.spoil_head(name, argument, &served)? {
            return Ok(done);
        }
        if let Some(done) = self.spoil_redirect(name, argument, &asked)? {
            return Ok(done);
        }
        if let Some(done) = self.spoil_range(name, &asked, &served)? {
            return Ok(done);
        }
        if let Some(done) = self.spoil_body(name, argument, &served)? {
            return Ok(done);
        }
        self.honest(name, &asked, &served).map(|stays| stays && name != "hangup")
    }

    /// Reads a request's head; `None` when the client is gone or the test is over.
    fn hear(&mut self) -> std::io::Result<Option<Asked>> {
        self.stream.set_read_timeout(Some(BEAT))?;
        let end = loop {
            if let Some(at) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            let mut piece = [0; 4096];
            match self.stream.read(&mut piece) {
                Ok(0) => return Ok(None),
                Ok(read) => self.rest.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if self.state.is_over.load(Ordering::SeqCst) {
                return Ok(None);
            }
        };
        let head = String::from_utf8_lossy(&self.rest[..end]).into_owned();
        self.rest.drain(..end + 4);
        let mut lines = head.split("\r\n");
        let path = lines.next().unwrap().split(' ').nth(1).unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Ok(Some(Asked { path, headers: headers.collect(), at: Instant::now() }))
    }

    /// The fault for a request, if its time has not run out.
    fn fault(&self, path: &str) -> String {
        let mut faults = self.state.faults.lock().unwrap();
        let path = path.split('?').next().unwrap_or_default();
        let key = if faults.contains_key(path) { path } else { "*" };
        let Some(queue) = faults.get_mut(key) else { return String::new() };
        queue.retain(|(_, left)| *left > 0);
        let Some((fault, left)) = queue.front_mut() else { return String::new() };
        *left -= 1;
        fault.clone()
    }

    /// Sends a whole short answer.
    fn simple(&mut self, status: &str, headers: &str, body: &[u8]) -> std::io::Result<bool> {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
        // In one piece: the second of two would wait for the answer to the first.
        self.stream.write_all(&[head.as_bytes(), body].concat())?;
        Ok(true)
    }

    fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.stream.write_all(text.as_bytes())
    }

    /// Waits a beat; false when the client is gone or the test is over.
    fn is_there(&mut self) -> bool {
        std::thread::sleep(BEAT);
        let is_gone = match self.stream.peek(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        };
        !is_gone && !self.state.is_over.load(Ordering::SeqCst)
    }

    /// Sends the same bytes again and again, a beat apart or as fast as they go, until the client is gone.
    fn endless(&mut self, bytes: &[u8], is_slow: bool) -> std::io::Result<bool> {
        while !self.state.is_over.load(Ordering::SeqCst) && (!is_slow || self.is_there()) {
            self.stream.write_all(bytes)?;
        }
        Ok(false)
    }

    /// What a server should do, but for the faults of its answers to conditions.
    fn honest(&mut self, name: &str, asked: &Asked, served: &Served) -> std::io::Result<bool> {
        let Served { bytes, etag, modified } = served;
        let etag = if name == "etagsame" { "\"same\"" } else { etag.as_str() };
        let state = match name {
            "nolm" => String::new(),
            _ => format!("ETag: {etag}\r\nLast-Modified: {modified}\r\n"),
        };
        let is_same = asked.header("if-none-match").map(|tag| tag == etag);
        if is_same.unwrap_or(asked.header("if-modified-since") == Some(modified)) {
            return self.simple("304 Not Modified", &state, b"");
        }
        let is_kept = asked.header("if-range").is_none_or(|kept| kept == etag || kept == modified);
        match range(asked).filter(|_| is_kept && name != "norange") {
            Some(from) if from < bytes.len() => {
                let span =
                    format!("Content-Range: bytes {from}-{}/{}\r\n", bytes.len() - 1, bytes.len());
                self.simple("206 Partial Content", &(state + &span), &bytes[from..])
            }
            Some(_) => self.simple("416 Range Not Satisfiable", "", b""),
            None => self.simple("200 OK", &state, bytes),
        }
    }
}

/// The first byte that a request asks for.
fn range(asked: &Asked) -> Option<usize> {
    asked.header("range")?.strip_prefix("bytes=")?.split('-').next()?.parse().ok()
}

/// Decodes the escapes of a path.
fn decode(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut parts = path.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2).unwrap_or("3f"), 16).unwrap_or(b'?'));
        bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes a time as HTTP does.
pub(crate) fn http_date(seconds: u64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, clock) = (seconds / 86400, seconds % 86400);
    let week =
        ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][usize::try_from(days % 7).unwrap()];
    let (mut year, mut day) = (1970, days);
    let by = |year: u64, number| year.is_multiple_of(number);
    let leap = |year| by(year, 4) && (!by(year, 100) || by(year, 400));
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    format!("{week}, {:02} {} {year} {hour:02}:{minute:02}:{second:02} GMT", day + 1, MONTHS[month])
}
