//! The file that makes dnf or zypper follow a channel or a date.
//!
//! Both read it as root, and put values in the place of `$names` within it: what comes from elsewhere is checked before it
//! stands there. Every file is whole by itself, and says in comments what it costs: neither program says any of it.

mod comments;

use std::num::NonZeroU16;
use std::path::PathBuf;

use pinfold_store::{Name, Stamp};

use self::comments::comments;
use crate::Result;
use crate::client::{ClientFile, bad, check_armor, check_url};
use crate::sign::Keyring;

/// The name below a repository at which a channel serves the list that names its dated tree.
///
/// It must not hold the word `metalink`: dnf would take the list for one.
pub(super) const LIST_NAME: &str = "mirrorlist";

/// The minutes within which clients see a move unless told otherwise.
pub const MINUTES: NonZeroU16 = NonZeroU16::new(5).expect("BUG: five is not zero");

/// What is needed to write a client's file.
#[derive(Debug, Clone)]
pub struct ClientInput<'a> {
    /// The name of the mirror, or of a repository of it: file, section and key are named after it.
    pub mirror: &'a Name,
    /// Which program reads the file.
    pub tool: Tool,
    /// The URL of the repository in the channel or at the date.
    pub url: &'a str,
    /// What the client follows.
    pub follows: Follows<'a>,
    /// By which URLs it gets there.
    pub form: Form,
    /// What upstream signs.
    pub signed: Signed,
    /// Upstream's URLs, for the fallback.
    pub upstream: &'a [String],
    /// Upstream's keyrings, as this machine has them.
    pub keyrings: &'a [PathBuf],
}

/// The programs that read repositories of rpm packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Of Fedora, RHEL and its kin.
    Dnf,
    /// Of SUSE.
    Zypper,
}

/// What a client follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows<'a> {
    /// A channel.
    Channel {
        /// Which one.
        channel: &'a Name,
        /// Within how many minutes a move is seen.
        minutes: NonZeroU16,
    },
    /// A snapshot, and never another state.
    Date(Stamp),
}

/// By which URLs a client gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The mirror's own and no other.
    Direct,
    /// The mirror's, then upstream's: while the mirror does not answer, everything comes from there.
    Fallback,
    /// That of the dated tree that the channel shows, by a list which the channel serves: one date a transaction.
    List,
}

/// What upstream signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// `repomd.xml`, and so all that it names.
    Metadata,
    /// The packages only.
    Packages,
    /// Nothing.
    Nothing,
}

/// Writes the files that a client needs: the keys, where the mirror has any, and the section of its repository.
///
/// # Errors
/// [`crate::Error::BadText`] where a URL or key cannot stand in such a file, or what was asked for cannot be had; a keyring that cannot
/// be read.
pub fn client(input: &ClientInput<'_>) -> Result<Vec<ClientFile>> {
    check(input.url)?;
    input.upstream.iter().try_for_each(|url| check(url))?;
    check_form(input)?;
    let keys = keys(input)?;
    let folder = match input.tool {
        Tool::Dnf => "/etc/yum.repos.d",
        Tool::Zypper => "/etc/zypp/repos.d",
    };
    let mut lines = comments(input, keys.as_ref());
    lines.push(format!("[{}]", input.mirror));
    lines.push(format!("name={}", title(input)));
    lines.extend(urls(input));
    lines.push("enabled=1".to_owned());
    lines.extend(trust(input, keys.as_ref()));
    lines.extend(when(input));
    let section = ClientFile {
        path: format!("{folder}/pinfold-{}.repo", input.mirror),
        content: lines.iter().fold(String::new(), |text, line| format!("{text}{line}\n")),
    };
    Ok(keys.into_iter().chain([section]).collect())
}

/// Makes the list that a channel serves at [`LIST_NAME`] below a repository, of the repository's URL in the dated tree that it
/// shows: root metadata of its generation, which moves with the channel.
///
/// # Errors
/// [`crate::Error::BadText`] where the URL cannot stand in it.
pub(super) fn dated_list(dated_url: &str) -> Result<Vec<u8>> {
    check(dated_url)?;
    Ok(format!("{}\n", folder(dated_url)).into_bytes())
}

/// Refuses a form that would not work when it is needed.
fn check_form(input: &ClientInput<'_>) -> Result<()> {
    let is_date = matches!(input.follows, Follows::Date(_));
    let (what, why) = match input.form {
        Form::Fallback if is_date => ("fallback", "a date has none: upstream shows today"),
        Form::Fallback if input.upstream.is_empty() => {
            ("fallback", "the mirror's file must name upstream = \"URL\"")
        }
        Form::List if is_date => ("list", "a date needs none: its URL names the tree"),
        // dnf decides by the whole URL.
        Form::List if input.url.contains("metalink") => {
            ("list", "dnf takes a list for a metalink where its URL holds that word")
        }
        Form::Direct | Form::Fallback | Form::List => return Ok(()),
    };
    Err(bad(what, input.url.as_bytes(), why))
}

/// Gives the file of upstream's keys: a file of the client, because a key that comes by the mirror proves nothing.
fn keys(input: &ClientInput<'_>) -> Result<Option<ClientFile>> {
    if input.keyrings.is_empty() || input.signed == Signed::Nothing {
        return Ok(None);
    }
    let armor = Keyring::load(input.keyrings)?.armor()?;
    let content = String::from_utf8_lossy(&armor).into_owned();
    check_armor(&content)?;
    let path = format!("/etc/pki/rpm-gpg/pinfold-{}.asc", input.mirror);
    Ok(Some(ClientFile { path, content }))
}

fn title(input: &ClientInput<'_>) -> String {
    match input.follows {
        Follows::Channel { channel, .. } => format!("{} as {channel} shows it", input.mirror),
        Follows::Date(taken) => format!("{} as it was at {taken}", input.mirror),
    }
}

/// Writes from where it comes.
fn urls(input: &ClientInput<'_>) -> Vec<String> {
    let own = folder(input.url);
    match input.form {
        Form::Direct => vec![format!("baseurl={own}")],
        Form::Fallback => {
            let upstream = input.upstream.iter().map(|url| format!("        {}", folder(url)));
            [format!("baseurl={own}")].into_iter().chain(upstream).collect()
        }
        Form::List => vec![format!("mirrorlist={own}{LIST_NAME}")],
    }
}

/// Writes whom to believe.
fn trust(input: &ClientInput<'_>, keys: Option<&ClientFile>) -> Vec<String> {
    let options: &[&str] = match (input.tool, input.signed) {
        (_, Signed::Nothing) => &["gpgcheck=0", "repo_gpgcheck=0"],
        // Of metadata dnf believes the keys of this section only.
        (Tool::Dnf, Signed::Metadata) if keys.is_some() => &["gpgcheck=1", "repo_gpgcheck=1"],
        (Tool::Dnf, Signed::Metadata | Signed::Packages) => &["gpgcheck=1", "repo_gpgcheck=0"],
        (Tool::Zypper, Signed::Metadata) => &["gpgcheck=1"],
        // Without the last it would ask about metadata that nobody signs, and not look at packages.
        (Tool::Zypper, Signed::Packages) => &["gpgcheck=1", "repo_gpgcheck=0", "pkg_gpgcheck=1"],
    };
    let key = keys.map(|file| format!("gpgkey=file://{}", file.path));
    options.iter().map(|option| (*option).to_owned()).chain(key).collect()
}

/// Writes when it asks again, and what it does where nobody answers.
fn when(input: &ClientInput<'_>) -> Vec<String> {
    let mut options = Vec::new();
    let mut add = |option: &str| options.push(option.to_owned());
    match (input.tool, input.follows) {
        (Tool::Dnf, Follows::Channel { minutes, .. }) => {
            add(&format!("metadata_expire={}", u32::from(minutes.get()) * 60));
        }
        (Tool::Dnf, Follows::Date(_)) => add("metadata_expire=never"),
        (Tool::Zypper, Follows::Channel { .. }) => add("autorefresh=1"),
        (Tool::Zypper, Follows::Date(_)) => add("autorefresh=0"),
    }
    match input.tool {
        Tool::Dnf => {
            if input.form == Form::Fallback {
                add("max_downloads_per_mirror=20");
                add("timeout=5");
            }
            add("skip_if_unavailable=0");
            add("countme=0");
        }
        Tool::Zypper => add("keeppackages=0"),
    }
    options
}

/// Ends a URL in a slash.
fn folder(url: &str) -> String {
    format!("{}/", url.trim_end_matches('/'))
}

/// Refuses a URL that would be more than one, or another one, to a reader of the file: both split values at blanks and commas,
/// replace `$name`, and read a query or fragment as something of their own.
fn check(url: &str) -> Result<()> {
    let is_clean = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]@!&'()*+=%".contains(&b);
    let why = "it is an http or https URL without blanks, quotes, commas, $, ? and #: write such bytes as %24";
    check_url(url, is_clean, why)?;
    let is_escape =
        |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|digit| digit.is_ascii_hexdigit());
    if url.split('%').skip(1).all(is_escape) {
        return Ok(());
    }
    Err(bad("URL", url.as_bytes(), "a % in it is followed by two hexadecimal digits"))
}

#[cfg(test)]
mod tests;
