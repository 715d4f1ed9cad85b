//! The rotation of logs. A log that two files of logrotate's name is rotated by neither, so those of nginx are left to the
//! distribution's file where it takes them all.

use std::path::{Path, PathBuf};

use pinfold_publisher::site::LOGS;
use pinfold_store::disk;

use super::{HEAD, Host, HostFile, Parts, plain, user_name};
use crate::failure::Failure;

const FOLDER: &str = "/etc/logrotate.d";
const NAME: &str = "pinfold";

pub(super) fn file(host: &Host, parts: &Parts<'_>) -> Result<HostFile, Failure> {
    let own = plain("logs", &parts.config.logs)?.trim_end_matches('/');
    let user = user_name(parts.user)?;
    let folder = parts.config.site.logs.clone().unwrap_or_else(|| PathBuf::from(LOGS));
    let access = plain("[site] logs", &folder)?.trim_end_matches('/');
    let lines = |names: Vec<String>| names.join("\n");
    let ours = parts.mirrors.iter().map(|mirror| format!("{own}/{mirror}.log")).collect();
    let mut content = format!(
        "{HEAD}{} {{\n    su {user} {user}\n    weekly\n    maxsize 4M\n    rotate 8\n    missingok\n    notifempty\n    compress\n    delaycompress\n}}\n",
        lines(ours)
    );
    let mut names: Vec<String> =
        parts.mirrors.iter().map(|mirror| format!("{access}/{mirror}.access.log")).collect();
    names.push(format!("{access}/pinfold.access.log"));
    names.dedup();
    let patterns = patterns(host)?;
    names.retain(|name| !patterns.iter().any(|one| one.matches(name)));
    if !names.is_empty() {
        content.push_str(&format!(
            "{} {{\n    daily\n    rotate 14\n    missingok\n    notifempty\n    compress\n    delaycompress\n    sharedscripts\n    postrotate\n        \
             [ ! -f /run/nginx.pid ] || kill -USR1 \"$(cat /run/nginx.pid)\"\n    endscript\n}}\n",
            lines(names)
        ));
    }
    Ok(HostFile { path: Path::new(FOLDER).join(NAME), content })
}

/// What other files of logrotate's take.
fn patterns(host: &Host) -> Result<Vec<glob::Pattern>, Failure> {
    let mut patterns = Vec::new();
    for name in disk::names(&host.at(FOLDER))? {
        if name == NAME {
            continue;
        }
        let text = host.read(Path::new(FOLDER).join(&name))?.unwrap_or_default();
        let heads = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        let words = heads.flat_map(str::split_whitespace);
        let paths =
            words.map(|word| word.trim_matches(['"', '{'])).filter(|word| word.starts_with('/'));
        patterns.extend(paths.filter_map(|path| glob::Pattern::new(path).ok()));
    }
    Ok(patterns)
}
