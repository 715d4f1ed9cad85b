//! The file that makes apk follow a channel or a date, and the keys that it needs.

use std::collections::BTreeSet;
use std::path::PathBuf;

use pinfold_store::{Name, RelPath, Stamp};

use super::select::Place;
use crate::Result;
use crate::client::{ClientFile, bad, check_url};
use crate::sign::NamedKeys;

/// The one file of repositories that every version of apk reads.
const REPOSITORIES: &str = "/etc/apk/repositories";

/// What is needed to write a client's files.
#[derive(Debug, Clone)]
pub struct ClientInput<'a> {
    /// The mirror's name.
    pub mirror: &'a Name,
    /// The URL of the mirror's top folder in the channel or at the date.
    pub url: &'a str,
    /// What the client follows.
    pub follows: Follows<'a>,
    /// The root metadata of the snapshot.
    pub roots: &'a [RelPath],
    /// The versions that the client has; where none is named, `preferred` or the first.
    pub versions: &'a [String],
    /// The versions of the mirror's file, the best first.
    pub preferred: &'a [String],
    /// Upstream's keys, as this machine has them; none where nobody signs.
    pub keyrings: &'a [PathBuf],
}

/// What a client follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows<'a> {
    /// A channel.
    Channel(&'a Name),
    /// A snapshot, and never another state.
    Date(Stamp),
}

/// Writes the files that a client needs: the keys, where the mirror has any, and the list of repositories.
///
/// # Errors
/// [`crate::Error::BadText`] where a URL cannot stand in such a list, or a version is not in the snapshot; a key that cannot be read.
pub fn client(input: &ClientInput<'_>) -> Result<Vec<ClientFile>> {
    let is_clean = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]@!&'()*+=%,;".contains(&b);
    check_url(
        input.url,
        is_clean,
        "it is an http or https URL without blanks, quotes, $, ? and #",
    )?;
    let places: BTreeSet<Place> = input.roots.iter().filter_map(Place::of_index).collect();
    let versions = versions(&places);
    let wanted = wanted(input, &versions)?;
    let mut files = keys(input)?;
    let mut lines: Vec<String> =
        comments(input, &versions, &wanted).iter().map(|line| format!("# {line}")).collect();
    let top = input.url.trim_end_matches('/');
    let mut urls = BTreeSet::new();
    for place in places.iter().filter(|place| wanted.contains(&version_of(place))) {
        urls.insert(match &place.repository {
            None => format!("{top}/"),
            Some(path) => format!("{top}/{path}"),
        });
    }
    // Before community, as everybody has it; the order is of no weight to apk.
    lines.extend(urls.into_iter().rev());
    let content = lines.iter().fold(String::new(), |text, line| format!("{text}{line}\n"));
    files.push(ClientFile { path: REPOSITORIES.to_owned(), content });
    Ok(files)
}

/// Gives the version of a repository; empty where the tree has none.
fn version_of(place: &Place) -> String {
    String::from_utf8_lossy(place.version().0).into_owned()
}

/// Gives the versions of the tree, without the link to one of them.
fn versions(places: &BTreeSet<Place>) -> BTreeSet<String> {
    places.iter().map(version_of).filter(|version| version != "latest-stable").collect()
}

/// Says which versions the client gets.
fn wanted(input: &ClientInput<'_>, versions: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    if input.versions.is_empty() {
        let preferred = input.preferred.iter().find(|version| versions.contains(*version));
        return Ok(preferred.or(versions.first()).cloned().into_iter().collect());
    }
    for version in input.versions {
        if !versions.contains(version) && version != "latest-stable" {
            return Err(bad("version", version.as_bytes(), "the snapshot has no such version"));
        }
    }
    Ok(input.versions.iter().cloned().collect())
}

/// Gives the keys' files: each under the name that signatures say.
fn keys(input: &ClientInput<'_>) -> Result<Vec<ClientFile>> {
    let keys = NamedKeys::load(input.keyrings)?;
    let file = |key: &crate::sign::NamedKey| ClientFile {
        path: format!("/etc/apk/keys/{}", key.name),
        content: String::from_utf8_lossy(&key.pem).into_owned(),
    };
    Ok(keys.iter().map(file).collect())
}

/// What a reader of the list must know, because apk says none of it.
fn comments(
    input: &ClientInput<'_>,
    versions: &BTreeSet<String>,
    wanted: &BTreeSet<String>,
) -> Vec<String> {
    let mirror = input.mirror;
    let mut lines = Vec::new();
    match input.follows {
        Follows::Channel(channel) => {
            lines.push(format!("Written by pinfold: {mirror} as the channel {channel} shows it."));
            lines.push(
                "A move of the channel is seen by apk update; apk 2 asks only every four hours: apk update --force-refresh, or apk -U upgrade,"
                    .to_owned(),
            );
            lines.push(
                "asks at once. What is installed goes back, after a rollback, with apk upgrade --available.".to_owned(),
            );
        }
        Follows::Date(taken) => {
            lines.push(format!("Written by pinfold: {mirror} as it was at {} UTC.", taken.human()));
            lines.push(
                "It stays there: nothing newer comes, security updates neither. The mirror must keep the date: pinfold pin there."
                    .to_owned(),
            );
        }
    }
    lines.push(
        "Take every line of upstream out, here and in repositories.d: apk takes the newest version that any line has, and a second one"
            .to_owned(),
    );
    lines.push("is no fallback: it brings upstream's state of the day.".to_owned());
    if input.keyrings.is_empty() {
        lines.push(
            "The mirror names no keys: those in /etc/apk/keys count; where nobody signs, apk takes it with --allow-untrusted only."
                .to_owned(),
        );
    }
    let others: Vec<&str> =
        versions.iter().filter(|one| !wanted.contains(*one)).map(String::as_str).collect();
    if !others.is_empty() {
        lines.push(format!(
            "There are other versions: {}; pinfold client {mirror} --suite VERSION is for one of them.",
            others.join(", ")
        ));
    }
    lines
}

#[cfg(test)]
mod tests;
