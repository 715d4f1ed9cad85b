//! A mirror as its file, `mirrors.d/NAME.toml`, means it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use pinfold_mirror::apk;
use pinfold_mirror::apt::{self, Signed};
use pinfold_mirror::archive::{self, Archive, Belief};
use pinfold_mirror::brew;
use pinfold_mirror::family::Family;
use pinfold_mirror::files;
use pinfold_mirror::http::{Base, Credentials, Http, HttpSettings, Proxies, Url};
use pinfold_mirror::pacman;
use pinfold_mirror::rpm::{self, Metalink};
use pinfold_mirror::sign::{Keyring, NamedKeys};
use pinfold_publisher::schedule::Schedule;
use pinfold_publisher::site::Mount;
use pinfold_store::{Monitor, Name, RelPath, Stamp, Store};

use super::channel::Rules;
use super::keep::Keep;
use super::source::Source;
use crate::failure::Failure;

/// How many mirrors of a list are tried.
const LISTED_MAX: usize = 8;

/// One mirror.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) family: Family,
    pub(crate) mount: Mount,
    pub(crate) signed: Signed,
    /// Where a tree of pacman's repositories has them.
    pub(crate) layout: pacman::Layout,
    /// Equal upstreams, tried in order: what is followed, and a client's fallback. Of a folder of the tree where that was said.
    pub(crate) bases: Vec<Base>,
    /// What of upstream is followed; `None` where other tools feed the mirror.
    pub(crate) upstream: Option<Upstream>,
    /// It keeps no states: nginx keeps what was asked for.
    pub(crate) cache: Option<Cache>,
    /// The keyrings that vouch for it.
    pub(crate) keyrings: Vec<PathBuf>,
    pub(crate) belief: Unloaded,
    pub(crate) course: Course,
}

/// What happens to a mirror by itself.
#[derive(Debug)]
pub(crate) struct Course {
    /// When it is synced.
    pub(crate) schedule: Schedule,
    /// From which age on it is stale; `None` where nobody waits for it.
    pub(crate) stale_after: Option<Duration>,
    /// How long its snapshots are kept; as all mirrors' where it says nothing.
    pub(crate) keep: Option<Keep>,
    /// What its moves in a channel must fulfil, where that is other than the channel says.
    pub(crate) rules: BTreeMap<Name, Rules>,
}

/// A cache in front of a registry.
#[derive(Debug)]
pub(crate) struct Cache {
    pub(crate) registry: Base,
    /// Where nginx keeps it, unless it is the usual place.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) mebibytes_max: u64,
    /// Who knows the addresses of hosts; the machine's own where empty.
    pub(crate) resolvers: Vec<String>,
}

/// What of an upstream is followed, and how.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) wanted: Wanted,
    /// How its tree is brought.
    pub(crate) source: Source,
    /// Where a list of upstreams is, which is asked for first.
    pub(super) list: Option<List>,
    pub(crate) transfer: Transfer,
    pub(crate) patience: Duration,
}

/// What of an archive is mirrored, in its family's words.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// Nobody says: the tree is taken as it is, by its own account.
    Any,
    Apt(apt::Selection),
    Rpm(rpm::Selection),
    /// Bottles, and the registry that has them.
    Brew {
        selection: brew::Selection,
        registry: Base,
    },
    Apk(apk::Selection),
    Pacman(pacman::Selection),
    Files(files::Selection),
}

/// A list of upstreams.
#[derive(Debug)]
pub(super) enum List {
    /// URLs, one a line.
    Plain(Url),
    /// URLs, and which states they may have.
    Metalink(Url),
}

/// Whom to believe, before the keyrings were read.
#[derive(Debug, Clone)]
pub(crate) struct Unloaded {
    /// Nobody signs.
    pub(crate) unsigned: bool,
    pub(super) signers: Vec<String>,
    pub(super) weak_keys: bool,
    pub(super) allow_expired: bool,
}

/// How it is fetched.
#[derive(Debug)]
pub(crate) struct Transfer {
    pub(super) connections: usize,
    pub(crate) bytes_per_second: Option<u64>,
    pub(crate) auth: Option<PathBuf>,
    pub(crate) insecure: bool,
    pub(super) authorities: Option<PathBuf>,
    pub(super) client_certificate: Option<(PathBuf, PathBuf)>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(super) tries: Option<u32>,
    pub(super) retry_wait: Option<Duration>,
}

impl Wanted {
    /// Says which folder of the mirror's tree clients name: of an rpm repository that has its packages above itself.
    pub(crate) fn folder(&self) -> Option<&RelPath> {
        match self {
            Self::Any
            | Self::Apt(_)
            | Self::Apk(_)
            | Self::Pacman(_)
            | Self::Brew { .. }
            | Self::Files(_) => None,
            Self::Rpm(selection) => selection.repositories.first()?.path(),
        }
    }
}

/// Makes the URL that of the part of the mirror's tree which it has.
pub(super) fn of_folder(base: Base, wanted: Option<&Wanted>) -> pinfold_mirror::Result<Base> {
    if let Some(Wanted::Brew { registry, .. }) = wanted {
        let folder = brew::registry_folder()?;
        return Ok(base.beside_registry(brew::api_folder()?, registry.clone(), folder));
    }
    match wanted.and_then(Wanted::folder) {
        None => Ok(base),
        Some(folder) => base.of_folder(folder.clone()),
    }
}

/// Where a mirror is followed from at this moment.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) bases: Vec<Base>,
    /// Which states they may have.
    pub(crate) metalink: Option<Metalink>,
}

impl Upstream {
    /// Says from where the mirror is followed: asks for the list, where there is one.
    pub(crate) fn sources(
        &self,
        bases: &[Base],
        http: &Http,
        monitor: &dyn Monitor,
    ) -> Result<Sources, Failure> {
        let (listed, metalink) = match &self.list {
            None => return Ok(Sources { bases: bases.to_vec(), metalink: None }),
            Some(List::Plain(url)) => (rpm::fetch_mirrorlist(http, url, monitor)?, None),
            Some(List::Metalink(url)) => {
                let metalink = rpm::fetch_metalink(http, url, monitor)?;
                (metalink.mirrors.clone(), Some(metalink))
            }
        };
        let (mut bases, mut unfit) = (Vec::new(), None);
        for base in listed {
            match of_folder(base, Some(&self.wanted)) {
                Ok(base) => bases.push(base),
                Err(error) => unfit = Some(error),
            }
        }
        bases.truncate(LISTED_MAX);
        // What a list says is not the operator's mistake.
        match unfit.filter(|_| bases.is_empty()) {
            None => Ok(Sources { bases, metalink }),
            Some(error) => {
                let (url, why) = ("what the list names".to_owned(), error.to_string());
                Err(pinfold_mirror::Error::Upstream { url, why }.into())
            }
        }
    }

    /// Makes the archive that is followed, or that an ingest is proved by; `None` where nobody says what it consists of.
    pub(crate) fn archive(
        &self,
        (belief, vendors): (Belief, Keyring),
        (store, mirror): (&Store, &Name),
        (now, metalink): (Stamp, Option<Metalink>),
    ) -> Result<Option<Box<dyn Archive>>, Failure> {
        let now = now.seconds();
        Ok(Some(match &self.wanted {
            Wanted::Any => return Ok(None),
            Wanted::Apt(selection) => Box::new(apt::Archive {
                selection: selection.clone(),
                belief,
                now,
                accepted: archive::accepted(store, mirror)?,
            }),
            Wanted::Rpm(selection) => {
                let selection = selection.clone();
                Box::new(rpm::Archive { selection, belief, vendors, now, metalink })
            }
            Wanted::Brew { selection, .. } => Box::new(brew::Archive {
                selection: selection.clone(),
                belief,
                accepted: archive::accepted(store, mirror)?,
            }),
            Wanted::Apk(selection) => Box::new(apk::Archive {
                selection: selection.clone(),
                belief,
                now,
                accepted: archive::accepted(store, mirror)?,
            }),
            Wanted::Pacman(selection) => Box::new(pacman::Archive {
                selection: selection.clone(),
                belief,
                vendors,
                now,
                accepted: pacman::accepted(store, mirror)?,
            }),
            Wanted::Files(selection) => {
                Box::new(files::Archive { selection: selection.clone(), belief, now })
            }
        }))
    }
}

impl Mirror {
    /// Reads the keyrings.
    pub(crate) fn keys(&self) -> Result<Option<Keyring>, Failure> {
        Ok(match self.keyrings.as_slice() {
            [] => None,
            _ if self.has_named_keys() => None,
            paths => Some(Keyring::load(paths)?),
        })
    }

    /// Says whether signatures call their keys by the names of files.
    const fn has_named_keys(&self) -> bool {
        matches!(self.family, Family::Apk | Family::Brew)
    }

    /// Reads the keys that are known by their files' names.
    fn named_keys(&self) -> Result<Option<NamedKeys>, Failure> {
        let is_named = self.has_named_keys() && !self.keyrings.is_empty();
        Ok(if is_named { Some(NamedKeys::load(&self.keyrings)?) } else { None })
    }

    /// Says whom to believe; without any keys where nobody signs the metadata.
    pub(crate) fn belief(
        &self,
        keyring: Option<Keyring>,
        allow_older: bool,
    ) -> Result<Belief, Failure> {
        let is_signed = !self.belief.unsigned;
        Ok(Belief {
            keyring: keyring.filter(|_| is_signed),
            named_keys: if is_signed { self.named_keys()? } else { None },
            signers: self.belief.signers.clone(),
            weak_keys: self.belief.weak_keys,
            allow_older,
            allow_expired: self.belief.allow_expired,
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
            client_certificate: self.client_certificate.clone(),
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
