//! Content that the store lost, asked for once more by the names that it had.
//!
//! An upstream that has another file under a name by now gives nothing: what counts is the content's own name in the store.

use pinfold_store::index::ObjectRow;
use pinfold_store::{Checksum, Digest, Landed, Monitor, RelPath, Store};

use crate::fetch::{Outcome, Upstream, Want, fetch};
use crate::{Expect, Result};

/// Content that is wanted again.
#[derive(Debug, Clone)]
pub struct Lost {
    /// What is known of it.
    pub row: ObjectRow,
    /// The names that the archive has, or had, for it.
    pub names: Vec<RelPath>,
}

/// Asks an upstream for lost content. `each` is called with the number of what came and is right; gives why the others did not come.
///
/// Cost: what comes is written to the store's `incoming/` once.
///
/// # Errors
/// What `each` fails with; [`crate::Error::Store`] where content cannot be written; [`crate::Error::Interrupted`],
/// [`crate::Error::Late`]. What a server does is said file by file.
pub fn refetch(
    upstream: Upstream<'_>,
    store: &Store,
    lost: &[Lost],
    each: &mut dyn FnMut(usize, &Landed) -> Result<()>,
    monitor: &dyn Monitor,
) -> Result<Vec<(usize, String)>> {
    let mut failed = Vec::new();
    let mut wants = lost.iter().enumerate().map(|(number, lost)| (number, want(lost)));
    let mut hear = |number: usize, outcome: Outcome| {
        match outcome {
            Outcome::Landed(landed, _) if landed.sums().digest == lost[number].row.digest => {
                each(number, &landed)?;
            }
            Outcome::Landed(landed, _) => {
                let found = landed.sums().digest;
                failed.push((number, format!("upstream has other content by now: {found}")));
            }
            Outcome::Absent { url, status } => {
                failed.push((number, format!("{url} answers {status}")));
            }
            Outcome::Wrong { url, expected, found } => {
                failed.push((number, format!("{url}: expected {expected}, came {found}")));
            }
            Outcome::Failed { url, why } => failed.push((number, format!("{url}: {why}"))),
            Outcome::Folder | Outcome::NotModified { .. } => {
                failed.push((number, "upstream has no such file".to_owned()));
            }
        }
        Ok(())
    };
    fetch(upstream, store, &mut wants, &mut hear, monitor)?;
    Ok(failed)
}

fn want(lost: &Lost) -> Want {
    let expect = lost.row.sha256.map_or_else(
        // No checksum that a server's answer could be judged by while it comes: its name in the store judges it at the end.
        || Expect::Named(Digest::of(lost.row.digest.to_string().as_bytes())),
        |sum| Expect::Sum(Checksum::sha256(&sum)),
    );
    Want {
        names: lost.names.clone(),
        size_bytes: Some(lost.row.size_bytes),
        expect,
        modified: lost.row.mtime,
        held: None,
        is_fresh: true,
    }
}
