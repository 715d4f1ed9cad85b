//! The root folder: opened, created, and asked for its parts.

mod abilities;
mod reserve;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, IoContext, Result};
use crate::index::Index;
use crate::manifest::Decoder;
use crate::path::escape_path;
use crate::{Digest, Name, Record, Stamp, disk};

pub use abilities::{Abilities, FOLDER_BYTES, Room};

/// The share of the file system that is left free, in percent: that of other stores of its kind.
pub const MIN_FREE: u8 = 3;
/// The format that this version writes.
const FORMAT: u32 = 1;
/// The folders of a root, in the order of their making.
pub const FOLDERS: &[&str] = &[
    "objects",
    "incoming",
    "manifests",
    "snapshots",
    "generations",
    "locks",
    "www",
    "www/snapshots",
    "www/at",
    "www/union",
    "www/generations",
    "www/channels",
    "www/status",
];

/// An open store.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// The share of the file system that what comes in leaves free, in percent.
    min_free: u8,
}

/// `ROOT/FORMAT`: a version that does not know a feature may go on, may read, or must refuse, by the set that names it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Format {
    format: u32,
    ignore: Vec<String>,
    read_only: Vec<String>,
    refuse: Vec<String>,
}

impl Store {
    /// Makes the folders and `FORMAT`, or accepts a root that has them already; idempotent.
    ///
    /// Durable: yes. `FORMAT` comes last, so that a half-made root is never opened.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the folder holds what is not ours; [`Error::Io`] naming the path.
    pub fn create(root: &Path) -> Result<Self> {
        let root = std::path::absolute(root).at("resolve", root)?;
        if disk::stands(&root)? {
            Self::must_own(&root)?;
        }
        let format = root.join("FORMAT");
        if !disk::stands(&format)? {
            must_be_free(&root)?;
            disk::make_dirs(&root)?;
            // Of two that make the same root at once the second finds it made.
            let _alone = crate::lock::alone(&root)?;
            if !disk::stands(&format)? {
                return Self::begin(root);
            }
        }
        let store = Self::open(&root)?;
        store.make_folders()?;
        Ok(store)
    }

    /// Makes the folders of a new root and, last, `FORMAT`.
    fn begin(root: PathBuf) -> Result<Self> {
        let store = Self { root, min_free: MIN_FREE };
        store.make_folders()?;
        let format = Format {
            format: FORMAT,
            ignore: Vec::new(),
            read_only: Vec::new(),
            refuse: Vec::new(),
        };
        let path = store.root.join("FORMAT");
        let text = toml::to_string(&format)
            .map_err(|error| Error::Damaged { path: path.clone(), why: error.to_string() })?;
        disk::sync_file_system(&store.root)?;
        disk::create_durably(&path, text.as_bytes(), 0o644)?;
        Ok(store)
    }

    fn make_folders(&self) -> Result<()> {
        for folder in FOLDERS {
            disk::make_dir(&self.root.join(folder))?;
        }
        for shard in 0..=255_u8 {
            disk::make_dir(&self.root.join(format!("objects/{shard:02x}")))?;
            disk::make_dir(&self.root.join(format!("manifests/{shard:02x}")))?;
        }
        let keys = self.root.join("keys");
        disk::make_dir(&keys)?;
        disk::set_mode(&disk::open_dir(&keys)?, 0o700, &keys)
    }

    /// Opens a root that exists: `FORMAT` is checked, a newer one refused.
    ///
    /// # Errors
    /// [`Error::Newer`] where another version made it; [`Error::Io`] where there is none.
    pub fn open(root: &Path) -> Result<Self> {
        let root = std::path::absolute(root).at("resolve", root)?;
        let path = root.join("FORMAT");
        let text = std::fs::read_to_string(&path).at("read", &path)?;
        let newer = |why: String| Error::Newer { root: root.clone(), why };
        let number = toml::from_str::<toml::Table>(&text)
            .ok()
            .and_then(|table| table.get("format").and_then(toml::Value::as_integer));
        match number {
            Some(number) if number > i64::from(FORMAT) => {
                return Err(newer(format!("its format is {number}, this version knows {FORMAT}")));
            }
            _ => {}
        }
        let format: Format = toml::from_str(&text)
            .map_err(|error| Error::Damaged { path, why: error.message().to_owned() })?;
        match format.refuse.iter().chain(&format.read_only).next() {
            Some(feature) => Err(newer(format!(
                "it uses the feature '{}'",
                crate::path::escape(feature.as_bytes())
            ))),
            None => Ok(Self { root, min_free: MIN_FREE }),
        }
    }

    /// Leaves another share of the file system free than 3%, in percent.
    #[must_use]
    pub fn with_min_free(self, percent: u8) -> Self {
        Self { min_free: percent, ..self }
    }

    /// The root folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Opens the index, creating or migrating it.
    ///
    /// # Errors
    /// [`Error::Index`] where it is damaged, [`Error::Newer`] where another version made it.
    pub fn index(&self) -> Result<Index> {
        Index::open(&self.root.join("index.sqlite"))
    }

    /// Lists the mirrors that have records, sorted.
    ///
    /// # Errors
    /// [`Error::Io`] where they cannot be listed.
    pub fn mirrors(&self) -> Result<Vec<Name>> {
        let names = disk::names(&self.root.join("snapshots"))?;
        Ok(names
            .iter()
            .filter_map(|name| name.to_str().and_then(|name| name.parse().ok()))
            .collect())
    }

    /// Lists a mirror's dates from the records' names, oldest first.
    ///
    /// # Errors
    /// [`Error::Io`] where they cannot be listed.
    pub fn dates(&self, mirror: &Name) -> Result<Vec<Stamp>> {
        let mut dates: Vec<Stamp> = disk::names(&self.records(mirror))?
            .iter()
            .filter_map(|name| name.to_str().and_then(|name| name.parse().ok()))
            .collect();
        dates.sort_unstable();
        Ok(dates)
    }

    /// The folder of a mirror's records.
    pub(crate) fn records(&self, mirror: &Name) -> PathBuf {
        self.root.join("snapshots").join(mirror.as_str())
    }

    /// The path of a record.
    #[must_use]
    pub fn record_path(&self, mirror: &Name, taken: Stamp) -> PathBuf {
        self.records(mirror).join(taken.to_string())
    }

    /// Where a record stands while its snapshot is being dropped: what a crash left is completed from it.
    pub(crate) fn dropped_path(&self, mirror: &Name, taken: Stamp) -> PathBuf {
        self.records(mirror).join(format!(".dropped-{taken}"))
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`Error::NoSnapshot`] where there is none; [`Error::Damaged`] where it does not parse or names another snapshot.
    pub fn record(&self, mirror: &Name, taken: Stamp) -> Result<Record> {
        let path = self.record_path(mirror, taken);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NoSnapshot {
                    mirror: mirror.clone(),
                    wanted: taken.to_string(),
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(Error::Damaged { path, why: "it is no text".to_owned() });
            }
            Err(error) => return Err(error).at("read", &path),
        };
        let record: Record = match toml::from_str(&text) {
            Ok(record) => record,
            Err(error) => return Err(Error::Damaged { path, why: error.message().to_owned() }),
        };
        if record.mirror != *mirror || record.taken != taken {
            let why = format!("it speaks of {}@{}", record.mirror, record.taken);
            return Err(Error::Damaged { path, why });
        }
        Ok(record)
    }

    /// The newest snapshot at or before a time: what `MIRROR@DATE` means.
    ///
    /// # Errors
    /// [`Error::Io`] where the records cannot be listed.
    pub fn at_or_before(&self, mirror: &Name, end: Stamp) -> Result<Option<Stamp>> {
        Ok(self.dates(mirror)?.into_iter().rev().find(|taken| *taken <= end))
    }

    /// The path of a manifest.
    #[must_use]
    pub fn manifest_path(&self, digest: Digest) -> PathBuf {
        let (shard, rest) = digest.shard();
        self.root.join("manifests").join(shard).join(format!("{rest}.zst"))
    }

    /// Opens a manifest.
    ///
    /// # Errors
    /// [`Error::Io`] where it is not there.
    pub fn manifest(&self, digest: Digest) -> Result<Decoder> {
        let path = self.manifest_path(digest);
        let file = std::fs::File::open(&path).at("open the manifest", &path)?;
        Decoder::new(file, digest)
    }
}

/// Refuses a folder that holds what is not ours, before anything is written there.
fn must_be_free(root: &Path) -> Result<()> {
    let ours = |name: &std::ffi::OsStr| {
        FOLDERS.iter().any(|folder| name == *folder)
            || ["lock", "keys", "lost+found"].iter().any(|own| name == *own)
    };
    match disk::names(root)?.into_iter().find(|name| !ours(name)) {
        None => Ok(()),
        Some(name) => Err(Error::BadName {
            what: "root",
            name: escape_path(root),
            why: format!(
                "it is no root of pinfold and holds '{}': name an empty folder",
                escape_path(Path::new(&name))
            ),
        }),
    }
}

#[cfg(test)]
mod tests;
