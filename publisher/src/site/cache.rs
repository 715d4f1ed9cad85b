//! Mirrors that nginx fills when it is asked: a cache in front of a registry of containers.
//!
//! A registry wants a token, and redirects to a host of blobs that refuses one; both answers are kept under the blob's digest, so
//! that the next request asks nobody. nginx compares no digest: what comes is believed to be what was asked for. Never with `slice`:
//! after one slice was evicted nginx sends wrong bytes, whole and with status 200.

use std::path::PathBuf;

use super::kinds::{Manner, TEXT};
use super::render::{bare, line, log, map, quote};
use super::table::{Missing, Pattern, Route, Table, literal};
use super::{MirrorSite, SiteError};

/// How long what was once asked for is kept where nobody asks again.
const KEPT: &str = "365d";
/// How long an index counts: it is pushed anew when one more system is built.
const INDEX_KEPT: &str = "10m";
/// What `serve` says, which keeps nothing.
const NGINX_ONLY: &str = "only nginx fills this cache: pinfold site prints its rules";
/// What is said of everything that a registry does not have.
const NOTHING: &str = "a cache has what a registry of containers has, below /v2/, and nothing by the names of bottles";

/// A registry in front of which a mirror is a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSite {
    /// Its URL, without a slash at its end.
    pub upstream: String,
    /// The path that clients ask for in its place, below the mount and perhaps at the top of the server: `v2/homebrew/core`.
    pub folder: String,
    /// Where nginx keeps what came.
    pub store: PathBuf,
    /// How much it keeps, in mebibytes.
    pub mebibytes_max: u64,
    /// Who knows the addresses of hosts.
    pub resolvers: Vec<String>,
    /// The value of `Authorization` for the registry.
    pub token: String,
    /// The value of `Accept` for indices.
    pub accept: String,
}

/// What a location of a cache brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// Content, known by its digest.
    Blob,
    /// An index, known by its name.
    Index,
}

/// Makes the routes of a cache at a place: its mount, or nothing for the top of the server.
pub(super) fn routes(
    number: usize,
    mirror: &MirrorSite,
    cache: &CacheSite,
    place: &str,
) -> Result<Vec<Route>, SiteError> {
    let folder = literal(&cache.folder);
    let route = |pattern: &str, fill: Option<Fill>, (status, kind, text): (u16, &str, &str)| {
        Ok(Route {
            pattern: Pattern::new(pattern)?,
            mirror: Some(number),
            steps: Vec::new(),
            missing: Missing::Words { status, kind: kind.to_owned(), text: text.to_owned() },
            manner: Manner::Tagged,
            fill,
        })
    };
    let fills = [
        (Fill::Blob, format!("/{folder}"), "blobs/sha256:[0-9a-f]{64}"),
        // With the well-known variable, which names no registry, indices at least are found.
        (Fill::Index, format!("(?:/{folder})?"), "manifests/[A-Za-z0-9._:-]+"),
    ];
    let mut routes = Vec::new();
    for (path, kind, text) in &mirror.words {
        routes.push(route(&format!(r"^{place}/{}\z", literal(path)), None, (200, kind, text))?);
    }
    for (fill, folder, names) in fills {
        let pattern = format!(r"^{place}{folder}(?<pinfold_rest>/(?:[a-z0-9._-]+/)+{names})\z");
        routes.push(route(&pattern, Some(fill), (501, TEXT, NGINX_ONLY))?);
    }
    if place.is_empty() {
        let pattern = format!(r"^/(?:{})\z", super::table::strict(&mirror.top_names));
        routes.push(route(&pattern, None, (404, TEXT, NOTHING))?);
    } else {
        routes.push(route(&format!("^{place}/"), None, (404, TEXT, NOTHING))?);
    }
    Ok(routes)
}

/// Writes what stands outside the server block.
pub(super) fn head(out: &mut String, table: &Table) {
    for (number, mirror) in table.mirrors.iter().enumerate() {
        let Some(cache) = &mirror.cache else { continue };
        bare(out, &format!("# {}: what came from {}.", mirror.name, cache.upstream));
        let store = quote(&cache.store.to_string_lossy());
        line(
            out,
            0,
            &format!(
                "proxy_cache_path {store} levels=1:2 keys_zone=pinfold_fill_{number}:50m max_size={}m inactive={KEPT} use_temp_path=off",
                cache.mebibytes_max
            ),
        );
        let digest = r"/blobs/(?<pinfold_digest>sha256:[0-9a-f]{64})\z";
        let name = format!("$pinfold_rest $pinfold_blob_{number}");
        map(out, &name, "", &[(digest, "blob:$pinfold_digest")]);
    }
}

/// Writes the locations of a route.
pub(super) fn locations(
    out: &mut String,
    table: &Table,
    (number, route): (usize, &Route),
    (cache, fill): (&CacheSite, Fill),
) {
    let mirror = route.mirror.unwrap_or_default();
    let (key, kept, caching) = match fill {
        Fill::Blob => (format!("$pinfold_blob_{mirror}"), KEPT, super::table::IMMUTABLE),
        Fill::Index => ("\"index:$pinfold_rest\"".to_owned(), INDEX_KEPT, super::table::NO_CACHE),
    };
    let own = |out: &mut String| {
        log(out, table, route.mirror);
        common(out, cache);
        line(out, 2, &format!("proxy_cache pinfold_fill_{mirror}"));
        line(out, 2, &format!("proxy_cache_key {key}"));
        // Never `any`: a redirect that is kept holds a signature that ends.
        line(out, 2, &format!("proxy_cache_valid 200 {kept}"));
        line(out, 2, &format!("add_header Cache-Control {}", quote(caching)));
        line(out, 2, "add_header X-Cache-Status $upstream_cache_status");
        line(out, 2, "add_header X-Content-Type-Options nosniff");
    };
    bare(out, &format!("\n    location ~ {} {{", quote(&route.pattern.text)));
    own(out);
    line(out, 2, "proxy_cache_valid 404 30s");
    let stale =
        "proxy_cache_use_stale error timeout updating http_429 http_500 http_502 http_503 http_504";
    line(out, 2, stale);
    line(out, 2, &format!("proxy_set_header Authorization {}", quote(&cache.token)));
    match fill {
        Fill::Blob => {
            line(out, 2, "proxy_intercept_errors on");
            line(out, 2, &format!("error_page 301 302 303 307 308 = @pinfold_follow_{number}"));
        }
        Fill::Index => {
            line(out, 2, &format!("proxy_set_header Accept {}", quote(&cache.accept)));
            line(out, 2, "proxy_cache_background_update on");
        }
    }
    line(
        out,
        2,
        &format!("set $pinfold_to {}", quote(&format!("{}$pinfold_rest", cache.upstream))),
    );
    line(out, 2, "proxy_pass $pinfold_to");
    bare(out, "    }");
    if fill == Fill::Blob {
        bare(out, &format!("    location @pinfold_follow_{number} {{"));
        own(out);
        line(out, 2, "proxy_read_timeout 300s");
        line(out, 2, "proxy_force_ranges on");
        // The host of blobs refuses a token beside its signature.
        line(out, 2, "proxy_set_header Authorization \"\"");
        line(out, 2, "set $pinfold_to $upstream_http_location");
        if cache.upstream.starts_with("https://") {
            bare(out, "        if ($pinfold_to !~ \"^https://\") {");
            line(out, 3, "return 502");
            bare(out, "        }");
        }
        line(out, 2, "proxy_pass $pinfold_to");
        bare(out, "    }");
    }
}

/// Writes how another host is asked, whichever it is.
fn common(out: &mut String, cache: &CacheSite) {
    if !cache.resolvers.is_empty() {
        // A name in a variable is looked up when it is needed: nginx starts without it.
        line(out, 2, &format!("resolver {} valid=30s ipv6=off", cache.resolvers.join(" ")));
    }
    if cache.upstream.starts_with("https://") {
        // nginx verifies nothing unless told to.
        line(out, 2, "proxy_ssl_server_name on");
        line(out, 2, "proxy_ssl_verify on");
        line(out, 2, "proxy_ssl_verify_depth 4");
        line(out, 2, "proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt");
    }
    for text in [
        "proxy_http_version 1.1",
        "proxy_set_header Connection \"\"",
        "proxy_set_header Accept-Encoding \"\"",
        "proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires X-Accel-Redirect",
        "proxy_hide_header Cache-Control",
        "proxy_hide_header Set-Cookie",
        // A slow bottle is fetched once, and the others wait for it.
        "proxy_cache_lock on",
        "proxy_cache_lock_age 15m",
        "proxy_cache_lock_timeout 15m",
    ] {
        line(out, 2, text);
    }
}
