//! Records and manifests: healed from what is at hand, else named; and records that nothing is left of set aside.

use pinfold_publisher::pins;
use pinfold_publisher::publish::{self, Locks};
use pinfold_store::gc::Run;
use pinfold_store::heal::Others;
use pinfold_store::index::Index;
use pinfold_store::{Name, Stamp};

use super::{Deed, Repair};
use crate::failure::Failure;

impl Repair<'_> {
    /// Heals records and manifests.
    pub(super) fn kept(
        &self,
        (index, others): (&Index, &Others),
        deeds: &mut Vec<Deed>,
    ) -> Result<(), Failure> {
        for mirror in self.store.mirrors()? {
            let known = index.snapshots(&mirror)?;
            for taken in self.store.dates(&mirror)? {
                if !known.iter().any(|(date, _)| *date == taken) {
                    self.unknown((index, others), (&mirror, taken), deeds)?;
                }
            }
            for (taken, digest) in known {
                let name = format!("{mirror}@{taken}");
                let is_record = self.store.record(&mirror, taken).is_ok();
                let is_whole = self.store.is_whole_manifest(digest);
                if is_record && is_whole {
                    continue;
                }
                if self.run_kind() == Run::Dry {
                    deeds.push(Deed::new(
                        "mended",
                        name,
                        "record and manifest would be healed from the index or --from",
                    ));
                    continue;
                }
                let writer = self.store.writer(&self.context.patient())?;
                let stores = others.stores();
                if !is_record && self.store.heal_record(&writer, index, (&mirror, taken), stores)? {
                    deeds.push(Deed::new(
                        "healed",
                        format!("record of {name}"),
                        "from another store",
                    ));
                }
                if !is_whole
                    && self.store.heal_manifest(&writer, index, (&mirror, taken, digest), stores)?
                {
                    let detail = "from the index or another store; it hashes to its name";
                    deeds.push(Deed::new("healed", format!("manifest of {name}"), detail));
                }
            }
        }
        Ok(())
    }

    /// A snapshot that the index does not know, which is made of the files: where its manifest cannot be read and no other store has it,
    /// it cannot be shown, compared or dropped, and would keep every other snapshot from being worked with.
    fn unknown(
        &self,
        (index, others): (&Index, &Others),
        (mirror, taken): (&Name, Stamp),
        deeds: &mut Vec<Deed>,
    ) -> Result<(), Failure> {
        let Ok(record) = self.store.record(mirror, taken) else { return Ok(()) };
        if self.store.is_whole_manifest(record.manifest) {
            return Ok(());
        }
        let name = format!("{mirror}@{taken}");
        if self.run_kind() == Run::Dry {
            let detail = "its manifest would be taken from --from, or its record set aside";
            deeds.push(Deed::new("mended", name, detail));
            return Ok(());
        }
        let patient = self.context.patient();
        let lock = self.store.lock_mirror(mirror, &patient)?;
        let writer = self.store.writer(&patient)?;
        let wanted = (mirror, taken, record.manifest);
        if self.store.heal_manifest(&writer, index, wanted, others.stores())? {
            drop(writer);
            drop(self.store.ready(&lock)?);
            deeds.push(Deed::new("healed", format!("manifest of {name}"), "from another store"));
            return Ok(());
        }
        let site = self.store.lock_site(&patient)?;
        let holders = pins::refs_that_show(self.store, mirror, taken)?;
        if !holders.is_empty() {
            let detail = format!(
                "its manifest is lost; restore it from a backup, or take {name} from {} and repair again",
                holders.join(", ")
            );
            deeds.push(Deed::new("lacks", name, detail));
            return Ok(());
        }
        let locks = Locks { site: &site, writer: &writer };
        let tree = publish::set_tree_aside(self.store, mirror, taken, locks)?;
        drop((site, writer));
        let collector = self.store.collector(&patient)?;
        let to = self.store.set_record_aside((&lock, &collector), taken)?;
        let mut detail = format!(
            "its manifest is lost, and no index knows it: put {} back beside its manifest from a backup",
            to.display()
        );
        if let Some(tree) = tree {
            detail += &format!(", or move {} out of the root and ingest it", tree.display());
        }
        deeds.push(Deed::new("set-aside", format!("record of {name}"), detail));
        Ok(())
    }
}
