//! A mirror's file, `mirrors.d/NAME.toml`: what was written, and what it means.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pinfold_mirror::apt::{self, Filter, Selection, Signed, SuiteName, Take};
use pinfold_mirror::archive::{Archive, Belief};
use pinfold_mirror::family::{self, Family};
use pinfold_mirror::http::{Base, Credentials, HttpSettings, Proxies};
use pinfold_mirror::sign::Keyring;
use pinfold_publisher::site::Mount;
use pinfold_store::path::escape;
use pinfold_store::{Name, Stamp, Store};
use serde::Deserialize;

use super::OneOrMore;
use crate::failure::Failure;

/// How long an upstream in the middle of its own update is waited for: half a minute, 1, 2, 4 and 8 minutes.
const PATIENCE: Duration = Duration::from_secs(31 * 30);

/// One mirror.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) family: Family,
    pub(crate) mount: Mount,
    pub(crate) signed: Signed,
    /// Equal upstreams, tried in order: what is followed, and a client's fallback.
    pub(crate) bases: Vec<Base>,
    /// What of upstream is followed; `None` where other tools feed the mirror.
    pub(crate) upstream: Option<Upstream>,
    /// The keyrings that vouch for it.
    pub(crate) keyrings: Vec<PathBuf>,
}

/// Where a mirror comes from, and what of it.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) selection: Selection,
    pub(crate) belief: Unloaded,
    pub(crate) transfer: Transfer,
    pub(crate) patience: Duration,
}

/// Whom to believe, before the keyrings were read.
#[derive(Debug, Clone)]
pub(crate) struct Unloaded {
    /// Nobody signs.
    pub(crate) unsigned: bool,
    signers: Vec<String>,
    weak_keys: bool,
    allow_expired: bool,
}

/// How it is fetched.
#[derive(Debug)]
pub(crate) struct Transfer {
    connections: usize,
    bytes_per_second: Option<u64>,
    auth: Option<PathBuf>,
    pub(crate) insecure: bool,
    authorities: Option<PathBuf>,
    deadline: Option<Duration>,
    timeout: Option<Duration>,
    tries: Option<u32>,
    retry_wait: Option<Duration>,
}

/// What was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MirrorFile {
    family: String,
    mount: String,
    #[serde(default)]
    signed: Signing,
    upstream: Option<OneOrMore>,
    #[serde(default)]
    suites: Vec<String>,
    #[serde(default)]
    components: Vec<String>,
    #[serde(default)]
    architectures: Vec<String>,
    #[serde(default)]
    udebs: bool,
    #[serde(default)]
    installer: bool,
    #[serde(default)]
    i18n: Take,
    #[serde(default)]
    contents: Take,
    #[serde(default)]
    dep11: Take,
    #[serde(default)]
    filter: Filter,
    keyrings: Option<OneOrMore>,
    #[serde(default)]
    signers: Vec<String>,
    #[serde(default)]
    unsigned: bool,
    #[serde(default)]
    weak_keys: bool,
    #[serde(default = "yes")]
    check_valid_until: bool,
    connections: Option<usize>,
    rate_limit: Option<String>,
    auth: Option<PathBuf>,
    #[serde(default)]
    insecure: bool,
    authorities: Option<PathBuf>,
    deadline: Option<String>,
    patience: Option<String>,
    timeout: Option<String>,
    tries: Option<u32>,
    retry_wait: Option<String>,
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Signing {
    #[default]
    Local,
    Upstream,
}

impl MirrorFile {
    /// Says what the file means, or what is wrong with it.
    pub(super) fn resolve(self) -> Result<Mirror, String> {
        let known: Vec<&str> = family::ALL.iter().map(|family| family.name()).collect();
        let family = family::by_name(&self.family).ok_or_else(|| {
            let (said, known) = (escape(self.family.as_bytes()), known.join(", "));
            format!("family = \"{said}\": it is one of {known}")
        })?;
        let mount: Mount = self
            .mount
            .parse()
            .map_err(|error: pinfold_publisher::site::SiteError| error.to_string())?;
        let signed = match self.signed {
            Signing::Local => Signed::Local,
            Signing::Upstream => Signed::Upstream,
        };
        let keyrings: Vec<PathBuf> = self
            .keyrings
            .clone()
            .map(OneOrMore::list)
            .unwrap_or_default()
            .into_iter()
            .map(PathBuf::from)
            .collect();
        for path in keyrings.iter().chain(&self.auth).chain(&self.authorities) {
            must_be_absolute(path)?;
        }
        let bases = self.bases()?;
        let upstream = if bases.is_empty() { None } else { self.upstream(family)? };
        if bases.is_empty() && (!self.suites.is_empty() || !self.architectures.is_empty()) {
            return Err(
                "it says what to fetch, and not from where: add upstream = \"http://…\"".to_owned()
            );
        }
        if let Some(upstream) = &upstream
            && keyrings.is_empty()
            && !upstream.belief.unsigned
        {
            return Err("it has no keyring: add keyrings = [\"/usr/share/keyrings/….gpg\"] with the archive's own keys, or unsigned = true where nobody signs it".to_owned());
        }
        Ok(Mirror { family, mount, signed, bases, upstream, keyrings })
    }

    fn bases(&self) -> Result<Vec<Base>, String> {
        let urls = self.upstream.clone().map(OneOrMore::list).unwrap_or_default();
        urls.iter()
            .map(|url| Base::parse(url).map_err(|error| format!("upstream: {error}")))
            .collect()
    }

    /// What of upstream is followed; without suites it is only where clients may fall back to.
    fn upstream(&self, family: Family) -> Result<Option<Upstream>, String> {
        if self.suites.is_empty() && self.architectures.is_empty() {
            return Ok(None);
        }
        if family != Family::Apt {
            let name = family.name();
            return Err(format!("upstream: a mirror of family {name} is fed by pinfold ingest"));
        }
        let seconds = |key: &str, text: &Option<String>| {
            text.as_deref().map(|text| duration(key, text)).transpose()
        };
        Ok(Some(Upstream {
            selection: self.selection()?,
            belief: Unloaded {
                unsigned: self.unsigned,
                signers: self.signers.clone(),
                weak_keys: self.weak_keys,
                allow_expired: !self.check_valid_until,
            },
            transfer: Transfer {
                connections: match self.connections {
                    None => 8,
                    Some(count @ 1..=64) => count,
                    Some(count) => {
                        return Err(format!("connections = {count}: it is between 1 and 64"));
                    }
                },
                bytes_per_second: self.rate_limit.as_deref().map(rate).transpose()?,
                auth: self.auth.clone(),
                insecure: self.insecure,
                authorities: self.authorities.clone(),
                deadline: seconds("deadline", &self.deadline)?,
                timeout: match seconds("timeout", &self.timeout)? {
                    Some(Duration::ZERO) => {
                        return Err("timeout: no time is too short for any answer".to_owned());
                    }
                    timeout => timeout,
                },
                tries: match self.tries {
                    Some(0 | 101..) => return Err("tries: it is between 1 and 100".to_owned()),
                    tries => tries,
                },
                retry_wait: seconds("retry-wait", &self.retry_wait)?,
            },
            patience: seconds("patience", &self.patience)?.unwrap_or(PATIENCE),
        }))
    }

    fn selection(&self) -> Result<Selection, String> {
        let suites: Vec<SuiteName> = self
            .suites
            .iter()
            .map(|suite| SuiteName::parse(suite).map_err(|error| error.to_string()))
            .collect::<Result<_, _>>()?;
        if suites.is_empty() {
            return Err(
                "suites: name at least one, such as suites = [\"noble\", \"noble-updates\"]; a flat repository has a slash at its end".to_owned()
            );
        }
        for (key, words) in
            [("components", &self.components), ("architectures", &self.architectures)]
        {
            for word in words {
                let is_clean = |b: u8| {
                    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'/')
                };
                if word.is_empty() || !word.bytes().all(is_clean) {
                    return Err(format!("{key}: '{}' is no name", escape(word.as_bytes())));
                }
            }
        }
        if self.architectures.is_empty() && !suites.iter().all(SuiteName::is_flat) {
            return Err("architectures: name at least one, such as architectures = [\"amd64\"]; \"source\" for sources".to_owned());
        }
        Ok(Selection {
            suites,
            components: self.components.clone(),
            architectures: self.architectures.clone(),
            udebs: self.udebs,
            installer: self.installer,
            i18n: self.i18n.clone(),
            contents: self.contents.clone(),
            dep11: self.dep11.clone(),
            filter: self.filter.clone(),
        })
    }
}

impl Upstream {
    /// Makes the archive that is followed, or that an ingest is proved by.
    pub(crate) fn archive(
        &self,
        belief: Belief,
        (store, mirror): (&Store, &Name),
        now: Stamp,
    ) -> Result<Box<dyn Archive>, Failure> {
        Ok(Box::new(apt::Archive {
            selection: self.selection.clone(),
            belief,
            now: now.seconds(),
            accepted: apt::accepted(store, mirror)?,
        }))
    }
}

impl Mirror {
    /// Reads the keyrings and says whom to believe; `None` as keyring where nobody signs.
    pub(crate) fn belief(&self, allow_older: bool) -> Result<Belief, Failure> {
        let unloaded = self.upstream.as_ref().map(|upstream| upstream.belief.clone());
        let keyring = match self.keyrings.as_slice() {
            [] => None,
            paths => Some(Keyring::load(paths)?),
        };
        Ok(match unloaded {
            Some(unloaded) => Belief {
                keyring: keyring.filter(|_| !unloaded.unsigned),
                signers: unloaded.signers,
                weak_keys: unloaded.weak_keys,
                allow_older,
                allow_expired: unloaded.allow_expired,
            },
            None => Belief { keyring, allow_older, ..Belief::default() },
        })
    }
}

impl Transfer {
    /// Reads what the transfer needs from the machine.
    pub(crate) fn settings(&self) -> Result<HttpSettings, Failure> {
        let credentials = match &self.auth {
            Some(path) => Credentials::load(path)?,
            None => Credentials::default(),
        };
        let mut settings = HttpSettings {
            connections: self.connections,
            bytes_per_second: self.bytes_per_second,
            credentials,
            proxies: Proxies::from_environment(&variable)?,
            insecure: self.insecure,
            authorities: self.authorities.clone(),
            ..HttpSettings::default()
        };
        let limits = &mut settings.limits;
        limits.run = self.deadline;
        if let Some(timeout) = self.timeout {
            (limits.connect, limits.header, limits.idle) = (timeout, timeout, timeout);
            limits.rate_window = timeout.saturating_mul(2);
        }
        limits.tries = self.tries.unwrap_or(limits.tries);
        limits.backoff = self.retry_wait.unwrap_or(limits.backoff);
        Ok(settings)
    }
}

/// A variable of the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the environment for proxies"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn must_be_absolute(path: &Path) -> Result<(), String> {
    if path.is_absolute() {
        return Ok(());
    }
    Err(format!("{}: it must be an absolute path", escape(path.as_os_str().as_encoded_bytes())))
}

/// Reads a duration such as `15m30s`.
fn duration(key: &str, text: &str) -> Result<Duration, String> {
    let bad = || {
        let said = escape(text.as_bytes());
        format!("{key} = \"{said}\": it is a duration such as 90s, 15m or 2h30m")
    };
    let parsed: jiff::SignedDuration = text.parse().map_err(|_not_one| bad())?;
    Duration::try_from(parsed).map_err(|_negative| bad())
}

/// Reads a rate such as `10MB`.
fn rate(text: &str) -> Result<u64, String> {
    let parsed: Result<bytesize::ByteSize, _> = text.parse();
    parsed.ok().map(|size| size.as_u64()).filter(|bytes| *bytes >= 1024).ok_or_else(|| {
        let said = escape(text.as_bytes());
        format!("rate-limit = \"{said}\": it is a size a second such as 10MB, at least 1 KiB")
    })
}
