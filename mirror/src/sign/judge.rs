//! Whether one signature counts: by whom it is, whether it is of these bytes, and whether its key may vouch now.

use std::cell::OnceCell;
use std::time::{SystemTime, UNIX_EPOCH};

use pinfold_store::path::escape;
use sequoia_openpgp::cert::amalgamation::key::ErasedKeyAmalgamation;
use sequoia_openpgp::cert::amalgamation::{ValidAmalgamation, ValidateAmalgamation};
use sequoia_openpgp::crypto::mpi::PublicKey;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::policy::{AsymmetricAlgorithm, HashAlgoSecurity, Policy, StandardPolicy};
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::{HashAlgorithm, RevocationStatus, SignatureType};
use sequoia_openpgp::{Cert, Packet, anyhow};

use super::{Keyring, Rules, Signer, shown_time, timestamp};

/// How far ahead of our clock a signer's may be.
const SKEW_SECONDS_MAX: i64 = 30 * 60;
/// The smallest RSA and DSA keys that an operator can opt in for.
const WEAK_BITS_MIN: usize = 1024;

/// What a signature is worth.
pub(super) enum Verdict {
    /// It counts.
    Good(Signer),
    /// It is by a known key, and not of these bytes: by whom.
    Bad(String),
    /// It does not count: by whom, and why.
    Ignored(String),
}

/// The bytes that are signed, in both forms that a signature can cover.
pub(super) struct Document<'a> {
    bytes: &'a [u8],
    text: OnceCell<Vec<u8>>,
}

impl<'a> Document<'a> {
    /// Takes the bytes that are signed.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, text: OnceCell::new() }
    }

    /// Gives the bytes with every line end as CRLF, which is what a signature of a text covers.
    fn text(&self) -> &[u8] {
        self.text.get_or_init(|| {
            let mut text = Vec::with_capacity(self.bytes.len() + self.bytes.len() / 32);
            for (at, line) in self.bytes.split(|b| *b == b'\n').enumerate() {
                if at > 0 {
                    text.extend_from_slice(b"\r\n");
                }
                text.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            }
            text
        })
    }
}

/// Judges one signature (step 5).
pub(super) fn judge(
    signature: &Signature,
    document: &Document<'_>,
    keyring: &Keyring,
    rules: &Rules,
) -> Verdict {
    let names = signature.get_issuers();
    let Some(name) = names.iter().max_by_key(|name| name.as_bytes().len()) else {
        return Verdict::Ignored("a signature that names no key".to_owned());
    };
    // A key may stand in several certificates, and short names in several keys: the best of its verdicts is the true one.
    let verdicts = keyring.keys(&names).map(|key| by_key(signature, document, &key, rules));
    let best = verdicts.min_by_key(|verdict| match verdict {
        Verdict::Good(_) => 0,
        Verdict::Ignored(_) => 1,
        Verdict::Bad(_) => 2,
    });
    best.unwrap_or_else(|| {
        Verdict::Ignored(format!("one by {name}: its key is not in the keyring"))
    })
}

/// Judges a signature by one of the keys that it names. Whether it is of these bytes comes first: apt refuses a BAD one by
/// an expired or weak key too.
fn by_key(
    signature: &Signature,
    document: &Document<'_>,
    key: &ErasedKeyAmalgamation<'_, PublicParts>,
    rules: &Rules,
) -> Verdict {
    let user_id = user_id(key.cert(), rules);
    let who = format!("{} ({user_id})", key.cert().fingerprint());
    let ignored = |why: String| Verdict::Ignored(format!("one by {who}: {why}"));
    let Some(made) = signature.signature_creation_time().map(seconds) else {
        return ignored("it does not say when it was made".to_owned());
    };
    if made < seconds(key.key().creation_time()) {
        return ignored("it claims to be older than its key".to_owned());
    }
    let bytes = match signature.typ() {
        SignatureType::Binary => document.bytes,
        SignatureType::Text => document.text(),
        other => return ignored(format!("it is a signature of another kind: {other}")),
    };
    if let Err(e) = signature.verify_message(key.key(), bytes) {
        return if is_unknown(&e) { ignored(format!("{e}")) } else { Verdict::Bad(who) };
    }
    let judged = check_signature(signature, made, rules)
        .and_then(|()| check_key(key, made, rules))
        .and_then(|()| to_armor(key.cert()));
    match judged {
        Err(why) => ignored(why),
        Ok(certificate) => Verdict::Good(Signer {
            fingerprint: key.cert().fingerprint().to_hex(),
            subkey: key.key().fingerprint().to_hex(),
            user_id,
            made,
            certificate,
        }),
    }
}

/// Checks what a signature says of itself.
fn check_signature(signature: &Signature, made: i64, rules: &Rules) -> Result<(), String> {
    let hash = signature.hash_algo();
    if !matches!(hash, HashAlgorithm::SHA256 | HashAlgorithm::SHA384 | HashAlgorithm::SHA512) {
        return Err(format!("it uses {hash}, only SHA-256, SHA-384 and SHA-512 count"));
    }
    let policy = policy(rules);
    policy
        .packet(&Packet::from(signature.clone()))
        .and_then(|()| policy.signature(signature, HashAlgoSecurity::CollisionResistance))
        .map_err(|e| format!("{e:#}"))?;
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

/// Checks whether a key may vouch now, whatever it might when the signature was made.
fn check_key(
    key: &ErasedKeyAmalgamation<'_, PublicParts>,
    made: i64,
    rules: &Rules,
) -> Result<(), String> {
    let policy = policy(rules);
    // A signer's clock may be ahead of ours, and its key as new as the signature.
    let at = SystemTime::from(timestamp(rules.now.max(made)));
    let key =
        key.clone().with_policy(&policy, at).map_err(|e| format!("its key is not valid: {e:#}"))?;
    let cert = key.valid_cert();
    let ends = [cert.primary_key().key_expiration_time(), key.key_expiration_time()];
    if let Some(end) = ends.into_iter().flatten().min().filter(|end| *end <= at) {
        return Err(format!("its key expired on {}", shown_time(seconds(end))));
    }
    cert.alive().and_then(|()| key.alive()).map_err(|e| format!("its key is not valid: {e:#}"))?;
    let is_revoked = |status| matches!(status, RevocationStatus::Revoked(_));
    if is_revoked(cert.revocation_status()) || is_revoked(key.revocation_status()) {
        return Err("its key was revoked".to_owned());
    }
    if !key.for_signing() {
        return Err("its key is not made for signing texts".to_owned());
    }
    if [cert.primary_key().key().mpis(), key.key().mpis()].into_iter().any(is_tiny) {
        return Err(format!("its key is RSA of less than {WEAK_BITS_MIN} bits"));
    }
    let own = [cert.fingerprint().to_hex(), key.key().fingerprint().to_hex()];
    if !rules.signers.is_empty() && !rules.signers.iter().any(|one| own.contains(&plain(one))) {
        return Err("its key is not one of the accepted ones".to_owned());
    }
    Ok(())
}

/// Makes the policy for keys and what binds them.
fn policy(rules: &Rules) -> StandardPolicy<'static> {
    let mut policy = StandardPolicy::at(timestamp(rules.now));
    // Whoever can forge a revocation by a weak hash can only do harm to himself; one that is real must count for ever.
    policy.hash_revocation_tolerance(u32::MAX);
    if rules.weak_keys {
        policy
            .accept_hash_property(HashAlgorithm::SHA1, HashAlgoSecurity::SecondPreImageResistance);
        policy.accept_asymmetric_algo(AsymmetricAlgorithm::RSA1024);
    }
    policy
}

/// Says whether a key is too small for every opt-in: the policy has one name for all RSA below 2048 bits.
fn is_tiny(key: &PublicKey) -> bool {
    matches!(key, PublicKey::RSA { .. }) && key.bits().is_none_or(|bits| bits < WEAK_BITS_MIN)
}

/// Says whether a signature could not be checked, which is not the same as being BAD.
fn is_unknown(error: &anyhow::Error) -> bool {
    !matches!(
        error.downcast_ref(),
        Some(sequoia_openpgp::Error::BadSignature(_) | sequoia_openpgp::Error::ManipulatedMessage)
    )
}

/// Gives the name on a certificate, whatever is wrong with its binding.
fn user_id(cert: &Cert, rules: &Rules) -> String {
    let policy = policy(rules);
    let valid = cert.with_policy(&policy, SystemTime::from(timestamp(rules.now)));
    let primary = valid.and_then(|valid| Ok(escape(valid.primary_userid()?.userid().value())));
    let first = || cert.userids().next().map(|one| escape(one.userid().value()));
    primary.ok().or_else(first).unwrap_or_default()
}

/// Writes a certificate, armored.
fn to_armor(cert: &Cert) -> Result<Vec<u8>, String> {
    cert.armored().to_vec().map_err(|e| format!("its certificate cannot be written: {e:#}"))
}

/// Brings a fingerprint that somebody wrote to the form that we compare.
fn plain(fingerprint: &str) -> String {
    fingerprint.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_uppercase()
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(since).unwrap_or(i64::MAX)
}
