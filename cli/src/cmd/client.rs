//! `client`: the files that make a client follow a channel, or stay at a date.

use std::collections::BTreeSet;

use pinfold_mirror::ClientFile;
use pinfold_mirror::apt::{self, ClientInput, Downgrade, Follows, Form, Signed};
use pinfold_mirror::brew;
use pinfold_mirror::client_check::{CheckInput, client_check};
use pinfold_mirror::family::Family;
use pinfold_mirror::http::Base;
use pinfold_mirror::{apk, pacman, rpm};
use pinfold_publisher::layout::{Spec, Www};
use pinfold_publisher::{generation, publish};
use pinfold_store::{Name, Stamp, Store, Trust};

use super::Done;
use crate::args::{Client, Fallback, Tool};
use crate::config::{Mirror, Wanted as Wished};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui;

/// What a client is to follow: a channel, or a snapshot for good.
struct Wanted {
    mirror: Name,
    channel: Option<Name>,
    taken: Stamp,
}

pub(super) fn client(context: &Context, args: &Client) -> Done {
    let mirror = context.config.mirror(&args.snapshot.mirror)?;
    if mirror.cache.is_some() {
        check_options(mirror, args)?;
        return show(context, &of_cache(context, mirror, args)?).map(|()| Outcome::Done);
    }
    if args.fallback.is_some() && mirror.bases.iter().any(Base::has_token) {
        let name = &args.snapshot.mirror;
        return Err(Failure::usage(format!(
            "--fallback: upstream of {name} wants a token, which no client is given"
        )));
    }
    let store = context.store()?;
    let wanted = wanted(context, &store, args)?;
    let url = url(context, mirror, &wanted);
    check_options(mirror, args)?;
    if args.check {
        ui::print(&check_script((context, &store, mirror), (&wanted, &url), args)?)?;
        return Ok(Outcome::Done);
    }
    match mirror.family {
        Family::Apt => {
            show(context, &apt_files(context, (&store, mirror), (&wanted, &url), args)?)?;
        }
        Family::Rpm => show(context, &rpm_files((&store, mirror), (&wanted, &url), args)?)?,
        Family::Brew => show(context, &brew_files(&wanted, &url, args)?)?,
        Family::Apk => show(context, &apk_files((&store, mirror), (&wanted, &url), args)?)?,
        Family::Pacman => show(context, &pacman_files((&store, mirror), (&wanted, &url), args)?)?,
        Family::Files => ui::print(&format!("{url}/"))?,
    }
    Ok(Outcome::Done)
}

/// Finds what is meant: none named means the channel at the mirror's plain URL.
fn wanted(context: &Context, store: &Store, args: &Client) -> Result<Wanted, Failure> {
    let mirror = &args.snapshot.mirror;
    let option = args.channel.as_ref().map(ToString::to_string).or_else(|| args.date.clone());
    if option.is_some() && args.snapshot.wanted.is_some() {
        return Err(Failure::usage(format!("{mirror}@… says already what to follow"))
            .hint(format!("pinfold client {mirror} with --channel or --date")));
    }
    if let Some(channel) = &args.channel {
        context.check_channel(channel)?;
    }
    let spec = Spec { mirror: mirror.clone(), wanted: option.or(args.snapshot.wanted.clone()) };
    let channel = match spec.wanted.as_deref() {
        None => context.config.site.default_channel().cloned(),
        Some(name) => {
            context.config.channels.keys().find(|channel| channel.as_str() == name).cloned()
        }
    };
    let taken = match &channel {
        Some(channel) => generation::current(store, channel)?
            .mirrors
            .get(mirror)
            .map(|shown| shown.snapshot)
            .ok_or_else(|| {
                Failure::usage(format!("channel {channel} shows no snapshot of {mirror}"))
                    .hint(format!("pinfold promote {mirror} --to {channel}"))
            })?,
        None => spec.resolve(store)?,
    };
    if !publish::is_published(store, mirror, taken)? {
        return Err(Failure::usage(format!("{mirror}@{taken} is not published"))
            .hint(format!("pinfold publish {mirror}@{taken}")));
    }
    Ok(Wanted { mirror: spec.mirror, channel, taken })
}

/// The URL of the mirror's top folder.
fn url(context: &Context, mirror: &Mirror, wanted: &Wanted) -> String {
    let base = context.config.site.url.trim_end_matches('/');
    match &wanted.channel {
        None => context.dated_url(&wanted.mirror, wanted.taken),
        Some(channel) if Some(channel) == context.config.site.default_channel() => {
            format!("{base}/{}", mirror.mount)
        }
        Some(channel) => format!("{base}/channels/{channel}/{}", mirror.mount),
    }
}

/// Refuses what the mirror's family does not know, instead of passing it over.
fn check_options(mirror: &Mirror, args: &Client) -> Result<(), Failure> {
    let suite = [(!args.suites.is_empty(), "--suite")];
    let of_apt = [
        (args.plain, "--plain"),
        (args.downgrade, "--downgrade"),
        (matches!(args.fallback, Some(Fallback::Packages)), "--fallback packages"),
    ];
    let of_rpm = [
        (args.tool.is_some(), "--tool"),
        (args.minutes.is_some(), "--minutes"),
        (args.list, "--list"),
    ];
    let not_brew = [
        (args.downgrade, "--downgrade"),
        (matches!(args.fallback, Some(Fallback::Upstream)), "--fallback upstream"),
    ];
    let fallback = [(args.fallback.is_some(), "--fallback")];
    let foreign: &[&[(bool, &str)]] = match mirror.family {
        Family::Apt => &[&of_rpm],
        Family::Rpm => &[&suite, &of_apt],
        Family::Apk => &[&of_apt, &of_rpm],
        Family::Pacman => &[&suite, &of_apt, &of_rpm],
        Family::Brew => &[&suite, &not_brew, &of_rpm],
        Family::Files => &[&suite, &of_apt, &of_rpm, &fallback],
    };
    match foreign.iter().copied().flatten().find(|(is_set, _)| *is_set) {
        None => Ok(()),
        Some((_, option)) => {
            let (name, family) = (&args.snapshot.mirror, mirror.family.name());
            Err(Failure::usage(format!("{option} says nothing to {name}, of family {family}")))
        }
    }
}

/// Writes the files for dnf or zypper, of each repository that the mirror holds.
fn rpm_files(
    (store, mirror): (&Store, &Mirror),
    (wanted, url): (&Wanted, &str),
    args: &Client,
) -> Result<Vec<ClientFile>, Failure> {
    let record = store.record(&wanted.mirror, wanted.taken)?;
    let upstream: Vec<String> = mirror.bases.iter().map(ToString::to_string).collect();
    let folders = rpm::Archive::of(&record, None)?.selection.repositories;
    let mut files = Vec::new();
    for folder in &folders {
        files.extend(rpm::client(&rpm::ClientInput {
            mirror: &repository_name(&wanted.mirror, folder, folders.len())?,
            tool: match args.tool {
                None | Some(Tool::Dnf) => rpm::Tool::Dnf,
                Some(Tool::Zypper) => rpm::Tool::Zypper,
            },
            url: &folder.url(url),
            follows: match &wanted.channel {
                Some(channel) => {
                    let minutes = args.minutes.unwrap_or(rpm::MINUTES);
                    rpm::Follows::Channel { channel, minutes }
                }
                None => rpm::Follows::Date(wanted.taken),
            },
            form: match (args.fallback, args.list) {
                (Some(_), _) => rpm::Form::Fallback,
                (None, true) => rpm::Form::List,
                (None, false) => rpm::Form::Direct,
            },
            signed: match (record.trust, mirror.keyrings.is_empty()) {
                (Trust::Signed, _) => rpm::Signed::Metadata,
                (Trust::None, false) => rpm::Signed::Packages,
                (Trust::None, true) => rpm::Signed::Nothing,
            },
            upstream: &upstream,
            keyrings: &mirror.keyrings,
        })?);
    }
    let names: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    if names.len() < files.len() {
        let mirror = &wanted.mirror;
        let why = format!("two repositories of {mirror} would have one name for clients");
        return Err(Failure::usage(why).hint("give each a mirror of its own"));
    }
    Ok(files)
}

/// Names a repository to clients: as the mirror, or where it holds several, by its folder behind that.
fn repository_name(mirror: &Name, folder: &rpm::Folder, count: usize) -> Result<Name, Failure> {
    let Some(path) = folder.path().filter(|_| count > 1) else { return Ok(mirror.clone()) };
    let word = |b: &u8| match b.to_ascii_lowercase() {
        b if b.is_ascii_alphanumeric() || b"._".contains(&b) => char::from(b),
        _ => '-',
    };
    let folder: String = path.as_bytes().iter().map(word).collect();
    Ok(format!("{mirror}-{folder}").parse()?)
}

/// Writes the file for brew where the mirror is a cache: it has no channels and no days.
fn of_cache(context: &Context, mirror: &Mirror, args: &Client) -> Result<Vec<ClientFile>, Failure> {
    let name = &args.snapshot.mirror;
    let is_more = args.channel.is_some() || args.date.is_some() || args.snapshot.wanted.is_some();
    if is_more || args.plain {
        return Err(Failure::usage(format!(
            "{name} is a cache: it has no channels, no days, and no bottles by their names"
        ))
        .hint(format!("pinfold client {name}")));
    }
    let base = context.config.site.url.trim_end_matches('/');
    Ok(brew::client(&brew::ClientInput {
        mirror: name,
        url: &format!("{base}/{}", mirror.mount),
        follows: brew::Follows::Newest,
        form: if args.fallback.is_some() { brew::Form::Fallback } else { brew::Form::Only },
    })?)
}

/// Writes the file for brew.
fn brew_files(wanted: &Wanted, url: &str, args: &Client) -> Result<Vec<ClientFile>, Failure> {
    Ok(brew::client(&brew::ClientInput {
        mirror: &wanted.mirror,
        url,
        follows: match &wanted.channel {
            Some(channel) => brew::Follows::Channel(channel),
            None => brew::Follows::Date(wanted.taken),
        },
        form: match (args.plain, args.fallback) {
            (true, _) => brew::Form::Lines,
            (false, Some(_)) => brew::Form::Fallback,
            (false, None) => brew::Form::Only,
        },
    })?)
}

/// Writes the files for apk. It has no fallback: of two lines it takes the newer versions.
fn apk_files(
    (store, mirror): (&Store, &Mirror),
    (wanted, url): (&Wanted, &str),
    args: &Client,
) -> Result<Vec<ClientFile>, Failure> {
    if args.fallback.is_some() {
        return Err(Failure::usage(
            "--fallback: apk has none: of two lines it takes the newest version that either has, so that a line of upstream defeats every channel and date",
        ));
    }
    let record = store.record(&wanted.mirror, wanted.taken)?;
    let mut preferred = Vec::new();
    if let Some(Wished::Apk(selection)) = mirror.upstream.as_ref().map(|upstream| &upstream.wanted)
    {
        preferred.extend(selection.latest_stable.clone());
        preferred.extend(selection.versions.clone());
    }
    Ok(apk::client(&apk::ClientInput {
        mirror: &wanted.mirror,
        url,
        follows: match &wanted.channel {
            Some(channel) => apk::Follows::Channel(channel),
            None => apk::Follows::Date(wanted.taken),
        },
        roots: &record.roots,
        versions: &args.suites,
        preferred: &preferred,
        keyrings: &mirror.keyrings,
    })?)
}

/// Writes the list of mirrors for pacman.
fn pacman_files(
    (store, mirror): (&Store, &Mirror),
    (wanted, url): (&Wanted, &str),
    args: &Client,
) -> Result<Vec<ClientFile>, Failure> {
    let record = store.record(&wanted.mirror, wanted.taken)?;
    let upstream: Vec<String> = mirror.bases.iter().map(ToString::to_string).collect();
    Ok(pacman::client(&pacman::ClientInput {
        mirror: &wanted.mirror,
        url,
        follows: match &wanted.channel {
            Some(channel) => pacman::Follows::Channel(channel),
            None => pacman::Follows::Date(wanted.taken),
        },
        form: match args.fallback {
            Some(_) => pacman::Form::Fallback,
            None => pacman::Form::Direct,
        },
        layout: &mirror.layout,
        roots: &record.roots,
        upstream: &upstream,
        keyrings: &mirror.keyrings,
    })?)
}

fn apt_files(
    context: &Context,
    (store, mirror): (&Store, &Mirror),
    (wanted, url): (&Wanted, &str),
    args: &Client,
) -> Result<Vec<ClientFile>, Failure> {
    let record = store.record(&wanted.mirror, wanted.taken)?;
    let www = Www::new(store.root());
    let (snapshots_url, public_key) = (context.snapshots_url(&wanted.mirror), public_key(&www));
    let follows = match (&wanted.channel, mirror.signed) {
        (None, _) => Follows::Date(wanted.taken),
        (Some(channel), Signed::Upstream) => Follows::Upstream { channel },
        (Some(channel), Signed::Local) => {
            Follows::Local { channel, public_key: &public_key?, snapshots_url: &snapshots_url }
        }
    };
    let form = match (args.fallback, args.plain) {
        (Some(Fallback::Upstream), _) => Form::Fallback(apt::Fallback::Upstream),
        (Some(Fallback::Packages), _) => Form::Fallback(apt::Fallback::Packages),
        (None, true) => Form::Plain,
        (None, false) => Form::Sources,
    };
    // Shown without a login.
    let upstream: Vec<String> = mirror.bases.iter().map(ToString::to_string).collect();
    Ok(apt::client(&ClientInput {
        mirror: &wanted.mirror,
        url,
        tree: &www.snapshot_tree(&wanted.mirror, wanted.taken),
        roots: &record.roots,
        suites: &args.suites,
        follows,
        form,
        downgrade: if args.downgrade { Downgrade::Yes } else { Downgrade::No },
        upstream: &upstream,
        keyrings: &mirror.keyrings,
    })?)
}

/// Reads the public keys as they are served: clients get during a rotation what the site gives out.
fn public_key(www: &Www) -> Result<String, Failure> {
    let path = www.public_key();
    std::fs::read_to_string(&path).map_err(|error| {
        Failure::machine(format!("cannot read the public key {}: {error}", path.display()))
            .hint("pinfold key make makes it")
    })
}

/// Writes the script by which a client sees what it follows.
fn check_script(
    (context, store, mirror): (&Context, &Store, &Mirror),
    (wanted, url): (&Wanted, &str),
    args: &Client,
) -> Result<String, Failure> {
    let record = store.record(&wanted.mirror, wanted.taken)?;
    let root = record.roots.first().map_or_else(String::new, |path| format!("/{path}"));
    let upstream: Vec<String> = mirror.bases.iter().map(ToString::to_string).collect();
    let is_ours =
        context.is_signed(store, &wanted.mirror, wanted.taken)? && wanted.channel.is_some();
    let key = if is_ours { Some(public_key(&Www::new(store.root()))?) } else { None };
    let follows = match &wanted.channel {
        Some(channel) => channel.to_string(),
        None => wanted.taken.to_string(),
    };
    Ok(client_check(&CheckInput {
        mirror: &wanted.mirror,
        family: mirror.family,
        tool: args.tool.map(|tool| match tool {
            Tool::Dnf => rpm::Tool::Dnf,
            Tool::Zypper => rpm::Tool::Zypper,
        }),
        follows: &follows,
        url,
        reachable: &format!("{url}{root}"),
        upstream: &upstream,
        key: key.as_deref(),
    })?)
}

fn show(context: &Context, files: &[ClientFile]) -> Result<(), Failure> {
    if context.json {
        let files: Vec<_> = files
            .iter()
            .map(|file| serde_json::json!({ "path": file.path, "content": file.content }))
            .collect();
        return ui::print_json(&serde_json::json!(files));
    }
    let text: Vec<String> =
        files.iter().map(|file| format!("# {}\n{}", file.path, file.content)).collect();
    ui::print(&text.join("\n"))
}
