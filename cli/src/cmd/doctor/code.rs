//! What can be found. The words are an interface: docs/findings.md has each.

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
    MirrorEmpty,
    MirrorStale,
    SyncFails,
    UpstreamMoved,
    NotAuthentic,
    LayoutChanged,
    ChannelEmpty,
    ChannelBroken,
    Unreadable,
    RunNotScheduled,
    CronMissing,
    CronIgnored,
    RunOverdue,
    DiskFull,
    DiskFilling,
    RemoteDisk,
    VolatileDisk,
    SplitDisk,
    UnmountedDisk,
    RootUnusable,
    RootOwners,
    SiteClosed,
    KeyMissing,
    KeyOpen,
    ClockWrong,
    SetAside,
    Leftovers,
    RunKilled,
    DeepReadOld,
    CertificateEnds,
    CertificateName,
    CertificateUnreadable,
    KeyEnds,
    ValidUntilEnds,
    NginxMissing,
    NginxRefuses,
    SiteMissing,
    SiteNotIncluded,
    SiteDiffers,
    SiteShadowed,
    SiteSilent,
    PortDiffers,
    NameUnknown,
    HostDiffers,
    LogUnreadable,
    MetadataAbsent,
    ColdAsked,
    CertificateRefused,
    NginxDenied,
    NginxLimits,
    UpstreamBeside,
    MirrorNotFirst,
    ClientUrl,
}

/// Each with its word, and why it matters.
const CODES: &[(Code, &str, &str)] = &[
    (
        Code::MirrorEmpty,
        "mirror-empty",
        "clients of it get 503 until it has a snapshot and a channel shows it",
    ),
    (
        Code::MirrorStale,
        "mirror-stale",
        "clients keep an old state and its security holes, and nothing warns them",
    ),
    (
        Code::SyncFails,
        "sync-fails",
        "what upstream mends does not come in; channels stay where they are",
    ),
    (
        Code::UpstreamMoved,
        "upstream-moved",
        "upstream answers, and has not what this mirror asks for: it moved, ended a release or changed its layout",
    ),
    (
        Code::NotAuthentic,
        "not-authentic",
        "somebody changed what upstream signed, or upstream has a new key; nothing of it was published",
    ),
    (
        Code::LayoutChanged,
        "layout-changed",
        "clients that follow what is gone get 404 as soon as a channel moves there",
    ),
    (Code::ChannelEmpty, "channel-empty", "clients of the channel get 503 for this mirror"),
    (
        Code::ChannelBroken,
        "channel-unreadable",
        "clients get an error for everything in the channel, or what nobody recorded",
    ),
    (
        Code::Unreadable,
        "record-unreadable",
        "what is kept cannot be proved, and a rollback to it fails",
    ),
    (
        Code::RunNotScheduled,
        "run-not-scheduled",
        "schedules are kept by nobody: nothing is synced, promoted or tidied by itself",
    ),
    (Code::CronMissing, "cron-missing", "the line is there, and nobody reads it"),
    (Code::CronIgnored, "cron-ignored", "cron passes over the file without a word"),
    (Code::RunOverdue, "run-overdue", "what is due is not done, so mirrors grow old"),
    (Code::DiskFull, "disk-full", "syncs are refused; what is published stays"),
    (Code::DiskFilling, "disk-filling", "from then on syncs are refused"),
    (
        Code::RemoteDisk,
        "filesystem-remote",
        "locks, hardlinks and syncs of such a file system do not hold what the store counts on",
    ),
    (Code::VolatileDisk, "filesystem-volatile", "everything is gone after a restart"),
    (
        Code::SplitDisk,
        "filesystem-split",
        "nothing can be hardlinked or renamed across, so nothing can be published",
    ),
    (
        Code::UnmountedDisk,
        "filesystem-unmounted",
        "what is written now fills the wrong disk, and is hidden when the right one is mounted",
    ),
    (Code::RootUnusable, "root-unusable", "no verb works"),
    (
        Code::RootOwners,
        "root-owners",
        "the kernel refuses hardlinks to files of others, and runs fail in the middle",
    ),
    (
        Code::SiteClosed,
        "site-closed",
        "nginx's workers cannot reach the files, and answer 403 or 404",
    ),
    (
        Code::KeyMissing,
        "key-missing",
        "no channel with apt mirrors can move any more, not even back",
    ),
    (Code::KeyOpen, "key-open", "whoever can read the key can sign what every client believes"),
    (
        Code::ClockWrong,
        "clock-wrong",
        "snapshots are dated later than now, Valid-Until and schedules are judged wrongly",
    ),
    (
        Code::SetAside,
        "set-aside",
        "snapshots lack these files, and clients that ask for them get 404",
    ),
    (Code::Leftovers, "leftovers", "they take room until a run removes them"),
    (
        Code::RunKilled,
        "run-killed",
        "a run ended in the middle: nothing half done is shown, and what it was to do is not done",
    ),
    (Code::DeepReadOld, "deep-read-old", "a disk that rots is noticed by a client first"),
    (
        Code::CertificateEnds,
        "certificate-ends",
        "clients refuse the site from then on, or fall back to upstream",
    ),
    (
        Code::CertificateName,
        "certificate-name",
        "every client refuses the site, or falls back to upstream without a word",
    ),
    (Code::CertificateUnreadable, "certificate-unreadable", "nginx does not start with it"),
    (
        Code::KeyEnds,
        "key-ends",
        "signatures by it do not count from then on: clients or syncs fail",
    ),
    (Code::ValidUntilEnds, "valid-until-ends", "apt refuses the archive from then on"),
    (Code::NginxMissing, "nginx-missing", "nobody is served"),
    (
        Code::NginxRefuses,
        "nginx-refuses",
        "nginx does not start or reload: it goes on with what it had, until it is restarted",
    ),
    (Code::SiteMissing, "site-missing", "nobody is served"),
    (Code::SiteNotIncluded, "site-not-included", "nginx does not read the folder of our site"),
    (Code::SiteDiffers, "site-differs", "what is served is not what the configuration says"),
    (
        Code::SiteShadowed,
        "site-shadowed",
        "clients get answers of another server block, and nginx -t says nothing of it",
    ),
    (
        Code::SiteSilent,
        "site-silent",
        "clients cannot connect, or fall back to upstream without a word",
    ),
    (
        Code::PortDiffers,
        "port-differs",
        "the URL that clients are given leads to another port than the site has",
    ),
    (
        Code::NameUnknown,
        "name-unknown",
        "clients that ask the same name servers do not find the site, and fall back or fail",
    ),
    (Code::HostDiffers, "host-differs", "the host does not do what setup was told"),
    (Code::LogUnreadable, "log-unreadable", "what clients met cannot be known"),
    (
        Code::MetadataAbsent,
        "metadata-404",
        "these clients cannot update; one with a second URL takes upstream's newer state",
    ),
    (Code::ColdAsked, "cold-asked", "these clients stay at a day that is kept and not published"),
    (
        Code::CertificateRefused,
        "certificate-refused",
        "these clients do not trust the certificate's authority or its name: they fail or fall back",
    ),
    (Code::NginxDenied, "nginx-denied", "clients get 403 or 404 for files that are there"),
    (Code::NginxLimits, "nginx-limits", "clients are turned away when many come at once"),
    (
        Code::UpstreamBeside,
        "upstream-beside",
        "the package manager takes the newest version from either, so that no channel, date or rollback holds",
    ),
    (
        Code::MirrorNotFirst,
        "mirror-not-first",
        "upstream is asked first, and the mirror only when upstream is down",
    ),
    (Code::ClientUrl, "client-url-wrong", "the client gets 404, or another site's answer"),
];

impl Code {
    fn row(self) -> Option<&'static (Self, &'static str, &'static str)> {
        CODES.iter().find(|(code, _, _)| *code == self)
    }

    /// Its word.
    pub(super) fn as_str(self) -> &'static str {
        self.row().map_or("", |(_, word, _)| word)
    }

    /// Why it matters.
    pub(super) fn why(self) -> &'static str {
        self.row().map_or("", |(_, _, why)| why)
    }

    /// It is damage or not authentic: stop and look.
    pub(super) const fn is_damage(self) -> bool {
        matches!(self, Self::NotAuthentic | Self::ChannelBroken | Self::Unreadable | Self::SetAside)
    }
}
