//! Proving an archive that the store has: an ingest before it becomes a snapshot, and a snapshot again at any later time.
//!
//! No network and no keyring of today is needed for the second: the record keeps what was asked for and the certificates that
//! vouched then.

use std::collections::BTreeMap;

use pinfold_store::lock::MirrorLock;
use pinfold_store::scan::{self, Draft};
use pinfold_store::{
    Class, Code, Digest, Entry, Evidence, Finding, Monitor, Name, Node, Record, RelPath, Report,
    Store, Trust,
};
use serde::Deserialize;

use super::suite::{Archive, Belief};
use super::{Reading, Selection};
use crate::present::Present;
use crate::sign::Keyring;
use crate::supply::{Lack, State, Supplied};
use crate::tree::{DraftTree, SnapshotTree};
use crate::{Error, Result};

/// The word under which a record says that keys of old vendors were taken.
const WEAK_KEYS: &str = "weak-keys";
/// The word under which a record says that nobody had to sign.
const UNSIGNED: &str = "unsigned";

/// Writes down what is asked for, as a record keeps it.
///
/// # Errors
/// [`Error::BadMetadata`] where it cannot be written.
pub fn asked(selection: &Selection, belief: &Belief) -> Result<toml::Table> {
    let mut asked = toml::Table::try_from(selection).map_err(|error| Error::BadMetadata {
        path: "the selection".to_owned(),
        why: error.to_string(),
    })?;
    for (key, is_set) in [(WEAK_KEYS, belief.weak_keys), (UNSIGNED, belief.keyring.is_none())] {
        if is_set {
            asked.insert(key.to_owned(), true.into());
        }
    }
    Ok(asked)
}

/// Gives the dates of root metadata that were accepted last: those of the newest snapshot, in seconds since 1970.
///
/// # Errors
/// The newest snapshot's record cannot be read.
pub fn accepted(store: &Store, mirror: &Name) -> Result<BTreeMap<RelPath, i64>> {
    let Some(newest) = store.dates(mirror)?.pop() else { return Ok(BTreeMap::new()) };
    let proofs = store.record(mirror, newest)?.proofs.into_iter();
    Ok(proofs.filter_map(|proof| Some((proof.root, proof.date?.seconds()))).collect())
}

/// A draft that was proved: what [`Reading`] says of its names, and the evidence.
#[derive(Debug)]
pub struct Proved {
    reading: Reading,
    evidence: Evidence,
}

impl scan::Reading for Proved {
    fn class(&self, path: &RelPath, drafted: Class) -> Class {
        scan::Reading::class(&self.reading, path, drafted)
    }

    fn added(&self) -> Vec<(RelPath, RelPath)> {
        scan::Reading::added(&self.reading)
    }

    fn roots(&self) -> Vec<RelPath> {
        scan::Reading::roots(&self.reading)
    }

    fn evidence(&self) -> Evidence {
        self.evidence.clone()
    }
}

/// Proves a draft that another tool brought: every file that its signed metadata name is there, and is what they say.
///
/// # Errors
/// [`Error::NotAuthentic`] where nobody vouches; [`Error::Mismatch`] where files are missing or wrong, after each was told.
pub fn prove_draft(
    (store, lock): (&Store, &MirrorLock),
    draft: &Draft,
    archive: &Archive<'_>,
    reading: Reading,
    monitor: &dyn Monitor,
) -> Result<Proved> {
    let tree = DraftTree { store, draft };
    let state = archive.survey(&mut Present::new(store, &tree)?, monitor)?;
    for lack in &state.lacks {
        monitor.problem(&finding(lack));
    }
    if let Some(lack) = state.lacks.first() {
        let first = format!("{}: {}", lack.path, lack.why());
        return Err(Error::Mismatch { count: state.lacks.len(), first });
    }
    for voucher in &state.vouchers {
        store.keep_certificate(lock, &voucher.certificate)?;
    }
    let is_signed = archive.belief.keyring.is_some();
    let evidence = Evidence {
        trust: if is_signed { Trust::Signed } else { Trust::None },
        upstream: None,
        is_filtered: archive.selection.is_filtered(),
        relaxed: archive.belief.relaxed(),
        asked: asked(archive.selection, archive.belief)?,
        proofs: state.proofs,
    };
    Ok(Proved { reading, evidence })
}

/// Proves a snapshot again, from its own metadata and with the certificates that vouched when it was taken. What was never
/// proved is not looked at.
///
/// # Errors
/// The store cannot be read. What is wrong with the snapshot is in the report.
pub fn prove_again(store: &Store, record: &Record, monitor: &dyn Monitor) -> Result<Report> {
    let mut report = Report::default();
    if record.asked.is_empty() {
        return Ok(report);
    }
    let state = match survey_again(store, record, monitor) {
        Ok(state) => state,
        Err(error @ (Error::NotAuthentic { .. } | Error::BadMetadata { .. })) => {
            report.findings.push(Finding {
                code: Code::ArchiveNotAuthentic,
                subject: format!("{}@{}", record.mirror, record.taken),
                detail: error.to_string(),
                remedy: "look at the disk and at who may write to it; then sync again".to_owned(),
            });
            return Ok(report);
        }
        Err(error) => return Err(error),
    };
    report.findings.extend(state.lacks.iter().map(finding));
    // Where something is missing, what was not reached looks as if nobody named it. What another tool brought holds more.
    if report.findings.is_empty() && record.upstream.is_some() {
        extra(store, record, &state, &mut report)?;
    }
    report.files = state.proofs.iter().map(|proof| proof.indices + proof.files).sum();
    Ok(report)
}

fn survey_again(store: &Store, record: &Record, monitor: &dyn Monitor) -> Result<State> {
    let mut asked = record.asked.clone();
    let weak_keys = asked.remove(WEAK_KEYS).is_some();
    asked.remove(UNSIGNED);
    let selection = Selection::deserialize(asked).map_err(|error| Error::BadMetadata {
        path: format!("the record of {}@{}", record.mirror, record.taken),
        why: error.message().to_owned(),
    })?;
    let keyring = match record.trust {
        Trust::None => None,
        Trust::Signed => Some(keyring(store, record)?),
    };
    // Whether it was older or over was judged when it was taken.
    let belief =
        Belief { keyring, signers: Vec::new(), weak_keys, allow_older: true, allow_expired: true };
    let (now, accepted) = (record.taken.seconds(), BTreeMap::new());
    let archive = Archive { selection: &selection, belief: &belief, now, accepted: &accepted };
    let tree = SnapshotTree { store, manifest: record.manifest };
    archive.survey(&mut Present::new(store, &tree)?, monitor)
}

/// The certificates that vouched for a snapshot.
fn keyring(store: &Store, record: &Record) -> Result<Keyring> {
    let mut digests: Vec<Digest> = record
        .proofs
        .iter()
        .flat_map(|proof| proof.signers.iter().map(|signer| signer.certificate))
        .collect();
    digests.sort_unstable();
    digests.dedup();
    let mut armored = Vec::new();
    for digest in digests {
        armored.extend(store.certificate(&record.mirror, digest)?);
        armored.push(b'\n');
    }
    Keyring::parse(&armored, &format!("of {}@{}", record.mirror, record.taken))
}

/// Finds what no metadata name.
fn extra(store: &Store, record: &Record, state: &State, report: &mut Report) -> Result<()> {
    let mut named = state.entries.iter().peekable();
    for entry in store.manifest(record.manifest)? {
        let Entry { path, node, .. } = entry?;
        while named.next_if(|one| one.path < path).is_some() {}
        let is_named = named.peek().is_some_and(|one| one.path == path);
        if !is_named && matches!(node, Node::File { .. }) {
            report.findings.push(Finding {
                code: Code::ArchiveExtra,
                subject: path.to_string(),
                detail: "it is in the snapshot, and no metadata name it".to_owned(),
                remedy: "find out who wrote the record; sync makes a new snapshot".to_owned(),
            });
        }
    }
    Ok(())
}

fn finding(lack: &Lack) -> Finding {
    let code = match lack.what {
        Supplied::Wrong(_) => Code::ArchiveWrong,
        _ => Code::ArchiveMissing,
    };
    Finding {
        code,
        subject: lack.path.to_string(),
        detail: lack.why().to_owned(),
        remedy: "pinfold sync, or the tool that brought it, makes a whole one".to_owned(),
    }
}
