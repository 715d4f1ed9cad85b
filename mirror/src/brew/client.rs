//! The file that makes brew follow a channel or a date: `brew.env`, or lines for a shell.
//!
//! brew reads `brew.env` as lines of `NAME=value` without quotes, and passes over all others; whatever comes from a configuration
//! is checked before it stands there. What brew does when the mirror fails it says nowhere: the comments do.

mod comments;

use pinfold_store::{Name, Stamp};

use self::comments::comments;
use crate::Result;
use crate::client::{ClientFile, bad, check_url};

/// What is needed to write a client's file.
#[derive(Debug, Clone, Copy)]
pub struct ClientInput<'a> {
    /// The mirror's name.
    pub mirror: &'a Name,
    /// The URL of the mirror's top folder in the channel or at the date.
    pub url: &'a str,
    /// What the client follows.
    pub follows: Follows<'a>,
    /// By which variables it gets there.
    pub form: Form,
}

/// What a client follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows<'a> {
    /// A channel.
    Channel(&'a Name),
    /// A snapshot, and never another state.
    Date(Stamp),
    /// Whatever is newest: the mirror is a cache.
    Newest,
}

/// By which variables a client gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The mirror as the registry, and no other.
    Only,
    /// The mirror as the registry, and Homebrew's own where the mirror fails.
    Fallback,
    /// The mirror as a folder of bottles, in lines for a shell: the well-known variable.
    Lines,
}

/// Writes the file that a client needs.
///
/// # Errors
/// [`crate::Error::BadText`] where the URL cannot stand in it, or brew would ask for another one.
pub fn client(input: &ClientInput<'_>) -> Result<Vec<ClientFile>> {
    let url = input.url.trim_end_matches('/');
    check(url)?;
    let mut lines = comments(input);
    let (path, before) = match input.form {
        Form::Lines => ("/etc/profile.d/pinfold-brew.sh", "export "),
        Form::Only | Form::Fallback => ("/etc/homebrew/brew.env", ""),
    };
    lines.extend(variables(input, url).iter().map(|line| format!("{before}{line}")));
    let content = lines.iter().fold(String::new(), |text, line| format!("{text}{line}\n"));
    Ok(vec![ClientFile { path: path.to_owned(), content }])
}

/// Gives the variables.
fn variables(input: &ClientInput<'_>, url: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if input.follows != Follows::Newest {
        lines.push(format!("HOMEBREW_API_DOMAIN={url}/api"));
    }
    match input.form {
        Form::Lines => lines.push(format!("HOMEBREW_BOTTLE_DOMAIN={url}")),
        Form::Only | Form::Fallback => lines.push(format!("HOMEBREW_ARTIFACT_DOMAIN={url}")),
    }
    if input.form == Form::Only {
        lines.push("HOMEBREW_ARTIFACT_DOMAIN_NO_FALLBACK=1".to_owned());
    }
    lines.push("HOMEBREW_NO_AUTO_UPDATE=1".to_owned());
    if matches!(input.follows, Follows::Channel(_)) {
        lines.push("HOMEBREW_FORCE_API_AUTO_UPDATE=1".to_owned());
    }
    lines
}

/// Refuses a URL that would be another one to a reader of the file, or to brew: it takes a path that begins with `/v2` for that of
/// a registry, and does not add it again.
fn check(url: &str) -> Result<()> {
    let is_clean = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]@+=%".contains(&b);
    check_url(url, is_clean, "it is an http or https URL without blanks, quotes, $, ? and #")?;
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    match path {
        Some((_, path)) if path == "v2" || path.starts_with("v2/") => Err(bad(
            "URL",
            url.as_bytes(),
            "brew takes a path that begins with v2 for a registry's own: give the mirror another mount",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
