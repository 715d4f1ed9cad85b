//! `doctor`: what is wrong, from evidence. Nothing is changed, and no lock is taken.
//!
//! Each module looks at one kind of evidence and adds what it finds; what it cannot read is a finding, or none of its matter.
//! The host's files are read through [`Host`], so that a folder can stand for the `/` of another machine.

mod bringing;
mod code;
mod followers;
mod keeping;
mod place;
mod room;
mod sizes;
mod traffic;
mod web;

use std::path::Path;

use pinfold_publisher::status::Status;
use pinfold_store::path::escape;
use pinfold_store::{Name, Store};
use serde_json::json;

use self::code::Code;
use super::{Done, status};
use crate::args::Doctor;
use crate::context::Context;
use crate::failure::Outcome;
use crate::host::Host;
use crate::ui;

/// How much of the end of a log is read.
const TAIL_BYTES: u64 = 4 << 20;

/// The form of the JSON; another number where a name means something else than before.
const VERSION: u32 = 1;

pub(super) fn doctor(context: &Context, args: &Doctor) -> Done {
    if let Some(mirror) = &args.mirror {
        context.config.mirror(mirror)?;
    }
    let host = Host::new(args.prefix.as_deref());
    let mut found = Found::default();
    let store = match context.store() {
        Ok(store) => Some(store),
        Err(failure) => {
            let mut mend = failure.hints.join("; ");
            if mend.is_empty() {
                "pinfold init".clone_into(&mut mend);
            }
            found.add(Code::RootUnusable, (context.config.root.display(), failure.message), mend);
            None
        }
    };
    let status = store.as_ref().map(|store| status::gather(context, store, None));
    let scene = Scene {
        context,
        host: &host,
        only: args.mirror.as_ref(),
        store: store.as_ref(),
        status: status.as_ref(),
    };
    let found = scene.look(found);
    tell(context, &found)?;
    let is_damage = found.iter().any(|one| one.code.is_damage());
    Ok(match found.is_empty() {
        true => Outcome::Done,
        false if is_damage => Outcome::Damage,
        false => Outcome::No,
    })
}

fn tell(context: &Context, found: &[Symptom]) -> Result<(), crate::failure::Failure> {
    if context.json {
        let found = found.iter().map(|one| {
            json!({
                "code": one.code.as_str(), "subject": one.subject, "what": one.what,
                "why": one.code.why(), "mend": one.mend, "damage": one.code.is_damage(),
            })
        });
        let found: Vec<_> = found.collect();
        return ui::print_json(
            &json!({ "version": VERSION, "at": context.now, "findings": found }),
        );
    }
    let text: Vec<String> = found
        .iter()
        .map(|one| {
            let (code, why) = (one.code.as_str(), one.code.why());
            format!(
                "{code}: {}: {}\n  why it matters: {why}\n  what mends it: {}\n",
                one.subject, one.what, one.mend
            )
        })
        .collect();
    ui::print(if text.is_empty() { "nothing found\n".to_owned() } else { text.join("\n") }.as_str())
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Symptom {
    code: Code,
    /// Of what: a mirror, a channel, a path.
    subject: String,
    /// What is the case, with the evidence.
    what: String,
    /// The command that mends it, or what to do.
    mend: String,
}

/// What is looked at.
#[derive(Debug)]
struct Scene<'a> {
    context: &'a Context,
    host: &'a Host,
    /// Only this mirror.
    only: Option<&'a Name>,
    /// Absent where the root is not usable.
    store: Option<&'a Store>,
    status: Option<&'a Status>,
}

/// What was found so far.
#[derive(Debug, Default)]
struct Found(Vec<Symptom>);

impl Found {
    fn add(
        &mut self,
        code: Code,
        (subject, what): (impl ToString, impl Into<String>),
        mend: impl Into<String>,
    ) {
        let (subject, what, mend) = (subject.to_string(), what.into(), mend.into());
        self.0.push(Symptom { code, subject, what, mend });
    }
}

impl Scene<'_> {
    /// Looks everywhere; gives what was found, in the order of the questions.
    fn look(&self, mut found: Found) -> Vec<Symptom> {
        bringing::look(self, &mut found);
        traffic::look(self, &mut found);
        room::look(self, &mut found);
        web::look(self, &mut found);
        followers::look(self, &mut found);
        place::look(self, &mut found);
        keeping::look(self, &mut found);
        found.0
    }

    /// The mirrors that are looked at: those of this host.
    fn mirrors(&self) -> impl Iterator<Item = &Name> {
        let names = self.context.config.mirrors.keys();
        names.filter(|name| {
            self.context.config.is_active(name) && self.only.is_none_or(|only| only == *name)
        })
    }

    /// The end of a text file of the host, from a line's beginning; nothing where it is absent.
    fn tail(&self, path: impl AsRef<Path>) -> std::io::Result<String> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = match std::fs::File::open(self.host.at(path)) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
            Err(error) => return Err(error),
        };
        let bytes = file.metadata()?.len();
        let from = bytes.saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(from))?;
        let mut read = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut read)?;
        let text = String::from_utf8_lossy(&read).into_owned();
        Ok(if from == 0 { text } else { text.split_once('\n').unwrap_or_default().1.to_owned() })
    }
}

/// Shows a line of a log, which may be a stranger's.
fn shown(line: &str) -> String {
    const LETTERS_MAX: usize = 300;
    escape(line.trim().chars().take(LETTERS_MAX).collect::<String>().as_bytes())
}

/// `one`, or `one and 3 more`.
fn first_of(list: &[String]) -> String {
    match list {
        [] => String::new(),
        [one] => one.clone(),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
    }
}
