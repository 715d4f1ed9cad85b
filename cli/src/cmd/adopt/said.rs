//! What `adopt` says: of each mirror, and what comes next.

use pinfold_store::path::{escape, escape_path};
use serde_json::{Value, json};

use super::host::Job;
use super::outcome;
use super::plan::{Plan, Taken};
use crate::cmd::Done;
use crate::context::Context;
use crate::ui;

pub(super) fn tell(context: &Context, plans: &[Plan], jobs: &[Job], skipped: &[String]) -> Done {
    let jobs = jobs_of(plans, jobs);
    let next = next(context, plans, &jobs);
    let mut text: String = plans.iter().map(|plan| mirror(context, plan)).collect();
    for skip in skipped {
        text += &format!("not adopted: {}\n", escape(skip.as_bytes()));
    }
    if !next.is_empty() {
        text += "\nNext:\n";
        text.extend(next.iter().map(|step| format!("  {step}\n")));
    }
    let value = json!({
        "mirrors": plans.iter().map(|plan| value(context, plan)).collect::<Vec<_>>(),
        "jobs": jobs.iter().map(|job| json!({ "at": job.at, "by_way_of": job.by_way_of, "line": job.text })).collect::<Vec<_>>(),
        "skipped": skipped,
        "next": next,
        "dry_run": context.dry_run,
    });
    context.answer(text.trim_end(), &value)?;
    Ok(outcome(plans, skipped))
}

fn mirror(context: &Context, plan: &Plan) -> String {
    let found = &plan.found;
    let mut text = format!("{}: {}, answers at /{}\n", plan.name, found.family.name(), found.mount);
    let file = escape_path(&plan.file);
    match (plan.is_known, context.dry_run) {
        (true, _) => text += &format!("  {file} is there already, and stays as it is\n"),
        (false, false) => text += &format!("  wrote {file}\n"),
        (false, true) => {
            text += &format!("  would write {file}:\n");
            text.extend(plan.text.lines().map(|line| format!("    {line}\n")));
        }
    }
    for place in &plan.served {
        text += &format!("  was served at /{} by {}\n", shown(&place.path), shown(&place.by));
    }
    let tree = escape_path(&found.tree);
    text += &match &plan.taken {
        Taken::Not if found.tree.is_dir() => {
            format!(
                "  has snapshots already; pinfold ingest {} {tree} takes the tree all the same\n",
                plan.name
            )
        }
        Taken::Not => String::new(),
        Taken::Would { files, bytes } => {
            format!("  would take {tree}: {files} files, {}\n", ui::bytes(*bytes))
        }
        Taken::Whole(said) => format!(
            "  took {} as {}: {} files, {}; trust = {}\n",
            tree,
            said["snapshot"].as_str().unwrap_or_default(),
            said["files"],
            ui::bytes(said["bytes"].as_u64().unwrap_or_default()),
            said["trust"],
        ),
        Taken::Refused(code) => format!(
            "  {tree} is not a whole archive, or cannot be read: no snapshot (exit code {code}; the reason stands above)\n"
        ),
    };
    for finding in &found.findings {
        text += &format!("  look at this: {}\n", escape(finding.as_bytes()));
    }
    text
}

fn shown(text: &str) -> String {
    escape(text.as_bytes())
}

/// The jobs that brought the trees, each once.
fn jobs_of(plans: &[Plan], jobs: &[Job]) -> Vec<Job> {
    let is_one = |job: &&Job| {
        plans.iter().any(|plan| match plan.found.keeper.word() {
            Some(word) => job.text.contains(word),
            None => plan.found.tree.to_str().is_some_and(|tree| job.text.contains(tree)),
        })
    };
    let mut found: Vec<Job> = Vec::new();
    for job in jobs.iter().filter(is_one) {
        match found.iter_mut().find(|known| known.at == job.at) {
            // What the script says tells more than its name.
            Some(known) if known.by_way_of.is_none() => *known = job.clone(),
            Some(_) => {}
            None => found.push(job.clone()),
        }
    }
    found
}

/// What a person does now, in this order. Clients lose nothing: the old server answers until the new one does.
fn next(context: &Context, plans: &[Plan], jobs: &[Job]) -> Vec<String> {
    let mut steps = Vec::new();
    let names = |is_one: &dyn Fn(&&Plan) -> bool| {
        let names: Vec<&str> = plans.iter().filter(is_one).map(|plan| plan.name.as_str()).collect();
        names.join(" ")
    };
    if context.dry_run {
        steps.push("the same command without --dry-run".to_owned());
    }
    for plan in plans {
        let (name, is_followed) = (&plan.name, plan.found.is_followed());
        match &plan.taken {
            Taken::Refused(_) if is_followed => steps.push(format!(
                "pinfold sync {name} fetches what is missing, and nothing that the tree had"
            )),
            Taken::Refused(_) => steps.push(format!(
                "mend the tree or mirrors.d/{name}.toml, then the same command again"
            )),
            Taken::Not if !plan.found.tree.is_dir() => steps.push(match is_followed {
                true => format!("pinfold sync {name} --background"),
                false => format!("say in mirrors.d/{name}.toml who vouches for it, then pinfold sync {name} --background"),
            }),
            _ => {}
        }
    }
    let (all, taken) = (names(&|_| true), names(&|plan| plan.has_state()));
    for channel in context.config.channels.keys().filter(|_| !taken.is_empty()) {
        steps.push(format!("pinfold promote {taken} --to {channel} --reason \"moved to pinfold\""));
    }
    let later = names(&|plan| !plan.has_state());
    if !later.is_empty() {
        steps.push(format!("the same of {later}, as soon as there is a snapshot"));
    }
    let servers: std::collections::BTreeSet<&str> =
        plans.iter().flat_map(|plan| &plan.served).map(|place| place.by.as_str()).collect();
    for server in servers {
        steps.push(format!("{}: take this out of the old server, or give [site] in pinfold.toml the name by which clients ask", shown(server)));
    }
    steps.push(format!("pinfold setup {all}"));
    let followed = names(&|plan| plan.found.is_followed());
    for job in jobs {
        let why = if followed.is_empty() {
            "goes on until the mirror has an upstream"
        } else {
            "switch this off: pinfold run fetches from now on"
        };
        let place = job.by_way_of.as_ref().map(|place| format!(" (it calls {})", shown(place)));
        let place = place.unwrap_or_default();
        steps.push(format!("{}{place}: {why}: {}", shown(&job.at), shown(&job.text)));
    }
    steps
}

fn value(context: &Context, plan: &Plan) -> Value {
    let found = &plan.found;
    let mut value = json!({
        "name": plan.name.as_str(), "family": found.family.name(), "mount": found.mount,
        "tree": escape_path(&found.tree), "file": escape_path(&plan.file),
        "written": !plan.is_known && !context.dry_run, "text": plan.text, "findings": found.findings,
        "served": plan.served.iter().map(|place| json!({ "path": place.path, "by": place.by })).collect::<Vec<_>>(),
    });
    match &plan.taken {
        Taken::Not => {}
        Taken::Would { files, bytes } => {
            value["would_take"] = json!({ "files": files, "bytes": bytes });
        }
        Taken::Whole(said) => value["taken"] = said.clone(),
        Taken::Refused(code) => value["refused"] = json!(code),
    }
    value
}
