//! Proving an archive that the store has: an ingest before it becomes a snapshot, and a snapshot again at any later time.
//!
//! The same for every family. No network and no keyring of today is needed for the second: the record keeps what was asked for
//! and the certificates that vouched then.

use std::collections::BTreeSet;

use pinfold_store::lock::MirrorLock;
use pinfold_store::scan::{self, Draft};
use pinfold_store::{
    Class, Code, Digest, Entry, Evidence, Finding, Monitor, Node, Record, RelPath, Report, Store,
    Trust,
};

use crate::archive::Archive;
use crate::family;
use crate::present::Present;
use crate::sign::Keyring;
use crate::supply::{Lack, State, Supplied};
use crate::tree::{DraftTree, SnapshotTree};
use crate::{Error, Result};

/// A draft that was proved: what its family says of its names, and the evidence.
pub struct Proved {
    reading: Box<dyn scan::Reading>,
    evidence: Evidence,
}

impl std::fmt::Debug for Proved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proved").field("evidence", &self.evidence).finish_non_exhaustive()
    }
}

impl scan::Reading for Proved {
    fn class(&self, path: &RelPath, drafted: Class) -> Class {
        self.reading.class(path, drafted)
    }

    fn added(&self) -> Vec<(RelPath, RelPath)> {
        self.reading.added()
    }

    fn roots(&self) -> Vec<RelPath> {
        self.reading.roots()
    }

    fn evidence(&self) -> Evidence {
        self.evidence.clone()
    }
}

/// Proves a draft that another tool brought: every file that its metadata name is there, and is what they say.
///
/// # Errors
/// [`Error::NotAuthentic`] where nobody vouches; [`Error::Mismatch`] where files are missing or wrong, after each was told.
pub fn prove_draft(
    (store, lock): (&Store, &MirrorLock),
    draft: &Draft,
    archive: &dyn Archive,
    monitor: &dyn Monitor,
) -> Result<Proved> {
    let tree = DraftTree { store, draft };
    let reading = archive.reading(&tree, monitor)?;
    let state = archive.survey(&mut Present::new(store, &tree)?, monitor)?;
    must_be_whole(&state.lacks, monitor)?;
    for voucher in &state.vouchers {
        store.keep_certificate(lock, &voucher.certificate)?;
    }
    let belief = archive.belief();
    let evidence = Evidence {
        trust: if belief.is_signed() { Trust::Signed } else { Trust::None },
        upstream: None,
        is_filtered: archive.is_filtered(),
        relaxed: belief.relaxed(),
        asked: archive.asked()?,
        packages: state.packages,
        proofs: state.proofs,
    };
    Ok(Proved { reading, evidence })
}

/// Tells every file that is not as the metadata say.
fn must_be_whole(lacks: &[Lack], monitor: &dyn Monitor) -> Result<()> {
    for lack in lacks {
        monitor.problem(&finding(lack));
    }
    match lacks.first() {
        None => Ok(()),
        Some(lack) => {
            let first = format!("{}: {}", lack.path, lack.why());
            Err(Error::Mismatch { count: lacks.len(), first })
        }
    }
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
        Ok(Some(state)) => state,
        Ok(None) => return Ok(report),
        Err(error) => {
            let code = match &error {
                Error::NotAuthentic { .. } | Error::BadMetadata { .. } => Code::ArchiveNotAuthentic,
                // Metadata that the store lost, whose own check names the path; or that were never there.
                Error::Store(pinfold_store::Error::MissingObject { .. })
                | Error::Missing { .. } => Code::ArchiveMissing,
                _ => return Err(error),
            };
            report.findings.push(Finding {
                code,
                subject: format!("{}@{}", record.mirror, record.taken),
                detail: error.to_string(),
                remedy: "look at the disk and at who may write to it; then sync again".to_owned(),
            });
            return Ok(report);
        }
    };
    report.findings.extend(state.lacks.iter().map(finding));
    // Where something is missing, what was not reached looks as if nobody named it. What another tool brought holds more.
    if report.findings.is_empty() && record.upstream.is_some() {
        extra(store, record, &state, &mut report)?;
    }
    report.files = state.proofs.iter().map(|proof| proof.indices + proof.files).sum();
    Ok(report)
}

/// Finds the state of a snapshot by its own metadata; `None` where its family, or one that a later version knows, proves nothing.
fn survey_again(store: &Store, record: &Record, monitor: &dyn Monitor) -> Result<Option<State>> {
    let Some(family) = family::by_name(&record.family) else { return Ok(None) };
    let kept = match record.trust {
        Trust::None => None,
        Trust::Signed => Some(kept(store, record)?),
    };
    let Some(archive) = family.archive_of(record, kept.as_deref())? else { return Ok(None) };
    let tree = SnapshotTree { store, manifest: record.manifest };
    archive.survey(&mut Present::new(store, &tree)?, monitor).map(Some)
}

/// A certificate that vouched for a snapshot, as the store kept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Whose key it is, as the record has it.
    pub name: String,
    /// The certificate.
    pub certificate: Vec<u8>,
}

/// The certificates that vouched for a snapshot, each once.
fn kept(store: &Store, record: &Record) -> Result<Vec<Kept>> {
    let signers = record.proofs.iter().flat_map(|proof| &proof.signers);
    let named: BTreeSet<(Digest, &str)> =
        signers.map(|signer| (signer.certificate, signer.name.as_str())).collect();
    let load = |(digest, name): (Digest, &str)| {
        let certificate = store.certificate(&record.mirror, digest)?;
        Ok(Kept { name: name.to_owned(), certificate })
    };
    named.into_iter().map(load).collect()
}

/// Makes the keyring of what was kept, for families that sign with OpenPGP.
pub(crate) fn keyring(record: &Record, kept: &[Kept]) -> Result<Keyring> {
    let mut armored = Vec::new();
    for one in kept {
        armored.extend_from_slice(&one.certificate);
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
