//! `key`: the key that signs what channels show.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pinfold_mirror::Key;
use pinfold_mirror::key::{Certificate, Ring};
use pinfold_publisher::generation::{self, Generation, Move};
use pinfold_publisher::layout::Www;
use pinfold_publisher::policy::Plan;
use pinfold_store::lock::SiteLock;
use pinfold_store::{Name, Store};

use super::Done;
use crate::args::{KeyVerb, Rotate};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui;

/// The mirrors of each channel whose root metadata a key signed.
type Shown = BTreeMap<Name, BTreeSet<Name>>;

pub(super) fn key(context: &Context, verb: &KeyVerb) -> Done {
    let store = context.store()?;
    match verb {
        KeyVerb::Show => show(context, &store, &ring(context)?)?,
        KeyVerb::Print => print(context)?,
        KeyVerb::Make => {
            let (fingerprint, is_new) = make_missing(context, &store.lock_site(&context.asker())?)?;
            let what = match (is_new, context.dry_run) {
                (false, _) => {
                    format!("{fingerprint} is there already; pinfold key rotate replaces it")
                }
                (true, true) => "would make a key".to_owned(),
                (true, false) => format!("made {fingerprint}"),
            };
            ui::tell(&what);
            show_done(context, &store)?;
        }
        KeyVerb::Import { file } => {
            let lock = store.lock_site(&context.asker())?;
            let placed = ring(context)?.place(taken(file)?, &lock);
            placed.map_err(|error| hint_rotation(error, file))?;
            would(context, "sign with that key");
            show_done(context, &store)?;
        }
        KeyVerb::Rotate(rotate) => self::rotate(context, &store, rotate)?,
        KeyVerb::Sign { channel, reason } => {
            context.check_channel(channel)?;
            let lock = store.lock_site(&context.asker())?;
            let mirrors = signed_by_us(context, &store, channel)?;
            if mirrors.is_empty() {
                ui::tell(&format!("{channel}: it shows nothing that is signed here"));
                return Ok(Outcome::No);
            }
            sign(context, (&store, &lock), (channel, &mirrors), reason)?;
        }
    }
    Ok(Outcome::Done)
}

/// Makes the first key where there is none, and publishes it; gives its fingerprint, and whether it is new.
pub(super) fn make_missing(context: &Context, lock: &SiteLock) -> Result<(String, bool), Failure> {
    let mut ring = ring(context)?;
    let (key, is_new) = match ring.signing.clone() {
        Some(key) => (key, false),
        None => (generated(context)?, true),
    };
    let fingerprint = key.fingerprint();
    ring.place(key, lock)?;
    Ok((fingerprint, is_new))
}

fn generated(context: &Context) -> Result<Certificate, Failure> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Ok(Key::generate(&format!("Pinfold on {host}"), context.now.seconds())?.certificate())
}

/// Takes a key that the operator brings, and says what there is to know about it.
fn taken(file: &Path) -> Result<Certificate, Failure> {
    let key = Certificate::load(file)?;
    for warning in key.accept()? {
        ui::tell(&format!("{}: {warning}", key.fingerprint()));
    }
    Ok(key)
}

fn hint_rotation(error: pinfold_mirror::Error, file: &Path) -> Failure {
    let file = pinfold_store::path::escape(file.as_os_str().as_encoded_bytes());
    Failure::from(error)
        .hint(format!("pinfold key rotate --import {file} takes it as the next one"))
}

/// Opens the keys; a dry run only rehearses.
fn ring(context: &Context) -> Result<Ring, Failure> {
    let root = &context.config.root;
    let ring = Ring::open(&root.join("keys"), &Www::new(root).public_key())?;
    Ok(if context.dry_run { ring.rehearsed() } else { ring })
}

fn rotate(context: &Context, store: &Store, args: &Rotate) -> Result<(), Failure> {
    let lock = store.lock_site(&context.asker())?;
    let mut ring = ring(context)?;
    if args.finish {
        return finish(context, (store, &lock), ring);
    }
    if args.forget {
        return forget(context, (store, &lock), ring);
    }
    if args.cancel {
        if ring.next.is_none() {
            ui::tell("no rotation is under way");
        }
        ring.cancel(&lock)?;
        would(context, "drop the next key");
        return show_done(context, store);
    }
    let next = match (&args.import, ring.next.clone()) {
        (Some(file), _) => taken(file)?,
        (None, Some(next)) => next,
        (None, None) => generated(context)?,
    };
    ring.prepare(next, &lock)?;
    would(context, "publish the next key beside the one that signs");
    if context.dry_run {
        return Ok(());
    }
    show(context, store, &ring)?;
    ui::tell(&format!(
        "{} holds both keys now, and the old one goes on signing. Bring it to every client (pinfold key print), then: pinfold key rotate --finish",
        public_url(context)
    ));
    Ok(())
}

/// Makes the next key the one that signs, and signs with it what channels show, so that nothing is left to the old one.
fn finish(
    context: &Context,
    (store, lock): (&Store, &SiteLock),
    mut ring: Ring,
) -> Result<(), Failure> {
    if ring.next.is_none() && ring.retired.is_empty() {
        return Err(
            Failure::usage("no rotation is under way").hint("pinfold key rotate begins one")
        );
    }
    ring.switch(lock)?;
    let reason = format!("rotated to {}", ring.signing()?.fingerprint());
    for (channel, mirrors) in shown(store, &ring.retired)? {
        sign(context, (store, lock), (&channel, &mirrors), &reason)?;
    }
    if context.dry_run {
        return Ok(());
    }
    show(context, store, &ring)?;
    ui::tell(&format!(
        "{} still holds the old key, for clients in the middle of an update. Later: pinfold key rotate --forget",
        public_url(context)
    ));
    Ok(())
}

/// Lets the old keys go, unless a channel still shows what they signed.
fn forget(
    context: &Context,
    (store, lock): (&Store, &SiteLock),
    mut ring: Ring,
) -> Result<(), Failure> {
    if let Some((channel, mirrors)) = shown(store, &ring.retired)?.into_iter().next() {
        let mirrors: Vec<&str> = mirrors.iter().map(Name::as_str).collect();
        return Err(Failure::held(format!(
            "{channel} still shows {} as an old key signed it",
            mirrors.join(", ")
        ))
        .hint("pinfold key rotate --finish signs it anew"));
    }
    if ring.retired.is_empty() {
        ui::tell("there is no old key to forget");
    }
    let old: Vec<String> = ring.retired.iter().map(Certificate::fingerprint).collect();
    ring.forget(lock)?;
    let will = if context.dry_run { "would be" } else { "is" };
    for fingerprint in old {
        ui::tell(&format!(
            "{fingerprint} {will} gone for good: clients that trust no other refuse every channel"
        ));
    }
    show_done(context, store)
}

/// Finds what channels show that one of the keys signed.
fn shown(store: &Store, keys: &[Certificate]) -> Result<Shown, Failure> {
    let mut shown = Shown::new();
    for channel in generation::channels(store)? {
        let current = generation::current(store, &channel)?;
        for mirror in current.mirrors.keys() {
            for path in generation::head_files(store, &current, mirror)? {
                let bytes = std::fs::read(&path).map_err(|error| {
                    Failure::machine(format!("cannot read {}: {error}", path.display()))
                })?;
                if keys.iter().any(|key| key.is_named_by(&bytes)) {
                    shown.entry(channel.clone()).or_default().insert(mirror.clone());
                }
            }
        }
    }
    Ok(shown)
}

/// The mirrors of a channel whose root metadata is signed here, as the configuration has it now.
fn signed_by_us(
    context: &Context,
    store: &Store,
    channel: &Name,
) -> Result<BTreeSet<Name>, Failure> {
    let mut mirrors = BTreeSet::new();
    for (mirror, shown) in generation::current(store, channel)?.mirrors {
        if context.is_signed(store, &mirror, shown.snapshot)? {
            mirrors.insert(mirror);
        }
    }
    Ok(mirrors)
}

/// Writes a generation of the same snapshots with root metadata signed anew, under a date of now.
fn sign(
    context: &Context,
    (store, lock): (&Store, &SiteLock),
    (channel, mirrors): (&Name, &BTreeSet<Name>),
    reason: &str,
) -> Result<(), Failure> {
    let names: Vec<&str> = mirrors.iter().map(Name::as_str).collect();
    if context.dry_run {
        ui::tell(&format!("{channel}: {} would be signed anew", names.join(", ")));
        return Ok(());
    }
    let current: Generation = generation::current(store, channel)?;
    let wanted = Move {
        channel: channel.clone(),
        expect: current.number,
        shown: Plan::default().shown(&current),
        anew: mirrors.clone(),
        verb: "key".to_owned(),
        who: context.who.clone(),
        reason: reason.to_owned(),
        now: context.now,
    };
    let next = generation::point(store, &wanted, lock, &|heads| context.heads(store, heads))?;
    ui::tell(&format!("{channel}: {} signed anew, generation {}", names.join(", "), next.number));
    Ok(())
}

fn public_url(context: &Context) -> String {
    format!("{}/pinfold.asc", context.config.site.url.trim_end_matches('/'))
}

fn print(context: &Context) -> Result<(), Failure> {
    let ring = ring(context)?;
    must_sign(&ring)?;
    let armor = String::from_utf8_lossy(&ring.armor()?).into_owned();
    if context.json {
        ui::print_json(&serde_json::json!({ "public": armor }))
    } else {
        ui::print(&armor)
    }
}

fn must_sign(ring: &Ring) -> Result<(), Failure> {
    ring.signing()
        .map(drop)
        .map_err(|error| Failure::from(error).hint("pinfold key make makes one"))
}

/// Says of a dry run what it would have done.
fn would(context: &Context, what: &str) {
    if context.dry_run {
        ui::tell(&format!("would {what}"));
    }
}

/// Shows the keys as they are after a change; a dry run has changed nothing.
fn show_done(context: &Context, store: &Store) -> Result<(), Failure> {
    if context.dry_run { Ok(()) } else { show(context, store, &ring(context)?) }
}

fn show(context: &Context, store: &Store, ring: &Ring) -> Result<(), Failure> {
    must_sign(ring)?;
    let (mut rows, mut keys) = (Vec::new(), Vec::new());
    for (part, key, file) in ring.keys() {
        let shown = shown(store, std::slice::from_ref(key))?;
        let expires = key.expires().map_or_else(|| "never".to_owned(), |end| end.human());
        keys.push(serde_json::json!({
            "part": part, "fingerprint": key.fingerprint(), "algorithm": key.algorithm(), "created": key.created(),
            "expires": key.expires(), "file": file, "shown": shown,
        }));
        let shown: Vec<&str> = shown.keys().map(Name::as_str).collect();
        rows.push(vec![
            part.to_owned(),
            key.fingerprint(),
            key.algorithm(),
            key.created().human(),
            expires,
            shown.join(", "),
            file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        ]);
    }
    if context.json {
        return ui::print_json(&serde_json::json!({ "keys": keys, "url": public_url(context) }));
    }
    let head =
        ["part", "fingerprint", "algorithm", "created", "expires", "shown in", "file in keys/"];
    ui::print(&ui::table(&head, rows))
}
