//! `pinfold serve`: the site without nginx, for a first look on this machine.
//!
//! The same table of rules as nginx gets decides which file answers and with which headers; tower-http sends it. This
//! is the only async code, on a runtime of its own, and it does no TLS, no logs and no tuning: that is nginx's work.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
    REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use pinfold_publisher::site::{
    Answer, Candidate, MirrorSite, Refusal, Rules, SiteConfig, SiteError,
};
use pinfold_store::Kind;
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

/// The headers by which a client asks for a file only in some state.
const CONDITIONS: [HeaderName; 4] =
    [IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, IF_MATCH];

/// What is to be served, and where.
#[derive(Debug)]
pub(crate) struct ServeInput {
    /// The store's root.
    pub(crate) root: PathBuf,
    /// What the configuration says of the site.
    pub(crate) site: SiteConfig,
    /// Every mirror.
    pub(crate) mirrors: Vec<MirrorSite>,
    /// The address to listen on; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
}

/// Why nothing is served.
#[derive(Debug)]
pub(crate) enum ServeError {
    /// The rules cannot be made.
    Site(SiteError),
    /// The address cannot be had, or the runtime not be started.
    Io {
        /// What was attempted.
        action: &'static str,
        /// Where.
        listen: SocketAddr,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl ServeError {
    /// Says what the error asks of whoever started the verb.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Site(error) => error.kind(),
            Self::Io { .. } => Kind::Machine,
        }
    }
}

impl std::fmt::Display for ServeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Site(error) => error.fmt(f),
            Self::Io { action, listen, .. } => write!(f, "cannot {action} {listen}"),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Site(error) => error.source(),
            Self::Io { source, .. } => Some(source),
        }
    }
}

/// A site that has its address and waits to be run.
#[derive(Debug)]
struct Bound {
    rules: Rules,
    listener: TcpListener,
    address: SocketAddr,
}

/// Makes the rules and takes the address.
///
/// # Errors
/// [`ServeError`] where the configuration is refused or the address taken.
fn bind(input: &ServeInput) -> Result<Bound, ServeError> {
    let rules = Rules::new(&input.site, &input.mirrors, &input.root).map_err(ServeError::Site)?;
    let io = |source| ServeError::Io { action: "listen on", listen: input.listen, source };
    let listener = TcpListener::bind(input.listen).map_err(io)?;
    listener.set_nonblocking(true).map_err(io)?;
    let address = listener.local_addr().map_err(io)?;
    Ok(Bound { rules, listener, address })
}

impl Bound {
    /// Serves until a signal ends the process.
    ///
    /// # Errors
    /// [`ServeError::Io`] where the runtime cannot be started.
    fn run(self) -> Result<(), ServeError> {
        let io = |source| ServeError::Io { action: "serve on", listen: self.address, source };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(io)?;
        let rules = Arc::new(self.rules);
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(self.listener).map_err(io)?;
            let router = axum::Router::new().fallback(move |request: Request<Body>| {
                let rules = Arc::clone(&rules);
                async move { answer(rules, request).await }
            });
            axum::serve(listener, router).await.map_err(io)
        })
    }
}

/// Takes the address, says to `ready` which it is, and serves until a signal ends the process.
///
/// # Errors
/// [`ServeError`] where the configuration is refused, the address taken or the runtime not started.
pub(crate) fn run(input: &ServeInput, ready: impl FnOnce(SocketAddr)) -> Result<(), ServeError> {
    let bound = bind(input)?;
    ready(bound.address);
    bound.run()
}

/// Answers one request.
async fn answer(rules: Arc<Rules>, request: Request<Body>) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = refused(&plain(405, "only GET and HEAD\n"));
        set(&mut response, ALLOW, "GET, HEAD");
        return response;
    }
    let path = request.uri().path().as_bytes().to_vec();
    let looked = tokio::task::spawn_blocking(move || {
        let answer = rules.resolve(&path);
        let found = answer.found().cloned().map(|file| (modified(&file), file));
        (answer, found)
    });
    let Ok((answer, found)) = looked.await else {
        return refused(&plain(500, "the lookup failed\n"));
    };
    match found {
        Some((modified, file)) => send(&answer, &file, modified, request).await,
        None => refused(&answer.not_found),
    }
}

/// Makes an answer of a few words.
fn plain(status: u16, text: &str) -> Refusal {
    let content_type = "text/plain".to_owned();
    Refusal { status, text: text.to_owned(), content_type, retry_after: None }
}

/// Gives a file's modification time as the header has it.
fn modified(file: &Candidate) -> Option<String> {
    let time = std::fs::metadata(&file.path).ok()?.modified().ok()?;
    let seconds = time.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    let time = jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    Some(time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// Sends a file, with ranges and conditions.
async fn send(
    answer: &Answer,
    file: &Candidate,
    modified: Option<String>,
    mut request: Request<Body>,
) -> Response<Body> {
    if !answer.manner.has_validators() {
        // What is not said cannot be asked by.
        for name in CONDITIONS {
            request.headers_mut().remove(name);
        }
    }
    let modified = modified.filter(|_| answer.manner.has_validators());
    // Exactly this time, as nginx with `if_modified_since exact`: after a rollback a file may be older than the client's.
    let since = request.headers().get(IF_MODIFIED_SINCE);
    if since.is_some_and(|since| Some(since.as_bytes()) != modified.as_deref().map(str::as_bytes)) {
        request.headers_mut().remove(IF_MODIFIED_SINCE);
    }
    if !wants_a_part(file, modified.as_deref(), request.headers().clone()).await {
        request.headers_mut().remove(RANGE);
    }
    let sent: Result<_, Infallible> = ServeFile::new(&file.path).oneshot(request).await;
    let Ok(sent) = sent;
    if sent.status() == StatusCode::NOT_FOUND {
        return refused(&answer.not_found);
    }
    let mut response = sent.map(Body::new);
    if response.headers().contains_key(CONTENT_TYPE) && response.status().is_success() {
        set(&mut response, CONTENT_TYPE, &file.content_type);
    }
    if let Some(modified) = modified.filter(|_| response.headers().contains_key(LAST_MODIFIED)) {
        set(&mut response, LAST_MODIFIED, &modified);
    }
    if !answer.manner.has_validators() {
        response.headers_mut().remove(LAST_MODIFIED);
        response.headers_mut().remove(ETAG);
    }
    if let Some(policy) = answer.manner.policy() {
        set(&mut response, CONTENT_SECURITY_POLICY, policy);
        set(&mut response, REFERRER_POLICY, "no-referrer");
    }
    set(&mut response, CACHE_CONTROL, file.cache);
    set(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

/// Says whether a part of the file is an answer: units other than bytes are ignored, as nginx does, and a client that goes on with an
/// earlier download (apt's `If-Range`) gets the whole where the file is another by now. tower-http looks at neither.
async fn wants_a_part(file: &Candidate, modified: Option<&str>, asked: HeaderMap) -> bool {
    let is_bytes = asked.get(RANGE).is_some_and(|range| range.as_bytes().starts_with(b"bytes="));
    let Some(since) = asked.get(IF_RANGE) else { return is_bytes };
    if !since.as_bytes().starts_with(b"\"") {
        return is_bytes && Some(since.as_bytes()) == modified.map(str::as_bytes);
    }
    let mut head = Request::new(Body::empty());
    *head.method_mut() = Method::HEAD;
    let sent: Result<_, Infallible> = ServeFile::new(&file.path).oneshot(head).await;
    let Ok(sent) = sent;
    is_bytes && sent.headers().get(ETAG) == Some(since)
}

/// Answers with words.
fn refused(refusal: &Refusal) -> Response<Body> {
    let mut response = Response::new(Body::from(refusal.text.clone()));
    *response.status_mut() = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::NOT_FOUND);
    set(&mut response, CONTENT_TYPE, &refusal.content_type);
    set(&mut response, CACHE_CONTROL, "no-cache");
    set(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Some(seconds) = refusal.retry_after {
        set(&mut response, RETRY_AFTER, &seconds.to_string());
    }
    response
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests;
