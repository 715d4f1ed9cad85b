//! What `[channels.NAME]` says: in `pinfold.toml` how a channel moves by itself, in a mirror's file what is other for that mirror.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pinfold_publisher::schedule::Schedule;
use pinfold_store::check::Depth;
use pinfold_store::path::escape;
use pinfold_store::{Name, Stamp};
use serde::Deserialize;

use super::duration::{duration, seconds};

/// When a mirror is synced that does not say, and when a channel moves by itself that says anything of promotion and not when.
const SCHEDULE: &str = "0 4 * * *";
/// The share of packages that may go from one snapshot to the next, in percent.
pub(super) const MAX_CHANGE: u8 = 20;
/// How long a program that is asked may take.
const DEADLINE: Duration = Duration::from_secs(600);

/// A channel.
#[derive(Debug, Clone)]
pub(crate) struct Channel {
    /// When it moves by itself.
    pub(crate) schedule: Schedule,
    /// The channel whose snapshots it takes over; the mirrors' newest where there is none.
    pub(crate) from: Option<Name>,
    /// Mirrors that move together or not at all, by the group's name.
    pub(crate) groups: BTreeMap<Name, BTreeSet<Name>>,
    /// Asked after a move; where it says no, the channel goes back.
    pub(crate) check: Option<Asked>,
    /// What each mirror's move must fulfil, unless the mirror's file says otherwise.
    pub(crate) rules: Rules,
}

/// What a mirror's move in a channel must fulfil; what is not said is left to whoever says more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// How long a snapshot must have been in the channel before.
    pub(crate) after: Option<Duration>,
    /// When nothing moves.
    pub(crate) freeze: Option<Vec<String>>,
    /// Who is asked before a move.
    pub(crate) gate: Option<Asked>,
    /// How far a snapshot is verified before it is shown.
    pub(crate) verify: Option<Verify>,
    /// The share of packages that may go, in percent.
    pub(crate) max_change: Option<u8>,
}

/// A program that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// The longest that it may take.
    pub(crate) deadline: Duration,
}

/// Whether a snapshot is verified before it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verify {
    /// It is not.
    No,
    /// As `pinfold verify` does.
    To(Depth),
}

impl Rules {
    /// These rules, and where they say nothing, those of another.
    pub(crate) fn or(&self, other: &Self) -> Self {
        Self {
            after: self.after.or(other.after),
            freeze: self.freeze.clone().or_else(|| other.freeze.clone()),
            gate: self.gate.clone().or_else(|| other.gate.clone()),
            verify: self.verify.or(other.verify),
            max_change: self.max_change.or(other.max_change),
        }
    }
}

impl Channel {
    /// A channel that only people move.
    pub(super) fn by_hand() -> Self {
        Self {
            schedule: Schedule::never(),
            from: None,
            groups: BTreeMap::new(),
            check: None,
            rules: Rules::default(),
        }
    }
}

/// What was written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ChannelFile {
    schedule: Option<String>,
    from: Option<String>,
    groups: Option<BTreeMap<String, Vec<String>>>,
    check: Option<Vec<String>>,
    check_deadline: Option<String>,
    after: Option<String>,
    freeze: Option<Vec<String>>,
    gate: Option<Vec<String>>,
    gate_deadline: Option<String>,
    verify: Option<VerifyWord>,
    max_change: Option<u8>,
}

/// `true`, `false` or `"deep"`.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum VerifyWord {
    Switch(bool),
    Depth(String),
}

impl ChannelFile {
    /// Says what a channel's own table means.
    pub(super) fn channel(&self) -> Result<Channel, String> {
        let rules = self.rules()?;
        let says_nothing = self.schedule.is_none()
            && self.from.is_none()
            && self.groups.is_none()
            && self.check.is_none()
            && rules == Rules::default();
        let schedule = match self.schedule.as_deref() {
            None if says_nothing => Schedule::never(),
            said => schedule(said)?,
        };
        Ok(Channel {
            schedule,
            from: self.from.as_deref().map(|from| name("from", from)).transpose()?,
            groups: self.groups()?,
            check: asked("check", self.check.as_ref(), self.check_deadline.as_ref())?,
            rules,
        })
    }

    /// Says what a mirror's table for a channel means.
    pub(super) fn rules_of_mirror(&self) -> Result<Rules, String> {
        let foreign = [
            ("schedule", self.schedule.is_some()),
            ("from", self.from.is_some()),
            ("groups", self.groups.is_some()),
            ("check", self.check.is_some()),
            ("check-deadline", self.check_deadline.is_some()),
        ];
        if let Some((key, _)) = foreign.iter().find(|(_, is_set)| *is_set) {
            return Err(format!("{key}: it is for the whole channel: pinfold.toml says it"));
        }
        self.rules()
    }

    fn rules(&self) -> Result<Rules, String> {
        let verify = match &self.verify {
            None => None,
            Some(VerifyWord::Switch(false)) => Some(Verify::No),
            Some(VerifyWord::Switch(true)) => Some(Verify::To(Depth::Quick)),
            Some(VerifyWord::Depth(word)) if word == "deep" => Some(Verify::To(Depth::Deep)),
            Some(VerifyWord::Depth(word)) => {
                let word = escape(word.as_bytes());
                return Err(format!("verify = \"{word}\": it is true, false or \"deep\""));
            }
        };
        if let Some(share) = self.max_change.filter(|share| *share > 100) {
            return Err(format!("max-change = {share}: it is a percentage up to 100"));
        }
        Ok(Rules {
            after: seconds("after", self.after.as_ref())?,
            freeze: self.freeze.clone(),
            gate: asked("gate", self.gate.as_ref(), self.gate_deadline.as_ref())?,
            verify,
            max_change: self.max_change,
        })
    }

    fn groups(&self) -> Result<BTreeMap<Name, BTreeSet<Name>>, String> {
        let mut groups: BTreeMap<Name, BTreeSet<Name>> = BTreeMap::new();
        for (group, mirrors) in self.groups.iter().flatten() {
            let mut members = BTreeSet::new();
            for mirror in mirrors {
                let mirror = name("groups", mirror)?;
                if members.contains(&mirror)
                    || groups.values().any(|others| others.contains(&mirror))
                {
                    return Err(format!("groups: {mirror} is named twice: a mirror moves once"));
                }
                members.insert(mirror);
            }
            groups.insert(name("groups", group)?, members);
        }
        Ok(groups)
    }
}

/// Refuses names of channels and mirrors that are not there, and channels that take from each other in a circle.
pub(super) fn check(
    channels: &BTreeMap<Name, Channel>,
    is_mirror: &dyn Fn(&Name) -> bool,
) -> Result<(), String> {
    for (name, channel) in channels {
        let table = format!("[channels.{name}]");
        if let Some(mirror) = channel.groups.values().flatten().find(|mirror| !is_mirror(mirror)) {
            return Err(format!("{table}: groups: there is no mirror '{mirror}'"));
        }
        let mut seen = BTreeSet::from([name]);
        let mut at = channel;
        while let Some(from) = &at.from {
            let Some(next) = channels.get(from) else {
                return Err(format!("{table}: from = \"{from}\": there is no such channel"));
            };
            if !seen.insert(from) {
                return Err(format!(
                    "{table}: from = \"{from}\": it leads back to the channel itself"
                ));
            }
            at = next;
        }
    }
    Ok(())
}

/// Reads a schedule; every day in the small hours where none is said.
pub(super) fn schedule(said: Option<&str>) -> Result<Schedule, String> {
    Schedule::parse(said.unwrap_or(SCHEDULE)).map_err(|error| error.to_string())
}

fn name(key: &str, text: &str) -> Result<Name, String> {
    text.parse().map_err(|error: pinfold_store::Error| format!("{key}: {error}"))
}

/// A channel's name; one that a date could be taken for is none.
pub(super) fn channel_name(text: &str) -> Result<Name, String> {
    let shown = format!("[channels.{}]", escape(text.as_bytes()));
    if Stamp::parse_end(text).is_ok() {
        return Err(format!(
            "{shown}: MIRROR@{text} would be a date: give the channel another name"
        ));
    }
    text.parse().map_err(|error: pinfold_store::Error| format!("{shown}: {error}"))
}

fn asked(
    key: &str,
    command: Option<&Vec<String>>,
    deadline: Option<&String>,
) -> Result<Option<Asked>, String> {
    let key_of_deadline = format!("{key}-deadline");
    let Some(command) = command else {
        return match deadline {
            None => Ok(None),
            Some(_) => {
                Err(format!("{key_of_deadline}: there is no {key} = [\"/…\"] that it is for"))
            }
        };
    };
    super::source::check_command(key, command)?;
    let deadline =
        deadline.map(|text| duration(&key_of_deadline, text)).transpose()?.unwrap_or(DEADLINE);
    Ok(Some(Asked { command: command.clone(), deadline }))
}

#[cfg(test)]
mod tests;
