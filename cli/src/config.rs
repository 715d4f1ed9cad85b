//! The configuration: `pinfold.toml` and `mirrors.d/*.toml` beside it, checked strictly; all defaults are here.

mod channel;
mod duration;
mod file;
mod keep;
mod mirror;
mod set_up;
mod source;
mod wanted;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use pinfold_mirror::brew;
use pinfold_publisher::site::{self, CacheSite, MirrorSite, SiteConfig};
use pinfold_store::Name;
use pinfold_store::path::{escape, escape_path};
use serde::Deserialize;

use crate::failure::Failure;
use channel::ChannelFile;
pub(crate) use channel::{Asked, Channel, Rules, Verify};
pub(crate) use duration::duration;
use file::ConfigFile;
pub(crate) use keep::Keep;
use keep::KeepFile;
use mirror::Cache;
pub(crate) use mirror::{Mirror, Upstream, Wanted};
pub(crate) use set_up::{SetUp, Starter};
pub(crate) use source::{Program, Rsync, Source};
use written::MirrorFile;

/// The channels where the configuration names none.
const CHANNELS: [&str; 2] = ["production", "staging"];

/// The configuration, resolved.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) root: PathBuf,
    /// The folder of the logs of programs that bring mirrors.
    pub(crate) logs: PathBuf,
    /// The share of the file system that is left free, in percent.
    pub(crate) min_free: u8,
    /// Where the root is set: file and line.
    pub(crate) root_at: String,
    pub(crate) site: SiteConfig,
    pub(crate) channels: BTreeMap<Name, Channel>,
    /// By which schedules, freezes and days are meant.
    pub(crate) zone: TimeZone,
    /// How long a tree stands after a channel showed it.
    pub(crate) grace: Duration,
    /// How many syncs one run has under way at once.
    pub(crate) parallel: usize,
    /// How long snapshots are kept of mirrors that do not say; `None` for all.
    pub(crate) keep: Option<Keep>,
    pub(crate) mirrors: BTreeMap<Name, Mirror>,
    /// What this host was given; `None` where nobody ever used setup.
    pub(crate) set_up: Option<SetUp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MainFile {
    root: PathBuf,
    #[serde(default = "logs")]
    logs: PathBuf,
    #[serde(default = "min_free", rename = "min-free")]
    min_free: u8,
    #[serde(rename = "time-zone")]
    time_zone: Option<String>,
    #[serde(default = "grace")]
    grace: String,
    #[serde(default = "parallel")]
    parallel: usize,
    keep: Option<KeepFile>,
    site: Site,
    #[serde(default)]
    channels: BTreeMap<String, ChannelFile>,
}

fn grace() -> String {
    "7d".to_owned()
}

const fn parallel() -> usize {
    2
}

fn logs() -> PathBuf {
    PathBuf::from("/var/log/pinfold")
}

const fn min_free() -> u8 {
    pinfold_store::store::MIN_FREE
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Site {
    url: String,
    #[serde(default)]
    listen: Option<OneOrMore>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    logs: Option<PathBuf>,
}

/// One word, or a list of them.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn list(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::More(more) => more,
        }
    }
}

/// Reads and checks everything.
pub(crate) fn load(path: &Path) -> Result<Config, Failure> {
    let text = ConfigFile::read(path)?;
    let file: MainFile = text.parse()?;
    let bad = |why: String| text.refuse(&why);
    file.check_values().map_err(&bad)?;
    let zone = file.zone().map_err(&bad)?;
    let grace = duration("grace", &file.grace).map_err(&bad)?;
    let keep = file.keep.as_ref().map(KeepFile::resolve).transpose().map_err(&bad)?;
    let channels = channels(&file.channels).map_err(&bad)?;
    let listen = file.site.listen.map(OneOrMore::list).unwrap_or_default();
    let site = SiteConfig {
        url: file.site.url,
        listen,
        certificate: file.site.certificate,
        key: file.site.key,
        logs: file.site.logs,
        channels: channels.keys().cloned().collect(),
    };
    site::Rules::new(&site, &[], &file.root).map_err(|error| bad(error.to_string()))?;
    let mirrors = load_mirrors(&path.with_file_name("mirrors.d"), &channels)?;
    channel::check(&channels, &|name| mirrors.contains_key(name)).map_err(&bad)?;
    Ok(Config {
        root: file.root,
        logs: file.logs,
        min_free: file.min_free,
        root_at: text.place("root"),
        site,
        channels,
        zone,
        grace,
        parallel: file.parallel,
        keep,
        mirrors,
        set_up: SetUp::read(&SetUp::path(path))?,
    })
}

impl MainFile {
    /// Refuses values that cannot be meant.
    fn check_values(&self) -> Result<(), String> {
        for (key, path) in [("root", &self.root), ("logs", &self.logs)] {
            if !path.is_absolute() {
                let shown = escape_path(path);
                return Err(format!("{key} = \"{shown}\": it must be an absolute path"));
            }
        }
        if self.min_free > 50 {
            return Err(format!("min-free = {}: it is a percentage up to 50", self.min_free));
        }
        if !(1..=64).contains(&self.parallel) {
            return Err(format!("parallel = {}: it is between 1 and 64", self.parallel));
        }
        Ok(())
    }

    /// The time zone; the host's where none is said.
    fn zone(&self) -> Result<TimeZone, String> {
        match &self.time_zone {
            None => TimeZone::try_system().or_else(|error| {
                // As the C library has it: a host that says nothing means UTC.
                let says = Path::new("/etc/localtime").symlink_metadata().is_ok();
                let unknown = || format!("time-zone: the host's is not known, say which: {error}");
                if says { Err(unknown()) } else { Ok(TimeZone::UTC) }
            }),
            Some(name) => TimeZone::get(name).map_err(|_not_one| {
                let name = escape(name.as_bytes());
                format!("time-zone = \"{name}\": it is none, such as \"Europe/Berlin\" or \"UTC\"")
            }),
        }
    }
}

/// Reads the channels' tables; the usual two where there is none.
fn channels(written: &BTreeMap<String, ChannelFile>) -> Result<BTreeMap<Name, Channel>, String> {
    let mut channels = BTreeMap::new();
    for (name, file) in written {
        let table = |why| format!("[channels.{}]: {why}", escape(name.as_bytes()));
        channels.insert(channel::channel_name(name)?, file.channel().map_err(table)?);
    }
    if channels.is_empty() {
        let usual = CHANNELS.iter().filter_map(|name| name.parse().ok());
        channels.extend(usual.map(|name| (name, Channel::by_hand())));
    }
    Ok(channels)
}

/// Reads the mirrors' files, in the order of their names.
fn load_mirrors(
    folder: &Path,
    channels: &BTreeMap<Name, Channel>,
) -> Result<BTreeMap<Name, Mirror>, Failure> {
    file::must_be_ours(folder)?;
    let mut mirrors: BTreeMap<Name, Mirror> = BTreeMap::new();
    for name in pinfold_store::disk::names(folder)? {
        let path = folder.join(&name);
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name: Name = stem.parse().map_err(|error: pinfold_store::Error| {
            Failure::usage(format!("{}: {error}", escape_path(&path)))
        })?;
        let text = ConfigFile::read(&path)?;
        let bad = |why: String| text.refuse(&why);
        let file: MirrorFile = text.parse()?;
        let mirror = file.resolve().map_err(&bad)?;
        if let Some(unknown) =
            mirror.course.rules.keys().find(|channel| !channels.contains_key(*channel))
        {
            return Err(bad(format!("[channels.{unknown}]: there is no such channel")));
        }
        let mount = &mirror.mount;
        if let Some((other, _)) = mirrors.iter().find(|(_, other)| other.mount.overlaps(mount)) {
            return Err(bad(format!(
                "mount = \"{mount}\" and that in {other}.toml equal or lie in each other: give each mirror its own"
            )));
        }
        mirrors.insert(name, mirror);
    }
    Ok(mirrors)
}

/// Says what a mirror's file of this text would mean, or what is wrong with it.
pub(crate) fn check_mirror(text: &str) -> Result<Mirror, String> {
    let file: MirrorFile = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    file.resolve()
}

impl Config {
    /// The mirror of a name.
    pub(crate) fn mirror(&self, name: &Name) -> Result<&Mirror, Failure> {
        self.mirrors.get(name).ok_or_else(|| {
            Failure::usage(format!("no mirror '{name}' in the configuration"))
                .hint(format!("write mirrors.d/{name}.toml with its family and mount"))
        })
    }

    /// What a mirror's move in a channel must fulfil: as the mirror's file says, else the channel's, else as usual.
    pub(crate) fn rules(&self, channel: &Name, mirror: &Name) -> Rules {
        let own = self.mirrors.get(mirror).and_then(|mirror| mirror.course.rules.get(channel));
        let common = self.channels.get(channel).map(|channel| &channel.rules);
        let said = own.cloned().unwrap_or_default();
        let said = common.map_or(said.clone(), |common| said.or(common));
        Rules { max_change: said.max_change.or(Some(channel::MAX_CHANGE)), ..said }
    }

    /// How long a mirror's snapshots are kept; `None` for all of them.
    pub(crate) fn keep(&self, mirror: &Name) -> Option<Keep> {
        self.mirrors.get(mirror).and_then(|mirror| mirror.course.keep).or(self.keep)
    }

    /// Says whether a mirror is looked after by itself and served: all are until setup is used, then those that are set up.
    pub(crate) fn is_active(&self, name: &Name) -> bool {
        self.set_up.as_ref().is_none_or(|set_up| set_up.mirrors.contains(name))
    }

    /// The mirrors that are served.
    pub(crate) fn active(&self) -> BTreeSet<Name> {
        self.mirrors.keys().filter(|name| self.is_active(name)).cloned().collect()
    }

    /// What the web server needs to know of the mirrors.
    pub(crate) fn mirror_sites(&self) -> Vec<MirrorSite> {
        self.mirrors.iter().map(|(name, mirror)| site(name, mirror)).collect()
    }

    /// The same of some of them; one that the configuration does not have is passed over.
    pub(crate) fn sites_of(&self, names: &BTreeSet<Name>) -> Vec<MirrorSite> {
        let found = names.iter().filter_map(|name| self.mirrors.get_key_value(name));
        found.map(|(name, mirror)| site(name, mirror)).collect()
    }
}

/// What the web server needs to know of a mirror.
fn site(name: &Name, mirror: &Mirror) -> MirrorSite {
    let words = mirror.family.site();
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
    };
    let said = words.words.iter();
    MirrorSite {
        name: name.clone(),
        mount: mirror.mount.clone(),
        root_names: words.root_names.to_owned(),
        has_validators: words.has_validators,
        dot_names: words.dot_names.to_owned(),
        hash_names: words.hash_names.to_owned(),
        package_names: words.package_names.to_owned(),
        types: pairs(words.types),
        typed_names: pairs(words.typed_names),
        top_names: words.top_names.to_owned(),
        words: said
            .map(|(path, kind, text)| ((*path).to_owned(), (*kind).to_owned(), (*text).to_owned()))
            .collect(),
        cache: mirror.cache.as_ref().map(|cache| cache_site(name, cache)),
    }
}

/// What the web server needs to know of a cache.
fn cache_site(name: &Name, cache: &Cache) -> CacheSite {
    let usual = || PathBuf::from("/var/cache/nginx").join(name.as_str());
    let resolvers = if cache.resolvers.is_empty() { resolvers() } else { cache.resolvers.clone() };
    CacheSite {
        upstream: cache.registry.to_string().trim_end_matches('/').to_owned(),
        folder: brew::REGISTRY_FOLDER.to_owned(),
        store: cache.folder.clone().unwrap_or_else(usual),
        mebibytes_max: cache.mebibytes_max,
        resolvers,
        token: brew::TOKEN.to_owned(),
        accept: brew::INDEX_TYPE.to_owned(),
    }
}

/// Whom this machine asks for the addresses of hosts.
fn resolvers() -> Vec<String> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = text.lines().filter_map(|line| line.strip_prefix("nameserver"));
    let addresses = servers.filter_map(|rest| rest.trim().parse::<std::net::IpAddr>().ok());
    let shown = addresses.map(|address| match address {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => format!("[{address}]"),
    });
    shown.take(3).collect()
}
