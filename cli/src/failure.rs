//! How a run ends: outcome, failure, exit code, and what to do next.

use std::path::Path;

use pinfold_store::{Kind, Report};

use crate::serve::ServeError;

/// The exit code where another run holds the lock.
pub(crate) const BUSY: u8 = 75;

/// How a verb ended that did what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done.
    Done,
    /// Done, and the answer is no.
    No,
    /// Done, and something is not intact.
    Damage,
    /// All was tried, and this exit code is the worst of what came.
    Worst(u8),
}

impl Outcome {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Damage => 4,
            Self::Worst(code) => code,
        }
    }

    /// What a report means.
    pub(crate) fn of(report: &Report) -> Self {
        if report.findings.iter().any(|finding| finding.code.is_damage()) {
            Self::Damage
        } else if report.findings.is_empty() {
            Self::Done
        } else {
            Self::No
        }
    }
}

/// Why a verb did not do what it was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    kind: Kind,
    /// An object went that was there before: the same run again brings it anew.
    pub(crate) is_lost_object: bool,
    /// One line: what was attempted, on what, and why it failed.
    pub(crate) message: String,
    /// Commands to run or lines to change.
    pub(crate) hints: Vec<String>,
}

impl Failure {
    /// The request or the configuration is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::of_kind(Kind::Usage, message)
    }

    /// This machine could not do it.
    pub(crate) fn machine(message: impl Into<String>) -> Self {
        Self::of_kind(Kind::Machine, message)
    }

    /// Upstream failed: try later.
    pub(crate) fn upstream(message: impl Into<String>) -> Self {
        Self::of_kind(Kind::Upstream, message)
    }

    /// It was not done, and the answer is no.
    pub(crate) fn held(message: impl Into<String>) -> Self {
        Self::of_kind(Kind::Held, message)
    }

    /// Something is not intact.
    pub(crate) fn damage(message: impl Into<String>) -> Self {
        Self::of_kind(Kind::Integrity, message)
    }

    /// Others are at work.
    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self::of_kind(Kind::Busy, message)
    }

    /// Says whether it is of a kind.
    pub(crate) fn is_of(&self, kind: Kind) -> bool {
        self.kind == kind
    }

    /// We did something that cannot be right.
    pub(crate) fn bug(message: impl Into<String>) -> Self {
        Self::of_kind(Kind::Bug, message)
    }

    /// What another run of this program ended with.
    pub(crate) fn of_code(code: u8, message: impl Into<String>) -> Self {
        let kinds =
            [Kind::Usage, Kind::Held, Kind::Upstream, Kind::Integrity, Kind::Busy, Kind::Bug];
        let kind = kinds.into_iter().find(|kind| code_of(*kind) == code);
        Self::of_kind(kind.unwrap_or(Kind::Machine), message)
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    fn of_kind(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, is_lost_object: false, message: message.into(), hints: Vec::new() }
    }

    fn new(kind: Kind, error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            let text = inner.to_string();
            if !message.ends_with(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            source = inner.source();
        }
        let hints = hints(kind, &message);
        Self { hints, ..Self::of_kind(kind, message) }
    }

    /// Tells a disk without inodes from a disk without bytes: the system has one word for both.
    pub(crate) fn on(mut self, root: &Path) -> Self {
        let is_full = FULL.iter().any(|words| self.message.contains(words));
        let space = rustix::fs::statvfs(root);
        if is_full && space.is_ok_and(|space| space.f_files > 0 && space.f_favail < FEW) {
            self.hints = vec![NO_INODES.to_owned()];
        }
        self
    }

    /// The exit code (DESIGN.md): an interface.
    pub(crate) const fn code(&self) -> u8 {
        code_of(self.kind)
    }
}

const fn code_of(kind: Kind) -> u8 {
    match kind {
        Kind::Usage => 2,
        Kind::Held => 1,
        Kind::Upstream => 3,
        Kind::Integrity => 4,
        Kind::Machine => 5,
        Kind::Busy => 75,
        Kind::Bug => 70,
    }
}

/// What helps against what a system call or the index's library says, by its words.
const REMEDIES: &[(&[&str], &str)] = &[
    (
        &["it belongs to user"],
        "run it as the root's owner (sudo -u pinfold pinfold ...), or give the whole root to one user with chown -R",
    ),
    (&[FULL[0]], NO_ROOM),
    (&[FULL[1]], NO_ROOM),
    (&["has no room for"], NO_ROOM_TO_COME),
    (
        &["Too many open files"],
        "raise the limit of open files: ulimit -n, or LimitNOFILE= of the unit",
    ),
    (
        &["Invalid cross-device link"],
        "a part of the root lies on another mount, subvolume or project than the rest: pinfold init names it",
    ),
    (&["Read-only file system"], "the root's file system is mounted read-only: see dmesg"),
    (
        &["cannot link", "not permitted"],
        "all files below the root must belong to its owner, or the kernel does not link them (fs.protected_hardlinks): chown -R",
    ),
    (&["readonly database"], WRITES_INDEX),
    (&["unable to open database"], WRITES_INDEX),
    (&["disk I/O error"], "see whether the disk is full (df -h, df -i) or failing (dmesg)"),
    (&["Permission denied"], OWNER),
    (&["not permitted"], OWNER),
];

/// What a full file system is called, by the system and by the index's library.
const FULL: [&str; 2] = ["No space left", "disk is full"];
/// Inodes that a run gives back when it fails, and no more.
const FEW: u64 = 64;
const NO_INODES: &str = "the file system has no inodes left, bytes are not the trouble (df -i): pinfold retire takes trees down, one inode a folder; a new file system can have more (mkfs.ext4 -i 8192)";
const NO_ROOM: &str = "free space (df -h): pinfold retire takes trees down, pinfold prune MIRROR@DATE drops a snapshot; then run the same command again";
const NO_ROOM_TO_COME: &str = "make room (df -h, df -i): pinfold retire takes trees down, pinfold prune drops snapshots; or take less of the archive, or leave less free (min-free in pinfold.toml)";
const WRITES_INDEX: &str = "run it as the root's owner, with the root mounted to be written: the index is opened to be written even where it is only read";
const OWNER: &str = "run it as the owner of the root";

/// What helps, by what went wrong.
fn hints(kind: Kind, message: &str) -> Vec<String> {
    let hint = match kind {
        Kind::Busy => "wait for it with --wait SECONDS",
        Kind::Machine if message.contains("FORMAT") && message.contains("No such file") => {
            "pinfold init makes the root"
        }
        Kind::Machine => {
            let known =
                REMEDIES.iter().find(|(all, _)| all.iter().all(|words| message.contains(words)));
            let Some((_, remedy)) = known else { return Vec::new() };
            remedy
        }
        Kind::Integrity if message.contains("index") => {
            "pinfold fsck --rebuild makes the index anew from the files"
        }
        Kind::Integrity => "pinfold fsck --deep looks at everything; nothing was changed",
        Kind::Usage if message.contains("no snapshot") => "pinfold snapshots lists what there is",
        Kind::Usage if message.contains("no channel") => "pinfold channels lists what there is",
        Kind::Usage if message.contains("cannot be taken") => {
            "every entry was named above; remove them and ingest again"
        }
        _ => return Vec::new(),
    };
    vec![hint.to_owned()]
}

impl From<pinfold_store::Error> for Failure {
    fn from(error: pinfold_store::Error) -> Self {
        let is_lost_object = matches!(error, pinfold_store::Error::MissingObject { .. });
        Self { is_lost_object, ..Self::new(error.kind(), &error) }
    }
}

impl From<pinfold_mirror::Error> for Failure {
    fn from(error: pinfold_mirror::Error) -> Self {
        use pinfold_mirror::Error as Archive;
        let failure = Self::new(error.kind(), &error);
        match error {
            // What came is at fault, and not what the store has.
            Archive::Mismatch { .. }
            | Archive::NotAuthentic { .. }
            | Archive::BadMetadata { .. } => {
                let hint = "nothing was changed: run the same command again when upstream, or the tool that brought it, has mended it";
                Self { hints: Vec::new(), ..failure }.hint(hint)
            }
            Archive::Store(error) => error.into(),
            _ => failure,
        }
    }
}

impl From<pinfold_publisher::Error> for Failure {
    fn from(error: pinfold_publisher::Error) -> Self {
        Self::new(error.kind(), &error)
    }
}

impl From<pinfold_publisher::site::SiteError> for Failure {
    fn from(error: pinfold_publisher::site::SiteError) -> Self {
        Self::new(error.kind(), &error)
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        Self::new(error.kind(), &error)
    }
}
