//! A script for a client without Pinfold: which source wins for each package, which date the client sees, whether the key is there,
//! whether upstream comes first. It changes nothing, and asks nobody but the mirror.

use pinfold_store::Name;

use crate::Result;
use crate::client::{bad, check_url};
use crate::family::Family;

const HEAD: &str = include_str!("client_check/head.sh");
/// For clients that say which source a package comes from.
const WINNERS: &str = include_str!("client_check/winners.sh");

/// What is needed to write the script.
#[derive(Debug, Clone)]
pub struct CheckInput<'a> {
    /// The mirror.
    pub mirror: &'a Name,
    /// Its family.
    pub family: Family,
    /// The client uses zypper, where the family leaves that open.
    pub tool: Option<crate::rpm::Tool>,
    /// What the client is to follow, in words: a channel or a date.
    pub follows: &'a str,
    /// The URL of the mirror's top folder, as the client is to name it.
    pub url: &'a str,
    /// A file below it that is there.
    pub reachable: &'a str,
    /// Upstream's URLs, without a login.
    pub upstream: &'a [String],
    /// The armored key that signs what the client follows, where it is ours.
    pub key: Option<&'a str>,
}

/// Writes the script for a POSIX shell.
///
/// # Errors
/// [`crate::Error::BadText`] where a URL cannot stand in it, or the family has no client that could be asked.
pub fn client_check(input: &CheckInput<'_>) -> Result<String> {
    let body = match (input.family, input.tool) {
        (Family::Apt, _) => include_str!("client_check/apt.sh"),
        (Family::Rpm, Some(crate::rpm::Tool::Zypper)) => include_str!("client_check/zypper.sh"),
        (Family::Rpm, _) => include_str!("client_check/dnf.sh"),
        (Family::Apk, _) => include_str!("client_check/apk.sh"),
        (Family::Pacman, _) => include_str!("client_check/pacman.sh"),
        (Family::Brew | Family::Files, _) => {
            let why = "of this family there is no client that could be asked what it follows";
            return Err(bad("--check", input.mirror.as_str().as_bytes(), why));
        }
    };
    let winners = if input.family == Family::Apk { "" } else { WINNERS };
    let url = plain(input.url)?;
    let reachable = plain(input.reachable)?;
    let upstream = input.upstream.iter().map(|url| plain(url)).collect::<Result<Vec<_>>>()?;
    let list_name = url.split_once("://").map_or(url, |(_, rest)| rest).replace('/', "_");
    Ok(format!(
        "#!/bin/sh\n# Printed by `pinfold client {mirror} --check`: for a client that is to follow {follows}. It changes nothing, asks nobody but the\n\
         # mirror, and ends with 0 where all is well, 1 where something is not.\n\
         # shellcheck disable=SC2034 # Not every package manager needs every value.\n\
         mirror='{mirror}' follows='{follows}' url='{url}' upstream='{upstream}'\n\
         # shellcheck disable=SC2034\n\
         reachable='{reachable}' list_name='{list_name}' key_line='{key}'\n{HEAD}{winners}{body}",
        mirror = input.mirror,
        follows = input.follows.replace(
            |letter: char| !letter.is_ascii_alphanumeric() && !"._-@".contains(letter),
            " "
        ),
        upstream = upstream.join(" "),
        key = input.key.and_then(key_line).unwrap_or_default(),
    ))
}

/// A URL that needs no more than quotes.
fn plain(url: &str) -> Result<&str> {
    let is_clean = |b: u8| !b"'\"\\$`*?[]".contains(&b);
    check_url(url, is_clean, "a shell's script takes no such URL")?;
    Ok(url.trim_end_matches('/'))
}

/// A line by which the key's file is known again: its longest, which is base64.
fn key_line(armored: &str) -> Option<&str> {
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
    armored.lines().rfind(|line| line.len() >= 40 && line.bytes().all(is_base64))
}

#[cfg(test)]
mod tests;
