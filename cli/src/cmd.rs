//! The verbs, a module each or a few that belong together.

mod adopt;
mod background;
mod bring;
mod by_tool;
mod check;
mod client;
mod clients;
mod delete;
mod diff;
mod doctor;
mod estimate;
pub(crate) mod fsck;
mod init;
mod key;
mod list;
mod moves;
mod page;
mod pin;
mod promotion;
mod prune;
mod repair;
mod retract;
mod rollback;
mod run;
mod serving;
mod setup;
mod status;
mod sync;
mod tree;
mod tried;

use crate::args::{Args, KeyVerb, Verb, grammar};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ui;

/// What a verb gives.
type Done = Result<Outcome, Failure>;

/// Does what was typed.
pub(crate) fn run(args: &Args) -> Done {
    raise_file_limit();
    if let Verb::Manual { verb } = &args.verb {
        return manual(verb.as_deref());
    }
    if let Verb::Completions { shell } = args.verb {
        return completions(shell);
    }
    let context = &Context::new(args, name_of(&args.verb))?;
    start_threads()?;
    let done = dispatch(context, &args.verb);
    // Also where a move failed: a part of it may be done.
    if is_shown_at_once(&args.verb) && !context.dry_run {
        page::write_after(context, &done);
    }
    done.map_err(|failure| failure.on(&context.config.root))
}

/// Says whether a verb writes the status page when it is done; what others change is there after the next run.
const fn is_shown_at_once(verb: &Verb) -> bool {
    match verb {
        Verb::Key(KeyVerb::Show | KeyVerb::Print) => false,
        Verb::Init | Verb::Delete(_) | Verb::Key(_) => true,
        Verb::Rollback(_) | Verb::Pin(_) | Verb::Unpin(_) => true,
        Verb::Promote(args) => !args.plan,
        _ => false,
    }
}

/// Does one verb.
fn dispatch(context: &Context, verb: &Verb) -> Done {
    match verb {
        Verb::Init => init::init(context),
        Verb::Adopt(args) => adopt::adopt(context, args),
        Verb::Setup(args) => setup::setup(context, args),
        Verb::Retract(args) => retract::retract(context, args),
        Verb::Delete(args) => delete::delete(context, args),
        Verb::Sync(args) => tried::recorded(context, args, &|| sync::sync(context, args)),
        Verb::Estimate { mirror } => estimate::estimate(context, mirror),
        Verb::Key(verb) => key::key(context, verb),
        Verb::Ingest(ingest) => bring::ingest(context, ingest),
        Verb::Snapshots { mirror } => list::snapshots(context, mirror.as_ref()),
        Verb::Show { snapshot } => list::show(context, snapshot),
        Verb::Diff(args) => diff::diff(context, args),
        Verb::Verify { snapshot, deep } => check::verify(context, snapshot, depth(*deep)),
        Verb::Channels => list::channels(context),
        Verb::Promote(promote) => promotion::promote(context, promote),
        Verb::Rollback(rollback) => rollback::rollback(context, rollback),
        Verb::Log { channel } => list::log(context, channel),
        Verb::Pin(pin) => pin::pin(context, pin),
        Verb::Unpin(unpin) => pin::unpin(context, unpin),
        Verb::Publish { snapshot } => tree::publish(context, snapshot),
        Verb::Retire { snapshot } => tree::retire(context, snapshot),
        Verb::Site => serving::site(context),
        Verb::Client(client) => client::client(context, client),
        Verb::Clients(args) => clients::clients(context, args),
        Verb::Serve { listen } => serving::serve(context, *listen),
        Verb::Run => run::run(context),
        Verb::Prune(args) => prune::prune(context, args),
        Verb::Status { mirror, prometheus } => {
            let form = if *prometheus { status::Form::Prometheus } else { status::Form::Told };
            status::status(context, mirror.as_ref(), form)
        }
        Verb::Doctor(args) => doctor::doctor(context, args),
        Verb::Fsck(args) => fsck::fsck(context, args),
        Verb::Completions { .. } | Verb::Manual { .. } => Ok(Outcome::Done),
    }
}

const fn depth(deep: bool) -> pinfold_store::check::Depth {
    if deep { pinfold_store::check::Depth::Deep } else { pinfold_store::check::Depth::Quick }
}

/// The verb's word, for locks and logs.
const fn name_of(verb: &Verb) -> &'static str {
    match verb {
        Verb::Init => "init",
        Verb::Adopt(_) => "adopt",
        Verb::Setup(_) => "setup",
        Verb::Retract(_) => "retract",
        Verb::Delete(_) => "delete",
        Verb::Sync(_) => "sync",
        Verb::Estimate { .. } => "estimate",
        Verb::Key(_) => "key",
        Verb::Ingest(_) => "ingest",
        Verb::Snapshots { .. } => "snapshots",
        Verb::Show { .. } => "show",
        Verb::Diff(_) => "diff",
        Verb::Verify { .. } => "verify",
        Verb::Channels => "channels",
        Verb::Promote(_) => "promote",
        Verb::Rollback(_) => "rollback",
        Verb::Log { .. } => "log",
        Verb::Pin(_) => "pin",
        Verb::Unpin(_) => "unpin",
        Verb::Publish { .. } => "publish",
        Verb::Retire { .. } => "retire",
        Verb::Site => "site",
        Verb::Client(_) => "client",
        Verb::Clients(_) => "clients",
        Verb::Serve { .. } => "serve",
        Verb::Run => "run",
        Verb::Prune(_) => "prune",
        Verb::Status { .. } => "status",
        Verb::Doctor(_) => "doctor",
        Verb::Fsck(_) => "fsck",
        Verb::Completions { .. } => "completions",
        Verb::Manual { .. } => "manual",
    }
}

/// Prints a shell's completions.
fn completions(shell: clap_complete::Shell) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut grammar(), "pinfold", &mut script);
    ui::print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}

/// Prints a manual page.
fn manual(verb: Option<&str>) -> Done {
    let mut program = grammar();
    program.build();
    let command = match verb {
        None => program,
        Some(verb) => program
            .find_subcommand(verb)
            .cloned()
            .ok_or_else(|| Failure::usage(format!("no verb '{verb}'")))?,
    };
    let mut page = Vec::new();
    let drawn = clap_mangen::Man::new(command).render(&mut page);
    drawn.map_err(|error| Failure::machine(format!("cannot make the manual page: {error}")))?;
    ui::print(&in_ascii(&String::from_utf8_lossy(&page)))?;
    Ok(Outcome::Done)
}

/// As troff reads it without being told of an encoding.
fn in_ascii(page: &str) -> String {
    let spelled = |letter: char| match letter {
        letter if letter.is_ascii() => letter.to_string(),
        letter => format!("\\[u{:04X}]", u32::from(letter)),
    };
    page.chars().map(spelled).collect()
}

/// Starts the threads that read, link and hash. Left to the first use, a machine that cannot have them would be a panic.
fn start_threads() -> Result<(), Failure> {
    rayon::ThreadPoolBuilder::new().build_global().map_err(|error| {
        Failure::machine(format!("cannot start threads: {error}"))
            .hint("raise the limit of processes or memory (ulimit -u, ulimit -v)")
    })
}

/// Deep trees and many shard folders need descriptors: the soft limit goes up to the hard one. Where it cannot, whoever needs more
/// descriptors says so.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if limit.current != limit.maximum && setrlimit(Resource::Nofile, wanted).is_err() {
        ui::tell("pinfold: the limit of open files stays as it is");
    }
}
