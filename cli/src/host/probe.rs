//! One request to the site, which proves that our server block answers: one that another block shadows passes `nginx -t` all the same,
//! and an nginx that could not reload goes on with what it had.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pinfold_publisher::site::{PROBE, Rules, SiteConfig, probe_answer};
use pinfold_store::path::{escape, escape_path};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use crate::failure::Failure;

/// How long a server may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a reload may take until new workers answer.
const RELOAD: Duration = Duration::from_secs(10);
/// How often it is asked meanwhile.
const TICK: Duration = Duration::from_millis(100);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 1 << 16;

/// What a site is asked, and where.
#[derive(Debug)]
pub(crate) struct Probe {
    addresses: Vec<SocketAddr>,
    name: String,
    host: String,
    /// What our block answers.
    wanted: String,
    tls: Option<Arc<ClientConfig>>,
}

impl Probe {
    /// Makes it for a site and the configuration that it is to have.
    pub(crate) fn new(
        config: &SiteConfig,
        rules: &Rules,
        configuration: &str,
    ) -> Result<Self, Failure> {
        let (name, port) = rules.host();
        let usual = [port.to_string(), format!("[::]:{port}")];
        let listen = if config.listen.is_empty() { &usual[..] } else { &config.listen[..] };
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for one in listen {
            addresses.extend(address(one)?);
        }
        addresses.dedup();
        let wanted = probe_answer(configuration).unwrap_or_default().to_owned();
        let tls = config.certificate.as_deref().map(tls).transpose()?;
        let host =
            if [80, 443].contains(&port) { name.to_owned() } else { format!("{name}:{port}") };
        Ok(Self { addresses, name: name.to_owned(), host, wanted, tls })
    }

    /// Says whether our block answers at every address; what is wrong is the error.
    pub(crate) fn ask(&self) -> Result<(), String> {
        self.addresses.iter().try_for_each(|address| {
            // A block that listens on the loopback address alone answers there for a wildcard, and for no client.
            self.ask_one(*address).or_else(|why| {
                let outward = if address.ip().is_loopback() { outward(*address) } else { None };
                outward.map_or(Err(why), |address| self.ask_one(address))
            })
        })
    }

    /// The same, where new workers may take a moment.
    pub(crate) fn wait(&self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            match self.ask() {
                Err(_) if begun.elapsed() < RELOAD => std::thread::sleep(TICK),
                done => return done,
            }
        }
    }

    /// The addresses, for people.
    pub(crate) fn shown(&self) -> String {
        self.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    fn ask_one(&self, address: SocketAddr) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("{address} does not answer: {error}");
        let socket = TcpStream::connect_timeout(&address, TIMEOUT).map_err(failed)?;
        socket.set_read_timeout(Some(TIMEOUT)).map_err(failed)?;
        socket.set_write_timeout(Some(TIMEOUT)).map_err(failed)?;
        let answer = match &self.tls {
            None => self.talk(socket).map_err(failed)?,
            Some(config) => {
                let name = ServerName::try_from(self.name.clone())
                    .map_err(|error| format!("{}: {error}", self.name))?;
                let session = ClientConnection::new(Arc::clone(config), name);
                let session = session.map_err(|error| format!("{address}: {error}"))?;
                self.talk(StreamOwned::new(session, socket)).map_err(failed)?
            }
        };
        if answer.split("\r\n\r\n").nth(1).is_some_and(|body| body.trim_end() == self.wanted) {
            return Ok(());
        }
        let status = escape(answer.lines().next().unwrap_or("nothing").as_bytes());
        Err(format!(
            "another server block than ours answers for {} at {address} ({status})",
            self.name
        ))
    }

    fn talk(&self, mut stream: impl Read + Write) -> std::io::Result<String> {
        write!(stream, "GET {PROBE} HTTP/1.0\r\nHost: {}\r\nConnection: close\r\n\r\n", self.host)?;
        stream.flush()?;
        let mut bytes = Vec::new();
        match stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes) {
            Ok(_) => {}
            // An answer that came is one, however the server hung up.
            Err(_) if bytes.windows(4).any(|four| four == b"\r\n\r\n") => {}
            Err(error) => return Err(error),
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The address by which this machine speaks to others, with the same port; nothing is sent to find it.
fn outward(address: SocketAddr) -> Option<SocketAddr> {
    let (here, there) = match address.ip() {
        IpAddr::V4(_) => ("0.0.0.0:0", "192.0.2.1:9"),
        IpAddr::V6(_) => ("[::]:0", "[2001:db8::1]:9"),
    };
    let socket = UdpSocket::bind(here).ok()?;
    socket.connect(there).ok()?;
    let found = socket.local_addr().ok()?;
    Some(SocketAddr::new(found.ip(), address.port()))
}

/// Where a request reaches what nginx listens on: a wildcard by the loopback address.
fn address(listen: &str) -> Result<Vec<SocketAddr>, Failure> {
    let (host, port) = match listen.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && !port.contains(']') => (host, port),
        _ if listen.bytes().all(|b| b.is_ascii_digit()) => ("*", listen),
        _ => (listen, "80"),
    };
    let host = match host {
        "*" | "0.0.0.0" => "127.0.0.1",
        "[::]" => "::1",
        other => other.trim_matches(['[', ']']),
    };
    let failed =
        |why: String| Failure::usage(format!("listen = \"{}\": {why}", escape(listen.as_bytes())));
    let port: u16 = port.parse().map_err(|_not_one| failed("it has no port".to_owned()))?;
    let found = (host, port).to_socket_addrs().map_err(|error| failed(error.to_string()))?;
    Ok(found.take(1).collect())
}

/// How a server is believed: it shows the very certificate that the site is configured with.
fn tls(path: &Path) -> Result<Arc<ClientConfig>, Failure> {
    let failed = |why: String| {
        Failure::usage(format!("cannot read the certificate {}: {why}", escape_path(path)))
    };
    let certificate =
        CertificateDer::from_pem_file(path).map_err(|error| failed(error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(This { certificate, provider }))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Believes one certificate.
#[derive(Debug)]
struct This {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for This {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *end_entity == self.certificate {
            return Ok(ServerCertVerified::assertion());
        }
        Err(rustls::Error::General(
            "the server shows another certificate than the site's".to_owned(),
        ))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
