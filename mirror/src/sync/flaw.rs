//! Why an attempt cannot end in a snapshot, and what that means for the run.

use pinfold_store::path::escape;
use pinfold_store::{Code, Finding, Monitor};

use crate::Error;
use crate::supply::{Lack, Supplied};

/// Why an attempt cannot end in a snapshot.
pub(super) enum Flaw {
    /// Files are not what the metadata say.
    Lacks(Vec<Lack>),
    /// The metadata cannot be followed.
    Refused(Error),
    /// Upstream is another by now.
    Moved,
}

impl Flaw {
    /// Gives the files that are not what the metadata say.
    pub(super) fn lacks(&self) -> &[Lack] {
        match self {
            Self::Lacks(lacks) => lacks,
            Self::Refused(_) | Self::Moved => &[],
        }
    }

    /// Says whether upstream is known to be another by now.
    pub(super) const fn is_move(&self) -> bool {
        matches!(self, Self::Moved)
    }

    /// Says whether an upstream in the middle of its own update would explain it. One that does not answer is in no update.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Lacks(lacks) => {
                !lacks.iter().all(|lack| matches!(lack.what, Supplied::Failed(_)))
            }
            Self::Refused(_) | Self::Moved => true,
        }
    }

    /// Says whether it is worth waiting for: files come later than the metadata that name them, a signature comes with its text.
    pub(super) fn is_waited_for(&self) -> bool {
        matches!(self, Self::Lacks(_)) && self.may_pass()
    }

    /// Tells every file that is not as listed, and makes the error of the run.
    pub(super) fn give_up(self, monitor: &dyn Monitor) -> Error {
        match self {
            Self::Lacks(lacks) => give_up(&lacks, monitor),
            Self::Refused(error) => error,
            Self::Moved => Error::Upstream {
                url: "its root metadata".to_owned(),
                why: "it changes all the time".to_owned(),
            },
        }
    }
}

fn give_up(lacks: &[Lack], monitor: &dyn Monitor) -> Error {
    let mut first = String::new();
    let (mut is_wrong, count) = (false, lacks.len());
    for lack in lacks {
        let code = match lack.what {
            Supplied::Wrong(_) => {
                is_wrong = true;
                Code::UpstreamWrong
            }
            _ => Code::UpstreamMissing,
        };
        let why = escape(lack.why().as_bytes());
        if first.is_empty() {
            first = format!("{}: {why}", lack.path);
        }
        monitor.problem(&Finding {
            code,
            subject: lack.path.to_string(),
            detail: why,
            remedy: "run the same sync again later: what came is kept".to_owned(),
        });
    }
    if is_wrong { Error::Mismatch { count, first } } else { Error::Missing { count, first } }
}
