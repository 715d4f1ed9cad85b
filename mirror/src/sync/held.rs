//! A monitor that keeps problems until it is known whether they count.

use std::sync::{Mutex, PoisonError};

use pinfold_store::{Counter, Finding, Monitor};

/// Hands on everything but the problems: those of an attempt that began anew are none.
pub(super) struct Held<'a> {
    to: &'a dyn Monitor,
    problems: Mutex<Vec<Finding>>,
}

impl<'a> Held<'a> {
    /// Begins with no problem.
    pub(super) const fn new(to: &'a dyn Monitor) -> Self {
        Self { to, problems: Mutex::new(Vec::new()) }
    }

    /// Hands on the problems too.
    pub(super) fn tell(&self) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        problems.drain(..).for_each(|finding| self.to.problem(&finding));
    }
}

impl Monitor for Held<'_> {
    fn count(&self, counter: Counter, amount: u64) {
        self.to.count(counter, amount);
    }

    fn step(&self, title: &str, total: Option<u64>) {
        self.to.step(title, total);
    }

    fn transfer(&self, title: &str, files: u64, bytes: u64) {
        self.to.transfer(title, files, bytes);
    }

    fn advance(&self, units: u64) {
        self.to.advance(units);
    }

    fn problem(&self, finding: &Finding) {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(finding.clone());
    }
}
