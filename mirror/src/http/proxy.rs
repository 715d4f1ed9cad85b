//! Proxies, as the environment names them: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`, in either case.
//!
//! What goes over TLS is tunnelled (`CONNECT`); plain HTTP is asked for with the whole URL, since proxies commonly refuse
//! tunnels to port 80. A loopback host is never behind a proxy.

use std::net::IpAddr;
use std::sync::Arc;

use ureq::http::Uri;

use super::Login;
use super::url::Scheme;
use crate::{Error, Result};

/// A proxy.
#[derive(Debug, Clone)]
struct Proxy {
    host: String,
    port: u16,
    login: Option<Login>,
    /// The text it was made of, for ureq: it may hold a login and is never shown.
    tunnel: ureq::Proxy,
}

impl Proxy {
    /// Reads the value of a variable. What it holds is not shown.
    fn parse(variable: &str, text: &str) -> Result<Self> {
        let bad = |why| Error::BadText { what: "proxy in", value: variable.to_owned(), why };
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let (origin, _) = super::url::split(&whole).map_err(bad)?;
        if origin.scheme != Scheme::Http {
            return Err(bad("a proxy that is itself reached over TLS is not supported"));
        }
        let tunnel = ureq::Proxy::new(&whole).ok().ok_or_else(|| bad("it is no proxy's URL"))?;
        Ok(Self { host: origin.host, port: origin.port, login: origin.login, tunnel })
    }
}

/// The proxies of a run.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    http: Option<Arc<Proxy>>,
    https: Option<Arc<Proxy>>,
    /// Hosts that are asked directly, in lower case; `*` for all.
    direct: Vec<String>,
}

impl Proxies {
    /// Reads the environment by the given function, which gives a variable's value.
    ///
    /// # Errors
    /// [`Error::BadText`] names the variable; its value is not shown, for it may hold a login.
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let first = |names: &[&'static str]| {
            let found = names.iter().find_map(|name| {
                variable(name).filter(|value| !value.is_empty()).map(|value| (*name, value))
            });
            found.map(|(name, value)| Proxy::parse(name, &value).map(Arc::new)).transpose()
        };
        let http = first(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])?;
        let https = first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?;
        let direct = variable("no_proxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
        let direct = direct.split([',', ' ']).map(|one| one.trim().trim_start_matches('.'));
        let direct = direct.filter(|one| !one.is_empty()).map(str::to_ascii_lowercase).collect();
        Ok(Self { http, https, direct })
    }

    /// Says whether a host is asked directly.
    fn is_direct(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        is_loopback(&host)
            || self.direct.iter().any(|one| {
                one == "*"
                    || host
                        .strip_suffix(one.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            })
    }

    /// Gives the proxy that tunnels TLS.
    pub(super) fn tunnel(&self) -> Option<ureq::Proxy> {
        self.https.as_ref().map(|proxy| proxy.tunnel.clone())
    }

    /// Gives the login for the proxy through which a host is asked for over plain HTTP.
    pub(super) fn login(&self, scheme: Scheme, host: &str) -> Option<&Login> {
        let proxy = self.http.as_ref().filter(|_| scheme == Scheme::Http && !self.is_direct(host));
        proxy.and_then(|proxy| proxy.login.as_ref())
    }

    /// Says whether a host is asked for through a proxy, which then looks up its name.
    pub(super) fn hides(&self, scheme: Scheme, host: &str) -> bool {
        let proxy = match scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        proxy.is_some() && !self.is_direct(host)
    }
}

/// Says whether a host's name means this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || bare(host).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Says whether an address means this machine, or what only its link has, such as a cloud's metadata service.
pub(super) fn is_near_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_loopback() || four.is_link_local() || four.is_unspecified(),
        IpAddr::V6(six) => {
            let inner = six.to_ipv4_mapped().map(IpAddr::V4);
            six.is_loopback()
                || six.is_unicast_link_local()
                || six.is_unspecified()
                || inner.is_some_and(is_near_address)
        }
    }
}

/// Says whether a host, as it is written, means such an address.
pub(super) fn is_near(host: &str) -> bool {
    is_loopback(host) || bare(host).parse().is_ok_and(is_near_address)
}

/// Takes the brackets from an address of version 6.
pub(super) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

/// What the connections for plain HTTP know of the proxies.
#[derive(Debug, Clone, Default)]
pub(super) struct Forward(pub(super) Option<Arc<Proxies>>);

impl Forward {
    /// Gives the proxy for a URL.
    fn proxy(&self, uri: &Uri) -> Option<&Proxy> {
        let proxies = self.0.as_ref()?;
        let proxy = proxies.http.as_deref()?;
        let is_plain = uri.scheme_str() == Some("http");
        (is_plain && !proxies.is_direct(uri.host()?)).then_some(proxy)
    }

    /// Gives where a URL's host is asked for instead.
    pub(super) fn place(&self, uri: &Uri) -> Option<(&str, u16)> {
        self.proxy(uri).map(|proxy| (proxy.host.as_str(), proxy.port))
    }

    /// Gives what stands before the path in a request line to the proxy.
    pub(super) fn origin(&self, uri: &Uri) -> Option<String> {
        self.proxy(uri)?;
        uri.authority().map(|authority| format!("http://{authority}"))
    }
}

#[cfg(test)]
mod tests;
