//! What differs between two snapshots, gathered one by one and kept within bounds.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use pinfold_store::Digest;

use super::{AdvisoryLine, ChangeLine, Changes, Pair};

/// How many changes, and how many advisories, of a pair are shown.
pub const CHANGES_MAX: usize = 100;
/// How many CVEs of an advisory are shown.
const CVES_MAX: usize = 8;
/// The longest text that is kept of a name or version, in characters.
const TEXT_MAX: usize = 200;

/// What comes first where not all is shown: what is taken away, and may be missed.
const ORDER: [&str; 7] =
    ["removed", "downgraded", "replaced", "upgraded", "changed", "added", "rebuilt"];
/// Severities, the worst first; the words of Red Hat, of SUSE and of the others.
const SEVERITIES: [&str; 5] = ["critical", "important", "high", "moderate", "low"];

/// Changes that are gathered.
#[derive(Debug, Default)]
pub struct Draft {
    counts: BTreeMap<String, u64>,
    in_security_suites: u64,
    kept: BTreeMap<String, Vec<ChangeLine>>,
    advisories: Vec<AdvisoryLine>,
    advisories_count: u64,
    security_advisories: u64,
}

impl Draft {
    /// Adds a change; `suite` says whether it belongs to security updates.
    pub fn add(&mut self, suite: &[u8], mut line: ChangeLine) {
        *self.counts.entry(line.change.clone()).or_default() += 1;
        let is_security = suite.windows(8).any(|part| part == b"security");
        self.in_security_suites += u64::from(is_security);
        let kept = self.kept.entry(line.change.clone()).or_default();
        if kept.len() < CHANGES_MAX {
            line.place = short(&line.place);
            line.name = short(&line.name);
            line.old = line.old.as_deref().map(short);
            line.new = line.new.as_deref().map(short);
            kept.push(line);
        }
    }

    /// Adds an advisory.
    pub fn advise(&mut self, mut line: AdvisoryLine) {
        self.advisories_count += 1;
        self.security_advisories += u64::from(line.kind == "security");
        let more = line.cves.len().saturating_sub(CVES_MAX);
        line.more_cves += u64::try_from(more).unwrap_or(u64::MAX);
        line.cves.truncate(CVES_MAX);
        line.id = short(&line.id);
        line.kind = short(&line.kind);
        line.severity = short(&line.severity);
        self.advisories.push(line);
        // Twice as many at the most, so that sorting costs little.
        if self.advisories.len() >= 2 * CHANGES_MAX {
            self.sort_advisories();
        }
    }

    fn sort_advisories(&mut self) {
        let rank = |line: &AdvisoryLine| {
            let severity = line.severity.to_ascii_lowercase();
            SEVERITIES.iter().position(|known| *known == severity).unwrap_or(SEVERITIES.len())
        };
        self.advisories.sort_by_key(|line| (Reverse(line.kind == "security"), rank(line)));
        self.advisories.truncate(CHANGES_MAX);
    }

    /// Ends it: `what` is counted, of the states by their manifests.
    #[must_use]
    pub fn finish(
        mut self,
        pair: Pair,
        (old_manifest, new_manifest): (Digest, Digest),
        what: &str,
    ) -> Changes {
        self.sort_advisories();
        let mut list = Vec::new();
        for word in ORDER {
            list.extend(self.kept.remove(word).unwrap_or_default());
        }
        list.extend(self.kept.into_values().flatten());
        list.truncate(CHANGES_MAX);
        Changes {
            pair,
            old_manifest,
            new_manifest,
            what: what.to_owned(),
            counts: self.counts,
            in_security_suites: self.in_security_suites,
            list,
            advisories_count: self.advisories_count,
            security_advisories: self.security_advisories,
            advisories: self.advisories,
        }
    }
}

/// The words of counts in the order in which they are told.
pub(super) fn in_order(counts: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    let rank = |word: &str| ORDER.iter().position(|known| *known == word).unwrap_or(ORDER.len());
    let mut words: Vec<(&str, u64)> =
        counts.iter().map(|(word, count)| (word.as_str(), *count)).collect();
    words.sort_by_key(|(word, _)| rank(word));
    words
}

/// The beginning of a text that is too long.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
