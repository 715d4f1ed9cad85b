//! What somebody must look at.

use pinfold_store::Name;
use serde::Serialize;

use super::Page;
use crate::status::{ChannelStatus, MirrorStatus};

/// Something that somebody must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// What it is about.
    pub subject: String,
    /// What is wrong.
    pub what: String,
    /// The command that says more or mends it.
    pub command: String,
}

impl Page {
    /// Lists what somebody must look at, the worst first; nothing where all is well.
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        let status = &self.status;
        let mut troubles = Vec::new();
        for problem in &status.problems {
            troubles.push(trouble("store", problem, "pinfold fsck"));
        }
        for (name, channel) in &status.channels {
            troubles.extend(of_channel(name, channel));
        }
        if status.disk.is_some_and(|disk| disk.is_full()) {
            troubles.push(trouble(
                "disk",
                "it is full: nothing new comes in, and what is published stays",
                "pinfold prune --dry-run",
            ));
        }
        for (name, mirror) in &status.mirrors {
            troubles.extend(of_mirror(name, mirror));
        }
        for one in &self.upcoming {
            if let Some(hold) = one.hold.as_ref().filter(|hold| hold.is_refusal) {
                let subject = format!("{} in {}", one.mirror, one.channel);
                let command = format!("pinfold promote --plan --to {}", one.channel);
                troubles.push(trouble(&subject, &hold.why, &command));
            }
        }
        troubles
    }
}

fn of_channel(name: &Name, channel: &ChannelStatus) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    if let Some(why) = &channel.broken {
        troubles.push(trouble(name.as_str(), &format!("it cannot be read: {why}"), "pinfold init"));
    }
    if let Some(failure) = &channel.failure {
        let what = format!("its last move by the schedule failed: {}", failure.said);
        let command = format!("pinfold promote --plan --to {name}");
        troubles.push(trouble(name.as_str(), &what, &command));
    }
    troubles
}

fn of_mirror(name: &Name, mirror: &MirrorStatus) -> Vec<Trouble> {
    let Some(failure) = &mirror.sync.failure else { return Vec::new() };
    let times = if failure.in_a_row > 1 {
        format!(", {} times in a row", failure.in_a_row)
    } else {
        String::new()
    };
    let what = format!("its sync fails{times} (exit {}): {}", failure.exit_code, failure.said);
    vec![trouble(name.as_str(), &what, &format!("pinfold status {name}"))]
}

fn trouble(subject: &str, what: &str, command: &str) -> Trouble {
    Trouble { subject: subject.to_owned(), what: what.to_owned(), command: command.to_owned() }
}
