//! The metadata that a `repomd.xml` lists: all of them are fetched, known or not, and compared with what it says.
//!
//! A listed file that a client takes and cannot get refuses the whole repository, so none is left out (formats/rpm.md, section 1).

use std::io::Read;

use pinfold_store::{Checksum, Monitor};
use rayon::prelude::*;

use super::deltas::deltas;
use super::listing::Listing;
use super::root::Repository;
use super::select::Selection;
use super::{Data, Module, advisories, modules, packages};
use crate::gather::oddity;
use crate::plain::{Plain, Stated};
use crate::supply::{Content, Lack, Stage, State, Supplied, Supply, Wanted};
use crate::unpack::{Form, MAGIC_BYTES};
use crate::{Error, Result};

/// How a zchunk file begins.
const ZCHUNK_MAGIC: &[u8] = b"\0ZCK1";

/// A file of metadata that is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Index<'a> {
    pub(super) data: &'a Data,
    pub(super) content: Content,
}

/// Gets everything that is listed; what is missing or wrong is told by `state`.
pub(super) fn get<'a>(
    supply: &mut dyn Supply,
    repository: &'a Repository,
    state: &mut State,
) -> Result<Vec<Index<'a>>> {
    let data = &repository.repomd.data;
    let wanted: Vec<Wanted> = data
        .iter()
        .map(|data| Wanted {
            path: data.path.clone(),
            also: Vec::new(),
            size_bytes: data.size_bytes,
            expect: data.checksum.into(),
            origin: 0,
        })
        .collect();
    let supplied = supply.get(Stage::Metadata, &wanted)?;
    let mut indices = Vec::new();
    for (data, supplied) in data.iter().zip(supplied) {
        match supplied {
            Supplied::Here(content) => indices.push(Index { data, content }),
            what => state.lacks.push(Lack { path: data.path.clone(), what }),
        }
    }
    Ok(indices)
}

/// Reads all metadata: what unpacks to something else than is listed is told, and what they name is kept.
pub(super) fn read(
    supply: &dyn Supply,
    (repository, indices): (&Repository, &[Index<'_>]),
    selection: &Selection,
    monitor: &dyn Monitor,
) -> Result<Listing> {
    let mut indices: Vec<&Index<'_>> = indices.iter().collect();
    // The largest first: the last one to end is then a small one.
    indices.sort_by_key(|index| std::cmp::Reverse(index.content.size_bytes));
    let reading = Reading { supply, repository, selection, monitor };
    let one = |index: &&Index<'_>| reading.run(index);
    let listings = indices.par_iter().with_max_len(1).map(one);
    listings.try_reduce(Listing::default, |one, other| Ok(one.merge(other)))
}

/// What each index is read with.
struct Reading<'a> {
    supply: &'a dyn Supply,
    repository: &'a Repository,
    selection: &'a Selection,
    monitor: &'a dyn Monitor,
}

impl Reading<'_> {
    fn run(&self, index: &Index<'_>) -> Result<Listing> {
        let (data, content) = (index.data, index.content);
        let (_, form) = Form::split(data.path.as_bytes());
        let wrong = |why| {
            let (path, what) = (data.path.clone(), Supplied::Wrong(why));
            Ok(Listing { lacks: vec![Lack { path, what }], ..Listing::default() })
        };
        if let Some(why) = self.magic_flaw((data, content), form)? {
            return wrong(why);
        }
        let stated = Stated { size_bytes: data.open_size_bytes, checksum: data.open_checksum };
        let is_read = matches!(
            data.kind.as_str(),
            "primary" | "modules" | "updateinfo" | "prestodelta" | "deltainfo"
        );
        let is_opened = stated != Stated::default() && !is_zchunk(data);
        if !is_read && (!is_opened || self.is_known(content, &stated)?) {
            return Ok(Listing::default());
        }
        let mut plain = Plain::open(self.supply, (&data.path, content, form), stated)?;
        let read = self.parse(&mut plain, data);
        // What does not unpack to what is listed is the better answer than what its parser says.
        if let Some(why) = plain.flaw(&data.path) {
            self.supply.must_be_intact(content)?;
            return wrong(why);
        }
        let mut listing = read?;
        if let Some(sum) = stated.checksum.filter(|_| form != Form::Plain) {
            listing.unpacked.push((content, sum));
        }
        Ok(listing)
    }

    /// Says whether it was seen before what the index unpacks to.
    fn is_known(&self, content: Content, stated: &Stated) -> Result<bool> {
        match &stated.checksum {
            Some(sum) => self.supply.has_unpacked(content, sum),
            None => Ok(false),
        }
    }

    /// Says how an index is packed otherwise than its name says: clients go by the name, and read nothing.
    fn magic_flaw(&self, (data, content): (&Data, Content), form: Form) -> Result<Option<String>> {
        let mut begin = Vec::new();
        let from = self.supply.open(content)?;
        let limit = u64::try_from(MAGIC_BYTES).unwrap_or(u64::MAX);
        let failed =
            |source| Error::Io { action: "read", path: data.path.as_path().to_owned(), source };
        from.take(limit).read_to_end(&mut begin).map_err(failed)?;
        let found = Form::of_magic(&begin);
        let (is_right, said) = match form {
            Form::Plain if is_zchunk(data) => (begin.starts_with(ZCHUNK_MAGIC), "zchunk"),
            // What a name without an ending holds may be anything.
            Form::Plain => return Ok(None),
            // It has no mark of its own.
            Form::Lzma => (found == Form::Plain, form.name()),
            form => (form == found, form.name()),
        };
        Ok((!is_right).then(|| format!("its name says {said}, and it is {}", found.name())))
    }

    fn parse(&self, plain: &mut Plain, data: &Data) -> Result<Listing> {
        let shown = data.path.to_string();
        let mut listing = Listing::default();
        match data.kind.as_str() {
            "primary" => {
                let seen = packages(plain, &shown, &mut |package| {
                    listing.add(&package, &self.repository.place, self.selection)
                })?;
                if let Some(stated) = seen.stated.filter(|stated| *stated != seen.packages) {
                    let why = format!(
                        "it says that it lists {stated} packages, and lists {}",
                        seen.packages
                    );
                    self.monitor.problem(&oddity(&shown, &why));
                }
                listing.tell_aborts(&shown, self.monitor);
            }
            "modules" => {
                let mut each = |module: Module| match self.selection.newest {
                    Some(_) => listing.add_module(module, &shown),
                    None => Ok(()),
                };
                let read = modules(plain, &shown, &mut each);
                let seen = self.forgive(read, "dnf aborts at it")?.unwrap_or_default();
                if let Some(flaw) = seen.flaw {
                    let why = format!(
                        "{} of its documents are passed over by clients, the first: {flaw}",
                        seen.flawed
                    );
                    self.monitor.problem(&oddity(&shown, &why));
                }
            }
            "updateinfo" => {
                let read = advisories(plain, &shown, &mut |_| Ok(()));
                self.forgive(read, "zypper refuses the repository for it")?;
            }
            "prestodelta" | "deltainfo" => {
                let read = deltas(plain, &shown, &self.repository.place);
                if let Some(mut deltas) = self.forgive(read, "no delta of it is taken")? {
                    listing.optional.append(&mut deltas);
                }
            }
            _ => {}
        }
        Ok(listing)
    }

    /// Reports metadata that cannot be followed where the packages do not depend on them: the bytes are upstream's.
    fn forgive<T>(&self, read: Result<T>, what: &str) -> Result<Option<T>> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(Error::BadMetadata { path, why }) => {
                self.monitor.problem(&oddity(&path, &format!("{why}: {what}")));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Says whether metadata are packed by zchunk, of which dnf 5 fetches the pieces that it lacks. It is not unpacked here: its own
/// checksum says that it is upstream's, and the same metadata come in another form, too.
fn is_zchunk(data: &Data) -> bool {
    data.path.as_bytes().ends_with(b".zck")
}

/// What packed metadata were seen to unpack to.
pub(super) type Unpacked = (Content, Checksum);

#[cfg(test)]
mod tests;
