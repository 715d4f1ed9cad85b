//! `fsck --repair`: what a check found is healed, in short holds of the locks, beside readers and syncs.
//!
//! Order: records and manifests, which say what should be there; objects, each with all names that it has; what of the site is still
//! wrong then. At the end all is looked at again: what is found then is what could not be mended.

mod kept;
mod objects;
mod upstream;

use std::path::PathBuf;

use pinfold_publisher::publish::{self, Locks};
use pinfold_publisher::{generation, mend};
use pinfold_store::check::Effort;
use pinfold_store::gc::Run;
use pinfold_store::heal::Others;
use pinfold_store::index::{Index, ObjectRow};
use pinfold_store::{Code, Report, Stamp, Store};
use serde_json::json;

use super::Done;
use super::check::look;
use super::init;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Progress};

/// One repair.
pub(super) struct Repair<'a> {
    pub(super) context: &'a Context,
    pub(super) store: &'a Store,
    pub(super) progress: &'a Progress,
}

/// What was done about something.
#[derive(Debug)]
struct Deed {
    /// A word for programs: `healed`, `mended`, `set-aside`.
    did: &'static str,
    /// To what.
    subject: String,
    /// From where, or why.
    detail: String,
    /// The snapshots that lack it now.
    lost_in: Vec<String>,
}

impl Deed {
    fn new(did: &'static str, subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { did, subject: subject.into(), detail: detail.into(), lost_in: Vec::new() }
    }
}

impl Repair<'_> {
    const fn run_kind(&self) -> Run {
        if self.context.dry_run { Run::Dry } else { Run::Real }
    }

    /// Heals what was found; tells what was done, and what is wrong still.
    pub(super) fn run(&self, found: Report, from: &[PathBuf]) -> Done {
        let mut deeds = Vec::new();
        let index = match self.store.index() {
            Ok(index) if !has(&found, Code::IndexDamaged) => index,
            _ => {
                return Err(Failure::damage(
                    "cannot repair: the index is damaged, and says what belongs where",
                )
                .hint("pinfold fsck --rebuild --repair makes it anew from the files first"));
            }
        };
        let rows = self.rows(&index, &found)?;
        let mut others = Others::open(from, &rows)?;
        self.kept((&index, &others), &mut deeds)?;
        self.objects(&index, (&rows, &mut others), &mut deeds)?;
        self.strays(&found, &mut deeds)?;
        self.site(&mut deeds)?;
        let left = match self.run_kind() {
            Run::Dry => found,
            Run::Real => {
                self.forget_healed(&mut deeds)?;
                look(self.store, &Effort::quick(self.context.now), self.progress)?
            }
        };
        self.progress.finish();
        self.tell(&left, &deeds)
    }

    /// What the index knows of the objects of which something was found.
    fn rows(&self, index: &Index, found: &Report) -> Result<Vec<ObjectRow>, Failure> {
        let mut rows = Vec::new();
        for digest in &found.objects {
            rows.extend(self.store.row_of(index, *digest)?);
        }
        Ok(rows)
    }

    /// Sets aside what stands among the objects and is none.
    fn strays(&self, found: &Report, deeds: &mut Vec<Deed>) -> Result<(), Failure> {
        for path in &found.strays {
            let shown = path.display().to_string();
            if self.run_kind() == Run::Dry {
                deeds.push(Deed::new("set-aside", shown, "it would be moved to quarantine/"));
                continue;
            }
            let _collector = self.store.collector(&self.context.patient())?;
            let to = self.store.set_stray_aside(path)?;
            deeds.push(Deed::new("set-aside", shown, format!("it is {}", to.display())));
        }
        Ok(())
    }

    /// Mends trees, unions, days and channels, each in one hold of the site's lock.
    fn site(&self, deeds: &mut Vec<Deed>) -> Result<(), Failure> {
        if self.run_kind() == Run::Dry {
            deeds.push(Deed::new(
                "mended",
                "the site",
                "what differs from the manifests would be mended",
            ));
            return Ok(());
        }
        let patient = self.context.patient();
        for mirror in self.store.mirrors()? {
            for taken in publish::published_dates(self.store, &mirror)? {
                let site = self.store.lock_site(&patient)?;
                let writer = self.store.writer(&patient)?;
                let locks = Locks { site: &site, writer: &writer };
                let Ok(record) = self.store.record(&mirror, taken) else { continue };
                if !self.store.is_whole_manifest(record.manifest) {
                    continue;
                }
                let mended = mend::mend_tree(self.store, &record, locks, self.progress)?;
                let name = format!("tree of {mirror}@{taken}");
                if mended.mended > 0 {
                    let detail = format!("{} things were wrong with it", mended.mended);
                    deeds.push(Deed::new("mended", name.clone(), detail));
                }
                if mended.lost > 0 {
                    let detail = format!("it lacks {} files whose objects are lost", mended.lost);
                    deeds.push(Deed::new("lacks", name, detail));
                }
                self.days(&mirror, taken, deeds)?;
            }
            let site = self.store.lock_site(&patient)?;
            let writer = self.store.writer(&patient)?;
            let locks = Locks { site: &site, writer: &writer };
            let count = mend::mend_union(self.store, &mirror, locks, self.progress)?;
            if count > 0 {
                let detail = format!("{count} things were wrong with it");
                deeds.push(Deed::new("mended", format!("union of {mirror}"), detail));
            }
        }
        self.channels(deeds)
    }

    fn days(
        &self,
        mirror: &pinfold_store::Name,
        taken: Stamp,
        deeds: &mut Vec<Deed>,
    ) -> Result<(), Failure> {
        if !publish::is_complete(self.store, mirror, taken)? {
            publish::at::refresh(self.store, mirror, taken)?;
            let name = format!("days of {mirror}@{taken}");
            deeds.push(Deed::new("mended", name, "they lead to it again"));
        }
        Ok(())
    }

    /// Makes channels show again what their records say.
    fn channels(&self, deeds: &mut Vec<Deed>) -> Result<(), Failure> {
        let site = self.store.lock_site(&self.context.patient())?;
        for channel in self.context.config.channels.keys() {
            let who = (self.context.now, self.context.who.as_str());
            let mut mended = None;
            if generation::is_lost(self.store, channel)? {
                generation::forget_link(self.store, channel, &site)?;
                generation::init_channel(self.store, channel, &site, who)?;
                mended = Some("it shows its newest generation again");
            }
            // One whose records are damaged is left as it is: a backup has them.
            if generation::current(self.store, channel).is_ok()
                && init::mend(self.context, (self.store, &site), channel)?
            {
                mended = Some("a new generation shows what the last one had lost");
            }
            if let Some(detail) = mended {
                deeds.push(Deed::new("mended", format!("channel {channel}"), detail));
            }
        }
        Ok(())
    }

    /// Removes what was set aside of objects that stand again.
    fn forget_healed(&self, deeds: &mut Vec<Deed>) -> Result<(), Failure> {
        let index = self.store.index()?;
        for digest in self.store.set_aside_objects()? {
            let stands = match index.object(digest)? {
                Some(row) => self.store.has_object(digest, row.size_bytes)?,
                None => false,
            };
            if stands {
                self.store.forget_set_aside(digest)?;
                let detail = "it stands again: what was set aside of it is removed";
                deeds.push(Deed::new("mended", format!("object {digest}"), detail));
            }
        }
        Ok(())
    }

    fn tell(&self, left: &Report, deeds: &[Deed]) -> Done {
        if self.context.json {
            let done: Vec<_> = deeds
                .iter()
                .map(|deed| json!({ "did": deed.did, "subject": deed.subject, "detail": deed.detail, "lost_in": deed.lost_in }))
                .collect();
            let mut report = ui::report_json(left);
            report["repaired"] = done.into();
            report["dry_run"] = self.context.dry_run.into();
            ui::print_json(&report)?;
            return Ok(Outcome::of(left));
        }
        for deed in deeds {
            ui::print(&format!("{}: {}: {}", deed.did, deed.subject, deed.detail))?;
            for lost in &deed.lost_in {
                ui::print(&format!("  lost in {lost}"))?;
            }
        }
        let count = left.findings.len();
        ui::print(&match (self.run_kind(), count) {
            (Run::Dry, _) => format!("{}{count} findings: nothing was changed", ui::findings(left)),
            (Run::Real, 0) => "the store is whole again".to_owned(),
            (Run::Real, _) => format!("{}{count} findings are left", ui::findings(left)),
        })?;
        Ok(Outcome::of(left))
    }
}

fn has(report: &Report, code: Code) -> bool {
    report.findings.iter().any(|finding| finding.code == code)
}
