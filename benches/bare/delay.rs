//! A proxy that makes a far upstream of a near one: every answer begins so much later.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Listens at an address and passes on what comes to another one, connection by connection, until it is ended. An answer's first
/// byte goes back no sooner than so long after its request came.
pub(super) fn serve(listen: &str, upstream: &str, milliseconds: u64) {
    let listener = TcpListener::bind(listen).unwrap();
    let delay = Duration::from_millis(milliseconds);
    for client in listener.incoming() {
        let (client, upstream) = (client.unwrap(), upstream.to_owned());
        // A client that hangs up in the middle is its own affair.
        std::thread::spawn(move || drop(pass(&client, &upstream, delay)));
    }
}

/// Passes on the requests of one connection.
fn pass(client: &TcpStream, upstream: &str, delay: Duration) -> std::io::Result<()> {
    let server = TcpStream::connect(upstream)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut requests, mut answers) = (BufReader::new(client), BufReader::new(&server));
    loop {
        let request = head(&mut requests)?;
        let due = Instant::now() + delay;
        if request.is_empty() {
            return Ok(());
        }
        (&server).write_all(&request)?;
        let answer = head(&mut answers)?;
        let is_bare =
            request.starts_with(b"HEAD ") || matches!(answer.get(9..12), Some(b"304" | b"204"));
        let size = field(&answer, "content-length").and_then(|size| size.parse::<u64>().ok());
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        (&*client).write_all(&answer)?;
        if !is_bare {
            // Without a size the end of the connection is the end of the answer.
            let body = answers.by_ref().take(size.unwrap_or(u64::MAX));
            std::io::copy(&mut { body }, &mut &*client)?;
        }
        let is_last =
            |head: &[u8]| field(head, "connection").is_some_and(|word| word.contains("close"));
        if is_last(&answer) || is_last(&request) || (size.is_none() && !is_bare) {
            return Ok(());
        }
    }
}

/// Reads a head with its last, empty line; nothing at the end of the connection.
fn head(from: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while from.read_until(b'\n', &mut head)? > 0 && !head.ends_with(b"\r\n\r\n") {}
    Ok(head)
}

/// Finds a field of a head, in lower case.
fn field(head: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line =
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned));
    line.map(|value| value.trim().to_owned())
}
