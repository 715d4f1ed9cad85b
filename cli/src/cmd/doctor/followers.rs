//! The client configuration of this host: whether it follows the mirror, and what else it follows beside it. Other clients are
//! looked at by `client --check`, on them.

use std::path::Path;

use pinfold_store::path::{escape, escape_path};
use pinfold_store::{Name, disk};

use super::{Code, Found, Scene};

/// Where package managers have what they follow.
const FILES: [&str; 4] = [
    "/etc/apt/sources.list",
    "/etc/apk/repositories",
    "/etc/pacman.conf",
    "/etc/pacman.d/mirrorlist",
];
const FOLDERS: [(&str, &[&str]); 4] = [
    ("/etc/apt/sources.list.d", &[".list", ".sources"]),
    ("/etc/apt/mirrors", &[".list"]),
    ("/etc/yum.repos.d", &[".repo"]),
    ("/etc/zypp/repos.d", &[".repo"]),
];

/// A URL that a file names.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    file: String,
    /// The part of the file, for those where URLs of one part are tried in order.
    section: Option<String>,
    url: String,
}

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let lines = lines(scene);
    let site = scene.context.config.site.url.trim_end_matches('/').to_owned();
    let is_ours = |line: &&Line| line.url == site || line.url.starts_with(&format!("{site}/"));
    for line in lines.iter().filter(|line| host(&line.url) == host(&site)) {
        if !is_ours(&line) || !is_served(scene, &line.url[site.len()..]) {
            let what =
                format!("it names {}, and the site is {site} with the mirrors' mounts", line.url);
            found.add(
                Code::ClientUrl,
                (&line.file, what),
                "pinfold client MIRROR prints what it is to be",
            );
        }
    }
    for name in scene.mirrors() {
        let Some(mirror) = scene.context.config.mirrors.get(name) else { continue };
        let mounts = [format!("/{}", mirror.mount), format!("/snapshots/{name}")];
        let own = |line: &&Line| {
            is_ours(line)
                && mounts.iter().any(|mount| line.url[site.len()..].contains(mount.as_str()))
        };
        let bases: Vec<String> = mirror
            .bases
            .iter()
            .map(|base| base.to_string().trim_end_matches('/').to_owned())
            .collect();
        let theirs = |line: &&Line| bases.iter().any(|base| line.url.starts_with(base.as_str()));
        let (ours, upstream): (Vec<_>, Vec<_>) =
            (lines.iter().filter(own).collect(), lines.iter().filter(theirs).collect());
        compare(name, (&lines, &ours, &upstream), found);
    }
}

/// Compares the lines of a mirror with those of its upstream.
fn compare(name: &Name, (lines, ours, upstream): (&[Line], &[&Line], &[&Line]), found: &mut Found) {
    let place = |line: &Line| lines.iter().position(|one| std::ptr::eq(one, line));
    for line in upstream {
        let in_order = |own: &&&Line| {
            own.section.is_some() && (&own.file, &own.section) == (&line.file, &line.section)
        };
        match ours.iter().find(in_order) {
            Some(own) if place(own) < place(line) => {}
            Some(_) => {
                let what = format!("{} comes before the mirror of {name}", line.url);
                found.add(
                    Code::MirrorNotFirst,
                    (&line.file, what),
                    format!(
                        "put the mirror's line first: pinfold client {name} --fallback upstream"
                    ),
                );
            }
            None if ours.is_empty() => {}
            None => {
                let what = format!(
                    "it names {}, upstream of {name}, which {} has from the mirror",
                    line.url, ours[0].file
                );
                found.add(Code::UpstreamBeside, (&line.file, what), format!("take it out; where it is for the mirror's bad days: pinfold client {name} --fallback packages"));
            }
        }
    }
}

fn host(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1.split('/').next()?;
    Some(rest.rsplit_once(':').map_or(rest, |(host, _)| host))
}

/// Says whether the site has something at the path.
fn is_served(scene: &Scene<'_>, path: &str) -> bool {
    let config = &scene.context.config;
    let path = path.trim_start_matches('/');
    let below = |path: &str, mount: &str| {
        path.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if below(path, "snapshots") || below(path, "pinfold.asc") {
        return true;
    }
    let inner = match path.strip_prefix("channels/").and_then(|rest| rest.split_once('/')) {
        Some((channel, rest)) if config.channels.keys().any(|one| one.as_str() == channel) => rest,
        Some(_) => return false,
        None => path,
    };
    config.mirrors.values().any(|mirror| below(inner, mirror.mount.as_str()))
}

fn lines(scene: &Scene<'_>) -> Vec<Line> {
    let mut paths: Vec<String> = FILES.iter().map(|path| (*path).to_owned()).collect();
    for (folder, ends) in FOLDERS {
        let names = disk::names(&scene.host.at(folder)).unwrap_or_default();
        let names = names.iter().map(|name| name.to_string_lossy().into_owned());
        let names = names.filter(|name| ends.iter().any(|end| name.ends_with(end)));
        paths.extend(names.map(|name| format!("{folder}/{name}")));
    }
    let mut lines = Vec::new();
    for path in paths {
        let text = scene.tail(&path).unwrap_or_default();
        if text.is_empty() {
            continue;
        }
        let is_ordered = path.ends_with("mirrorlist") || path.starts_with("/etc/apt/mirrors/");
        let mut section = is_ordered.then(String::new);
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
            if path.ends_with(".repo") && line.starts_with('[') {
                section = Some(line.to_owned());
            }
            for url in line
                .split([' ', '\t', '=', ','])
                .filter(|word| word.starts_with("http://") || word.starts_with("https://"))
            {
                let file = escape_path(Path::new(&path));
                lines.push(Line {
                    file,
                    section: section.clone(),
                    url: escape(url.trim_end_matches('/').as_bytes()),
                });
            }
        }
    }
    lines
}
