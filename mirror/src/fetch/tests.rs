#![expect(clippy::disallowed_methods, reason = "tests make files and look at what is on the disk")]

mod faults;
mod pool;
mod real;

use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use pinfold_store::Checksum;
use pinfold_store::lock::Asker;
use pinfold_store::{Counter, Digest, Sums, Tally};

use super::*;
use crate::hostile::Hostile;
use crate::http::{HttpSettings, Limits, Validators};

/// A folder that is served, and a store that fetches from it.
struct Bench {
    dir: tempfile::TempDir,
    server: Hostile,
    store: Store,
    tally: Tally,
    landed: std::cell::RefCell<Vec<Landed>>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let www = dir.path().join("www");
        std::fs::create_dir(&www).unwrap();
        let store = Store::create(&dir.path().join("store")).unwrap();
        let server = Hostile::serve(&www);
        Self { server, dir, store, tally: Tally::default(), landed: std::cell::RefCell::default() }
    }

    /// Puts a file on the server, and gives the want for it.
    fn put(&self, name: &str, bytes: &[u8]) -> Want {
        let path = self.dir.path().join("www").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        want(&[name], bytes)
    }

    /// Fetches, and gives what came of each want that did not land.
    fn fetch(&self, settings: &HttpSettings, wants: Vec<Want>) -> Result<Vec<Outcome>> {
        let base = Base::parse(&self.server.url()).unwrap();
        let http = Http::new(settings).unwrap();
        self.fetch_from(Upstream { http: &http, base: &base }, wants)
    }

    fn fetch_from(&self, upstream: Upstream<'_>, wants: Vec<Want>) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::new();
        let mut each = |which, outcome| {
            match outcome {
                Outcome::Landed(one, _) => self.landed.borrow_mut().push(one),
                other => outcomes.push((which, other)),
            }
            Ok(())
        };
        let mut wants = wants.into_iter().enumerate();
        fetch(upstream, &self.store, &mut wants, &mut each, &self.tally)?;
        outcomes.sort_by_key(|(which, _)| *which);
        Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }

    /// Keeps what landed.
    fn keep(&self) {
        let asker = Asker { verb: "test".to_owned(), wait: Duration::ZERO };
        let writer = self.store.writer(&asker).unwrap();
        let mut index = self.store.index().unwrap();
        let landed = self.landed.take();
        self.store.keep(&mut index, &writer, landed, &self.tally).unwrap();
    }

    /// Says whether the store has exactly these bytes under their name.
    fn has(&self, bytes: &[u8]) -> bool {
        let found = std::fs::read(self.store.object_path(Digest::of(bytes)));
        assert!(found.as_ref().is_ok_and(|found| found == bytes) || found.is_err(), "wrong bytes");
        found.is_ok()
    }

    /// The sizes of what waits in `incoming/` and did not land.
    fn left(&self) -> Vec<u64> {
        let entries = std::fs::read_dir(self.store.root().join("incoming")).unwrap();
        let files = entries.map(|entry| entry.unwrap().metadata().unwrap());
        let open = files.filter(|meta| !meta.permissions().readonly());
        open.map(|meta| meta.len()).collect()
    }

    /// How often a path was asked for.
    fn asked(&self, path: &str) -> usize {
        let log = self.server.log();
        log.iter().filter(|asked| asked.path.split('?').next() == Some(path)).count()
    }
}

fn want(names: &[&str], bytes: &[u8]) -> Want {
    Want {
        names: names.iter().map(|name| name.parse().unwrap()).collect(),
        size_bytes: Some(bytes.len().try_into().unwrap()),
        expect: Checksum::sha256(&Sums::of(bytes).sha256).into(),
        modified: 1_600_000_000,
        held: None,
        is_fresh: false,
    }
}

/// Bytes that differ by their length.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * at / 7 + at + length) % 251).unwrap()).collect()
}

/// Limits under which what works does so on a busy machine, and what fails does so soon.
fn patient() -> HttpSettings {
    let limits = Limits {
        tries: 3,
        backoff: Duration::from_millis(4),
        retry_after_max: Duration::from_millis(40),
        ..Limits::default()
    };
    HttpSettings { limits, ..HttpSettings::default() }
}

/// Limits for servers that do not answer.
fn hasty() -> HttpSettings {
    let mut settings = patient();
    settings.limits.header = Duration::from_millis(250);
    settings.limits.idle = Duration::from_millis(150);
    settings.limits.rate_window = Duration::from_millis(200);
    settings
}

/// Runs a test that must not hang.
fn bounded(work: impl FnOnce() + Send + 'static) {
    let (tell, told) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        work();
        tell.send(()).ok();
    });
    match told.recv_timeout(Duration::from_secs(60)) {
        Ok(()) => {}
        Err(RecvTimeoutError::Disconnected) => {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
        Err(RecvTimeoutError::Timeout) => panic!("it hangs"),
    }
}

/// Writes an outcome in short.
fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Landed(..) => "landed".to_owned(),
        Outcome::NotModified { .. } => "not modified".to_owned(),
        Outcome::Folder => "folder".to_owned(),
        Outcome::Absent { status, .. } => format!("absent {status}"),
        Outcome::Wrong { found, .. } => format!("wrong {found}"),
        Outcome::Failed { why, .. } => format!("failed {why}"),
    }
}
