//! How URLs are spelled: for servers, and for people who must not see their secrets.

use pinfold_store::path::escape;

/// Takes what could be a login or a query out of a text that is no URL.
pub(super) fn without_secrets(text: &str) -> String {
    let (text, query) = text.split_once('?').unwrap_or((text, ""));
    // Either the login holds a question mark or the query an at sign.
    let text = if query.contains('@') { text.split("//").next().unwrap_or_default() } else { text };
    let rest = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    let scheme = text.split_once("://").filter(|(scheme, _)| !scheme.contains('@'));
    match scheme {
        Some((scheme, _)) if rest.len() < text.len() => {
            escape(format!("{scheme}://{rest}").as_bytes())
        }
        _ => escape(rest.as_bytes()),
    }
}

/// Encodes the bytes of a path: apt writes `+` and `~` as escapes too, in lower case, and proxies keep what they have
/// under the name that was asked for.
pub(super) fn encode(bytes: &[u8], into: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._/:@!$&'()*,;=".contains(byte) {
            into.push(char::from(*byte));
        } else {
            into.push('%');
            into.push(char::from(DIGITS[usize::from(byte >> 4)]));
            into.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}
