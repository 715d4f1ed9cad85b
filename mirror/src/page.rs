//! The page by which a web server shows what is in a folder: which files and folders it names, and what stands beside each.
//!
//! Every server has a page of its own and none is specified, so that only links count: those that lead below the folder
//! itself. Their names come from strangers: what leads elsewhere is passed over, and what cannot be a name is told.

mod link;
mod words;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};
use pinfold_store::{Digest, RelPath};

use crate::http::Url;
use link::{Link, Place};
pub use words::Words;

/// The most text beside a link that is looked at.
const TEXT_BYTES_MAX: usize = 256;
/// The most names that one folder may have: several times as many as the largest folders of archives.
pub const NAMES_MAX: usize = 300_000;
/// How many links that cannot be followed are named; the others are counted.
const ODD_NAMED_MAX: usize = 3;
/// Where what stands beside a link ends, if the next link does not come before.
const ROW_ENDS: &[&[u8]] =
    &[b"tr", b"li", b"hr", b"pre", b"ul", b"table", b"tbody", b"address", b"footer", b"body"];

/// What a name in a listing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A file, as far as its name says.
    File,
    /// A folder: its name ends in a slash.
    Folder,
}

/// A name in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its path from the top of the archive.
    pub path: RelPath,
    /// What it is.
    pub kind: Kind,
    /// Date and size as they stand beside it; `None` where they do not.
    pub words: Option<Words>,
}

/// What a folder shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The names, in the order of the page.
    pub items: Vec<Item>,
    /// A few links with names that cannot be kept, each with the reason.
    pub odd: Vec<String>,
    /// How many such there are.
    pub odd_count: usize,
    /// Whether it looks as if a web server made it: it has a link to the folder above, or a title as such pages have.
    pub is_listing: bool,
}

impl Page {
    /// Reads the page that came from a URL for a folder, `None` for the archive itself; gives `None` where it has more than
    /// [`NAMES_MAX`] names. Anything else at all is a page.
    #[must_use]
    pub fn read(bytes: &[u8], folder: Option<&RelPath>, url: &Url) -> Option<Self> {
        let mut reading = Reading {
            page: Self::default(),
            place: Place::new(folder, url),
            beside: Beside::Nothing,
        };
        let mut emitter = DefaultEmitter::default();
        // Without this what a script says would be links.
        emitter.naively_switch_states(true);
        for token in Tokenizer::new_with_emitter(bytes, emitter) {
            let Ok(token) = token;
            reading.take(&token);
            if reading.page.items.len() > NAMES_MAX {
                return None;
            }
        }
        reading.end_row();
        Some(reading.page)
    }

    /// Hashes what it shows, and nothing that pages have around it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut text = Vec::new();
        for item in &self.items {
            text.extend_from_slice(item.path.as_bytes());
            text.push(if item.kind == Kind::Folder { b'/' } else { 0 });
            text.extend_from_slice(item.words.as_ref().map_or("", |words| &words.text).as_bytes());
            text.push(0);
        }
        Digest::of(&text)
    }
}

/// What is done with text.
enum Beside {
    /// It belongs to no name.
    Nothing,
    /// It is within the link.
    Within,
    /// It stands beside the newest item.
    Item(String),
}

/// A page that is being read.
struct Reading<'a> {
    page: Page,
    place: Place<'a>,
    beside: Beside,
}

impl Reading<'_> {
    fn take(&mut self, token: &Token) {
        match token {
            Token::StartTag(tag) if tag.name.as_slice() == b"a" => {
                self.end_row();
                if let Some(href) = tag.attributes.get(b"href".as_slice()) {
                    self.link(href);
                }
            }
            Token::EndTag(tag) if tag.name.as_slice() == b"a" => {
                if matches!(self.beside, Beside::Within) {
                    self.beside = Beside::Item(String::new());
                }
            }
            Token::StartTag(tag) if ROW_ENDS.contains(&tag.name.as_slice()) => self.end_row(),
            Token::EndTag(tag) if ROW_ENDS.contains(&tag.name.as_slice()) => self.end_row(),
            // The cells of a table are words of their own.
            Token::StartTag(_) | Token::EndTag(_) => self.text(b" "),
            Token::String(text) => {
                self.page.is_listing |= is_title(text);
                self.text(text);
            }
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }

    fn link(&mut self, href: &[u8]) {
        match self.place.resolve(href) {
            Link::Below(path, kind) => {
                self.page.items.push(Item { path, kind, words: None });
                self.beside = Beside::Within;
            }
            Link::Parent => self.page.is_listing = true,
            Link::Elsewhere => {}
            Link::Odd(why) => {
                self.page.odd_count += 1;
                if self.page.odd.len() < ODD_NAMED_MAX {
                    self.page.odd.push(why);
                }
            }
        }
    }

    fn text(&mut self, text: &[u8]) {
        if let Beside::Item(beside) = &mut self.beside
            && beside.len() < TEXT_BYTES_MAX
        {
            let text = &text[..text.len().min(TEXT_BYTES_MAX)];
            beside.push_str(&String::from_utf8_lossy(text));
        }
    }

    /// Ends what stands beside the newest item.
    fn end_row(&mut self) {
        if let Beside::Item(text) = std::mem::replace(&mut self.beside, Beside::Nothing)
            && let Some(item) = self.page.items.last_mut()
        {
            item.words = Words::read(&text);
        }
    }
}

/// Says whether a text is the title that servers give to listings.
fn is_title(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    [b"Index of ".as_slice(), b"Directory listing", b"Directory: ", b"Listing of "]
        .iter()
        .any(|title| text.starts_with(title))
}

#[cfg(test)]
mod tests;
