//! Where a family gets the files of an archive from: upstream by way of the store, or a tree that the store has already.
//!
//! A sync, an ingest and a verification ask for the same files in the same order and compare them in the same way; they differ
//! only in who supplies them.

use std::io::Read;

use pinfold_store::{Checksum, Class, Digest, Entry, Node, Proof, RelPath, Trust};

use crate::archive::Belief;
use crate::page::Page;
use crate::part::Part;
use crate::{Expect, Result};

/// A file that metadata name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where it stands in the tree, and upstream.
    pub path: RelPath,
    /// Other names that upstream may have it under, asked for first.
    pub also: Vec<RelPath>,
    /// Its size; `None` where the metadata do not say, and then it is capped.
    pub size_bytes: Option<u64>,
    /// What content it must have.
    pub expect: Expect,
    /// Which metadata named it, as a number of the family's own.
    pub origin: u32,
}

impl Wanted {
    /// Gives what its content is known by: the same checksum with another size is another wish, which nothing can meet.
    #[must_use]
    pub const fn key(&self) -> (Expect, Option<u64>) {
        (self.expect, self.size_bytes)
    }

    /// Gives about how many bytes it has; 0 where nobody says.
    #[must_use]
    pub fn about_bytes(&self) -> u64 {
        self.size_bytes.unwrap_or_else(|| self.expect.about_bytes())
    }
}

/// What became of a wanted file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supplied {
    /// It is what the metadata say.
    Here(Content),
    /// It is not there.
    Absent(String),
    /// What is there has another size or checksum.
    Wrong(String),
    /// It could not be asked for.
    Failed(String),
    /// It is a folder, though its name did not say so.
    Folder,
}

/// Content in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// Its name.
    pub digest: Digest,
    /// Its size.
    pub size_bytes: u64,
}

/// Root metadata, which no checksum names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its content in the store; for a supply that only looks, what it would be.
    pub content: Content,
}

impl Root {
    /// Makes the entry of a tree.
    pub(crate) fn entry(&self, path: RelPath) -> Entry {
        let Content { digest, size_bytes } = self.content;
        Entry { path, node: Node::File { digest, size_bytes, class: Class::Root }, added: false }
    }
}

/// What a folder of an archive shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// What is in it.
    Here(Page),
    /// It shows nothing.
    Absent(String),
}

/// What is got: a dry run gets metadata, and only counts the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Indices, which say what else there is.
    Metadata,
    /// Everything else.
    Files,
}

/// Supplies the files of an archive.
pub trait Supply: Sync {
    /// Gives root metadata, the same within one attempt however often it is asked for; `None` where there is none.
    ///
    /// # Errors
    /// It could not be asked for, or is larger than `bytes_max`.
    fn root(&mut self, path: &RelPath, bytes_max: u64) -> Result<Option<Root>>;

    /// Gives a small file that may be another at any time, and says nothing of the rest when it is.
    ///
    /// # Errors
    /// As [`Self::root`].
    fn aside(&mut self, path: &RelPath, bytes_max: u64) -> Result<Option<Root>> {
        self.root(path, bytes_max)
    }

    /// Says where a file would come from, for messages.
    fn place(&self, path: &RelPath) -> String {
        path.to_string()
    }

    /// Says what each folder shows, in the order of `folders`; `None` is the archive itself.
    ///
    /// # Errors
    /// It could not be asked for, or shows more than anybody would list.
    fn folders(&mut self, folders: &[Option<RelPath>]) -> Result<Vec<Shown>> {
        Ok(folders.iter().map(|_| Shown::Absent("it shows no folders".to_owned())).collect())
    }

    /// Says what becomes of each wanted file, in the order of `wanted`.
    ///
    /// # Errors
    /// This machine failed; what upstream fails at is said file by file.
    fn get(&mut self, stage: Stage, wanted: &[Wanted]) -> Result<Vec<Supplied>>;

    /// Opens content that was supplied.
    ///
    /// # Errors
    /// It cannot be opened.
    fn open(&self, content: Content) -> Result<Box<dyn Read + Send>>;

    /// Says whether files are only counted: what [`Self::get`] gives of [`Stage::Files`] cannot be opened then.
    fn is_dry(&self) -> bool {
        false
    }

    /// Gives what was said of a file's own signature, by the same keys and rules.
    ///
    /// # Errors
    /// That cannot be looked up.
    fn judged(&self, _: Content, _keys: Digest) -> Result<Option<String>> {
        Ok(None)
    }

    /// Remembers what files' own signatures came to, by some keys and rules.
    ///
    /// # Errors
    /// That cannot be written.
    fn remember_judged(&mut self, _keys: Digest, _: &[(Digest, String)]) -> Result<()> {
        Ok(())
    }

    /// Makes sure that content which turned out to be unfit is what was supplied, and not what a disk made of it since.
    ///
    /// # Errors
    /// It is another by now.
    fn must_be_intact(&self, _: Content) -> Result<()> {
        Ok(())
    }

    /// Says whether it was seen before that content unpacks to what has a checksum.
    ///
    /// # Errors
    /// That cannot be looked up.
    fn has_unpacked(&self, packed: Content, plain: &Checksum) -> Result<bool>;

    /// Remembers what content unpacked to.
    ///
    /// # Errors
    /// That cannot be written.
    fn remember_unpacked(&mut self, pairs: &[(Content, Checksum)]) -> Result<()>;
}

/// Why a state is not whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// Which file.
    pub path: RelPath,
    /// What became of it.
    pub what: Supplied,
}

impl Lack {
    /// Says what is wrong, in one line.
    #[must_use]
    pub fn why(&self) -> &str {
        match &self.what {
            Supplied::Here(_) => "it is there",
            Supplied::Folder => "it is a folder",
            Supplied::Absent(why) | Supplied::Wrong(why) | Supplied::Failed(why) => why,
        }
    }
}

/// A certificate that vouched; proofs name it by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// The certificate, armored.
    pub certificate: Vec<u8>,
}

/// A state of an archive as a family found it.
#[derive(Debug, Default)]
pub struct State {
    /// Every file, sorted by path, names that we add included.
    pub entries: Vec<Entry>,
    /// Paths of root metadata.
    pub roots: Vec<RelPath>,
    /// What each root proves.
    pub proofs: Vec<Proof>,
    /// What the packages' own signatures came to, in the family's words; empty where nobody asked.
    pub packages: toml::Table,
    /// What the record says of how it was accepted, besides the rules that the operator relaxed.
    pub relaxed: Vec<String>,
    /// Who vouched, once for each certificate.
    pub vouchers: Vec<Voucher>,
    /// What its parts take, where somebody asks for no more than that and paths alone do not say it.
    pub parts: Vec<Part>,
    /// What is not as the metadata say; a state with any is never published.
    pub lacks: Vec<Lack>,
    /// Something was left out that clients do without, and that an upstream which changed meanwhile would explain.
    pub is_doubtful: bool,
    /// Files are in it that nobody who is believed vouches for.
    pub is_unproved: bool,
}

impl State {
    /// Says whether all of it is vouched for by whom somebody believes.
    #[must_use]
    pub const fn trust(&self, belief: &Belief) -> Trust {
        if belief.is_signed() && !self.is_unproved { Trust::Signed } else { Trust::None }
    }
}
