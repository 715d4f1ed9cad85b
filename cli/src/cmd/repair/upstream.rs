//! Lost objects that upstream still has: asked for by the names that they have, with the mirror's own credentials and limits.

use std::collections::BTreeMap;

use pinfold_mirror::fetch::Upstream;
use pinfold_mirror::http::Http;
use pinfold_mirror::refetch::{Lost, refetch};
use pinfold_store::gc::Run;
use pinfold_store::index::{Index, ObjectRow};
use pinfold_store::{Digest, Name, RelPath};

use super::{Deed, Repair};
use crate::config::{self, Source};
use crate::failure::Failure;
use crate::ui;

/// So many names of one file are tried.
const NAMES_MAX: usize = 8;

impl Repair<'_> {
    /// Asks the upstreams of all mirrors that hold a lost object; gives those that none has, and why not.
    pub(super) fn ask_upstreams(
        &self,
        index: &Index,
        rows: Vec<ObjectRow>,
        deeds: &mut Vec<Deed>,
    ) -> Result<Vec<(ObjectRow, String)>, Failure> {
        let mut left: BTreeMap<Digest, (ObjectRow, String)> = BTreeMap::new();
        let mut wanted: BTreeMap<Name, Vec<Lost>> = BTreeMap::new();
        for row in rows {
            left.insert(row.digest, (row, "no copy is here, and no upstream was asked".to_owned()));
            for (mirror, names) in names_of(index, row.digest)? {
                wanted.entry(mirror).or_default().push(Lost { row, names });
            }
        }
        for (mirror, lost) in wanted {
            let lost: Vec<Lost> =
                lost.into_iter().filter(|one| left.contains_key(&one.row.digest)).collect();
            let Some((upstream, bases)) = self.configured(&mirror).filter(|_| !lost.is_empty())
            else {
                continue;
            };
            if self.run_kind() == Run::Dry {
                for one in &lost {
                    let detail = format!("the upstream of {mirror} would be asked for it");
                    deeds.push(Deed::new("healed", self.subject(index, &one.row)?, detail));
                    left.remove(&one.row.digest);
                }
                continue;
            }
            match self.ask(index, (upstream, bases), &lost, deeds) {
                Ok(why) => {
                    for (digest, why) in why {
                        match why {
                            None => drop(left.remove(&digest)),
                            Some(why) => {
                                left.entry(digest).and_modify(|(_, said)| *said = why);
                            }
                        }
                    }
                }
                // An upstream that is down heals nothing; what else can be mended is.
                Err(failure) if failure.code() == 3 => {
                    for one in &lost {
                        left.entry(one.row.digest)
                            .and_modify(|(_, said)| said.clone_from(&failure.message));
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(left.into_values().collect())
    }

    /// The upstream of a mirror that is followed file by file.
    fn configured(
        &self,
        mirror: &Name,
    ) -> Option<(&config::Upstream, &[pinfold_mirror::http::Base])> {
        let mirror = self.context.config.mirrors.get(mirror)?;
        let upstream = mirror.upstream.as_ref()?;
        matches!(upstream.source, Source::Http).then_some((upstream, mirror.bases.as_slice()))
    }

    /// Asks one upstream after the other; says of each object why it did not come, or that it is healed.
    fn ask(
        &self,
        index: &Index,
        (upstream, bases): (&config::Upstream, &[pinfold_mirror::http::Base]),
        lost: &[Lost],
        deeds: &mut Vec<Deed>,
    ) -> Result<Vec<(Digest, Option<String>)>, Failure> {
        let http = Http::new(&upstream.transfer.settings()?)?;
        let sources = upstream.sources(bases, &http, self.progress)?;
        let mut lost: Vec<Lost> = lost.to_vec();
        let mut said = Vec::new();
        for base in &sources.bases {
            let whom = Upstream { http: &http, base };
            let mut came = Vec::new();
            let bytes = lost.iter().map(|one| one.row.size_bytes).sum();
            let files = u64::try_from(lost.len()).unwrap_or(u64::MAX);
            pinfold_store::Monitor::transfer(self.progress, "fetching lost files", files, bytes);
            let failed = refetch(
                whom,
                self.store,
                &lost,
                &mut |number, landed| {
                    let writer = self.store.writer(&self.context.patient())?;
                    self.store.heal_with(&writer, &lost[number].row, landed, self.progress)?;
                    came.push(lost[number].row);
                    Ok(())
                },
                self.progress,
            )?;
            for row in &came {
                self.healed(index, row, &format!("from {base}"), deeds)?;
                said.push((row.digest, None));
            }
            let failed: Vec<(Lost, String)> =
                failed.into_iter().map(|(number, why)| (lost[number].clone(), why)).collect();
            lost = failed.iter().map(|(one, _)| one.clone()).collect();
            for (one, why) in failed {
                ui::tell(&format!("pinfold: {}: {why}", one.row.digest));
                said.push((one.row.digest, Some(why)));
            }
            if lost.is_empty() {
                break;
            }
        }
        Ok(said)
    }
}

/// The names of an object in each mirror.
fn names_of(index: &Index, digest: Digest) -> Result<BTreeMap<Name, Vec<RelPath>>, Failure> {
    let mut names: BTreeMap<Name, Vec<RelPath>> = BTreeMap::new();
    for holder in index.holders(digest)? {
        let paths = names.entry(holder.mirror).or_default();
        if paths.len() < NAMES_MAX && !paths.contains(&holder.path) {
            paths.push(holder.path);
        }
    }
    Ok(names)
}
