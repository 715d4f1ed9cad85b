//! An upstream that is another after so many requests, in the middle of whatever is under way.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The running server, stopped when dropped.
#[derive(Debug)]
pub(crate) struct Switching {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    trees: [PathBuf; 2],
    /// After so many requests the second tree is served.
    after: usize,
    asked: AtomicUsize,
    is_over: AtomicBool,
}

impl Switching {
    /// Serves the first tree for so many requests, then the second.
    pub(crate) fn serve(trees: [&Path; 2], after: usize) -> Self {
        let state = Arc::new(State {
            trees: trees.map(Path::to_path_buf),
            after,
            asked: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let state = shared.clone();
                // It ends with the client's connection.
                std::thread::spawn(move || drop(talk(stream, &state)));
            }
        });
        Self { port, state }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests came.
    pub(crate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Switching {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

/// Answers requests until the client goes.
fn talk(stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut to = stream;
    while let Some(line) = lines.next() {
        let line = line?;
        while lines.next().transpose()?.is_some_and(|header| !header.is_empty()) {}
        let number = state.asked.fetch_add(1, Ordering::SeqCst);
        let tree = &state.trees[usize::from(number >= state.after)];
        let path = line.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
        let (status, body) = match std::fs::read(tree.join(path)) {
            Ok(bytes) => ("200 OK", bytes),
            Err(_) => ("404 Not Found", Vec::new()),
        };
        // In one piece: the second of two would wait for the answer to the first.
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
        to.write_all(&[head.as_bytes(), &body].concat())?;
    }
    Ok(())
}
