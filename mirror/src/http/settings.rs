//! What a run over HTTP may use, how long it waits, and how often it tries.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::{Credentials, Proxies};

/// How long we wait for what, and how often we try.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For a connection, TLS included; for a host's address the same.
    pub connect: Duration,
    /// For an answer's head.
    pub header: Duration,
    /// For the next bytes.
    pub idle: Duration,
    /// The least rate of a body, over [`Self::rate_window`] of waiting for it.
    pub bytes_per_second_min: u64,
    /// The time over which the least rate is measured.
    pub rate_window: Duration,
    /// For the whole run, from [`super::Http::new`] on.
    pub run: Option<Duration>,
    /// How often a request is tried that fails in a way that may pass. One that brought a mebibyte does not count.
    pub tries: u32,
    /// The wait before the second try; it doubles with each.
    pub backoff: Duration,
    /// The longest such wait.
    pub backoff_max: Duration,
    /// The longest that a server may ask us to wait.
    pub retry_after_max: Duration,
    /// After so many files in a row whose server failed, no more are asked for.
    pub failures_in_a_row: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            header: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            bytes_per_second_min: 500,
            rate_window: Duration::from_secs(60),
            run: None,
            tries: 5,
            backoff: Duration::from_secs(1),
            backoff_max: Duration::from_secs(60),
            retry_after_max: Duration::from_secs(300),
            failures_in_a_row: 32,
        }
    }
}

/// What a run may use.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// How many connections to a host are open at once.
    pub connections: usize,
    /// How many bytes a second come at most, over all connections.
    pub bytes_per_second: Option<u64>,
    /// The logins.
    pub credentials: Credentials,
    /// The proxies.
    pub proxies: Proxies,
    /// Believes every certificate.
    pub insecure: bool,
    /// A file of certificate authorities in PEM format to believe besides the system's: a company's own.
    pub authorities: Option<PathBuf>,
    /// Certificate and key, in PEM format, for servers that ask for them.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// How long we wait, and how often we try.
    pub limits: Limits,
    /// Set from outside to end the run: within a tenth of a second nothing is asked or waited for any more.
    pub cancel: Arc<AtomicBool>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connections: 8,
            bytes_per_second: None,
            credentials: Credentials::default(),
            proxies: Proxies::default(),
            insecure: false,
            authorities: None,
            client_certificate: None,
            limits: Limits::default(),
            cancel: Arc::default(),
        }
    }
}
