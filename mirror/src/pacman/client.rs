//! The files that make pacman follow a channel or a date: a list of mirrors, and a vendor's keys.
//!
//! pacman reads them as root, and puts values in the place of `$repo` and `$arch`: what comes from elsewhere is checked before it
//! stands there. pacman.conf itself is the client's: the list says in comments what belongs there.

mod comments;

use std::path::PathBuf;

use pinfold_store::{Name, RelPath, Stamp};

use self::comments::comments;
use super::names::{DATABASE, SIGNATURE};
use super::select::{Database, Layout};
use crate::Result;
use crate::client::{ClientFile, bad, check_armor, check_url};
use crate::sign::Keyring;

/// What is needed to write a client's files.
#[derive(Debug, Clone)]
pub struct ClientInput<'a> {
    /// The mirror's name.
    pub mirror: &'a Name,
    /// The URL of the mirror's top folder in the channel or at the date.
    pub url: &'a str,
    /// What the client follows.
    pub follows: Follows<'a>,
    /// By which URLs it gets there.
    pub form: Form,
    /// Where the tree has its repositories.
    pub layout: &'a Layout,
    /// The paths of class root of what it is to see.
    pub roots: &'a [RelPath],
    /// Upstream's URLs, for the fallback.
    pub upstream: &'a [String],
    /// Upstream's keyrings, as this machine has them.
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

/// By which URLs a client gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The mirror's own and no other.
    Direct,
    /// The mirror's, then upstream's, for each file by itself.
    Fallback,
}

/// Writes the files that a client needs: the keys of a vendor, where the mirror has any, and the list of mirrors.
///
/// # Errors
/// [`crate::Error::BadText`] where a URL or key cannot stand in such a file, or what was asked for cannot be had; a keyring that cannot be
/// read.
pub fn client(input: &ClientInput<'_>) -> Result<Vec<ClientFile>> {
    check(input.url)?;
    input.upstream.iter().try_for_each(|url| check(url))?;
    check_form(input)?;
    let repositories = repositories(input)?;
    let keys = keys(input)?;
    let path = if is_distribution(input) {
        "/etc/pacman.d/mirrorlist".to_owned()
    } else {
        format!("/etc/pacman.d/{}-mirrorlist", input.mirror)
    };
    let mut lines = comments(input, (&path, &repositories), keys.as_ref());
    let upstream = input.upstream.iter().filter(|_| input.form == Form::Fallback);
    let urls = [input.url].into_iter().chain(upstream.map(String::as_str));
    lines.extend(urls.map(|url| format!("Server = {}", server(url, input.layout))));
    let content = lines.iter().fold(String::new(), |text, line| format!("{text}{line}\n"));
    let keys = keys.map(|(file, _)| file);
    Ok(keys.into_iter().chain([ClientFile { path, content }]).collect())
}

/// Says whether it is a tree of the distribution itself, whose list of mirrors and keys every client has.
fn is_distribution(input: &ClientInput<'_>) -> bool {
    *input.layout == Layout::default()
}

/// Says whether a signature of a database is shown.
fn has_signature(input: &ClientInput<'_>) -> bool {
    let ending = [DATABASE, SIGNATURE].concat();
    input.roots.iter().any(|root| root.as_bytes().ends_with(ending.as_bytes()))
}

fn server(url: &str, layout: &Layout) -> String {
    let url = url.trim_end_matches('/');
    match layout.as_str() {
        "" => url.to_owned(),
        layout => format!("{url}/{layout}"),
    }
}

/// Gives the names of the repositories; refuses a layout by which pacman would find none of them.
fn repositories(input: &ClientInput<'_>) -> Result<Vec<String>> {
    let databases: Vec<Database> =
        input.roots.iter().filter_map(|root| Database::try_from(root.clone()).ok()).collect();
    let found = databases.iter().filter(|database| input.layout.leads_to(database));
    let mut names: Vec<String> =
        found.map(|one| String::from_utf8_lossy(one.repository()).into_owned()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        let seen = databases.first().map_or(&b"no database"[..], |one| one.path().as_bytes());
        return Err(bad(
            "layout",
            &[input.layout.as_str().as_bytes(), b" of ", seen].concat(),
            "it does not lead to the database: write the mirror's layout into its file, \"\" where the databases lie at its top",
        ));
    }
    Ok(names)
}

/// Refuses a form that would not work when it is needed.
fn check_form(input: &ClientInput<'_>) -> Result<()> {
    let why = match (input.form, input.follows) {
        (Form::Fallback, Follows::Date(_)) => "a date has none: upstream shows today",
        (Form::Fallback, _) if input.upstream.is_empty() => {
            "the mirror's file must name upstream = \"URL\""
        }
        (Form::Direct | Form::Fallback, _) => return Ok(()),
    };
    Err(bad("fallback", input.url.as_bytes(), why))
}

/// Gives the file of a vendor's keys. Those of the distribution come with its own package.
fn keys(input: &ClientInput<'_>) -> Result<Option<(ClientFile, Vec<String>)>> {
    if input.keyrings.is_empty() || is_distribution(input) {
        return Ok(None);
    }
    let keyring = Keyring::load(input.keyrings)?;
    let content = String::from_utf8_lossy(&keyring.armor()?).into_owned();
    check_armor(&content)?;
    let path = format!("/etc/pacman.d/{}.asc", input.mirror);
    Ok(Some((ClientFile { path, content }, keyring.fingerprints())))
}

/// Refuses a URL that would be more than one, or another one, to a reader of the file.
fn check(url: &str) -> Result<()> {
    let is_clean = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]@!&'()*+=%".contains(&b);
    let why =
        "it is an http or https URL without blanks, quotes, $, ? and #: write such bytes as %24";
    check_url(url, is_clean, why)
}

#[cfg(test)]
mod tests;
