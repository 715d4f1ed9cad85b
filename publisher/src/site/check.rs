//! Checks of whatever enters the configuration. Refusing is better than quoting: nginx cannot escape a `$`.

use std::path::Path;

use pinfold_store::path::escape;

use super::{CacheSite, MirrorSite, SiteConfig, SiteError};

/// What the site's URL says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// The name, or an address (IPv6 in brackets).
    pub(super) name: String,
    /// The port that clients use.
    pub(super) port: u16,
}

/// Makes the error for a value.
pub(super) fn refused(what: &'static str, value: &str, why: &str) -> SiteError {
    SiteError::Refused { what, value: escape(value.as_bytes()), why: why.to_owned() }
}

/// Reads the site's URL.
pub(super) fn host(url: &str) -> Result<Host, SiteError> {
    let refuse = || {
        refused(
            "url",
            url,
            "it is written like http://mirror.example.org or https://mirror.example.org:8443, without a path",
        )
    };
    let (rest, usual) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) => (rest, 80),
        (_, Some(rest)) => (rest, 443),
        _ => return Err(refuse()),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (name, port) = match rest.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok().ok_or_else(refuse)?),
        _ => (rest, usual),
    };
    let plain =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let good = match address {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => plain(name) && !name.starts_with(['.', '-']),
    };
    if name.is_empty() || !good || port == 0 {
        return Err(refuse());
    }
    Ok(Host { name: name.to_ascii_lowercase(), port })
}

/// Checks the rest of what the operator says.
pub(super) fn config(config: &SiteConfig) -> Result<(), SiteError> {
    let allowed =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'[' | b']' | b'*' | b'-');
    for listen in &config.listen {
        if listen.is_empty() || !listen.bytes().all(allowed) {
            return Err(refused(
                "listen",
                listen,
                "it is written like 80, 127.0.0.1:8080 or [::]:80",
            ));
        }
    }
    for (what, value) in
        [("certificate", &config.certificate), ("key", &config.key), ("logs", &config.logs)]
    {
        if let Some(value) = value {
            path(what, value)?;
        }
    }
    if config.certificate.is_some() != config.key.is_some() {
        return Err(refused("certificate", &config.url, "a certificate and its key go together"));
    }
    if config.channels.is_empty() {
        return Err(refused("channels", "", "there is none"));
    }
    Ok(())
}

/// Checks an absolute path and gives it as text.
pub(super) fn path<'a>(what: &'static str, path: &'a Path) -> Result<&'a str, SiteError> {
    let shown = path.to_string_lossy();
    let Some(text) = path.to_str() else {
        return Err(refused(what, &shown, "it is not UTF-8"));
    };
    let bad =
        |c: char| c.is_control() || matches!(c, '$' | '"' | '\'' | '\\' | ';' | '{' | '}' | '`');
    if text.contains(bad) {
        return Err(refused(
            what,
            text,
            "a quote, $, \\, ;, brace or control character cannot stand in nginx's configuration",
        ));
    }
    if !path.is_absolute() || text.split('/').any(|part| part == "..") {
        return Err(refused(what, text, "it is an absolute path without .."));
    }
    Ok(text.trim_end_matches('/'))
}

/// Checks the mirrors, each alone and each pair.
pub(super) fn mirrors(mirrors: &[MirrorSite]) -> Result<(), SiteError> {
    for (at, mirror) in mirrors.iter().enumerate() {
        let own = [
            &mirror.root_names,
            &mirror.dot_names,
            &mirror.hash_names,
            &mirror.package_names,
            &mirror.top_names,
        ];
        let typed = mirror.typed_names.iter().map(|(names, _)| names);
        own.into_iter().chain(typed).try_for_each(|words| fragment(words))?;
        kinds(mirror)?;
        if let Some(cache) = &mirror.cache {
            self::cache(cache)?;
        }
        for other in &mirrors[..at] {
            if other.mount.overlaps(&mirror.mount) {
                let mount =
                    std::cmp::max_by_key(&other.mount, &mirror.mount, |mount| mount.as_str().len())
                        .clone();
                return Err(SiteError::Overlap {
                    first: other.name.clone(),
                    second: mirror.name.clone(),
                    mount,
                });
            }
            if other.name == mirror.name {
                return Err(refused("mirror", mirror.name.as_str(), "it is there twice"));
            }
        }
    }
    Ok(())
}

/// Checks what stands in front of a registry.
fn cache(cache: &CacheSite) -> Result<(), SiteError> {
    let rest = cache.upstream.strip_prefix("https://").or(cache.upstream.strip_prefix("http://"));
    let is_of = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    if !rest.is_some_and(|rest| is_of(rest, "-._~:/[]")) || cache.upstream.ends_with('/') {
        let why = "it is written like https://registry.example.org/v2/name";
        return Err(refused("registry", &cache.upstream, why));
    }
    if !is_of(&cache.folder, "-._/") || cache.folder.starts_with('/') {
        return Err(refused("registry", &cache.folder, "its path is made of plain words"));
    }
    if let Some(bad) = cache.resolvers.iter().find(|one| !is_of(one, ".:[]-")) {
        return Err(refused("resolver", bad, "it is an address, of version 6 in brackets"));
    }
    for value in [&cache.token, &cache.accept] {
        if !is_of(value, " =+/.,;-") {
            return Err(refused("header", value, "it is made of plain words"));
        }
    }
    path("cache", &cache.store).map(drop)
}

/// Checks what a mirror says of MIME types, and the words of its folders.
fn kinds(mirror: &MirrorSite) -> Result<(), SiteError> {
    let word = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let refuse = |one: &str, mime: &str| {
        Err(refused(
            "type",
            &format!("{one} {mime}"),
            "an extension, a path and a MIME type are plain words",
        ))
    };
    let is_mime = |mime: &str| word(mime, "+_-./") && mime.contains('/');
    for (extension, mime) in &mirror.types {
        if !word(extension, "+_-") || !is_mime(mime) {
            return refuse(extension, mime);
        }
    }
    if let Some((names, mime)) = mirror.typed_names.iter().find(|(_, mime)| !is_mime(mime)) {
        return refuse(names, mime);
    }
    for (path, mime, text) in &mirror.words {
        let is_text = !text.contains(|c: char| c.is_control() || matches!(c, '$' | '"' | '\\'));
        if !word(path, "_-/") || !path.ends_with('/') || !is_mime(mime) || !is_text {
            return refuse(path, mime);
        }
    }
    Ok(())
}

/// Checks a family's regular expression: nothing that would mean something else to nginx, no groups that are counted.
fn fragment(words: &str) -> Result<(), SiteError> {
    let bad = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || !c.is_ascii()
            || matches!(c, '"' | '\'' | '{' | '}' | ';' | '`')
    };
    let counted = words.match_indices('(').any(|(at, _)| !words[at..].starts_with("(?:"));
    if words.contains(bad) || counted {
        return Err(refused("names", words, "it holds a blank, quote, brace or counted group"));
    }
    Ok(())
}
