//! The table as nginx's configuration.
//!
//! What is where, and why: `map` and `log_format` stand outside the server block. `set $pinfold_pub $realpath_root`
//! at the server's level resolves the channel's symlink once a request. Each location has `root /`, because the
//! candidates are absolute; `open_file_cache` off, because it would show a symlink that has moved on; and its own
//! headers, because one `add_header` switches the inherited ones off.

use pinfold_store::Digest;

use super::answer::{ABSENT, NOWHERE, Words, words};
use super::check::Host;
use super::kinds::{Kind, TEXT};
use super::table::{Cache, Missing, NO_CACHE, RETRY_SECONDS, Route, Step, Table};
use super::{PROBE, PROBE_SAYS, SiteConfig, cache};

const HEAD: &str =
    "# Printed by `pinfold site`; do not edit, print it again. To be included in http { }, once.\n";

const LOG_FORMAT: &str = concat!(
    "log_format pinfold '$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent '\n",
    "                   '\"$http_referer\" \"$http_user_agent\" $pinfold_view';\n\n",
);

/// Set here and not left to the host, whose `http { }` may say otherwise.
const SETTINGS: &str = "
    sendfile on;
    tcp_nopush on;
    open_file_cache off;
    disable_symlinks off;
    merge_slashes on;
    autoindex off;
    gzip off;
    charset off;
    expires off;
    etag on;
    if_modified_since exact;
    server_tokens off;

    if ($request_method !~ \"^(?:GET|HEAD)\\z\") {
        return 405;
    }
";

/// Prints the file.
pub(super) fn file(config: &SiteConfig, host: &Host, table: &Table) -> String {
    let mut out = String::from(HEAD);
    maps(&mut out, table);
    cache::head(&mut out, table);
    out.push_str(LOG_FORMAT);
    out.push_str("server {\n");
    listen(&mut out, config, host);
    line(
        &mut out,
        1,
        &format!("access_log {} pinfold", quote(&format!("{}/pinfold.access.log", table.logs))),
    );
    out.push_str(SETTINGS);
    view(&mut out, table);
    for (number, route) in table.routes.iter().enumerate() {
        route_locations(&mut out, table, number, route);
    }
    let kept = table.mirrors.iter().enumerate().filter(|(_, mirror)| mirror.cache.is_none());
    for (number, _) in kept {
        missing_location(&mut out, table, &Missing::Channel(number));
        missing_location(&mut out, table, &Missing::Dated(number));
    }
    out.push_str("\n    location / {\n");
    speak(&mut out, (404, TEXT), NOWHERE);
    out.push_str("    }\n");
    probe(&mut out);
    out.push_str("}\n");
    out
}

/// Writes what tells whoever asks which configuration answers: another one's block, or an older one of ours, says something else.
fn probe(out: &mut String) {
    let says = format!("{PROBE_SAYS}{}", &Digest::of(out.as_bytes()).to_string()[..32]);
    bare(out, &format!("\n    location = {PROBE} {{"));
    line(out, 2, "access_log off");
    speak(out, (200, TEXT), &says);
    bare(out, "    }");
}

pub(super) fn line(out: &mut String, depth: usize, text: &str) {
    out.extend(std::iter::repeat_n("    ", depth));
    out.push_str(text);
    out.push_str(";\n");
}

pub(super) fn bare(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// Quotes a checked text so that nginx reads back the same bytes; `$` stays what it is.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if matches!(letters.peek(), None | Some('"' | '\'' | '\\' | 't' | 'r' | 'n')) => {
                quoted.push_str(r"\\");
            }
            '"' => quoted.push_str("\\\""),
            '\n' => quoted.push_str("\\n"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

pub(super) fn map(out: &mut String, head: &str, otherwise: &str, rows: &[(&str, &str)]) {
    bare(out, &format!("map {head} {{"));
    line(out, 1, &format!("default {}", quote(otherwise)));
    for (pattern, value) in rows {
        line(out, 1, &format!("{} {}", quote(&format!("~{pattern}")), quote(value)));
    }
    out.push_str("}\n\n");
}

fn maps(out: &mut String, table: &Table) {
    out.push_str("\n# What a request asks for, below www.\n");
    let rows: Vec<_> = table
        .views
        .iter()
        .map(|(pattern, value)| (pattern.text.as_str(), value.as_str()))
        .collect();
    map(out, "$uri $pinfold_asked", &table.view_otherwise, &rows);
    if !table.finer.is_empty() {
        out.push_str(
            "# A part of a span stands for itself only where the span has parts: then it has the last one.\n",
        );
    }
    for (number, (pattern, probe, view)) in table.finer.iter().enumerate() {
        map(out, &format!("$uri $pinfold_probe_{number}"), ABSENT, &[(&pattern.text, probe)]);
        map(out, &format!("$uri $pinfold_finer_{number}"), "", &[(&pattern.text, view)]);
    }
    for (number, mirror) in table.mirrors.iter().enumerate() {
        bare(out, &format!("# {}: how long an answer keeps.", mirror.name));
        let rows: Vec<_> =
            mirror.caching.iter().map(|(pattern, value)| (pattern.text.as_str(), *value)).collect();
        map(out, &format!("$pinfold_rest $pinfold_cache_{number}"), NO_CACHE, &rows);
    }
}

fn listen(out: &mut String, config: &SiteConfig, host: &Host) {
    let tls = if config.certificate.is_some() { " ssl" } else { "" };
    if config.listen.is_empty() {
        line(out, 1, &format!("listen {}{tls}", host.port));
        line(out, 1, &format!("listen [::]:{}{tls}", host.port));
    }
    for listen in &config.listen {
        line(out, 1, &format!("listen {listen}{tls}"));
    }
    line(out, 1, &format!("server_name {}", host.name));
    for (word, path) in
        [("ssl_certificate", &config.certificate), ("ssl_certificate_key", &config.key)]
    {
        if let Some(path) = path {
            line(out, 1, &format!("{word} {}", quote(&path.to_string_lossy())));
        }
    }
}

fn view(out: &mut String, table: &Table) {
    out.push_str("\n    # The symlink is resolved once a request: heads and tree of one answer are of one generation.\n");
    line(out, 1, &format!("set $pinfold_www {}", quote(&table.www)));
    line(out, 1, "set $pinfold_view $pinfold_asked");
    for number in 0..table.finer.len() {
        bare(out, &format!("    if (-e \"${{pinfold_www}}/${{pinfold_probe_{number}}}\") {{"));
        line(out, 2, &format!("set $pinfold_view $pinfold_finer_{number}"));
        out.push_str("    }\n");
    }
    line(out, 1, "root \"${pinfold_www}/${pinfold_view}\"");
    line(out, 1, "set $pinfold_pub $realpath_root");
    out.push_str("    if ($pinfold_pub = \"\") {\n");
    line(out, 2, &format!("set $pinfold_pub \"${{pinfold_www}}/{ABSENT}\""));
    out.push_str("    }\n");
}

/// The name of the location that says what is missing.
fn missing_name(missing: &Missing) -> String {
    match missing {
        Missing::Plain(_) | Missing::Words { .. } => String::new(),
        Missing::Channel(number) => format!("@pinfold_channel_{number}"),
        Missing::Dated(number) => format!("@pinfold_dated_{number}"),
    }
}

fn route_locations(out: &mut String, table: &Table, number: usize, route: &Route) {
    let cache = route.mirror.and_then(|mirror| table.mirrors[mirror].cache.as_ref());
    if let (Some(cache), Some(fill)) = (cache, route.fill) {
        return cache::locations(out, table, (number, route), (cache, fill));
    }
    let step_name = |step: usize| format!("@pinfold_step_{number}_{step}");
    let pattern = format!("~ {}", quote(&route.pattern.text));
    bare(
        out,
        &route
            .mirror
            .map_or_else(String::new, |mirror| format!("\n    # {}", table.mirrors[mirror].name)),
    );
    let plain = match &route.missing {
        Missing::Plain(text) => Some((404, TEXT, *text)),
        Missing::Words { status, kind, text } => Some((*status, kind.as_str(), text.as_str())),
        Missing::Channel(_) | Missing::Dated(_) => None,
    };
    for (at, step) in route.steps.iter().enumerate() {
        bare(
            out,
            &format!("    location {} {{", if at == 0 { pattern.clone() } else { step_name(at) }),
        );
        log(out, table, route.mirror);
        files(out, table, route, step);
        let last = at + 1 == route.steps.len();
        let next =
            if last && plain.is_none() { missing_name(&route.missing) } else { step_name(at + 1) };
        let candidates: Vec<_> = step.candidates.iter().map(|template| quote(template)).collect();
        line(out, 2, &format!("try_files {} {next}", candidates.join(" ")));
        bare(out, "    }");
    }
    if let Some((status, kind, text)) = plain {
        let head = if route.steps.is_empty() { pattern } else { step_name(route.steps.len()) };
        bare(out, &format!("    location {head} {{"));
        log(out, table, route.mirror);
        speak(out, (status, kind), text);
        bare(out, "    }");
    }
}

/// Writes how a step's files are sent.
fn files(out: &mut String, table: &Table, route: &Route, step: &Step) {
    let (types, otherwise) = match &step.kind {
        Kind::ByName(otherwise) => {
            let types = route.mirror.map_or(&table.types, |mirror| &table.mirrors[mirror].types);
            let types: Vec<_> =
                types.iter().map(|(extension, mime)| format!("{mime} {extension};")).collect();
            (types.join(" "), *otherwise)
        }
        Kind::Always(kind) => (String::new(), kind.as_str()),
    };
    let cache = match step.cache {
        Cache::Always(text) => quote(text),
        Cache::ByName(mirror) => format!("$pinfold_cache_{mirror}"),
    };
    line(out, 2, "root /");
    bare(out, &format!("        types {{ {types} }}"));
    line(out, 2, &format!("default_type {otherwise}"));
    line(out, 2, &format!("add_header Cache-Control {cache}"));
    line(out, 2, "add_header X-Content-Type-Options nosniff");
    if let Some(policy) = route.manner.policy() {
        line(out, 2, &format!("add_header Content-Security-Policy {}", quote(policy)));
        line(out, 2, "add_header Referrer-Policy no-referrer");
    }
    if !route.manner.has_validators() {
        // An empty value takes the header away.
        line(out, 2, "add_header Last-Modified \"\"");
        line(out, 2, "etag off");
        line(out, 2, "if_modified_since off");
    }
}

pub(super) fn log(out: &mut String, table: &Table, mirror: Option<usize>) {
    if let Some(mirror) = mirror {
        let path = format!("{}/{}.access.log", table.logs, table.mirrors[mirror].name);
        line(out, 2, &format!("access_log {} pinfold", quote(&path)));
    }
}

/// Writes the body of a location that answers with words.
fn speak(out: &mut String, (status, kind): (u16, &str), text: &str) {
    bare(out, "        types { }");
    line(out, 2, &format!("default_type {kind}"));
    say(out, 2, status, text);
}

fn say(out: &mut String, depth: usize, status: u16, text: &str) {
    line(out, depth, &format!("add_header Cache-Control {NO_CACHE} always"));
    line(out, depth, "add_header X-Content-Type-Options nosniff always");
    if status == 503 {
        line(out, depth, &format!("add_header Retry-After {RETRY_SECONDS} always"));
    }
    line(out, depth, &format!("return {status} {}", quote(&format!("{text}\n"))));
}

fn missing_location(out: &mut String, table: &Table, missing: &Missing) {
    let Some(Words { probe, without, with }) = words(table, missing) else { return };
    let mirror = match missing {
        Missing::Channel(number) | Missing::Dated(number) => Some(*number),
        Missing::Plain(_) | Missing::Words { .. } => None,
    };
    bare(out, &format!("\n    location {} {{", missing_name(missing)));
    log(out, table, mirror);
    bare(out, "        types { }");
    line(out, 2, "default_type text/plain");
    bare(out, &format!("        if (!-d {}) {{", quote(&probe)));
    say(out, 3, without.0, &without.1);
    bare(out, "        }");
    say(out, 2, with.0, &with.1);
    bare(out, "    }");
}
