//! How a run ends: outcome, failure, exit code, and what to do next.

use pinfold_store::{Kind, Report};

use crate::serve::ServeError;

/// How a verb ended that did what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done.
    Done,
    /// Done, and the answer is no.
    No,
    /// Done, and something is not intact.
    Damage,
}

impl Outcome {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Damage => 4,
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
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    /// One line: what was attempted, on what, and why it failed.
    pub(crate) message: String,
    /// Commands to run or lines to change.
    pub(crate) hints: Vec<String>,
}

impl Failure {
    /// The request or the configuration is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, message: message.into(), hints: Vec::new() }
    }

    /// This machine could not do it.
    pub(crate) fn machine(message: impl Into<String>) -> Self {
        Self { kind: Kind::Machine, message: message.into(), hints: Vec::new() }
    }

    /// We did something that cannot be right.
    pub(crate) fn bug(message: impl Into<String>) -> Self {
        Self { kind: Kind::Bug, message: message.into(), hints: Vec::new() }
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
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
        Self { kind, message, hints }
    }

    /// The exit code (DESIGN.md): an interface.
    pub(crate) const fn code(&self) -> u8 {
        match self.kind {
            Kind::Usage => 2,
            Kind::Held => 1,
            Kind::Upstream => 3,
            Kind::Integrity => 4,
            Kind::Machine => 5,
            Kind::Busy => 75,
            Kind::Bug => 70,
        }
    }
}

/// What helps, by what went wrong.
fn hints(kind: Kind, message: &str) -> Vec<String> {
    let hint = match kind {
        Kind::Busy => "wait for it with --wait SECONDS",
        Kind::Machine if message.contains("No space left") => {
            "free space or inodes (df -h, df -i): pinfold prune MIRROR@DATE drops a snapshot; then run the same command again"
        }
        Kind::Machine if message.contains("Read-only file system") => {
            "the root's file system is mounted read-only: see dmesg"
        }
        Kind::Machine
            if message.contains("Permission denied") || message.contains("not permitted") =>
        {
            "run it as the owner of the root, as root for a first try"
        }
        Kind::Machine if message.contains("FORMAT") && message.contains("No such file") => {
            "pinfold init makes the root"
        }
        Kind::Machine if message.contains("index") => {
            "pinfold fsck --rebuild makes the index anew from the files"
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
        Self::new(error.kind(), &error)
    }
}

impl From<pinfold_mirror::Error> for Failure {
    fn from(error: pinfold_mirror::Error) -> Self {
        Self::new(error.kind(), &error)
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
