//! XML, read element by element in constant memory, and no more of it than metadata of rpm need.
//!
//! There is no DTD, and no entity but the five that XML knows itself; the text is UTF-8. Whatever clients refuse as not
//! well formed is refused where it could hide something: open and closing tags match, one element holds all. Prefixes of
//! names are taken as they are written, as clients take them: `rpm:sourcerpm` is a name, whatever `rpm` stands for.
//!
//! Nothing is copied but the tags and texts that are asked for.

use std::io::Read;
use std::ops::Range;

use pinfold_store::path::escape;
use quick_xml::Reader;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesDecl, Event};

use self::legal::Legal;
use crate::{Error, Result};

mod legal;

/// No tag, text or comment may have more bytes. The longest descriptions of packages have some 100,000.
pub(super) const PART_BYTES_MAX: usize = 4 << 20;
/// How deep elements may stand in each other; metadata need five.
const DEPTH_MAX: usize = 32;
/// The longest name of an element.
const NAME_BYTES_MAX: usize = 255;
/// The most attributes of a tag that is looked at.
const ATTRIBUTES_MAX: usize = 64;
/// The longest text and the longest attributes of a tag that are asked for: a path's length.
const FIELD_BYTES_MAX: usize = pinfold_store::path::PATH_BYTES_MAX;

/// Reads elements.
pub(super) struct Xml<'a> {
    reader: Reader<Legal<'a>>,
    buffer: Vec<u8>,
    /// How many elements are open.
    depth: usize,
    /// The last tag closes what it opens, which was not yet told.
    is_empty: bool,
    /// Something was read, and an element.
    is_begun: bool,
    has_root: bool,
    /// The tag that was asked for: its name, which ends at a byte, and attributes.
    tag: String,
    name_end: usize,
    /// The attributes that were asked for, without references.
    values: Vec<u8>,
}

/// What was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Open,
    Close,
    Text,
    End,
}

impl<'a> Xml<'a> {
    /// Begins to read. `shown` names the file in errors.
    pub(super) fn new(from: impl Read + 'a, shown: &'a str) -> Self {
        let mut reader = Reader::from_reader(Legal::new(Box::new(from), shown));
        reader.config_mut().enable_all_checks(true);
        Self {
            reader,
            buffer: Vec::new(),
            depth: 0,
            is_empty: false,
            is_begun: false,
            has_root: false,
            tag: String::new(),
            name_end: 0,
            values: Vec::new(),
        }
    }

    /// Goes to the element that holds all others, whatever its name.
    pub(super) fn any_root(&mut self) -> Result<()> {
        if self.child(0)? { Ok(()) } else { Err(self.bad("it holds no element")) }
    }

    /// Goes to the element that holds all others.
    pub(super) fn root(&mut self, name: &str) -> Result<()> {
        if !self.child(0)? {
            return Err(self.bad(&format!("the file ends, where <{name}> should begin")));
        }
        if self.name() != name {
            let found = excerpt(self.name().as_bytes());
            return Err(self.bad(&format!("it begins with <{found}>, where <{name}> is expected")));
        }
        Ok(())
    }

    /// Goes to the next element directly below the one that is open at `depth` (1: the root); false where that ends.
    pub(super) fn child(&mut self, depth: usize) -> Result<bool> {
        loop {
            match self.step(depth + 1, None)? {
                Step::Open if self.depth == depth + 1 => return Ok(true),
                Step::Close if self.depth < depth => return Ok(false),
                Step::End => return Ok(false),
                Step::Open | Step::Close | Step::Text => {}
            }
        }
    }

    /// Reads the text of the element that was just gone to, up to its end, as it stands.
    pub(super) fn text(&mut self, to: &mut Vec<u8>) -> Result<()> {
        to.clear();
        let outside = self.depth - 1;
        while self.depth > outside {
            if self.step(0, Some(&mut *to))? == Step::Open {
                return Err(self.bad_field("holds a tag, where text is expected"));
            }
            if to.len() > FIELD_BYTES_MAX {
                return Err(
                    self.bad_field(&format!("has a text of more than {FIELD_BYTES_MAX} bytes"))
                );
            }
        }
        Ok(())
    }

    /// Gives attributes of the element that was gone to. A line end in one is still one, and no space.
    pub(super) fn pick<const N: usize>(&mut self, names: [&str; N]) -> Result<[Option<&[u8]>; N]> {
        self.values.clear();
        match pick(&self.tag, self.name_end, names, &mut self.values) {
            Ok(spans) => Ok(spans.map(|span| span.map(|span| &self.values[span]))),
            Err(why) => Err(self.bad_field(&why)),
        }
    }

    /// Views the name of the element that was gone to.
    pub(super) fn name(&self) -> &str {
        &self.tag[..self.name_end]
    }

    /// Gives the number of the line that is read.
    pub(super) fn line(&mut self) -> u64 {
        self.reader.get_mut().line()
    }

    /// Takes a value that may stand once; `place` is where.
    pub(super) fn once<T>(&mut self, slot: &mut Option<T>, value: T, place: &str) -> Result<()> {
        match slot.replace(value) {
            None => Ok(()),
            Some(_) => Err(self.bad_field(&format!("stands twice in one <{place}>"))),
        }
    }

    /// Makes an error of the line that is read.
    pub(super) fn bad(&mut self, why: &str) -> Error {
        self.reader.get_mut().bad(why)
    }

    /// Makes an error of the element that was gone to.
    pub(super) fn bad_field(&mut self, why: &str) -> Error {
        let name = excerpt(self.name().as_bytes());
        self.bad(&format!("<{name}> {why}"))
    }

    /// Reads on; keeps the tag of an element that opens at a depth, and adds text to `text`.
    fn step(&mut self, depth: usize, text: Option<&mut Vec<u8>>) -> Result<Step> {
        if self.is_empty {
            self.is_empty = false;
            self.depth -= 1;
            return Ok(Step::Close);
        }
        self.buffer.clear();
        self.reader.get_mut().begin_part();
        let event = self.reader.read_event_into(&mut self.buffer);
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        let told = match event {
            Ok(Event::Start(tag) | Event::Empty(tag)) if self.depth == 0 && self.has_root => {
                Err(format!("a second root element, <{}>", excerpt(tag.name().0.as_bytes())))
            }
            Ok(Event::Start(tag) | Event::Empty(tag)) if tag.name().0.len() > NAME_BYTES_MAX => {
                Err(format!("the name of an element has more than {NAME_BYTES_MAX} bytes"))
            }
            Ok(Event::Start(_) | Event::Empty(_)) if self.depth == DEPTH_MAX => {
                Err(format!("more than {DEPTH_MAX} elements stand in each other"))
            }
            Ok(ref event @ (Event::Start(ref tag) | Event::Empty(ref tag))) => {
                self.depth += 1;
                self.has_root = true;
                self.is_empty = matches!(event, Event::Empty(_));
                if self.depth == depth {
                    self.tag.clear();
                    self.tag.push_str(tag);
                    self.name_end = tag.name().0.len();
                }
                Ok(Step::Open)
            }
            Ok(Event::End(_)) => {
                self.depth -= 1;
                Ok(Step::Close)
            }
            Ok(Event::Text(more)) => part(&more, self.depth, text),
            Ok(Event::CData(more)) if self.depth > 0 => part(&more, self.depth, text),
            Ok(Event::CData(_)) => Err("text outside of the root element".to_owned()),
            Ok(Event::GeneralRef(name)) => {
                let mut bytes = [0; 4];
                referred(&name)
                    .and_then(|more| part(more.encode_utf8(&mut bytes), self.depth, text))
            }
            Ok(Event::Comment(_) | Event::PI(_)) => Ok(Step::Text),
            Ok(Event::Decl(declaration)) if is_first => declared(&declaration),
            Ok(Event::Decl(_)) => Err("an XML declaration that is not at the beginning".to_owned()),
            Ok(Event::DocType(_)) => {
                Err("a document type declaration, which could hide anything".to_owned())
            }
            Ok(Event::Eof) if self.depth > 0 => Err("the file is cut within an element".to_owned()),
            Ok(Event::Eof) => Ok(Step::End),
            Err(error) => Err(excerpt(error.to_string().as_bytes())),
        };
        told.map_err(|why| {
            let from = self.reader.get_mut();
            from.failure().unwrap_or_else(|| from.bad(&why))
        })
    }
}

/// Adds to a text that is asked for.
fn part(more: &str, depth: usize, text: Option<&mut Vec<u8>>) -> Result<Step, String> {
    if depth == 0 && !more.bytes().all(|byte| byte.is_ascii_whitespace()) {
        return Err(format!("text outside of the root element: {}", excerpt(more.as_bytes())));
    }
    if let Some(text) = text {
        text.extend_from_slice(more.as_bytes());
    }
    Ok(Step::Text)
}

/// Takes a declaration that says what we read.
fn declared(declaration: &BytesDecl<'_>) -> Result<Step, String> {
    match declaration.encoding() {
        None => Ok(Step::Text),
        Some(Ok(name)) if name.eq_ignore_ascii_case("UTF-8") => Ok(Step::Text),
        Some(Ok(name)) => {
            Err(format!("the encoding {}, where UTF-8 is expected", excerpt(name.as_bytes())))
        }
        Some(Err(error)) => Err(excerpt(error.to_string().as_bytes())),
    }
}

/// Gives the character that a reference is.
fn referred(name: &str) -> Result<char, String> {
    let code = |digits: &str, radix| {
        let all = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        all.then(|| u32::from_str_radix(digits, radix).ok()).flatten().and_then(char::from_u32)
    };
    let known = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix("#x") {
            Some(digits) => code(digits, 16),
            None => name.strip_prefix('#').and_then(|digits| code(digits, 10)),
        },
    };
    let is_legal = |letter: &char| match *letter {
        '\t' | '\n' | '\r' => true,
        letter => letter >= ' ' && !matches!(letter, '\u{fffe}' | '\u{ffff}'),
    };
    known.filter(is_legal).ok_or_else(|| {
        format!("the reference &{};, which XML does not know or forbids", excerpt(name.as_bytes()))
    })
}

/// Writes the values of attributes to `to`, and says where each is.
fn pick<const N: usize>(
    tag: &str,
    name_end: usize,
    names: [&str; N],
    to: &mut Vec<u8>,
) -> Result<[Option<Range<usize>>; N], String> {
    let mut spans = [const { None }; N];
    for (count, attribute) in Attributes::new(tag, name_end).enumerate() {
        if count == ATTRIBUTES_MAX {
            return Err(format!("has more than {ATTRIBUTES_MAX} attributes"));
        }
        let attribute =
            attribute.map_err(|error| format!("has {}", excerpt(error.to_string().as_bytes())))?;
        let Some(at) = names.iter().position(|name| *name == attribute.key.0) else { continue };
        let begin = to.len();
        value(&attribute.value, to)
            .map_err(|why| format!("has in the attribute {} {why}", names[at]))?;
        if to.len() > FIELD_BYTES_MAX {
            return Err(format!("has attributes of more than {FIELD_BYTES_MAX} bytes"));
        }
        spans[at] = Some(begin..to.len());
    }
    Ok(spans)
}

/// Writes an attribute's value without references.
fn value(raw: &str, to: &mut Vec<u8>) -> Result<(), String> {
    if raw.contains('<') {
        return Err("a <, which XML forbids".to_owned());
    }
    let mut parts = raw.split('&');
    to.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let (name, rest) = part.split_once(';').ok_or("an & that begins no reference")?;
        to.extend_from_slice(referred(name)?.encode_utf8(&mut [0; 4]).as_bytes());
        to.extend_from_slice(rest.as_bytes());
    }
    Ok(())
}

/// Reads a number of digits alone.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    // `parse` would take a sign.
    let digits = std::str::from_utf8(text).ok()?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Shows the beginning of bytes from outside.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    escape(&bytes[..bytes.len().min(200)])
}

#[cfg(test)]
mod tests;
