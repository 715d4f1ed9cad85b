//! `site`, `client`, `serve`: how clients reach what is published.

use std::net::SocketAddr;

use pinfold_mirror::apt::{self, ClientInput, Signed};
use pinfold_mirror::family::Family;
use pinfold_publisher::generation;
use pinfold_publisher::layout::Www;
use pinfold_publisher::site::Rules;
use pinfold_store::Name;

use super::Done;
use crate::args::Client;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::{serve as embedded, ui};

pub(super) fn site(context: &Context) -> Done {
    let rules =
        Rules::new(&context.config.site, &context.config.mirror_sites(), &context.config.root)?;
    ui::print(&rules.nginx())?;
    Ok(Outcome::Done)
}

pub(super) fn serve(context: &Context, listen: SocketAddr) -> Done {
    context.store()?;
    let input = embedded::ServeInput {
        root: context.config.root.clone(),
        site: context.config.site.clone(),
        mirrors: context.config.mirror_sites(),
        listen,
    };
    let mounts: Vec<String> =
        context.config.mirrors.values().map(|mirror| mirror.mount.to_string()).collect();
    embedded::run(&input, |address| {
        ui::tell(&format!(
            "serving on http://{address}/ for a first look; nginx with 'pinfold site' is for fleets"
        ));
        for mount in mounts {
            ui::tell(&format!("  http://{address}/{mount}/"));
        }
    })?;
    Ok(Outcome::Done)
}

pub(super) fn client(context: &Context, args: &Client) -> Done {
    let spec = &args.snapshot;
    let mirror = context.config.mirror(&spec.mirror)?;
    let store = context.store()?;
    let channel = channel_of(context, spec.wanted.as_deref());
    let taken = match &channel {
        Some(channel) => generation::current(&store, channel)?
            .mirrors
            .get(&spec.mirror)
            .map(|shown| shown.snapshot),
        None => Some(spec.resolve(&store)?),
    };
    let taken = taken.ok_or_else(|| {
        Failure::usage(format!("the channel shows no snapshot of {}", spec.mirror))
            .hint(format!("pinfold promote {} --to CHANNEL", spec.mirror))
    })?;
    let base = context.config.site.url.trim_end_matches('/');
    let url = match &channel {
        None => format!("{base}/snapshots/{}/{taken}", spec.mirror),
        Some(channel) if Some(channel) == context.config.site.default_channel() => {
            format!("{base}/{}", mirror.mount)
        }
        Some(channel) => format!("{base}/channels/{channel}/{}", mirror.mount),
    };
    if mirror.family == Family::Files {
        ui::print(&format!("{url}/"))?;
        return Ok(Outcome::Done);
    }
    let record = store.record(&spec.mirror, taken)?;
    let www = Www::new(store.root());
    let public = std::fs::read_to_string(www.public_key()).map_err(|error| {
        Failure::machine(format!(
            "cannot read the public key {}: {error}",
            www.public_key().display()
        ))
        .hint("pinfold init makes it")
    })?;
    let is_local = channel.is_some() && mirror.signed == Signed::Local;
    let files = apt::client(&ClientInput {
        mirror: &spec.mirror,
        url: &url,
        tree: &www.snapshot_tree(&spec.mirror, taken),
        roots: &record.roots,
        suites: &args.suites,
        public_key: is_local.then_some(public.as_str()),
        upstream_keyring: None,
        snapshots_url: is_local.then(|| context.snapshots_url(&spec.mirror)).as_deref(),
    })?;
    if context.json {
        let files: Vec<_> = files
            .iter()
            .map(|file| serde_json::json!({ "path": file.path, "content": file.content }))
            .collect();
        ui::print_json(&serde_json::json!(files))?;
        return Ok(Outcome::Done);
    }
    let text: Vec<String> =
        files.iter().map(|file| format!("# {}\n{}", file.path, file.content)).collect();
    ui::print(&text.join("\n"))?;
    Ok(Outcome::Done)
}

/// The channel that is meant: none named means the one at the mirror's plain URL.
fn channel_of(context: &Context, wanted: Option<&str>) -> Option<Name> {
    match wanted {
        None => context.config.site.default_channel().cloned(),
        Some(wanted) => {
            context.config.channels.iter().find(|channel| channel.as_str() == wanted).cloned()
        }
    }
}
