//! `clients`: who fetched from which mirror, by the access logs.

use std::path::PathBuf;
use std::time::Duration;

use pinfold_publisher::site::LOGS;
use pinfold_store::path::escape_path;
use pinfold_store::{Name, Stamp};
use serde_json::json;

use super::Done;
use crate::access::{self, Account, Seen};
use crate::args::Clients;
use crate::config;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui;

/// Within this time whoever came is a client still.
const LATELY: Duration = Duration::from_secs(7 * 24 * 3600);
/// How many addresses are named in one line.
const NAMED: usize = 5;
/// How many channels and dates are named of one address.
const VIEWS: usize = 3;

pub(super) fn clients(context: &Context, args: &Clients) -> Done {
    let since = config::duration("--since", &args.since).map_err(Failure::usage)?;
    let mirrors: Vec<Name> = match &args.mirror {
        Some(mirror) => vec![mirror.clone()],
        None => context.config.mirrors.keys().cloned().collect(),
    };
    let mut rows = Vec::new();
    let mut values = Vec::new();
    let mut notes = Vec::new();
    for mirror in mirrors {
        let account = access::read(&folder(context), &mirror, ago(context, since))?;
        for (address, seen) in latest(&account) {
            rows.push(row(&mirror, (&address, seen)));
            values.push(json!({
                "mirror": mirror, "address": address, "last": seen.last.human(), "requests": seen.requests,
                "failed": seen.failed, "bytes": seen.bytes, "follows": seen.views,
            }));
        }
        notes.extend(remarks(&mirror, &account, args.mirror.is_some()));
    }
    if context.json {
        ui::print_json(
            &json!({ "since": ago(context, since).human(), "clients": values, "notes": notes }),
        )?;
    } else {
        if !rows.is_empty() {
            let head =
                ["mirror", "address", "last (UTC)", "requests", "failed", "bytes", "follows"];
            ui::print(&ui::table(&head, rows))?;
        }
        notes.iter().for_each(|note| ui::tell(note));
    }
    Ok(Outcome::Done)
}

fn row(mirror: &Name, (address, seen): (&str, &Seen)) -> Vec<String> {
    let mut views: Vec<_> = seen.views.iter().collect();
    views.sort_by_key(|(_, times)| std::cmp::Reverse(**times));
    let more = views.len().saturating_sub(VIEWS);
    let mut follows: Vec<String> =
        views.iter().take(VIEWS).map(|(view, _)| (*view).clone()).collect();
    if more > 0 {
        follows.push(format!("{more} more"));
    }
    vec![
        mirror.to_string(),
        address.to_owned(),
        seen.last.human(),
        seen.requests.to_string(),
        seen.failed.to_string(),
        ui::bytes(seen.bytes),
        follows.join(", "),
    ]
}

/// What a list of addresses does not say.
fn remarks(mirror: &Name, account: &Account, is_named: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if account.files.is_empty() && is_named {
        notes.push(format!("{mirror}: there is no access log of that time"));
    }
    if account.others > 0 {
        notes.push(format!("{mirror}: {} requests of further addresses", account.others));
    }
    if account.odd > 0 {
        notes.push(format!("{mirror}: {} lines are not as nginx writes them for us", account.odd));
    }
    for path in &account.unread {
        notes.push(format!(
            "{mirror}: {} is compressed in a form that is not read",
            escape_path(path)
        ));
    }
    notes
}

/// The addresses, whoever came last first.
fn latest(account: &Account) -> Vec<(String, &Seen)> {
    let mut all: Vec<_> = account.addresses.iter().collect();
    all.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.last));
    all.into_iter().map(|(address, seen)| (address.to_string(), seen)).collect()
}

fn folder(context: &Context) -> PathBuf {
    context.config.site.logs.clone().unwrap_or_else(|| PathBuf::from(LOGS))
}

fn ago(context: &Context, time: Duration) -> Stamp {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Stamp::from_seconds(context.now.seconds().saturating_sub(seconds).max(0))
}

/// Who came within the last week.
#[derive(Debug)]
pub(super) struct Lately(Account);

/// Reads who came within the last week.
pub(super) fn lately(context: &Context, mirror: &Name) -> Result<Lately, Failure> {
    access::read(&folder(context), mirror, ago(context, LATELY)).map(Lately)
}

impl Lately {
    /// Says whether there is any log at all: without one nobody knows.
    pub(super) fn is_known(&self) -> bool {
        !self.0.files.is_empty() && self.0.unread.is_empty()
    }

    /// How many addresses were answered.
    pub(super) fn clients(&self) -> usize {
        self.0.clients() + usize::from(self.0.others > 0)
    }

    /// In one line.
    pub(super) fn words(&self, mirror: &Name) -> String {
        let mut all = latest(&self.0);
        all.retain(|(_, seen)| seen.requests > 0);
        if self.0.files.is_empty() {
            return format!(
                "who fetched {mirror} is not known: there is no access log of the last week"
            );
        }
        let Some((_, last)) = all.first() else {
            return format!(
                "nobody fetched {mirror} within the last week, as far as the access logs say"
            );
        };
        let named: Vec<&str> =
            all.iter().take(NAMED).map(|(address, _)| address.as_str()).collect();
        let more = if all.len() > NAMED {
            format!(" and {} more", all.len() - NAMED)
        } else {
            String::new()
        };
        format!(
            "{} addresses fetched {mirror} within the last week, the last at {} UTC: {}{more} (pinfold clients {mirror})",
            all.len(),
            last.last.human(),
            named.join(", "),
        )
    }
}
