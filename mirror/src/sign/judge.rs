//! Whether one signature counts: by whom it is, whether it is of these bytes, and whether its key may vouch now.

use std::cell::OnceCell;
use std::time::{SystemTime, UNIX_EPOCH};

use pinfold_store::path::escape;
use sequoia_openpgp::cert::amalgamation::key::ErasedKeyAmalgamation;
use sequoia_openpgp::cert::amalgamation::{ValidAmalgamation, ValidateAmalgamation};
use sequoia_openpgp::crypto::hash::Context;
use sequoia_openpgp::crypto::mpi::PublicKey;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::key::{Key, PublicParts, UnspecifiedRole};
use sequoia_openpgp::policy::{AsymmetricAlgorithm, HashAlgoSecurity, Policy, StandardPolicy};
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::{HashAlgorithm, RevocationStatus, SignatureType};
use sequoia_openpgp::{Cert, Packet, anyhow, packet};

use super::{Keyring, Rules, Signer, chain, shown_time, timestamp};

/// How far ahead of our clock a signer's may be.
const SKEW_SECONDS_MAX: i64 = 30 * 60;
/// The earliest time to judge algorithms by: what was broken since does not become good again by a clock that is wrong.
const ALGORITHMS_SINCE: i64 = 1_767_225_600;
/// The smallest RSA and DSA keys that an operator can opt in for.
const OLD_BITS_MIN: usize = 1024;
/// The largest that the cryptographic library takes.
const RSA_BITS_MAX: usize = 4096;

/// What a signature is worth.
pub(crate) enum Verdict {
    /// It counts: by whom, and what whoever reads of it should hear of the key.
    Good(Signer, Option<String>),
    /// It is by a known key, and spoils all others: by whom, and why.
    Bad(String),
    /// It does not count: by whom, and why.
    Ignored(String),
    /// It is by a key that is not in the keyring: by which.
    Unknown(String),
}

/// Whose clients read it, where they differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Custom {
    /// A key must be valid now: apt refuses what an expired one signed.
    Apt,
    /// A key must have been valid when it signed: packages outlive the keys of their vendors. Signatures of version 3 count, which
    /// rpm wrote for twenty years; formats/rpm.md, section 3.
    Rpm,
}

/// What signatures are measured by.
#[derive(Clone, Copy)]
pub(super) struct Measure<'a> {
    pub(super) keyring: &'a Keyring,
    pub(super) rules: &'a Rules,
    pub(super) custom: Custom,
}

/// What is signed.
pub(super) enum Document<'a> {
    /// Bytes that are at hand.
    Bytes(Bytes<'a>),
    /// Bytes that passed by, hashed for one signature; `None` where nothing here can compute its hash.
    Passed(Option<Context>),
}

impl<'a> Document<'a> {
    /// Takes the bytes that are signed.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self::Bytes(Bytes::new(bytes))
    }

    /// Says whether a signature is of these bytes; `None` where it is of another kind.
    fn verify(
        &self,
        signature: &Signature,
        key: &Key<PublicParts, UnspecifiedRole>,
    ) -> Option<anyhow::Result<()>> {
        match (self, signature.typ()) {
            (Self::Bytes(whole), SignatureType::Binary) => {
                Some(signature.verify_message(key, whole.bytes))
            }
            (Self::Bytes(whole), SignatureType::Text) => {
                Some(signature.verify_message(key, whole.text()))
            }
            (Self::Passed(Some(context)), SignatureType::Binary) => {
                Some(signature.verify_hash(key, context.clone()))
            }
            (Self::Passed(None), SignatureType::Binary) => {
                let hash = signature.hash_algo();
                Some(Err(sequoia_openpgp::Error::UnsupportedHashAlgorithm(hash).into()))
            }
            _ => None,
        }
    }
}

/// Bytes in both forms that a signature can cover.
pub(super) struct Bytes<'a> {
    bytes: &'a [u8],
    text: OnceCell<Vec<u8>>,
}

impl<'a> Bytes<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, text: OnceCell::new() }
    }

    /// Gives the bytes with every line end as CRLF, which is what a signature of a text covers.
    fn text(&self) -> &[u8] {
        self.text.get_or_init(|| {
            let mut text = Vec::with_capacity(self.bytes.len() + self.bytes.len() / 32);
            for line in self.bytes.split_inclusive(|b| *b == b'\n') {
                let Some(line) = line.strip_suffix(b"\n") else {
                    text.extend_from_slice(line);
                    break;
                };
                text.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                text.extend_from_slice(b"\r\n");
            }
            text
        })
    }
}

/// Judges one signature (step 5).
pub(super) fn judge(
    signature: &Signature,
    document: &Document<'_>,
    measure: Measure<'_>,
) -> Verdict {
    let names = signature.get_issuers();
    let Some(name) = names.iter().max_by_key(|name| name.as_bytes().len()) else {
        return Verdict::Ignored("a signature that names no key".to_owned());
    };
    // A key may stand in several certificates, and short names in several keys: the best of its verdicts is the true one.
    let keys = measure.keyring.keys(&names);
    let verdicts = keys.map(|key| by_key(signature, document, &key, measure));
    let best = verdicts.min_by_key(|verdict| match verdict {
        Verdict::Good(..) => 0,
        Verdict::Ignored(_) | Verdict::Unknown(_) => 1,
        Verdict::Bad(_) => 2,
    });
    best.unwrap_or_else(|| Verdict::Unknown(name.to_hex()))
}

/// Judges a signature by one of the keys that it names. Whether it is of these bytes comes first: apt refuses a BAD one by
/// an expired or weak key too.
fn by_key(
    signature: &Signature,
    document: &Document<'_>,
    key: &ErasedKeyAmalgamation<'_, PublicParts>,
    measure: Measure<'_>,
) -> Verdict {
    let user_id = user_id(key.cert(), measure);
    let who = match user_id.as_str() {
        "" => key.cert().fingerprint().to_hex(),
        name => format!("{} ({name})", key.cert().fingerprint()),
    };
    let ignored = |why: String| Verdict::Ignored(format!("one by {who}: {why}"));
    let bad = |why: &str| Verdict::Bad(format!("a signature by {who} is BAD: {why}"));
    let Some(made) = signature.signature_creation_time().map(seconds) else {
        return ignored("it does not say when it was made".to_owned());
    };
    if made < seconds(key.key().creation_time()) {
        return ignored("it claims to be older than its key".to_owned());
    }
    if rsa_bits(key.key().mpis()).is_some_and(|bits| bits > RSA_BITS_MAX) {
        return ignored(format!("it cannot be checked: RSA of more than {RSA_BITS_MAX} bits"));
    }
    let Some(verified) = document.verify(signature, key.key()) else {
        return ignored(format!("it is a signature of another kind: {}", signature.typ()));
    };
    if let Err(e) = verified {
        if is_unsupported(&e) {
            return ignored(format!("it cannot be checked: {}", chain(&e)));
        }
        return bad("these are not the signed bytes");
    }
    if let Err(e) = check_critical(signature, measure) {
        return bad(&chain(&e));
    }
    let check = |measure| {
        check_signature(signature, made, measure).and_then(|()| check_key(key, made, measure))
    };
    let judged = check(measure).and_then(|expired| Ok((expired, to_armor(key.cert())?)));
    let (expired, certificate) = match judged {
        Err(why) if measure.rules.weak_keys => return ignored(why),
        Err(why) => {
            let rules = Rules { weak_keys: true, ..measure.rules.clone() };
            let would_do = check(Measure { rules: &rules, ..measure }).is_ok();
            let mend = if would_do { "; weak-keys = true takes such keys" } else { "" };
            return ignored(format!("{why}{mend}"));
        }
        Ok(judged) => judged,
    };
    let fingerprint = key.cert().fingerprint().to_hex();
    let subkey = key.key().fingerprint().to_hex();
    let warning = expired.map(|why| format!("one by {who} counts though {why}"));
    Verdict::Good(Signer { fingerprint, subkey, user_id, made, certificate }, warning)
}

/// Checks that everything is known that the signer calls critical; like gpg, which says BAD otherwise, whatever the hash.
fn check_critical(signature: &Signature, measure: Measure<'_>) -> anyhow::Result<()> {
    let mut policy = policy(measure);
    policy.accept_hash(signature.hash_algo());
    policy.signature(signature, HashAlgoSecurity::CollisionResistance)
}

/// Checks what a signature says of itself.
fn check_signature(signature: &Signature, made: i64, measure: Measure<'_>) -> Result<(), String> {
    let rules = measure.rules;
    let hash = signature.hash_algo();
    if !matches!(hash, HashAlgorithm::SHA256 | HashAlgorithm::SHA384 | HashAlgorithm::SHA512) {
        return Err(format!("it uses {hash}, only SHA-256, SHA-384 and SHA-512 count"));
    }
    policy(measure).packet(&Packet::from(signature.clone())).map_err(|e| chain(&e))?;
    if made > rules.now.saturating_add(SKEW_SECONDS_MAX) {
        return Err(format!(
            "it was made in the future, {}, now is {}",
            shown_time(made),
            shown_time(rules.now)
        ));
    }
    match signature.signature_expiration_time().map(seconds) {
        Some(end) if end <= rules.now => Err(format!("it expired on {}", shown_time(end))),
        _ => Ok(()),
    }
}

/// Checks whether a key may vouch: now, whatever it might when the signature was made, or by the custom of rpm then. Gives what
/// is wrong with it now where that does not matter.
fn check_key(
    key: &ErasedKeyAmalgamation<'_, PublicParts>,
    made: i64,
    measure: Measure<'_>,
) -> Result<Option<String>, String> {
    let Measure { rules, custom, .. } = measure;
    let policy = policy(measure);
    // A signer's clock may be ahead of ours, and its key as new as the signature.
    let at = SystemTime::from(timestamp(rules.now.max(made)));
    let key = key
        .clone()
        .with_policy(&policy, at)
        .map_err(|e| format!("its key is not valid: {}", chain(&e)))?;
    let cert = key.valid_cert();
    let ends = [cert.primary_key().key_expiration_time(), key.key_expiration_time()];
    let end = ends.into_iter().flatten().min().filter(|end| *end <= at).map(seconds);
    let expired = end.map(|end| format!("its key expired on {}", shown_time(end)));
    match &expired {
        Some(_) if custom == Custom::Rpm && end > Some(made) => {}
        Some(why) => return Err(why.clone()),
        None => cert
            .alive()
            .and_then(|()| key.alive())
            .map_err(|e| format!("its key is not valid: {}", chain(&e)))?,
    }
    let is_revoked = |status| matches!(status, RevocationStatus::Revoked(_));
    if is_revoked(cert.revocation_status()) || is_revoked(key.revocation_status()) {
        return Err("its key was revoked".to_owned());
    }
    if !key.for_signing() {
        return Err("its key is not made for signing texts".to_owned());
    }
    // The policy has one name for all RSA below 2048 bits, and one for all such DSA.
    for key in [cert.primary_key().key().mpis(), key.key().mpis()] {
        if let Some((name, bits)) = old_bits(key).filter(|(_, bits)| *bits < OLD_BITS_MIN) {
            return Err(format!("its key is {name} of less than {OLD_BITS_MIN} bits, {bits}"));
        }
    }
    let own = [cert.fingerprint().to_hex(), key.key().fingerprint().to_hex()];
    if !rules.signers.is_empty() && !rules.signers.iter().any(|one| own.contains(&plain(one))) {
        return Err("its key is not one of the accepted ones".to_owned());
    }
    Ok(expired)
}

/// Makes the policy for keys and what binds them.
fn policy(measure: Measure<'_>) -> StandardPolicy<'static> {
    let Measure { rules, custom, .. } = measure;
    let mut policy = StandardPolicy::at(timestamp(rules.now.max(ALGORITHMS_SINCE)));
    // Whoever can forge a revocation by a weak hash can only do harm to himself; one that is real must count for ever.
    policy.hash_revocation_tolerance(u32::MAX);
    if custom == Custom::Rpm {
        policy.accept_packet_tag_version(packet::Tag::Signature, 3);
    }
    if rules.weak_keys {
        policy
            .accept_hash_property(HashAlgorithm::SHA1, HashAlgoSecurity::SecondPreImageResistance);
        policy.accept_asymmetric_algo(AsymmetricAlgorithm::RSA1024);
    }
    // apt's custom knows no such keys: what it takes must not be more than the real one does.
    if rules.weak_keys && custom == Custom::Rpm {
        policy.accept_asymmetric_algo(AsymmetricAlgorithm::DSA1024);
    }
    policy
}

/// Gives the size of an RSA key.
fn rsa_bits(key: &PublicKey) -> Option<usize> {
    matches!(key, PublicKey::RSA { .. }).then(|| key.bits().unwrap_or(0))
}

/// Gives the kind and the size of a key of the kinds that were once made too small.
fn old_bits(key: &PublicKey) -> Option<(&'static str, usize)> {
    let name = match key {
        PublicKey::RSA { .. } => "RSA",
        PublicKey::DSA { .. } => "DSA",
        _ => return None,
    };
    Some((name, key.bits().unwrap_or(0)))
}

/// Says whether an error means that a signature cannot be checked here; every other one means that it is BAD.
fn is_unsupported(error: &anyhow::Error) -> bool {
    use sequoia_openpgp::Error;
    matches!(
        error.downcast_ref(),
        Some(
            Error::UnsupportedHashAlgorithm(_)
                | Error::UnsupportedPublicKeyAlgorithm(_)
                | Error::UnsupportedEllipticCurve(_)
        )
    )
}

/// Gives the name on a certificate, whatever is wrong with its binding.
fn user_id(cert: &Cert, measure: Measure<'_>) -> String {
    let policy = policy(measure);
    let valid = cert.with_policy(&policy, SystemTime::from(timestamp(measure.rules.now)));
    let primary = valid.and_then(|valid| Ok(escape(valid.primary_userid()?.userid().value())));
    let first = || cert.userids().next().map(|one| escape(one.userid().value()));
    primary.ok().or_else(first).unwrap_or_default()
}

/// Writes a certificate, armored.
fn to_armor(cert: &Cert) -> Result<Vec<u8>, String> {
    cert.armored().to_vec().map_err(|e| format!("its certificate cannot be written: {}", chain(&e)))
}

/// Brings a fingerprint that somebody wrote to the form that we compare.
fn plain(fingerprint: &str) -> String {
    fingerprint.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_uppercase()
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(since).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
