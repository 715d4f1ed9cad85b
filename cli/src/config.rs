//! The configuration: `pinfold.toml` and `mirrors.d/*.toml` beside it, checked strictly; all defaults are here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_mirror::apt::Signed;
use pinfold_mirror::family::{self, Family};
use pinfold_publisher::site::{MirrorSite, Mount, Rules, SiteConfig};
use pinfold_store::{Name, path::escape};
use serde::Deserialize;

use crate::failure::Failure;

/// The channels where the configuration names none.
const CHANNELS: [&str; 2] = ["production", "staging"];

/// The configuration, resolved.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) root: PathBuf,
    pub(crate) site: SiteConfig,
    pub(crate) channels: Vec<Name>,
    pub(crate) mirrors: BTreeMap<Name, Mirror>,
}

/// One mirror.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) family: Family,
    pub(crate) mount: Mount,
    pub(crate) signed: Signed,
    /// Upstream's URLs, tried in order.
    pub(crate) upstream: Vec<String>,
    /// Who may sign upstream's metadata.
    pub(crate) keyrings: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MainFile {
    root: PathBuf,
    site: Site,
    #[serde(default)]
    channels: BTreeMap<String, Channel>,
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

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn into_list(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::More(more) => more,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Channel {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MirrorFile {
    family: String,
    mount: String,
    #[serde(default)]
    signed: Signing,
    upstream: Option<OneOrMore>,
    #[serde(default)]
    keyrings: Vec<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Signing {
    #[default]
    Local,
    Upstream,
}

/// Reads and checks everything.
pub(crate) fn load(path: &Path) -> Result<Config, Failure> {
    let file: MainFile = read(path)?;
    let bad = |why: String| Failure::usage(format!("{}: {why}", path.display()));
    if !file.root.is_absolute() {
        return Err(bad(format!(
            "root = \"{}\": it must be an absolute path",
            file.root.display()
        )));
    }
    let mut channels = Vec::new();
    for name in file.channels.keys() {
        channels.push(name.parse().map_err(|error: pinfold_store::Error| {
            bad(format!("[channels.{}]: {error}", escape(name.as_bytes())))
        })?);
    }
    if channels.is_empty() {
        channels = CHANNELS.iter().filter_map(|name| name.parse().ok()).collect();
    }
    let listen = file.site.listen.map(OneOrMore::into_list).unwrap_or_default();
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
    Ok(Config { root: file.root, site, channels, mirrors })
}

/// Reads the mirrors' files, in the order of their names.
fn load_mirrors(folder: &Path) -> Result<BTreeMap<Name, Mirror>, Failure> {
    let mut mirrors: BTreeMap<Name, Mirror> = BTreeMap::new();
    for name in pinfold_store::disk::names(folder)? {
        let path = folder.join(&name);
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let bad = |why: String| {
            Failure::usage(format!("{}: {why}", escape(path.as_os_str().as_encoded_bytes())))
        };
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name: Name =
            stem.parse().map_err(|error: pinfold_store::Error| bad(error.to_string()))?;
        let file: MirrorFile = read(&path)?;
        let known: Vec<&str> = family::ALL.iter().map(|family| family.name()).collect();
        let family = family::by_name(&file.family).ok_or_else(|| {
            bad(format!(
                "family = \"{}\": it is one of {}",
                escape(file.family.as_bytes()),
                known.join(", ")
            ))
        })?;
        let mount: Mount = file
            .mount
            .parse()
            .map_err(|error: pinfold_publisher::site::SiteError| bad(error.to_string()))?;
        if let Some((other, _)) = mirrors.iter().find(|(_, other)| other.mount.overlaps(&mount)) {
            return Err(bad(format!(
                "mount = \"{mount}\" and that in {other}.toml equal or lie in each other: give each mirror its own"
            )));
        }
        let signed = match file.signed {
            Signing::Local => Signed::Local,
            Signing::Upstream => Signed::Upstream,
        };
        let upstream = file.upstream.map(OneOrMore::into_list).unwrap_or_default();
        let keyrings = file.keyrings;
        mirrors.insert(name, Mirror { family, mount, signed, upstream, keyrings });
    }
    Ok(mirrors)
}

/// Reads a TOML file; what is wrong is named by file and line.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let shown = escape(path.as_os_str().as_encoded_bytes());
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("cannot read {shown}: {error}")).hint("name another configuration with --config, or see the README for the five lines it needs")
    })?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| {
            1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()
        });
        Failure::usage(format!("{shown}, line {line}: {}", error.message().replace('\n', " ")))
    })
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
        let site = |(name, mirror): (&Name, &Mirror)| {
            let words = mirror.family.site();
            MirrorSite {
                name: name.clone(),
                mount: mirror.mount.clone(),
                root_names: words.root_names.to_owned(),
                hash_names: words.hash_names.to_owned(),
                package_names: words.package_names.to_owned(),
                types: words
                    .types
                    .iter()
                    .map(|(extension, kind)| ((*extension).to_owned(), (*kind).to_owned()))
                    .collect(),
            }
        };
        self.mirrors.iter().map(site).collect()
    }
}
