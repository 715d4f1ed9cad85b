//! The preferences by which apt goes back to an older version.
//!
//! apt never replaces an installed version by an older one unless the older one's priority is 1000 or more. Which sources
//! get that priority decides what else happens:
//!
//! - By the host of the site would lift `-backports` and other suites too that are there to be asked for only, and does not
//!   work behind a list of mirrors, which has no host.
//! - By this mirror's suites alone would put them before a security archive that the client has from elsewhere, and take its
//!   fixes back.
//!
//! So the pins are on release fields: the suites that are here, and beside them the base, `-updates` and `-security` of the
//! same release by the same origin, wherever the client has them from. Among these the newest version wins, as ever.

use std::collections::BTreeSet;

use super::suites::Suite;
use super::{ClientFile, ClientInput, Form, bad};
use crate::Result;

/// What follows the name of a release in the names of suites that bring newer versions of its packages.
const POCKETS: [&str; 3] = ["", "-updates", "-security"];

/// Writes the preferences.
pub(super) fn preferences(input: &ClientInput<'_>, suites: &[Suite]) -> Result<ClientFile> {
    let mut pins = BTreeSet::new();
    for suite in suites.iter().filter(|suite| !is_on_demand(suite)) {
        pins.extend(pins_of(input, suite)?);
    }
    if pins.is_empty() {
        let why = "its suites are NotAutomatic: apt takes their packages only when asked to";
        return Err(bad("mirror to go back with", input.mirror.as_str().as_bytes(), why));
    }
    let mut content = String::from(
        "# Written by pinfold: apt goes back to the versions that are shown, with apt-get dist-upgrade --allow-downgrades.\n\
         # A package of the same name that is newer goes too, whoever built it: remove the file when all is back.\n",
    );
    for pin in pins {
        content.push_str(&format!("\nPackage: *\nPin: {pin}\nPin-Priority: 1001\n"));
    }
    // The ending matters: a dot in the mirror's name would make apt ignore the file.
    let path = format!("/etc/apt/preferences.d/pinfold-{}.pref", input.mirror);
    Ok(ClientFile { path, content })
}

/// Says whether apt takes a suite's packages only when asked to.
fn is_on_demand(suite: &Suite) -> bool {
    suite.release.field("NotAutomatic").is_some_and(|value| value.eq_ignore_ascii_case(b"yes"))
}

/// Gives the pins of a suite and of those that bring newer versions of its packages.
fn pins_of(input: &ClientInput<'_>, suite: &Suite) -> Result<Vec<String>> {
    let field = |name: &str| suite.release.field(name).filter(|value| !value.is_empty());
    let owner = match (field("Origin"), field("Label")) {
        (Some(origin), _) => format!("o={}", value("Origin", origin)?),
        (None, Some(label)) => format!("l={}", value("Label", label)?),
        (None, None) => return host(input).map(|pin| vec![pin]),
    };
    let codename = field("Codename").map(|name| value("Codename", name)).transpose()?;
    let archive = field("Suite").map(|name| value("Suite", name)).transpose()?;
    // Where the pockets of a release share its codename, only the suite tells them apart.
    let (letter, name) = match (codename, archive) {
        (Some(codename), Some(archive)) if archive.starts_with(&codename) => ('a', archive),
        (Some(codename), _) => ('n', codename),
        (None, Some(archive)) => ('a', archive),
        (None, None) => return Ok(vec![format!("release {owner}")]),
    };
    let base = POCKETS[1..].iter().find_map(|pocket| name.strip_suffix(pocket)).unwrap_or(&name);
    let mut names: BTreeSet<String> =
        POCKETS.iter().map(|pocket| format!("{base}{pocket}")).collect();
    names.insert(name);
    Ok(names.iter().map(|name| format!("release {owner},{letter}={name}")).collect())
}

/// Gives the pin of an archive that does not say whose it is.
fn host(input: &ClientInput<'_>) -> Result<String> {
    if matches!(input.form, Form::Fallback(_)) {
        let why =
            "its Release names neither Origin nor Label, and a list of URLs has no host to pin by";
        return Err(bad("mirror to go back with", input.mirror.as_str().as_bytes(), why));
    }
    let rest = input.url.split_once("//").map_or(input.url, |(_, rest)| rest);
    let host = rest.split(['/', ':']).next().unwrap_or(rest);
    Ok(format!("origin \"{host}\""))
}

/// Checks a value from the archive: a comma would begin another field, a slash at its start a regular expression.
fn value(what: &'static str, bytes: &[u8]) -> Result<String> {
    let is_plain = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(
                b,
                b' ' | b'.' | b'_' | b'-' | b'+' | b'~' | b':' | b'/' | b'@' | b'(' | b')' | b'&'
            )
    };
    let starts_well = bytes.first().is_some_and(u8::is_ascii_alphanumeric);
    if starts_well && bytes.iter().all(is_plain) {
        return Ok(String::from_utf8_lossy(bytes).into_owned());
    }
    Err(bad(what, bytes, "it cannot stand in a pin"))
}
