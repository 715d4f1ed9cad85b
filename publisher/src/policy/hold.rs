//! Why a mirror stays where it is, in words, and until when.

use std::fmt;
use std::time::Duration;

use pinfold_store::{Name, Stamp, refs::Pin};

use super::freeze::Freeze;

/// Why a mirror stays. Its text follows "it".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// It shows what it would move to.
    Same(Stamp),
    /// There is nothing to show: no snapshot, or none that the channel before it shows.
    Unknown(Option<Name>),
    /// What the channel before it shows is older: that one was rolled back, or this one was moved past it.
    Behind {
        /// The channel before it; `None` where the mirror's newest snapshot is older.
        from: Option<Name>,
        /// What that shows.
        newest: Stamp,
        /// What this one shows.
        shown: Stamp,
    },
    /// A pin holds it.
    Pinned(Pin),
    /// It was not long enough in the channel before it.
    Soaking {
        /// What soaks, and would be shown first.
        snapshot: Stamp,
        /// Where; `None` where its age counts.
        from: Option<Name>,
        /// Since when.
        since: Stamp,
        /// For how long it must.
        after: Duration,
    },
    /// The channel before it never showed the snapshot that was named, or withdrew it.
    NotShown {
        /// Which one.
        snapshot: Stamp,
        /// Where it should have been.
        from: Option<Name>,
    },
    /// A freeze is on.
    Frozen {
        /// Which window.
        window: Freeze,
        /// The first second without one; `None` where that is years ahead.
        until: Option<Stamp>,
    },
    /// It moves only together with another mirror, and that one stays.
    Group {
        /// The group.
        group: String,
        /// Who stays.
        mirror: Name,
        /// Why.
        why: Box<Hold>,
    },
    /// It moves only together with another mirror, and nobody asked for that one.
    Apart {
        /// The group.
        group: String,
        /// Who would move too.
        mirror: Name,
    },
    /// The snapshot holds no file.
    Empty(Stamp),
    /// Too much of it is gone.
    Shrinks {
        /// The snapshot.
        snapshot: Stamp,
        /// How many are gone, of how many, and of what: packages or files.
        lost: (u64, u64, &'static str),
        /// The share that may go, in percent.
        max: u8,
    },
    /// It is not intact.
    Damaged {
        /// The snapshot.
        snapshot: Stamp,
        /// What was found first.
        finding: String,
    },
    /// A gate said no.
    Gate {
        /// The snapshot.
        snapshot: Stamp,
        /// How it ended, with the last that it printed.
        how: String,
    },
}

impl Hold {
    /// A word for programs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Same(_) => "nothing-new",
            Self::Unknown(_) => "nothing-there",
            Self::Behind { .. } => "behind",
            Self::Pinned(_) => "pinned",
            Self::Soaking { .. } => "soaking",
            Self::NotShown { .. } => "not-shown",
            Self::Frozen { .. } => "frozen",
            Self::Group { .. } => "group",
            Self::Apart { .. } => "apart",
            Self::Empty(_) => "empty",
            Self::Shrinks { .. } => "shrinks",
            Self::Damaged { .. } => "damaged",
            Self::Gate { .. } => "gate",
        }
    }

    /// Says whether somebody must look: the snapshot was found wanting. All else is as it was meant to be.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Empty(_) | Self::Shrinks { .. } | Self::Damaged { .. } | Self::Gate { .. }
        )
    }

    /// The first second in which it does not hold any more; `None` where no time ends it.
    #[must_use]
    pub fn until(&self) -> Option<Stamp> {
        match self {
            Self::Pinned(pin) => pin.until.map(|until| later(until, 1)),
            Self::Soaking { since, after, .. } => Some(soaked_at(*since, *after)),
            Self::Frozen { until, .. } => *until,
            Self::Group { why, .. } => why.until(),
            _ => None,
        }
    }
}

/// When something has soaked.
pub(super) fn soaked_at(since: Stamp, after: Duration) -> Stamp {
    later(since, i64::try_from(after.as_secs()).unwrap_or(i64::MAX))
}

fn later(stamp: Stamp, seconds: i64) -> Stamp {
    Stamp::from_seconds(stamp.seconds().saturating_add(seconds))
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same(taken) => write!(f, "already shows {taken}"),
            Self::Unknown(None) => f.write_str("has no snapshot"),
            Self::Unknown(Some(from)) => write!(f, "has no snapshot that {from} shows"),
            Self::Behind { from: Some(from), newest, shown } => {
                write!(f, "shows {shown}, and {from} the older {newest}")
            }
            Self::Behind { from: None, newest, shown } => {
                write!(f, "shows {shown}, and its newest snapshot is {newest}")
            }
            Self::Pinned(pin) => {
                let until = pin
                    .until
                    .map_or_else(String::new, |until| format!(" until {} UTC", until.human()));
                write!(f, "is pinned by {} since {}{until}", pin.who, pin.since.human())?;
                if pin.reason.is_empty() { Ok(()) } else { write!(f, ": {}", pin.reason) }
            }
            Self::Soaking { snapshot, from, since, after } => {
                let place = from.as_ref().map_or_else(String::new, |from| format!(" in {from}"));
                let until = soaked_at(*since, *after).human();
                write!(
                    f,
                    "waits for {snapshot}, which soaks{place} since {} until {until} UTC",
                    since.human()
                )
            }
            Self::NotShown { snapshot, from } => match from {
                Some(from) => write!(f, "was to show {snapshot}, which {from} did not show"),
                None => write!(f, "was to show {snapshot}, which is none of its snapshots"),
            },
            Self::Frozen { window, until: Some(until) } => {
                write!(f, "is frozen ({window}) until {} UTC", until.human())
            }
            Self::Frozen { window, until: None } => write!(f, "is frozen ({window})"),
            Self::Group { group, mirror, why } => {
                write!(f, "moves only together with {mirror} (group {group}), which {why}")
            }
            Self::Apart { group, mirror } => {
                write!(f, "moves only together with {mirror} (group {group}): name both")
            }
            Self::Empty(taken) => {
                write!(f, "has no file in {taken}: --allow-empty shows it all the same")
            }
            Self::Shrinks { snapshot, lost: (lost, of, what), max } => write!(
                f,
                "would lose {lost} of {of} {what} by {snapshot}, more than {max} percent: --allow-shrink shows it all the same"
            ),
            Self::Damaged { snapshot, finding } => {
                write!(f, "was to show {snapshot}, which is not whole: {finding}")
            }
            Self::Gate { snapshot, how } => {
                write!(f, "was to show {snapshot}, and the gate said no: {how}")
            }
        }
    }
}
