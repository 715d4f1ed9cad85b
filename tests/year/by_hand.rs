//! The nightly work by the verbs that a person types, until one verb does it.

use super::play::{Play, date_name};
use super::upstreams::MIRRORS;

impl Play {
    pub(super) fn by_hand(&mut self) {
        for mirror in MIRRORS {
            self.ok(&["sync", mirror]);
        }
        self.book_syncs();
        self.book_moves();
        self.pinfold(&["promote", "--all", "--to", "staging"]);
        let named: Vec<String> = MIRRORS
            .iter()
            .filter_map(|mirror| {
                let date = date_name(self.books.shows("production", mirror)?);
                Some(format!("{mirror}@{date}"))
            })
            .collect();
        let mut args = vec!["promote", "--to", "production"];
        args.extend(named.iter().map(String::as_str));
        if args.len() > 3 {
            self.pinfold(&args);
        }
        self.compare_channels();
        let published = self.books.retain(self.now, super::play::keep);
        for mirror in MIRRORS {
            for date in self.site.published(mirror) {
                if !published[mirror].iter().any(|one| date_name(*one) == date) {
                    self.ok(&["retire", &format!("{mirror}@{date}")]);
                }
            }
            for date in self.site.dates(mirror) {
                if !self.books.kept[mirror].iter().any(|one| date_name(*one) == date) {
                    self.ok(&["prune", &format!("{mirror}@{date}")]);
                }
            }
        }
    }
}
