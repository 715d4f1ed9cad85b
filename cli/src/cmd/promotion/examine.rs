//! What is asked of a snapshot before a channel shows it: that it holds something, lost little, is whole, and that the gate lets it in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use pinfold_publisher::layout::Www;
use pinfold_publisher::policy::{Decision, Hold};
use pinfold_publisher::publish;
use pinfold_store::lock::ChannelLock;
use pinfold_store::path::escape_path;
use pinfold_store::{Kind, Monitor, Name, Record, Stamp, disk};

use super::Request;
use super::look::View;
use crate::cmd::check;
use crate::cmd::diff::{self, Lost};
use crate::config::{Asked, Verify};
use crate::failure::Failure;
use crate::tool::{Ended, Tool};

/// A mirror that would move: from what, to what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub(super) mirror: Name,
    pub(super) from: Option<Stamp>,
    pub(super) to: Stamp,
}

/// What was found of steps: each is examined once, however often it is decided.
#[derive(Debug, Default)]
pub(super) struct Answers(BTreeMap<Step, Option<Hold>>);

impl Answers {
    /// The steps of a decision that were not examined yet.
    pub(super) fn open(&self, decision: &Decision) -> Vec<Step> {
        steps(decision).into_iter().filter(|step| !self.0.contains_key(step)).collect()
    }

    pub(super) fn give(&mut self, step: Step, answer: Option<Hold>) {
        self.0.insert(step, answer);
    }

    /// Holds what was found wanting.
    pub(super) fn apply(&self, mut decision: Decision) -> Decision {
        for step in steps(&decision) {
            if let Some(Some(hold)) = self.0.get(&step) {
                decision.hold(&step.mirror, hold.clone());
            }
        }
        decision
    }
}

fn steps(decision: &Decision) -> Vec<Step> {
    let step = |(mirror, from, to): (&Name, _, _)| Step { mirror: mirror.clone(), from, to };
    decision.moves().map(step).collect()
}

impl Request<'_> {
    /// Decides, and holds what can be found wanting without asking a program or reading a snapshot.
    pub(super) fn inspected(&self, view: &View) -> Result<Decision, Failure> {
        let mut answers = Answers::default();
        let decision = self.decide(view);
        let progress = self.monitor();
        for step in steps(&decision) {
            let answer = self.inspect(&step, &*progress)?;
            answers.give(step, answer);
        }
        Ok(answers.apply(decision))
    }

    /// Asks everything of a snapshot, the cheapest first.
    pub(super) fn examine(
        &self,
        step: &Step,
        lock: &ChannelLock,
        progress: &dyn Monitor,
    ) -> Result<Option<Hold>, Failure> {
        if let Some(hold) = self.inspect(step, progress)? {
            return Ok(Some(hold));
        }
        if let Some(hold) = self.verify(step, progress)? {
            return Ok(Some(hold));
        }
        let rules = self.context.config.rules(self.channel, &step.mirror);
        match rules.gate.filter(|_| !self.waives(|args| args.skip_gate)) {
            Some(gate) => self.gate(step, &gate, lock, progress),
            None => Ok(None),
        }
    }

    /// A snapshot without files: a mirror tool that failed, or a disk that was not mounted, left it. And one that lost much.
    fn inspect(&self, step: &Step, progress: &dyn Monitor) -> Result<Option<Hold>, Failure> {
        let record = self.store.record(&step.mirror, step.to)?;
        let is_empty = record.files + record.links == 0;
        if is_empty && !self.waives(|args| args.allow_empty) {
            return Ok(Some(Hold::Empty(step.to)));
        }
        // Whoever goes back means to lose what came since.
        let before = step.from.filter(|from| *from < step.to);
        let Some(before) = before.filter(|_| !is_empty && !self.waives(|args| args.allow_shrink))
        else {
            return Ok(None);
        };
        let rules = self.context.config.rules(self.channel, &step.mirror);
        let Some(max) = rules.max_change.filter(|max| *max < 100) else { return Ok(None) };
        let old = self.store.record(&step.mirror, before)?;
        let lost = diff::lost(self.store, (&old, &record), progress)?;
        let Lost { count, of, what } = lost;
        let hold = Hold::Shrinks { snapshot: step.to, lost: (count, of, what), max };
        Ok(lost.is_more_than(max).then_some(hold))
    }

    fn verify(&self, step: &Step, progress: &dyn Monitor) -> Result<Option<Hold>, Failure> {
        let rules = self.context.config.rules(self.channel, &step.mirror);
        let Some(Verify::To(depth)) = rules.verify else { return Ok(None) };
        let snapshot = step.to;
        let found = check::look_at(self.store, (&step.mirror, snapshot), depth, progress);
        let finding = match found {
            Ok(report) => report.findings.into_iter().next().map(|first| {
                format!("{}: {}: {}", first.code.as_str(), first.subject, first.detail)
            }),
            Err(failure) if failure.is_of(Kind::Integrity) => Some(failure.message),
            Err(failure) => return Err(failure),
        };
        Ok(finding.map(|finding| Hold::Damaged { snapshot, finding }))
    }

    /// Asks the gate. It may take minutes, and holds up nobody but other promotions of this channel.
    fn gate(
        &self,
        step: &Step,
        gate: &Asked,
        lock: &ChannelLock,
        progress: &dyn Monitor,
    ) -> Result<Option<Hold>, Failure> {
        let Step { mirror, from, to } = step;
        self.make_stand(step)?;
        let old = from.map(|from| self.store.record(mirror, from)).transpose()?;
        let new = self.store.record(mirror, *to)?;
        let document = self.log(&format!("{mirror}.diff.json"));
        let value = diff::document(self.store, (old.as_ref(), &new), progress)?;
        disk::make_dirs(&self.context.config.logs)?;
        disk::write_durably(&document, format!("{value:#}\n").as_bytes(), 0o644)?;
        progress.step(&format!("{}: asking the gate about {mirror}@{to}", self.channel), None);
        let name = |record: &Record| format!("{mirror}@{}", record.taken);
        let names = [old.as_ref().map_or_else(String::new, name), name(&new)].map(OsString::from);
        let www = Www::new(self.store.root());
        let tree = |taken: Stamp| OsString::from(www.snapshot_tree(mirror, taken));
        let [old_name, new_name] = names.clone();
        let environment = vec![
            ("PINFOLD_CHANNEL", self.channel.as_str().into()),
            ("PINFOLD_MIRROR", mirror.as_str().into()),
            ("PINFOLD_OLD", old_name),
            ("PINFOLD_NEW", new_name),
            ("PINFOLD_DIFF", document.clone().into()),
            ("PINFOLD_OLD_TREE", from.map(tree).unwrap_or_default()),
            ("PINFOLD_NEW_TREE", tree(*to)),
        ];
        let more = names.into_iter().chain([document.into()]).collect();
        let log = self.log(&format!("{mirror}.gate.log"));
        let how = self.ask((gate, environment), more, &log, lock)?;
        Ok(how.map(|how| Hold::Gate { snapshot: *to, how }))
    }

    /// Makes the tree stand that is asked about, where it went cold.
    fn make_stand(&self, step: &Step) -> Result<(), Failure> {
        if publish::is_published(self.store, &step.mirror, step.to)? {
            return Ok(());
        }
        let site = self.store.lock_site(&self.context.patient())?;
        let writer = self.store.writer(&self.context.patient())?;
        let locks = publish::Locks { site: &site, writer: &writer };
        publish::publish(self.store, &step.mirror, step.to, locks, &*self.monitor())?;
        Ok(())
    }

    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.context.config.logs.join(format!("{}.{name}", self.channel))
    }

    /// Runs a program that says yes by exit code 0; gives how it said no, with the last that it printed.
    pub(super) fn ask(
        &self,
        (asked, environment): (&Asked, Vec<(&'static str, OsString)>),
        more: Vec<OsString>,
        log: &Path,
        lock: &ChannelLock,
    ) -> Result<Option<String>, Failure> {
        let Some((program, arguments)) = asked.command.split_first() else {
            return Err(Failure::bug("a command without a program"));
        };
        let tool = Tool {
            program: program.into(),
            arguments: arguments.iter().map(OsString::from).chain(more).collect(),
            environment,
            log: log.to_owned(),
            deadline: Some(asked.deadline),
            lock: lock.second_hold()?,
        };
        let heading = format!("{} UTC: {}", self.context.now.human(), asked.command.join(" "));
        let ended = match tool.run(&heading) {
            Ok(Ended { code: Some(0), .. }) => return Ok(None),
            Ok(ended) => ended,
            // What cannot be asked did not say yes.
            Err(failure) => return Ok(Some(failure.message)),
        };
        for line in &ended.last {
            self.note(&format!("{program}: {line}"));
        }
        let last = ended.last.last().map_or_else(String::new, |line| format!(": {line}"));
        Ok(Some(format!("{}{last} (all that it printed is in {})", ended.how, escape_path(log))))
    }
}
