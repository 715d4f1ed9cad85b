//! `modules.yaml`: which packages the streams of modules consist of.
//!
//! Read event by event: what an alias stands for is never looked up, so that a few lines cannot become many, and of what is
//! read only the names are kept. Documents of other kinds (defaults, translations, obsoletes) are passed over.

mod letters;
mod place;

use std::io::Read;

use granit_parser::{Event, Marker, Parser, ScanError};
use pinfold_store::path::escape;

use self::letters::Letters;
use self::place::{Expected, Key, Path, Place};
use super::nevra::Nevra;
use crate::{Error, Result};

/// The longest text that is kept.
const TEXT_BYTES_MAX: usize = 1024;
/// The most artifacts of a stream. The largest streams have some hundreds.
const ARTIFACTS_MAX: usize = 100_000;

/// A stream of a module, in one build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Module {
    /// The module's name.
    pub name: Box<str>,
    /// The stream's name.
    pub stream: Box<str>,
    /// The build's number, empty where none is stated.
    pub version: Box<str>,
    /// Tells builds of one version for different platforms apart, empty where none is stated.
    pub context: Box<str>,
    /// The architecture, empty where none is stated.
    pub architecture: Box<str>,
    /// The full names of the packages that it consists of, sources among them.
    pub artifacts: Vec<Nevra>,
}

/// What a whole list of modules turned out to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModulesSeen {
    /// How many modules it has.
    pub modules: u64,
    /// How many documents clients pass over, since they are not as they should be.
    pub flawed: u64,
    /// What is wrong with the first of these, and on which line.
    pub flaw: Option<String>,
}

/// Reads `modules.yaml`, which is unpacked already, and hands out its modules in order. `shown` names it in errors.
///
/// A module with a flaw is handed out too, with what could be read of it, as long as it has a name and a stream: what is kept
/// for nobody does no harm.
///
/// Cost: the memory of its largest module.
///
/// # Errors
/// [`Error::BadMetadata`] names the line where it is no YAML, or a document is no `KEY: VALUE`: dnf aborts at it. Whatever
/// reading it or `each` fails with.
pub fn modules(
    from: impl Read,
    shown: &str,
    each: &mut dyn FnMut(Module) -> Result<()>,
) -> Result<ModulesSeen> {
    let mut seen = ModulesSeen::default();
    let mut document = Document::default();
    let letters = Letters::new(from);
    let allowance = letters.allowance();
    for event in Parser::new_from_fallible_iter(letters) {
        let (event, span) = event.map_err(|error| broken(error, shown))?;
        allowance.renew();
        if !matches!(event, Event::DocumentEnd) {
            document.take(&event, span.start);
            continue;
        }
        let (module, flaw) = std::mem::take(&mut document).finish(span.start, shown)?;
        if let Some((at, why)) = flaw {
            seen.flawed += 1;
            seen.flaw.get_or_insert_with(|| format!("line {}: {why}", at.line()));
        }
        if let Some(module) = module {
            seen.modules += 1;
            each(module)?;
        }
    }
    Ok(seen)
}

/// What is wrong, and where.
type Flaw = (Marker, String);

/// What was read of a document.
#[derive(Default)]
struct Document {
    path: Path,
    /// Something is in it.
    is_begun: bool,
    kind: Option<Box<str>>,
    module: Module,
    /// What is wrong if it is a module.
    flaw: Option<Flaw>,
}

impl Document {
    /// Takes the next part. What is wrong with it counts only once it is known that the document is a module.
    fn take(&mut self, event: &Event<'_>, at: Marker) {
        let expected = self.path.expected();
        let found = match event {
            Event::MappingStart(..) => {
                self.is_begun = true;
                self.path.open_mapping();
                (!expected.is_fields()).then(|| "KEY: VALUE".to_owned())
            }
            Event::SequenceStart(..) => {
                self.path.open_list();
                (!expected.is_list()).then(|| "a list".to_owned())
            }
            Event::Scalar(text, ..) => {
                self.path.pass(text);
                let is_nothing = matches!(&**text, "" | "~" | "null");
                match expected {
                    Expected::Text(place) => {
                        let text = if is_nothing { "" } else { text };
                        self.text(place, text).err()
                    }
                    Expected::List | Expected::Fields if !is_nothing => {
                        Some(format!("the text '{}'", excerpt(text)))
                    }
                    _ => None,
                }
            }
            Event::Alias(_) => {
                self.path.pass("");
                (expected != Expected::Anything).then(|| "an alias".to_owned())
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.path.close();
                None
            }
            _ => None,
        };
        if let Some(found) = found {
            self.flaw.get_or_insert_with(|| {
                (at, format!("{found}, where {} is expected", expected.name()))
            });
        }
    }

    /// Takes a text of a place that is asked for.
    ///
    /// # Errors
    /// What was found instead.
    fn text(&mut self, place: Place, text: &str) -> Result<(), String> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(format!("more than {TEXT_BYTES_MAX} bytes"));
        }
        match place {
            Place::Kind => self.kind = Some(text.into()),
            Place::Field(Key::Name) => self.module.name = text.into(),
            Place::Field(Key::Stream) => self.module.stream = text.into(),
            Place::Field(Key::Version) => self.module.version = text.into(),
            Place::Field(Key::Context) => self.module.context = text.into(),
            Place::Field(Key::Arch) => self.module.architecture = text.into(),
            Place::Field(_) => {}
            Place::Artifact if self.module.artifacts.len() == ARTIFACTS_MAX => {
                return Err(format!("artifact {}", ARTIFACTS_MAX + 1));
            }
            Place::Artifact => match Nevra::parse(text) {
                Some(artifact) => self.module.artifacts.push(artifact),
                None => return Err(format!("the text '{}'", excerpt(text))),
            },
        }
        Ok(())
    }

    /// Gives the module that the whole document is, if it is one, and what is wrong with it. `end` is where it ends.
    ///
    /// # Errors
    /// It is no mapping.
    fn finish(self, end: Marker, shown: &str) -> Result<(Option<Module>, Option<Flaw>)> {
        if !self.is_begun {
            let empty = || (end, "nothing, where KEY: VALUE is expected".to_owned());
            let (at, why) = self.flaw.unwrap_or_else(empty);
            return Err(bad(shown, &at, &why));
        }
        let is_named = !self.module.name.is_empty() && !self.module.stream.is_empty();
        let missing = match self.kind.as_deref() {
            Some("modulemd") if is_named => return Ok((Some(self.module), self.flaw)),
            Some("modulemd") => "a module ends that has no name or no stream",
            Some(_) => return Ok((None, None)),
            None => "a document ends that does not say of which kind it is",
        };
        Ok((None, Some(self.flaw.unwrap_or_else(|| (end, missing.to_owned())))))
    }
}

/// Makes an error of what is no YAML, or could not be read.
fn broken(error: ScanError, shown: &str) -> Error {
    let at = *error.marker();
    let failed = match error.try_into_input_io_error() {
        Ok(failed) => failed,
        Err(error) => {
            return bad(shown, &at, &format!("no YAML: {}", excerpt(&error.info())));
        }
    };
    // Only what the system refuses is this machine's fault, the rest is said by what unpacks the file.
    match failed.io_error().and_then(std::io::Error::raw_os_error) {
        Some(code) => {
            let source = std::io::Error::from_raw_os_error(code);
            Error::Io { action: "read", path: shown.into(), source }
        }
        None => {
            bad(shown, &at, &format!("the last that can be read: {}", excerpt(failed.message())))
        }
    }
}

/// Makes an error of a line.
fn bad(shown: &str, at: &Marker, why: &str) -> Error {
    Error::BadMetadata { path: shown.to_owned(), why: format!("line {}: {why}", at.line()) }
}

/// Shows the beginning of text from outside.
fn excerpt(text: &str) -> String {
    let bytes = text.as_bytes();
    escape(&bytes[..bytes.len().min(200)])
}

#[cfg(test)]
mod tests;
