//! Names of hosts into addresses: looked up once a minute and not before every request, and never longer than a limit.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::brake::{Brake, LOOK};
use super::proxy::{Forward, bare};

/// How long an answer is used.
const KEPT: Duration = Duration::from_secs(60);
/// How many addresses of a host are tried.
const PLACES_MAX: usize = 8;

/// A host's addresses, and when they were looked up.
type Known = (Instant, Vec<SocketAddr>);

/// The addresses of the hosts that were looked up.
#[derive(Debug)]
pub(super) struct Names {
    brake: Arc<Brake>,
    known: Mutex<HashMap<(String, u16), Known>>,
}

impl Names {
    /// Begins with nothing known.
    pub(super) fn new(brake: Arc<Brake>) -> Self {
        Self { brake, known: Mutex::default() }
    }

    /// Gives a host's addresses; an IPv6 address may stand in brackets.
    pub(super) fn look_up(
        &self,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> Result<Vec<SocketAddr>, ureq::Error> {
        let bare = bare(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let key = (bare.to_owned(), port);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, places)) = known.get(&key).filter(|(at, _)| at.elapsed() < KEPT) {
            return Ok(places.clone());
        }
        drop(known);
        let places = self.ask(key.clone(), limit)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key, (Instant::now(), places.clone()));
        Ok(places)
    }

    /// Asks the system, in a thread of its own: its answer cannot be interrupted.
    fn ask(&self, key: (String, u16), limit: Duration) -> Result<Vec<SocketAddr>, ureq::Error> {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let from = Instant::now();
        std::thread::spawn(move || {
            let found = (key.0.as_str(), key.1).to_socket_addrs();
            // Whoever asked may have gone.
            drop(tell.send(found.map(|places| places.take(PLACES_MAX).collect::<Vec<_>>())));
        });
        loop {
            match told.recv_timeout(LOOK) {
                Ok(Ok(places)) if places.is_empty() => return Err(ureq::Error::HostNotFound),
                Ok(found) => return Ok(found?),
                Err(RecvTimeoutError::Disconnected) => return Err(ureq::Error::HostNotFound),
                Err(RecvTimeoutError::Timeout) => {
                    if self.brake.check().is_err() || from.elapsed() >= limit {
                        return Err(ureq::Error::Timeout(ureq::Timeout::Resolve));
                    }
                }
            }
        }
    }
}

/// What ureq asks for addresses.
#[derive(Debug)]
pub(super) struct Lookup {
    /// What is known.
    pub(super) names: Arc<Names>,
    /// Which hosts stand behind a proxy: the proxy is looked up.
    pub(super) forward: Forward,
    /// How long a lookup may take.
    pub(super) limit: Duration,
}

impl Resolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let (host, port) = match self.forward.place(uri) {
            Some(proxy) => proxy,
            None => {
                let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
                let host = uri.host().ok_or(ureq::Error::HostNotFound)?;
                (host, uri.port_u16().unwrap_or(usual))
            }
        };
        let mut places = self.empty();
        for place in self.names.look_up(host, port, self.limit)? {
            places.push(place);
        }
        Ok(places)
    }
}
