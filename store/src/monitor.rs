//! How the libraries tell what they do: they never print.

use crate::report::Finding;

/// What is counted. Tests assert the work that was done, not only its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Counter {
    /// Files that were looked at.
    FilesSeen,
    /// Bytes of the files that were looked at.
    BytesSeen,
    /// Files that were read and hashed.
    FilesRead,
    /// Bytes that were read and hashed.
    BytesRead,
    /// Objects that were not in the store and are now.
    ObjectsWritten,
    /// Bytes of those objects.
    BytesWritten,
    /// Objects that were removed.
    ObjectsRemoved,
    /// Bytes of those objects.
    BytesRemoved,
    /// Names that were linked into a tree, the union or `heads/`.
    Links,
    /// Names that were removed from a tree or the union.
    Unlinks,
    /// Requests that were sent to upstream, redirects that were followed included.
    Requests,
    /// Bytes of content that came from upstream, kept or not.
    BytesFetched,
    /// Files that came from upstream whole and right.
    FilesFetched,
    /// Replica objects that were made near the link limit.
    Replicas,
}

/// Receives progress and problems. Called from several threads.
pub trait Monitor: Sync {
    /// Adds to a counter.
    fn count(&self, counter: Counter, amount: u64);

    /// A new step of work begins: `title` in the present participle ("reading files"), of `total` units where known.
    fn step(&self, title: &str, total: Option<u64>);

    /// A new step brings this many files and bytes from elsewhere; its units are bytes, and files are counted as
    /// [`Counter::FilesFetched`].
    fn transfer(&self, title: &str, files: u64, bytes: u64);

    /// One or more units of the current step are done.
    fn advance(&self, units: u64);

    /// A problem that does not stop the work; it makes the exit code 1.
    fn problem(&self, finding: &Finding);
}

/// A monitor that ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Monitor for Silent {
    fn count(&self, _: Counter, _: u64) {}
    fn step(&self, _: &str, _: Option<u64>) {}
    fn transfer(&self, _: &str, _: u64, _: u64) {}
    fn advance(&self, _: u64) {}
    fn problem(&self, _: &Finding) {}
}

/// A monitor that keeps what it is told, for tests and for summaries.
#[derive(Debug, Default)]
pub struct Tally {
    counts: std::sync::Mutex<std::collections::BTreeMap<Counter, u64>>,
    problems: std::sync::Mutex<Vec<Finding>>,
}

impl Tally {
    /// Gives a counter's value.
    #[must_use]
    pub fn get(&self, counter: Counter) -> u64 {
        lock(&self.counts).get(&counter).copied().unwrap_or(0)
    }

    /// Gives the problems so far.
    #[must_use]
    pub fn problems(&self) -> Vec<Finding> {
        lock(&self.problems).clone()
    }
}

/// A panic elsewhere must not become a second one here: the numbers stay usable.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Monitor for Tally {
    fn count(&self, counter: Counter, amount: u64) {
        *lock(&self.counts).entry(counter).or_default() += amount;
    }
    fn step(&self, _: &str, _: Option<u64>) {}
    fn transfer(&self, _: &str, _: u64, _: u64) {}
    fn advance(&self, _: u64) {}
    fn problem(&self, finding: &Finding) {
        lock(&self.problems).push(finding.clone());
    }
}
