//! What expires: the site's certificate, keys, and upstream's own metadata where clients look at its date.

use std::collections::BTreeMap;

use pinfold_mirror::apt::Signed;
use pinfold_mirror::family::Family;
use pinfold_mirror::sign::Keyring;
use pinfold_mirror::site_certificate::SiteCertificate;
use pinfold_publisher::layout::Www;
use pinfold_publisher::status::{ChannelStatus, Expiry, Look, MirrorStatus};
use pinfold_store::Name;
use pinfold_store::path::escape_path;

use crate::config::Config;

/// From how many days on people are told.
pub(crate) const SOON: i64 = 30;

type Mirrors = BTreeMap<Name, MirrorStatus>;
type Channels = BTreeMap<Name, ChannelStatus>;

/// Says whether clients of channels look at upstream's date: what we sign carries none.
pub(super) fn expires(config: &Config, mirror: &Name) -> bool {
    let mirror = config.mirrors.get(mirror);
    mirror.is_some_and(|one| one.family == Family::Apt && one.signed == Signed::Upstream)
}

/// Says what clients get of a mirror that is stale.
pub(super) fn clients_get(
    (name, mirror): (&Name, &MirrorStatus),
    channels: &Channels,
) -> Option<String> {
    if !mirror.freshness.is_stale {
        return None;
    }
    let shown: Vec<_> = channels
        .iter()
        .filter_map(|(channel, one)| Some((channel, one.mirrors.get(name)?)))
        .collect();
    if shown.is_empty() {
        return Some("clients get 503 from every channel: none shows it yet".to_owned());
    }
    let ends = shown.iter().filter_map(|(channel, one)| Some((one.valid_until?, channel))).min();
    Some(match ends {
        None => {
            "clients keep getting what their channel shows, without a warning: it does not expire"
                .to_owned()
        }
        Some((at, channel)) => format!(
            "clients keep getting what their channel shows until upstream's Valid-Until, {} UTC in {channel}: apt refuses it from then on",
            at.human()
        ),
    })
}

/// Lists what expires, the soonest first. What cannot be read is a problem of its own where it is used.
pub(super) fn expiries(
    config: &Config,
    look: &mut Look<'_>,
    (mirrors, channels): (&Mirrors, &Channels),
) -> Vec<Expiry> {
    let mut found = Vec::new();
    if let Some(path) = &config.site.certificate
        && let Ok(one) = SiteCertificate::load(path)
    {
        found.push(look.expiry("site-certificate", (escape_path(path), None), one.until));
    }
    let own = Www::new(look.store.root()).public_key();
    if let Ok(keyring) = Keyring::load(&[own]) {
        let keys = keyring.ends().into_iter();
        found.extend(keys.map(|key| look.expiry("signing-key", (key.fingerprint, None), key.at)));
    }
    for name in mirrors.keys() {
        found.extend(of_upstream(config, look, name));
    }
    for (channel, status) in channels {
        for (mirror, shown) in &status.mirrors {
            let subject = format!("{mirror}@{} in {channel}", shown.snapshot);
            let ends = shown.valid_until.iter();
            found.extend(ends.map(|at| {
                look.expiry("valid-until", (subject.clone(), Some(mirror.clone())), *at)
            }));
        }
    }
    found.sort_by(|one, other| (one.at, &one.subject).cmp(&(other.at, &other.subject)));
    found
}

/// The keys that vouched for the newest snapshot; all of the keyrings where nobody did.
fn of_upstream(config: &Config, look: &mut Look<'_>, name: &Name) -> Vec<Expiry> {
    let Some(mirror) = config.mirrors.get(name) else { return Vec::new() };
    let Ok(Some(keyring)) = mirror.keys() else { return Vec::new() };
    let newest = look.store.dates(name).ok().and_then(|dates| dates.last().copied());
    let record = newest.and_then(|taken| look.store.record(name, taken).ok());
    let signers: Vec<String> = record
        .iter()
        .flat_map(|record| &record.proofs)
        .flat_map(|proof| &proof.signers)
        .map(|signer| signer.key.clone())
        .collect();
    let counts = |key: &str| signers.is_empty() || signers.iter().any(|one| one == key);
    let keys = keyring.ends().into_iter().filter(|key| counts(&key.fingerprint));
    keys.map(|key| {
        let subject = format!("{} {}", key.fingerprint, key.name);
        look.expiry("upstream-key", (subject.trim_end().to_owned(), Some(name.clone())), key.at)
    })
    .collect()
}
