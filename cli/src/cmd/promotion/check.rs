//! The check after a move: where it says no, the channel goes back by itself, and stays there.

use std::collections::BTreeSet;
use std::path::Path;

use pinfold_publisher::generation::{self, Generation};
use pinfold_publisher::{policy, unchecked};
use pinfold_store::Name;
use pinfold_store::lock::ChannelLock;
use pinfold_store::path::escape;

use super::Request;
use crate::cmd::moves::Ready;
use crate::cmd::rollback::must_be_kept;
use crate::failure::Failure;

impl Request<'_> {
    /// Refuses to move what could not be checked then.
    pub(super) fn must_be_checkable(&self) -> Result<(), Failure> {
        let Some(program) = self.settings.check.as_ref().and_then(|check| check.command.first())
        else {
            return Ok(());
        };
        if Path::new(program).is_file() {
            return Ok(());
        }
        let shown = escape(program.as_bytes());
        let channel = self.channel;
        Err(Failure::usage(format!("channel {channel}: its check {shown} is not there")).hint(
            format!(
                "install it, change check in [channels.{channel}], or promote with --skip-check"
            ),
        ))
    }

    /// Completes the check of a promotion that died before it was done.
    pub(super) fn complete(&self, lock: &ChannelLock) -> Result<Option<String>, Failure> {
        if !unchecked::is_noted(self.store, self.channel)? {
            return Ok(None);
        }
        let current = generation::current(self.store, self.channel)?;
        let is_shown =
            |made: &Generation| current.mirrors.values().any(|shown| shown.state == made.number);
        let made = unchecked::pending(self.store, self.channel)?.filter(is_shown);
        if let Some(made) = &made {
            let number = made.number;
            self.note(&format!(
                "generation {number} was not checked, for the run that made it ended before: checking it now"
            ));
        }
        self.check(lock, made.as_ref())
    }

    /// Checks a generation that this request made, or that one before it left unchecked; gives what the check said where it said no, and
    /// the channel went back. Nobody is asked where nothing was made, or nothing is to be checked.
    pub(super) fn check(
        &self,
        lock: &ChannelLock,
        made: Option<&Generation>,
    ) -> Result<Option<String>, Failure> {
        let check = self.settings.check.as_ref();
        let check = check.filter(|_| !self.waives(|args| args.skip_check));
        let said = match made.zip(check) {
            None => None,
            Some((made, check)) => {
                let moved: Vec<String> = moved(made).collect();
                let number = made.number.to_string();
                let environment = vec![
                    ("PINFOLD_CHANNEL", self.channel.as_str().into()),
                    ("PINFOLD_GENERATION", number.clone().into()),
                    ("PINFOLD_MOVED", moved.join(" ").into()),
                ];
                let more = vec![self.channel.as_str().into(), number.into()];
                self.ask((check, environment), more, &self.log("check.log"), lock)?
            }
        };
        match (made, said) {
            (Some(made), Some(how)) => self.take_back(made, &how).map(Some),
            _ => {
                let site = self.store.lock_site(&self.context.patient())?;
                unchecked::end(self.store, &site, self.channel)?;
                Ok(None)
            }
        }
    }

    /// Takes back what a generation brought and is still shown.
    fn take_back(&self, made: &Generation, how: &str) -> Result<String, Failure> {
        let asker = self.context.patient();
        let ready = Ready::new((self.context, &asker), self.store, self.channel)?;
        let plan = match made.from {
            Some(from) => {
                let before = generation::read(self.store, self.channel, from)?;
                policy::rollback(&ready.current, &before, &BTreeSet::new(), Some(made.number))
            }
            None => policy::Plan::default(),
        };
        must_be_kept(self.store, &plan, self.channel)?;
        let reason = format!("check failed: {how}");
        if !plan.moves.is_empty() {
            ready.go_back(&plan, (&reason, &reason), &*self.monitor())?;
        }
        unchecked::end(self.store, &ready.site, self.channel)?;
        // The schedule's caller hears it by the answer.
        if self.typed.is_some() {
            self.note(&format!("the check said no to generation {}: {how}", made.number));
        }
        let channel = self.channel;
        for (mirror, target) in &plan.moves {
            self.note(&format!(
                "{mirror} went back to {}, and is pinned there: pinfold promote {mirror} --to {channel} moves it on",
                target.snapshot
            ));
        }
        for (mirror, why) in &plan.stays {
            self.note(&format!("{mirror} stays: it {why}"));
        }
        Ok(how.to_owned())
    }
}

/// What a generation brought, as snapshots are named.
fn moved(made: &Generation) -> impl Iterator<Item = String> {
    let brought = made.mirrors.iter().filter(|(_, shown)| shown.state == made.number);
    brought.map(|(mirror, shown): (&Name, _)| format!("{mirror}@{}", shown.snapshot))
}
