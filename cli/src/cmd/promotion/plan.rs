//! `promote --plan`: what would move, what will not and why, and when it will.

use pinfold_publisher::page::{HoldStatus, Upcoming};
use pinfold_publisher::policy::{Hold, Verdict};
use pinfold_publisher::status::Waiting;
use pinfold_store::{Name, Stamp, Store};
use serde_json::{Value, json};

use super::look::View;
use super::{Request, in_order};
use crate::cmd::Done;
use crate::config::Verify;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui;

/// A mirror of a channel, planned.
struct Line {
    mirror: Name,
    shown: Option<Stamp>,
    /// What it moves to; what is known of that today.
    to: Option<Stamp>,
    /// When; `None` where no time makes it move.
    when: Option<Stamp>,
    hold: Option<Hold>,
    /// Who is asked before it moves.
    asked: Vec<&'static str>,
}

pub(super) fn plan(context: &Context, only: Option<&Name>) -> Done {
    if let Some(only) = only {
        context.check_channel(only)?;
    }
    let store = context.store_on_any_disk()?;
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for channel in in_order(&context.config.channels) {
        if only.is_some_and(|only| only != channel) {
            continue;
        }
        let (head, lines) = planned(context, &store, channel)?;
        values.push(head);
        if let Some(value) = values.last_mut() {
            value["mirrors"] = lines.iter().map(value_of).collect();
        }
        let is_by_hand = context.config.channels[channel].schedule.is_never();
        for (at, line) in lines.iter().enumerate() {
            let name = if at == 0 { channel.to_string() } else { String::new() };
            rows.push([vec![name], row(line, is_by_hand)].concat());
        }
    }
    if context.json {
        ui::print_json(&json!(values))?;
    } else if rows.is_empty() {
        ui::print("no mirrors yet: nothing will move")?;
    } else {
        let head = ["CHANNEL", "MIRROR", "SHOWS", "WILL SHOW", "WHEN (UTC)", "WHY"];
        ui::print(&ui::table(&head, rows))?;
    }
    Ok(Outcome::Done)
}

/// Plans a channel.
fn planned(
    context: &Context,
    store: &Store,
    channel: &Name,
) -> Result<(Value, Vec<Line>), Failure> {
    let request = Request::new(context, store, (channel, None))?;
    let view = request.look()?;
    let decision = request.inspected(&view)?;
    let times = request.moves_at(&view);
    let line = |(mirror, verdict): (&Name, &Verdict)| {
        let (to, hold) = match verdict {
            Verdict::Promote { to, .. } => (Some(*to), None),
            Verdict::Hold(hold) => (first_of(&view, mirror, hold), Some(hold.clone())),
        };
        // What a person must let through moves at no time.
        let is_stuck = hold.as_ref().is_some_and(is_stuck);
        Line {
            mirror: mirror.clone(),
            shown: view.current.mirrors.get(mirror).map(|shown| shown.snapshot),
            to,
            when: times.get(mirror).copied().filter(|_| !is_stuck),
            hold,
            asked: asked(&request, mirror),
        }
    };
    let lines = decision.verdicts().iter().map(line).collect();
    let schedule = &request.settings.schedule;
    let head = json!({
        "channel": channel, "generation": view.current.number, "from": request.from(), "schedule": schedule.to_string(),
        "next": schedule.next(context.now, &context.config.zone), "check": request.settings.check.is_some(),
    });
    Ok((head, lines))
}

/// What would move by the schedule of a channel and does not, by what is known without reading a snapshot.
pub(super) fn waits(
    context: &Context,
    store: &Store,
    channel: &Name,
) -> Result<Vec<Waiting>, Failure> {
    let request = Request::new(context, store, (channel, None))?;
    if request.settings.schedule.is_never() {
        return Ok(Vec::new());
    }
    let view = request.look()?;
    let decision = request.decide(&view);
    let waiting = |(mirror, verdict): (&Name, &Verdict)| match verdict {
        Verdict::Promote { .. }
        | Verdict::Hold(Hold::Same(_) | Hold::Unknown(_) | Hold::Behind { .. }) => None,
        Verdict::Hold(hold) => Some(Waiting {
            mirror: mirror.clone(),
            snapshot: first_of(&view, mirror, hold),
            kind: hold.kind(),
            why: format!("it {hold}"),
            until: hold.until(),
        }),
    };
    Ok(decision.verdicts().iter().filter_map(waiting).collect())
}

/// What a channel would show next, by what is known without reading a snapshot; what it changes is left open.
pub(super) fn upcoming(
    context: &Context,
    store: &Store,
    channel: &Name,
) -> Result<Vec<Upcoming>, Failure> {
    let request = Request::new(context, store, (channel, None))?;
    let view = request.look()?;
    let decision = request.decide(&view);
    let times = request.moves_at(&view);
    let by_hand = request.settings.schedule.is_never();
    let one = |(mirror, verdict): (&Name, &Verdict)| {
        let (to, hold) = match verdict {
            Verdict::Promote { to, .. } => (*to, None),
            Verdict::Hold(hold) => (first_of(&view, mirror, hold)?, Some(hold)),
        };
        let shows = view.current.mirrors.get(mirror).map(|shown| shown.snapshot);
        let is_stuck = hold.is_some_and(is_stuck);
        (shows != Some(to)).then(|| Upcoming {
            channel: channel.clone(),
            mirror: mirror.clone(),
            shows,
            to,
            when: times.get(mirror).copied().filter(|_| !is_stuck),
            hold: hold.map(|hold| HoldStatus {
                kind: hold.kind(),
                why: format!("it {hold}"),
                until: hold.until(),
                is_refusal: is_stuck,
            }),
            by_hand,
            changes: None,
        })
    };
    Ok(decision.verdicts().iter().filter_map(one).collect())
}

fn is_stuck(hold: &Hold) -> bool {
    match hold {
        Hold::Group { why, .. } => is_stuck(why),
        hold => hold.is_refusal(),
    }
}

/// What a mirror that is held moves to, by what is known today.
fn first_of(view: &View, mirror: &Name, hold: &Hold) -> Option<Stamp> {
    match hold {
        Hold::Soaking { snapshot, .. } => Some(*snapshot),
        Hold::Same(_) | Hold::Unknown(_) | Hold::Behind { .. } => None,
        _ => {
            let wish = view.wishes.iter().find(|wish| wish.mirror == *mirror)?;
            wish.candidates.first().map(|newest| newest.snapshot)
        }
    }
}

/// Who is asked before a mirror moves, and after.
fn asked(request: &Request<'_>, mirror: &Name) -> Vec<&'static str> {
    let rules = request.context.config.rules(request.channel, mirror);
    let mut asked = Vec::new();
    if matches!(rules.verify, Some(Verify::To(_))) {
        asked.push("it will be verified");
    }
    if rules.gate.is_some() {
        asked.push("the gate will be asked");
    }
    if request.settings.check.is_some() {
        asked.push("the check will follow");
    }
    asked
}

fn value_of(line: &Line) -> Value {
    let hold = line.hold.as_ref().map(
        |hold| json!({ "kind": hold.kind(), "why": format!("it {hold}"), "until": hold.until() }),
    );
    json!({
        "mirror": line.mirror, "shows": line.shown, "to": line.to, "moves": line.hold.is_none(), "when": line.when, "hold": hold,
        "asked": line.asked,
    })
}

fn row(line: &Line, is_by_hand: bool) -> Vec<String> {
    let shown =
        |stamp: Option<Stamp>| stamp.map_or_else(|| "-".to_owned(), |stamp| stamp.to_string());
    let when = match line.when {
        Some(when) => when.human(),
        None if line.hold.is_none() && is_by_hand => "by hand".to_owned(),
        None => "-".to_owned(),
    };
    let mut why: Vec<String> = line.hold.iter().map(|hold| format!("it {hold}")).collect();
    if line.to.is_some() {
        why.extend(line.asked.iter().map(|asked| (*asked).to_owned()));
    }
    vec![line.mirror.to_string(), shown(line.shown), shown(line.to), when, why.join("; ")]
}
