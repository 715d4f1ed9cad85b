//! What the indices of a suite name: packages, sources, patches, images; and whether each index unpacks to what is listed.
//!
//! Indices are large and many: they are read in parallel, in constant memory each, and only what they name is kept.

use std::io::Read;

use pinfold_store::path::escape;
use pinfold_store::{Checksum, Monitor, RelPath};
use rayon::prelude::*;

use super::packages::{self, IndexedFile};
use super::select::Filter;
use super::stems::{Form, Stem};
use crate::deb822::{Stanzas, lines};
use crate::gather::problem;
use crate::plain::{Plain, Stated};
use crate::supply::{Content, Lack, Supplied, Supply, Wanted};
use crate::unpack::Form as Packed;
use crate::{Error, Result};

/// What a kind of index names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Packages,
    Sources,
    Patches,
    Images,
    Nothing,
}

/// What was read of all indices.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The files that they name.
    pub(super) wanted: Vec<Wanted>,
    /// Files that clients do without.
    pub(super) optional: Vec<Wanted>,
    /// Files that change under their names.
    pub(super) changing: Vec<Wanted>,
    /// What is not as listed.
    pub(super) lacks: Vec<Lack>,
    /// What packed forms were seen to unpack to.
    pub(super) unpacked: Vec<(Content, Checksum)>,
}

impl Listing {
    /// Counts origins from another number on, so that those of several suites differ.
    pub(super) fn count_from(&mut self, first: u32) {
        let all = [&mut self.wanted, &mut self.optional, &mut self.changing];
        for one in all.into_iter().flatten() {
            one.origin = one.origin.saturating_add(first);
        }
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.wanted.extend(other.wanted);
        self.optional.extend(other.optional);
        self.changing.extend(other.changing);
        self.lacks.extend(other.lacks);
        self.unpacked.extend(other.unpacked);
        self
    }
}

/// One thing to do with an index.
struct Task<'a> {
    stem: &'a Stem,
    form: &'a Form,
    /// What to take of it; nothing where it is only unpacked and compared.
    names: Names,
    origin: u32,
}

/// Reads all indices. The origin of what they name is their place in `stems`.
pub(super) fn read(
    supply: &dyn Supply,
    stems: &[Stem],
    filter: &Filter,
    monitor: &dyn Monitor,
) -> Result<Listing> {
    let mut tasks = Vec::new();
    for (origin, stem) in stems.iter().enumerate() {
        let origin = u32::try_from(origin).unwrap_or(u32::MAX);
        let (Some(preferred), Some(quickest)) = (stem.preferred(), stem.quickest()) else {
            continue;
        };
        let names = names(stem);
        if names != Names::Nothing {
            tasks.push(Task { stem, form: quickest, names, origin });
        }
        let is_known = match &stem.plain {
            None => true,
            Some(_) if preferred.packed == Packed::Plain => true,
            Some((_, sum)) => {
                (names != Names::Nothing && preferred == quickest)
                    || supply.has_unpacked(preferred.content, sum)?
            }
        };
        if !is_known {
            tasks.push(Task { stem, form: preferred, names: Names::Nothing, origin });
        }
    }
    // The largest first: the last one to end is then a small one.
    tasks.sort_by_key(|task| std::cmp::Reverse(task.form.content.size_bytes));
    tasks
        .par_iter()
        .with_max_len(1)
        .map(|task| task.run(supply, filter, monitor))
        .try_reduce(Listing::default, |one, other| Ok(one.merge(other)))
}

fn names(stem: &Stem) -> Names {
    let path = stem.path.as_bytes();
    match stem.name() {
        b"Packages" => Names::Packages,
        b"Sources" => Names::Sources,
        b"Index" if path.ends_with(b".diff/Index") => Names::Patches,
        b"SHA256SUMS" if path.windows(11).any(|part| part == b"/installer-") => Names::Images,
        _ => Names::Nothing,
    }
}

impl Task<'_> {
    fn run(&self, supply: &dyn Supply, filter: &Filter, monitor: &dyn Monitor) -> Result<Listing> {
        let mut listing = Listing::default();
        let stated = self.stem.plain.as_ref().map_or_else(Stated::default, |(size, sum)| Stated {
            size_bytes: Some(*size),
            checksum: Some(*sum),
        });
        let index = (&self.form.path, self.form.content, self.form.packed);
        let mut plain = Plain::open(supply, index, stated)?;
        let shown = self.form.path.to_string();
        let mut weak: Option<(u64, String)> = None;
        let mut odd_line = None;
        let read = match self.names {
            Names::Packages => packages::packages(&mut plain, &shown, &mut |binary| {
                if filter.takes(binary.name, binary.section, binary.priority) {
                    self.add(binary.file()?, &mut listing.wanted, &mut weak);
                }
                Ok(())
            })
            .map(|seen| odd_line = seen.odd_line),
            Names::Sources => packages::sources(&mut plain, &shown, &mut |source| {
                if filter.takes(source.name, source.section, source.priority) {
                    for file in source.files()? {
                        self.add(file, &mut listing.wanted, &mut weak);
                    }
                }
                Ok(())
            })
            .map(|seen| odd_line = seen.odd_line),
            Names::Patches => self.patches(&mut plain, &shown, &mut listing.optional),
            Names::Images => self.images(&mut plain, &shown, &mut listing.changing),
            Names::Nothing => Ok(()),
        };
        // What does not unpack to what is listed is the better answer than what its parser says.
        match plain.flaw(&self.stem.path) {
            Some(why) => {
                supply.must_be_intact(self.form.content)?;
                let (path, what) = (self.form.path.clone(), Supplied::Wrong(why));
                return Ok(Listing { lacks: vec![Lack { path, what }], ..Listing::default() });
            }
            None => read?,
        }
        if let Some(line) = odd_line {
            let why = format!(
                "line {line} is a comment, or empty before the first package: clients refuse the whole list"
            );
            monitor.problem(&problem(&shown, &why));
        }
        if let Some((count, first)) = weak {
            let why = format!(
                "{count} of its files have no checksum that clients believe and are left out, the first: {first}"
            );
            monitor.problem(&problem(&shown, &why));
        }
        if let (Some((_, sum)), false) = (&self.stem.plain, self.form.packed == Packed::Plain) {
            listing.unpacked.push((self.form.content, *sum));
        }
        Ok(listing)
    }

    fn add(&self, file: IndexedFile, wanted: &mut Vec<Wanted>, weak: &mut Option<(u64, String)>) {
        let sum = file
            .sha256
            .as_ref()
            .map(Checksum::sha256)
            .or(file.sha512.as_ref().map(Checksum::sha512));
        match sum {
            Some(checksum) => wanted.push(Wanted {
                path: file.path,
                also: Vec::new(),
                size_bytes: Some(file.size_bytes),
                expect: checksum.into(),
                origin: self.origin,
            }),
            None => weak.get_or_insert_with(|| (0, file.path.to_string())).0 += 1,
        }
    }

    /// The patches that lead to the index; they come and go by name, and clients do without them.
    fn patches(&self, plain: &mut Plain, shown: &str, wanted: &mut Vec<Wanted>) -> Result<()> {
        let mut stanzas = Stanzas::new(plain, shown);
        let (folder, _) = self.stem.path.split();
        while let Some(stanza) = stanzas.next()? {
            let [list] = stanza.pick(&["SHA256-Download"]);
            for line in lines(list.unwrap_or_default()) {
                let text = String::from_utf8_lossy(line);
                let words: Vec<&str> = text.split_ascii_whitespace().collect();
                let [sum, size, name] = words[..] else { continue };
                let (Some(checksum), Ok(size), Ok(path)) = (
                    Checksum::from_hex(sum.as_bytes()),
                    size.parse(),
                    RelPath::parse(&[folder, b"/", name.as_bytes()].concat()),
                ) else {
                    return Err(stanza.bad(&format!("a line names no patch: {}", escape(line))));
                };
                let size_bytes = Some(size);
                let (also, origin) = (Vec::new(), self.origin);
                wanted.push(Wanted { path, also, size_bytes, expect: checksum.into(), origin });
            }
        }
        Ok(())
    }

    /// The images that a list of checksums names, which the `Release` does not list. In the folder `current` each release of the
    /// installer replaces those of the last.
    fn images(&self, plain: &mut Plain, shown: &str, wanted: &mut Vec<Wanted>) -> Result<()> {
        let bad = |why: String| Error::BadMetadata { path: shown.to_owned(), why };
        let mut text = String::new();
        plain.take(16 << 20).read_to_string(&mut text).map_err(|error| bad(error.to_string()))?;
        let (folder, _) = self.stem.path.split();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (sum, name) = line.split_once([' ', '\t']).unwrap_or((line, ""));
            let name = name.trim().trim_start_matches('*').trim_start_matches("./");
            let (Some(checksum), Ok(path)) = (
                Checksum::from_hex(sum.as_bytes()),
                RelPath::parse(&[folder, b"/", name.as_bytes()].concat()),
            ) else {
                return Err(bad(format!("a line names no image: {}", escape(line.as_bytes()))));
            };
            let (also, size_bytes, origin) = (Vec::new(), None, self.origin);
            wanted.push(Wanted { path, also, size_bytes, expect: checksum.into(), origin });
        }
        Ok(())
    }
}
