//! A mirror's file as it was written, and what it means.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use pinfold_mirror::Pattern;
use pinfold_mirror::apt::{Filter, Signed, Take};
use pinfold_mirror::brew;
use pinfold_mirror::family::{self, Family};
use pinfold_mirror::http::{Base, Url};
use pinfold_publisher::schedule::Schedule;
use pinfold_publisher::site::Mount;
use pinfold_store::path::escape;
use serde::Deserialize;

use super::OneOrMore;
use super::channel::{ChannelFile, schedule};
use super::duration::{duration, seconds};
use super::keep::KeepFile;
use super::mirror::{Course, List, Mirror, Transfer, Unloaded, Upstream, Wanted, of_folder};
use super::source::{Program, Rsync, Source};

/// How long an upstream in the middle of its own update is waited for: half a minute, 1, 2, 4 and 8 minutes.
const PATIENCE: Duration = Duration::from_secs(31 * 30);

/// From which age on a mirror that is synced by itself is stale.
const STALE_AFTER: Duration = Duration::from_secs(3 * 86_400);

/// What was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MirrorFile {
    family: String,
    mount: Option<String>,
    pub(super) signed: Option<Signing>,
    upstream: Option<OneOrMore>,
    #[serde(default)]
    pub(super) suites: Vec<String>,
    #[serde(default)]
    pub(super) components: Vec<String>,
    #[serde(default)]
    pub(super) architectures: Vec<String>,
    pub(super) udebs: Option<bool>,
    pub(super) installer: Option<bool>,
    pub(super) i18n: Option<Take>,
    pub(super) contents: Option<Take>,
    pub(super) dep11: Option<Take>,
    #[serde(default)]
    pub(super) filter: Filter,
    pub(super) mirrorlist: Option<String>,
    pub(super) metalink: Option<String>,
    pub(super) repository: Option<String>,
    #[serde(default)]
    pub(super) repositories: Vec<String>,
    pub(super) layout: Option<String>,
    pub(super) newest: Option<usize>,
    pub(super) sources: Option<bool>,
    pub(super) debuginfo: Option<bool>,
    pub(super) package_signatures: Option<String>,
    pub(super) depth: Option<u16>,
    #[serde(default)]
    pub(super) formulae: Vec<Pattern>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    pub(super) registry: Option<String>,
    pub(super) mode: Option<Mode>,
    pub(super) cache_folder: Option<PathBuf>,
    pub(super) cache_size: Option<String>,
    #[serde(default)]
    pub(super) resolvers: Vec<String>,
    #[serde(default)]
    rsync_include: Vec<String>,
    #[serde(default)]
    rsync_exclude: Vec<String>,
    command: Option<Vec<String>>,
    tree: Option<PathBuf>,
    #[serde(default)]
    link: bool,
    #[serde(default)]
    pub(super) versions: Vec<String>,
    pub(super) latest_stable: Option<String>,
    keyrings: Option<OneOrMore>,
    #[serde(default)]
    pub(super) signers: Vec<String>,
    #[serde(default)]
    unsigned: bool,
    #[serde(default)]
    weak_keys: bool,
    pub(super) check_valid_until: Option<bool>,
    connections: Option<usize>,
    rate_limit: Option<String>,
    auth: Option<PathBuf>,
    #[serde(default)]
    insecure: bool,
    authorities: Option<PathBuf>,
    pub(super) client_certificate: Option<PathBuf>,
    pub(super) client_key: Option<PathBuf>,
    deadline: Option<String>,
    patience: Option<String>,
    timeout: Option<String>,
    tries: Option<u32>,
    retry_wait: Option<String>,
    schedule: Option<String>,
    stale_after: Option<String>,
    keep: Option<KeepFile>,
    #[serde(default)]
    channels: BTreeMap<String, ChannelFile>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum Signing {
    Local,
    Upstream,
}

/// What a mirror is.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    /// States that are kept.
    Mirror,
    /// What nginx keeps of what was asked for.
    Cache,
}

impl MirrorFile {
    /// Says what the file means, or what is wrong with it.
    pub(super) fn resolve(self) -> Result<Mirror, String> {
        let (family, mount) = self.place()?;
        if let Some(key) = self.foreign(family) {
            return Err(format!("{key}: it means nothing to a mirror of family {}", family.name()));
        }
        let signed = match self.signed {
            None | Some(Signing::Local) => Signed::Local,
            Some(Signing::Upstream) => Signed::Upstream,
        };
        let keyrings: Vec<PathBuf> = self
            .keyrings
            .clone()
            .map(OneOrMore::list)
            .unwrap_or_default()
            .into_iter()
            .map(PathBuf::from)
            .collect();
        let cache = self.cache()?;
        self.check_paths(&keyrings)?;
        let source = self.source()?;
        let bases =
            if matches!(source, Source::Rsync(_)) { Vec::new() } else { self.bases(family)? };
        let list = self.list()?;
        let is_http = matches!(source, Source::Http);
        let is_fed = is_http && bases.is_empty() && list.is_none();
        let upstream = if is_fed { None } else { self.upstream(family, (source, list))? };
        if is_fed && self.says_what() {
            return Err(
                "it says what to fetch, and not from where: add upstream = \"http://…\"".to_owned()
            );
        }
        // What nobody would look at must not seem to be looked at.
        if upstream.is_none() && self.package_signatures.is_some() {
            return Err("package-signatures: it needs upstream = \"https://…\", by whose rules an ingest is proved too".to_owned());
        }
        self.check_keyrings(family, upstream.as_ref(), &keyrings)?;
        let wanted = upstream.as_ref().map(|upstream| &upstream.wanted);
        let of_folder =
            |base| of_folder(base, wanted).map_err(|error| format!("repository: {error}"));
        let bases = bases.into_iter().map(of_folder).collect::<Result<_, _>>()?;
        let layout = self.layout()?;
        let course = self.course(upstream.is_some() && cache.is_none())?;
        let belief = Unloaded {
            unsigned: self.unsigned,
            signers: self.signers,
            weak_keys: self.weak_keys,
            allow_expired: self.check_valid_until == Some(false),
        };
        Ok(Mirror {
            family,
            mount,
            signed,
            layout,
            bases,
            upstream,
            cache,
            keyrings,
            belief,
            course,
        })
    }

    /// Says of which family it is, and where it answers.
    fn place(&self) -> Result<(Family, Mount), String> {
        let known: Vec<&str> = family::ALL.iter().map(|family| family.name()).collect();
        let family = family::by_name(&self.family).ok_or_else(|| {
            let (said, known) = (escape(self.family.as_bytes()), known.join(", "));
            format!("family = \"{said}\": it is one of {known}")
        })?;
        let mount = self.mount.as_deref().or(family.mount()).ok_or_else(|| {
            "it has no mount: add mount = \"…\", the path below the site's URL at which it answers"
                .to_owned()
        })?;
        let mount: Mount =
            mount.parse().map_err(|error: pinfold_publisher::site::SiteError| error.to_string())?;
        Ok((family, mount))
    }

    /// Refuses an archive that is followed by its own account, and nobody is said to vouch for it.
    fn check_keyrings(
        &self,
        family: Family,
        upstream: Option<&Upstream>,
        keyrings: &[PathBuf],
    ) -> Result<(), String> {
        let is_bare = upstream
            .is_none_or(|upstream| matches!(upstream.wanted, Wanted::Any | Wanted::Files(_)));
        // brew has the key of its lists in itself.
        if is_bare || !keyrings.is_empty() || self.unsigned || family == Family::Brew {
            return Ok(());
        }
        Err("it has no keyring: add keyrings = [\"/usr/share/keyrings/….gpg\"] with the archive's own keys, or unsigned = true where nobody signs it".to_owned())
    }

    /// Says when it is synced by itself, how long its snapshots are kept, and what its moves must fulfil.
    fn course(&self, is_followed: bool) -> Result<Course, String> {
        let schedule = match self.schedule.as_deref() {
            None | Some("never") if !is_followed => Schedule::never(),
            Some(_) if !is_followed => {
                return Err("schedule: there is nothing to sync: other tools feed this mirror, or clients do".to_owned());
            }
            said => schedule(said)?,
        };
        let keep = self.keep.as_ref().map(KeepFile::resolve).transpose()?;
        let mut rules = BTreeMap::new();
        for (name, written) in &self.channels {
            let table = |why: String| format!("[channels.{}]: {why}", escape(name.as_bytes()));
            let name =
                name.parse().map_err(|error: pinfold_store::Error| table(error.to_string()))?;
            rules.insert(name, written.rules_of_mirror().map_err(table)?);
        }
        let stale_after = match self.stale_after.as_deref() {
            // What nobody brings by itself is as old as it is meant to be.
            None => (!schedule.is_never()).then_some(STALE_AFTER),
            Some("never") => None,
            Some(said) => Some(duration("stale-after", said)?),
        };
        Ok(Course { schedule, stale_after, keep, rules })
    }

    /// Refuses files that would be others in another folder, and half of a pair.
    fn check_paths(&self, keyrings: &[PathBuf]) -> Result<(), String> {
        let keyrings = keyrings.iter().map(|path| ("keyrings", path));
        let others = [
            ("auth", &self.auth),
            ("authorities", &self.authorities),
            ("client-certificate", &self.client_certificate),
            ("client-key", &self.client_key),
        ];
        let others = others.iter().filter_map(|(key, path)| Some((*key, path.as_ref()?)));
        if let Some((key, path)) = keyrings.chain(others).find(|(_, path)| !path.is_absolute()) {
            let path = escape(path.as_os_str().as_encoded_bytes());
            return Err(format!("{key}: '{path}' must be an absolute path"));
        }
        match (&self.client_certificate, &self.client_key) {
            (Some(_), None) => Err("client-certificate: it needs client-key = \"/…\", the file of its key".to_owned()),
            (None, Some(_)) => Err("client-key: it needs client-certificate = \"/…\", the certificate that it is the key of".to_owned()),
            _ => Ok(()),
        }
    }

    pub(super) fn has_keyrings(&self) -> bool {
        self.keyrings.is_some()
    }

    /// Where it is followed from. Of Homebrew there is one, which need not be named.
    fn bases(&self, family: Family) -> Result<Vec<Base>, String> {
        let mut urls = self.upstream.clone().map(OneOrMore::list).unwrap_or_default();
        if family == Family::Brew && urls.is_empty() && self.says_what() {
            urls.push(brew::API.to_owned());
        }
        urls.iter()
            .map(|url| Base::parse(url).map_err(|error| format!("upstream: {error}")))
            .collect()
    }

    /// How the tree is brought.
    fn source(&self) -> Result<Source, String> {
        let urls = self.upstream.clone().map(OneOrMore::list).unwrap_or_default();
        let is_rsync = urls.iter().any(|url| url.starts_with("rsync://"));
        let has_patterns = !self.rsync_include.is_empty() || !self.rsync_exclude.is_empty();
        if has_patterns && !is_rsync {
            return Err("rsync-exclude: upstream is no rsync:// URL".to_owned());
        }
        match (&self.command, urls.as_slice()) {
            (None, _) if self.tree.is_some() || self.link => {
                Err("tree: it says where a command keeps what it mirrors, and there is none"
                    .to_owned())
            }
            (None, [url]) if is_rsync => {
                Rsync::parse(url, &self.rsync_include, &self.rsync_exclude).map(Source::Rsync)
            }
            (_, _) if is_rsync => {
                Err("upstream: one rsync:// URL is followed, and nothing beside it".to_owned())
            }
            (None, _) => Ok(Source::Http),
            (Some(command), _) => {
                Program::parse(command, self.tree.as_ref(), self.link).map(Source::Program)
            }
        }
    }

    /// Where a list of upstreams is.
    fn list(&self) -> Result<Option<List>, String> {
        let url =
            |key: &str, text: &String| Url::parse(text).map_err(|error| format!("{key}: {error}"));
        Ok(match (&self.upstream, &self.mirrorlist, &self.metalink) {
            (_, None, None) => None,
            (None, Some(text), None) => Some(List::Plain(url("mirrorlist", text)?)),
            (None, None, Some(text)) => Some(List::Metalink(url("metalink", text)?)),
            (Some(_), Some(_), _) => {
                return Err("mirrorlist: upstream says already from where".to_owned());
            }
            (_, _, Some(_)) => {
                return Err("metalink: upstream or mirrorlist says already from where".to_owned());
            }
        })
    }

    /// What of upstream is followed; where an apt mirror names no suite, it is only where clients may fall back to.
    fn upstream(
        &self,
        family: Family,
        (source, list): (Source, Option<List>),
    ) -> Result<Option<Upstream>, String> {
        let wanted = match (&source, self.wanted(family)?) {
            // A whole tree comes: what is in it is found.
            (Source::Rsync(_) | Source::Program(_), Some(Wanted::Files(files)))
                if files.is_filtered() =>
            {
                return Err("[filter] and depth are for upstreams by http; rsync-exclude leaves out what comes by rsync".to_owned());
            }
            (Source::Rsync(_) | Source::Program(_), _) if !self.says_what() => Wanted::Any,
            (Source::Rsync(_) | Source::Program(_), None) => Wanted::Any,
            (Source::Http, None) => return Ok(None),
            (_, Some(wanted)) => wanted,
        };
        Ok(Some(Upstream {
            wanted,
            source,
            list,
            transfer: self.transfer()?,
            patience: seconds("patience", self.patience.as_ref())?.unwrap_or(PATIENCE),
        }))
    }

    /// How it is fetched.
    fn transfer(&self) -> Result<Transfer, String> {
        Ok(Transfer {
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
            client_certificate: self.client_certificate.clone().zip(self.client_key.clone()),
            deadline: seconds("deadline", self.deadline.as_ref())?,
            timeout: match seconds("timeout", self.timeout.as_ref())? {
                Some(Duration::ZERO) => {
                    return Err("timeout: no time is too short for any answer".to_owned());
                }
                timeout => timeout,
            },
            tries: match self.tries {
                Some(0 | 101..) => return Err("tries: it is between 1 and 100".to_owned()),
                tries => tries,
            },
            retry_wait: seconds("retry-wait", self.retry_wait.as_ref())?,
        })
    }
}

/// Reads a rate such as `10MB`.
fn rate(text: &str) -> Result<u64, String> {
    let parsed: Result<bytesize::ByteSize, _> = text.parse();
    parsed.ok().map(|size| size.as_u64()).filter(|bytes| *bytes >= 1024).ok_or_else(|| {
        let said = escape(text.as_bytes());
        format!("rate-limit = \"{said}\": it is a size a second such as 10MB, at least 1 KiB")
    })
}
