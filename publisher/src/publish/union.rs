//! The union: every fixed file of every published snapshot of a mirror, the newest holder's content under each name.
//!
//! Kept by difference: a snapshot that comes or goes touches only the names in which it differs from its nearest published neighbour.
//! Symbolic links enter as what they lead to: a linked file as a hardlink, a linked folder with every fixed file below its target.

mod links;
mod place;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use pinfold_store::disk::Weight;
use pinfold_store::index::Index;
use pinfold_store::lock::{Asker, Writer};
use pinfold_store::manifest::{self, Change};
use pinfold_store::object::Linker;
use pinfold_store::{Class, Digest, Entry, Monitor, Name, Node, Record, RelPath, Stamp, Store};

use super::published_dates;
use crate::Result;
use crate::layout::Www;
use links::{Links, is_below};
use place::{Content, Place, Placing, Weighing};

/// Names that are settled at once.
const CHUNK: usize = 8192;

/// Adds the fixed files of a snapshot that is about to be published.
pub(super) fn add(
    store: &Store,
    record: &Record,
    writer: &Writer,
    monitor: &dyn Monitor,
) -> Result<()> {
    let mut published = published_dates(store, &record.mirror)?;
    let base = neighbour(&published, record.taken);
    published.push(record.taken);
    Union::open(store, record, published)?.settle(
        base,
        &mut placing(store, record, writer)?,
        monitor,
    )
}

/// Adds every fixed file of a snapshot again.
pub(super) fn add_whole(
    store: &Store,
    record: &Record,
    writer: &Writer,
    monitor: &dyn Monitor,
) -> Result<()> {
    let published = published_dates(store, &record.mirror)?;
    Union::open(store, record, published)?.settle(
        None,
        &mut placing(store, record, writer)?,
        monitor,
    )
}

/// Which objects a name must not lead to: the name is removed instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// None may be lost: one that is not there is an error.
    None,
    /// Those that are not there.
    Any,
    /// This one, which still stands.
    One(Digest),
}

/// Brings every fixed name of a published snapshot right, but for those whose objects are lost.
pub(crate) fn settle_whole(
    store: &Store,
    record: &Record,
    writer: &Writer,
    monitor: &dyn Monitor,
) -> Result<()> {
    let published = published_dates(store, &record.mirror)?;
    let union = Union { lost: Lost::Any, ..Union::open(store, record, published)? };
    union.settle(None, &mut placing(store, record, writer)?, monitor)
}

/// Brings some names right, and those that lead to them through links. `record` is of a published snapshot.
pub(crate) fn settle_paths(
    store: &Store,
    record: &Record,
    (paths, lost): (&BTreeSet<RelPath>, Lost),
    (writer, monitor): (&Writer, &dyn Monitor),
) -> Result<()> {
    let published = published_dates(store, &record.mirror)?;
    let union = Union { lost, ..Union::open(store, record, published)? };
    let mut names = Names::new();
    for path in paths {
        names.entry(path.clone()).or_default();
        for links in union.links.values() {
            names.extend(links.names(path).into_iter().map(|name| (name, None)));
        }
    }
    union.place_all(&names, &mut placing(store, record, writer)?, monitor)
}

/// Makes sure that taking a snapshot out can be completed: its manifest and its neighbour's, which that reads, are made again from the
/// index where they are damaged.
pub(super) fn make_readable(store: &Store, record: &Record, writer: &Writer) -> Result<()> {
    let mut published = published_dates(store, &record.mirror)?;
    published.retain(|taken| *taken != record.taken);
    for taken in neighbour(&published, record.taken).into_iter().chain([record.taken]) {
        let digest = store.record(&record.mirror, taken)?.manifest;
        if store.is_whole_manifest(digest) {
            continue;
        }
        let index = store.index()?;
        if !store.heal_manifest(writer, &index, (&record.mirror, taken, digest), &[])? {
            store.read_manifest(digest)?;
        }
    }
    Ok(())
}

/// Takes out what only this snapshot, which is not published any more, held; gives what folders came back.
pub(super) fn reduce(
    store: &Store,
    record: &Record,
    writer: &Writer,
    monitor: &dyn Monitor,
) -> Result<Weight> {
    let published = published_dates(store, &record.mirror)?;
    if published.contains(&record.taken) {
        return Ok(Weight::default());
    }
    let base = neighbour(&published, record.taken);
    let mut placing = placing(store, record, writer)?;
    Union::open(store, record, published)?.settle(base, &mut placing, monitor)?;
    placing.freed()
}

/// Says what folders of the union would come back if trees were taken down; changes nothing.
pub(super) fn weigh(store: &Store, mirror: &Name, gone: &[Stamp]) -> Result<Weight> {
    let mut published = published_dates(store, mirror)?;
    let going: Vec<Stamp> =
        published.iter().filter(|taken| gone.contains(taken)).copied().collect();
    published.retain(|taken| !gone.contains(taken));
    let mut weighing = Place::Weigh(Weighing::new(Www::new(store.root()).union(mirror)));
    for taken in going {
        let record = store.record(mirror, taken)?;
        let base = neighbour(&published, taken);
        let union = Union::open(store, &record, published.clone())?;
        union.settle(base, &mut weighing, &pinfold_store::Silent)?;
    }
    weighing.freed()
}

fn placing<'a>(store: &'a Store, record: &Record, writer: &'a Writer) -> Result<Place<'a>> {
    let top = Www::new(store.root()).union(&record.mirror);
    Ok(Place::Put(Placing::new(Linker::new(store, writer)?, top)))
}

/// Opens the index, which must know every snapshot that the union is made of: one that was lost, or that a crash kept from the
/// newest snapshot, would put older files over newer ones.
fn knowing_index(store: &Store, record: &Record, published: &[Stamp]) -> Result<Index> {
    let index = store.index()?;
    let known = index.snapshots(&record.mirror)?;
    let knows = |taken: &Stamp| known.iter().any(|(date, _)| date == taken);
    if knows(&record.taken) && published.iter().all(knows) {
        return Ok(index);
    }
    // Who makes that snapshot now holds the mirror, and brings the index up to date itself.
    let asker = Asker { verb: "pinfold publish".to_owned(), wait: Duration::ZERO };
    let lock = store.lock_mirror(&record.mirror, &asker)?;
    Ok(store.ready(&lock)?)
}

/// The published date that is nearest in time: the one before, else the one after.
fn neighbour(published: &[Stamp], taken: Stamp) -> Option<Stamp> {
    let before = published.iter().rev().find(|date| **date < taken);
    before.or_else(|| published.iter().find(|date| **date > taken)).copied()
}

/// Names to make right, with what the snapshot at hand shows there where that is known already.
type Names = BTreeMap<RelPath, Option<Content>>;

struct Union<'a> {
    store: &'a Store,
    record: &'a Record,
    index: Index,
    /// Published dates, newest first.
    published: Vec<Stamp>,
    links: HashMap<Stamp, Links>,
    lost: Lost,
}

impl<'a> Union<'a> {
    fn open(store: &'a Store, record: &'a Record, mut published: Vec<Stamp>) -> Result<Self> {
        published.sort_unstable_by(|a, b| b.cmp(a));
        published.dedup();
        let index = knowing_index(store, record, &published)?;
        let link_spans = index.links(&record.mirror)?;
        let dates: Vec<Stamp> = published.iter().copied().chain([record.taken]).collect();
        let links = dates.into_iter().map(|taken| (taken, Links::at(&link_spans, taken))).collect();
        Ok(Self { store, record, index, published, links, lost: Lost::None })
    }

    /// Makes every name right in which the snapshot differs from `base`.
    fn settle(
        &self,
        base: Option<Stamp>,
        place: &mut Place<'_>,
        monitor: &dyn Monitor,
    ) -> Result<()> {
        monitor.step("bringing the union up to date", None);
        let new = self.store.manifest(self.record.manifest)?;
        let mut names = Names::new();
        let changes: Box<dyn Iterator<Item = pinfold_store::Result<Change>>> = match base {
            Some(base) => Box::new(manifest::diff(
                self.store.manifest(self.store.record(&self.record.mirror, base)?.manifest)?,
                new,
            )),
            None => Box::new(manifest::diff(std::iter::empty(), new)),
        };
        for change in changes {
            let change = change?;
            for (entry, taken) in
                [(change.old_entry(), base), (change.new_entry(), Some(self.record.taken))]
            {
                if let (Some(entry), Some(taken)) = (entry, taken) {
                    self.note(entry, taken, &mut names)?;
                }
            }
            if names.len() >= CHUNK {
                self.place_all(&std::mem::take(&mut names), place, monitor)?;
            }
        }
        self.place_all(&names, place, monitor)
    }

    /// Notes the names that an entry gives in a snapshot.
    fn note(&self, entry: &Entry, taken: Stamp, names: &mut Names) -> Result<()> {
        let Some(links) = self.links.get(&taken) else { return Ok(()) };
        match &entry.node {
            Node::File { class: Class::Fixed, digest, size_bytes } => {
                let known = (taken == self.record.taken).then_some((*digest, *size_bytes));
                for name in links.names(&entry.path) {
                    let slot = names.entry(name).or_default();
                    *slot = known.or(*slot);
                }
            }
            Node::File { .. } => {}
            Node::Link { .. } => self.note_below(entry, taken, links, names)?,
        }
        Ok(())
    }

    /// Notes everything that a link that came or went leads to.
    fn note_below(
        &self,
        link: &Entry,
        taken: Stamp,
        links: &Links,
        names: &mut Names,
    ) -> Result<()> {
        let Some(target) = links.resolve(link.path.as_bytes()) else { return Ok(()) };
        if is_below(link.path.as_bytes(), &target) {
            return Ok(());
        }
        for path in self.index.fixed_below(&self.record.mirror, &target, taken)? {
            // Other links may lead through this one: all names of what it leads to are looked at.
            for name in links.names(&path) {
                names.entry(name).or_default();
            }
        }
        Ok(())
    }

    /// The fixed content that a snapshot shows under a name.
    fn content(&self, name: &RelPath, taken: Stamp) -> Result<Option<Content>> {
        let links = self.links.get(&taken);
        let Some(real) = links
            .map_or_else(|| Some(name.as_bytes().to_vec()), |links| links.resolve(name.as_bytes()))
        else {
            return Ok(None);
        };
        let Ok(real) = RelPath::parse(&real) else { return Ok(None) };
        let spans = self.index.spans(&self.record.mirror, &real)?;
        Ok(spans.into_iter().find(|span| span.covers(taken)).and_then(|span| {
            match span.entry.node {
                Node::File { digest, size_bytes, class: Class::Fixed } => {
                    Some((digest, size_bytes))
                }
                _ => None,
            }
        }))
    }

    /// The content of the newest published snapshot that has the name.
    fn winner(&self, name: &RelPath, known: Option<Content>) -> Result<Option<Content>> {
        for taken in &self.published {
            if known.is_some() && *taken == self.record.taken {
                return Ok(known);
            }
            if let Some(content) = self.content(name, *taken)? {
                return Ok(Some(content));
            }
        }
        Ok(None)
    }

    /// Says whether a name must not lead to a content.
    fn is_lost(&self, (digest, size_bytes): Content) -> Result<bool> {
        match self.lost {
            Lost::None => Ok(false),
            Lost::One(lost) => Ok(digest == lost),
            Lost::Any => Ok(!self.store.has_object(digest, size_bytes)?),
        }
    }

    fn place_all(&self, names: &Names, place: &mut Place<'_>, monitor: &dyn Monitor) -> Result<()> {
        let settled: Vec<(&RelPath, Option<Content>)> = names
            .iter()
            .map(|(name, known)| {
                let winner = self.winner(name, *known)?;
                let is_lost = winner.map_or(Ok(false), |content| self.is_lost(content))?;
                Ok((name, winner.filter(|_| !is_lost)))
            })
            .collect::<Result<_>>()?;
        place.all(&settled, monitor)
    }
}
