//! How long snapshots are kept: `keep = { daily = 14, … }`.

use std::time::Duration;

use serde::Deserialize;

use super::duration::seconds;

/// How many days, weeks, months and years keep their newest snapshot, and how far back every one is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Keep {
    pub(crate) daily: u32,
    pub(crate) weekly: u32,
    pub(crate) monthly: u32,
    pub(crate) yearly: u32,
    pub(crate) within: Duration,
}

/// What was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeepFile {
    #[serde(default)]
    daily: u32,
    #[serde(default)]
    weekly: u32,
    #[serde(default)]
    monthly: u32,
    #[serde(default)]
    yearly: u32,
    within: Option<String>,
}

impl KeepFile {
    /// Says what it means. A rule that keeps nothing is taken for a mistake.
    pub(super) fn resolve(&self) -> Result<Keep, String> {
        let Self { daily, weekly, monthly, yearly, .. } = *self;
        let within = seconds("within", self.within.as_ref())?.unwrap_or_default();
        if daily + weekly + monthly + yearly == 0 && within.is_zero() {
            return Err("keep: it keeps nothing but the newest: say daily, weekly, monthly, yearly or within, or leave it out to keep everything".to_owned());
        }
        Ok(Keep { daily, weekly, monthly, yearly, within })
    }
}
