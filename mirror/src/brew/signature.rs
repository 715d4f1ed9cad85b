//! Who signed a list: a JWS of RSA-PSS and SHA-512 whose payload stands in it as text, by the rules of brew.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use pinfold_store::path::escape;
use serde::Deserialize;

use super::packages::Envelope;
use crate::sign::{NamedKey, NamedKeys};

/// A signature of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Signature {
    #[serde(default)]
    protected: String,
    #[serde(default)]
    header: Header,
    #[serde(default)]
    signature: String,
}

#[derive(Debug, Default, Deserialize)]
struct Header {
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Protected {
    alg: String,
    /// Without it the payload would have to be encoded.
    b64: Option<bool>,
}

/// Finds the first signature by one of some keys, which has to be right, as for brew the one of its key has to be. A key is
/// called as its file is, with or without its last ending.
pub(super) fn verify<'k>(envelope: &Envelope, keys: &'k NamedKeys) -> Result<&'k NamedKey, String> {
    let find = |signature: &Signature| {
        let kid = signature.header.kid.as_deref()?;
        keys.get(kid).or_else(|| keys.iter().find(|key| stem(&key.name) == kid))
    };
    let known = envelope.signatures.iter().find_map(|one| Some((one, find(one)?)));
    let Some((signature, key)) = known else {
        let kids = envelope.signatures.iter().map(|one| one.header.kid.as_deref());
        let kids: Vec<String> =
            kids.map(|kid| escape(kid.unwrap_or("nobody").as_bytes())).take(8).collect();
        let ours: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
        return Err(format!(
            "it is signed by {}, and accepted is {}",
            if kids.is_empty() { "nobody".to_owned() } else { kids.join(", ") },
            ours.join(", ")
        ));
    };
    let wrong = |why: &str| format!("the signature by {} does not count: {why}", key.name);
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
    let protected = decode(&signature.protected)
        .and_then(|bytes| serde_json::from_slice::<Protected>(&bytes).ok());
    if !protected.is_some_and(|one| one.alg == "PS512" && one.b64 == Some(false)) {
        return Err(wrong("it is none of PS512 over text as it stands"));
    }
    let bytes = decode(&signature.signature).ok_or_else(|| wrong("it is not encoded"))?;
    let text = [&signature.protected, ".", &envelope.payload].concat();
    match key.flaw_of_pss(text.as_bytes(), &bytes) {
        None => Ok(key),
        Some(why) => Err(wrong(&why)),
    }
}

/// Gives a file's name without its last ending.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests;
