//! The root folder: opened, created, and asked for its parts.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};
use serde::{Deserialize, Serialize};

use crate::error::{Error, IoContext, Result};
use crate::index::Index;
use crate::manifest::Decoder;
use crate::{Digest, Name, Record, Stamp, disk};

/// The format that this version writes.
const FORMAT: u32 = 1;
/// The folders of a root, in the order of their making.
const FOLDERS: &[&str] = &[
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

/// What the file system below a root can do, found by trying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Abilities {
    /// Hardlinks work between the folders.
    pub hardlinks: bool,
    /// The links that one inode takes, where a limit is known.
    pub link_limit: Option<u64>,
    /// `FICLONE` works.
    pub reflinks: bool,
    /// Free inodes, where the file system counts them.
    pub free_inodes: Option<u64>,
    /// Free bytes.
    pub free_bytes: u64,
    /// The file system's type.
    pub kind: String,
    /// `flock` excludes a second opener.
    pub flock: bool,
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
        if disk::stands(&root.join("FORMAT"))? {
            let store = Self::open(&root)?;
            store.make_folders()?;
            return Ok(store);
        }
        disk::make_dirs(&root)?;
        for name in disk::names(&root)? {
            let known = FOLDERS.iter().any(|folder| name == *folder)
                || name == "lock"
                || name == "keys"
                || name == "lost+found";
            if !known {
                let why = format!(
                    "it is no root of pinfold and holds '{}': name an empty folder",
                    name.to_string_lossy()
                );
                return Err(Error::Damaged { path: root, why });
            }
        }
        let store = Self { root };
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
            None => Ok(Self { root }),
        }
    }

    /// Tries what the file system can do.
    ///
    /// # Errors
    /// [`Error::Io`] where not even a file can be made.
    pub fn abilities(&self) -> Result<Abilities> {
        let (file, path) = disk::content::create_aside(self)?;
        let (clone, clone_path) = disk::content::create_aside(self)?;
        let linked = self.root.join("www/snapshots/.new-trial");
        disk::remove_file(&linked)?;
        let hardlinks = disk::link(&path, &linked).is_ok();
        let reflinks = rustix::fs::ioctl_ficlone(&clone, &file).is_ok();
        let second = rustix::fs::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .at("open", &path)?;
        let flock = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
            && rustix::fs::flock(second.as_fd(), FlockOperation::NonBlockingLockExclusive).is_err();
        for made in [&linked, &path, &clone_path] {
            disk::remove_file(made)?;
        }
        let space = rustix::fs::statvfs(&self.root).at("ask the file system of", &self.root)?;
        let magic = rustix::fs::statfs(&self.root).at("ask the file system of", &self.root)?.f_type;
        let (kind, link_limit) = file_system(u64::try_from(magic).unwrap_or_default());
        Ok(Abilities {
            hardlinks,
            link_limit,
            reflinks,
            free_inodes: (space.f_files > 0).then_some(space.f_favail),
            free_bytes: space.f_bavail.saturating_mul(space.f_frsize),
            kind,
            flock,
        })
    }

    /// Makes sure that what is to come fits above a reserve of 3% (R-19): a disk that is full stops more than a sync.
    ///
    /// # Errors
    /// [`Error::NoRoom`] where it does not.
    pub fn check_room(&self, wanted_bytes: u64, wanted_files: u64) -> Result<()> {
        let space = rustix::fs::statvfs(&self.root).at("ask the file system of", &self.root)?;
        let above = |free: u64, all: u64| free.saturating_sub(all / 100 * 3);
        let free_bytes = above(space.f_bavail, space.f_blocks).saturating_mul(space.f_frsize);
        let free_files =
            if space.f_files == 0 { u64::MAX } else { above(space.f_favail, space.f_files) };
        if wanted_bytes == 0 || (wanted_bytes <= free_bytes && wanted_files <= free_files) {
            return Ok(());
        }
        let root = self.root.clone();
        Err(Error::NoRoom { root, wanted_bytes, wanted_files, free_bytes, free_files })
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

/// Names a file system by its magic number (statfs(2)) and gives its limit of links.
fn file_system(magic: u64) -> (String, Option<u64>) {
    let (name, limit) = match magic {
        0xef53 => ("ext4", Some(65_000)),
        0x5846_5342 => ("xfs", Some(2_147_483_647)),
        0x9123_683e => ("btrfs", Some(65_535)),
        0x0102_1994 => ("tmpfs", None),
        0x794c_7630 => ("overlayfs", None),
        0x6969 => ("nfs", None),
        0x2fc1_2fc1 => ("zfs", None),
        other => return (format!("{other:#x}"), None),
    };
    (name.to_owned(), limit)
}

#[cfg(test)]
mod tests;
