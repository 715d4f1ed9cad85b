//! What was dropped and went cold, in words and as JSON.

use pinfold_publisher::retention::{Applied, Fate, Step};
use pinfold_store::Name;
use pinfold_store::disk::Weight;
use pinfold_store::gc::Collected;
use serde_json::{Value, json};

use super::super::Done;
use super::Tidied;
use crate::context::Context;
use crate::failure::Outcome;
use crate::ui;

/// What came back, in words.
pub(super) fn came_back(objects: u64, bytes: u64, inodes: u64) -> String {
    format!("{objects} objects, {}, {inodes} inodes", ui::bytes(bytes))
}

/// Tells, and hands on the failure of the first mirror that failed.
pub(super) fn tell(context: &Context, done: &Tidied) -> Done {
    if context.json {
        ui::print_json(&as_json(context, done))?;
    } else {
        for (mirror, taken) in &done.completed {
            ui::tell(&format!("completed the drop of {mirror}@{taken}, which was interrupted"));
        }
        ui::print(&text(context, done))?;
    }
    let mut failed = done.failed.iter();
    let Some((_, first)) = failed.next() else { return Ok(Outcome::Done) };
    for (mirror, failure) in failed {
        ui::tell(&format!("{mirror}: {}", failure.message));
    }
    Err(first.clone())
}

fn text(context: &Context, done: &Tidied) -> String {
    let mut lines = Vec::new();
    for (mirror, kept, applied) in &done.mirrors {
        for step in &applied.steps {
            lines.push(format!("{mirror}@{} {}", step.taken, step_words(context, step)));
        }
        lines.extend(done.summary(context.dry_run, mirror, (*kept, applied)));
    }
    lines.extend(done.rest(context.dry_run));
    if lines.is_empty() {
        lines.push("nothing is to be dropped or taken down".to_owned());
    }
    lines.join("\n") + "\n"
}

fn step_words(context: &Context, step: &Step) -> String {
    let (drops, colds) = if context.dry_run {
        ("would be dropped", "would go cold, and be kept")
    } else {
        ("was dropped", "went cold, and is kept")
    };
    match &step.fate {
        Fate::Dropped(lapse) => format!("{drops}: {lapse}"),
        Fate::Cold(whys) | Fate::Published(whys) => format!("{colds}: {}", words(whys)),
    }
}

fn words(whys: &[impl ToString]) -> String {
    whys.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn count(applied: &Applied, wanted: fn(&Fate) -> bool) -> usize {
    applied.steps.iter().filter(|step| wanted(&step.fate)).count()
}

const fn is_dropped(fate: &Fate) -> bool {
    matches!(fate, Fate::Dropped(_))
}

impl Tidied {
    /// Everything that came back.
    fn total(&self) -> (u64, Weight) {
        let (mut objects, mut total) = (0, self.generations.1);
        for (_, _, applied) in &self.mirrors {
            objects += applied.objects;
            total.add(Weight { bytes: applied.freed.bytes, inodes: applied.inodes() });
        }
        if let Some(leftovers) = &self.leftovers {
            objects += leftovers.objects;
            total.add(leftovers.freed);
        }
        (objects, total)
    }

    /// A line for each mirror where something was done, and for the rest; none where nothing was.
    pub(in crate::cmd) fn lines(&self, is_dry: bool) -> Vec<String> {
        let each = self.mirrors.iter();
        let lines = each
            .filter_map(|(mirror, kept, applied)| self.summary(is_dry, mirror, (*kept, applied)));
        lines.chain(self.rest(is_dry)).collect()
    }

    fn summary(
        &self,
        is_dry: bool,
        mirror: &Name,
        (kept, applied): (usize, &Applied),
    ) -> Option<String> {
        let dropped = count(applied, is_dropped);
        let cold = applied.steps.len() - dropped;
        let expired: Vec<String> = applied
            .expired
            .iter()
            .map(|(taken, name)| format!("; pin {name} on {taken} has expired"))
            .collect();
        let expired = expired.concat();
        if applied.steps.is_empty() {
            return expired.strip_prefix("; ").map(|expired| format!("{mirror}: {expired}"));
        }
        let (dropping, going, came) = if is_dry {
            ("to drop", "to go cold", "would come back")
        } else {
            ("dropped", "gone cold", "came back")
        };
        Some(format!(
            "{mirror}: {dropped} {dropping}, {cold} {going}, {kept} kept; {} {came}{expired}",
            came_back(applied.objects, applied.freed.bytes, applied.inodes())
        ))
    }

    fn rest(&self, is_dry: bool) -> Vec<String> {
        let came = if is_dry { "would come back" } else { "came back" };
        let mut lines = Vec::new();
        let (count, weight) = self.generations;
        if count > 0 {
            let what = came_back(0, weight.bytes, weight.inodes);
            let what = what.trim_start_matches("0 objects, ");
            lines.push(format!("old generations: folders of {count}, {what} {came}"));
        }
        if let Some(Collected { objects, freed }) =
            self.leftovers.filter(|left| left.freed != Weight::default())
        {
            let what = came_back(objects, freed.bytes, freed.inodes);
            lines.push(format!("leftovers of crashes: {what} {came}"));
        }
        lines
    }
}

fn as_json(context: &Context, done: &Tidied) -> Value {
    let mirrors: serde_json::Map<String, Value> = done
        .mirrors
        .iter()
        .map(|(mirror, kept, applied)| (mirror.to_string(), mirror_json(mirror, *kept, applied)))
        .collect();
    let failed: serde_json::Map<String, Value> = done
        .failed
        .iter()
        .map(|(mirror, failure)| (mirror.to_string(), json!(failure.message)))
        .collect();
    let leftovers = done.leftovers.map(|left| {
        json!({ "objects": left.objects, "bytes": left.freed.bytes, "inodes": left.freed.inodes })
    });
    let (count, weight) = done.generations;
    let (objects, total) = done.total();
    let completed: Vec<String> =
        done.completed.iter().map(|(mirror, taken)| format!("{mirror}@{taken}")).collect();
    json!({
        "dry_run": context.dry_run, "mirrors": mirrors, "failed": failed, "completed": completed, "leftovers": leftovers,
        "generations": { "folders": count, "bytes": weight.bytes, "inodes": weight.inodes },
        "objects": objects, "bytes": total.bytes, "inodes": total.inodes,
    })
}

fn mirror_json(mirror: &Name, kept: usize, applied: &Applied) -> Value {
    let of = |wanted: fn(&Fate) -> bool| -> Vec<Value> {
        let those = applied.steps.iter().filter(|step| wanted(&step.fate));
        those
            .map(|step| {
                let why = match &step.fate {
                    Fate::Dropped(lapse) => json!(lapse.to_string()),
                    Fate::Cold(whys) | Fate::Published(whys) => {
                        json!(whys.iter().map(ToString::to_string).collect::<Vec<_>>())
                    }
                };
                json!({ "snapshot": format!("{mirror}@{}", step.taken), "why": why })
            })
            .collect()
    };
    let expired: Vec<Value> = applied
        .expired
        .iter()
        .map(|(taken, name)| json!({ "snapshot": format!("{mirror}@{taken}"), "name": name }))
        .collect();
    json!({
        "kept": kept, "dropped": of(is_dropped), "cold": of(|fate| !is_dropped(fate)), "expired_pins": expired,
        "objects": applied.objects, "bytes": applied.freed.bytes, "inodes": applied.inodes(),
    })
}
