//! The configuration: `pinfold.toml` and `mirrors.d/*.toml` beside it, checked strictly; all defaults are here.

mod file;
mod mirror;
mod source;
mod wanted;
mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_mirror::brew;
use pinfold_publisher::site::{CacheSite, MirrorSite, Rules, SiteConfig};
use pinfold_store::path::{escape, escape_path};
use pinfold_store::{Name, Stamp};
use serde::Deserialize;

use crate::failure::Failure;
use file::ConfigFile;
use mirror::Cache;
pub(crate) use mirror::{Mirror, Upstream, Wanted};
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
    pub(crate) channels: Vec<Name>,
    pub(crate) mirrors: BTreeMap<Name, Mirror>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MainFile {
    root: PathBuf,
    #[serde(default = "logs")]
    logs: PathBuf,
    #[serde(default = "min_free", rename = "min-free")]
    min_free: u8,
    site: Site,
    #[serde(default)]
    channels: BTreeMap<String, Channel>,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Channel {}

/// Reads and checks everything.
pub(crate) fn load(path: &Path) -> Result<Config, Failure> {
    let text = ConfigFile::read(path)?;
    let file: MainFile = text.parse()?;
    let bad = |why: String| text.refuse(&why);
    if !file.root.is_absolute() {
        return Err(bad(format!(
            "root = \"{}\": it must be an absolute path",
            file.root.display()
        )));
    }
    if !file.logs.is_absolute() {
        return Err(bad(format!(
            "logs = \"{}\": it must be an absolute path",
            file.logs.display()
        )));
    }
    if file.min_free > 50 {
        return Err(bad(format!("min-free = {}: it is a percentage up to 50", file.min_free)));
    }
    let mut channels = Vec::new();
    for name in file.channels.keys() {
        let shown = format!("[channels.{}]", escape(name.as_bytes()));
        if Stamp::parse_end(name).is_ok() {
            return Err(bad(format!(
                "{shown}: MIRROR@{name} would be a date: give the channel another name"
            )));
        }
        channels.push(
            name.parse().map_err(|error: pinfold_store::Error| bad(format!("{shown}: {error}")))?,
        );
    }
    if channels.is_empty() {
        channels = CHANNELS.iter().filter_map(|name| name.parse().ok()).collect();
    }
    let listen = file.site.listen.map(OneOrMore::list).unwrap_or_default();
    let site = SiteConfig {
        url: file.site.url,
        listen,
        certificate: file.site.certificate,
        key: file.site.key,
        logs: file.site.logs,
        channels: channels.clone(),
    };
    Rules::new(&site, &[], &file.root).map_err(|error| bad(error.to_string()))?;
    let mirrors = load_mirrors(&path.with_file_name("mirrors.d"))?;
    Ok(Config {
        root: file.root,
        logs: file.logs,
        min_free: file.min_free,
        root_at: text.place("root"),
        site,
        channels,
        mirrors,
    })
}

/// Reads the mirrors' files, in the order of their names.
fn load_mirrors(folder: &Path) -> Result<BTreeMap<Name, Mirror>, Failure> {
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

impl Config {
    /// The mirror of a name.
    pub(crate) fn mirror(&self, name: &Name) -> Result<&Mirror, Failure> {
        self.mirrors.get(name).ok_or_else(|| {
            Failure::usage(format!("no mirror '{name}' in the configuration"))
                .hint(format!("write mirrors.d/{name}.toml with its family and mount"))
        })
    }

    /// What the web server needs to know of the mirrors.
    pub(crate) fn mirror_sites(&self) -> Vec<MirrorSite> {
        self.mirrors.iter().map(|(name, mirror)| site(name, mirror)).collect()
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
