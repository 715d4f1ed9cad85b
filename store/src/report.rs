//! What a check finds: data, with stable codes.

/// What is wrong, as a stable code in kebab case; documented in `docs/findings.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// An object that a manifest names is not there.
    ObjectMissing,
    /// An object has another size than the manifest or the index says.
    ObjectSize,
    /// An object's bytes do not hash to its name.
    ObjectContent,
    /// An object cannot be read.
    ObjectUnreadable,
    /// An object is no regular file, is writable or carries setuid bits.
    ObjectMode,
    /// An object belongs to another user than the root: that user could write into it.
    ObjectOwner,
    /// An object has another modification time than it was given: web servers tell versions apart by it.
    ObjectTime,
    /// A file below `objects/` is not named as an object is.
    ObjectStray,
    /// A manifest is missing, does not hash to its name or does not parse.
    ManifestDamaged,
    /// A snapshot's record does not parse or contradicts its manifest.
    RecordDamaged,
    /// A pin cannot be read.
    PinDamaged,
    /// The index contradicts the records on disk.
    IndexStale,
    /// The index database is damaged.
    IndexDamaged,
    /// A published tree lacks an entry.
    TreeMissing,
    /// A published tree has an entry that the manifest does not name.
    TreeExtra,
    /// An entry of a published tree is not the object that the manifest names.
    TreeDiffers,
    /// A folder or file of a published tree is writable.
    TreeMode,
    /// A tree stands in the site that no record knows.
    TreeStray,
    /// A day or hour leads to another snapshot than the newest before it.
    DayWrong,
    /// A channel's symlink points to no complete generation.
    ChannelBroken,
    /// A generation's record does not parse, or a tree that it shows is not published.
    GenerationDamaged,
    /// The union lacks a fixed file of a published snapshot.
    UnionMissing,
    /// A file of the union is no object that a published snapshot has under that name.
    UnionDiffers,
    /// An entry of a source tree was left out.
    SourceSkipped,
    /// A file changed while it was read and was read again.
    SourceChanged,
    /// A file that the archive's own metadata lists is not in the tree, or is another.
    ArchiveIncomplete,
    /// Nobody vouches for a snapshot that somebody vouched for, or its metadata cannot be followed.
    ArchiveNotAuthentic,
    /// A file that an archive's metadata name is not there.
    ArchiveMissing,
    /// A file of an archive is another than its metadata say.
    ArchiveWrong,
    /// A file of a snapshot is named by no metadata.
    ArchiveExtra,
    /// What upstream's metadata say is kept as it is, and clients will not like it.
    ArchiveOdd,
    /// A file that upstream lists cannot be had from it.
    UpstreamMissing,
    /// What upstream sends for a file is not what it lists.
    UpstreamWrong,
}

impl Code {
    /// Gives the code's text, which never changes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ObjectMissing => "object-missing",
            Self::ObjectSize => "object-size",
            Self::ObjectContent => "object-content",
            Self::ObjectUnreadable => "object-unreadable",
            Self::ObjectMode => "object-mode",
            Self::ObjectOwner => "object-owner",
            Self::ObjectTime => "object-time",
            Self::ObjectStray => "object-stray",
            Self::ManifestDamaged => "manifest-damaged",
            Self::RecordDamaged => "record-damaged",
            Self::PinDamaged => "pin-damaged",
            Self::IndexStale => "index-stale",
            Self::IndexDamaged => "index-damaged",
            Self::TreeMissing => "tree-missing",
            Self::TreeExtra => "tree-extra",
            Self::TreeDiffers => "tree-differs",
            Self::TreeMode => "tree-mode",
            Self::TreeStray => "tree-stray",
            Self::DayWrong => "day-wrong",
            Self::ChannelBroken => "channel-broken",
            Self::GenerationDamaged => "generation-damaged",
            Self::UnionMissing => "union-missing",
            Self::UnionDiffers => "union-differs",
            Self::SourceSkipped => "source-skipped",
            Self::SourceChanged => "source-changed",
            Self::ArchiveIncomplete => "archive-incomplete",
            Self::ArchiveNotAuthentic => "archive-not-authentic",
            Self::ArchiveMissing => "archive-missing",
            Self::ArchiveWrong => "archive-wrong",
            Self::ArchiveExtra => "archive-extra",
            Self::ArchiveOdd => "archive-odd",
            Self::UpstreamMissing => "upstream-missing",
            Self::UpstreamWrong => "upstream-wrong",
        }
    }

    /// Says whether bytes are not what they should be: exit code 4 and not 1.
    #[must_use]
    pub const fn is_damage(self) -> bool {
        matches!(
            self,
            Self::ObjectMissing
                | Self::ObjectSize
                | Self::ObjectContent
                | Self::ObjectUnreadable
                | Self::ManifestDamaged
                | Self::RecordDamaged
                | Self::TreeDiffers
                | Self::UnionDiffers
                | Self::GenerationDamaged
                | Self::ArchiveNotAuthentic
                | Self::ArchiveMissing
                | Self::ArchiveWrong
        )
    }
}

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub code: Code,
    /// On which path, object or snapshot, escaped.
    pub subject: String,
    /// What was expected and what was found.
    pub detail: String,
    /// A command to run or a line to change.
    pub remedy: String,
}

/// Everything that a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings, in the order of the check.
    pub findings: Vec<Finding>,
    /// How many files were compared.
    pub files: u64,
    /// How many bytes were read.
    pub bytes: u64,
    /// The objects of which something was found, for whoever heals them.
    pub objects: std::collections::BTreeSet<crate::Digest>,
    /// What stands among the objects and is none.
    pub strays: Vec<std::path::PathBuf>,
}

impl Report {
    /// Appends what another check found.
    pub fn merge(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.files += other.files;
        self.bytes += other.bytes;
        self.objects.extend(other.objects);
        self.strays.extend(other.strays);
    }
}
