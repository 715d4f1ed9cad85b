//! What clients met, by nginx's logs of the last week: metadata that is absent, days that are cold, certificates that they refuse,
//! files that nginx may not read.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use pinfold_publisher::site::LOGS;
use pinfold_store::path::{escape, escape_path};
use pinfold_store::{Name, Stamp};

use super::{Code, Found, Scene, shown};
use crate::access::{self, Request};

/// How far back it is looked.
const WEEK: i64 = 7 * 86_400;
/// How many paths are told apart.
const PATHS_MAX: usize = 1000;
/// How many addresses of a path are.
const ADDRESSES_MAX: usize = 100;

/// Who asked in vain.
#[derive(Debug, Default)]
struct Vain {
    times: u64,
    addresses: BTreeSet<IpAddr>,
}

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let folder = scene.context.config.site.logs.clone().unwrap_or_else(|| PathBuf::from(LOGS));
    let since = Stamp::from_seconds((scene.context.now.seconds() - WEEK).max(0));
    for name in scene.mirrors() {
        let base = format!("{name}.access.log");
        let mut vain = BTreeMap::new();
        let mut each = |request: &Request<'_>| note(&mut vain, request);
        let read = access::requests((&scene.host.at(&folder), &base), since, &mut each);
        if let Err(error) = read {
            unreadable((&folder.join(&base), &error), found);
        }
        absent(scene, (name, &vain), found);
    }
    let path = folder.join("error.log");
    match scene.tail(&path) {
        Ok(text) => complaints(scene, (&path, &text), since, found),
        Err(error) => unreadable((&path, &error), found),
    }
}

fn unreadable((path, error): (&Path, &std::io::Error), found: &mut Found) {
    let mend = "run it as root, or give this user the group that may read nginx's logs: usermod -aG adm pinfold";
    found.add(
        Code::LogUnreadable,
        (escape_path(path), format!("it cannot be read: {error}")),
        mend,
    );
}

fn note(vain: &mut BTreeMap<String, Vain>, request: &Request<'_>) {
    let Some(path) = request.asked.split(' ').nth(1) else { return };
    let path = path.split('?').next().unwrap_or(path);
    if request.status != 404 || !is_metadata(path) {
        return;
    }
    if vain.len() >= PATHS_MAX && !vain.contains_key(path) {
        return;
    }
    let one = vain.entry(path.to_owned()).or_default();
    one.times += 1;
    if one.addresses.len() < ADDRESSES_MAX {
        one.addresses.insert(request.address);
    }
}

/// Says whether a client cannot do without it. Signatures beside a file are asked for by clients that do.
fn is_metadata(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "InRelease" | "repomd.xml" | "APKINDEX.tar.gz")
        || name.ends_with(".db")
        || path.contains("/by-hash/")
        || (path.contains("/repodata/") && name.contains("primary.xml"))
}

/// Tells of each path that was asked for in vain, and of days that are cold.
fn absent(scene: &Scene<'_>, (name, vain): (&Name, &BTreeMap<String, Vain>), found: &mut Found) {
    let (mut paths, mut days) = (Vec::new(), Vec::new());
    let (mut times, mut addresses) = (0, BTreeSet::<IpAddr>::new());
    for (path, one) in vain {
        let path = escape(path.as_bytes());
        let who = one.addresses.first().map_or_else(String::new, ToString::to_string);
        match path
            .strip_prefix(&format!("/snapshots/{name}/"))
            .and_then(|rest| rest.split('/').next())
        {
            Some(day) => days.push(format!("{day} (asked for by {who})")),
            None => {
                paths.push(path);
                times += one.times;
                addresses.extend(&one.addresses);
            }
        }
    }
    if !paths.is_empty() {
        let who: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let what = format!(
            "404 for {}, {times} times within a week, to {}",
            super::first_of(&paths),
            super::first_of(&who)
        );
        let mend = if is_known(scene, name, &paths[0]) {
            format!(
                "it is in a snapshot of {name}: pinfold channels says what the channel shows; pinfold promote or rollback brings it"
            )
        } else {
            format!(
                "no snapshot of {name} has it: mend the client's file (pinfold client {name}), or follow it (suites, repository in mirrors.d/{name}.toml)"
            )
        };
        found.add(Code::MetadataAbsent, (name, what), mend);
    }
    days.dedup();
    if !days.is_empty() {
        let mend =
            format!("pinfold publish {name}@DATE, or pinfold pin it so that it stays published");
        found.add(Code::ColdAsked, (name, format!("404 for {}", super::first_of(&days))), mend);
    }
}

/// Says whether some snapshot has this root metadata.
fn is_known(scene: &Scene<'_>, name: &Name, path: &str) -> bool {
    let Some(store) = scene.store else { return false };
    let dates = store.dates(name).unwrap_or_default();
    dates
        .iter()
        .rev()
        .filter_map(|taken| store.record(name, *taken).ok())
        .any(|record| record.roots.iter().any(|root| path.ends_with(&format!("/{root}"))))
}

/// Says whether a line of the error log is of a kind.
type IsIt<'a> = &'a dyn Fn(&str) -> bool;

/// What the error log says of what concerns us.
fn complaints(scene: &Scene<'_>, (path, text): (&Path, &str), since: Stamp, found: &mut Found) {
    let root = scene.context.config.root.display().to_string();
    let kinds: [(Code, IsIt<'_>, &str); 3] = [
        (
            Code::CertificateRefused,
            &|line| line.contains("SSL_do_handshake() failed") && line.contains(" alert "),
            "give clients the authority of the certificate, and the URL by a name that it has; pinfold client MIRROR --check on such a client says more",
        ),
        (
            Code::NginxDenied,
            &|line| line.contains("(13: Permission denied)") && line.contains(&root),
            "namei -l on the path shows who may not enter; chmod o+x on each folder above the root, or a label of SELinux (restorecon)",
        ),
        (
            Code::NginxLimits,
            &|line| {
                line.contains("worker_connections are not enough")
                    || line.contains("(24: Too many open files)")
            },
            "raise worker_connections and worker_rlimit_nofile in nginx.conf",
        ),
    ];
    for (code, is_it, mend) in kinds {
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| is_it(line) && time(scene, line).is_none_or(|at| at >= since))
            .collect();
        if let Some(last) = lines.last() {
            let what = format!("{} lines within a week, the last: {}", lines.len(), shown(last));
            found.add(code, (escape_path(path), what), mend);
        }
    }
}

/// The time of a line of the error log, in the host's zone.
fn time(scene: &Scene<'_>, line: &str) -> Option<Stamp> {
    let text = line.get(..19)?;
    let civil = jiff::civil::DateTime::strptime("%Y/%m/%d %H:%M:%S", text).ok()?;
    let at = scene.context.config.zone.to_timestamp(civil).ok()?;
    Some(Stamp::from_seconds(at.as_second()))
}
