//! `estimate`: what an upstream takes, by its parts, before the first of it is fetched.

use pinfold_mirror::part::{self, Part};
use pinfold_mirror::sync::{Planned, Synced};
use pinfold_store::Name;
use serde_json::json;

use super::Done;
use super::sync::{by_http, followed, show};
use crate::args::Sync;
use crate::config::Source;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Progress};

pub(super) fn estimate(context: &Context, name: &Name) -> Done {
    let mirror = context.config.mirror(name)?;
    let upstream = followed(mirror, name)?;
    if !matches!(upstream.source, Source::Http) {
        return Err(Failure::usage(format!(
            "how much mirror '{name}' is cannot be known before its program has brought it"
        ))
        .hint("take upstream = \"http…\" for the estimate, or see how large it is where it comes from"));
    }
    let context = &context.dry();
    let store = context.store()?;
    let lock = store.lock_mirror(name, &context.asker())?;
    drop(store.ready(&lock)?);
    let args = Sync {
        mirror: name.clone(),
        allow_older: true,
        allow_empty: true,
        no_publish: false,
        // What is there already is counted anew.
        even_if_unchanged: true,
        background: false,
        starter: None,
    };
    let progress = Progress::new();
    let synced = by_http(context, &args, (&store, &lock), (mirror, upstream), &progress)?;
    progress.finish();
    let Synced::Dry { planned, parts } = synced else {
        return Err(Failure::bug("a dry run made a snapshot"));
    };
    let (room_bytes, inodes) = planned.room(show((&store, name), &args)?);
    let room = store.room()?;
    let free_inodes = room.counts_files.then_some(room.free_files);
    let fits = store.check_room(room_bytes, inodes).is_ok();
    let titles = part::titles(mirror.family);
    let free = (room.free_bytes, free_inodes);
    let told = Told { planned, parts, titles, room_bytes, inodes, free, fits };
    if context.json { told.json(name) } else { told.print(name) }?;
    Ok(if progress.has_problems() || !fits { Outcome::No } else { Outcome::Done })
}

/// What is told.
struct Told {
    planned: Planned,
    parts: Vec<Part>,
    titles: &'static [&'static str],
    /// What the disk must have, for the files that are lacking and to show them.
    room_bytes: u64,
    inodes: u64,
    /// Bytes, and inodes where the file system counts them.
    free: (u64, Option<u64>),
    /// It fits above the reserve.
    fits: bool,
}

impl Told {
    fn json(&self, name: &Name) -> Result<(), Failure> {
        let parts: Vec<_> = self
            .parts
            .iter()
            .map(|part| {
                let words = self.titles.iter().zip(&part.of);
                let mut told: serde_json::Map<_, _> = words
                    .map(|(title, word)| ((*title).to_owned(), word.as_str().into()))
                    .collect();
                for (key, value) in [
                    ("files", part.files),
                    ("bytes", part.bytes),
                    ("alone_bytes", part.alone_bytes),
                ] {
                    told.insert(key.to_owned(), value.into());
                }
                told
            })
            .collect();
        let Planned { files, bytes, fetch_files, fetch_bytes, .. } = self.planned;
        ui::print_json(&json!({
            "mirror": name, "files": files, "bytes": bytes, "fetch_files": fetch_files,
            "fetch_bytes": fetch_bytes, "disk_bytes": self.room_bytes, "disk_inodes": self.inodes,
            "free_bytes": self.free.0, "free_inodes": self.free.1, "fits": self.fits, "parts": parts,
        }))
    }

    fn print(&self, name: &Name) -> Result<(), Failure> {
        let mut head: Vec<String> = self.titles.iter().map(|title| title.to_uppercase()).collect();
        head.extend(["FILES", "SIZE", "NOWHERE ELSE"].map(str::to_owned));
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let rows = self.parts.iter().map(|part| {
            let mut row = part.of.clone();
            row.push(part.files.to_string());
            row.extend([part.bytes, part.alone_bytes].map(ui::bytes));
            row
        });
        ui::print(&ui::table(&head, rows.collect()))?;
        let Planned { files, bytes, fetch_files, fetch_bytes, .. } = self.planned;
        ui::print(&format!("{name}: {files} files, {}", ui::bytes(bytes)))?;
        ui::print(&format!("to fetch: {fetch_files} files, {}", ui::bytes(fetch_bytes)))?;
        let free_inodes =
            self.free.1.map_or_else(String::new, |free| format!(" and {free} inodes"));
        ui::print(&format!(
            "on the disk: {} and {} inodes more; {}{free_inodes} are free: {}",
            ui::bytes(self.room_bytes),
            self.inodes,
            ui::bytes(self.free.0),
            if self.fits { "it fits" } else { "it does not fit above the reserve (min-free)" }
        ))
    }
}
