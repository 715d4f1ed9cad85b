//! The keys that a client is given, and where.

use super::{ClientInput, Follows, Form};
use crate::Result;
use crate::client::{ClientFile, check_armor};
use crate::sign::Keyring;

/// Where our public keys go on a client.
const OURS: &str = "/etc/apt/keyrings/pinfold.asc";
/// Where they go on a client that is to trust them for everything.
pub(super) const TRUSTED: &str = "/etc/apt/trusted.gpg.d/pinfold.asc";

/// The keys of a client.
pub(super) struct Keys {
    /// The files to be installed.
    pub(super) files: Vec<ClientFile>,
    /// What `Signed-By` names. A snapshot that apt finds by itself (`Snapshots`) inherits it, and so does a fallback, so that
    /// ours and upstream's stand together; empty means whatever the client trusts.
    pub(super) signed_by: Vec<String>,
}

/// Gives our key, where the channel shows our signature, and upstream's.
///
/// Upstream's are printed too, and not named where a package of the distribution may have put them: with one file missing
/// that `Signed-By` names, apt refuses everything.
pub(super) fn keys(input: &ClientInput<'_>) -> Result<Keys> {
    let is_plain = input.form == Form::Plain;
    let mut keys = Keys { files: Vec::new(), signed_by: Vec::new() };
    let mut is_enough = false;
    if let Follows::Local { public_key, .. } = input.follows {
        check_armor(public_key)?;
        let path = if is_plain { TRUSTED } else { OURS };
        keys.add(path.to_owned(), public_key.to_owned());
        is_enough = is_plain;
    }
    if !input.keyrings.is_empty() && !is_enough {
        let armor = Keyring::load(input.keyrings)?.armor()?;
        let armor = String::from_utf8_lossy(&armor).into_owned();
        check_armor(&armor)?;
        let folder = if is_plain { "trusted.gpg.d" } else { "keyrings" };
        keys.add(format!("/etc/apt/{folder}/pinfold-{}-upstream.asc", input.mirror), armor);
    }
    Ok(keys)
}

impl Keys {
    fn add(&mut self, path: String, content: String) {
        self.signed_by.push(path.clone());
        self.files.push(ClientFile { path, content });
    }
}
