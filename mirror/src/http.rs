//! One request with hygiene: the only module of Pinfold that opens outgoing connections.
//!
//! Blocking, over ureq; the sockets are ours (`wire`), so that every wait has a limit and ends when the run does. Content is
//! never decoded: what comes is what the archive's checksums are of. Redirects are followed here, a bounded number of times,
//! never from https to http, and a login or token goes to the host that it is for. Knows no package format and no store.

mod answer;
mod brake;
mod credentials;
mod manner;
mod proxy;
mod resolve;
mod settings;
mod spelling;
mod tls;
mod trouble;
mod url;
mod wire;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use pinfold_store::{Counter, Monitor};
use ureq::Agent;
use ureq::http::header::{self, HeaderValue};
use ureq::http::{Request, Response};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, RustlsConnector};

pub(crate) use answer::Answer;
pub use answer::Validators;
use brake::{Brake, Stop, Throttle};
pub use credentials::Credentials;
pub(crate) use credentials::Login;
pub use manner::{ANONYMOUS, INDEX_TYPE};
pub use proxy::Proxies;
pub use settings::{HttpSettings, Limits};
pub(crate) use trouble::Trouble;
use url::Scheme;
pub use url::{Base, Url};

use crate::{Error, Result};

/// How many redirects are followed.
const REDIRECTS_MAX: usize = 10;
/// How much is read from a socket at once, and how large an answer's head may be.
pub(crate) const PIECE_BYTES: usize = 64 * 1024;

/// The connections of one run.
#[derive(Debug)]
pub struct Http {
    settings: HttpSettings,
    proxies: Arc<Proxies>,
    limits: Limits,
    brake: Arc<Brake>,
    throttle: Option<Throttle>,
    names: Arc<resolve::Names>,
    /// For plain HTTP: connections are direct, or to a proxy that is given the whole URL.
    plain: Agent,
    /// For TLS; made when it is needed, since it reads the system's certificates.
    tls: OnceLock<Secure>,
}

/// The connections over TLS.
#[derive(Debug)]
struct Secure {
    direct: Agent,
    /// Through the proxy for TLS, where there is one.
    tunnel: Option<Agent>,
}

/// What is asked besides the URL.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    /// Only the bytes from here on; 0 for all.
    pub(crate) from: u64,
    /// Only where the file is still in this state; with `from`, else all of it.
    pub(crate) range_if: Option<&'a str>,
    /// Only where the file is in another state than this one.
    pub(crate) if_changed: Option<&'a Validators>,
    /// Past all caches between.
    pub(crate) is_fresh: bool,
}

impl Http {
    /// Begins a run: its time starts here.
    ///
    /// # Errors
    /// [`Error::BadText`] or [`Error::Io`] for a certificate, key or proxy that cannot be used.
    pub fn new(settings: &HttpSettings) -> Result<Self> {
        let settings = settings.clone();
        let brake = Arc::new(Brake::new(settings.cancel.clone(), settings.limits.run));
        let names = Arc::new(resolve::Names::new(brake.clone()));
        let proxies = Arc::new(settings.proxies.clone());
        let http = Self {
            limits: settings.limits.clone(),
            throttle: settings.bytes_per_second.map(|rate| Throttle::new(rate, Instant::now())),
            plain: {
                let forward = proxy::Forward(Some(proxies.clone()));
                let dial = wire::Dial { brake: brake.clone(), forward: forward.clone() };
                let names = names.clone();
                let limit = settings.limits.connect;
                let lookup = resolve::Lookup { names, forward, limit };
                Agent::with_parts(agent(&settings).build(), ().chain(dial), lookup)
            },
            tls: OnceLock::new(),
            settings,
            proxies,
            brake,
            names,
        };
        let own = &http.settings;
        if own.authorities.is_some() || own.client_certificate.is_some() {
            // What the operator configured is found wrong here, not in the middle of a run.
            http.secure()?;
        }
        Ok(http)
    }

    /// Gives the connections over TLS.
    fn secure(&self) -> Result<&Secure> {
        if let Some(secure) = self.tls.get() {
            return Ok(secure);
        }
        let config = tls::config(&self.settings)?;
        let through = |proxy: Option<ureq::Proxy>| {
            let own = agent(&self.settings).tls_config(config.clone()).proxy(proxy).build();
            let forward = proxy::Forward::default();
            let dial = wire::Dial { brake: self.brake.clone(), forward: forward.clone() };
            let limit = self.limits.connect;
            let lookup = resolve::Lookup { names: self.names.clone(), forward, limit };
            let tunnel = ().chain(ConnectProxyConnector::default());
            Agent::with_parts(own, tunnel.chain(dial).chain(RustlsConnector::default()), lookup)
        };
        Ok(self.tls.get_or_init(|| Secure {
            tunnel: self.proxies.tunnel().map(|proxy| through(Some(proxy))),
            direct: through(None),
        }))
    }

    /// Gives the settings of the run.
    pub(crate) const fn settings(&self) -> &HttpSettings {
        &self.settings
    }

    /// Ends the run from within: nothing is asked or waited for any more.
    pub(crate) fn stop(&self) {
        self.brake.stop();
    }

    /// Fails where the run must end.
    ///
    /// # Errors
    /// [`Error::Interrupted`], or [`Error::Late`] where its time is over.
    pub fn check(&self) -> Result<()> {
        self.brake.check().map_err(|stop| self.ended(stop))
    }

    /// Waits, and fails as soon as the run must end.
    pub(crate) fn pause(&self, time: Duration) -> Result<()> {
        self.brake.pause(time).map_err(|stop| self.ended(stop))
    }

    /// Says why the run ends.
    fn ended(&self, stop: Stop) -> Error {
        match stop {
            Stop::Cancelled => Error::Interrupted,
            Stop::Late => Error::Late { after: self.limits.run.unwrap_or_default() },
        }
    }

    /// Waits where the bandwidth limit wants it.
    fn throttle(&self, bytes: usize) -> Result<()> {
        match &self.throttle {
            Some(throttle) => self.pause(throttle.take(bytes, Instant::now())),
            None => Ok(()),
        }
    }

    /// Says what an error of the transport means.
    fn trouble(&self, error: &ureq::Error) -> Trouble {
        match self.check() {
            Ok(()) => trouble::of_transport(error, &self.limits),
            Err(ended) => Trouble::Ends(ended),
        }
    }

    /// Asks for a URL, following redirects.
    pub(crate) fn get(
        &self,
        url: &Url,
        asked: Asked<'_>,
        monitor: &dyn Monitor,
    ) -> Result<Answer<'_>, Trouble> {
        let mut here = url.clone();
        if let Some(host) = url.list_host() {
            self.check_place(host, url, "a list's URL")?;
        }
        for _ in 0..=REDIRECTS_MAX {
            self.check()?;
            monitor.count(Counter::Requests, 1);
            let response = self.send(&here, asked)?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(Answer::new(self, &here, response));
            }
            let location = response.headers().get(header::LOCATION);
            let location = location.map(|value| value.as_bytes().to_vec());
            let location = location.ok_or_else(|| Trouble::lasting("a redirect to nowhere"))?;
            Answer::new(self, &here, response).body.drain();
            here = here.follow(&location).map_err(Trouble::lasting)?;
            self.check_place(&url.origin().host, &here, "a redirect to")?;
        }
        Err(Trouble::lasting(format!("more than {REDIRECTS_MAX} redirects")))
    }

    /// Refuses what a host elsewhere says is on this machine, or on what only this machine's link has: nobody else's archive is there.
    fn check_place(&self, said_by: &str, here: &Url, what: &str) -> Result<(), Trouble> {
        let origin = here.origin();
        if proxy::is_loopback(said_by) || said_by == origin.host {
            return Ok(());
        }
        let is_near = if self.proxies.hides(origin.scheme, &origin.host) {
            proxy::is_near(&origin.host)
        } else {
            let found = self.names.look_up(&origin.host, origin.port, self.limits.connect);
            let places = found.map_err(|error| self.trouble(&error))?;
            places.iter().any(|place| proxy::is_near_address(place.ip()))
        };
        if is_near {
            return Err(Trouble::lasting(format!("{what} {here}, which is this machine")));
        }
        Ok(())
    }

    /// Sends one request.
    fn send(&self, url: &Url, asked: Asked<'_>) -> Result<Response<ureq::Body>, Trouble> {
        let origin = url.origin();
        let mut request = Request::get(url.whole());
        if asked.from > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", asked.from));
            if let Some(state) = asked.range_if {
                request = request.header(header::IF_RANGE, state);
            }
        }
        if let Some(state) = asked.if_changed {
            request = request.header(header::CACHE_CONTROL, "max-age=0");
            if let Some(etag) = &state.etag {
                request = request.header(header::IF_NONE_MATCH, etag);
            }
            if let Some(time) = &state.last_modified {
                request = request.header(header::IF_MODIFIED_SINCE, time);
            }
        }
        if asked.is_fresh {
            request = request.header(header::CACHE_CONTROL, "no-cache");
        }
        let login = self.settings.credentials.login(url);
        for (name, value) in url.manner().headers() {
            if login.is_none() || name != header::AUTHORIZATION {
                request = request.header(name, *value);
            }
        }
        if let Some(login) = login {
            request = request.header(header::AUTHORIZATION, secret(login)?);
        }
        if let Some(login) = self.proxies.login(origin.scheme, &origin.host) {
            request = request.header(header::PROXY_AUTHORIZATION, secret(login)?);
        }
        let bad = |_: ureq::http::Error| Trouble::lasting("it makes no HTTP request");
        let request = request.body(()).map_err(bad)?;
        self.agent(url)?.run(request).map_err(|error| self.trouble(&error))
    }

    /// Chooses the connections for a URL.
    fn agent(&self, url: &Url) -> Result<&Agent> {
        let origin = url.origin();
        match origin.scheme {
            Scheme::Http => Ok(&self.plain),
            Scheme::Https => {
                let secure = self.secure()?;
                let is_hidden = self.proxies.hides(Scheme::Https, &origin.host);
                Ok(secure.tunnel.as_ref().filter(|_| is_hidden).unwrap_or(&secure.direct))
            }
        }
    }
}

/// Makes a header's value of a login, marked so that nothing shows it.
fn secret(login: &Login) -> Result<HeaderValue, Trouble> {
    let value = HeaderValue::from_str(&login.basic());
    let mut value = value.ok().ok_or_else(|| Trouble::lasting("its login makes no HTTP header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Begins the configuration of connections.
fn agent(settings: &HttpSettings) -> ureq::config::ConfigBuilder<ureq::typestate::AgentScope> {
    let limits = &settings.limits;
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(concat!("pinfold/", env!("CARGO_PKG_VERSION")))
        .accept("*/*")
        .accept_encoding("identity")
        .max_response_header_size(PIECE_BYTES)
        .input_buffer_size(PIECE_BYTES)
        .output_buffer_size(16 * 1024)
        .max_idle_connections(settings.connections.saturating_mul(4))
        .max_idle_connections_per_host(settings.connections)
        .timeout_connect(Some(limits.connect))
        .timeout_recv_response(Some(limits.header))
        .timeout_per_read(Some(limits.idle))
        .timeout_per_write(Some(limits.idle))
}

#[cfg(test)]
mod tests;
