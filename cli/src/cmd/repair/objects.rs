//! Objects: healed from what is at hand, else from upstream, else set aside; and every name that they have.

use std::path::Path;

use pinfold_publisher::mend;
use pinfold_publisher::publish::Locks;
use pinfold_store::gc::Run;
use pinfold_store::heal::{Aside, Healed, Others};
use pinfold_store::index::{Holder, Index, ObjectRow};
use pinfold_store::path::escape_path;

use super::{Deed, Repair};
use crate::failure::Failure;

impl Repair<'_> {
    /// Heals objects, from the nearest place that has them.
    pub(super) fn objects(
        &self,
        index: &Index,
        (rows, others): (&[ObjectRow], &mut Others),
        deeds: &mut Vec<Deed>,
    ) -> Result<(), Failure> {
        let mut lost = Vec::new();
        for row in rows {
            let mut candidates = mend::names_of(self.store, index, row.digest)?;
            candidates.extend(others.candidates(row));
            let writer = self.store.writer(&self.context.patient())?;
            let how = (candidates.as_slice(), self.run_kind());
            let healed = self.store.heal(&writer, row, how, self.progress)?;
            drop(writer);
            match healed {
                // Its names may lead elsewhere: they are mended with the trees.
                Healed::Sound => {}
                Healed::Dressed => {
                    let detail = "its bytes were right; mode, owner and time are so again";
                    deeds.push(Deed::new("mended", self.subject(index, row)?, detail));
                }
                Healed::From(path) => self.healed(index, row, &from(&path), deeds)?,
                Healed::Nothing => lost.push(*row),
            }
        }
        let lost = self.ask_upstreams(index, lost, deeds)?;
        for (row, why) in lost {
            self.set_aside(index, &row, &why, deeds)?;
        }
        Ok(())
    }

    /// An object has sound bytes again: all its names are made to lead to it.
    pub(super) fn healed(
        &self,
        index: &Index,
        row: &ObjectRow,
        from: &str,
        deeds: &mut Vec<Deed>,
    ) -> Result<(), Failure> {
        let mut detail = from.to_owned();
        if self.run_kind() == Run::Real {
            let site = self.store.lock_site(&self.context.patient())?;
            let writer = self.store.writer(&self.context.patient())?;
            let locks = Locks { site: &site, writer: &writer };
            let count = mend::relink(self.store, (index, row), locks, self.progress)?;
            if count > 0 {
                detail = format!("{detail}; {count} names in trees lead to it");
            }
        }
        deeds.push(Deed::new("healed", self.subject(index, row)?, detail));
        Ok(())
    }

    /// Nothing heals an object: its names go, and then it leaves the store.
    fn set_aside(
        &self,
        index: &Index,
        row: &ObjectRow,
        why: &str,
        deeds: &mut Vec<Deed>,
    ) -> Result<(), Failure> {
        let mut deed = Deed::new("set-aside", self.subject(index, row)?, why);
        for holder in index.holders(row.digest)? {
            let dates = self.store.dates(&holder.mirror)?;
            let named = dates.iter().filter(|taken| holder.covers(**taken));
            let Holder { mirror, path, .. } = &holder;
            deed.lost_in.extend(named.map(|taken| format!("{mirror}@{taken}, {path}")));
        }
        if self.run_kind() == Run::Real {
            self.unlink(index, row)?;
            // Whoever seals a snapshot that names it waits for this, and sees that it is gone.
            let collector = self.store.collector(&self.context.patient())?;
            let aside = self.store.set_aside(&collector, row)?;
            drop(collector);
            match aside {
                Aside::Moved(to) => {
                    deed.detail = format!("{why}; it is {} now", escape_path(&to));
                }
                Aside::Missing => deed.did = "lost",
                Aside::Sound => return self.healed(index, row, "by another run", deeds),
            }
        }
        deeds.push(deed);
        Ok(())
    }

    fn unlink(&self, index: &Index, row: &ObjectRow) -> Result<(), Failure> {
        let site = self.store.lock_site(&self.context.patient())?;
        let writer = self.store.writer(&self.context.patient())?;
        let locks = Locks { site: &site, writer: &writer };
        mend::unlink(self.store, (index, row.digest), locks, self.progress)?;
        Ok(())
    }

    /// Names an object for people: where it is used first.
    pub(super) fn subject(&self, index: &Index, row: &ObjectRow) -> Result<String, Failure> {
        let holders = index.holders(row.digest)?;
        let place = holders.first().map_or_else(
            || "no snapshot".to_owned(),
            |Holder { mirror, path, first, .. }| format!("{mirror}@{first}, {path}"),
        );
        let more = match holders.len() {
            0 | 1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        Ok(format!("object {} ({place}{more})", row.digest))
    }
}

fn from(path: &Path) -> String {
    format!("from {}", escape_path(path))
}
